//! Pushing blobs to a registry in memory, whose connections break anywhere.

use crate::client::{BASE, kind};
use crate::memory::{block_on, poll_once};
use crate::sessions::{Dialect, Fate, Server, Source};
use pierhead::client::{Client, PushOptions, PushOutcome, Pushed};
use pierhead::digest::{Algorithm, Digest};
use pierhead::{Kind, Result};

const BYTES: &[u8] = b"twelve bytes";

fn client(server: &Server) -> Client<Server> {
    Client::new(server.clone(), BASE.parse().unwrap()).unwrap()
}

fn in_fives() -> PushOptions {
    PushOptions::default().with_chunk_size(5)
}

fn push(server: &Server, source: &Source) -> Result<Pushed> {
    push_with(server, source, &in_fives())
}

fn push_with(server: &Server, source: &Source, options: &PushOptions) -> Result<Pushed> {
    let name = "a/b".parse().unwrap();
    block_on(client(server).push_blob(&name, source.clone(), options))
}

/// The push succeeds, and the registry has the bytes.
fn arrives(server: &Server, source: &Source, about: &str) {
    match push(server, source) {
        Ok(pushed) => assert_eq!(pushed.size, source.bytes.len() as u64, "{about}"),
        Err(error) => panic!("{about}: {error:?}\n{:#?}", server.log()),
    }
    assert!(server.has(&source.bytes), "{about}: {:#?}", server.log());
}

fn dialects() -> [Dialect; 4] {
    let plain = Dialect::default();
    [
        plain.clone(),
        Dialect {
            unit: "bytes=",
            nothing: "0--1",
            moves: false,
            ..plain.clone()
        },
        Dialect {
            base: "https://registry.example",
            takes: 4,
            ..plain.clone()
        },
        Dialect {
            base: "https://uploads.example",
            most: Some(3),
            ..plain
        },
    ]
}

#[test]
fn a_stream_of_unknown_size_goes_in_chunks_and_is_named_at_its_end() {
    for length in 0..=BYTES.len() {
        let server = Server::new(Dialect::default(), true);
        arrives(
            &server,
            &Source::stream(&BYTES[..length]),
            &length.to_string(),
        );
    }
    let server = Server::new(Dialect::default(), true);
    push(&server, &Source::stream(BYTES)).unwrap();
    assert_eq!(
        server.log(),
        ["POST", "PATCH 0-4", "PATCH 5-9", "PATCH 10-11", "PUT"]
    );
}

#[test]
fn what_the_host_can_stream_goes_in_one_request() {
    let server = Server::new(Dialect::default(), true);
    arrives(&server, &Source::file(BYTES), "streamed");
    assert_eq!(server.log(), ["HEAD", "POST", "PUT stream"]);
    let fetched = server.state().requests.remove(1);
    assert!(fetched.url.to_string().contains("?mount=sha256%3A"));
}

#[test]
fn what_the_host_cannot_stream_goes_in_chunks_or_in_one_piece() {
    let server = Server::new(Dialect::default(), false);
    arrives(&server, &Source::file(BYTES), "in chunks");
    assert_eq!(
        server.log(),
        [
            "HEAD",
            "POST",
            "PATCH 0-4",
            "PATCH 5-9",
            "PATCH 10-11",
            "PUT"
        ]
    );
    let server = Server::new(Dialect::default(), false);
    arrives(&server, &Source::file(&BYTES[..5]), "in one piece");
    assert_eq!(server.log(), ["HEAD", "POST", "PUT"]);
}

#[test]
fn a_small_content_goes_with_the_request_that_asks_for_a_session() {
    let dialect = Dialect {
        takes_posts: true,
        ..Dialect::default()
    };
    for streams in [true, false] {
        let server = Server::new(dialect.clone(), streams);
        arrives(&server, &Source::file(&BYTES[..5]), "small");
        assert_eq!(server.log(), ["HEAD", "POST"]);
    }
}

#[test]
fn nothing_is_sent_that_is_there() {
    let server = Server::new(Dialect::default(), true);
    push(&server, &Source::file(BYTES)).unwrap();
    server.state().log.clear();
    let source = Source::file(BYTES);
    let pushed = push(&server, &source).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Existed);
    assert_eq!(server.log(), ["HEAD"]);
    assert!(source.opened().is_empty());
    let other = Source {
        size: Some(11),
        ..Source::file(BYTES)
    };
    assert_eq!(kind(push(&server, &other)), Kind::SizeMismatch);
}

#[test]
fn a_blob_of_another_repository_is_mounted_or_its_session_is_used() {
    let digest = Digest::of(Algorithm::Sha256, BYTES).to_string();
    let options = in_fives().with_mount_from("c/d".parse().unwrap());
    let mounts = Dialect {
        mounts: Some(true),
        ..Dialect::default()
    };
    let server = Server::new(mounts, true);
    server.state().elsewhere.insert(digest, BYTES.to_vec());
    let pushed = push_with(&server, &Source::file(BYTES), &options).unwrap();
    assert_eq!(pushed.outcome, PushOutcome::Mounted);
    assert_eq!(server.log(), ["HEAD", "POST"]);
    assert!(
        server.state().requests[1]
            .url
            .target()
            .ends_with("&from=c%2Fd")
    );

    let server = Server::new(Dialect::default(), true);
    push_with(&server, &Source::file(BYTES), &options).unwrap();
    assert_eq!(server.log(), ["HEAD", "POST", "PUT stream"]);

    let refuses = Dialect {
        mounts: None,
        ..Dialect::default()
    };
    let server = Server::new(refuses, true);
    push_with(&server, &Source::file(BYTES), &options).unwrap();
    assert_eq!(server.log(), ["HEAD", "POST", "POST", "PUT stream"]);
}

#[test]
fn a_mount_alone_leaves_no_session() {
    let digest = Digest::of(Algorithm::Sha256, BYTES);
    let mounts = Dialect {
        mounts: Some(true),
        ..Dialect::default()
    };
    let server = Server::new(mounts, true);
    let mount = |from: Option<&str>| {
        let from = from.map(|from| from.parse().unwrap());
        block_on(client(&server).mount_blob(&"a/b".parse().unwrap(), &digest, from.as_ref()))
    };
    assert!(!mount(None).unwrap());
    assert_eq!(server.log(), ["POST", "DELETE"]);
    assert!(server.state().session.is_none());
    let blob = BYTES.to_vec();
    server.state().elsewhere.insert(digest.to_string(), blob);
    assert!(mount(Some("c/d")).unwrap());
    assert!(server.has(BYTES));
}

#[test]
fn chunks_are_as_large_as_the_registry_wants_them() {
    let wants = |least, most| Dialect {
        least,
        most,
        ..Dialect::default()
    };
    let server = Server::new(wants(Some(7), None), false);
    arrives(&server, &Source::file(BYTES), "at least 7");
    assert_eq!(
        server.log(),
        ["HEAD", "POST", "PATCH 0-6", "PATCH 7-11", "PUT"]
    );
    let server = Server::new(wants(None, Some(11)), true);
    arrives(&server, &Source::file(BYTES), "no stream of more than 11");
    assert_eq!(
        server.log(),
        [
            "HEAD",
            "POST",
            "PATCH 0-4",
            "PATCH 5-9",
            "PATCH 10-11",
            "PUT"
        ]
    );
    let server = Server::new(wants(Some(1 << 40), None), false);
    let wanted = push(&server, &Source::stream(BYTES)).unwrap_err();
    assert_eq!(wanted.kind(), Kind::TooLarge);
    assert_eq!(server.log().last().unwrap(), "DELETE");
}

#[test]
fn another_algorithm_is_said_when_the_session_is_opened() {
    let server = Server::new(Dialect::default(), false);
    let source = Source {
        algorithm: Algorithm::Sha512,
        ..Source::stream(BYTES)
    };
    let options = in_fives().with_algorithm(Algorithm::Sha512);
    let pushed = push_with(&server, &source, &options).unwrap();
    assert_eq!(pushed.digest, Digest::of(Algorithm::Sha512, BYTES));
    let opened = server.state().requests[0].url.to_string();
    assert!(opened.ends_with("?digest-algorithm=sha512"), "{opened}");
}

/// Every request of a push that needs `count` of them, cut at every byte, answered into the void, refused, or without its session.
fn every_fate(count: usize, longest: u64) -> impl Iterator<Item = (usize, Fate)> {
    let fates = (0..=longest).map(Fate::Cut).chain([
        Fate::AnswerLost,
        Fate::Refused(500),
        Fate::Refused(503),
        Fate::Refused(408),
        Fate::Forgotten,
    ]);
    fates.flat_map(move |fate| (1..count).map(move |request| (request, fate)))
}

#[test]
fn an_upload_goes_on_wherever_it_broke() {
    let mut tried = 0;
    for dialect in dialects() {
        for streams in [true, false] {
            for length in [0, 1, 2, 5, 6, 12] {
                let whole = Server::new(dialect.clone(), streams);
                let source = Source::file(&BYTES[..length]);
                arrives(&whole, &source, "without a failure");
                let longest = if streams { length as u64 } else { 5 };
                for (request, fate) in every_fate(whole.log().len(), longest) {
                    let about = format!("{dialect:?} {streams} {length}: {request} {fate:?}");
                    let server = Server::new(dialect.clone(), streams)
                        .deciding(move |_, n| if n == request { fate } else { Fate::Pass });
                    arrives(&server, &Source::file(&BYTES[..length]), &about);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 1300, "{tried}");
}

#[test]
fn what_can_be_read_once_goes_on_from_the_piece_that_is_held() {
    for dialect in dialects() {
        let whole = Server::new(dialect.clone(), true);
        arrives(&whole, &Source::stream(BYTES), "without a failure");
        for (request, fate) in every_fate(whole.log().len(), 5) {
            let server = Server::new(dialect.clone(), true)
                .deciding(move |_, n| if n == request { fate } else { Fate::Pass });
            let about = format!("{dialect:?}: {request} {fate:?}");
            if fate == Fate::Forgotten {
                // Only the first piece is both the beginning and still there.
                let source = Source::stream(BYTES);
                match push(&server, &source) {
                    Ok(_) => assert!(server.has(BYTES), "{about}"),
                    Err(error) => assert_eq!(error.status(), Some(404), "{about}: {error:?}"),
                }
            } else {
                arrives(&server, &Source::stream(BYTES), &about);
            }
        }
    }
}

#[test]
fn two_failures_anywhere_are_survived() {
    for streams in [true, false] {
        for first in 1..6 {
            for second in first + 1..8 {
                for cut in 0..=5 {
                    let server = Server::new(Dialect::default(), streams).deciding(move |_, n| {
                        if n == first || n == second {
                            Fate::Cut(cut)
                        } else {
                            Fate::Pass
                        }
                    });
                    let about = format!("{streams}: {first} and {second} at {cut}");
                    arrives(&server, &Source::file(BYTES), &about);
                }
            }
        }
    }
}

#[test]
fn what_never_gets_better_is_given_up_after_a_while() {
    for (fate, expected) in [
        (Fate::Cut(0), Kind::ConnectionLost),
        (Fate::Refused(500), Kind::Registry),
    ] {
        let server = Server::new(Dialect::default(), false).deciding(move |method, _| {
            if method == "PATCH" { fate } else { Fate::Pass }
        });
        assert_eq!(kind(push(&server, &Source::file(BYTES))), expected);
        let patches = server
            .log()
            .iter()
            .filter(|line| line.starts_with("PATCH"))
            .count();
        assert_eq!(patches, 6, "{:?}", server.log());
        let slept = server.state().slept;
        assert!((5_000..60_000).contains(&slept), "{slept} ms");
    }
}

#[test]
fn a_wrong_content_never_comes_to_be_a_blob() {
    let right = Digest::of(Algorithm::Sha256, BYTES);
    for streams in [true, false] {
        for (bytes, size, expected) in [
            (&b"twelve Bytes"[..], Some(12), Kind::DigestMismatch),
            (b"twelve bytes.", Some(12), Kind::SizeMismatch),
            (b"twelve byte", Some(12), Kind::BodyTruncated),
            (b"twelve Bytes", None, Kind::DigestMismatch),
        ] {
            for chunk in [5, 12, 100] {
                let server = Server::new(Dialect::default(), streams);
                let source = Source {
                    size,
                    digest: Some(right.clone()),
                    ..Source::file(bytes)
                };
                let options = PushOptions::default().with_chunk_size(chunk);
                let pushed = push_with(&server, &source, &options);
                assert_eq!(
                    kind(pushed),
                    expected,
                    "{streams} {chunk} {:?}",
                    server.log()
                );
                let state = server.state();
                assert!(state.blobs.is_empty() && state.session.is_none());
                let sent = state.log.iter().filter(|line| *line == "PUT").count();
                assert_eq!(sent, 0, "{:?}", state.log);
            }
        }
    }
}

#[test]
fn a_content_that_fails_ends_the_push_and_its_session() {
    for streams in [true, false] {
        let server = Server::new(Dialect::default(), streams);
        let source = Source {
            fails: true,
            ..Source::file(BYTES)
        };
        assert_eq!(kind(push(&server, &source)), Kind::Aborted);
        assert!(server.state().session.is_none(), "{:?}", server.log());
    }
}

#[test]
fn a_registry_that_miscounts_is_told_apart() {
    for (claims, expected) in [
        ("0-99", Kind::UnexpectedResponse),
        ("0-3", Kind::UnexpectedResponse),
        ("0--1", Kind::UnexpectedResponse),
        ("5-9", Kind::InvalidHeader),
        ("0-four", Kind::InvalidHeader),
        ("0-18446744073709551615", Kind::InvalidHeader),
    ] {
        let dialect = Dialect {
            claims: Some(claims),
            ..Dialect::default()
        };
        let server = Server::new(dialect, false);
        assert_eq!(
            kind(push(&server, &Source::file(BYTES))),
            expected,
            "{claims}"
        );
        assert_eq!(server.log().last().unwrap(), "DELETE");
    }
}

#[test]
fn a_session_without_a_location_is_refused() {
    for method in ["POST", "PATCH"] {
        let dialect = Dialect {
            hides_location_of: method,
            ..Dialect::default()
        };
        let server = Server::new(dialect, false);
        assert_eq!(
            kind(push(&server, &Source::file(BYTES))),
            Kind::UnexpectedResponse
        );
    }
}

#[test]
fn a_location_may_not_lead_to_this_machine_or_out_of_tls() {
    for base in [
        "http://registry.example",
        "https://127.0.0.1",
        "https://localhost:5000",
    ] {
        let dialect = Dialect {
            base,
            ..Dialect::default()
        };
        let server = Server::new(dialect, false);
        assert_eq!(
            kind(push(&server, &Source::file(BYTES))),
            Kind::UnexpectedResponse
        );
        assert_eq!(server.log(), ["HEAD", "POST"], "{base}");
    }
}

#[test]
fn a_registry_that_takes_the_blob_for_another_is_not_believed() {
    let other: &'static str =
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let dialect = Dialect {
        digest: Some(other),
        ..Dialect::default()
    };
    let server = Server::new(dialect, false);
    assert_eq!(
        kind(push(&server, &Source::file(BYTES))),
        Kind::DigestMismatch
    );
}

#[test]
fn a_push_that_is_dropped_takes_its_session_back() {
    let server = Server::new(Dialect::default(), false);
    let stalled = server.clone();
    let source = Stalling(Source::stream(BYTES));
    let name = "a/b".parse().unwrap();
    let own = client(&server);
    let options = in_fives();
    assert!(poll_once(own.push_blob(&name, source, &options)).is_none());
    assert_eq!(stalled.log(), ["POST", "unheeded DELETE"]);
    assert!(stalled.state().session.is_none());
}

/// A content whose reading never begins.
struct Stalling(Source);

impl pierhead::client::Content for Stalling {
    type Body = crate::sessions::Fed;

    fn size(&self) -> Option<u64> {
        None
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    async fn open(&mut self, _: u64) -> Result<Option<Self::Body>> {
        std::future::pending::<()>().await;
        self.0.open(0).await
    }
}

#[test]
fn progress_is_what_has_arrived() {
    let server = Server::new(Dialect::default(), false);
    let source = Source::file(BYTES);
    push(&server, &source).unwrap();
    assert_eq!(source.progress.lock().unwrap().sent, [5, 10, 12, 12]);
}

#[test]
fn malformed_options_are_refused_before_anything_is_sent() {
    let server = Server::new(Dialect::default(), false);
    let none = PushOptions::default().with_chunk_size(0);
    assert_eq!(
        kind(push_with(&server, &Source::file(BYTES), &none)),
        Kind::InvalidArgument
    );
    let unknown = Source {
        digest: Some("other:abc".parse().unwrap()),
        ..Source::file(BYTES)
    };
    assert_eq!(kind(push(&server, &unknown)), Kind::UnsupportedAlgorithm);
    assert!(server.log().is_empty());
}
