//! What a client does at a registry, each ending in what it should have come to or in an error.

use std::sync::Arc;

use pierhead::client::copy::{CopyOptions, RepositoryPlace, copy};
use pierhead::client::{Client, Credential, ListOptions, PushOptions};
use pierhead::digest::{Algorithm, Digest};
use pierhead::{Error, Result};

use crate::body::drain_all;
use crate::client::BASE;
use crate::manifests::{MANIFEST, to};
use crate::memory::block_on;
use crate::quirks::{BYTES, SIGNATURE, image};
use crate::registry::{Auth, Bearer, Repository, Settings, Source, User, World, sha256};

/// An origin that is nobody's business.
pub const EVIL: &str = "https://evil.example/";
/// A registry that does as it should.
const GOOD: &str = "https://good.example";

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    Ping,
    Manifest,
    Blob,
    Tags,
    Catalog,
    Referrers,
    Push,
    PushStream,
    Put,
    Attach,
    Delete,
    CopyFrom,
    CopyTo,
}

impl Flow {
    pub const ALL: [Self; 13] = [
        Self::Ping,
        Self::Manifest,
        Self::Blob,
        Self::Tags,
        Self::Catalog,
        Self::Referrers,
        Self::Push,
        Self::PushStream,
        Self::Put,
        Self::Attach,
        Self::Delete,
        Self::CopyFrom,
        Self::CopyTo,
    ];
}

/// A registry that wants tokens, with an image in `a/b` that two manifests refer to; a good one, and one that only listens.
pub struct Scene {
    pub world: World,
    client: Arc<Client<World>>,
    image: Digest,
    attached: Vec<Digest>,
}

fn client(world: &World, origin: &str) -> Arc<Client<World>> {
    Arc::new(Client::new(world.clone(), origin.parse().unwrap()).unwrap())
}

impl Scene {
    pub fn new() -> Self {
        let user = User::owner();
        let login = Credential::Password {
            username: user.name.clone(),
            password: user.password.clone(),
        };
        let mut settings = Settings {
            auth: Auth::Bearer(Bearer::default()),
            ..Settings::default()
        };
        settings.uploads.single_post = false;
        let world = World::of(settings);
        for origin in [GOOD, EVIL.trim_end_matches('/')] {
            world.add(Settings {
                origin: origin.to_owned(),
                ..Settings::default()
            });
        }
        world.login("registry.example", Ok(login));
        world.behave(|manners| manners.piece = 4096);
        let digest = |bytes: &[u8]| Digest::of(Algorithm::Sha256, bytes);
        let bytes = image("an image", None);
        let subject = digest(&bytes);
        let attached: Vec<_> = ["one", "two"]
            .map(|about| image(about, Some(&subject)))
            .into();
        for origin in [BASE, GOOD] {
            world.at(origin, |registry| {
                let repository = registry.store.of("a/b");
                for blob in [b"{}", BYTES] {
                    repository.put_blob(blob);
                }
                repository.put_manifest(MANIFEST, &bytes, Some("v1"));
                for bytes in &attached {
                    repository.put_manifest(MANIFEST, bytes, None);
                }
            });
        }
        Self {
            client: client(&world, BASE),
            world,
            image: subject,
            attached: attached.iter().map(|bytes| digest(bytes)).collect(),
        }
    }

    pub fn run(&self, flow: Flow) -> Result<()> {
        let name = "a/b".parse().unwrap();
        let tag = "v1".parse().unwrap();
        let options = PushOptions::default().with_chunk_size(5);
        let client = &self.client;
        if matches!(flow, Flow::Push | Flow::PushStream) {
            self.world.behave(|manners| manners.piece = 5);
        }
        block_on(async {
            match flow {
                Flow::Ping => client.ping().await?,
                Flow::Manifest => {
                    let manifest = client.manifest(&name, &tag, None).await?;
                    assert_eq!(manifest.digest, self.image);
                    assert_eq!(manifest.document.bytes(), image("an image", None));
                }
                Flow::Blob => {
                    let digest = sha256(BYTES).parse().unwrap();
                    let blob = client.blob_resuming(&name, &digest, Some(12)).await?;
                    assert_eq!(drain_all(blob.body).await?, BYTES);
                }
                Flow::Tags | Flow::Catalog => {
                    let options = ListOptions::default();
                    let mut pages = match flow {
                        Flow::Tags => client.tags(&name, &options)?,
                        _ => client.repositories(&options)?,
                    };
                    let mut all = Vec::new();
                    while let Some(page) = pages.next().await? {
                        all.extend(page);
                    }
                    let expected = if flow == Flow::Tags { "v1" } else { "a/b" };
                    assert_eq!(all, [expected]);
                }
                Flow::Referrers => {
                    let mut pages = client.referrers(&name, &self.image, Some(SIGNATURE))?;
                    while let Some(page) = pages.next().await? {
                        for descriptor in page {
                            assert!(self.attached.contains(&descriptor.digest));
                        }
                    }
                }
                Flow::Push | Flow::PushStream => {
                    let source = match flow {
                        Flow::Push => Source::known(&self.world, b"other bytes"),
                        _ => Source::stream(&self.world, b"other bytes"),
                    };
                    let pushed = client.push_blob(&name, source, &options).await?;
                    self.has(BASE, pushed.digest.as_str(), b"other bytes");
                }
                Flow::Put | Flow::Attach => {
                    let subject = (flow == Flow::Attach).then_some(&self.image);
                    let bytes = image("another one", subject);
                    let options = to("v2", &[]);
                    let pushed = client.put_manifest(&name, bytes.clone(), options).await?;
                    self.has(BASE, pushed.digest.as_str(), &bytes);
                }
                Flow::Delete => {
                    let digest = self.attached[0].to_string().parse().unwrap();
                    client.delete_manifest(&name, &digest).await?;
                    self.world.at(BASE, |registry| {
                        let repository = registry.store.of("a/b");
                        let digest = self.attached[0].as_str();
                        assert!(!repository.manifests.contains_key(digest));
                    });
                }
                Flow::CopyFrom => self.copy(BASE, GOOD).await?,
                Flow::CopyTo => self.copy(GOOD, BASE).await?,
            }
            Ok::<(), Error>(())
        })
    }

    /// The digests of the image and of what refers to it, with their sizes.
    pub fn sizes(&self) -> Vec<(String, usize)> {
        let all = self.attached.iter().chain([&self.image]);
        self.world.at(BASE, |registry| {
            let repository = registry.store.of("a/b");
            all.map(|digest| {
                let size = repository.manifests[digest.as_str()].bytes.len();
                (digest.to_string(), size)
            })
            .collect()
        })
    }

    /// Whether a copy has come to its end somewhere: its name is there.
    pub fn has_copied(&self) -> bool {
        [BASE, GOOD].iter().any(|origin| {
            let named = |repository: &Repository| repository.tags.contains_key("v2");
            self.world
                .at(origin, |registry| named(registry.store.of("a/c")))
        })
    }

    /// Copies the image, with all that refers to it.
    async fn copy(&self, from: &str, to: &str) -> Result<()> {
        let name = |name: &str| name.parse().unwrap();
        let from = RepositoryPlace::new(client(&self.world, from), name("a/b"));
        let there = RepositoryPlace::new(client(&self.world, to), name("a/c"));
        let options = CopyOptions::default().with_referrers(true);
        copy(&from, "v1", &there, Some("v2"), &options, &()).await?;
        self.world.at(to, |registry| {
            let copied = registry.store.of("a/c");
            assert_eq!(copied.tags["v2"], self.image.as_str());
            assert_eq!(copied.blobs[&sha256(BYTES)], BYTES);
        });
        Ok(())
    }

    fn has(&self, origin: &str, digest: &str, bytes: &[u8]) {
        self.world.at(origin, |registry| {
            let repository = registry.store.of("a/b");
            let manifest = repository.manifests.get(digest).map(|one| &one.bytes);
            let stored = manifest.or_else(|| repository.blobs.get(digest));
            assert_eq!(stored.map(Vec::as_slice), Some(bytes));
        });
    }
}
