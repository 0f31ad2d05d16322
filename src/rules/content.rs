//! Content against what points at it: its descriptor, and for a configuration the manifest and the index that lead to it.

use crate::Result;
use crate::document::{Descriptor, Kind, read_platform};
use crate::json::{Tree, Value};
use crate::media_type::known;
use crate::platform::Platform;

use super::Expected;
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};

const PROPERTIES: &str = image_spec!("descriptor.md#properties");
const VERIFICATION: &str = image_spec!("descriptor.md#verification");
const ALGORITHMS: &str = image_spec!("descriptor.md#registered-algorithms");
const CONFLICTS: &str = image_spec!("media-types.md#media-type-conflicts");
const INDEX: &str = image_spec!("image-index.md#image-index-property-descriptions");
const CONFIG: &str = image_spec!("config.md#properties");

rules! {
    SIZE = Rule::error("content.size", "the content must have the size that its descriptor states", VERIFICATION).beyond_schema();
    DIGEST = Rule::error("content.digest", "the content must have the digest that its descriptor states", VERIFICATION).beyond_schema();
    UNVERIFIABLE = Rule::warning("content.digest.unverifiable", "the content cannot be verified: the algorithm of its digest is not implemented", ALGORITHMS);
    // The specification's text: whoever expected a type may keep to it where the digest is right, and say so.
    MEDIA_TYPE = Rule::warning("content.media-type", "the content should be served as its descriptor's media type, which takes precedence", CONFLICTS);
    ARTIFACT_TYPE = Rule::error("content.artifact-type", "a descriptor's artifactType must be that of the manifest or index, or else the mediaType of its config", PROPERTIES).beyond_schema();
    // A platform in an index is what the image needs at least, so another one is no breach.
    PLATFORM = Rule::warning("content.platform", "the configuration should be for the platform that the index states", INDEX);
    LAYERS = Rule::error("config.layers.count", "diff_ids must have one entry for each layer of the manifest", CONFIG).beyond_schema();
}

/// Checks the properties of a document against what is expected of it.
pub(super) fn check(findings: &mut Findings, root: Value<'_>, kind: Kind, expected: &Expected) {
    let Expected {
        descriptor,
        layers,
        platform,
    } = expected;
    if let Some(stated) = descriptor
        .as_ref()
        .and_then(|descriptor| descriptor.artifact_type.as_deref())
        && kind.is_self_describing()
    {
        artifact_type(findings, root, kind, stated);
    }
    if kind.is_config() {
        let diff_ids = root.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"));
        let places = [diff_ids, root.get("architecture")];
        let breaches = Facts::of(root).breaches(*layers, platform.as_ref());
        for (rule, place) in breaches.into_iter().zip(places) {
            if let Some(rule) = rule {
                findings.add(rule, place.unwrap_or(root));
            }
        }
    }
}

/// The specification names two: that of the manifest or index itself, and for an image manifest its config's media type, which is
/// no type of an artifact where the config is empty.
fn artifact_type(findings: &mut Findings, root: Value<'_>, kind: Kind, stated: &str) {
    let own = root.get("artifactType").filter(|own| !own.is_null());
    let config = kind
        .is_manifest()
        .then(|| root.get("config")?.get("mediaType"))
        .flatten()
        .filter(|config| own.is_none() || !config.is_str(known::OCI_EMPTY));
    let states = |value: &Value<'_>| {
        // Case does not tell media types apart (RFC 6838, section 4.2).
        value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case(stated))
    };
    if ![own, config].iter().flatten().any(states) {
        findings.add(ARTIFACT_TYPE, own.or(config).unwrap_or(root));
    }
}

/// What an image configuration has in common with the documents that lead to it.
#[derive(Debug)]
pub(crate) struct Facts {
    diff_ids: Option<usize>,
    platform: Option<Platform>,
}

impl Facts {
    pub(crate) fn of(root: Value<'_>) -> Self {
        let diff_ids = root.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"));
        Self {
            diff_ids: diff_ids
                .filter(|ids| ids.is_array())
                .map(|ids| ids.elements().count()),
            // Its properties are those of a platform. One that cannot be read is reported as such.
            platform: read_platform(root).ok().filter(is_short),
        }
    }

    /// The rules on layers and platform that these facts break.
    pub(crate) fn breaches(
        &self,
        layers: Option<usize>,
        platform: Option<&Platform>,
    ) -> [Option<Rule>; 2] {
        let miscounted =
            matches!((self.diff_ids, layers), (Some(ids), Some(layers)) if ids != layers);
        let elsewhere =
            matches!((platform, &self.platform), (Some(stated), Some(own)) if !serves(stated, own));
        [miscounted.then_some(LAYERS), elsewhere.then_some(PLATFORM)]
    }
}

/// Whether a platform is short enough to be kept, and held against each of the many descriptors that may lead to its
/// configuration: 16 features and 512 bytes are more than
/// any has that means something.
fn is_short(platform: &Platform) -> bool {
    let Platform {
        os,
        architecture,
        variant,
        os_version,
        os_features,
    } = platform;
    let options = [variant, os_version].into_iter().flatten();
    let texts = [os, architecture].into_iter().chain(options);
    os_features.len() <= 16 && texts.chain(os_features).map(String::len).sum::<usize>() <= 512
}

/// Whether an image of this platform is what the index says. A variant that only one of them states is not held against the other:
/// builders left it out for years.
fn serves(stated: &Platform, own: &Platform) -> bool {
    stated.matches(own)
        || stated.variant.is_some() != own.variant.is_some() && {
            let mut own = own.clone();
            own.variant.clone_from(&stated.variant);
            stated.matches(&own)
        }
}

/// See [`Expected::from_json`].
pub(super) fn read_expected(text: &[u8]) -> Result<Expected> {
    let tree = Tree::parse(text)?;
    let root = tree.root(text);
    let layers = root.get("layers").and_then(Value::as_u64);
    Ok(Expected {
        descriptor: root.get("descriptor").map(Descriptor::read).transpose()?,
        layers: layers.and_then(|layers| usize::try_from(layers).ok()),
        platform: root.get("platform").map(read_platform).transpose()?,
    })
}
