//! Changes of an `index.json` (image specification, `image-layout.md`): what need not change stays, byte by byte.

use std::collections::BTreeMap;

use crate::document::{Descriptor, Document};
use crate::json::{Value, to_json};
use crate::{Error, Kind, Result};

/// The media type of an index.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// An index that lists nothing.
pub(super) const EMPTY: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
/// The annotation that names an entry.
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The name of an entry.
pub(super) fn name_of(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME)
}

/// The index with a manifest entered by a name, or without one; `None` if it has that entry already. The name moves from
/// whoever had it, which stays as an entry without a name.
pub(super) fn with_entry(
    index: Vec<u8>,
    descriptor: &Descriptor,
    name: Option<&str>,
) -> Result<Option<Vec<u8>>> {
    let document = Document::parse(index, Some(MEDIA_TYPE))?;
    let entries = document.manifests()?;
    let list = document
        .root()
        .get("manifests")
        .ok_or_else(|| Error::new(Kind::InvalidManifest, "the index has no manifests"))?;
    let values: Vec<Value<'_>> = list.elements().collect();
    let is_same = |entry: &Descriptor| entry.digest == descriptor.digest;
    let mut texts: Vec<Option<String>> = values
        .iter()
        .map(|value| Some(value.raw().to_owned()))
        .collect();
    match name {
        None if entries.iter().any(is_same) => return Ok(None),
        None => texts.push(Some(entry_text(descriptor, None)?)),
        Some(name) => {
            let named = |entry: &Descriptor| name_of(entry) == Some(name);
            let holder = entries
                .iter()
                .position(|entry| is_same(entry) && named(entry));
            let nameless = entries
                .iter()
                .position(|entry| is_same(entry) && name_of(entry).is_none());
            let kept = holder.or(nameless);
            let mut changed = holder.is_none();
            if kept.is_none() {
                texts.push(Some(entry_text(descriptor, Some(name))?));
            }
            for (place, ((entry, value), text)) in
                entries.iter().zip(&values).zip(&mut texts).enumerate()
            {
                if kept == Some(place) {
                    if holder.is_none() {
                        *text = Some(with_name(*value, name)?);
                    }
                } else if is_same(entry) && (named(entry) || name_of(entry).is_none()) {
                    // Twice the same.
                    *text = None;
                    changed = true;
                } else if named(entry) {
                    *text = Some(without_name(*value));
                    changed = true;
                }
            }
            if !changed {
                return Ok(None);
            }
        }
    }
    let text = rebuilt(&document, list, &values, &texts);
    // What was entered may be no descriptor, or too much.
    let after = Document::parse(text.into_bytes(), Some(MEDIA_TYPE))?;
    after.manifests()?;
    Ok(Some(after.into_bytes()))
}

/// The text of the index with other entries, in the form of whoever wrote it.
fn rebuilt(
    document: &Document,
    list: Value<'_>,
    values: &[Value<'_>],
    texts: &[Option<String>],
) -> String {
    let all = std::str::from_utf8(document.bytes()).unwrap_or_default();
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
    let whole = list.span();
    let first = values
        .first()
        .map_or(whole.end - 1, |value| value.span().start);
    let last = values
        .last()
        .map_or(whole.end - 1, |value| value.span().end);
    let head = part(whole.start, first);
    let gap = match values {
        [one, other, ..] => part(one.span().end, other.span().start),
        _ => ",",
    };
    let kept: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
    [
        part(0, whole.start),
        head,
        &kept.join(gap),
        part(last, all.len()),
    ]
    .concat()
}

/// An entry as it is written anew.
fn entry_text(descriptor: &Descriptor, name: Option<&str>) -> Result<String> {
    let others = descriptor.annotations.iter();
    let others = others.filter(|(key, _)| *key != REF_NAME);
    let annotations: BTreeMap<&str, &str> =
        others.chain(name.map(|name| (REF_NAME, name))).collect();
    let mut text = [
        "{\"mediaType\":",
        &json(&descriptor.media_type)?,
        ",\"digest\":",
        &json(descriptor.digest.as_str())?,
        ",\"size\":",
        &descriptor.size.to_string(),
    ]
    .concat();
    if let Some(platform) = &descriptor.platform {
        text += &[",\"platform\":", &json(platform)?].concat();
    }
    if let Some(artifact_type) = &descriptor.artifact_type {
        text += &[",\"artifactType\":", &json(artifact_type)?].concat();
    }
    if !descriptor.urls.is_empty() {
        text += &[",\"urls\":", &json(&descriptor.urls)?].concat();
    }
    if !annotations.is_empty() {
        text += &[",\"annotations\":", &json(&annotations)?].concat();
    }
    text.push('}');
    Ok(text)
}

/// An entry that has no name, with one.
fn with_name(entry: Value<'_>, name: &str) -> Result<String> {
    let member = [json(REF_NAME)?, json(name)?].join(":");
    let annotations = entry.get("annotations").filter(|value| value.is_object());
    let members: Vec<String> = annotations
        .iter()
        .flat_map(|value| value.entries())
        .map(|(key, value)| [key.raw(), value.raw()].join(":"))
        .chain([member])
        .collect();
    Ok(with_annotations(entry, &members))
}

/// An entry without its name.
fn without_name(entry: Value<'_>) -> String {
    let annotations = entry.get("annotations");
    let members: Vec<String> = annotations
        .iter()
        .flat_map(|value| value.entries())
        .filter(|(key, _)| !key.is_str(REF_NAME))
        .map(|(key, value)| [key.raw(), value.raw()].join(":"))
        .collect();
    with_annotations(entry, &members)
}

/// An entry with these annotations, and nothing else changed.
fn with_annotations(entry: Value<'_>, members: &[String]) -> String {
    let object = ["{", &members.join(","), "}"].concat();
    let (start, raw) = (entry.span().start, entry.raw());
    if let Some(old) = entry.get("annotations") {
        let before = raw.get(..old.span().start.saturating_sub(start));
        let after = raw.get(old.span().end.saturating_sub(start)..);
        return [
            before.unwrap_or_default(),
            &object,
            after.unwrap_or_default(),
        ]
        .concat();
    }
    let open = raw.strip_suffix('}').unwrap_or(raw);
    [open, ",\"annotations\":", &object, "}"].concat()
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    to_json(value).map_err(|error| {
        Error::new(Kind::Internal, "a descriptor cannot be written").with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    /// An entry as others write it.
    fn entry(digest: &str, more: &str) -> String {
        format!("{{\"mediaType\": \"{MANIFEST}\", \"size\": 2, \"digest\": \"{digest}\"{more}}}")
    }

    fn index(entries: &[String]) -> Vec<u8> {
        let entries = entries.join(",\n    ");
        format!("{{\n  \"x\": 1.50,\n  \"manifests\": [\n    {entries}\n  ],\n  \"schemaVersion\": 2\n}}\n")
            .into_bytes()
    }

    fn descriptor(digest: &str) -> Descriptor {
        let document = Document::parse(index(&[entry(digest, "")]), Some(MEDIA_TYPE)).unwrap();
        document.manifests().unwrap().remove(0)
    }

    fn changed(before: &[String], digest: &str, name: Option<&str>) -> Option<String> {
        let after = with_entry(index(before), &descriptor(digest), name).unwrap();
        after.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn text(entries: &[String]) -> Option<String> {
        Some(String::from_utf8(index(entries)).unwrap())
    }

    fn named(name: &str) -> String {
        format!(", \"annotations\": {{\"{REF_NAME}\":\"{name}\"}}")
    }

    /// An entry as it is written here.
    fn own(digest: &str, annotations: &str) -> String {
        format!("{{\"mediaType\":\"{MANIFEST}\",\"digest\":\"{digest}\",\"size\":2{annotations}}}")
    }

    #[test]
    fn a_new_entry_comes_last_and_leaves_the_rest_as_it_was() {
        let (a, c) = (
            entry(A, ", \"y\": [1,\t2]"),
            entry(&A.replace('a', "c"), ""),
        );
        let annotated = format!(",\"annotations\":{{\"{REF_NAME}\":\"1.0\"}}");
        let before = [a, c];
        let after = changed(&before, B, Some("1.0"));
        assert_eq!(
            after,
            text(&[before.to_vec(), vec![own(B, &annotated)]].concat())
        );
        let after = changed(&before, B, None);
        assert_eq!(after, text(&[before.to_vec(), vec![own(B, "")]].concat()));
    }

    #[test]
    fn an_entry_that_is_there_changes_nothing() {
        let before = [entry(A, &named("1.0"))];
        assert_eq!(changed(&before, A, Some("1.0")), None);
        assert_eq!(changed(&before, A, None), None);
    }

    #[test]
    fn an_entry_without_a_name_takes_it() {
        let before = [entry(A, ", \"y\": 1"), entry(B, "")];
        let after = changed(&before, A, Some("1.0"));
        let named = format!(", \"y\": 1,\"annotations\":{{\"{REF_NAME}\":\"1.0\"}}");
        assert_eq!(after, text(&[entry(A, &named), entry(B, "")]));
        let annotated = |more: &str| entry(A, &format!(", \"annotations\": {{\"k\":\"v\"{more}}}"));
        let after = changed(&[annotated("")], A, Some("1.0"));
        assert_eq!(
            after,
            text(&[annotated(&format!(",\"{REF_NAME}\":\"1.0\""))])
        );
    }

    #[test]
    fn a_name_moves_and_its_former_owner_stays_without_one() {
        let before = [entry(A, &named("1.0")), entry(B, "")];
        let after = changed(&before, B, Some("1.0"));
        let nameless = entry(A, ", \"annotations\": {}");
        let annotated = format!(",\"annotations\":{{\"{REF_NAME}\":\"1.0\"}}");
        assert_eq!(after, text(&[nameless, entry(B, &annotated)]));
    }

    #[test]
    fn one_manifest_may_have_many_names() {
        let before = [entry(A, &named("1.0"))];
        let annotated = format!(",\"annotations\":{{\"{REF_NAME}\":\"2.0\"}}");
        let after = changed(&before, A, Some("2.0")).unwrap();
        assert!(after.contains(&entry(A, &named("1.0"))), "{after}");
        assert!(after.contains(&own(A, &annotated)), "{after}");
    }

    #[test]
    fn the_first_entry_of_an_empty_index_is_written() {
        let after = with_entry(EMPTY.to_vec(), &descriptor(A), Some("a\"b")).unwrap();
        let document = Document::parse(after.unwrap(), Some(MEDIA_TYPE)).unwrap();
        let entries = document.manifests().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(name_of(&entries[0]), Some("a\"b"));
    }

    #[test]
    fn what_is_no_index_is_left_alone() {
        for broken in ["", "{}", "[]", "{\"schemaVersion\":2,\"manifests\":{}}"] {
            assert!(
                with_entry(broken.into(), &descriptor(A), None).is_err(),
                "{broken}"
            );
        }
    }
}
