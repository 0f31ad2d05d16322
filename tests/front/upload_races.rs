//! Two who write to the same upload, or end it, at every interleaving with so many switches between them, and at many others.

use crate::ask::{ask_by, registry};
use crate::content::{get, push_blob, sha256};
use crate::pushing::{begin, close, patch, sound};
use crate::schedule::switching;
use crate::store::MemoryStore;
use crate::upload_racing::{Asked, asked, at_once, at_once_by, begun, chunk, closing, race};

#[test]
fn what_a_registry_has_written_itself_it_need_not_read_again_whatever_others_do_meanwhile() {
    let blob = b"hello";
    let mut counts = [0, 0];
    // Two go on by a registry that remembers how far the upload has come: with one of them, the other is cancelled, closed, or another chunk.
    for other in ["DELETE", "PUT", "PATCH"] {
        let tried = switching(3, |choose| {
            let store = MemoryStore::new();
            let front = registry(&store);
            let by = |method, target: &str, fields: &[(&str, &str)], body: Option<&[u8]>| {
                store.advance(5000);
                ask_by(&front, method, target, fields, body)
            };
            let begun = by("POST", "/v2/a/blobs/uploads/", &[], None);
            let range = [("content-range", "0-2")];
            let location = by("PATCH", begun.header("location"), &range, Some(b"hel"));
            let location = location.header("location");
            store.advance(5000);
            let asked = [
                chunk(location, "3-4", b"lo"),
                match other {
                    "PUT" => Asked {
                        body: Some(b"lo"),
                        ..closing(location, blob)
                    },
                    "PATCH" => chunk(location, "3-4", b"lo"),
                    _ => asked("DELETE", location),
                },
            ];
            let statuses = at_once_by(&front, &store, &asked, choose);
            sound(&store);
            let taken = [202, 201, 204];
            let taken: Vec<bool> = statuses.iter().map(|it| taken.contains(it)).collect();
            match (other, &taken[..]) {
                // It may be cancelled with all of it.
                ("DELETE", [_, true]) => {}
                (_, [true, false] | [false, true]) => {}
                strange => panic!("{strange:?} {statuses:?}"),
            }
            counts[usize::from(taken[0])] += 1;
        });
        assert!(tried > 100, "{tried}");
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[test]
fn of_two_chunks_for_one_place_one_is_taken() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let both = [
        chunk(&location, "3-4", b"lo"),
        chunk(&location, "3-5", b"met"),
    ];
    race(&store, &both, |store, statuses| {
        let whole: &[u8] = match statuses {
            [202, 416] => b"hello",
            [416, 202] => b"helmet",
            _ => panic!("{statuses:?}"),
        };
        let put = close(store, &location, &sha256(whole), None);
        assert_eq!(put.status, 201, "{}", put.text());
        assert_eq!(get(store, put.header("location")).bytes, whole);
        assert_eq!(store.keys("uploads/"), [""; 0]);
    });
}

#[test]
fn of_two_first_chunks_one_is_taken() {
    let store = MemoryStore::new();
    let location = begin(&store, "");
    let both = [
        Asked {
            range: None,
            ..chunk(&location, "", b"hello")
        },
        chunk(&location, "0-5", b"helmet"),
    ];
    race(&store, &both, |store, statuses| {
        let whole: &[u8] = match statuses {
            [202, 416] => b"hello",
            [416, 202] => b"helmet",
            // Without Content-Range a body goes where the upload is.
            [202, 202] => b"helmethello",
            _ => panic!("{statuses:?}"),
        };
        let put = close(store, &location, &sha256(whole), None);
        assert_eq!(put.status, 201, "{}", put.text());
    });
}

#[test]
fn of_a_chunk_and_an_end_one_is_taken() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let both = [chunk(&location, "3-4", b"lo"), closing(&location, b"hel")];
    race(&store, &both, |store, statuses| match statuses {
        [202, 400] => {
            let put = close(store, &location, &sha256(b"hello"), None);
            assert_eq!(put.status, 201, "{}", put.text());
        }
        [404, 201] => assert_eq!(store.keys("uploads/").len(), 0),
        _ => panic!("{statuses:?}"),
    });
}

#[test]
fn two_ends_of_one_upload_are_one_blob() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let both = [closing(&location, b"hel"), closing(&location, b"hel")];
    race(&store, &both, |_, statuses| {
        assert_eq!(statuses, [201, 201])
    });
    let last = || Asked {
        body: Some(b"lo"),
        ..closing(&location, b"hello")
    };
    race(&store, &[last(), last()], |store, statuses| {
        assert!(statuses.contains(&201), "{statuses:?}");
        assert!(
            statuses.iter().all(|it| [201, 416].contains(it)),
            "{statuses:?}"
        );
        let again = close(store, &location, &sha256(b"hello"), Some(b"lo"));
        assert_eq!(again.status, 201, "{}", again.text());
    });
    // Nor does a body of unknown size, which stores put without a condition, take the place of one that is there.
    let stream = || Asked {
        streams: true,
        ..last()
    };
    let wrong = || Asked {
        body: Some(b"w!"),
        ..stream()
    };
    for both in [[stream(), stream()], [stream(), wrong()], [last(), wrong()]] {
        race(&store, &both, |store, _| {
            let again = close(store, &location, &sha256(b"hello"), Some(b"lo"));
            assert_eq!(again.status, 201, "{}", again.text());
        });
    }
    // One whose digest is wrong takes nothing from the other.
    let wrong = Asked {
        body: Some(b"p"),
        ..closing(&location, b"hello")
    };
    race(
        &store,
        &[wrong, closing(&location, b"hel")],
        |_, statuses| {
            assert!([400, 404, 416].contains(&statuses[0]), "{statuses:?}");
            assert_eq!(statuses[1], 201, "{statuses:?}");
        },
    );
}

#[test]
fn equal_blobs_of_two_repositories_are_stored_once() {
    let store = MemoryStore::new();
    let mine = begun(&store);
    let answer = crate::ask::ask(&store, "POST", "/v2/b/blobs/uploads/", &[], None);
    let other = patch(&store, answer.header("location"), 0, b"hel");
    let both = [
        closing(&mine, b"hel"),
        closing(other.header("location"), b"hel"),
    ];
    race(&store, &both, |store, statuses| {
        assert_eq!(statuses, [201, 201]);
        assert_eq!(store.keys("segments/").len(), 1);
        for name in ["a", "b"] {
            let path = format!("/v2/{name}/blobs/{}", sha256(b"hel"));
            assert_eq!(get(store, &path).bytes, b"hel");
        }
    });
}

#[test]
fn of_an_end_and_a_cancellation_one_is_done() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let last = Asked {
        body: Some(b"lo"),
        ..closing(&location, b"hello")
    };
    for end in [closing(&location, b"hel"), last] {
        let has_body = end.body.is_some();
        let both = [end, asked("DELETE", &location)];
        race(&store, &both, |store, statuses| {
            match statuses {
                [201, 404] => assert!(!store.keys("segments/").is_empty()),
                // What came too late is nobody's, and is collected.
                [404, 204] => assert!(store.keys("segments/").len() <= usize::from(has_body)),
                _ => panic!("{statuses:?}"),
            }
            assert_eq!(crate::content::status(store, &location), 404);
        });
    }
    let both = [chunk(&location, "3-4", b"lo"), asked("DELETE", &location)];
    race(&store, &both, |store, statuses| {
        assert!(
            [[202, 204], [404, 204]].contains(&[statuses[0], statuses[1]]),
            "{statuses:?}"
        );
        assert_eq!(crate::content::status(store, &location), 404);
    });
}

#[test]
fn of_an_end_and_an_expiry_one_is_done() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let (_, id) = location.rsplit_once('/').unwrap();
    let expiry = || asked("EXPIRE", id.split('?').next().unwrap());
    store.advance(2 * 24 * 60 * 60 * 1000);
    race(
        &store,
        &[closing(&location, b"hel"), expiry()],
        |store, statuses| {
            match statuses {
                // It was closed, and what was left of it is deleted, or will be.
                [201, 409 | 204] => assert!(!store.keys("segments/").is_empty()),
                [404, 204] => assert_eq!(store.keys("segments/"), [""; 0]),
                _ => panic!("{statuses:?}"),
            }
        },
    );
    let both = [chunk(&location, "3-4", b"lo"), expiry()];
    race(&store, &both, |store, statuses| match statuses {
        [202, 409] => assert_eq!(crate::content::status(store, &location), 204),
        [404, 204] => assert_eq!(crate::content::status(store, &location), 404),
        // It went on from what had come just then.
        [202, 204] => assert_eq!(crate::content::status(store, &location), 404),
        _ => panic!("{statuses:?}"),
    });
}

#[test]
fn a_blob_that_is_deleted_while_it_is_put_or_mounted_is_there_whole_or_not_at_all() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let digest = push_blob(&store, "a", b"hel");
    push_blob(&store, "b", b"hel");
    let path = format!("/v2/a/blobs/{digest}");
    let mount = format!("/v2/a/blobs/uploads/?mount={digest}&from=b");
    for put in [closing(&location, b"hel"), asked("POST", &mount)] {
        race(&store, &[put, asked("DELETE", &path)], |store, statuses| {
            assert_eq!(statuses, [201, 202]);
            assert!([200, 404].contains(&crate::content::status(store, &path)));
        });
    }
}

#[test]
fn what_an_end_leaves_behind_is_deleted_beside_whoever_comes_later() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let (_, id) = location.rsplit_once('/').unwrap();
    let id = id.split('?').next().unwrap();
    let ended = |end: Asked| Asked {
        is_answered: true,
        ..end
    };
    // Where the blob is that upload's, and where its bytes are nobody's.
    for known in [false, true] {
        if known {
            push_blob(&store, "b", b"hel");
        }
        let end = || ended(closing(&location, b"hel"));
        let path = format!("/v2/a/blobs/{}", sha256(b"hel"));
        let blob_is_there = |store: &MemoryStore| {
            assert_eq!(get(store, &path).bytes, b"hel");
            assert_eq!(crate::content::status(store, &location), 404);
        };
        for late in [
            chunk(&location, "3-4", b"lo"),
            Asked {
                streams: true,
                range: None,
                ..chunk(&location, "", b"lo")
            },
            asked("DELETE", &location),
            Asked {
                body: Some(b"lo"),
                ..closing(&location, b"hello")
            },
            asked("GET", &location),
        ] {
            race(&store, &[end(), late], |store, statuses| {
                assert_eq!(statuses, [201, 404]);
                blob_is_there(store);
            });
        }
        let again = || closing(&location, b"hel");
        race(&store, &[end(), again()], |store, statuses| {
            // What had been there before says nothing of who brought it, so it is too late once the upload is gone.
            let late = if known { 404 } else { 201 };
            assert!([[201, 201], [201, late]].contains(&[statuses[0], statuses[1]]));
            blob_is_there(store);
        });
        race(&store, &[end(), asked("EXPIRE", id)], |store, statuses| {
            assert_eq!(statuses[0], 201);
            blob_is_there(store);
        });
    }
}

#[test]
fn what_a_cancellation_leaves_behind_is_deleted_beside_whoever_comes_later() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let end = || Asked {
        is_answered: true,
        ..asked("DELETE", &location)
    };
    for late in [
        chunk(&location, "3-4", b"lo"),
        asked("DELETE", &location),
        closing(&location, b"hel"),
        Asked {
            body: Some(b"lo"),
            ..closing(&location, b"hello")
        },
    ] {
        let has_body = late.body.is_some();
        race(&store, &[end(), late], |store, statuses| {
            assert_eq!(statuses, [204, 404]);
            assert_eq!(crate::content::status(store, &location), 404);
            // What came too late is nobody's, and is collected.
            assert!(store.keys("segments/").len() <= usize::from(has_body));
        });
    }
}

#[test]
fn two_who_delete_what_one_upload_left_leave_nothing_of_it() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let end = || Asked {
        is_answered: true,
        ..closing(&location, b"hel")
    };
    race(&store, &[end(), end()], |store, statuses| {
        assert_eq!(statuses, [201, 201]);
        assert_eq!(store.keys("uploads/"), [""; 0]);
        assert_eq!(store.keys("segments/").len(), 1);
    });
}

#[test]
fn three_at_once_leave_nothing_that_dangles() {
    let store = MemoryStore::new();
    let location = begun(&store);
    let all = [
        chunk(&location, "3-4", b"lo"),
        closing(&location, b"hel"),
        asked("DELETE", &location),
    ];
    store.advance(5000);
    let tried = switching(2, |choose| {
        let (store, statuses) = at_once(&store, &all, choose);
        sound(&store);
        // Of the end and the cancellation one is done. The chunk may have come before either, and not have been told in time.
        let [chunk, end, cancelled] = statuses[..] else {
            unreachable!();
        };
        assert_ne!(end == 201, cancelled == 204, "{statuses:?}");
        assert!(end != 201 || chunk == 404, "{statuses:?}");
        assert!([202, 404].contains(&chunk), "{statuses:?}");
        assert!([201, 400, 404].contains(&end), "{statuses:?}");
        assert_eq!(crate::content::status(&store, &location), 404);
    });
    assert!(tried > 100, "{tried}");
}
