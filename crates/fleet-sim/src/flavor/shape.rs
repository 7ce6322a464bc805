//! Compares the shape of every body with the recorded one: the same keys, the same JSON types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::flavor::{Flavor, body, extended, limits};
use crate::host::Host;
use crate::model::{Model, Moment};
use crate::spec::{HostSpec, Role};

const NOW: f64 = 1_795_378_236.7;

/// Places that hold a map from names of things, not a record of fields.
const MAPS: [&str; 4] =
    ["/_levels of fs", "/_levels of network", "/_levels of processlist", "/_levels of programlist"];

/// Where a value may have a type that was not recorded, as the facts about the servers tell.
///
/// The recorded 4.0.8 had no open port, which would be a number of seconds.
const ALSO: [(&str, &str); 1] = [("ports", "/status")];

/// What a JSON value may look like.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    types: Vec<&'static str>,
    fields: BTreeMap<String, (Shape, usize)>,
    objects: usize,
    items: Option<Box<Shape>>,
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl Shape {
    fn learn(&mut self, value: &Value) {
        let name = type_name(value);
        if !self.types.contains(&name) {
            self.types.push(name);
        }
        match value {
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.learn(item));
            }
            Value::Object(fields) => {
                self.objects += 1;
                for (key, value) in fields {
                    let (shape, seen) = self.fields.entry(key.clone()).or_default();
                    shape.learn(value);
                    *seen += 1;
                }
            }
            _ => {}
        }
    }

    /// Says where `value` does not fit.
    fn check(&self, plugin: &str, path: &str, value: &Value, wrong: &mut Vec<String>) {
        let name = type_name(value);
        let free = ALSO.contains(&(plugin, path)) || self.types.as_slice() == ["null"];
        if !self.types.contains(&name) && !self.types.is_empty() && !free {
            wrong.push(format!("{plugin}{path}: {name} instead of {:?}", self.types));
            return;
        }
        match value {
            Value::Array(items) => {
                let Some(shape) = &self.items else { return };
                items.iter().for_each(|item| shape.check(plugin, path, item, wrong));
            }
            Value::Object(fields) if self.objects > 0 => {
                self.check_fields(plugin, path, fields, wrong);
            }
            _ => {}
        }
    }

    fn check_fields(
        &self,
        plugin: &str,
        path: &str,
        fields: &serde_json::Map<String, Value>,
        wrong: &mut Vec<String>,
    ) {
        if self.fields.is_empty() || MAPS.contains(&format!("{path} of {plugin}").as_str()) {
            let Some((any, _)) = self.fields.values().next() else { return };
            fields.values().for_each(|value| any.check(plugin, "/*", value, wrong));
            return;
        }
        for (key, value) in fields {
            match self.fields.get(key) {
                Some((shape, _)) => shape.check(plugin, &format!("{path}/{key}"), value, wrong),
                None => wrong.push(format!("{plugin}{path}: no `{key}` was recorded")),
            }
        }
        for (key, (_, seen)) in &self.fields {
            if *seen == self.objects && !fields.contains_key(key) {
                wrong.push(format!("{plugin}{path}: `{key}` is missing"));
            }
        }
    }
}

fn folder(flavor: Flavor) -> PathBuf {
    let name = match flavor {
        Flavor::V5Python => "5-python-preview",
        Flavor::V5Rust => "5-glances-rs-0.4.1",
        other => other.version(),
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn recorded(flavor: Flavor, file: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder(flavor).join(file)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn hosts(flavor: Flavor) -> Vec<Host> {
    (0..24)
        .map(|seed| {
            let mut spec = HostSpec::new("sim-001", flavor, seed);
            spec.role = Role::ALL[seed as usize % 6];
            spec.hostile = seed % 5 == 0;
            Host::new(spec)
        })
        .collect()
}

fn model(host: &Host, prev: Option<f64>) -> Model<'_> {
    let boot = host.boot_before(NOW);
    Model {
        host,
        moment: Moment { at: NOW, prev, boot, started: boot.max(NOW - 9_000.0), skew: 0.0 },
    }
}

fn problems(flavor: Flavor, host: &Host, plugin: &str, shape: &Shape) -> Vec<String> {
    let text = body(&model(host, Some(NOW - 3.3)), plugin).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    let without_engine = plugin == "containers" && !host.has_engine();
    if !(without_engine && value == serde_json::json!({})) {
        shape.check(plugin, "", &value, &mut wrong);
    }
    wrong.iter_mut().for_each(|line| *line = format!("{flavor:?} {line}"));
    wrong
}

/// Plugins without anything in the recorded body, so that only its outermost type is known.
const EMPTY: [&str; 8] = ["gpu", "raid", "sensors", "smart", "vms", "wifi", "npu", "help"];

#[test]
fn every_body_has_the_shape_of_the_recorded_one() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for flavor in Flavor::ALL {
        for plugin in flavor.plugins() {
            let mut shape = Shape::default();
            // The recorded 4.0.8 had no engine; its containers are those of 4.3.3.
            let of = if (flavor, plugin) == (Flavor::V4_0_8, "containers") {
                Flavor::V4_3_3
            } else {
                flavor
            };
            match recorded(of, &format!("{plugin}.json")) {
                Some(value) => shape.learn(&value),
                None => assert_eq!(plugin, "help", "{flavor:?} has no recorded {plugin}"),
            }
            if EMPTY.contains(&plugin) || shape == Shape::default() {
                shape.items = None;
                shape.objects = 0;
            }
            for host in hosts(flavor) {
                wrong.extend(problems(flavor, &host, plugin, &shape));
                compared += 1;
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 3_000);
}

#[test]
fn the_plugins_of_a_version_are_the_recorded_ones_in_their_order() {
    for flavor in Flavor::ALL {
        let listed: Vec<&str> = flavor.plugins().collect();
        assert_eq!(recorded(flavor, "pluginslist.json").unwrap(), serde_json::json!(listed));
    }
}

#[test]
fn every_version_before_5_has_thresholds_for_every_plugin() {
    for flavor in Flavor::ALL.into_iter().filter(|flavor| flavor.api() < 5) {
        let whole = recorded(flavor, "all_limits.json").unwrap();
        for plugin in flavor.plugins() {
            let text = limits(flavor, plugin).unwrap();
            assert_eq!(serde_json::from_str::<Value>(text).unwrap(), whole[plugin]);
        }
    }
    let fs: Value = serde_json::from_str(limits(Flavor::V4_5_8, "fs").unwrap()).unwrap();
    assert_eq!(fs["fs_refresh"], 60.0);
}

#[test]
fn a_first_sample_has_the_shape_of_the_recorded_one() {
    let mut wrong = Vec::new();
    for (flavor, plugin) in [
        (Flavor::V4_5_8, "cpu"),
        (Flavor::V4_5_8, "diskio"),
        (Flavor::V4_5_8, "irq"),
        (Flavor::V4_5_8, "memswap"),
        (Flavor::V4_3_3, "cpu"),
    ] {
        let mut shape = Shape::default();
        shape.learn(&recorded(flavor, &format!("first_sample/{plugin}.json")).unwrap());
        for host in hosts(flavor) {
            let text = body(&model(&host, None), plugin).unwrap();
            shape.check(plugin, "", &serde_json::from_str(&text).unwrap(), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_first_sample_shows_counters_where_growth_belongs() {
    let host = &hosts(Flavor::V4_5_8)[1];
    let disk: Value = serde_json::from_str(&body(&model(host, None), "diskio").unwrap()).unwrap();
    assert!(disk[0]["write_bytes"].as_u64().unwrap() > 1_000_000_000);
    assert_eq!(disk[0].get("write_bytes_gauge"), None);
    let cpu: Value = serde_json::from_str(&body(&model(host, None), "cpu").unwrap()).unwrap();
    assert_eq!((cpu["total"].as_f64(), cpu["idle"].as_f64()), (Some(0.0), Some(0.0)));
}

#[test]
fn an_extended_process_has_the_shape_of_the_recorded_one() {
    for flavor in [Flavor::V4_3_3, Flavor::V4_5_8] {
        let mut shape = Shape::default();
        shape.learn(&recorded(flavor, "extended.json").unwrap());
        let host = &hosts(flavor)[0];
        let text = extended(&model(host, Some(NOW - 2.0)), host.processes[3].pid, true).unwrap();
        let mut wrong = Vec::new();
        shape.check("extended", "", &serde_json::from_str(&text).unwrap(), &mut wrong);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_same_seed_and_time_give_the_same_body() {
    for flavor in Flavor::ALL {
        for (a, b) in hosts(flavor).iter().zip(&hosts(flavor)) {
            for plugin in flavor.plugins() {
                let (a, b) = (model(a, Some(NOW - 5.0)), model(b, Some(NOW - 5.0)));
                assert_eq!(body(&a, plugin), body(&b, plugin), "{flavor:?} {plugin}");
            }
        }
        let mut spec = HostSpec::new("sim-001", flavor, 77);
        let one = Host::new(spec.clone());
        spec.seed = 78;
        let other = Host::new(spec);
        let cpu = |host| body(&model(host, Some(NOW - 5.0)), "cpu");
        assert_ne!(cpu(&one), cpu(&other));
    }
}

#[test]
fn rates_of_every_version_follow_the_load() {
    for flavor in Flavor::ALL {
        for host in hosts(flavor) {
            let text = body(&model(&host, Some(NOW - 15.0)), "network").unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            let record = value.pointer("/data/1").or(value.pointer("/1")).unwrap();
            let expected = host.nics[1].recv.mean(NOW - 15.0, NOW);
            let shown = match flavor.api() {
                3 => record["rx"].as_f64().unwrap() / 15.0,
                4 => record["bytes_recv_rate_per_sec"].as_f64().unwrap(),
                _ => record["bytes_recv"].as_f64().unwrap(),
            };
            assert!((shown - expected).abs() < 1.1, "{flavor:?}: {shown} {expected}");
        }
    }
}

#[test]
fn hostile_texts_appear_on_hostile_hosts_only() {
    for hostile in [true, false] {
        let mut spec = HostSpec::new("sim", Flavor::V4_5_8, 4);
        spec.hostile = hostile;
        let host = Host::new(spec);
        let text = body(&model(&host, Some(NOW - 3.0)), "processlist").unwrap();
        for needle in ["hunter2", "\\u001b[31m", "\u{202e}", "Ignore all previous"] {
            assert_eq!(text.contains(needle), hostile, "{needle}");
        }
    }
}
