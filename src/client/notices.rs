//! What registries say beside their answers: warnings and rate limits.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fields::{quoted, split_unquoted};
use super::retry::{RateLimit, rate_limit};
use crate::http::Headers;

/// How many warnings are kept.
const MAX_WARNINGS: usize = 64;
/// How long a warning may be, in bytes (distribution specification, "Warnings").
const MAX_LENGTH: usize = 4096;

/// What a registry wants its users to know (distribution specification, "Warnings").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The registry or mirror, as users write it.
    pub registry: String,
    /// What it says, without control characters. It is for people: nothing may be made to depend on it.
    pub text: String,
}

/// What has been said so far.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    warnings: Vec<Warning>,
    rate_limit: Option<RateLimit>,
}

impl Notices {
    /// Hears what a response says, and calls `warn` with every text that is new.
    pub(super) fn hear(&self, registry: &str, headers: &Headers, warn: impl Fn(&str)) {
        if let Some(stated) = rate_limit(headers) {
            self.said().rate_limit = Some(stated);
        }
        for field in headers.all("warning") {
            for part in split_unquoted(field) {
                let Some(text) = text(part) else {
                    continue;
                };
                let warning = Warning {
                    registry: registry.to_owned(),
                    text,
                };
                let mut said = self.said();
                if said.warnings.len() < MAX_WARNINGS && !said.warnings.contains(&warning) {
                    said.warnings.push(warning.clone());
                    // Whoever is told may ask for what was said.
                    drop(said);
                    warn(&warning.text);
                }
            }
        }
    }

    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.said().warnings.clone()
    }

    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        self.said().rate_limit
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text of a warning: `299 - "text"`, with no date, of a code and agent that the specification fixes. Others are not for us.
fn text(warning: &str) -> Option<String> {
    let mut text = quoted(warning.strip_prefix("299 - ")?)?;
    text.retain(|character| !character.is_control());
    (warning.len() <= MAX_LENGTH && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(field: &str) -> Vec<String> {
        split_unquoted(field).into_iter().filter_map(text).collect()
    }

    #[test]
    fn a_warning_has_code_299_no_agent_a_quoted_text_and_no_date() {
        for (field, texts) in [
            (r#"299 - "old, soon gone""#, &["old, soon gone"][..]),
            (r#"299 - "a \"b\" c""#, &["a \"b\" c"]),
            (r#"299 - "one", 299 - "two""#, &["one", "two"]),
            (r#"199 - "other code", 299 - "this""#, &["this"]),
            (r#"299 agent "who says so""#, &[]),
            (r#"299 - "dated" "Sun, 06 Nov 1994 08:49:37 GMT""#, &[]),
            ("299 - \"\u{85}\tred\u{9b}31m\"", &["red31m"]),
            (r#"299 - """#, &[]),
            ("299 - bare", &[]),
            ("", &[]),
        ] {
            assert_eq!(warnings(field), texts, "{field}");
        }
        let long = format!("299 - \"{}\"", "x".repeat(5000));
        assert_eq!(text(&long), None);
    }

    #[test]
    fn warnings_are_heard_once_and_so_many() {
        let notices = Notices::default();
        let heard = Mutex::new(0);
        for number in 0..100 {
            let mut headers = Headers::new();
            headers
                .append("Warning", format!(r#"299 - "{number}""#))
                .unwrap();
            for _ in 0..2 {
                notices.hear("r", &headers, |_| *heard.lock().unwrap() += 1);
            }
        }
        assert_eq!(*heard.lock().unwrap(), MAX_WARNINGS);
        assert_eq!(notices.warnings().len(), MAX_WARNINGS);
    }
}
