//! The extensions of a registry or of one of its repositories (distribution specification, "extensions").

use super::ask::Call;
use super::scope::Scope;
use super::{Client, Host};
use crate::json::{Tree, Value};
use crate::reference::RepositoryName;
use crate::{Kind, Result};

/// The longest list that is read, in bytes.
const MAX_LIST_BYTES: u64 = 1024 * 1024;
/// How many extensions are read, and how many endpoints of each.
const MAX_EXTENSIONS: usize = 256;

/// What a registry offers beyond the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// Its name, which begins with `_`: `_oci`.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is documented.
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
        let list = self.extension_list(name).await?;
        let Ok(tree) = Tree::parse(list.as_bytes()) else {
            return Ok(Vec::new());
        };
        let read = tree.root(list.as_bytes()).elements();
        Ok(read.take(MAX_EXTENSIONS).filter_map(extension).collect())
    }

    /// The list of extensions as it came: a JSON array, or nothing.
    pub(crate) async fn extension_list(&self, name: Option<&RepositoryName>) -> Result<String> {
        let (url, scope) = match name {
            Some(name) => (
                ["/v2/", name.as_str(), "/_oci/ext/discover"].concat(),
                Scope::pull(name),
            ),
            None => ("/v2/_oci/ext/discover".to_owned(), Scope::none()),
        };
        let call = Call::read(self.at(&url)?, scope, MAX_LIST_BYTES);
        let bytes = match self.ask(call).await {
            Ok(answer) => answer.bytes,
            Err(error)
                if matches!(error.status(), Some(404 | 405)) && error.kind() == Kind::Registry =>
            {
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let tree = Tree::parse(&bytes);
        let list = tree
            .as_ref()
            .ok()
            .and_then(|tree| tree.root(&bytes).get("extensions"));
        let list = list.filter(|list| list.is_array());
        Ok(list.map(|list| list.raw().to_owned()).unwrap_or_default())
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
