//! Blobs: read, whole or in part, here or from a storage on another origin, and deleted (end-2 and end-10).

use super::message::encoded;
use super::{Answer, Asked, Registry};

/// What the storage's URLs are signed with. It is a credential: whoever has it can read.
pub const SIGNATURE: &str = "s3cr3t-signature";

impl Registry {
    pub(super) fn blob(&mut self, asked: &Asked, name: &str, digest: &str) -> Answer {
        if asked.is("DELETE") {
            return self.delete_blob(name, digest);
        }
        if !asked.reads() {
            return self.error(405, "UNSUPPORTED", "no such method");
        }
        let Some(bytes) = self.store.of(name).blobs.get(digest).cloned() else {
            return self.error(404, "BLOB_UNKNOWN", "no such blob");
        };
        let blobs = &self.settings.blobs;
        if let Some(storage) = &blobs.storage
            && (asked.is("GET") || blobs.head)
        {
            let signed = format!("{storage}/{}?sig={SIGNATURE}", encoded(digest));
            let location = if blobs.relative {
                signed
                    .strip_prefix(&self.settings.origin)
                    .unwrap_or(&signed)
                    .to_owned()
            } else {
                signed
            };
            return Answer::new(blobs.redirect)
                .with_body("text/html; charset=utf-8", b"<h1>Redirecting...</h1>")
                .with("Docker-Content-Digest", digest)
                .with("Location", location);
        }
        self.content(asked, &bytes)
            .with("Docker-Content-Digest", digest)
            .with("ETag", format!("\"{digest}\""))
    }

    fn content(&self, asked: &Asked, bytes: &[u8]) -> Answer {
        let range = asked
            .header("range")
            .filter(|_| self.settings.blobs.ranges && asked.is("GET"));
        if !self.settings.blobs.open_ranges && range.is_some_and(|range| range.ends_with('-')) {
            return self.error(416, "BLOB_UNKNOWN", "the range has no end");
        }
        Answer::ranged(bytes, range)
    }

    /// What the storage answers; `None` if this is no request to it.
    pub(super) fn stored(&mut self, asked: &Asked) -> Option<Answer> {
        let storage = self.settings.blobs.storage.clone()?;
        let rest = asked.url.strip_prefix(&storage)?.strip_prefix('/')?;
        let digest = super::message::decoded(rest.split('?').next().unwrap_or_default());
        let plain = |status, code: &str| {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
            Answer::new(status).with_body("application/xml", body.as_bytes())
        };
        // On another origin; on its own a registry knows its clients.
        let is_elsewhere = !storage.starts_with(&self.settings.origin);
        if is_elsewhere && asked.header("authorization").is_some() {
            return Some(plain(400, "InvalidArgument"));
        }
        if asked.parameter("sig").as_deref() != Some(SIGNATURE)
            || (asked.is("HEAD") && !self.settings.blobs.storage_head)
        {
            return Some(plain(403, "AccessDenied"));
        }
        Some(match self.store.blob(&digest) {
            Some(bytes) => self.content(asked, bytes),
            None => plain(404, "NoSuchKey"),
        })
    }

    fn delete_blob(&mut self, name: &str, digest: &str) -> Answer {
        if let Err(status) = self.settings.deletes.blobs {
            return self.error(status, "UNSUPPORTED", "deletes are off");
        }
        match self.store.of(name).blobs.remove(digest) {
            Some(_) => Answer::new(202).with("Content-Length", 0),
            None => self.error(404, "BLOB_UNKNOWN", "no such blob"),
        }
    }
}
