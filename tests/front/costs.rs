//! What is asked of the store for each thing that is asked of the registry, which is what an operator pays for.

use crate::ask::ask;
use crate::content::{
    CONFIG, IMAGE, INDEX, LAYER, descriptor, image, index, push, push_blob, sha256, subject,
};
use crate::store::MemoryStore;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// How often each operation was asked for, of those that were.
pub fn counted(store: &MemoryStore) -> String {
    let operations = store.operations();
    let mut counts = Vec::new();
    for name in ["head", "get", "put", "delete", "list"] {
        let count = operations.iter().filter(|one| one.name == name).count();
        if count > 0 {
            counts.push(format!("{count} {name}"));
        }
    }
    counts.join(", ")
}

#[test]
fn each_request_takes_so_many_operations_of_the_store() {
    let store = MemoryStore::new();
    let layers: Vec<String> = (0..5_u8)
        .map(|layer| {
            push_blob(&store, "a", &[layer]);
            descriptor(LAYER, &[layer])
        })
        .collect();
    push_blob(&store, "a", b"{}");
    let five = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{},"layers":[{},{}]}}"#,
        descriptor(CONFIG, b"{}"),
        layers.join(","),
        layers[0]
    );
    let other = image(&store, "a", b"other", "");
    let signature = image(&store, "a", b"signature", &subject(&five));
    let of_two = index(
        &[&five, &other].map(|it| descriptor(IMAGE, it.as_bytes())),
        "",
    );
    let digest = sha256(five.as_bytes());
    let by_digest = format!("manifests/{digest}");
    let signed = format!("manifests/{}", sha256(signature.as_bytes()));
    let referrers = format!("referrers/{digest}");
    let tags = format!("{by_digest}?tag=x&tag=y");
    let mut table = Vec::new();
    let mut cost = |name: &str, method: &str, path: &str, body: Option<&String>, expected: &str| {
        store.advance(5000);
        store.operations();
        let media_type = if body == Some(&of_two) { INDEX } else { IMAGE };
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/v2/a/{path}")
        };
        let fields = [("content-type", media_type)];
        let body = body.map(|body| body.as_bytes());
        let answer = ask(&store, method, &path, &fields, body);
        assert!(
            answer.status < 300,
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        let actual = counted(&store);
        if actual != expected {
            table.push(format!("{name}: {actual}, not {expected}"));
        }
    };
    // A link for each blob, whether the manifest is there, the tag, and whether the manifest still is.
    cost(
        "first manifest of a repository, of six blobs, by tag",
        "PUT",
        "manifests/v1",
        Some(&five),
        "1 head, 9 get, 4 put",
    );
    cost(
        "manifest of two blobs, by tag",
        "PUT",
        "manifests/v0",
        Some(&other),
        "1 head, 5 get, 3 put",
    );
    cost(
        "the same again",
        "PUT",
        "manifests/v1",
        Some(&five),
        "9 get",
    );
    cost(
        "another tag",
        "PUT",
        "manifests/v2",
        Some(&five),
        "9 get, 2 put",
    );
    cost(
        "moved tag",
        "PUT",
        "manifests/v2",
        Some(&other),
        "5 get, 2 put",
    );
    cost(
        "two tags at once",
        "PUT",
        &tags,
        Some(&five),
        "11 get, 4 put",
    );
    cost("by digest", "PUT", &by_digest, Some(&five), "7 get");
    cost(
        "index of two",
        "PUT",
        "manifests/index",
        Some(&of_two),
        "1 head, 5 get, 3 put",
    );
    cost(
        "referrer",
        "PUT",
        &signed,
        Some(&signature),
        "1 head, 3 get, 2 put",
    );
    cost("pull by tag", "GET", "manifests/v1", None, "2 get");
    cost("pull by digest", "GET", &by_digest, None, "1 get");
    cost("head by tag", "HEAD", "manifests/v1", None, "2 get");
    cost("head by digest", "HEAD", &by_digest, None, "1 get");
    cost("tags", "GET", "tags/list?n=2", None, "1 list");
    cost("catalog", "GET", "/v2/_catalog", None, "1 list");
    cost(
        "referrers, of which there is one",
        "GET",
        &referrers,
        None,
        "1 get, 1 list",
    );
    cost("deleted tag", "DELETE", "manifests/x", None, "2 get, 1 put");
    cost(
        "deleted referrer",
        "DELETE",
        &signed,
        None,
        "1 get, 1 put, 1 delete, 1 list",
    );
    // It was given four tags within the hour, of which two name it.
    cost(
        "deleted manifest of two tags and two others of late",
        "DELETE",
        &by_digest,
        None,
        "5 get, 5 put, 1 delete, 1 list",
    );
    // Of the tags that others have had meanwhile only those of late are looked at twice.
    cost(
        "moved tag",
        "PUT",
        "manifests/index",
        Some(&other),
        "5 get, 2 put",
    );
    store.advance(60 * 60 * 1000);
    let indexed = format!("manifests/{}", sha256(of_two.as_bytes()));
    cost(
        "deleted manifest of a tag that is another's for long",
        "DELETE",
        &indexed,
        None,
        "2 get, 1 put, 1 delete, 1 list",
    );
    assert!(table.is_empty(), "\n{}", table.join("\n"));
}

#[test]
fn leases_are_renewed_once_they_are_old() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "v1", &manifest);
    let path = format!("/v2/a/manifests/{digest}");
    let parent = index(&[descriptor(IMAGE, manifest.as_bytes())], "");
    let leased = || {
        let key = format!("repositories/a:manifests/{}", digest.replace(':', "/"));
        let record = String::from_utf8(store.bytes(&key).unwrap()).unwrap();
        let (line, bytes) = record.split_once('\n').unwrap();
        assert_eq!(bytes, manifest);
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["leased"].as_u64().unwrap(), line["instance"].clone())
    };
    let (mut last, instance) = leased();
    // Half of the grace period after that, whoever relies on it: by a tag alone nobody does.
    for (method, path, body, renews) in [
        ("HEAD", path.as_str(), None, true),
        ("GET", path.as_str(), None, false),
        ("HEAD", "/v2/a/manifests/v1", None, false),
        ("PUT", "/v2/a/manifests/v1", Some(&manifest), true),
        ("PUT", "/v2/a/manifests/index", Some(&parent), true),
        ("PUT", path.as_str(), Some(&manifest), true),
    ] {
        let media_type = if body == Some(&parent) { INDEX } else { IMAGE };
        let ask = || {
            let body = body.map(|body| body.as_bytes());
            ask(&store, method, path, &[("content-type", media_type)], body).status
        };
        store.advance(DAY / 4);
        assert!(ask() < 300);
        assert_eq!(leased().0, last, "{method} {path}: too early");
        store.advance(DAY / 4 + 1000);
        assert!(ask() < 300);
        assert_eq!(leased().0 > last, renews, "{method} {path}");
        assert_eq!(leased().1, instance);
        if !renews {
            push(&store, "a", "v1", &manifest);
        }
        last = leased().0;
    }
}
