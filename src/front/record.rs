//! Records: small objects that several writers contend for.
//!
//! A record is created, replaced and emptied by compare-and-swap only. One that is missing and one that has no bytes are the same,
//! absent: no store can delete under a condition, so what is deleted stays as an empty object. Whoever writes a record puts into it
//! what no one else writes, as a store may give equal bytes the same version.

use super::store::{Condition, Content, Object, ObjectInfo, ObjectStore};
use crate::client::Chunks;
use crate::error::{Error, Kind, Result};

/// The state of a record, to be replaced only as long as it is this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(Option<String>);

impl Version {
    /// That of an object that is there.
    pub(super) fn of(info: ObjectInfo) -> Self {
        Self(Some(info.version))
    }
}

/// What a record holds.
#[derive(Debug)]
pub(super) struct Record {
    /// Its bytes; `None` if it is absent. Of one that is larger than is read there are none that say anything: the registry did not write it.
    pub(super) bytes: Option<Vec<u8>>,
    /// Its state.
    pub(super) version: Version,
    /// Its size in bytes.
    pub(super) size: u64,
    /// When it was written, in milliseconds since 1970.
    pub(super) modified: u64,
}

/// How much of a record is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, if it has no more than so many bytes; else nothing.
    Whole(usize),
    /// At least so many bytes from its beginning, if it has them. Not by a range: an empty object has none that could be asked for.
    Start(usize),
    /// All of it, if it has no more than so many bytes; else as many from its beginning as the second number says.
    Small(u64, usize),
}

/// Reads a record, of which all that the registry writes have at most `limit` bytes.
pub(super) async fn read<S: ObjectStore>(store: &S, key: &str, limit: usize) -> Result<Record> {
    read_extent(store, key, Extent::Whole(limit)).await
}

/// Reads a record, or its beginning.
pub(super) async fn read_extent<S: ObjectStore>(
    store: &S,
    key: &str,
    extent: Extent,
) -> Result<Record> {
    let Some(object) = store.get(key, None).await? else {
        return Ok(Record {
            bytes: None,
            version: Version(None),
            size: 0,
            modified: 0,
        });
    };
    read_object(object, extent).await
}

/// Reads an object as a record.
pub(super) async fn read_object<B: Chunks>(
    mut object: Object<B>,
    extent: Extent,
) -> Result<Record> {
    let size = object.info.size;
    let enough = match extent {
        Extent::Start(enough) => enough,
        Extent::Small(most, enough) if size > most => enough,
        _ => usize::MAX,
    };
    let bytes = match extent {
        Extent::Whole(limit) if size > limit as u64 => {
            object.body.cancel();
            return Ok(Record {
                bytes: Some(Vec::new()),
                version: Version::of(object.info.clone()),
                size,
                modified: object.info.modified,
            });
        }
        Extent::Whole(limit) => read_whole(object.body, limit).await,
        _ => read_start(object.body, enough).await,
    };
    // What is wrong with the bytes that a store holds is not what is wrong with those that a request brought.
    let bytes = bytes.map_err(|error| match error.kind() {
        Kind::StoreBusy => error,
        _ => error.with_kind(Kind::StoreUnavailable, "an object could not be read"),
    })?;
    Ok(Record {
        bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
        version: Version(Some(object.info.version)),
        size: object.info.size,
        modified: object.info.modified,
    })
}

/// Replaces a record that is still of this version, by nothing to empty it; gives whether it was.
pub(super) async fn swap<S: ObjectStore>(
    store: &S,
    key: &str,
    version: &Version,
    bytes: Vec<u8>,
) -> Result<bool> {
    let condition = match &version.0 {
        Some(version) => Condition::Version(version),
        // Nothing is absent as it is.
        None if bytes.is_empty() => return Ok(true),
        None => Condition::Absent,
    };
    let put = store
        .put(key, Content::Bytes(bytes), condition, None)
        .await?;
    Ok(put.is_some())
}

/// All of a body, unless it has more than `limit` bytes: [`Kind::TooLarge`].
pub(super) async fn read_whole<B: Chunks>(mut body: B, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        if chunk.len() > limit - bytes.len() {
            body.cancel();
            return Err(Error::new(Kind::TooLarge, "a body is larger than is read"));
        }
        bytes.extend(chunk);
    }
    Ok(bytes)
}

/// The beginning of a body.
async fn read_start<B: Chunks>(mut body: B, enough: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        bytes.extend(chunk);
        if bytes.len() >= enough {
            body.cancel();
            break;
        }
    }
    Ok(bytes)
}
