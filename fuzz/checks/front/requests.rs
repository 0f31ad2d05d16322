//! Requests, made of the fuzzer's bytes: most of them nearly right.

use super::asked::{Asked, Seen};
use super::content::{BLOBS, Manifest, sha256, sha512};
use super::input::Input;
use super::model::{Change, Model};

pub(crate) const REPOSITORIES: [&str; 3] = ["a", "b", "a/b"];
pub(crate) const TAGS: [&str; 3] = ["v1", "v2", "latest"];
const METHODS: [&str; 9] = [
    "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE", "get",
];
const FIELDS: [&str; 12] = [
    "content-length",
    "content-range",
    "content-type",
    "range",
    "if-none-match",
    "if-match",
    "if-range",
    "accept",
    "origin",
    "content-encoding",
    "transfer-encoding",
    "expect",
];
/// Parts of targets, most of which mean something.
const PARTS: [&str; 40] = [
    "/v2/",
    "/",
    "a",
    "b",
    "manifests/",
    "blobs/",
    "uploads/",
    "tags/list",
    "referrers/",
    "_catalog",
    "?",
    "&",
    "=",
    "%2F",
    "%2e%2e",
    "..",
    "%00",
    "\0",
    "%",
    "#",
    "\\",
    "//",
    "v1",
    "latest",
    "sha256:",
    "sha512:",
    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "n=1",
    "n=",
    "last=",
    "digest=",
    "mount=",
    "from=",
    "tag=",
    "artifactType=",
    "digest-algorithm=",
    "at=5",
    "00000000-0000-4000-8000-000000000000",
    "_oci/ext/discover",
    "\u{e9}",
];

/// An upload that was begun, and where its client was told that it goes on.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) repository: &'static str,
    pub(crate) location: String,
}

/// All that requests are made of.
pub(crate) struct Known<'a> {
    pub(crate) model: &'a Model,
    pub(crate) sessions: &'a [Session],
    pub(crate) manifests: &'a [Manifest],
}

impl Known<'_> {
    pub(crate) fn asked(&self, input: &mut Input<'_>) -> Asked {
        match input.below(16) {
            0 | 1 => begin(input),
            2..=4 => self.append(input),
            5 | 6 => self.close(input),
            7 => self.watch(input),
            8 => whole(input),
            9 => mount(input),
            10 => blob(input),
            11 | 12 => self.put(input),
            13 => self.manifest(input),
            14 => self.list(input),
            _ => any(input),
        }
    }

    /// An upload that was begun, or none, and where a request to it goes.
    fn session(&self, input: &mut Input<'_>) -> (Option<Session>, String) {
        let Some(session) = self
            .sessions
            .get(input.below(self.sessions.len().clamp(1, 256)))
        else {
            let target = "/v2/a/blobs/uploads/00000000-0000-4000-8000-000000000000";
            return (None, target.to_owned());
        };
        let (path, _) = session.location.split_once('?').unwrap_or_default();
        let path = if path.is_empty() {
            &session.location
        } else {
            path
        };
        match input.below(12) {
            0..=7 => (Some(session.clone()), session.location.clone()),
            8 => (Some(session.clone()), path.to_owned()),
            // Made up, which does no harm.
            9 => {
                let target = format!("{path}?at={}", input.below(60));
                (Some(session.clone()), target)
            }
            10 => (None, format!("{path}0")),
            _ => {
                let own = format!("/v2/{}/", session.repository);
                let other = if session.repository == "b" {
                    "/v2/a/"
                } else {
                    "/v2/b/"
                };
                (None, path.replacen(&own, other, 1))
            }
        }
    }

    /// The bytes that an upload most likely has.
    fn had(&self, session: Option<&Session>) -> Vec<u8> {
        let upload = session.and_then(|session| self.model.uploads.get(&session.id));
        let longest = upload.and_then(|upload| upload.longest());
        longest.cloned().unwrap_or_default()
    }

    fn append(&self, input: &mut Input<'_>) -> Asked {
        let (session, target) = self.session(input);
        let had = self.had(session.as_ref());
        let bytes = part(input, &had);
        let mut asked = Asked::new("PATCH", target, Seen::Nothing, Change::Nothing);
        let start = asked.send(input, &bytes, had.len());
        if let Some(session) = session {
            asked.change = Change::Append {
                id: session.id,
                start,
                bytes,
            };
        }
        asked
    }

    fn close(&self, input: &mut Input<'_>) -> Asked {
        let (session, target) = self.session(input);
        let had = self.had(session.as_ref());
        let bytes = if input.once_in(3) {
            part(input, &had)
        } else {
            Vec::new()
        };
        let mut asked = Asked::new("PUT", String::new(), Seen::Nothing, Change::Nothing);
        let mut start = None;
        if !bytes.is_empty() || input.once_in(8) {
            start = asked.send(input, &bytes, had.len());
        }
        let all = [had, bytes.clone()].concat();
        let digest = match input.below(10) {
            0..=6 => sha256(&all),
            7 => sha512(&all),
            8 => sha256(input.pick(&BLOBS)),
            _ => input.text(),
        };
        let right = [sha256(&all), sha512(&all)].contains(&digest);
        asked.is_right &= right;
        let mark = if target.contains('?') { '&' } else { '?' };
        asked.target = format!("{target}{mark}digest={digest}");
        if input.once_in(20) {
            asked.target.push_str("&digest=x");
            asked.is_right = false;
        }
        if let Some(session) = session {
            asked.change = Change::Close {
                id: session.id,
                start,
                bytes,
                digest,
            };
        }
        asked
    }

    /// Asks how far an upload has come, or cancels it.
    fn watch(&self, input: &mut Input<'_>) -> Asked {
        let (session, target) = self.session(input);
        let id = session.map(|session| session.id);
        match (input.once_in(4), id) {
            (true, Some(id)) => Asked::new("DELETE", target, Seen::Nothing, Change::Cancel { id }),
            (true, None) => Asked::new("DELETE", target, Seen::Nothing, Change::Nothing),
            (false, Some(id)) => Asked::new("GET", target, Seen::Upload(id), Change::Nothing),
            (false, None) => Asked::new("GET", target, Seen::Nothing, Change::Nothing),
        }
    }

    fn put(&self, input: &mut Input<'_>) -> Asked {
        let name = input.pick(&REPOSITORIES);
        // Those that are taken, mostly.
        let at = (input.below(self.manifests.len()) + 4) % self.manifests.len();
        let manifest = &self.manifests[at];
        let mut bytes = manifest.bytes.clone();
        let mut is_right = manifest.is_valid;
        if input.once_in(8) {
            let from = input.below(256).min(bytes.len());
            let to = (from + input.below(16)).min(bytes.len());
            drop(bytes.splice(from..to, input.bytes().iter().copied()));
        }
        let is_own = bytes == manifest.bytes;
        is_right &= is_own;
        let sha256 = sha256(&bytes);
        let (reference, digest) = match input.below(8) {
            0..=3 => (input.pick(&TAGS).to_owned(), sha256),
            4 | 5 => (sha256.clone(), sha256),
            6 => {
                let digest = sha512(&bytes);
                (digest.clone(), digest)
            }
            _ => {
                is_right = false;
                (super::content::sha256(input.pick(&BLOBS)), sha256)
            }
        };
        let mut tags = Vec::new();
        if !reference.contains(':') {
            tags.push(reference.clone());
        }
        let mut target = format!("/v2/{name}/manifests/{reference}");
        if input.once_in(4) {
            for (tag, mark) in TAGS.iter().take(input.below(4)).zip(["?", "&", "&"]) {
                target.push_str(&format!("{mark}tag={tag}"));
                tags.push((*tag).to_owned());
            }
        }
        // What another one names is not known here.
        let named = if is_own {
            manifest.named.clone()
        } else {
            Vec::new()
        };
        let key = (name, digest.clone());
        let change = Change::PutManifest { key, tags, named };
        let mut asked = Asked::new("PUT", target, Seen::Nothing, change);
        let start = asked.send(input, &bytes, 0);
        asked.on_condition(input, &digest);
        // A manifest is put whole.
        asked.is_right &= is_right && start.is_none();
        asked.required = manifest.required.clone();
        asked.subject = manifest.subject.clone();
        asked.is_index = manifest.is_index;
        if input.once_in(8) {
            let media_type = input.text();
            asked.fields.push(("content-type", media_type));
            asked.is_right = false;
        } else if !input.once_in(8) {
            let media_type = manifest.media_type.to_owned();
            asked.fields.push(("content-type", media_type));
        }
        asked
    }

    fn manifest(&self, input: &mut Input<'_>) -> Asked {
        let name = input.pick(&REPOSITORIES);
        let method = input.pick(&["GET", "HEAD", "DELETE"]);
        let deletes = method == "DELETE";
        let digest = sha256(&self.manifests[input.below(self.manifests.len())].bytes);
        let by_tag = input.once_in(2);
        let reference = if by_tag {
            input.pick(&TAGS).to_owned()
        } else {
            digest.clone()
        };
        let key = (name, reference.clone());
        let (seen, change) = match (deletes, by_tag) {
            (true, true) => (Seen::Nothing, Change::DropTag(key)),
            (true, false) => (Seen::Nothing, Change::DropManifest(key)),
            (false, true) => (Seen::Tag(key), Change::Nothing),
            (false, false) => (Seen::Manifest(key), Change::Nothing),
        };
        let target = format!("/v2/{name}/manifests/{reference}");
        let mut asked = Asked::new(method, target, seen, change);
        asked.on_condition(input, &digest);
        asked
    }

    fn list(&self, input: &mut Input<'_>) -> Asked {
        let name = input.pick(&REPOSITORIES);
        let digest = sha256(&self.manifests[input.below(self.manifests.len())].bytes);
        let (mut target, seen) = match input.below(5) {
            0 | 1 => (format!("/v2/{name}/tags/list"), Seen::Tags(name)),
            2 => ("/v2/_catalog".to_owned(), Seen::Nothing),
            _ => (
                format!("/v2/{name}/referrers/{digest}"),
                Seen::Referrers((name, digest)),
            ),
        };
        let mut seen = seen;
        if input.once_in(3) {
            let text = input.text();
            let query = match input.below(6) {
                0 => format!("?n={}", input.below(5)),
                1 => format!("?n={text}"),
                2 => format!("?last={text}"),
                3 => format!("?artifactType={text}"),
                4 => "?n=1&last=v1&n=2".to_owned(),
                _ => format!("?{text}"),
            };
            target.push_str(&query);
            seen = Seen::Nothing;
        }
        let method = if input.once_in(6) { "HEAD" } else { "GET" };
        let seen = if method == "HEAD" {
            Seen::Nothing
        } else {
            seen
        };
        Asked::new(method, target, seen, Change::Nothing)
    }
}

fn begin(input: &mut Input<'_>) -> Asked {
    let repository = input.pick(&REPOSITORIES);
    let query = input.pick(&[
        "",
        "",
        "",
        "?digest-algorithm=sha512",
        "?digest-algorithm=md5",
    ]);
    let mut target = format!("/v2/{repository}/blobs/uploads/{query}");
    if input.once_in(16) {
        target = target.replace("uploads/", "uploads");
    }
    let mut asked = Asked::new("POST", target, Seen::Nothing, Change::Begin { repository });
    asked.is_right = !query.ends_with("md5");
    asked
}

/// What may come next in an upload: of a blob that begins as it does, else of any.
fn part(input: &mut Input<'_>, had: &[u8]) -> Vec<u8> {
    let begun = BLOBS.iter().find(|blob| blob.starts_with(had));
    let rest = match begun {
        Some(blob) if !had.is_empty() => &blob[had.len()..],
        _ => input.pick(&BLOBS),
    };
    let most = if input.once_in(2) {
        rest.len()
    } else {
        input.below(9)
    };
    if input.once_in(12) {
        return input.bytes().to_vec();
    }
    rest[..most.min(rest.len())].to_vec()
}

fn whole(input: &mut Input<'_>) -> Asked {
    let name = input.pick(&REPOSITORIES);
    let bytes = input.pick(&BLOBS);
    let (digest, is_right) = match input.below(6) {
        0..=3 => (sha256(bytes), true),
        4 => (sha512(bytes), true),
        _ => (sha256(b"other"), false),
    };
    let target = format!("/v2/{name}/blobs/uploads/?digest={digest}");
    let change = Change::PutBlob((name, digest));
    let mut asked = Asked::new("POST", target, Seen::Nothing, change);
    asked.is_right = is_right;
    asked.send(input, bytes, 0);
    asked
}

fn mount(input: &mut Input<'_>) -> Asked {
    let name = input.pick(&REPOSITORIES);
    let from = input.pick(&REPOSITORIES);
    let digest = sha256(input.pick(&BLOBS));
    let target = match input.below(8) {
        0..=5 => format!("/v2/{name}/blobs/uploads/?mount={digest}&from={from}"),
        6 => format!("/v2/{name}/blobs/uploads/?mount={digest}"),
        _ => format!("/v2/{name}/blobs/uploads/?from={from}&mount={digest}"),
    };
    let seen = if target.contains("from") {
        Seen::Blob((from, digest.clone()))
    } else {
        Seen::Nothing
    };
    let change = Change::PutBlob((name, digest));
    Asked::new("POST", target, seen, change)
}

fn blob(input: &mut Input<'_>) -> Asked {
    let name = input.pick(&REPOSITORIES);
    let bytes = input.pick(&BLOBS);
    let digest = if input.once_in(5) {
        sha512(bytes)
    } else {
        sha256(bytes)
    };
    let key = (name, digest.clone());
    let method = input.pick(&["GET", "HEAD", "GET", "DELETE"]);
    let (seen, change) = if method == "DELETE" {
        (Seen::Nothing, Change::DropBlob(key))
    } else {
        (Seen::Blob(key), Change::Nothing)
    };
    let target = format!("/v2/{name}/blobs/{digest}");
    let mut asked = Asked::new(method, target, seen, change);
    if method != "DELETE" {
        asked.on_condition(input, &digest);
    }
    asked
}

/// Whatever it is.
fn any(input: &mut Input<'_>) -> Asked {
    let method = input.pick(&METHODS);
    let mut target = String::new();
    for _ in 0..input.below(10) {
        if input.once_in(8) {
            target.push_str(&input.text());
        } else {
            target.push_str(input.pick(&PARTS));
        }
    }
    if input.once_in(32) {
        target = target.repeat(512);
    }
    let mut asked = Asked::new(method, target, Seen::Nothing, Change::Anything);
    asked.is_right = false;
    for _ in 0..input.below(3) {
        let name = input.pick(&FIELDS);
        asked.fields.push((name, input.text()));
    }
    if input.once_in(3) {
        let bytes = input.bytes().to_vec();
        asked.send(input, &bytes, 0);
    }
    asked
}
