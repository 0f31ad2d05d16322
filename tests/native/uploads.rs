//! Bodies of requests.

use std::thread;
use std::time::Duration;

use pierhead::Kind;
use pierhead::client::{
    Chunks as _, Client, Content, Payload, Piece, PushOptions, PushOutcome, Transport,
};
use pierhead::digest::Algorithm;
use pierhead::http::Method;
use pierhead::native::{BytesContent, FileContent, Native, NativeBody, NativePiece};

use super::server::Server;
use super::{SHORT, get, kind_of, pattern, request};

/// A body of bytes in memory.
async fn stream_of(bytes: &[u8]) -> NativeBody {
    let mut content = BytesContent::new(bytes, Algorithm::Sha256);
    content.open(0).await.unwrap().unwrap()
}

/// A server that reads a body as its head announces it, and tells the head's framing, and the body.
fn taking() -> Server {
    Server::start(|conversation, teller| {
        let head = conversation.head().unwrap();
        let length = head.text("content-length").unwrap();
        assert_eq!(head.text("transfer-encoding"), None);
        let body = conversation.read(length.parse().unwrap());
        teller.tell(length, body);
        conversation.answer("201 Created", "", b"");
    })
}

async fn put(native: &Native, url: &str, payload: Payload<NativeBody>) -> pierhead::Result<u16> {
    let response = native.send(request(Method::Put, url), payload).await?;
    Ok(response.status)
}

#[tokio::test]
async fn a_stream_is_sent_under_its_size() {
    let bytes = pattern(1_000_000);
    let server = taking();
    let payload = Payload::Stream(stream_of(&bytes).await, 1_000_000);
    let native = Native::new().unwrap();
    assert_eq!(put(&native, &server.url, payload).await.unwrap(), 201);
    let told = server.told().await;
    assert_eq!(told.0, "1000000");
    assert!(told.1 == bytes, "other bytes came");
}

#[tokio::test]
async fn a_piece_is_sent_whole_and_again() {
    let native = Native::new().unwrap();
    for size in [1, 64 * 1024, 64 * 1024 + 1, 1_000_000] {
        let bytes = pattern(size);
        let payload = Payload::Piece(NativePiece::new(bytes.clone()));
        let again = payload.again().unwrap();
        for payload in [payload, again] {
            let server = taking();
            assert_eq!(put(&native, &server.url, payload).await.unwrap(), 201);
            let told = server.told().await;
            assert_eq!(told.0, size.to_string());
            assert!(told.1 == bytes, "other bytes came");
        }
    }
}

#[test]
fn a_piece_is_skipped_into() {
    let piece = NativePiece::new(pattern(100));
    assert_eq!(piece.skip(40).size(), 60);
    assert_eq!(piece.skip(40).skip(59).size(), 1);
    assert_eq!(piece.skip(101).size(), 0);
}

#[tokio::test]
async fn a_stream_that_is_not_as_long_as_it_says_fails() {
    // hyper would cut the long one without a word.
    for (announced, kind) in [(99, Kind::SizeMismatch), (101, Kind::BodyTruncated)] {
        let server = taking();
        let payload = Payload::Stream(stream_of(&pattern(100)).await, announced);
        let native = Native::new().unwrap();
        let error = put(&native, &server.url, payload).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.expected(), Some(announced.to_string().as_str()));
        assert_eq!(error.actual(), Some("100"));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_keeps_its_own_error() {
    let source = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.");
    let server = taking();
    let body = get(&source.url).await.unwrap().body;
    let native = Native::new().unwrap();
    let error = put(&native, &server.url, Payload::Stream(body, 100)).await;
    assert_eq!(kind_of(error), Kind::ConnectionLost);
    assert_eq!(
        server.told().await.1,
        b"ten bytes.",
        "nothing is made up for what is missing"
    );

    let mut body = stream_of(b"abc").await;
    body.cancel();
    let error = put(&native, &taking().url, Payload::Stream(body, 3)).await;
    assert_eq!(kind_of(error), Kind::Aborted);
}

#[tokio::test]
async fn a_slow_upload_outlives_the_limit_for_the_head_of_its_response() {
    const STEP: usize = 1024 * 1024;
    const STEPS: usize = 24;
    let limit = Duration::from_secs(1);
    for as_piece in [false, true] {
        let server = Server::start(|conversation, teller| {
            conversation.head().unwrap();
            let mut read = 0;
            for _ in 0..STEPS {
                // 2.4 seconds for all, of which the last that the network holds is a quarter at most.
                thread::sleep(Duration::from_millis(100));
                read += conversation.read(STEP).len();
            }
            teller.tell(read.to_string(), []);
            conversation.answer("201 Created", "", b"");
        });
        let native = Native::new().unwrap().with_timeouts(limit, limit);
        let bytes = pattern(STEPS * STEP);
        let payload = if as_piece {
            Payload::Piece(NativePiece::new(bytes))
        } else {
            Payload::Stream(stream_of(&bytes).await, (STEPS * STEP) as u64)
        };
        assert_eq!(put(&native, &server.url, payload).await.unwrap(), 201);
        assert_eq!(server.told().await.0, (STEPS * STEP).to_string());
    }
}

#[tokio::test]
async fn an_upload_that_nobody_takes_is_given_up_in_time() {
    let server = Server::start(|conversation, _| {
        conversation.head().unwrap();
        thread::sleep(Duration::from_secs(5));
    });
    let native = Native::new().unwrap().with_timeouts(SHORT, SHORT);
    let bytes = pattern(32 * 1024 * 1024);
    let payload = Payload::Stream(stream_of(&bytes).await, bytes.len() as u64);
    assert_eq!(
        kind_of(put(&native, &server.url, payload).await),
        Kind::Timeout
    );
}

#[tokio::test]
async fn an_answer_before_the_end_of_an_upload_is_the_answer() {
    let server = Server::start(|conversation, _| {
        conversation.head().unwrap();
        conversation.answer("401 Unauthorized", "connection: close\r\n", b"");
        // As servers do, so that the answer is not lost to a reset.
        while !conversation.read(64 * 1024).is_empty() {}
    });
    let native = Native::new().unwrap();
    let bytes = pattern(8 * 1024 * 1024);
    let payload = Payload::Stream(stream_of(&bytes).await, bytes.len() as u64);
    assert_eq!(put(&native, &server.url, payload).await.unwrap(), 401);
}

#[tokio::test]
async fn a_file_is_pushed_in_one_request() {
    let bytes = pattern(3_000_000);
    let path = std::env::temp_dir().join(format!("pierhead-{}-pushed", std::process::id()));
    std::fs::write(&path, &bytes).unwrap();
    let server = Server::start(|conversation, teller| {
        while let Some(head) = conversation.head() {
            if head.line.starts_with("HEAD ") {
                conversation.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
            } else if head.line.starts_with("POST ") {
                conversation.answer("202 Accepted", "location: /upload?id=1\r\n", b"");
            } else {
                let length = head.text("content-length").unwrap().parse().unwrap();
                teller.tell(head.line, conversation.read(length));
                conversation.answer("201 Created", "location: /blob\r\n", b"");
            }
        }
    });
    let client = Client::new(Native::new().unwrap(), server.url.parse().unwrap()).unwrap();
    let content = FileContent::open(&path, Algorithm::Sha256).await.unwrap();
    let pushed = client
        .push_blob(&"a".parse().unwrap(), content, &PushOptions::default())
        .await;
    std::fs::remove_file(&path).unwrap();
    let pushed = pushed.unwrap();
    assert_eq!(
        (pushed.size, pushed.outcome),
        (3_000_000, PushOutcome::Uploaded)
    );
    let told = server.told().await;
    let digest = pushed.digest.as_str().replace(':', "%3A");
    assert_eq!(told.0, format!("PUT /upload?id=1&digest={digest} HTTP/1.1"));
    assert!(told.1 == bytes, "other bytes came");
}

#[tokio::test]
async fn a_push_that_is_dropped_takes_its_session_back() {
    let server = Server::start(|conversation, teller| {
        while let Some(head) = conversation.head() {
            let method = head.line.split(' ').next().unwrap();
            teller.tell(method, []);
            match method {
                "HEAD" => conversation.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
                "POST" => {
                    conversation.answer("202 Accepted", "location: /v2/a/blobs/uploads/1\r\n", b"")
                }
                "DELETE" => conversation.answer("204 No Content", "", b""),
                // What is sent is never answered.
                _ => thread::sleep(Duration::from_secs(5)),
            }
        }
    });
    let client = Client::new(Native::new().unwrap(), server.url.parse().unwrap()).unwrap();
    let pushing = tokio::spawn(async move {
        let content = BytesContent::new(pattern(1_000_000), Algorithm::Sha256);
        let name = "a".parse().unwrap();
        client
            .push_blob(&name, content, &PushOptions::default())
            .await
    });
    for method in ["HEAD", "POST", "PUT"] {
        assert_eq!(server.told().await.0, method);
    }
    pushing.abort();
    assert!(pushing.await.unwrap_err().is_cancelled());
    assert_eq!(server.told().await.0, "DELETE");
}
