//! Lists of tags (end-8) and of repositories, page by page.

use crate::ask::ask;
use crate::collecting::{collect, options};
use crate::content::{delete, get, image, list, push, subject};
use crate::pushing::{begin, patch};
use crate::store::MemoryStore;

#[test]
fn tags_are_listed_in_their_order_page_by_page() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    for tag in ["b", "a", "_x", "Z", "a.1", "a-1", "10", "9"] {
        push(&store, "a", tag, &manifest);
    }
    let all = ["10", "9", "Z", "_x", "a", "a-1", "a.1", "b"];
    let answer = get(&store, "/v2/a/tags/list");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json()["name"], "a");
    assert_eq!(
        list(&store, "/v2/a/tags/list", "tags"),
        (all.map(str::to_owned).to_vec(), None)
    );
    for size in 1..=9 {
        let mut found = Vec::new();
        let mut next = Some(format!("/v2/a/tags/list?n={size}"));
        while let Some(path) = next {
            let (tags, after) = list(&store, &path, "tags");
            assert!(tags.len() == size || after.is_none(), "{path}");
            assert!(!tags.is_empty(), "{path}");
            found.extend(tags);
            next = after;
        }
        assert_eq!(found, all, "{size}");
    }
}

#[test]
fn a_list_has_a_thousand_names_at_most() {
    let store = MemoryStore::new();
    push(&store, "a", "z", &image(&store, "a", b"layer", ""));
    for number in 0..2500 {
        store.set(&format!("repositories/a:tags/t{number:05}"), &[b' '; 200]);
    }
    for query in ["", "?n=5000"] {
        let mut next = Some(format!("/v2/a/tags/list{query}"));
        let mut counts = Vec::new();
        while let Some(path) = next {
            let (tags, after) = list(&store, &path, "tags");
            counts.push(tags.len());
            next = after;
        }
        assert_eq!(counts, [1000, 1000, 501]);
    }
}

#[test]
fn a_list_begins_behind_what_need_not_exist() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    for tag in ["a", "b", "c"] {
        push(&store, "a", tag, &manifest);
    }
    let tags = |query: &str| list(&store, &format!("/v2/a/tags/list?{query}"), "tags");
    assert_eq!(tags("last=a").0, ["b", "c"]);
    assert_eq!(tags("last=aa").0, ["b", "c"]);
    assert_eq!(tags("last=").0, ["a", "b", "c"]);
    assert_eq!(tags("last=c").0, [""; 0]);
    assert_eq!(tags("last=%2F").0, ["a", "b", "c"]);
    assert_eq!(tags("last=%F0%9F%98%80").0, [""; 0]);
    let long = "b".repeat(4000);
    assert_eq!(tags(&format!("last={long}")).0, ["c"]);
    assert_eq!(tags("n=0"), (Vec::new(), None));
    assert_eq!(
        tags("n=1&last=a"),
        (
            vec!["b".to_owned()],
            Some("/v2/a/tags/list?n=1&last=b".to_owned())
        )
    );
    assert_eq!(tags("n=99999999999999999999999").0, ["a", "b", "c"]);
}

#[test]
fn a_list_that_is_asked_for_wrongly_is_refused() {
    let store = MemoryStore::new();
    for query in [
        "n=",
        "n=-1",
        "n=1.5",
        "n=x",
        "n=1&n=2",
        "last=a&last=b",
        "n=%zz",
        "last=%ff",
    ] {
        for path in ["/v2/a/tags/list", "/v2/_catalog"] {
            let answer = get(&store, &format!("{path}?{query}"));
            assert_eq!(answer.status, 400, "{path}?{query}");
            answer.code();
        }
    }
    let answer = get(&store, "/v2/a/tags/list");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "NAME_UNKNOWN")
    );
    for path in ["/v2/a/tags/list", "/v2/_catalog"] {
        let answer = ask(&store, "POST", path, &[], None);
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}

#[test]
fn a_repository_whose_tags_are_all_deleted_has_none() {
    let store = MemoryStore::new();
    push(&store, "a", "v1", &image(&store, "a", b"layer", ""));
    assert_eq!(delete(&store, "/v2/a/manifests/v1"), 202);
    assert_eq!(list(&store, "/v2/a/tags/list", "tags"), (Vec::new(), None));
}

#[test]
fn what_was_deleted_takes_no_more_than_a_bound_of_work() {
    let store = MemoryStore::new();
    push(&store, "a", "z", &image(&store, "a", b"layer", ""));
    // As deletions leave them, and as earlier versions did.
    let nothing = [format!("nonce {:032x}\n", 1), String::new()];
    for number in 0..10_000 {
        let key = format!("repositories/a:tags/t{number:05}");
        store.set(&key, nothing[number % 2].as_bytes());
    }
    let mut next = Some("/v2/a/tags/list?n=10".to_owned());
    let mut found = Vec::new();
    let mut pages = 0;
    store.operations();
    while let Some(path) = next {
        let (tags, after) = list(&store, &path, "tags");
        assert!(store.operations().len() <= 5);
        found.extend(tags);
        next = after;
        pages += 1;
        assert!(pages < 100);
    }
    assert_eq!(found, ["z"]);
}

#[test]
fn repositories_are_listed_in_their_order_page_by_page() {
    let store = MemoryStore::new();
    assert_eq!(
        list(&store, "/v2/_catalog", "repositories"),
        (Vec::new(), None)
    );
    // In the order of bytes.
    let names = [
        "a", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "a0", "a_b", "ab", "b",
    ];
    for name in names.iter().rev() {
        push(&store, name, "v1", &image(&store, name, b"layer", ""));
    }
    let catalog = |query: &str| list(&store, &format!("/v2/_catalog{query}"), "repositories");
    assert_eq!(catalog("").0, names);
    let (page, next) = catalog("?n=4");
    assert_eq!(page, ["a", "a-b", "a.b", "a/b"]);
    assert_eq!(next.as_deref(), Some("/v2/_catalog?n=4&last=a%2Fb"));
    assert_eq!(catalog("?n=1&last=a%2Fb").0, ["a/b-c"]);
    // Behind any text, a name or not, all names that are greater.
    for text in [
        "", "a", "a!", "a b", "a-", "a-b", "a.", "a/", "a/b", "a/b!", "a/b ", "aA", "a:", "a~",
        "A", " ", "!", "b", "é",
    ] {
        let greater: Vec<_> = names.iter().filter(|name| **name > text).collect();
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(
            catalog(&format!("?last={encoded}"))
                .0
                .iter()
                .collect::<Vec<_>>(),
            greater,
            "{text:?}"
        );
    }
}

#[test]
fn no_key_is_a_folder_of_another() {
    let store = MemoryStore::new();
    for name in ["a", "a/b", "a/b/c"] {
        let base = image(&store, name, b"base", "");
        push(&store, name, "v1", &base);
        push(
            &store,
            name,
            "signature",
            &image(&store, name, b"signature", &subject(&base)),
        );
        patch(&store, &begin(&store, ""), 0, b"some");
    }
    collect(&store, &options());
    let keys = store.keys("");
    for kind in [
        "blobs/",
        "catalog/",
        "gc/",
        "repositories/",
        "segments/",
        "uploads/",
    ] {
        assert!(keys.iter().any(|key| key.starts_with(kind)), "{kind}");
    }
    for key in &keys {
        let folder = format!("{key}/");
        assert_eq!(
            keys.iter().find(|other| other.starts_with(&folder)),
            None,
            "{key}"
        );
    }
}
