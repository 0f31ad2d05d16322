//! The tape: one small record per value and per key, in document order.

/// The string holds at least one escape.
pub(super) const ESCAPED: u8 = 1;
/// The number is written without fraction and exponent.
pub(super) const INTEGER: u8 = 1 << 1;
/// The integer is beyond ±(2^53 - 1), where JavaScript rounds.
pub(super) const UNSAFE: u8 = 1 << 2;

/// What a value is (RFC 8259, section 3); `true` and `false` are one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number.
    Number,
    /// A string, or the key of a property.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// The place of a value or key in its [`super::Tree`]. Ascends in document order; the root is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// The root of every tree.
    pub const ROOT: Self = Self(0);

    /// The node that follows: of a container, its first child; of a key, its value.
    #[must_use]
    pub fn after(self) -> Self {
        Self(self.0 + 1)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Sixteen bytes a value, so that a document of 4 MiB stays within a few times its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The value's first byte.
    pub(super) start: u32,
    /// The byte after its last.
    pub(super) end: u32,
    /// The node after this one and everything inside it.
    pub(super) next: NodeId,
    pub(super) kind: ValueKind,
    pub(super) flags: u8,
}

impl Node {
    /// What stands outside of a tree.
    pub(super) const NOTHING: Self = Self {
        start: 0,
        end: 0,
        next: NodeId(u32::MAX),
        kind: ValueKind::Null,
        flags: 0,
    };
}

const _: () = assert!(size_of::<Node>() <= 16);
