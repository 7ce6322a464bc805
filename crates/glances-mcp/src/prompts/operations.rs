//! What to do in an incident, when to work on servers, and how exposed they are.

use std::{cmp::Reverse, fmt::Write as _};

use futures_util::FutureExt as _;
use serde_json::json;

use super::{
    Answer, Arguments, PromptDef,
    analysis::{ANOMALY_DETAIL, CHANGE_DETAIL, TIME},
    arguments::{ALL_INCIDENT, ALL_MAINTENANCE, ALL_SECURITY},
    code,
    facts::{Fact, fact},
    quiet,
};
use crate::{
    alert::Alert,
    redact::clip,
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
/// Longest id that an error repeats, characters.
const ID_CHARS: usize = 60;
/// What to do when no alert says where to begin.
const BY_GROUP: &str = "TODO";
const TRIAGE: &str = include_str!("../../prompts/triage.md");
/// Runbooks of one incident: more would hide what comes first.
const RUNBOOKS_MAX: usize = 3;

fn incident(asked: &Arguments) -> Vec<Fact> {
    let alerts = asked.with(&["servers", "severity"], json!({"limit": 6}));
    vec![
        fact("Alerts", "check_alert_conditions", alerts)
            .keep(&["groups", "alerts", "notes"])
            .without(&["state"]),
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

/// What to do first: of the runbooks of the alerts that are open, or how to find out.
async fn steps(cx: &Context, asked: &Arguments, answers: &[Answer]) -> Result<String, ToolError> {
    let alerts = chosen(cx, asked).await?;
    let mut out = String::from("### First steps\n");
    let _ = write!(out, "\n{}", if alerts.is_empty() { TRIAGE.trim() } else { BY_GROUP });
    let _ = answers;
    Ok(out)
}

/// The alert that was asked about, else all that are open and count, worst first.
async fn chosen(cx: &Context, asked: &Arguments) -> Result<Vec<Alert>, ToolError> {
    let selection = cx.query.select(&cx.principal, &asked.servers(), cx.now).await?;
    let mut open = cx.query.open_alerts(&cx.principal, &selection);
    open.sort_by_key(|alert| (Reverse(alert.severity()), alert.began));
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
        .without(&["programs"]),
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
