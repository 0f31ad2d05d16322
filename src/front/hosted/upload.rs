//! Uploads: how a blob comes in chunks (end-5, end-6, end-13, end-14).

mod claim;
mod close;
mod give_up;
mod receive;
mod recent;
mod state;
mod written;

use super::super::error::Failure;
use super::super::route::Query;
use super::super::{Cleanup, Incoming, Outgoing, keys};
use super::apart::Apart;
use super::{Host, Hosted};
use crate::digest::Digest;
use crate::http::{Headers, Method, Response};
use crate::reference::RepositoryName;
use receive::{Receiving, Sent};

use state::Advance;

pub(in crate::front) use give_up::Fate;
pub(in crate::front) use recent::Recent;
pub(in crate::front) use state::Upload;
pub(super) use written::Written;

/// Where a request says that an upload is: its repository, its id, and where the client was told last that it has come to. The last may be long
/// ago, or made up. And who deletes what is left of it behind the answer.
#[derive(Debug)]
pub(super) struct Place {
    name: RepositoryName,
    id: String,
    hint: Option<u64>,
    cleanup: Option<Cleanup>,
}

impl<T: Host> Hosted<T> {
    /// Answers a request to an upload.
    pub(super) async fn upload(
        &self,
        request: Incoming<T::Body>,
        name: RepositoryName,
        id: String,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let is_id =
            |byte: u8| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 36 || !id.bytes().all(is_id) {
            return Err(Failure::no_upload());
        }
        let query = Query::parse(&request.target)?;
        let hint = query.one("at", "BLOB_UPLOAD_INVALID")?;
        let hint = hint.and_then(|hint| hint.parse().ok());
        let place = Place {
            name,
            id,
            hint,
            cleanup: request.cleanup.clone(),
        };
        let answer: Apart<'_, _> = match request.method {
            Some(Method::Patch) => Box::pin(self.append(request, &place)),
            Some(Method::Put) => Box::pin(self.close(request, &place, &query)),
            Some(Method::Get) => {
                Box::pin(async { Ok(self.progress(204, &self.alive(&place).await?)) })
            }
            Some(Method::Delete) => Box::pin(async {
                self.cancel(&place).await?;
                Ok(Response::new(204, Headers::new(), Outgoing::None))
            }),
            _ => return Err(Failure::method("GET, PATCH, PUT, DELETE")),
        };
        answer.await
    }

    /// How far an upload has come.
    async fn alive(&self, place: &Place) -> Result<Upload, Failure> {
        let latest = self.latest(&place.id).await?;
        let upload = latest
            .filter(|upload| upload.end.is_none() && upload.repository == place.name)
            .ok_or_else(Failure::no_upload)?;
        if upload.place.is_some() && !self.is_begun(&upload.id).await? {
            return Err(Failure::no_upload());
        }
        Ok(upload)
    }

    /// Adds a chunk, or all bytes of a client that sends them at once.
    async fn append(
        &self,
        request: Incoming<T::Body>,
        place: &Place,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let sent = Sent::new(&request.headers, request.body)?;
        let Some(body) = sent.body else {
            return Ok(self.progress(202, &self.alive(place).await?));
        };
        let (upload, generation) = self.claimed(place, sent.start).await?;
        let hasher = upload.hasher().map_err(Failure::from_store)?;
        let mut to = Receiving::new(&upload, generation);
        let received = self.receive(&mut to, body, sent.length, hasher, None).await;
        let saved = received.and_then(|hasher| {
            let hash = hasher.map(|hasher| hasher.save()).transpose();
            hash.map_err(Failure::from_store)
        });
        let hash = match saved {
            Ok(hash) if to.added.size() > 0 => hash.unwrap_or_default(),
            Ok(_) => return self.untouched(place, &upload, generation).await,
            Err(failure) => {
                return Err(self
                    .give_back(&upload, generation, &to.written, failure)
                    .await);
            }
        };
        let next = Upload {
            place: Some(upload.offset()),
            time: self.host.unix_time(),
            written: self.grown(&upload, &to.added).await,
            hash,
            ..upload.clone()
        };
        self.settle(&upload, generation, &next, &to.written).await?;
        let answer = self.progress(202, &next);
        self.recent.remember(next);
        Ok(answer)
    }

    /// How far an upload had come by what the client was told, which may be long ago.
    async fn told(&self, place: &Place) -> Result<Option<Upload>, Failure> {
        match self.recent.take(&place.id, place.hint) {
            Some(upload) => Ok(Some(upload)),
            None => self.upload_at(&place.id, place.hint).await,
        }
    }

    /// Claims the end of an upload, which has to be at `start` where that is stated.
    async fn claimed(&self, place: &Place, start: Option<u64>) -> Result<(Upload, u64), Failure> {
        // As a client is told with each answer where the upload is, one read is enough for one that goes on from there.
        if let Some(upload) = self.told(place).await?
            && upload.end.is_none()
            && upload.repository == place.name
            && start.is_none_or(|start| start == upload.offset())
            && let Some(generation) = self.claim(&upload, false).await?
        {
            return Ok((upload, generation));
        }
        let upload = self.alive(place).await?;
        if start.is_none_or(|start| start == upload.offset())
            && let Some(generation) = self.claim(&upload, true).await?
        {
            return Ok((upload, generation));
        }
        Err(out_of_order(&upload))
    }

    /// Makes `next` what follows in an upload, unless somebody else was first.
    async fn settle(
        &self,
        upload: &Upload,
        generation: u64,
        next: &Upload,
        written: &[String],
    ) -> Result<(), Failure> {
        match self.advance(upload, next).await {
            Ok(Advance::Done) => Ok(()),
            Ok(Advance::Gone) => {
                self.discard(&[keys::claim(&upload.id, upload.offset(), generation)])
                    .await;
                Err(Failure::no_upload())
            }
            Ok(Advance::Lost) => {
                self.discard(written).await;
                let latest = self.latest(&upload.id).await?;
                match latest.filter(|latest| latest.end.is_none()) {
                    Some(latest) => Err(out_of_order(&latest)),
                    None => {
                        self.discard(&[keys::claim(&upload.id, upload.offset(), generation)])
                            .await;
                        Err(Failure::no_upload())
                    }
                }
            }
            Err(failure) => {
                // It may be done, so the bytes stay: another claim writes others.
                self.release(upload, generation).await;
                Err(failure)
            }
        }
    }

    /// Leaves an upload as it was, as no bytes came. It may be over: the claim says nothing of that.
    async fn untouched(
        &self,
        place: &Place,
        upload: &Upload,
        generation: u64,
    ) -> Result<Response<Outgoing<T::Body>>, Failure> {
        let alive = self.alive(place).await;
        if alive.is_ok() {
            self.release(upload, generation).await;
        } else {
            self.discard(&[keys::claim(&upload.id, upload.offset(), generation)])
                .await;
        }
        Ok(self.progress(202, &alive?))
    }

    /// Leaves an upload as it was, after this failure; gives what that means to the client.
    async fn give_back(
        &self,
        upload: &Upload,
        generation: u64,
        written: &[String],
        failure: Failure,
    ) -> Failure {
        match self.is_begun(&upload.id).await {
            // The claim is one of its kind, and so are the keys of what may have been written.
            Ok(true) => {
                self.release(upload, generation).await;
                self.discard(written).await;
                failure
            }
            Ok(false) => {
                self.discard(&[keys::claim(&upload.id, upload.offset(), generation)])
                    .await;
                Failure::no_upload()
            }
            Err(_) => failure,
        }
    }

    /// An answer that says how far an upload has come.
    pub(super) fn progress(&self, status: u16, upload: &Upload) -> Response<Outgoing<T::Body>> {
        let mut headers = Headers::new();
        headers.add("location", location(upload));
        headers.add("range", range(upload));
        headers.add("docker-upload-uuid", upload.id.as_str());
        if status != 204 {
            headers.add("content-length", "0");
        }
        for (name, bytes) in [
            ("oci-chunk-min-length", self.options.chunk_min),
            ("oci-chunk-max-length", self.options.chunk_max),
        ] {
            if let Some(bytes) = bytes {
                headers.add(name, bytes.to_string());
            }
        }
        Response::new(status, headers, Outgoing::None)
    }
}

fn out_of_order(upload: &Upload) -> Failure {
    Failure::out_of_order(location(upload), range(upload))
}

/// Where a blob is that was put or mounted.
pub(super) fn created<B>(name: &RepositoryName, digest: &Digest) -> Response<Outgoing<B>> {
    let mut headers = Headers::new();
    let location = ["/v2/", name.as_str(), "/blobs/", digest.as_str()].concat();
    headers.add("location", location);
    headers.add("docker-content-digest", digest.to_string());
    headers.add("content-length", "0");
    Response::new(201, headers, Outgoing::None)
}

/// Where an upload goes on; the query says which object is the last of it.
fn location(upload: &Upload) -> String {
    let name = upload.repository.as_str();
    let mut location = ["/v2/", name, "/blobs/uploads/", &upload.id].concat();
    if let Some(place) = upload.place {
        location.push_str("?at=");
        location.push_str(&place.to_string());
    }
    location
}

/// What is there of an upload. Nothing has no range of its own, and is told like the first byte, as Docker's registry does.
fn range(upload: &Upload) -> String {
    ["0-", &upload.offset().saturating_sub(1).to_string()].concat()
}
