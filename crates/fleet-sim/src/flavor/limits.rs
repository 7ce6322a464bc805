//! What never changes while a server runs: thresholds (`/limits`) and field descriptions (`/info`),
//! as recorded from real servers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::flavor::Flavor;

type Bodies = BTreeMap<String, Box<RawValue>>;

/// A recorded body is checked by the tests, so one that does not parse is served as empty.
fn parse(text: &str) -> Bodies {
    serde_json::from_str(text).unwrap_or_default()
}

static V3_4_0_5: LazyLock<Bodies> =
    LazyLock::new(|| parse(include_str!("../../fixtures/3.4.0.5/all_limits.json")));
static V4_0_8: LazyLock<Bodies> =
    LazyLock::new(|| parse(include_str!("../../fixtures/4.0.8/all_limits.json")));
static V4_3_3: LazyLock<Bodies> =
    LazyLock::new(|| parse(include_str!("../../fixtures/4.3.3/all_limits.json")));
static V4_5_8: LazyLock<Bodies> =
    LazyLock::new(|| parse(include_str!("../../fixtures/4.5.8/all_limits.json")));

/// The thresholds of a plugin; API 5 has none.
#[must_use]
pub fn limits(flavor: Flavor, plugin: &str) -> Option<&'static str> {
    let bodies = match flavor {
        Flavor::V3_4_0_5 => &V3_4_0_5,
        Flavor::V4_0_8 => &V4_0_8,
        Flavor::V4_3_3 => &V4_3_3,
        Flavor::V4_5_8 => &V4_5_8,
        Flavor::V5Python | Flavor::V5Rust => return None,
    };
    Some(bodies.get(plugin)?.get())
}

/// The recorded field descriptions of API 5.
const INFO: &[(Flavor, &str, &str)] = &[
    (Flavor::V5Python, "cpu", include_str!("../../fixtures/5-python-preview/cpu_info.json")),
    (Flavor::V5Python, "fs", include_str!("../../fixtures/5-python-preview/fs_info.json")),
    (
        Flavor::V5Python,
        "network",
        include_str!("../../fixtures/5-python-preview/network_info.json"),
    ),
    (
        Flavor::V5Python,
        "processlist",
        include_str!("../../fixtures/5-python-preview/processlist_info.json"),
    ),
    (Flavor::V5Rust, "cpu", include_str!("../../fixtures/5-glances-rs-0.4.1/cpu_info.json")),
    (Flavor::V5Rust, "fs", include_str!("../../fixtures/5-glances-rs-0.4.1/fs_info.json")),
    (
        Flavor::V5Rust,
        "network",
        include_str!("../../fixtures/5-glances-rs-0.4.1/network_info.json"),
    ),
];

/// The field descriptions of a plugin of API 5; from the fields of its body when none was recorded.
#[must_use]
pub fn info(flavor: Flavor, plugin: &str, body: &str) -> String {
    let recorded = INFO.iter().find(|(f, name, _)| *f == flavor && *name == plugin);
    if let Some((_, _, text)) = recorded {
        return (*text).to_owned();
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let record = body.pointer("/data/0").unwrap_or(&body);
    let fields: Map<String, Value> = record
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !matches!(name.as_str(), "_levels" | "time_since_update"))
        .map(|(name, value)| {
            let unit = if value.is_number() { "number" } else { "string" };
            (name.clone(), json!({"description": name, "unit": unit}))
        })
        .collect();
    Value::Object(fields).to_string()
}
