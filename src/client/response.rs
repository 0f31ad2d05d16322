//! Reading responses: bounded, and with every header of meaning checked.

use super::retry::retry_after;
use super::{Chunks, Clock};
use crate::digest::Digest;
use crate::document;
use crate::http::{Headers, Response, Url};
use crate::json::Tree;
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

/// The whole body, of the stated length and of `limit` bytes at most.
pub(super) async fn read_whole<B: Chunks>(
    mut response: Response<B>,
    limit: u64,
    clock: &impl Clock,
) -> Result<Vec<u8>> {
    let stated = body_length(&response.headers)?;
    if let Some(stated) = stated
        && stated > limit
    {
        response.body.cancel();
        return Err(
            Error::new(Kind::TooLarge, "the body is larger than is read")
                .with_expected(format_args!("at most {limit} bytes"), stated),
        );
    }
    let bytes = read_all(&mut response.body, limit, clock).await?;
    let length = bytes.len() as u64;
    match stated {
        Some(stated) if length < stated => {
            Err(Error::new(Kind::BodyTruncated, "the body ended early")
                .with_expected(stated, length))
        }
        Some(stated) if length > stated => Err(Error::new(
            Kind::SizeMismatch,
            "the body is longer than stated",
        )
        .with_expected(stated, length)),
        _ => Ok(bytes),
    }
}

/// The bytes of a body to its end. Fails with [`Kind::TooLarge`] as soon as more than `limit` bytes have come, with
/// [`Kind::Timeout`] once it takes more than [`MAX_READ_TIME`], or with the body's own error.
async fn read_all<B: Chunks>(body: &mut B, limit: u64, clock: &impl Clock) -> Result<Vec<u8>> {
    let begun = clock.now();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        if bytes.len() as u64 + chunk.len() as u64 > limit {
            body.cancel();
            return Err(
                Error::new(Kind::TooLarge, "the body is larger than is read")
                    .with_expected(format_args!("at most {limit} bytes"), "more"),
            );
        }
        if clock.now().saturating_sub(begun) > MAX_READ_TIME {
            body.cancel();
            return Err(Error::new(
                Kind::Timeout,
                "the body came too slowly to be waited for",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The response if its status is 2xx, or 304, which only answers a condition; else the error it carries.
pub(super) async fn success_or_error<B: Chunks>(
    response: &mut Response<B>,
    url: &Url,
    clock: &impl Clock,
) -> Result<()> {
    let status = response.status;
    if (200..300).contains(&status) || status == 304 {
        return Ok(());
    }
    let retry_after = retry_after(&response.headers);
    // The status is the error; a body that cannot be read adds nothing to it.
    let entries = read_all(&mut response.body, MAX_ERROR_BYTES, clock)
        .await
        .map(|bytes| error_entries(&bytes))
        .unwrap_or_default();
    let error = match status {
        401 | 403 => Error::new(
            Kind::Auth,
            format!("the registry refuses access ({status})"),
        ),
        404 => Error::new(Kind::Registry, "the registry does not have it (404)"),
        _ => Error::new(Kind::Registry, format!("the registry answered {status}")),
    };
    Err(error
        .with_status(status)
        .at(url)
        .with_retry_after(retry_after)
        .with_entries(entries))
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
pub(super) fn unexpected(url: &Url, status: u16) -> Error {
    Error::new(
        Kind::UnexpectedResponse,
        format!("the registry answered {status} where only 200 has a meaning"),
    )
    .with_status(status)
    .at(url)
}

/// The `errors` of an error body (distribution specification, "Error Codes"); none if it has another shape.
fn error_entries(bytes: &[u8]) -> Vec<RegistryErrorEntry> {
    let Ok(tree) = Tree::parse(bytes) else {
        return Vec::new();
    };
    let Some(errors) = tree.root(bytes).get("errors") else {
        return Vec::new();
    };
    let text = |entry: crate::json::Value<'_>, key| {
        let value = entry
            .get(key)
            .and_then(|value| value.as_str())
            .unwrap_or_default();
        value
            .chars()
            .filter(|character| !character.is_control())
            .take(MAX_MESSAGE_CHARACTERS)
            .collect::<String>()
    };
    errors
        .elements()
        .take(MAX_ERROR_ENTRIES)
        .map(|entry| RegistryErrorEntry::new(text(entry, "code"), text(entry, "message")))
        .collect()
}
