//! Manifests: read, written by tag and by digest, deleted (distribution specification, end-3, end-7 and end-9).

use serde_json::Value;

use super::store::{Manifest, has_digest, sha256};
use super::{Answer, Asked, Registry};

impl Registry {
    pub(super) fn manifest(&mut self, asked: &Asked, name: &str, reference: &str) -> Answer {
        match asked.method.as_str() {
            "GET" | "HEAD" => self.read_manifest(asked, name, reference),
            "PUT" => self
                .write_manifest(asked, name, reference)
                .unwrap_or_else(|refused| refused),
            "DELETE" => self.delete_manifest(name, reference),
            _ => self.error(405, "UNSUPPORTED", "no such method"),
        }
    }

    fn read_manifest(&mut self, asked: &Asked, name: &str, reference: &str) -> Answer {
        let repository = self.store.of(name);
        let Some(digest) = repository.resolve(reference).cloned() else {
            return self.error(404, "MANIFEST_UNKNOWN", "no such manifest");
        };
        let Manifest { media_type, bytes } = repository.manifests[&digest].clone();
        let etag = format!("\"{digest}\"");
        let mut answer = Answer::new(200)
            .with_body(&media_type, &bytes)
            .with("Docker-Content-Digest", &digest);
        if self.settings.etags {
            if asked
                .header("if-none-match")
                .is_some_and(|known| known.split(',').any(|known| known.trim() == etag))
            {
                answer = Answer::new(304);
            }
            answer = answer.with("ETag", etag);
        }
        answer
    }

    fn write_manifest(
        &mut self,
        asked: &Asked,
        name: &str,
        reference: &str,
    ) -> Result<Answer, Answer> {
        let refused = |status, code, message| Err(self.error(status, code, message));
        if asked.body.len() > self.settings.manifest_max {
            return refused(413, "SIZE_INVALID", "the manifest is too large");
        }
        if asked.cut {
            return refused(400, "MANIFEST_INVALID", "the manifest ended early");
        }
        let Ok(document) = serde_json::from_slice::<Value>(&asked.body) else {
            return refused(400, "MANIFEST_INVALID", "the manifest is not JSON");
        };
        let own = document.get("mediaType").and_then(Value::as_str);
        let media_type = match (asked.header("content-type"), own) {
            (Some(stated), Some(own)) if stated != own => {
                return refused(400, "MANIFEST_INVALID", "two media types");
            }
            (Some(stated), _) => stated.to_owned(),
            (None, Some(own)) => own.to_owned(),
            (None, None) => return refused(400, "MANIFEST_INVALID", "no media type"),
        };
        let by_digest = reference.contains(':');
        let digest = if by_digest {
            match has_digest(&asked.body, reference) {
                Some(true) => reference.to_owned(),
                _ => return refused(400, "DIGEST_INVALID", "the manifest has another digest"),
            }
        } else {
            sha256(&asked.body)
        };
        let tags = if by_digest {
            asked.parameters("tag")
        } else {
            vec![reference.to_owned()]
        };
        if tags.len() > self.settings.tags_at_once.max(1) {
            return refused(414, "TAG_INVALID", "too many tags");
        }
        if tags
            .iter()
            .any(|tag| tag.parse::<pierhead::reference::Tag>().is_err())
        {
            return refused(400, "TAG_INVALID", "no tag");
        }
        let subject = document.pointer("/subject/digest").and_then(Value::as_str);
        if let (Some(_), Some(status)) = (subject, self.settings.referrers.refuses) {
            return refused(
                status,
                "UNSUPPORTED",
                "manifests with a subject are not taken",
            );
        }
        let settings = self.settings.clone();
        let repository = self.store.0.get(name);
        if settings.demands_content
            && let Some(missing) = repository.map_or_else(
                || super::Repository::default().missing(&document),
                |known| known.missing(&document),
            )
        {
            return Err(self.error(
                404,
                "MANIFEST_BLOB_UNKNOWN",
                &format!("{missing} is not here"),
            ));
        }
        if settings.compares
            && let Some(conflict) = self.conflict(asked, name, reference)
        {
            return Err(conflict);
        }
        let repository = self.store.of(name);
        let manifest = Manifest {
            media_type,
            bytes: asked.body.clone(),
        };
        repository.manifests.insert(digest.clone(), manifest);
        let mut answer = Answer::new(201)
            .with("Location", format!("/v2/{name}/manifests/{digest}"))
            .with("Docker-Content-Digest", &digest)
            .with("Content-Length", 0);
        for tag in tags {
            if by_digest && settings.tags_at_once == 0 {
                break;
            }
            repository.tags.insert(tag.clone(), digest.clone());
            if by_digest {
                answer = answer.with("OCI-Tag", tag);
            }
        }
        if let Some(subject) = subject
            && settings.referrers.subject
        {
            answer = answer.with("OCI-Subject", subject);
        }
        Ok(answer)
    }

    /// 412 if the request's conditions (RFC 9110, section 13.1) do not hold for what is there.
    fn conflict(&self, asked: &Asked, name: &str, reference: &str) -> Option<Answer> {
        let repository = self.store.0.get(name);
        let current = repository
            .and_then(|repository| repository.resolve(reference))
            .map(|digest| format!("\"{digest}\""));
        let must = asked.header("if-match");
        let lost = must.is_some_and(|must| must != "*" && Some(must) != current.as_deref())
            || (must == Some("*") && current.is_none());
        let exists = asked.header("if-none-match") == Some("*") && current.is_some();
        (lost || exists).then(|| self.error(412, "DENIED", "the tag has changed"))
    }

    fn delete_manifest(&mut self, name: &str, reference: &str) -> Answer {
        let by_digest = reference.contains(':');
        let allowed = if by_digest {
            self.settings.deletes.manifests
        } else {
            self.settings.deletes.tags
        };
        if let Err(status) = allowed {
            return self.error(status, "UNSUPPORTED", "deletes are off");
        }
        let repository = self.store.of(name);
        let known = if by_digest {
            repository.tags.retain(|_, digest| digest != reference);
            repository.manifests.remove(reference).is_some()
        } else {
            repository.tags.remove(reference).is_some()
        };
        if known {
            Answer::new(202).with("Content-Length", 0)
        } else {
            self.error(404, "MANIFEST_UNKNOWN", "no such manifest")
        }
    }
}
