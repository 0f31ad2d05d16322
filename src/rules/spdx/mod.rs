//! SPDX license expressions (SPDX specification 2.3, annex D), as `org.opencontainers.image.licenses` has them.

/// What is wrong with a license expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not have the grammar.
    Grammar,
    /// It names a license or an exception that is not on the SPDX list.
    Unlisted,
}

/// The names of both lists, hashed and sorted at compile time: of two thousand bytes instead of nine, none has to be stored as text. That
/// another name has the hash of a listed one happens once in twenty thousand.
static LISTED: Listed = listed();

/// How many names the lists have.
const COUNT: usize = count(LICENSE_LIST) + count(EXCEPTION_LIST);

/// Hashes, of which those that begin alike stand together, without their first byte.
struct Listed {
    /// How many begin with each byte.
    counts: [u8; 256],
    rests: [[u8; 2]; COUNT],
}

/// What the hashes of each list begin from, so that none is taken for one of the other.
const LICENSE: u32 = 0x811c_9dc5;
const EXCEPTION: u32 = !LICENSE;

/// The identifiers of the SPDX license list 3.29.0 (<https://github.com/spdx/license-list-data>, CC0-1.0), one a line.
const LICENSE_LIST: &str = include_str!("licenses.txt");
const EXCEPTION_LIST: &str = include_str!("exceptions.txt");

/// What the reader of an expression waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Operand,
    Exception,
    /// `with` may follow only a license, not a parenthesis or an exception.
    Operator {
        with: bool,
    },
}

/// Checks a license expression. Names are compared without case, operators with it.
pub(super) fn fault(expression: &str) -> Option<Fault> {
    let mut unlisted = false;
    let mut depth = 0_usize;
    let mut next = Next::Operand;
    for token in tokens(expression) {
        next = match (next, token) {
            (Next::Operand, "(") => {
                depth += 1;
                Next::Operand
            }
            (Next::Operator { .. }, ")") if depth > 0 => {
                depth -= 1;
                Next::Operator { with: false }
            }
            (Next::Operator { .. }, "AND" | "OR") => Next::Operand,
            (Next::Operator { with: true }, "WITH") => Next::Exception,
            (_, "(" | ")" | "AND" | "OR" | "WITH") | (Next::Operator { .. }, _) => {
                return Some(Fault::Grammar);
            }
            (Next::Operand, license) => {
                let id = license.strip_suffix('+').unwrap_or(license);
                if !is_reference(id) {
                    if !is_name(id) {
                        return Some(Fault::Grammar);
                    }
                    unlisted |= !is_listed(LICENSE, id) && !is_listed(LICENSE, license);
                }
                Next::Operator { with: true }
            }
            (Next::Exception, exception) => {
                if !is_name(exception) {
                    return Some(Fault::Grammar);
                }
                unlisted |= !is_listed(EXCEPTION, exception);
                Next::Operator { with: false }
            }
        };
    }
    if depth > 0 || !matches!(next, Next::Operator { .. }) {
        return Some(Fault::Grammar);
    }
    unlisted.then_some(Fault::Unlisted)
}

/// The words and parentheses of an expression.
fn tokens(expression: &str) -> impl Iterator<Item = &str> {
    let mut rest = expression;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(&[' ', '\t', '\n', '\r'][..]);
        let length = match rest.as_bytes().first()? {
            b'(' | b')' => 1,
            _ => rest
                .bytes()
                .position(|byte| b" \t\n\r()".contains(&byte))
                .unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(token)
    })
}

/// Whether it refers to a license that is on no list: `LicenseRef-…`, of another document `DocumentRef-…:LicenseRef-…`.
fn is_reference(id: &str) -> bool {
    let local = match id.split_once(':') {
        Some((document, local)) => document
            .strip_prefix("DocumentRef-")
            .filter(|name| is_name(name))
            .and(Some(local)),
        None => Some(id),
    };
    local
        .and_then(|local| local.strip_prefix("LicenseRef-"))
        .is_some_and(is_name)
}

/// Whether it is an `idstring`.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

type Hash = [u8; 3];

fn is_listed(list: u32, name: &str) -> bool {
    let [first, rest @ ..] = hash(list, name.as_bytes(), 0, name.len());
    let counts = &LISTED.counts;
    let before = counts.iter().take(usize::from(first));
    let start = before.fold(0, |sum, count| sum + usize::from(*count));
    let count = counts.get(usize::from(first)).copied().unwrap_or_default();
    let rests = LISTED.rests.iter().skip(start);
    rests.take(usize::from(count)).any(|listed| *listed == rest)
}

/// Three bytes of the FNV-1a hash of a name in lower case.
#[allow(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, where iterators are not; its callers give a range of the text"
)]
const fn hash(list: u32, text: &[u8], start: usize, end: usize) -> Hash {
    let mut hash = list;
    let mut at = start;
    while at < end {
        hash = (hash ^ text[at].to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    let [a, b, c, d] = hash.to_be_bytes();
    [a ^ d, b, c]
}

/// How many lines a list has.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn count(list: &str) -> usize {
    let text = list.as_bytes();
    let mut lines = 0;
    let mut at = 0;
    while at < text.len() {
        lines += (text[at] == b'\n') as usize;
        at += 1;
    }
    lines
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn listed() -> Listed {
    let hashes = sorted();
    let (mut counts, mut rests) = ([0; 256], [[0; 2]; COUNT]);
    let mut at = 0;
    while at < COUNT {
        let [first, rest @ ..] = hashes[at];
        counts[first as usize] += 1;
        rests[at] = rest;
        at += 1;
    }
    Listed { counts, rests }
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn sorted() -> [Hash; COUNT] {
    let mut hashes = [[0; 3]; COUNT];
    let lists = [(LICENSE, LICENSE_LIST), (EXCEPTION, EXCEPTION_LIST)];
    let (mut list, mut line) = (0, 0);
    while list < lists.len() {
        let text = lists[list].1.as_bytes();
        let (mut start, mut at) = (0, 0);
        while at < text.len() {
            if text[at] == b'\n' {
                hashes[line] = hash(lists[list].0, text, start, at);
                line += 1;
                start = at + 1;
            }
            at += 1;
        }
        list += 1;
    }
    // By insertion, in steps that become smaller until the last is one.
    let mut step = COUNT / 2;
    while step > 0 {
        let mut sorted = step;
        while sorted < COUNT {
            let mut at = sorted;
            while at >= step && is_before(hashes[at], hashes[at - step]) {
                (hashes[at], hashes[at - step]) = (hashes[at - step], hashes[at]);
                at -= step;
            }
            sorted += 1;
        }
        step /= 2;
    }
    hashes
}

const fn is_before([a, b, c]: Hash, [x, y, z]: Hash) -> bool {
    u32::from_be_bytes([0, a, b, c]) < u32::from_be_bytes([0, x, y, z])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_those_of_spdx() {
        let names = |list: &'static str| list.lines().collect::<Vec<_>>();
        let sorted = |mut names: Vec<&'static str>| {
            names.retain(|name| !matches!(*name, "NOASSERTION" | "NONE"));
            names.sort_by_key(|name| name.to_ascii_lowercase());
            names
        };
        let licenses = spdx::identifiers::LICENSES
            .iter()
            .map(|license| license.name);
        let exceptions = spdx::identifiers::EXCEPTIONS
            .iter()
            .map(|exception| exception.name);
        assert_eq!(names(LICENSE_LIST), sorted(licenses.collect()));
        assert_eq!(names(EXCEPTION_LIST), sorted(exceptions.collect()));
    }

    #[test]
    fn every_name_is_found_in_its_list_alone() {
        for (own, other, names) in [
            (LICENSE, EXCEPTION, LICENSE_LIST),
            (EXCEPTION, LICENSE, EXCEPTION_LIST),
        ] {
            assert!(names.lines().all(|name| is_listed(own, name)));
            assert!(!names.lines().any(|name| is_listed(other, name)));
        }
    }

    #[test]
    fn a_name_of_a_long_expression_is_compared_with_few_of_the_list() {
        let most = LISTED.counts.iter().max().copied().unwrap();
        assert!(most < 16, "{most} of {COUNT}");
        let expression = "A OR ".repeat(1 << 18) + "A";
        assert_eq!(tokens(&expression).count(), (1 << 19) + 1);
        assert_eq!(fault(&expression), Some(Fault::Unlisted));
    }

    #[test]
    fn expressions_are_judged_as_the_specification_has_it() {
        for good in [
            "MIT",
            "mit",
            "Apache-2.0 AND (MIT OR GPL-2.0-or-later WITH Classpath-exception-2.0)",
            "GPL-2.0+",
            "CDDL-1.0+",
            "(MIT)",
            "((MIT)AND(ISC))",
            " MIT\tOR\nISC ",
            "LicenseRef-23 AND DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "",
            " ",
            "()",
            "MIT ISC",
            "MIT AND",
            "OR MIT",
            "MIT and ISC",
            "(MIT",
            "MIT)",
            "MIT WITH",
            "MIT WITH Classpath-exception-2.0 WITH LLVM-exception",
            "(MIT) WITH LLVM-exception",
            "MIT, ISC",
            "MIT/ISC",
            "DocumentRef-:LicenseRef-a",
            "DocumentRef-a:MIT",
            "MIT++",
            "https://opensource.org/license/mit",
        ] {
            assert_eq!(fault(bad), Some(Fault::Grammar), "{bad}");
        }
        for unlisted in [
            "Apache2",
            "LicenseRef-",
            "MIT WITH MIT",
            "ISC OR Proprietary",
            "NONE",
        ] {
            assert_eq!(fault(unlisted), Some(Fault::Unlisted), "{unlisted}");
        }
    }

    #[test]
    fn another_reader_takes_the_same_expressions() {
        // The other has an opinion on names with a plus that are on the list themselves.
        let listed = LICENSE_LIST.lines().filter(|name| !name.ends_with('+'));
        for text in listed.chain(["MIT OR ISC", "Unlisted-1.0", "MIT AND"]) {
            let other = spdx::Expression::parse_mode(
                text,
                spdx::ParseMode {
                    allow_deprecated: true,
                    ..spdx::ParseMode::STRICT
                },
            );
            assert_eq!(fault(text).is_none(), other.is_ok(), "{text}");
        }
    }
}
