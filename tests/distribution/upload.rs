//! Pushing blobs to a registry in memory that does as the specification says, and breaks.

use crate::client::{BASE, kind};
use crate::memory::{block_on, poll_once};
use crate::registry::{End, Fault, Location, Mounts, Settings, Source, What, When, World, sha256};
use pierhead::client::{Client, PushOptions, PushOutcome, Pushed};
use pierhead::digest::Algorithm;
use pierhead::{Kind, Result};

const BYTES: &[u8] = b"twelve bytes";

/// A registry that opens a session for every upload.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.uploads.single_post = false;
    settings.uploads.mounts = Mounts::From;
    settings
}

pub fn world(settings: &Settings, streams: bool) -> World {
    let world = World::of(settings.clone());
    world.behave(|manners| {
        manners.streams = streams;
        manners.piece = 1;
    });
    world
}

fn in_fives() -> PushOptions {
    PushOptions::default().with_chunk_size(5)
}

pub fn push(world: &World, source: Source) -> Result<Pushed> {
    push_with(world, source, &in_fives())
}

fn push_with(world: &World, source: Source, options: &PushOptions) -> Result<Pushed> {
    let client = Client::new(world.clone(), BASE.parse().unwrap()).unwrap();
    block_on(client.push_blob(&"a/b".parse().unwrap(), source, options))
}

/// The push succeeded, and the registry has the bytes.
pub fn arrives(world: &World, bytes: &[u8], pushed: Result<Pushed>, about: &str) {
    let pushed = pushed.unwrap_or_else(|error| panic!("{about}: {error:?}\n{:#?}", world.lines()));
    let stored = world.registry(|registry| {
        let repository = registry.store.of("a/b");
        repository.blobs.get(pushed.digest.as_str()).cloned()
    });
    assert_eq!(stored.as_deref(), Some(bytes), "{about}");
    assert_eq!(pushed.size, bytes.len() as u64, "{about}");
    world.assert_no_stray();
}

/// What was sent: `PATCH 0-4`.
fn sent(world: &World) -> Vec<String> {
    let line = |logged: crate::registry::Logged| {
        let range = logged.asked.header("content-range").unwrap_or_default();
        format!("{} {range}", logged.asked.method)
            .trim_end()
            .to_owned()
    };
    world.log().into_iter().map(line).collect()
}

const IN_CHUNKS: [&str; 4] = ["PATCH 0-4", "PATCH 5-9", "PATCH 10-11", "PUT"];

#[test]
fn a_stream_of_unknown_size_goes_in_chunks_and_is_named_at_its_end() {
    let world = world(&settings(), true);
    let pushed = push(&world, Source::stream(&world, BYTES));
    arrives(&world, BYTES, pushed, "a stream");
    assert_eq!(sent(&world)[..1], ["POST"]);
    assert_eq!(sent(&world)[1..], IN_CHUNKS);
}

#[test]
fn what_the_host_can_stream_goes_in_one_request() {
    let world = world(&settings(), true);
    let pushed = push(&world, Source::known(&world, BYTES));
    arrives(&world, BYTES, pushed, "streamed");
    assert_eq!(sent(&world), ["HEAD", "POST", "PUT"]);
    assert_eq!(world.log()[2].asked.body, BYTES);
    assert!(world.lines()[1].contains("?mount=sha256%3A"));
}

#[test]
fn what_the_host_cannot_stream_goes_in_chunks_or_in_one_piece() {
    let whole = world(&settings(), false);
    let pushed = push(&whole, Source::known(&whole, BYTES));
    arrives(&whole, BYTES, pushed, "in chunks");
    assert_eq!(sent(&whole)[2..], IN_CHUNKS);
    let part = world(&settings(), false);
    push(&part, Source::known(&part, &BYTES[..5])).unwrap();
    assert_eq!(sent(&part), ["HEAD", "POST", "PUT"]);
}

#[test]
fn a_small_content_goes_with_the_request_that_asks_for_a_session() {
    for streams in [true, false] {
        let world = world(&Settings::default(), streams);
        let pushed = push(&world, Source::known(&world, &BYTES[..5]));
        arrives(&world, &BYTES[..5], pushed, "small");
        assert_eq!(sent(&world), ["HEAD", "POST"]);
    }
}

#[test]
fn nothing_is_sent_that_is_there() {
    let world = world(&settings(), true);
    world.registry(|registry| registry.store.of("a/b").put_blob(BYTES));
    let pushed = push(&world, Source::known(&world, BYTES)).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Existed);
    assert_eq!(sent(&world), ["HEAD"]);
    let other = Source::known(&world, BYTES).said_to_be(&sha256(BYTES), Some(11));
    assert_eq!(kind(push(&world, other)), Kind::SizeMismatch);
}

#[test]
fn a_blob_of_another_repository_is_mounted_or_its_session_is_used() {
    let options = in_fives().with_mount_from("c/d".parse().unwrap());
    let try_with = |mounts, fault: Option<Fault>| {
        let mut settings = settings();
        settings.uploads.mounts = mounts;
        let world = world(&settings, true);
        world.registry(|registry| registry.store.of("c/d").put_blob(BYTES));
        if let Some(fault) = fault {
            world.fail(fault);
        }
        let pushed = push_with(&world, Source::known(&world, BYTES), &options).unwrap();
        (sent(&world), pushed.outcome, world)
    };
    let (sent, outcome, world) = try_with(Mounts::From, None);
    assert_eq!(outcome, PushOutcome::Mounted);
    assert_eq!(sent, ["HEAD", "POST"]);
    assert!(world.lines()[1].ends_with("&from=c%2Fd"));

    let (sent, outcome, _) = try_with(Mounts::Never, None);
    assert_eq!(outcome, PushOutcome::Uploaded);
    assert_eq!(sent, ["HEAD", "POST", "PUT"]);

    let refusal = Fault::new("POST", "?mount=", What::html(405));
    let (sent, outcome, _) = try_with(Mounts::From, Some(refusal));
    assert_eq!(outcome, PushOutcome::Uploaded);
    assert_eq!(sent, ["HEAD", "POST", "POST", "PUT"]);
}

#[test]
fn a_mount_alone_leaves_no_session() {
    let world = world(&settings(), true);
    let client = Client::new(world.clone(), BASE.parse().unwrap()).unwrap();
    let digest = sha256(BYTES).parse().unwrap();
    let mount = |from: Option<&str>| {
        let from = from.map(|from| from.parse().unwrap());
        block_on(client.mount_blob(&"a/b".parse().unwrap(), &digest, from.as_ref())).unwrap()
    };
    assert!(!mount(None));
    assert_eq!(sent(&world), ["POST", "DELETE"]);
    world.registry(|registry| registry.store.of("c/d").put_blob(BYTES));
    assert!(mount(Some("c/d")));
}

#[test]
fn chunks_are_as_large_as_the_registry_wants_them() {
    let push_to = |least, most, streams| {
        let mut settings = settings();
        settings.uploads.chunk_min = least;
        settings.uploads.chunk_max = most;
        let world = world(&settings, streams);
        let pushed = push(&world, Source::known(&world, BYTES));
        (sent(&world), pushed)
    };
    let (sent, _) = push_to(Some(7), None, false);
    assert_eq!(sent[2..], ["PATCH 0-6", "PATCH 7-11", "PUT"]);
    let (sent, _) = push_to(None, Some((11, 413)), true);
    assert_eq!(sent[2..], IN_CHUNKS);
    let (sent, pushed) = push_to(Some(1 << 40), None, false);
    assert!(pushed.is_ok(), "the only chunk may be smaller");
    assert_eq!(sent[2..], ["PUT"]);
}

#[test]
fn a_chunk_that_is_too_large_to_be_held_is_refused() {
    const MOST: u64 = 64 * 1024 * 1024;
    let push_to = |least| {
        let mut settings = settings();
        settings.uploads.chunk_min = Some(least);
        let world = world(&settings, true);
        (push(&world, Source::stream(&world, BYTES)), world)
    };
    for least in [MOST + 1, 1 << 40] {
        let (pushed, world) = push_to(least);
        assert_eq!(kind(pushed), Kind::TooLarge);
        assert_eq!(sent(&world), ["POST", "DELETE"]);
    }
    let (pushed, world) = push_to(MOST);
    arrives(&world, BYTES, pushed, "the largest");
}

#[test]
fn a_registry_may_take_a_part_of_a_chunk_but_not_for_ever() {
    let push_to = |taken, bytes: &[u8]| {
        let mut settings = settings();
        settings.uploads.chunk_taken = taken;
        let world = world(&settings, false);
        let options = PushOptions::default().with_chunk_size(bytes.len() as u64 / 2);
        let pushed = push_with(&world, Source::stream(&world, bytes), &options);
        (pushed, world)
    };
    let (pushed, world) = push_to(2, BYTES);
    arrives(&world, BYTES, pushed, "in parts");
    let (pushed, world) = push_to(10, &[7; 1500]);
    arrives(&world, &[7; 1500], pushed, "in many parts");
    let (pushed, world) = push_to(1, &[7; 1500]);
    assert_eq!(kind(pushed), Kind::UnexpectedResponse);
    let sent = sent(&world);
    assert_eq!(sent.len(), 1 + 101 + 1, "{sent:?}");
    assert_eq!(sent.last().map(String::as_str), Some("DELETE"));
}

#[test]
fn another_algorithm_is_said_when_the_session_is_opened() {
    let mut settings = settings();
    settings.uploads.algorithms = true;
    let world = world(&settings, false);
    let source = Source::stream(&world, BYTES).by(Algorithm::Sha512);
    let options = in_fives().with_algorithm(Algorithm::Sha512);
    let pushed = push_with(&world, source, &options).unwrap();
    assert_eq!(pushed.digest.algorithm(), Some(Algorithm::Sha512));
    assert!(world.lines()[0].ends_with("?digest-algorithm=sha512"));
}

#[test]
fn an_upload_goes_on_wherever_it_broke() {
    let mut tried = 0;
    for (streams, known) in [(true, true), (false, true), (true, false)] {
        for length in [0, 1, 2, 5, 6, 12] {
            let bytes = &BYTES[..length];
            let source = |world: &World| match known {
                true => Source::known(world, bytes),
                false => Source::stream(world, bytes),
            };
            let whole = world(&settings(), streams);
            push(&whole, source(&whole)).unwrap();
            for request in 1..=whole.log().len() as u64 {
                let cuts = (0..=length).map(What::CutRequest);
                let whats = cuts.chain([
                    What::LoseAnswer,
                    What::Refuse,
                    What::Silent,
                    What::html(500),
                    What::html(408),
                    What::busy(503, "1"),
                ]);
                for what in whats {
                    let about = format!("{streams} {known} {length}: {request} {what:?}");
                    let world = world(&settings(), streams);
                    let fault = Fault::new("*", "/uploads/", what);
                    world.fail(fault.when(When::Only(request)));
                    let pushed = push(&world, source(&world));
                    arrives(&world, bytes, pushed, &about);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 700, "{tried}");
}

#[test]
fn a_session_that_is_lost_begins_anew_once_where_the_content_can_be_read_again() {
    for (streams, method, requests) in [(true, "PUT", 1), (false, "PATCH", 3), (false, "PUT", 1)] {
        for request in 1..=requests {
            let lost = |when| {
                let world = world(&settings(), streams);
                world.fail(Fault::new(method, "/session", What::html(404)).when(when));
                let pushed = push(&world, Source::known(&world, BYTES));
                (world, pushed)
            };
            let (world, pushed) = lost(When::Only(request));
            arrives(&world, BYTES, pushed, &format!("{method} {request}"));
            let (_, pushed) = lost(When::From(request));
            assert_eq!(pushed.unwrap_err().status(), Some(404));
        }
    }
    let world = world(&settings(), true);
    world.fail(Fault::new("PATCH", "/session", What::html(404)).when(When::Only(2)));
    let error = push(&world, Source::stream(&world, BYTES)).unwrap_err();
    assert_eq!(error.status(), Some(404));
}

#[test]
fn two_failures_anywhere_are_survived() {
    for streams in [true, false] {
        for first in 1..6 {
            for second in 1..6 {
                for cut in 0..=5 {
                    let world = world(&settings(), streams);
                    for request in [first, second] {
                        let fault = Fault::new("*", "/uploads/", What::CutRequest(cut));
                        world.fail(fault.when(When::Only(request)));
                    }
                    let about = format!("{streams}: {first} and {second} at {cut}");
                    let pushed = push(&world, Source::known(&world, BYTES));
                    arrives(&world, BYTES, pushed, &about);
                }
            }
        }
    }
}

#[test]
fn what_never_gets_better_is_given_up_after_a_while() {
    for (what, expected) in [
        (What::Refuse, Kind::ConnectionFailed),
        (What::html(500), Kind::Registry),
    ] {
        let world = world(&settings(), false);
        world.fail(Fault::new("PATCH", "/uploads/", what));
        let pushed = push(&world, Source::known(&world, BYTES));
        assert_eq!(kind(pushed), expected);
        assert_eq!(world.count("PATCH"), 6, "{:?}", world.lines());
        let sleeps = world.sleeps();
        assert_eq!(sleeps.len(), 5, "{sleeps:?}");
        assert!(sleeps.iter().sum::<u64>() < 60_000, "{sleeps:?}");
    }
}

#[test]
fn a_wrong_content_never_comes_to_be_a_blob() {
    let right = sha256(BYTES);
    for streams in [true, false] {
        for (bytes, size, expected) in [
            (&b"twelve Bytes"[..], Some(12), Kind::DigestMismatch),
            (b"twelve bytes.", Some(12), Kind::SizeMismatch),
            (b"twelve byte", Some(12), Kind::BodyTruncated),
            (b"twelve Bytes", None, Kind::DigestMismatch),
        ] {
            for chunk in [5, 12, 100] {
                let world = world(&settings(), streams);
                let source = Source::known(&world, bytes).said_to_be(&right, size);
                let options = PushOptions::default().with_chunk_size(chunk);
                let pushed = push_with(&world, source, &options);
                assert_eq!(
                    kind(pushed),
                    expected,
                    "{streams} {chunk} {:?}",
                    sent(&world)
                );
                let is_empty = world.registry(|registry| registry.store.of("a/b").blobs.is_empty());
                assert!(is_empty);
                let (opened, closed) = (world.count("POST"), world.count("DELETE"));
                assert_eq!(opened, closed, "{:?}", world.lines());
            }
        }
    }
}

#[test]
fn a_content_that_fails_ends_the_push_and_its_session() {
    for streams in [true, false] {
        for source in [Source::known, Source::stream] {
            let world = world(&settings(), streams);
            let pushed = push(&world, source(&world, BYTES).ending(End::Cut));
            assert_eq!(kind(pushed), Kind::ConnectionLost);
            assert_eq!(sent(&world).last().unwrap(), "DELETE");
        }
    }
}

#[test]
fn a_registry_that_miscounts_is_told_apart() {
    for (range, expected) in [
        ("0-99", Kind::UnexpectedResponse),
        ("0-3", Kind::UnexpectedResponse),
        ("0--1", Kind::UnexpectedResponse),
        ("5-9", Kind::InvalidHeader),
        ("0-four", Kind::InvalidHeader),
        ("0-18446744073709551615", Kind::InvalidHeader),
    ] {
        let world = world(&settings(), false);
        let fault = Fault::new("PATCH", "/uploads/", What::header("Range", range));
        world.fail(fault.when(When::From(2)));
        let pushed = push(&world, Source::known(&world, BYTES));
        assert_eq!(kind(pushed), expected, "{range}");
        assert_eq!(sent(&world).last().unwrap(), "DELETE");
    }
}

#[test]
fn a_session_without_a_location_is_refused() {
    for method in ["POST", "PATCH"] {
        let world = world(&settings(), false);
        world.fail(Fault::new(method, "/uploads/", What::without("Location")));
        let pushed = push(&world, Source::known(&world, BYTES));
        assert_eq!(kind(pushed), Kind::UnexpectedResponse, "{method}");
    }
}

#[test]
fn a_location_may_not_lead_to_this_machine_or_out_of_tls() {
    for base in [
        "http://registry.example",
        "https://127.0.0.1",
        "https://localhost:5000",
    ] {
        let world = world(&settings(), false);
        let location = What::header("Location", format!("{base}/v2/a/b/blobs/uploads/1"));
        world.fail(Fault::new("POST", "/uploads/", location));
        let pushed = push(&world, Source::known(&world, BYTES));
        assert_eq!(kind(pushed), Kind::UnexpectedResponse);
        assert_eq!(sent(&world), ["HEAD", "POST"], "{base}");
    }
}

#[test]
fn a_query_of_a_location_is_kept() {
    let mut settings = settings();
    settings.uploads.location = Location::State;
    let world = world(&settings, false);
    push(&world, Source::known(&world, BYTES)).unwrap();
    let lines = world.lines();
    let last = lines.last().unwrap();
    assert!(last.contains("&_state=state-3&digest=sha256%3A"), "{last}");
}

#[test]
fn a_registry_that_takes_the_blob_for_another_is_not_believed() {
    let world = world(&settings(), false);
    let other = What::header("Docker-Content-Digest", sha256(b"another"));
    world.fail(Fault::new("PUT", "/uploads/", other));
    let pushed = push(&world, Source::known(&world, BYTES));
    assert_eq!(kind(pushed), Kind::DigestMismatch);
}

#[test]
fn a_push_that_is_dropped_takes_its_session_back() {
    let world = world(&settings(), false);
    let client = Client::new(world.clone(), BASE.parse().unwrap()).unwrap();
    let (name, options) = ("a/b".parse().unwrap(), in_fives());
    let pushing = client.push_blob(&name, Stalling, &options);
    assert!(poll_once(pushing).is_none());
    assert_eq!(sent(&world), ["POST", "DELETE"]);
}

/// A content whose reading never begins.
struct Stalling;

impl pierhead::client::Content for Stalling {
    type Body = crate::registry::Wire;

    fn size(&self) -> Option<u64> {
        None
    }

    fn digest(&self) -> Option<pierhead::digest::Digest> {
        None
    }

    async fn open(&mut self, _: u64) -> Result<Option<Self::Body>> {
        std::future::pending().await
    }
}

#[test]
fn progress_is_what_has_arrived() {
    let world = world(&settings(), false);
    let source = Source::known(&world, BYTES);
    let progress = source.sent.clone();
    push(&world, source).unwrap();
    assert_eq!(*progress.lock().unwrap(), [5, 10, 12, 12]);
}

#[test]
fn malformed_options_are_refused_before_anything_is_sent() {
    let world = world(&settings(), false);
    let none = PushOptions::default().with_chunk_size(0);
    let pushed = push_with(&world, Source::known(&world, BYTES), &none);
    assert_eq!(kind(pushed), Kind::InvalidArgument);
    let unknown = Source::known(&world, BYTES).said_to_be("other:abc", Some(12));
    assert_eq!(kind(push(&world, unknown)), Kind::UnsupportedAlgorithm);
    assert!(sent(&world).is_empty());
}
