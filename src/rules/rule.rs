//! What a rule is.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the texts are put together at compile time, where iterators are not"
)]

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Profile, TABLE};

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

/// One rule that documents are checked against: its number in `TEXTS` times four, and how bad it is to break it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rule(u16);

/// It is an error in the profiles of the specification.
const ERROR: u8 = 1;
/// It is an error in [`Profile::Schema`].
const SCHEMA_ERROR: u8 = 2;

impl Rule {
    /// A rule whose breach makes a document invalid.
    pub(super) const fn error(
        id: &'static str,
        summary: &'static str,
        spec: &'static str,
    ) -> Definition {
        Definition {
            id,
            summary,
            spec,
            severities: ERROR | SCHEMA_ERROR,
        }
    }

    /// A rule whose breach leaves a document valid.
    pub(super) const fn warning(
        id: &'static str,
        summary: &'static str,
        spec: &'static str,
    ) -> Definition {
        Definition {
            id,
            summary,
            spec,
            severities: 0,
        }
    }

    /// The rule of a definition, which is in [`TABLE`].
    pub(super) const fn of(definition: &Definition) -> Self {
        Self(number(definition.id) << 2 | definition.severities as u16)
    }

    /// All rules.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let severities = TEXTS.split('\n').skip(2).step_by(3);
        severities
            .zip(0..)
            .map(|(marks, number)| Self(number << 2 | u16::from(mark(marks, 0))))
    }

    /// Its name, for good: `manifest.config.required`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.text().0
    }

    /// What it demands, in one line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.text().1
    }

    /// The section that it comes from, as a URL.
    #[must_use]
    pub fn spec(self) -> &'static str {
        self.text().2
    }

    /// Its id, its summary and its section.
    pub(crate) fn text(self) -> (&'static str, &'static str, &'static str) {
        let mut lines = TEXTS.split('\n').skip(usize::from(self.0 >> 2) * 3);
        let mut next = || lines.next().unwrap_or_default();
        let (id, summary, marks) = (next(), next(), next());
        let section = SECTIONS.get(usize::from(mark(marks, 1)));
        (id, summary, section.copied().unwrap_or_default())
    }

    /// How bad it is to break it, under a profile.
    #[must_use]
    pub fn severity(self, profile: Profile) -> Severity {
        let bit = match profile {
            Profile::V1_1 | Profile::Dev => ERROR,
            Profile::Schema => SCHEMA_ERROR,
        };
        if self.0 & u16::from(bit) == 0 {
            Severity::Warning
        } else {
            Severity::Error
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// A rule as its module declares it. Only the compiler sees it: what a program holds of it is in [`TEXTS`], where no pointer and no length
/// has to be stored for it.
pub(crate) struct Definition {
    id: &'static str,
    summary: &'static str,
    spec: &'static str,
    severities: u8,
}

impl Definition {
    /// This rule, as a warning in [`Profile::Schema`]: the official schema and validator let its breach pass.
    pub(super) const fn beyond_schema(self) -> Self {
        Self {
            severities: self.severities & !SCHEMA_ERROR,
            ..self
        }
    }

    /// This rule, as an error in [`Profile::Schema`]: the official schema demands what the specification's text only advises.
    pub(super) const fn schema_demands(self) -> Self {
        Self {
            severities: self.severities | SCHEMA_ERROR,
            ..self
        }
    }
}

/// Three lines for each rule: its id, its summary, and two marks: how bad its breach is, and where in [`SECTIONS`] its section is.
static TEXTS: &str = match std::str::from_utf8(&WRITTEN) {
    Ok(texts) => texts,
    Err(_) => panic!("a rule is not text"),
};
const WRITTEN: [u8; text_length()] = written_texts();
/// The sections that rules come from.
static SECTIONS: [&str; section_count()] = listed_sections();

/// The first of the characters that marks are.
const FIRST_MARK: u8 = b' ';

fn mark(marks: &str, at: usize) -> u8 {
    let mark = marks.as_bytes().get(at).copied();
    mark.unwrap_or_default().wrapping_sub(FIRST_MARK)
}

/// Calls a body for each definition of the table, in constants, where there are no iterators.
macro_rules! each {
    ($definition:ident => $body:expr) => {
        let mut module = 0;
        while module < TABLE.len() {
            let mut at = 0;
            while at < TABLE[module].len() {
                let $definition = &TABLE[module][at];
                $body;
                at += 1;
            }
            module += 1;
        }
    };
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    // From behind: they begin alike.
    let mut at = one.len();
    while at > 0 {
        at -= 1;
        if one[at] != other[at] {
            return false;
        }
    }
    true
}

const fn number(id: &str) -> u16 {
    let mut number = 0;
    each!(definition => {
        if same(definition.id, id) {
            return number;
        }
        number += 1;
    });
    panic!("the module of a rule is not in the table")
}

const fn text_length() -> usize {
    let mut length = 0;
    each!(definition => length += 5 + definition.id.len() + definition.summary.len());
    length
}

const fn written_texts() -> [u8; text_length()] {
    let mut texts = [0; text_length()];
    let mut end = 0;
    each!(definition => {
        let section = section(definition.spec) as u8;
        let marks = [FIRST_MARK + definition.severities, FIRST_MARK + section];
        let lines = [definition.id.as_bytes(), definition.summary.as_bytes(), &marks];
        let mut line = 0;
        while line < lines.len() {
            let mut at = 0;
            while at < lines[line].len() {
                texts[end] = lines[line][at];
                (at, end) = (at + 1, end + 1);
            }
            texts[end] = b'\n';
            (line, end) = (line + 1, end + 1);
        }
    });
    texts
}

/// Which of the different sections this one is.
const fn section(spec: &str) -> usize {
    let sections = &ALL_SECTIONS;
    let mut at = 0;
    while at < sections.1 {
        if same(sections.0[at], spec) {
            return at;
        }
        at += 1;
    }
    panic!("a section is not listed")
}

const fn section_count() -> usize {
    ALL_SECTIONS.1
}

const fn listed_sections() -> [&'static str; section_count()] {
    let mut sections = [""; section_count()];
    let mut at = 0;
    while at < sections.len() {
        sections[at] = ALL_SECTIONS.0[at];
        at += 1;
    }
    sections
}

/// The different sections, and how many they are.
const ALL_SECTIONS: ([&str; 64], usize) = {
    let mut sections = [""; 64];
    let mut count = 0;
    each!(definition => {
        let mut at = 0;
        while at < count && !same(sections[at], definition.spec) {
            at += 1;
        }
        if at == count {
            sections[count] = definition.spec;
            count += 1;
        }
    });
    (sections, count)
};

/// Declares the rules of a module, and its list of them, so that none is missing from the table.
macro_rules! rules {
    ($($name:ident = $rule:expr;)+) => {
        $(#[allow(dead_code, reason = "what a layout of files breaks is found in JavaScript")]
        pub(crate) const $name: $crate::rules::Rule = $crate::rules::Rule::of(&$rule);)+
        pub(crate) const RULES: &[$crate::rules::rule::Definition] = &[$($rule),+];
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
