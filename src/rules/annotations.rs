//! Annotations, and the labels of a configuration, which follow the same rules.

use crate::digest::Digest;
use crate::json::Value;
use crate::reference::Reference;

use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{grammar, spdx};

const RULES_SECTION: &str = image_spec!("annotations.md#rules");
const PREDEFINED: &str = image_spec!("annotations.md#pre-defined-annotation-keys");

rules! {
    TYPE = Rule::error("annotations.value.type", "the value of an annotation must be a string", RULES_SECTION);
    // The official schema has a pattern for keys that the empty one does not match; its validator takes `null` there.
    EMPTY_KEY = Rule::error("annotations.empty-key.type", "the value of an annotation must be a string, under the empty key too", RULES_SECTION);
    REVERSE_DOMAIN = Rule::warning("annotations.key.reverse-domain", "the key of an annotation should be in reverse domain notation: com.example.key", RULES_SECTION);
    RESERVED = Rule::warning("annotations.key.reserved", "keys of org.opencontainers should be ones that the specifications define: the others are reserved", RULES_SECTION);
    CREATED = Rule::warning("annotations.created.date-time", "org.opencontainers.image.created should be a date and time (RFC 3339, section 5.6)", PREDEFINED);
    URL = Rule::warning("annotations.url.grammar", "the annotation should be an absolute URL", PREDEFINED);
    LICENSES = Rule::warning("annotations.licenses.spdx", "org.opencontainers.image.licenses should be an SPDX license expression", PREDEFINED);
    REF_NAME = Rule::warning("annotations.ref-name.grammar", "org.opencontainers.image.ref.name should be alphanumeric words joined by one of -._:@+ or by --, between slashes", PREDEFINED);
    REF_NAME_PLACE = Rule::warning("annotations.ref-name.place", "org.opencontainers.image.ref.name should be only on the descriptors of an index", PREDEFINED);
    BASE_DIGEST = Rule::warning("annotations.base-digest.grammar", "org.opencontainers.image.base.digest should be a digest", PREDEFINED);
    BASE_NAME = Rule::warning("annotations.base-name.grammar", "org.opencontainers.image.base.name should be a reference that names its registry", PREDEFINED);
}

/// What the predefined keys begin with.
const IMAGE: &str = "org.opencontainers.image.";

/// Whose annotations they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A descriptor of an index.
    Entry,
    /// Anything else.
    Elsewhere,
}

/// Checks a map of annotations or labels.
pub(super) fn check(findings: &mut Findings, map: Value<'_>, place: Place) {
    for (key, value) in map.entries() {
        let name = key.as_str().unwrap_or_default();
        match value.as_str() {
            Some(text) => defined(findings, &name, value, &text, place),
            None if !name.is_empty() => findings.add(TYPE, value),
            None if value.is_null() => findings.add_beyond_schema(EMPTY_KEY, value),
            None => findings.add(EMPTY_KEY, value),
        }
        if name.starts_with("org.opencontainers.") {
            if !is_predefined(&name) {
                findings.add(RESERVED, value);
            }
        } else if !name.contains('.') {
            findings.add(REVERSE_DOMAIN, value);
        }
    }
}

/// What the specification says of the keys that it defines.
fn defined(findings: &mut Findings, name: &str, value: Value<'_>, text: &str, place: Place) {
    // "While the value MUST be present, it MAY be an empty string."
    let Some(name) = name.strip_prefix(IMAGE).filter(|_| !text.is_empty()) else {
        return;
    };
    let (right, rule) = match name {
        "created" => (grammar::is_date_time(text), CREATED),
        "url" | "documentation" | "source" => (grammar::is_absolute_uri(text), URL),
        "licenses" => match spdx::fault(text) {
            None => return,
            Some(spdx::Fault::Grammar) => (false, LICENSES),
            Some(spdx::Fault::Unlisted) => {
                let message = "the expression names a license that is not on the SPDX list";
                return findings.add_because(LICENSES, value, message);
            }
        },
        "ref.name" if place != Place::Entry => (false, REF_NAME_PLACE),
        "ref.name" => (is_ref_name(text), REF_NAME),
        "base.digest" => (text.parse::<Digest>().is_ok(), BASE_DIGEST),
        "base.name" => (names_its_registry(text), BASE_NAME),
        _ => return,
    };
    if !right {
        findings.add(rule, value);
    }
}

/// The keys of `annotations.md`, and those that `conversion.md` has converters write.
fn is_predefined(name: &str) -> bool {
    const KEYS: &str = "created authors url documentation source version revision vendor licenses ref.name title description \
                        base.digest base.name os architecture variant os.version os.features author stopSignal exposedPorts";
    name.strip_prefix(IMAGE)
        .is_some_and(|name| KEYS.split(' ').any(|key| key == name))
}

fn names_its_registry(text: &str) -> bool {
    text.parse::<Reference>()
        .is_ok_and(|reference| text.starts_with(reference.registry().as_str()))
}

/// Whether it has the grammar of `ref` (`annotations.md`, "Pre-Defined Annotation Keys").
fn is_ref_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    // What stands before a byte, as far as that matters: a letter or digit, a separator, or one hyphen.
    let (mut joins, mut hyphen) = (true, false);
    for byte in bytes {
        (joins, hyphen) = match byte {
            byte if byte.is_ascii_alphanumeric() => (false, false),
            b'-' if hyphen => (true, false),
            _ if joins => return false,
            b'-' => (true, true),
            b'.' | b'_' | b':' | b'@' | b'+' | b'/' => (true, false),
            _ => return false,
        };
    }
    !joins
}

#[cfg(test)]
mod tests {
    use super::is_ref_name;

    #[test]
    fn names_of_references_have_the_grammar_of_the_specification() {
        for good in [
            "a",
            "1.0",
            "v1.0.0-vendor.0",
            "a--b",
            "a/b:c@d+e_f",
            "docker.io/library/a:b",
        ] {
            assert!(is_ref_name(good), "{good}");
        }
        for bad in [
            "", "-a", "a-", "a--", "a---b", "a-.b", "a..b", "a//b", "/a", "a/", "a b", "é", "a/-b",
        ] {
            assert!(!is_ref_name(bad), "{bad}");
        }
    }
}
