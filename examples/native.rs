//! Pulls an image with every byte verified, attaches a note to it, and lists the tags:
//!
//! ```sh
//! cargo run --features native --example native -- https://registry.example hello:1.0
//! ```
//!
//! `REGISTRY_USERNAME` and `REGISTRY_PASSWORD` say who asks.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use pierhead::client::{
    Chunks, Client, Credential, ListOptions, Manifest, ManifestReference, PushOptions, PutManifest,
};
use pierhead::digest::Algorithm;
use pierhead::document::{Variants, select_platform};
use pierhead::native::{BytesContent, Native};
use pierhead::platform;
use pierhead::reference::RepositoryName;
use pierhead::{Error, Kind, Result};

/// What the note is; its form is this program's own.
const NOTE_TYPE: &str = "application/vnd.example.note.v1";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [registry, image] = arguments.as_slice() else {
        eprintln!("usage: native REGISTRY REPOSITORY:TAG");
        return ExitCode::from(2);
    };
    match run(registry, image).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(registry: &str, image: &str) -> Result<()> {
    let native = Native::new()?.with_credentials(|_| Ok(credential()));
    let client = Arc::new(Client::new(native, registry.parse()?)?);
    let (name, tag) = image
        .rsplit_once(':')
        .ok_or_else(|| Error::new(Kind::InvalidReference, "the image has no tag"))?;
    let name: RepositoryName = name.parse()?;

    let image = pull(&client, &name, &ManifestReference::Tag(tag.parse()?)).await?;
    attach(&client, &name, &image).await?;

    let mut tags = client.tags(&name, &ListOptions::default())?;
    while let Some(page) = tags.next().await? {
        page.iter().for_each(|tag| println!("tag {tag}"));
    }
    Ok(())
}

/// Reads an image's manifest, configuration and layers. A program that keeps them takes none for good before its last byte.
async fn pull(
    client: &Arc<Client<Native>>,
    name: &RepositoryName,
    reference: &ManifestReference,
) -> Result<Manifest> {
    let mut manifest = client.manifest(name, reference, None).await?;
    let images = manifest.document.manifests()?;
    if !images.is_empty() {
        let platform = platform::DEFAULT.parse()?;
        let image = select_platform(&images, &platform, Variants::Compatible).ok_or_else(|| {
            Error::new(Kind::PlatformNotFound, "there is no image for the platform")
        })?;
        let reference = ManifestReference::Digest(image.digest.clone());
        manifest = client.manifest(name, &reference, None).await?;
    }
    println!("manifest {}", manifest.digest);
    let config = manifest.document.config()?;
    for part in config.into_iter().chain(manifest.document.layers()?) {
        let mut blob = client
            .blob_resuming(name, &part.digest, Some(part.size))
            .await?;
        let mut bytes = 0;
        while let Some(chunk) = blob.body.chunk().await? {
            bytes += chunk.len();
        }
        println!("blob {} {bytes}", part.digest);
    }
    Ok(manifest)
}

/// Pushes a note that refers to the image: whoever lists the image's referrers finds it.
async fn attach(client: &Client<Native>, name: &RepositoryName, image: &Manifest) -> Result<()> {
    let options = PushOptions::default();
    let empty = BytesContent::new(b"{}", Algorithm::Sha256);
    let config = client.push_blob(name, empty, &options).await?;
    let note = BytesContent::new(b"Every byte was verified.\n", Algorithm::Sha256);
    let note = client.push_blob(name, note, &options).await?;
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": NOTE_TYPE,
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config.digest, "size": config.size },
        "layers": [{ "mediaType": "text/plain", "digest": note.digest, "size": note.size }],
        "subject": {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": image.document.bytes().len(),
        },
    });
    let pushed = client
        .put_manifest(
            name,
            manifest.to_string().into_bytes(),
            PutManifest::default(),
        )
        .await?;
    println!("note {}", pushed.digest);
    let mut referrers = client.referrers(name, &image.digest, Some(NOTE_TYPE))?;
    while let Some(page) = referrers.next().await? {
        for referrer in page {
            println!("referrer {}", referrer.digest);
        }
    }
    Ok(())
}

/// Who asks; this program shows it to no other registry than the one it is told.
fn credential() -> Option<Credential> {
    Some(Credential::Password {
        username: env::var("REGISTRY_USERNAME").ok()?,
        password: env::var("REGISTRY_PASSWORD").ok()?,
    })
}
