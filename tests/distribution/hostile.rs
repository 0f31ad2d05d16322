//! A registry that means harm, or is broken beyond what one can make sense of: what each flow comes to, and that nobody else hears of
//! a credential.

mod flows;

use std::collections::BTreeMap;

use pierhead::Kind;
use pierhead::client::MAX_MANIFEST_BYTES;
use serde_json::{Value, json};

use crate::manifests::MANIFEST;
use crate::registry::{Answer, End, Fault, OCI_INDEX, What, World};
use flows::Flow::{
    self, Attach, Blob, Catalog, CopyFrom, CopyTo, Delete, Manifest, Push, PushStream, Put,
    Referrers, Tags,
};
use flows::{EVIL, Scene};

/// What flows come to; those that are not named come to what they should, whatever befalls them.
type Outcomes<'a> = &'a [(Kind, &'a [Flow])];

const EVERYTHING: &str = "registry.example/v2/";
const MANIFESTS: &str = "registry.example/v2/*/manifests/";
const SESSIONS: &str = "registry.example/v2/*/uploads/";
/// What no registry on another machine may lead to, and what becomes of whoever does.
const NOWHERE: [(&str, Kind); 4] = [
    ("file:///etc/passwd", Kind::InvalidUrl),
    ("http://registry.example/v2/", Kind::UnexpectedResponse),
    ("https://127.0.0.1/", Kind::UnexpectedResponse),
    ("https://169.254.169.254/latest", Kind::UnexpectedResponse),
];

/// Lets every flow meet the faults, and compares what becomes of each.
fn meet(name: &str, faults: &[Fault], expected: Outcomes<'_>) {
    let mut outcomes = BTreeMap::new();
    for (kind, flows) in expected {
        outcomes.extend(flows.iter().map(|flow| (*flow, *kind)));
    }
    let mut found = BTreeMap::new();
    for flow in Flow::ALL {
        let scene = Scene::new();
        for fault in faults {
            scene.world.fail(fault.clone());
        }
        if let Err(error) = scene.run(flow) {
            let told = format!("{error} {error:?}");
            World::assert_tells_nothing(&told);
            assert!(told.len() < 8_000, "{name}: {flow:?}: {}", told.len());
            assert!(!scene.has_copied(), "{name}: {flow:?} has left a name");
            found.insert(flow, error.kind());
        }
        scene.world.assert_no_stray();
        let asked = scene.world.log().len();
        assert!(asked < 40, "{name}: {flow:?} asked {asked} times");
    }
    assert_eq!(found, outcomes, "{name}");
}

fn on(method: &'static str, url: &str, what: What) -> [Fault; 1] {
    [Fault::new(method, url, what)]
}

/// Where 404 says that there is no API, the tag is asked, and none of it is an empty list.
fn all_but(flow: Flow) -> Vec<Flow> {
    Flow::ALL.into_iter().filter(|one| *one != flow).collect()
}

#[test]
fn other_bytes_than_were_asked_for_are_found_out() {
    let lists = [Tags, Catalog, Referrers, Delete];
    let images = [Manifest, CopyFrom];
    meet(
        "one bit is another",
        &on("GET", EVERYTHING, What::corrupt()),
        &[
            (Kind::DigestMismatch, &[Manifest, Blob, CopyFrom]),
            (Kind::InvalidJson, &[Tags, Referrers]),
            (Kind::UnexpectedResponse, &[Catalog]),
            (Kind::MediaTypeMismatch, &[Delete]),
        ],
    );
    // What a blob lacks is asked for.
    meet(
        "three bytes of each",
        &on("GET", EVERYTHING, What::body_until(3, End::Clean)),
        &[
            (Kind::BodyTruncated, &lists),
            (Kind::BodyTruncated, &images),
        ],
    );
    meet(
        "one byte more",
        &on("GET", EVERYTHING, What::longer()),
        &[
            (Kind::SizeMismatch, &lists),
            (Kind::SizeMismatch, &images),
            (Kind::SizeMismatch, &[Blob]),
        ],
    );
    meet(
        "gzip, which nobody asked for",
        &on("GET", EVERYTHING, What::gzip()),
        &[
            (Kind::ContentEncoded, &images),
            (Kind::InvalidJson, &lists),
            (Kind::SizeMismatch, &[Blob]),
        ],
    );
}

#[test]
fn no_more_is_read_than_there_may_be() {
    let larger = (MAX_MANIFEST_BYTES + 1).to_string();
    let read = [Manifest, Tags, Catalog, Referrers, Delete, CopyFrom];
    meet(
        "bodies without an end",
        &on("GET", EVERYTHING, What::endless()),
        &[(Kind::TooLarge, &read), (Kind::SizeMismatch, &[Blob])],
    );
    meet(
        "a manifest that is said to be larger than any",
        &on("GET", MANIFESTS, What::header("Content-Length", larger)),
        &[(Kind::TooLarge, &[Manifest, CopyFrom])],
    );
    meet(
        "10 MB of headers, which a host may refuse",
        &on("*", EVERYTHING, What::headers_of(10 << 20)),
        &[],
    );
    let met = all_but(Referrers);
    let met = &[(Kind::Registry, met.as_slice())];
    let refusal = Answer::new(404).with("X-Padding", "x".repeat(10 << 20));
    let refused = on("*", EVERYTHING, What::Instead(refusal));
    meet("10 MB of headers on errors", &refused, met);
}

#[test]
fn pages_for_people_are_no_answers() {
    let changes = [Push, PushStream, Put, Attach, CopyTo];
    // A list of referrers there is none of: what is under the tag is the list, and a page is no index either.
    meet(
        "a page that says that all is well",
        &on("*", EVERYTHING, What::html(200)),
        &[
            (Kind::InvalidJson, &[Manifest, Tags, Catalog, CopyFrom]),
            (Kind::SizeMismatch, &[Blob]),
            (Kind::DigestMismatch, &[Delete]),
            (Kind::UnexpectedResponse, &changes),
        ],
    );
    for (status, deleting) in [
        (400, Kind::Unsupported),
        (500, Kind::Registry),
        (502, Kind::Registry),
    ] {
        let page = on("*", MANIFESTS, What::html(status));
        let met = [Manifest, Put, Attach, CopyFrom, CopyTo];
        meet(
            "a page that says what is wrong",
            &page,
            &[(Kind::Registry, &met), (deleting, &[Delete])],
        );
    }
    meet(
        "a page that asks people in",
        &on("*", EVERYTHING, What::html(403)),
        &[(Kind::Auth, &Flow::ALL)],
    );
}

#[test]
fn redirects_end_and_lead_nowhere_they_should_not() {
    for what in [What::redirect_to_itself(), What::redirect_for_ever()] {
        let met = &[(Kind::UnexpectedResponse, Flow::ALL.as_slice())];
        meet("round and round", &on("*", EVERYTHING, what), met);
    }
    for (url, kind) in NOWHERE {
        let away = What::Instead(Answer::new(307).with("Location", url));
        meet(url, &on("*", EVERYTHING, away), &[(kind, &Flow::ALL)]);
    }
    // Where there is a registry that has nothing of it: `Scene` sees that no credential comes along.
    let away = What::Instead(Answer::new(307).with("Location", EVIL));
    let met = all_but(Referrers);
    let met = &[(Kind::Registry, met.as_slice())];
    meet("to another origin", &on("*", EVERYTHING, away), met);
}

fn challenge(realm: &str) -> What {
    let challenge = format!("Bearer realm=\"{realm}\",service=\"registry.example\"");
    What::Instead(Answer::new(401).with("WWW-Authenticate", challenge))
}

#[test]
fn no_credential_goes_to_a_realm_that_is_none() {
    for (url, _) in NOWHERE {
        meet(
            url,
            &on("*", EVERYTHING, challenge(url)),
            &[(Kind::Auth, &Flow::ALL)],
        );
    }
}

#[test]
fn challenges_without_an_end_are_refusals() {
    let again = challenge("https://auth.example/token");
    let met = &[(Kind::Auth, Flow::ALL.as_slice())];
    meet("401 whatever is said", &on("*", EVERYTHING, again), met);
    // The scope that is wanted is another one each time.
    let wants = |time: u64| {
        format!(
            "Bearer realm=\"https://auth.example/token\",service=\"registry.example\",scope=\"repository:x{time}:pull\""
        )
    };
    let more = What::Change(std::sync::Arc::new(move |_, _, time| {
        Answer::new(401).with("WWW-Authenticate", wants(time))
    }));
    meet("401 for ever more", &on("*", EVERYTHING, more), met);
    let elsewhere = What::Instead(Answer::new(307).with("Location", EVIL));
    let led = on("*", "auth.example/token", elsewhere);
    meet("a token service that leads elsewhere", &led, met);
}

#[test]
fn who_never_answers_is_not_waited_for() {
    let met = &[(Kind::Timeout, Flow::ALL.as_slice())];
    for url in [EVERYTHING, "auth.example/token"] {
        meet(url, &on("*", url, What::Silent), met);
    }
}

#[test]
fn lists_end_and_lead_nowhere_else() {
    let lists = [Tags, Catalog, Referrers, CopyFrom];
    let link = |url: &str| {
        let link = What::header("Link", format!("<{url}>; rel=\"next\""));
        on("GET", EVERYTHING, link)
    };
    for (url, kind) in NOWHERE {
        meet(url, &link(url), &[(kind, &lists)]);
    }
    let met = &[(Kind::UnexpectedResponse, lists.as_slice())];
    meet("on another origin", &link(EVIL), met);
    for what in [What::page_of_itself(), What::pages_for_ever()] {
        meet("without an end", &on("GET", EVERYTHING, what), met);
    }
}

#[test]
fn uploads_are_led_nowhere_they_should_not_and_claim_nothing() {
    let pushes = [Push, PushStream, CopyTo];
    for (url, kind) in NOWHERE {
        let led = on("*", SESSIONS, What::header("Location", url));
        meet(url, &led, &[(kind, &pushes)]);
    }
    let nowhere = on("*", SESSIONS, What::without("Location"));
    let met = &[(Kind::UnexpectedResponse, pushes.as_slice())];
    meet("a session without a place", &nowhere, met);
    let evil = format!("{EVIL}v2/a/b/blobs/uploads/x");
    let elsewhere = on("*", SESSIONS, What::header("Location", evil));
    let met = &[(Kind::Registry, pushes.as_slice())];
    meet("a session at a registry that has none", &elsewhere, met);
    let other = What::header("Location", "/v2/a/b/blobs/uploads/session-9");
    meet(
        "a session that becomes another one",
        &on("PATCH", SESSIONS, other),
        &[(Kind::Registry, &[PushStream])],
    );
}

/// A list of referrers that holds these.
fn listing(entries: &[(String, usize)]) -> What {
    let manifests: Vec<Value> = entries
        .iter()
        .map(|(digest, size)| json!({ "mediaType": MANIFEST, "digest": digest, "size": size }))
        .collect();
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let bytes = index.to_string().into_bytes();
    What::Instead(Answer::new(200).with_body(OCI_INDEX, &bytes))
}

#[test]
fn referrers_that_refer_to_one_another_are_copied_once() {
    // No manifest can name the digest of one that names it. A list can say that they do.
    let scene = Scene::new();
    let all = scene.sizes();
    scene.world.fail(Fault::new(
        "GET",
        "registry.example/*/referrers/",
        listing(&all),
    ));
    scene.run(CopyFrom).unwrap();
    assert_eq!(scene.world.count("/referrers/"), all.len() + 1);
    // Nor does it matter how many there are said to be of them.
    let many: Vec<_> = (0..10_001)
        .map(|number| (format!("sha256:{number:064x}"), 2))
        .collect();
    let scene = Scene::new();
    scene.world.fail(Fault::new(
        "GET",
        "registry.example/*/referrers/",
        listing(&many),
    ));
    assert_eq!(scene.run(CopyFrom).unwrap_err().kind(), Kind::TooLarge);
    assert!(!scene.has_copied());
}

#[test]
fn a_list_that_says_other_sizes_than_manifests_have_is_not_believed_and_ends_no_copy() {
    let scene = Scene::new();
    let mut all = scene.sizes();
    for (_, size) in &mut all {
        *size += 1;
    }
    scene.world.fail(Fault::new(
        "GET",
        "registry.example/*/referrers/",
        listing(&all),
    ));
    assert_eq!(scene.run(CopyFrom).map_err(|error| error.kind()), Ok(()));
    assert!(scene.has_copied());
}
