//! What refers to a manifest: by the registry's API, and by the tag that clients keep where there is none.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pierhead::Kind;
use pierhead::client::Client;
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::Descriptor;
use serde_json::{Value, json};

use crate::manifests::{MANIFEST, delete, put, reference, to};
use crate::memory::block_on;
use crate::pages::client;
use crate::registry::{Answer, Fault, Filter, Settings, Unknown, What, When, World};

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SIGNATURE: &str = "application/vnd.example.signature";

fn subject() -> Digest {
    Digest::of(Algorithm::Sha256, b"subject")
}

/// The tag of the subject's referrers.
fn tag() -> String {
    subject().as_str().replace(':', "-")
}

/// A manifest that refers to the subject.
fn artifact(artifact_type: Option<&str>, number: usize) -> Vec<u8> {
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(Algorithm::Sha256, b"{}").as_str(), "size": 2 },
        "layers": [],
        "subject": { "mediaType": MANIFEST, "digest": subject().as_str(), "size": 7 },
        "annotations": { "number": number.to_string(), "é\n\"": "\u{1}" },
    });
    if let Some(artifact_type) = artifact_type {
        manifest["artifactType"] = artifact_type.into();
    }
    manifest.to_string().into_bytes()
}

fn of(settings: Settings) -> World {
    let world = World::of(settings);
    world.registry(|registry| registry.store.of("a/b").put_blob(b"{}"));
    world
}

/// A registry without the API.
fn without_api(change: impl FnOnce(&mut Settings)) -> World {
    let mut settings = Settings::default();
    (settings.referrers.api, settings.referrers.subject) = (false, false);
    change(&mut settings);
    of(settings)
}

fn list_with(
    client: &Client<World>,
    artifact_type: Option<&str>,
) -> pierhead::Result<Vec<Descriptor>> {
    let mut pages = client.referrers(&"a/b".parse().unwrap(), &subject(), artifact_type)?;
    block_on(async {
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            assert!(!page.is_empty());
            all.extend(page);
        }
        Ok(all)
    })
}

fn list(world: &World, artifact_type: Option<&str>) -> Vec<Descriptor> {
    list_with(&client(world), artifact_type).unwrap()
}

/// The entries of the index under the fallback tag.
fn fallback(world: &World) -> Option<Vec<Value>> {
    world.registry(|registry| {
        let repository = registry.store.of("a/b");
        let digest = repository.tags.get(&tag())?;
        let index: Value = serde_json::from_slice(&repository.manifests[digest].bytes).unwrap();
        assert_eq!(repository.manifests[digest].media_type, OCI_INDEX);
        Some(index["manifests"].as_array().unwrap().clone())
    })
}

fn put_under_tag(world: &World, media_type: &str, bytes: &[u8]) {
    world.registry(|registry| {
        registry
            .store
            .of("a/b")
            .put_manifest(media_type, bytes, Some(&tag()))
    });
}

#[test]
fn referrers_come_with_their_types_and_annotations_in_pages() {
    let mut settings = Settings::default();
    settings.pages.max = 3;
    let world = of(settings);
    for number in 0..7 {
        put(&world, &artifact(Some(SIGNATURE), number), to("", &[])).unwrap();
    }
    put(&world, &artifact(None, 7), to("", &[])).unwrap();
    let before = world.log().len();
    let all = list(&world, None);
    assert_eq!(all.len(), 8);
    assert_eq!(world.log().len() - before, 3);
    assert!(
        all.iter()
            .all(|descriptor| descriptor.annotations.get("number").is_some())
    );
    let typed = list(&world, Some(SIGNATURE));
    assert_eq!(typed.len(), 7);
    assert_eq!(fallback(&world), None, "the registry keeps the list");
}

#[test]
fn a_list_is_filtered_here_where_the_registry_does_not() {
    for filter in [Filter::Applied, Filter::AppliedByValue, Filter::Ignored] {
        let mut settings = Settings::default();
        settings.referrers.filter = filter;
        settings.pages.max = 2;
        let world = of(settings);
        for number in 0..6 {
            let artifact_type = if number % 3 == 0 { SIGNATURE } else { "x/y" };
            put(&world, &artifact(Some(artifact_type), number), to("", &[])).unwrap();
        }
        let typed = list(&world, Some(SIGNATURE));
        assert_eq!(typed.len(), 2, "{filter:?}");
        assert!(
            typed
                .iter()
                .all(|one| one.artifact_type.as_deref() == Some(SIGNATURE))
        );
        assert!(
            world
                .log()
                .last()
                .unwrap()
                .asked
                .url
                .contains("artifactType=")
        );
        assert!(list(&world, Some("z/z")).is_empty());
    }
}

#[test]
fn what_nobody_knows_of_has_no_referrers() {
    for unknown in [
        Unknown::EmptyIndex,
        Unknown::EmptyObject,
        Unknown::BadRequest,
    ] {
        let mut settings = Settings::default();
        settings.referrers.unknown = unknown;
        assert!(list(&of(settings), None).is_empty(), "{unknown:?}");
    }
    assert!(
        list(&World::of(Settings::default()), None).is_empty(),
        "no such repository"
    );
}

#[test]
fn where_there_is_no_api_the_tag_is_read_however_that_is_said() {
    let html = What::html(200);
    let json = |status: u16| What::Instead(Answer::new(status).json(&json!({})));
    for (what, remembered) in [
        (json(404), true),
        (json(405), true),
        (json(501), true),
        (json(400), false),
        (json(200), false),
        (html, false),
        (What::html(404), true),
    ] {
        let world = without_api(|_| {});
        put(&world, &artifact(Some(SIGNATURE), 0), to("", &[])).unwrap();
        put(&world, &artifact(Some("x/y"), 1), to("", &[])).unwrap();
        let told = format!("{what:?}");
        world.fail(Fault::new("GET", "/referrers/", what));
        let client = client(&world);
        assert_eq!(list_with(&client, None).unwrap().len(), 2, "{told}");
        let typed = list_with(&client, Some(SIGNATURE)).unwrap();
        assert_eq!(typed.len(), 1);
        assert_eq!(typed[0].annotations.get("number"), Some("0"));
        let asked = world.count("/referrers/");
        assert_eq!(asked, if remembered { 1 } else { 2 }, "{told}");
        world.advance(5 * 60_000);
        list_with(&client, None).unwrap();
        assert_eq!(
            world.count("/referrers/"),
            asked + 1,
            "it is asked again in time"
        );
    }
}

#[test]
fn a_failure_is_not_taken_for_no_api() {
    for (what, kind) in [
        (What::status(500), Kind::Registry),
        (What::status(403), Kind::Auth),
        (What::Refuse, Kind::ConnectionFailed),
        (
            What::Instead(Answer::new(200).with_body(OCI_INDEX, b"{")),
            Kind::InvalidJson,
        ),
        (
            What::Instead(Answer::new(200).with_body(
                OCI_INDEX,
                br#"{"schemaVersion":2,"manifests":[{"digest":"x"}]}"#,
            )),
            Kind::InvalidManifest,
        ),
    ] {
        let world = of(Settings::default());
        world.fail(Fault::new("GET", "/referrers/", what));
        let error = list_with(&client(&world), None).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(world.count("/manifests/"), 0);
    }
    // On a later page even what else would mean that is none.
    let mut settings = Settings::default();
    settings.pages.max = 1;
    let world = of(settings);
    for number in 0..2 {
        put(&world, &artifact(None, number), to("", &[])).unwrap();
    }
    world.fail(Fault::new("GET", "/referrers/", What::html(200)).when(When::From(2)));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidJson);
}

#[test]
fn a_circle_of_pages_of_referrers_ends() {
    let world = of(Settings::default());
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    world.fail(Fault::new("GET", "/referrers/", What::page_of_itself()));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::UnexpectedResponse);
    world.heal();
    world.fail(Fault::new("GET", "/referrers/", What::pages_for_ever()));
    let error = list_with(&client(&world), None).unwrap_err();
    assert_eq!(error.kind(), Kind::UnexpectedResponse);
}

#[test]
fn what_is_no_index_under_the_tag_lists_nothing_and_is_left_alone() {
    for (media_type, bytes) in [
        (MANIFEST, artifact(None, 9)),
        ("application/vnd.docker.distribution.manifest.list.v2+json",
            br#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]}"#.to_vec()),
    ] {
        let world = without_api(|_| {});
        put_under_tag(&world, media_type, &bytes);
        assert!(list(&world, None).is_empty());
        let pushed = artifact(None, 0);
        let error = put(&world, &pushed, to("", &[])).unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedResponse);
        world.registry(|registry| {
            let repository = registry.store.of("a/b");
            assert_eq!(repository.manifests[&repository.tags[&tag()]].bytes, bytes);
            let digest = Digest::of(Algorithm::Sha256, &pushed).to_string();
            assert!(repository.manifests.contains_key(&digest), "it was pushed");
        });
    }
}

#[test]
fn a_pushed_manifest_is_added_to_the_index_under_the_tag_once() {
    let world = without_api(|_| {});
    let bytes = artifact(Some(SIGNATURE), 0);
    let pushed = put(&world, &bytes, to("v1", &["v2"])).unwrap();
    assert_eq!(pushed.subject, Some(subject()));
    put(&world, &bytes, to("v1", &[])).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        fallback(&world).unwrap(),
        [json!({
            "mediaType": MANIFEST,
            "digest": pushed.digest.as_str(),
            "size": bytes.len(),
            "artifactType": SIGNATURE,
            "annotations": document["annotations"],
        })]
    );
    // The second has its config's type; an index has none.
    put(&world, &artifact(None, 1), to("", &[])).unwrap();
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "subject": document["subject"] });
    put(&world, index.to_string().as_bytes(), to("", &[])).unwrap();
    let entries = fallback(&world).unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(
        entries[1]["artifactType"],
        "application/vnd.oci.empty.v1+json"
    );
    assert_eq!(entries[2].get("artifactType"), None);
    assert_eq!(entries[2].get("annotations"), None);
    let listed = list(&world, None);
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].annotations.get("é\n\""), Some("\u{1}"));
}

#[test]
fn a_registry_that_lists_another_subject_lists_not_this_one() {
    let world = without_api(|_| {});
    let other = Digest::of(Algorithm::Sha256, b"other").to_string();
    world.fail(Fault::new(
        "PUT",
        "/manifests/",
        What::header("OCI-Subject", other),
    ));
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    assert_eq!(fallback(&world).unwrap().len(), 1);
}

#[test]
fn a_registry_that_says_it_keeps_the_list_is_asked_once_whether_it_has_any() {
    for api in [true, false] {
        let world = without_api(|settings| {
            (settings.referrers.api, settings.referrers.subject) = (api, true);
        });
        let client = client(&world);
        let name = "a/b".parse().unwrap();
        for number in 0..3 {
            let bytes = artifact(None, number);
            block_on(client.put_manifest(&name, bytes, to("", &[]))).unwrap();
        }
        assert_eq!(world.count("/referrers/"), 1, "{api}");
        assert_eq!(fallback(&world).is_some(), !api);
        assert_eq!(list(&world, None).len(), 3, "{api}");
    }
    // One that cannot be asked is believed.
    let world = of(Settings::default());
    world.fail(Fault::new("GET", "/referrers/", What::status(403)));
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    assert_eq!(fallback(&world), None);
}

#[test]
fn entries_of_others_keep_their_bytes() {
    let world = without_api(|settings| settings.demands_content = false);
    let entry = "{ \"digest\": \"sha256:0000000000000000000000000000000000000000000000000000000000000000\",\n \"size\":3e0, \"mediaType\": \"a/b\",\"x\":[ 1.0 ]}";
    let index = format!(
        "{{ \"schemaVersion\": 2, \"y\" : null, \"manifests\" : [ {entry} ], \"z\": 1e2 }}"
    );
    put_under_tag(&world, OCI_INDEX, index.as_bytes());
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    let written = world.registry(|registry| {
        let repository = registry.store.of("a/b");
        String::from_utf8(repository.manifests[&repository.tags[&tag()]].bytes.clone()).unwrap()
    });
    assert!(written.starts_with(&format!(
        "{{ \"schemaVersion\": 2, \"y\" : null, \"manifests\" : [{entry},{{"
    )));
    assert!(written.ends_with("}], \"z\": 1e2 }"), "{written}");
}

#[test]
fn a_deleted_manifest_is_taken_out_of_the_index_and_the_last_takes_the_tag_with_it() {
    for tags_can_go in [Ok(()), Err(405), Err(400)] {
        let world = without_api(|settings| settings.deletes.tags = tags_can_go);
        let pushed: Vec<_> = (0..2)
            .map(|number| put(&world, &artifact(None, number), to("", &[])).unwrap())
            .collect();
        delete(&world, pushed[0].digest.as_str()).unwrap();
        let entries = fallback(&world).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["digest"], pushed[1].digest.as_str());
        delete(&world, pushed[1].digest.as_str()).unwrap();
        match tags_can_go {
            Ok(()) => assert_eq!(fallback(&world), None),
            Err(_) => assert_eq!(fallback(&world), Some(Vec::new())),
        }
        assert!(list(&world, None).is_empty());
    }
}

#[test]
fn a_manifest_that_cannot_be_deleted_stays_in_the_index() {
    let world = without_api(|settings| settings.deletes.manifests = Err(405));
    let pushed = put(&world, &artifact(None, 0), to("", &[])).unwrap();
    let error = delete(&world, pushed.digest.as_str()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert_eq!(fallback(&world).unwrap().len(), 1);
}

#[test]
fn a_tag_that_others_change_is_tried_again_and_not_for_ever() {
    let world = without_api(|_| {});
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    let conflict = What::Instead(Answer::new(412));
    world.fail(Fault::new("PUT", &tag(), conflict.clone()).when(When::First(3)));
    put(&world, &artifact(None, 1), to("", &[])).unwrap();
    assert_eq!(fallback(&world).unwrap().len(), 2);
    let sleeps = world.sleeps();
    assert!(
        sleeps.len() >= 3 && sleeps.iter().all(|sleep| (1..=1600).contains(sleep)),
        "{sleeps:?}"
    );
    world.heal();
    world.fail(Fault::new("PUT", &tag(), conflict));
    let before = world.count(&format!("PUT /v2/a/b/manifests/{}", tag()));
    let error = put(&world, &artifact(None, 2), to("", &[])).unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(412)));
    let tried = world.count(&format!("PUT /v2/a/b/manifests/{}", tag())) - before;
    assert_eq!(tried, 12);
}

#[test]
fn where_a_condition_may_not_be_sent_the_first_entry_goes_without() {
    let world = without_api(|_| {});
    // As a browser fails a request whose header the registry did not allow.
    world.fail(Fault::new("PUT", &tag(), What::Refuse).when(When::First(1)));
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    let log = world.log();
    let written: Vec<_> = log
        .iter()
        .filter(|logged| logged.asked.is("PUT") && logged.asked.url.contains(&tag()))
        .map(|logged| logged.asked.header("if-none-match"))
        .collect();
    assert_eq!(written.first(), Some(&Some("*")));
    assert_eq!(written.last(), Some(&None));
}

#[test]
fn the_index_may_not_grow_larger_than_a_manifest() {
    let world = without_api(|settings| {
        settings.demands_content = false;
        settings.manifest_max = usize::MAX;
    });
    let index =
        json!({ "schemaVersion": 2, "manifests": [], "x": "x".repeat(8 * 1024 * 1024 - 60) });
    put_under_tag(&world, OCI_INDEX, index.to_string().as_bytes());
    let error = put(&world, &artifact(None, 0), to("", &[])).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
}

/// Polls two operations in the order that the lowest 9 bits of `schedule` have, then in turns. Each poll goes on by one request.
fn interleave<A: Future<Output = ()>, B: Future<Output = ()>>(one: A, other: B, schedule: u32) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let mut context = Context::from_waker(Waker::noop());
    let mut done = [false, false];
    for step in 0..10_000 {
        let second = if step < 9 { schedule >> step } else { step } & 1 == 1;
        let second = if second { !done[1] } else { done[0] };
        if done == [true, true] {
            return;
        }
        let ready = if second {
            other.as_mut().poll(&mut context)
        } else {
            Pin::as_mut(&mut one).poll(&mut context)
        };
        done[usize::from(second)] |= ready == Poll::Ready(());
    }
    panic!("they keep one another from ending");
}

/// Has two writers change one list of referrers, in every order of their requests, and finds what both did in it.
fn write_in_every_order(
    settings: impl Fn(&mut Settings),
    writers: impl Fn(&World) -> [Arc<Client<World>>; 2],
) {
    let manifests = [artifact(None, 0), artifact(None, 1), artifact(None, 2)];
    let removed = Digest::of(Algorithm::Sha256, &manifests[2]);
    for (with_first, removes) in [(false, false), (true, false), (true, true)] {
        for schedule in 0..1 << 9 {
            let world = without_api(&settings);
            if with_first {
                put(&world, &manifests[2], to("", &[])).unwrap();
            }
            world.behave(|manners| manners.latency = 1);
            let name = "a/b".parse().unwrap();
            let [one, other] = writers(&world);
            let (digest, first) = (reference(removed.as_str()), manifests[0].clone());
            interleave(
                async {
                    one.put_manifest(&name, first, to("", &[])).await.unwrap();
                },
                async {
                    if removes {
                        other.delete_manifest(&name, &digest).await.unwrap();
                    } else {
                        let second = manifests[1].clone();
                        other
                            .put_manifest(&name, second, to("", &[]))
                            .await
                            .unwrap();
                    }
                },
                schedule,
            );
            let entries = fallback(&world).unwrap();
            let expected = 2 + usize::from(with_first) - 2 * usize::from(removes);
            assert_eq!(
                entries.len(),
                expected,
                "{with_first} {removes} {schedule:b}"
            );
        }
    }
}

#[test]
fn two_writers_at_every_interleaving_lose_nothing() {
    write_in_every_order(|_| {}, |world| [(); 2].map(|()| Arc::new(client(world))));
}

#[test]
fn one_client_that_writes_twice_at_once_loses_nothing_though_the_registry_compares_nothing() {
    write_in_every_order(
        |settings| settings.compares = false,
        |world| {
            let client = Arc::new(client(world));
            [Arc::clone(&client), client]
        },
    );
}

#[test]
fn a_lost_answer_to_a_write_is_no_second_entry() {
    let world = without_api(|_| {});
    put(&world, &artifact(None, 0), to("", &[])).unwrap();
    world.fail(Fault::new("PUT", &tag(), What::LoseAnswer).when(When::Only(1)));
    put(&world, &artifact(None, 1), to("", &[])).unwrap();
    assert_eq!(fallback(&world).unwrap().len(), 2);
    put(&world, &artifact(None, 1), to("", &[])).unwrap();
    assert_eq!(fallback(&world).unwrap().len(), 2);
}

#[test]
fn a_thousand_referrers_take_as_many_requests_as_pages() {
    let mut settings = Settings::default();
    settings.pages.max = 100;
    let world = of(settings);
    world.registry(|registry| {
        for number in 0..1000 {
            registry.store.of("a/b").put_manifest(
                MANIFEST,
                &artifact(Some(SIGNATURE), number),
                None,
            );
        }
    });
    assert_eq!(list(&world, None).len(), 1000);
    assert_eq!(world.log().len(), 10);
}
