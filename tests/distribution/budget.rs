//! How often is asked, and for how long, what goes on failing: repetitions of a request, of an upload, of a blob's reading and of a
//! copy's steps are bounded together.

use std::sync::Arc;

use pierhead::Result;
use pierhead::client::copy::{CopyOptions, RepositoryPlace, copy};
use pierhead::client::{Chunks as _, Client, ClientOptions, PushOptions, PutManifest};
use serde_json::json;

use crate::client::BASE;
use crate::memory::block_on;
use crate::quirks::image;
use crate::registry::{Auth, Bearer, End, Fault, Mounts, Source, What, When, World, sha256};
use crate::upload::{settings, world};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BYTES: &[u8] = b"twelve bytes";

/// Requests of an operation that fails for good: of two sessions with three chunks each, and twelve attempts at the index of referrers.
const MAX_REQUESTS: usize = 30;
/// Milliseconds of it: of whether a blob is there and of its upload each `max_elapsed`, with the pause and the request that were begun by
/// then.
const MAX_TIME: u64 = 2 * (300_000 + 60_000);

type Operation = (&'static str, fn(&World) -> Result<()>);

const OPERATIONS: [Operation; 9] = [
    ("manifest", |world| {
        let (name, reference) = ("a/b".parse().unwrap(), "v1".parse().unwrap());
        block_on(client(world).manifest(&name, &reference, None)).map(|_| ())
    }),
    ("blob", |world| {
        let (name, digest) = ("a/b".parse().unwrap(), sha256(BYTES).parse().unwrap());
        block_on(async {
            let blob = client(world).blob_resuming(&name, &digest, None).await;
            let mut body = blob?.body;
            while body.chunk().await?.is_some() {}
            Ok(())
        })
    }),
    ("tags", |world| {
        let name = "a/b".parse().unwrap();
        let client = client(world);
        let mut pages = client.tags(&name, &Default::default())?;
        block_on(pages.next()).map(|_| ())
    }),
    ("push of a stream", |world| {
        push(world, Source::known(world, b"other bytes"), 100)
    }),
    ("push in chunks", |world| {
        world.behave(|manners| manners.streams = false);
        push(world, Source::known(world, b"other bytes"), 5)
    }),
    ("push of what nobody has named", |world| {
        world.behave(|manners| manners.streams = false);
        push(world, Source::stream(world, b"other bytes"), 5)
    }),
    ("push at once", |world| {
        world.registry(|registry| registry.settings.uploads.single_post = true);
        push(world, Source::known(world, b"other bytes"), 100)
    }),
    ("manifest with a subject", |world| {
        world.registry(|registry| {
            let referrers = &mut registry.settings.referrers;
            (referrers.api, referrers.subject) = (false, false);
        });
        let bytes = image("signature", Some(&sha256(b"subject").parse().unwrap()));
        let (name, client) = ("a/b".parse().unwrap(), client(world));
        block_on(client.put_manifest(&name, bytes, PutManifest::default())).map(|_| ())
    }),
    ("copy", |world| {
        let place = |name: &str| RepositoryPlace::new(client(world), name.parse().unwrap());
        let (from, to) = (place("a/b"), place("c/d"));
        let options = CopyOptions::default().with_concurrency(1);
        block_on(copy(&from, "v1", &to, Some("v1"), &options, &())).map(|_| ())
    }),
];

fn client(world: &World) -> Arc<Client<World>> {
    Arc::new(Client::new(world.clone(), BASE.parse().unwrap()).unwrap())
}

fn push(world: &World, source: Source, chunk: u64) -> Result<()> {
    let options = PushOptions::default().with_chunk_size(chunk);
    let name = "a/b".parse().unwrap();
    block_on(client(world).push_blob(&name, source, &options)).map(|_| ())
}

/// A registry with an image, from whose other repositories nothing is mounted, at a host that waits as long as it may.
fn stocked(auth: Auth) -> World {
    let mut settings = settings();
    settings.uploads.mounts = Mounts::Never;
    settings.auth = auth;
    let world = world(&settings, true);
    world.behave(|manners| manners.random = u32::MAX);
    world.registry(|registry| {
        let repository = registry.store.of("a/b");
        repository.put_blob(BYTES);
        let part = json!({"mediaType": "application/vnd.example", "digest": sha256(BYTES), "size": BYTES.len()});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": [part]});
        repository.put_manifest(MANIFEST, manifest.to_string().as_bytes(), Some("v1"));
    });
    world
}

/// Every way in which a network, a registry and what stands before it fail.
fn faults() -> Vec<(&'static str, What)> {
    vec![
        ("refused", What::Refuse),
        ("silent", What::Silent),
        ("without its answer", What::LoseAnswer),
        ("cut", What::CutRequest(1)),
        ("cut in the answer", What::body_until(0, End::Cut)),
        ("404", What::html(404)),
        ("416", What::html(416)),
        ("500", What::html(500)),
        ("503 for a minute", What::busy(503, "60")),
        ("429 for a minute", What::busy(429, "60")),
        ("429", What::html(429)),
    ]
}

/// How it ended, if it stayed within its bounds.
fn bounded(world: &World, operation: &Operation, about: &str) -> Result<()> {
    let done = operation.1(world);
    let about = format!("{}: {about}", operation.0);
    let requests = world.lines();
    assert!(requests.len() <= MAX_REQUESTS, "{about}: {requests:#?}");
    assert!(world.now() <= MAX_TIME, "{about}: {} ms", world.now());
    done
}

#[test]
fn what_goes_on_failing_is_asked_for_a_few_times_and_minutes() {
    let mut failed = 0;
    for operation in &OPERATIONS {
        for method in ["*", "GET", "HEAD", "POST", "PATCH", "PUT"] {
            for (name, what) in faults() {
                let world = stocked(Auth::None);
                world.fail(Fault::new(method, "", what));
                let about = format!("{method} {name}");
                let done = bounded(&world, operation, &about);
                // Where nothing is answered, nothing can be had.
                assert!(
                    done.is_err() || !["* refused", "* 500"].contains(&about.as_str()),
                    "{about}"
                );
                failed += u32::from(done.is_err());
            }
        }
    }
    assert!(failed > 200, "{failed}");
}

#[test]
fn a_token_that_cannot_be_had_is_asked_for_a_few_times_and_minutes() {
    for operation in &OPERATIONS {
        for (name, what) in faults() {
            let auth = Bearer::default();
            let realm = auth.realm.clone();
            let world = stocked(Auth::Bearer(auth));
            world.fail(Fault::new("*", &realm, what));
            let done = bounded(&world, operation, &format!("token {name}"));
            assert!(done.is_err(), "{} {name}", operation.0);
        }
    }
}

#[test]
fn a_copy_repeats_nothing_that_its_client_has_repeated() {
    for (method, url) in [("GET", "/blobs/"), ("HEAD", "/blobs/")] {
        let world = stocked(Auth::None);
        world.fail(Fault::new(method, url, What::Silent));
        assert!(OPERATIONS[8].1(&world).is_err());
        assert_eq!(
            world.count(method) - usize::from(method == "GET"),
            5,
            "{:#?}",
            world.lines()
        );
    }
}

#[test]
fn a_small_push_and_a_mount_are_asked_for_again_when_they_were_too_early() {
    for (operation, mounts, first) in [
        (&OPERATIONS[6], Mounts::Never, "?digest="),
        (&OPERATIONS[8], Mounts::From, "?mount="),
    ] {
        let world = stocked(Auth::None);
        world.registry(|registry| registry.settings.uploads.mounts = mounts);
        let early = Fault::new("POST", first, What::busy(429, "1"));
        world.fail(early.when(When::First(2)));
        operation.1(&world).unwrap();
        let posts = world
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("POST"));
        assert_eq!(
            posts.filter(|line| !line.contains(first)).count(),
            0,
            "{:#?}",
            world.lines()
        );
    }
}

#[test]
fn an_upload_is_not_gone_on_with_once_too_much_time_has_passed_in_vain() {
    for (milliseconds, times) in [(100_000, 3), (20_000, 2), (300_000, 6)] {
        let world = stocked(Auth::None);
        world.behave(|manners| manners.streams = false);
        world.fail(Fault::new("PATCH", "", What::busy(503, "60")));
        let options = ClientOptions::default().with_max_elapsed(milliseconds);
        let client = Client::with_options(world.clone(), BASE.parse().unwrap(), options).unwrap();
        let source = Source::known(&world, b"other bytes");
        let options = PushOptions::default().with_chunk_size(5);
        let pushed = block_on(client.push_blob(&"a/b".parse().unwrap(), source, &options));
        assert_eq!(pushed.unwrap_err().status(), Some(503));
        assert_eq!(world.count("PATCH"), times, "{milliseconds}");
    }
}
