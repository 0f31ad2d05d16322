//! What web pages may do, which say whose they are (Fetch standard, "`Origin` header").

use crate::ask::{answer, ask, request};
use crate::body::MemoryBody;
use crate::schedule::block_on;
use crate::store::MemoryStore;
use pierhead::front::{Cors, Front, Hosted, HostedOptions, Options};

const PAGE: &str = "https://page.example";

/// What comes of a request by a page of `origin`, and whether the store was touched.
fn asked_from(cors: Cors, origin: &str, method: &str, target: &str) -> (u16, bool) {
    let store = MemoryStore::new();
    let hosted = Hosted::new(store.clone(), HostedOptions::default());
    let front = Front::new(hosted, Options::default().with_cors(cors));
    let headers = [("origin", origin), ("content-length", "0")];
    let body = Some(MemoryBody::of(&[], 1));
    let answer = answer(block_on(
        front.handle(request(method, target, &headers, body)),
    ));
    (answer.status, !store.operations().is_empty())
}

#[test]
fn no_page_writes_unless_it_is_let_in_by_name() {
    let uploads = "/v2/a/blobs/uploads/";
    for (method, target) in [
        ("POST", uploads),
        ("PUT", "/v2/a/manifests/1"),
        ("PATCH", "/v2/a/blobs/uploads/x"),
        ("DELETE", "/v2/a/manifests/1"),
    ] {
        let others = Cors::Origins(vec!["https://other.example".into()]);
        for cors in [Cors::Any, Cors::None, others] {
            for origin in [PAGE, "null", ""] {
                let asked = asked_from(cors.clone(), origin, method, target);
                assert_eq!(asked, (403, false), "{method} from {origin:?} by {cors:?}");
            }
        }
    }
    for origin in [PAGE, "*"] {
        let asked = asked_from(Cors::Origins(vec![origin.into()]), PAGE, "POST", uploads);
        assert_eq!(asked, (202, true));
    }
}

#[test]
fn every_page_may_ask_and_whoever_is_no_page_may_write() {
    assert_eq!(
        asked_from(Cors::Any, PAGE, "GET", "/v2/a/manifests/1").0,
        404
    );
    let store = MemoryStore::new();
    let answer = ask(&store, "POST", "/v2/a/blobs/uploads/", &[], Some(b""));
    assert_eq!(answer.status, 202);
}
