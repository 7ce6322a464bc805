//! Configuration drift: what should be the same on like machines and is not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::super::view::{self, NAME_CHARS};
use crate::{
    query::compact,
    redact::clip,
    render,
    snapshot::{Snapshot, mounts},
};

/// One attribute that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Drift {
    attribute: String,
    /// What most servers have.
    common: String,
    common_count: usize,
    /// What the others have, and who; at most 3 values.
    others: BTreeMap<String, Vec<String>>,
}

/// Other values named of one attribute.
const OTHERS_MAX: usize = 3;
/// Names of servers with one other value.
const ALIASES_MAX: usize = 5;
/// Attributes in one reply.
const DRIFTS_MAX: usize = 30;
/// Names in one value.
const NAMES_MAX: usize = 12;

/// Numbers of a glances.conf, by plugin and key.
type Numbers = BTreeMap<String, BTreeMap<String, f64>>;

/// How an attribute is read; `None` when the server does not say.
type Read = fn(&Snapshot) -> Option<String>;

const ATTRIBUTES: &[(&str, Read)] = &[
    ("glances version", Snapshot::glances_version),
    ("glances API", |s| s.info.as_ref().map(|info| info.api.to_string())),
    ("os", |s| {
        s.system().map(|system| system.distro.clone().unwrap_or_else(|| system.os_name.clone()))
    }),
    ("kernel", |s| s.system()?.os_version.clone()),
    ("cores", |s| s.core_count().map(|cores| cores.to_string())),
    ("memory", |s| {
        // Firmware takes its part: machines of one size differ by a few MiB.
        let total = s.mem()?.total?;
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        let gib = (total as f64 / 1_073_741_824.0 * 10.0).round() / 10.0;
        Some(format!("{} GiB", render::short(gib)))
    }),
    ("swap", |s| {
        s.swap()?.total.map(|total| if total == 0 { "none" } else { "present" }.to_owned())
    }),
    ("plugins off", |s| {
        let info = s.info.as_ref()?;
        let off =
            glances_client::Plugin::ALL.iter().filter(|plugin| !info.plugins.contains(plugin));
        let off: Vec<&str> = off.map(|plugin| plugin.name()).collect();
        Some(view::some_words(&off, NAMES_MAX))
    }),
    ("mounts", |s| {
        let mounts = mounts::distinct(s.filesystems()?);
        let mut names: Vec<&str> = mounts
            .iter()
            .filter(|mount| mounts::can_fill(mount.fs))
            .map(|mount| mount.fs.mount.as_str())
            .collect();
        names.sort_unstable();
        Some(view::some_words(&names, NAMES_MAX))
    }),
];

/// The attributes that differ between these servers.
pub(super) fn drift(servers: &[&Snapshot]) -> Vec<Drift> {
    let fixed =
        ATTRIBUTES.iter().filter_map(|(attribute, read)| differing(attribute, servers, read));
    let mut found: Vec<Drift> = fixed.collect();
    found.extend(thresholds(servers));
    found.truncate(DRIFTS_MAX);
    found
}

/// Thresholds of glances.conf that servers set to different values.
fn thresholds(servers: &[&Snapshot]) -> Vec<Drift> {
    const SUFFIXES: &[&str] = &["_careful", "_warning", "_critical"];
    // Hundreds of numbers each, and nearly all files are alike: what differs is looked for among
    // the different ones.
    let mut distinct: Vec<&Numbers> = Vec::new();
    for numbers in servers.iter().map(|snapshot| &snapshot.limits.numbers) {
        if !distinct.contains(&numbers) {
            distinct.push(numbers);
        }
    }
    let number = |numbers: &Numbers, plugin: &str, key: &str| -> Option<f64> {
        numbers.get(plugin)?.get(key).copied()
    };
    let differs = |plugin: &str, key: &str| {
        let mut values = distinct.iter().filter_map(|numbers| number(numbers, plugin, key));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let keys: BTreeSet<(&str, &str)> = distinct
        .iter()
        .flat_map(|numbers| *numbers)
        .flat_map(|(plugin, keys)| keys.keys().map(move |key| (plugin.as_str(), key.as_str())))
        .filter(|(_, key)| SUFFIXES.iter().any(|suffix| key.ends_with(suffix)))
        .filter(|(plugin, key)| differs(plugin, key))
        .collect();
    keys.into_iter()
        .filter_map(|(plugin, key)| {
            differing(&format!("threshold {key}"), servers, |snapshot| {
                number(&snapshot.limits.numbers, plugin, key).map(render::short)
            })
        })
        .collect()
}

fn differing(
    attribute: &str,
    servers: &[&Snapshot],
    read: impl Fn(&Snapshot) -> Option<String>,
) -> Option<Drift> {
    let mut values: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for snapshot in servers {
        if let Some(value) = read(snapshot) {
            let value = clip(&value, NAME_CHARS * 2).into_owned();
            values.entry(value).or_default().push(snapshot.host.alias.as_str());
        }
    }
    let mut ranked: Vec<(String, Vec<&str>)> = values.into_iter().collect();
    ranked.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let ((common, having), others) = ranked.split_first()?;
    if others.is_empty() {
        return None;
    }
    let other = |(value, aliases): &(String, Vec<&str>)| {
        let mut names = compact(aliases);
        if names.len() > ALIASES_MAX {
            let more = format!("+{}", names.len() - ALIASES_MAX);
            names.truncate(ALIASES_MAX);
            names.push(more);
        }
        (value.clone(), names)
    };
    Some(Drift {
        attribute: clip(attribute, NAME_CHARS).into_owned(),
        common: common.clone(),
        common_count: having.len(),
        others: others.iter().take(OTHERS_MAX).map(other).collect(),
    })
}
