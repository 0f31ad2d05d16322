//! The platform of a descriptor, and that of a configuration.

use crate::json::Value;
use crate::platform::known;

use super::Profile;
use super::descriptor::Role;
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const INDEX: &str = image_spec!("image-index.md#image-index-property-descriptions");
const VARIANTS: &str = image_spec!("image-index.md#platform-variants");

rules! {
    TYPE = Rule::error("platform.property.type", "a platform's properties must have the specified types", INDEX);
    ARCHITECTURE_REQUIRED = Rule::error("platform.architecture.required", "a platform must have an architecture", INDEX);
    OS_REQUIRED = Rule::error("platform.os.required", "a platform must have an os", INDEX);
    OS = Rule::warning("platform.os.unknown", "os should be a value of Go's GOOS, such as linux", INDEX);
    ARCHITECTURE = Rule::warning("platform.architecture.unknown", "architecture should be a value of Go's GOARCH, such as arm64", INDEX);
    VARIANT = Rule::warning("platform.variant.unknown", "variant should be one that is listed for the architecture", VARIANTS);
    OS_FEATURES = Rule::warning("platform.os-features.unknown", "os.features should hold only win32k for windows", INDEX);
    FEATURES = Rule::warning("platform.features.reserved", "features should be left out: it is reserved for future specifications", INDEX);
}

static PLATFORM: Properties<6> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("architecture", Expect::String, ARCHITECTURE_REQUIRED),
        Property::required("os", Expect::String, OS_REQUIRED),
        Property::optional("variant", Expect::String),
        Property::optional("os.features", Expect::Strings),
        Property::optional("os.version", Expect::String),
        Property::optional("features", Expect::Any),
    ],
};

/// What the official validator knows of a platform that is not in an entry of an index: types, and those without `null`.
static ELSEWHERE: Properties<5> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::nullable("architecture", Expect::String),
        Property::nullable("os", Expect::String),
        Property::nullable("variant", Expect::String),
        Property::nullable("os.features", Expect::Strings),
        Property::nullable("os.version", Expect::String),
    ],
};

/// What a platform says, as far as it could be read.
pub(super) struct Parts<'a> {
    pub(super) os: Option<Value<'a>>,
    pub(super) architecture: Option<Value<'a>>,
    pub(super) variant: Option<Value<'a>>,
    pub(super) os_features: Option<Value<'a>>,
}

/// Checks the platform of a descriptor.
pub(super) fn check(findings: &mut Findings, platform: Value<'_>, role: Role) {
    let entry = matches!(role, Role::Entry | Role::DockerEntry);
    if findings.profile == Profile::Schema && !entry {
        findings.properties(platform, &ELSEWHERE);
        return;
    }
    let [architecture, os, variant, os_features, _, features] =
        findings.properties(platform, &PLATFORM);
    // Docker has a meaning for them: what the processor must offer.
    if let Some(features) = features
        && role != Role::DockerEntry
    {
        findings.add(FEATURES, features);
    }
    let parts = Parts {
        os,
        architecture,
        variant,
        os_features,
    };
    values(findings, &parts);
}

/// Checks the values of a platform. `unknown/unknown` is how builders mark what is no image at all, such as attestations.
pub(super) fn values(findings: &mut Findings, parts: &Parts<'_>) {
    let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).map(String::from);
    let os = text(parts.os);
    let architecture = text(parts.architecture);
    if let (Some("unknown"), Some("unknown")) = (os.as_deref(), architecture.as_deref()) {
        return;
    }
    let mut list = |right: bool, rule, value: Option<Value<'_>>| {
        if let (false, Some(value)) = (right, value) {
            findings.add(rule, value);
        }
    };
    let known = os.as_deref().is_none_or(known::is_operating_system);
    list(known, OS, parts.os);
    let known = architecture.as_deref().is_none_or(known::is_architecture);
    list(known, ARCHITECTURE, parts.architecture);
    if let Some(variant) = parts.variant {
        let name = variant.as_str().unwrap_or_default();
        let architecture = architecture.as_deref().unwrap_or_default();
        // Several tools write an empty one for none.
        let known = name.is_empty() || known::is_variant(architecture, &name);
        list(known, VARIANT, Some(variant));
    }
    if os.as_deref() == Some("windows") {
        for feature in parts.os_features.into_iter().flat_map(Value::elements) {
            list(feature.is_str("win32k"), OS_FEATURES, Some(feature));
        }
    }
}
