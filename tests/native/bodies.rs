//! Bodies of responses.

use std::time::Duration;

use pierhead::Kind;
use pierhead::client::{Body, Chunks, Expected, Payload, Piece, Transport};
use pierhead::digest::{Algorithm, Digest};
use pierhead::http::Method;
use pierhead::native::Native;

use super::server::Server;
use super::{SHORT, get, kind_of, pattern, read_all, request};

#[tokio::test]
async fn a_body_that_is_cut_is_a_lost_connection() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nten bytes.\r\n",
    ] {
        let server = Server::answering(cut);
        let mut response = get(&server.at("?token=secret")).await.unwrap();
        assert_eq!(
            response.body.chunk().await.unwrap().as_deref(),
            Some(b"ten bytes.".as_slice())
        );
        let error = response.body.chunk().await.unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectionLost);
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_that_stops_is_given_up_in_time() {
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.");
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    let native = Native::new().unwrap().with_timeouts(10 * SHORT, SHORT);
    let asked = request(Method::Get, &server.url);
    let mut response = native.send(asked, Payload::None).await.unwrap();
    response.body.chunk().await.unwrap().unwrap();
    assert_eq!(kind_of(response.body.chunk().await), Kind::Timeout);
    drop(response);
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test]
async fn a_body_that_comes_slowly_has_all_the_time_it_needs() {
    let server = Server::start(|conversation, _| {
        conversation.head().unwrap();
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n");
        for byte in b"ten bytes." {
            // 2 seconds for all of it.
            std::thread::sleep(Duration::from_millis(200));
            conversation.write([*byte]);
        }
    });
    let limit = Duration::from_secs(1);
    let native = Native::new().unwrap().with_timeouts(limit, limit);
    let asked = request(Method::Get, &server.url);
    let mut response = native.send(asked, Payload::None).await.unwrap();
    assert_eq!(read_all(&mut response.body).await.unwrap(), b"ten bytes.");
}

#[tokio::test]
async fn a_body_that_is_cancelled_closes_its_connection_and_gives_nothing_more() {
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.");
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    let mut response = get(&server.url).await.unwrap();
    response.body.cancel();
    assert_eq!(kind_of(response.body.chunk().await), Kind::Aborted);
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test]
async fn a_verified_body_fails_before_its_end_if_it_is_another() {
    let whole = pattern(300_000);
    let digest = Digest::of(Algorithm::Sha256, &whole);
    let mut other = whole.clone();
    *other.last_mut().unwrap() ^= 1;
    let size = whole.len();
    for (sent, expected) in [(whole, None), (other, Some(Kind::DigestMismatch))] {
        let server = Server::start(move |conversation, _| {
            conversation.head().unwrap();
            conversation.answer("200 OK", "", &sent);
        });
        let response = get(&server.url).await.unwrap();
        let expectation = Expected::new(digest.clone(), Some(size as u64));
        let mut body = response.body.verified(expectation).unwrap();
        let mut read = 0;
        let outcome = loop {
            match body.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => break None,
                Err(error) => break Some(error.kind()),
            }
        };
        assert_eq!(outcome, expected);
        assert_eq!(read == size, expected.is_none(), "{read} bytes came");
    }
}

#[tokio::test]
async fn a_body_is_taken_in_parts_of_the_asked_size() {
    let whole = pattern(100_000);
    let sent = whole.clone();
    let server = Server::start(move |conversation, _| {
        conversation.head().unwrap();
        conversation.answer("200 OK", "", &sent);
    });
    let mut body = get(&server.url).await.unwrap().body;
    for size in [30_000, 1, 50_000, 19_999, 0] {
        assert_eq!(
            body.take(40_000.min(size)).await.unwrap().size(),
            40_000.min(size)
        );
        if size == 50_000 {
            assert_eq!(body.take(10_000).await.unwrap().size(), 10_000);
        }
    }
    assert_eq!(body.take(10).await.unwrap().size(), 0);
    assert!(body.chunk().await.unwrap().is_none());
}
