//! Reading blobs on after their connections broke, and parts of them.

use std::sync::Arc;

use crate::body::drain;
use crate::client::{BASE, kind};
use crate::memory::block_on;
use crate::registry::{End, Fault, Settings, What, When, World};
use pierhead::client::Client;
use pierhead::digest::Digest;
use pierhead::{Kind, Result};

const BYTES: &[u8] = b"twelve bytes";

fn world() -> (World, Digest) {
    let world = World::of(Settings::default());
    world.behave(|manners| manners.piece = 3);
    let digest = world.registry(|registry| registry.store.of("a/b").put_blob(BYTES));
    (world, digest.parse().unwrap())
}

fn client(world: &World) -> Arc<Client<World>> {
    Arc::new(Client::new(world.clone(), BASE.parse().unwrap()).unwrap())
}

/// What is read, and the error that ends it.
fn read(world: &World, digest: &Digest, size: Option<u64>) -> (Vec<u8>, Option<Kind>) {
    let name = "a/b".parse().unwrap();
    match block_on(client(world).blob_resuming(&name, digest, size)) {
        Ok(blob) => drain(blob.body),
        Err(error) => (Vec::new(), Some(error.kind())),
    }
}

fn whole() -> (Vec<u8>, Option<Kind>) {
    (BYTES.to_vec(), None)
}

#[test]
fn a_blob_is_read_on_wherever_its_connection_broke() {
    for end in [End::Cut, End::Stalled, End::Clean] {
        for first in 0..BYTES.len() {
            for second in 0..BYTES.len() {
                let (world, digest) = world();
                for bytes in [first, second] {
                    let fault = Fault::new("GET", "/blobs/", What::body_until(bytes, end));
                    world.fail(fault.when(When::Only(1)));
                }
                let about = format!("{end:?} {first} {second}: {:?}", world.lines());
                assert_eq!(read(&world, &digest, Some(12)), whole(), "{about}");
                let asked = world.log();
                let range = asked[1].asked.header("range").map(str::to_owned);
                let expected = (first > 0).then(|| format!("bytes={first}-11"));
                assert_eq!(range, expected, "{about}");
            }
        }
    }
}

#[test]
fn a_registry_that_sends_all_of_it_again_is_read_from_where_it_broke() {
    let (world, digest) = world();
    world.registry(|registry| registry.settings.blobs.ranges = false);
    for bytes in 0..BYTES.len() {
        world.heal();
        let fault = Fault::new("GET", "/blobs/", What::body_until(bytes, End::Cut));
        world.fail(fault.when(When::First(1)));
        assert_eq!(read(&world, &digest, None), whole(), "{bytes}");
    }
}

#[test]
fn a_refusal_that_passes_is_waited_for() {
    let (world, digest) = world();
    let cut = Fault::new("GET", "/blobs/", What::body_until(5, End::Cut));
    world.fail(cut.when(When::Only(1)));
    let busy = Fault::new("GET", "/blobs/", What::busy(503, "7"));
    world.fail(busy.when(When::Only(1)));
    assert_eq!(read(&world, &digest, Some(12)), whole());
    assert!(
        world.sleeps().iter().any(|slept| *slept >= 7_000),
        "{:?}",
        world.sleeps()
    );
}

#[test]
fn a_connection_that_breaks_for_ever_is_given_up() {
    let (world, digest) = world();
    world.fail(Fault::new("GET", "/blobs/", What::body_until(0, End::Cut)));
    let (bytes, error) = read(&world, &digest, Some(12));
    assert_eq!((bytes.len(), error), (0, Some(Kind::ConnectionLost)));
    assert_eq!(world.count("GET"), 6);
}

#[test]
fn a_registry_that_has_died_is_asked_for_the_rest_five_times() {
    for what in [What::Refuse, What::status(503), What::busy(429, "1")] {
        let (world, digest) = world();
        let cut = Fault::new("GET", "/blobs/", What::body_until(5, End::Cut));
        world.fail(cut.when(When::Only(1)));
        let told = format!("{what:?}");
        world.fail(Fault::new("GET", "/blobs/", what));
        let (bytes, error) = read(&world, &digest, Some(12));
        assert!(bytes.len() <= 5 && error.is_some(), "{told}");
        assert_eq!(world.count("GET"), 6, "{told}");
    }
}

#[test]
fn a_registry_that_wants_more_time_than_is_waited_gets_no_more_requests() {
    let (world, digest) = world();
    let cut = Fault::new("GET", "/blobs/", What::body_until(5, End::Cut));
    world.fail(cut.when(When::Only(1)));
    world.fail(Fault::new("GET", "/blobs/", What::busy(503, "3600")));
    let (_, error) = read(&world, &digest, Some(12));
    assert_eq!(error, Some(Kind::Registry));
    assert_eq!(world.count("GET"), 2);
}

#[test]
fn the_rest_of_a_known_size_is_asked_for_to_its_last_byte() {
    for size in [Some(12), None] {
        for bytes in 1..BYTES.len() {
            let (world, digest) = world();
            world.registry(|registry| registry.settings.blobs.open_ranges = false);
            let cut = Fault::new("GET", "/blobs/", What::body_until(bytes, End::Cut));
            world.fail(cut.when(When::Only(1)));
            assert_eq!(read(&world, &digest, size), whole(), "{size:?} {bytes}");
        }
    }
}

#[test]
fn other_bytes_are_not_asked_for_again() {
    let (world, digest) = world();
    world.fail(Fault::new("GET", "/blobs/", What::corrupt()));
    let (bytes, error) = read(&world, &digest, Some(12));
    assert_eq!(error, Some(Kind::DigestMismatch));
    assert!(bytes.len() < BYTES.len());
    assert_eq!(world.count("GET"), 1);
}

#[test]
fn the_rest_that_is_another_one_is_found_out() {
    for (content_range, expected) in [
        ("bytes 4-11/12", Kind::UnexpectedResponse),
        ("bytes 5-10/12", Kind::UnexpectedResponse),
        ("bytes 5-11/13", Kind::SizeMismatch),
        ("items 5-11/12", Kind::InvalidHeader),
    ] {
        let (world, digest) = world();
        let cut = Fault::new("GET", "/blobs/", What::body_until(5, End::Cut));
        world.fail(cut.when(When::Only(1)));
        let other = What::header("content-range", content_range);
        world.fail(Fault::new("GET", "/blobs/", other));
        let (bytes, error) = read(&world, &digest, Some(12));
        assert_eq!(error, Some(expected), "{content_range}");
        assert!(bytes.len() <= 5);
    }
}

fn part(world: &World, digest: &Digest, start: u64, end: Option<u64>) -> Result<(u64, Vec<u8>)> {
    let name = "a/b".parse().unwrap();
    let part = block_on(client(world).blob_part(&name, digest, None, start, end))?;
    Ok((part.start, drain(part.body).0))
}

#[test]
fn a_part_is_the_bytes_that_were_asked_for() {
    let (world, digest) = world();
    for start in 0..12 {
        for end in start..15 {
            let (begins, bytes) = part(&world, &digest, start, Some(end)).unwrap();
            let last = end.min(11) as usize;
            assert_eq!(begins, start);
            assert_eq!(bytes, BYTES[start as usize..=last]);
        }
    }
    let past = part(&world, &digest, 12, Some(13)).unwrap_err();
    assert_eq!((past.kind(), past.status()), (Kind::Registry, Some(416)));
}

#[test]
fn a_registry_without_ranges_says_where_its_answer_begins() {
    let (world, digest) = world();
    world.registry(|registry| registry.settings.blobs.ranges = false);
    assert_eq!(
        part(&world, &digest, 5, Some(6)).unwrap(),
        (0, BYTES.to_vec())
    );
}

#[test]
fn a_part_that_nobody_asked_for_is_refused() {
    let (world, digest) = world();
    let answer = What::status(206);
    world.fail(Fault::new("GET", "/blobs/", answer));
    assert_eq!(
        kind(part(&world, &digest, 0, None)),
        Kind::UnexpectedResponse
    );
}

#[test]
fn a_blob_that_is_deleted_is_gone() {
    let (world, digest) = world();
    let name = "a/b".parse().unwrap();
    let client = client(&world);
    block_on(client.delete_blob(&name, &digest)).unwrap();
    let gone = block_on(client.blob_head(&name, &digest)).unwrap_err();
    assert_eq!(gone.status(), Some(404));
    world.registry(|registry| registry.settings.deletes.blobs = Err(405));
    let refused = block_on(client.delete_blob(&name, &digest)).unwrap_err();
    assert_eq!(refused.status(), Some(405));
}
