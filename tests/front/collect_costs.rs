//! What a collection asks of the store for each thing that is there, which is what an operator pays for.

use std::collections::BTreeMap;

use pierhead::front::CollectOptions;

use crate::collecting::{DAY, collect, options, under};
use crate::content::{image, push, push_blob, sha256};
use crate::pushing::{begin, patch};
use crate::store::MemoryStore;

/// How often a collection to the end asks for each operation, when all is old.
fn asked(store: &MemoryStore, options: &CollectOptions) -> BTreeMap<&'static str, usize> {
    store.advance(3 * DAY);
    store.operations();
    assert!(collect(store, options).done);
    let mut counts = BTreeMap::new();
    for operation in store.operations() {
        *counts.entry(operation.name).or_default() += 1;
    }
    counts
}

/// What each of ten things takes, beyond what a repository with nothing else takes.
fn each(options: &CollectOptions, fill: impl Fn(&MemoryStore, u32)) -> String {
    let store = MemoryStore::new();
    let kept = image(&store, "a", b"kept", "");
    push(&store, "a", "kept", &kept);
    let without = asked(&store.copied(), options);
    for number in 0..10 {
        store.advance(1000);
        fill(&store, number);
    }
    let with = asked(&store, options);
    let mut costs = Vec::new();
    for name in ["head", "get", "put", "delete", "list"] {
        let [before, after] = [&without, &with].map(|counts| *counts.get(name).unwrap_or(&0));
        assert_eq!((after - before) % 10, 0, "{name}: {before}, then {after}");
        if after > before {
            costs.push(format!("{} {name}", (after - before) / 10));
        }
    }
    costs.join(", ")
}

fn pushed(store: &MemoryStore, tag: Option<u32>, layer: &str) {
    let image = image(store, "a", layer.as_bytes(), "");
    let reference = tag.map_or_else(|| sha256(image.as_bytes()), |tag| format!("v{tag}"));
    push(store, "a", &reference, &image);
}

#[test]
fn each_thing_takes_so_many_operations() {
    let nothing = asked(&MemoryStore::new(), &options());
    assert_eq!(
        format!("{nothing:?}"),
        r#"{"delete": 1, "list": 6, "put": 2}"#
    );
    let plain = options();
    let untagged = under(|policy| policy.untagged = true);
    let tags = under(|policy| policy.keep_tags = Some(1));
    let both = under(|policy| {
        policy.untagged = true;
        policy.keep_tags = Some(1);
    });
    let mut wrong = Vec::new();
    let mut cost = |what: &str, options, fill: &dyn Fn(&MemoryStore, u32), expected: &str| {
        let actual = each(options, fill);
        if actual != expected {
            wrong.push(format!("{what}: {actual}, not {expected}"));
        }
    };
    cost(
        "a repository, with a blob that goes out of it",
        &plain,
        &|store, number| {
            push_blob(store, &format!("r{number}"), b"{}");
        },
        "1 get, 1 put, 6 list",
    );
    cost(
        "an image that stays, of one layer of its own",
        &plain,
        &|store, number| pushed(store, Some(number), &format!("layer {number}")),
        "3 get, 1 list",
    );
    cost(
        "the same, under a policy",
        &untagged,
        &|store, number| pushed(store, Some(number), &format!("layer {number}")),
        "6 get, 1 list",
    );
    cost(
        "a tag that goes",
        &tags,
        &|store, number| pushed(store, Some(number), "kept"),
        "1 head, 1 put",
    );
    cost(
        "an image that goes, with its layer",
        &untagged,
        &|store, number| pushed(store, None, &format!("layer {number}")),
        "5 get, 3 put, 2 list",
    );
    cost(
        "the same, with its tag",
        &both,
        &|store, number| pushed(store, Some(number), &format!("layer {number}")),
        "1 head, 6 get, 4 put, 1 delete, 2 list",
    );
    cost(
        "a blob that goes out of its repository",
        &plain,
        &|store, number| {
            push_blob(store, "a", format!("blob {number}").as_bytes());
        },
        "2 get, 2 put, 1 list",
    );
    cost(
        "an upload that goes",
        &plain,
        &|store, _| {
            patch(store, &begin(store, ""), 0, b"hello");
        },
        "3 head, 2 get, 1 put, 3 delete, 6 list",
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
