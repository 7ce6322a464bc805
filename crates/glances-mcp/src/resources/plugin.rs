//! `glances://servers/{alias}/{plugin}`: everything that our model has of one plugin of one server.

use std::cmp::Ordering;

use glances_client::{
    Plugin,
    model::{Payload, Process},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Changes, Resource, Variables,
    rows::{fitting, server_of, unknown},
};
use crate::{
    complete::Values,
    query::{Gone, coverage::rfc3339},
    snapshot::{Snapshot, Status},
    tools::{Context, ToolError},
};

pub(super) struct OnePlugin;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PluginDocument {
    /// When this was true, UTC.
    as_of: String,
    server: String,
    status: Status,
    plugin: &'static str,
    /// Age of the reply.
    age_seconds: Option<f64>,
    /// Glances itself keeps the plugin so long: a value can be older than its reply by this.
    refresh_seconds: Option<f64>,
    /// Why the last attempt failed; the data are those of before.
    error: Option<String>,
    /// Items that the server told of, where the plugin is a list.
    total: Option<usize>,
    /// How many of them are here: processes by CPU, all else in the order of the server.
    shown: Option<usize>,
    /// Under the plugin's name, in fixed units: bytes, seconds, percent 0-100, events per second.
    /// What is not served is absent.
    #[schemars(with = "Payload")]
    data: Value,
}

/// Items of a list: with 40 processes of 25 fields each about 7,000 tokens.
const ITEMS_MAX: usize = 40;
/// Bytes of all of them: a disk has as many attributes as its vendor likes.
const ITEMS_BYTES_MAX: usize = 20_000;
/// Items of a list within an item, and entries of a map.
const NESTED_MAX: usize = 20;

impl Resource for OnePlugin {
    const URI: &'static str = "glances://servers/{alias}/{plugin}";
    const NAME: &'static str = "server_plugin";
    const TITLE: &'static str = "One plugin of a server";
    const DESCRIPTION: &'static str = "All fields of one Glances plugin of one server (fs, \
        containers, processlist, sensors, network …) with their age; long lists are cut. Can be \
        watched.";
    const PRIORITY: f32 = 0.4;
    const CHANGES: Changes = Changes::Live;
    const VARIABLES: &'static [(&'static str, Values)] =
        &[("alias", Values::Server), ("plugin", Values::Plugin)];
    type Document = PluginDocument;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let selection = server_of(&cx, variables.get("alias")).await?;
        let Some(snapshot) = selection.single() else {
            return Err(ToolError::Missing("the server is no more".to_owned()));
        };
        let plugin = named(variables.get("plugin"), snapshot)?;
        let reading = snapshot.readings.get(&plugin).and_then(|it| it.payload.as_deref());
        let payload = reading.ok_or_else(|| missing(snapshot, plugin))?;
        let (data, total, shown) = cut(payload)?;
        let failing = snapshot.failing_plugins().find(|(failing, _)| *failing == plugin);
        Ok(PluginDocument {
            as_of: rfc3339(selection.now),
            server: snapshot.host.alias.to_string(),
            status: snapshot.status(selection.now),
            plugin: plugin.name(),
            age_seconds: snapshot.age_secs(plugin, selection.now),
            refresh_seconds: snapshot.refresh_secs(plugin),
            error: failing.map(|(_, error)| error.to_string()),
            total,
            shown,
            data,
        })
    }
}

/// The plugin of a name.
fn named(name: &str, snapshot: &Snapshot) -> Result<Plugin, ToolError> {
    if let Some(plugin) = Plugin::ALL.iter().find(|plugin| plugin.name() == name) {
        return Ok(*plugin);
    }
    let error = unknown("plugin", name, Plugin::ALL.iter().map(|plugin| plugin.name()));
    Err(ToolError::Missing(format!("{error}; `{}` has {}", snapshot.host.alias, had(snapshot))))
}

fn missing(snapshot: &Snapshot, plugin: Plugin) -> ToolError {
    let gone = Gone::of_plugin(snapshot, plugin);
    let gone = gone.map_or_else(String::new, |it| format!("{}. Fix: {}; ", it.reason, it.fix));
    ToolError::Missing(format!("{gone}`{}` has {}", snapshot.host.alias, had(snapshot)))
}

/// The plugins that there are data of.
fn had(snapshot: &Snapshot) -> String {
    let readings = snapshot.readings.iter().filter(|(_, reading)| reading.payload.is_some());
    let names: Vec<&str> = readings.map(|(plugin, _)| plugin.name()).collect();
    if names.is_empty() { "nothing yet".to_owned() } else { names.join(", ") }
}

/// A reply as JSON with its lists cut, how many items it had, and how many are left.
fn cut(payload: &Payload) -> Result<(Value, Option<usize>, Option<usize>), ToolError> {
    let busiest = |all: &[Process]| {
        let mut all: Vec<&Process> = all.iter().collect();
        all.sort_by(|a, b| busier(a, b));
        all.into_iter().take(ITEMS_MAX).cloned().collect::<Vec<_>>()
    };
    let (total, sorted) = match payload {
        Payload::ProcessList(all) => (Some(all.len()), Payload::ProcessList(busiest(all))),
        Payload::ProgramList(all) => (Some(all.len()), Payload::ProgramList(busiest(all))),
        other => (None, other.clone()),
    };
    let mut data = serde_json::to_value(&sorted).map_err(ToolError::Encode)?;
    let mut counts = None;
    if let Value::Object(by_name) = &mut data {
        for items in by_name.values_mut() {
            if let Value::Array(items) = items {
                let total = total.unwrap_or(items.len());
                items.truncate(ITEMS_MAX);
                items.iter_mut().for_each(bound);
                *items = fitting(std::mem::take(items), ITEMS_BYTES_MAX);
                counts = Some((total, items.len()));
            } else {
                bound(items);
            }
        }
    }
    Ok((data, counts.map(|(total, _)| total), counts.map(|(_, shown)| shown)))
}

/// The busiest first; of two the greater.
fn busier(a: &Process, b: &Process) -> Ordering {
    let cpu = |process: &Process| process.cpu_percent.unwrap_or(0.0);
    cpu(b).total_cmp(&cpu(a)).then_with(|| b.memory.rss.cmp(&a.memory.rss))
}

/// Cuts the lists and maps within an item.
fn bound(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(NESTED_MAX);
            items.iter_mut().for_each(bound);
        }
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| {
                if let Value::Object(map) = field {
                    shorten(map);
                }
                bound(field);
            });
        }
        _ => {}
    }
}

fn shorten(map: &mut Map<String, Value>) {
    let mut kept = 0;
    map.retain(|_, _| {
        kept += 1;
        kept <= NESTED_MAX
    });
}

#[cfg(test)]
mod tests {
    use glances_client::model::{Connections, SmartAttribute, SmartDisk};

    use super::*;

    #[test]
    fn of_many_processes_the_busiest_are_kept_and_all_counted() {
        let process = |n: u32| Process {
            pid: Some(n),
            cpu_percent: Some(f64::from(n)),
            children: (0..100).collect(),
            ..Process::default()
        };
        let all: Vec<Process> = (0..500).map(process).collect();
        let (data, total, shown) = cut(&Payload::ProcessList(all)).unwrap();
        assert_eq!((total, shown), (Some(500), Some(ITEMS_MAX)));
        assert_eq!(data["processlist"][0]["pid"], 499);
        assert_eq!(data["processlist"][0]["children"].as_array().unwrap().len(), NESTED_MAX);
    }

    #[test]
    fn items_of_many_fields_are_cut_by_their_size() {
        let attribute = SmartAttribute { name: "x".repeat(100), ..SmartAttribute::default() };
        let disk = SmartDisk { name: "sda".to_owned(), attributes: vec![attribute; 30] };
        let (data, total, shown) = cut(&Payload::Smart(vec![disk; 30])).unwrap();
        assert_eq!(total, Some(30));
        assert!((1..30).contains(&shown.unwrap()), "{shown:?}");
        assert!(data.to_string().len() < ITEMS_BYTES_MAX * 2);
    }

    #[test]
    fn a_map_within_a_plugin_is_bounded() {
        let by_state = (0..1_000).map(|n| (format!("S{n}"), n)).collect();
        let payload = Payload::Connections(Connections { by_state, ..Connections::default() });
        let (data, total, _) = cut(&payload).unwrap();
        assert!(data["connections"]["by_state"].as_object().unwrap().len() <= NESTED_MAX);
        assert_eq!(total, None);
    }

    #[test]
    fn data_stand_under_the_name_of_their_plugin() {
        let samples = [
            Payload::DiskIo(Vec::new()),
            Payload::MemSwap(glances_client::model::MemSwap::default()),
            Payload::PerCpu(Vec::new()),
            Payload::QuickLook(glances_client::model::QuickLook::default()),
            Payload::Uptime(1.0),
        ];
        for payload in samples {
            let (data, ..) = cut(&payload).unwrap();
            assert!(data.get(payload.plugin().name()).is_some(), "{data}");
        }
    }
}
