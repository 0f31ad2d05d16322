//! How blobs are pushed to it.

use super::*;

#[test]
fn a_blob_is_pushed_by_put_by_one_post_and_in_chunks() {
    let world = world();
    let digest = sha256(b"hello");
    let session = ask(&world, request("POST", "/v2/a/b/blobs/uploads/"));
    assert_eq!(
        (session.status, session.header("range")),
        (202, Some("0-0"))
    );
    let close = format!("{}?digest={digest}", location(&session));
    let done = ask(&world, request("PUT", &close).with_body(b"hello"));
    assert_eq!(done.status, 201);
    assert_eq!(get(&world, &location(&done)).body, b"hello");

    let post = format!("/v2/c/blobs/uploads/?digest={digest}");
    let done = ask(&world, request("POST", &post).with_body(b"hello"));
    assert_eq!(
        (done.status, location(&done)),
        (201, format!("/v2/c/blobs/{digest}"))
    );

    let session = location(&ask(&world, request("POST", "/v2/d/blobs/uploads/")));
    let chunk = |range: &str, bytes: &[u8]| {
        let asked = request("PATCH", &session).with("Content-Range", range);
        ask(&world, asked.with_body(bytes))
    };
    assert_eq!(chunk("0-1", b"he").header("range"), Some("0-1"));
    let early = chunk("3-4", b"lo");
    assert_eq!((early.status, early.header("range")), (416, Some("0-1")));
    let status = get(&world, &session);
    assert_eq!((status.status, status.header("range")), (204, Some("0-1")));
    assert_eq!(location(&status), session);
    assert_eq!(chunk("2-3", b"ll").status, 202);
    assert_eq!(chunk("bytes 4-4/5", b"o").status, 400);
    assert_eq!(chunk("4-5", b"o").status, 400);
    let close = request("PUT", &format!("{session}?digest={digest}"));
    let close = close.with("Content-Range", "4-4").with_body(b"o");
    assert_eq!(ask(&world, close).status, 201);
    assert_eq!(get(&world, &format!("/v2/d/blobs/{digest}")).body, b"hello");
    assert_eq!(code(&get(&world, &session)), "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn a_blob_of_another_digest_is_refused() {
    let world = world();
    for digest in [
        sha256(b"other"),
        "sha256:xyz".to_owned(),
        "md5:00".to_owned(),
    ] {
        let post = format!("/v2/a/blobs/uploads/?digest={digest}");
        let answer = ask(&world, request("POST", &post).with_body(b"hello"));
        assert_eq!(
            (answer.status, code(&answer)),
            (400, "DIGEST_INVALID".to_owned())
        );
    }
}

#[test]
fn an_upload_is_given_up_and_another_algorithm_is_asked_for() {
    let world = world();
    let begin = "/v2/a/blobs/uploads/?digest-algorithm=";
    assert_eq!(
        ask(&world, request("POST", &format!("{begin}md5"))).status,
        400
    );
    let session = location(&ask(&world, request("POST", &format!("{begin}sha512"))));
    let digest = pierhead::digest::Digest::of(pierhead::digest::Algorithm::Sha512, b"hello");
    let other = location(&ask(&world, request("POST", &format!("{begin}sha512"))));
    let close = request("PUT", &format!("{other}?digest={digest}")).with_body(b"hello");
    assert_eq!(
        location(&ask(&world, close)),
        format!("/v2/a/blobs/{digest}")
    );
    assert_eq!(ask(&world, request("DELETE", &session)).status, 204);
    assert_eq!(ask(&world, request("DELETE", &session)).status, 404);
}

#[test]
fn sizes_of_chunks_are_told_and_held_to() {
    let mut settings = Settings::default();
    settings.uploads.chunk_min = Some(3);
    settings.uploads.chunk_max = Some((4, 413));
    let world = World::of(settings);
    let session = ask(&world, request("POST", "/v2/a/blobs/uploads/"));
    assert_eq!(session.header("oci-chunk-min-length"), Some("3"));
    assert_eq!(session.header("oci-chunk-max-length"), Some("4"));
    let patch = |bytes: &[u8]| {
        ask(
            &world,
            request("PATCH", &location(&session)).with_body(bytes),
        )
        .status
    };
    assert_eq!(patch(b"12345"), 413);
    assert_eq!(patch(b"123"), 202);
    assert_eq!(patch(b"4"), 202);
    assert_eq!(patch(b"567"), 400);
}

#[test]
fn every_location_of_an_upload_leads_on() {
    for (shape, begins) in [
        (Location::Relative, "/v2/a/b/blobs/uploads/"),
        (
            Location::Absolute,
            "https://registry.example/v2/a/b/blobs/uploads/",
        ),
        (Location::Singular, "/v2/a/b/blobs/upload/"),
        (Location::State, "/v2/a/b/blobs/uploads/"),
        (Location::Outside, "/artifacts-uploads/a/b/"),
        (Location::Elsewhere, "https://uploads.example/v2/a/b/"),
    ] {
        let mut settings = Settings::default();
        settings.uploads.location = shape;
        let world = World::of(settings);
        let first = location(&ask(&world, request("POST", "/v2/a/b/blobs/uploads/")));
        assert!(first.starts_with(begins), "{first}");
        let second = location(&ask(&world, request("PATCH", &first).with_body(b"ab")));
        assert_eq!(first == second, shape != Location::State);
        let join = if second.contains('?') { '&' } else { '?' };
        let close = |session: &str| {
            let target = format!("{session}{join}digest={}", sha256(b"ab"));
            ask(&world, request("PUT", &target)).status
        };
        if shape == Location::State {
            assert_eq!(close(&first), 404, "only the newest is good");
        }
        assert_eq!(close(&second), 201, "{shape:?}");
    }
}

#[test]
fn ranges_of_uploads_are_what_registries_make_of_them() {
    let ranges = |shape| {
        let mut settings = Settings::default();
        settings.uploads.ranges = shape;
        let world = World::of(settings);
        let begun = ask(&world, request("POST", "/v2/a/blobs/uploads/"));
        let session = location(&begun);
        let patch = |bytes: &[u8]| ask(&world, request("PATCH", &session).with_body(bytes));
        let (first, second) = (patch(b"abc"), patch(b"de"));
        let status = get(&world, &session);
        let ranges = [&begun, &first, &second, &status]
            .map(|answer| answer.header("range").unwrap().to_owned());
        (ranges.join(" "), status.header("location").is_some())
    };
    assert_eq!(
        ranges(Ranges::Specified),
        ("0-0 0-2 0-4 0-4".to_owned(), true)
    );
    assert_eq!(
        ranges(Ranges::WithUnit),
        ("bytes=0--1 0-2 0-4 bytes=0-5".to_owned(), false)
    );
    assert_eq!(ranges(Ranges::Stuck), ("0-0 0-2 0-2 0-2".to_owned(), true));
}

#[test]
fn a_cut_leaves_what_the_settings_say() {
    for (after, left) in [
        (AfterCut::WhatCame, Some("0-2")),
        (AfterCut::AsBefore, Some("0-0")),
        (AfterCut::Nothing, None),
    ] {
        let mut settings = Settings::default();
        settings.uploads.after_cut = after;
        let world = World::of(settings);
        let session = location(&ask(&world, request("POST", "/v2/a/blobs/uploads/")));
        world.fail(Fault::new("PATCH", "", What::CutRequest(3)));
        let patch = request("PATCH", &session).with_body(b"abcdef");
        assert!(matches!(world.exchange(patch), Outcome::Failed));
        assert_eq!(get(&world, &session).header("range"), left);
    }
}

#[test]
fn a_blob_is_mounted_or_answered_with_a_session() {
    for (mounts, with_from, without) in [
        (Mounts::All, 201, 201),
        (Mounts::From, 201, 202),
        (Mounts::Never, 202, 202),
    ] {
        let mut settings = Settings::default();
        settings.uploads.mounts = mounts;
        let world = seeded(settings);
        let mount = |name: &str, query: &str| {
            let target = format!("/v2/{name}/blobs/uploads/?mount={}{query}", sha256(b"{}"));
            ask(&world, request("POST", &target)).status
        };
        assert_eq!(mount("c", "&from=a/b"), with_from);
        assert_eq!(mount("d", ""), without);
        assert_eq!(mount("e", "&from=nowhere"), 202);
    }
}
