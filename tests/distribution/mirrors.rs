//! Reads by way of mirrors.

use crate::auth::{BASIC, authorization, bearer, get, guard, password};
use crate::body::drain;
use crate::client::{BASE, MANIFEST, kind, served, sha256};
use crate::memory::{Memory, Reply, block_on};
use pierhead::client::copy::{Place as _, RepositoryPlace};
use pierhead::client::{Client, ClientOptions, ListOptions, ManifestReference, PutManifest};
use pierhead::document::Descriptor;
use pierhead::{Error, Kind};

const ONE: &str = "https://one.example";
const TWO: &str = "http://127.0.0.1:5000";
const PATH: &str = "/v2/a/b/manifests/latest";

fn client(memory: &Memory) -> Client<Memory> {
    let mirrors = [ONE, TWO].iter().map(|mirror| mirror.parse().unwrap());
    let options = ClientOptions::default().with_mirrors(mirrors.collect());
    Client::with_options(memory.clone(), BASE.parse().unwrap(), options).unwrap()
}

fn serve(memory: &Memory, endpoint: &str) {
    memory.reply("GET", &format!("{endpoint}{PATH}"), served(MANIFEST));
}

fn asked(endpoint: &str) -> String {
    let query = if endpoint == BASE {
        ""
    } else {
        "?ns=registry.example"
    };
    format!("GET {endpoint}{PATH}{query}")
}

#[test]
fn mirrors_are_asked_in_order_with_whose_content_is_meant() {
    let memory = Memory::new();
    serve(&memory, ONE);
    get(&client(&memory), "a/b").unwrap();
    assert_eq!(memory.asked(), [asked(ONE)]);
}

#[test]
fn a_mirror_that_does_not_have_it_leads_on_to_the_next_and_last_to_the_registry() {
    for status in [401, 403, 404, 429, 500, 503] {
        let memory = Memory::new();
        memory.reply("GET", &format!("{ONE}{PATH}"), Reply::new(status));
        let lost = Error::new(Kind::ConnectionFailed, "down");
        let lost = std::sync::Mutex::new(Some(lost));
        memory.on("GET", &format!("{TWO}{PATH}"), move |_| {
            Err(lost.lock().unwrap().take().unwrap())
        });
        serve(&memory, BASE);
        get(&client(&memory), "a/b").unwrap();
        assert_eq!(memory.asked(), [asked(ONE), asked(TWO), asked(BASE)]);
        assert!(memory.slept().is_empty());
    }
}

#[test]
fn a_mirror_that_answers_what_was_not_asked_leads_on_too() {
    for status in [202, 204, 206, 304] {
        let memory = Memory::new();
        memory.reply("GET", &format!("{ONE}{PATH}"), Reply::new(status));
        serve(&memory, BASE);
        get(&client(&memory), "a/b").unwrap();
        assert_eq!(memory.asked(), [asked(ONE), asked(TWO), asked(BASE)]);
    }
}

#[test]
fn whether_a_copy_leaves_a_manifest_out_is_asked_of_the_registry_itself() {
    let memory = Memory::new();
    let digest = sha256(MANIFEST);
    let path = format!("/v2/a/b/manifests/{digest}");
    memory.reply("HEAD", &format!("{ONE}{path}"), served(MANIFEST));
    let place = RepositoryPlace::new(client(&memory).into(), "a/b".parse().unwrap());
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let descriptor = Descriptor::new(media_type.to_owned(), digest, MANIFEST.len() as u64);
    assert!(!block_on(place.has_manifest(&descriptor)).unwrap());
    assert_eq!(memory.asked(), [format!("HEAD {BASE}{path}")]);
    memory.reply("HEAD", &format!("{BASE}{path}"), served(MANIFEST));
    assert!(block_on(place.has_manifest(&descriptor)).unwrap());
}

#[test]
fn a_mirror_that_states_another_digest_than_was_asked_for_is_passed_over() {
    let memory = Memory::new();
    let digest = sha256(b"blob");
    let path = format!("/v2/a/b/blobs/{digest}");
    let wrong = Reply::ok(b"blub").header("Docker-Content-Digest", sha256(b"blub"));
    memory.reply("GET", &format!("{ONE}{path}"), wrong);
    let nonsense = Reply::ok(b"blub").header("Docker-Content-Digest", "nonsense");
    memory.reply("GET", &format!("{TWO}{path}"), nonsense);
    memory.reply("GET", &format!("{BASE}{path}"), Reply::ok(b"blob"));
    let blob = block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, None)).unwrap();
    assert_eq!(drain(blob.body), (b"blob".to_vec(), None));
}

#[test]
fn what_a_mirror_sends_is_verified_too() {
    let memory = Memory::new();
    let digest = sha256(b"blob");
    memory.reply(
        "GET",
        &format!("{ONE}/v2/a/b/blobs/{digest}"),
        Reply::ok(b"blub"),
    );
    let blob = block_on(client(&memory).blob(&"a/b".parse().unwrap(), &digest, None)).unwrap();
    assert_eq!(drain(blob.body).1, Some(Kind::DigestMismatch));
}

#[test]
fn the_error_is_the_registrys_own() {
    let memory = Memory::new();
    memory.reply("GET", &format!("{ONE}{PATH}"), Reply::new(403));
    let error = get(&client(&memory), "a/b").unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(404)));
    assert!(error.url().unwrap().starts_with(BASE));
}

#[test]
fn each_place_has_its_own_credential_and_tokens() {
    let memory = Memory::new();
    guard(&memory, ONE, &[BASIC], "Basic");
    guard(&memory, TWO, &[], "Basic");
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.reply(
        "GET",
        crate::auth::TOKEN_URL,
        Reply::ok(br#"{"token":"t"}"#),
    );
    memory.know(|registry| Ok((registry == "one.example").then(password)));
    let client = client(&memory);
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked_for(), ["one.example"]);
    memory.reply("GET", &format!("{ONE}{PATH}"), Reply::new(404));
    get(&client, "a/b").unwrap();
    assert_eq!(
        memory.asked_for(),
        ["one.example", "127.0.0.1:5000", "registry.example"]
    );
    let requests = memory.requests();
    let leaks = requests.iter().filter(|request| {
        authorization(request) == Some(BASIC) && request.url.authority() != "one.example"
    });
    assert_eq!(leaks.count(), 0);
}

#[test]
fn a_mirror_that_is_down_is_left_alone_for_a_minute() {
    let memory = Memory::new();
    memory.reply("GET", &format!("{ONE}{PATH}"), Reply::new(503));
    serve(&memory, TWO);
    let client = client(&memory);
    get(&client, "a/b").unwrap();
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked(), [asked(ONE), asked(TWO), asked(TWO)]);
    memory.advance(60_000);
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked()[3..], [asked(ONE), asked(TWO)]);
}

#[test]
fn what_mirrors_warn_of_is_told_by_their_names() {
    let memory = Memory::new();
    let reply = served(MANIFEST).header("Warning", r#"299 - "soon gone""#);
    memory.reply("GET", &format!("{TWO}{PATH}"), reply);
    get(&client(&memory), "a/b").unwrap();
    assert_eq!(memory.warned(), ["127.0.0.1:5000: soon gone"]);
}

#[test]
fn a_mirror_leads_no_one_astray() {
    let memory = Memory::new();
    let away = Reply::new(307).header("Location", "https://127.0.0.1/x");
    memory.reply("GET", &format!("{ONE}{PATH}"), away);
    serve(&memory, BASE);
    get(&client(&memory), "a/b").unwrap();
    assert_eq!(memory.asked(), [asked(ONE), asked(TWO), asked(BASE)]);
    let bad = ["https://h.example/path".parse().unwrap()].to_vec();
    let options = ClientOptions::default().with_mirrors(bad);
    let made = Client::with_options(Memory::new(), BASE.parse().unwrap(), options);
    assert_eq!(kind(made.map(|_| ())), Kind::InvalidUrl);
}

#[test]
fn whatever_leads_to_a_change_is_asked_of_the_registry_itself() {
    let memory = Memory::new();
    let client = client(&memory);
    let name = "a/b".parse().unwrap();
    let digest = sha256(MANIFEST);
    let manifests = format!("{BASE}/v2/a/b/manifests/{digest}");
    let created = Reply::new(201).header("Docker-Content-Digest", &digest);
    memory.reply("PUT", &manifests, created);
    let pushed = client.put_manifest(&name, MANIFEST.to_vec(), PutManifest::default());
    assert_eq!(block_on(pushed).unwrap().digest, digest);
    memory.reply("DELETE", &manifests, Reply::new(202));
    memory.reply("GET", &manifests, served(MANIFEST));
    block_on(client.delete_manifest(&name, &ManifestReference::Digest(digest))).unwrap();
    // What a digest names is the same everywhere, but what else there is is not.
    let asked = memory.asked();
    let mut decisive = asked
        .iter()
        .filter(|asked| !asked.starts_with("GET") || asked.contains("/referrers/"));
    assert!(decisive.all(|asked| asked.contains(BASE)), "{asked:?}");
}

#[test]
fn a_manifest_that_does_not_verify_is_read_from_the_registry() {
    let memory = Memory::new();
    let digest = sha256(MANIFEST);
    let path = format!("/v2/a/b/manifests/{digest}");
    memory.reply("GET", &format!("{ONE}{path}"), Reply::ok(b"<html>"));
    memory.reply("GET", &format!("{BASE}{path}"), served(MANIFEST));
    let reference = ManifestReference::Digest(digest);
    let read = block_on(client(&memory).manifest(&"a/b".parse().unwrap(), &reference, None));
    assert_eq!(read.unwrap().document.bytes(), MANIFEST);
}

#[test]
fn a_page_of_a_mirrors_list_leads_to_the_next_one_there() {
    let memory = Memory::new();
    let next = r#"</v2/a/b/tags/list?last=a&ns=registry.example>; rel="next""#;
    memory.on("GET", &format!("{ONE}/v2/a/b/tags/list"), move |request| {
        let is_last = request.url.target().contains("last=");
        Ok(if is_last {
            Reply::ok(br#"{"tags":["b"]}"#)
        } else {
            Reply::ok(br#"{"tags":["a"]}"#).header("Link", next)
        })
    });
    let client = client(&memory);
    let mut tags = client
        .tags(&"a/b".parse().unwrap(), &ListOptions::default())
        .unwrap();
    let mut found = Vec::new();
    while let Some(page) = block_on(tags.next()).unwrap() {
        found.extend(page);
    }
    assert_eq!(found, ["a", "b"]);
    assert!(memory.asked().iter().all(|asked| asked.contains(ONE)));
}
