//! Validation: documents against the rules of the specifications, every finding with its rule, place and source.
//!
//! ```
//! use pierhead::rules::{Options, validate};
//!
//! let report = validate(br#"{"imageLayoutVersion": "2.0.0"}"#, &Options::default());
//! assert!(!report.valid);
//! assert_eq!(report.issues[0].rule, "layout.version.value");
//! assert_eq!((report.issues[0].line, report.issues[0].column), (1, 24));
//! ```

mod ambiguity;
mod annotations;
mod config;
pub(crate) mod content;
mod data;
mod descriptor;
mod docker;
mod envelope;
mod expected;
mod grammar;
pub(crate) mod graph;
pub(crate) mod image_layout;
mod index;
mod json;
mod layout;
mod manifest;
mod platform;
mod profile;
mod properties;
mod report;
mod rule;
mod spdx;

use crate::digest::{Algorithm, Digest};
use crate::document::{Detected, Kind, Shape, essence};
use crate::json::{Limits, Tree, Value};

pub use expected::Expected;
pub use profile::Profile;
pub use report::{Issue, Report};
pub use rule::{Rule, Severity};

pub(crate) use report::Place;

use descriptor::Role;
use report::Findings;
use rule::{Definition, image_spec, rules};

const MEDIA_TYPES: &str = image_spec!("media-types.md");
const DEPRECATED: &str = "https://distribution.github.io/distribution/spec/deprecated-schema-v1/";
const ARTIFACT_USAGE: &str = image_spec!("manifest.md#guidelines-for-artifact-usage");
/// For rules that are nobody's but ours.
const SELF: &str = image_spec!("considerations.md#extensibility");

rules! {
    KIND = Rule::error("document.kind", "the document must say what it is, by mediaType or its properties, unless a media type is given", MEDIA_TYPES);
    UNSUPPORTED = Rule::warning("document.unsupported", "there are no rules for this media type: only its JSON was checked", MEDIA_TYPES);
    SCHEMA1 = Rule::error("document.docker-schema1", "Docker's schema 1 is deprecated, and registries no longer take it: convert the image", DEPRECATED);
    ARTIFACT = Rule::warning("document.artifact-manifest", "the artifact manifest was withdrawn before image specification 1.1: use an image manifest with artifactType", ARTIFACT_USAGE);
    OBJECT = Rule::error("document.object", "the document must be an object", MEDIA_TYPES);
}

/// The rules, module by module.
const TABLE: [&[Definition]; 16] = [
    json::RULES,
    RULES,
    ambiguity::RULES,
    descriptor::RULES,
    data::RULES,
    annotations::RULES,
    platform::RULES,
    manifest::RULES,
    index::RULES,
    config::RULES,
    layout::RULES,
    docker::RULES,
    content::RULES,
    graph::RULES,
    image_layout::RULES,
    report::RULES,
];

/// All rules.
pub fn rules() -> impl Iterator<Item = Rule> {
    Rule::all()
}

/// How to validate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The media type that whoever delivered the document declared; its parameters are ignored.
    pub media_type: Option<String>,
    /// The verdicts to give.
    pub profile: Profile,
    /// How much to read.
    pub limits: Limits,
    /// What other documents say of this one.
    pub expected: Expected,
    /// The SHA-256 digest of the document's bytes, from whoever could compute it faster. It is believed.
    pub digest: Option<String>,
}

impl Options {
    /// These options, with a declared media type.
    #[must_use]
    pub fn with_media_type(self, media_type: impl Into<String>) -> Self {
        Self {
            media_type: Some(media_type.into()),
            ..self
        }
    }

    /// These options, with a profile.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// These options, with limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// These options, with what other documents say of this one.
    #[must_use]
    pub fn with_expected(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// These options, with the SHA-256 digest of the document's bytes, which is then not computed again.
    #[must_use]
    pub fn with_digest(self, digest: impl Into<String>) -> Self {
        Self {
            digest: Some(digest.into()),
            ..self
        }
    }

    /// The SHA-256 digest of the document's bytes.
    fn sha256(&self, bytes: &[u8]) -> String {
        let compute = || Digest::of(Algorithm::Sha256, bytes).into_string();
        self.digest.clone().unwrap_or_else(compute)
    }

    /// The rule on size or digest that bytes break.
    fn identity(&self, bytes: &[u8]) -> Option<Rule> {
        self.expected.identity(bytes, || self.sha256(bytes))
    }
}

/// Whether someone declared the document's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Declared {
    Yes,
    No,
}

/// Checks a document against every rule of its kind, and against what is expected of it. What it is: the descriptor that points
/// at it says so; without one, the declared media type; without that, its own `mediaType`; without that, its properties. Linear in the
/// document's size; what is not JSON is a finding, too.
#[must_use]
pub fn validate(bytes: &[u8], options: &Options) -> Report {
    let Examined {
        mut report,
        identity,
        ..
    } = examine(bytes, options);
    if let Some(rule) = identity {
        report.add(rule, options.profile, Place::START);
    }
    report
}

/// Whether [`validate`] finds a document valid: a verdict without a report, and so without a digest that nobody asked for.
#[must_use]
pub fn is_valid(bytes: &[u8], options: &Options) -> bool {
    let Ok((tree, text)) = Tree::read(bytes, &options.limits) else {
        return false;
    };
    let types = MediaTypes::of(options);
    let (findings, _) = read(tree.root_of(text), &tree, types.declared, options);
    let tolerable = |rule: Rule| rule.severity(options.profile) < Severity::Error;
    findings.is_valid()
        && types.conflict().is_none_or(tolerable)
        && options.identity(bytes).is_none_or(tolerable)
}

/// A document that was validated, and what it is.
pub(crate) struct Examined<'a> {
    /// Without the rule that its size or digest breaks.
    pub(crate) report: Report,
    /// What was read; `None` if it is not JSON.
    pub(crate) content: Option<(Tree, &'a str)>,
    /// The rule that its size or digest breaks.
    pub(crate) identity: Option<Rule>,
}

pub(crate) fn examine<'a>(bytes: &'a [u8], options: &Options) -> Examined<'a> {
    let digest = options.sha256(bytes);
    let types = MediaTypes::of(options);
    let (mut report, content) = match Tree::read(bytes, &options.limits) {
        Ok((tree, text)) => {
            let root = tree.root_of(text);
            let (findings, detected) = read(root, &tree, types.declared, options);
            let report = findings.report(bytes, root, detected, digest);
            (report, Some((tree, text)))
        }
        Err(fault) => {
            let report = Report::unreadable(bytes, fault, options.profile, types.declared, digest);
            (report, None)
        }
    };
    if let Some(rule) = types.conflict() {
        report.add(rule, options.profile, Place::START);
    }
    Examined {
        identity: options.expected.identity(bytes, || report.digest.as_str()),
        report,
        content,
    }
}

/// The media types, without parameters, that others give a document.
struct MediaTypes<'a> {
    served: Option<&'a str>,
    described: Option<&'a str>,
    /// The one that counts.
    declared: Option<&'a str>,
}

impl<'a> MediaTypes<'a> {
    fn of(options: &'a Options) -> Self {
        let served = options.media_type.as_deref().map(essence);
        let descriptor = options.expected.descriptor.as_ref();
        let described = descriptor.map(|descriptor| essence(&descriptor.media_type));
        Self {
            served,
            described,
            declared: described.or(served),
        }
    }

    /// The rule that two different ones break.
    fn conflict(&self) -> Option<Rule> {
        let (served, described) = (self.served?, self.described?);
        let same = served.eq_ignore_ascii_case(described)
            // Registries serve every blob by this one, which says nothing of it.
            || served.eq_ignore_ascii_case("application/octet-stream");
        (!same).then_some(content::MEDIA_TYPE)
    }
}

fn read<'a>(
    root: Value<'a>,
    tree: &Tree,
    declared: Option<&'a str>,
    options: &Options,
) -> (Findings, Detected<'a>) {
    let shape = Shape::of(root);
    let detected = shape.detect(declared);
    let mut findings = Findings::new(options.profile);
    for key in tree.duplicates() {
        findings.add(json::DUPLICATE_KEY, root.at(*key));
    }
    ambiguity::check(&mut findings, &detected);
    // No walk over its properties comes across this one.
    if let (Kind::ArtifactManifest, Some(key)) = (detected.kind, shape.folded) {
        findings.add(ambiguity::KEY_CASE, key);
    }
    check(&mut findings, root, &detected, declared);
    content::check(&mut findings, root, detected.kind, &options.expected);
    json::precision(&mut findings, root, tree);
    (findings, detected)
}

fn check(
    findings: &mut Findings,
    root: Value<'_>,
    detected: &Detected<'_>,
    declared: Option<&str>,
) {
    let kind = detected.kind;
    if kind != Kind::Unknown && !root.is_object() {
        findings.add(OBJECT, root);
        return;
    }
    let declared = if declared.is_some() {
        Declared::Yes
    } else {
        Declared::No
    };
    match kind {
        Kind::ImageManifest => manifest::check(findings, root, declared),
        Kind::ImageIndex => index::check(findings, root, declared),
        Kind::ImageConfig | Kind::DockerConfig => config::check(findings, root),
        Kind::Descriptor => {
            descriptor::check(findings, root, Role::Alone);
        }
        Kind::ImageLayout => layout::check(findings, root),
        Kind::DockerManifest => docker::manifest(findings, root, declared),
        Kind::DockerManifestList => docker::list(findings, root, declared),
        Kind::DockerSchema1 => findings.add(SCHEMA1, root),
        Kind::ArtifactManifest => findings.add(ARTIFACT, root),
        Kind::Unknown if detected.media_type.is_some() => findings.add(UNSUPPORTED, root),
        // Not of no kind, but of two, which was reported.
        Kind::Unknown if !detected.clashes.is_empty() => {}
        Kind::Unknown => findings.add(KIND, root),
    }
}
