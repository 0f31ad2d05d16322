//! The client at each of the registries that people use (`docs/registries.md`): what it does everywhere, and what a registry will not.

mod replicas;

use std::path::Path;
use std::sync::Arc;

use pierhead::client::copy::{CopyOptions, RepositoryPlace, copy};
use pierhead::client::{
    Client, Credential, ListOptions, ManifestReference, PushOptions, PushOutcome, PutManifest,
};
use pierhead::digest::Digest;
use pierhead::{Error, Kind, Result};
use serde_json::json;

use crate::body::drain;
use crate::manifests::MANIFEST;
use crate::memory::block_on;
use crate::registry::{
    Auth, End, Fault, Link, Mounts, Posts, Source, User, What, When, World, sha256,
};
pub use replicas::{Replica, replicas};

pub const BYTES: &[u8] = b"twelve bytes";
pub const SIGNATURE: &str = "application/vnd.example.signature";

/// One of the client's registries, with what the tests ask of it.
struct Scene {
    replica: Replica,
    world: World,
    client: Arc<Client<World>>,
}

impl Scene {
    fn new(replica: Replica) -> Self {
        let world = replica.world();
        let client = replica.client(&world);
        Self {
            replica,
            world,
            client,
        }
    }

    fn push(&self, repository: &str, bytes: &[u8]) -> Result<PushOutcome> {
        self.push_with(repository, bytes, &PushOptions::default())
    }

    fn push_with(
        &self,
        repository: &str,
        bytes: &[u8],
        options: &PushOptions,
    ) -> Result<PushOutcome> {
        let source = Source::known(&self.world, bytes);
        let name = repository.parse().unwrap();
        block_on(self.client.push_blob(&name, source, options)).map(|pushed| pushed.outcome)
    }

    /// A manifest of a config and one layer, both pushed to `a/b`; without a tag if that is empty.
    fn put(&self, tag: &str, about: &str, subject: Option<&Digest>) -> Result<Digest> {
        for bytes in [b"{}", BYTES] {
            self.push("a/b", bytes).unwrap();
        }
        let bytes = image(about, subject);
        let mut options = PutManifest::default();
        if !tag.is_empty() {
            options.reference = Some(tag.parse().unwrap());
        }
        let name = "a/b".parse().unwrap();
        let pushed = block_on(self.client.put_manifest(&name, bytes, options))?;
        Ok(pushed.digest)
    }

    fn referrers(&self, subject: &Digest, artifact_type: Option<&str>) -> Vec<Digest> {
        let name = "a/b".parse().unwrap();
        let mut pages = self
            .client
            .referrers(&name, subject, artifact_type)
            .unwrap();
        block_on(async {
            let mut all = Vec::new();
            while let Some(page) = pages.next().await.unwrap() {
                all.extend(page.into_iter().map(|descriptor| descriptor.digest));
            }
            all
        })
    }

    /// The tags of `a/b`, and what ended their list.
    fn tags(&self, n: Option<u32>) -> (Vec<String>, Result<()>) {
        let mut options = ListOptions::default();
        options.n = n;
        let mut pages = self.client.tags(&"a/b".parse().unwrap(), &options).unwrap();
        let mut all = Vec::new();
        let ended = block_on(async {
            while let Some(page) = pages.next().await? {
                all.extend(page);
            }
            Ok(())
        });
        (all, ended)
    }
}

pub fn image(about: &str, subject: Option<&Digest>) -> Vec<u8> {
    let descriptor = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": sha256(bytes), "size": bytes.len() });
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": SIGNATURE,
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [descriptor("application/octet-stream", BYTES)],
        "annotations": { "about": about },
    });
    if let Some(subject) = subject {
        manifest["subject"] =
            json!({ "mediaType": MANIFEST, "digest": subject.as_str(), "size": 7 });
    }
    manifest.to_string().into_bytes()
}

/// What a refusal says, once it is certain that it gives nothing away.
fn told(error: &Error) -> (Kind, Option<u16>) {
    World::assert_tells_nothing(&format!("{error} {error:?}"));
    (error.kind(), error.status())
}

/// At each of the registries, at the end of which no credential has gone astray.
fn everywhere(test: impl Fn(&Scene)) {
    for replica in replicas() {
        let scene = Scene::new(replica);
        test(&scene);
        scene.world.assert_no_stray();
        assert!(!scene.world.log().is_empty());
    }
}

#[test]
fn whoever_has_the_credential_is_let_in_and_all_others_are_told_that_they_are_not() {
    everywhere(|scene| {
        let name = scene.replica.name;
        block_on(scene.client.ping()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let wrong = Credential::Password {
            username: scene.replica.user().name,
            password: format!("{}-wrong", User::owner().password),
        };
        scene.world.login(scene.replica.host(), Ok(wrong));
        let stranger = scene.replica.client(&scene.world);
        let error = block_on(stranger.ping()).unwrap_err();
        assert_eq!(told(&error).0, Kind::Auth, "{name}");
    });
}

#[test]
fn refresh_tokens_are_posted_to_whoever_takes_them() {
    everywhere(|scene| {
        let Auth::Bearer(bearer) = &scene.replica.settings.auth else {
            block_on(scene.client.ping()).unwrap();
            return;
        };
        let token = scene.world.registry(|registry| registry.refresh_token());
        let host = scene.replica.host();
        scene.world.login(host, Ok(Credential::RefreshToken(token)));
        let entered = block_on(scene.client.ping());
        match bearer.posts {
            Posts::Refused(_) => assert_eq!(told(&entered.unwrap_err()).0, Kind::Auth),
            _ => entered.unwrap(),
        }
    });
}

#[test]
fn a_repository_that_is_not_there_is_one_that_is_not_there_or_not_open() {
    everywhere(|scene| {
        let name = "x/none".parse().unwrap();
        let latest = "latest".parse().unwrap();
        let error = block_on(scene.client.manifest(&name, &latest, None)).unwrap_err();
        let said = told(&error);
        assert!(
            [
                (Kind::Auth, Some(401)),
                (Kind::Auth, Some(403)),
                (Kind::Registry, Some(404))
            ]
            .contains(&said),
            "{}: {said:?}",
            scene.replica.name
        );
        assert!(error.message().contains("x/none") || said.1 == Some(403));
    });
}

#[test]
fn blobs_are_pushed_and_mounted_where_that_is_possible() {
    everywhere(|scene| {
        let name = scene.replica.name;
        assert_eq!(
            scene.push("a/b", BYTES).unwrap(),
            PushOutcome::Uploaded,
            "{name}"
        );
        assert_eq!(
            scene.push("a/b", BYTES).unwrap(),
            PushOutcome::Existed,
            "{name}"
        );
        let from = PushOptions::default().with_mount_from("a/b".parse().unwrap());
        let expected = match scene.replica.settings.uploads.mounts {
            Mounts::Never => PushOutcome::Uploaded,
            _ => PushOutcome::Mounted,
        };
        let pushed = scene.push_with("a/c", BYTES, &from).unwrap();
        assert_eq!(pushed, expected, "{name}");
        // From where there is nothing, or nothing that this account may see.
        let nowhere = PushOptions::default().with_mount_from("x/none".parse().unwrap());
        let pushed = scene.push_with("a/c", b"other", &nowhere).unwrap();
        assert_eq!(pushed, PushOutcome::Uploaded, "{name}");
        scene.world.registry(|registry| {
            let stored = &registry.store.of("a/c").blobs;
            assert_eq!(stored[&sha256(BYTES)], BYTES);
            assert_eq!(stored[&sha256(b"other")], b"other");
        });
    });
}

#[test]
pub fn images_are_pulled_by_tag_and_by_digest() {
    everywhere(|scene| {
        let pushed = scene.put("v1", "an image", None).unwrap();
        let name = "a/b".parse().unwrap();
        // Anew: by a token for reading alone.
        let client = scene.replica.client(&scene.world);
        for reference in ["v1", pushed.as_str()] {
            let reference: ManifestReference = reference.parse().unwrap();
            let manifest = block_on(client.manifest(&name, &reference, None)).unwrap();
            assert_eq!((&manifest.digest, manifest.verified), (&pushed, true));
            let head = block_on(client.manifest_head(&name, &reference, None)).unwrap();
            assert_eq!(head.digest, pushed);
        }
        for layer in [b"{}", BYTES] {
            let digest = sha256(layer).parse().unwrap();
            let blob = block_on(client.blob(&name, &digest, None)).unwrap();
            assert_eq!(drain(blob.body), (layer.to_vec(), None));
            let size = block_on(client.blob_head(&name, &digest));
            assert_eq!(size.unwrap(), Some(layer.len() as u64));
        }
    });
}

#[test]
fn blobs_are_read_on_and_in_parts_wherever_they_are_kept() {
    everywhere(|scene| {
        scene.push("a/b", BYTES).unwrap();
        let (name, digest) = ("a/b".parse().unwrap(), sha256(BYTES).parse().unwrap());
        let storage = scene.replica.settings.blobs.storage.clone().unwrap();
        for bytes in 0..BYTES.len() {
            let cut = Fault::new("GET", &storage, What::body_until(bytes, End::Cut));
            scene.world.fail(cut.when(When::Only(1)));
            let blob = block_on(scene.client.blob_resuming(&name, &digest, None)).unwrap();
            assert_eq!(drain(blob.body), (BYTES.to_vec(), None), "{bytes}");
            scene.world.heal();
        }
        let part = block_on(scene.client.blob_part(&name, &digest, None, 3, Some(6))).unwrap();
        assert_eq!((part.start, part.size), (3, Some(12)));
        assert_eq!(drain(part.body).0, &BYTES[3..=6]);
    });
}

#[test]
fn tags_come_in_pages_of_whatever_kind() {
    everywhere(|scene| {
        let name = scene.replica.name;
        scene.world.registry(|registry| {
            let repository = registry.store.of("a/b");
            for number in 0..250 {
                repository.put_manifest(MANIFEST, b"{}", Some(&format!("v{number:03}")));
            }
        });
        let settings = &scene.replica.settings.pages;
        for n in [None, Some(40), Some(2_000)] {
            let (tags, ended) = scene.tags(n);
            let size = n.map_or(settings.max, |n| settings.max.min(n as usize));
            if n.is_some_and(|n| n as usize > settings.n_max) {
                let error = ended.unwrap_err();
                assert_eq!(told(&error), (Kind::Registry, Some(405)), "{name}");
                assert_eq!(error.entries()[0].code, "UNSUPPORTED");
            } else if settings.link == Link::Misled {
                // What was had before is had, and that it is not all.
                let error = ended.unwrap_err();
                assert!(
                    [Some(401), Some(404)].contains(&told(&error).1),
                    "{name}: {error}"
                );
                assert_eq!(tags.len(), size);
            } else {
                ended.unwrap_or_else(|error| panic!("{name} {n:?}: {error}"));
                assert_eq!(tags.len(), 250, "{name} {n:?}");
                assert_eq!((tags[0].as_str(), tags[249].as_str()), ("v000", "v249"));
            }
        }
    });
}

#[test]
fn what_is_attached_is_listed_with_and_without_an_api_or_refused() {
    everywhere(|scene| {
        let name = scene.replica.name;
        let subject = scene.put("v1", "an image", None).unwrap();
        let attached = scene.put("", "a signature", Some(&subject));
        if let Some(status) = scene.replica.settings.referrers.refuses {
            let error = attached.unwrap_err();
            assert_eq!(told(&error), (Kind::Registry, Some(status)), "{name}");
            assert!(scene.referrers(&subject, None).is_empty(), "{name}");
            return;
        }
        let attached = attached.unwrap();
        assert_eq!(
            scene.referrers(&subject, None),
            std::slice::from_ref(&attached),
            "{name}"
        );
        let typed = scene.referrers(&subject, Some(SIGNATURE));
        // A list that has another artifact type than the manifest cannot be filtered by it.
        let exact = scene.replica.settings.referrers.exact;
        assert_eq!(typed.len(), usize::from(exact), "{name}");
        let second = scene.put("", "another signature", Some(&subject)).unwrap();
        let all = scene.referrers(&subject, None);
        assert_eq!(all.len(), 2, "{name}");
        assert!(all.contains(&attached) && all.contains(&second));
    });
}

#[test]
fn what_may_be_deleted_is_and_what_may_not_is_refused_by_name() {
    everywhere(|scene| {
        let name = scene.replica.name;
        let repository = "a/b".parse().unwrap();
        let deletes = scene.replica.settings.deletes;
        let digest = scene.put("v1", "an image", None).unwrap();
        let client = scene.replica.client(&scene.world);
        let by_tag: ManifestReference = "v1".parse().unwrap();
        let by_digest = ManifestReference::Digest(digest.clone());
        for (reference, allowed) in [(by_tag, deletes.tags), (by_digest, deletes.manifests)] {
            let deleted = block_on(client.delete_manifest(&repository, &reference));
            match allowed {
                Ok(()) => deleted.unwrap_or_else(|error| panic!("{name} {reference}: {error}")),
                Err(_) => assert_eq!(told(&deleted.unwrap_err()).0, Kind::Unsupported, "{name}"),
            }
        }
        let blob = sha256(BYTES).parse().unwrap();
        let deleted = block_on(client.delete_blob(&repository, &blob));
        match deletes.blobs {
            Ok(()) => deleted.unwrap_or_else(|error| panic!("{name}: {error}")),
            Err(status) => assert_eq!(told(&deleted.unwrap_err()).1, Some(status), "{name}"),
        }
        scene.world.registry(|registry| {
            let left = registry.store.of("a/b");
            let there = left.manifests.contains_key(digest.as_str());
            assert_eq!(there, deletes.manifests.is_err(), "{name}");
            assert_eq!(
                left.blobs.contains_key(blob.as_str()),
                deletes.blobs.is_err()
            );
        });
    });
}

#[test]
pub fn images_are_copied_from_each_to_each_bit_by_bit() {
    let count = replicas().len();
    for from in 0..count {
        for to in 0..count {
            let source = Scene::new(replicas().remove(from));
            let target = replicas().remove(to);
            let about = format!("{} to {}", source.replica.name, target.name);
            let digest = source.put("v1", "an image", None).unwrap();
            if from != to {
                source.world.add(target.settings.clone());
                target.log_in(&source.world);
            }
            let client = target.client(&source.world);
            let there = RepositoryPlace::new(client, "a/c".parse().unwrap());
            let name = "a/b".parse().unwrap();
            let here = RepositoryPlace::new(Arc::clone(&source.client), name);
            let options = CopyOptions::default();
            for _ in 0..2 {
                let copied = block_on(copy(&here, "v1", &there, Some("v2"), &options, &()));
                let copied = copied.unwrap_or_else(|error| panic!("{about}: {error}"));
                assert_eq!(copied.root.digest, digest, "{about}");
            }
            source.world.at(&target.settings.origin, |registry| {
                let copied = registry.store.of("a/c");
                let tagged = &copied.manifests[&copied.tags["v2"]];
                assert_eq!(tagged.bytes, image("an image", None), "{about}");
                assert_eq!(copied.blobs[&sha256(BYTES)], BYTES, "{about}");
            });
            source.world.assert_no_stray();
        }
    }
}

/// Whether a source below a folder has a function of this name.
fn is_written(folder: &Path, function: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_written(&path, function);
        }
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        is_source
            && std::fs::read_to_string(&path)
                .unwrap()
                .contains(&format!("fn {function}("))
    })
}

#[test]
fn the_tests_that_the_table_of_quirks_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/registries.md")).unwrap();
    let (_, table) = text.split_once("| held to by |").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut named = 0;
    for row in table.lines().filter(|row| row.ends_with("` |")) {
        let test = row.trim_end_matches("` |").rsplit('`').next().unwrap();
        let folders = ["tests/distribution", "src/client"];
        assert!(
            folders
                .iter()
                .any(|folder| is_written(&root.join(folder), test)),
            "{test}"
        );
        named += 1;
    }
    assert!(named > 15, "{named}");
}

#[test]
fn a_token_that_the_registry_takes_no_longer_is_followed_by_another_one() {
    everywhere(|scene| {
        let pushed = scene.put("v1", "image", None).unwrap();
        scene.world.registry(|registry| registry.forget_tokens());
        let reference = ManifestReference::Digest(pushed);
        let name = "a/b".parse().unwrap();
        let read = block_on(scene.client.manifest(&name, &reference, None));
        // There the replica challenges for Basic, and takes none: what Harbor says of an old token, no source says.
        if scene.replica.name != "Harbor" {
            assert!(read.is_ok(), "{}: {:?}", scene.replica.name, read.err());
        }
    });
}

#[test]
fn another_400_costs_one_request_more_where_an_old_token_has_that_status_and_none_elsewhere() {
    everywhere(|scene| {
        scene.put("v1", "image", None).unwrap();
        scene
            .world
            .fail(Fault::new("*", "/manifests/", What::html(400)));
        let (name, reference) = ("a/b".parse().unwrap(), "v1".parse().unwrap());
        let before = scene.world.count("/manifests/");
        let error = block_on(scene.client.manifest(&name, &reference, None)).unwrap_err();
        assert_eq!(error.status(), Some(400));
        let asked = scene.world.count("/manifests/") - before;
        let expected = if scene.replica.name == "ECR Public" {
            2
        } else {
            1
        };
        assert_eq!(asked, expected, "{}", scene.replica.name);
    });
}
