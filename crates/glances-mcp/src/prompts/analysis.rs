//! How everything does, why something is slow, and what will be needed.

use serde_json::json;

use super::{
    Arguments, PromptDef,
    arguments::{ALL_CAPACITY, ALL_HEALTH, ALL_PERFORMANCE},
    facts::{Fact, fact},
};

/// Times of a tool.
pub(super) const TIME: &[&str] = &["servers", "since", "until", "timezone"];
/// Columns of anomalies that only a second look needs.
pub(super) const ANOMALY_DETAIL: &[&str] =
    &["low", "high", "score", "evidence", "days_alike", "judged_at", "from", "until", "confidence"];
/// Columns of alerts that their runbooks tell.
pub(super) const ALERT_DETAIL: &[&str] = &["first_steps"];
/// Columns of changes that only a second look needs.
pub(super) const CHANGE_DETAIL: &[&str] = &["effect", "over", "server_count", "series"];
/// Columns of scores that only a second look needs.
pub(super) const SCORE_DETAIL: &[&str] =
    &["deductions", "history_hours", "score_7d_ago", "basis", "confidence", "others"];

pub(super) const HEALTH: PromptDef = PromptDef {
    name: "system_health_analysis",
    title: "System health analysis",
    description: "How healthy the fleet is, what is wrong and with what it goes together, and what \
        to do first: scores, alerts, changes, anomalies and what fills up, with an executive summary.",
    arguments: ALL_HEALTH,
    method: include_str!("../../prompts/system_health_analysis.md"),
    facts: health,
    settle: None,
    steps: None,
};

fn health(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    vec![
        fact("Health", "generate_health_score", all(json!({"limit": 6})))
            .keep(&["environments", "servers", "deductions", "notes"])
            .without(SCORE_DETAIL),
        fact("Alerts", "check_alert_conditions", all(json!({"limit": 1})))
            .keep(&["groups"])
            .without(ALERT_DETAIL)
            .summary(),
        fact("Load now", "get_system_overview", all(json!({"limit": 5})))
            .keep(&["fleet", "servers"]),
        fact("What changed", "what_changed", asked.with(TIME, json!({"limit": 6})))
            .keep(&["changes", "moves", "events"])
            .without(CHANGE_DETAIL),
        fact("Unusual", "detect_anomalies", asked.with(TIME, json!({"limit": 5})))
            .keep(&["anomalies", "not_judged", "notes"])
            .without(ANOMALY_DETAIL),
        fact(
            "Fills up within 30 days",
            "capacity_analysis",
            all(json!({"within": 30, "limit": 6})),
        )
        .keep(&["resources", "notes"])
        .without(&["history_days", "one_off_percent"]),
    ]
}

pub(super) const PERFORMANCE: PromptDef = PromptDef {
    name: "performance_troubleshooting",
    title: "Performance troubleshooting",
    description: "Why something is slow or fails: from the symptom to the root cause, with what \
        moved, what is unusual and which programs use what, and a record of the resolution.",
    arguments: ALL_PERFORMANCE,
    method: include_str!("../../prompts/performance_troubleshooting.md"),
    facts: performance,
    settle: None,
    steps: None,
};

fn performance(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    let mut facts = vec![
        fact("What changed", "what_changed", asked.with(TIME, json!({"limit": 8})))
            .keep(&["changes", "moves", "programs", "events"])
            .without(CHANGE_DETAIL),
        fact("Alerts", "check_alert_conditions", all(json!({"limit": 1})))
            .keep(&["groups"])
            .without(ALERT_DETAIL)
            .summary(),
        fact("Load now", "get_system_overview", all(json!({"limit": 5})))
            .keep(&["fleet", "servers", "one"]),
        fact(
            "Against what is usual",
            "performance_comparison",
            asked.with(TIME, json!({"limit": 5})),
        )
        .keep(&["compared_with", "servers", "cannot_tell"])
        .without(&["method", "effect"]),
        fact("Unusual", "detect_anomalies", asked.with(TIME, json!({"limit": 5})))
            .keep(&["anomalies", "notes"])
            .without(ANOMALY_DETAIL),
        fact("Programs by CPU", "get_top_processes", all(json!({"sort_by": "cpu", "limit": 6})))
            .keep(&["processes"]),
    ];
    facts.extend(closer(asked));
    facts
}

/// What goes deeper into the resource that the caller suspects; disks, which most often are
/// overlooked, when they name none.
fn closer(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    let io = || {
        fact("Disk I/O", "get_disk_io_stats", all(json!({"sort_by": "latency", "limit": 5})))
            .keep(&["disks"])
    };
    match asked.get("resource").unwrap_or_default() {
        "cpu" => vec![fact(
            "Processor in detail",
            "get_detailed_metrics",
            all(json!({"sections": ["cpu"], "limit": 8})),
        )],
        "memory" => vec![
            fact(
                "Programs by memory",
                "get_top_processes",
                all(json!({"sort_by": "memory", "limit": 6})),
            )
            .keep(&["processes"]),
            fact(
                "Memory in detail",
                "get_detailed_metrics",
                all(json!({"sections": ["memory", "swap"], "limit": 8})),
            ),
        ],
        "network" => vec![
            fact("Network", "get_network_stats", all(json!({"limit": 5}))).keep(&["interfaces"]),
            fact("Connections", "get_network_connections", all(json!({"limit": 5})))
                .keep(&["servers", "checks"]),
        ],
        "containers" => {
            vec![
                fact("Containers", "get_containers", all(json!({"limit": 8})))
                    .keep(&["containers"]),
            ]
        }
        "disk" => vec![
            io(),
            fact("Disk space", "get_disk_usage", all(json!({"min_percent": 80, "limit": 5})))
                .keep(&["filesystems"]),
        ],
        _ => vec![io()],
    }
}

pub(super) const CAPACITY: PromptDef = PromptDef {
    name: "capacity_planning_report",
    title: "Capacity planning report",
    description: "What fills up when, what grows, what is idle and what the fleet needs over the \
        horizon, as it goes on and with growth, with cost where a price is known.",
    arguments: ALL_CAPACITY,
    method: include_str!("../../prompts/capacity_planning_report.md"),
    facts: capacity,
    settle: None,
    steps: None,
};

fn capacity(asked: &Arguments) -> Vec<Fact> {
    let all = |call| asked.with(&["servers"], call);
    let forecast = |title, more: &[&str], call| {
        let names = [&["servers", "cost_per_month"], more].concat();
        fact(title, "predict_resource_needs", asked.with(&names, call)).keep(&[
            "forecasts",
            "refused",
            "cost",
            "notes",
        ])
    };
    let mut facts = vec![
        fact("What fills up or is busy", "capacity_analysis", all(json!({"limit": 8})))
            .keep(&["resources", "calm", "without_history", "notes"])
            .without(&["one_off_percent"]),
        fact("What could shrink", "capacity_analysis", all(json!({"idle": true, "limit": 6})))
            .keep(&["idle", "cost", "notes"]),
        forecast("As it goes on", &["horizon"], json!({"limit": 5})),
        forecast("With growth", &["horizon", "growth_percent"], json!({"limit": 5})),
        fact("Environments", "environment_analysis", all(json!({"limit": 3})))
            .keep(&["environments", "remarks"])
            .summary(),
        fact(
            "Use over time",
            "query_metrics",
            asked.with(
                &["servers", "since", "timezone"],
                json!({"metrics": ["cpu.total", "mem.percent", "fs.percent"],
                    "aggregate": "environment", "limit": 9}),
            ),
        )
        .keep(&["from", "resolution", "series"])
        .without(&["samples"]),
    ];
    // A month needs 90 days of history, a week 28.
    if asked.get("horizon") == Some("30d") {
        facts.push(forecast("The next 7 days", &[], json!({"horizon": "7d", "limit": 5})));
    }
    facts
}
