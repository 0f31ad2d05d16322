//! Where uploads begin, and whole blobs come at once (end-4, end-11).

use super::super::error::Failure;
use super::super::route::Query;
use super::super::store::{Condition, Content};
use super::super::{Incoming, Outgoing, keys};
use super::upload::{self, Upload, Written};
use super::{Host, Hosted};
use crate::digest::{Algorithm, Digest};
use crate::http::Response;
use crate::reference::RepositoryName;
use crate::{Error, Kind};

impl<T: Host> Hosted<T> {
    /// Begins an upload, unless the request brings a whole blob or names one that can be had without.
    pub(super) async fn begin(
        &self,
        request: Incoming<T::Body>,
        name: &RepositoryName,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let query = Query::parse(&request.target)?;
        let announced = parsed::<Algorithm>(&query, "digest-algorithm")?;
        if let Some(digest) = parsed::<Digest>(&query, "digest")? {
            self.store_whole(request, name, &digest).await?;
            return Ok(upload::created(name, &digest));
        }
        let mount = parsed::<Digest>(&query, "mount")?;
        let from = query.one("from", "NAME_INVALID")?;
        if let Some(digest) = &mount
            && let Some(from) = from
        {
            let from: RepositoryName = from
                .parse()
                .map_err(|error: Error| Failure::new(400, "NAME_INVALID", error.message()))?;
            // Without `from` it would have to be looked for in repositories that the client may know nothing of.
            if self.visible(&from, digest, false).await?.is_some()
                && self.publish(name, digest, None).await?.is_some()
            {
                return Ok(upload::created(name, digest));
            }
        }
        let begun = Upload {
            id: self.upload_id(),
            place: None,
            repository: name.clone(),
            // What cannot be saved in the middle is hashed when the upload is closed.
            algorithm: announced
                .or(mount.and_then(|digest| digest.algorithm()))
                .filter(|algorithm| *algorithm != Algorithm::Blake3)
                .unwrap_or_default(),
            time: self.host.unix_time(),
            written: Written::default(),
            hash: Vec::new(),
            end: None,
        };
        let content = Content::Bytes(begun.encode());
        let key = keys::start(&begun.id);
        let put = self.host.put(&key, content, Condition::Absent, None).await;
        if put.map_err(Failure::from_store)?.is_none() {
            // Nobody else has this key: what the store says is not so.
            return Err(Failure::from_store(Error::new(
                Kind::StoreUnavailable,
                "a store has what nobody put",
            )));
        }
        let answer = self.progress(202, &begun);
        self.recent.remember(begun);
        Ok(answer)
    }

    /// A UUID of version 4 (RFC 9562, section 5.4), which clients show.
    pub(super) fn upload_id(&self) -> String {
        let number = self.host.unique() & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let mut id = format!("{number:032x}");
        for at in [8, 13, 18, 23] {
            id.insert(at, '-');
        }
        id
    }
}

/// A parameter of the query, which may be there once.
fn parsed<V: std::str::FromStr<Err = Error>>(
    query: &Query,
    name: &'static str,
) -> Result<Option<V>, Failure> {
    let value = query.one(name, "DIGEST_INVALID")?.map(str::parse);
    value
        .transpose()
        .map_err(|error: Error| Failure::new(400, "DIGEST_INVALID", error.message()))
}
