//! What each tool that reads history or the judgement takes, warm: called beside the transport, at
//! the end of the simulated days.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use glances_mcp::{
    access::Principal,
    alert::{Engine, Observation, Rules},
    command::Commands,
    judge::judge,
    live::Live,
    metric,
    query::Query,
    snapshot::Snapshot,
    store::History,
    tasks::Tasks,
    tools::{self, Context, ToolDef},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{BEGIN, filled, millis};

/// Calls of one row, and how long they take together at most.
const CALLS: usize = 200;
const ROW_MAX: Duration = Duration::from_secs(20);
/// Polls before the present: rates need two, and alerts a quarter of an hour.
const ROUNDS: u64 = 20;

/// Calls by tool. `ONE` stands for one server. A tool that is not there yet is left out.
const TABLE: &[(&str, &str)] = &[
    ("generate_health_score", "{}"),
    ("generate_health_score", r#"{"format": "detailed"}"#),
    ("capacity_analysis", "{}"),
    ("capacity_analysis", r#"{"within": 30}"#),
    ("capacity_analysis", r#"{"idle": true}"#),
    ("predict_resource_needs", "{}"),
    ("predict_resource_needs", r#"{"servers": ["ONE"], "growth_percent": 50}"#),
    ("query_metrics", "{}"),
    ("query_metrics", r#"{"metrics": ["cpu.total"], "since": "-14d", "sort_by": "p95"}"#),
    ("query_metrics", r#"{"servers": ["ONE"], "metrics": ["cpu.*"], "since": "-7d"}"#),
    ("query_metrics", r#"{"servers": ["ONE"], "metrics": ["cpu.total"], "since": "-24h"}"#),
    (
        "query_metrics",
        r#"{"servers": ["ONE"], "metrics": ["cpu.total"], "since": "-24h", "chart": true}"#,
    ),
    ("query_metrics", r#"{"metrics": ["cpu.total"], "since": "-7d", "limit": 8, "chart": true}"#),
    ("predict_resource_needs", r#"{"servers": ["ONE"], "chart": true}"#),
    ("check_alert_conditions", "{}"),
    ("get_alert_history", "{}"),
    ("get_server_status", r#"{"since": "-7d"}"#),
    ("get_system_overview", r#"{"servers": ["ONE"]}"#),
    ("get_top_processes", r#"{"servers": ["ONE"], "at": "-1h"}"#),
    ("detect_anomalies", "{}"),
    ("detect_anomalies", r#"{"servers": ["ONE"]}"#),
    ("performance_comparison", "{}"),
    ("performance_comparison", r#"{"servers": ["ONE"]}"#),
    ("what_changed", "{}"),
    ("what_changed", r#"{"since": "-24h"}"#),
    ("compare_servers", "{}"),
    ("environment_analysis", "{}"),
    ("analyze_dependencies", "{}"),
    ("analyze_dependencies", r#"{"servers": ["sim-00?", "sim-01?", "sim-02?", "sim-03?"]}"#),
];

/// The end of the simulated days, which is now.
static NOW: AtomicI64 = AtomicI64::new(0);

fn now() -> Timestamp {
    Timestamp::from_second(NOW.load(Ordering::Relaxed)).unwrap()
}

pub(crate) async fn run(servers: u32, days: u32) {
    let store = filled(servers, days, 60).await;
    NOW.store(BEGIN as i64 + i64::from(days) * 86_400, Ordering::Relaxed);
    let (live, engine, one) = present(servers, days);
    let history = History::new(Arc::new(store));
    let (publish, mut judgements) = watch::channel(Arc::default());
    let open: Vec<_> = engine.open().cloned().collect();
    println!("{servers} servers × {days} days at 60 s; {} alerts are open", open.len());
    let (_alerts, alerts) = watch::channel(Arc::new(open));
    let query = Query::new(live.clone(), history.clone(), judgements.clone(), alerts);
    let started = Instant::now();
    let tasks = Tasks::default();
    tasks.spawn("judge", judge(live, history, publish, now));
    judgements.wait_for(|judgement| judgement.at.is_some()).await.unwrap();
    let secs = started.elapsed().as_secs_f64();
    println!("judged {secs:.1} s after the start, 3 s of which it waits\n");
    let (commands, _orders, _orders_about_alerts) = Commands::channel();
    let cx = Context::new(Principal::local(), query, commands, now);

    println!(
        "| tool | arguments | p50 ms | p99 ms | tokens of text | of the structure | image bytes |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all = tools::all();
    for (name, arguments) in TABLE {
        if let Some(def) = all.iter().find(|def| def.name == *name) {
            row(def, &cx, &arguments.replace("ONE", &one)).await;
        }
    }
}

async fn row(def: &ToolDef, cx: &Context, arguments: &str) {
    let Value::Object(map) = serde_json::from_str(arguments).unwrap_or_else(|_| json!({})) else {
        return;
    };
    // The first call warms the caches, and tells the size.
    let reply = match def.call(cx.clone(), map.clone()).await {
        Ok(reply) => reply,
        Err(err) => {
            println!("| `{}` | `{arguments}` | refused: {err} | | | | |", def.name);
            return;
        }
    };
    if std::env::var_os("SHOW").is_some_and(|name| name == def.name) {
        println!("{}\n", reply.text);
    }
    let (mut times, began) = (Vec::new(), Instant::now());
    while times.len() < CALLS && began.elapsed() < ROW_MAX {
        let started = Instant::now();
        let _ = std::hint::black_box(def.call(cx.clone(), map.clone()).await);
        times.push(started.elapsed());
    }
    println!(
        "| `{}` | `{arguments}` | {:.2} | {:.2} | {} | {} | {} |",
        def.name,
        millis(&mut times, 0.5),
        millis(&mut times, 0.99),
        tokens(&reply.text),
        tokens(&reply.structured.to_string()),
        reply.images.iter().map(|image| image.bytes().len()).sum::<usize>(),
    );
}

/// The last polls: what is live, the alerts, and the name of a server that answers.
fn present(servers: u32, days: u32) -> (Live, Engine, String) {
    let mut polls = super::feed(servers, days * 24, 60);
    let (live, mut engine) = (Live::default(), Engine::new(Rules::built_in()));
    let rounds = polls.rounds();
    let mut one = String::new();
    for round in rounds.saturating_sub(ROUNDS)..rounds {
        let snapshots: Vec<Snapshot> = polls.snapshots(round).iter().map(judged).collect();
        if live.is_empty() {
            live.set_hosts(snapshots.iter().map(|snapshot| snapshot.host.clone()).collect());
        }
        for snapshot in snapshots {
            if let Some(at) = snapshot.reach.last_attempt {
                let secs = at.as_second();
                let seen = Observation { snapshot: &snapshot, secs, clock_skew_secs: None };
                engine.observe(&seen);
            }
            if one.is_empty() && snapshot.reach.error.is_none() {
                one = snapshot.host.alias.to_string();
            }
            live.publish(Arc::new(snapshot));
        }
        engine.tick(polls.end_of(round));
    }
    (live, engine, one)
}

fn judged(snapshot: &Arc<Snapshot>) -> Snapshot {
    Snapshot { findings: metric::findings(snapshot).into(), ..(**snapshot).clone() }
}

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}
