//! How a client behaves towards those it asks: pauses, bounds, and what they have to say.

use crate::auth::get;
use crate::client::{BASE, MANIFEST, kind, served};
use crate::memory::{Memory, Reply, block_on, block_on_all};
use pierhead::Kind;
use pierhead::client::{Client, ClientOptions, RateLimit};

fn with(memory: &Memory, options: ClientOptions) -> Client<Memory> {
    Client::with_options(memory.clone(), BASE.parse().unwrap(), options).unwrap()
}

fn url() -> String {
    format!("{BASE}/v2/a/b/manifests/latest")
}

#[test]
fn no_more_requests_are_under_way_than_the_bound() {
    for (concurrency, most) in [(2, 2), (0, 1), (100, 5)] {
        let memory = Memory::new();
        memory.reply("GET", &url(), served(MANIFEST));
        let options = ClientOptions::default().with_concurrency(concurrency);
        let client = with(&memory, options);
        let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
        let reads = (0..5).map(|_| client.manifest(&name, &reference, None));
        assert!(block_on_all(&memory, BASE, reads).iter().all(Result::is_ok));
        assert_eq!(memory.most_waiting(), most);
    }
}

#[test]
fn requests_that_are_to_be_independent_wait_for_nobody() {
    let memory = Memory::new();
    memory.reply("GET", &url(), served(MANIFEST));
    let options = ClientOptions::default()
        .with_concurrency(1)
        .with_independent(true);
    let client = with(&memory, options);
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    let reads = (0..5).map(|_| client.manifest(&name, &reference, None));
    assert!(block_on_all(&memory, BASE, reads).iter().all(Result::is_ok));
    assert_eq!(memory.most_waiting(), 5);
}

#[test]
fn whoever_gives_up_waiting_leaves_its_turn_to_others() {
    let memory = Memory::new();
    memory.reply("GET", &url(), served(MANIFEST));
    let client = with(&memory, ClientOptions::default().with_concurrency(1));
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    memory.hold(Some(BASE));
    {
        let mut first = std::pin::pin!(client.manifest(&name, &reference, None));
        let mut second = std::pin::pin!(client.manifest(&name, &reference, None));
        assert!(crate::memory::poll_once(first.as_mut()).is_none());
        assert!(crate::memory::poll_once(second.as_mut()).is_none());
        assert_eq!(memory.asked().len(), 1);
    }
    memory.hold(None);
    get(&client, "a/b").unwrap();
}

#[test]
fn warnings_are_heard_once_each_and_whose_they_are() {
    let memory = Memory::new();
    let reply = served(MANIFEST).header("Warning", r#"299 - "one, or so", 299 - "two""#);
    memory.reply("GET", &url(), reply);
    let client = with(&memory, ClientOptions::default());
    get(&client, "a/b").unwrap();
    get(&client, "a/b").unwrap();
    let heard = ["registry.example: one, or so", "registry.example: two"];
    assert_eq!(memory.warned(), heard);
    let warnings = client.warnings();
    assert_eq!(warnings.len(), 2);
    assert_eq!(warnings[1].text, "two");
}

#[test]
fn what_errors_warn_of_is_heard_but_not_what_other_origins_do() {
    let memory = Memory::new();
    let warning = |text: &str| format!("299 - \"{text}\"");
    memory.reply(
        "GET",
        &url(),
        Reply::new(404).header("Warning", warning("gone")),
    );
    let away = Reply::new(307)
        .header("Location", "https://cdn.example/x")
        .header("Warning", warning("moved"));
    memory.reply("GET", &format!("{BASE}/v2/"), away);
    let elsewhere = Reply::ok(b"{}").header("Warning", warning("not yours"));
    memory.reply("GET", "https://cdn.example/x", elsewhere);
    let client = with(&memory, ClientOptions::default());
    assert_eq!(kind(get(&client, "a/b")), Kind::Registry);
    block_on(client.ping()).unwrap();
    assert_eq!(
        memory.warned(),
        ["registry.example: gone", "registry.example: moved"]
    );
}

#[test]
fn the_rate_limit_is_the_one_that_was_stated_last() {
    let memory = Memory::new();
    let client = with(&memory, ClientOptions::default());
    assert_eq!(client.rate_limit(), None);
    for remaining in [9, 8] {
        let reply = served(MANIFEST)
            .header("RateLimit-Limit", "10;w=60")
            .header("RateLimit-Remaining", format!("{remaining};w=60"));
        memory.reply("GET", &url(), reply);
        get(&client, "a/b").unwrap();
        let RateLimit {
            limit,
            remaining: left,
            window,
            ..
        } = client.rate_limit().unwrap();
        assert_eq!((limit, left, window), (Some(10), Some(remaining), Some(60)));
    }
    memory.reply("GET", &url(), served(MANIFEST));
    get(&client, "a/b").unwrap();
    assert!(client.rate_limit().is_some());
}
