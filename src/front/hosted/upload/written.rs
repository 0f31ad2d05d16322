//! What was written of an upload. Each of its objects would have to list every segment, and many small chunks that differ in size, or in
//! their claims' generations, would take objects that grow with their number squared. So an object lists the last of them, and names the object
//! that lists those before.
//!
//! A list that is full is a *page*, which no later one repeats. Whoever completes a page takes those before it into it that are not longer: pages
//! are each twice as long as the next, so however many segments there are, there are few pages to read when the upload is closed.

use super::super::super::error::Failure;
use super::super::segments::Segments;
use super::super::{Host, Hosted, fields};
use super::state::Upload;

/// How many entries make a list full. Each object repeats half as many on the average, about 30 bytes each.
const PAGE_ENTRIES: usize = 32;

/// What was written of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::front) struct Written {
    /// Where those segments are listed that come before the last ones.
    earlier: Option<Earlier>,
    /// The last segments.
    last: Segments,
}

/// Segments that another object of the upload lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Earlier {
    /// The offset whose object it is.
    place: u64,
    /// Of all of them, in bytes.
    size: u64,
    count: u64,
}

impl Written {
    /// In bytes.
    pub(in crate::front) fn size(&self) -> u64 {
        self.earlier.map_or(0, |earlier| earlier.size) + self.last.size()
    }

    /// How many segments there are.
    pub(in crate::front) fn count(&self) -> u64 {
        self.earlier.map_or(0, |earlier| earlier.count) + self.last.count()
    }

    /// This, as the object of `place` has it, and more.
    pub(super) fn with(&self, place: Option<u64>, more: &Segments) -> Self {
        if self.last.runs() >= PAGE_ENTRIES
            && let Some(place) = place
        {
            return Self {
                earlier: Some(Earlier {
                    place,
                    size: self.size(),
                    count: self.count(),
                }),
                last: more.clone(),
            };
        }
        let mut next = self.clone();
        next.last.extend(more);
        next
    }

    /// Adds the fields that say it to a record.
    pub(super) fn add_to(&self, text: &mut String) {
        if let Some(Earlier { place, size, count }) = self.earlier {
            for (name, number) in [("earlier", place), ("size", size), ("count", count)] {
                fields::add_number(text, name, number);
            }
        }
        fields::add(text, "segments", &self.last.to_text());
    }

    /// Reads the fields of a record.
    pub(super) fn read(text: &str) -> Option<Self> {
        let last = Segments::from_text(fields::get(text, "segments")?)?;
        let earlier = match fields::number(text, "earlier") {
            None => None,
            Some(place) => Some(Earlier {
                place,
                size: fields::number(text, "size")?,
                count: fields::number(text, "count")?,
            }),
        };
        let before = earlier.unwrap_or(Earlier {
            place: 0,
            size: 0,
            count: 0,
        });
        before.size.checked_add(last.size())?;
        before.count.checked_add(last.count())?;
        Some(Self { earlier, last })
    }
}

impl<T: Host> Hosted<T> {
    /// What is written of an upload with more segments. Pages that cannot be read now are left as they are.
    pub(super) async fn grown(&self, upload: &Upload, more: &Segments) -> Written {
        let mut written = upload.written.with(upload.place, more);
        while written.last.runs() >= PAGE_ENTRIES
            && let Some(earlier) = written.earlier
            && let Ok(Some(page)) = self.earlier(&upload.id, earlier).await
            && page.last.runs() <= written.last.runs()
        {
            let mut last = page.last;
            last.extend(&written.last);
            written = Written {
                earlier: page.earlier,
                last,
            };
        }
        written
    }

    /// All segments of an upload; `None` if it is gone.
    pub(super) async fn all_segments(&self, upload: &Upload) -> Result<Option<Segments>, Failure> {
        let mut pages = Vec::new();
        let mut written = upload.written.clone();
        while let Some(earlier) = written.earlier {
            let Some(page) = self.earlier(&upload.id, earlier).await? else {
                return Ok(None);
            };
            pages.push(std::mem::replace(&mut written, page).last);
        }
        let mut all = written.last;
        for page in pages.iter().rev() {
            all.extend(page);
        }
        Ok(Some(all))
    }

    /// What the object says that lists earlier segments; `None` if there is no such object.
    async fn earlier(&self, id: &str, earlier: Earlier) -> Result<Option<Written>, Failure> {
        let Some(page) = self.upload_at(id, Some(earlier.place)).await? else {
            return Ok(None);
        };
        let page = page.written;
        // A list that does not end before this one would lead in a circle.
        let ends = page.earlier.is_none_or(|it| it.size < earlier.size);
        if page.size() != earlier.size || page.count() != earlier.count || !ends {
            return Err(Failure::damaged());
        }
        Ok(Some(page))
    }
}
