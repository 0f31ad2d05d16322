//! Lists that come in pages.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use super::given::Given;
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
            let Some(page) = paging.next(&client).await? else {
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
    /// A list, of what stands in `given`: a name, a digest, an artifact type; how many names at a time, after which, and how many pages at
    /// most. It is of what refers to the digest, else of the tags of a repository, else, without a name, of the repositories.
    pub fn list(&self, given: Array) -> std::result::Result<RawPages, JsValue> {
        Ok(RawPages {
            client: Arc::clone(&self.0),
            paging: Rc::new(RefCell::new(Some(
                self.paging(&Given(given)).map_err(error::to_js)?,
            ))),
        })
    }
}

impl RawClient {
    fn paging(&self, given: &Given) -> Result<Paging> {
        let mut options = ListOptions::default();
        (options.n, options.max_pages) = (given.number(3), given.number(5));
        options.last = given.text(4);
        let Some(name) = given.optional(0)? else {
            return self.0.repositories_paging(&options);
        };
        match given.optional(1)? {
            Some(digest) => {
                let artifact_type = given.text(2);
                self.0
                    .referrers_paging(&name, &digest, artifact_type.as_deref())
            }
            None => self.0.tags_paging(&name, &options),
        }
    }
}
