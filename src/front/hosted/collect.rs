//! Collection of what nobody needs any more: mark and sweep, in small visits, beside running pushes.
//!
//! A run goes through one repository after another: tags that no policy keeps go; what is left of manifests says which blobs are in use;
//! other blobs leave the repository. Then uploads that nobody goes on with are given up, blobs that are in no repository go, and bytes that
//! belong to nothing. What is in use is remembered in sets of bounded size ([`filter`]), and where a run stands in the store ([`state`]), so
//! that a visit may be as short as the host allows.
//!
//! **Why nothing goes that somebody needs.** What can be swept has a lease: when somebody was last told that it is there, or put it. Whoever is told
//! so, or refers to it, renews a lease that is older than half the grace period, before anything refers to it. A sweep takes what was
//! not marked, whose lease is older than the grace period, in a run that began less than half of that ago: so whatever has come to refer to it since
//! the run began has renewed the lease, and the sweep sees that, or its compare-and-swap fails. A blob is condemned first: for a while it
//! can be brought back as it is, and readers in the middle of it come to its end.

mod blobs;
mod filter;
mod hints;
mod manifests;
mod policy;
mod report;
mod repository;
mod state;
mod uploads;

pub use policy::RetentionPolicy;
pub use report::CollectReport;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::state::{Phase, State, Taken};
use super::super::error::Failure;
use super::links::RECORD_LIMIT;
use super::{Host, Hosted};
use crate::front::Listed;
use crate::front::record::{self, Version};
use crate::reference::RepositoryName;

/// Objects of a page of a listing.
const PAGE: u32 = 100;
/// How much longer than its budget a visit may hold the collection, in milliseconds.
const HOLD: u64 = 10 * 60 * 1000;

/// How a collection is done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CollectOptions {
    /// What is kept: the first policy that matches a repository is its own.
    pub policies: Vec<RetentionPolicy>,
    /// How long a visit takes at most, in milliseconds, and the page it is at. 20 seconds by default.
    pub budget: u64,
    /// How many pages of at most a hundred objects a visit goes through; each object takes one to three operations of the store. No bound
    /// by default.
    pub pages: u32,
    /// How long ago the run before must have begun for another to begin, in milliseconds: until then a visit does nothing, and says that it
    /// is [`early`](CollectReport::early). So whoever visits often, or in several places, begins no more runs than are of use. 0 by default.
    pub interval: u64,
    /// Ends the visit at its next page once it is set, as if its time was over.
    pub stop: Arc<AtomicBool>,
    /// Whether nothing is changed, to see what would be.
    pub dry: bool,
    /// How long a blob that is in no repository can be brought back, and read to its end, in milliseconds. An hour by default.
    pub wait: u64,
    /// The size of each of four sets in bytes; for a few entries in a hundred to be kept wrongly, and once, a byte for each manifest and
    /// blob of the largest repository. 256 KiB by default.
    pub set_bytes: usize,
}

impl Default for CollectOptions {
    fn default() -> Self {
        Self {
            policies: Vec::new(),
            budget: 20_000,
            pages: u32::MAX,
            interval: 0,
            stop: Arc::default(),
            dry: false,
            wait: 60 * 60 * 1000,
            set_bytes: 256 * 1024,
        }
    }
}

impl<T: Host> Hosted<T> {
    /// Collects for one visit: begins a run, or goes on with the one that was begun, until it is over or the visit has taken long enough. One visit
    /// at a time: where another has not ended, or ended without a word a few minutes ago, the report says [`busy`](CollectReport::busy).
    ///
    /// # Errors
    /// Those of the store. What was done stays done, and the next visit goes on from the page that failed. 405 where nothing is written: not
    /// even how far it has come could be.
    pub async fn collect(&self, options: &CollectOptions) -> Result<CollectReport, Failure> {
        if self.options.read_only {
            return Err(Failure::read_only());
        }
        let now = self.host.unix_time();
        let hold = options.budget.saturating_add(HOLD);
        let taken = state::take(&self.host, now, hold, options).await;
        let (state, sequence) = match taken.map_err(Failure::from_store)? {
            Taken::Ours(state, sequence) => (state, sequence),
            other => {
                return Ok(CollectReport {
                    busy: matches!(other, Taken::Busy),
                    early: matches!(other, Taken::Early),
                    dry: options.dry,
                    ..CollectReport::default()
                });
            }
        };
        let begin = || {
            let run = format!("{:032x}", self.host.unique());
            State::new(run, now, options.dry, options.set_bytes)
        };
        let state = match state {
            // A run that was only to look cannot go on as one that sweeps, nor the other way.
            Some(state) if state.dry == options.dry => *state,
            _ => begin(),
        };
        let mut run = Run {
            registry: self,
            options,
            state,
        };
        let done = run.visit(now.saturating_add(options.budget)).await;
        let given_back = state::give_back(&self.host, &run.state, sequence).await;
        done?;
        given_back.map_err(Failure::from_store)?;
        Ok(CollectReport {
            done: run.state.phase == Phase::Done,
            dry: options.dry,
            ..run.state.report
        })
    }
}

/// A run, during a visit.
struct Run<'a, T> {
    registry: &'a Hosted<T>,
    options: &'a CollectOptions,
    state: State,
}

impl<T: Host> Run<'_, T> {
    async fn visit(&mut self, end: u64) -> Result<(), Failure> {
        let mut pages = 0;
        while self.state.phase != Phase::Done {
            if self.is_late() {
                // What was marked may have been overtaken: it begins anew.
                self.state.report.late = true;
                self.state.enter(Phase::Done);
                break;
            }
            let stopped = self.options.stop.load(Ordering::Relaxed);
            if stopped || pages >= self.options.pages || self.now() >= end {
                break;
            }
            pages += 1;
            match self.state.phase {
                Phase::Repository => self.next_repository().await?,
                Phase::Tags => self.tags().await?,
                Phase::Roots => self.roots().await?,
                Phase::Descend => self.descend().await?,
                Phase::Manifests => self.manifests().await?,
                Phase::Links => self.links().await?,
                Phase::Referrers => self.referrers().await?,
                Phase::Tagged => self.tagged().await?,
                Phase::Dangling => self.dangling().await?,
                Phase::Uploads => self.uploads().await?,
                Phase::Blobs => self.blobs().await?,
                Phase::Segments => self.segments().await?,
                Phase::Done => {}
            }
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.registry.host.unix_time()
    }

    /// Whether too long has passed since the run began for its marks to be relied on: half of the grace period, but for some of it that
    /// clocks may differ by and a page may take.
    fn is_late(&self) -> bool {
        self.now() >= self.state.began + self.registry.options.grace / 5 * 2
    }

    /// Whether a lease, in milliseconds since 1970, has run out.
    fn is_over(&self, leased: u64) -> bool {
        leased.saturating_add(self.registry.options.grace) < self.now()
    }

    /// The next page of what begins with a prefix; nothing where it is at its end. What is absent is not in it.
    async fn page(&self, prefix: &str) -> Result<(Vec<Listed>, bool), Failure> {
        let after = Some(self.state.cursor.as_str()).filter(|cursor| !cursor.is_empty());
        let page = self.registry.host.list(prefix, after, PAGE).await;
        let page = page.map_err(Failure::from_store)?;
        Ok((page.objects, page.more))
    }

    /// The first key that begins with a prefix and comes after another.
    async fn first(&self, prefix: &str, after: &str) -> Result<Option<String>, Failure> {
        let after = Some(after).filter(|after| !after.is_empty());
        let page = self.registry.host.list(prefix, after, 1).await;
        let page = page.map_err(Failure::from_store)?;
        Ok(page.objects.into_iter().next().map(|object| object.key))
    }

    /// The repository that it is at; `None`, and what is next after it begins, if that is none.
    fn repository(&mut self) -> Option<RepositoryName> {
        let name = self.state.repository.parse().ok();
        if name.is_none() {
            self.state.enter(Phase::Repository);
        }
        name
    }

    /// Empties a record that is still of this version; gives whether it was, or would have been.
    async fn empty(&self, key: &str, version: &Version) -> Result<bool, Failure> {
        if self.state.dry {
            return Ok(true);
        }
        self.registry.swap(key, version, Vec::new()).await
    }

    /// Has a tag name nothing whose record is still of this version; gives whether it was.
    async fn unset(&self, key: &str, version: &Version) -> Result<bool, Failure> {
        if self.state.dry {
            return Ok(true);
        }
        self.registry.write_tag(key, version, None).await
    }

    /// Reads a record of a blob or a link.
    async fn read(&self, key: &str) -> Result<record::Record, Failure> {
        let read = record::read(&self.registry.host, key, RECORD_LIMIT).await;
        read.map_err(Failure::from_store)
    }

    /// Deletes keys, unless nothing is to be changed.
    async fn delete(&self, keys: &[String]) -> Result<(), Failure> {
        if self.state.dry || keys.is_empty() {
            return Ok(());
        }
        let deleted = self.registry.host.delete(keys).await;
        deleted.map_err(Failure::from_store)
    }
}
