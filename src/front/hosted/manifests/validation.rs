//! Whether a manifest is taken.

use super::super::super::error::Failure;
use crate::document::{Document, Kind};
use crate::rules::{self, Issue, Options, Profile, Severity};
use crate::{Error, Result};

/// How many findings a refusal tells of.
const MAX_TOLD: usize = 3;

/// What manifests must be to be taken. Refused in any case is what two readers could take for two things
/// ([CVE-2021-41190](https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh)), what is no strict JSON, and
/// what is no manifest: only OCI's image manifests, indexes and artifact manifests are, and Docker's manifests and lists of schema 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validation {
    /// No more than that, and that what they name can be read: whatever the specification has registries take.
    #[default]
    Structural,
    /// Valid by the rules of a profile, too.
    Profile(Profile),
}

/// The document that bytes are, if it is one that is taken.
///
/// # Errors
/// 400 `MANIFEST_INVALID`, which says what is wrong where.
pub(super) fn accepted(
    bytes: &[u8],
    media_type: Option<&str>,
    validation: Validation,
    readable: impl Fn(&Document) -> Result<()>,
) -> Result<Document, Failure> {
    let mut options = Options::default().with_digest(String::new());
    options.media_type = media_type.map(str::to_owned);
    let document = Document::parse(bytes.to_vec(), media_type);
    let read = document.and_then(|document| readable(&document).map(|()| document));
    let document = match read {
        Ok(document) => document,
        Err(error) => return Err(refused(bytes, &options, &error)),
    };
    let known = matches!(document.kind(), Kind::ArtifactManifest)
        || document.kind().is_manifest()
        || document.kind().is_index();
    if !known {
        let media_type = document.media_type().unwrap_or_default();
        let message = ["not the media type of a manifest: ", media_type].concat();
        return Err(invalid(message));
    }
    if let Validation::Profile(profile) = validation {
        options.profile = profile;
    }
    let is_refused = |issue: &Issue| {
        issue.severity == Severity::Error
            && (validation != Validation::Structural || issue.rule.starts_with("ambiguity."))
    };
    if rules::is_valid(bytes, &options) {
        return Ok(document);
    }
    match refusal(bytes, &options, is_refused) {
        Some(message) => Err(invalid(message)),
        None => Ok(document),
    }
}

pub(super) fn invalid(message: String) -> Failure {
    Failure::new(400, "MANIFEST_INVALID", message)
}

/// The refusal of what has this error.
fn refused(bytes: &[u8], options: &Options, error: &Error) -> Failure {
    let place = error.position();
    // Whatever else there is to find, is not what it is refused for.
    let is_there = |issue: &Issue| {
        issue.severity == Severity::Error
            && place.is_none_or(|place| (issue.line, issue.column) == (place.line, place.column))
    };
    let message = refusal(bytes, options, is_there).unwrap_or_else(|| {
        let mut message = error.message().to_owned();
        if let Some(place) = place {
            push_place(&mut message, place.line, place.column);
        }
        message
    });
    invalid(message)
}

/// The first of those findings that a document is refused for; [`None`] if there are none.
fn refusal(bytes: &[u8], options: &Options, is_told: impl Fn(&Issue) -> bool) -> Option<String> {
    let report = rules::validate(bytes, options);
    let mut told = report.issues.iter().filter(|issue| is_told(issue));
    let mut message = String::new();
    for issue in told.by_ref().take(MAX_TOLD) {
        if !message.is_empty() {
            message.push_str("; ");
        }
        message.push_str(issue.message);
        if !issue.pointer.is_empty() {
            message.push_str(": ");
            message.push_str(&issue.pointer);
        }
        push_place(&mut message, issue.line, issue.column);
    }
    if told.next().is_some() {
        message.push_str("; and more");
    }
    Some(message).filter(|message| !message.is_empty())
}

fn push_place(message: &mut String, line: u32, column: u32) {
    message.push_str(" (line ");
    message.push_str(&line.to_string());
    message.push_str(", column ");
    message.push_str(&column.to_string());
    message.push(')');
}
