//! For those who decide, and one server for those who want to know all.

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::{
    Arguments, PromptDef,
    analysis::{ALERT_DETAIL, ANOMALY_DETAIL, CHANGE_DETAIL, SCORE_DETAIL, TIME},
    arguments::{ALL_DEEP_DIVE, ALL_EXECUTIVE},
    facts::{self, Fact, fact},
};
use crate::tools::{self, Context, ToolError};

pub(super) const EXECUTIVE: PromptDef = PromptDef {
    name: "executive_dashboard",
    title: "Executive dashboard",
    description: "Key figures with their trend for those who decide: health, availability, alerts \
        and time to recover, performance, capacity ahead, cost; with business impact and what to \
        decide.",
    arguments: ALL_EXECUTIVE,
    method: include_str!("../../prompts/executive_dashboard.md"),
    facts: executive,
    settle: None,
    steps: None,
};

fn executive(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    let compared = asked.with(TIME, json!({"baseline": "previous", "limit": 3}));
    vec![
        fact("Health", "generate_health_score", all(json!({"limit": 4})))
            .keep(&["fleet", "environments", "servers", "notes"])
            .without(SCORE_DETAIL),
        fact("Availability", "get_server_status", asked.with(TIME, json!({"limit": 3})))
            .keep(&["statuses", "availability"])
            .summary()
            .without(&["polls"]),
        fact("Alerts and recovery", "get_alert_history", asked.with(TIME, json!({"limit": 1})))
            .keep(&["alerts_total", "alerts_before", "rules", "notes"])
            .summary(),
        fact(
            "Open alerts",
            "check_alert_conditions",
            all(json!({"severity": "warning", "limit": 1})),
        )
        .keep(&["groups"])
        .summary()
        .without(&["programs", "next", "runbook", "first_steps"]),
        fact("Performance against the time before", "performance_comparison", compared)
            .keep(&["fleet", "environments", "servers", "cannot_tell"])
            .without(&["method", "effect"]),
        fact("Full within 30 days", "capacity_analysis", all(json!({"within": 30, "limit": 5})))
            .keep(&["resources", "notes"])
            .without(&["one_off_percent", "history_days"]),
        fact("Idle", "capacity_analysis", all(json!({"idle": true, "limit": 3})))
            .keep(&["idle", "cost"]),
        fact(
            "Cost ahead",
            "predict_resource_needs",
            asked.with(&["servers", "cost_per_month"], json!({"horizon": "30d", "limit": 3})),
        )
        .keep(&["forecasts", "cost", "refused"]),
    ]
}

pub(super) const DEEP_DIVE: PromptDef = PromptDef {
    name: "technical_deep_dive",
    title: "Technical deep dive",
    description: "One server in full: processor, memory, disks, network, programs, containers, its \
        past and what is ahead; for tuning, architecture and upgrades.",
    arguments: ALL_DEEP_DIVE,
    method: include_str!("../../prompts/technical_deep_dive.md"),
    facts: deep_dive,
    settle: Some(|cx, asked| one(cx, asked).boxed()),
    steps: None,
};

/// The one server: that of the caller, else the worst.
async fn one(cx: Context, asked: Arguments) -> Result<Arguments, ToolError> {
    if let Some(server) = asked.get("server") {
        let selection = cx.query.select(&cx.principal, &[server.to_owned()], cx.now).await?;
        return match selection.single() {
            Some(_) => Ok(asked),
            None => Err(ToolError::Refused(format!(
                "`server` names one server, and {} fit; list_servers names them",
                selection.servers.len()
            ))),
        };
    }
    for tool in ["generate_health_score", "get_system_overview", "list_servers"] {
        let reply = tools::ask(cx.clone(), tool, json!({"limit": 1})).await?;
        let first = reply.structured.pointer("/servers/0/server").and_then(Value::as_str);
        if let Some(server) = first {
            return Ok(asked.settled("server", server));
        }
    }
    Err(ToolError::Missing("there is no server to look into".to_owned()))
}

fn deep_dive(asked: &Arguments) -> Vec<Fact> {
    let one = |call| asked.with(&["servers"], call);
    let time = |call| asked.with(TIME, call);
    vec![
        fact("Overview", "get_system_overview", one(json!({"limit": 1}))).without(&["note"]),
        fact("Score", "generate_health_score", one(json!({"limit": 6})))
            .keep(&["servers", "deductions"])
            .without(SCORE_DETAIL),
        fact("Alerts", "check_alert_conditions", one(json!({"limit": 1})))
            .keep(&["groups"])
            .without(ALERT_DETAIL)
            .summary(),
        fact(
            "Processor, memory, swap",
            "get_detailed_metrics",
            one(json!({"sections": ["cpu", "memory", "swap"], "limit": 200})),
        )
        .told(facts::values),
        fact("Programs", "get_top_processes", one(json!({"sort_by": "cpu", "limit": 6})))
            .keep(&["processes"])
            .without(&["server"]),
        fact("Disks", "get_disk_io_stats", one(json!({"limit": 4})))
            .keep(&["disks", "notes"])
            .without(&["server"]),
        fact("Space", "get_disk_usage", one(json!({"limit": 5})))
            .keep(&["filesystems"])
            .without(&["server"]),
        fact("Network", "get_network_stats", one(json!({"limit": 3})))
            .keep(&["interfaces", "connections"])
            .without(&["server"]),
        fact("Containers", "get_containers", one(json!({"limit": 5})))
            .keep(&["containers"])
            .without(&["server", "network_in_bytes_per_second", "network_out_bytes_per_second"]),
        fact("What is ahead", "capacity_analysis", one(json!({"limit": 5})))
            .keep(&["resources", "notes"])
            .without(&["server", "one_off_percent"]),
        fact("Unusual", "detect_anomalies", time(json!({"limit": 4})))
            .keep(&["anomalies", "not_judged", "notes"])
            .without(ANOMALY_DETAIL),
        fact(
            "Against what is usual",
            "performance_comparison",
            one(json!({"format": "concise", "limit": 4})),
        )
        .keep(&["compared_with", "servers", "series", "cannot_tell"])
        .without(&["method", "effect"]),
        fact("What changed in a day", "what_changed", one(json!({"since": "-24h", "limit": 4})))
            .keep(&["moves", "programs", "events"])
            .without(CHANGE_DETAIL),
        fact("Availability", "get_server_status", time(json!({})))
            .keep(&["servers", "availability"])
            .without(&["fix"]),
        fact("Alerts of that time", "get_alert_history", time(json!({"limit": 1})))
            .keep(&["rules"])
            .summary(),
    ]
}
