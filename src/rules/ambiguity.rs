//! Documents that two readers take for two things (CVE-2021-41190). The specifications do not forbid them; their
//! advisories do, and every registry and client that was told refuses them.

use crate::document::{Clash, Detected};

use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const ADVISORY: &str =
    "https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh";
const CONTENT_TYPE: &str =
    "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests";

rules! {
    MEDIA_TYPE = Rule::error("ambiguity.media-type", "mediaType must be what the document is declared to be, by its Content-Type or its descriptor", CONTENT_TYPE).beyond_schema();
    SHAPE = Rule::error("ambiguity.shape", "a document without mediaType must not have properties of both a manifest and an index", ADVISORY).beyond_schema();
    MANIFEST = Rule::error("ambiguity.manifest", "a manifest must not have the property manifests", ADVISORY).beyond_schema();
    INDEX = Rule::error("ambiguity.index", "an index must not have the properties config or layers", ADVISORY).beyond_schema();
    ARTIFACT = Rule::error("ambiguity.artifact-manifest", "an artifact manifest must not have the properties config, layers or manifests", ADVISORY).beyond_schema();
    SCHEMA1 = Rule::error("ambiguity.schema1", "a document must not have properties of both Docker's schema 1 and another manifest or index", ADVISORY).beyond_schema();
    KEY_CASE = Rule::error("ambiguity.key-case", "a key must not differ from a specified one only in case: some readers take it for that one", ADVISORY).beyond_schema();
    NULL = Rule::warning("ambiguity.null", "a property should not be null, which some readers take for absent and others refuse: leave it out", image_spec!("considerations.md#extensibility"));
}

/// Reports the clashes that were found with what the document is.
pub(super) fn check(findings: &mut Findings, detected: &Detected<'_>) {
    for (clash, at) in &detected.clashes {
        let rule = match clash {
            Clash::DeclaredMediaType => MEDIA_TYPE,
            // A rule of the document's kind: see `manifest.media-type.value`.
            Clash::UnknownMediaType => continue,
            Clash::BothShapes => SHAPE,
            Clash::ManifestWithManifests => MANIFEST,
            Clash::IndexWithLayers => INDEX,
            Clash::ArtifactWithLayers => ARTIFACT,
            Clash::Schema1 => SCHEMA1,
        };
        findings.add(rule, *at);
    }
}
