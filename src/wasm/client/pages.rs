//! Lists that come in pages.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use wasm_bindgen::prelude::*;

use super::{FetchTransport, RawClient, error, executor, value};
use crate::Result;
use crate::client::{Client, ListOptions, Paging};

/// A list that is being read.
#[wasm_bindgen]
pub struct RawPages {
    client: Arc<Client<FetchTransport>>,
    /// `None` while a page is asked for, and after one could not be read.
    paging: Rc<RefCell<Option<Paging>>>,
}

#[wasm_bindgen]
impl RawPages {
    /// The next page, an array that is never empty; `undefined` at the end.
    pub fn next(&self) -> u32 {
        let (client, place) = (Arc::clone(&self.client), Rc::clone(&self.paging));
        executor::spawn(async move {
            let Some(mut paging) = place.take() else {
                return Ok(JsValue::UNDEFINED);
            };
            let Some(page) = paging.next(&client).await.map_err(error::to_js)? else {
                return Ok(JsValue::UNDEFINED);
            };
            place.replace(Some(paging));
            Ok(if page.names.is_empty() {
                value::to_js(&page.descriptors)
            } else {
                value::to_js(&page.names)
            })
        })
    }
}

#[wasm_bindgen]
impl RawClient {
    /// A list: of what refers to `digest`, else of the tags of a repository, else, without a name, of the repositories.
    pub fn list(
        &self,
        name: Option<String>,
        digest: Option<String>,
        artifact_type: Option<String>,
        n: Option<u32>,
        last: Option<String>,
        max_pages: Option<u32>,
    ) -> std::result::Result<RawPages, JsValue> {
        let mut options = ListOptions::default();
        (options.n, options.last, options.max_pages) = (n, last, max_pages);
        let paging = self.paging(name, digest, artifact_type, &options);
        Ok(RawPages {
            client: Arc::clone(&self.0),
            paging: Rc::new(RefCell::new(Some(paging.map_err(error::to_js)?))),
        })
    }
}

impl RawClient {
    fn paging(
        &self,
        name: Option<String>,
        digest: Option<String>,
        artifact_type: Option<String>,
        options: &ListOptions,
    ) -> Result<Paging> {
        let Some(name) = name else {
            return self.0.repositories_paging(options);
        };
        let name = name.parse()?;
        match digest {
            Some(digest) => {
                let digest = digest.parse()?;
                self.0
                    .referrers_paging(&name, &digest, artifact_type.as_deref())
            }
            None => self.0.tags_paging(&name, options),
        }
    }
}
