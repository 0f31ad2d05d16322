//! The manifests of a repository.

use std::sync::Arc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::{FetchTransport, RawClient, described, error, executor, set};
use crate::client::{Client, ManifestReference, PutManifest};
use crate::reference::RepositoryName;

#[wasm_bindgen]
impl RawClient {
    /// Unless it is to be `raw`, what the manifest says is checked too. `undefined` if it is still the `known` one.
    pub fn manifest(
        &self,
        name: &str,
        reference: &str,
        accept: Option<String>,
        known: Option<String>,
        raw: bool,
    ) -> Result<u32, JsValue> {
        let (client, name, reference) = self.manifest_of(name, reference)?;
        Ok(executor::spawn(async move {
            let accept = accept.as_deref();
            let read = match known {
                None => client
                    .raw_manifest(&name, &reference, accept)
                    .await
                    .map(Some),
                Some(known) => {
                    client
                        .raw_manifest_unless(&name, &reference, accept, &known)
                        .await
                }
            };
            let Some(read) = read.map_err(error::to_js)? else {
                return Ok(JsValue::UNDEFINED);
            };
            let object = described(&read.digest, None, Some(read.bytes.len() as f64));
            set(&object, "verified", &JsValue::from_bool(read.verified));
            set(&object, "bytes", &Uint8Array::from(read.bytes.as_slice()));
            if let Some(etag) = &read.etag {
                set(&object, "etag", &JsValue::from_str(etag));
            }
            let media_type = if raw {
                read.media_type
            } else {
                read.parse().map_err(error::to_js)?.media_type
            };
            if let Some(media_type) = media_type {
                set(&object, "mediaType", &JsValue::from_str(&media_type));
            }
            Ok(object.into())
        }))
    }

    #[wasm_bindgen(js_name = manifestHead)]
    pub fn manifest_head(
        &self,
        name: &str,
        reference: &str,
        accept: Option<String>,
    ) -> Result<u32, JsValue> {
        let (client, name, reference) = self.manifest_of(name, reference)?;
        Ok(executor::spawn(async move {
            let head = client
                .manifest_head(&name, &reference, accept.as_deref())
                .await
                .map_err(error::to_js)?;
            Ok(described(
                &head.digest,
                head.media_type.as_deref(),
                Some(head.size as f64),
            )
            .into())
        }))
    }
}

#[wasm_bindgen]
impl RawClient {
    #[wasm_bindgen(js_name = putManifest)]
    pub fn put_manifest(
        &self,
        name: &str,
        bytes: Vec<u8>,
        reference: Option<String>,
        tags: Vec<String>,
        media_type: Option<String>,
    ) -> Result<u32, JsValue> {
        let (client, name) = (Arc::clone(&self.0), name.parse().map_err(error::to_js)?);
        let options = put_options(reference, tags, media_type).map_err(error::to_js)?;
        Ok(executor::spawn(async move {
            let pushed = client.put_manifest(&name, bytes, options).await;
            let pushed = pushed.map_err(error::to_js)?;
            let size = Some(pushed.size as f64);
            let object = described(&pushed.digest, Some(&pushed.media_type), size);
            if let Some(subject) = &pushed.subject {
                set(&object, "subject", &JsValue::from_str(subject.as_str()));
            }
            Ok(object.into())
        }))
    }

    #[wasm_bindgen(js_name = deleteManifest)]
    pub fn delete_manifest(&self, name: &str, reference: &str) -> Result<u32, JsValue> {
        let (client, name, reference) = self.manifest_of(name, reference)?;
        Ok(executor::spawn(async move {
            let deleted = client.delete_manifest(&name, &reference).await;
            deleted.map(|()| JsValue::UNDEFINED).map_err(error::to_js)
        }))
    }
}

impl RawClient {
    fn manifest_of(
        &self,
        name: &str,
        reference: &str,
    ) -> Result<
        (
            Arc<Client<FetchTransport>>,
            RepositoryName,
            ManifestReference,
        ),
        JsValue,
    > {
        Ok((
            Arc::clone(&self.0),
            name.parse().map_err(error::to_js)?,
            reference.parse().map_err(error::to_js)?,
        ))
    }
}

fn put_options(
    reference: Option<String>,
    tags: Vec<String>,
    media_type: Option<String>,
) -> crate::Result<PutManifest> {
    let mut options = PutManifest {
        media_type,
        ..PutManifest::default()
    };
    if let Some(reference) = reference {
        options.reference = Some(reference.parse()?);
    }
    for tag in tags {
        options.tags.push(tag.parse()?);
    }
    Ok(options)
}
