//! What is asked again, when, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::auth::{TOKEN_URL, bearer, get, guard};
use crate::client::{BASE, MANIFEST, kind, served};
use crate::memory::{Memory, Reply, block_on, poll_once};
use pierhead::client::{Client, ClientOptions};
use pierhead::{Error, Kind, Result};

/// Fails so many times in a row, then serves the manifest.
fn failing(times: usize, fail: impl Fn() -> Result<Reply> + Send + Sync + 'static) -> Memory {
    let memory = Memory::new();
    let left = Arc::new(AtomicUsize::new(times));
    memory.on(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        move |_| {
            let again = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
            if again.is_ok() {
                fail()
            } else {
                Ok(served(MANIFEST))
            }
        },
    );
    memory
}

fn client(memory: &Memory, options: ClientOptions) -> Client<Memory> {
    Client::with_options(memory.clone(), BASE.parse().unwrap(), options).unwrap()
}

fn read(memory: &Memory) -> Result<()> {
    get(&client(memory, ClientOptions::default()), "a/b").map(|_| ())
}

#[test]
fn what_fails_in_passing_is_asked_for_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let memory = failing(4, move || Ok(Reply::new(status)));
        read(&memory).unwrap();
        assert_eq!(memory.asked().len(), 5, "{status}");
    }
    for fault in [Kind::ConnectionFailed, Kind::ConnectionLost, Kind::Timeout] {
        let memory = failing(4, move || Err(Error::new(fault, "no luck")));
        read(&memory).unwrap();
        assert_eq!(memory.asked().len(), 5, "{fault:?}");
    }
}

#[test]
fn what_goes_on_failing_is_the_error_after_four_more_attempts() {
    let memory = failing(100, || Ok(Reply::new(503)));
    let error = read(&memory).unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(503)));
    assert_eq!(memory.asked().len(), 5);
    let memory = failing(100, || Ok(Reply::new(503)));
    let none = ClientOptions::default().with_retries(0);
    assert_eq!(kind(get(&client(&memory, none), "a/b")), Kind::Registry);
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn what_would_fail_again_is_asked_for_once() {
    for status in [400, 403, 404, 405, 501, 507] {
        let memory = failing(100, move || Ok(Reply::new(status)));
        assert!(read(&memory).is_err());
        assert_eq!(memory.asked().len(), 1, "{status}");
    }
    let memory = failing(100, || Err(Error::new(Kind::InvalidHeader, "nonsense")));
    assert_eq!(kind(read(&memory)), Kind::InvalidHeader);
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn pauses_double_and_are_spread() {
    let memory = failing(4, || Ok(Reply::new(503)));
    memory.set_random(1 << 31);
    let options = ClientOptions::default().with_backoff(1000, 3000);
    get(&client(&memory, options), "a/b").unwrap();
    assert_eq!(memory.slept(), [500, 1000, 1500, 1500]);
}

#[test]
fn the_registry_says_when_to_come_again() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (reply, wait) in [
        (Reply::new(429).header("Retry-After", "7"), 7000),
        (Reply::new(503).header("Retry-After", "60"), 60_000),
        (
            Reply::new(503)
                .header("Retry-After", "Sun, 06 Nov 1994 08:49:40 GMT")
                .header("Date", date),
            3000,
        ),
    ] {
        let memory = failing(1, move || Ok(reply.clone()));
        read(&memory).unwrap();
        assert_eq!(memory.slept(), [wait]);
    }
}

#[test]
fn a_registry_that_wants_too_much_time_gets_no_more_requests() {
    let memory = failing(1, || Ok(Reply::new(429).header("Retry-After", "61")));
    let error = read(&memory).unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(61)));
    assert_eq!((memory.asked().len(), memory.slept().len()), (1, 0));
    let patient = ClientOptions::default().with_max_retry_after(61);
    let memory = failing(1, || Ok(Reply::new(429).header("Retry-After", "61")));
    get(&client(&memory, patient), "a/b").unwrap();
}

#[test]
fn nothing_is_asked_again_once_too_much_time_has_passed() {
    let memory = failing(100, || Ok(Reply::new(503).header("Retry-After", "40")));
    let options = ClientOptions::default().with_max_elapsed(100_000);
    assert!(get(&client(&memory, options), "a/b").is_err());
    assert_eq!(memory.slept(), [40_000, 40_000]);
}

#[test]
fn a_token_service_that_fails_in_passing_is_asked_again() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    let busy = AtomicUsize::new(0);
    memory.on("GET", TOKEN_URL, move |_| {
        Ok(match busy.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::new(429).header("Retry-After", "2"),
            1 => Reply::new(503),
            _ => Reply::ok(br#"{"token":"t"}"#),
        })
    });
    read(&memory).unwrap();
    assert_eq!(memory.slept(), [2000, 0]);
    memory.reply("GET", TOKEN_URL, Reply::new(403));
    let memory = Memory::new();
    guard(&memory, BASE, &[], &bearer());
    memory.reply("GET", TOKEN_URL, Reply::new(403));
    assert_eq!(kind(read(&memory)), Kind::Auth);
    assert_eq!(memory.asked().len(), 2);
}

#[test]
fn nobody_has_a_turn_while_it_only_waits_to_ask_again() {
    let memory = failing(1, || Ok(Reply::new(503)));
    let client = client(&memory, ClientOptions::default().with_concurrency(1));
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    memory.hold_sleep(true);
    let mut first = std::pin::pin!(client.manifest(&name, &reference, None));
    assert!(poll_once(first.as_mut()).is_none());
    get(&client, "a/b").unwrap();
    memory.hold_sleep(false);
    block_on(first).unwrap();
}
