//! The choice of a platform's image from an index (image specification, `image-index.md`).

use crate::platform::{Fit, Platform};

use super::{Descriptor, Kind};

/// Whether an image for a lesser platform than the one asked for will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variants {
    /// Yes, where there is none for just that one: what [`Platform::runs`].
    #[default]
    Compatible,
    /// No: only what [`Platform::matches`].
    Exact,
}

/// The entry of an index to go on with for a platform; `None` if there is none.
///
/// - Entries that are neither manifest nor index are ignored, as the specification demands.
/// - An entry that states a platform is taken by it, be it a manifest or an index. Of several, the one that suits best: one for
///   just this platform, else, if `variants` allows, one for the highest variant that it runs. Among equals the first in the
///   index, as the specification has it.
/// - Else the first index that states no platform: it may hold the one sought. A manifest that states none is never taken, since
///   what it runs on is in its config.
///
/// If the entry is an index, fetch it and select from it again. What is not there is then nowhere: there is no way back to other
/// entries, so that every client ends at the same image.
///
/// ```
/// use pierhead::document::{Document, Variants, select_platform};
///
/// let index = br#"{"schemaVersion": 2, "manifests": [{
///     "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 7,
///     "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
///     "platform": {"os": "linux", "architecture": "arm", "variant": "v6"}
/// }]}"#;
/// let manifests = Document::parse(index.to_vec(), None)?.manifests()?;
/// let board = "linux/arm/v7".parse()?;
/// assert!(select_platform(&manifests, &board, Variants::Compatible).is_some());
/// assert!(select_platform(&manifests, &board, Variants::Exact).is_none());
/// # Ok::<(), pierhead::Error>(())
/// ```
#[must_use]
pub fn select_platform<'a>(
    manifests: &'a [Descriptor],
    platform: &Platform,
    variants: Variants,
) -> Option<&'a Descriptor> {
    manifests.get(place_of(manifests, platform, variants)?)
}

/// The place of the entry in the index.
pub(crate) fn place_of(
    manifests: &[Descriptor],
    platform: &Platform,
    variants: Variants,
) -> Option<usize> {
    let mut best: Option<(Fit, usize)> = None;
    let mut unstated = None;
    for (place, entry) in manifests.iter().enumerate() {
        let kind = Kind::of(&entry.media_type);
        if !kind.is_self_describing() {
            continue;
        }
        let Some(stated) = &entry.platform else {
            if kind.is_index() && unstated.is_none() {
                unstated = Some(place);
            }
            continue;
        };
        let fit = platform
            .fit(stated)
            .filter(|fit| variants == Variants::Compatible || *fit == Fit::EXACT);
        if let Some(fit) = fit
            && best.is_none_or(|(other, _)| fit > other)
        {
            best = Some((fit, place));
        }
    }
    best.map(|(_, place)| place).or(unstated)
}
