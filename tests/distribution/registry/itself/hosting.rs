//! What the world is as the host of a client.

use pierhead::client::{
    Body as _, Chunks as _, Clock as _, Content as _, Credential, Credentials as _, Payload,
    Piece as _, Transport as _,
};
use pierhead::http::{Method, Request};
use pierhead::{Kind, Result};

use super::*;
use crate::body::drain;
use crate::memory::block_on;

fn blob() -> String {
    format!("{HOME}/v2/a/b/blobs/{}", sha256(b"0123456789"))
}

fn seeded() -> World {
    let world = super::seeded(Settings::default());
    world.registry(|registry| registry.store.of("a/b").put_blob(b"0123456789"));
    world
}

fn send(world: &World, method: Method, url: &str, payload: Payload<Wire>) -> Result<(u16, Wire)> {
    let request = Request::new(method, url.parse().unwrap());
    block_on(world.send(request, payload)).map(|response| (response.status, response.body))
}

fn body(world: &World) -> Wire {
    send(world, Method::Get, &blob(), Payload::None).unwrap().1
}

#[test]
fn a_body_comes_in_pieces_and_takes_its_time() {
    let world = seeded();
    world.behave(|manners| {
        manners.piece = 3;
        manners.pace = 10;
    });
    let mut body = body(&world);
    assert_eq!(block_on(body.chunk()).unwrap().unwrap(), b"012");
    assert_eq!(block_on(body.take(5)).unwrap().bytes(), b"34567");
    let last = block_on(body.take(5)).unwrap();
    assert_eq!((last.bytes(), last.size()), (b"89".as_slice(), 2));
    assert_eq!(last.skip(1).bytes(), b"9");
    assert_eq!(last.skip(9).size(), 0);
    assert!(world.now() >= 40);
    body.cancel();
    assert_eq!(world.given_up(), 1);
}

#[test]
fn a_body_ends_as_it_was_told_to() {
    for (end, kind) in [
        (End::Clean, None),
        (End::Cut, Some(Kind::ConnectionLost)),
        (End::Stalled, Some(Kind::Timeout)),
    ] {
        let world = seeded();
        world.fail(Fault::new("GET", "/blobs/", What::body_until(4, end)));
        assert_eq!(drain(body(&world)), (b"0123".to_vec(), kind));
    }
    let world = seeded();
    world.fail(Fault::new("GET", "/blobs/", What::endless()));
    let mut body = body(&world);
    let many = block_on(body.take(1_000_000)).unwrap();
    assert_eq!(many.size(), 1_000_000);
}

#[test]
fn a_request_fails_as_it_was_told_to() {
    for (what, kind) in [
        (What::Refuse, Kind::ConnectionFailed),
        (What::Silent, Kind::Timeout),
        (What::LoseAnswer, Kind::ConnectionFailed),
    ] {
        let world = seeded();
        world.fail(Fault::new("GET", "", what));
        let error = send(&world, Method::Get, &blob(), Payload::None)
            .err()
            .unwrap();
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn a_piece_and_a_stream_are_sent() {
    let world = seeded();
    let post = format!("{HOME}/v2/c/blobs/uploads/?digest={}", sha256(b"hello"));
    let piece = Payload::Piece(pierhead::client::Piece::new(b"hello".to_vec()));
    assert_eq!(send(&world, Method::Post, &post, piece).unwrap().0, 201);
    let log = world.log();
    assert_eq!(
        log.last().unwrap().asked.header("content-length"),
        Some("5")
    );
    let stream = |end, size| {
        let mut source = Source::stream(&world, b"hello").ending(end);
        let body = block_on(source.open(0)).unwrap().unwrap();
        send(&world, Method::Post, &post, Payload::Stream(body, size)).map(|(status, _)| status)
    };
    assert_eq!(stream(End::Clean, 5).unwrap(), 201);
    assert_eq!(
        stream(End::Cut, 5).unwrap_err().kind(),
        Kind::ConnectionLost
    );
    assert_eq!(
        stream(End::Clean, 6).unwrap_err().kind(),
        Kind::ConnectionFailed
    );
    assert!(world.log().last().unwrap().asked.cut);
}

#[test]
fn what_is_pushed_is_read_again_or_once() {
    let world = seeded();
    let mut known = Source::known(&world, b"hello");
    assert_eq!((known.size(), known.digest().is_some()), (Some(5), true));
    let rest = block_on(known.open(3)).unwrap().unwrap();
    assert_eq!(drain(rest).0, b"lo");
    assert!(block_on(known.open(0)).unwrap().is_some());
    assert_eq!(known.opened, [3, 0]);
    let mut stream = Source::stream(&world, b"hello");
    assert_eq!((stream.size(), stream.digest()), (None, None));
    assert!(block_on(stream.open(3)).unwrap().is_none());
    assert!(block_on(stream.open(0)).unwrap().is_some());
    assert!(block_on(stream.open(0)).unwrap().is_none());
    assert_eq!(stream.digest().unwrap().as_str(), sha256(b"hello"));
}

#[test]
fn requests_are_counted_while_they_wait() {
    let world = seeded();
    world.behave(|manners| manners.latency = 2);
    let ask = || async {
        let request = Request::new(Method::Get, blob().parse().unwrap());
        world.send(request, Payload::None).await.map(|_| ())
    };
    let mut both = [Box::pin(ask()), Box::pin(ask())];
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..2 {
        for one in &mut both {
            assert!(one.as_mut().poll(&mut context).is_pending());
        }
    }
    assert_eq!(world.at_once(), 2);
    for one in &mut both {
        assert!(one.as_mut().poll(&mut context).is_ready());
    }
    block_on(ask()).unwrap();
    assert_eq!(world.at_once(), 2);
}

#[test]
fn time_chance_and_credentials_are_the_worlds() {
    let world = seeded();
    block_on(world.sleep(70));
    assert_eq!((world.now(), world.sleeps()), (70, vec![70]));
    world.behave(|manners| {
        manners.random = 9;
        manners.streams = false;
    });
    assert_eq!((world.random(), world.streams_requests()), (9, false));
    world.login(
        "registry.example",
        Ok(Credential::Token("s3cr3t".to_owned())),
    );
    world.login("closed.example", Err(Kind::Auth));
    let credential = |registry: &str| block_on(world.credential(registry));
    assert!(credential("registry.example").unwrap().is_some());
    assert!(credential("other.example").unwrap().is_none());
    assert_eq!(credential("closed.example").unwrap_err().kind(), Kind::Auth);
    assert_eq!(world.asked_for().len(), 3);
}
