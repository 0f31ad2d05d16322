//! The registry in memory, held to what it says of itself: a client that is tested against it is tested against this.

mod access;
mod failing;
mod hosting;
mod lists;
mod uploads;

use serde_json::{Value, json};

use super::*;

const HOME: &str = "https://registry.example";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn ask(world: &World, asked: Asked) -> Answer {
    match world.exchange(asked) {
        Outcome::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn request(method: &str, target: &str) -> Asked {
    let url = if target.starts_with('/') {
        format!("{HOME}{target}")
    } else {
        target.to_owned()
    };
    Asked::new(method, &url)
}

fn get(world: &World, target: &str) -> Answer {
    ask(world, request("GET", target))
}

fn location(answer: &Answer) -> String {
    answer.header("location").unwrap().to_owned()
}

fn code(answer: &Answer) -> String {
    answer.value()["errors"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn put(world: &World, reference: &str, manifest: &Value) -> Answer {
    let asked = request("PUT", &format!("/v2/a/b/manifests/{reference}"))
        .with("Content-Type", MANIFEST)
        .with_body(manifest.to_string().as_bytes());
    ask(world, asked)
}

/// A manifest of nothing but a config that need not be there.
fn artifact(artifact_type: &str, subject: Option<&str>) -> Value {
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": artifact_type,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": sha256(b"{}"),
            "size": 2,
        },
        "layers": [],
    });
    if let Some(subject) = subject {
        manifest["subject"] = json!({ "mediaType": MANIFEST, "digest": subject, "size": 2 });
    }
    manifest
}

fn world() -> World {
    World::of(Settings::default())
}

/// With `{}` in `a/b`.
fn seeded(settings: Settings) -> World {
    let world = World::of(settings);
    world.registry(|registry| registry.store.of("a/b").put_blob(b"{}"));
    world
}

#[test]
fn a_path_is_read_from_the_right() {
    let route = Route::of("/v2/blobs/uploads/manifests/x").unwrap();
    assert_eq!(route, Route::Manifest("blobs/uploads", "x"));
    let route = Route::of("/v2/tags/list/tags/list").unwrap();
    assert_eq!(route, Route::Tags("tags/list"));
    assert_eq!(Route::of("/v2/a/blobs/uploads/"), Some(Route::Uploads("a")));
    assert_eq!(Route::of("/v1/"), None);
}

#[test]
fn a_blob_is_read_in_parts() {
    let world = seeded(Settings::default());
    world.registry(|registry| registry.store.of("a/b").put_blob(b"0123456789"));
    let target = format!("/v2/a/b/blobs/{}", sha256(b"0123456789"));
    let part = ask(&world, request("GET", &target).with("Range", "bytes=3-5"));
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, b"345".as_slice())
    );
    assert_eq!(part.header("content-range"), Some("bytes 3-5/10"));
    let past = ask(&world, request("GET", &target).with("Range", "bytes=10-"));
    assert_eq!(
        (past.status, past.header("content-range")),
        (416, Some("bytes */10"))
    );
    let head = ask(&world, request("HEAD", &target));
    assert_eq!(
        (head.header("content-length"), head.body.len()),
        (Some("10"), 0)
    );
}

#[test]
fn a_storage_wants_its_signature_and_no_other_credential() {
    let mut settings = Settings::default();
    settings.blobs.storage = Some("https://storage.example/blobs".to_owned());
    settings.blobs.storage_head = false;
    let world = seeded(settings);
    let target = format!("/v2/a/b/blobs/{}", sha256(b"{}"));
    let redirect = get(&world, &target);
    let to = location(&redirect);
    assert_eq!(redirect.status, 307);
    assert!(to.starts_with("https://storage.example/blobs/sha256"));
    assert_eq!(get(&world, &to).body, b"{}");
    let astray = request("GET", &to).with("Authorization", "Bearer x");
    assert_eq!(ask(&world, astray).status, 400);
    assert_eq!(ask(&world, request("HEAD", &to)).status, 403);
    assert_eq!(get(&world, to.split('?').next().unwrap()).status, 403);
    assert_eq!(ask(&world, request("HEAD", &target)).status, 200);
    assert_eq!(world.strays(&[HOME]).len(), 1);
}

#[test]
fn a_manifest_keeps_its_bytes_and_type_and_moves_its_tag() {
    let world = seeded(Settings::default());
    let manifest = artifact("a/b", None);
    let done = put(&world, "v1", &manifest);
    let digest = sha256(manifest.to_string().as_bytes());
    assert_eq!(
        (done.status, done.header("docker-content-digest")),
        (201, Some(digest.as_str()))
    );
    let read = get(&world, "/v2/a/b/manifests/v1");
    assert_eq!(read.body, manifest.to_string().as_bytes());
    assert_eq!(read.header("content-type"), Some(MANIFEST));
    let known =
        request("GET", "/v2/a/b/manifests/v1").with("If-None-Match", format!("\"{digest}\""));
    assert_eq!(ask(&world, known).status, 304);
    assert_eq!(
        code(&get(&world, "/v2/a/b/manifests/v2")),
        "MANIFEST_UNKNOWN"
    );
    assert_eq!(
        code(&get(&world, "/v2/nowhere/manifests/v2")),
        "NAME_UNKNOWN"
    );
}

#[test]
fn a_manifest_is_refused_for_what_it_is() {
    let world = world();
    assert_eq!(
        code(&put(&world, "v1", &artifact("a/b", None))),
        "MANIFEST_BLOB_UNKNOWN"
    );
    world.registry(|registry| registry.store.of("a/b").put_blob(b"{}"));
    let wrong = sha256(b"other");
    assert_eq!(
        code(&put(&world, &wrong, &artifact("a/b", None))),
        "DIGEST_INVALID"
    );
    assert_eq!(
        code(&put(&world, "v 1", &artifact("a/b", None))),
        "TAG_INVALID"
    );
    let mut other = artifact("a/b", None);
    other["mediaType"] = json!(OCI_INDEX);
    assert_eq!(code(&put(&world, "v1", &other)), "MANIFEST_INVALID");
    world.registry(|registry| registry.settings.manifest_max = 10);
    assert_eq!(put(&world, "v1", &artifact("a/b", None)).status, 413);
}

#[test]
fn a_tag_is_compared_before_it_moves() {
    let world = seeded(Settings::default());
    let first = artifact("a/1", None);
    let digest = sha256(first.to_string().as_bytes());
    let write = |manifest: &Value, name: &str, value: &str| {
        let asked = request("PUT", "/v2/a/b/manifests/v1").with("Content-Type", MANIFEST);
        let asked = asked.with(name, value);
        ask(&world, asked.with_body(manifest.to_string().as_bytes())).status
    };
    assert_eq!(write(&first, "If-None-Match", "*"), 201);
    assert_eq!(write(&first, "If-None-Match", "*"), 412);
    assert_eq!(
        write(&artifact("a/2", None), "If-Match", "\"sha256:0\""),
        412
    );
    assert_eq!(
        write(&artifact("a/2", None), "If-Match", &format!("\"{digest}\"")),
        201
    );
    assert_eq!(
        write(&artifact("a/3", None), "If-Match", &format!("\"{digest}\"")),
        412
    );
}

#[test]
fn tags_come_with_a_digest() {
    let world = seeded(Settings::default());
    let manifest = artifact("a/b", None);
    let digest = sha256(manifest.to_string().as_bytes());
    let done = put(&world, &format!("{digest}?tag=v1&tag=v2"), &manifest);
    assert_eq!((done.status, done.all("oci-tag")), (201, vec!["v1", "v2"]));
    assert_eq!(get(&world, "/v2/a/b/manifests/v2").status, 200);
    let many: String = (0..11).map(|tag| format!("&tag={tag}")).collect();
    assert_eq!(
        put(&world, &format!("{digest}?{many}"), &manifest).status,
        414
    );
    world.registry(|registry| registry.settings.tags_at_once = 0);
    let done = put(&world, &format!("{digest}?tag=v3"), &manifest);
    assert_eq!((done.status, done.all("oci-tag")), (201, vec![]));
    assert_eq!(get(&world, "/v2/a/b/manifests/v3").status, 404);
}

#[test]
fn what_is_deleted_is_gone_unless_that_is_off() {
    let world = seeded(Settings::default());
    let manifest = artifact("a/b", None);
    let digest = sha256(manifest.to_string().as_bytes());
    put(&world, "v1", &manifest);
    put(&world, "v2", &manifest);
    let delete = |target: &str| ask(&world, request("DELETE", &format!("/v2/a/b/{target}"))).status;
    let blob = format!("blobs/{}", sha256(b"{}"));
    assert_eq!(delete("manifests/v1"), 202);
    assert_eq!(
        get(&world, &format!("/v2/a/b/manifests/{digest}")).status,
        200
    );
    assert_eq!(delete(&format!("manifests/{digest}")), 202);
    assert_eq!(get(&world, "/v2/a/b/manifests/v2").status, 404);
    assert_eq!((delete(&blob), delete(&blob)), (202, 404));
    world.registry(|registry| {
        registry.settings.deletes = Deletes {
            manifests: Err(405),
            tags: Err(400),
            blobs: Err(405),
        };
    });
    assert_eq!(delete("manifests/v2"), 400);
    assert_eq!(delete(&format!("manifests/{digest}")), 405);
    assert_eq!(delete(&blob), 405);
}

#[test]
fn extensions_mirrors_limits_and_warnings_are_told() {
    let warning = "299 - \"this registry is old\"".to_owned();
    let world = seeded(Settings {
        extensions: Some(json!([{ "name": "_x", "endpoints": [] }])),
        mirrors: true,
        everywhere: vec![("Warning", warning.clone())],
        ..Settings::default()
    });
    world.registry(|registry| registry.limit = Some((7, 21_600)));
    let answer = get(&world, "/v2/a/b/_oci/ext/discover?ns=docker.io");
    assert_eq!(answer.value()["extensions"][0]["name"], "_x");
    assert_eq!(answer.header("oci-namespace"), Some("docker.io"));
    assert_eq!(answer.header("warning"), Some(warning.as_str()));
    assert_eq!(answer.header("ratelimit-remaining"), Some("7;w=21600"));
    world.registry(|registry| registry.settings.extensions = None);
    assert_eq!(get(&world, "/v2/_oci/ext/discover").status, 404);
}

#[test]
fn errors_have_the_shape_that_is_set() {
    let world = world();
    for (shape, media_type, holds) in [
        (
            Errors::Specified,
            "application/json",
            "\"code\":\"NAME_UNKNOWN\"",
        ),
        (Errors::Statuses, "application/json", "\"status\":404"),
        (
            Errors::Text,
            "text/plain; charset=utf-8",
            "no such repository",
        ),
        (
            Errors::Html,
            "text/html; charset=utf-8",
            "<h1>no such repository</h1>",
        ),
    ] {
        world.registry(|registry| registry.settings.errors = shape);
        let answer = get(&world, "/v2/nowhere/tags/list");
        assert_eq!(answer.header("content-type"), Some(media_type));
        assert!(String::from_utf8(answer.body).unwrap().contains(holds));
    }
}
