//! Why a text is not strict JSON, and where.

use crate::{Error, Kind};

use super::position::position_at;

/// What stops the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// More bytes than [`super::Limits::max_bytes`].
    TooLarge,
    /// More values than [`super::Limits::max_values`].
    TooMany,
    /// Deeper than [`super::Limits::max_depth`].
    TooDeep,
    ByteOrderMark,
    Utf8,
    Surrogate,
    ControlCharacter,
    Escape,
    LeadingZero,
    Overflow,
    Unexpected,
    UnexpectedEnd,
    Trailing,
    DuplicateKey,
}

impl Cause {
    pub(crate) fn message(self) -> &'static str {
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

    fn kind(self) -> Kind {
        match self {
            Self::TooLarge | Self::TooMany => Kind::TooLarge,
            Self::TooDeep => Kind::TooDeep,
            _ => Kind::InvalidJson,
        }
    }
}

/// A cause and its place: an offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    pub(crate) offset: usize,
}

impl Fault {
    pub(super) fn new(cause: Cause, offset: usize) -> Self {
        Self { cause, offset }
    }

    /// The public error; `source` is the text that was read, for the line and column.
    pub(crate) fn into_error(self, source: &[u8]) -> Error {
        let error = Error::new(self.cause.kind(), self.cause.message());
        if self.cause == Cause::TooLarge {
            // Nothing of it was read, so no place in it is to blame.
            return error;
        }
        error.with_position(position_at(source, self.offset))
    }
}
