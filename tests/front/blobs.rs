//! Blobs: reading them, whole and in part, and taking them out of a repository (end-2, end-10).

use crate::ask::ask;
use crate::content::{delete, get, push_blob, sha256, status};
use crate::pushing::{begin, close, patch};
use crate::store::MemoryStore;

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn a_blob_is_read_as_it_was_put_and_says_what_it_is() {
    let store = MemoryStore::new();
    for bytes in [&b"hello"[..], b"", b"{}"] {
        let digest = push_blob(&store, "a/b", bytes);
        let path = format!("/v2/a/b/blobs/{digest}");
        for method in ["GET", "HEAD"] {
            let answer = ask(&store, method, &path, &[], None);
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-length"), bytes.len().to_string());
            assert_eq!(answer.header("docker-content-digest"), digest);
            assert_eq!(answer.header("etag"), format!("\"{digest}\""));
            assert_eq!(answer.header("accept-ranges"), "bytes");
            assert_eq!(answer.header("content-type"), "application/octet-stream");
            let expected = if method == "GET" { bytes } else { b"" };
            assert_eq!(answer.bytes, expected);
            let etag = format!("\"{digest}\"");
            let unchanged = ask(&store, method, &path, &[("if-none-match", &etag)], None);
            assert_eq!((unchanged.status, unchanged.bytes.len()), (304, 0));
        }
    }
}

#[test]
fn a_blob_is_in_the_repository_that_it_was_put_into_and_no_other() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"hello");
    let absent = get(&store, &format!("/v2/b/blobs/{digest}"));
    assert_eq!(
        (absent.status, absent.code().as_str()),
        (404, "BLOB_UNKNOWN")
    );
    push_blob(&store, "b", b"hello");
    assert_eq!(delete(&store, &format!("/v2/a/blobs/{digest}")), 202);
    assert_eq!(status(&store, &format!("/v2/a/blobs/{digest}")), 404);
    assert_eq!(delete(&store, &format!("/v2/a/blobs/{digest}")), 404);
    assert_eq!(status(&store, &format!("/v2/b/blobs/{digest}")), 200);
    push_blob(&store, "a", b"hello");
    assert_eq!(
        get(&store, &format!("/v2/a/blobs/{digest}")).bytes,
        b"hello"
    );
}

#[test]
fn a_part_is_read_where_it_is_asked_for() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"0123456789");
    let path = format!("/v2/a/blobs/{digest}");
    for (range, part, stated) in [
        ("bytes=0-0", &b"0"[..], "bytes 0-0/10"),
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
    ] {
        let answer = ask(&store, "GET", &path, &[("range", range)], None);
        assert_eq!((answer.status, answer.bytes.as_slice()), (206, part));
        assert_eq!(answer.header("content-range"), stated);
        let other = [("range", range), ("if-range", "\"other\"")];
        assert_eq!(ask(&store, "GET", &path, &other, None).status, 200);
    }
    let past = ask(&store, "GET", &path, &[("range", "bytes=10-")], None);
    assert_eq!(past.status, 416);
    assert_eq!(past.header("content-range"), "bytes */10");
}

#[test]
fn whoever_is_told_that_a_blob_is_there_has_half_the_grace_period() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"hello");
    let path = format!("/v2/a/blobs/{digest}");
    let records = [
        format!("blobs/{}", digest.replace(':', "/")),
        format!("repositories/a:blobs/{}", digest.replace(':', "/")),
    ];
    let read = || records.clone().map(|key| store.bytes(&key).unwrap());
    let before = read();
    store.advance(DAY / 2);
    ask(&store, "HEAD", &path, &[], None);
    assert_eq!(read(), before, "not yet");
    store.advance(1);
    get(&store, &path);
    assert_eq!(read(), before, "who has read it needs it no more");
    ask(&store, "HEAD", &path, &[], None);
    let after = read();
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
    ask(&store, "HEAD", &path, &[], None);
    assert_eq!(read(), after);
}

#[test]
fn a_blob_of_which_the_collector_is_about_to_take_the_bytes_is_brought_back() {
    let store = MemoryStore::new();
    let digest = push_blob(&store, "a", b"hello");
    let key = format!("blobs/{}", digest.replace(':', "/"));
    let live = String::from_utf8(store.bytes(&key).unwrap()).unwrap();
    store.advance(DAY);
    store.set(&key, format!("{live}condemned 1\n").as_bytes());
    store.advance(5000);
    push_blob(&store, "b", b"hello");
    let record = String::from_utf8(store.bytes(&key).unwrap()).unwrap();
    assert!(!record.contains("condemned"), "{record}");
    assert_eq!(
        store.keys("segments/").len(),
        1,
        "its own bytes are dropped"
    );
    assert_eq!(
        get(&store, &format!("/v2/b/blobs/{digest}")).bytes,
        b"hello"
    );
}

#[test]
fn what_a_blob_does_not_have_is_refused() {
    let store = MemoryStore::new();
    let path = format!("/v2/a/blobs/{}", sha256(b"x"));
    for method in ["POST", "PUT", "PATCH"] {
        let answer = ask(&store, method, &path, &[], None);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, "GET, HEAD, DELETE")
        );
    }
}

#[test]
fn where_the_store_gives_urls_a_blob_of_one_segment_is_read_from_there() {
    let store = MemoryStore::new().presigning("https://store.example/");
    let digest = push_blob(&store, "a", b"hello");
    let path = format!("/v2/a/blobs/{digest}");
    for fields in [&[][..], &[("range", "bytes=1-2")]] {
        let answer = ask(&store, "GET", &path, fields, None);
        assert_eq!(answer.status, 307);
        let location = answer.header("location");
        assert!(
            location.starts_with("https://store.example/segments/"),
            "{location}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("docker-content-digest"), digest);
    }
    assert_eq!(ask(&store, "HEAD", &path, &[], None).status, 200);
    assert_eq!(status(&store, &path.replace("/a/", "/b/")), 404);
    let empty = push_blob(&store, "a", b"");
    assert_eq!(status(&store, &format!("/v2/a/blobs/{empty}")), 200);
    let location = begin(&store, "");
    let location = patch(&store, &location, 0, b"hel")
        .header("location")
        .to_owned();
    let put = close(&store, &location, &sha256(b"helmet"), Some(b"met"));
    assert_eq!(get(&store, put.header("location")).bytes, b"helmet");
}

#[test]
fn a_url_of_the_store_that_would_be_more_headers_is_none() {
    for beginning in [
        "https://store.example/\nset-cookie:a=b\nx:",
        "https://store.example/€/",
    ] {
        let store = MemoryStore::new().presigning(beginning);
        let digest = push_blob(&store, "a", b"hello");
        let answer = get(&store, &format!("/v2/a/blobs/{digest}"));
        assert_eq!((answer.status, answer.code().as_str()), (503, "UNKNOWN"));
        assert_eq!(
            (answer.header("location"), answer.header("set-cookie")),
            ("", "")
        );
    }
}

#[test]
fn what_is_damaged_of_a_blob_is_put_right_by_whoever_pushes_it_again() {
    let digest = sha256(b"hello");
    let keys = ["blobs/", "repositories/a:blobs/"];
    let path = format!("/v2/a/blobs/{digest}");
    // The last is a link, which is no blob.
    for damage in [&b"damaged"[..], &[0; 2 << 20], b"leased 1\n"] {
        for key in keys {
            for at_once in [true, false] {
                let store = MemoryStore::new();
                push_blob(&store, "a", b"hello");
                store.set(&format!("{key}{}", digest.replace(':', "/")), damage);
                store.advance(5000);
                if at_once {
                    push_blob(&store, "a", b"hello");
                } else {
                    let location = patch(&store, &begin(&store, ""), 0, b"hello");
                    let location = location.header("location");
                    assert_eq!(close(&store, location, &digest, None).status, 201);
                }
                assert_eq!(get(&store, &path).bytes, b"hello", "{key} {damage:?}");
            }
        }
    }
}
