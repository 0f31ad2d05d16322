//! Rules on the files of an image layout. Whoever has the files checks them: what a rule here is broken by is a file that is
//! not there, or one that is no document; [`super::Report::broken`] is the report on it.

use super::rule::{Rule, image_spec, rules};

const CONTENT: &str = image_spec!("image-layout.md#content");
const BLOBS: &str = image_spec!("image-layout.md#blobs");

rules! {
    HEADER_REQUIRED = Rule::error("image-layout.header.required", "an image layout must have the file oci-layout", CONTENT).beyond_schema();
    INDEX_REQUIRED = Rule::error("image-layout.index.required", "an image layout must have the file index.json", CONTENT).beyond_schema();
    BLOBS_REQUIRED = Rule::error("image-layout.blobs.required", "an image layout must have the directory blobs, even if empty", CONTENT).beyond_schema();
    BLOB_NAME = Rule::error("image-layout.blob.name", "a file in blobs must be named by the two parts of its digest: blobs/algorithm/encoded", BLOBS).beyond_schema();
    BLOB_DIGEST = Rule::error("image-layout.blob.digest", "a file in blobs must have the digest that it is named by", BLOBS).beyond_schema();
    BLOB_UNVERIFIABLE = Rule::warning("image-layout.blob.unverifiable", "the file cannot be verified: the algorithm of its digest is not implemented", BLOBS);
    BLOB_MISSING = Rule::warning("image-layout.blob.missing", "a blob should be in the layout: readers have to find it elsewhere", BLOBS);
}
