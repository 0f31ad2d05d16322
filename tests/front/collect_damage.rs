//! Collections that meet what the registry did not put there as it is: they go on, take nothing that it might need, and say so.

use pierhead::Kind;

use crate::collecting::{DAY, collect, collect_old, intact, live, mixed, options, under, untagged};
use crate::content::{image, push, push_blob, sha256, status, subject};
use crate::pushing::{begin, close, patch};
use crate::store::{Fault, MemoryStore};

/// The size of the largest manifest that is taken.
const MANIFEST_BYTES: usize = 4 << 20;

/// What is no record: short, and larger than any.
fn damages() -> [Vec<u8>; 2] {
    [b"damaged".to_vec(), vec![b'\n'; 5 << 20]]
}

/// The key of the last object that begins so.
fn last(store: &MemoryStore, prefix: &str) -> String {
    store.keys(prefix).pop().unwrap()
}

#[test]
fn what_is_damaged_has_nothing_go_that_it_might_need() {
    for damage in damages() {
        let (store, _, _) = mixed();
        store.set(&last(&store, "repositories/a:manifests/"), &damage);
        store.set(&last(&store, "blobs/"), &damage);
        let segments = store.keys("segments/").len();
        let report = collect_old(&store, &untagged());
        assert_eq!(report.manifests, 0, "it may be an index of all others");
        assert_eq!(report.links, 1, "that of the other repository");
        assert_eq!(report.damaged, 2);
        // But for those of the upload.
        assert_eq!(store.keys("segments/").len(), segments - 1);
    }
}

#[test]
fn a_manifest_larger_than_is_taken_is_damaged_though_its_line_is_right() {
    let (store, _, _) = mixed();
    let key = last(&store, "repositories/a:manifests/");
    let record = String::from_utf8(store.bytes(&key).unwrap()).unwrap();
    let (line, manifest) = record.split_once('\n').unwrap();
    let (before, rest) = line.split_once("\"size\":").unwrap();
    let (_, after) = rest.split_once(',').unwrap();
    for (size, damaged) in [(MANIFEST_BYTES, 0), (MANIFEST_BYTES + 1, 1)] {
        let store = store.copied();
        let line = format!("{before}\"size\":{size},{after}\n");
        let rest = " ".repeat(size - manifest.len());
        store.set(&key, format!("{line}{manifest}{rest}").as_bytes());
        let report = collect_old(&store, &options());
        assert_eq!(report.damaged, damaged, "{size}");
    }
}

#[test]
fn a_link_that_cannot_be_read_stays_with_its_blob() {
    for damage in damages() {
        let (store, _, _) = mixed();
        let digest = sha256(b"alone");
        let link = last(&store, "repositories/b:blobs/");
        store.set(&link, &damage);
        for _ in 0..3 {
            assert_eq!(collect_old(&store, &options()).damaged, 1);
        }
        assert_eq!(status(&store, &format!("/v2/b/blobs/{digest}")), 500);
        assert_eq!(store.bytes(&link), Some(damage));
        let blob = format!("blobs/{}", digest.replace(':', "/"));
        assert!(store.bytes(&blob).is_some_and(|bytes| !bytes.is_empty()));
        // Those of two images, and these.
        assert_eq!(store.keys("segments/").len(), 4);
    }
}

#[test]
fn a_blob_whose_record_cannot_be_read_keeps_all_bytes_that_may_be_its() {
    let link = b"leased 1\n".to_vec();
    for damage in damages().into_iter().chain([link]) {
        let store = MemoryStore::new();
        let digest = push_blob(&store, "a", b"bytes");
        let key = last(&store, "blobs/");
        store.set(&key, &damage);
        assert!([404, 500].contains(&status(&store, &format!("/v2/a/blobs/{digest}"))));
        for _ in 0..3 {
            let report = collect_old(&store, &options());
            assert_eq!((report.damaged, report.segments), (1, 0));
        }
        assert_eq!(store.bytes(&key), Some(damage));
    }
}

#[test]
fn a_tag_that_cannot_be_read_keeps_all_manifests() {
    for damage in damages() {
        let (store, kept, loose) = mixed();
        store.set("repositories/a:tags/latest", &damage);
        for options in [options(), untagged()] {
            let report = collect_old(&store, &options);
            assert_eq!((report.damaged, report.manifests), (1, 0));
        }
        for manifest in [kept, loose] {
            intact(&store, "a", &sha256(manifest.as_bytes()), &manifest, &[]);
        }
        // What it names does not matter to whether it is old.
        let days = under(|policy| policy.keep_days = Some(1));
        assert_eq!(collect_old(&store, &days).tags, 1);
        assert_eq!(collect_old(&store, &untagged()).manifests, 2);
    }
}

#[test]
fn the_hints_of_a_manifest_that_cannot_be_read_stay() {
    for damage in damages() {
        let store = MemoryStore::new();
        let base = image(&store, "a", b"base", "");
        push(&store, "a", "base", &base);
        let signature = image(&store, "a", b"signature", &subject(&base));
        let digest = push(&store, "a", "signed", &signature);
        let hints = || {
            let mut keys = live(&store);
            keys.retain(|key| !key.contains(":manifests/"));
            keys
        };
        let before = hints();
        let key = format!("repositories/a:manifests/{}", digest.replace(':', "/"));
        store.set(&key, &damage);
        assert_eq!(collect_old(&store, &untagged()).damaged, 1);
        assert_eq!(hints(), before);
    }
}

#[test]
fn an_upload_that_cannot_be_read_stays_and_others_go() {
    for damage in damages() {
        for place in ["at/0000000000000000", "at/none", "start"] {
            let store = MemoryStore::new();
            let mut ids = Vec::new();
            for _ in 0..3 {
                let location = begin(&store, "");
                if place != "start" {
                    patch(&store, &location, 0, b"hello");
                }
                ids.push(location.rsplit_once('/').unwrap().1.to_owned());
            }
            store.set(&format!("uploads/{}/{place}", ids[1]), &damage);
            let damaged = store.keys(&format!("segments/{}", ids[1]));
            for _ in 0..2 {
                let report = collect_old(&store, &options());
                assert_eq!(report.damaged, 1, "{place}");
            }
            assert_eq!(store.keys("segments/"), damaged);
            let mut left: Vec<_> = store.keys("uploads/");
            left.retain(|key| !key.contains(&ids[1]));
            assert_eq!(left, [""; 0]);
        }
    }
}

#[test]
fn a_closed_upload_stays_where_nobody_can_say_whose_its_bytes_are() {
    for damage in damages() {
        let store = MemoryStore::new();
        let location = begin(&store, "");
        patch(&store, &location, 0, b"hello");
        store.fail(|_, operation| {
            let is_blob = operation.name == "put" && operation.key.starts_with("blobs/");
            is_blob.then_some(Fault::Before(Kind::StoreUnavailable))
        });
        let digest = sha256(b"hello");
        assert_eq!(close(&store, &location, &digest, None).status, 503);
        store.heal();
        let blob = format!("blobs/{}", digest.replace(':', "/"));
        store.set(&blob, &damage);
        let before = live(&store);
        assert_eq!(collect_old(&store, &options()).damaged, 1);
        assert_eq!(live(&store), before);
        // Without the record they are nobody's.
        store.set(&blob, b"");
        let report = collect_old(&store, &options());
        assert_eq!((report.damaged, report.uploads, report.segments), (0, 1, 1));
    }
}

#[test]
fn where_a_run_stands_is_forgotten_if_it_cannot_be_read() {
    // Larger than a state can be.
    let large = vec![b'\n'; 33 << 20];
    for damage in damages().into_iter().chain([large, Vec::new()]) {
        let (store, _, _) = mixed();
        let mut first = options();
        first.pages = 1;
        store.advance(3 * DAY);
        assert!(!collect(&store, &first).done);
        let state = last(&store, "gc/");
        store.set(&state, &damage);
        let report = collect(&store, &options());
        assert!(report.done && !report.busy, "{report:?}");
        assert_eq!((report.repositories, report.links), (2, 2));
        assert!(!store.keys("gc/").contains(&state));
    }
}
