//! The reader: text to [`Tree`], in one pass, without recursion and without an allocation per value.

use std::borrow::Cow;
use std::collections::BinaryHeap;
use std::{mem, str};

use super::fault::{Cause, Error, Fault};
use super::node::{Node, NodeId, UNSAFE};
use super::{Value, ValueKind, scan};

/// How much a reader takes in before it refuses. The defaults hold every manifest that a registry must accept
/// (distribution specification, "Pushing Manifests": 4 MiB), twice over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text: 8 MiB, and never more than `u32::MAX`.
    pub max_bytes: usize,
    /// Arrays and objects inside one another: 64.
    pub max_depth: usize,
    /// Values and keys: 2^20, at sixteen bytes of memory each.
    pub max_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 20,
            max_depth: 64,
            max_values: 1 << 20,
        }
    }
}

impl Limits {
    /// These limits, with another cap on the bytes of text.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// These limits, with another cap on the depth of nesting.
    #[must_use]
    pub fn with_max_depth(self, max_depth: usize) -> Self {
        Self { max_depth, ..self }
    }

    /// These limits, with another cap on the number of values and keys.
    #[must_use]
    pub fn with_max_values(self, max_values: usize) -> Self {
        Self { max_values, ..self }
    }
}

/// The shape of a JSON text: where each value stands and what it is. The text itself stays with the caller.
#[derive(Clone, Debug)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    duplicates: Vec<NodeId>,
    /// Whether there is an integer that JavaScript would round.
    rounds: bool,
}

impl Tree {
    /// Reads a JSON text strictly: RFC 8259 as narrowed by RFC 7493 (I-JSON), so that no two parsers read it two ways.
    ///
    /// # Errors
    /// The first fault and its place, or that the text is past the default [`Limits`].
    pub fn parse(source: &[u8]) -> Result<Self, Error> {
        Self::parse_with(source, &Limits::default())
    }

    /// [`Tree::parse`] under other limits.
    ///
    /// # Errors
    /// As [`Tree::parse`].
    pub fn parse_with(source: &[u8], limits: &Limits) -> Result<Self, Error> {
        let (tree, _) = Self::read(source, limits).map_err(|fault| fault.into_error(source))?;
        match tree
            .duplicates
            .first()
            .and_then(|key| tree.nodes.get(key.index()))
        {
            None => Ok(tree),
            Some(key) => {
                Err(Fault::new(Cause::DuplicateKey, key.start as usize).into_error(source))
            }
        }
    }

    /// [`Tree::parse_with`], but duplicate keys are only collected: see [`Tree::duplicates`]. Gives the source back as text.
    ///
    /// # Errors
    /// As [`Tree::parse`], but the place is not counted in lines and columns.
    pub fn read<'a>(source: &'a [u8], limits: &Limits) -> Result<(Self, &'a str), Fault> {
        if source.len() > limits.max_bytes.min(u32::MAX as usize) {
            return Err(Fault::new(Cause::TooLarge, 0));
        }
        if source.starts_with("\u{feff}".as_bytes()) {
            return Err(Fault::new(Cause::ByteOrderMark, 0));
        }
        let text =
            str::from_utf8(source).map_err(|error| Fault::new(Cause::Utf8, error.valid_up_to()))?;
        let mut reader = Reader {
            text,
            limits,
            nodes: Vec::with_capacity(FEW_NODES.min(source.len()).max(source.len() / 32)),
            open: Vec::new(),
            rounds: false,
        };
        reader.read()?;
        let mut tree = Self {
            nodes: reader.nodes,
            duplicates: Vec::new(),
            rounds: reader.rounds,
        };
        tree.duplicates = duplicates(text, &tree);
        Ok((tree, text))
    }

    /// The document's value. `source` is the text that was read; of any other the values are nonsense, though harmless.
    #[must_use]
    pub fn root<'a>(&'a self, source: &'a [u8]) -> Value<'a> {
        Value::new(
            str::from_utf8(source).unwrap_or_default(),
            self,
            NodeId::ROOT,
        )
    }

    /// [`Tree::root`], of a text that is known to be UTF-8.
    #[must_use]
    pub fn root_of<'a>(&'a self, text: &'a str) -> Value<'a> {
        Value::new(text, self, NodeId::ROOT)
    }

    /// The keys that repeat an earlier one of their object, in document order. Empty in a tree that [`Tree::parse`] gave.
    #[must_use]
    pub fn duplicates(&self) -> &[NodeId] {
        &self.duplicates
    }

    /// The integers that JavaScript would round ([`Value::is_unsafe_integer`]), in document order.
    pub fn unsafe_integers(&self) -> impl Iterator<Item = NodeId> {
        // Nearly no document has one.
        let nodes: &[Node] = if self.rounds { &self.nodes } else { &[] };
        let ids = (0..offset(nodes.len())).map(NodeId);
        ids.zip(nodes)
            .filter(|(_, node)| node.flags & UNSAFE != 0)
            .map(|(id, _)| id)
    }
}

/// Room for the nodes of a usual manifest, so that it is made once.
const FEW_NODES: usize = 512;

struct Reader<'a> {
    text: &'a str,
    limits: &'a Limits,
    nodes: Vec<Node>,
    /// The containers around the current place, outermost first.
    open: Vec<NodeId>,
    rounds: bool,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let mut at = scan::skip_space(bytes, 0);
        loop {
            at = self.value(at)?;
            // Behind a value: close what ends here, and step to the next value.
            loop {
                at = scan::skip_space(bytes, at);
                let Some(container) = self.open.last().and_then(|id| self.nodes.get(id.index()))
                else {
                    return if at == bytes.len() {
                        Ok(())
                    } else {
                        Err(Fault::new(Cause::Trailing, at))
                    };
                };
                let object = container.kind == ValueKind::Object;
                let close = if object { b'}' } else { b']' };
                // Nothing was read into it yet, so what comes is its first child, without a comma.
                let empty = self
                    .open
                    .last()
                    .is_some_and(|id| id.index() + 1 == self.nodes.len());
                match bytes.get(at) {
                    Some(&byte) if byte == close => {
                        at += 1;
                        self.close(at);
                        continue;
                    }
                    Some(b',') if !empty => at = scan::skip_space(bytes, at + 1),
                    _ if empty => {}
                    _ => return Err(scan::unexpected(bytes, at)),
                }
                if object {
                    at = self.key(at)?;
                }
                break;
            }
        }
    }

    /// Reads a scalar whole, of a container its opening bracket; gives the offset after it.
    fn value(&mut self, start: usize) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        let (kind, (end, flags)) = match bytes.get(start) {
            Some(b'"') => (ValueKind::String, scan::string(bytes, start)?),
            Some(b'{') => (ValueKind::Object, (start + 1, 0)),
            Some(b'[') => (ValueKind::Array, (start + 1, 0)),
            Some(b'-' | b'0'..=b'9') => (ValueKind::Number, scan::number(bytes, start)?),
            Some(b't') => (ValueKind::Bool, (self.literal(start, "true")?, 0)),
            Some(b'f') => (ValueKind::Bool, (self.literal(start, "false")?, 0)),
            Some(b'n') => (ValueKind::Null, (self.literal(start, "null")?, 0)),
            _ => return Err(scan::unexpected(bytes, start)),
        };
        self.rounds |= flags & UNSAFE != 0;
        let container = matches!(kind, ValueKind::Array | ValueKind::Object);
        if container && self.open.len() >= self.limits.max_depth {
            return Err(Fault::new(Cause::TooDeep, start));
        }
        let id = self.push(kind, start, end, flags)?;
        if container {
            self.open.push(id);
        }
        Ok(end)
    }

    /// Reads a key and its colon; gives the offset of the value.
    fn key(&mut self, start: usize) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return Err(scan::unexpected(bytes, start));
        }
        let (end, flags) = scan::string(bytes, start)?;
        self.push(ValueKind::String, start, end, flags)?;
        let colon = scan::skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') {
            return Err(scan::unexpected(bytes, colon));
        }
        Ok(scan::skip_space(bytes, colon + 1))
    }

    fn literal(&self, start: usize, literal: &str) -> Result<usize, Fault> {
        let bytes = self.text.as_bytes();
        let end = start + literal.len();
        if bytes.get(start..end) == Some(literal.as_bytes()) {
            return Ok(end);
        }
        let same = bytes
            .iter()
            .skip(start)
            .zip(literal.as_bytes())
            .take_while(|(left, right)| left == right)
            .count();
        Err(scan::unexpected(bytes, start + same))
    }

    fn push(
        &mut self,
        kind: ValueKind,
        start: usize,
        end: usize,
        flags: u8,
    ) -> Result<NodeId, Fault> {
        if self.nodes.len() >= self.limits.max_values {
            return Err(Fault::new(Cause::TooMany, start));
        }
        if self.nodes.len() == self.nodes.capacity() {
            self.grow(start);
        }
        let id = NodeId(offset(self.nodes.len()));
        self.nodes.push(Node {
            start: offset(start),
            end: offset(end),
            next: id.after(),
            kind,
            flags,
        });
        Ok(id)
    }

    /// Makes room for the nodes that are to come, if the text goes on as it was up to `at`. To double the room, as a vector does
    /// by itself, would take half as much again for a document of many values.
    fn grow(&mut self, at: usize) {
        let length = self.nodes.len();
        let density = length as u64 * self.text.len() as u64 / at.max(1) as u64;
        let least = length + length / 2 + FEW_NODES;
        let wanted = usize::try_from(density).unwrap_or(least).max(least);
        let room = wanted.min(self.limits.max_values);
        self.nodes.reserve_exact(room.saturating_sub(length));
    }

    /// Ends the innermost open container in front of `end`.
    fn close(&mut self, end: usize) {
        let next = NodeId(offset(self.nodes.len()));
        if let Some(node) = self
            .open
            .pop()
            .and_then(|id| self.nodes.get_mut(id.index()))
        {
            node.end = offset(end);
            node.next = next;
        }
    }
}

/// An offset into the text or the tape: both are shorter than 2^32 by the cap on bytes.
fn offset(at: usize) -> u32 {
    at as u32
}

/// Objects of at most this many properties compare each key with each before it; in larger ones the keys are sorted, so
/// that no choice of keys costs more than O(n log n). Nothing is hashed, so nothing can be made to collide.
const FEW: usize = 8;

/// The keys that repeat an earlier one of their object, in document order.
fn duplicates(text: &str, tree: &Tree) -> Vec<NodeId> {
    let mut found = BinaryHeap::new();
    let mut keys = Vec::new();
    let ids = (0..offset(tree.nodes.len())).map(NodeId);
    for object in ids
        .map(|id| Value::new(text, tree, id))
        .filter(|value| value.is_object())
    {
        keys.clear();
        keys.extend(object.entries().map(|(key, _)| Key {
            name: key.as_str().unwrap_or_default(),
            id: key.id(),
        }));
        if keys.len() <= FEW {
            for (count, key) in keys.iter().enumerate() {
                let mut earlier = keys.iter().take(count);
                if earlier.any(|earlier| earlier.name == key.name) {
                    found.push(key.id);
                }
            }
        } else {
            keys = BinaryHeap::from(mem::take(&mut keys)).into_sorted_vec();
            let repeats = keys
                .iter()
                .zip(keys.iter().skip(1))
                .filter(|(left, right)| left.name == right.name);
            found.extend(repeats.map(|(_, repeat)| repeat.id));
        }
    }
    found.into_sorted_vec()
}

/// A key, ordered by its name, decoded once, and then by its place. Sorted on heaps: `sort` is faster, and several times their
/// size in WebAssembly for each type that it sorts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    name: Cow<'a, str>,
    id: NodeId,
}
