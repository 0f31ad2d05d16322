//! What one request may take of the store, however large what it brings.

use std::pin::Pin;
use std::task::{Context, Waker};

use pierhead::front::HostedOptions;

use crate::ask::{answer, ask, ask_by, registry_with, request};
use crate::body::MemoryBody;
use crate::content::{
    CONFIG, IMAGE, INDEX, LAYER, descriptor, get, index, list, push_blob, put, sha256,
};
use crate::schedule::run;
use crate::store::MemoryStore;

/// An image of so many layers that are to be had elsewhere.
fn layers_elsewhere(layers: usize) -> String {
    let layers: Vec<String> = (0..layers)
        .map(|number| {
            let layer = descriptor(LAYER, number.to_string().as_bytes());
            layer.replace('}', r#","urls":["https://layers.example/"]}"#)
        })
        .collect();
    of_layers(&layers)
}

fn of_layers(layers: &[String]) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{},"layers":[{}]}}"#,
        descriptor(CONFIG, b"{}"),
        layers.join(",")
    )
}

#[test]
fn a_manifest_names_a_thousand_digests_and_no_more() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"{}");
    store.operations();
    // The configuration is one of them. What is in no repository is looked for twice: as a blob and as a manifest.
    assert_eq!(put(&store, "a", "v1", &layers_elsewhere(999)).status, 201);
    assert!(store.operations().len() < 2 * 1000 + 10);
    let most = |number: usize| descriptor(IMAGE, number.to_string().as_bytes());
    let entries: Vec<String> = (0..15_000).map(most).collect();
    for manifest in [layers_elsewhere(1000), index(&entries, "")] {
        let answer = put(&store, "a", "v2", &manifest);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (413, "MANIFEST_INVALID")
        );
        assert!(answer.text().contains("1,000 digests"));
        assert!(store.operations().is_empty());
    }
    assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["v1"]);
}

#[test]
fn what_a_manifest_names_again_and_again_is_looked_for_once() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"{}");
    push_blob(&store, "a", b"layer");
    let layers = vec![descriptor(LAYER, b"layer"); 5000];
    store.operations();
    let answer = put(&store, "a", "v1", &of_layers(&layers));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(store.operations().len() < 12);
}

#[test]
fn an_index_of_manifests_that_are_not_there_is_refused_by_the_first_of_them() {
    let store = MemoryStore::new();
    let entries: Vec<String> = (0..1000)
        .map(|number| descriptor(IMAGE, format!("{number}").as_bytes()))
        .collect();
    let answer = put(&store, "a", "v1", &index(&entries, ""));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_BLOB_UNKNOWN")
    );
    assert!(store.operations().len() <= 16);
}

#[test]
fn a_manifest_is_put_whole() {
    let store = MemoryStore::new();
    let manifest = index(&[], "");
    let end = manifest.len() - 1;
    for range in [format!("0-{end}"), format!("bytes 0-{end}/{}", end + 1)] {
        let fields = [("content-type", INDEX), ("content-range", range.as_str())];
        let path = "/v2/a/manifests/v1";
        let answer = ask(&store, "PUT", path, &fields, Some(manifest.as_bytes()));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "MANIFEST_INVALID")
        );
    }
}

#[test]
fn a_deletion_of_other_content_than_it_is_meant_for_is_not_made() {
    let store = MemoryStore::new();
    let blob = push_blob(&store, "a", b"x");
    let manifest = index(&[], "");
    put(&store, "a", "v1", &manifest);
    let digest = sha256(manifest.as_bytes());
    for (path, own) in [
        (format!("/v2/a/blobs/{blob}"), blob),
        (format!("/v2/a/manifests/{digest}"), digest),
    ] {
        for (name, value) in [("if-match", "\"x\""), ("if-none-match", "*")] {
            let answer = ask(&store, "DELETE", &path, &[(name, value)], None);
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (412, "PRECONDITION_FAILED")
            );
        }
        assert_eq!(get(&store, &path).status, 200);
        let own = format!("\"{own}\"");
        let answer = ask(&store, "DELETE", &path, &[("if-match", &own)], None);
        assert_eq!(answer.status, 202, "{path}");
    }
}

#[test]
fn manifests_are_held_in_so_much_memory_at_a_time_and_small_ones_always_are() {
    const TYPE: (&str, &str) = ("content-type", INDEX);
    let store = MemoryStore::new();
    let mut options = HostedOptions::default();
    options.manifest_memory = 256 << 10;
    let front = registry_with(&store, options);
    let small = index(&[], "");
    let large = small.clone() + &" ".repeat(200 << 10);
    let put = |tag: &str, manifest: &str| {
        store.advance(5000);
        let path = format!("/v2/a/manifests/{tag}");
        let answer = ask_by(&front, "PUT", &path, &[TYPE], Some(manifest.as_bytes()));
        if answer.status == 429 {
            assert_eq!(answer.code(), "TOOMANYREQUESTS");
            assert_eq!(answer.header("retry-after"), "1");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
        answer.status
    };
    // Of one that has come but for its end, however long that takes, all others know.
    let mut pieces = vec![large.clone().into_bytes()];
    let slow = MemoryBody::new(Box::new(move || Ok(Some(pieces.pop().unwrap_or_default()))));
    let path = "/v2/a/manifests/slow";
    let mut coming = Box::pin(front.handle(request("PUT", path, &[TYPE], Some(slow))));
    for _ in 0..100 {
        let mut context = Context::from_waker(Waker::noop());
        assert!(coming.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(put("large", &large), 429);
    assert_eq!(put("small", &small), 201);
    // Whoever sent it has left.
    drop(coming);
    assert_eq!(put("large", &large), 201);
    // Two that come at the same time, piece by piece.
    let mut futures: Vec<Pin<Box<dyn Future<Output = u16> + '_>>> = Vec::new();
    for path in ["/v2/a/manifests/one", "/v2/a/manifests/two"] {
        let body = MemoryBody::of(large.as_bytes(), 8 << 10);
        let response = front.handle(request("PUT", path, &[TYPE], Some(body)));
        futures.push(Box::pin(async { answer(response.await).status }));
    }
    let mut turns = 0;
    let answers = run(futures, |left| {
        turns += 1;
        turns % left
    });
    assert!(
        answers.contains(&201) && answers.contains(&429),
        "{answers:?}"
    );
    assert_eq!(put("again", &large), 201);
}
