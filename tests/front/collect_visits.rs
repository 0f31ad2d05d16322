//! Collections that take several visits, that die, or that fail.

use std::pin::Pin;

use pierhead::Kind;
use pierhead::front::{CollectOptions, CollectReport};

use crate::ask::registry;
use crate::collecting::{DAY, collect, collect_all, collect_old, intact, live, options, under};
use crate::content::{IMAGE, descriptor, image, index, push, push_blob, sha256, subject};
use crate::pushing::{begin, patch, sound};
use crate::schedule::{block_on, run, switching};
use crate::store::{Fault, MemoryStore};

/// What stays of [`crowded`].
struct Kept {
    child: String,
    list: String,
    signature: String,
}

/// A store with something for every phase to take and to leave, all of it old.
fn crowded() -> (MemoryStore, Kept) {
    let store = MemoryStore::new();
    for number in 0..3 {
        let loose = image(&store, "a", format!("loose {number}").as_bytes(), "");
        push(&store, "a", &sha256(loose.as_bytes()), &loose);
        let old = image(&store, "c/d", format!("old {number}").as_bytes(), "");
        push(&store, "c/d", &format!("old-{number}"), &old);
        store.advance(1);
        push_blob(&store, "b", format!("blob {number}").as_bytes());
        patch(&store, &begin(&store, ""), 0, b"hello");
        store.set(&format!("segments/stray-{number}/0000000000000000-0"), b"x");
    }
    store.advance(2000);
    let child = image(&store, "a", b"child", "");
    push(&store, "a", &sha256(child.as_bytes()), &child);
    let list = index(&[descriptor(IMAGE, child.as_bytes())], "");
    push(&store, "a", "list", &list);
    let signature = image(&store, "a", b"signature", &subject(&child));
    push(&store, "a", &sha256(signature.as_bytes()), &signature);
    store.advance(3 * DAY);
    let kept = Kept {
        child,
        list,
        signature,
    };
    (store, kept)
}

fn policy() -> CollectOptions {
    under(|policy| {
        policy.untagged = true;
        policy.keep_tags = Some(1);
    })
}

/// What has to be there, whatever happened.
fn check(store: &MemoryStore, kept: &Kept) {
    intact(store, "a", "list", &kept.list, &[]);
    let child = sha256(kept.child.as_bytes());
    intact(store, "a", &child, &kept.child, &[b"{}", b"child"]);
    let signature = sha256(kept.signature.as_bytes());
    intact(
        store,
        "a",
        &signature,
        &kept.signature,
        &[b"{}", b"signature"],
    );
    sound(store);
}

#[test]
fn one_page_at_a_visit_comes_to_the_same_as_all_at_once() {
    let (store, kept) = crowded();
    let whole = store.copied();
    let expected = collect(&whole, &policy());
    assert!(expected.done);
    assert!(expected.tags > 0 && expected.manifests > 0 && expected.links > 0);
    assert!(expected.uploads > 0 && expected.condemned > 0 && expected.segments > 0);
    for (pages, least) in [(1, 20), (2, 10), (7, 3)] {
        let store = store.copied();
        let mut options = policy();
        options.pages = pages;
        let mut visits = 0;
        let report = loop {
            visits += 1;
            assert!(visits < 500, "no end");
            let report = collect(&store, &options);
            assert!(!report.busy);
            check(&store, &kept);
            if report.done {
                break report;
            }
            store.advance(60_000);
        };
        assert!(visits > least, "{visits}");
        assert_eq!(report, expected);
        assert_eq!(live(&store), live(&whole));
    }
}

#[test]
fn a_visit_ends_in_time() {
    let (store, _) = crowded();
    let mut options = options();
    options.budget = 0;
    let report = collect(&store, &options);
    assert!(!report.done);
    assert_eq!(report.repositories, 0);
}

#[test]
fn a_run_that_takes_too_long_begins_anew() {
    let (store, kept) = crowded();
    let mut options = policy();
    options.pages = 8;
    assert!(!collect(&store, &options).done);
    store.advance(DAY / 2);
    let late = collect(&store, &options);
    assert!(late.late && late.done, "{late:?}");
    options.pages = u32::MAX;
    let report = collect(&store, &options);
    assert!(report.done && !report.late);
    assert_eq!(report.repositories, 3);
    check(&store, &kept);
}

#[test]
fn a_run_that_only_looks_does_not_go_on_as_one_that_sweeps() {
    let (store, _) = crowded();
    let mut options = policy();
    options.dry = true;
    options.pages = 20;
    let looked = collect(&store, &options);
    assert!(!looked.done && looked.manifests > 0, "{looked:?}");
    options.dry = false;
    options.pages = u32::MAX;
    let swept = collect(&store, &options);
    let (whole, _) = crowded();
    assert_eq!(swept, collect(&whole, &options));
}

#[test]
fn of_two_collectors_one_is_busy() {
    let (store, kept) = crowded();
    let tried = switching(1, |choose| {
        let store = store.copied();
        let front = registry(&store);
        let options = policy();
        let mut futures: Vec<Pin<Box<dyn Future<Output = CollectReport> + '_>>> = Vec::new();
        for _ in 0..2 {
            let visit = front.backend().collect(&options);
            futures.push(Box::pin(async move { visit.await.unwrap() }));
        }
        let reports = run(futures, choose);
        assert!(reports.iter().any(|report| report.done && !report.busy));
        let swept: u64 = reports.iter().map(|report| report.tags).sum();
        assert_eq!(swept, 2, "{reports:?}");
        check(&store, &kept);
    });
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_visit_that_dies_at_any_step_is_taken_over_when_its_hold_is_over() {
    let (store, kept) = crowded();
    let mut options = policy();
    options.pages = 30;
    let counted = store.copied();
    counted.operations();
    collect(&counted, &options);
    let steps = counted.operations().len();
    assert!(steps > 50);
    for dies in 1..steps {
        let store = store.copied();
        let front = registry(&store);
        {
            let mut visit = Box::pin(front.backend().collect(&options));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            for _ in 0..dies {
                assert!(visit.as_mut().poll(&mut context).is_pending());
            }
        }
        let holds = !store.keys("gc/").is_empty();
        assert_eq!(collect(&store, &options).busy, holds && dies > 2, "{dies}");
        store.advance(60 * 60 * 1000);
        while !collect(&store, &options).done {}
        check(&store, &kept);
        collect_all(&store, &policy());
        check(&store, &kept);
    }
}

#[test]
fn a_fault_at_any_operation_loses_nothing_and_the_next_visits_come_to_the_end() {
    let (mut beginning, kept) = crowded();
    let whole = beginning.copied();
    collect_all(&whole, &policy());
    collect_old(&whole, &policy());
    let expected = live(&whole);
    // What is condemned by one run is deleted by the next, and what that leaves behind by the one after it.
    for run in 0..3 {
        let healthy = beginning.copied();
        healthy.operations();
        collect(&healthy, &policy());
        let steps = healthy.operations().len();
        assert!(steps > 20, "run {run}: {steps}");
        let faults = [
            Fault::Before(Kind::StoreUnavailable),
            Fault::After(Kind::StoreUnavailable),
            Fault::Before(Kind::StoreBusy),
            Fault::Broken,
        ];
        // What comes later is asked as what came first is.
        let tried = if run == 0 { 4 } else { 2 };
        for fault in faults.into_iter().take(tried) {
            for at in 0..steps {
                let context = format!("{fault:?} at {at} of run {run}");
                let store = beginning.copied();
                store.operations();
                store.fail(move |number, _| (number == at).then_some(fault));
                let front = registry(&store);
                let _ = block_on(front.backend().collect(&policy()));
                store.heal();
                check(&store, &kept);
                // Who failed after it took the collection may hold it.
                store.advance(60 * 60 * 1000);
                assert!(collect(&store, &policy()).done, "{context}");
                check(&store, &kept);
                collect_all(&store, &policy());
                check(&store, &kept);
                collect_old(&store, &policy());
                assert_eq!(live(&store), expected, "{context}");
            }
        }
        beginning = healthy;
        beginning.advance(3 * DAY);
    }
}

#[test]
fn a_visit_that_is_stopped_ends_at_its_next_page_and_is_gone_on_with() {
    let (store, kept) = crowded();
    let whole = store.copied();
    let expected = collect(&whole, &policy());
    let options = policy();
    let front = registry(&store);
    let mut visit = Box::pin(front.backend().collect(&options));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..30 {
        assert!(visit.as_mut().poll(&mut context).is_pending());
    }
    options
        .stop
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let report = block_on(visit).unwrap();
    assert!(!report.done && !report.busy, "{report:?}");
    check(&store, &kept);
    let stopped = collect(&store, &options);
    assert!(!stopped.done && !stopped.busy, "it is stopped for good");
    assert_eq!(collect(&store, &policy()), expected);
}

#[test]
fn a_run_begins_no_sooner_than_the_options_say() {
    const HOUR: u64 = 60 * 60 * 1000;
    let (store, _) = crowded();
    let mut options = policy();
    options.interval = HOUR;
    options.pages = 5;
    assert!(!collect(&store, &options).done);
    store.advance(HOUR - 1);
    options.pages = u32::MAX;
    let report = collect(&store, &options);
    assert!(report.done && !report.early, "a run that was begun goes on");
    let before = store.keys("gc/");
    let early = collect(&store, &options);
    assert!(early.early && !early.done && !early.busy, "{early:?}");
    assert_eq!((early.repositories, store.keys("gc/")), (0, before));
    options.dry = true;
    assert!(collect(&store, &options).done, "a look is another matter");
    options.dry = false;
    assert!(
        collect(&store, &options).done,
        "and so is what comes after it"
    );
    store.advance(HOUR);
    assert!(collect(&store, &options).done);
}

#[test]
fn what_the_store_fails_with_is_what_the_collection_fails_with() {
    for kind in [Kind::StoreUnavailable, Kind::StoreBusy] {
        let (store, _) = crowded();
        store.fail(move |_, operation| {
            let is_late = operation.name == "list" && operation.key.starts_with("uploads/");
            is_late.then_some(Fault::Before(kind))
        });
        let front = registry(&store);
        let failed = block_on(front.backend().collect(&policy())).unwrap_err();
        assert_eq!(failed.into_error().kind(), kind);
    }
}
