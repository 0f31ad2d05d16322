//! The image configuration, of OCI and of Docker.

use crate::json::Value;

use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{descriptor, grammar};

const CONFIG: &str = image_spec!("config.md#properties");
const DIFF_ID: &str = image_spec!("config.md#layer-diffid");

rules! {
    TYPE = Rule::error("config.property.type", "an image configuration's properties must have the specified types", CONFIG);
    ARCHITECTURE_REQUIRED = Rule::error("config.architecture.required", "an image configuration must have an architecture", CONFIG);
    OS_REQUIRED = Rule::error("config.os.required", "an image configuration must have an os", CONFIG);
    CREATED = Rule::error("config.created.date-time", "created must be a date and time (RFC 3339, section 5.6)", CONFIG);
    ENV = Rule::error("config.env.grammar", "each of Env must be NAME=value", CONFIG);
    ROOTFS_REQUIRED = Rule::error("config.rootfs.required", "an image configuration must have a rootfs", CONFIG);
    ROOTFS_TYPE_REQUIRED = Rule::error("config.rootfs.type.required", "rootfs must have a type", CONFIG);
    ROOTFS_TYPE = Rule::error("config.rootfs.type.value", "the type of rootfs must be layers", CONFIG);
    DIFF_IDS_REQUIRED = Rule::error("config.diff-ids.required", "rootfs must have diff_ids", CONFIG);
    DIFF_IDS = Rule::error("config.diff-ids.digest", "each of diff_ids must be a digest", DIFF_ID).beyond_schema();
    DIFF_IDS_UNREGISTERED = Rule::warning("config.diff-ids.unregistered", "the digest's algorithm is not registered: not everyone can verify it", DIFF_ID);
}

static PROPERTIES: Properties<10> = Properties {
    types: &TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::required("architecture", Expect::String, &ARCHITECTURE_REQUIRED),
        Property::required("os", Expect::String, &OS_REQUIRED),
        Property::required("rootfs", Expect::Object, &ROOTFS_REQUIRED),
        Property::optional("created", Expect::String),
        Property::optional("config", Expect::Object),
        Property::optional("history", Expect::Array),
        Property::optional("author", Expect::String),
        Property::optional("variant", Expect::String),
        Property::optional("os.version", Expect::String),
        Property::optional("os.features", Expect::Strings),
    ],
};

static EXECUTION: Properties<10> = Properties {
    types: &TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::optional("Env", Expect::Strings),
        Property::optional("ExposedPorts", Expect::Object),
        Property::nullable("Volumes", Expect::Object),
        Property::nullable("Labels", Expect::Object),
        Property::nullable("Entrypoint", Expect::Strings),
        Property::nullable("Cmd", Expect::Strings),
        Property::optional("User", Expect::String),
        Property::optional("WorkingDir", Expect::String),
        Property::optional("StopSignal", Expect::String),
        Property::optional("ArgsEscaped", Expect::Bool),
    ],
};

static ROOTFS: Properties<2> = Properties {
    types: &TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::required("type", Expect::String, &ROOTFS_TYPE_REQUIRED),
        Property::required("diff_ids", Expect::Strings, &DIFF_IDS_REQUIRED),
    ],
};

static HISTORY: Properties<5> = Properties {
    types: &TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::optional("created", Expect::String),
        Property::optional("author", Expect::String),
        Property::optional("created_by", Expect::String),
        Property::optional("comment", Expect::String),
        Property::optional("empty_layer", Expect::Bool),
    ],
};

pub(super) fn check(findings: &mut Findings, root: Value<'_>) {
    let [_, _, rootfs, created, config, history, ..] = findings.properties(root, &PROPERTIES);
    if let Some(created) = created {
        date_time(findings, created);
    }
    if let Some(config) = config {
        execution(findings, config);
    }
    if let Some(rootfs) = rootfs {
        self::rootfs(findings, rootfs);
    }
    for entry in history.into_iter().flat_map(Value::elements) {
        if object(findings, entry) {
            let [created, ..] = findings.properties(entry, &HISTORY);
            if let Some(created) = created {
                date_time(findings, created);
            }
        }
    }
}

/// The execution parameters: the property `config`.
fn execution(findings: &mut Findings, config: Value<'_>) {
    let [env, exposed_ports, volumes, labels, ..] = findings.properties(config, &EXECUTION);
    for variable in env.into_iter().flat_map(Value::elements) {
        if !variable
            .as_str()
            .is_some_and(|text| grammar::is_variable(&text))
        {
            findings.add(&ENV, variable);
        }
    }
    // Go's `map[string]struct{}`: what counts are the keys.
    for (_, value) in [exposed_ports, volumes]
        .into_iter()
        .flatten()
        .flat_map(Value::entries)
    {
        object(findings, value);
    }
    if let Some(labels) = labels {
        descriptor::annotations(findings, labels);
    }
}

fn rootfs(findings: &mut Findings, rootfs: Value<'_>) {
    let [kind, diff_ids] = findings.properties(rootfs, &ROOTFS);
    if let Some(kind) = kind
        && !kind.is_str("layers")
    {
        findings.add(&ROOTFS_TYPE, kind);
    }
    for diff_id in diff_ids.into_iter().flat_map(Value::elements) {
        descriptor::digest(
            findings,
            diff_id,
            [&DIFF_IDS, &DIFF_IDS, &DIFF_IDS_UNREGISTERED],
        );
    }
}

fn date_time(findings: &mut Findings, value: Value<'_>) {
    if !value
        .as_str()
        .is_some_and(|text| grammar::is_date_time(&text))
    {
        findings.add(&CREATED, value);
    }
}

fn object(findings: &mut Findings, value: Value<'_>) -> bool {
    match Expect::Object.mismatch(value) {
        Some(message) => {
            findings.add_because(&TYPE, value, message);
            false
        }
        None => true,
    }
}
