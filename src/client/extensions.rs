//! The extensions of a registry or of one of its repositories (distribution specification, "extensions").

use serde::Serialize;

use super::exchange::{Call, Located};
use super::scope::Scope;
use super::{Client, Host, MAX_MANIFEST_BYTES, response};
use crate::http::Method;
use crate::json::{Tree, Value};
use crate::reference::RepositoryName;
use crate::{Error, Kind, Result};

/// How many extensions are read, and how many endpoints of each.
const MAX_EXTENSIONS: usize = 256;

/// What a registry offers beyond the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(export, optional_fields))]
#[non_exhaustive]
pub struct Extension {
    /// Its name, which begins with `_`: `_oci`.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its endpoints, as they stand behind `/v2/` or a repository's name: `_oci/ext/discover`. Empty where the registry names none.
    pub endpoints: Vec<String>,
}

impl<T: Host> Client<T> {
    /// Asks for the extensions of the registry, or of one repository (`_oci/ext/discover`); none where they cannot be discovered,
    /// which a registry says by 404 or 405, or by something that is no list of them.
    ///
    /// # Errors
    /// Those of [`Client::ping`].
    pub async fn extensions(&self, name: Option<&RepositoryName>) -> Result<Vec<Extension>> {
        let (url, scope) = match name {
            Some(name) => (
                self.at(&format!("/v2/{name}/_oci/ext/discover"))?,
                Scope::pull(name),
            ),
            None => (self.at("/v2/_oci/ext/discover")?, Scope::none()),
        };
        let Located { url, message, .. } = match self.call(Call::new(Method::Get, url, scope)).await
        {
            Ok(located) => located.whole()?,
            Err(error)
                if matches!(error.status(), Some(404 | 405)) && error.kind() == Kind::Registry =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let bytes = response::read_whole(message, MAX_MANIFEST_BYTES, &self.host).await;
        let bytes = bytes.map_err(|error: Error| error.with_url(&url))?;
        let Ok(tree) = Tree::parse(&bytes) else {
            return Ok(Vec::new());
        };
        let list = tree.root(&bytes).get("extensions");
        let read = list
            .into_iter()
            .flat_map(Value::elements)
            .take(MAX_EXTENSIONS);
        Ok(read.filter_map(extension).collect())
    }
}

/// An extension; `None` if it has no name.
fn extension(value: Value<'_>) -> Option<Extension> {
    let text = |value: Value<'_>| value.as_str().map(|text| text.into_owned());
    let endpoints = value.get("endpoints");
    let endpoints = endpoints.into_iter().flat_map(Value::elements);
    Some(Extension {
        name: text(value.get("name")?)?,
        description: value.get("description").and_then(text),
        url: value.get("url").and_then(text),
        endpoints: endpoints.filter_map(text).take(MAX_EXTENSIONS).collect(),
    })
}
