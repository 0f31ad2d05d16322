//! Manifests: put, read and deleted (end-3, end-7, end-9).

use pierhead::digest::{Algorithm, Digest};

use crate::ask::ask;
use crate::content::{
    IMAGE, delete, descriptor, get, image, index, list, push, push_blob, put, sha256, status,
};
use crate::store::MemoryStore;

#[test]
fn a_manifest_is_read_as_it_was_put_by_tag_and_by_digest() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a/b", b"layer", " ");
    let answer = put(&store, "a/b", "v1", &manifest);
    let digest = sha256(manifest.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("docker-content-digest"), digest);
    assert_eq!(
        answer.header("location"),
        format!("/v2/a/b/manifests/{digest}")
    );
    assert_eq!(answer.headers.get("oci-subject"), None);
    for (reference, cached) in [("v1", false), (digest.as_str(), true)] {
        let path = format!("/v2/a/b/manifests/{reference}");
        let read = get(&store, &path);
        assert_eq!((read.status, read.text()), (200, manifest.clone()));
        let head = ask(&store, "HEAD", &path, &[], None);
        assert_eq!((head.status, head.bytes.len()), (200, 0));
        for answer in [read, head] {
            assert_eq!(answer.header("content-type"), IMAGE);
            assert_eq!(answer.header("content-length"), manifest.len().to_string());
            assert_eq!(answer.header("docker-content-digest"), digest);
            assert_eq!(answer.header("etag"), format!("\"{digest}\""));
            assert_eq!(answer.header("cache-control").contains("immutable"), cached);
        }
        // Whatever else is asked for: there is but one form of it.
        let accept = [("accept", "text/html")];
        assert_eq!(ask(&store, "GET", &path, &accept, None).text(), manifest);
        let etag = format!("\"{digest}\"");
        for method in ["GET", "HEAD"] {
            let answer = ask(&store, method, &path, &[("if-none-match", &etag)], None);
            assert_eq!((answer.status, answer.bytes.len()), (304, 0));
        }
    }
}

#[test]
fn a_manifest_is_known_by_the_algorithm_it_was_put_by() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = Digest::of(Algorithm::Sha512, manifest.as_bytes()).to_string();
    let answer = put(
        &store,
        "a",
        &format!("{digest}?tag=one&tag=two&tag=one"),
        &manifest,
    );
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("docker-content-digest"), digest);
    assert_eq!(
        answer.headers.all("oci-tag").collect::<Vec<_>>(),
        ["one", "two"]
    );
    assert_eq!(status(&store, answer.header("location")), 200);
    for reference in ["one", "two", &digest] {
        let answer = get(&store, &format!("/v2/a/manifests/{reference}"));
        assert_eq!((answer.status, answer.text()), (200, manifest.clone()));
        assert_eq!(answer.header("docker-content-digest"), digest);
    }
    assert_eq!(
        status(
            &store,
            &format!("/v2/a/manifests/{}", sha256(manifest.as_bytes()))
        ),
        404
    );
    // By its SHA-256 digest it is another, to be put and deleted on its own.
    push(&store, "a", "three", &manifest);
    assert_eq!(delete(&store, &format!("/v2/a/manifests/{digest}")), 202);
    assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["three"]);
    assert_eq!(status(&store, "/v2/a/manifests/three"), 200);
}

#[test]
fn a_manifest_of_one_repository_is_none_of_another() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "v1", &manifest);
    for path in ["b", "a/b"] {
        assert_eq!(status(&store, &format!("/v2/{path}/manifests/v1")), 404);
        let answer = get(&store, &format!("/v2/{path}/manifests/{digest}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "MANIFEST_UNKNOWN")
        );
        let answer = put(&store, path, "v1", &manifest);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "MANIFEST_BLOB_UNKNOWN")
        );
    }
}

#[test]
fn a_tag_moves_and_what_it_named_stays() {
    let store = MemoryStore::new();
    let first = image(&store, "a", b"one", "");
    let second = image(&store, "a", b"two", "");
    let old = push(&store, "a", "latest", &first);
    store.advance(2000);
    push(&store, "a", "latest", &second);
    assert_eq!(get(&store, "/v2/a/manifests/latest").text(), second);
    assert_eq!(get(&store, &format!("/v2/a/manifests/{old}")).text(), first);
    // Within the same second: the store is busy, and is asked again.
    push(&store, "a", "latest", &first);
    assert_eq!(get(&store, "/v2/a/manifests/latest").text(), first);
}

#[test]
fn a_deleted_tag_is_gone_at_once_and_its_manifest_stays() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "v1", &manifest);
    assert_eq!(delete(&store, "/v2/a/manifests/v1"), 202);
    let answer = get(&store, "/v2/a/manifests/v1");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_UNKNOWN")
    );
    assert_eq!(delete(&store, "/v2/a/manifests/v1"), 404);
    assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, [""; 0]);
    assert_eq!(status(&store, &format!("/v2/a/manifests/{digest}")), 200);
    push(&store, "a", "v1", &manifest);
    assert_eq!(status(&store, "/v2/a/manifests/v1"), 200);
}

#[test]
fn a_deleted_manifest_is_gone_at_once_with_the_tags_that_name_it() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let other = image(&store, "a", b"other", "");
    let digest = push(&store, "a", "v1", &manifest);
    push(&store, "a", "v2", &manifest);
    push(&store, "a", "moved", &manifest);
    store.advance(2000);
    push(&store, "a", "moved", &other);
    let path = format!("/v2/a/manifests/{digest}");
    assert_eq!(delete(&store, &path), 202);
    for reference in ["v1", "v2", &digest] {
        assert_eq!(status(&store, &format!("/v2/a/manifests/{reference}")), 404);
    }
    assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["moved"]);
    assert_eq!(get(&store, "/v2/a/manifests/moved").text(), other);
    assert_eq!(delete(&store, &path), 404);
    assert_eq!(
        store.keys(&format!(
            "repositories/a:tagged/{}",
            digest.replace(':', "/")
        )),
        [""; 0]
    );
    // What is put again is another record: no tag of the old one comes back.
    push(&store, "a", &digest, &manifest);
    assert_eq!(status(&store, &path), 200);
    assert_eq!(status(&store, "/v2/a/manifests/v1"), 404);
}

#[test]
fn an_index_needs_its_manifests() {
    let store = MemoryStore::new();
    let child = image(&store, "a", b"layer", "");
    let parent = index(&[descriptor(IMAGE, child.as_bytes())], "");
    let answer = put(&store, "a", "v1", &parent);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_BLOB_UNKNOWN")
    );
    assert!(answer.text().contains(&sha256(child.as_bytes())));
    let digest = push(&store, "a", &sha256(child.as_bytes()), &child);
    push(&store, "a", "v1", &parent);
    // Indexes of indexes, and of blobs, as build caches are.
    push(
        &store,
        "a",
        "v2",
        &index(&[descriptor(crate::content::INDEX, parent.as_bytes())], ""),
    );
    push_blob(&store, "a", b"cache");
    push(
        &store,
        "a",
        "v3",
        &index(&[descriptor("application/vnd.example.cache", b"cache")], ""),
    );
    // Whatever they are said to be.
    push(
        &store,
        "a",
        "v6",
        &index(&[descriptor(IMAGE, b"cache")], ""),
    );
    let odd = descriptor("application/vnd.example.cache", child.as_bytes());
    push(&store, "a", "v7", &index(&[odd], ""));
    push(&store, "a", "v4", &index(&[], ""));
    assert_eq!(delete(&store, &format!("/v2/a/manifests/{digest}")), 202);
    let answer = put(&store, "a", "v5", &parent);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_BLOB_UNKNOWN")
    );
}
