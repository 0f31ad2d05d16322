//! The image configuration, of OCI and of Docker.

use crate::json::Value;

use super::annotations::{self, Place};
use super::properties::{Expect, Nulls, Properties, Property};
use super::report::Findings;
use super::rule::{Rule, image_spec, rules};
use super::{Profile, descriptor, grammar, platform};

const CONFIG: &str = image_spec!("config.md#properties");
const DIFF_ID: &str = image_spec!("config.md#layer-diffid");

rules! {
    TYPE = Rule::error("config.property.type", "an image configuration's properties must have the specified types", CONFIG);
    ARCHITECTURE_REQUIRED = Rule::error("config.architecture.required", "an image configuration must have an architecture", CONFIG);
    OS_REQUIRED = Rule::error("config.os.required", "an image configuration must have an os", CONFIG);
    CREATED = Rule::error("config.created.date-time", "created must be a date and time (RFC 3339, section 5.6)", CONFIG);
    ENV = Rule::error("config.env.grammar", "each entry of Env must be NAME=value", CONFIG);
    ROOTFS_REQUIRED = Rule::error("config.rootfs.required", "an image configuration must have a rootfs", CONFIG);
    ROOTFS_TYPE_REQUIRED = Rule::error("config.rootfs.type.required", "rootfs must have a type", CONFIG);
    ROOTFS_TYPE = Rule::error("config.rootfs.type.value", "the type of rootfs must be layers", CONFIG);
    DIFF_IDS_REQUIRED = Rule::error("config.diff-ids.required", "rootfs must have diff_ids", CONFIG);
    DIFF_IDS = Rule::error("config.diff-ids.digest", "each entry of diff_ids must be a digest", DIFF_ID).beyond_schema();
    DIFF_IDS_UNREGISTERED = Rule::warning("config.diff-ids.unregistered", "the digest's algorithm should be a registered one: not everyone can verify others", DIFF_ID);
    PORTS = Rule::warning("config.exposed-ports.grammar", "the keys of ExposedPorts should be port, port/tcp or port/udp", CONFIG);
    STOP_SIGNAL = Rule::warning("config.stop-signal.grammar", "StopSignal should be the name of a signal, such as SIGKILL or SIGRTMIN+3", CONFIG);
    ARGS_ESCAPED = Rule::warning("config.args-escaped.deprecated", "ArgsEscaped should not be used: it is deprecated", CONFIG);
    HISTORY_LAYERS = Rule::warning("config.history.layers", "history should have one entry that is not an empty_layer for each of diff_ids", CONFIG);
}

static PROPERTIES: Properties<10> = Properties {
    types: TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::required("architecture", Expect::String, ARCHITECTURE_REQUIRED),
        Property::required("os", Expect::String, OS_REQUIRED),
        Property::required("rootfs", Expect::Object, ROOTFS_REQUIRED),
        Property::optional("created", Expect::String),
        Property::optional("config", Expect::Object),
        Property::optional("history", Expect::Array),
        Property::optional("author", Expect::String),
        Property::optional("variant", Expect::String),
        Property::optional("os.version", Expect::String),
        Property::optional("os.features", Expect::Strings),
    ],
};

static EXECUTION: Properties<14> = Properties {
    types: TYPE,
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
        // Reserved, for what Docker means by them.
        Property::optional("Healthcheck", Expect::Any),
        Property::optional("Memory", Expect::Any),
        Property::optional("MemorySwap", Expect::Any),
        Property::optional("CpuShares", Expect::Any),
    ],
};

static ROOTFS: Properties<2> = Properties {
    types: TYPE,
    nulls: Nulls::Absent,
    list: [
        Property::required("type", Expect::String, ROOTFS_TYPE_REQUIRED),
        Property::required("diff_ids", Expect::Strings, DIFF_IDS_REQUIRED),
    ],
};

static HISTORY: Properties<5> = Properties {
    types: TYPE,
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
    let [
        architecture,
        os,
        rootfs,
        created,
        config,
        history,
        _,
        variant,
        _,
        os_features,
    ] = findings.properties(root, &PROPERTIES);
    let parts = platform::Parts {
        os,
        architecture,
        variant,
        os_features,
    };
    platform::values(findings, &parts);
    if let Some(created) = created {
        date_time(findings, created);
    }
    if let Some(config) = config {
        execution(findings, config);
    }
    let diff_ids = rootfs.and_then(|rootfs| self::rootfs(findings, rootfs));
    if let Some(history) = history {
        self::history(findings, history, diff_ids);
    }
}

/// The execution parameters: the property `config`.
fn execution(findings: &mut Findings, config: Value<'_>) {
    let [
        env,
        exposed_ports,
        volumes,
        labels,
        _,
        _,
        _,
        _,
        stop_signal,
        args_escaped,
        ..,
    ] = findings.properties(config, &EXECUTION);
    let strict = findings.profile == Profile::Schema;
    for variable in env.into_iter().flat_map(Value::elements) {
        let text = variable.as_str().unwrap_or_default();
        // The official validator's pattern ends at a line feed.
        if !grammar::is_variable(&text) || strict && grammar::has_line_feed_in_value(&text) {
            findings.add(ENV, variable);
        }
    }
    // Go's `map[string]struct{}`: what counts are the keys.
    for (port, value) in exposed_ports.into_iter().flat_map(Value::entries) {
        if object(findings, value) && !grammar::is_port(&port.as_str().unwrap_or_default()) {
            findings.add(PORTS, value);
        }
    }
    for (_, value) in volumes.into_iter().flat_map(Value::entries) {
        object(findings, value);
    }
    if let Some(labels) = labels {
        annotations::check(findings, labels, Place::Elsewhere);
    }
    if let Some(signal) = stop_signal
        && !grammar::is_signal(&signal.as_str().unwrap_or_default())
    {
        findings.add(STOP_SIGNAL, signal);
    }
    if let Some(args_escaped) = args_escaped {
        findings.add(ARGS_ESCAPED, args_escaped);
    }
}

/// Checks `rootfs`; gives the number of its `diff_ids`, if they are there.
fn rootfs(findings: &mut Findings, rootfs: Value<'_>) -> Option<usize> {
    let [kind, diff_ids] = findings.properties(rootfs, &ROOTFS);
    if let Some(kind) = kind
        && !kind.is_str("layers")
    {
        findings.add(ROOTFS_TYPE, kind);
    }
    let mut count = 0;
    for diff_id in diff_ids?.elements() {
        count += 1;
        descriptor::digest(
            findings,
            diff_id,
            [DIFF_IDS, DIFF_IDS, DIFF_IDS_UNREGISTERED],
        );
    }
    Some(count)
}

fn history(findings: &mut Findings, history: Value<'_>, diff_ids: Option<usize>) {
    let (mut layers, mut entries, mut readable) = (0, 0, true);
    for entry in history.elements() {
        entries += 1;
        if !object(findings, entry) {
            readable = false;
            continue;
        }
        let [created, .., empty_layer] = findings.properties(entry, &HISTORY);
        if let Some(created) = created {
            date_time(findings, created);
        }
        readable &= empty_layer.is_some() == descriptor::has(entry, "empty_layer");
        if empty_layer.and_then(Value::as_bool) != Some(true) {
            layers += 1;
        }
    }
    if entries > 0 && readable && diff_ids.is_some_and(|diff_ids| diff_ids != layers) {
        findings.add(HISTORY_LAYERS, history);
    }
}

fn date_time(findings: &mut Findings, value: Value<'_>) {
    let text = value.as_str().unwrap_or_default();
    // Go reads no leap seconds, and capital letters only.
    let strict = findings.profile == Profile::Schema;
    if !grammar::is_date_time(&text) || strict && !grammar::is_date_time_of_go(&text) {
        findings.add(CREATED, value);
    }
}

fn object(findings: &mut Findings, value: Value<'_>) -> bool {
    match Expect::Object.mismatch(value) {
        Some(message) => {
            findings.add_because(TYPE, value, message);
            false
        }
        None => true,
    }
}
