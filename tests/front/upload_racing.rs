//! Several who ask for uploads, each at the same time as the others.

use std::pin::Pin;

use pierhead::http::Headers;

use crate::ask::{Answer, Registry, answer, ask_first, registry, request};
use crate::body::MemoryBody;
use crate::content::sha256;
use crate::pushing::{begin, patch, sound, with};
use crate::schedule::{every, run, switching};
use crate::store::MemoryStore;

/// One who asks.
pub struct Asked {
    pub method: &'static str,
    pub target: String,
    pub range: Option<&'static str>,
    pub body: Option<&'static [u8]>,
    /// Whether nobody is told how long the body is.
    pub streams: bool,
    /// Whether it is answered before anybody else asks, and only what it leaves behind its answer is done at the same time.
    pub is_answered: bool,
}

pub fn asked(method: &'static str, target: &str) -> Asked {
    Asked {
        method,
        target: target.to_owned(),
        range: None,
        body: None,
        streams: false,
        is_answered: false,
    }
}

pub fn chunk(location: &str, range: &'static str, body: &'static [u8]) -> Asked {
    Asked {
        range: Some(range),
        body: Some(body),
        ..asked("PATCH", location)
    }
}

pub fn closing(location: &str, blob: &[u8]) -> Asked {
    asked("PUT", &with(location, &format!("digest={}", sha256(blob))))
}

/// Has all of them ask at the same time, from this beginning; gives what became of it, and the statuses of their answers.
pub fn at_once(
    beginning: &MemoryStore,
    asked: &[Asked],
    choose: &mut dyn FnMut(usize) -> usize,
) -> (MemoryStore, Vec<u16>) {
    let store = beginning.copied();
    let statuses = at_once_by(&registry(&store), &store, asked, choose);
    (store, statuses)
}

/// Has all of them ask this registry at the same time; gives the statuses of their answers.
pub fn at_once_by(
    front: &Registry,
    store: &MemoryStore,
    asked: &[Asked],
    choose: &mut dyn FnMut(usize) -> usize,
) -> Vec<u16> {
    let mut futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
    for one in asked.iter().filter(|one| one.is_answered) {
        let (answer, cleanup) = ask_first(store, one.method, &one.target, one.body);
        assert!(!cleanup.is_empty());
        let backend = front.backend();
        futures.push(Box::pin(async move {
            backend.clean_up(&cleanup).await;
            answer
        }));
        store.advance(5000);
    }
    for one in asked.iter().filter(|one| !one.is_answered) {
        let length = one.body.filter(|_| !one.streams);
        let length = length.map(|body| body.len().to_string());
        let fields = [
            ("content-range", one.range),
            ("content-length", length.as_deref()),
        ];
        let fields: Vec<_> = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let body = one.body.map(|body| MemoryBody::of(body, 2));
        if one.method == "EXPIRE" {
            let expired = front.backend().expire_upload(&one.target);
            futures.push(Box::pin(async move {
                Answer {
                    status: if expired.await.unwrap() { 409 } else { 204 },
                    headers: Headers::new(),
                    bytes: Vec::new(),
                }
            }));
            continue;
        }
        let response = front.handle(request(one.method, &one.target, &fields, body));
        futures.push(Box::pin(async move { answer(response.await) }));
    }
    let answers = run(futures, choose);
    store.advance(5000);
    answers.iter().map(|answer| answer.status).collect()
}

/// Has all of them ask at the same time, from the same beginning; `check` is told the statuses of their answers.
pub fn race(beginning: &MemoryStore, asked: &[Asked], mut check: impl FnMut(&MemoryStore, &[u16])) {
    beginning.advance(5000);
    let mut once = |choose: &mut dyn FnMut(usize) -> usize| {
        let (store, statuses) = at_once(beginning, asked, choose);
        sound(&store);
        check(&store, &statuses);
        sound(&store);
    };
    let tried = switching(3, &mut once);
    // Whoever only deletes what was left has few turns.
    let least = match asked.iter().any(|one| one.is_answered) {
        true => 10,
        false => 100,
    };
    assert!(tried > least, "{tried}");
    every(200, once);
}

/// An upload of three bytes; gives where it goes on.
pub fn begun(store: &MemoryStore) -> String {
    let location = begin(store, "");
    patch(store, &location, 0, b"hel")
        .header("location")
        .to_owned()
}
