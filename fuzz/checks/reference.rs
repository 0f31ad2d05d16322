//! What must hold of references, whatever the text.

use pierhead::Kind;
use pierhead::digest::Digest;
use pierhead::reference::{Reference, Registry, RepositoryName, Tag};

/// Panics if the bytes, taken as a reference, break a promise.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match text.parse::<Reference>() {
        Ok(reference) => check_accepted(text, &reference),
        Err(error) => assert_eq!(error.kind(), Kind::InvalidReference),
    }
}

fn check_accepted(text: &str, reference: &Reference) {
    let shown = reference.to_string();
    assert_eq!(
        shown.parse::<Reference>().as_ref().ok(),
        Some(reference),
        "{text:?} became {shown:?}"
    );
    assert!(
        shown.bytes().all(|byte| byte.is_ascii_graphic()),
        "{shown:?} does not fit a URL or a header"
    );

    let (registry, repository) = (reference.registry(), reference.repository());
    assert_eq!(
        registry.as_str().parse::<Registry>().as_ref().ok(),
        Some(registry)
    );
    assert_eq!(
        repository.as_str().parse::<RepositoryName>().as_ref().ok(),
        Some(repository)
    );
    assert!(registry.as_str().len() + 1 + repository.as_str().len() <= Reference::MAX_NAME_LEN);
    assert!(
        repository.as_str().split('/').all(is_component),
        "accepted {repository}"
    );
    assert!(
        !registry.as_str().contains(['@', '/', '?', '#', '%', '\\']),
        "accepted {registry}"
    );
    let port = registry
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    assert_eq!(format!("{}{port}", registry.host()), registry.as_str());

    if let Some(tag) = reference.tag() {
        assert_eq!(tag.as_str().parse::<Tag>().as_ref().ok(), Some(tag));
        assert!(!tag.as_str().starts_with(['.', '-']) && tag.as_str().len() <= Tag::MAX_LEN);
    }
    let identifier = reference
        .digest()
        .map(Digest::as_str)
        .or(reference.tag().map(Tag::as_str));
    assert_eq!(Some(reference.identifier()), identifier);
}

/// The grammar of the distribution specification once more, told by states instead of by parts.
fn is_component(component: &str) -> bool {
    let mut run = String::new();
    let mut after_letter = false;
    for char in component.chars() {
        match char {
            'a'..='z' | '0'..='9' => {
                let joined = matches!(run.as_str(), "." | "_" | "__")
                    || run.chars().all(|separator| separator == '-');
                if !(run.is_empty() || joined && after_letter) {
                    return false;
                }
                run.clear();
                after_letter = true;
            }
            '.' | '_' | '-' => run.push(char),
            _ => return false,
        }
    }
    after_letter && run.is_empty()
}
