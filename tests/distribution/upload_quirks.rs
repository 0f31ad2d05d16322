//! Pushing blobs to registries that do it in ways of their own (`docs/registries.md`).

use crate::client::BASE;
use crate::quirks::replicas;
use crate::registry::{Fault, Location, Settings, Source, What, When};
use crate::upload::{arrives, push, settings, world};
use pierhead::Kind;

const BYTES: &[u8] = b"twelve bytes";

/// What sets each registry apart where blobs are pushed, its limits cut down to a dozen bytes.
fn registries() -> Vec<(&'static str, Settings)> {
    let with = |name, change: &dyn Fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        (name, settings)
    };
    let mut registries = vec![with("the specification", &|settings| {
        settings.uploads.single_post = true;
    })];
    let common = settings().uploads;
    for replica in replicas() {
        let mut uploads = replica.settings.uploads;
        uploads.single_post = false;
        uploads.chunk_max = uploads.chunk_max.map(|(_, status)| (5, status));
        uploads.body_max = uploads.body_max.map(|_| 8);
        if uploads != common {
            registries.push(with(replica.name, &|settings| settings.uploads = uploads));
        }
    }
    registries.push(with("Cloudflare", &|settings| {
        settings.uploads.chunk_min = Some(4);
        settings.uploads.chunk_max = Some((6, 413));
    }));
    registries.push(with("one with a storage of its own", &|settings| {
        settings.uploads.location = Location::Elsewhere;
    }));
    registries
}

#[test]
fn every_registry_takes_files_of_every_size() {
    for (name, settings) in registries() {
        for streams in [true, false] {
            for length in 0..=BYTES.len() {
                let world = world(&settings, streams);
                let bytes = &BYTES[..length];
                let pushed = push(&world, Source::known(&world, bytes));
                arrives(&world, bytes, pushed, &format!("{name} {streams} {length}"));
            }
        }
    }
}

#[test]
fn every_registry_that_knows_chunks_takes_streams() {
    for (name, settings) in registries() {
        for length in 0..=BYTES.len() {
            let world = world(&settings, true);
            let bytes = &BYTES[..length];
            let pushed = push(&world, Source::stream(&world, bytes));
            if settings.uploads.chunks || length < 5 {
                arrives(&world, bytes, pushed, &format!("{name} {length}"));
            } else {
                let error = pushed.unwrap_err();
                assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(405)));
            }
        }
    }
}

#[test]
fn at_every_registry_an_upload_goes_on_wherever_it_broke() {
    let mut tried = 0;
    for (name, settings) in registries() {
        for streams in [true, false] {
            for method in ["PATCH", "PUT", "POST", "GET"] {
                for time in 1..4 {
                    let cuts = (0..=12).map(What::CutRequest);
                    for what in cuts.chain([What::LoseAnswer, What::Refuse, What::html(502)]) {
                        let about = format!("{name} {streams}: {method} {time} {what:?}");
                        let world = world(&settings, streams);
                        let fault = Fault::new(method, "/upload", what);
                        world.fail(fault.when(When::Only(time)));
                        let pushed = push(&world, Source::known(&world, BYTES));
                        arrives(&world, BYTES, pushed, &about);
                        tried += 1;
                    }
                }
            }
        }
    }
    assert!(tried > 3000, "{tried}");
}

#[test]
fn what_goes_to_another_origin_has_no_credential_of_the_registry() {
    let (_, settings) = registries().pop().unwrap();
    let world = world(&settings, false);
    push(&world, Source::known(&world, BYTES)).unwrap();
    let elsewhere = world
        .log()
        .into_iter()
        .filter(|logged| !logged.asked.url.starts_with(BASE));
    let mut sent = 0;
    for logged in elsewhere {
        assert!(logged.asked.header("authorization").is_none());
        sent += 1;
    }
    assert!(sent > 3, "{sent}");
}

#[test]
fn a_session_that_took_no_chunk_is_taken_back_before_the_content_goes_at_once() {
    let mut settings = settings();
    settings.uploads.chunks = false;
    let world = world(&settings, false);
    let pushed = push(&world, Source::known(&world, BYTES));
    arrives(&world, BYTES, pushed, "no chunks");
    let (opened, taken_back) = (world.count("POST"), world.count("DELETE"));
    assert_eq!((opened, taken_back), (2, 1), "{:?}", world.lines());
}
