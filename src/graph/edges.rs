//! What a document names, in its order.

use crate::document::{Descriptor, Kind};
use crate::json::decimal;
use crate::json::{Lines, Value};
use crate::media_type::{MediaType, MediaTypeClass};
use crate::rules::Place;

use super::Role;

/// A descriptor and where it stands.
pub(super) struct Edge {
    pub(super) descriptor: Descriptor,
    pub(super) role: Role,
    pub(super) kind: Kind,
    class: MediaTypeClass,
    list: &'static str,
    index: Option<usize>,
    line: u32,
    column: u32,
    /// Of a configuration, the number of layers beside it.
    pub(super) layers: usize,
}

impl Edge {
    pub(super) fn place(&self) -> Place {
        let mut pointer = String::from(self.list);
        if let Some(index) = self.index {
            pointer.push('/');
            pointer.push_str(&decimal(index as u64));
        }
        Place {
            pointer,
            line: self.line,
            column: self.column,
        }
    }

    /// For how many descriptors it counts: one, and one more for every two of its annotations, URLs and features, each of which takes
    /// a hundred bytes of memory however short it is.
    pub(super) fn weight(&self) -> usize {
        let Descriptor {
            annotations,
            urls,
            platform,
            ..
        } = &self.descriptor;
        let features = platform
            .as_ref()
            .map_or(0, |platform| platform.os_features.len());
        1 + (annotations.len() + urls.len() + features) / 2
    }

    /// Whether it is read whole, and followed.
    pub(super) fn is_document(&self) -> bool {
        match self.role {
            Role::Config => self.kind.is_config(),
            Role::Layer | Role::Blob => false,
            Role::Index | Role::Manifest | Role::Subject => self.kind.is_self_describing(),
        }
    }

    /// Whether it need not be there.
    pub(super) fn is_optional(&self) -> bool {
        self.role == Role::Subject
            || self.role == Role::Layer && self.class == MediaTypeClass::NondistributableLayer
    }
}

/// Calls `each` with what a document names, until that returns false. Descriptors that break their own rules are left out: those are
/// reported with the document.
pub(super) fn each_edge(
    root: Value<'_>,
    kind: Kind,
    source: &str,
    mut each: impl FnMut(Edge) -> bool,
) {
    let layers = if kind.is_manifest() {
        root.get("layers")
            .map_or(0, |layers| layers.elements().count())
    } else {
        0
    };
    let lists: &[(&str, &'static str, Option<Role>)] = if kind.is_manifest() {
        &[
            ("config", "/config", Some(Role::Config)),
            ("layers", "/layers", Some(Role::Layer)),
            ("subject", "/subject", Some(Role::Subject)),
        ]
    } else if kind.is_index() {
        &[
            ("manifests", "/manifests", None),
            ("subject", "/subject", Some(Role::Subject)),
        ]
    } else {
        &[]
    };
    for (name, pointer, role) in lists {
        let Some(value) = root.get(name) else {
            continue;
        };
        let mut lines = Lines::new(source.as_bytes());
        let mut edge = |value: Value<'_>, index| {
            let Ok(descriptor) = Descriptor::read(value) else {
                return true;
            };
            let class = descriptor
                .media_type
                .parse()
                .map_or(MediaTypeClass::Unknown, |media_type: MediaType| {
                    media_type.class()
                });
            let position = lines.position(value.span().start);
            each(Edge {
                role: role.unwrap_or(match class {
                    MediaTypeClass::Index => Role::Index,
                    MediaTypeClass::ImageManifest => Role::Manifest,
                    _ => Role::Blob,
                }),
                kind: Kind::of(&descriptor.media_type),
                class,
                descriptor,
                list: pointer,
                index,
                line: position.line,
                column: position.column,
                layers,
            })
        };
        if value.is_array() {
            for (index, element) in value.elements().enumerate() {
                if !edge(element, Some(index)) {
                    return;
                }
            }
        } else if !edge(value, None) {
            return;
        }
    }
}
