//! The OCI image index.

use crate::json::Value;
use crate::media_type::MediaTypeClass;

use super::annotations::{self, Place};
use super::descriptor::Role;
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{Declared, descriptor, envelope};

const INDEX: &str = image_spec!("image-index.md#image-index-property-descriptions");
const DESCRIPTOR: &str = image_spec!("descriptor.md#properties");

rules! {
    TYPE = Rule::error("index.property.type", "an image index's properties must have the specified types", INDEX);
    SCHEMA_VERSION_REQUIRED = Rule::error("index.schema-version.required", "an image index must have a schemaVersion", INDEX);
    SCHEMA_VERSION = Rule::error("index.schema-version.value", "schemaVersion must be 2", INDEX);
    MEDIA_TYPE_MISSING = Rule::warning("index.media-type.missing", "an image index should have a mediaType", INDEX);
    MEDIA_TYPE_GRAMMAR = Rule::error("index.media-type.grammar", "mediaType must be type/subtype without parameters (RFC 6838, section 4.2)", INDEX);
    MEDIA_TYPE = Rule::error("index.media-type.value", "mediaType must be application/vnd.oci.image.index.v1+json", INDEX).beyond_schema();
    MANIFESTS_REQUIRED = Rule::error("index.manifests.required", "an image index must have manifests, even if empty", INDEX);
    ENTRY_MEDIA_TYPE = Rule::warning("index.manifests.media-type", "the entries of an index should be manifests or indexes", INDEX);
    PLATFORM_MISSING = Rule::warning("index.platform.missing", "an image in an index should have a platform", DESCRIPTOR);
    ARTIFACT_TYPE = Rule::error("index.artifact-type.grammar", "artifactType must be type/subtype without parameters (RFC 6838, section 4.2)", INDEX);
}

static PROPERTIES: Properties<10> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("schemaVersion", Expect::Integer, SCHEMA_VERSION_REQUIRED),
        Property::optional("mediaType", Expect::String),
        Property::optional("artifactType", Expect::String),
        Property::required("manifests", Expect::Array, MANIFESTS_REQUIRED),
        Property::optional("subject", Expect::Descriptor),
        Property::optional("annotations", Expect::Object),
        // Properties of other documents: see `ambiguity`.
        Property::optional("config", Expect::Any),
        Property::optional("layers", Expect::Any),
        Property::optional("fsLayers", Expect::Any),
        Property::optional("history", Expect::Any),
    ],
};

static ENVELOPE: envelope::Rules = envelope::Rules {
    schema_version: SCHEMA_VERSION,
    media_type_missing: MEDIA_TYPE_MISSING,
    media_type_grammar: MEDIA_TYPE_GRAMMAR,
    media_type: MEDIA_TYPE,
};

pub(super) fn check(findings: &mut Findings, root: Value<'_>, declared: Declared) {
    let [
        schema_version,
        media_type,
        artifact_type,
        manifests,
        subject,
        annotations,
        ..,
    ] = findings.properties(root, &PROPERTIES);
    envelope::check(
        findings,
        root,
        schema_version,
        media_type,
        &ENVELOPE,
        declared,
    );
    if let Some(artifact_type) = artifact_type {
        descriptor::media_type(findings, artifact_type, ARTIFACT_TYPE);
    }
    for manifest in manifests.into_iter().flat_map(Value::elements) {
        entry(findings, manifest);
    }
    if let Some(subject) = subject {
        descriptor::check(findings, subject, Role::Subject);
    }
    if let Some(annotations) = annotations {
        annotations::check(findings, annotations, Place::Elsewhere);
    }
}

fn entry(findings: &mut Findings, entry: Value<'_>) {
    let Some(seen) = descriptor::check(findings, entry, Role::Entry) else {
        return;
    };
    match (seen.class, seen.media_type) {
        (MediaTypeClass::ImageManifest, _) => {
            // An artifact runs on no platform, and a name tells the images of a layout apart.
            let named = seen
                .annotations
                .is_some_and(|annotations| annotations.get(REF_NAME).is_some());
            if !seen.has_platform() && !seen.artifact_type && !named {
                findings.add(PLATFORM_MISSING, entry);
            }
        }
        (MediaTypeClass::Index, _) | (_, None) => {}
        (_, Some(media_type)) => findings.add(ENTRY_MEDIA_TYPE, media_type),
    }
}

const REF_NAME: &str = "org.opencontainers.image.ref.name";
