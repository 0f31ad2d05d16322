//! Pushes beside a collection, at every interleaving with a few switches between them, when everything is old.

use std::cell::Cell;
use std::pin::Pin;

use crate::ask::{Answer, answer, registry, request};
use crate::body::MemoryBody;
use crate::collecting::{DAY, collect, collect_all, collect_old, has_blob, intact, live, untagged};
use crate::content::{IMAGE, get, image, list, push, sha256, status, subject};
use crate::pushing::{patch, sound, with};
use crate::schedule::{run, switching};
use crate::store::MemoryStore;

/// A request of a client.
#[derive(Clone)]
struct Step {
    method: &'static str,
    /// Nothing, or a parameter behind `?`, goes where the answer before has said.
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

fn begin(name: &str) -> Step {
    step("POST", format!("/v2/{name}/blobs/uploads/"), b"", 202)
}

fn chunk(bytes: &[u8]) -> Step {
    step("PATCH", String::new(), bytes, 202)
}

fn close(blob: &[u8], last: &[u8]) -> Step {
    step("PUT", format!("?digest={}", sha256(blob)), last, 201)
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
            let mut location = String::new();
            for step in steps {
                let path = match step.path.strip_prefix('?') {
                    Some(parameter) => with(&location, parameter),
                    None if step.path.is_empty() => location.clone(),
                    None => step.path.clone(),
                };
                let length = step.body.len().to_string();
                let fields = [("content-type", IMAGE), ("content-length", length.as_str())];
                let body = MemoryBody::of(&step.body, 1 << 20);
                let request = request(step.method, &path, &fields, Some(body));
                let answer: Answer = answer(front.handle(request).await);
                if answer.status != step.expected {
                    assert!([202, 404].contains(&answer.status), "{}", answer.text());
                    break;
                }
                location = answer.header("location").to_owned();
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
    assert!(tried > 50, "{tried}");
}

/// An image of blobs that are there, without any manifest.
fn blobs(name: &str) -> (MemoryStore, String) {
    let store = MemoryStore::new();
    let manifest = image(&store, name, b"layer", "");
    (store, manifest)
}

/// What was said of a config and a layer holds: the manifest that is put behind them finds both.
fn kept_once_seen(image: &str) -> impl Fn(&MemoryStore, usize) + '_ {
    move |store, done| match done {
        3 => intact(store, "a", "latest", image, &[b"{}", b"layer"]),
        2 => panic!("it was there, and is not"),
        1 => assert!(has_blob(store, "a", b"{}")),
        _ => {}
    }
}

#[test]
fn what_was_found_stays_for_the_manifest_that_names_it() {
    let (store, image) = blobs("a");
    let steps = [
        head("a", b"{}"),
        head("a", b"layer"),
        manifest("a", "latest", &image),
    ];
    race(&store, 2, &steps, kept_once_seen(&image));
}

#[test]
fn what_was_mounted_stays_for_the_manifest_that_names_it() {
    let (store, image) = blobs("b");
    let steps = [
        mount("a", "b", b"{}"),
        mount("a", "b", b"layer"),
        manifest("a", "latest", &image),
    ];
    race(&store, 2, &steps, kept_once_seen(&image));
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

/// The blob is there already, and goes in this collection; what the client sends is hashed and kept all the same.
#[test]
fn what_comes_in_chunks_stays_for_the_manifest_that_names_it() {
    let (store, image) = blobs("b");
    store.advance(3 * DAY);
    collect(&store, &untagged());
    let steps = [
        upload("a", b"{}"),
        begin("a"),
        chunk(b"la"),
        chunk(b"ye"),
        close(b"layer", b"r"),
        manifest("a", "latest", &image),
    ];
    race(&store, 1, &steps, |store, done| {
        assert_eq!(done, 6, "a push needs nothing to be there");
        intact(store, "a", "latest", &image, &[b"{}", b"layer"]);
    });
}

/// What nobody has put before is no more in danger.
#[test]
fn a_new_blob_that_comes_in_chunks_stays_for_the_manifest_that_names_it() {
    let (store, old) = blobs("a");
    push(&store, "a", "old", &old);
    let new = old.replace(&sha256(b"layer"), &sha256(b"fresh"));
    let steps = [
        begin("a"),
        chunk(b"fre"),
        close(b"fresh", b"sh"),
        manifest("a", "new", &new),
    ];
    race(&store, 1, &steps, |store, done| {
        assert_eq!(done, 4, "what it needs is in use");
        intact(store, "a", "new", &new, &[b"{}", b"fresh"]);
        intact(store, "a", "old", &old, &[b"{}", b"layer"]);
    });
}

/// Its client comes back when it is given up: it goes on whole, or not at all.
#[test]
fn an_upload_goes_on_while_it_is_given_up() {
    let (store, old) = blobs("a");
    push(&store, "a", "old", &old);
    let location = crate::pushing::begin(&store, "");
    let location = patch(&store, &location, 0, b"fre")
        .header("location")
        .to_owned();
    let at = |location: &str, step: Step| Step {
        path: match step.path.strip_prefix('?') {
            Some(parameter) => with(location, parameter),
            None => location.to_owned(),
        },
        ..step
    };
    for (switches, blob, first) in [
        (1, &b"fresh"[..], Some(chunk(b"sh"))),
        (1, b"fresh", None),
        // All that it names was written long ago.
        (2, b"fre", None),
    ] {
        let new = old.replace(&sha256(b"layer"), &sha256(blob));
        let mut steps = match first {
            Some(first) => vec![at(&location, first), close(blob, b"")],
            None => vec![at(&location, close(blob, &blob[3..]))],
        };
        steps.push(manifest("a", "new", &new));
        let (whole, gone) = (Cell::new(0), Cell::new(0));
        race(&store, switches, &steps, |store, done| {
            if done == steps.len() {
                whole.set(whole.get() + 1);
                intact(store, "a", "new", &new, &[b"{}", blob]);
            } else {
                gone.set(gone.get() + 1);
                assert_eq!(status(store, "/v2/a/manifests/new"), 404);
            }
            intact(store, "a", "old", &old, &[b"{}", b"layer"]);
        });
        assert!(whole.get() > 0 && gone.get() > 0, "{whole:?} {gone:?}");
    }
}
