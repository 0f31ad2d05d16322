//! How far a collection has come, kept in the store between its visits.
//!
//! A state is an object of its own, `gc/state/<sequence>`, created once; the last of them counts. Whoever creates the next has the
//! collection for a while, so that there is one at a time: who was too slow finds that it is no longer theirs, and has done nothing that
//! another would not. It is lines of a name and a value, an empty line, and the bytes of the sets, which are of one size.

use super::CollectOptions;
use super::filter::Filter;
use super::report::CollectReport;
use crate::error::Result;
use crate::front::keys;
use crate::front::record::{Extent, read_object};
use crate::front::store::{Condition, Content, ObjectStore};

/// The most bytes of a set.
pub(super) const MAX_SET_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes of a state: its sets, and its lines.
const STATE_LIMIT: usize = 4 * MAX_SET_BYTES + 64 * 1024;

/// What is done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The next repository is found.
    Repository,
    /// Tags that no policy keeps, in one repository.
    Tags,
    /// Which manifests are kept, in one repository.
    Roots,
    /// What the kept indexes and subjects lead to, until nothing more is found.
    Descend,
    /// Manifests that are not kept go; the others say which blobs are in use.
    Manifests,
    /// Blobs that no manifest of the repository uses leave it.
    Links,
    /// Referrers that are no more.
    Referrers,
    /// Tags that may name manifests that are no more.
    Tagged,
    /// Tags that do.
    Dangling,
    /// Uploads that nobody goes on with.
    Uploads,
    /// Blobs that are in no repository.
    Blobs,
    /// Bytes that belong to nothing.
    Segments,
    /// All is done.
    Done,
}

const PHASES: [(Phase, &str); 13] = [
    (Phase::Repository, "repository"),
    (Phase::Tags, "tags"),
    (Phase::Roots, "roots"),
    (Phase::Descend, "descend"),
    (Phase::Manifests, "manifests"),
    (Phase::Links, "links"),
    (Phase::Referrers, "referrers"),
    (Phase::Tagged, "tagged"),
    (Phase::Dangling, "dangling"),
    (Phase::Uploads, "uploads"),
    (Phase::Blobs, "blobs"),
    (Phase::Segments, "segments"),
    (Phase::Done, "done"),
];

/// The sets of a run.
#[derive(Debug)]
pub(super) struct Sets {
    /// Manifests of one repository that are kept.
    pub(super) kept: Filter,
    /// What the manifests of one repository name, and the instances of their records.
    pub(super) used: Filter,
    /// Blobs that are in any repository.
    pub(super) linked: Filter,
    /// Uploads that are alive, or whose segments are a blob.
    pub(super) uploads: Filter,
}

/// How far a collection has come.
#[derive(Debug)]
pub(super) struct State {
    /// Names the run.
    pub(super) run: String,
    /// When it began, in milliseconds since 1970.
    pub(super) began: u64,
    /// Whether it only says what it would do.
    pub(super) dry: bool,
    pub(super) phase: Phase,
    /// The repository it is at; empty before the first.
    pub(super) repository: String,
    /// The key it has come to in this phase; empty at its beginning.
    pub(super) cursor: String,
    /// Whether this round of [`Phase::Descend`] has found something.
    pub(super) found: bool,
    /// Tags set before this are not among the newest, in milliseconds since 1970.
    pub(super) oldest_kept: u64,
    /// What was done.
    pub(super) report: CollectReport,
    pub(super) sets: Sets,
}

impl State {
    /// A run that has done nothing.
    pub(super) fn new(run: String, began: u64, dry: bool, filter_bytes: usize) -> Self {
        let set = |name| Filter::new(&salt(&run, name), filter_bytes);
        let sets = Sets {
            kept: set("kept"),
            used: set("used"),
            linked: set("linked"),
            uploads: set("uploads"),
        };
        Self {
            run,
            began,
            dry,
            phase: Phase::Repository,
            repository: String::new(),
            cursor: String::new(),
            found: false,
            oldest_kept: 0,
            report: CollectReport::default(),
            sets,
        }
    }

    /// Begins a phase.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.cursor.clear();
        self.found = false;
    }

    /// As it is stored, held until then in milliseconds since 1970.
    fn to_bytes(&self, held_until: u64) -> Vec<u8> {
        let phase = PHASES
            .iter()
            .find(|(phase, _)| *phase == self.phase)
            .map_or("", |(_, name)| name);
        let mut text = format!(
            "held-until {held_until}\nrun {}\nbegan {}\ndry {}\nphase {phase}\nrepository {}\ncursor {}\nfound {}\noldest-kept {}\n",
            self.run,
            self.began,
            self.dry,
            self.repository,
            self.cursor,
            self.found,
            self.oldest_kept
        );
        for (name, count) in self.report.counts() {
            text.push_str(&format!("{name} {count}\n"));
        }
        text.push('\n');
        let mut bytes = text.into_bytes();
        if self.phase != Phase::Done {
            let Sets {
                kept,
                used,
                linked,
                uploads,
            } = &self.sets;
            for set in [kept, used, linked, uploads] {
                bytes.extend(set.bits());
            }
        }
        bytes
    }

    /// The run that a state tells of; `None` if it is over, or none has begun.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (text, bits) = head(bytes)?;
        let (phase, _) = PHASES
            .iter()
            .find(|(_, name)| *name == value(text, "phase"))?;
        if *phase == Phase::Done || bits.is_empty() {
            return None;
        }
        let run = value(text, "run").to_owned();
        let mut state = Self::new(run, number(text, "began"), is_dry(text), 1);
        if bits.len() % 4 != 0 {
            return None;
        }
        let mut parts = bits.chunks_exact(bits.len() / 4);
        let mut set = |name| {
            let part = parts.next()?;
            Some(Filter::restored(&salt(&state.run, name), part.to_vec()))
        };
        state.sets = Sets {
            kept: set("kept")?,
            used: set("used")?,
            linked: set("linked")?,
            uploads: set("uploads")?,
        };
        state.phase = *phase;
        state.repository = value(text, "repository").to_owned();
        state.cursor = value(text, "cursor").to_owned();
        state.found = value(text, "found") == "true";
        state.oldest_kept = number(text, "oldest-kept");
        state.report = CollectReport::from_counts(|name| number(text, name));
        Some(state)
    }
}

/// The lines of a state, and the bytes of its sets.
fn head(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((text, bytes.get(end + 2..)?))
}

fn is_dry(text: &str) -> bool {
    value(text, "dry") == "true"
}

/// What stands behind a name at the beginning of a line.
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(known, _)| *known == name)
        .map_or("", |(_, value)| value)
}

fn number(text: &str, name: &str) -> u64 {
    value(text, name).parse().unwrap_or_default()
}

fn salt(run: &str, name: &str) -> String {
    [run, "/", name].concat()
}

/// Who has the collection.
#[derive(Debug)]
pub(super) enum Taken {
    /// Whoever asked: to go on with a run, or to begin one; and the sequence of the state that says so.
    Ours(Option<Box<State>>, u64),
    /// Somebody else.
    Busy,
    /// Nobody: the last run is over, and the next is not to begin yet.
    Early,
}

/// Takes the collection for `hold` milliseconds.
pub(super) async fn take<S: ObjectStore>(
    store: &S,
    now: u64,
    hold: u64,
    options: &CollectOptions,
) -> Result<Taken> {
    let keys = kept(store).await?;
    let (state, sequence) = match keys.last() {
        None => (None, 0),
        Some(key) => {
            let Some(object) = store.get(key, None).await? else {
                // It was replaced just now.
                return Ok(Taken::Busy);
            };
            // One that nobody can read says nothing, and is replaced.
            let read = read_object(object, Extent::Whole(STATE_LIMIT)).await?;
            let bytes = read.bytes.unwrap_or_default();
            let text = head(&bytes).map_or("", |(text, _)| text);
            if number(text, "held-until") > now {
                return Ok(Taken::Busy);
            }
            let state = State::from_bytes(&bytes);
            let next = number(text, "began").saturating_add(options.interval);
            if state.is_none() && next > now && is_dry(text) == options.dry {
                return Ok(Taken::Early);
            }
            (state, sequence_of(key))
        }
    };
    let held_until = now + hold;
    // What was begun is not lost if whoever has it now is.
    let bytes = match &state {
        Some(state) => state.to_bytes(held_until),
        None => format!("held-until {held_until}\n\n").into_bytes(),
    };
    Ok(if create(store, sequence + 1, bytes).await? {
        Taken::Ours(state.map(Box::new), sequence + 1)
    } else {
        Taken::Busy
    })
}

/// Gives the collection back, as far as it has come; `sequence` is that of the state by which it was taken. Nothing is written if it was
/// lost meanwhile.
pub(super) async fn give_back<S: ObjectStore>(
    store: &S,
    state: &State,
    sequence: u64,
) -> Result<()> {
    if create(store, sequence + 1, state.to_bytes(0)).await? {
        let mut old = kept(store).await?;
        old.retain(|key| sequence_of(key) <= sequence);
        store.delete(&old).await?;
    }
    Ok(())
}

/// The states that are there, the last of them last. Old ones are deleted, so there are few.
async fn kept<S: ObjectStore>(store: &S) -> Result<Vec<String>> {
    let page = store.list(keys::GC_STATE, None, 1000).await?;
    Ok(page.objects.into_iter().map(|object| object.key).collect())
}

async fn create<S: ObjectStore>(store: &S, sequence: u64, bytes: Vec<u8>) -> Result<bool> {
    let key = [keys::GC_STATE, &keys::offset(sequence)].concat();
    let put = store.put(&key, Content::Bytes(bytes), Condition::Absent, None);
    Ok(put.await?.is_some())
}

fn sequence_of(key: &str) -> u64 {
    key.strip_prefix(keys::GC_STATE)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .unwrap_or_default()
}
