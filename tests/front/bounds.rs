//! What one request may take of the store, however large what it brings.

use crate::ask::ask;
use crate::content::{
    CONFIG, IMAGE, INDEX, LAYER, descriptor, get, index, list, push_blob, put, sha256,
};
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
