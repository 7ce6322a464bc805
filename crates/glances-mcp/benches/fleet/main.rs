//! Measures the real binary over HTTP against a simulated fleet and prints Markdown tables for
//! `docs/benchmarks.md`. One part a run: `cargo bench -p glances-mcp --bench fleet -- latency`.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that fails stops, and prints what it found"
)]

mod bare;
mod http;
mod target;

use std::time::{Duration, Instant};

use fleet_sim::{Fault, Fleet};
use serde_json::{Value, json};

use self::{http::Connection, target::Target};

/// Calls of each tool for one row of the latency table.
const CALLS: usize = 400;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("latency") => latency().await,
        Some("throughput") => throughput().await,
        Some("footprint") => footprint().await,
        Some("clients") => clients().await,
        Some("--bare") => bare::serve(&args[1]).await,
        _ => println!("one of: latency, throughput, footprint, clients"),
    }
}

/// The tools that answer about a whole fleet, with what they cannot do without.
const TOOLS: &[&str] = &[
    "get_system_overview",
    "list_servers",
    "get_server_status",
    "get_detailed_metrics",
    "get_disk_usage",
    "get_disk_io_stats",
    "get_network_stats",
    "get_network_connections",
    "get_containers",
    "get_top_processes",
    "compare_servers",
    "environment_analysis",
];

async fn latency() {
    println!(
        "| tool | 1 server p50/p99 ms | 10 | 100 | 100, 20 of them hang |\n|---|---|---|---|---|"
    );
    let mut columns: Vec<Vec<String>> = Vec::new();
    for (count, hanging) in [(1, 0), (10, 0), (100, 0), (100, 20)] {
        let fleet = Fleet::mixed(count, 1).await.unwrap();
        for index in 0..hanging {
            fleet.set_fault(index * 5, Some(Fault::Hang));
        }
        let target = Target::start(&fleet.config_json()).await;
        let mut column = Vec::new();
        let mut connection = Connection::open(target.address).await;
        for tool in TOOLS {
            // One server has nothing to be compared with.
            if *tool == "compare_servers" && count == 1 {
                column.push("-".to_owned());
                continue;
            }
            let mut times = Vec::new();
            for _ in 0..CALLS {
                let started = Instant::now();
                let result = connection.call(tool, &json!({})).await;
                times.push(started.elapsed());
                assert_eq!(result["isError"], false, "{tool}: {result}");
                assert_eq!(result["structuredContent"]["coverage"]["selected"], count, "{tool}");
            }
            column.push(format!("{} / {}", millis(&mut times, 0.5), millis(&mut times, 0.99)));
        }
        columns.push(column);
    }
    for (row, tool) in TOOLS.iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
        println!("| `{tool}` | {} |", cells.join(" | "));
    }
}

/// The quantile of some times, in milliseconds.
fn millis(times: &mut [Duration], q: f64) -> String {
    times.sort();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let index = ((times.len() - 1) as f64 * q).round() as usize;
    format!("{:.2}", times[index].as_secs_f64() * 1_000.0)
}

/// `get_system_overview` against a bare rmcp tool that answers the same bytes, turn by turn.
async fn throughput() {
    const TURNS: usize = 5;
    const TURN: Duration = Duration::from_secs(4);
    let fleet = Fleet::mixed(100, 1).await.unwrap();
    let target = Target::start(&fleet.config_json()).await;
    let reply =
        Connection::open(target.address).await.call("get_system_overview", &json!({})).await;
    let bare = Target::bare(&reply).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(Turn::of(&target, TURN).await);
        theirs.push(Turn::of(&bare, TURN).await);
    }
    let median = |turns: &[Turn], of: fn(&Turn) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let rate = |turns: &[Turn]| median(turns, |turn| turn.calls / turn.secs);
    let cost = |turns: &[Turn]| median(turns, |turn| turn.cpu_secs / turn.calls * 1e6);
    println!(
        "100 servers, 4 connections: {:.0} calls/s against {:.0} of a bare rmcp tool with the \
         same {} bytes: ratio {:.2}; CPU of the server a call: {:.0} µs against {:.0} µs",
        rate(&ours),
        rate(&theirs),
        reply.to_string().len(),
        rate(&ours) / rate(&theirs),
        cost(&ours),
        cost(&theirs),
    );
}

/// What one server did while it was called without a pause.
struct Turn {
    calls: f64,
    secs: f64,
    cpu_secs: f64,
}

impl Turn {
    async fn of(target: &Target, during: Duration) -> Self {
        const CONNECTIONS: usize = 4;
        let (started, cpu_before) = (Instant::now(), target.cpu_seconds());
        let one = async || {
            let mut connection = Connection::open(target.address).await;
            let mut calls = 0.0;
            while started.elapsed() < during {
                connection.call("get_system_overview", &json!({})).await;
                calls += 1.0;
            }
            calls
        };
        let all = futures_util::future::join_all((0..CONNECTIONS).map(|_| one())).await;
        Self {
            calls: all.into_iter().sum(),
            secs: started.elapsed().as_secs_f64(),
            cpu_secs: target.cpu_seconds() - cpu_before,
        }
    }
}

/// Memory and CPU of the server while it polls, without callers.
async fn footprint() {
    println!("| servers | CPU, % of one core | memory, MiB |\n|---|---|---|");
    for count in [100, 1_000] {
        let fleet = Fleet::mixed(count, 1).await.unwrap();
        let target = Target::start(&fleet.config_json()).await;
        // First contact is over and every plugin has had its turn.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (before, started) = (target.cpu_seconds(), Instant::now());
        tokio::time::sleep(Duration::from_secs(60)).await;
        let share = (target.cpu_seconds() - before) / started.elapsed().as_secs_f64() * 100.0;
        println!("| {count} | {share:.1} | {:.0} |", target.memory_mib());
    }
}

/// 100 clients at once for a minute, half with sessions, half stateless.
async fn clients() {
    const CLIENTS: usize = 100;
    const DURING: Duration = Duration::from_secs(60);
    let fleet = Fleet::mixed(100, 1).await.unwrap();
    for index in 0..20 {
        fleet.set_fault(index * 5, Some(Fault::Hang));
    }
    let target = Target::start(&fleet.config_json()).await;
    let started = Instant::now();
    let client = async |number: usize| {
        let mut connection = Connection::open(target.address).await;
        if number.is_multiple_of(2) {
            connection.initialize().await;
        }
        let (mut times, mut errors) = (Vec::new(), 0_usize);
        while started.elapsed() < DURING {
            for tool in TOOLS {
                let asked = Instant::now();
                let result: Value = connection.call(tool, &json!({})).await;
                times.push(asked.elapsed());
                errors += usize::from(result["isError"] != false);
            }
        }
        (times, errors)
    };
    let all = futures_util::future::join_all((0..CLIENTS).map(client)).await;
    let errors: usize = all.iter().map(|(_, errors)| errors).sum();
    let mut times: Vec<Duration> = all.into_iter().flat_map(|(times, _)| times).collect();
    println!(
        "{CLIENTS} clients, {} s, 100 servers of which 20 hang: {} calls, {errors} errors, p50 {} \
         ms, p95 {} ms, p99 {} ms; memory {:.0} MiB",
        DURING.as_secs(),
        times.len(),
        millis(&mut times, 0.5),
        millis(&mut times, 0.95),
        millis(&mut times, 0.99),
        target.memory_mib()
    );
}
