//! A registry over a store that takes no writes.

use pierhead::front::{CollectOptions, Cors, Front, Hosted, HostedOptions, Options};

use crate::ask::{Answer, answer, registry_with, request};
use crate::body::MemoryBody;
use crate::content::{IMAGE, image, push, push_blob, sha256, subject};
use crate::pushing::{begin, patch, with};
use crate::schedule::block_on;
use crate::store::{Fault, MemoryStore};

const DAY: u64 = 24 * 60 * 60 * 1000;

fn options() -> HostedOptions {
    let mut options = HostedOptions::default();
    options.read_only = true;
    options
}

fn ask(store: &MemoryStore, method: &str, target: &str, body: Option<&[u8]>) -> Answer {
    let body = body.map(|body| MemoryBody::of(body, 1 << 20));
    let fields = [("content-type", IMAGE)];
    let request = request(method, target, &fields, body);
    answer(block_on(registry_with(store, options()).handle(request)))
}

/// A registry with something in it that was put there long ago, and where all of that is; nothing more can be written.
fn old() -> (MemoryStore, Vec<String>, String) {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let digest = push(&store, "a", "v1", &base);
    push(
        &store,
        "a",
        "v2",
        &image(&store, "a", b"other", &subject(&base)),
    );
    let location = begin(&store, "");
    let location = patch(&store, &location, 0, b"hello")
        .header("location")
        .to_owned();
    store.advance(3 * DAY);
    store.operations();
    store.fail(|_, operation| {
        let writes = ["put", "delete"].contains(&operation.name);
        writes.then_some(Fault::Before(pierhead::Kind::StoreUnavailable))
    });
    let paths = vec![
        "/v2/".to_owned(),
        "/v2/_catalog".to_owned(),
        "/v2/a/tags/list".to_owned(),
        "/v2/a/manifests/v1".to_owned(),
        format!("/v2/a/manifests/{digest}"),
        format!("/v2/a/blobs/{}", sha256(b"base")),
        format!("/v2/a/referrers/{digest}"),
    ];
    (store, paths, location)
}

#[test]
fn all_is_read_that_is_there_however_old() {
    let (store, paths, _) = old();
    for path in paths {
        for method in ["GET", "HEAD"] {
            let answer = ask(&store, method, &path, None);
            assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        }
    }
    let operations = store.operations();
    assert!(operations.len() > 10);
    assert!(
        !operations
            .iter()
            .any(|it| ["put", "delete"].contains(&it.name))
    );
}

#[test]
fn whatever_would_change_something_is_no_method_here() {
    let (store, mut paths, location) = old();
    let digest = sha256(b"x");
    paths.push("/v2/a/blobs/uploads/".to_owned());
    paths.push(format!("/v2/a/blobs/uploads/?digest={digest}"));
    paths.push(format!(
        "/v2/b/blobs/uploads/?mount={}&from=a",
        sha256(b"base")
    ));
    paths.push(location.clone());
    paths.push(with(&location, &format!("digest={}", sha256(b"hello"))));
    for path in paths {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            for body in [None, Some(&b"x"[..])] {
                let answer = ask(&store, method, &path, body);
                let what = (
                    answer.status,
                    answer.code(),
                    answer.header("allow").to_owned(),
                );
                let expected = (
                    405,
                    "UNSUPPORTED".to_owned(),
                    "GET, HEAD, OPTIONS".to_owned(),
                );
                assert_eq!(what, expected, "{method} {path}");
            }
        }
    }
    // No upload goes on here.
    assert_eq!(ask(&store, "GET", &location, None).status, 405);
    assert!(store.operations().is_empty());
}

#[test]
fn nothing_is_collected_or_given_up() {
    let (store, _, location) = old();
    let hosted = Hosted::new(store.clone(), options());
    let refused = block_on(hosted.collect(&CollectOptions::default())).unwrap_err();
    assert_eq!(refused.status(), 405);
    let id = location.split(['/', '?']).nth(5).unwrap();
    assert_eq!(
        block_on(hosted.expire_upload(id)).unwrap_err().status(),
        405
    );
    assert!(store.operations().is_empty());
}

#[test]
fn pages_that_are_let_in_are_told_that_they_may_read() {
    let origin = "https://page.example";
    let cors = Cors::Origins(vec![origin.to_owned()]);
    let front = Front::new(
        Hosted::new(MemoryStore::new(), options()),
        Options::default().with_cors(cors),
    );
    let fields = [("origin", origin)];
    let asked = request("OPTIONS", "/v2/a/manifests/v1", &fields, None);
    let told = answer(block_on(front.handle(asked)));
    assert_eq!(told.header("access-control-allow-methods"), "GET, HEAD");
}

#[test]
fn a_blob_that_was_seen_here_can_be_pushed_all_the_same() {
    // A registry that writes to the same store looks at leases of its own.
    let (store, _, _) = old();
    let path = format!("/v2/a/blobs/{}", sha256(b"base"));
    assert_eq!(ask(&store, "HEAD", &path, None).status, 200);
    store.heal();
    push_blob(&store, "a", b"base");
    push(&store, "a", "v3", &image(&store, "a", b"base", ""));
}
