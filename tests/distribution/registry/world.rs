//! A network with registries on it: it fails as told, it tells the time, and it remembers all that was sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use pierhead::client::Credential;
use pierhead::{Error, Result};

use super::auth::MARK;
use super::blobs::SIGNATURE;
use super::{Answer, Asked, Fault, Registry, Settings, What};

/// A request that was sent, whoever it was sent to.
#[derive(Clone, Debug)]
pub struct Logged {
    pub asked: Asked,
    /// What was answered; `None` if nothing was.
    pub status: Option<u16>,
}

impl Logged {
    /// `METHOD target` of a request to the first registry, `METHOD URL` of any other.
    fn line(&self, home: &str) -> String {
        let url = self
            .asked
            .url
            .strip_prefix(home)
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(&self.asked.url);
        format!("{} {url}", self.asked.method)
    }

    /// Whether anything in it is a credential.
    fn holds_credential(&self) -> bool {
        let marked = |text: &str| text.contains(MARK) && !text.contains(SIGNATURE);
        marked(&self.asked.url)
            || self
                .asked
                .headers
                .iter()
                .any(|(name, value)| marked(value) || name.eq_ignore_ascii_case("authorization"))
            || marked(&String::from_utf8_lossy(&self.asked.body))
    }
}

/// What comes of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    Answer(Answer),
    /// No connection, or none that lasted until an answer.
    Failed,
    /// No answer for as long as anyone would wait.
    Silent,
}

/// Several registries, the faults of the network, and its log. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    registries: Vec<Registry>,
    faults: Vec<Fault>,
    log: Vec<Logged>,
    now: u64,
    manners: Manners,
    /// By the registry that users name.
    logins: BTreeMap<String, Result<Credential, pierhead::Kind>>,
    /// Whose credentials were asked for.
    asked_for: Vec<String>,
    /// How long was slept, in milliseconds.
    sleeps: Vec<u64>,
    in_flight: usize,
    /// The most requests that were under way at once.
    at_once: usize,
    given_up: usize,
}

/// How a host is, and the network.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// How many bytes come at once.
    pub piece: usize,
    /// How many milliseconds pass before each piece.
    pub pace: u64,
    /// How many times others go first before an answer comes.
    pub latency: u32,
    /// Whether it can send streams.
    pub streams: bool,
    /// What it gives for chance.
    pub random: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            piece: 16 * 1024,
            pace: 0,
            latency: 0,
            streams: true,
            random: 0,
        }
    }
}

/// A request that is under way.
pub struct InFlight(World);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.inner().in_flight -= 1;
    }
}

impl World {
    /// One registry of these settings.
    pub fn of(settings: Settings) -> Self {
        let inner = Inner {
            registries: vec![Registry::new(settings)],
            ..Inner::default()
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub fn add(&self, settings: Settings) {
        self.inner().registries.push(Registry::new(settings));
    }

    /// Looks at the first registry, or changes what it holds.
    pub fn registry<T>(&self, work: impl FnOnce(&mut Registry) -> T) -> T {
        work(&mut self.inner().registries[0])
    }

    /// The registry of this origin.
    pub fn at<T>(&self, origin: &str, work: impl FnOnce(&mut Registry) -> T) -> T {
        let mut inner = self.inner();
        let registry = inner
            .registries
            .iter_mut()
            .find(|registry| registry.owns(origin));
        work(registry.unwrap())
    }

    pub fn fail(&self, fault: Fault) {
        self.inner().faults.push(fault);
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.inner().faults.clear();
    }

    /// Milliseconds.
    pub fn now(&self) -> u64 {
        self.inner().now
    }

    pub fn advance(&self, milliseconds: u64) {
        self.inner().now += milliseconds;
    }

    pub fn log(&self) -> Vec<Logged> {
        self.inner().log.clone()
    }

    /// What was sent, a line each: `GET /v2/`, and with its URL what went to another host than the first registry.
    pub fn lines(&self) -> Vec<String> {
        let inner = self.inner();
        let home = &inner.registries[0].settings.origin;
        inner.log.iter().map(|logged| logged.line(home)).collect()
    }

    /// How many requests hold this in their line.
    pub fn count(&self, part: &str) -> usize {
        self.lines()
            .iter()
            .filter(|line| line.contains(part))
            .count()
    }

    /// The requests that took a credential to where none of these URLs lead.
    pub fn strays(&self, trusted: &[&str]) -> Vec<String> {
        self.log()
            .iter()
            .filter(|logged| {
                let url = logged.asked.url.as_str();
                logged.holds_credential() && !trusted.iter().any(|trusted| url.starts_with(trusted))
            })
            .map(|logged| logged.line(""))
            .collect()
    }

    /// # Panics
    /// If a credential went anywhere but to the registries that are here and their token services.
    pub fn assert_no_stray(&self) {
        let trusted: Vec<String> = {
            let inner = self.inner();
            let of = |registry: &Registry| {
                let realm = registry.settings.auth.realm().map(str::to_owned);
                [Some(format!("{}/", registry.settings.origin)), realm]
            };
            inner.registries.iter().flat_map(of).flatten().collect()
        };
        let trusted: Vec<&str> = trusted.iter().map(String::as_str).collect();
        assert_eq!(self.strays(&trusted), Vec::<String>::new());
    }

    /// # Panics
    /// If a text that people will see holds a credential.
    pub fn assert_tells_nothing(text: &str) {
        assert!(!text.contains(MARK), "{text}");
    }

    pub fn manners(&self) -> Manners {
        self.inner().manners
    }

    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.inner().manners);
    }

    /// Gives the credential for a registry, or the error that keeps it back.
    pub fn login(&self, registry: &str, credential: Result<Credential, pierhead::Kind>) {
        let mut inner = self.inner();
        inner.logins.insert(registry.to_owned(), credential);
    }

    pub(super) fn login_of(&self, registry: &str) -> Result<Option<Credential>> {
        let mut inner = self.inner();
        inner.asked_for.push(registry.to_owned());
        inner
            .logins
            .get(registry)
            .cloned()
            .transpose()
            .map_err(|kind| Error::new(kind, "the credential is kept back"))
    }

    /// Whose credentials were asked for, each time.
    pub fn asked_for(&self) -> Vec<String> {
        self.inner().asked_for.clone()
    }

    pub(super) fn slept(&self, milliseconds: u64) {
        self.inner().sleeps.push(milliseconds);
    }

    /// How long was slept, each time, in milliseconds.
    pub fn sleeps(&self) -> Vec<u64> {
        self.inner().sleeps.clone()
    }

    pub(super) fn enter(&self) -> InFlight {
        let mut inner = self.inner();
        inner.in_flight += 1;
        inner.at_once = inner.at_once.max(inner.in_flight);
        InFlight(self.clone())
    }

    /// The most requests that waited for their answers at once.
    pub fn at_once(&self) -> usize {
        self.inner().at_once
    }

    pub(super) fn give_up(&self) {
        self.inner().given_up += 1;
    }

    /// How many bodies were given up.
    pub fn given_up(&self) -> usize {
        self.inner().given_up
    }

    /// Sends one request.
    pub fn exchange(&self, mut asked: Asked) -> Outcome {
        let mut inner = self.inner();
        asked.now = inner.now;
        let befalls = inner
            .faults
            .iter_mut()
            .filter_map(|fault| fault.befalls(&asked))
            .next();
        let outcome = match befalls {
            None => inner.ask(&asked),
            Some((What::Refuse, _)) => Outcome::Failed,
            Some((What::Silent, _)) => Outcome::Silent,
            Some((What::Instead(answer), _)) => Outcome::Answer(answer),
            Some((What::LoseAnswer, _)) => {
                inner.ask(&asked);
                Outcome::Failed
            }
            Some((What::CutRequest(bytes), _)) => {
                let mut part = asked.clone();
                part.body.truncate(bytes);
                part.cut = part.body.len() < asked.body.len();
                inner.ask(&part);
                Outcome::Failed
            }
            Some((What::Change(change), time)) => match inner.ask(&asked) {
                Outcome::Answer(answer) => Outcome::Answer(change(&asked, answer, time)),
                other => other,
            },
        };
        let status = match &outcome {
            Outcome::Answer(answer) => Some(answer.status),
            _ => None,
        };
        inner.log.push(Logged { asked, status });
        outcome
    }
}

impl Inner {
    fn ask(&mut self, asked: &Asked) -> Outcome {
        let registry = self
            .registries
            .iter_mut()
            .find(|registry| registry.owns(asked.origin()));
        match registry {
            Some(registry) => Outcome::Answer(registry.answer(asked)),
            None => Outcome::Failed,
        }
    }
}
