//! What an operator keeps.

/// What is kept of the repositories whose names a pattern matches. The first policy that matches a repository is its own; without one,
/// nothing of it goes but what nothing refers to.
///
/// A tag is set by each push that has it name something, also what it names already; that one shows an hour later at most.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields, rename_all = "camelCase"))]
#[non_exhaustive]
pub struct RetentionPolicy {
    /// The names, in which `*` stands for any characters but `/`, and `**` for any at all.
    pub repositories: String,
    /// Whether manifests go that no tag leads to: neither by naming them, nor by an index, nor as the subject of a referrer. If left out,
    /// they stay.
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    pub untagged: bool,
    /// Keeps this many tags, those that were set last, beside those that the days keep. If both are left out, all tags stay.
    pub keep_tags: Option<u32>,
    /// Keeps tags that were set in this many days, beside those that their number keeps.
    pub keep_days: Option<u32>,
}

impl RetentionPolicy {
    /// A policy that keeps everything of the repositories that match.
    #[must_use]
    pub fn new(repositories: impl Into<String>) -> Self {
        Self {
            repositories: repositories.into(),
            untagged: false,
            keep_tags: None,
            keep_days: None,
        }
    }

    /// Whether it is about a repository.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(self.repositories.as_bytes(), name.as_bytes())
    }

    /// Whether it lets tags go.
    pub(super) fn drops_tags(&self) -> bool {
        self.keep_tags.is_some() || self.keep_days.is_some()
    }
}

/// Whether a pattern matches a name. In the time of their product, as all places of the pattern that a beginning of the name leads to are followed at once.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // For each place in the pattern, whether it leads here from the beginning of the name.
    let mut here = vec![false; pattern.len() + 1];
    if let Some(first) = here.first_mut() {
        *first = true;
    }
    spread(pattern, &mut here);
    for byte in name {
        let mut next = vec![false; here.len()];
        for (at, symbol) in pattern.iter().enumerate() {
            if !here.get(at).copied().unwrap_or_default() {
                continue;
            }
            let stays = *symbol == b'*' && (*byte != b'/' || is_double(pattern, at));
            let place = if stays { at } else { at + 1 };
            if (stays || symbol == byte)
                && let Some(next) = next.get_mut(place)
            {
                *next = true;
            }
        }
        spread(pattern, &mut next);
        here = next;
    }
    here.last().copied().unwrap_or_default()
}

/// A star may stand for nothing.
fn spread(pattern: &[u8], here: &mut [bool]) {
    for (at, symbol) in pattern.iter().enumerate() {
        if *symbol == b'*'
            && here.get(at) == Some(&true)
            && let Some(next) = here.get_mut(at + 1)
        {
            *next = true;
        }
    }
}

/// Whether the star at this place is one of two.
fn is_double(pattern: &[u8], at: usize) -> bool {
    pattern.get(at + 1) == Some(&b'*')
        || at
            .checked_sub(1)
            .is_some_and(|before| pattern.get(before) == Some(&b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_names() {
        for (pattern, name, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/**", "a/b/c", true),
            ("**", "a/b/c", true),
            ("*", "a", true),
            ("*", "a/b", false),
            ("**/ci", "team/x/ci", true),
            ("**/ci", "ci", false),
            ("team-*/x*y", "team-a/xaby", true),
            ("team-*/x*y", "team-a/x/y", false),
            ("", "a", false),
        ] {
            let policy = RetentionPolicy::new(pattern);
            assert_eq!(policy.matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let policy = RetentionPolicy::new("*a".repeat(100) + "c");
        assert!(!policy.matches(&"a".repeat(255).replace("aa", "ab")));
    }
}
