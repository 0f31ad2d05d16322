//! The platform of a descriptor.

use crate::json::Value;

use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const INDEX: &str = image_spec!("image-index.md#image-index-property-descriptions");

rules! {
    TYPE = Rule::error("platform.property.type", "a platform's properties must have the specified types", INDEX);
    ARCHITECTURE_REQUIRED = Rule::error("platform.architecture.required", "a platform must have an architecture", INDEX);
    OS_REQUIRED = Rule::error("platform.os.required", "a platform must have an os", INDEX);
}

static PLATFORM: Properties<6> = Properties {
    types: &TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("architecture", Expect::String, &ARCHITECTURE_REQUIRED),
        Property::required("os", Expect::String, &OS_REQUIRED),
        Property::optional("os.version", Expect::String),
        Property::optional("os.features", Expect::Strings),
        Property::optional("variant", Expect::String),
        Property::optional("features", Expect::Strings),
    ],
};

pub(super) fn check(findings: &mut Findings, platform: Value<'_>) {
    findings.properties(platform, &PLATFORM);
}
