//! A tag that is put while what it is to name is deleted: at every interleaving with so many switches between them.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use crate::ask::{Answer, registry};
use crate::content::{delete, get, index, push, sha256, status};
use crate::racing::{Asked, asking, put, race, remove, sound, statuses};
use crate::schedule::{run, switching};
use crate::store::MemoryStore;

const TAG: &str = "/v2/a/manifests/latest";

/// What a tag named when it was looked at: the first, then the second, then nothing.
fn moment(text: &str, first: &str, second: &str) -> usize {
    match text {
        _ if text == first => 0,
        _ if text == second => 1,
        _ => 2,
    }
}

/// Has two ask at the same time, and looks at the tag before each step and in the end; gives how many of the interleavings there were of each outcome.
fn watched(
    beginning: &MemoryStore,
    (first, second): (&str, &str),
    asked: &[Asked<'_>; 2],
    mut check: impl FnMut(&[u16], &[usize]),
) -> [usize; 3] {
    let mut ends = [0, 0, 0];
    let tried = switching(4, |choose| {
        let store = beginning.copied();
        let front = registry(&store);
        let mut futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
        for one in asked {
            futures.push(Box::pin(asking(&front, one)));
        }
        let mut moments = Vec::new();
        let mut look = |store: &MemoryStore| {
            moments.push(moment(&get(store, TAG).text(), first, second));
        };
        let answers = run(futures, |left| {
            look(&store);
            choose(left)
        });
        look(&store);
        assert!(moments.is_sorted(), "{moments:?}");
        check(&statuses(&answers), &moments);
        ends[moments[moments.len() - 1]] += 1;
        sound(&store);
    });
    assert!(tried > 500, "{tried}");
    ends
}

#[test]
fn a_tag_goes_from_what_it_named_to_what_was_put_and_then_to_nothing_and_never_back() {
    let store = MemoryStore::new();
    let old = index(&[], r#","annotations":{"a":"old"}"#);
    let new = index(&[], "");
    // It named that before: a note of long ago says nothing of who is about to set it.
    let digest = push(&store, "a", "latest", &new);
    push(&store, "a", "latest", &old);
    store.advance(2 * 60 * 60 * 1000);
    let asked = [put("latest", &new), remove(&digest)];
    let ends = watched(&store, (&old, &new), &asked, |statuses, _| {
        assert_eq!(statuses, [201, 202]);
    });
    // Whichever comes last counts.
    assert!(ends[0] == 0 && ends[1] > 0 && ends[2] > 0, "{ends:?}");
}

#[test]
fn a_condition_does_not_hold_any_more_once_somebody_saw_that_what_it_is_on_is_gone() {
    let store = MemoryStore::new();
    let old = index(&[], r#","annotations":{"a":"old"}"#);
    let new = index(&[], "");
    push(&store, "a", &sha256(new.as_bytes()), &new);
    let digest = push(&store, "a", "latest", &old);
    store.advance(5000);
    let etag = format!("\"{digest}\"");
    let moved = Asked {
        headers: &[("if-match", &etag)],
        ..put("latest", &new)
    };
    let asked = [moved, remove(&digest)];
    // It was moved before the old one was deleted, or it was not moved.
    let ends = watched(&store, (&old, &new), &asked, |statuses, moments| {
        let was_seen = |moment| moments.contains(&moment);
        match statuses {
            [201, 202] => assert!(was_seen(1) && !was_seen(2), "{moments:?}"),
            [412, 202] => assert!(was_seen(2) && !was_seen(1), "{moments:?}"),
            strange => panic!("{strange:?}"),
        }
    });
    assert!(ends[0] == 0 && ends[1] > 0 && ends[2] > 0, "{ends:?}");
}

#[test]
fn a_tag_whose_manifest_is_gone_is_not_there_to_be_deleted() {
    let store = MemoryStore::new();
    let old = index(&[], "");
    let digest = push(&store, "a", "latest", &old);
    store.advance(5000);
    let mut seen = [0, 0];
    switching(4, |choose| {
        let store = store.copied();
        let front = registry(&store);
        let is_begun = Cell::new(false);
        let (tag, manifest) = (remove("latest"), remove(&digest));
        let futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = vec![
            Box::pin(asking(&front, &manifest)),
            Box::pin(async {
                is_begun.set(true);
                asking(&front, &tag).await
            }),
        ];
        let mut was_gone = false;
        let answers = run(futures, |left| {
            was_gone |= !is_begun.get() && status(&store, TAG) == 404;
            choose(left)
        });
        let statuses = statuses(&answers);
        assert_eq!(statuses[0], 202);
        assert!(
            statuses[1] == 404 || statuses[1] == 202 && !was_gone,
            "{statuses:?}"
        );
        seen[usize::from(statuses[1] == 404)] += 1;
        sound(&store);
    });
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn whoever_puts_a_tag_and_dies_at_any_step_leaves_none_that_names_nothing() {
    let store = MemoryStore::new();
    let old = index(&[], r#","annotations":{"a":"old"}"#);
    let new = index(&[], "");
    push(&store, "a", "latest", &old);
    let digest = push(&store, "a", &sha256(new.as_bytes()), &new);
    store.advance(5000);
    let asked = put("latest", &new);
    let mut counts = [0, 0, 0];
    for steps in 0..40 {
        let mut died = false;
        switching(2, |choose| {
            let store = store.copied();
            let front = registry(&store);
            let mut left = steps;
            let mut dying = Box::pin(asking(&front, &asked));
            let futures: Vec<Pin<Box<dyn Future<Output = Option<u16>> + '_>>> = vec![
                Box::pin(std::future::poll_fn(move |context| {
                    if left == 0 {
                        return Poll::Ready(None);
                    }
                    left -= 1;
                    dying
                        .as_mut()
                        .poll(context)
                        .map(|answer| Some(answer.status))
                })),
                Box::pin(async { Some(asking(&front, &remove(&digest)).await.status) }),
            ];
            let answers = run(futures, choose);
            died |= answers[0].is_none();
            assert_eq!(answers[1], Some(202), "{steps}");
            sound(&store);
            counts[moment(&get(&store, TAG).text(), &old, &new)] += 1;
        });
        if !died {
            // It has come to its end in time.
            assert!(steps > 5, "{steps}");
            assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
            return;
        }
    }
    panic!("it takes too many steps");
}

#[test]
fn a_tag_that_comes_and_goes_is_not_taken_for_what_it_was_before() {
    let store = MemoryStore::new();
    let new = index(&[], "");
    let digest = push(&store, "a", &sha256(new.as_bytes()), &new);
    // Without bytes a record is as good as not there, and equal bytes have equal versions.
    store.set("repositories/a:tags/latest", b"");
    let asked = [put("latest", &new), put("latest", &new), remove(&digest)];
    race(&store, 2, &asked, |store, answers| {
        assert_eq!(statuses(answers), [201, 201, 202]);
        assert!(status(store, TAG) == 404 || get(store, TAG).text() == new);
    });
}

#[test]
fn of_several_tags_none_is_said_to_be_set_that_is_not() {
    let store = MemoryStore::new();
    let new = index(&[], "");
    let digest = push(&store, "a", &sha256(new.as_bytes()), &new);
    store.advance(5000);
    let conditional = Asked {
        headers: &[("if-none-match", "*")],
        ..put("one?tag=two", &new)
    };
    let mut seen = [0, 0, 0];
    for (put, fails) in [(put("one?tag=two", &new), false), (conditional, true)] {
        race(&store, 2, &[put, remove(&digest)], |store, answers| {
            let tags = ["one", "two"].map(|tag| status(store, &format!("/v2/a/manifests/{tag}")));
            match statuses(answers)[..] {
                // Both were set before it was deleted, or after.
                [201, 202] => assert!([[200; 2], [404; 2]].contains(&tags), "{tags:?}"),
                [429, 202] => assert!(fails),
                ref strange => panic!("{strange:?}"),
            }
            let which = if answers[0].status == 429 {
                2
            } else {
                usize::from(tags[0] == 200)
            };
            seen[which] += 1;
        });
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn a_damaged_tag_stays_as_it_is_whatever_is_deleted() {
    let store = MemoryStore::new();
    let new = index(&[], "");
    let digest = push(&store, "a", "latest", &new);
    for damage in [&b"damaged"[..], &[b'x'; 200]] {
        let store = store.copied();
        store.set("repositories/a:tags/latest", damage);
        store.advance(5000);
        assert_eq!(delete(&store, &format!("/v2/a/manifests/{digest}")), 202);
        assert_eq!(store.bytes("repositories/a:tags/latest").unwrap(), damage);
    }
}
