//! The names of images and of what their layers make, computed from the configuration (image specification, `config.md`).

use crate::Result;
use crate::digest::{Algorithm, Digest};

use super::Document;
use super::descriptor::{array, digest, required};

impl Document {
    /// The `rootfs.diff_ids` of an image configuration (OCI or Docker), base first: the digests of the layers' uncompressed archives.
    /// None of any other kind.
    ///
    /// # Errors
    /// `INVALID_MANIFEST`, with the JSON pointer of what is missing or malformed.
    pub fn diff_ids(&self) -> Result<Vec<Digest>> {
        if !self.kind().is_config() {
            return Ok(Vec::new());
        }
        let diff_ids = array(required(self.root(), "rootfs")?, "diff_ids")?;
        diff_ids.elements().map(digest).collect()
    }

    /// The chain IDs of an image configuration: see [`chain_ids`]. None of any other kind.
    ///
    /// # Errors
    /// As [`Document::diff_ids`].
    pub fn chain_ids(&self) -> Result<Vec<Digest>> {
        self.diff_ids().map(|diff_ids| chain_ids(&diff_ids))
    }

    /// The image ID: the SHA-256 digest of an image configuration ("ImageID"); `None` of any other kind.
    #[must_use]
    pub fn image_id(&self) -> Option<Digest> {
        self.kind()
            .is_config()
            .then(|| self.digest(Algorithm::Sha256))
    }
}

/// The chain ID of each layer: of what it and all below it make ("Layer ChainID"). That of the lowest is its diff ID; any other is the
/// SHA-256 digest of the chain ID below, a space, and its diff ID.
///
/// ```
/// use pierhead::document::chain_ids;
///
/// let diff_id = |digit: &str| format!("sha256:{}", digit.repeat(64)).parse();
/// let chain = chain_ids(&[diff_id("a")?, diff_id("b")?]);
/// assert_eq!(chain[0], diff_id("a")?);
/// assert_eq!(chain[1].as_str(), "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c");
/// # Ok::<(), pierhead::Error>(())
/// ```
#[must_use]
pub fn chain_ids(diff_ids: &[Digest]) -> Vec<Digest> {
    let mut chain: Vec<Digest> = Vec::with_capacity(diff_ids.len());
    for diff_id in diff_ids {
        let id = match chain.last() {
            None => diff_id.clone(),
            Some(below) => {
                let mut text = below.as_str().to_owned();
                text.push(' ');
                text.push_str(diff_id.as_str());
                Digest::of(Algorithm::Sha256, text.as_bytes())
            }
        };
        chain.push(id);
    }
    chain
}
