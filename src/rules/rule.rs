//! What a rule is.

use serde::{Serialize, Serializer};

use super::Profile;

/// How bad it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Severity {
    /// The document stays valid: a `SHOULD` of the specification, or something that some reader will stumble over.
    Warning,
    /// The document is not valid: a `MUST` of the specification, or something that is not safe to read.
    Error,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One rule that documents are checked against.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// Its name, for good: `manifest.config.required`.
    pub id: &'static str,
    /// What it demands, in one line.
    pub summary: &'static str,
    /// The section that it comes from, as a URL.
    pub spec: &'static str,
    pub(super) severity: Severity,
    schema: Severity,
}

impl Rule {
    /// A rule whose breach makes a document invalid.
    pub(super) const fn error(id: &'static str, summary: &'static str, spec: &'static str) -> Self {
        Self {
            id,
            summary,
            spec,
            severity: Severity::Error,
            schema: Severity::Error,
        }
    }

    /// A rule whose breach leaves a document valid.
    pub(super) const fn warning(
        id: &'static str,
        summary: &'static str,
        spec: &'static str,
    ) -> Self {
        Self {
            id,
            summary,
            spec,
            severity: Severity::Warning,
            schema: Severity::Warning,
        }
    }

    /// This rule, as a warning in [`Profile::Schema`]: the official schema and validator let its breach pass.
    pub(super) const fn beyond_schema(self) -> Self {
        Self {
            schema: Severity::Warning,
            ..self
        }
    }

    /// This rule, as an error in [`Profile::Schema`]: the official schema demands what the specification's text only advises.
    pub(super) const fn schema_demands(self) -> Self {
        Self {
            schema: Severity::Error,
            ..self
        }
    }

    /// How bad it is to break it, under a profile.
    #[must_use]
    pub fn severity(&self, profile: Profile) -> Severity {
        match profile {
            Profile::V1_1 | Profile::Dev => self.severity,
            Profile::Schema => self.schema,
        }
    }
}

/// Declares the rules of a module, and its list of them, so that none is missing from the table.
macro_rules! rules {
    ($($name:ident = $rule:expr;)+) => {
        $(pub(crate) static $name: $crate::rules::Rule = $rule;)+
        pub(crate) static RULES: &[&$crate::rules::Rule] = &[$(&$name),+];
    };
}
pub(super) use rules;

/// The URL of a section of the image specification, version 1.1.1.
macro_rules! image_spec {
    ($section:literal) => {
        concat!(
            "https://github.com/opencontainers/image-spec/blob/v1.1.1/",
            $section
        )
    };
}
pub(super) use image_spec;
