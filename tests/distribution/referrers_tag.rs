//! The index of referrers that clients keep under a tag, where the registry has no API for them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pierhead::Kind;
use pierhead::client::Client;
use pierhead::digest::{Algorithm, Digest};
use serde_json::{Value, json};

use crate::manifests::{MANIFEST, delete, put, reference, to};
use crate::memory::block_on;
use crate::pages::client;
use crate::referrers::{
    OCI_INDEX, SIGNATURE, artifact, fallback, list, of, put_under_tag, subject, tag, without_api,
};
use crate::registry::{Answer, Fault, Settings, What, When, World};

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
