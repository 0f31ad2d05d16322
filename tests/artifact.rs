//! What artifacts are recognised as, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::HashSet;

use pierhead::artifact::{Artifact, ArtifactKind};
use pierhead::document::Document;
use proptest::prelude::*;
use serde_json::{Value, json};

const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const IMAGE: &str = "application/vnd.oci.image.config.v1+json";
const TAR: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn descriptor(media_type: &str) -> Value {
    json!({"mediaType": media_type, "digest": DIGEST, "size": 2})
}

fn manifest(config: &str, layers: &[&str]) -> Value {
    let layers: Vec<_> = layers.iter().map(|layer| descriptor(layer)).collect();
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(config), "layers": layers})
}

/// A value with one more property.
fn with(mut value: Value, name: &str, property: Value) -> Value {
    value[name] = property;
    value
}

fn artifact(document: &Value) -> Artifact {
    Artifact::of(&Document::parse(document.to_string().into(), None).unwrap()).unwrap()
}

/// Identifier and effective artifact type.
fn identified(document: &Value) -> (&'static str, Option<String>) {
    let artifact = artifact(document);
    assert_eq!(artifact.name, artifact.kind.name());
    (artifact.kind.as_str(), artifact.artifact_type)
}

fn is(document: &Value, kind: &str) {
    assert_eq!(identified(document).0, kind, "{document}");
}

#[test]
fn images_and_indexes_are_what_is_left() {
    is(&manifest(IMAGE, &[TAR]), "image");
    is(&manifest(&IMAGE.to_uppercase(), &[]), "image");
    let docker = "application/vnd.docker.container.image.v1+json";
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    is(
        &manifest(
            docker,
            &["application/vnd.docker.image.rootfs.diff.tar.gzip"],
        ),
        "image",
    );
    is(
        &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}),
        "index",
    );
    is(
        &json!({"schemaVersion": 2, "mediaType": list, "manifests": [descriptor(MANIFEST)]}),
        "index",
    );
    assert_eq!(
        identified(&manifest(IMAGE, &[TAR])).1.as_deref(),
        Some(IMAGE)
    );
    assert_eq!(
        identified(&json!({"schemaVersion": 2, "manifests": []})).1,
        None
    );
}

#[test]
fn artifacts_are_known_by_their_type_or_that_of_their_config() {
    for (media_type, kind) in [
        ("application/vnd.cncf.helm.config.v1+json", "helm-chart"),
        ("Application/VND.cncf.helm.config.v1+JSON", "helm-chart"),
        (
            "application/vnd.cncf.notary.signature",
            "notation-signature",
        ),
        (
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "sigstore-bundle",
        ),
        (
            "application/vnd.dev.sigstore.bundle+json;version=0.1",
            "sigstore-bundle",
        ),
        ("application/vnd.cncf.flux.config.v1+json", "flux-artifact"),
        ("application/vnd.wasm.config.v0+json", "wasm"),
        (
            "application/vnd.cncf.openpolicyagent.config.v1+json",
            "opa-bundle",
        ),
        ("application/vnd.buildkit.cacheconfig.v0", "buildkit-cache"),
        ("application/vnd.docker.plugin.v1+json", "docker-plugin"),
        ("application/vnd.cncf.model.manifest.v1+json", "model-pack"),
        (
            "application/vnd.opentofu.provider-target",
            "opentofu-provider",
        ),
        ("application/spdx+json", "spdx-sbom"),
        ("application/vnd.cyclonedx+json", "cyclonedx-sbom"),
        (
            "application/vnd.cyclonedx+json;version=1.5",
            "cyclonedx-sbom",
        ),
    ] {
        is(&manifest(media_type, &[EMPTY]), kind);
        let own = with(manifest(EMPTY, &[EMPTY]), "artifactType", json!(media_type));
        assert_eq!(identified(&own), (kind, Some(media_type.to_owned())));
    }
}

#[test]
fn the_artifact_type_says_it_before_the_config_and_the_config_before_layers() {
    let helm = "application/vnd.cncf.helm.config.v1+json";
    let flux = "application/vnd.cncf.flux.config.v1+json";
    let simple = "application/vnd.dev.cosign.simplesigning.v1+json";
    is(
        &with(manifest(helm, &[simple]), "artifactType", json!(flux)),
        "flux-artifact",
    );
    is(&manifest(helm, &[simple]), "helm-chart");
    let unknown = with(manifest(helm, &[simple]), "artifactType", json!("a/b"));
    assert_eq!(identified(&unknown), ("helm-chart", Some("a/b".to_owned())));
}

#[test]
fn what_has_the_config_of_an_image_is_known_by_its_layers() {
    for (layers, kind) in [
        (
            &["application/vnd.dev.cosign.simplesigning.v1+json"][..],
            "cosign-signature",
        ),
        (
            &["application/vnd.dsse.envelope.v1+json"],
            "in-toto-attestation",
        ),
        (
            &[
                "application/vnd.in-toto+json",
                "application/vnd.in-toto+json",
            ],
            "in-toto-attestation",
        ),
        (&["text/spdx"], "spdx-sbom"),
        (&["text/spdx+json"], "spdx-sbom"),
        (&["application/vnd.cyclonedx"], "cyclonedx-sbom"),
        (&["application/vnd.syft+json"], "syft-sbom"),
        (
            &[
                "application/vnd.ollama.image.model",
                "application/vnd.ollama.image.license",
            ],
            "ollama-model",
        ),
        (&["application/wasm"], "wasm"),
        (&["application/vnd.wasm.content.layer.v1+wasm"], "wasm"),
        (
            &[
                "application/vnd.wasm.content.layer.v1+wasm",
                "application/vnd.fermyon.spin.application.v1+config",
            ],
            "spin-application",
        ),
        (&["application/octet-stream", "text/spdx"], "spdx-sbom"),
        (&["text/spdxfoo"], "image"),
    ] {
        is(&manifest(IMAGE, layers), kind);
    }
}

#[test]
fn one_odd_layer_does_not_make_an_image_something_else() {
    is(&manifest(IMAGE, &[TAR, "text/spdx"]), "image");
    is(&manifest(IMAGE, &["text/spdx", TAR]), "image");
}

#[test]
fn what_looks_like_an_image_is_known_by_its_annotations() {
    let annotated = |annotations: Value| with(manifest(IMAGE, &[TAR]), "annotations", annotations);
    is(
        &annotated(json!({"com.github.package.type": "homebrew_bottle"})),
        "homebrew-bottle",
    );
    is(
        &annotated(json!({"com.github.package.type": "other"})),
        "image",
    );
    is(
        &annotated(json!({"module.wasm.image/variant": "compat-smart"})),
        "wasm-image",
    );
    is(&annotated(json!({"a": "b"})), "image");
    is(&annotated(json!([1])), "image");
    let mut package = manifest(IMAGE, &[TAR, TAR]);
    package["layers"][1]["annotations"] = json!({"io.crossplane.xpkg": "base"});
    is(&package, "crossplane-package");
    package["layers"][1]["annotations"] = json!({"dev.tekton.image.apiVersion": "v1"});
    is(&package, "tekton-bundle");
}

#[test]
fn an_index_is_not_what_its_entries_are() {
    let index =
        |entry: Value| json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    let attestation = with(
        descriptor(MANIFEST),
        "annotations",
        json!({"vnd.docker.reference.type": "attestation-manifest"}),
    );
    is(&index(attestation.clone()), "index");
    is(&attestation, "in-toto-attestation");
    is(
        &index(descriptor("application/vnd.buildkit.cacheconfig.v0")),
        "buildkit-cache",
    );
    let cache = json!({"schemaVersion": 2, "mediaType": INDEX,
        "manifests": [descriptor(TAR), descriptor("application/vnd.buildkit.cacheconfig.v0")]});
    is(&cache, "buildkit-cache");
    let bottles = with(
        index(descriptor(MANIFEST)),
        "annotations",
        json!({"com.github.package.type": "homebrew_bottle"}),
    );
    is(&bottles, "homebrew-bottle");
    let provider = with(
        index(descriptor(MANIFEST)),
        "artifactType",
        json!("application/vnd.opentofu.provider"),
    );
    is(&provider, "opentofu-provider");
    is(&with(provider, "artifactType", json!("a/b")), "unknown");
}

#[test]
fn a_descriptor_says_what_it_describes() {
    let typed =
        |artifact_type: &str| with(descriptor(MANIFEST), "artifactType", json!(artifact_type));
    is(
        &typed("application/vnd.cncf.notary.signature"),
        "notation-signature",
    );
    is(&typed("a/b"), "unknown");
    is(&descriptor(MANIFEST), "unknown");
    is(&descriptor(INDEX), "index");
    is(&descriptor("application/wasm"), "wasm");
}

#[test]
fn unknown_is_an_answer_and_has_the_type_all_the_same() {
    let unknown = with(
        manifest(EMPTY, &[EMPTY]),
        "artifactType",
        json!("application/vnd.example"),
    );
    assert_eq!(
        identified(&unknown),
        ("unknown", Some("application/vnd.example".to_owned()))
    );
    is(&manifest("application/octet-stream", &[TAR]), "unknown");
    is(
        &json!({"rootfs": {"type": "layers", "diff_ids": []}, "config": {"Labels": {}}}),
        "unknown",
    );
    is(&json!({}), "unknown");
    is(&json!([]), "unknown");
    for untyped in ["application/vnd.unknown.artifact.v1", EMPTY] {
        let document = with(
            manifest(EMPTY, &["application/octet-stream"]),
            "artifactType",
            json!(untyped),
        );
        is(&document, "untyped");
    }
    is(
        &manifest("application/vnd.unknown.config.v1+json", &["text/plain"]),
        "untyped",
    );
    is(&manifest(EMPTY, &["application/spdx+json"]), "spdx-sbom");
    // An empty type is none.
    is(
        &with(manifest(IMAGE, &[TAR]), "artifactType", json!("")),
        "image",
    );
    is(
        &with(manifest(IMAGE, &[TAR]), "artifactType", json!(7)),
        "image",
    );
}

#[test]
fn the_subject_is_given_or_refused_where_it_is_malformed() {
    let signature = manifest(
        "application/vnd.cncf.notary.signature",
        &["application/jose+json"],
    );
    assert_eq!(artifact(&signature).subject, None);
    let attached = with(signature.clone(), "subject", descriptor(MANIFEST));
    let subject = artifact(&attached).subject.unwrap();
    assert_eq!(
        (subject.media_type.as_str(), subject.digest.as_str()),
        (MANIFEST, DIGEST)
    );
    let broken = with(signature, "subject", json!({"mediaType": MANIFEST}));
    let document = Document::parse(broken.to_string().into(), None).unwrap();
    assert_eq!(
        Artifact::of(&document).unwrap_err().kind(),
        pierhead::Kind::InvalidManifest
    );
}

#[test]
fn kinds_have_distinct_names_that_javascript_gets() {
    let ids: HashSet<_> = ArtifactKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let names: HashSet<_> = ArtifactKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(
        (ids.len(), names.len()),
        (ArtifactKind::ALL.len(), ArtifactKind::ALL.len())
    );
    assert_eq!(
        serde_json::to_value(artifact(&manifest(IMAGE, &[TAR]))).unwrap(),
        json!({"kind": "image", "name": "Container image", "artifactType": IMAGE}),
    );
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(text in "\\PC{0,30}", media_type in "\\PC{0,30}") {
        let document = json!({"artifactType": text, "config": {"mediaType": media_type}, "annotations": {"a": text},
            "layers": [{"mediaType": media_type}, 1, {}], "schemaVersion": 2});
        if let Ok(document) = Document::parse(document.to_string().into(), None) {
            Artifact::of(&document).unwrap();
        }
    }
}
