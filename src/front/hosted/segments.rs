//! The segments of a blob: objects whose bytes follow one another.

use super::super::keys;
use super::super::store::Part;
use crate::http::ByteRange;

/// The segments of a blob or of an upload, in their order. Chunks of one size, as nearly all clients send them, are one run of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::front) struct Segments {
    runs: Vec<Run>,
    count: u64,
    size: u64,
}

/// Segments of one size that are named alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Of each, in bytes.
    size: u64,
    count: u64,
    /// That of the claim they were written under; of a body of unknown size a number that nobody else has, from 2^63 on.
    generation: u64,
    /// Where the body began that they are a later part of; `None` for segments at the beginning of one.
    body: Option<u64>,
}

impl Segments {
    /// How many there may be: a list of as many different sizes is still small enough to be read at once.
    pub(in crate::front) const MOST: u64 = 10_000;

    /// In bytes.
    pub(in crate::front) fn size(&self) -> u64 {
        self.size
    }

    /// How many they are.
    pub(in crate::front) fn count(&self) -> u64 {
        self.count
    }

    /// How many entries its list has.
    pub(in crate::front) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Adds segments that begin where the last one ends.
    pub(in crate::front) fn extend(&mut self, more: &Self) {
        for run in &more.runs {
            self.add(*run);
        }
    }

    /// The only segment's key, where there is no other.
    pub(in crate::front) fn only(&self, upload: &str) -> Option<String> {
        match self.runs.as_slice() {
            [run] if run.count == 1 => Some(keys::segment(upload, 0, run.generation, run.body)),
            _ => None,
        }
    }

    /// Adds a segment, which begins where the last one ends.
    pub(in crate::front) fn push(&mut self, size: u64, generation: u64, body: Option<u64>) {
        self.add(Run {
            size,
            count: 1,
            generation,
            body,
        });
    }

    fn add(&mut self, run: Run) {
        self.count += run.count;
        self.size += run.size * run.count;
        match self.runs.last_mut() {
            Some(last) if Run { count: 0, ..*last } == Run { count: 0, ..run } => {
                last.count += run.count;
            }
            _ => self.runs.push(run),
        }
    }

    /// The parts of these segments that a range of bytes lies in, which ends before the last of them does.
    pub(in crate::front) fn parts(&self, upload: &str, range: ByteRange) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut start = 0;
        for run in &self.runs {
            let end = start + run.size * run.count;
            let skipped = range.start.saturating_sub(start) / run.size.max(1);
            let mut at = start + skipped.min(run.count) * run.size;
            while at < end && at <= range.end {
                let last = at + run.size - 1;
                parts.push(Part {
                    key: keys::segment(upload, at, run.generation, run.body),
                    range: ByteRange {
                        start: range.start.max(at) - at,
                        end: range.end.min(last) - at,
                    },
                });
                at += run.size;
            }
            start = end;
        }
        parts
    }

    /// The list as a field of a record.
    pub(in crate::front) fn to_text(&self) -> String {
        let mut text = String::new();
        for run in &self.runs {
            for (mark, number) in [("", run.size), ("x", run.count), (".", run.generation)] {
                text.push_str(mark);
                text.push_str(&number.to_string());
            }
            if let Some(body) = run.body {
                text.push('@');
                text.push_str(&body.to_string());
            }
            text.push(' ');
        }
        text
    }

    /// Reads what [`Segments::to_text`] wrote.
    pub(in crate::front) fn from_text(text: &str) -> Option<Self> {
        let mut segments = Self::default();
        for run in text.split(' ').filter(|run| !run.is_empty()) {
            let (run, body) = match run.split_once('@') {
                Some((run, body)) => (run, Some(body.parse().ok()?)),
                None => (run, None),
            };
            let (size, rest) = run.split_once('x')?;
            let (count, generation) = rest.split_once('.')?;
            let run = Run {
                size: size.parse().ok().filter(|size| *size > 0)?,
                count: count.parse().ok()?,
                generation: generation.parse().ok()?,
                body,
            };
            let total = run.size.checked_mul(run.count)?;
            segments.size.checked_add(total)?;
            segments.add(run);
        }
        Some(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(sizes: &[u64]) -> Segments {
        let mut segments = Segments::default();
        for size in sizes {
            segments.push(*size, 0, None);
        }
        segments
    }

    #[test]
    fn chunks_of_one_size_are_one_run_and_read_back_as_they_were() {
        let segments = listed(&[8; 9_999]);
        assert_eq!(segments.to_text(), "8x9999.0 ");
        let mut mixed = listed(&[8, 8, 3]);
        mixed.push(8, 2, None);
        mixed.push(8, 2, Some(19));
        assert_eq!(mixed.to_text(), "8x2.0 3x1.0 8x1.2 8x1.2@19 ");
        for segments in [segments, mixed, Segments::default()] {
            assert_eq!(Segments::from_text(&segments.to_text()), Some(segments));
        }
        for text in [
            "8",
            "8x",
            "8x1",
            "0x1.0",
            "8x1.a",
            "8x1.0@",
            "18446744073709551615x2.0",
        ] {
            assert_eq!(Segments::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn every_range_is_read_from_the_segments_that_it_lies_in_and_no_others() {
        for sizes in [&[1][..], &[3, 3, 3], &[4, 1, 4, 4], &[1, 1, 1, 5]] {
            let segments = listed(sizes);
            let mut places = Vec::new();
            let mut at = 0;
            for size in sizes {
                places.extend((0..*size).map(|offset| (keys::segment("u", at, 0, None), offset)));
                at += size;
            }
            for start in 0..places.len() {
                for end in start..places.len() {
                    let parts = segments.parts(
                        "u",
                        ByteRange {
                            start: start as u64,
                            end: end as u64,
                        },
                    );
                    let read: Vec<_> = parts
                        .iter()
                        .flat_map(|part| {
                            (part.range.start..=part.range.end).map(|at| (part.key.clone(), at))
                        })
                        .collect();
                    assert_eq!(read, places[start..=end], "{sizes:?} {start}-{end}");
                }
            }
        }
    }
}
