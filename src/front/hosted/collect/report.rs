//! What a collection did.

use serde::Serialize;

/// What a collection did, or would have done, since its run began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export))]
#[non_exhaustive]
pub struct CollectReport {
    /// Whether the run came to its end.
    pub done: bool,
    /// Whether another has the collection, so that nothing was done.
    pub busy: bool,
    /// Whether it was too early for another run, so that nothing was done.
    pub early: bool,
    /// Whether nothing was changed.
    pub dry: bool,
    /// Repositories that were gone through.
    #[cfg_attr(test, ts(type = "number"))]
    pub repositories: u64,
    /// Tags that no policy keeps.
    #[cfg_attr(test, ts(type = "number"))]
    pub tags: u64,
    /// Manifests that no tag leads to.
    #[cfg_attr(test, ts(type = "number"))]
    pub manifests: u64,
    /// Blobs that left a repository, as none of its manifests uses them.
    #[cfg_attr(test, ts(type = "number"))]
    pub links: u64,
    /// Uploads that nobody went on with.
    #[cfg_attr(test, ts(type = "number"))]
    pub uploads: u64,
    /// Blobs that are in no repository, and go at a later visit.
    #[cfg_attr(test, ts(type = "number"))]
    pub condemned: u64,
    /// Blobs that are gone.
    #[cfg_attr(test, ts(type = "number"))]
    pub blobs: u64,
    /// Objects with bytes of blobs or uploads that are gone.
    #[cfg_attr(test, ts(type = "number"))]
    pub segments: u64,
    /// The size of those, in bytes.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    /// Records that cannot be read. What they may need stays.
    #[cfg_attr(test, ts(type = "number"))]
    pub damaged: u64,
    /// Whether the run was given up, as it would have taken longer than half the grace period; the next begins anew.
    pub late: bool,
}

impl CollectReport {
    /// The counts by their names.
    pub(super) fn counts(&self) -> [(&'static str, u64); 10] {
        [
            ("repositories", self.repositories),
            ("tags", self.tags),
            ("manifests", self.manifests),
            ("links", self.links),
            ("uploads", self.uploads),
            ("condemned", self.condemned),
            ("blobs", self.blobs),
            ("segments", self.segments),
            ("bytes", self.bytes),
            ("damaged", self.damaged),
        ]
    }

    /// The report of these counts.
    pub(super) fn from_counts(count: impl Fn(&str) -> u64) -> Self {
        Self {
            repositories: count("repositories"),
            tags: count("tags"),
            manifests: count("manifests"),
            links: count("links"),
            uploads: count("uploads"),
            condemned: count("condemned"),
            blobs: count("blobs"),
            segments: count("segments"),
            bytes: count("bytes"),
            damaged: count("damaged"),
            ..Self::default()
        }
    }
}
