//! Descriptors and their annotations, wherever they stand.

use crate::json::Value;

use super::grammar::{self, DigestFault};
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{Profile, platform};

const PROPERTIES: &str = image_spec!("descriptor.md#properties");
const DIGESTS: &str = image_spec!("descriptor.md#digests");
const ALGORITHMS: &str = image_spec!("descriptor.md#registered-algorithms");
const ANNOTATIONS: &str = image_spec!("annotations.md#rules");

rules! {
    OBJECT = Rule::error("descriptor.object", "a descriptor must be an object", PROPERTIES);
    TYPE = Rule::error("descriptor.property.type", "a descriptor's properties must have the specified types", PROPERTIES);
    MEDIA_TYPE_REQUIRED = Rule::error("descriptor.media-type.required", "a descriptor must have a mediaType", PROPERTIES);
    MEDIA_TYPE_GRAMMAR = Rule::error("descriptor.media-type.grammar", "mediaType must be type/subtype without parameters (RFC 6838, section 4.2)", PROPERTIES);
    DIGEST_REQUIRED = Rule::error("descriptor.digest.required", "a descriptor must have a digest", PROPERTIES);
    DIGEST_GRAMMAR = Rule::error("descriptor.digest.grammar", "digest must be algorithm:encoded", DIGESTS);
    DIGEST_ENCODING = Rule::error("descriptor.digest.encoding", "the digest must have the length of its algorithm, in lowercase hexadecimal", ALGORITHMS).beyond_schema();
    DIGEST_UNREGISTERED = Rule::warning("descriptor.digest.unregistered", "the digest's algorithm is not registered: not everyone can verify it", ALGORITHMS);
    SIZE_REQUIRED = Rule::error("descriptor.size.required", "a descriptor must have a size", PROPERTIES);
    SIZE_NEGATIVE = Rule::error("descriptor.size.negative", "size must not be negative", PROPERTIES).beyond_schema();
    SIZE_RANGE = Rule::error("descriptor.size.range", "size must be an integer of 64 bits, at most 2^63 - 1", PROPERTIES);
    SIZE_PRECISION = Rule::error("descriptor.size.precision", "size must be at most 2^53 - 1: JavaScript and others round what is larger", PROPERTIES).beyond_schema();
    URLS = Rule::error("descriptor.urls.grammar", "each of urls must be an absolute URI (RFC 3986)", PROPERTIES);
    ARTIFACT_TYPE = Rule::error("descriptor.artifact-type.grammar", "artifactType must be type/subtype without parameters (RFC 6838, section 4.2)", PROPERTIES);
    ANNOTATION_TYPE = Rule::error("annotations.value.type", "the value of an annotation must be a string", ANNOTATIONS);
    // The official schema has a pattern for keys that the empty one does not match.
    ANNOTATION_EMPTY_KEY = Rule::error("annotations.empty-key.type", "the value of an annotation must be a string, under the empty key too", ANNOTATIONS).beyond_schema();
}

static DESCRIPTOR: Properties<8> = Properties {
    types: &TYPE,
    nulls: Nulls::Suspect,
    list: [
        Property::required("mediaType", Expect::String, &MEDIA_TYPE_REQUIRED),
        Property::required("digest", Expect::String, &DIGEST_REQUIRED),
        Property::required("size", Expect::Integer, &SIZE_REQUIRED),
        Property::optional("urls", Expect::Strings),
        Property::optional("annotations", Expect::Object),
        Property::optional("data", Expect::String),
        Property::optional("artifactType", Expect::String),
        Property::optional("platform", Expect::Object),
    ],
};

/// What the rules of other objects need to know of a descriptor.
pub(super) struct Seen<'a> {
    pub(super) media_type: Option<Value<'a>>,
    pub(super) has_platform: bool,
}

/// Checks a descriptor.
pub(super) fn check<'a>(findings: &mut Findings, value: Value<'a>) -> Seen<'a> {
    if !value.is_object() {
        findings.add(&OBJECT, value);
        // What it lacks is not worth a finding of its own.
        return Seen {
            media_type: None,
            has_platform: true,
        };
    }
    let [
        media_type,
        digest,
        size,
        urls,
        annotations,
        _,
        artifact_type,
        platform,
    ] = findings.properties(value, &DESCRIPTOR);
    if let Some(media_type) = media_type {
        self::media_type(findings, media_type, &MEDIA_TYPE_GRAMMAR);
    }
    if let Some(digest) = digest {
        self::digest(
            findings,
            digest,
            [&DIGEST_GRAMMAR, &DIGEST_ENCODING, &DIGEST_UNREGISTERED],
        );
    }
    if let Some(size) = size {
        self::size(findings, size);
    }
    for url in urls.into_iter().flat_map(Value::elements) {
        if !grammar::is_absolute_uri(&url.as_str().unwrap_or_default()) {
            findings.add(&URLS, url);
        }
    }
    if let Some(annotations) = annotations {
        self::annotations(findings, annotations);
    }
    if let Some(artifact_type) = artifact_type {
        self::media_type(findings, artifact_type, &ARTIFACT_TYPE);
    }
    if let Some(platform) = platform {
        platform::check(findings, platform);
    }
    // A platform of another type was reported as such; it is not missing.
    let has_platform = platform.is_some()
        || value
            .get("platform")
            .is_some_and(|platform| !platform.is_null());
    Seen {
        media_type,
        has_platform,
    }
}

/// Checks that a string is a media type. Says whether it is.
pub(super) fn media_type(findings: &mut Findings, value: Value<'_>, rule: &'static Rule) -> bool {
    let right = grammar::is_media_type(&value.as_str().unwrap_or_default());
    if !right {
        findings.add(rule, value);
    }
    right
}

/// Checks that a string is a digest, against the rules for its grammar, its encoding and its algorithm.
pub(super) fn digest(findings: &mut Findings, value: Value<'_>, rules: [&'static Rule; 3]) {
    let [grammar, encoding, unregistered] = rules;
    let blake3_registered = findings.profile == Profile::Dev;
    match grammar::digest_fault(&value.as_str().unwrap_or_default(), blake3_registered) {
        None => {}
        Some(DigestFault::Grammar) => findings.add(grammar, value),
        Some(DigestFault::Encoding) => findings.add(encoding, value),
        Some(DigestFault::Unregistered) => findings.add(unregistered, value),
    }
}

fn size(findings: &mut Findings, value: Value<'_>) {
    let rule = match value.as_i64() {
        None => &SIZE_RANGE,
        Some(..0) => &SIZE_NEGATIVE,
        Some(_) if value.is_unsafe_integer() => &SIZE_PRECISION,
        Some(_) => return,
    };
    findings.add(rule, value);
}

/// Checks a map of annotations, or of labels, which follow the same rules.
pub(super) fn annotations(findings: &mut Findings, map: Value<'_>) {
    for (key, value) in map.entries() {
        if Expect::String.mismatch(value).is_some() {
            findings.add(
                if key.is_str("") {
                    &ANNOTATION_EMPTY_KEY
                } else {
                    &ANNOTATION_TYPE
                },
                value,
            );
        }
    }
}
