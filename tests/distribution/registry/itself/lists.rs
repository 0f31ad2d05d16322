//! What it lists, page by page.

use super::*;

/// The entries of all pages, by the links.
fn walk(world: &World, first: &str, entries: &str) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut next) = (Vec::new(), 0, Some(first.to_owned()));
    while let Some(target) = next {
        let page = get(world, &target);
        assert_eq!(page.status, 200, "{target}");
        all.extend(page.value()[entries].as_array().unwrap().clone());
        pages += 1;
        next = page.header("link").map(|link| {
            let (target, rest) = link.strip_prefix('<').unwrap().split_once('>').unwrap();
            assert_eq!(rest, "; rel=\"next\"");
            target.to_owned()
        });
    }
    (all, pages)
}

#[test]
fn lists_come_in_pages_whose_links_lead_on() {
    for link in [
        Link::Relative,
        Link::AbsoluteCursor,
        Link::NextPage,
        Link::WithEmptyParameter,
    ] {
        let mut settings = Settings::default();
        settings.pages.link = link;
        settings.pages.max = 3;
        let world = World::of(settings);
        world.registry(|registry| {
            for number in 0..8 {
                let tag = format!("v{number}");
                registry
                    .store
                    .of("a/b")
                    .put_manifest(MANIFEST, b"{}", Some(&tag));
                registry.store.of(&format!("r{number}"));
            }
        });
        let (tags, pages) = walk(&world, "/v2/a/b/tags/list?n=100", "tags");
        assert_eq!((tags.len(), pages), (8, 3), "{link:?}");
        let (names, _) = walk(&world, "/v2/_catalog", "repositories");
        assert_eq!(names.len(), 9);
        assert_eq!(walk(&world, "/v2/a/b/tags/list?n=0", "tags"), (vec![], 1));
    }
}

#[test]
fn tags_go_on_after_the_last_that_is_named() {
    let world = world();
    world.registry(|registry| {
        for tag in ["a", "b", "d"] {
            registry
                .store
                .of("a/b")
                .put_manifest(MANIFEST, b"{}", Some(tag));
        }
    });
    let tags = get(&world, "/v2/a/b/tags/list?last=b").value();
    assert_eq!(tags, json!({ "name": "a/b", "tags": ["d"] }));
    assert_eq!(
        get(&world, "/v2/a/b/tags/list?last=z").value()["tags"],
        json!([])
    );
}

#[test]
fn links_that_lead_nowhere_do() {
    let mut settings = Settings::default();
    settings.pages.max = 1;
    settings.pages.link = Link::Misled;
    let world = World::of(settings);
    world.registry(|registry| {
        for tag in ["a", "b"] {
            registry
                .store
                .of("key/b")
                .put_manifest(MANIFEST, b"{}", Some(tag));
        }
    });
    let link = get(&world, "/v2/key/b/tags/list")
        .header("link")
        .unwrap()
        .to_owned();
    assert_eq!(link, "</v2/b/tags/list?last=1&n=1>; rel=\"next\"");
    assert_eq!(get(&world, "/v2/b/tags/list?last=1&n=1").status, 404);
    assert_eq!(
        get(&world, "/v2/key/b/tags/list?last=1&n=1").value()["tags"],
        json!(["b"])
    );
    world.registry(|registry| registry.settings.pages.link = Link::Bare);
    let page = get(&world, "/v2/key/b/tags/list");
    assert!(!page.header("link").unwrap().contains('<'));
    world.registry(|registry| registry.settings.pages.n_max = 1_000);
    assert_eq!(get(&world, "/v2/key/b/tags/list?n=1001").status, 405);
}

#[test]
fn referrers_are_listed_filtered_and_in_pages() {
    let world = seeded(Settings::default());
    let subject = sha256(b"not here yet");
    for kind in ["x/a", "x/b", "x/a"] {
        let mut manifest = artifact(kind, Some(&subject));
        manifest["annotations"] = json!({ "kind": kind, "time": world.lines().len().to_string() });
        let done = put(&world, &sha256(manifest.to_string().as_bytes()), &manifest);
        assert_eq!(
            (done.status, done.header("oci-subject")),
            (201, Some(subject.as_str()))
        );
    }
    let target = format!("/v2/a/b/referrers/{subject}");
    let all = get(&world, &target);
    assert_eq!(all.header("content-type"), Some(OCI_INDEX));
    assert_eq!(all.value()["manifests"].as_array().unwrap().len(), 3);
    let some = get(&world, &format!("{target}?artifactType=x/a"));
    assert_eq!(some.header("oci-filters-applied"), Some("artifactType"));
    assert_eq!(some.value()["manifests"].as_array().unwrap().len(), 2);
    assert_eq!(some.value()["manifests"][0]["annotations"]["kind"], "x/a");
    world.registry(|registry| registry.settings.pages.max = 1);
    assert_eq!(walk(&world, &target, "manifests").1, 3);
    let filtered = walk(&world, &format!("{target}?artifactType=x/a"), "manifests");
    assert_eq!((filtered.0.len(), filtered.1), (2, 2));
    let nothing = get(&world, &format!("/v2/a/b/referrers/{}", sha256(b"?"))).value();
    assert_eq!(nothing["manifests"], json!([]));
    assert_eq!(get(&world, "/v2/a/b/referrers/latest").status, 400);
}

#[test]
fn referrers_are_what_registries_make_of_them() {
    let world = seeded(Settings::default());
    let subject = sha256(b"subject");
    let manifest = artifact("x/a", Some(&subject));
    put(&world, "tag", &manifest);
    let target = format!("/v2/a/b/referrers/{subject}?artifactType=x/b");
    let with = |change: &dyn Fn(&mut Referrers)| {
        world.registry(|registry| {
            registry.settings.referrers = Referrers::default();
            change(&mut registry.settings.referrers);
        });
        get(&world, &target)
    };
    let ignored = with(&|referrers| referrers.filter = Filter::Ignored);
    assert_eq!(ignored.header("oci-filters-applied"), None);
    assert_eq!(ignored.value()["manifests"].as_array().unwrap().len(), 1);
    let by_value = with(&|referrers| referrers.filter = Filter::AppliedByValue);
    assert_eq!(by_value.header("oci-filters-applied"), Some("x/b"));
    let summed = with(&|referrers| {
        referrers.exact = false;
        referrers.filter = Filter::Ignored;
    });
    let size = manifest.to_string().len() as u64;
    assert_eq!(summed.value()["manifests"][0]["size"], size + 2);
    let empty = "application/vnd.oci.empty.v1+json";
    assert_eq!(summed.value()["manifests"][0]["artifactType"], empty);
    let other = format!("/v2/a/b/referrers/{}", sha256(b"unknown"));
    with(&|referrers| referrers.unknown = Unknown::EmptyObject);
    assert_eq!(get(&world, &other).value(), json!({}));
    with(&|referrers| referrers.unknown = Unknown::BadRequest);
    assert_eq!(get(&world, &other).status, 400);
    assert_eq!(with(&|referrers| referrers.api = false).status, 404);
    with(&|referrers| referrers.subject = false);
    assert_eq!(put(&world, "tag", &manifest).header("oci-subject"), None);
    with(&|referrers| referrers.refuses = Some(405));
    assert_eq!(put(&world, "tag", &manifest).status, 405);
}
