//! Glances' own events (`alert`) and its short history, both recomputed from the load at any time.

use serde_json::{Map, Value, json};

use crate::calendar::iso_micros;
use crate::flavor::{Flavor, body, processes};
use crate::json::Json;
use crate::model::{Model, Moment};

/// Glances keeps ten events.
const EVENTS_MAX: usize = 10;
/// Share of CPU time above which an event opens, and the one that makes it critical.
const BUSY_WARNING: f64 = 0.75;
const BUSY_CRITICAL: f64 = 0.85;
/// Most points of a history: the load is recomputed for each of them.
const POINTS_MAX: u32 = 100;
/// Seconds between two points of a history.
const POINT_SECS: f64 = 3.0;

/// Writes the events of the last hours, newest first.
pub(super) fn alerts(model: &Model<'_>, w: &mut Json) {
    let spans = model.busy_spans(BUSY_WARNING);
    let flavor = model.host.spec.flavor;
    w.array(|w| {
        for &(begin, end, mean) in spans.iter().take(EVENTS_MAX) {
            let critical = mean > BUSY_CRITICAL;
            let event = Event { begin, end, percent: mean * 100.0, critical };
            if flavor.api() == 3 {
                old(model, &event, w);
            } else {
                w.object(|w| record(model, &event, w));
            }
        }
    });
}

struct Event {
    begin: f64,
    end: Option<f64>,
    percent: f64,
    critical: bool,
}

impl Event {
    const fn state(&self) -> &'static str {
        if self.critical { "CRITICAL" } else { "WARNING" }
    }
}

fn record(model: &Model<'_>, event: &Event, w: &mut Json) {
    w.field("begin", event.begin as i64);
    w.field("state", event.state());
    w.field("type", "CPU_TOTAL");
    w.field("min", event.percent * 0.97);
    w.field("max", event.percent * 1.03);
    w.field("sum", event.percent * 20.0);
    w.field("count", 20_u32);
    w.field("avg", event.percent);
    w.key("top");
    processes::names(model, if event.critical { 3 } else { 0 }, w);
    w.field("desc", "");
    w.field("sort", "cpu_percent");
    w.field("global_msg", "High CPU user mode");
    match event.end {
        Some(end) => w.field("end", end),
        None => w.field("end", -1),
    }
}

fn old(model: &Model<'_>, event: &Event, w: &mut Json) {
    w.array(|w| {
        w.value(event.begin);
        match event.end {
            Some(end) => w.value(end),
            None => w.value(-1),
        }
        w.value(event.state());
        w.value("CPU_TOTAL");
        w.value(event.percent * 1.03);
        w.value(event.percent);
        w.value(event.percent * 0.97);
        w.value(event.percent * 20.0);
        w.value(20_u32);
        processes::busiest(model, if event.critical { 3 } else { 0 }, w);
        w.value("");
        w.value("cpu_percent");
    });
}

/// The fields that a plugin keeps a history of.
fn kept(flavor: Flavor, plugin: &str) -> &'static [&'static str] {
    match (plugin, flavor.api()) {
        ("cpu", _) | ("percpu", _) => &["user", "system"],
        ("mem" | "memswap" | "fs", _) => &["percent"],
        ("load", _) => &["min1", "min5", "min15"],
        ("network", 3) => &["rx", "tx"],
        ("network", _) => &["bytes_recv_rate_per_sec", "bytes_sent_rate_per_sec"],
        ("diskio", 3) => &["read_bytes", "write_bytes"],
        ("diskio", _) => &["read_bytes_rate_per_sec", "write_bytes_rate_per_sec"],
        ("processcount", 4) => &["total", "running", "sleeping", "thread"],
        ("containers", 4) => &["cpu_percent"],
        _ => &[],
    }
}

/// The last points of a plugin, oldest first: `{field: [[time, value], …]}`; 0 asks for all of them.
#[must_use]
pub fn history(model: &Model<'_>, plugin: &str, count: u32) -> Value {
    let flavor = model.host.spec.flavor;
    let wanted = if count == 0 { POINTS_MAX } else { count.min(POINTS_MAX) };
    let mut series = Map::new();
    for point in (0..wanted).rev() {
        let at = model.moment.at - f64::from(point) * POINT_SECS;
        if at - POINT_SECS < model.moment.started {
            continue;
        }
        let moment = Moment { at, prev: Some(at - POINT_SECS), ..model.moment };
        let Some(text) = body(&Model { host: model.host, moment }, plugin) else { continue };
        let Ok(value) = serde_json::from_str::<Value>(&text) else { continue };
        let mut time = iso_micros(moment.own_clock());
        if matches!(flavor, Flavor::V4_3_3 | Flavor::V4_5_8) {
            time.push_str("+00:00");
        }
        for field in kept(flavor, plugin) {
            add_point(&mut series, &value, field, &time);
        }
    }
    Value::Object(series)
}

fn add_point(series: &mut Map<String, Value>, body: &Value, field: &str, time: &str) {
    let mut push = |name: String, value: &Value| {
        let points = series.entry(name).or_insert_with(|| json!([]));
        if let Some(points) = points.as_array_mut() {
            points.push(json!([time, value]));
        }
    };
    match body {
        Value::Array(records) => {
            for record in records {
                let name =
                    record.get("key").and_then(Value::as_str).and_then(|key| record.get(key));
                let Some(value) = record.get(field) else { continue };
                let name = match name {
                    Some(Value::String(name)) => name.clone(),
                    Some(other) => other.to_string(),
                    None => continue,
                };
                push(format!("{name}_{field}"), value);
            }
        }
        record => {
            if let Some(value) = record.get(field) {
                push(field.to_owned(), value);
            }
        }
    }
}
