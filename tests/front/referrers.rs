//! What refers to a manifest (end-12).

use crate::ask::ask;
use crate::content::{
    IMAGE, INDEX, delete, descriptor, get, image, index, push, put, sha256, status, subject,
};
use crate::store::MemoryStore;

/// The descriptors that are listed, and where the list goes on.
fn referrers(store: &MemoryStore, path: &str) -> (Vec<serde_json::Value>, Option<String>) {
    let answer = get(store, path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), INDEX);
    let body = answer.json();
    assert_eq!(
        (&body["schemaVersion"], &body["mediaType"]),
        (&2.into(), &INDEX.into())
    );
    (body["manifests"].as_array().unwrap().clone(), answer.next())
}

#[test]
fn what_has_a_subject_is_listed_with_its_type_and_annotations() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let path = format!("/v2/a/referrers/{}", sha256(base.as_bytes()));
    assert_eq!(referrers(&store, &path), (Vec::new(), None));
    // The subject need not be there.
    let of = subject(&base);
    let plain = image(&store, "a", b"plain", &of);
    let answer = put(&store, "a", &sha256(plain.as_bytes()), &plain);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("oci-subject"), sha256(base.as_bytes()));
    let typed = image(
        &store,
        "a",
        b"typed",
        &format!(r#","artifactType":"application/vnd.example","annotations":{{"a":"\u00e9"}}{of}"#),
    );
    push(&store, "a", "typed", &typed);
    let list = index(&[], &of);
    push(&store, "a", "list", &list);
    let (found, next) = referrers(&store, &path);
    assert_eq!(next, None);
    for expected in [
        serde_json::json!({"mediaType": IMAGE, "digest": sha256(plain.as_bytes()), "size": plain.len(),
            "artifactType": "application/vnd.oci.image.config.v1+json"}),
        serde_json::json!({"mediaType": IMAGE, "digest": sha256(typed.as_bytes()), "size": typed.len(),
            "artifactType": "application/vnd.example", "annotations": {"a": "é"}}),
        serde_json::json!({"mediaType": INDEX, "digest": sha256(list.as_bytes()), "size": list.len()}),
    ] {
        assert!(found.contains(&expected), "{expected} in {found:?}");
    }
    assert_eq!(found.len(), 3);
    assert_eq!(ask(&store, "HEAD", &path, &[], None).status, 200);
    push(&store, "a", "base", &base);
    assert_eq!(referrers(&store, &path).0.len(), 3);
}

#[test]
fn referrers_are_filtered_by_their_type() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let of = subject(&base);
    push(&store, "a", "one", &image(&store, "a", b"one", &of));
    let signature = format!(r#","artifactType":"application/vnd.signature+json"{of}"#);
    let signature = image(&store, "a", b"two", &signature);
    push(&store, "a", "two", &signature);
    let path = format!("/v2/a/referrers/{}?artifactType=", sha256(base.as_bytes()));
    let filtered = format!("{path}application%2Fvnd.signature%2Bjson");
    let (found, _) = referrers(&store, &filtered);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["digest"], sha256(signature.as_bytes()));
    assert_eq!(
        get(&store, &filtered).header("oci-filters-applied"),
        "artifactType"
    );
    assert_eq!(
        referrers(
            &store,
            &format!("{path}application/vnd.oci.image.config.v1%2Bjson")
        )
        .0
        .len(),
        1
    );
    assert_eq!(
        referrers(&store, &format!("{path}application/vnd.none"))
            .0
            .len(),
        0
    );
    // No type is no filter.
    assert_eq!(referrers(&store, &path).0.len(), 2);
    assert_eq!(get(&store, &path).headers.get("oci-filters-applied"), None);
}

#[test]
fn referrers_come_page_by_page() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let of = subject(&base);
    let mut pushed: Vec<String> = (0..250_u32)
        .map(|number| image(&store, "a", &number.to_be_bytes(), &of))
        .map(|manifest| push(&store, "a", &sha256(manifest.as_bytes()), &manifest))
        .collect();
    pushed.sort();
    for query in [
        "",
        "?n=7",
        "?artifactType=application/vnd.oci.image.config.v1%2Bjson",
    ] {
        let path = format!("/v2/a/referrers/{}{query}", sha256(base.as_bytes()));
        let mut next = Some(path);
        let mut found = Vec::new();
        let mut pages = 0;
        while let Some(path) = next {
            store.operations();
            let (entries, after) = referrers(&store, &path);
            assert!(store.operations().len() <= 101);
            found.extend(
                entries
                    .iter()
                    .map(|entry| entry["digest"].as_str().unwrap().to_owned()),
            );
            next = after;
            pages += 1;
        }
        assert_eq!(found, pushed);
        assert_eq!(pages, if query == "?n=7" { 36 } else { 3 });
    }
}

#[test]
fn a_page_of_referrers_is_no_larger_than_is_read() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let of = subject(&base);
    let text = "x".repeat(700_000);
    for number in 0..6_u8 {
        let annotations = format!(r#","annotations":{{"a":"{text}"}}{of}"#);
        push(
            &store,
            "a",
            &format!("t{number}"),
            &image(&store, "a", &[number], &annotations),
        );
    }
    let mut next = Some(format!("/v2/a/referrers/{}", sha256(base.as_bytes())));
    let mut found = 0;
    while let Some(path) = next {
        let answer = get(&store, &path);
        assert!(answer.bytes.len() < 2_000_000);
        let entries = answer.json()["manifests"].as_array().unwrap().len();
        assert!(entries > 0);
        found += entries;
        next = answer.next();
    }
    assert_eq!(found, 6);
    // Those that are read in vain count, too.
    let mut next = Some(format!(
        "/v2/a/referrers/{}?artifactType=application/vnd.none",
        sha256(base.as_bytes())
    ));
    let mut pages = 0;
    while let Some(path) = next {
        let (entries, after) = referrers(&store, &path);
        assert_eq!(entries.len(), 0);
        next = after;
        pages += 1;
    }
    assert_eq!(pages, 2);
}

#[test]
fn a_deleted_manifest_refers_to_nothing_until_it_is_put_again() {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let signature = image(&store, "a", b"signature", &subject(&base));
    let path = format!("/v2/a/referrers/{}", sha256(base.as_bytes()));
    let digest = push(&store, "a", "signature", &signature);
    assert_eq!(referrers(&store, &path).0.len(), 1);
    assert_eq!(delete(&store, &format!("/v2/a/manifests/{digest}")), 202);
    assert_eq!(referrers(&store, &path).0.len(), 0);
    assert_eq!(store.keys("repositories/a:referrers/"), [""; 0]);
    push(&store, "a", "signature", &signature);
    assert_eq!(referrers(&store, &path).0.len(), 1);
}

#[test]
fn a_subject_may_be_by_any_algorithm_but_must_be_a_digest() {
    let store = MemoryStore::new();
    for digest in ["sha512:00", "sha256", "x"] {
        let answer = get(&store, &format!("/v2/a/referrers/{digest}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "DIGEST_INVALID")
        );
    }
    let of = r#","subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"multihash+base58:Qm","size":1}"#;
    push(&store, "a", "v1", &image(&store, "a", b"layer", of));
    assert_eq!(
        referrers(&store, "/v2/a/referrers/multihash+base58:Qm")
            .0
            .len(),
        1
    );
    assert_eq!(status(&store, "/v2/a/manifests/multihash+base58:Qm"), 404);
}

/// A client that keeps the list itself, under both spellings of the fallback tag ("Referrers Tag Schema"): the tag of release 1.1.1 has
/// the algorithm's whole name, that of the main branch 32 characters of it.
#[test]
fn lists_that_clients_keep_under_fallback_tags_stand_beside_ours() {
    let store = MemoryStore::new();
    let long = format!("{}:{}", "a".repeat(40), "b".repeat(70));
    let tags = [
        format!("{}-{}", "a".repeat(40), "b".repeat(64)),
        format!("{}-{}", "a".repeat(32), "b".repeat(64)),
    ];
    let of = format!(r#","subject":{{"mediaType":"{IMAGE}","digest":"{long}","size":1}}"#);
    let before = image(&store, "a", b"before", &of);
    push(&store, "a", &sha256(before.as_bytes()), &before);
    for (number, tag) in tags.iter().enumerate() {
        let with = image(&store, "a", &[u8::try_from(number).unwrap()], &of);
        push(&store, "a", &sha256(with.as_bytes()), &with);
        let entries = [&before, &with].map(|entry| descriptor(IMAGE, entry.as_bytes()));
        let kept = index(&entries, "");
        push(&store, "a", tag, &kept);
        assert_eq!(get(&store, &format!("/v2/a/manifests/{tag}")).text(), kept);
    }
    assert_eq!(
        referrers(&store, &format!("/v2/a/referrers/{long}"))
            .0
            .len(),
        3
    );
}
