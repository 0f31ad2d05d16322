//! Upload sessions: one POST, POST and PUT, chunks, status, cancel, mount (end-4 to end-6, end-11, end-13 and end-14).

use std::collections::BTreeMap;

use super::store::has_digest;
use super::{AfterCut, Answer, Asked, Location, Mounts, Ranges, Registry};

/// Where sessions are if they are elsewhere.
pub const ELSEWHERE: &str = "https://uploads.example";

#[derive(Clone, Debug, Default)]
pub struct Sessions {
    open: BTreeMap<String, Session>,
    begun: u64,
}

#[derive(Clone, Debug, Default)]
struct Session {
    name: String,
    bytes: Vec<u8>,
    /// Counts what changed it.
    state: u64,
    /// How many bytes the first chunk brought.
    first: Option<usize>,
    /// Whether a chunk was shorter than all but the last may be.
    short: bool,
}

/// What a `Range` is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Begun,
    Chunk,
    Status,
    Refused,
}

impl Registry {
    /// Answers POST to `…/blobs/uploads/`.
    pub(super) fn begin(&mut self, asked: &Asked, name: &str) -> Answer {
        if !asked.is("POST") {
            return self.error(405, "UNSUPPORTED", "no such method");
        }
        if let Some(refused) = self.oversized(asked) {
            return refused;
        }
        if let Some(mounted) = self.mount(asked, name) {
            return mounted;
        }
        if let Some(status) = self.settings.uploads.mount_refused
            && let Some(from) = asked.parameter("from")
            && !self.store.0.contains_key(&from)
        {
            return self.error(status, "UNAUTHORIZED", "no such repository");
        }
        if let Some(algorithm) = asked.parameter("digest-algorithm")
            && !self.takes(&algorithm)
        {
            return self.error(400, "DIGEST_INVALID", "no such algorithm");
        }
        if let Some(digest) = asked.parameter("digest")
            && self.settings.uploads.single_post
        {
            if asked.cut {
                return self.error(400, "SIZE_INVALID", "the blob ended early");
            }
            return self.commit(name, &digest, asked.body.clone());
        }
        self.sessions.begun += 1;
        let id = format!("session-{}", self.sessions.begun);
        let session = Session {
            name: name.to_owned(),
            ..Session::default()
        };
        self.sessions.open.insert(id.clone(), session);
        self.progress(&id, 202, Moment::Begun)
    }

    fn mount(&mut self, asked: &Asked, name: &str) -> Option<Answer> {
        let digest = asked.parameter("mount")?;
        let from = asked.parameter("from");
        let bytes = match (self.settings.uploads.mounts, &from) {
            (Mounts::Never, _) | (Mounts::From, None) => None,
            (_, Some(from)) if self.may_pull(asked, from) => {
                self.store.0.get(from)?.blobs.get(&digest)
            }
            (_, Some(_)) => None,
            (Mounts::All, None) => self.store.blob(&digest),
        };
        let bytes = bytes?.clone();
        Some(self.commit(name, &digest, bytes))
    }

    fn takes(&self, algorithm: &str) -> bool {
        algorithm == "sha256" || (self.settings.uploads.algorithms && algorithm == "sha512")
    }

    /// Answers what is asked of a session.
    pub(super) fn session(&mut self, asked: &Asked, name: &str, id: &str) -> Answer {
        let known = self.sessions.open.get(id);
        let state = asked.parameter("_state");
        let is_current = known.is_some_and(|session| {
            session.name == name
                && (self.settings.uploads.location != Location::State
                    || state == Some(format!("state-{}", session.state)))
        });
        if !is_current {
            return self.error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload");
        }
        match asked.method.as_str() {
            "GET" => self.progress(id, 204, Moment::Status),
            "DELETE" => {
                self.sessions.open.remove(id);
                Answer::new(204)
            }
            "PATCH" if self.settings.uploads.chunks => match self.receive(asked, id) {
                Err(refused) => refused,
                Ok(()) => self.progress(id, 202, Moment::Chunk),
            },
            "PUT" => self.close(asked, name, id),
            _ => self.error(405, "UNSUPPORTED", "no such method"),
        }
    }

    /// Takes the request's body as the next bytes of a session.
    fn receive(&mut self, asked: &Asked, id: &str) -> Result<(), Answer> {
        if let Some(refused) = self.oversized(asked) {
            return Err(refused);
        }
        let settings = self.settings.uploads;
        let Some(session) = self.sessions.open.get_mut(id) else {
            return Err(self.error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
        };
        let length = asked.body.len();
        if let Some(range) = asked.header("content-range") {
            let Some((start, end)) = chunk(range) else {
                return Err(self.error(400, "BLOB_UPLOAD_INVALID", "no Content-Range"));
            };
            if start != session.bytes.len() {
                return Err(self.progress(id, 416, Moment::Refused));
            }
            if !asked.cut && end + 1 != start + length {
                return Err(self.error(400, "SIZE_INVALID", "Content-Range has another length"));
            }
        }
        if let Some((max, status)) = settings.chunk_max
            && asked.is("PATCH")
            && length as u64 > max
        {
            let message = "the request body is too large and exceeds the maximum permissible limit";
            return Err(self.error(status, "REQUESTED_RANGE_NOT_SATISFIABLE", message));
        }
        if session.short && length > 0 {
            return Err(self.error(400, "SIZE_INVALID", "a chunk before was too short"));
        }
        if asked.cut {
            match settings.after_cut {
                AfterCut::WhatCame => session.bytes.extend(&asked.body),
                AfterCut::AsBefore => {}
                AfterCut::Nothing => {
                    self.sessions.open.remove(id);
                }
            }
            return Err(self.error(400, "BLOB_UPLOAD_INVALID", "the chunk ended early"));
        }
        let taken = if asked.is("PATCH") {
            length.min(settings.chunk_taken)
        } else {
            length
        };
        session.bytes.extend(&asked.body[..taken]);
        session.state += 1;
        session.first.get_or_insert(length);
        session.short = settings.chunk_min.is_some_and(|min| (length as u64) < min);
        Ok(())
    }

    fn close(&mut self, asked: &Asked, name: &str, id: &str) -> Answer {
        let Some(digest) = asked.parameter("digest") else {
            return self.error(400, "DIGEST_INVALID", "no digest");
        };
        let had = self.sessions.open[id].bytes.len();
        if asked.body.is_empty() && had > 0 && !self.settings.uploads.empty_close {
            return self.error(500, "UNKNOWN", "");
        }
        if let Err(refused) = self.receive(asked, id) {
            return refused;
        }
        let bytes = self.sessions.open[id].bytes.clone();
        let answer = self.commit(name, &digest, bytes);
        self.sessions.open.remove(id);
        answer
    }

    fn commit(&mut self, name: &str, digest: &str, bytes: Vec<u8>) -> Answer {
        let algorithm = digest.split(':').next().unwrap_or_default();
        if !self.takes(algorithm) || has_digest(&bytes, digest) != Some(true) {
            return self.error(400, "DIGEST_INVALID", "the blob has another digest");
        }
        self.store.of(name).blobs.insert(digest.to_owned(), bytes);
        let path = format!("/v2/{name}/blobs/{digest}");
        let location = match self.settings.uploads.location {
            Location::Absolute => format!("{}{path}", self.settings.origin),
            _ => path,
        };
        Answer::new(201)
            .with("Location", location)
            .with("Docker-Content-Digest", digest)
            .with("Content-Length", 0)
    }

    /// 413 for more than one request may bring.
    fn oversized(&self, asked: &Asked) -> Option<Answer> {
        let max = self.settings.uploads.body_max?;
        let message = b"413 Request Entity Too Large";
        (asked.body.len() > max)
            .then(|| Answer::new(413).with_body("text/plain; charset=utf-8", message))
    }

    fn progress(&self, id: &str, status: u16, moment: Moment) -> Answer {
        let settings = self.settings.uploads;
        let session = &self.sessions.open[id];
        let (name, bytes) = (&session.name, session.bytes.len());
        let path = format!("/v2/{name}/blobs/uploads/{id}");
        let location = match settings.location {
            Location::Relative => path,
            Location::Absolute => format!("{}{path}", self.settings.origin),
            Location::Singular => format!("/v2/{name}/blobs/upload/{id}"),
            Location::State => {
                let state = session.state;
                format!("{path}?_nouploadcache=false&_state=state-{state}")
            }
            Location::Outside => format!("/artifacts-uploads/{name}/{id}"),
            Location::Elsewhere => format!("{ELSEWHERE}{path}"),
        };
        let has_unit = settings.ranges == Ranges::WithUnit;
        let range = match (settings.ranges, moment) {
            (Ranges::WithUnit, Moment::Begun) => "bytes=0--1".to_owned(),
            (Ranges::WithUnit, Moment::Status) => format!("bytes=0-{bytes}"),
            (Ranges::WithUnit, Moment::Refused) => format!("0-{bytes}"),
            (Ranges::Stuck, _) => format!("0-{}", session.first.unwrap_or(1) - 1),
            _ => format!("0-{}", bytes.saturating_sub(1)),
        };
        let mut answer = Answer::new(status)
            .with("Range", range)
            .with("Docker-Upload-UUID", id);
        if status != 204 {
            answer = answer.with("Content-Length", 0);
        }
        if !(has_unit && moment == Moment::Status) {
            answer = answer.with("Location", location);
        }
        if let (Some(min), Moment::Begun) = (settings.chunk_min, moment) {
            answer = answer.with("OCI-Chunk-Min-Length", min);
        }
        if let (Some((max, _)), Moment::Begun, true) =
            (settings.chunk_max, moment, settings.tells_chunk_max)
        {
            answer = answer.with("OCI-Chunk-Max-Length", max);
        }
        answer
    }
}

/// A `Content-Range` of a chunk: `<start>-<end>`, both within it, without a unit.
fn chunk(text: &str) -> Option<(usize, usize)> {
    let (start, end) = text.split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    Some((number(start)?, number(end)?))
}
