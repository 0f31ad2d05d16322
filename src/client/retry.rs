//! When to ask again: pauses, and what registries say of them.

use super::fields::split_unquoted;
use super::options::ClientOptions;
use super::{Client, Host};
use crate::http::Headers;
use crate::{Error, Kind};

/// How often in a row something may break before another byte has come or gone.
pub(super) const MAX_FAILURES: u32 = 5;

/// Whether a registry that answers so may answer otherwise soon. 500 is among them: registries give it for what fails once in
/// their storage.
pub(super) fn is_passing_status(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Whether the same may succeed a little later.
pub(super) fn is_passing(error: &Error) -> bool {
    match error.status() {
        Some(status) => is_passing_status(status),
        None => matches!(
            error.kind(),
            Kind::ConnectionFailed | Kind::ConnectionLost | Kind::Timeout | Kind::BodyTruncated
        ),
    }
}

impl<T: Host> Client<T> {
    /// Whether the same may succeed after no longer than is waited for at all.
    pub(super) fn may_pass(&self, error: &Error) -> bool {
        let longest = self.options.max_retry_after;
        is_passing(error) && error.retry_after().is_none_or(|asked| asked <= longest)
    }

    /// Waits after so many failures in a row, or as long as the registry asks for, up to what is waited for at all; not if there was none.
    pub(crate) async fn pause(&self, failures: u32, retry_after: Option<u64>) {
        if let Some(attempt) = failures.checked_sub(1) {
            let asked = retry_after.map(|seconds| seconds.min(self.options.max_retry_after));
            let pause = pause(&self.options, attempt, asked, self.host.random());
            self.host.sleep(pause).await;
        }
    }
}

/// How many milliseconds to wait before the attempt after `attempt`, which counts from 0: anything up to a bound that doubles, so that
/// those who failed together do not come again together ("full jitter"), and never before the registry wants it.
pub(super) fn pause(
    options: &ClientOptions,
    attempt: u32,
    retry_after: Option<u64>,
    random: u32,
) -> u64 {
    let bound = options
        .backoff
        .saturating_mul(1 << attempt.min(16))
        .min(options.max_backoff)
        .min(u64::from(u32::MAX));
    let spread = (bound * u64::from(random)) >> 32;
    retry_after
        .unwrap_or_default()
        .saturating_mul(1000)
        .saturating_add(spread)
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3). The clock here may be any, so a date counts from the response's own.
pub(super) fn retry_after(headers: &Headers) -> Option<u64> {
    let value = headers.get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let now = http_date(headers.get("date")?)?;
    Some(http_date(value)?.saturating_sub(now))
}

/// Seconds since some day of an HTTP date (RFC 9110, section 5.6.7: only the form that may still be sent,
/// `Sun, 06 Nov 1994 08:49:37 GMT`, where everything has its column).
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let text = text.trim().as_bytes();
    if text.len() != 29 || !text.ends_with(b" GMT") {
        return None;
    }
    let number = |from: usize, most: u64| {
        let mut number = 0;
        for digit in text.get(from..from + 2)? {
            number = number * 10 + u64::from(char::from(*digit).to_digit(10)?);
        }
        (number <= most).then_some(number)
    };
    let name = text.get(8..11)?;
    let month = MONTHS.chunks(3).position(|month| month == name)? as u64;
    // Years that begin in March have their leap day at their end.
    let (month, borrowed) = if month < 2 {
        (month + 10, 1)
    } else {
        (month - 2, 0)
    };
    let year = (number(12, 99)? * 100 + number(14, 99)?).checked_sub(borrowed)?;
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    let days = days + (month * 153 + 2) / 5 + number(5, 31)?;
    Some(((days * 24 + number(17, 23)?) * 60 + number(20, 59)?) * 60 + number(23, 60)?)
}

/// What a registry says of how often it may be asked. Which of its figures it states differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many requests a window has.
    pub limit: Option<u64>,
    /// How many are left of them.
    pub remaining: Option<u64>,
    /// How long the window is, in seconds.
    pub window: Option<u64>,
}

/// The limit that a response states: `RateLimit-Limit: 100;w=21600` and `RateLimit-Remaining` as Docker Hub sends them, else
/// `RateLimit-Policy: "name";q=100;w=60` and `RateLimit: "name";r=50;t=30` (IETF draft "RateLimit header fields for HTTP").
pub(super) fn rate_limit(headers: &Headers) -> Option<RateLimit> {
    let field = |name| {
        let value = headers.get(name)?;
        split_unquoted(value).first().copied()
    };
    let (limit, remaining) = (field("ratelimit-limit"), field("ratelimit-remaining"));
    let (policy, state) = (field("ratelimit-policy"), field("ratelimit"));
    let stated = RateLimit {
        limit: parameter(limit, "").or_else(|| parameter(policy, "q=")),
        remaining: parameter(remaining, "").or_else(|| parameter(state, "r=")),
        window: parameter(limit, "w=").or_else(|| parameter(policy, "w=")),
    };
    (stated != RateLimit::default()).then_some(stated)
}

/// The number of a parameter of a field's value, such as `w=`; without a name, the number that it begins with.
#[inline(never)]
fn parameter(value: Option<&str>, name: &str) -> Option<u64> {
    let mut parts = value?.split(';');
    parts.find_map(|part| part.trim().strip_prefix(name)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.append(name, *value).unwrap();
        }
        headers
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_that_counts_from_the_responses_own() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (value, now, expected) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            (date, Some("Sun, 06 Nov 1994 08:49:07 GMT"), Some(30)),
            (date, Some("Sun, 06 Nov 1994 08:50:07 GMT"), Some(0)),
            (
                "Thu, 29 Feb 2024 00:00:01 GMT",
                Some("Wed, 28 Feb 2024 23:59:59 GMT"),
                Some(2),
            ),
            (
                "Sat, 01 Mar 2025 00:00:00 GMT",
                Some("Thu, 29 Feb 2024 00:00:00 GMT"),
                Some(366 * 86_400),
            ),
            (
                "Thu, 01 Jan 2026 00:00:00 GMT",
                Some("Wed, 31 Dec 2025 23:59:50 GMT"),
                Some(10),
            ),
            (date, None, None),
            (date, Some("yesterday"), None),
            ("Sat, 01 Jan 0000 00:00:00 GMT", Some(date), None),
            ("-1", None, None),
            ("1.5", None, None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(date), None),
            ("Sun, 06 Nov 1994 08:49 GMT", Some(date), None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", Some(date), None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", Some(date), None),
            ("Sun, 06 Nov 1994 08:49:37 CET", Some(date), None),
            ("Sun, 06 Jan 0 08:49:37 GMT", Some(date), None),
        ] {
            let mut fields = vec![("Retry-After", value)];
            fields.extend(now.map(|now| ("Date", now)));
            assert_eq!(retry_after(&headers(&fields)), expected, "{value}");
        }
    }

    #[test]
    fn pauses_double_to_their_cap_and_are_spread_over_all_of_it() {
        let options = ClientOptions::default();
        let (base, cap) = (options.backoff, options.max_backoff);
        assert_eq!(pause(&options, 0, None, 0), 0);
        assert_eq!(pause(&options, 0, None, u32::MAX), base - 1);
        assert_eq!(pause(&options, 2, None, 1 << 31), base * 2);
        assert_eq!(pause(&options, 60, None, u32::MAX), cap - 1);
        assert_eq!(pause(&options, 0, Some(3), 0), 3000);
        assert!(pause(&options, 0, Some(u64::MAX), u32::MAX) > base);
    }

    #[test]
    fn rate_limits_are_read_in_both_spellings() {
        let limit = |limit, remaining, window| {
            Some(RateLimit {
                limit,
                remaining,
                window,
            })
        };
        let read = |fields: &[(&str, &str)]| rate_limit(&headers(fields));
        assert_eq!(
            read(&[
                ("ratelimit-limit", "100;w=21600"),
                ("ratelimit-remaining", "76;w=21600")
            ]),
            limit(Some(100), Some(76), Some(21_600))
        );
        assert_eq!(
            read(&[
                (
                    "RateLimit-Policy",
                    r#""a,b";q=100;w=60, "day";q=1000;w=86400"#
                ),
                ("RateLimit", r#""a,b";r=50;t=30"#)
            ]),
            limit(Some(100), Some(50), Some(60))
        );
        assert_eq!(
            read(&[("RateLimit-Limit", "10, 10;w=1")]),
            limit(Some(10), None, None)
        );
        assert_eq!(read(&[("RateLimit-Limit", "many")]), None);
        assert_eq!(read(&[]), None);
    }
}
