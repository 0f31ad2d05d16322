//! Reading responses: bounded, and with every header of meaning checked.

use super::ask::Answer;
use super::retry::retry_after;
use super::{Chunks, Clock};
use crate::digest::Digest;
use crate::document;
use crate::http::Headers;
use crate::json::{Tree, Value, decimal};
use crate::media_type::MediaType;
use crate::{Error, Kind, RegistryErrorEntry, Result};

/// How much of an error's body is read, in bytes.
const MAX_ERROR_BYTES: u64 = 64 * 1024;
/// How many entries of an error's body are kept, and how many characters of each message.
const MAX_ERROR_ENTRIES: usize = 16;
const MAX_MESSAGE_CHARACTERS: usize = 1024;
/// How long the reading of one whole body may take, in milliseconds, however steadily its bytes trickle in: an 8 MiB manifest
/// at 70 KiB/s.
const MAX_READ_TIME: u64 = 120_000;

/// `Docker-Content-Digest`, where the response has one.
pub(super) fn stated_digest(headers: &Headers) -> Result<Option<Digest>> {
    headers
        .get("docker-content-digest")
        .map(|value| {
            value.trim().parse().map_err(|error: Error| {
                Error::new(Kind::InvalidHeader, "Docker-Content-Digest is no digest")
                    .with_source(error)
            })
        })
        .transpose()
}

/// Fails with [`Kind::DigestMismatch`] if a response states another digest than this one. One by another algorithm may be right.
pub(super) fn check_digest<B>(
    answer: &Answer<B>,
    digest: &Digest,
    message: &'static str,
) -> Result<()> {
    let error = match stated_digest(&answer.headers) {
        Ok(Some(stated)) if stated.algorithm() == digest.algorithm() && stated != *digest => {
            Error::new(Kind::DigestMismatch, message)
                .with_expected(digest.as_str(), stated.as_str())
        }
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    Err(answer.located(error))
}

/// `Content-Type` without its parameters, and in the specifications' spelling where they have it; `None` where it says nothing
/// about which document this is.
pub(super) fn media_type(headers: &Headers) -> Result<Option<String>> {
    let Some(value) = headers.get("content-type") else {
        return Ok(None);
    };
    let media_type = MediaType::parse_header(value).map_err(|error| {
        Error::new(Kind::InvalidHeader, "Content-Type is no media type").with_source(error)
    })?;
    let says_nothing = ["application/json", "application/octet-stream", "text/plain"]
        .iter()
        .any(|nothing| media_type.is(nothing));
    let known = document::Kind::of(media_type.as_str()).media_type();
    Ok((!says_nothing).then(|| known.unwrap_or(media_type.as_str()).to_owned()))
}

/// The size in bytes of the body as the host will hand it over, where the response states it.
pub(super) fn body_length(headers: &Headers) -> Result<Option<u64>> {
    if headers.is_content_encoded() {
        Ok(None)
    } else {
        headers.content_length()
    }
}

/// Reads an answer's body into it, of the stated length and of `limit` bytes at most; the error it carries is one.
pub(super) async fn read<B: Chunks>(
    answer: &mut Answer<B>,
    limit: u64,
    clock: &impl Clock,
) -> Result<()> {
    let limit = if answer.is_success() {
        limit
    } else {
        MAX_ERROR_BYTES
    };
    let read = read_body(answer, limit, clock).await;
    let read = if answer.is_success() {
        read.and_then(|()| complete(answer))
    } else {
        // The status is the error; a body that cannot be read adds nothing to it.
        Err(carried(answer))
    };
    read.map_err(|error| answer.located(error))
}

/// Reads a body to its end. Fails with [`Kind::TooLarge`] as soon as more than `limit` bytes have come, or are announced, with
/// [`Kind::Timeout`] once it takes more than [`MAX_READ_TIME`], or with the body's own error.
async fn read_body<B: Chunks>(
    answer: &mut Answer<B>,
    limit: u64,
    clock: &impl Clock,
) -> Result<()> {
    let begun = clock.now();
    let mut announced = body_length(&answer.headers)?.unwrap_or_default();
    loop {
        if announced > limit {
            answer.body.cancel();
            let error = Error::new(Kind::TooLarge, "the body is larger than is read");
            let most = ["at most ", &decimal(limit), " bytes"].concat();
            return Err(error.with_expected(most, decimal(announced)));
        }
        let Some(chunk) = answer.body.chunk().await? else {
            return Ok(());
        };
        if clock.now().saturating_sub(begun) > MAX_READ_TIME {
            answer.body.cancel();
            return Err(Error::new(
                Kind::Timeout,
                "the body came too slowly to be waited for",
            ));
        }
        answer.bytes.extend_from_slice(&chunk);
        announced = announced.max(answer.bytes.len() as u64);
    }
}

/// Whether the bytes that were read are as many as were stated.
fn complete<B>(answer: &Answer<B>) -> Result<()> {
    let length = answer.bytes.len() as u64;
    let error = match body_length(&answer.headers)? {
        Some(stated) if length < stated => {
            Error::new(Kind::BodyTruncated, "the body ended early").with_amounts(stated, length)
        }
        Some(stated) if length > stated => {
            Error::new(Kind::SizeMismatch, "the body is longer than stated")
                .with_amounts(stated, length)
        }
        _ => return Ok(()),
    };
    Err(error)
}

/// The error that an answer carries.
fn carried<B>(answer: &Answer<B>) -> Error {
    let status = answer.status;
    let error = match status {
        401 | 403 => Error::new(
            Kind::Auth,
            [
                "the registry refuses access (",
                &decimal(status.into()),
                ")",
            ]
            .concat(),
        ),
        404 => Error::new(Kind::Registry, "the registry does not have it (404)"),
        _ => Error::new(
            Kind::Registry,
            ["the registry answered ", &decimal(status.into())].concat(),
        ),
    };
    error
        .with_status(status)
        .with_retry_after(retry_after(&answer.headers))
        .with_entries(error_entries(&answer.bytes))
}

/// The error of a deletion, which is a kind of its own where the registry allows none (distribution specification, "Content
/// Management"): 405, or 400 unless that is said to be for another reason.
pub(super) fn deletion_off(error: Error) -> Error {
    let off = match error.status() {
        Some(405) => true,
        Some(400) => {
            let entries = error.entries();
            entries.is_empty() || entries.iter().any(|entry| entry.code == "UNSUPPORTED")
        }
        _ => false,
    };
    if off {
        error.with_kind(
            Kind::Unsupported,
            "the registry does not allow this deletion",
        )
    } else {
        error
    }
}

/// A status that the specification does not know for this request.
pub(super) fn unexpected<B>(answer: &Answer<B>) -> Error {
    let status = answer.status;
    Error::new(
        Kind::UnexpectedResponse,
        [
            "the registry answered ",
            &decimal(status.into()),
            " where only 200 has a meaning",
        ]
        .concat(),
    )
    .with_status(status)
    .at(&answer.from)
}

/// The `errors` of an error body (distribution specification, "Error Codes"); none if it has another shape.
fn error_entries(bytes: &[u8]) -> Vec<RegistryErrorEntry> {
    let Ok(tree) = Tree::parse(bytes) else {
        return Vec::new();
    };
    let Some(errors) = tree.root(bytes).get("errors") else {
        return Vec::new();
    };
    let mut entries = Vec::new();
    for entry in errors.elements().take(MAX_ERROR_ENTRIES) {
        let (code, message) = (shown(entry, "code"), shown(entry, "message"));
        entries.push(RegistryErrorEntry::new(code, message));
    }
    entries
}

/// A text of an error's body, as far as it may be shown.
fn shown(entry: Value<'_>, key: &str) -> String {
    let mut shown = String::new();
    let text = entry.get(key).and_then(|value| value.as_str());
    let text = text.as_deref().unwrap_or_default();
    for character in text
        .chars()
        .filter(|character| !character.is_control())
        .take(MAX_MESSAGE_CHARACTERS)
    {
        shown.push(character);
    }
    shown
}
