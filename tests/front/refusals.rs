//! Manifests that are not taken, and what is said of them.

use pierhead::front::{Front, Hosted, HostedOptions, Options, Validation};
use pierhead::rules::Profile;

use crate::ask::{Answer, answer, ask, request};
use crate::body::MemoryBody;
use crate::content::{
    CONFIG, IMAGE, INDEX, LAYER, descriptor, get, image, index, push, push_blob, put, sha256,
};
use crate::schedule::block_on;
use crate::store::MemoryStore;

/// Puts bytes as some media type, under a registry's options.
fn put_with(
    store: &MemoryStore,
    options: HostedOptions,
    reference: &str,
    media_type: &str,
    bytes: &[u8],
) -> Answer {
    let front = Front::new(Hosted::new(store.clone(), options), Options::default());
    let path = format!("/v2/a/manifests/{reference}");
    let fields: &[(&str, &str)] = &[("content-type", media_type)];
    let fields = if media_type.is_empty() { &[] } else { fields };
    let request = request("PUT", &path, fields, Some(MemoryBody::of(bytes, 1 << 20)));
    answer(block_on(front.handle(request)))
}

fn put_as(store: &MemoryStore, media_type: &str, manifest: &str) -> Answer {
    put_with(
        store,
        HostedOptions::default(),
        "v1",
        media_type,
        manifest.as_bytes(),
    )
}

/// That nothing was stored.
fn nothing(store: &MemoryStore) {
    for kind in ["manifests", "tags", "tagged", "referrers"] {
        assert_eq!(store.keys(&format!("repositories/a:{kind}/")), [""; 0]);
    }
    assert_eq!(store.keys("catalog/"), [""; 0]);
}

#[test]
fn a_refusal_says_what_is_wrong_and_where() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let lines = manifest.replace("{\"schemaVersion\"", "{\n  \"schemaVersion\"");
    let digest = sha256(b"layer");
    for (bytes, expected) in [
        (String::new(), "(line 1, column 1)"),
        ("{".into(), "(line 1, column 2)"),
        ("[]".into(), "(line 1, column 1)"),
        (
            lines.replace("\"layers\"", "\"config\""),
            "/config (line 2, column ",
        ),
        (
            manifest.replace(r#""layers":["#, r#""layers":[3,"#),
            "/layers/0 (line 1, column ",
        ),
        (
            manifest.replace(&digest, "sha256:x"),
            "/layers/0/digest (line 1, column ",
        ),
        (
            manifest.replace(r#""size":2"#, r#""size":-2"#),
            "/config/size (line 1, column ",
        ),
        (
            manifest.replace(r#""layers":["#, r#""manifests":[],"layers":["#),
            "/manifests (line 1, column ",
        ),
        (
            manifest.replace("\"config\"", "\"Config\""),
            "/Config (line 1, column ",
        ),
        (manifest.replace(IMAGE, INDEX), "(line 1, column "),
        (manifest.replace("\"config\"", "\"x\""), "config"),
        (format!("\u{feff}{manifest}"), "(line 1, column 1)"),
        (format!("{manifest}{manifest}"), "(line 1, column "),
        (
            image(&store, "a", b"layer", r#","subject":{"digest":"x"}"#),
            "/subject",
        ),
        (
            image(&store, "a", b"layer", r#","subject":"x""#),
            "/subject",
        ),
        (
            image(&store, "a", b"layer", r#","Subject":null"#),
            "/Subject",
        ),
    ] {
        let answer = put_as(&store, IMAGE, &bytes);
        let text = answer.text();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "MANIFEST_INVALID"),
            "{bytes}"
        );
        assert!(text.contains(expected), "{bytes}: {text}");
    }
    let invalid = [manifest.as_bytes(), b"\xff"].concat();
    let answer = put_with(&store, HostedOptions::default(), "v1", IMAGE, &invalid);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "MANIFEST_INVALID")
    );
    nothing(&store);
}

#[test]
fn a_media_type_is_that_of_a_manifest_and_what_the_document_says() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let silent = manifest.replace(&format!(r#""mediaType":"{IMAGE}","config""#), r#""config""#);
    for (media_type, bytes) in [
        (INDEX, &manifest),
        ("application/json", &manifest),
        ("application/json", &silent),
        ("application/octet-stream", &silent),
        ("text/html", &silent),
        (CONFIG, &silent),
        (
            "application/vnd.docker.distribution.manifest.v1+json",
            &silent,
        ),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            &manifest,
        ),
        ("nonsense", &silent),
        (
            "application/vnd.oci.image.manifest.v1+json, text/html",
            &silent,
        ),
        ("", &"{}".to_owned()),
        ("", &r#"{"config":{"a":1}}"#.to_owned()),
    ] {
        let answer = put_as(&store, media_type, bytes);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "MANIFEST_INVALID"),
            "{media_type} {bytes}"
        );
    }
    nothing(&store);
    // Parameters and case are nobody's business; without a type, the document says it.
    for (media_type, bytes) in [
        (
            "Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8",
            &manifest,
        ),
        (IMAGE, &silent),
        ("", &manifest),
        ("", &silent),
    ] {
        let answer = put_as(&store, media_type, bytes);
        assert_eq!(answer.status, 201, "{media_type}: {}", answer.text());
        store.advance(2000);
        let answer = get(&store, "/v2/a/manifests/v1");
        assert_eq!(
            (answer.header("content-type"), &answer.text()),
            (IMAGE, bytes)
        );
    }
}

#[test]
fn what_the_specification_has_registries_take_is_taken() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"{}");
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let docker = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},"layers":[]}}"#,
        descriptor("application/vnd.docker.container.image.v1+json", b"{}")
    );
    let list = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[{}]}}"#,
        descriptor(
            "application/vnd.docker.distribution.manifest.v2+json",
            docker.as_bytes()
        )
    );
    let artifact = format!(
        r#"{{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"application/x","blobs":[{empty}],"subject":{}}}"#,
        descriptor(IMAGE, b"missing")
    );
    let foreign = |more: &str| {
        format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[{{"mediaType":"{}","digest":"{}","size":7{more}}}]}}"#,
            descriptor(CONFIG, b"{}"),
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            sha256(b"missing")
        )
    };
    let elsewhere = foreign(r#","urls":["https://example.com/"]"#);
    let text = "x".repeat(10_000);
    let annotations: Vec<String> = (0..390)
        .map(|at| format!(r#""large-{at}":"{text}""#))
        .collect();
    for (number, (media_type, manifest)) in [
        (
            IMAGE,
            image(&store, "a", b"layer", r#","unknown":[{"a":null}],"x":1.5"#),
        ),
        (
            IMAGE,
            format!(r#"{{"schemaVersion":2,"config":{empty},"layers":[]}}"#),
        ),
        (
            IMAGE,
            format!(r#"{{"schemaVersion":2,"config":{empty},"layers":[{empty}]}}"#),
        ),
        (IMAGE, foreign("")),
        (IMAGE, elsewhere.replace("nondistributable.", "")),
        (
            IMAGE,
            image(
                &store,
                "a",
                b"layer",
                &format!(r#","annotations":{{{}}}"#, annotations.join(",")),
            ),
        ),
        (
            INDEX,
            index(
                &[],
                r#","artifactType":"application/vnd.example","annotations":{}"#,
            ),
        ),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            docker.clone(),
        ),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            docker.clone(),
        ),
        (
            "application/vnd.docker.distribution.manifest.list.v2+json",
            list,
        ),
        ("application/vnd.oci.artifact.manifest.v1+json", artifact),
    ]
    .into_iter()
    .enumerate()
    {
        let digest = sha256(manifest.as_bytes());
        let options = HostedOptions::default();
        let answer = put_with(&store, options, &digest, media_type, manifest.as_bytes());
        assert_eq!(answer.status, 201, "{number}: {}", answer.text());
        let answer = get(&store, &format!("/v2/a/manifests/{digest}"));
        assert_eq!(
            (answer.header("content-type"), answer.text()),
            (media_type, manifest)
        );
    }
    let listed = get(&store, &format!("/v2/a/referrers/{}", sha256(b"missing"))).json();
    assert_eq!(listed["manifests"][0]["artifactType"], "application/x");
}

#[test]
fn what_an_operator_wants_valid_must_be_so_by_the_rules() {
    let store = MemoryStore::new();
    push_blob(&store, "a", b"{}");
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let untyped = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{empty},"layers":[{empty}]}}"#
    );
    let mut options = HostedOptions::default();
    assert_eq!(
        put_with(&store, options.clone(), "v1", IMAGE, untyped.as_bytes()).status,
        201
    );
    options.validation = Validation::Profile(Profile::V1_1);
    let answer = put_with(&store, options.clone(), "v2", IMAGE, untyped.as_bytes());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "MANIFEST_INVALID")
    );
    assert!(
        answer.text().contains("artifactType must be set"),
        "{}",
        answer.text()
    );
    let typed = image(&store, "a", b"layer", "");
    assert_eq!(
        put_with(&store, options, "v3", IMAGE, typed.as_bytes()).status,
        201
    );
}

#[test]
fn an_index_may_be_sparse_where_the_operator_lets_it() {
    let store = MemoryStore::new();
    let parent = index(&[descriptor(IMAGE, b"missing")], "");
    assert_eq!(put(&store, "a", "v1", &parent).status, 404);
    let mut options = HostedOptions::default();
    options.sparse = true;
    assert_eq!(
        put_with(&store, options.clone(), "v1", INDEX, parent.as_bytes()).status,
        201
    );
    // Layers are no part of that.
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        descriptor(CONFIG, b"no"),
        descriptor(LAYER, b"no")
    );
    let answer = put_with(&store, options, "v1", IMAGE, manifest.as_bytes());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "MANIFEST_BLOB_UNKNOWN")
    );
}

#[test]
fn a_wrong_digest_is_refused() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    for digest in [
        sha256(b"other"),
        format!("sha512:{}", "0".repeat(128)),
        "md5:00".into(),
        "sha256:0".into(),
    ] {
        let answer = put(&store, "a", &digest, &manifest);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "DIGEST_INVALID"),
            "{digest}"
        );
    }
    nothing(&store);
}

#[test]
fn a_manifest_has_4_mib_at_most() {
    let store = MemoryStore::new();
    let most = 4 << 20;
    let mut manifest = image(&store, "a", b"layer", "");
    manifest.push_str(&" ".repeat(most - manifest.len()));
    push(&store, "a", "v1", &manifest);
    manifest.push(' ');
    let answer = put(&store, "a", "v1", &manifest);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "SIZE_INVALID")
    );
    // Without a length it is read no further.
    for size in [most as u64 + 1, 1 << 40] {
        let body = Some(MemoryBody::zeros(size));
        let request = request(
            "PUT",
            "/v2/a/manifests/v1",
            &[("content-type", IMAGE)],
            body,
        );
        let front = crate::ask::registry(&store);
        assert_eq!(answer_of(block_on(front.handle(request))), 413);
    }
}

fn answer_of(response: pierhead::http::Response<pierhead::front::Outgoing<MemoryBody>>) -> u16 {
    answer(response).status
}

#[test]
fn a_body_that_is_not_what_it_is_said_to_be_is_refused() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let size = manifest.len().to_string();
    for (length, body, status) in [
        ("3", Some(MemoryBody::of(manifest.as_bytes(), 100)), 400),
        (
            "100000",
            Some(MemoryBody::of(manifest.as_bytes(), 100)),
            400,
        ),
        ("x", Some(MemoryBody::of(manifest.as_bytes(), 100)), 400),
        ("5", None, 400),
        (
            &size,
            Some(MemoryBody::cut(&manifest.as_bytes()[..50])),
            400,
        ),
        (
            &size,
            Some(MemoryBody::silent(&manifest.as_bytes()[..50])),
            408,
        ),
    ] {
        let fields = [("content-type", IMAGE), ("content-length", length)];
        let request = request("PUT", "/v2/a/manifests/v1", &fields, body);
        let answer = answer(block_on(crate::ask::registry(&store).handle(request)));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, "SIZE_INVALID"),
            "{length}"
        );
    }
    nothing(&store);
}

#[test]
fn tags_that_are_none_or_too_many_are_refused() {
    let store = MemoryStore::new();
    let manifest = image(&store, "a", b"layer", "");
    let digest = sha256(manifest.as_bytes());
    let answer = put(&store, "a", &format!("{digest}?tag=ok&tag=-no"), &manifest);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "MANIFEST_INVALID")
    );
    let tags = |count: usize| {
        let tags: Vec<String> = (0..count).map(|at| format!("tag=t{at}")).collect();
        format!("{digest}?{}", tags.join("&"))
    };
    assert_eq!(put(&store, "a", &tags(65), &manifest).status, 414);
    nothing(&store);
    let answer = put(&store, "a", &tags(64), &manifest);
    assert_eq!(answer.headers.all("oci-tag").count(), 64);
    let answer = ask(&store, "PATCH", "/v2/a/manifests/v1", &[], None);
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, "GET, HEAD, PUT, DELETE")
    );
}
