//! Descriptors, wherever they stand.

use crate::json::Value;
use crate::media_type::{MediaTypeClass, specified};

use super::annotations::{self, Place};
use super::grammar::{self, DigestFault, UriFault};
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{Profile, data, platform};

const PROPERTIES: &str = image_spec!("descriptor.md#properties");
const DIGESTS: &str = image_spec!("descriptor.md#digests");
const ALGORITHMS: &str = image_spec!("descriptor.md#registered-algorithms");
const EMPTY_DESCRIPTOR: &str = image_spec!("manifest.md#guidance-for-an-empty-descriptor");
const MEDIA_TYPES: &str = image_spec!("media-types.md");
const NONDISTRIBUTABLE: &str = image_spec!("layer.md#non-distributable-layers");

rules! {
    OBJECT = Rule::error("descriptor.object", "a descriptor must be an object", PROPERTIES);
    TYPE = Rule::error("descriptor.property.type", "a descriptor's properties must have the specified types", PROPERTIES);
    MEDIA_TYPE_REQUIRED = Rule::error("descriptor.media-type.required", "a descriptor must have a mediaType", PROPERTIES);
    MEDIA_TYPE_GRAMMAR = Rule::error("descriptor.media-type.grammar", "mediaType must be type/subtype without parameters (RFC 6838, section 4.2)", PROPERTIES);
    DIGEST_REQUIRED = Rule::error("descriptor.digest.required", "a descriptor must have a digest", PROPERTIES);
    DIGEST_GRAMMAR = Rule::error("descriptor.digest.grammar", "digest must be algorithm:encoded", DIGESTS);
    DIGEST_ENCODING = Rule::error("descriptor.digest.encoding", "the digest must have the length of its algorithm, in lowercase hexadecimal", ALGORITHMS).beyond_schema();
    DIGEST_UNREGISTERED = Rule::warning("descriptor.digest.unregistered", "the digest's algorithm should be a registered one: not everyone can verify others", ALGORITHMS);
    SIZE_REQUIRED = Rule::error("descriptor.size.required", "a descriptor must have a size", PROPERTIES);
    SIZE_NEGATIVE = Rule::error("descriptor.size.negative", "size must not be negative", PROPERTIES).beyond_schema();
    SIZE_RANGE = Rule::error("descriptor.size.range", "size must be an integer of 64 bits, at most 2^63 - 1", PROPERTIES);
    SIZE_PRECISION = Rule::error("descriptor.size.precision", "size must be at most 2^53 - 1: JavaScript and others round larger ones", PROPERTIES).beyond_schema();
    URLS_GRAMMAR = Rule::error("descriptor.urls.grammar", "each entry of urls must be an absolute URI (RFC 3986)", PROPERTIES);
    ARTIFACT_TYPE = Rule::error("descriptor.artifact-type.grammar", "artifactType must be type/subtype without parameters (RFC 6838, section 4.2)", PROPERTIES);
    URLS_SCHEME = Rule::warning("descriptor.urls.scheme", "urls should use the schemes http and https", PROPERTIES);
    URLS_CREDENTIALS = Rule::warning("descriptor.urls.credentials", "urls should not hold credentials: everyone who may read the document may read them", PROPERTIES);
    EMPTY = Rule::warning("descriptor.empty.value", "the empty descriptor should have the size (2) and the digest of an empty JSON object", EMPTY_DESCRIPTOR);
    MEDIA_TYPE_CASE = Rule::warning("descriptor.media-type.case", "a specified media type should be in its specified case: some readers know no other", MEDIA_TYPES);
    DEPRECATED = Rule::warning("descriptor.media-type.nondistributable", "non-distributable layers should not be used: they are deprecated", NONDISTRIBUTABLE);
    SUBJECT = Rule::warning("descriptor.subject.media-type", "a subject should be a manifest or an index", image_spec!("manifest.md#image-manifest-property-descriptions"));
}

static DESCRIPTOR: Properties<8> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        MEDIA_TYPE,
        DIGEST,
        SIZE,
        URLS,
        ANNOTATIONS,
        Property::optional("data", Expect::String),
        Property::optional("artifactType", Expect::String),
        // Only of an index's entries does the official schema know it; its validator takes `null` elsewhere.
        Property::nullable("platform", Expect::Object),
    ],
};

/// An entry of an index, of which the official schema does not know all properties.
static ENTRY: Properties<8> = Properties {
    types: TYPE,
    nulls: Nulls::Suspect,
    list: [
        MEDIA_TYPE,
        DIGEST,
        SIZE,
        URLS,
        ANNOTATIONS,
        Property::nullable("data", Expect::String),
        Property::nullable("artifactType", Expect::String),
        Property::optional("platform", Expect::Object),
    ],
};

const MEDIA_TYPE: Property = Property::required("mediaType", Expect::String, MEDIA_TYPE_REQUIRED);
const DIGEST: Property = Property::required("digest", Expect::String, DIGEST_REQUIRED);
const SIZE: Property = Property::required("size", Expect::Integer, SIZE_REQUIRED);
const URLS: Property = Property::optional("urls", Expect::Strings);
const ANNOTATIONS: Property = Property::optional("annotations", Expect::Object);

/// What a descriptor is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A document of its own.
    Alone,
    /// The `config` or a layer of a manifest.
    Part,
    /// One of the `manifests` of an index.
    Entry,
    /// One of the `manifests` of Docker's manifest list.
    DockerEntry,
    /// The `subject` of a manifest or index.
    Subject,
}

/// What the rules of other objects need to know of a descriptor.
pub(super) struct Seen<'a> {
    value: Value<'a>,
    pub(super) media_type: Option<Value<'a>>,
    pub(super) class: MediaTypeClass,
    /// In bytes; `None` where it could not be read.
    pub(super) size: Option<u64>,
    pub(super) annotations: Option<Value<'a>>,
    pub(super) artifact_type: bool,
}

impl Seen<'_> {
    /// Whether it has a platform. One of another type was reported as such; it is not missing.
    pub(super) fn has_platform(&self) -> bool {
        has(self.value, "platform")
    }
}

/// Checks a descriptor; gives what others need to know of it, if it is an object.
pub(super) fn check<'a>(findings: &mut Findings, value: Value<'a>, role: Role) -> Option<Seen<'a>> {
    if !value.is_object() {
        findings.add(OBJECT, value);
        return None;
    }
    let entry = matches!(role, Role::Entry | Role::DockerEntry);
    let properties = if entry { &ENTRY } else { &DESCRIPTOR };
    let [
        media_type,
        digest,
        size,
        urls,
        annotations,
        data,
        artifact_type,
        platform,
    ] = findings.properties(value, properties);
    if let Some(digest) = digest {
        if role == Role::Alone && findings.profile == Profile::Schema && is_wrong_alone(digest) {
            findings.add_with_schema(DIGEST_ENCODING, digest);
        } else {
            self::digest(
                findings,
                digest,
                [DIGEST_GRAMMAR, DIGEST_ENCODING, DIGEST_UNREGISTERED],
            );
        }
    }
    let size = size.and_then(|size| self::size(findings, size));
    if let Some(urls) = urls {
        for url in urls.elements() {
            self::url(findings, url);
        }
    }
    if let Some(annotations) = annotations {
        let place = if entry {
            Place::Entry
        } else {
            Place::Elsewhere
        };
        annotations::check(findings, annotations, place);
    }
    if let Some(artifact_type) = artifact_type
        && !is_media_type(artifact_type)
    {
        // Of an index's entries, the official schema does not know it.
        if entry {
            findings.add_beyond_schema(ARTIFACT_TYPE, artifact_type);
        } else {
            findings.add(ARTIFACT_TYPE, artifact_type);
        }
    }
    if let Some(platform) = platform {
        platform::check(findings, platform, role);
    }
    if let Some(data) = data {
        let claims = data::Claims {
            media_type,
            digest,
            size,
        };
        data::check(findings, data, &claims);
    }
    let class = media_type.map_or(MediaTypeClass::Unknown, |media_type| {
        classify(findings, media_type, role)
    });
    if class == MediaTypeClass::Empty {
        let right = digest.is_none_or(|digest| digest.is_str(EMPTY_DIGEST));
        if !right || size.is_some_and(|size| size != 2) {
            findings.add(EMPTY, value);
        }
    }
    Some(Seen {
        value,
        media_type,
        class,
        size,
        annotations,
        artifact_type: artifact_type.is_some(),
    })
}

/// The digest of `{}`.
const EMPTY_DIGEST: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// What the names of OCI's media types begin with.
const OCI: &str = "application/vnd.oci.";

/// Checks the media type of the content, and says what it stands for.
fn classify(findings: &mut Findings, media_type: Value<'_>, role: Role) -> MediaTypeClass {
    let name = media_type.as_str().unwrap_or_default();
    let Some((class, spelling)) = specified(&name) else {
        if self::media_type(findings, media_type, MEDIA_TYPE_GRAMMAR) && role == Role::Subject {
            findings.add(SUBJECT, media_type);
        }
        return MediaTypeClass::Unknown;
    };
    if spelling != name {
        findings.add(MEDIA_TYPE_CASE, media_type);
    }
    // Docker's are foreign, and not deprecated.
    if class == MediaTypeClass::NondistributableLayer && spelling.starts_with(OCI) {
        findings.add(DEPRECATED, media_type);
    }
    if role == Role::Subject
        && !matches!(class, MediaTypeClass::ImageManifest | MediaTypeClass::Index)
    {
        findings.add(SUBJECT, media_type);
    }
    class
}

/// Whether the property is there, be it of the wrong type.
pub(super) fn has(object: Value<'_>, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

fn url(findings: &mut Findings, url: Value<'_>) {
    let text = url.as_str().unwrap_or_default();
    match grammar::uri_fault(&text) {
        Some(UriFault::NotAbsolute) => return findings.add(URLS_GRAMMAR, url),
        // Go's `net/url` takes characters that no URI may have.
        Some(UriFault::Characters) => return findings.add_beyond_schema(URLS_GRAMMAR, url),
        None => {}
    }
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        findings.add(URLS_SCHEME, url);
    }
    let authority = rest.strip_prefix("//").unwrap_or_default();
    let authority = authority
        .split(&['/', '?', '#'][..])
        .next()
        .unwrap_or_default();
    if authority.contains('@') {
        findings.add(URLS_CREDENTIALS, url);
    }
}

fn is_media_type(value: Value<'_>) -> bool {
    grammar::is_media_type(&value.as_str().unwrap_or_default())
}

/// Checks that a string is a media type. Says whether it is.
pub(super) fn media_type(findings: &mut Findings, value: Value<'_>, rule: Rule) -> bool {
    let right = is_media_type(value);
    if !right {
        findings.add(rule, value);
    }
    right
}

/// Checks that a string is a digest, against the rules for its grammar, its encoding and its algorithm.
pub(super) fn digest(findings: &mut Findings, value: Value<'_>, rules: [Rule; 3]) {
    let [grammar, encoding, unregistered] = rules;
    let blake3_registered = findings.profile == Profile::Dev;
    match grammar::digest_fault(&value.as_str().unwrap_or_default(), blake3_registered) {
        None => {}
        Some(DigestFault::Grammar) => findings.add(grammar, value),
        Some(DigestFault::Encoding) => findings.add(encoding, value),
        Some(DigestFault::Unregistered) => findings.add(unregistered, value),
    }
}

/// Checks a size, and gives it where it is right.
fn size(findings: &mut Findings, value: Value<'_>) -> Option<u64> {
    let rule = match value.as_u64() {
        Some(size) if !value.is_unsafe_integer() => return Some(size),
        _ => match value.as_i64() {
            None => SIZE_RANGE,
            Some(..0) => SIZE_NEGATIVE,
            Some(_) => SIZE_PRECISION,
        },
    };
    findings.add(rule, value);
    None
}

/// Whether the official validator, which checks no more than the grammar elsewhere, refuses the digest of a descriptor that is a
/// document of its own.
fn is_wrong_alone(digest: Value<'_>) -> bool {
    let text = digest.as_str().unwrap_or_default();
    match text.split_once(':') {
        Some(("sha384", encoded)) => !grammar::is_hex(encoded, 96),
        _ => grammar::digest_fault(&text, false) == Some(DigestFault::Encoding),
    }
}
