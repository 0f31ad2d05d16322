//! Byte ranges (RFC 9110, section 14).

/// A range of bytes, both ends within it, counted from 0: `start <= end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// The last byte.
    pub end: u64,
}

impl ByteRange {
    /// How many bytes it holds.
    #[must_use]
    pub fn length(self) -> u64 {
        (self.end - self.start).saturating_add(1)
    }
}

/// What a `Range` header asks of a representation of a known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeRequest {
    /// The whole: no header, another unit, several ranges, or a malformed one, which a server ignores.
    Whole,
    /// One range, within the size.
    Part(ByteRange),
    /// Nothing there: 416.
    Unsatisfiable,
}

impl RangeRequest {
    /// Reads a `Range` header against `size` bytes.
    ///
    /// ```
    /// use pierhead::http::RangeRequest;
    ///
    /// assert!(matches!(RangeRequest::parse(Some("bytes=2-"), 10), RangeRequest::Part(part) if part.length() == 8));
    /// assert_eq!(RangeRequest::parse(Some("bytes=10-"), 10), RangeRequest::Unsatisfiable);
    /// ```
    #[must_use]
    pub fn parse(header: Option<&str>, size: u64) -> Self {
        let Some((first, last)) = header.and_then(one_range) else {
            return Self::Whole;
        };
        let (Ok(first), Ok(last)) = (number(first), number(last)) else {
            return Self::Whole;
        };
        let (start, end) = match (first, last) {
            (None, None) => return Self::Whole,
            (Some(first), Some(last)) if last < first => return Self::Whole,
            (Some(first), last) => (first, last.unwrap_or(u64::MAX)),
            (None, Some(0)) => return Self::Unsatisfiable,
            (None, Some(suffix)) => (size.saturating_sub(suffix), u64::MAX),
        };
        if start >= size {
            return Self::Unsatisfiable;
        }
        Self::Part(ByteRange {
            start,
            end: end.min(size - 1),
        })
    }
}

/// The two ends of the only range in a `bytes=` header.
fn one_range(header: &str) -> Option<(&str, &str)> {
    let (unit, set) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return None;
    }
    set.trim().split_once('-')
}

/// An end of a range: `None` where it is left out, an error where it is no number.
fn number(text: &str) -> Result<Option<u64>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    // A number past 2^64 is a place past every end.
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(start: u64, end: u64) -> RangeRequest {
        RangeRequest::Part(ByteRange { start, end })
    }

    #[test]
    fn ranges_are_clipped_to_the_size() {
        for (header, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("BYTES=0-99999999999999999999999", part(0, 9)),
        ] {
            assert_eq!(RangeRequest::parse(Some(header), 10), expected, "{header}");
        }
    }

    #[test]
    fn a_range_past_the_end_is_unsatisfiable() {
        for (header, size) in [
            ("bytes=10-", 10),
            ("bytes=10-20", 10),
            ("bytes=-0", 10),
            ("bytes=0-", 0),
            ("bytes=-1", 0),
        ] {
            assert_eq!(
                RangeRequest::parse(Some(header), size),
                RangeRequest::Unsatisfiable,
                "{header}"
            );
        }
    }

    #[test]
    fn what_is_malformed_or_many_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "items=0-1",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(
                RangeRequest::parse(Some(header), 10),
                RangeRequest::Whole,
                "{header}"
            );
        }
        assert_eq!(RangeRequest::parse(None, 10), RangeRequest::Whole);
    }
}
