//! Why a text is not strict JSON, and where.

use std::fmt;

use super::position::{Position, position_at};

/// What stops the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// More bytes than [`Limits::max_bytes`](crate::Limits::max_bytes).
    TooLarge,
    /// More values than [`Limits::max_values`](crate::Limits::max_values).
    TooMany,
    /// Deeper than [`Limits::max_depth`](crate::Limits::max_depth).
    TooDeep,
    /// A byte order mark in front of the text.
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    Utf8,
    /// An escaped half of a surrogate pair.
    Surrogate,
    /// A control character in a string that is not escaped.
    ControlCharacter,
    /// An escape that JSON does not have.
    Escape,
    /// A number that starts with a zero and another digit.
    LeadingZero,
    /// A number of 10^308 or more.
    Overflow,
    /// A character that cannot stand where it does.
    Unexpected,
    /// The end of the text, in the middle of a value.
    UnexpectedEnd,
    /// Something behind the value.
    Trailing,
    /// A name that another property of the object has.
    DuplicateKey,
}

impl Cause {
    /// What is wrong, in one line.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::TooLarge => "the document is larger than the cap",
            Self::TooMany => "the document has more values than the cap",
            Self::TooDeep => "the document is nested more deeply than the cap",
            Self::ByteOrderMark => "a byte order mark may not start a JSON text",
            Self::Utf8 => "not UTF-8",
            Self::Surrogate => "a surrogate escape without its other half",
            Self::ControlCharacter => "a control character in a string must be escaped",
            Self::Escape => "not an escape sequence of JSON",
            Self::LeadingZero => "a number may not start with a zero that another digit follows",
            Self::Overflow => "a number of 10^308 or more: parsers differ on whether it is finite",
            Self::Unexpected => "an unexpected character",
            Self::UnexpectedEnd => "the document ends in the middle of a value",
            Self::Trailing => "something follows the document's value",
            Self::DuplicateKey => "no two properties of an object may have one name",
        }
    }
}

/// A cause and its place: an offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// Why the text was not read.
    pub cause: Cause,
    /// Where, in bytes from its start.
    pub offset: usize,
}

impl Fault {
    pub(super) fn new(cause: Cause, offset: usize) -> Self {
        Self { cause, offset }
    }

    /// The public error; `source` is the text that was read, for the line and column.
    pub(super) fn into_error(self, source: &[u8]) -> Error {
        // Where the text is too large, nothing of it was read, so no place in it is to blame.
        let placed = self.cause != Cause::TooLarge;
        Error {
            cause: self.cause,
            position: placed.then(|| position_at(source, self.offset)),
        }
    }
}

/// Why a text is not strict JSON, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    cause: Cause,
    position: Option<Position>,
}

impl Error {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Where; `None` if the text is too large to be looked at.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.message())
    }
}

impl std::error::Error for Error {}
