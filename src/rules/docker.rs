//! Docker's image manifest version 2, schema 2, and its manifest list.

use crate::json::Value;

use super::descriptor::Role;
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, rules};
use super::{Declared, descriptor, envelope};

const MANIFEST: &str = "https://distribution.github.io/distribution/spec/manifest-v2-2/#image-manifest-field-descriptions";
const LIST: &str = "https://distribution.github.io/distribution/spec/manifest-v2-2/#manifest-list-field-descriptions";

rules! {
    TYPE = Rule::error("docker.property.type", "a Docker manifest's properties must have the specified types", MANIFEST);
    SCHEMA_VERSION_REQUIRED = Rule::error("docker.schema-version.required", "a Docker manifest or manifest list must have a schemaVersion", MANIFEST);
    SCHEMA_VERSION = Rule::error("docker.schema-version.value", "schemaVersion must be 2", MANIFEST);
    // Docker's own readers take a document without it for one of OCI, or refuse it.
    MEDIA_TYPE_REQUIRED = Rule::error("docker.media-type.required", "a Docker manifest or manifest list must have a mediaType", MANIFEST);
    MEDIA_TYPE_GRAMMAR = Rule::error("docker.media-type.grammar", "mediaType must be that of a Docker manifest or manifest list", MANIFEST);
    CONFIG_REQUIRED = Rule::error("docker.config.required", "a Docker manifest must have a config", MANIFEST);
    LAYERS_REQUIRED = Rule::error("docker.layers.required", "a Docker manifest must have layers", MANIFEST);
    MANIFESTS_REQUIRED = Rule::error("docker.manifests.required", "a Docker manifest list must have manifests", LIST);
    PLATFORM_REQUIRED = Rule::error("docker.platform.required", "each entry of a Docker manifest list must have a platform", LIST);
}

static MANIFEST_PROPERTIES: Properties<7> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("schemaVersion", Expect::Integer, SCHEMA_VERSION_REQUIRED),
        Property::optional("mediaType", Expect::String),
        Property::required("config", Expect::Descriptor, CONFIG_REQUIRED),
        Property::required("layers", Expect::Array, LAYERS_REQUIRED),
        // Properties of other documents: see `ambiguity`.
        Property::optional("manifests", Expect::Any),
        Property::optional("fsLayers", Expect::Any),
        Property::optional("history", Expect::Any),
    ],
};

static LIST_PROPERTIES: Properties<7> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("schemaVersion", Expect::Integer, SCHEMA_VERSION_REQUIRED),
        Property::optional("mediaType", Expect::String),
        Property::required("manifests", Expect::Array, MANIFESTS_REQUIRED),
        // Properties of other documents: see `ambiguity`.
        Property::optional("config", Expect::Any),
        Property::optional("layers", Expect::Any),
        Property::optional("fsLayers", Expect::Any),
        Property::optional("history", Expect::Any),
    ],
};

static ENVELOPE: envelope::Rules = envelope::Rules {
    schema_version: SCHEMA_VERSION,
    media_type_missing: MEDIA_TYPE_REQUIRED,
    media_type_grammar: MEDIA_TYPE_GRAMMAR,
    // A document is Docker's because its declared or its own media type says so, so no other rule is left to break.
    media_type: MEDIA_TYPE_GRAMMAR,
};

pub(super) fn manifest(findings: &mut Findings, root: Value<'_>, declared: Declared) {
    let [schema_version, media_type, config, layers, ..] =
        findings.properties(root, &MANIFEST_PROPERTIES);
    envelope::check(
        findings,
        root,
        schema_version,
        media_type,
        &ENVELOPE,
        declared,
    );
    if let Some(config) = config {
        descriptor::check(findings, config, Role::Part);
    }
    for layer in layers.into_iter().flat_map(Value::elements) {
        descriptor::check(findings, layer, Role::Part);
    }
}

pub(super) fn list(findings: &mut Findings, root: Value<'_>, declared: Declared) {
    let [schema_version, media_type, manifests, ..] = findings.properties(root, &LIST_PROPERTIES);
    envelope::check(
        findings,
        root,
        schema_version,
        media_type,
        &ENVELOPE,
        declared,
    );
    for manifest in manifests.into_iter().flat_map(Value::elements) {
        let seen = descriptor::check(findings, manifest, Role::DockerEntry);
        if seen.is_some_and(|seen| !seen.has_platform()) {
            findings.add(PLATFORM_REQUIRED, manifest);
        }
    }
}
