//! Lists in pages, and how they end: tags, repositories, and what a hostile registry makes of them.

use pierhead::client::{Client, ListOptions};
use pierhead::{Kind, Result};

use crate::memory::block_on;
use crate::registry::{Answer, Fault, Link, Settings, What, World};

const BASE: &str = "https://registry.example";

pub fn client(world: &World) -> Client<World> {
    Client::new(world.clone(), BASE.parse().unwrap()).unwrap()
}

/// A world whose registry has so many tags in `a/b`, in pages of `max`.
fn tagged(count: usize, max: usize, link: Link) -> World {
    let mut settings = Settings::default();
    (settings.pages.max, settings.pages.link) = (max, link);
    let world = World::of(settings);
    world.registry(|registry| {
        let repository = registry.store.of("a/b");
        for number in 0..count {
            repository.put_manifest("x/y", b"{}", Some(&format!("v{number:05}")));
        }
    });
    world
}

/// All pages of the tags of `a/b`.
fn tags(world: &World, options: &ListOptions) -> Result<Vec<Vec<String>>> {
    let client = client(world);
    let mut pages = client.tags(&"a/b".parse().unwrap(), options)?;
    block_on(async {
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            all.push(page);
        }
        Ok(all)
    })
}

/// The tags that came before the error, and the error.
fn failing(world: &World) -> (usize, Kind) {
    let client = client(world);
    let mut pages = client
        .tags(&"a/b".parse().unwrap(), &ListOptions::default())
        .unwrap();
    let mut count = 0;
    block_on(async {
        loop {
            match pages.next().await {
                Ok(Some(page)) => count += page.len(),
                Ok(None) => panic!("it ended well"),
                Err(error) => return (count, error.kind()),
            }
        }
    })
}

/// A registry that answers every page of tags with what the function makes of the number of the request.
fn answering(answer: impl Fn(u64) -> Answer + Send + Sync + 'static) -> World {
    let world = tagged(1, 100, Link::Relative);
    world.fail(Fault::new(
        "GET",
        "/tags/list",
        What::Change(std::sync::Arc::new(move |_, _, time| answer(time))),
    ));
    world
}

fn page(tags: &str, link: &str) -> Answer {
    let body = format!(r#"{{"name":"a/b","tags":{tags}}}"#);
    let answer = Answer::new(200).with_body("application/json", body.as_bytes());
    if link.is_empty() {
        answer
    } else {
        answer.with("Link", format!("<{link}>; rel=\"next\""))
    }
}

#[test]
fn pages_follow_one_another_by_whatever_link_a_registry_gives() {
    for link in [
        Link::Relative,
        Link::AbsoluteCursor,
        Link::NextPage,
        Link::WithEmptyParameter,
        Link::Bare,
    ] {
        let world = tagged(8, 3, link);
        let all = tags(&world, &ListOptions::default()).unwrap();
        let sizes: Vec<usize> = all.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 2], "{link:?}");
        let names: Vec<String> = (0..8).map(|number| format!("v{number:05}")).collect();
        assert_eq!(all.concat(), names, "{link:?}");
        assert_eq!(world.log().len(), 3, "{link:?}");
    }
}

#[test]
fn a_part_of_a_list_is_asked_for_by_n_and_last() {
    let world = tagged(8, 1000, Link::Relative);
    let mut options = ListOptions::default();
    (options.n, options.last) = (Some(5), Some("v00001".into()));
    let all = tags(&world, &options).unwrap();
    assert_eq!(all.concat().len(), 6);
    assert_eq!(
        world.lines(),
        [
            "GET /v2/a/b/tags/list?n=5&last=v00001",
            "GET /v2/a/b/tags/list?last=v00006&n=5"
        ]
    );
    options.n = Some(0);
    assert!(tags(&world, &options).unwrap().is_empty());
}

#[test]
fn without_a_link_a_list_ends_however_many_entries_it_has() {
    for count in [0, 1, 2, 3] {
        let list: Vec<String> = (0..count).map(|number| format!("\"t{number}\"")).collect();
        let world = answering(move |_| page(&format!("[{}]", list.join(",")), ""));
        let mut options = ListOptions::default();
        options.n = Some(2);
        assert_eq!(tags(&world, &options).unwrap().concat().len(), count);
        assert_eq!(world.log().len(), 1);
    }
}

#[test]
fn each_name_comes_once() {
    let world = answering(|time| match time {
        1 => page(r#"["a","b","b"]"#, "?last=b"),
        2 => page(r#"["b","c"]"#, "?last=c"),
        _ => page("null", ""),
    });
    assert_eq!(
        tags(&world, &ListOptions::default()).unwrap(),
        [vec!["a", "b"], vec!["c"]]
    );
}

#[test]
fn a_name_that_breaks_the_grammar_is_listed_and_what_is_none_is_refused() {
    let world = answering(|_| page(r#"["-x","ok","A B"]"#, ""));
    assert_eq!(
        tags(&world, &ListOptions::default()).unwrap().concat(),
        ["-x", "ok", "A B"]
    );
    let long = format!("[\"{}\"]", "x".repeat(513));
    for list in [
        r#"[1]"#,
        r#"[""]"#,
        r#"["a\u001b[2J"]"#,
        r#"["a\u009b2J"]"#,
        r#"[null]"#,
        &long,
    ] {
        let list = list.to_owned();
        let world = answering(move |_| page(&list, ""));
        assert_eq!(failing(&world), (0, Kind::UnexpectedResponse));
    }
}

#[test]
fn what_is_no_list_is_a_typed_error() {
    for (body, kind) in [
        ("{}", Kind::UnexpectedResponse),
        (r#"{"tags":{}}"#, Kind::UnexpectedResponse),
        (r#"{"errors":[]}"#, Kind::UnexpectedResponse),
        ("[]", Kind::UnexpectedResponse),
        ("<!doctype html>", Kind::InvalidJson),
        (r#"{"tags":["a"],"tags":[]}"#, Kind::InvalidJson),
        ("", Kind::InvalidJson),
    ] {
        let world = answering(move |_| Answer::new(200).with_body("text/html", body.as_bytes()));
        assert_eq!(failing(&world), (0, kind), "{body}");
    }
    let world = tagged(1, 1, Link::Relative);
    world.fail(Fault::new("GET", "/tags/list", What::status(204)));
    assert_eq!(failing(&world), (0, Kind::UnexpectedResponse));
    let world = answering(|_| Answer::new(404));
    assert_eq!(failing(&world), (0, Kind::Registry));
}

#[test]
fn a_link_to_anywhere_else_is_refused_and_takes_no_credential_there() {
    for link in [
        "https://elsewhere.example/v2/a/b/tags/list?last=a",
        "http://registry.example/v2/a/b/tags/list?last=a",
        "https://registry.example:444/v2/a/b/tags/list",
        "//elsewhere.example/v2/",
        "https://127.0.0.1/v2/a/b/tags/list",
    ] {
        let world = answering(move |_| page(r#"["a"]"#, link));
        assert_eq!(failing(&world), (0, Kind::UnexpectedResponse), "{link}");
        assert_eq!(world.log().len(), 1);
        world.assert_no_stray();
    }
    for link in [
        "file:///etc/passwd",
        "ftp://registry.example/",
        "../x",
        "https://u:p@registry.example/",
    ] {
        let world = answering(move |_| page(r#"["a"]"#, link));
        assert_eq!(failing(&world), (0, Kind::InvalidUrl), "{link}");
    }
}

#[test]
fn a_page_that_leads_to_one_that_was_read_is_an_error() {
    let world = answering(|_| page(r#"["a"]"#, "/v2/a/b/tags/list"));
    assert_eq!(failing(&world), (1, Kind::UnexpectedResponse));
    assert_eq!(world.log().len(), 1);
    let world = answering(|time| {
        let list = format!("[\"v{time}\"]");
        page(&list, &format!("?last={}", time % 3))
    });
    assert_eq!(failing(&world), (4, Kind::UnexpectedResponse));
    assert_eq!(world.log().len(), 4);
}

#[test]
fn a_list_that_goes_on_without_anything_new_ends_with_an_error() {
    let world = answering(|time| page(r#"["a","b"]"#, &format!("?last={time}")));
    assert_eq!(failing(&world), (2, Kind::UnexpectedResponse));
    assert_eq!(world.log().len(), 3);
    // Of empty pages there may be a few.
    let world = answering(|time| page("[]", &format!("?last={time}")));
    assert_eq!(failing(&world), (0, Kind::UnexpectedResponse));
    assert!((100..110).contains(&world.log().len()));
    let world = answering(|time| match time {
        50 => page(r#"["a"]"#, ""),
        _ => page("[]", &format!("?last={time}")),
    });
    assert_eq!(
        tags(&world, &ListOptions::default()).unwrap().concat(),
        ["a"]
    );
}

#[test]
fn an_endless_list_ends_with_the_pages_that_are_read_at_most() {
    let world = answering(|time| page(&format!("[\"v{time}\"]"), &format!("?last={time}")));
    let mut options = ListOptions::default();
    options.max_pages = Some(20);
    assert_eq!(tags(&world, &options).unwrap_err().kind(), Kind::TooLarge);
    assert_eq!(world.log().len(), 20);
    assert_eq!(failing(&world), (10_000, Kind::TooLarge));
}

#[test]
fn a_page_without_an_end_is_given_up() {
    let world = tagged(1, 1, Link::Relative);
    world.fail(Fault::new("GET", "/tags/list", What::endless()));
    assert_eq!(failing(&world), (0, Kind::TooLarge));
    assert_eq!(world.given_up(), 1);
}

#[test]
fn who_stops_asking_is_not_given_more_pages() {
    let world = tagged(8, 3, Link::Relative);
    let client = client(&world);
    let mut pages = client
        .tags(&"a/b".parse().unwrap(), &ListOptions::default())
        .unwrap();
    assert_eq!(block_on(pages.next()).unwrap().unwrap().len(), 3);
    assert_eq!(world.log().len(), 1);
}

#[test]
fn repositories_are_listed_where_a_registry_lets_them_be() {
    let world = tagged(1, 2, Link::Relative);
    world.registry(|registry| {
        for name in ["b", "c/d", "e"] {
            registry.store.of(name);
        }
    });
    let listed = |world: &World| {
        let client = client(world);
        let mut pages = client.repositories(&ListOptions::default()).unwrap();
        block_on(async {
            let mut all = Vec::new();
            while let Some(page) = pages.next().await? {
                all.extend(page);
            }
            Ok::<_, pierhead::Error>(all)
        })
    };
    assert_eq!(listed(&world).unwrap(), ["a/b", "b", "c/d", "e"]);
    world.fail(Fault::new("GET", "_catalog", What::status(401)));
    assert_eq!(listed(&world).unwrap_err().kind(), Kind::Auth);
}

#[test]
fn ten_thousand_tags_take_as_many_requests_as_pages() {
    let world = tagged(10_000, 100, Link::Relative);
    let all = tags(&world, &ListOptions::default()).unwrap();
    assert_eq!((all.concat().len(), world.log().len()), (10_000, 100));
}

#[test]
fn extensions_are_discovered_where_there_are_any() {
    let found = |extensions: Option<serde_json::Value>, name: Option<&str>| {
        let settings = Settings {
            extensions,
            ..Settings::default()
        };
        let world = World::of(settings);
        world.registry(|registry| {
            registry.store.of("a/b");
        });
        let name = name.map(|name| name.parse().unwrap());
        block_on(client(&world).extensions(name.as_ref())).unwrap()
    };
    assert!(found(None, None).is_empty());
    assert!(found(None, Some("a/b")).is_empty());
    let list = serde_json::json!([
        { "name": "_oci", "description": "d", "url": "u", "endpoints": ["_oci/ext/discover", 1] },
        { "name": "_x", "description": null },
        { "description": "nobody" },
        7,
    ]);
    for name in [None, Some("a/b")] {
        let found = found(Some(list.clone()), name);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].endpoints, ["_oci/ext/discover"]);
        assert_eq!(found[0].description.as_deref(), Some("d"));
        assert_eq!(
            (found[1].name.as_str(), found[1].endpoints.len()),
            ("_x", 0)
        );
    }
    let world = World::of(Settings::default());
    world.fail(Fault::new("GET", "/discover", What::html(200)));
    assert!(
        block_on(client(&world).extensions(None))
            .unwrap()
            .is_empty()
    );
    world.heal();
    world.fail(Fault::new("GET", "/discover", What::status(500)));
    assert_eq!(
        block_on(client(&world).extensions(None))
            .unwrap_err()
            .kind(),
        Kind::Registry
    );
}
