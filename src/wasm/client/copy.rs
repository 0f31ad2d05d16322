//! Copies between repositories and the host's image layouts.

use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::given::{Answer, Given};
use super::{RawClient, error, executor};
use crate::client::copy::{
    CopyOptions, Fetched, MountSource, Naming, Observer, Outcome, Place, Platforms,
    RepositoryPlace, copy,
};
use crate::client::{Content, MAX_MANIFEST_BYTES, Piece as _};
use crate::digest::Digest;
use crate::document::Descriptor;
use crate::json::Tree;
use crate::platform::Platform;
use crate::wasm::executor::HostFuture;
use crate::wasm::host;
use crate::wasm::transport::{FetchBody, FetchContent, FetchPiece, FetchTransport};
use crate::wasm::value;
use crate::{Error, Kind, Result};

/// A place as the host has it: a repository of one of its clients, or an image layout of its own.
#[wasm_bindgen]
pub struct RawPlace(Rc<AnyPlace>);

#[wasm_bindgen]
impl RawPlace {
    /// A repository; `source` opens its blobs: `Source` in `js/client/copy.ts`.
    pub fn repository(
        client: &RawClient,
        name: &str,
        source: JsValue,
    ) -> Result<RawPlace, JsValue> {
        let name = name.parse().map_err(error::to_js)?;
        let place = RepositoryPlace::new(Arc::clone(&client.0), name);
        Ok(Self(Rc::new(AnyPlace::Repository(place, source))))
    }

    /// An image layout: `LayoutPlace` in `js/client/copy.ts`.
    pub fn layout(layout: JsValue) -> RawPlace {
        Self(Rc::new(AnyPlace::Layout(layout)))
    }

    /// Copies from here to there, as stands in `given`: the reference here, the one there, whether referrers come along, how many transfers
    /// run at once, who observes it, and whether what follows is the one platform of [`Platforms::Image`], else those of
    /// [`Platforms::Some`]; all if none follows.
    #[wasm_bindgen(js_name = copyTo)]
    pub fn copy_to(&self, target: &RawPlace, given: Array) -> u32 {
        let (given, source, target) = (Given(given), Rc::clone(&self.0), Rc::clone(&target.0));
        executor::spawn(async move {
            let platforms: Vec<Platform> = given.all(6)?;
            let options = CopyOptions {
                platforms: match platforms.first() {
                    None => Platforms::All,
                    Some(platform) if given.is(5) => Platforms::Image(platform.clone()),
                    Some(_) => Platforms::Some(platforms),
                },
                referrers: given.is(2),
                concurrency: given.number(3).unwrap_or_default() as usize,
            };
            let (from, to) = (given.text(0).unwrap_or_default(), given.text(1));
            let observer = Watch(given.value(4));
            let copied = copy(
                &*source,
                &from,
                &*target,
                to.as_deref(),
                &options,
                &observer,
            )
            .await?;
            let root = &copied.root;
            let answer = Answer::of(&root.digest, Some(&root.media_type), Some(root.size));
            answer.number("manifests", Some(copied.manifests as u64));
            answer.number("blobs", Some(copied.blobs as u64));
            Ok(answer.into_js())
        })
    }
}

/// Tells the host how a copy goes on.
struct Watch(JsValue);

impl Observer for Watch {
    fn done(&self, content: &Descriptor, outcome: Outcome) {
        let (digest, size) = (content.digest.as_str(), content.size as f64);
        host::with(|host| host.done(&self.0, digest, size, outcome.as_str()));
    }
}

enum AnyPlace {
    Repository(RepositoryPlace<FetchTransport>, JsValue),
    Layout(JsValue),
}

impl Place for AnyPlace {
    type Body = FetchBody;
    type Content = FetchContent;

    async fn resolve(&self, reference: &str) -> Result<Fetched> {
        match self {
            Self::Repository(place, _) => place.resolve(reference).await,
            Self::Layout(layout) => {
                let reference = JsValue::from_str(reference);
                let given = ask(layout, "resolve", &reference, &JsValue::UNDEFINED).await?;
                let descriptor = descriptors(&given)?.pop();
                let descriptor = descriptor.ok_or_else(|| {
                    Error::new(
                        Kind::InvalidReference,
                        "the layout has nothing of this name",
                    )
                })?;
                let bytes = self.manifest(&descriptor).await?;
                Ok(Fetched::new(descriptor, bytes))
            }
        }
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match self {
            Self::Repository(place, _) => place.manifest(descriptor).await,
            Self::Layout(layout) => {
                if descriptor.size > MAX_MANIFEST_BYTES {
                    return Err(Error::new(
                        Kind::TooLarge,
                        "a manifest is larger than is read",
                    ));
                }
                let bytes = ask_of(layout, "manifest", descriptor, &JsValue::UNDEFINED).await?;
                Ok(bytes.unchecked_into::<Uint8Array>().to_vec())
            }
        }
    }

    async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>> {
        match self {
            Self::Repository(place, _) => place.referrers(subject).await,
            Self::Layout(layout) => {
                let subject = JsValue::from_str(subject.as_str());
                descriptors(&ask(layout, "referrers", &subject, &JsValue::UNDEFINED).await?)
            }
        }
    }

    fn content(&self, blob: &Descriptor) -> FetchContent {
        // A repository's too: the host goes on with a stream where it breaks.
        let (Self::Repository(_, host) | Self::Layout(host)) = self;
        let blob = value::to_js(blob);
        let content = host::with(|to| to.content(host, &blob)).unwrap_or(JsValue::UNDEFINED);
        FetchContent(content.unchecked_into())
    }

    fn mount_source(&self) -> Option<MountSource<'_>> {
        match self {
            Self::Repository(place, _) => place.mount_source(),
            Self::Layout(_) => None,
        }
    }

    async fn has_manifest(&self, descriptor: &Descriptor) -> Result<bool> {
        match self {
            Self::Repository(place, _) => place.has_manifest(descriptor).await,
            Self::Layout(layout) => has(layout, descriptor).await,
        }
    }

    async fn put_blob(
        &self,
        blob: &Descriptor,
        mount: Option<MountSource<'_>>,
        mut content: impl Content<Body = FetchBody>,
    ) -> Result<Outcome> {
        match self {
            Self::Repository(place, _) => place.put_blob(blob, mount, content).await,
            Self::Layout(layout) => {
                if has(layout, blob).await? {
                    return Ok(Outcome::Existed);
                }
                let body = content.open(0).await?.ok_or_else(|| {
                    Error::new(Kind::Internal, "a blob cannot be read from its beginning")
                })?;
                ask_of(layout, "put", blob, &body.into_js()).await?;
                Ok(Outcome::Copied)
            }
        }
    }

    async fn put_manifest(
        &self,
        descriptor: &Descriptor,
        bytes: &[u8],
        naming: Naming<'_>,
    ) -> Result<()> {
        match self {
            Self::Repository(place, _) => place.put_manifest(descriptor, bytes, naming).await,
            Self::Layout(layout) => {
                if !has(layout, descriptor).await? {
                    let bytes = FetchPiece::new(bytes.to_vec()).into_js();
                    ask_of(layout, "put", descriptor, &bytes).await?;
                }
                let name = match naming {
                    Naming::Digest => return Ok(()),
                    Naming::Name(name) => JsValue::from_str(name),
                    Naming::Referrer | Naming::Root => JsValue::UNDEFINED,
                };
                ask_of(layout, "tag", descriptor, &name).await?;
                Ok(())
            }
        }
    }
}

async fn has(layout: &JsValue, descriptor: &Descriptor) -> Result<bool> {
    Ok(ask_of(layout, "has", descriptor, &JsValue::UNDEFINED)
        .await?
        .is_truthy())
}

/// Has a layout do something with what a descriptor describes.
async fn ask_of(
    layout: &JsValue,
    method: &str,
    descriptor: &Descriptor,
    argument: &JsValue,
) -> Result<JsValue> {
    ask(layout, method, &value::to_js(descriptor), argument).await
}

/// Has a layout do something.
async fn ask(
    layout: &JsValue,
    method: &str,
    what: &JsValue,
    argument: &JsValue,
) -> Result<JsValue> {
    HostFuture::begin(|host, slot| {
        host.layout(slot, executor::current(), layout, method, what, argument);
    })
    .await
    .map_err(error::of_content)
}

/// The descriptors of a JSON array.
fn descriptors(json: &JsValue) -> Result<Vec<Descriptor>> {
    let json = json.as_string().unwrap_or_default();
    let tree = Tree::parse(json.as_bytes())?;
    tree.root_of(&json)
        .elements()
        .map(Descriptor::read)
        .collect()
}
