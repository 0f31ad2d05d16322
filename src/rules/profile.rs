//! Which edition of the specifications a document is held against.

use std::str::FromStr;

use crate::{Error, Kind, Result};

/// A set of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export))]
#[non_exhaustive]
pub enum Profile {
    /// `1.1`: the released image specification 1.1.1, and what it is unsafe to read.
    #[default]
    #[cfg_attr(test, ts(rename = "1.1"))]
    V1_1,
    /// `dev`: the specification's main branch, which also registers BLAKE3.
    #[cfg_attr(test, ts(rename = "dev"))]
    Dev,
    /// `schema`: the verdicts of the official JSON Schema and validator; what they let pass is a warning at most.
    #[cfg_attr(test, ts(rename = "schema"))]
    Schema,
}

impl Profile {
    /// Its name: `1.1`, `dev` or `schema`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1",
            Self::Dev => "dev",
            Self::Schema => "schema",
        }
    }
}

impl FromStr for Profile {
    type Err = Error;

    /// Any other name is `INVALID_ARGUMENT`.
    fn from_str(name: &str) -> Result<Self> {
        [Self::V1_1, Self::Dev, Self::Schema]
            .into_iter()
            .find(|profile| profile.as_str() == name)
            .ok_or_else(|| {
                Error::new(
                    Kind::InvalidArgument,
                    "the profiles are 1.1, dev and schema",
                )
            })
    }
}
