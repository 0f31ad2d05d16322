//! What the client trusts with what: tokens and redirects.

use crate::body::drain;
use crate::client::{BASE, MANIFEST, client, kind, read, served, sha256};
use crate::memory::{Memory, Piece, Reply, block_on};
use pierhead::Kind;
use pierhead::client::Client;

/// A registry that wants a token for `a/b`.
fn guarded(lifetime: u64) -> Memory {
    let memory = Memory::new();
    memory.on(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        |request| {
            let authorised = request.headers.get("authorization") == Some("Bearer secret");
            Ok(if authorised {
                served(MANIFEST)
            } else {
                Reply::new(401).header(
                    "WWW-Authenticate",
                    r#"Bearer realm="https://auth.example/token",service="r",scope="x""#,
                )
            })
        },
    );
    memory.reply(
        "GET",
        "https://auth.example/token",
        Reply::ok(format!(r#"{{"token":"secret","expires_in":{lifetime}}}"#).as_bytes()),
    );
    memory
}

#[test]
fn a_challenge_is_met_with_an_anonymous_token_which_is_kept_while_it_lasts() {
    let memory = guarded(60);
    let client = client(&memory);
    let read = || {
        block_on(client.manifest(&"a/b".parse().unwrap(), &"latest".parse().unwrap(), None))
            .unwrap()
    };
    read();
    let manifest = format!("GET {BASE}/v2/a/b/manifests/latest");
    let token =
        "GET https://auth.example/token?service=r&scope=repository%3Aa%2Fb%3Apull".to_owned();
    assert_eq!(
        memory.asked(),
        [
            manifest.clone(),
            token.clone() + "&scope=x",
            manifest.clone()
        ]
    );
    read();
    assert_eq!(memory.asked().len(), 4);
    // The registry is known to want a token by now, so it is not asked without one.
    memory.advance(60_000);
    read();
    assert_eq!(memory.asked()[4..], [token, manifest]);
    assert!(
        memory
            .requests()
            .iter()
            .filter(|request| request.url.to_string().contains("auth.example"))
            .all(|request| request.headers.get("authorization").is_none())
    );
}

#[test]
fn a_registry_that_is_never_satisfied_is_asked_twice() {
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
    );
    memory.reply(
        "GET",
        "https://auth.example/token",
        Reply::ok(br#"{"token":"t"}"#),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 3);
}

#[test]
fn what_goes_wrong_at_the_token_service_is_an_authentication_error() {
    for (reply, expected) in [
        (Reply::new(500), Kind::Auth),
        (Reply::new(403), Kind::Auth),
        (Reply::ok(b"{}"), Kind::Auth),
        (Reply::new(200).piece(Piece::Endless), Kind::TooLarge),
    ] {
        let memory = guarded(60);
        memory.reply("GET", "https://auth.example/token", reply);
        assert_eq!(kind(read(&memory, "latest")), expected);
    }
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="http://auth.example/token""#,
        ),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn a_redirect_is_followed_without_credentials_for_another_origin() {
    let memory = guarded(60);
    let digest = sha256(b"blob");
    memory.on("GET", &format!("{BASE}/v2/a/b/blobs/{digest}"), |request| {
        assert_eq!(request.headers.get("authorization"), Some("Bearer secret"));
        Ok(Reply::new(307).header("Location", "https://cdn.example/x?sig=1"))
    });
    memory.reply("GET", "https://cdn.example/x", Reply::ok(b"blob"));
    let client = client(&memory);
    block_on(client.manifest(&"a/b".parse().unwrap(), &"latest".parse().unwrap(), None)).unwrap();
    let blob = block_on(client.blob(&"a/b".parse().unwrap(), &digest, None)).unwrap();
    assert_eq!(drain(blob.body), (b"blob".to_vec(), None));
    assert_eq!(
        memory
            .requests()
            .last()
            .unwrap()
            .headers
            .get("authorization"),
        None
    );
}

#[test]
fn a_redirect_that_leads_nowhere_good_is_refused() {
    for location in [
        "http://registry.example/x",
        "ftp://registry.example/",
        "https://u:p@registry.example/",
        "/v2/",
        "https://127.0.0.1/x",
        "https://localhost:8443/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://127.1/x",
    ] {
        let memory = Memory::new();
        memory.reply(
            "GET",
            &format!("{BASE}/v2/"),
            Reply::new(302).header("Location", location),
        );
        assert!(
            matches!(
                kind(block_on(client(&memory).ping())),
                Kind::UnexpectedResponse | Kind::InvalidUrl
            ),
            "{location}"
        );
        assert!(memory.asked().len() <= 6);
    }
    let memory = Memory::new();
    memory.reply("GET", &format!("{BASE}/v2/"), Reply::new(302));
    assert_eq!(
        kind(block_on(client(&memory).ping())),
        Kind::UnexpectedResponse
    );
}

#[test]
fn a_challenge_from_another_origin_gets_no_token() {
    let memory = guarded(60);
    memory.reply(
        "GET",
        &format!("{BASE}/v2/"),
        Reply::new(307).header("Location", "https://evil.example/"),
    );
    memory.reply(
        "GET",
        "https://evil.example/",
        Reply::new(401).header(
            "WWW-Authenticate",
            r#"Bearer realm="https://auth.example/token""#,
        ),
    );
    assert_eq!(kind(block_on(client(&memory).ping())), Kind::Auth);
    assert_eq!(memory.asked().len(), 2);
}

#[test]
fn a_local_registry_may_lead_to_this_machine() {
    let memory = Memory::new();
    let away = Reply::new(307).header("Location", "http://localhost:5001/x");
    memory.reply("GET", "http://127.0.0.1:5000/v2/", away);
    memory.reply("GET", "http://localhost:5001/x", Reply::ok(b"{}"));
    let client = Client::new(memory, "http://127.0.0.1:5000/".parse().unwrap()).unwrap();
    block_on(client.ping()).unwrap();
}

#[test]
fn redirects_that_the_host_followed_by_itself_are_judged_by_where_they_led() {
    let memory = guarded(60);
    let ping = |to: &str, reply: Reply| {
        let followed = reply.followed_to(to);
        memory.reply("GET", &format!("{BASE}/v2/"), followed);
        block_on(client(&memory).ping())
    };
    ping("https://cdn.example/x", Reply::ok(b"{}")).unwrap();
    for refused in ["http://registry.example/", "https://127.0.0.1/"] {
        assert_eq!(
            kind(ping(refused, Reply::ok(b"{}"))),
            Kind::UnexpectedResponse
        );
    }
    let asked = memory.asked().len();
    let challenge = r#"Bearer realm="https://auth.example/token""#;
    let stranger = Reply::new(401).header("WWW-Authenticate", challenge);
    assert_eq!(kind(ping("https://evil.example/", stranger)), Kind::Auth);
    assert_eq!(memory.asked().len(), asked + 1);
}
