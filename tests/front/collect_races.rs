//! Pushes beside a collection, at every interleaving with a few switches between them, when everything is old.

use std::pin::Pin;

use crate::ask::{Answer, answer, registry, request};
use crate::body::MemoryBody;
use crate::collecting::{DAY, collect, collect_all, collect_old, has_blob, intact, live, untagged};
use crate::content::{IMAGE, get, image, list, push, sha256, status, subject};
use crate::pushing::sound;
use crate::schedule::{run, switching};
use crate::store::MemoryStore;

/// A request of a client.
#[derive(Clone)]
struct Step {
    method: &'static str,
    path: String,
    body: Vec<u8>,
    /// What it is answered where all that it needs is there.
    expected: u16,
}

fn step(method: &'static str, path: String, body: &[u8], expected: u16) -> Step {
    Step {
        method,
        path,
        body: body.to_vec(),
        expected,
    }
}

fn head(name: &str, blob: &[u8]) -> Step {
    step(
        "HEAD",
        format!("/v2/{name}/blobs/{}", sha256(blob)),
        b"",
        200,
    )
}

fn upload(name: &str, blob: &[u8]) -> Step {
    let path = format!("/v2/{name}/blobs/uploads/?digest={}", sha256(blob));
    step("POST", path, blob, 201)
}

fn mount(name: &str, from: &str, blob: &[u8]) -> Step {
    let digest = sha256(blob);
    let path = format!("/v2/{name}/blobs/uploads/?mount={digest}&from={from}");
    step("POST", path, b"", 201)
}

fn manifest(name: &str, reference: &str, manifest: &str) -> Step {
    let path = format!("/v2/{name}/manifests/{reference}");
    step("PUT", path, manifest.as_bytes(), 201)
}

/// Has a client do these things one after the other, as far as they go, beside a collection. `check` is told how many of them were
/// acknowledged; after it, all garbage goes and nothing else.
fn race(
    beginning: &MemoryStore,
    switches: usize,
    steps: &[Step],
    check: impl Fn(&MemoryStore, usize),
) {
    beginning.advance(3 * DAY);
    let tried = switching(switches, |choose| {
        let store = beginning.copied();
        let front = registry(&store);
        let options = untagged();
        let mut futures: Vec<Pin<Box<dyn Future<Output = usize> + '_>>> = Vec::new();
        futures.push(Box::pin(async {
            let mut done = 0;
            for step in steps {
                let length = step.body.len().to_string();
                let fields = [("content-type", IMAGE), ("content-length", length.as_str())];
                let body = MemoryBody::of(&step.body, 1 << 20);
                let request = request(step.method, &step.path, &fields, Some(body));
                let answer: Answer = answer(front.handle(request).await);
                if answer.status != step.expected {
                    assert!([202, 404].contains(&answer.status), "{}", answer.text());
                    break;
                }
                done += 1;
            }
            done
        }));
        futures.push(Box::pin(async {
            assert!(front.backend().collect(&options).await.unwrap().done);
            0
        }));
        let done = run(futures, choose)[0];
        check(&store, done);
        sound(&store);
        // Another collection, before the time of the client is over.
        store.advance(DAY / 4);
        collect(&store, &options);
        check(&store, done);
        collect_all(&store, &options);
        if done == steps.len() {
            check(&store, done);
        }
        sound(&store);
        let before = live(&store);
        collect_old(&store, &options);
        assert_eq!(live(&store), before, "it comes to an end");
    });
    assert!(tried > 100, "{tried}");
}

/// An image of blobs that are there, without any manifest.
fn blobs(name: &str) -> (MemoryStore, String) {
    let store = MemoryStore::new();
    let manifest = image(&store, name, b"layer", "");
    (store, manifest)
}

#[test]
fn what_was_found_stays_for_the_manifest_that_names_it() {
    let (store, image) = blobs("a");
    let steps = [
        head("a", b"{}"),
        head("a", b"layer"),
        manifest("a", "latest", &image),
    ];
    race(&store, 2, &steps, |store, done| match done {
        3 => intact(store, "a", "latest", &image, &[b"{}", b"layer"]),
        2 => panic!("it was there, and is not"),
        1 => assert!(has_blob(store, "a", b"{}")),
        _ => {}
    });
}

#[test]
fn what_was_mounted_stays_for_the_manifest_that_names_it() {
    let (store, image) = blobs("b");
    let steps = [
        mount("a", "b", b"{}"),
        mount("a", "b", b"layer"),
        manifest("a", "latest", &image),
    ];
    race(&store, 2, &steps, |store, done| match done {
        3 => intact(store, "a", "latest", &image, &[b"{}", b"layer"]),
        2 => panic!("it was there, and is not"),
        1 => assert!(has_blob(store, "a", b"{}")),
        _ => {}
    });
}

/// The same, when blobs are condemned, and go in this collection.
#[test]
fn what_is_condemned_comes_back_by_a_push() {
    let (store, image) = blobs("b");
    store.advance(3 * DAY);
    collect(&store, &untagged());
    let steps = [
        upload("a", b"{}"),
        upload("a", b"layer"),
        manifest("a", "latest", &image),
    ];
    race(&store, 2, &steps, |store, done| {
        assert_eq!(done, 3, "a push needs nothing to be there");
        intact(store, "a", "latest", &image, &[b"{}", b"layer"]);
    });
}

#[test]
fn a_manifest_that_no_tag_led_to_stays_when_it_is_tagged() {
    let (store, image) = blobs("a");
    push(&store, "a", &sha256(image.as_bytes()), &image);
    let steps = [manifest("a", "latest", &image)];
    race(&store, 2, &steps, |store, done| {
        if done == 1 {
            intact(store, "a", "latest", &image, &[b"{}", b"layer"]);
        } else {
            assert_eq!(status(store, "/v2/a/manifests/latest"), 404);
        }
    });
}

#[test]
fn a_tag_moves_beside_a_collection() {
    let (store, old) = blobs("a");
    push(&store, "a", "latest", &old);
    let new = image(&store, "a", b"new", "");
    push(&store, "a", &sha256(new.as_bytes()), &new);
    let steps = [manifest("a", "latest", &new)];
    race(&store, 2, &steps, |store, done| {
        if done == 1 {
            intact(store, "a", "latest", &new, &[b"{}", b"new"]);
        } else {
            intact(store, "a", "latest", &old, &[b"{}", b"layer"]);
        }
    });
}

#[test]
fn a_referrer_comes_beside_a_collection() {
    let (store, base) = blobs("a");
    let digest = push(&store, "a", "latest", &base);
    let signature = image(&store, "a", b"signature", &subject(&base));
    let own = sha256(signature.as_bytes());
    let steps = [manifest("a", &own, &signature)];
    race(&store, 2, &steps, |store, done| {
        intact(store, "a", "latest", &base, &[b"{}", b"layer"]);
        if done == 1 {
            intact(store, "a", &own, &signature, &[b"{}", b"signature"]);
            let referrers = get(store, &format!("/v2/a/referrers/{digest}"));
            assert!(referrers.text().contains(&own));
        }
    });
}

#[test]
fn a_deletion_beside_a_collection_leaves_nothing_that_dangles() {
    let (store, base) = blobs("a");
    let digest = push(&store, "a", "latest", &base);
    let steps = [step(
        "DELETE",
        format!("/v2/a/manifests/{digest}"),
        b"",
        202,
    )];
    race(&store, 2, &steps, |store, done| {
        assert_eq!(done, 1);
        assert_eq!(status(store, "/v2/a/manifests/latest"), 404);
        assert_eq!(list(store, "/v2/a/tags/list", "tags").0, [""; 0]);
    });
}
