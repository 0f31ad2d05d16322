//! Any sequence of changes, some of which meet a store that fails, held against what a registry is: which manifests are there, and what
//! each tag names.

use std::collections::BTreeMap;
use std::pin::Pin;

use pierhead::Kind;
use pierhead::front::Incoming;
use proptest::prelude::*;

use crate::ask::{Answer, answer, registry, request};
use crate::body::MemoryBody;
use crate::content::{IMAGE, get, image, list, sha256, subject};
use crate::schedule::{block_on, run};
use crate::store::{Fault, MemoryStore};

const TAGS: [&str; 3] = ["one", "two", "three"];

/// A change, of the manifest and the tag of these numbers.
#[derive(Clone, Copy, Debug)]
enum Change {
    Tag(usize, usize),
    Put(usize),
    TagTwo(usize),
    Untag(usize),
    Delete(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..3_usize, 0..3_usize).prop_map(|(manifest, tag)| Change::Tag(manifest, tag)),
        1 => (0..3_usize).prop_map(Change::Put),
        1 => (0..3_usize).prop_map(Change::TagTwo),
        1 => (0..3_usize).prop_map(Change::Untag),
        3 => (0..3_usize).prop_map(Change::Delete),
    ]
}

/// A change that comes at once. Two tags come one after the other.
fn one_change() -> impl Strategy<Value = Change> {
    change().prop_map(|change| match change {
        Change::TagTwo(manifest) => Change::Put(manifest),
        change => change,
    })
}

fn fault() -> impl Strategy<Value = Option<(usize, Fault)>> {
    let fault = prop::sample::select(vec![
        Fault::Before(Kind::StoreUnavailable),
        Fault::After(Kind::StoreUnavailable),
        Fault::Before(Kind::StoreBusy),
        Fault::Broken,
    ]);
    prop::option::of((0..14_usize, fault))
}

/// What a registry shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    manifests: [bool; 3],
    tags: [Option<usize>; 3],
}

impl Shown {
    fn read(store: &MemoryStore, manifests: &[String]) -> Self {
        let mut shown = Self::default();
        let by_text: BTreeMap<&str, usize> = manifests
            .iter()
            .enumerate()
            .map(|(at, text)| (text.as_str(), at))
            .collect();
        for (at, manifest) in manifests.iter().enumerate() {
            let answer = get(
                store,
                &format!("/v2/a/manifests/{}", sha256(manifest.as_bytes())),
            );
            shown.manifests[at] = answer.status == 200;
        }
        for (at, tag) in TAGS.iter().enumerate() {
            let answer = get(store, &format!("/v2/a/manifests/{tag}"));
            shown.tags[at] = (answer.status == 200).then(|| by_text[answer.text().as_str()]);
        }
        shown
    }

    /// What it shows after a change.
    fn after(&self, change: Change) -> Self {
        let mut after = self.clone();
        match change {
            Change::Tag(manifest, tag) => {
                after.manifests[manifest] = true;
                after.tags[tag] = Some(manifest);
            }
            Change::Put(manifest) => after.manifests[manifest] = true,
            Change::TagTwo(manifest) => {
                after.manifests[manifest] = true;
                after.tags[0] = Some(manifest);
                after.tags[1] = Some(manifest);
            }
            Change::Untag(tag) => after.tags[tag] = None,
            Change::Delete(manifest) => {
                after.manifests[manifest] = false;
                for tag in &mut after.tags {
                    *tag = tag.filter(|named| *named != manifest);
                }
            }
        }
        after
    }

    /// Whether this may be what is shown when a change broke off: each manifest and tag as before or as after it, no tag without its manifest,
    /// and of a deletion all or nothing.
    fn between(&self, before: &Self, change: Change) -> bool {
        let after = before.after(change);
        if matches!(change, Change::Delete(_)) {
            return self == before || *self == after;
        }
        let manifests = (0..3).all(|at| {
            self.manifests[at] == before.manifests[at] || self.manifests[at] == after.manifests[at]
        });
        let tags =
            (0..3).all(|at| self.tags[at] == before.tags[at] || self.tags[at] == after.tags[at]);
        let named = self
            .tags
            .iter()
            .flatten()
            .all(|named| self.manifests[*named]);
        manifests && tags && named
    }
}

fn make(store: &MemoryStore, manifests: &[String], change: Change) -> Answer {
    answer(block_on(registry(store).handle(asked(manifests, change))))
}

/// The request for a change.
fn asked(manifests: &[String], change: Change) -> Incoming<MemoryBody> {
    let digest = |manifest: usize| sha256(manifests[manifest].as_bytes());
    let (method, reference, manifest) = match change {
        Change::Tag(manifest, tag) => ("PUT", TAGS[tag].to_owned(), Some(manifest)),
        Change::Put(manifest) => ("PUT", digest(manifest), Some(manifest)),
        Change::TagTwo(manifest) => {
            let reference = format!("{}?tag=one&tag=two", digest(manifest));
            ("PUT", reference, Some(manifest))
        }
        Change::Untag(tag) => ("DELETE", TAGS[tag].to_owned(), None),
        Change::Delete(manifest) => ("DELETE", digest(manifest), None),
    };
    let path = format!("/v2/a/manifests/{reference}");
    let body = manifest.map(|manifest| MemoryBody::of(manifests[manifest].as_bytes(), 1 << 20));
    request(method, &path, &[("content-type", IMAGE)], body)
}

/// What may be shown after changes that were all made at the same time: what is after some order of them.
fn orders(before: &Shown, left: &[Change]) -> Vec<Shown> {
    if left.is_empty() {
        return vec![before.clone()];
    }
    let mut found = Vec::new();
    for at in 0..left.len() {
        let mut rest = left.to_vec();
        let first = rest.remove(at);
        found.extend(orders(&before.after(first), &rest));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_acknowledged_is_so_and_whatever_broke_off_did_no_more_than_it_should(
        changes in prop::collection::vec((change(), fault(), 0..3000_u64), 1..14),
    ) {
        let store = MemoryStore::new();
        let base = image(&store, "a", b"base", "");
        let manifests = vec![
            image(&store, "a", b"one", &subject(&base)),
            image(&store, "a", b"two", &subject(&base)),
            base,
        ];
        let mut shown = Shown::default();
        let mut broke_off = false;
        for (change, fault, wait) in changes {
            store.advance(wait);
            store.operations();
            if let Some((at, fault)) = fault {
                store.fail(move |number, _| (number == at).then_some(fault));
            }
            let answer = make(&store, &manifests, change);
            store.heal();
            let now = Shown::read(&store, &manifests);
            match answer.status {
                201 | 202 => prop_assert_eq!(&now, &shown.after(change)),
                404 => prop_assert_eq!(&now, &shown),
                429 | 503 => {
                    broke_off = true;
                    prop_assert!(now.between(&shown, change), "{change:?} of {shown:?} broke off: {now:?}");
                }
                other => prop_assert!(false, "{change:?}: {other}"),
            }
            shown = now;
            let listed = get(&store, "/v2/a/tags/list");
            let tags = if listed.status == 404 { Vec::new() } else { list(&store, "/v2/a/tags/list", "tags").0 };
            for (at, tag) in TAGS.iter().enumerate() {
                let is_listed = tags.iter().any(|listed| listed == tag);
                prop_assert!(is_listed || shown.tags[at].is_none(), "{tag} is not listed");
                prop_assert!(broke_off || !is_listed || shown.tags[at].is_some(), "{tag} dangles");
            }
            let referrers = get(&store, &format!("/v2/a/referrers/{}", sha256(manifests[2].as_bytes()))).json();
            let referrers = referrers["manifests"].as_array().unwrap().len();
            // A manifest whose link was not written yet was not acknowledged.
            let there = shown.manifests[..2].iter().filter(|there| **there).count();
            prop_assert!(referrers == there || broke_off && referrers < there, "{referrers} of {there}");
        }
        // When all is put and deleted once more, nothing is left over.
        for manifest in 0..3 {
            store.advance(5000);
            prop_assert_eq!(make(&store, &manifests, Change::Put(manifest)).status, 201);
        }
        let referrers = get(&store, &format!("/v2/a/referrers/{}", sha256(manifests[2].as_bytes()))).json();
        prop_assert_eq!(referrers["manifests"].as_array().unwrap().len(), 2);
        for manifest in 0..3 {
            store.advance(5000);
            prop_assert_eq!(make(&store, &manifests, Change::Delete(manifest)).status, 202);
        }
        prop_assert_eq!(Shown::read(&store, &manifests), Shown::default());
        prop_assert_eq!(list(&store, "/v2/a/tags/list", "tags").0, [""; 0]);
    }

    #[test]
    fn changes_at_the_same_time_come_out_as_if_one_had_come_after_the_other(
        first in prop::collection::vec(change(), 0..4),
        changes in prop::collection::vec(one_change(), 2..5),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let store = MemoryStore::new();
        let manifests: Vec<String> =
            [b"one", b"two", b"all"].iter().map(|layer| image(&store, "a", *layer, "")).collect();
        for change in first {
            make(&store, &manifests, change);
        }
        store.advance(5000);
        let before = Shown::read(&store, &manifests);
        let front = registry(&store);
        let mut futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
        for change in &changes {
            let response = front.handle(asked(&manifests, *change));
            futures.push(Box::pin(async move { answer(response.await) }));
        }
        let mut choices = choices.iter().cycle();
        let answers = run(futures, |left| choices.next().unwrap().index(left));
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        prop_assert!(statuses.iter().all(|status| [201, 202, 404].contains(status)), "{statuses:?}");
        let now = Shown::read(&store, &manifests);
        prop_assert!(orders(&before, &changes).contains(&now), "{changes:?} of {before:?}: {now:?}");
        if get(&store, "/v2/a/tags/list").status == 200 {
            let tags = list(&store, "/v2/a/tags/list", "tags").0;
            let live = now.tags.iter().flatten().count();
            prop_assert_eq!(tags.len(), live, "{:?} of {:?}", tags, now);
        }
    }
}
