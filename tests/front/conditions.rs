//! Changes on conditions (RFC 9110, section 13.1): compare-and-swap for tags.

use crate::ask::ask;
use crate::content::{get, image, push, put_if, sha256, status};
use crate::store::MemoryStore;

#[test]
fn a_tag_is_moved_only_from_where_it_is_expected() {
    let store = MemoryStore::new();
    let one = image(&store, "a", b"one", "");
    let two = image(&store, "a", b"two", "");
    let etag = format!("\"{}\"", sha256(one.as_bytes()));
    let other = format!("\"{}\"", sha256(two.as_bytes()));
    let weak = format!("W/{etag}");
    let both = format!("{other}, {etag}");
    for (there, headers, expected) in [
        (false, ("if-match", "*"), 412),
        (false, ("if-match", etag.as_str()), 412),
        (false, ("if-none-match", "*"), 201),
        (false, ("if-none-match", &other), 201),
        (true, ("if-match", "*"), 201),
        (true, ("if-match", &etag), 201),
        (true, ("if-match", &both), 201),
        (true, ("if-match", &other), 412),
        // By strong comparison a weak tag matches nothing.
        (true, ("if-match", &weak), 412),
        (true, ("if-match", "nonsense"), 412),
        (true, ("if-none-match", "*"), 412),
        (true, ("if-none-match", &etag), 412),
        (true, ("if-none-match", &weak), 412),
        (true, ("if-none-match", &other), 201),
    ] {
        let store = store.copied();
        if there {
            push(&store, "a", "v1", &one);
        }
        store.advance(5000);
        let before = store.keys("");
        let answer = put_if(&store, "a", "v1", &two, &[headers]);
        assert_eq!(
            answer.status,
            expected,
            "{there} {headers:?}: {}",
            answer.text()
        );
        let now = get(&store, "/v2/a/manifests/v1");
        match (expected, there) {
            (412, false) => assert_eq!(now.status, 404),
            (412, true) => assert_eq!(now.text(), one),
            _ => assert_eq!(now.text(), two),
        }
        if expected == 412 {
            assert_eq!(answer.code(), "PRECONDITION_FAILED");
            assert_eq!(store.keys(""), before);
        }
    }
}

#[test]
fn a_tag_is_deleted_only_where_it_is_expected() {
    let store = MemoryStore::new();
    let digest = push(&store, "a", "v1", &image(&store, "a", b"layer", ""));
    let delete = |etag: &str| {
        ask(
            &store,
            "DELETE",
            "/v2/a/manifests/v1",
            &[("if-match", etag)],
            None,
        )
        .status
    };
    assert_eq!(delete("\"x\""), 412);
    assert_eq!(status(&store, "/v2/a/manifests/v1"), 200);
    assert_eq!(delete(&format!("\"{digest}\"")), 202);
    assert_eq!(status(&store, "/v2/a/manifests/v1"), 404);
    assert_eq!(delete(&format!("\"{digest}\"")), 412);
}

#[test]
fn a_manifest_is_put_by_its_digest_on_condition_that_it_is_not_there() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = sha256(manifest.as_bytes());
    let put = |headers| put_if(&store, "a", &digest, &manifest, &[headers]).status;
    assert_eq!(put(("if-match", "*")), 412);
    assert_eq!(put(("if-none-match", "*")), 201);
    assert_eq!(put(("if-none-match", "*")), 412);
    assert_eq!(put(("if-match", "*")), 201);
}
