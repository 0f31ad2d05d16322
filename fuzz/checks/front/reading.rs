//! What a client sees, held against what there may be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::World;
use super::answered::Answered;
use super::asked::{Asked, Seen};
use super::content::{BLOBS, Manifest, sha256, sha512};
use super::model::{Change, Key};
use super::requests::{REPOSITORIES, TAGS};

impl World {
    /// Whether the only request at its time is answered as it must be, by what there may be.
    pub(super) fn is_expected(&self, asked: &Asked, answered: &Answered) {
        let status = answered.status;
        let expected: &[u16] = match &asked.change {
            Change::Nothing if !["GET", "HEAD"].contains(&asked.method) => {
                // To an upload that there is not.
                return assert!((400..=416).contains(&status));
            }
            Change::Nothing | Change::Anything => return,
            Change::Begin { .. } => &[202],
            Change::Append { id, start, bytes } => {
                let (lives, ended) = self.fits(id, *start);
                let claimed = self.claimed(id);
                let done = asked.is_right || bytes.is_empty();
                return among(
                    status,
                    &[
                        (202, lives && done),
                        (404, ended),
                        (416, !lives || claimed || !asked.is_right),
                        (400, !asked.is_right),
                    ],
                );
            }
            Change::Close {
                id,
                start,
                bytes,
                digest,
            } => {
                let (lives, ended) = self.fits(id, *start);
                let again = self.model.was_closed(id, digest);
                let unsure = self.unsure(id);
                let claimed = self.claimed(id) && !bytes.is_empty();
                return among(
                    status,
                    &[
                        (201, again || lives && (asked.is_right || unsure)),
                        (404, ended),
                        (416, !lives || claimed || !asked.is_right),
                        // Where its end broke off, the bytes may be found wrong before the upload is found to be over.
                        (400, !asked.is_right || unsure || ended && !bytes.is_empty()),
                    ],
                );
            }
            Change::Cancel { id } => {
                let (lives, ended) = self.fits(id, None);
                return among(status, &[(204, lives), (404, ended)]);
            }
            Change::PutBlob(_) => match &asked.seen {
                Seen::Blob(from) => {
                    let from = self.model.blob(from);
                    return among(status, &[(201, from.may_be), (202, from.may_not)]);
                }
                _ if asked.target.contains("?mount") => &[202],
                _ => &[201],
            },
            Change::DropBlob(key) => {
                let blob = self.model.blob(key);
                return among(status, &[(202, blob.may_be), (404, blob.may_not)]);
            }
            Change::PutManifest { key, .. } => return self.is_put(asked, key.0, answered),
            Change::DropManifest(key) => {
                let manifest = self.model.manifest(key);
                let known = [
                    (202, manifest.may_be),
                    (404, manifest.may_not),
                    (412, asked.is_conditional),
                ];
                return among(status, &known);
            }
            // One that names what is no more is a tag or none.
            Change::DropTag(_) => &[202, 404, 412],
        };
        assert!(!asked.is_right || expected.contains(&status));
        assert!(asked.is_right || status >= 400);
    }

    /// Whether an upload can be gone on with from there, and whether it may be over.
    fn fits(&self, id: &str, start: Option<usize>) -> (bool, bool) {
        let Some(upload) = self.model.uploads.get(id) else {
            return (false, true);
        };
        let fits = |bytes: &Vec<u8>| start.is_none_or(|start| start == bytes.len());
        (
            upload.states.iter().flatten().any(fits),
            upload.states.contains(&None),
        )
    }

    fn unsure(&self, id: &str) -> bool {
        let upload = self.model.uploads.get(id);
        upload.is_none_or(|upload| upload.states.len() > 1)
    }

    fn claimed(&self, id: &str) -> bool {
        let upload = self.model.uploads.get(id);
        self.unsure(id) || upload.is_none_or(|upload| upload.claimed_until >= self.now())
    }

    fn is_put(&self, asked: &Asked, name: &'static str, answered: &Answered) {
        let status = answered.status;
        if !asked.is_right {
            // What was made of it by chance may be right all the same.
            return among(
                status,
                &[
                    (201, true),
                    (400, true),
                    (404, true),
                    (412, asked.is_conditional),
                ],
            );
        }
        let required = asked.required.iter().map(|digest| (name, digest.clone()));
        let required: Vec<_> = required
            .map(|key| (self.model.blob(&key), self.model.manifest(&key)))
            .collect();
        let may_be = required
            .iter()
            .all(|(blob, manifest)| blob.may_be || manifest.may_be);
        let is_there = required
            .iter()
            .all(|(blob, manifest)| blob.is_sure() || manifest.is_sure());
        let sparse = self.sparse && asked.is_index;
        among(
            status,
            &[
                (201, may_be || sparse),
                (404, !is_there && !sparse),
                (412, asked.is_conditional),
            ],
        );
        if status == 404 {
            assert_eq!(answered.code(), "MANIFEST_BLOB_UNKNOWN");
        }
        if status == 201 {
            assert_eq!(
                answered.header("oci-subject"),
                asked.subject.clone().unwrap_or_default()
            );
        }
    }

    /// Holds what was read against what there may be, which is then known better.
    pub(super) fn see(&mut self, asked: &Asked, answered: &Answered) {
        if let Seen::Upload(id) = &asked.seen {
            return self.see_upload(id, answered);
        }
        let status = answered.status;
        // What a condition or a range kept back is there.
        let there = match status {
            200 | 206 | 304 | 416 => true,
            404 => false,
            _ => return,
        };
        let now = self.now();
        match &asked.seen {
            _ if !["GET", "HEAD"].contains(&asked.method) => {}
            Seen::Nothing => {}
            Seen::Blob(key) => {
                let blob = self.model.blob(key);
                assert!(if there { blob.may_be } else { blob.may_not });
                let relies = (asked.method == "HEAD").then_some(now);
                self.model.see_blob(key, there, relies);
                self.is_of(key, asked, answered);
            }
            Seen::Manifest(key) => {
                let manifest = self.model.manifest(key);
                assert!(if there {
                    manifest.may_be
                } else {
                    manifest.may_not
                });
                self.model.see_manifest(key, there);
            }
            Seen::Tag(key) => {
                let named = self.model.tag(key);
                if there {
                    let digest = answered.header("docker-content-digest").to_owned();
                    let manifest = (key.0, digest.clone());
                    assert!(named.contains(&Some(digest.clone())));
                    assert!(self.model.manifest(&manifest).may_be);
                    self.model.see_manifest(&manifest, true);
                    self.model.see_tag(key, Some(digest));
                } else {
                    let dangles =
                        |digest: &String| self.model.manifest(&(key.0, digest.clone())).may_not;
                    let is_none = named.iter().all(Option::is_some);
                    assert!(!is_none || named.iter().flatten().any(dangles));
                    self.model.see_tag(key, None);
                }
            }
            Seen::Upload(_) => {}
            Seen::Tags(name) => self.is_list(name, answered),
            Seen::Referrers(key) => self.are_referrers(key, answered),
        }
    }

    /// Sees how far an upload has come.
    fn see_upload(&mut self, id: &str, answered: &Answered) {
        let range = answered.header("range").to_owned();
        let lives = answered.status == 204;
        assert!(lives || answered.status == 404);
        self.model.see_upload(id, |state| match state {
            Some(bytes) => {
                let end = bytes.len().saturating_sub(1);
                lives && range == format!("0-{end}")
            }
            None => !lives,
        });
        let upload = self.model.uploads.get(id);
        assert!(upload.is_some_and(|upload| !upload.states.is_empty()));
    }

    /// Whether the bytes of a blob are its own, or the part of them that was asked for.
    fn is_of(&self, key: &Key, asked: &Asked, answered: &Answered) {
        let digests = |bytes: &&&[u8]| [sha256(bytes), sha512(bytes)].contains(&key.1);
        let Some(own) = BLOBS.iter().find(digests) else {
            return;
        };
        if asked.method == "HEAD" && answered.status == 200 {
            assert_eq!(answered.header("content-length"), own.len().to_string());
        }
        let range = answered.header("content-range");
        if asked.method == "GET" && answered.status == 206 {
            let start = range.strip_prefix("bytes ");
            let start = start.and_then(|range| range.split('-').next());
            let start: usize = start
                .and_then(|start| start.parse().ok())
                .unwrap_or_default();
            assert!(own[start..].starts_with(answered.body()), "{range}");
        }
        if answered.status == 416 {
            assert_eq!(range, format!("bytes */{}", own.len()));
        }
    }

    /// Whether a list of tags has those that surely are there, in their order.
    fn is_list(&self, name: &'static str, answered: &Answered) {
        if answered.status == 404 {
            assert_eq!(answered.code(), "NAME_UNKNOWN");
        }
        let list: Value = serde_json::from_slice(answered.body()).unwrap_or_default();
        let listed: Vec<&str> = names(&list["tags"]);
        assert!(listed.is_sorted_by(|a, b| a < b), "{listed:?}");
        for tag in TAGS {
            let named = self.model.tag(&(name, tag.to_owned()));
            let sure = named.iter().all(|names| {
                let digest = names.clone().unwrap_or_default();
                self.model.manifest(&(name, digest)).is_sure()
            });
            let is_listed = listed.contains(&tag);
            assert!(!sure || is_listed, "{tag} is not listed");
            let may_be = named.iter().any(Option::is_some) || self.model.broke_off;
            assert!(may_be || !is_listed, "{tag} names nothing, and is listed");
        }
    }

    fn are_referrers(&self, key: &Key, answered: &Answered) {
        assert_eq!(answered.status, 200);
        let list: Value = serde_json::from_slice(answered.body()).unwrap_or_default();
        let descriptors = list["manifests"].as_array().map_or(&[][..], Vec::as_slice);
        let listed: BTreeSet<&str> = descriptors
            .iter()
            .filter_map(|descriptor| descriptor["digest"].as_str())
            .collect();
        assert_eq!(listed.len(), descriptors.len(), "one of them comes twice");
        for digest in &listed {
            let manifest = self.model.manifest(&(key.0, (*digest).to_owned()));
            assert!(manifest.may_be, "{digest} is listed");
        }
        let refers = |manifest: &&Manifest| manifest.subject.as_ref() == Some(&key.1);
        for manifest in self.manifests.iter().filter(refers) {
            for digest in [sha256(&manifest.bytes), sha512(&manifest.bytes)] {
                let presence = self.model.manifest(&(key.0, digest.clone()));
                let sure = presence.is_sure() && presence.whole;
                assert!(!sure || listed.contains(digest.as_str()), "{digest} is not");
            }
        }
    }

    /// What an answer says is there can be read there.
    pub(super) fn follow(&mut self, answered: &Answered) {
        let location = answered.header("location");
        let status = match answered.status {
            201 => 200,
            202 | 416 if !location.is_empty() => 204,
            _ => return,
        };
        let asked = Asked::new("GET", location.to_owned(), Seen::Nothing, Change::Nothing);
        let response = crate::schedule::block_on(self.front.handle(asked.request()));
        let there = Answered::read(response);
        there.is_proper("GET");
        assert_eq!(there.status, status, "{location}");
        if status == 204 {
            assert_eq!(there.header("range"), answered.header("range"));
        }
    }

    /// Reads all that there may be.
    pub(super) fn read_all(&mut self) {
        self.store.advance(5000);
        if self.model.lost {
            return;
        }
        let mut seen = Vec::new();
        for key in self.model.keys() {
            let (name, digest) = key.clone();
            seen.push((
                format!("/v2/{name}/blobs/{digest}"),
                Seen::Blob(key.clone()),
            ));
            let target = format!("/v2/{name}/manifests/{digest}");
            seen.push((target, Seen::Manifest(key)));
        }
        for name in REPOSITORIES {
            for tag in TAGS {
                let target = format!("/v2/{name}/manifests/{tag}");
                seen.push((target, Seen::Tag((name, tag.to_owned()))));
            }
            for bytes in BLOBS {
                let digest = sha256(bytes);
                let target = format!("/v2/{name}/blobs/{digest}");
                seen.push((target, Seen::Blob((name, digest))));
            }
            let subjects = self.manifests.iter().filter_map(|it| it.subject.clone());
            for digest in subjects {
                let target = format!("/v2/{name}/referrers/{digest}");
                seen.push((target, Seen::Referrers((name, digest))));
            }
            seen.push((format!("/v2/{name}/tags/list"), Seen::Tags(name)));
        }
        for session in self.sessions.clone() {
            seen.push((session.location, Seen::Upload(session.id)));
        }
        for (target, what) in seen {
            self.ask(&Asked::new("GET", target, what, Change::Nothing));
        }
    }
}

fn names(list: &Value) -> Vec<&str> {
    let names = list.as_array().map_or(&[][..], Vec::as_slice);
    names.iter().filter_map(Value::as_str).collect()
}

/// Whether a status is one of those that are possible.
fn among(status: u16, possible: &[(u16, bool)]) {
    let is_possible = possible
        .iter()
        .any(|(known, possible)| *known == status && *possible);
    assert!(is_possible, "{status}, of {possible:?}");
}
