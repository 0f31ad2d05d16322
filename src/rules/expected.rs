//! What other documents say of a document.

use crate::Result;
use crate::digest::{Algorithm, Digest};
use crate::document::Descriptor;
use crate::platform::Platform;

use super::content;
use super::rule::Rule;

/// What is known of a document before it is read, from the documents that lead to it. What is not known is not checked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Expected {
    /// The descriptor that points at it. Its media type counts as the declared one: a media type by which the document was
    /// served cannot override it (image specification, "Media Type Conflicts").
    pub descriptor: Option<Descriptor>,
    /// Of an image configuration: how many layers the manifest has that points at it.
    pub layers: Option<usize>,
    /// Of an image configuration: the platform that the index states for that manifest.
    pub platform: Option<Platform>,
}

impl Expected {
    /// This, and a descriptor that points at the document.
    #[must_use]
    pub fn with_descriptor(self, descriptor: Descriptor) -> Self {
        Self {
            descriptor: Some(descriptor),
            ..self
        }
    }

    /// This, and the number of layers of the manifest that points at the image configuration.
    #[must_use]
    pub fn with_layers(self, layers: usize) -> Self {
        Self {
            layers: Some(layers),
            ..self
        }
    }

    /// This, and the platform that the index states for the manifest that points at the image configuration.
    #[must_use]
    pub fn with_platform(self, platform: Platform) -> Self {
        Self {
            platform: Some(platform),
            ..self
        }
    }

    /// Reads `{"descriptor": …, "layers": …, "platform": …}`, each optional.
    ///
    /// # Errors
    /// `INVALID_JSON`, or `INVALID_MANIFEST` with the JSON pointer of what is missing or malformed.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        content::read_expected(text)
    }

    /// The rule on size or digest that bytes break; `sha256` gives their digest, and is asked only where it matters.
    pub(super) fn identity<D: AsRef<str>>(
        &self,
        bytes: &[u8],
        sha256: impl FnOnce() -> D,
    ) -> Option<Rule> {
        let Descriptor { digest, size, .. } = self.descriptor.as_ref()?;
        if *size != bytes.len() as u64 {
            return Some(content::SIZE);
        }
        let right = match digest.algorithm() {
            None => return Some(content::UNVERIFIABLE),
            Some(Algorithm::Sha256) => digest.as_str() == sha256().as_ref(),
            Some(algorithm) => *digest == Digest::of(algorithm, bytes),
        };
        (!right).then_some(content::DIGEST)
    }
}
