//! Copies an image into an image layout with every byte verified, attaches a note to it in its registry, and lists the tags:
//!
//! ```sh
//! cargo run --features native --example native -- https://registry.example hello:1.0 layout
//! ```
//!
//! `REGISTRY_USERNAME` and `REGISTRY_PASSWORD` say who asks.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;

use pierhead::client::copy::{CopyOptions, Observer, Outcome, RepositoryPlace, copy};
use pierhead::client::{Client, Credential, ListOptions, PushOptions, PutManifest};
use pierhead::digest::Algorithm;
use pierhead::document::Descriptor;
use pierhead::native::{BytesContent, LayoutPlace, Native};
use pierhead::reference::RepositoryName;
use pierhead::{Error, Kind, Result};

/// What the note is; its form is this program's own.
const NOTE_TYPE: &str = "application/vnd.example.note.v1";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [registry, image, folder] = arguments.as_slice() else {
        eprintln!("usage: native REGISTRY REPOSITORY:TAG FOLDER");
        return ExitCode::from(2);
    };
    match run(registry, image, folder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(registry: &str, image: &str, folder: &str) -> Result<()> {
    let native = Native::new()?.with_credentials(|_| Ok(credential()));
    let client = Arc::new(Client::new(native, registry.parse()?)?);
    let (name, tag) = image
        .rsplit_once(':')
        .ok_or_else(|| Error::new(Kind::InvalidReference, "the image has no tag"))?;
    let name: RepositoryName = name.parse()?;

    let source = RepositoryPlace::new(Arc::clone(&client), name.clone());
    let target = LayoutPlace::create(folder).await?;
    // What is there already is left alone, so that a copy that broke off goes on where it was.
    let options = CopyOptions::default();
    let image = copy(&source, tag, &target, Some(tag), &options, &Progress)
        .await?
        .root;
    println!("image {}", image.digest);
    attach(&client, &name, &image).await?;

    let mut tags = client.tags(&name, &ListOptions::default())?;
    while let Some(page) = tags.next().await? {
        page.iter().for_each(|tag| println!("tag {tag}"));
    }
    Ok(())
}

/// Says what has come to be in its place.
struct Progress;

impl Observer for Progress {
    fn done(&self, content: &Descriptor, outcome: Outcome) {
        println!("{} {} {}", outcome.as_str(), content.digest, content.size);
    }
}

/// Pushes a note that refers to the image: whoever lists the image's referrers finds it.
async fn attach(client: &Client<Native>, name: &RepositoryName, image: &Descriptor) -> Result<()> {
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
            "size": image.size,
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
