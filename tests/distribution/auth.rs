//! Whose credential goes where.

use crate::client::{BASE, MANIFEST, served};
use crate::memory::{Memory, Reply, block_on, block_on_all};
use pierhead::client::{Client, ClientOptions, Credential, Manifest};
use pierhead::http::Request;
use pierhead::{Error, Kind, Result};

pub const BASIC: &str = "Basic dXNlcjpwYXNz";
pub const TOKEN_URL: &str = "https://auth.example/token";

pub fn password() -> Credential {
    Credential::Password {
        username: "user".into(),
        password: "pass".into(),
    }
}

/// A client that repeats nothing.
pub fn once(memory: &Memory, endpoint: &str) -> Client<Memory> {
    let options = ClientOptions::default().with_retries(0);
    Client::with_options(memory.clone(), endpoint.parse().unwrap(), options).unwrap()
}

pub fn get(client: &Client<Memory>, name: &str) -> Result<Manifest> {
    let (name, reference) = (name.parse().unwrap(), "latest".parse().unwrap());
    block_on(client.manifest(&name, &reference, None))
}

pub fn authorization(request: &Request) -> Option<&str> {
    request.headers.get("authorization")
}

/// Serves `latest` of `a/b` to whoever says one of `accepted`, and gives all others `challenge`.
pub fn guard(memory: &Memory, endpoint: &str, accepted: &'static [&'static str], challenge: &str) {
    let challenge = challenge.to_owned();
    memory.on(
        "GET",
        &format!("{endpoint}/v2/a/b/manifests/latest"),
        move |request| {
            Ok(match authorization(request) {
                Some(said) if accepted.contains(&said) => served(MANIFEST),
                _ => Reply::new(401).header("WWW-Authenticate", &challenge),
            })
        },
    );
}

pub fn bearer() -> String {
    format!(r#"Bearer realm="{TOKEN_URL}",service="r""#)
}

#[test]
fn a_password_is_sent_only_once_a_registry_has_asked_for_it_and_then_from_the_start() {
    let memory = Memory::new();
    guard(&memory, BASE, &[BASIC], r#"Basic realm="r, Bearer x""#);
    memory.know(|_| Ok(Some(password())));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    get(&client, "a/b").unwrap();
    let requests = memory.requests();
    let said: Vec<_> = requests.iter().map(authorization).collect();
    assert_eq!(said, [None, Some(BASIC), Some(BASIC)]);
    assert_eq!(memory.asked_for(), ["registry.example"]);
}

#[test]
fn an_open_registry_is_told_nothing_and_nobody_is_asked() {
    let memory = Memory::new();
    memory.reply(
        "GET",
        &format!("{BASE}/v2/a/b/manifests/latest"),
        served(MANIFEST),
    );
    memory.know(|_| Ok(Some(password())));
    get(&once(&memory, BASE), "a/b").unwrap();
    assert!(memory.asked_for().is_empty());
    assert_eq!(authorization(&memory.requests()[0]), None);
}

#[test]
fn the_registry_is_named_as_its_users_write_it() {
    for (endpoint, name) in [
        ("https://registry-1.docker.io", "docker.io"),
        ("https://index.docker.io", "docker.io"),
        ("https://r.example:443", "r.example"),
        ("https://r.example:5000", "r.example:5000"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://[::1]:5000", "[::1]:5000"),
    ] {
        let memory = Memory::new();
        memory.know(|_| Ok(None));
        let origin = endpoint.trim_end_matches(":443").trim_end_matches(":80");
        guard(&memory, origin, &[], "Basic");
        assert_eq!(
            get(&once(&memory, endpoint), "a/b").unwrap_err().kind(),
            Kind::Auth
        );
        assert_eq!(memory.asked_for(), [name]);
    }
}

#[test]
fn a_refused_password_is_an_error_that_says_what_was_asked_and_shows_no_secret() {
    let memory = Memory::new();
    guard(&memory, BASE, &[], "Basic");
    memory.know(|_| Ok(Some(password())));
    let client = once(&memory, BASE);
    let error = get(&client, "a/b").unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Auth, Some(401)));
    assert!(error.message().contains("repository:a/b:pull"), "{error}");
    assert!(
        error.message().ends_with("asked with a credential"),
        "{error}"
    );
    let shown = format!("{error:?} {client:?}");
    assert!(
        !shown.contains("pass") && !shown.contains("dXNl"),
        "{shown}"
    );
    assert_eq!(memory.asked().len(), 2);

    let memory = Memory::new();
    guard(&memory, BASE, &[], "Basic");
    let error = get(&once(&memory, BASE), "a/b").unwrap_err();
    assert!(error.message().ends_with("without a credential"), "{error}");
    assert_eq!(memory.asked().len(), 1);
}

#[test]
fn whether_there_is_a_credential_is_asked_once_though_many_need_it() {
    let memory = Memory::new();
    guard(&memory, BASE, &[], "Basic");
    memory.know(|_| Ok(None));
    let client = once(&memory, BASE);
    let (name, reference) = ("a/b".parse().unwrap(), "latest".parse().unwrap());
    let reads = (0..4).map(|_| client.manifest(&name, &reference, None));
    assert!(
        block_on_all(&memory, BASE, reads)
            .iter()
            .all(Result::is_err)
    );
    assert!(get(&client, "a/b").is_err());
    assert_eq!(memory.asked_for().len(), 1);
}

#[test]
fn a_password_that_is_no_longer_taken_is_asked_for_once_more() {
    let memory = Memory::new();
    memory.know(|_| Ok(Some(password())));
    guard(&memory, BASE, &[BASIC], "Basic");
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    guard(&memory, BASE, &["Basic dXNlcjpuZXc="], "Basic");
    memory.know(|_| {
        Ok(Some(Credential::Password {
            username: "user".into(),
            password: "new".into(),
        }))
    });
    get(&client, "a/b").unwrap();
    assert_eq!(memory.asked_for().len(), 2);
    guard(&memory, BASE, &[], "Basic");
    let asked = memory.asked().len();
    assert_eq!(get(&client, "a/b").unwrap_err().kind(), Kind::Auth);
    // The same password again is not sent again.
    assert_eq!(memory.asked().len(), asked + 1);
    assert_eq!(memory.asked_for().len(), 3);
}

#[test]
fn what_keeps_a_credential_from_being_found_is_what_the_request_fails_with() {
    let memory = Memory::new();
    guard(&memory, BASE, &[], "Basic");
    memory.know(|_| Err(Error::new(Kind::Internal, "the keychain is locked")));
    let error = get(&once(&memory, BASE), "a/b").unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
}

#[test]
fn a_malformed_credential_is_refused_before_it_is_sent() {
    for bad in [
        Credential::Password {
            username: "a:b".into(),
            password: "c".into(),
        },
        Credential::Token("a b".into()),
        Credential::Token("a\r\nx: y".into()),
        Credential::Token(String::new()),
    ] {
        let memory = Memory::new();
        guard(&memory, BASE, &[], &format!("Basic, {}", bearer()));
        memory.know(move |_| Ok(Some(bad.clone())));
        let error = get(&once(&memory, BASE), "a/b").unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert_eq!(memory.asked().len(), 1);
    }
}

#[test]
fn no_credential_goes_by_plain_http_to_another_machine_unless_that_is_allowed() {
    let plain = "http://registry.example";
    let memory = Memory::new();
    guard(&memory, plain, &[BASIC], "Basic");
    memory.know(|_| Ok(Some(password())));
    assert_eq!(
        get(&once(&memory, plain), "a/b").unwrap_err().kind(),
        Kind::Auth
    );
    assert!(memory.asked_for().is_empty());
    let options = ClientOptions::default().with_plain_http(true);
    let allowed = Client::with_options(memory.clone(), plain.parse().unwrap(), options).unwrap();
    get(&allowed, "a/b").unwrap();

    for local in [
        "http://127.0.0.1:5000",
        "http://localhost:5000",
        "http://[::1]:5000",
    ] {
        let memory = Memory::new();
        guard(&memory, local, &[BASIC], "Basic");
        memory.know(|_| Ok(Some(password())));
        get(&once(&memory, local), "a/b").unwrap();
    }
    // The link is not this machine.
    let link = "http://169.254.1.1:5000";
    guard(&memory, link, &[BASIC], "Basic");
    assert_eq!(
        get(&once(&memory, link), "a/b").unwrap_err().kind(),
        Kind::Auth
    );
}

#[test]
fn a_plain_registry_gets_an_anonymous_token_from_a_realm_that_no_credential_may_go_to() {
    let plain = "http://registry.example";
    let memory = Memory::new();
    let challenge = r#"Bearer realm="http://auth.example/token""#;
    guard(&memory, plain, &["Bearer open"], challenge);
    memory.reply(
        "GET",
        "http://auth.example/token",
        Reply::ok(br#"{"token":"open"}"#),
    );
    memory.know(|_| Ok(Some(password())));
    get(&once(&memory, plain), "a/b").unwrap();
    assert!(memory.asked_for().is_empty());
    assert_eq!(authorization(&memory.requests()[1]), None);
}

#[test]
fn a_redirect_takes_no_password_to_another_origin() {
    let memory = Memory::new();
    memory.know(|_| Ok(Some(password())));
    memory.on("GET", &format!("{BASE}/v2/"), |request| {
        Ok(match authorization(request) {
            None => Reply::new(401).header("WWW-Authenticate", "Basic"),
            Some(_) => Reply::new(307).header("Location", "https://cdn.example/x"),
        })
    });
    memory.reply("GET", "https://cdn.example/x", Reply::ok(b"{}"));
    block_on(once(&memory, BASE).ping()).unwrap();
    let requests = memory.requests();
    let said: Vec<_> = requests.iter().map(authorization).collect();
    assert_eq!(said, [None, Some(BASIC), None]);
}

#[test]
fn basic_from_another_origin_is_not_answered() {
    let memory = Memory::new();
    memory.know(|_| Ok(Some(password())));
    let away = Reply::new(307).header("Location", "https://evil.example/");
    memory.reply("GET", &format!("{BASE}/v2/"), away);
    let challenge = Reply::new(401).header("WWW-Authenticate", "Basic");
    memory.reply("GET", "https://evil.example/", challenge);
    assert_eq!(
        block_on(once(&memory, BASE).ping()).unwrap_err().kind(),
        Kind::Auth
    );
    assert!(memory.asked_for().is_empty());
}

#[test]
fn a_token_for_the_registry_itself_needs_no_token_service() {
    let memory = Memory::new();
    guard(&memory, BASE, &["Bearer own"], &bearer());
    memory.know(|_| Ok(Some(Credential::Token("own".into()))));
    let client = once(&memory, BASE);
    get(&client, "a/b").unwrap();
    get(&client, "a/b").unwrap();
    let requests = memory.requests();
    let said: Vec<_> = requests.iter().map(authorization).collect();
    assert_eq!(said, [None, Some("Bearer own"), Some("Bearer own")]);
    // Basic cannot be answered with it.
    guard(&memory, BASE, &[], "Basic");
    let error = get(&once(&memory, BASE), "a/b").unwrap_err();
    assert_eq!(error.kind(), Kind::Auth);
}

#[test]
fn a_refused_token_for_the_registry_itself_is_an_error() {
    let memory = Memory::new();
    guard(&memory, BASE, &[], &bearer());
    memory.know(|_| Ok(Some(Credential::Token("own".into()))));
    let client = once(&memory, BASE);
    for asked in [2, 3] {
        assert_eq!(get(&client, "a/b").unwrap_err().kind(), Kind::Auth);
        assert_eq!(memory.asked().len(), asked);
    }
}
