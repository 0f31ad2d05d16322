//! Several who change the same manifests, tags and subjects at the same time, at every interleaving with so many switches between them.

use std::pin::Pin;

use crate::ask::{Answer, answer, registry, request};
use crate::body::MemoryBody;
use crate::content::{IMAGE, delete, get, image, list, push, sha256, status, subject};
use crate::racing::{Asked, put, race, remove, sound, statuses};
use crate::schedule::{run, switching};
use crate::store::MemoryStore;

/// The digests of what refers to a manifest.
fn referrers(store: &MemoryStore, manifest: &str) -> Vec<String> {
    let path = format!("/v2/a/referrers/{}", sha256(manifest.as_bytes()));
    let body = get(store, &path).json();
    let list = body["manifests"].as_array().unwrap();
    let digests = list
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap().to_owned());
    digests.collect()
}

#[test]
fn of_two_who_put_a_tag_the_last_wins_and_both_manifests_stay() {
    let store = MemoryStore::new();
    let one = image(&store, "a", b"one", "");
    let two = image(&store, "a", b"two", "");
    race(
        &store,
        2,
        &[put("latest", &one), put("latest", &two)],
        |store, answers| {
            assert_eq!(statuses(answers), [201, 201]);
            let tagged = get(store, "/v2/a/manifests/latest").text();
            assert!(tagged == one || tagged == two);
            for manifest in [&one, &two] {
                let path = format!("/v2/a/manifests/{}", sha256(manifest.as_bytes()));
                assert_eq!(&get(store, &path).text(), manifest);
            }
            assert_eq!(list(store, "/v2/_catalog", "repositories").0, ["a"]);
        },
    );
}

#[test]
fn of_two_who_put_a_tag_on_the_same_condition_one_does() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let one = image(&store, "a", b"one", "");
    let two = image(&store, "a", b"two", "");
    let digest = push(&store, "a", "latest", &base);
    let etag = format!("\"{digest}\"");
    for (reference, headers) in [
        ("latest", [("if-match", etag.as_str())]),
        ("new", [("if-none-match", "*")]),
    ] {
        let asked = [&one, &two].map(|manifest| Asked {
            headers: &headers,
            ..put(reference, manifest)
        });
        race(&store, 2, &asked, |store, answers| {
            let tagged = get(store, &format!("/v2/a/manifests/{reference}")).text();
            match statuses(answers)[..] {
                [201, 412] => assert_eq!(tagged, one),
                [412, 201] => assert_eq!(tagged, two),
                ref other => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn what_is_put_while_it_is_deleted_is_there_whole_or_not_at_all() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let manifest = image(&store, "a", b"layer", &subject(&base));
    let digest = push(&store, "a", "old", &manifest);
    let path = format!("/v2/a/manifests/{digest}");
    let (mut kept, mut gone) = (0, 0);
    race(
        &store,
        2,
        &[put("new", &manifest), remove(&digest)],
        |store, answers| {
            assert_eq!(statuses(answers), [201, 202]);
            assert_eq!(status(store, "/v2/a/manifests/old"), 404);
            let there = status(store, &path) == 200;
            assert_eq!(status(store, "/v2/a/manifests/new") == 200, there);
            assert_eq!(referrers(store, &base).len(), usize::from(there));
            kept += usize::from(there);
            gone += usize::from(!there);
            // All is as it seems: what is deleted now is gone, with its tags.
            store.advance(5000);
            if there {
                assert_eq!(delete(store, &path), 202);
                sound(store);
                assert_eq!(list(store, "/v2/a/tags/list", "tags").0, [""; 0]);
            }
        },
    );
    assert!(kept > 0 && gone > 0, "{kept}, {gone}");
}

#[test]
fn a_condition_that_held_is_not_broken_by_who_deletes_what_is_put() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", &sha256(manifest.as_bytes()), &manifest);
    let etag = format!("\"{}\"", push(&store, "a", "latest", &base));
    let moved = Asked {
        headers: &[("if-match", &etag)],
        ..put("latest", &manifest)
    };
    race(&store, 3, &[moved, remove(&digest)], |_, answers| {
        assert_eq!(statuses(answers), [201, 202]);
    });
}

#[test]
fn what_was_put_on_a_condition_and_deleted_does_not_come_back_over_what_was_put_since() {
    let store = MemoryStore::new();
    let one = image(&store, "a", b"one", "");
    let other = image(&store, "a", b"other", "");
    let digest = push(&store, "a", &sha256(one.as_bytes()), &one);
    store.advance(5000);
    let mut seen = [0, 0, 0];
    switching(3, |choose| {
        let store = store.copied();
        let front = registry(&store);
        let ask = |method, reference: &str, body: &str| {
            let path = format!("/v2/a/manifests/{reference}");
            let fields = [("content-type", IMAGE), ("if-none-match", "*")];
            let fields = if method == "PUT" { &fields[..] } else { &[] };
            let body = MemoryBody::of(body.as_bytes(), 1 << 20);
            front.handle(request(method, &path, fields, Some(body)))
        };
        let first = ask("PUT", "latest", &one);
        let deleted = ask("DELETE", &digest, "");
        let second = ask("PUT", "latest", &other);
        let futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = vec![
            Box::pin(async move { answer(first.await) }),
            Box::pin(async move {
                assert_eq!(answer(deleted.await).status, 202);
                answer(second.await)
            }),
        ];
        let answers = run(futures, choose);
        sound(&store);
        let latest = get(&store, "/v2/a/manifests/latest").text();
        match statuses(&answers)[..] {
            // The first, its deletion, and the second: nothing comes after that.
            [201, 201] => assert_eq!(latest, other),
            [201, 412] => assert_eq!(latest, one),
            [412, 201] => assert_eq!(latest, other),
            ref strange => panic!("{strange:?}"),
        }
        let which = answers.iter().position(|answer| answer.status == 412);
        seen[which.map_or(0, |at| at + 1)] += 1;
    });
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn what_was_deleted_and_is_put_again_has_none_of_its_old_tags() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "old", &manifest);
    race(
        &store,
        3,
        &[remove(&digest), put(&digest, &manifest)],
        |store, answers| {
            assert_eq!(statuses(answers), [202, 201]);
            assert_eq!(status(store, "/v2/a/manifests/old"), 404);
        },
    );
}

#[test]
fn of_two_who_delete_a_manifest_one_does_and_its_tags_are_gone_for_both() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "v1", &manifest);
    push(&store, "a", "v2", &manifest);
    race(
        &store,
        2,
        &[remove(&digest), remove(&digest)],
        |store, answers| {
            let statuses = statuses(answers);
            assert!(statuses.contains(&202), "{statuses:?}");
            assert!(statuses.iter().all(|status| [202, 404].contains(status)));
            assert_eq!(list(store, "/v2/a/tags/list", "tags").0, [""; 0]);
            assert_eq!(store.keys("repositories/a:tagged/"), [""; 0]);
        },
    );
}

#[test]
fn a_tag_that_is_moved_while_its_manifest_is_deleted_stays_where_it_was_moved_to() {
    let store = MemoryStore::new();
    let old = image(&store, "a", b"old", "");
    let new = image(&store, "a", b"new", "");
    let digest = push(&store, "a", "latest", &old);
    race(
        &store,
        2,
        &[put("latest", &new), remove(&digest)],
        |store, answers| {
            assert_eq!(statuses(answers), [201, 202]);
            assert_eq!(get(store, "/v2/a/manifests/latest").text(), new);
        },
    );
}

#[test]
fn a_tag_is_never_missing_while_it_moves_and_its_old_manifest_is_deleted() {
    let store = MemoryStore::new();
    let old = image(&store, "a", b"old", "");
    let new = image(&store, "a", b"new", "");
    let digest = push(&store, "a", "latest", &old);
    store.advance(5000);
    let tried = switching(3, |choose| {
        let store = store.copied();
        let front = registry(&store);
        let ask = |method, path: &str, body: &str| {
            let body = MemoryBody::of(body.as_bytes(), 1 << 20);
            front.handle(request(
                method,
                path,
                &[("content-type", IMAGE)],
                Some(body),
            ))
        };
        let read = ask("GET", "/v2/a/manifests/latest", "");
        let moved = ask("PUT", "/v2/a/manifests/latest", &new);
        let deleted = ask("DELETE", &format!("/v2/a/manifests/{digest}"), "");
        let futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = vec![
            Box::pin(async move { answer(read.await) }),
            Box::pin(async move {
                let first = answer(moved.await);
                assert_eq!(answer(deleted.await).status, 202);
                first
            }),
        ];
        let answers = run(futures, choose);
        assert_eq!(statuses(&answers), [200, 201]);
    });
    assert!(tried > 100, "{tried}");
}

#[test]
fn two_referrers_of_one_subject_are_both_listed() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let one = image(&store, "a", b"one", &subject(&base));
    let two = image(&store, "a", b"two", &subject(&base));
    race(
        &store,
        2,
        &[put("one", &one), put("two", &two)],
        |store, answers| {
            assert_eq!(statuses(answers), [201, 201]);
            assert_eq!(referrers(store, &base).len(), 2);
        },
    );
}

#[test]
fn a_deleted_tag_and_one_that_is_put_come_one_after_the_other() {
    let store = MemoryStore::new();
    let old = image(&store, "a", b"old", "");
    let new = image(&store, "a", b"new", "");
    push(&store, "a", "latest", &old);
    race(
        &store,
        2,
        &[put("latest", &new), remove("latest")],
        |store, answers| {
            assert_eq!(statuses(answers), [201, 202]);
            let answer = get(store, "/v2/a/manifests/latest");
            assert!(answer.status == 404 || answer.text() == new);
        },
    );
}

#[test]
fn three_at_once_leave_nothing_that_dangles() {
    let store = MemoryStore::new();
    let one = image(&store, "a", b"one", "");
    let two = image(&store, "a", b"two", "");
    let digest = push(&store, "a", "latest", &one);
    race(
        &store,
        1,
        &[put("latest", &two), remove(&digest), put("latest", &one)],
        |_, answers| {
            assert_eq!(statuses(answers), [201, 202, 201]);
        },
    );
}
