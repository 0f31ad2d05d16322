//! Blobs that are in no repository, and bytes that belong to nothing.

use super::super::Host;
use super::super::links::Kept;
use super::Run;
use super::state::Phase;
use crate::front::error::Failure;
use crate::front::keys;

/// How many uploads' segments are looked at as one page.
const AT_ONCE: usize = 25;
/// How many objects are deleted at once.
const MOST: u32 = 1000;

impl<T: Host> Run<'_, T> {
    /// Condemns blobs that are in no repository, and deletes those that were condemned long enough ago.
    pub(super) async fn blobs(&mut self) -> Result<(), Failure> {
        let (objects, more) = self.page(keys::BLOBS).await?;
        for object in objects {
            let digest = object.key.strip_prefix(keys::BLOBS).and_then(keys::digest);
            if object.size > 0 {
                let is_linked =
                    digest.is_none_or(|digest| self.state.sets.linked.has(digest.as_str()));
                self.sweep_blob(&object.key, is_linked).await?;
            }
            self.state.cursor = object.key;
        }
        if !more {
            self.state.enter(Phase::Segments);
        }
        Ok(())
    }

    async fn sweep_blob(&mut self, key: &str, is_linked: bool) -> Result<(), Failure> {
        let record = self.read(key).await?;
        let Some(bytes) = record.bytes else {
            return Ok(());
        };
        let kept = Kept::decode(&bytes);
        let upload = kept.as_ref().and_then(|kept| kept.bytes.clone());
        let (Some(mut kept), Some((upload, _))) = (kept, upload) else {
            // Nobody knows whose bytes a damaged record names.
            self.state.sets.uploads.fill();
            self.state.report.damaged += 1;
            return Ok(());
        };
        let now = self.now();
        if !is_linked && self.is_over(kept.leased) {
            match kept.condemned {
                None => {
                    kept.condemned = Some(now);
                    if self.state.dry
                        || self
                            .registry
                            .swap(key, &record.version, kept.encode())
                            .await?
                    {
                        self.state.report.condemned += 1;
                    }
                }
                Some(condemned) if condemned.saturating_add(self.options.wait) <= now => {
                    if self.empty(key, &record.version).await? {
                        self.state.report.blobs += 1;
                        let gone = self.delete_segments(&upload, !self.state.dry).await?;
                        self.count(gone);
                        if !self.state.dry {
                            return Ok(());
                        }
                    }
                }
                Some(_) => {}
            }
        }
        self.state.sets.uploads.add(&upload);
        Ok(())
    }

    pub(super) fn count(&mut self, (segments, bytes): (u64, u64)) {
        self.state.report.segments += segments;
        self.state.report.bytes += bytes;
    }

    /// Deletes the bytes of an upload, or only looks at them; gives how many objects they are, and their size.
    pub(super) async fn delete_segments(
        &self,
        upload: &str,
        deletes: bool,
    ) -> Result<(u64, u64), Failure> {
        let (mut count, mut size) = (0, 0);
        let prefix = keys::segments(upload);
        let mut after: Option<String> = None;
        loop {
            let page = self.registry.host.list(&prefix, after.as_deref(), MOST);
            let page = page.await.map_err(Failure::from_store)?;
            count += page.objects.len() as u64;
            size += page.objects.iter().map(|object| object.size).sum::<u64>();
            let keys: Vec<String> = page.objects.into_iter().map(|object| object.key).collect();
            if deletes {
                self.delete(&keys).await?;
            }
            after = keys.into_iter().next_back();
            if !page.more || after.is_none() {
                return Ok((count, size));
            }
        }
    }

    /// Deletes bytes that belong to no upload and no blob.
    pub(super) async fn segments(&mut self) -> Result<(), Failure> {
        for _ in 0..AT_ONCE {
            let Some((key, upload)) = self.next_upload(keys::SEGMENTS).await? else {
                self.state.enter(Phase::Done);
                return Ok(());
            };
            if !self.state.sets.uploads.has(&upload) && self.are_old(&upload).await? {
                let gone = self.delete_segments(&upload, !self.state.dry).await?;
                self.count(gone);
            }
            self.state.cursor = key;
        }
        Ok(())
    }

    /// The next upload that something is there of, and the key behind all that is.
    pub(super) async fn next_upload(
        &self,
        prefix: &str,
    ) -> Result<Option<(String, String)>, Failure> {
        let key = self.first(prefix, &self.state.cursor).await?;
        let key = key.as_deref().and_then(|key| key.strip_prefix(prefix));
        let upload = key.and_then(|rest| rest.split('/').next());
        // `0` comes after `/`.
        Ok(upload.map(|upload| ([prefix, upload, "0"].concat(), upload.to_owned())))
    }

    /// Whether all bytes of an upload were written so long ago that whoever wrote them is gone.
    async fn are_old(&self, upload: &str) -> Result<bool, Failure> {
        let options = &self.registry.options;
        let age = options.grace.max(options.upload_expiry);
        let before = self.now().saturating_sub(age);
        let prefix = keys::segments(upload);
        let mut after: Option<String> = None;
        loop {
            let page = self.registry.host.list(&prefix, after.as_deref(), MOST);
            let page = page.await.map_err(Failure::from_store)?;
            if page.objects.iter().any(|object| object.modified >= before) {
                return Ok(false);
            }
            after = page.objects.into_iter().next_back().map(|last| last.key);
            if !page.more || after.is_none() {
                return Ok(true);
            }
        }
    }
}
