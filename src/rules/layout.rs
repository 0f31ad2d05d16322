//! The file `oci-layout` of an image layout.

use crate::json::Value;

use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const LAYOUT: &str = image_spec!("image-layout.md#oci-layout-file");

rules! {
    TYPE = Rule::error("layout.property.type", "imageLayoutVersion must be a string", LAYOUT);
    VERSION_REQUIRED = Rule::error("layout.version.required", "the file oci-layout must have an imageLayoutVersion", LAYOUT);
    VERSION = Rule::error("layout.version.value", "imageLayoutVersion must be 1.0.0", LAYOUT);
}

static PROPERTIES: Properties<1> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [Property::required(
        "imageLayoutVersion",
        Expect::String,
        VERSION_REQUIRED,
    )],
};

pub(super) fn check(findings: &mut Findings, root: Value<'_>) {
    let [version] = findings.properties(root, &PROPERTIES);
    if let Some(version) = version
        && !version.is_str("1.0.0")
    {
        findings.add(VERSION, version);
    }
}
