//! Image layouts in folders (image specification, `image-layout.md`).

mod files;
mod index;

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt as _;

use super::{FileContent, NativeBody};
use crate::client::copy::{Fetched, MountSource, Naming, Outcome, Place};
use crate::client::{Body as _, Chunks as _, Content, Expected, MAX_MANIFEST_BYTES};
use crate::digest::{Digest, Verifier};
use crate::document::{Descriptor, Document};
use crate::json::Tree;
use crate::{Error, Kind, Result};

use files::{Temporary, change_locked, failed, read_at_most, write_whole};

/// The file that makes a folder a layout, and what stands in it.
const HEADER: &str = "oci-layout";
const HEADER_TEXT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file that lists what is in a layout.
const INDEX: &str = "index.json";
/// How many manifests are looked at to find one, at most, and how many indexes deep.
const MAX_MANIFESTS: usize = 10_000;
const MAX_DEPTH: usize = 8;

/// An image layout in a folder ([image specification, "OCI Image Layout
/// Specification"](https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md)), as a place to copy from and to.
///
/// Nothing is written through a link that leads out of the folder. Whatever is written appears under its name once it has been verified and is on the disk, and not before. Several processes may write
/// to it at once: `index.json` is changed under a lock, `index.json.lock`, and replaced in one step.
///
/// A name is the `org.opencontainers.image.ref.name` of an entry of `index.json`; an empty one stands for the only entry.
///
/// ```no_run
/// # async fn save() -> pierhead::Result<()> {
/// use std::sync::Arc;
/// use pierhead::client::Client;
/// use pierhead::client::copy::{CopyOptions, RepositoryPlace, copy};
/// use pierhead::native::{LayoutPlace, Native};
///
/// let client = Client::new(Native::new()?, "https://registry.example/".parse()?)?;
/// let source = RepositoryPlace::new(Arc::new(client), "library/alpine".parse()?);
/// let target = LayoutPlace::create("alpine").await?;
/// let copied = copy(&source, "3.22", &target, Some("3.22"), &CopyOptions::default(), &()).await?;
/// println!("{}", copied.root.digest);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LayoutPlace {
    folder: PathBuf,
}

impl LayoutPlace {
    /// The layout in a folder.
    ///
    /// # Errors
    /// [`Kind::Content`] if the folder or its `oci-layout` cannot be read, [`Kind::InvalidManifest`] and [`Kind::InvalidJson`] if that is
    /// not of version 1.
    pub async fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref().to_owned();
        blocking(move || {
            let real = folder.canonicalize();
            let folder = real.map_err(|error| failed(&folder, error))?;
            let path = folder.join(HEADER);
            let text = read_at_most(&path, MAX_MANIFEST_BYTES)?;
            let tree = Tree::parse(&text)?;
            let version = tree.root(&text).get("imageLayoutVersion");
            if version.is_some_and(|version| {
                version
                    .as_str()
                    .is_some_and(|version| version.starts_with("1."))
            }) {
                return Ok(Self { folder });
            }
            Err(Error::new(
                Kind::InvalidManifest,
                format!("{} is of no version that is known", path.display()),
            ))
        })
        .await
    }

    /// The layout in a folder, which is made where there is none.
    ///
    /// # Errors
    /// As for [`LayoutPlace::open`].
    pub async fn create(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().to_owned();
        blocking(move || {
            for (name, text) in [(INDEX, index::EMPTY), (HEADER, HEADER_TEXT)] {
                let file = path.join(name);
                if !file.try_exists().map_err(|error| failed(&file, error))? {
                    write_whole(&file, text).map_err(|error| failed(&file, error))?;
                }
            }
            Ok(())
        })
        .await?;
        Self::open(folder).await
    }

    fn path_of(&self, digest: &Digest) -> PathBuf {
        // Neither part of a digest has a slash, nor can it be `.` or `..`.
        let blobs = self.folder.join("blobs");
        blobs.join(digest.algorithm_name()).join(digest.encoded())
    }

    /// The path of content that is to be written, in a folder that is there. Fails with [`Kind::Content`] if links lead out of the layout.
    async fn room_for(&self, digest: &Digest) -> Result<PathBuf> {
        let (root, path) = (self.folder.clone(), self.path_of(digest));
        blocking(move || {
            let below = path.strip_prefix(&root).unwrap_or(&path);
            let mut folder = root.clone();
            // One after the other: to make all at once would go through links, and make folders there.
            for name in below.parent().into_iter().flatten() {
                folder.push(name);
                let of_folder = |error| failed(&folder, error);
                match std::fs::create_dir(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(of_folder(error));
                    }
                    _ => {}
                }
                if !folder.canonicalize().map_err(of_folder)?.starts_with(&root) {
                    let folder = folder.display();
                    let error = format!("{folder} leads out of the layout");
                    return Err(Error::new(Kind::Content, error));
                }
            }
            Ok(path)
        })
        .await
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        let path = self.path_of(&descriptor.digest);
        match tokio::fs::metadata(&path).await {
            Ok(found) => Ok(found.is_file() && found.len() == descriptor.size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(&path, error)),
        }
    }

    /// Whether what is there is what its name says: what others have left may have the right size alone.
    async fn is_right(&self, descriptor: &Descriptor) -> Result<bool> {
        if !self.has(descriptor).await? {
            return Ok(false);
        }
        let expected = Expected::new(descriptor.digest.clone(), Some(descriptor.size));
        let Some(body) = self.content(descriptor).open(0).await? else {
            return Ok(false);
        };
        let mut body = body.verified(expected)?;
        loop {
            match body.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(true),
                Err(error) if error.kind() == Kind::DigestMismatch => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// The entries of `index.json`.
    async fn entries(&self) -> Result<Vec<Descriptor>> {
        let path = self.folder.join(INDEX);
        let bytes = blocking(move || read_at_most(&path, MAX_MANIFEST_BYTES)).await?;
        Document::parse(bytes, Some(index::MEDIA_TYPE))?.manifests()
    }

    /// All manifests that `index.json` leads to by way of indexes, each digest once; what is not there is passed over.
    async fn manifests(&self) -> Result<Vec<(Descriptor, Document)>> {
        let mut found: Vec<(Descriptor, Document)> = Vec::new();
        let mut level = self.entries().await?;
        for _ in 0..=MAX_DEPTH {
            let mut below = Vec::new();
            for descriptor in level {
                if found
                    .iter()
                    .any(|(known, _)| known.digest == descriptor.digest)
                    || !self.has(&descriptor).await?
                {
                    continue;
                }
                if found.len() >= MAX_MANIFESTS {
                    return Err(Error::new(
                        Kind::TooLarge,
                        "the layout has more manifests than are looked at",
                    ));
                }
                let bytes = self.manifest(&descriptor).await?;
                // A blob among the entries is none of them.
                let Ok(document) = Document::parse(bytes, Some(&descriptor.media_type)) else {
                    continue;
                };
                below.extend(document.manifests()?);
                found.push((descriptor, document));
            }
            if below.is_empty() {
                break;
            }
            level = below;
        }
        Ok(found)
    }

    /// Enters a manifest into `index.json`.
    async fn enter(&self, descriptor: &Descriptor, name: Option<&str>) -> Result<()> {
        let path = self.folder.join(INDEX);
        let (descriptor, name) = (descriptor.clone(), name.map(str::to_owned));
        blocking(move || {
            change_locked(&path, |bytes| {
                index::with_entry(bytes, &descriptor, name.as_deref())
            })
        })
        .await
    }
}

impl Place for LayoutPlace {
    type Body = NativeBody;
    type Content = FileContent;

    async fn resolve(&self, reference: &str) -> Result<Fetched> {
        let missing = || {
            Error::new(
                Kind::Content,
                format!("the layout {} does not have it", self.folder.display()),
            )
        };
        let mut entries = self.entries().await?;
        let place = if reference.is_empty() && entries.len() == 1 {
            Some(0)
        } else {
            let named = |entry: &Descriptor| {
                index::name_of(entry) == Some(reference) || entry.digest.as_str() == reference
            };
            entries.iter().position(named)
        };
        let descriptor = match place {
            Some(place) => entries.swap_remove(place),
            // What has a digest may be within an index.
            None if reference.contains(':') => {
                let manifests = self.manifests().await?;
                let mut found = manifests.into_iter().map(|(descriptor, _)| descriptor);
                found
                    .find(|found| found.digest.as_str() == reference)
                    .ok_or_else(missing)?
            }
            None => return Err(missing()),
        };
        let bytes = self.manifest(&descriptor).await?;
        Ok(Fetched::new(descriptor, bytes))
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let path = self.path_of(&descriptor.digest);
        let descriptor = descriptor.clone();
        blocking(move || {
            let bytes = read_at_most(&path, MAX_MANIFEST_BYTES)?;
            verify(&descriptor, &bytes)?;
            Ok(bytes)
        })
        .await
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        let mut found = Vec::new();
        for (descriptor, document) in self.manifests().await? {
            if document
                .subject()?
                .is_some_and(|own| own.digest == *subject)
            {
                found.push(descriptor);
            }
        }
        Ok(found)
    }

    fn content(&self, blob: &Descriptor) -> FileContent {
        FileContent::known(self.path_of(&blob.digest), blob.size, blob.digest.clone())
    }

    fn mount_source(&self) -> Option<MountSource<'_>> {
        None
    }

    async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        self.is_right(descriptor).await
    }

    async fn put_blob(
        &self,
        blob: &Descriptor,
        _mount: Option<MountSource<'_>>,
        mut content: impl Content<Body = NativeBody>,
    ) -> Result<Outcome> {
        if self.is_right(blob).await? {
            return Ok(Outcome::Existed);
        }
        let path = self.room_for(&blob.digest).await?;
        let expected = Expected::new(blob.digest.clone(), Some(blob.size));
        let mut body = content
            .open(0)
            .await?
            .ok_or_else(|| Error::new(Kind::Content, "a blob cannot be read again"))?
            .verified(expected)?;
        let folder = path.parent().unwrap_or(&self.folder).to_owned();
        let of_path = |error| failed(&path, error);
        let (temporary, file) =
            blocking(move || Temporary::create(&folder).map_err(|error| failed(&folder, error)))
                .await?;
        let mut file = tokio::fs::File::from_std(file);
        while let Some(chunk) = body.chunk().await? {
            file.write_all(&chunk).await.map_err(of_path)?;
        }
        file.flush().await.map_err(of_path)?;
        file.sync_all().await.map_err(of_path)?;
        let named = path.clone();
        blocking(move || {
            temporary
                .commit(&named)
                .map_err(|error| failed(&named, error))
        })
        .await?;
        Ok(Outcome::Copied)
    }

    async fn put_bytes(&self, blob: &Descriptor, bytes: &[u8]) -> Result<Outcome> {
        verify(blob, bytes)?;
        if self.is_right(blob).await? {
            return Ok(Outcome::Existed);
        }
        let path = self.room_for(&blob.digest).await?;
        let bytes = bytes.to_vec();
        blocking(move || write_whole(&path, &bytes).map_err(|error| failed(&path, error))).await?;
        Ok(Outcome::Copied)
    }

    async fn put_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        naming: Naming<'_>,
    ) -> Result<()> {
        self.put_bytes(descriptor, bytes).await?;
        match naming {
            Naming::Digest => Ok(()),
            Naming::Referrer | Naming::Root => self.enter(descriptor, None).await,
            Naming::Name(name) => self.enter(descriptor, Some(name)).await,
        }
    }
}

/// Whether bytes are what a descriptor says.
fn verify(descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
    let mut verifier = Verifier::new(descriptor.digest.clone(), Some(descriptor.size))?;
    verifier.update(bytes)?;
    verifier.finish().map(|_| ())
}

/// Does what has to wait for the file system on a thread that may.
async fn blocking<V: Send + 'static>(
    act: impl FnOnce() -> Result<V> + Send + 'static,
) -> Result<V> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(|error| Error::new(Kind::Internal, "a task has ended").with_source(error))?
}
