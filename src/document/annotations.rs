//! The annotations of a document or descriptor.

use serde::{Serialize, Serializer};

/// Annotations: keys with their values, in the order of the document (image specification, `annotations.md`).
///
/// ```
/// use pierhead::document::Document;
///
/// let index = br#"{"schemaVersion": 2, "manifests": [], "annotations": {"com.example.b": "1", "com.example.a": "2"}}"#;
/// let annotations = Document::parse(index.to_vec(), None)?.annotations()?;
/// assert_eq!(annotations.get("com.example.a"), Some("2"));
/// assert_eq!(annotations.iter().next(), Some(("com.example.b", "1")));
/// # Ok::<(), pierhead::Error>(())
/// ```
// Not a map of the standard library's: that one is two kilobytes of WebAssembly, and nobody has many annotations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(Vec<(String, String)>);

impl Annotations {
    /// The value of a key; of one that is there twice, which no [`Document`](super::Document) has, the last.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut from_the_last = self.iter().rev();
        from_the_last.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Each key with its value.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, key: String, value: String) {
        self.0.push((key, value));
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
