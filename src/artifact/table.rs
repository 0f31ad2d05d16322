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

/// The rows: their patterns a line each, so that neither pointers nor lengths of them are stored.
macro_rules! rows {
    ($(($place:ident, $pattern:literal, $kind:ident),)+) => {
        static PATTERNS: &str = concat!($($pattern, "\n",)+);
        static MEANINGS: &[(Place, ArtifactKind)] = &[$(($place, $kind),)+];
    };
}

/// Each row. Of several that fit, the first counts: a Spin application has layers of Wasm, too.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let lines = PATTERNS.split('\n').zip(MEANINGS);
    lines.map(|(pattern, &(place, kind))| Row {
        place,
        pattern,
        kind,
    })
}

use Place::{Annotation, Any, Layer, Type};

#[rustfmt::skip]
rows! {
    (Any, "application/vnd.ms.bicep.provider.*", BicepExtension),
    (Any, "application/vnd.ms.bicep.module.*", BicepModule),
    (Any, "application/vnd.buildkit.cacheconfig.v0", BuildkitCache),
    (Type, "application/vnd.cnab.bundle.config.v1+json", CnabBundle),
    (Type, "application/vnd.cnab.config.v1+json", CnabBundle),
    (Type, "application/vnd.docker.compose.project", ComposeProject),
    (Type, "application/vnd.docker.compose.config.empty.v1+json", ComposeProject),
    (Layer, "application/vnd.docker.compose.file+yaml", ComposeProject),
    (Type, "application/vnd.dev.cosign.artifact.sig.v1+json", CosignSignature),
    (Layer, "application/vnd.dev.cosign.simplesigning.v1+json", CosignSignature),
    (Annotation, "io.crossplane.xpkg", CrossplanePackage),
    (Type, "application/vnd.cue.module.v1+json", CueModule),
    (Any, "application/vnd.cyclonedx", CyclonedxSbom),
    (Any, "application/vnd.cyclonedx+*", CyclonedxSbom),
    (Type, "application/vnd.devcontainers", DevContainer),
    (Any, "application/vnd.docker.ai.*", DockerModel),
    (Type, "application/vnd.docker.plugin.v1+json", DockerPlugin),
    (Type, "application/vnd.cncf.falco.asset.config.v1+json", FalcoAsset),
    (Type, "application/vnd.cncf.falco.plugin.config.v1+json", FalcoPlugin),
    (Type, "application/vnd.cncf.falco.rulesfile.config.v1+json", FalcoRules),
    (Type, "application/vnd.cncf.flux.config.v1+json", FluxArtifact),
    (Layer, "application/vnd.cncf.flux.content.v1.tar+gzip", FluxArtifact),
    (Type, "application/vnd.github.actions.package.*", GithubAction),
    (Type, "application/vnd.cncf.helm.config.v1+json", HelmChart),
    (Layer, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", HelmChart),
    (Annotation, "com.github.package.type=homebrew_bottle", HomebrewBottle),
    (Annotation, "sh.brew.bottle.digest", HomebrewBottle),
    (Type, "application/vnd.dev.cosign.artifact.att.v1+json", InTotoAttestation),
    (Type, "application/vnd.docker.attestation.config.v1+json", InTotoAttestation),
    (Any, "application/vnd.in-toto+json", InTotoAttestation),
    (Layer, "application/vnd.dsse.envelope.v1+json", InTotoAttestation),
    (Annotation, "vnd.docker.reference.type=attestation-manifest", InTotoAttestation),
    (Any, "application/vnd.kitops.modelkit.*", KitopsModelkit),
    (Any, "application/vnd.cncf.kyverno.*", KyvernoPolicy),
    (Any, "application/vnd.cncf.model.*", ModelPack),
    (Any, "application/vnd.cnai.model.*", ModelPack),
    (Type, "application/vnd.cncf.notary.signature", NotationSignature),
    (Type, "application/vnd.ocm.software.component.config.v1+json", OcmComponent),
    (Layer, "application/vnd.ollama.image.*", OllamaModel),
    (Any, "application/vnd.cncf.openpolicyagent.*", OpaBundle),
    (Type, "application/vnd.opentofu.modulepkg", OpentofuModule),
    (Type, "application/vnd.opentofu.provider", OpentofuProvider),
    (Type, "application/vnd.opentofu.provider-target", OpentofuProvider),
    (Type, "application/vnd.dev.cosign.artifact.sbom.v1+json", Sbom),
    (Any, "application/vnd.dev.sigstore.bundle.*", SigstoreBundle),
    (Any, "application/vnd.dev.sigstore.bundle+json*", SigstoreBundle),
    (Any, "application/vnd.sylabs.sif.*", SingularityImage),
    (Type, "application/vnd.amazon.soci.index.*", SociIndex),
    (Any, "application/spdx+json", SpdxSbom),
    (Any, "application/spdx3+json", SpdxSbom),
    (Any, "text/spdx", SpdxSbom),
    (Any, "text/spdx+*", SpdxSbom),
    (Any, "application/vnd.fermyon.spin.application.v1+config", SpinApplication),
    (Any, "application/vnd.syft+json", SyftSbom),
    (Annotation, "dev.tekton.image.apiVersion", TektonBundle),
    (Type, "application/vnd.timoni.config.v1+json", TimoniModule),
    (Type, "application/vnd.aquasec.trivy.config.v1+json", TrivyDatabase),
    (Layer, "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip", TrivyDatabase),
    (Layer, "application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip", TrivyDatabase),
    (Any, "application/vnd.wasmcloud.provider.archive.*", WasmcloudProvider),
    (Type, "application/vnd.module.wasm.config.v1+json", Wasm),
    (Type, "application/vnd.wasm.config.v0+json", Wasm),
    (Type, "application/vnd.wasm.config.v1+json", Wasm),
    (Layer, "application/vnd.module.wasm.content.layer.v1+wasm", Wasm),
    (Layer, "application/vnd.wasm.content.layer.v1+wasm", Wasm),
    (Layer, "application/wasm", Wasm),
    (Annotation, "module.wasm.image/variant", WasmImage),
    (Type, "application/vnd.zarf.config.v1+json", ZarfPackage),
}

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
        let rows: Vec<_> = rows()
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
        for (index, row) in rows().enumerate() {
            let pattern = row.pattern.trim_end_matches('*');
            let hidden_by = rows().take(index).find(|earlier| {
                let places = (earlier.place, row.place);
                (places.0 == places.1 || places.0 == Any && places.1 != Annotation)
                    && row.place != Annotation
                    && earlier.fits(pattern)
            });
            assert!(hidden_by.is_none(), "{}", row.pattern);
        }
    }
}
