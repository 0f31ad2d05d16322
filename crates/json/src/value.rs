//! The cursor over a [`Tree`] and the text it was read from.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use super::node::{ESCAPED, INTEGER, Node, UNSAFE};
use super::position::{Pointers, Position, position_at};
use super::scan::code_unit;
use super::{NodeId, Tree, ValueKind};

/// One value of a document: a cursor, free to copy.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    text: &'a str,
    tree: &'a Tree,
    id: NodeId,
    node: &'a Node,
}

impl<'a> Value<'a> {
    /// The value at `id`; `null` where the tree has none.
    pub(super) fn new(text: &'a str, tree: &'a Tree, id: NodeId) -> Self {
        Self {
            text,
            tree,
            id,
            node: tree.nodes.get(id.index()).unwrap_or(&Node::NOTHING),
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> ValueKind {
        self.node.kind
    }

    /// Its place in the tree.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Its place in the text, in bytes; of a string, with its quotes.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        self.node.start as usize..self.node.end as usize
    }

    /// Its bytes in the text, as they stand there.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.text.get(self.span()).unwrap_or_default()
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == ValueKind::Null
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.kind() == ValueKind::Object
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.kind() == ValueKind::Array
    }

    /// Whether it is an object or an array.
    #[must_use]
    pub fn is_container(self) -> bool {
        self.is_object() || self.is_array()
    }

    /// Its truth, if it is `true` or `false`.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == ValueKind::Bool).then(|| self.raw() == "true")
    }

    /// Its characters, if it is a string; borrowed unless they hold an escape.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let content = self.content()?;
        Some(if self.has(ESCAPED) {
            unescape(content).collect::<String>().into()
        } else {
            content.into()
        })
    }

    /// Whether it is this string.
    #[must_use]
    pub fn is_str(self, expected: &str) -> bool {
        self.content().is_some_and(|content| {
            if self.has(ESCAPED) {
                unescape(content).eq(expected.chars())
            } else {
                content == expected
            }
        })
    }

    /// Whether it is a number without fraction and exponent: `1.0` and `1e3` are not integers to every parser.
    #[must_use]
    pub fn is_integer(self) -> bool {
        self.has(INTEGER)
    }

    /// Whether it is an integer beyond ±(2^53 - 1), which JavaScript rounds (RFC 7493, section 2.2).
    #[must_use]
    pub fn is_unsafe_integer(self) -> bool {
        self.has(UNSAFE)
    }

    /// Its value, if it is an integer ([`Self::is_integer`]) from -2^63 to 2^63 - 1.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        if self.is_integer() {
            self.raw().parse().ok()
        } else {
            None
        }
    }

    /// Its value, if it is an integer ([`Self::is_integer`]) from 0 to 2^64 - 1.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        if !self.is_integer() {
            return None;
        }
        match self.raw() {
            "-0" => Some(0),
            raw => raw.parse().ok(),
        }
    }

    /// Its properties in document order, as key and value; none unless it is an object.
    pub fn entries(self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
        let mut next = self.id.after();
        iter::from_fn(move || {
            if !self.is_object() || next >= self.end() {
                return None;
            }
            let key = self.at(next);
            let value = self.at(key.end());
            next = value.end();
            Some((key, value))
        })
    }

    /// Its elements in order; none unless it is an array.
    pub fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let mut next = self.id.after();
        iter::from_fn(move || {
            if !self.is_array() || next >= self.end() {
                return None;
            }
            let element = self.at(next);
            next = element.end();
            Some(element)
        })
    }

    /// The value of the property of this name, if it is an object that has one.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.entries()
            .find(|(key, _)| key.is_str(name))
            .map(|(_, value)| value)
    }

    /// The node after it and everything inside it.
    #[must_use]
    pub fn end(self) -> NodeId {
        self.node.next
    }

    /// Another node of its tree.
    #[must_use]
    pub fn at(self, id: NodeId) -> Self {
        Self::new(self.text, self.tree, id)
    }

    /// Its JSON pointer (RFC 6901); of a key, that of its value. Linear in the size of the document.
    #[must_use]
    pub fn pointer(self) -> String {
        Pointers::new(self.at(NodeId::ROOT)).pointer(self.id)
    }

    /// The place of its first byte. Linear in the size of the document.
    #[must_use]
    pub fn position(self) -> Position {
        position_at(self.text.as_bytes(), self.span().start)
    }

    /// The text between the quotes of a string.
    fn content(self) -> Option<&'a str> {
        if self.kind() != ValueKind::String {
            return None;
        }
        let Range { start, end } = self.span();
        self.text.get(start + 1..end.wrapping_sub(1))
    }

    fn has(self, flag: u8) -> bool {
        self.node.flags & flag != 0
    }
}

/// The characters of a string's content. The reader has checked its escapes; in another text a broken one reads as U+FFFD.
fn unescape(content: &str) -> impl Iterator<Item = char> {
    let mut rest = content;
    iter::from_fn(move || {
        let mut chars = rest.chars();
        let first = chars.next()?;
        if first != '\\' {
            rest = chars.as_str();
            return Some(first);
        }
        let (char, length) = match chars.next() {
            Some('b') => ('\u{8}', 2),
            Some('f') => ('\u{c}', 2),
            Some('n') => ('\n', 2),
            Some('r') => ('\r', 2),
            Some('t') => ('\t', 2),
            Some('u') => unicode(rest.as_bytes()),
            Some(other) => (other, 1 + other.len_utf8()),
            None => (char::REPLACEMENT_CHARACTER, 1),
        };
        rest = rest.get(length..).unwrap_or_default();
        Some(char)
    })
}

/// The character of the `\uXXXX` or surrogate pair that `bytes` start with, and its length in bytes.
fn unicode(bytes: &[u8]) -> (char, usize) {
    let unit = |at| code_unit(bytes, at).unwrap_or_default();
    match unit(0) {
        high @ 0xD800..=0xDBFF => {
            let code = 0x10000 + ((high & 0x3FF) << 10 | unit(6) & 0x3FF);
            (
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                12,
            )
        }
        code => (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            6,
        ),
    }
}
