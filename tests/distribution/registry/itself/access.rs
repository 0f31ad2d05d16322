//! Whom it lets do what.

use super::*;

const TOKEN: &str = "https://auth.example/token?service=registry.example";

fn bearer(bearer: Bearer) -> World {
    seeded(Settings {
        auth: Auth::Bearer(bearer),
        ..Settings::default()
    })
}

fn owner() -> String {
    let User { name, password, .. } = User::owner();
    basic(&name, &password)
}

/// The response of the token service to the owner.
fn token(world: &World, scope: &str) -> Value {
    let asked = request("GET", &format!("{TOKEN}&scope={}", encoded(scope)));
    ask(world, asked.with("Authorization", owner())).value()
}

fn status(world: &World, target: &str, authorization: &str) -> u16 {
    let asked = request("GET", target).with("Authorization", authorization);
    ask(world, asked).status
}

#[test]
fn basic_credentials_are_compared() {
    let world = seeded(Settings {
        auth: Auth::Basic {
            service: None,
            realm: "here".to_owned(),
            users: vec![User::owner()],
        },
        ..Settings::default()
    });
    assert_eq!(
        basic("Aladdin", "open sesame"),
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    );
    let refused = get(&world, "/v2/");
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Basic realm=\"here\""))
    );
    assert_eq!(status(&world, "/v2/", &owner()), 200);
    assert_eq!(status(&world, "/v2/", &basic("owner", "else")), 401);
}

#[test]
fn a_token_is_good_for_its_scopes_and_its_time() {
    let world = bearer(Bearer::default());
    let tags = "/v2/a/b/tags/list";
    let refused = get(&world, tags);
    assert_eq!(
        refused.header("www-authenticate"),
        Some(
            "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:a/b:pull\""
        )
    );
    let response = token(&world, "repository:a/b:pull");
    assert_eq!(response["expires_in"], 300);
    let header = format!("Bearer {}", response["token"].as_str().unwrap());
    assert_eq!(status(&world, tags, &header), 200);
    assert_eq!(status(&world, "/v2/", &header), 200);
    let push = request("POST", "/v2/a/b/blobs/uploads/").with("Authorization", &header);
    let refused = ask(&world, push);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"repository:a/b:pull,push\",error=\"insufficient_scope\""));
    assert_eq!(status(&world, "/v2/_catalog", &header), 401);
    world.advance(300_000);
    assert_eq!(status(&world, tags, &header), 401);
}

#[test]
fn several_scopes_come_repeated_or_in_one() {
    let world = bearer(Bearer::default());
    let both = [
        "a:pull&scope=repository:b:pull",
        "a:pull%20repository:b:pull",
    ];
    for scopes in both {
        let asked = request("GET", &format!("{TOKEN}&scope=repository:{scopes}"));
        let response = ask(&world, asked.with("Authorization", owner())).value();
        let header = format!("Bearer {}", response["token"].as_str().unwrap());
        world.registry(|registry| {
            registry.store.of("a");
            registry.store.of("b");
        });
        assert_eq!(status(&world, "/v2/a/tags/list", &header), 200);
        assert_eq!(status(&world, "/v2/b/tags/list", &header), 200);
    }
}

#[test]
fn what_is_not_granted_is_left_out_or_refused() {
    let reader = User {
        name: "reader".to_owned(),
        password: "s3cr3t".to_owned(),
        grants: vec![("a/b", &["pull"])],
    };
    for refuses in [false, true] {
        let world = bearer(Bearer {
            users: vec![reader.clone()],
            refuses,
            ..Bearer::default()
        });
        let ask_for = |scope: &str| {
            let asked = request("GET", &format!("{TOKEN}&scope={scope}"));
            ask(
                &world,
                asked.with("Authorization", basic("reader", "s3cr3t")),
            )
            .status
        };
        assert_eq!(ask_for("repository:a/b:pull,push"), 200);
        assert_eq!(
            ask_for("repository:c:pull"),
            if refuses { 403 } else { 200 }
        );
    }
}

#[test]
fn a_form_is_answered_with_a_refresh_token_and_takes_one() {
    let world = bearer(Bearer::default());
    let post = |form: &str| {
        let asked = request("POST", "https://auth.example/token")
            .with("Content-Type", "application/x-www-form-urlencoded");
        ask(
            &world,
            asked.with_body(format!("service=registry.example&{form}").as_bytes()),
        )
    };
    let password = "grant_type=password&username=owner&password=s3cr3t-password";
    assert!(post(password).value().get("refresh_token").is_none());
    let offline = post(&format!(
        "{password}&access_type=offline&scope=repository:a/b:pull"
    ))
    .value();
    let refresh = offline["refresh_token"].as_str().unwrap();
    let again = post(&format!(
        "grant_type=refresh_token&refresh_token={refresh}&scope=repository:a/b:pull"
    ));
    let header = format!("Bearer {}", again.value()["access_token"].as_str().unwrap());
    assert_eq!(status(&world, "/v2/a/b/tags/list", &header), 200);
    assert_eq!(post("grant_type=refresh_token&refresh_token=x").status, 401);
    assert_eq!(
        post("grant_type=password&username=owner&password=x").status,
        401
    );
    let given = world.registry(Registry::refresh_token);
    assert_eq!(
        post(&format!("grant_type=refresh_token&refresh_token={given}")).status,
        200
    );
}

#[test]
fn a_token_service_knows_the_forms_that_it_is_told_to() {
    let post = |posts, form: &str| {
        let world = bearer(Bearer {
            posts,
            ..Bearer::default()
        });
        let given = world.registry(Registry::refresh_token);
        let body = format!("service=registry.example&refresh_token={given}&{form}");
        let asked = request("POST", "https://auth.example/token")
            .with("Content-Type", "application/x-www-form-urlencoded");
        ask(&world, asked.with_body(body.as_bytes())).status
    };
    let password = "grant_type=password&username=owner&password=s3cr3t-password";
    assert_eq!(post(Posts::RefreshOnly, password), 400);
    assert_eq!(post(Posts::RefreshOnly, "grant_type=refresh_token"), 200);
    assert_eq!(post(Posts::Refused(404), "grant_type=refresh_token"), 404);
}

#[test]
fn a_token_stands_where_it_is_told_to() {
    for (field, token_is, access_is) in [
        (Field::Token, true, false),
        (Field::AccessToken, false, true),
        (Field::Both, true, true),
    ] {
        let world = bearer(Bearer {
            field,
            tells_lifetime: false,
            ..Bearer::default()
        });
        let response = token(&world, "repository:a/b:pull");
        let has = |name| response.get(name).is_some();
        assert_eq!((has("token"), has("access_token")), (token_is, access_is));
        assert!(!has("expires_in"));
    }
}

#[test]
fn nobody_may_what_is_granted_to_nobody() {
    let nobody = User {
        name: String::new(),
        password: String::new(),
        grants: vec![("a/b", &["pull"])],
    };
    let world = bearer(Bearer {
        nobody,
        always: false,
        basic: true,
        beside_success: true,
        ..Bearer::default()
    });
    assert_eq!(get(&world, "/v2/a/b/tags/list").status, 200);
    assert_eq!(get(&world, "/v2/").status, 401);
    assert_eq!(
        ask(&world, request("POST", "/v2/a/b/blobs/uploads/")).status,
        401
    );
    assert_eq!(status(&world, "/v2/_catalog", &owner()), 200);
    let ping = ask(
        &world,
        request("GET", "/v2/").with("Authorization", owner()),
    );
    assert_eq!(ping.status, 200);
    assert!(
        ping.header("www-authenticate")
            .unwrap()
            .starts_with("Bearer ")
    );
}

#[test]
fn refusals_are_what_registries_make_of_them() {
    let world = bearer(Bearer {
        then: Some("Basic realm=\"harbor\"".to_owned()),
        service: None,
        scope: Some("aws".to_owned()),
        ..Bearer::default()
    });
    let challenge = |answer: &Answer| answer.header("www-authenticate").unwrap().to_owned();
    let first = challenge(&get(&world, "/v2/"));
    assert_eq!(
        first,
        "Bearer realm=\"https://auth.example/token\",scope=\"aws\""
    );
    let asked = request("GET", "/v2/").with("Authorization", "Bearer x");
    assert_eq!(challenge(&ask(&world, asked)), "Basic realm=\"harbor\"");
    let world = bearer(Bearer {
        expired: 400,
        ..Bearer::default()
    });
    assert_eq!(status(&world, "/v2/", "Bearer x"), 400);
    let world = bearer(Bearer {
        first_scope_only: true,
        ..Bearer::default()
    });
    let two = token(&world, "repository:c:pull repository:a/b:pull");
    let header = format!("Bearer {}", two["token"].as_str().unwrap());
    assert_eq!(status(&world, "/v2/a/b/tags/list", &header), 401);
}

#[test]
fn a_blob_is_mounted_only_for_whoever_may_read_it() {
    let world = bearer(Bearer::default());
    let mount = |scope: &str| {
        let response = token(&world, scope);
        let target = format!("/v2/c/blobs/uploads/?mount={}&from=a/b", sha256(b"{}"));
        let asked = request("POST", &target);
        let header = format!("Bearer {}", response["token"].as_str().unwrap());
        ask(&world, asked.with("Authorization", header)).status
    };
    assert_eq!(mount("repository:c:pull,push"), 202);
    assert_eq!(mount("repository:c:pull,push repository:a/b:pull"), 201);
}
