//! What manifests and indexes, of OCI and of Docker, say of themselves: `schemaVersion` and `mediaType`.

use crate::document::Kind;
use crate::json::Value;

use super::report::Findings;
use super::rule::Rule;
use super::{Declared, Profile, descriptor};

/// The rules of one kind of document on its envelope.
pub(super) struct Rules {
    pub(super) schema_version: Rule,
    pub(super) media_type_missing: Rule,
    pub(super) media_type_grammar: Rule,
    pub(super) media_type: Rule,
}

/// Checks `schemaVersion` and `mediaType`, as [`Findings::properties`] gave them.
pub(super) fn check(
    findings: &mut Findings,
    root: Value<'_>,
    schema_version: Option<Value<'_>>,
    media_type: Option<Value<'_>>,
    rules: &Rules,
    declared: Declared,
) {
    if let Some(version) = schema_version {
        match version.as_u64() {
            Some(2) => {}
            // Version 1 has a rule of its own, which the official schema does not know: see `ambiguity.schema1`.
            Some(1) if findings.profile != Profile::Schema => {}
            _ => findings.add(rules.schema_version, version),
        }
    }
    match media_type {
        Some(media_type) => {
            let well_formed =
                descriptor::media_type(findings, media_type, rules.media_type_grammar);
            // Most readers know no media type that is spelled otherwise, and take the document for whatever it looks like.
            let usable = media_type.as_str().is_some_and(|name| {
                Kind::of(&name).is_self_describing() && Kind::spelling(&name) == Some(&name)
            });
            // One that differs from the declared media type has a rule of its own: see `ambiguity.media-type`.
            if well_formed && !usable && declared == Declared::No {
                findings.add(rules.media_type, media_type);
            }
        }
        None if !descriptor::has(root, "mediaType") => findings.add(rules.media_type_missing, root),
        None => {}
    }
}
