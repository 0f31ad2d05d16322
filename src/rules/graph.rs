//! Rules on what documents name: see [`crate::graph`], which checks them.

use super::rule::{Rule, image_spec, rules};

const DAG: &str = image_spec!("descriptor.md");
const PROPERTIES: &str = image_spec!("descriptor.md#properties");
const PULL: &str = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull";

rules! {
    MISSING = Rule::error("graph.missing", "what a descriptor points at must be there", PULL).beyond_schema();
    CONFLICT = Rule::error("graph.conflict", "descriptors of one digest must agree on its size and on what kind of document it is", PROPERTIES).beyond_schema();
    LOOP = Rule::error("graph.loop", "no document may lead to itself: the parts of an image are a directed acyclic graph", DAG).beyond_schema();
    DEPTH = Rule::error("graph.depth", "documents must not lead to one another more deeply than the limit", DAG).beyond_schema();
    COUNT = Rule::error("graph.count", "an image must not have more descriptors, or more bytes of documents, than the limits", DAG).beyond_schema();
}
