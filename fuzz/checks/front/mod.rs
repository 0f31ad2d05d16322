//! What must hold of a registry over a store of objects, whatever it is asked: one request after the other, several at once, some that meet a
//! store that fails, and collections between them.

mod answered;
mod asked;
mod content;
mod input;
mod model;
mod reading;
mod requests;

use std::pin::Pin;

use pierhead::Kind;
use pierhead::front::{Cleanup, CollectOptions, Front, Hosted, HostedOptions, Incoming, Options};

use crate::body::MemoryBody;
use crate::schedule::{block_on, run};
use crate::store::{Fault, MemoryStore};
use answered::Answered;
use asked::Asked;
use content::Manifest;
use input::Input;
use model::{Change, Model, Outcome};
use requests::{Known, Session};

/// The most steps of one run.
const MAX_STEPS: usize = 48;
/// The most operations of the store that one request takes: more than any that nothing is in the way of.
const MAX_OPERATIONS: usize = 40;
/// The same for each byte of a blob, where segments are as small as that.
const MAX_EACH_BYTE: usize = 3;
/// The same where the store fails, or others are in the way.
const MAX_HINDERED: usize = 400;
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// How long nothing happens for a while, in milliseconds.
const PAUSES: [u64; 7] = [
    1000,
    10 * 1000,
    3 * MINUTE,
    7 * HOUR,
    13 * HOUR,
    25 * HOUR,
    73 * HOUR,
];
const FAULTS: [Fault; 4] = [
    Fault::Before(Kind::StoreUnavailable),
    Fault::After(Kind::StoreUnavailable),
    Fault::Before(Kind::StoreBusy),
    Fault::Broken,
];

/// Panics if the registry breaks a promise when it is asked what these bytes say.
pub(crate) fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut world = World::new(&mut input);
    for _ in 0..MAX_STEPS {
        if input.is_empty() {
            break;
        }
        world.step(&mut input);
    }
    world.read_all();
}

/// A registry, and what it may hold.
struct World {
    store: MemoryStore,
    front: Front<Hosted<MemoryStore>>,
    model: Model,
    sessions: Vec<Session>,
    manifests: Vec<Manifest>,
    /// Whether indexes need not be complete.
    sparse: bool,
    /// The most operations of the store that one request takes which nothing is in the way of.
    most: usize,
    /// What is left to be deleted behind answers, where it is not deleted before them.
    cleanup: Option<Cleanup>,
    told: Told,
}

impl World {
    fn new(input: &mut Input<'_>) -> Self {
        let mut options = HostedOptions::default();
        let mut store = MemoryStore::new();
        let choices = input.byte();
        if choices & 1 != 0 {
            store = store.unverifying();
        }
        options.segment = [1 << 30, 7, 1, 1 << 30][usize::from(choices >> 1 & 3)];
        options.sparse = choices & 8 != 0;
        if choices & 16 != 0 {
            options.chunk_min = Some(5);
            options.chunk_max = Some(4 << 20);
        }
        let sparse = options.sparse;
        let mut most = MAX_OPERATIONS;
        if options.segment < 1 << 30 {
            most += MAX_EACH_BYTE * 256;
        }
        Self {
            most,
            cleanup: (choices & 32 != 0).then(Cleanup::new),
            told: Told::default(),
            front: Front::new(Hosted::new(store.clone(), options), Options::default()),
            store,
            model: Model::default(),
            sessions: Vec::new(),
            manifests: content::manifests(),
            sparse,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let step = input.below(16);
        if step != 13 && step != 14 {
            self.clean_up();
        }
        match step {
            12 => {
                let pause = input.pick(&PAUSES);
                self.told.0.push(format!("nothing for {pause} ms"));
                self.store.advance(pause);
            }
            13 => self.several(input),
            14 => {
                let (at, fault) = (input.below(24), input.pick(&FAULTS));
                self.store.operations();
                self.told.0.push(format!("{fault:?} at {at}:"));
                self.store
                    .fail(move |number, _| (number == at).then_some(fault));
                if input.once_in(6) {
                    self.collect(input);
                } else {
                    let asked = self.asked(input);
                    self.hindered(&asked);
                }
                self.store.heal();
            }
            15 => self.collect(input),
            _ => {
                let asked = self.asked(input);
                self.ask(&asked);
            }
        }
    }

    fn asked(&self, input: &mut Input<'_>) -> Asked {
        let known = Known {
            model: &self.model,
            sessions: &self.sessions,
            manifests: &self.manifests,
        };
        known.asked(input)
    }

    /// A request as the registry gets it.
    fn incoming(&self, asked: &Asked) -> Incoming<MemoryBody> {
        let request = asked.request();
        match &self.cleanup {
            Some(cleanup) => request.with_cleanup(cleanup.clone()),
            None => request,
        }
    }

    /// Deletes what was left behind answers.
    fn clean_up(&self) {
        if let Some(cleanup) = &self.cleanup {
            block_on(self.front.backend().clean_up(cleanup));
        }
    }

    fn now(&self) -> u64 {
        use pierhead::front::Host as _;
        self.store.unix_time()
    }

    /// Asks for one thing that nothing is in the way of.
    fn ask(&mut self, asked: &Asked) -> Answered {
        self.store.operations();
        let answered = Answered::read(block_on(self.front.handle(self.incoming(asked))));
        self.told.asked(asked);
        self.told.answered(&answered);
        answered.is_proper(asked.method);
        let operations = self.store.operations().len();
        assert!(operations <= self.most, "{operations} operations");
        assert!(answered.status < 500 && answered.status != 429);
        assert!(answered.bytes.is_some(), "the body broke off");
        if !self.model.lost {
            self.is_expected(asked, &answered);
        }
        let (change, outcome) = outcome(asked, &answered);
        let after = self.model.after(&change, &outcome, self.now());
        let Some(after) = after.or_else(|| self.model.lost.then(|| self.model.clone())) else {
            panic!("it cannot have been done")
        };
        self.model = after;
        self.remember(&change, &answered);
        if !self.model.lost {
            self.see(asked, &answered);
        }
        self.follow(&answered);
        answered
    }

    /// Asks for one thing while the store fails.
    fn hindered(&mut self, asked: &Asked) {
        let answered = Answered::read(block_on(self.front.handle(self.incoming(asked))));
        self.clean_up();
        self.told.asked(asked);
        self.told.answered(&answered);
        answered.is_proper(asked.method);
        let operations = self.store.operations().len();
        assert!(operations <= MAX_HINDERED, "{operations} operations");
        let (change, outcome) = outcome(asked, &answered);
        if let Some(after) = self.model.after(&change, &outcome, self.now()) {
            self.model = after;
        } else {
            assert!(self.model.lost, "it cannot have been done");
        }
        // A claim that was to be given back may not have been.
        self.model.claim_all(self.now());
        self.remember(&change, &answered);
    }

    /// Asks for several things at once, while that is deleted which was left behind answers.
    fn several(&mut self, input: &mut Input<'_>) {
        let asked: Vec<Asked> = (0..2 + input.below(2)).map(|_| self.asked(input)).collect();
        self.told.0.push(format!("{} at once:", asked.len()));
        self.store.operations();
        let mut futures: Vec<Pin<Box<dyn Future<Output = Option<Answered>> + '_>>> = Vec::new();
        for one in &asked {
            let response = self.front.handle(self.incoming(one));
            futures.push(Box::pin(
                async move { Some(Answered::read(response.await)) },
            ));
        }
        if let Some(cleanup) = &self.cleanup {
            let backend = self.front.backend();
            futures.push(Box::pin(async move {
                backend.clean_up(cleanup).await;
                None
            }));
        }
        let mut choices = input.bytes().iter().cycle();
        let answers = run(futures, |left| {
            usize::from(choices.next().copied().unwrap_or_default()) % left
        });
        let answers: Vec<Answered> = answers.into_iter().flatten().collect();
        for (asked, answered) in asked.iter().zip(&answers) {
            self.told.asked(asked);
            self.told.answered(answered);
        }
        let operations = self.store.operations().len();
        let most = MAX_HINDERED * asked.len();
        assert!(operations <= most, "{operations} operations");
        let mut made = Vec::new();
        for (asked, answered) in asked.iter().zip(&answers) {
            answered.is_proper(asked.method);
            // Those who are slower than others all the time are told so.
            assert!(answered.status < 500, "{answered:?}");
            made.push(outcome(asked, answered));
        }
        let left: Vec<usize> = (0..made.len()).collect();
        let possible = orders(&self.model, &made, &left, self.now());
        if let Some(after) = possible.into_iter().reduce(|one, other| one.or(&other)) {
            self.model = after;
        } else {
            assert!(self.model.lost, "no order of them explains these answers");
        }
        self.model.claim_all(self.now());
        for ((change, _), answered) in made.iter().zip(&answers) {
            self.remember(change, answered);
        }
    }

    /// Collects what nothing refers to.
    fn collect(&mut self, input: &mut Input<'_>) {
        let mut options = CollectOptions::default();
        options.set_bytes = 512;
        options.dry = input.once_in(8);
        if input.once_in(3) {
            options.pages = 1 + u32::from(input.byte()) % 4;
        }
        let began = self.now();
        let report = block_on(self.front.backend().collect(&options));
        self.told.0.push(format!("{options:?}: {report:?}"));
        self.store.operations();
        let manifests = &self.manifests;
        let now = self.now().max(began);
        self.model.collect(now, |digest| {
            let own = manifests.iter().find(|manifest| {
                [
                    content::sha256(&manifest.bytes),
                    content::sha512(&manifest.bytes),
                ]
                .contains(&digest.to_owned())
            });
            own.map_or_else(Vec::new, |manifest| manifest.named.clone())
        });
    }

    /// Keeps where an upload goes on.
    fn remember(&mut self, change: &Change, answered: &Answered) {
        let location = answered.header("location").to_owned();
        let id = answered.header("docker-upload-uuid").to_owned();
        if let Change::Begin { repository } = change
            && answered.status == 202
        {
            self.sessions.push(Session {
                id,
                repository,
                location,
            });
        } else if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id)
            && answered.status == 202
        {
            session.location = location;
        }
    }
}

/// What became of a request, by its answer.
fn outcome(asked: &Asked, answered: &Answered) -> (Change, Outcome) {
    let change = asked.change.clone();
    let changes = !["GET", "HEAD", "OPTIONS"].contains(&asked.method);
    let outcome = match answered.status {
        _ if !changes => return (Change::Nothing, Outcome::Refused),
        202 if matches!(change, Change::PutBlob(_) | Change::Begin { .. }) => {
            // What could not be mounted begins an upload.
            let id = answered.header("docker-upload-uuid").to_owned();
            let path = asked.target.trim_start_matches("/v2/");
            let name = path.split("/blobs/").next().unwrap_or_default();
            let own = requests::REPOSITORIES.iter().find(|own| **own == name);
            let Some(repository) = own else {
                panic!("an upload into {name}")
            };
            return (Change::Begin { repository }, Outcome::Begun(id));
        }
        200..=299 => Outcome::Done,
        429 | 500.. => Outcome::Unsure,
        _ => Outcome::Refused,
    };
    (change, outcome)
}

/// What may be there after changes that were made at once: after any order of them that can have been.
fn orders(before: &Model, made: &[(Change, Outcome)], left: &[usize], now: u64) -> Vec<Model> {
    if left.is_empty() {
        return vec![before.clone()];
    }
    let mut found = Vec::new();
    for first in left {
        let (change, outcome) = &made[*first];
        let rest: Vec<usize> = left.iter().copied().filter(|it| it != first).collect();
        if let Some(after) = before.after(change, outcome, now) {
            found.extend(orders(&after, made, &rest, now));
        }
    }
    found
}

/// What was asked and answered, told when a check panics. A fuzzer ends before that: `tests/fuzz_smoke.rs` tells of an input that is among the seeds.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn asked(&mut self, asked: &Asked) {
        self.0.push(format!("{asked:?}"));
    }

    fn answered(&mut self, answered: &Answered) {
        let body = String::from_utf8_lossy(answered.body());
        self.0.push(format!("    {answered} {body}"));
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in &self.0 {
                eprintln!("{line}");
            }
        }
    }
}
