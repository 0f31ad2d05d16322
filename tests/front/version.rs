//! `/v2/` (end-1), and what is no endpoint.

use crate::ask::ask;
use crate::store::MemoryStore;

#[test]
fn the_registry_says_that_it_is_one() {
    let store = MemoryStore::new();
    for path in ["/v2/", "/v2"] {
        let answer = ask(&store, "GET", path, &[], None);
        assert_eq!((answer.status, answer.bytes.as_slice()), (200, &b"{}"[..]));
    }
    assert_eq!(ask(&store, "HEAD", "/v2/", &[], None).status, 200);
    assert!(store.operations().is_empty());
}

#[test]
fn what_is_no_endpoint_is_404_and_a_method_that_it_does_not_have_is_405() {
    let store = MemoryStore::new();
    let answer = ask(&store, "GET", "/v1/", &[], None);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "UNSUPPORTED")
    );
    let answer = ask(&store, "DELETE", "/v2/", &[], None);
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
}
