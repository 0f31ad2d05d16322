//! Manifests as they are stored: a line that says what the registry knows of one, and its exact bytes.

use super::super::error::Failure;
use super::super::keys;
use super::super::record::{self, Extent, Version};
use super::{Host, Hosted};
use crate::digest::Digest;
use crate::json::{Tree, Value};
use crate::reference::RepositoryName;

/// The largest manifest that is taken, in bytes: what the specification asks registries to take at least ("Pushing Manifests").
pub(in crate::front) const MAX_MANIFEST_BYTES: usize = 4 << 20;
/// The longest line: a media type of 255 bytes, a digest of 512, and a few short values.
const MAX_LINE_BYTES: usize = 2048;

/// What the registry knows of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::front) struct Line {
    /// The media type it was pushed as.
    pub(in crate::front) media_type: String,
    /// The size of its bytes.
    pub(in crate::front) size: u64,
    /// Stands for the record from its creation to its deletion. What depends on the record names it, so that what depended on one that
    /// was deleted never passes for what depends on the next.
    pub(in crate::front) instance: String,
    /// When someone last relied on it, in milliseconds since 1970.
    pub(in crate::front) leased: u64,
    /// The digest of its subject.
    pub(in crate::front) subject: Option<Digest>,
}

impl Line {
    /// The record of a manifest. No value has a character that JSON escapes.
    pub(in crate::front) fn with(&self, bytes: &[u8]) -> Vec<u8> {
        let mut line = String::new();
        for part in [
            "{\"mediaType\":\"",
            &self.media_type,
            "\",\"size\":",
            &self.size.to_string(),
            ",\"instance\":\"",
            &self.instance,
            "\",\"leased\":",
            &self.leased.to_string(),
        ] {
            line.push_str(part);
        }
        if let Some(subject) = &self.subject {
            line.push_str(",\"subject\":\"");
            line.push_str(subject.as_str());
            line.push('"');
        }
        line.push_str("}\n");
        let mut record = line.into_bytes();
        record.extend_from_slice(bytes);
        record
    }

    fn read(line: &[u8]) -> Option<Self> {
        let tree = Tree::parse(line).ok()?;
        let root = tree.root(line);
        let subject = match root.get("subject") {
            Some(subject) => Some(subject.as_str()?.parse().ok()?),
            None => None,
        };
        Some(Self {
            media_type: text(root, "mediaType")?,
            size: root.get("size")?.as_u64()?,
            instance: text(root, "instance")?,
            leased: root.get("leased")?.as_u64()?,
            subject,
        })
    }
}

/// The string of this name in a record.
fn text(object: Value<'_>, name: &str) -> Option<String> {
    Some(object.get(name)?.as_str()?.into_owned())
}

/// What is in the place of a manifest.
#[derive(Debug)]
pub(in crate::front) enum Found {
    /// Nothing.
    Absent,
    /// Something that this registry did not write.
    Unreadable,
    /// A manifest.
    Live(Line),
}

/// A place of a manifest, as it was read.
#[derive(Debug)]
pub(in crate::front) struct Stored {
    /// What is there.
    pub(in crate::front) found: Found,
    /// The bytes of the manifest, as far as they were read.
    pub(in crate::front) bytes: Vec<u8>,
    /// The state of the record.
    pub(in crate::front) version: Version,
}

impl Stored {
    /// The manifest's line; [`None`] if there is none.
    ///
    /// # Errors
    /// 500 if what is there is no manifest.
    pub(in crate::front) fn line(&self) -> Result<Option<&Line>, Failure> {
        match &self.found {
            Found::Absent => Ok(None),
            Found::Unreadable => Err(Failure::damaged()),
            Found::Live(line) => Ok(Some(line)),
        }
    }
}

/// How much of a manifest is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::front) enum Part {
    /// Its line.
    Line,
    /// All of it, if it has no more than so many bytes; else its line.
    Small(u64),
    /// All of it.
    Whole,
}

impl<T: Host> Hosted<T> {
    /// Reads the record of a manifest.
    pub(in crate::front) async fn stored(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        part: Part,
    ) -> Result<Stored, Failure> {
        let extent = match part {
            Part::Line => Extent::Start(MAX_LINE_BYTES),
            Part::Small(most) => Extent::Small(most, MAX_LINE_BYTES),
            Part::Whole => Extent::Whole(MAX_LINE_BYTES + MAX_MANIFEST_BYTES),
        };
        let key = keys::manifest(name, digest);
        let record = record::read_extent(&self.host, &key, extent)
            .await
            .map_err(Failure::from_store)?;
        let version = record.version;
        let Some(mut bytes) = record.bytes else {
            return Ok(Stored {
                found: Found::Absent,
                bytes: Vec::new(),
                version,
            });
        };
        let end = bytes
            .iter()
            .take(MAX_LINE_BYTES)
            .position(|byte| *byte == b'\n');
        let content = bytes.split_off(end.map_or(0, |end| end + 1));
        // The whole is as long as the line says; of a part, there is nothing more to be said.
        let line = Line::read(&bytes).filter(|line| {
            let whole = part != Part::Whole || line.size == content.len() as u64;
            whole
                && line.size <= MAX_MANIFEST_BYTES as u64
                && line.size + bytes.len() as u64 == record.size
        });
        Ok(Stored {
            found: line.map_or(Found::Unreadable, Found::Live),
            bytes: content,
            version,
        })
    }

    /// Whether the record of a manifest is still of this instance.
    pub(in crate::front) async fn lives(
        &self,
        name: &RepositoryName,
        digest: &Digest,
        instance: &str,
    ) -> Result<bool, Failure> {
        let stored = self.stored(name, digest, Part::Line).await?;
        Ok(matches!(stored.found, Found::Live(line) if line.instance == instance))
    }
}

/// The bytes of a manifest that was read whole, held against its digest.
///
/// # Errors
/// 500 if they have another one.
pub(in crate::front) fn verified(bytes: Vec<u8>, digest: &Digest) -> Result<Vec<u8>, Failure> {
    let right = digest
        .algorithm()
        .is_some_and(|algorithm| Digest::of(algorithm, &bytes) == *digest);
    if right {
        Ok(bytes)
    } else {
        Err(Failure::damaged())
    }
}
