//! Pushing blobs to registries that do it in ways of their own (`docs/registries.md`).

use crate::client::BASE;
use crate::registry::{AfterCut, Fault, Location, Mounts, Ranges, Settings, Source, What, When};
use crate::upload::{arrives, push, settings, world};
use pierhead::Kind;

const BYTES: &[u8] = b"twelve bytes";

/// What sets each registry apart where blobs are pushed.
fn registries() -> Vec<(&'static str, Settings)> {
    let with = |name, change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        (name, settings)
    };
    vec![
        with("the specification", |settings| {
            settings.uploads.single_post = true;
        }),
        with("Harbor", |settings| {
            settings.uploads.location = Location::State;
            settings.uploads.after_cut = AfterCut::AsBefore;
        }),
        with("GHCR", |settings| {
            settings.uploads.location = Location::Singular;
            settings.uploads.chunk_max = Some((5, 416));
            settings.uploads.tells_chunk_max = false;
        }),
        with("ECR", |settings| {
            settings.uploads.ranges = Ranges::Stuck;
            settings.uploads.mounts = Mounts::Never;
            settings.uploads.after_cut = AfterCut::AsBefore;
        }),
        with("Google", |settings| {
            settings.uploads.location = Location::Outside;
            settings.uploads.chunks = false;
        }),
        with("Azure", |settings| {
            settings.uploads.location = Location::State;
            settings.uploads.body_max = Some(8);
            settings.uploads.after_cut = AfterCut::Nothing;
        }),
        with("Quay", |settings| {
            settings.uploads.location = Location::Absolute;
            settings.uploads.ranges = Ranges::WithUnit;
        }),
        with("Cloudflare", |settings| {
            settings.uploads.chunk_min = Some(4);
            settings.uploads.chunk_max = Some((6, 413));
        }),
        with("one with a storage of its own", |settings| {
            settings.uploads.location = Location::Elsewhere;
        }),
    ]
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
