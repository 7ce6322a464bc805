//! What to do in an incident, when to work on servers, and how exposed they are.

use std::{cmp::Reverse, fmt::Write as _};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Answer, Arguments, PromptDef,
    analysis::{ALERT_DETAIL, ANOMALY_DETAIL, CHANGE_DETAIL, TIME},
    arguments::{ALL_INCIDENT, ALL_MAINTENANCE, ALL_SECURITY},
    code,
    facts::{Fact, cut, fact},
    fence, quiet,
};
use crate::{
    alert::Alert,
    model::HostName,
    query::coverage::rfc3339,
    redact::clip,
    render,
    runbooks::{Runbook, Runbooks},
    store::Span,
    tools::{Context, ToolError},
};

pub(super) const INCIDENT: PromptDef = PromptDef {
    name: "incident_response_runbook",
    title: "Incident response runbook",
    description: "What to do now, from the alerts, changes and anomalies that are there: steps of \
        the runbooks that fit them, whom to call when, and the form of the report afterwards.",
    arguments: ALL_INCIDENT,
    method: include_str!("../../prompts/incident_response_runbook.md"),
    facts: incident,
    settle: None,
    steps: Some(|cx, asked, answers| steps(cx, asked, answers).boxed()),
};

/// How far back an alert that is asked about is looked for.
const PAST_SECS: i64 = 7 * 86_400;
/// Ids that an error names.
const IDS_SHOWN: usize = 5;
/// Servers named beside a runbook.
const SERVERS_SHOWN: usize = 3;
/// Sections of the first runbook that are told, and most bytes of it all: an operator's own may be
/// long.
const FIRST: (&[&str], usize) = (&["Decide", "Remedies", "Escalate"], 2_400);
/// The same of those that follow.
const FOLLOWING: (&[&str], usize) = (&["Escalate"], 1_000);
/// Name of a series in a line, characters.
const SERIES_CHARS: usize = 80;
/// Longest id that an error repeats, characters.
const ID_CHARS: usize = 60;
/// What to do when no alert says where to begin.
const TRIAGE: &str = include_str!("../../prompts/triage.md");
/// Runbooks of one incident: more would hide what comes first.
const RUNBOOKS_MAX: usize = 3;

fn incident(asked: &Arguments) -> Vec<Fact> {
    let alerts = asked.with(&["servers", "severity"], json!({"limit": 6}));
    vec![
        fact("Alerts", "check_alert_conditions", alerts)
            .keep(&["groups", "alerts", "notes"])
            .without(ALERT_DETAIL),
        fact("What changed", "what_changed", asked.with(TIME, json!({"limit": 8})))
            .keep(&["changes", "moves", "programs", "events", "notes"])
            .without(CHANGE_DETAIL),
        fact("Unusual", "detect_anomalies", asked.with(TIME, json!({"limit": 4})))
            .keep(&["anomalies", "notes"])
            .without(ANOMALY_DETAIL),
        fact(
            "Who needs whom",
            "analyze_dependencies",
            asked.with(&["servers"], json!({"limit": 4})),
        )
        .keep(&["impact", "edges", "cycles"]),
        fact(
            "Alerts of the last 7 days",
            "get_alert_history",
            asked.with(&["servers"], json!({"since": "-7d", "limit": 1})),
        )
        .keep(&["alerts_total", "alerts_before", "rules", "noted"])
        .summary(),
    ]
}

/// What to do first: the runbooks of the alerts that are open; where none is, those of what is unusual
/// or changed, and how to find out.
async fn steps(cx: &Context, asked: &Arguments, answers: &[Answer]) -> Result<String, ToolError> {
    let alerts = chosen(cx, asked).await?;
    let runbooks = cx.query.runbooks();
    let mut out = String::from("### First steps\n\n");
    let mut picked = Picked::default();
    for alert in &alerts {
        picked.add(runbooks.for_alert(alert), alert.host.as_ref().map(HostName::as_str));
    }
    if let (Some(_), [alert]) = (asked.get("alert"), alerts.as_slice()) {
        let _ = writeln!(out, "The alert that was asked about:\n{}\n", fence(&in_words(alert)));
    }
    if alerts.is_empty() {
        out.push_str("No alert is open on these servers.\n\n");
        for (metric, server) in moved(answers) {
            picked.add(of_metric(&runbooks, metric), Some(server));
        }
    }
    picked.write(&mut out);
    if alerts.is_empty() {
        out.push_str(TRIAGE.trim());
    }
    Ok(out)
}

/// Runbooks with the servers that they are about, in the order in which they are needed.
#[derive(Default)]
struct Picked<'r>(Vec<(&'r Runbook, Vec<String>)>);

impl<'r> Picked<'r> {
    fn add(&mut self, runbook: Option<&'r Runbook>, server: Option<&str>) {
        let Some(runbook) = runbook else { return };
        let at = self.0.iter().position(|(known, _)| known.name == runbook.name);
        let at = at.unwrap_or_else(|| {
            self.0.push((runbook, Vec::new()));
            self.0.len() - 1
        });
        let Some((_, servers)) = self.0.get_mut(at) else { return };
        if let Some(server) = server
            && !servers.iter().any(|known| known == server)
        {
            servers.push(server.to_owned());
        }
    }

    /// The first with how to decide and what to do, those that follow with their steps.
    fn write(&self, out: &mut String) {
        for (index, (runbook, servers)) in self.0.iter().take(RUNBOOKS_MAX).enumerate() {
            let names: Vec<String> =
                servers.iter().take(SERVERS_SHOWN).map(|name| code(name)).collect();
            let more = servers.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let on = if names.is_empty() { "the fleet".to_owned() } else { names.join(", ") };
            let _ =
                writeln!(out, "**{}** on {on}{more}, {}:\n", runbook.title, code(&runbook.uri()));
            let (sections, bytes_max) = if index == 0 { FIRST } else { FOLLOWING };
            let steps = steps_of(runbook, servers.first().map(String::as_str), sections);
            let _ = writeln!(out, "{}\n", cut(&steps, bytes_max).trim_end());
        }
        let others: Vec<String> =
            self.0.iter().skip(RUNBOOKS_MAX).map(|(it, _)| code(&it.uri())).collect();
        if !others.is_empty() {
            let _ = writeln!(out, "After that: {}.\n", others.join(", "));
        }
    }
}

/// The first calls of a runbook about a server, and some of its sections.
fn steps_of(runbook: &Runbook, server: Option<&str>, sections: &[&str]) -> String {
    let mut out = String::new();
    for (index, step) in runbook.first_steps(server).iter().enumerate() {
        let text = match &step.call {
            Some(call) => step.text.replace(call, &code(call)),
            None => step.text.clone(),
        };
        let _ = writeln!(out, "{}. {text}", index + 1);
    }
    for name in sections {
        if let Some(section) = runbook.section(name) {
            let _ = writeln!(out, "\n{name}:\n{}", section.trim());
        }
    }
    out
}

/// The runbook that says most of a metric.
fn of_metric<'r>(runbooks: &'r Runbooks, metric: &str) -> Option<&'r Runbook> {
    let path = metric.split('[').next().unwrap_or_default();
    let rank = |it: &&Runbook| it.metrics.iter().position(|known| known == path);
    runbooks.all().iter().filter(|it| rank(it).is_some()).min_by_key(|it| rank(it))
}

/// What is unusual and what got worse: metric and server, most urgent first.
fn moved(answers: &[Answer]) -> Vec<(&str, &str)> {
    let rows = |tool: &str, field: &str| {
        let rows = Answer::of(answers, tool).and_then(|reply| reply.get(field)?.as_array());
        rows.into_iter().flatten()
    };
    let worse = |row: &&Value| row.get("direction").is_none_or(|word| word == "worse");
    rows("detect_anomalies", "anomalies")
        .chain(rows("what_changed", "moves"))
        .filter(worse)
        .filter_map(|row| Some((row.get("metric")?.as_str()?, row.get("server")?.as_str()?)))
        .collect()
}

fn in_words(alert: &Alert) -> String {
    let server = alert.host.as_ref().map_or("the fleet", HostName::as_str);
    let [value, worst, threshold] =
        [alert.value, alert.worst, alert.threshold].map(|it| render::in_unit(it, &alert.unit));
    let began = Timestamp::from_second(alert.began).map(rfc3339).unwrap_or_default();
    let severity = json!(alert.peak);
    format!(
        "{} {} on {server} since {began}: {value}, worst {worst}, limit {threshold}; {}",
        severity.as_str().unwrap_or_default(),
        clip(&alert.series, SERIES_CHARS),
        alert.says
    )
}

/// The alert that was asked about, else all that are open and count, worst first.
async fn chosen(cx: &Context, asked: &Arguments) -> Result<Vec<Alert>, ToolError> {
    let selection = cx.query.select(&cx.principal, &asked.servers(), cx.now).await?;
    let mut open = cx.query.open_alerts(&cx.principal, &selection);
    let urgency = |alert: &Alert| (alert.state.is_firing(), alert.severity());
    open.sort_by_key(|alert| (Reverse(urgency(alert)), alert.began));
    let Some(id) = asked.get("alert") else {
        open.retain(|alert| alert.suppressed_by.is_empty());
        return Ok(open);
    };
    if let Some(alert) = open.iter().find(|alert| alert.id == id) {
        return Ok(vec![alert.clone()]);
    }
    let now = selection.now.as_second();
    let span = Span { from: now - PAST_SECS, to: now + 1 };
    let past = cx.query.past_alerts(&cx.principal, &selection, span).await?;
    if let Some(past) = past.into_iter().find(|past| past.alert.id == id) {
        return Ok(vec![past.alert]);
    }
    let ids: Vec<String> = open.iter().take(IDS_SHOWN).map(|alert| code(&alert.id)).collect();
    let known = match ids.is_empty() {
        true => "none is open".to_owned(),
        false => format!("open are {}", ids.join(", ")),
    };
    let id = clip(id, ID_CHARS);
    Err(ToolError::Missing(format!(
        "no alert {} is open or of the last 7 days; {known}",
        code(&id)
    )))
}

pub(super) const MAINTENANCE: PromptDef = PromptDef {
    name: "maintenance_planning",
    title: "Maintenance planning",
    description: "When and in which order to work on servers: quiet hours from history, who depends \
        on them, what runs there, open alerts, risk, rollback and least impact.",
    arguments: ALL_MAINTENANCE,
    method: include_str!("../../prompts/maintenance_planning.md"),
    facts: maintenance,
    settle: None,
    steps: None,
};

/// Points of the time in which quiet hours are looked for: of a week, three an hour.
const HOURLY_POINTS: usize = 500;

fn maintenance(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    let past = &["servers", "since", "timezone"];
    let hourly = json!({"metrics": ["cpu.total"], "aggregate": "fleet", "points": HOURLY_POINTS,
        "limit": 1});
    vec![
        fact("Quiet hours", "query_metrics", asked.with(past, hourly)).told(quiet::told),
        fact("Servers", "get_system_overview", all(json!({"format": "detailed", "limit": 6})))
            .keep(&["fleet", "servers"])
            .without(&["swap_percent", "load_1m", "load_15m", "memory_used_bytes"]),
        fact("Who needs them", "analyze_dependencies", all(json!({"limit": 6})))
            .keep(&["impact", "edges", "cycles", "notes"]),
        fact(
            "Alerts, and what is silenced",
            "check_alert_conditions",
            all(json!({"format": "detailed", "limit": 1})),
        )
        .keep(&["groups", "in_force"])
        .summary()
        .without(&["programs", "first_steps", "runbook"]),
        fact("Containers on them", "get_containers", all(json!({"state": "running", "limit": 6})))
            .keep(&["total", "containers"])
            .without(&["network_in_bytes_per_second", "network_out_bytes_per_second"]),
        fact("Fullest disks", "get_disk_usage", all(json!({"min_percent": 75, "limit": 5})))
            .keep(&["filesystems"]),
        fact("Outages and restarts", "get_server_status", asked.with(past, json!({"limit": 3})))
            .keep(&["statuses", "availability"])
            .summary()
            .without(&["polls"]),
        fact("Full within 14 days", "capacity_analysis", all(json!({"within": 14, "limit": 4})))
            .keep(&["resources"])
            .without(&["one_off_percent", "history_days"]),
    ]
}

pub(super) const SECURITY: PromptDef = PromptDef {
    name: "security_assessment",
    title: "Security assessment",
    description: "How exposed the monitored Glances servers and their machines are, as far as \
        monitoring can see: versions, open doors, what came and went; with a checklist and hardening.",
    arguments: ALL_SECURITY,
    method: include_str!("../../prompts/security_assessment.md"),
    facts: security,
    settle: None,
    steps: None,
};

fn security(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    vec![
        fact("Posture", "get_server_status", all(json!({"security": true, "limit": 8})))
            .keep(&["security"])
            .without(&["note"]),
        fact("Inventory", "list_servers", all(json!({"limit": 1})))
            .keep(&["statuses", "environments", "glances_versions", "notices"])
            .summary(),
        fact("Drift", "compare_servers", all(json!({"limit": 1})))
            .keep(&["attributes_differing", "drift"])
            .summary(),
        fact("What came, went or restarted", "what_changed", asked.with(TIME, json!({"limit": 6})))
            .keep(&["programs", "events"])
            .without(CHANGE_DETAIL),
        fact("Sockets and checks", "get_network_connections", all(json!({"limit": 5}))).keep(&[
            "tcp",
            "servers",
            "checks",
            "checks_failing",
            "notes",
        ]),
        fact("Containers and their images", "get_containers", all(json!({"limit": 10})))
            .keep(&["total", "containers"])
            .without(&[
                "cpu_percent",
                "memory_used_bytes",
                "memory_percent",
                "network_in_bytes_per_second",
                "network_out_bytes_per_second",
            ]),
        fact("Programs and their users", "get_top_processes", all(json!({"limit": 8})))
            .keep(&["fleet", "processes"])
            .without(&["memory_bytes", "io_bytes_per_second"]),
        fact(
            "Alerts of access",
            "get_alert_history",
            asked.with(TIME, json!({"filter": "server.*", "limit": 4})),
        )
        .keep(&["rules", "alerts"])
        .without(&["id"]),
    ]
}
