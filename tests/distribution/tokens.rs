//! Bearer tokens from a token service, by GET and by OAuth 2.0's POST.

use crate::auth::{BASIC, TOKEN_URL, authorization, bearer, get, guard, once, password};
use crate::client::{BASE, MANIFEST, kind, served};
use crate::memory::{Memory, Piece, Reply, block_on, block_on_all, poll_once};
use pierhead::Kind;
use pierhead::client::Credential;

fn token(token: &str) -> Reply {
    Reply::ok(format!(r#"{{"token":"{token}","expires_in":300}}"#).as_bytes())
}

fn refresh_token() -> Credential {
    Credential::RefreshToken("r&f".into())
}

/// How often a token was asked for.
fn fetched(memory: &Memory) -> usize {
    let asked = memory.asked();
    asked.iter().filter(|url| url.contains(TOKEN_URL)).count()
}

#[test]
fn a_password_goes_to_the_token_service_by_get_and_not_to_the_registry() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.know(|_| Ok(Some(password())));
    memory.on("GET", TOKEN_URL, |request| {
        assert_eq!(authorization(request), Some(BASIC));
        Ok(token("t"))
    });
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    get(&client, "a/b").unwrap();
    assert_eq!(
        memory.asked()[1],
        format!("GET {TOKEN_URL}?service=r&scope=repository%3Aa%2Fb%3Apull")
    );
    assert_eq!(memory.asked().len(), 4);
    assert_eq!(authorization(&memory.requests()[3]), Some("Bearer t"));
}

#[test]
fn a_refresh_token_goes_to_the_token_service_by_post() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.know(|_| Ok(Some(refresh_token())));
    memory.reply("POST", TOKEN_URL, Reply::ok(br#"{"access_token":"t"}"#));
    get(&once(&memory, BASE), "a/b").unwrap();
    let request = &memory.requests()[1];
    assert_eq!(request.url.to_string(), TOKEN_URL);
    assert_eq!(authorization(request), None);
    assert_eq!(
        request.headers.get("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let mut fields: Vec<_> = memory.carried()[1].split('&').map(str::to_owned).collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "client_id=pierhead",
            "grant_type=refresh_token",
            "refresh_token=r%26f",
            "scope=repository%3Aa%2Fb%3Apull",
            "service=r",
        ]
    );
}

#[test]
fn a_token_service_without_the_one_method_is_asked_by_the_other_and_that_is_remembered() {
    for status in [404, 405] {
        let memory = Memory::new();
        guard(&memory, BASE, &["Bearer t"], &bearer());
        memory.know(|_| Ok(Some(refresh_token())));
        memory.reply("POST", TOKEN_URL, Reply::new(status));
        memory.on("GET", TOKEN_URL, |request| {
            // As containerd does it: no name, and the refresh token for a password.
            assert_eq!(authorization(request), Some("Basic OnImZg=="));
            Ok(token("t"))
        });
        let client = once(&memory, BASE);
        get(&client, "a/b").unwrap();
        memory.advance(300_000);
        get(&client, "a/b").unwrap();
        let methods: Vec<_> = memory
            .requests()
            .iter()
            .map(|request| request.method.as_str())
            .collect();
        assert_eq!(methods, ["GET", "POST", "GET", "GET", "GET", "GET"]);

        let memory = Memory::new();
        guard(&memory, BASE, &["Bearer t"], &bearer());
        memory.know(|_| Ok(Some(password())));
        memory.reply("GET", TOKEN_URL, Reply::new(status));
        memory.reply("POST", TOKEN_URL, token("t"));
        get(&once(&memory, BASE), "a/b").unwrap();
        let form = &memory.carried()[2];
        for field in [
            "grant_type=password",
            "username=user",
            "password=pass",
            "access_type=offline",
        ] {
            assert!(form.split('&').any(|found| found == field), "{form}");
        }

        memory.reply("POST", TOKEN_URL, Reply::new(status));
        let error = get(&once(&memory, BASE), "a/b").unwrap_err();
        assert_eq!((error.kind(), error.status()), (Kind::Auth, Some(status)));
    }
}

#[test]
fn a_refresh_token_that_was_granted_takes_the_passwords_place_until_it_is_refused() {
    let memory = Memory::new();
    guard(
        &memory,
        BASE,
        &["Bearer one", "Bearer two", "Bearer three"],
        &bearer(),
    );
    memory.know(|_| Ok(Some(password())));
    let granted = br#"{"token":"one","refresh_token":"again","expires_in":60}"#;
    memory.reply("GET", TOKEN_URL, Reply::ok(granted));
    memory.reply("POST", TOKEN_URL, Reply::ok(br#"{"access_token":"two"}"#));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    memory.advance(60_000);
    get(&client, "a/b").unwrap();
    assert!(memory.carried()[3].contains("refresh_token=again"));
    assert_eq!(authorization(&memory.requests()[4]), Some("Bearer two"));
    memory.advance(60_000);
    for status in [401, 404] {
        memory.reply("POST", TOKEN_URL, Reply::new(status));
        memory.reply(
            "GET",
            TOKEN_URL,
            Reply::ok(br#"{"token":"three","refresh_token":"more"}"#),
        );
        get(&client, "a/b").unwrap();
        let requests = memory.requests();
        let [.., post, by_password, read] = &requests[..] else {
            panic!("too few requests");
        };
        assert_eq!(post.method.as_str(), "POST");
        assert_eq!(authorization(by_password), Some(BASIC));
        assert_eq!(authorization(read), Some("Bearer three"));
        memory.advance(60_000);
    }
    assert_eq!(memory.asked_for().len(), 1);
}

#[test]
fn a_refresh_token_goes_to_no_other_realm_than_the_one_that_gave_it() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    let granted = br#"{"token":"t","refresh_token":"again"}"#;
    memory.reply("GET", TOKEN_URL, Reply::ok(granted));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    guard(
        &memory,
        BASE,
        &["Bearer u"],
        r#"Bearer realm="https://other.example/token""#,
    );
    memory.reply("GET", "https://other.example/token", token("u"));
    get(&client, "a/b").unwrap();
    assert!(memory.carried().iter().all(String::is_empty));
}

#[test]
fn a_credential_that_the_token_service_refuses_is_an_error_and_asked_for_anew_next_time() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.know(|_| Ok(Some(password())));
    memory.reply("GET", TOKEN_URL, Reply::new(401));
    let client = once(&memory, BASE);
    let error = get(&client, "a/b").unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Auth, Some(401)));
    assert!(error.url().unwrap().starts_with("https://auth.example"));
    assert_eq!((memory.asked().len(), memory.asked_for().len()), (2, 1));
    memory.reply("GET", TOKEN_URL, token("t"));
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked_for().len(), 2);

    // What was taken before may have been changed since: the host is asked, and what it gives is tried if it is new.
    memory.advance(300_000);
    memory.on("GET", TOKEN_URL, |request| {
        let is_new = authorization(request) == Some("Basic dXNlcjpuZXc=");
        Ok(if is_new { token("t") } else { Reply::new(401) })
    });
    assert_eq!(kind(get(&client, "a/b")), Kind::Auth);
    assert_eq!(memory.asked_for().len(), 3);
    memory.know(|_| {
        Ok(Some(Credential::Password {
            username: "user".into(),
            password: "new".into(),
        }))
    });
    get(&client, "a/b").unwrap();
}

#[test]
fn what_the_registry_wants_is_asked_for_along_with_what_is_needed() {
    let memory = Memory::new();
    let challenge = format!(r#"{},scope="aws repository:a/b:pull,push""#, bearer());
    guard(&memory, BASE, &["Bearer t"], &challenge);
    memory.reply("GET", TOKEN_URL, token("t"));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    assert_eq!(
        memory.asked()[1],
        format!("GET {TOKEN_URL}?service=r&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=aws")
    );
    // It is good for less, too.
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked().len(), 4);
}

#[test]
fn a_refused_token_is_taken_anew_once() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer one"], &bearer());
    memory.reply("GET", TOKEN_URL, token("one"));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    guard(
        &memory,
        BASE,
        &["Bearer two"],
        &format!(r#"{},error="invalid_token""#, bearer()),
    );
    memory.reply("GET", TOKEN_URL, token("two"));
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked().len(), 6);
    guard(
        &memory,
        BASE,
        &[],
        &format!(r#"{},error="invalid_token""#, bearer()),
    );
    memory.reply("GET", TOKEN_URL, token("three"));
    let error = get(&client, "a/b").unwrap_err();
    assert_eq!(error.kind(), Kind::Auth);
    assert!(error.message().ends_with("invalid_token"), "{error}");
    assert_eq!(memory.asked().len(), 9);
    // The same token again would be refused again.
    let error = get(&client, "a/b").unwrap_err();
    assert_eq!(error.kind(), Kind::Auth);
    assert_eq!(memory.asked().len(), 11);
}

#[test]
fn a_scope_that_the_registry_finds_missing_is_asked_for() {
    for status in [401, 403] {
        let memory = Memory::new();
        memory.on(
            "GET",
            &format!("{BASE}/v2/a/b/manifests/latest"),
            move |request| {
                let challenge = bearer();
                let more = format!(
                    r#"{challenge},scope="repository:base:pull",error="insufficient_scope""#
                );
                Ok(match authorization(request) {
                    Some("Bearer wide") => served(MANIFEST),
                    Some(_) => Reply::new(status).header("WWW-Authenticate", more),
                    None => Reply::new(401).header("WWW-Authenticate", challenge),
                })
            },
        );
        memory.on("GET", TOKEN_URL, |request| {
            let is_wide = request.url.to_string().contains("base");
            Ok(token(if is_wide { "wide" } else { "narrow" }))
        });
        get(&once(&memory, BASE), "a/b").unwrap();
        assert_eq!(memory.asked().len(), 5);
    }
    let memory = Memory::new();
    let refusal = Reply::new(403).header("WWW-Authenticate", bearer());
    memory.reply("GET", &format!("{BASE}/v2/a/b/manifests/latest"), refusal);
    assert_eq!(kind(get(&once(&memory, BASE), "a/b")), Kind::Auth);
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn a_registry_that_always_wants_more_is_asked_three_times() {
    let memory = Memory::new();
    let count = std::sync::atomic::AtomicUsize::new(0);
    memory.on(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        move |_| {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let challenge = format!(r#"{},scope="repository:r{number}:pull""#, bearer());
            Ok(Reply::new(401).header("WWW-Authenticate", challenge))
        },
    );
    memory.on("GET", TOKEN_URL, |request| {
        Ok(token(&request.url.to_string().len().to_string()))
    });
    assert_eq!(kind(get(&once(&memory, BASE), "a/b")), Kind::Auth);
    assert_eq!(memory.asked().len(), 5);
}

#[test]
fn many_who_need_one_token_fetch_it_once() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.reply("GET", TOKEN_URL, token("t"));
    let client = once(&memory, BASE);
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    let reads = (0..5).map(|_| client.manifest(&name, &reference, None));
    assert!(
        block_on_all(&memory, TOKEN_URL, reads)
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(fetched(&memory), 1);
}

#[test]
fn many_who_need_one_token_fail_together() {
    let memory = Memory::new();
    guard(&memory, BASE, &[], &bearer());
    memory.reply("GET", TOKEN_URL, Reply::new(401));
    memory.know(|_| Ok(Some(password())));
    let client = once(&memory, BASE);
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    let reads = (0..5).map(|_| client.manifest(&name, &reference, None));
    for read in block_on_all(&memory, TOKEN_URL, reads) {
        let error = read.unwrap_err();
        assert_eq!((error.kind(), error.status()), (Kind::Auth, Some(401)));
    }
    assert_eq!(fetched(&memory), 1);
}

#[test]
fn whoever_gives_up_fetching_a_token_leaves_it_to_the_next() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.reply("GET", TOKEN_URL, token("t"));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    memory.advance(300_000);
    memory.hold(Some(TOKEN_URL));
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    {
        let mut leader = std::pin::pin!(client.manifest(&name, &reference, None));
        let mut follower = std::pin::pin!(client.manifest(&name, &reference, None));
        assert!(poll_once(leader.as_mut()).is_none());
        assert!(poll_once(follower.as_mut()).is_none());
        assert_eq!(memory.asked().len(), 4, "only one fetches");
    }
    memory.hold(None);
    get(&client, "a/b").unwrap();
}

#[test]
fn a_token_request_takes_what_proves_who_asks_to_no_other_origin() {
    for (credential, method) in [(password(), "GET"), (refresh_token(), "POST")] {
        let memory = Memory::new();
        guard(&memory, BASE, &[], &bearer());
        memory.know(move |_| Ok(Some(credential.clone())));
        for status in [302, 307] {
            let away = Reply::new(status).header("Location", "https://evil.example/token");
            memory.reply(method, TOKEN_URL, away);
            assert_eq!(kind(get(&once(&memory, BASE), "a/b")), Kind::Auth);
        }
        let same = Reply::new(307).header("Location", "/other");
        memory.reply(method, TOKEN_URL, same);
        memory.reply(method, "https://auth.example/other", token("t"));
        guard(&memory, BASE, &["Bearer t"], &bearer());
        get(&once(&memory, BASE), "a/b").unwrap();
        assert!(!memory.asked().iter().any(|asked| asked.contains("evil")));
    }
}

#[test]
fn an_anonymous_token_request_may_be_led_elsewhere() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    let away = Reply::new(302).header("Location", "https://sso.example/token");
    memory.reply("GET", TOKEN_URL, away);
    memory.reply("GET", "https://sso.example/token", token("t"));
    get(&once(&memory, BASE), "a/b").unwrap();
}

#[test]
fn a_token_service_that_answers_badly_is_an_authentication_error() {
    for (reply, expected) in [
        (Reply::ok(b"<html>"), Kind::Auth),
        (Reply::ok(b"{}"), Kind::Auth),
        (Reply::ok(br#"{"token":"a b"}"#), Kind::Auth),
        (Reply::new(200).piece(Piece::Endless), Kind::TooLarge),
        (Reply::new(200).piece(Piece::Stall), Kind::Timeout),
        (Reply::new(302), Kind::UnexpectedResponse),
    ] {
        let memory = Memory::new();
        guard(&memory, BASE, &[], &bearer());
        memory.reply("GET", TOKEN_URL, reply);
        assert_eq!(kind(get(&once(&memory, BASE), "a/b")), expected);
    }
}

#[test]
fn a_ping_takes_any_token() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer t"], &bearer());
    memory.reply("GET", TOKEN_URL, token("t"));
    memory.on("GET", &format!("{BASE}/v2/"), |request| {
        assert_eq!(authorization(request), Some("Bearer t"));
        Ok(Reply::ok(b"{}"))
    });
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    block_on(client.ping()).unwrap();
}
