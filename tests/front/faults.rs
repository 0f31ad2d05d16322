//! The store fails at every single thing that it is asked to do, in turn.

use pierhead::Kind;

use crate::ask::{Answer, ask};
use crate::content::{
    IMAGE, INDEX, delete, descriptor, get, image, index, list, push, put_if, sha256, status,
    subject,
};
use crate::store::{Fault, MemoryStore};

/// Something that is asked of the registry.
struct Flow {
    name: &'static str,
    method: &'static str,
    path: String,
    body: Option<String>,
    /// What has to be there for it to be done.
    condition: Option<(&'static str, String)>,
    /// What it is answered when nothing fails.
    status: u16,
    /// And when it is asked once more after it was done.
    again: u16,
}

impl Flow {
    fn run(&self, store: &MemoryStore) -> Answer {
        let is_index = self
            .body
            .as_ref()
            .is_some_and(|body| body.contains("\"manifests\""));
        let media_type = if is_index { INDEX } else { IMAGE };
        let body = self.body.as_deref().map(str::as_bytes);
        let mut fields = vec![("content-type", media_type)];
        if let Some((name, value)) = &self.condition {
            fields.push((name, value));
        }
        ask(store, self.method, &self.path, &fields, body)
    }
}

/// A registry with a bit of everything, and what is asked of it.
fn flows() -> (MemoryStore, Vec<Flow>) {
    let store = MemoryStore::new();
    let base = image(&store, "a", b"base", "");
    let signature = image(&store, "a", b"signature", &subject(&base));
    let new = image(&store, "a", b"new", &subject(&base));
    let parent = index(&[descriptor(IMAGE, base.as_bytes())], "");
    push(&store, "a", "base", &base);
    push(&store, "a", "other", &base);
    push(&store, "a", "signature", &signature);
    // Leases are old, so that they are renewed.
    store.advance(24 * 60 * 60 * 1000);
    let flow = |name, method, path: String, body: Option<&String>, status, again| Flow {
        name,
        method,
        path: format!("/v2/a/{path}"),
        body: body.cloned(),
        condition: None,
        status,
        again,
    };
    let signed = format!("manifests/{}", sha256(signature.as_bytes()));
    let by_digest = format!("manifests/{}", sha256(base.as_bytes()));
    let two = format!("manifests/{}?tag=new&tag=other", sha256(new.as_bytes()));
    let referrers = format!("referrers/{}", sha256(base.as_bytes()));
    let flows = vec![
        flow(
            "put by tag",
            "PUT",
            "manifests/new".into(),
            Some(&new),
            201,
            201,
        ),
        flow(
            "put over a tag",
            "PUT",
            "manifests/base".into(),
            Some(&new),
            201,
            201,
        ),
        flow(
            "put again",
            "PUT",
            "manifests/signature".into(),
            Some(&signature),
            201,
            201,
        ),
        flow("put with tags", "PUT", two, Some(&new), 201, 201),
        flow(
            "put index",
            "PUT",
            "manifests/index".into(),
            Some(&parent),
            201,
            201,
        ),
        flow("get by tag", "GET", "manifests/base".into(), None, 200, 200),
        flow("get by digest", "GET", by_digest.clone(), None, 200, 200),
        flow("head", "HEAD", by_digest.clone(), None, 200, 200),
        flow(
            "delete by tag",
            "DELETE",
            "manifests/other".into(),
            None,
            202,
            404,
        ),
        flow("delete by digest", "DELETE", by_digest, None, 202, 404),
        flow("delete referrer", "DELETE", signed, None, 202, 404),
        flow("tags", "GET", "tags/list".into(), None, 200, 200),
        flow("referrers", "GET", referrers, None, 200, 200),
        flow("catalog", "GET", "../_catalog".into(), None, 200, 200),
    ];
    let mut flows = flows;
    if let Some(catalog) = flows.last_mut() {
        catalog.path = "/v2/_catalog".into();
    }
    let on = |name, value: &str, flow: Flow| Flow {
        condition: Some((name, value.to_owned())),
        ..flow
    };
    let base_tag = format!("\"{}\"", sha256(base.as_bytes()));
    let at_other = || "manifests/other".to_owned();
    let at_new = || "manifests/new".to_owned();
    let by_digest = format!("manifests/{}", sha256(base.as_bytes()));
    flows.extend([
        on(
            "if-match",
            &base_tag,
            flow(
                "put over what is known",
                "PUT",
                at_other(),
                Some(&new),
                201,
                412,
            ),
        ),
        on(
            "if-none-match",
            "*",
            flow(
                "put where nothing is",
                "PUT",
                at_new(),
                Some(&new),
                201,
                412,
            ),
        ),
        on(
            "if-match",
            &base_tag,
            flow("delete what is known", "DELETE", at_other(), None, 202, 412),
        ),
        on(
            "if-match",
            &base_tag,
            flow(
                "delete by digest what is known",
                "DELETE",
                by_digest,
                None,
                202,
                404,
            ),
        ),
        on(
            "if-none-match",
            &base_tag,
            flow("get what is known", "GET", at_other(), None, 304, 304),
        ),
        flow("head by tag", "HEAD", at_other(), None, 200, 200),
    ]);
    let referrers = format!("referrers/{}?n=1&artifactType=x", sha256(base.as_bytes()));
    flows.push(flow("page of referrers", "GET", referrers, None, 200, 200));
    (store, flows)
}

/// A failure says what it is, and when to ask again.
fn typed(answer: &Answer, context: &str, is_head: bool) {
    assert!(
        [429, 503].contains(&answer.status),
        "{context}: {}",
        answer.status
    );
    assert_eq!(answer.header("retry-after"), "1", "{context}");
    if !is_head {
        let code = if answer.status == 429 {
            "TOOMANYREQUESTS"
        } else {
            "UNKNOWN"
        };
        assert_eq!(answer.code(), code, "{context}");
    }
}

#[test]
fn whatever_fails_is_told_and_done_when_it_is_asked_again() {
    let (beginning, flows) = flows();
    let faults = [
        Fault::Before(Kind::StoreUnavailable),
        Fault::After(Kind::StoreUnavailable),
        Fault::Before(Kind::StoreBusy),
        Fault::Broken,
    ];
    for flow in &flows {
        let healthy = beginning.copied();
        assert_eq!(flow.run(&healthy).status, flow.status, "{}", flow.name);
        let operations = healthy.operations();
        let mut failures = 0;
        for (at, operation) in operations.iter().enumerate() {
            for fault in faults {
                let context = format!("{}: {:?} at {:?}", flow.name, fault, operation);
                let store = beginning.copied();
                store.fail(move |number, _| (number == at).then_some(fault));
                let answer = flow.run(&store);
                store.heal();
                store.advance(5000);
                if answer.status == flow.status {
                    // What is busy is asked again, and an object that is read needs not be read to its end.
                    assert_ne!(fault, Fault::Before(Kind::StoreUnavailable), "{context}");
                } else {
                    failures += 1;
                    typed(&answer, &context, flow.method == "HEAD");
                }
                whole(&store, &context);
                let again = flow.run(&store);
                let done = answer.status == flow.status;
                assert!(
                    again.status == flow.again || !done && again.status == flow.status,
                    "{context}: {}",
                    again.status
                );
                assert_eq!(contents(&store), contents(&healthy), "{context}");
            }
        }
        assert!(failures > 0, "{}", flow.name);
    }
}

/// What was put and acknowledged, and not asked to be deleted or moved, is there.
fn whole(store: &MemoryStore, context: &str) {
    for tag in ["base", "signature"] {
        let answer = get(store, &format!("/v2/a/manifests/{tag}"));
        assert!(
            [200, 404].contains(&answer.status),
            "{context}: {}",
            answer.status
        );
        if answer.status == 404 {
            assert!(context.starts_with("delete"), "{context}: {tag} is lost");
        }
    }
}

/// All that a client can see of a registry.
fn contents(store: &MemoryStore) -> Vec<(String, String)> {
    let mut contents = Vec::new();
    for tag in list(store, "/v2/a/tags/list", "tags").0 {
        let answer = get(store, &format!("/v2/a/manifests/{tag}"));
        assert_eq!(answer.status, 200, "{tag} dangles");
        contents.push((tag, answer.text()));
    }
    for key in store.keys("repositories/a:manifests/") {
        let path = key.replace("repositories/a:manifests/sha256/", "");
        let answer = get(store, &format!("/v2/a/manifests/sha256:{path}"));
        contents.push((path.clone(), answer.text()));
        let referrers = get(store, &format!("/v2/a/referrers/sha256:{path}"));
        contents.push((path, referrers.text()));
    }
    contents.push(("catalog".into(), get(store, "/v2/_catalog").text()));
    contents
}

#[test]
fn a_store_that_is_busy_all_the_time_is_asked_no_more_after_a_while() {
    let (beginning, flows) = flows();
    for flow in &flows {
        let store = beginning.copied();
        store.fail(|_, operation| {
            (operation.name == "put").then_some(Fault::Before(Kind::StoreBusy))
        });
        let answer = flow.run(&store);
        if answer.status != flow.status {
            assert_eq!(answer.status, 429, "{}", flow.name);
            typed(&answer, flow.name, flow.method == "HEAD");
        }
        assert!(store.operations().len() < 40, "{}", flow.name);
    }
}

#[test]
fn others_who_are_always_faster_are_not_raced_for_ever() {
    let (beginning, flows) = flows();
    for flow in flows.iter().filter(|flow| flow.method != "GET") {
        let store = beginning.copied();
        let other = store.clone();
        let mut number = 0;
        store.fail(move |_, operation| {
            // Whoever reads a record finds it replaced when writing it.
            if operation.name == "put"
                && let Some(bytes) = other.bytes(&operation.key)
            {
                number += 1;
                let text = String::from_utf8(bytes).unwrap();
                let text = text.replace("nonce ", &format!("nonce {number}"));
                let text = text.replace("\"leased\":1", &format!("\"leased\":1{:02}", number % 90));
                other.set(&operation.key, text.as_bytes());
            }
            None
        });
        let answer = flow.run(&store);
        assert!(
            [flow.status, 429].contains(&answer.status),
            "{}: {}",
            flow.name,
            answer.status
        );
        assert!(store.operations().len() < 400, "{}", flow.name);
    }
}

#[test]
fn what_is_damaged_is_not_served_and_is_put_right_by_whoever_puts_it_again() {
    let (beginning, _) = flows();
    let manifest = image(&beginning, "a", b"base", "");
    let digest = sha256(manifest.as_bytes());
    let key = format!("repositories/a:manifests/{}", digest.replace(':', "/"));
    let stored = beginning.bytes(&key).unwrap();
    let mut flipped = stored.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let damages = [
        stored[..stored.len() - 1].to_vec(),
        [&stored[..], b" "].concat(),
        flipped,
        b"{}\n".to_vec(),
        b"no line".to_vec(),
        vec![0; 10_000],
        stored[10..].to_vec(),
    ];
    for (number, damaged) in damages.iter().enumerate() {
        let store = beginning.copied();
        store.set(&key, damaged);
        store.advance(5000);
        for reference in ["base", &digest] {
            let answer = get(&store, &format!("/v2/a/manifests/{reference}"));
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (500, "UNKNOWN"),
                "{number}"
            );
        }
        // The tag is there all the same, to be deleted or to be put on that condition.
        let copy = store.copied();
        assert_eq!(delete(&copy, "/v2/a/manifests/base"), 202);
        assert_eq!(status(&copy, "/v2/a/manifests/base"), 404);
        let copy = store.copied();
        let unless_there = [("if-none-match", "*")];
        let other = image(&copy, "a", b"other", "");
        let refused = put_if(&copy, "a", "base", &other, &unless_there);
        assert_eq!(refused.status, 412);
        push(&store, "a", "base", &manifest);
        store.advance(5000);
        assert_eq!(get(&store, "/v2/a/manifests/base").text(), manifest);
        store.set(&key, damaged);
        store.advance(5000);
        assert_eq!(delete(&store, &format!("/v2/a/manifests/{digest}")), 202);
        assert_eq!(status(&store, "/v2/a/manifests/base"), 404);
    }
}

#[test]
fn what_is_damaged_is_put_right_even_where_no_lease_is_to_be_renewed() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = push(&store, "a", "v1", &manifest);
    let key = format!("repositories/a:manifests/{}", digest.replace(':', "/"));
    let mut stored = store.bytes(&key).unwrap();
    *stored.last_mut().unwrap() ^= 1;
    store.set(&key, &stored);
    store.advance(5000);
    assert_eq!(status(&store, "/v2/a/manifests/v1"), 500);
    push(&store, "a", "v1", &manifest);
    assert_eq!(get(&store, "/v2/a/manifests/v1").text(), manifest);
}

#[test]
fn a_damaged_tag_names_nothing_and_can_be_put_anew() {
    let (store, _) = flows();
    let manifest = image(&store, "a", b"base", "");
    for damaged in ["x", "{}", "digest x\ninstance y\n"] {
        store.set("repositories/a:tags/base", damaged.as_bytes());
        store.advance(5000);
        assert_eq!(status(&store, "/v2/a/manifests/base"), 404);
        push(&store, "a", "base", &manifest);
        assert_eq!(status(&store, "/v2/a/manifests/base"), 200);
    }
}

#[test]
fn a_deletion_that_broke_off_brings_nothing_back_with_what_is_put_again() {
    let (store, _) = flows();
    let base = image(&store, "a", b"base", "");
    let signature = image(&store, "a", b"signature", &subject(&base));
    let digest = sha256(signature.as_bytes());
    let path = format!("/v2/a/manifests/{digest}");
    let referrers = format!("/v2/a/referrers/{}", sha256(base.as_bytes()));
    store.operations();
    // Its record is emptied, and nothing more.
    store.fail(|number, _| (number > 1).then_some(Fault::Before(Kind::StoreUnavailable)));
    assert_eq!(delete(&store, &path), 503);
    store.heal();
    store.advance(5000);
    assert_eq!(status(&store, &path), 404);
    assert_eq!(status(&store, "/v2/a/manifests/signature"), 404);
    assert_eq!(
        get(&store, &referrers).json()["manifests"],
        serde_json::json!([])
    );
    push(&store, "a", &digest, &signature);
    assert_eq!(status(&store, &path), 200);
    assert_eq!(status(&store, "/v2/a/manifests/signature"), 404);
    let listed = get(&store, &referrers).json()["manifests"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    // Whoever deletes it next tidies up after both.
    store.advance(5000);
    assert_eq!(delete(&store, &path), 202);
    assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, ["base", "other"]);
}
