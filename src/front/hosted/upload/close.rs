//! How an upload ends: as a blob, or as nothing.

use super::super::super::error::Failure;
use super::super::super::route::Query;
use super::super::super::{Incoming, Outgoing};
use super::super::patience::{MAX_CONFLICTS, contended};
use super::super::segments::Segments;
use super::super::{Host, Hosted};
use super::receive::{Receiving, Sent};
use super::state::{Advance, End, Upload};
use super::{Place, Written, created};
use crate::client::Chunks as _;
use crate::digest::{Digest, Hasher};
use crate::http::{ByteRange, Response};
use crate::reference::RepositoryName;

impl<T: Host> Hosted<T> {
    /// Closes an upload, with its last bytes or without (end-6).
    pub(super) async fn close(
        &self,
        request: Incoming<T::Body>,
        place: &Place,
        query: &Query,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let digest = query
            .one("digest", "DIGEST_INVALID")?
            .ok_or_else(|| Failure::new(400, "DIGEST_INVALID", "the query has no digest"))?;
        let digest: Digest = digest
            .parse()
            .map_err(|error: crate::Error| Failure::new(400, "DIGEST_INVALID", error.message()))?;
        let sent = Sent::new(&request.headers, request.body)?;
        let closed = match sent.body {
            Some(body) => {
                self.close_with(body, sent.length, sent.start, place, &digest)
                    .await
            }
            None => self.close_as_it_is(place, &digest).await,
        };
        match closed {
            Ok(upload) => self.publish_closed(place, &digest, &upload).await?,
            // Who has not heard that it was closed closes it again, which can be seen where the blob had not been there before.
            Err(failure) if failure.status() == 404 => {
                if !self.ensure_made(&place.name, &digest, &place.id).await? {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
        Ok(created(&place.name, &digest))
    }

    /// Makes the blob of an upload that was closed as it.
    async fn publish_closed(
        &self,
        place: &Place,
        digest: &Digest,
        upload: &Upload,
    ) -> Result<(), Failure> {
        let Some(segments) = self.all_segments(upload).await? else {
            // Somebody who closed it at the same time has come to the end of that.
            return match self.ensure_blob(&place.name, digest).await? {
                true => Ok(()),
                false => Err(Failure::no_upload()),
            };
        };
        let bytes = (upload.id.clone(), segments);
        let kept = self.publish(&place.name, digest, Some(bytes)).await?;
        let keeps_bytes = kept.as_deref() == Some(&upload.id);
        self.clear_behind(place, keeps_bytes).await;
        Ok(())
    }

    /// Stores a blob that comes in one request.
    pub(in super::super) async fn store_whole(
        &self,
        request: Incoming<T::Body>,
        name: &RepositoryName,
        digest: &Digest,
    ) -> Result<(), Failure> {
        let algorithm = digest.require_algorithm().map_err(Failure::from_store)?;
        let sent = Sent::new(&request.headers, request.body)?;
        let id = self.upload_id();
        let mut to = Receiving {
            id: &id,
            generation: 0,
            before: (0, 0),
            added: Segments::default(),
            written: Vec::new(),
        };
        let hasher = Hasher::new(algorithm);
        let received = match sent.body {
            Some(body) => {
                self.receive(&mut to, body, sent.length, hasher, Some(digest))
                    .await
            }
            None => Ok(Some(hasher)),
        };
        let received = received.and_then(|hasher| verified(hasher, digest));
        let bytes = (id.clone(), to.added.clone());
        let kept = match received {
            Ok(()) => self.publish(name, digest, Some(bytes)).await?,
            Err(failure) => {
                self.discard(&to.written).await;
                return Err(failure);
            }
        };
        if kept.as_deref() != Some(&id) {
            self.discard(&to.written).await;
        }
        Ok(())
    }

    /// Adds the last bytes and closes the upload by the same write: if they are not right it stays as it was.
    async fn close_with(
        &self,
        body: T::Body,
        length: Option<u64>,
        start: Option<u64>,
        place: &Place,
        digest: &Digest,
    ) -> Result<Upload, Failure> {
        let (upload, generation) = match self.claimed(place, start).await {
            Ok(claimed) => claimed,
            Err(failure) => return self.closed_before(place, digest, failure).await,
        };
        let mut to = Receiving::new(&upload, generation);
        let received = match self.hash_so_far(&upload, digest).await {
            Ok(hasher) => {
                let whole = Some(digest).filter(|_| upload.offset() == 0);
                self.receive(&mut to, body, length, hasher, whole).await
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = received.and_then(|hasher| verified(hasher, digest)) {
            let failure = self
                .give_back(&upload, generation, &to.written, failure)
                .await;
            return match failure.status() {
                404 => self.closed_before(place, digest, failure).await,
                _ => Err(failure),
            };
        }
        let written = upload.written.with(upload.place, &to.added);
        let next = self.ended(&upload, written, End::Closed(digest.clone()));
        match self.settle(&upload, generation, &next, &to.written).await {
            Ok(()) => Ok(next),
            Err(failure) => self.closed_before(place, digest, failure).await,
        }
    }

    /// Closes an upload whose bytes are all there.
    async fn close_as_it_is(&self, place: &Place, digest: &Digest) -> Result<Upload, Failure> {
        let mut known = self.told(place).await?;
        for _ in 0..MAX_CONFLICTS {
            let is_known = known.is_some();
            if let Some(upload) = &known
                && upload.end.is_none()
                && upload.repository == place.name
                && self.hash_so_far(upload, digest).await?.finish() == *digest
            {
                let end = End::Closed(digest.clone());
                let next = self.ended(upload, upload.written.clone(), end);
                match self.advance(upload, &next).await? {
                    Advance::Done => return Ok(next),
                    Advance::Gone => return Err(Failure::no_upload()),
                    Advance::Lost => {}
                }
            }
            // The client may have used a location of long ago, or somebody may go on with the upload.
            match self.alive(place).await {
                Ok(latest) if is_known && known.as_ref() == Some(&latest) => return Err(mismatch()),
                Ok(latest) => known = Some(latest),
                Err(failure) => return self.closed_before(place, digest, failure).await,
            }
        }
        Err(contended())
    }

    /// An upload that was closed as this blob, by somebody who has not come to the end of that or does not know it; else this failure.
    async fn closed_before(
        &self,
        place: &Place,
        digest: &Digest,
        failure: Failure,
    ) -> Result<Upload, Failure> {
        let Some(latest) = self.latest(&place.id).await? else {
            return Err(failure);
        };
        if latest.repository != place.name || latest.end != Some(End::Closed(digest.clone())) {
            return Err(failure);
        }
        // Later the blob may have been collected: with these bytes, or with others that were there so that these went.
        if self.is_old(latest.time) || !self.is_begun(&place.id).await? {
            return Err(Failure::no_upload());
        }
        Ok(latest)
    }

    /// The hash of what was written, by the algorithm of a digest. What was begun by another is read again.
    async fn hash_so_far(&self, upload: &Upload, digest: &Digest) -> Result<Hasher, Failure> {
        let algorithm = digest.require_algorithm().map_err(Failure::from_store)?;
        if upload.offset() == 0 {
            return Ok(Hasher::new(algorithm));
        }
        if upload.algorithm == algorithm {
            return upload.hasher().map_err(Failure::from_store);
        }
        let range = ByteRange {
            start: 0,
            end: upload.offset() - 1,
        };
        let segments = self.all_segments(upload).await?;
        let segments = segments.ok_or_else(Failure::no_upload)?;
        let parts = segments.parts(&upload.id, range);
        let body = self.host.parts(parts).await.map_err(Failure::from_store)?;
        let mut body = body.ok_or_else(Failure::no_upload)?;
        let mut hasher = Hasher::new(algorithm);
        loop {
            match body.chunk().await {
                Ok(Some(chunk)) => hasher.update(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let message = "an object could not be read";
                    let error = error.with_kind(crate::Kind::StoreUnavailable, message);
                    return Err(Failure::from_store(error));
                }
            }
        }
        Ok(hasher)
    }

    /// The end of an upload: it takes the place of whatever might come next.
    pub(super) fn ended(&self, upload: &Upload, written: Written, end: End) -> Upload {
        Upload {
            place: Some(upload.offset()),
            time: self.host.unix_time(),
            written,
            hash: Vec::new(),
            end: Some(end),
            ..upload.clone()
        }
    }
}

fn verified(hasher: Option<Hasher>, digest: &Digest) -> Result<(), Failure> {
    if hasher.is_none_or(|hasher| hasher.finish() == *digest) {
        return Ok(());
    }
    Err(mismatch())
}

fn mismatch() -> Failure {
    Failure::new(400, "DIGEST_INVALID", "the bytes have another digest")
}
