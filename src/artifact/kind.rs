//! Kinds of artifacts.

use serde::{Serialize, Serializer};

/// The enumeration, and the two names of each kind.
macro_rules! kinds {
    ($($variant:ident $id:literal $name:literal,)+) => {
        /// What an artifact is. Which media types and annotations say so, `docs/artifacts.md` lists with its sources.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[cfg_attr(test, ts(export, rename_all = "kebab-case"))]
        #[non_exhaustive]
        pub enum ArtifactKind {
            $(#[doc = $name] $variant,)+
        }

        impl ArtifactKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }

        /// Identifier and name, a line each, in the order of the kinds.
        static NAMES: &str = concat!($($id, "\n", $name, "\n",)+);
    };
}

kinds! {
    Unknown "unknown" "Artifact of an unknown type",
    Untyped "untyped" "Artifact of no stated type",
    Image "image" "Container image",
    Index "index" "Image index",
    BicepExtension "bicep-extension" "Bicep extension",
    BicepModule "bicep-module" "Bicep module",
    BuildkitCache "buildkit-cache" "BuildKit cache",
    CnabBundle "cnab-bundle" "CNAB bundle",
    ComposeProject "compose-project" "Docker Compose project",
    CosignSignature "cosign-signature" "Cosign signature",
    CrossplanePackage "crossplane-package" "Crossplane package",
    CueModule "cue-module" "CUE module",
    CyclonedxSbom "cyclonedx-sbom" "CycloneDX SBOM",
    DevContainer "dev-container" "Dev Container feature or template",
    DockerModel "docker-model" "AI model for Docker Model Runner",
    DockerPlugin "docker-plugin" "Docker plugin",
    FalcoAsset "falco-asset" "Falco asset",
    FalcoPlugin "falco-plugin" "Falco plugin",
    FalcoRules "falco-rules" "Falco rules",
    FluxArtifact "flux-artifact" "Flux artifact",
    GithubAction "github-action" "GitHub action",
    HelmChart "helm-chart" "Helm chart",
    HomebrewBottle "homebrew-bottle" "Homebrew bottle",
    InTotoAttestation "in-toto-attestation" "in-toto attestation",
    KitopsModelkit "kitops-modelkit" "KitOps ModelKit",
    KyvernoPolicy "kyverno-policy" "Kyverno policies",
    ModelPack "model-pack" "AI model (CNCF ModelPack)",
    NotationSignature "notation-signature" "Notary Project signature",
    OcmComponent "ocm-component" "OCM component version",
    OllamaModel "ollama-model" "Ollama model",
    OpaBundle "opa-bundle" "OPA policies",
    OpentofuModule "opentofu-module" "OpenTofu module",
    OpentofuProvider "opentofu-provider" "OpenTofu provider",
    Sbom "sbom" "SBOM",
    SigstoreBundle "sigstore-bundle" "Sigstore bundle",
    SingularityImage "singularity-image" "Singularity image",
    SociIndex "soci-index" "SOCI index",
    SpdxSbom "spdx-sbom" "SPDX SBOM",
    SpinApplication "spin-application" "Spin application",
    SyftSbom "syft-sbom" "Syft SBOM",
    TektonBundle "tekton-bundle" "Tekton bundle",
    TimoniModule "timoni-module" "Timoni module",
    TrivyDatabase "trivy-database" "Trivy database",
    Wasm "wasm" "Wasm module or component",
    WasmImage "wasm-image" "Container image of a Wasm module",
    WasmcloudProvider "wasmcloud-provider" "wasmCloud provider",
    ZarfPackage "zarf-package" "Zarf package",
}

impl ArtifactKind {
    /// Its identifier, which never changes: that of its variant, in kebab case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.line(0)
    }

    /// Its name, for people, in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.line(1)
    }

    fn line(self, line: usize) -> &'static str {
        let mut lines = NAMES.split('\n');
        lines.nth(self as usize * 2 + line).unwrap_or_default()
    }
}

impl Serialize for ArtifactKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
