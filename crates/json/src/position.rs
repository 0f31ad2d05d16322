//! From byte offsets and nodes to what people and tools read: lines, columns, JSON pointers.

use super::{NodeId, Tree, Value};

/// Where in a JSON text something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Bytes before it.
    pub offset: u32,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in characters (Unicode scalar values), from 1.
    pub column: u32,
}

impl Position {
    /// A position from its parts: `offset` in bytes from 0, `line` and `column` from 1.
    #[must_use]
    pub fn new(offset: u32, line: u32, column: u32) -> Self {
        Self {
            offset,
            line,
            column,
        }
    }
}

/// The line and column of the byte at `offset`. An offset past the end counts as the end.
///
/// Linear in the offset.
#[must_use]
pub fn position_at(source: &[u8], offset: usize) -> Position {
    Lines::new(source).position(offset)
}

/// A pointer longer than this many bytes is cut, and ends with `…`: keys may be megabytes long.
const MAX_POINTER: usize = 1024;

/// The JSON pointer (RFC 6901) of a node; of a key's node, the pointer of its value. Empty for the root. One of more than
/// 1,024 bytes is cut, and ends with `…`.
///
/// Linear in the size of the document.
#[must_use]
pub fn pointer(tree: &Tree, source: &[u8], node: NodeId) -> String {
    Pointers::new(tree.root(source)).pointer(node)
}

/// Finds places of ascending offset in one pass over the text.
pub struct Lines<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
    column: u32,
}

impl<'a> Lines<'a> {
    /// Begins at the start of a text.
    #[must_use]
    pub fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// The position of `offset`, which is not before any offset asked for earlier.
    pub fn position(&mut self, offset: usize) -> Position {
        let offset = offset.min(self.source.len());
        for &byte in self.source.get(self.at..offset).unwrap_or_default() {
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else if byte & 0xC0 != 0x80 {
                // Not a continuation byte (`10xxxxxx`), so a character starts here.
                self.column += 1;
            }
        }
        self.at = self.at.max(offset);
        Position::new(
            u32::try_from(offset).unwrap_or(u32::MAX),
            self.line,
            self.column,
        )
    }
}

/// One open container on the way to a node: the child that the search has come to, and where that child stands.
struct Level<'a> {
    container: Value<'a>,
    pointer: String,
    /// The key of the child; of an array's child, the child.
    child: NodeId,
    ordinal: usize,
}

impl Level<'_> {
    fn child_pointer(&self) -> String {
        let mut pointer = self.pointer.clone();
        if pointer.len() > MAX_POINTER {
            return pointer;
        }
        pointer.push('/');
        if self.container.is_object() {
            let key = self.container.at(self.child).as_str().unwrap_or_default();
            // No more of the key than can be shown: each of its bytes is one at least.
            for char in key.chars().take(MAX_POINTER) {
                match char {
                    '~' => pointer.push_str("~0"),
                    '/' => pointer.push_str("~1"),
                    char => pointer.push(char),
                }
            }
        } else {
            pointer.push_str(&crate::decimal(self.ordinal as u64));
        }
        if pointer.len() > MAX_POINTER {
            let end = (0..=MAX_POINTER)
                .rev()
                .find(|end| pointer.is_char_boundary(*end));
            pointer.truncate(end.unwrap_or_default());
            pointer.push('…');
        }
        pointer
    }
}

/// Finds pointers of ascending nodes in one pass over the tree.
pub struct Pointers<'a> {
    levels: Vec<Level<'a>>,
}

impl<'a> Pointers<'a> {
    /// Begins at the root of a document.
    #[must_use]
    pub fn new(root: Value<'a>) -> Self {
        Self {
            levels: vec![Level {
                container: root,
                pointer: String::new(),
                child: root.id().after(),
                ordinal: 0,
            }],
        }
    }

    /// The pointer of `node`, which is not before any node asked for earlier.
    pub fn pointer(&mut self, node: NodeId) -> String {
        while self.levels.len() > 1
            && self
                .levels
                .last()
                .is_some_and(|level| node >= level.container.end())
        {
            self.levels.pop();
        }
        while let Some(level) = self.levels.last_mut() {
            let (container, object) = (level.container, level.container.is_object());
            // The root itself, or a place behind it.
            if node <= container.id() || node >= container.end() {
                break;
            }
            // A key is followed by its value, and the next child starts where that value ends.
            let value = if object {
                level.child.after()
            } else {
                level.child
            };
            let value = container.at(value);
            if node >= value.end() {
                level.child = value.end();
                level.ordinal += 1;
            } else if node > value.id() && value.is_container() {
                let pointer = level.child_pointer();
                self.levels.push(Level {
                    container: value,
                    pointer,
                    child: value.id().after(),
                    ordinal: 0,
                });
            } else {
                return level.child_pointer();
            }
        }
        self.levels
            .last()
            .map(|level| level.pointer.clone())
            .unwrap_or_default()
    }
}
