//! Thresholds and maintenance windows: rows in, valid values out.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    check::{Check, Value},
    cron,
    details::zone,
    fleet::no_server,
    problem::Place,
    read::{Row, Settings},
    servers::ServerConfig,
    tree::quoted,
};

/// What the configuration says about alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertingConfig {
    /// At most one a metric and set of servers.
    pub thresholds: Vec<Threshold>,
    /// Whose thresholds hold for the rest.
    pub source: ThresholdSource,
    /// Times when alerts are expected.
    pub windows: Vec<MaintenanceWindow>,
}

/// Whose thresholds hold where the configuration names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThresholdSource {
    /// Our own.
    #[default]
    Ours,
    /// Those of each server's glances.conf.
    Glances,
}

/// Values of a metric at which an alert begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Path of the metric, with an item or a pattern of items in brackets; that it exists is
    /// checked by who uses it.
    pub metric: String,
    /// From here on careful.
    pub careful: Option<f64>,
    /// From here on a warning.
    pub warning: f64,
    /// From here on critical; below `warning` where low values are the bad ones.
    pub critical: f64,
    /// Unit in the operator's words; converted by who knows the metric.
    pub unit: Option<String>,
    /// Back beyond this value the alert may end.
    pub clear: Option<f64>,
    /// How long it must be so before an alert (`for`).
    pub hold: Option<Duration>,
    /// How long it must be over before the alert ends.
    pub clear_after: Option<Duration>,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// The numbers hold for the value divided by the number of cores.
    pub per_core: bool,
}

/// A time when work on servers is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// Name for people.
    pub name: String,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// When.
    pub when: WindowTime,
}

/// When a maintenance window is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowTime {
    /// Once.
    Once {
        /// Opens.
        start: Timestamp,
        /// Closes; later than `start`.
        end: Timestamp,
    },
    /// Again and again.
    Repeated {
        /// When it opens: a cron line of five fields, checked.
        schedule: String,
        /// For how long it stays open.
        duration: Duration,
        /// IANA name of the time zone of `schedule`.
        timezone: String,
    },
}

/// The forms of a maintenance window.
const WINDOW_FORMS: &str = "write `{name, servers, start, end}` for once, or \
                            `{name, servers, schedule, duration, timezone}` for again and again";

/// Whose thresholds hold for the rest.
pub(super) fn source(values: &Settings) -> ThresholdSource {
    match values.text("thresholds") {
        Some("glances") => ThresholdSource::Glances,
        _ => ThresholdSource::Ours,
    }
}

/// The thresholds; of two for one metric and the same servers in two files the later holds.
pub(super) fn thresholds(check: &mut Check<'_>, rows: &[Row]) -> Vec<Threshold> {
    let mut thresholds: Vec<Threshold> = Vec::new();
    let mut seen: BTreeMap<(String, Vec<String>), Place> = BTreeMap::new();
    for row in rows {
        let Some(threshold) = threshold(check, row) else { continue };
        let place = row.values.place("alert_thresholds[].metric").unwrap_or(&row.place);
        let first = seen.insert(subject(&threshold), place.clone());
        match first {
            Some(first) if same_file(&first, place) => {
                let problem = format!("a threshold of this metric is at {first} already");
                check.report.add_fix(place, problem, "keep one of them");
            }
            Some(_) => thresholds.retain(|other| subject(other) != subject(&threshold)),
            None => {}
        }
        thresholds.push(threshold);
    }
    thresholds
}

/// What a threshold is about.
fn subject(threshold: &Threshold) -> (String, Vec<String>) {
    let mut servers = threshold.servers.clone();
    servers.sort_unstable();
    (threshold.metric.clone(), servers)
}

fn same_file(left: &Place, right: &Place) -> bool {
    let index = |place: &Place| place.file.as_ref().map(|(index, _)| *index);
    index(left) == index(right)
}

fn threshold(check: &mut Check<'_>, row: &Row) -> Option<Threshold> {
    let values = &row.values;
    for name in ["metric", "warning", "critical"] {
        if !values.has(&format!("alert_thresholds[].{name}")) && !row.tried.contains(&name) {
            let fix = "write `{metric, warning, critical, unit}`";
            check.report.add_fix(&row.place, format!("`{name}` is missing"), fix);
        }
    }
    let metric = values.text("alert_thresholds[].metric")?;
    if !is_metric(metric) {
        let place = values.place("alert_thresholds[].metric").unwrap_or(&row.place);
        let fix = "write it like `cpu.total` or `fs.percent[/]`";
        check.report.add_fix(place, format!("{} is not the path of a metric", quoted(metric)), fix);
    }
    let warning = values.number("alert_thresholds[].warning")?;
    let critical = values.number("alert_thresholds[].critical")?;
    if warning.total_cmp(&critical).is_eq() {
        let place = values.place("alert_thresholds[].critical").unwrap_or(&row.place);
        let fix = "make `critical` the worse of the two";
        check.report.add_fix(place, "`warning` and `critical` are the same", fix);
    }
    let threshold = Threshold {
        metric: metric.to_owned(),
        careful: values.number("alert_thresholds[].careful"),
        warning,
        critical,
        unit: values.text("alert_thresholds[].unit").map(str::to_owned),
        clear: values.number("alert_thresholds[].clear"),
        hold: values.span("alert_thresholds[].for"),
        clear_after: values.span("alert_thresholds[].clear_after"),
        servers: values.plain_words("alert_thresholds[].servers"),
        per_core: values.flag("alert_thresholds[].per_core"),
    };
    check_order(check, row, &threshold);
    Some(threshold)
}

/// `careful` is milder than `warning`, `clear` milder than all.
fn check_order(check: &mut Check<'_>, row: &Row, threshold: &Threshold) {
    let Threshold { careful, warning, critical, clear, .. } = threshold;
    let milder = |value: f64, than: f64| {
        if critical > warning { value < than } else { value > than }
    };
    let side = if critical > warning { "below" } else { "above" };
    let place = |key: &str| row.values.place(key).unwrap_or(&row.place);
    if careful.is_some_and(|careful| !milder(careful, *warning)) {
        let problem = "`careful` is not milder than `warning`";
        let fix = format!("give a value {side} {warning}");
        check.report.add_fix(place("alert_thresholds[].careful"), problem, fix);
    }
    let mildest = careful.unwrap_or(*warning);
    if clear.is_some_and(|clear| !milder(clear, mildest)) {
        let problem = "an alert could not end: `clear` is not milder than its limits";
        let fix = format!("give a value {side} {mildest}");
        check.report.add_fix(place("alert_thresholds[].clear"), problem, fix);
    }
}

/// `cpu.total`, `fs.percent[/]`, `cpu_percent`.
fn is_metric(text: &str) -> bool {
    let path = match text.split_once('[') {
        Some((path, item)) if item.len() > 1 && item.ends_with(']') => path,
        Some(_) => return false,
        None => text,
    };
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    path.split('.').all(word)
}

/// The maintenance windows; their plain aliases must be those of servers.
pub(super) fn windows(
    check: &mut Check<'_>,
    rows: &[Row],
    catalogue: &Settings,
    servers: Option<&[ServerConfig]>,
) -> Vec<MaintenanceWindow> {
    let mut windows = Vec::new();
    for row in rows {
        for (selector, place) in row.values.words("maintenance_windows[].servers") {
            let plain = !selector.contains(['*', '?', ':', '[', '{']);
            let Some(servers) = servers.filter(|_| plain) else { continue };
            if !servers.iter().any(|server| server.alias.as_str() == selector) {
                let aliases = servers.iter().map(|server| &server.alias);
                no_server(check, selector, place, aliases);
            }
        }
        let name = row.values.text("maintenance_windows[].name").map(str::to_owned);
        if name.is_none() && !row.tried.contains(&"name") {
            check.report.add_fix(&row.place, "`name` is missing", WINDOW_FORMS);
        }
        let when = window_time(check, row, catalogue);
        if let (Some(name), Some(when)) = (name, when) {
            let servers = row.values.plain_words("maintenance_windows[].servers");
            windows.push(MaintenanceWindow { name, servers, when });
        }
    }
    windows
}

fn window_time(check: &mut Check<'_>, row: &Row, catalogue: &Settings) -> Option<WindowTime> {
    let given = |name: &&str| {
        row.values.has(&format!("maintenance_windows[].{name}")) || row.tried.contains(name)
    };
    let once = ["start", "end"];
    let repeated = ["schedule", "duration"];
    let count = |names: [&str; 2]| names.iter().filter(|name| given(name)).count();
    let zoned = given(&"timezone");
    match (count(once), count(repeated)) {
        (2, 0) if !zoned => once_of(check, row),
        (0, 2) => repeated_of(check, row, &row.values.over(catalogue)),
        _ => {
            check.report.add_fix(&row.place, "is of neither form of a window", WINDOW_FORMS);
            None
        }
    }
}

fn once_of(check: &mut Check<'_>, row: &Row) -> Option<WindowTime> {
    let moment = |path: &str| match row.values.get(path)? {
        (Value::Moment(moment), _) => Some(*moment),
        _ => None,
    };
    let start = moment("maintenance_windows[].start")?;
    let end = moment("maintenance_windows[].end")?;
    if end <= start {
        let place = row.values.place("maintenance_windows[].end").unwrap_or(&row.place);
        check.report.add_fix(place, "the window ends before it starts", "swap `start` and `end`");
    }
    Some(WindowTime::Once { start, end })
}

fn repeated_of(check: &mut Check<'_>, row: &Row, values: &Settings) -> Option<WindowTime> {
    let place_of = |path: &str| values.place(path).unwrap_or(&row.place).clone();
    let zone_place = place_of("maintenance_windows[].timezone");
    let timezone = zone(check, values.text("maintenance_windows[].timezone")?, &zone_place)?;
    let schedule = values.text("maintenance_windows[].schedule")?.to_owned();
    if let Err((problem, fix)) = cron::check(&schedule) {
        check.report.add_fix(&place_of("maintenance_windows[].schedule"), problem, fix);
    }
    let duration = values.span("maintenance_windows[].duration")?;
    Some(WindowTime::Repeated { schedule, duration, timezone })
}
