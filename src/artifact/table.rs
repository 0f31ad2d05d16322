//! What says which kind an artifact is of. Each row, and nothing else, is in `docs/artifacts.md` with its source.

use super::ArtifactKind::{self, *};

/// Where a media type or annotation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `artifactType`, or the media type of `config`.
    Type,
    /// The media type of a layer of a manifest, or of an entry of an index.
    Layer,
    /// Either of these.
    Any,
    /// An annotation of the document, or of a layer: `key`, or `key=value`.
    Annotation,
}

pub(super) struct Row {
    pub(super) place: Place,
    /// One that ends in `*` stands for all that begin with what stands before it.
    pub(super) pattern: &'static str,
    pub(super) kind: ArtifactKind,
}

const fn row(place: Place, pattern: &'static str, kind: ArtifactKind) -> Row {
    Row {
        place,
        pattern,
        kind,
    }
}

use Place::{Annotation, Any, Layer, Type};

/// Of several rows that fit, the first counts: a Spin application has layers of Wasm, too.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    row(Any, "application/vnd.ms.bicep.provider.*", BicepExtension),
    row(Any, "application/vnd.ms.bicep.module.*", BicepModule),
    row(Any, "application/vnd.buildkit.cacheconfig.v0", BuildkitCache),
    row(Type, "application/vnd.cnab.bundle.config.v1+json", CnabBundle),
    row(Type, "application/vnd.cnab.config.v1+json", CnabBundle),
    row(Type, "application/vnd.docker.compose.project", ComposeProject),
    row(Type, "application/vnd.docker.compose.config.empty.v1+json", ComposeProject),
    row(Layer, "application/vnd.docker.compose.file+yaml", ComposeProject),
    row(Type, "application/vnd.dev.cosign.artifact.sig.v1+json", CosignSignature),
    row(Layer, "application/vnd.dev.cosign.simplesigning.v1+json", CosignSignature),
    row(Annotation, "io.crossplane.xpkg", CrossplanePackage),
    row(Type, "application/vnd.cue.module.v1+json", CueModule),
    row(Any, "application/vnd.cyclonedx", CyclonedxSbom),
    row(Any, "application/vnd.cyclonedx+*", CyclonedxSbom),
    row(Type, "application/vnd.devcontainers", DevContainer),
    row(Any, "application/vnd.docker.ai.*", DockerModel),
    row(Type, "application/vnd.docker.plugin.v1+json", DockerPlugin),
    row(Type, "application/vnd.cncf.falco.asset.config.v1+json", FalcoAsset),
    row(Type, "application/vnd.cncf.falco.plugin.config.v1+json", FalcoPlugin),
    row(Type, "application/vnd.cncf.falco.rulesfile.config.v1+json", FalcoRules),
    row(Type, "application/vnd.cncf.flux.config.v1+json", FluxArtifact),
    row(Layer, "application/vnd.cncf.flux.content.v1.tar+gzip", FluxArtifact),
    row(Type, "application/vnd.github.actions.package.*", GithubAction),
    row(Type, "application/vnd.cncf.helm.config.v1+json", HelmChart),
    row(Layer, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", HelmChart),
    row(Annotation, "com.github.package.type=homebrew_bottle", HomebrewBottle),
    row(Annotation, "sh.brew.bottle.digest", HomebrewBottle),
    row(Type, "application/vnd.dev.cosign.artifact.att.v1+json", InTotoAttestation),
    row(Type, "application/vnd.docker.attestation.config.v1+json", InTotoAttestation),
    row(Any, "application/vnd.in-toto+json", InTotoAttestation),
    row(Layer, "application/vnd.dsse.envelope.v1+json", InTotoAttestation),
    row(Annotation, "vnd.docker.reference.type=attestation-manifest", InTotoAttestation),
    row(Any, "application/vnd.kitops.modelkit.*", KitopsModelkit),
    row(Any, "application/vnd.cncf.kyverno.*", KyvernoPolicy),
    row(Any, "application/vnd.cncf.model.*", ModelPack),
    row(Any, "application/vnd.cnai.model.*", ModelPack),
    row(Type, "application/vnd.cncf.notary.signature", NotationSignature),
    row(Type, "application/vnd.ocm.software.component.config.v1+json", OcmComponent),
    row(Layer, "application/vnd.ollama.image.*", OllamaModel),
    row(Any, "application/vnd.cncf.openpolicyagent.*", OpaBundle),
    row(Type, "application/vnd.opentofu.modulepkg", OpentofuModule),
    row(Type, "application/vnd.opentofu.provider", OpentofuProvider),
    row(Type, "application/vnd.opentofu.provider-target", OpentofuProvider),
    row(Type, "application/vnd.dev.cosign.artifact.sbom.v1+json", Sbom),
    row(Any, "application/vnd.dev.sigstore.bundle.*", SigstoreBundle),
    row(Any, "application/vnd.dev.sigstore.bundle+json*", SigstoreBundle),
    row(Any, "application/vnd.sylabs.sif.*", SingularityImage),
    row(Type, "application/vnd.amazon.soci.index.*", SociIndex),
    row(Any, "application/spdx+json", SpdxSbom),
    row(Any, "application/spdx3+json", SpdxSbom),
    row(Any, "text/spdx", SpdxSbom),
    row(Any, "text/spdx+*", SpdxSbom),
    row(Any, "application/vnd.fermyon.spin.application.v1+config", SpinApplication),
    row(Any, "application/vnd.syft+json", SyftSbom),
    row(Annotation, "dev.tekton.image.apiVersion", TektonBundle),
    row(Type, "application/vnd.timoni.config.v1+json", TimoniModule),
    row(Type, "application/vnd.aquasec.trivy.config.v1+json", TrivyDatabase),
    row(Layer, "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip", TrivyDatabase),
    row(Layer, "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip", TrivyDatabase),
    row(Any, "application/vnd.wasmcloud.provider.archive.*", WasmcloudProvider),
    row(Type, "application/vnd.module.wasm.config.v1+json", Wasm),
    row(Type, "application/vnd.wasm.config.v0+json", Wasm),
    row(Type, "application/vnd.wasm.config.v1+json", Wasm),
    row(Layer, "application/vnd.module.wasm.content.layer.v1+wasm", Wasm),
    row(Layer, "application/vnd.wasm.content.layer.v1+wasm", Wasm),
    row(Layer, "application/wasm", Wasm),
    row(Annotation, "module.wasm.image/variant", WasmImage),
    row(Type, "application/vnd.zarf.config.v1+json", ZarfPackage),
];

impl Row {
    /// Whether this media type is one that the row stands for. Case does not distinguish media types (RFC 6838, section 4.2).
    pub(super) fn fits(&self, media_type: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => media_type
                .get(..start.len())
                .is_some_and(|beginning| beginning.eq_ignore_ascii_case(start)),
            None => media_type.eq_ignore_ascii_case(self.pattern),
        }
    }

    /// The annotation's key, and the value that it has to have, if not any.
    pub(super) fn annotation(&self) -> (&'static str, Option<&'static str>) {
        match self.pattern.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (self.pattern, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Place {
        fn word(self) -> &'static str {
            match self {
                Type => "type",
                Layer => "layer",
                Any => "type or layer",
                Annotation => "annotation",
            }
        }
    }

    #[test]
    fn the_document_has_each_row_with_a_source() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/artifacts.md");
        let document = std::fs::read_to_string(path).unwrap();
        let (_, table) = document.split_once("## The table").unwrap();
        let documented: Vec<_> = table
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| {
                line.rsplit_once(" | <https://")
                    .expect("a row has a source")
                    .0
            })
            .collect();
        let rows: Vec<_> = ROWS
            .iter()
            .map(|row| {
                let (kind, word) = (row.kind, row.place.word());
                let (id, name, pattern) = (kind.as_str(), kind.name(), row.pattern);
                format!("| `{id}` | {name} | {word} | `{pattern}`")
            })
            .collect();
        assert_eq!(documented, rows);
        for kind in ArtifactKind::ALL {
            let (id, name) = (kind.as_str(), kind.name());
            assert!(document.contains(&format!("| `{id}` | {name} |")), "{id}");
        }
    }

    #[test]
    fn no_row_hides_another() {
        for (index, row) in ROWS.iter().enumerate() {
            let pattern = row.pattern.trim_end_matches('*');
            let hidden_by = ROWS.iter().take(index).find(|earlier| {
                let places = (earlier.place, row.place);
                (places.0 == places.1 || places.0 == Any && places.1 != Annotation)
                    && row.place != Annotation
                    && earlier.fits(pattern)
            });
            assert!(hidden_by.is_none(), "{}", row.pattern);
        }
    }
}
