//! Several who ask for manifests, each at the same time as the others.

use std::pin::Pin;

use crate::ask::{Answer, Registry, answer, registry, request};
use crate::body::MemoryBody;
use crate::content::{get, list, media_type, status};
use crate::schedule::{run, switching};
use crate::store::MemoryStore;

/// One who asks.
pub struct Asked<'a> {
    pub method: &'a str,
    pub reference: &'a str,
    pub manifest: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
}

pub fn put<'a>(reference: &'a str, manifest: &'a str) -> Asked<'a> {
    Asked {
        method: "PUT",
        reference,
        manifest,
        headers: &[],
    }
}

pub fn remove(reference: &str) -> Asked<'_> {
    Asked {
        method: "DELETE",
        reference,
        manifest: "",
        headers: &[],
    }
}

/// Has all of them ask at the same time, from the same beginning, at every interleaving; `check` is told what they were answered.
pub fn race(
    beginning: &MemoryStore,
    switches: usize,
    asked: &[Asked<'_>],
    mut check: impl FnMut(&MemoryStore, &[Answer]),
) {
    beginning.advance(5000);
    let tried = switching(switches, |choose| {
        let store = beginning.copied();
        let front = registry(&store);
        let mut futures: Vec<Pin<Box<dyn Future<Output = Answer> + '_>>> = Vec::new();
        for one in asked {
            futures.push(Box::pin(asking(&front, one)));
        }
        let answers = run(futures, choose);
        sound(&store);
        check(&store, &answers);
    });
    assert!(tried > 100, "{tried}");
}

/// Has one of them ask a registry.
pub async fn asking(front: &Registry, one: &Asked<'_>) -> Answer {
    let mut fields = vec![("content-type", media_type(one.manifest))];
    fields.extend(one.headers);
    let path = format!("/v2/a/manifests/{}", one.reference);
    let body = MemoryBody::of(one.manifest.as_bytes(), 1 << 20);
    answer(
        front
            .handle(request(one.method, &path, &fields, Some(body)))
            .await,
    )
}

/// Every tag that is listed names a manifest that is there.
pub fn sound(store: &MemoryStore) {
    let tags = get(store, "/v2/a/tags/list");
    if tags.status == 404 {
        return;
    }
    for tag in list(store, "/v2/a/tags/list", "tags").0 {
        assert_eq!(
            status(store, &format!("/v2/a/manifests/{tag}")),
            200,
            "{tag} dangles"
        );
    }
}

pub fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}
