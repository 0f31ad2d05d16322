//! How requests go out, and how heads of responses come in.

use std::net::TcpListener;

use pierhead::Kind;
use pierhead::client::{Credential, Credentials, Payload, Piece, Transport};
use pierhead::http::Method;
use pierhead::native::{Native, NativePiece};

use super::server::Server;
use super::{SHORT, get, kind_of, read_all, request};

#[tokio::test]
async fn a_redirect_is_the_callers_to_follow() {
    let server = Server::answering(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
    );
    let response = get(&server.url).await.unwrap();
    assert_eq!(response.status, 307);
    assert_eq!(response.headers.get("location"), Some("/elsewhere"));
    assert_eq!(response.url, None);
}

#[tokio::test]
async fn an_encoded_body_comes_as_it_was_sent() {
    // Twenty bytes that claim to be gzip, and begin like it.
    let body = b"\x1f\x8b\x08 not to be decoded";
    let server = Server::start(|conversation, teller| {
        let head = conversation.head().unwrap();
        teller.tell(head.text("accept-encoding").unwrap_or_default(), []);
        conversation.answer("200 OK", "content-encoding: gzip\r\n", body);
    });
    let mut response = get(&server.url).await.unwrap();
    assert_eq!(response.headers.get("content-encoding"), Some("gzip"));
    assert_eq!(read_all(&mut response.body).await.unwrap(), body);
    assert_eq!(server.told().await.0, "", "no encoding is asked for");
}

#[tokio::test]
async fn header_values_are_bytes_both_ways() {
    let server = Server::start(|conversation, teller| {
        let head = conversation.head().unwrap();
        teller.tell("", head.header("x-name").unwrap());
        conversation.write(b"HTTP/1.1 200 OK\r\nx-name: caf\xe9\r\ncontent-length: 0\r\n\r\n");
    });
    let mut asked = request(Method::Get, &server.url);
    asked.headers.append("x-name", "th\u{e9}").unwrap();
    let native = Native::new().unwrap();
    let response = native.send(asked, Payload::None).await.unwrap();
    assert_eq!(server.told().await.1, b"th\xe9");
    assert_eq!(response.headers.get("x-name"), Some("caf\u{e9}"));
}

#[tokio::test]
async fn headers_that_come_twice_are_both_there() {
    let server = Server::answering(
        "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"a\"\r\nwww-authenticate: Bearer realm=\"b\"\r\n\
         content-length: 0\r\n\r\n",
    );
    let response = get(&server.url).await.unwrap();
    let challenges: Vec<_> = response.headers.all("www-authenticate").collect();
    assert_eq!(challenges, ["Basic realm=\"a\"", "Bearer realm=\"b\""]);
}

#[tokio::test]
async fn a_post_that_carries_nothing_says_so() {
    // RFC 9110, section 8.6; what stands before registries asks for it with 411.
    for payload in [Payload::None, Payload::Piece(NativePiece::new(Vec::new()))] {
        let server = Server::start(|conversation, teller| {
            let head = conversation.head().unwrap();
            let length = head.text("content-length").unwrap_or_default();
            teller.tell(format!("{} {length}", head.line), []);
            conversation.answer("202 Accepted", "", b"");
        });
        let asked = request(Method::Post, &server.at("v2/a/blobs/uploads/"));
        Native::new().unwrap().send(asked, payload).await.unwrap();
        assert_eq!(
            server.told().await.0,
            "POST /v2/a/blobs/uploads/ HTTP/1.1 0"
        );
    }
}

#[tokio::test]
async fn a_head_has_no_body_whatever_its_length() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n");
    let asked = request(Method::Head, &server.url);
    let native = Native::new().unwrap();
    let mut response = native.send(asked, Payload::None).await.unwrap();
    assert_eq!(response.headers.get("content-length"), Some("7"));
    assert_eq!(read_all(&mut response.body).await.unwrap(), b"");
}

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up_in_time() {
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    let native = Native::new().unwrap().with_timeouts(SHORT, SHORT);
    let asked = request(Method::Get, &server.url);
    assert_eq!(
        kind_of(native.send(asked, Payload::None).await),
        Kind::Timeout
    );
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test]
async fn a_request_that_is_dropped_is_given_up() {
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        teller.tell("asked", []);
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    let native = Native::new().unwrap();
    let asked = request(Method::Get, &server.url);
    let sending = tokio::spawn(async move { native.send(asked, Payload::None).await });
    server.told().await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_connection_and_no_secret_is_told() {
    // The port was free a moment ago.
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/a?token=secret", listener.local_addr().unwrap())
    };
    let error = get(&url).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailed);
    assert!(std::error::Error::source(&error).is_some());
    let told = format!("{error:?}");
    assert!(told.contains("refused"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn what_is_no_http_fails_as_a_connection() {
    let server = Server::answering("SSH-2.0-OpenSSH_9.9\r\n");
    assert_eq!(kind_of(get(&server.url).await), Kind::ConnectionFailed);
}

#[tokio::test]
async fn a_head_without_end_is_not_read_to_its_end() {
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        conversation.write("HTTP/1.1 200 OK\r\n");
        let line = format!("x-filler: {}\r\n", "a".repeat(8 * 1024));
        // 10 MB and more.
        for _ in 0..1300 {
            conversation.write(&line);
        }
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    assert_eq!(kind_of(get(&server.url).await), Kind::ConnectionFailed);
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test]
async fn credentials_are_asked_for_by_the_registry() {
    let native = Native::new().unwrap().with_credentials(|registry| {
        if registry == "broken.example" {
            let source = std::io::Error::other("the keychain is locked");
            return Err(pierhead::Error::new(Kind::Auth, "no credential").with_source(source));
        }
        Ok((registry == "registry.example:5000").then(|| Credential::Token("t".into())))
    });
    let known = native.credential("registry.example:5000").await.unwrap();
    assert!(known == Some(Credential::Token("t".into())));
    assert!(native.credential("docker.io").await.unwrap().is_none());
    assert_eq!(
        kind_of(native.credential("broken.example").await),
        Kind::Auth
    );
}
