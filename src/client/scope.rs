//! What a token is asked for (distribution's token scope documentation: `resourcetype:resourcename:action`).

use crate::reference::RepositoryName;

/// Scopes, separated by spaces; empty where a request needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope(String);

impl Scope {
    /// No access to anything in particular.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// To read from a repository.
    pub(super) fn pull(name: &RepositoryName) -> Self {
        Self::repository(name, "pull")
    }

    /// To write to a repository, which takes reading it.
    pub(super) fn push(name: &RepositoryName) -> Self {
        Self::repository(name, "pull,push")
    }

    /// To delete from a repository.
    pub(super) fn delete(name: &RepositoryName) -> Self {
        Self::repository(name, "delete")
    }

    /// To write to a repository what another one has.
    pub(super) fn mount(name: &RepositoryName, from: &RepositoryName) -> Self {
        let (to, from) = (Self::push(name), Self::pull(from));
        Self([to.as_str(), " ", from.as_str()].concat())
    }

    /// To list the repositories of a registry.
    pub(super) fn catalog() -> Self {
        Self("registry:catalog:*".to_owned())
    }

    /// The scopes as a token is kept and asked by.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn repository(name: &RepositoryName, actions: &str) -> Self {
        Self(["repository:", name.as_str(), ":", actions].concat())
    }
}
