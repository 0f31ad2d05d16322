//! What validation finds, and how it is told.

use std::borrow::Cow;

use serde::Serialize;

use crate::document::{self, Detected};
use crate::json::{Fault, Lines, NodeId, Pointers, Value, position_at};

use super::json::rule_of;
use super::rule::{Rule, Severity, rules};
use super::{Profile, SELF};

rules! {
    TRUNCATED = Rule::warning("report.truncated", "no more than 1,000 findings are listed", SELF);
}

/// How many findings a report lists; one more then says that there were others.
const MAX_ISSUES: usize = 1_000;

/// The verdict on a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// Whether no rule was broken whose severity is an error.
    pub valid: bool,
    /// What the document is.
    pub kind: document::Kind,
    /// Its media type, without parameters: the declared one, else its own, else that of its kind; `null` if it has none of these.
    pub media_type: Option<String>,
    /// The SHA-256 digest of its bytes; empty if there are none, see [`Report::broken`].
    pub digest: String,
    /// What was found, in the order of the document.
    pub issues: Vec<Issue>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export))]
#[non_exhaustive]
pub struct Issue {
    /// The id of the broken rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where, as a JSON pointer (RFC 6901). What is missing, is missing from there. One of more than 1,024 bytes is cut, and
    /// ends with `…`.
    pub pointer: String,
    /// The line where it starts, from 1.
    pub line: u32,
    /// The column where it starts, in characters (Unicode scalar values), from 1.
    pub column: u32,
    /// What is wrong, in one line.
    pub message: &'static str,
    /// The section of the specification that the rule comes from, as a URL.
    pub spec: &'static str,
}

struct Finding {
    rule: Rule,
    severity: Severity,
    node: NodeId,
    offset: usize,
    /// `None` for what the rule says itself.
    message: Option<&'static str>,
}

/// Collects findings while a document is checked.
pub(super) struct Findings {
    pub(super) profile: Profile,
    /// In document order, and those of one place in the order they were found.
    list: Vec<Finding>,
    worst: Option<Severity>,
    /// The worst of those left out.
    left_out: Option<Severity>,
}

impl Findings {
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            list: Vec::new(),
            worst: None,
            left_out: None,
        }
    }

    /// `value` breaks `rule`, in the way the rule says.
    pub(super) fn add(&mut self, rule: Rule, value: Value<'_>) {
        self.add_as(rule.severity(self.profile), rule, value, None);
    }

    /// `value` breaks `rule`; `message` says in which way.
    pub(super) fn add_because(&mut self, rule: Rule, value: Value<'_>, message: &'static str) {
        self.add_as(rule.severity(self.profile), rule, value, Some(message));
    }

    /// `value` breaks `rule`, but in a way or at a place that the official schema and validator let pass.
    pub(super) fn add_beyond_schema(&mut self, rule: Rule, value: Value<'_>) {
        let severity = match self.profile {
            Profile::Schema => Severity::Warning,
            profile => rule.severity(profile),
        };
        self.add_as(severity, rule, value, None);
    }

    /// `value` breaks `rule`, in a way or at a place that the official schema and validator refuse, though they do not elsewhere.
    pub(super) fn add_with_schema(&mut self, rule: Rule, value: Value<'_>) {
        self.add_as(rule.severity(Profile::V1_1), rule, value, None);
    }

    fn add_as(
        &mut self,
        severity: Severity,
        rule: Rule,
        value: Value<'_>,
        message: Option<&'static str>,
    ) {
        self.worst = self.worst.max(Some(severity));
        if self.list.len() < MAX_ISSUES {
            let node = value.id();
            let at = self.list.partition_point(|other| other.node <= node);
            let offset = value.span().start;
            self.list.insert(
                at,
                Finding {
                    rule,
                    severity,
                    node,
                    offset,
                    message,
                },
            );
        } else {
            self.left_out = self.left_out.max(Some(severity));
        }
    }

    /// Whether `value` breaks some rule already.
    pub(super) fn has(&self, value: Value<'_>) -> bool {
        let node = value.id();
        let after = self.list.partition_point(|finding| finding.node <= node);
        let last = after.checked_sub(1).and_then(|last| self.list.get(last));
        last.is_some_and(|finding| finding.node == node)
    }

    /// Whether no rule is broken whose severity is an error.
    pub(super) fn is_valid(&self) -> bool {
        self.worst < Some(Severity::Error)
    }

    /// The report on the document whose value is `root`.
    pub(super) fn report(
        self,
        source: &[u8],
        root: Value<'_>,
        detected: Detected<'_>,
        digest: String,
    ) -> Report {
        let valid = self.is_valid();
        let (mut lines, mut pointers) = (Lines::new(source), Pointers::new(root));
        let mut issues: Vec<Issue> = Vec::with_capacity(self.list.len());
        // Many findings in a row are of one rule, and its text has to be looked for.
        let (mut last, mut text) = (None, <(&str, &str, &str)>::default());
        for finding in &self.list {
            let position = lines.position(finding.offset);
            if last.replace(finding.rule) != Some(finding.rule) {
                text = finding.rule.text();
            }
            let (rule, summary, spec) = text;
            issues.push(Issue {
                rule,
                severity: finding.severity,
                pointer: pointers.pointer(finding.node),
                line: position.line,
                column: position.column,
                message: finding.message.unwrap_or(summary),
                spec,
            });
        }
        if let Some(severity) = self.left_out {
            issues.push(Issue::truncated(severity));
        }
        Report {
            valid,
            kind: detected.kind,
            media_type: detected.media_type.map(Cow::into_owned),
            digest,
            issues,
        }
    }
}

impl Report {
    /// The report on what is not JSON.
    pub(super) fn unreadable(
        source: &[u8],
        fault: Fault,
        profile: Profile,
        declared: Option<&str>,
        digest: String,
    ) -> Self {
        let rule = rule_of(fault.cause);
        let position = position_at(source, fault.offset);
        let issue = Issue {
            line: position.line,
            column: position.column,
            ..Issue::at_start(rule, Some(fault.cause.message()), rule.severity(profile))
        };
        Self {
            valid: false,
            kind: declared.map_or(document::Kind::Unknown, document::Kind::of),
            media_type: declared.map(str::to_owned),
            digest,
            issues: vec![issue],
        }
    }
}

/// A place in a document, without the document.
pub(crate) struct Place {
    pub(crate) pointer: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// The place of what concerns all of it.
    pub(crate) const START: Self = Self {
        pointer: String::new(),
        line: 1,
        column: 1,
    };
}

impl Report {
    /// The report on something that is no document, or is not there: its one finding is that it breaks `rule`.
    #[must_use]
    pub fn broken(rule: Rule, profile: Profile) -> Self {
        let mut report = Self {
            valid: true,
            kind: document::Kind::Unknown,
            media_type: None,
            digest: String::new(),
            issues: Vec::new(),
        };
        report.add(rule, profile, Place::START);
        report
    }

    /// Adds what was found after the report was made, in its order.
    pub(crate) fn add(&mut self, rule: Rule, profile: Profile, place: Place) {
        let severity = rule.severity(profile);
        self.valid &= severity < Severity::Error;
        let mut issue = Issue::at_start(rule, None, severity);
        (issue.pointer, issue.line, issue.column) = (place.pointer, place.line, place.column);
        let at = self
            .issues
            .partition_point(|other| (other.line, other.column) < (issue.line, issue.column));
        self.issues.insert(at, issue);
        let mut left_out = None;
        while self.issues.len() > MAX_ISSUES
            && let Some(issue) = self.issues.pop()
        {
            left_out = left_out.max(Some(issue.severity));
        }
        if let Some(severity) = left_out {
            self.issues.push(Issue::truncated(severity));
        }
    }
}

impl Issue {
    fn truncated(severity: Severity) -> Self {
        Self::at_start(TRUNCATED, None, severity)
    }

    fn at_start(rule: Rule, message: Option<&'static str>, severity: Severity) -> Self {
        let (rule, summary, spec) = rule.text();
        Self {
            rule,
            severity,
            pointer: String::new(),
            line: 1,
            column: 1,
            message: message.unwrap_or(summary),
            spec,
        }
    }
}
