//! What a collection takes, and what it leaves.

use pierhead::front::CollectReport;

use crate::collecting::{
    DAY, collect, collect_all, collect_old, has_blob, intact, live, mixed, options, under, untagged,
};
use crate::content::{
    IMAGE, INDEX, delete, descriptor, image, index, list, push, push_blob, put, sha256, status,
    subject,
};
use crate::store::MemoryStore;

#[test]
fn what_nothing_uses_goes_and_all_else_stays() {
    let (store, kept, loose) = mixed();
    assert_eq!(collect(&store, &options()).links, 0, "all of it is new");
    let first = collect_old(&store, &options());
    assert_eq!(
        (
            first.repositories,
            first.links,
            first.condemned,
            first.blobs
        ),
        (2, 2, 2, 0)
    );
    assert_eq!((first.uploads, first.segments, first.bytes), (1, 1, 5));
    assert_eq!((first.tags, first.manifests), (0, 0));
    let second = collect_old(&store, &options());
    assert_eq!((second.links, second.condemned, second.blobs), (0, 0, 2));
    assert_eq!((second.segments, second.bytes), (2, 11));
    let before = live(&store);
    let third = collect_old(&store, &options());
    assert_eq!((third.blobs, third.segments, third.links), (0, 0, 0));
    assert_eq!(live(&store), before);
    intact(&store, "a", "latest", &kept, &[b"{}", b"kept"]);
    let loose_digest = sha256(loose.as_bytes());
    intact(&store, "a", &loose_digest, &loose, &[b"{}", b"loose"]);
    assert!(!has_blob(&store, "a", b"unused") && !has_blob(&store, "b", b"alone"));
    assert_eq!(store.keys("uploads/"), [""; 0]);
    assert_eq!(store.keys("segments/").len(), 3);
}

#[test]
fn a_policy_lets_manifests_go_that_no_tag_leads_to() {
    let (store, kept, loose) = mixed();
    let report = collect_old(&store, &untagged());
    assert_eq!((report.manifests, report.links), (1, 3));
    collect_all(&store, &untagged());
    intact(&store, "a", "latest", &kept, &[b"{}", b"kept"]);
    let path = format!("/v2/a/manifests/{}", sha256(loose.as_bytes()));
    assert_eq!(status(&store, &path), 404);
    assert_eq!(store.keys("segments/").len(), 2);
}

#[test]
fn indexes_and_subjects_lead_to_what_is_kept() {
    let store = MemoryStore::new();
    let child = image(&store, "a", b"child", "");
    push(&store, "a", &sha256(child.as_bytes()), &child);
    let list = index(&[descriptor(IMAGE, child.as_bytes())], "");
    push(&store, "a", "list", &list);
    let signature = image(&store, "a", b"signature", &subject(&child));
    push(&store, "a", &sha256(signature.as_bytes()), &signature);
    let countersign = image(&store, "a", b"counter", &subject(&signature));
    push(&store, "a", &sha256(countersign.as_bytes()), &countersign);
    let stray = image(&store, "a", b"stray", &subject("gone"));
    push(&store, "a", &sha256(stray.as_bytes()), &stray);
    collect_all(&store, &untagged());
    for (manifest, layer) in [
        (&child, &b"child"[..]),
        (&signature, b"signature"),
        (&countersign, b"counter"),
    ] {
        let digest = sha256(manifest.as_bytes());
        intact(&store, "a", &digest, manifest, &[b"{}", layer]);
    }
    assert!(!has_blob(&store, "a", b"stray"));
    assert_eq!(delete(&store, "/v2/a/manifests/list"), 202);
    collect_all(&store, &untagged());
    assert_eq!(live(&store), [""; 0]);
}

#[test]
fn referrers_that_refer_to_one_another_end() {
    // A subject need not be there when it is named: an index may list the manifest whose subject it is.
    let store = MemoryStore::new();
    let other = index(&[], "");
    let other_digest = push(&store, "a", &sha256(other.as_bytes()), &other);
    let own = format!(
        r#","subject":{{"mediaType":"{INDEX}","digest":"{other_digest}","size":{}}}"#,
        other.len()
    );
    let list = index(&[descriptor(INDEX, other.as_bytes())], &own);
    push(&store, "a", "list", &list);
    let report = collect_old(&store, &untagged());
    assert_eq!(report.manifests, 0);
    intact(&store, "a", "list", &list, &[]);
    intact(&store, "a", &other_digest, &other, &[]);
    assert_eq!(delete(&store, "/v2/a/manifests/list"), 202);
    assert_eq!(collect_old(&store, &untagged()).manifests, 2);
    assert_eq!(live(&store), [""; 0]);
}

#[test]
fn policies_keep_the_newest_tags_and_those_of_some_days() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    for number in 0..6 {
        push(&store, "a", &format!("v{number}"), &manifest);
        store.advance(DAY);
    }
    let keep = |tags: Option<u32>, days: Option<u32>| {
        let store = store.copied();
        let options = under(|policy| {
            policy.keep_tags = tags;
            policy.keep_days = days;
        });
        let report = collect(&store, &options);
        assert!(report.done);
        let left = list(&store, "/v2/a/tags/list", "tags").0;
        assert_eq!(report.tags as usize, 6 - left.len());
        left.concat()
    };
    assert_eq!(keep(Some(2), None), "v4v5");
    assert_eq!(keep(None, Some(3)), "v3v4v5");
    assert_eq!(keep(Some(2), Some(3)), "v3v4v5");
    assert_eq!(keep(Some(4), Some(3)), "v2v3v4v5");
    assert_eq!(keep(Some(0), None), "");
    assert_eq!(keep(Some(9), None), "v0v1v2v3v4v5");
    assert_eq!(keep(None, None), "v0v1v2v3v4v5");
}

#[test]
fn the_first_policy_that_matches_a_repository_is_its_own() {
    let store = MemoryStore::new();
    for name in ["a", "ci/a"] {
        let manifest = image(&store, name, b"layer", "");
        push(&store, name, "latest", &manifest);
    }
    let mut options = under(|policy| {
        policy.repositories = "ci/**".to_owned();
        policy.keep_days = Some(1);
    });
    options.policies.extend(
        under(|policy| {
            policy.keep_tags = Some(1);
        })
        .policies,
    );
    assert_eq!(collect_old(&store, &options).tags, 1);
    assert_eq!(status(&store, "/v2/a/manifests/latest"), 200);
    assert_eq!(status(&store, "/v2/ci/a/manifests/latest"), 404);
}

#[test]
fn a_dry_run_counts_the_same_and_changes_nothing() {
    let (store, _, _) = mixed();
    let manifest = image(&store, "a", b"third", "");
    push(&store, "a", "old", &manifest);
    store.advance(3 * DAY);
    let newest = image(&store, "a", b"fourth", "");
    push(&store, "a", "new", &newest);
    let mut options = under(|policy| {
        policy.untagged = true;
        policy.keep_tags = Some(1);
    });
    let mut done: Vec<CollectReport> = Vec::new();
    for _ in 0..3 {
        store.advance(3 * DAY);
        options.dry = true;
        let before = live(&store);
        let bytes: Vec<_> = before.iter().map(|key| store.bytes(key)).collect();
        let mut looked = collect(&store, &options);
        assert!(looked.dry && looked.done);
        assert_eq!(live(&store), before);
        let after: Vec<_> = before.iter().map(|key| store.bytes(key)).collect();
        assert_eq!(after, bytes);
        options.dry = false;
        let swept = collect(&store, &options);
        looked.dry = false;
        assert_eq!(looked, swept);
        done.push(swept);
    }
    assert_eq!(
        (done[0].tags, done[0].manifests, done[0].uploads),
        (2, 3, 1)
    );
    assert!(done[0].condemned > 0 && done[1].blobs > 0);
    assert_eq!((done[2].blobs, done[2].condemned, done[2].links), (0, 0, 0));
}

#[test]
fn a_condemned_blob_comes_back_when_somebody_pushes_it() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"blob");
    assert_eq!(collect_old(&store, &options()).condemned, 1);
    assert!(!has_blob(&store, "a", b"blob"));
    push_blob(&store, "b", b"blob");
    assert!(has_blob(&store, "b", b"blob"));
    let manifest = image(&store, "b", b"blob", "");
    push(&store, "b", "latest", &manifest);
    collect_all(&store, &options());
    intact(&store, "b", "latest", &manifest, &[b"{}", b"blob"]);
    assert_eq!(store.keys("segments/").len(), 2);
}

#[test]
fn a_condemned_blob_stays_for_as_long_as_the_options_say() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"blob");
    collect_old(&store, &options());
    store.advance(59 * 60 * 1000);
    assert_eq!(collect(&store, &options()).blobs, 0);
    store.advance(60 * 1000);
    assert_eq!(collect(&store, &options()).blobs, 1);
    assert_eq!(live(&store), [""; 0]);
}

#[test]
fn bytes_that_belong_to_nothing_go_when_they_are_old() {
    let store = MemoryStore::new();
    store.set("segments/u/0000000000000000-0", b"bytes");
    store.advance(DAY - 1);
    assert_eq!(collect(&store, &options()).segments, 0);
    let report = collect_old(&store, &options());
    assert_eq!((report.segments, report.bytes), (1, 5));
    assert_eq!(live(&store), [""; 0]);
}

#[test]
fn what_a_deletion_left_is_tidied_up() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    push(&store, "a", "base", &base);
    let manifest = image(&store, "a", b"layer", &subject(&base));
    let digest = push(&store, "a", "latest", &manifest);
    // The record is emptied, and whoever did it died.
    store.set(
        &format!("repositories/a:manifests/{}", digest.replace(':', "/")),
        b"",
    );
    assert_eq!(store.keys("repositories/a:referrers/").len(), 1);
    let copy = store.copied();
    for key in copy.keys("repositories/a:tagged/") {
        // As if the tag was set after somebody had looked for it.
        if key.ends_with("latest") {
            copy.set(&key, b"");
        }
    }
    for store in [store, copy] {
        assert_eq!(
            list(&store, "/v2/a/tags/list", "tags").0.concat(),
            "baselatest"
        );
        collect(&store, &options());
        assert_eq!(
            list(&store, "/v2/a/tags/list", "tags").0.len(),
            2,
            "it is new"
        );
        collect_old(&store, &options());
        assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["base"]);
        assert_eq!(store.keys("repositories/a:referrers/"), [""; 0]);
        assert_eq!(
            put(&store, "a", "latest", &manifest).status,
            404,
            "its layer is gone"
        );
        intact(&store, "a", "base", &base, &[b"{}", b"base"]);
    }
}

#[test]
fn a_tag_that_is_set_to_what_it_names_counts_from_then() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    for tag in ["again", "once"] {
        push(&store, "a", tag, &manifest);
    }
    let days = under(|policy| policy.keep_days = Some(2));
    let newest = under(|policy| policy.keep_tags = Some(1));
    store.advance(DAY * 3 / 2);
    push(&store, "a", "again", &manifest);
    store.advance(DAY);
    let copy = store.copied();
    for (store, options) in [(store, days), (copy, newest)] {
        assert_eq!(collect(&store, &options).tags, 1);
        assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["again"]);
        intact(&store, "a", "again", &manifest, &[b"{}", b"layer"]);
    }
}

#[test]
fn a_tag_is_not_written_again_within_an_hour() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    push(&store, "a", "latest", &manifest);
    let writes = || {
        store.operations();
        push(&store, "a", "latest", &manifest);
        let operations = store.operations();
        let puts = operations.iter().filter(|one| one.name == "put");
        puts.map(|one| one.key.clone()).collect::<Vec<_>>()
    };
    store.advance(60 * 60 * 1000 - 1);
    assert_eq!(writes(), [""; 0]);
    store.advance(1);
    assert_eq!(writes(), ["repositories/a:tags/latest"]);
    assert_eq!(writes(), [""; 0]);
}
