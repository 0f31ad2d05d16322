//! The OCI image manifest.

use crate::json::Value;
use crate::media_type::{MediaTypeClass, known};

use super::annotations::{self, Place};
use super::descriptor::{Role, has};
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{Declared, descriptor, envelope};

const MANIFEST: &str = image_spec!("manifest.md#image-manifest-property-descriptions");
const ARTIFACT_USAGE: &str = image_spec!("manifest.md#guidelines-for-artifact-usage");
const EMPTY_DESCRIPTOR: &str = image_spec!("manifest.md#guidance-for-an-empty-descriptor");

rules! {
    TYPE = Rule::error("manifest.property.type", "an image manifest's properties must have the specified types", MANIFEST);
    SCHEMA_VERSION_REQUIRED = Rule::error("manifest.schema-version.required", "an image manifest must have a schemaVersion", MANIFEST);
    SCHEMA_VERSION = Rule::error("manifest.schema-version.value", "schemaVersion must be 2", MANIFEST);
    MEDIA_TYPE_MISSING = Rule::warning("manifest.media-type.missing", "an image manifest should have a mediaType", MANIFEST);
    MEDIA_TYPE_GRAMMAR = Rule::error("manifest.media-type.grammar", "mediaType must be type/subtype without parameters (RFC 6838, section 4.2)", MANIFEST);
    MEDIA_TYPE = Rule::error("manifest.media-type.value", "mediaType must be application/vnd.oci.image.manifest.v1+json", MANIFEST).beyond_schema();
    CONFIG_REQUIRED = Rule::error("manifest.config.required", "an image manifest must have a config", MANIFEST);
    LAYERS_REQUIRED = Rule::error("manifest.layers.required", "an image manifest must have layers", MANIFEST);
    LAYERS_EMPTY = Rule::warning("manifest.layers.empty", "layers should have at least one entry", MANIFEST).schema_demands();
    ARTIFACT_TYPE_GRAMMAR = Rule::error("manifest.artifact-type.grammar", "artifactType must be type/subtype without parameters (RFC 6838, section 4.2)", MANIFEST);
    ARTIFACT_TYPE_REQUIRED = Rule::error("manifest.artifact-type.required", "artifactType must be set where config is the empty descriptor", EMPTY_DESCRIPTOR).beyond_schema();
    LAYER_MEDIA_TYPE = Rule::warning("manifest.layers.media-type", "the layers of a container image should have a media type that the specification lists", MANIFEST);
    LAYERS_SIZE = Rule::error("manifest.layers.total-size", "the sizes of config and layers must add up to no more than 2^63 - 1", MANIFEST).beyond_schema();
    ARTIFACT_EMPTY = Rule::warning("manifest.layers.artifact-empty", "at least one layer of an artifact should have a size other than zero", ARTIFACT_USAGE);
}

static PROPERTIES: Properties<10> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("schemaVersion", Expect::Integer, SCHEMA_VERSION_REQUIRED),
        Property::optional("mediaType", Expect::String),
        Property::optional("artifactType", Expect::String),
        Property::required("config", Expect::Descriptor, CONFIG_REQUIRED),
        Property::required("layers", Expect::Array, LAYERS_REQUIRED),
        Property::optional("subject", Expect::Descriptor),
        Property::optional("annotations", Expect::Object),
        // Properties of other documents: see `ambiguity`.
        Property::optional("manifests", Expect::Any),
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
        config,
        layers,
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
        descriptor::media_type(findings, artifact_type, ARTIFACT_TYPE_GRAMMAR);
    }
    let config = config.and_then(|config| descriptor::check(findings, config, Role::Part));
    if let Some(config) = &config
        && config.class == MediaTypeClass::Empty
        && !has(root, "artifactType")
    {
        findings.add(ARTIFACT_TYPE_REQUIRED, root);
    }
    if let Some(layers) = layers {
        let is_artifact = has(root, "artifactType")
            || config
                .as_ref()
                .is_some_and(|config| config.class != MediaTypeClass::Config);
        self::layers(findings, layers, config, is_artifact);
    }
    if let Some(subject) = subject {
        descriptor::check(findings, subject, Role::Subject);
    }
    if let Some(annotations) = annotations {
        annotations::check(findings, annotations, Place::Elsewhere);
    }
}

fn layers(
    findings: &mut Findings,
    layers: Value<'_>,
    config: Option<descriptor::Seen<'_>>,
    artifact: bool,
) {
    let of_image = config.as_ref().is_some_and(|config| {
        let media_type = config.media_type;
        media_type.is_some_and(|media_type| media_type.is_str(known::OCI_IMAGE_CONFIG))
    });
    let mut total = config.and_then(|config| config.size).unwrap_or_default();
    let (mut empty, mut zero) = (true, true);
    for layer in layers.elements() {
        empty = false;
        let Some(seen) = descriptor::check(findings, layer, Role::Part) else {
            continue;
        };
        if let Some(media_type) = seen.media_type
            && of_image
            && !is_of_image(seen.class, media_type)
        {
            findings.add(LAYER_MEDIA_TYPE, media_type);
        }
        zero &= seen.size == Some(0);
        total = total.saturating_add(seen.size.unwrap_or_default());
    }
    if empty {
        findings.add(LAYERS_EMPTY, layers);
    } else if zero && artifact {
        findings.add(ARTIFACT_EMPTY, layers);
    }
    if total > i64::MAX as u64 {
        findings.add(LAYERS_SIZE, layers);
    }
}

/// Whether a layer of this type is one that readers of images know. Encrypted ones are known to those who have the key.
fn is_of_image(class: MediaTypeClass, media_type: Value<'_>) -> bool {
    let is_encrypted = || {
        let name = media_type.as_str().unwrap_or_default();
        name.ends_with("+encrypted")
    };
    matches!(
        class,
        MediaTypeClass::Layer | MediaTypeClass::NondistributableLayer
    ) || is_encrypted()
}
