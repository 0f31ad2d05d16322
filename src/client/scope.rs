//! What a token is asked for (distribution's token scope documentation: `resourcetype:resourcename:action`).

use super::fields::push_word;
use crate::reference::RepositoryName;

/// Scopes, separated by spaces, each resource once; empty where a request needs none.
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
        Self::push(name).and(Self::pull(from).as_str())
    }

    /// To list the repositories of a registry.
    pub(super) fn catalog() -> Self {
        Self("registry:catalog:*".to_owned())
    }

    /// The scopes as a token is kept and asked by.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// These scopes, and those of `others` that they lack.
    pub(super) fn and(mut self, others: &str) -> Self {
        for other in others.split_ascii_whitespace() {
            let (resource, actions) = split(other);
            let mut merged = String::new();
            let mut known = false;
            for scope in self.0.split_ascii_whitespace() {
                push_word(&mut merged, ' ', scope);
                if split(scope).0 == resource {
                    known = true;
                    for action in actions.split(',') {
                        if !allows(scope, action) {
                            push_word(&mut merged, ',', action);
                        }
                    }
                }
            }
            if !known {
                push_word(&mut merged, ' ', other);
            }
            self.0 = merged;
        }
        self
    }

    /// Whether they allow more than to read.
    pub(super) fn writes(&self) -> bool {
        let mut scopes = self.0.split(' ');
        scopes.any(|scope| allows(scope, "push") || allows(scope, "delete"))
    }

    /// Whether a token for these scopes will do where one for the others is needed.
    pub(super) fn covers(&self, others: &Self) -> bool {
        for other in others.0.split(' ') {
            if !other.is_empty() && !self.0.split(' ').any(|scope| includes(scope, other)) {
                return false;
            }
        }
        true
    }

    fn repository(name: &RepositoryName, actions: &str) -> Self {
        Self(["repository:", name.as_str(), ":", actions].concat())
    }
}

/// A scope's resource and actions. A resource may hold colons, actions cannot.
fn split(scope: &str) -> (&str, &str) {
    scope.rsplit_once(':').unwrap_or((scope, ""))
}

fn includes(scope: &str, other: &str) -> bool {
    let (resource, actions) = split(other);
    split(scope).0 == resource && actions.split(',').all(|action| allows(scope, action))
}

fn allows(scope: &str, action: &str) -> bool {
    split(scope).1.split(',').any(|allowed| allowed == action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::none().and(text)
    }

    #[test]
    fn scopes_of_one_resource_become_one() {
        let pull = Scope::pull(&"a/b".parse().unwrap());
        for (others, merged) in [
            ("", "repository:a/b:pull"),
            ("repository:a/b:pull", "repository:a/b:pull"),
            ("repository:a/b:pull,push", "repository:a/b:pull,push"),
            ("repository:a/b:push,pull", "repository:a/b:pull,push"),
            ("repository:c:pull", "repository:a/b:pull repository:c:pull"),
            (" aws  aws ", "repository:a/b:pull aws"),
            (
                "repository:h:5000/a:pull registry:catalog:*",
                "repository:a/b:pull repository:h:5000/a:pull registry:catalog:*",
            ),
        ] {
            assert_eq!(pull.clone().and(others).as_str(), merged);
        }
    }

    #[test]
    fn a_token_covers_what_is_less_than_it_was_asked_for() {
        let push = Scope::push(&"a/b".parse().unwrap());
        assert!(push.covers(&scope("repository:a/b:pull")));
        assert!(push.covers(&scope("repository:a/b:push,pull")));
        assert!(push.covers(&Scope::none()));
        assert!(!push.covers(&scope("repository:a/b:delete")));
        assert!(!push.covers(&scope("repository:a/b2:pull")));
        assert!(!push.covers(&scope("repository:a/b:pull repository:c:pull")));
        assert!(!scope("repository:a/b:pull").covers(&push));
        assert!(!Scope::none().covers(&push));
        assert!(scope("aws x:y:pull").covers(&scope("aws")));
    }
}
