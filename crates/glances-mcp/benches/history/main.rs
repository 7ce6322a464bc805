//! Measures history: the real write path into SQLite, and the questions asked of it, beside the plain
//! table that one would write first. Prints Markdown for `docs/benchmarks.md`. One part a run:
//! `cargo bench -p glances-mcp --bench history -- ingest`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that fails stops, and prints what it found"
)]

mod draw;
#[path = "../../tests/it/support/feed.rs"]
mod feed;
mod ingest;
mod naive;
mod read;
mod real;
mod size;
mod tools;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use fleet_sim::{
    Fleet,
    scenario::{Scenario, Span},
};
use glances_mcp::store::{Sql, Store as _};

use self::feed::Feed;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A Monday; what is simulated begins here.
const BEGIN: f64 = 1_795_392_000.0;
/// Everything simulated follows from it.
const SEED: u64 = 7;
/// Rounds between two upkeeps while days pass in seconds; the product keeps up every minute.
const UPKEEP_EVERY: u64 = 10;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |index: usize, usual: u32| {
        args.get(index).map_or(usual, |text| text.parse().expect("a number"))
    };
    match args.first().map(String::as_str) {
        Some("ingest") => ingest::run(number(1, 100), number(2, 6)).await,
        Some("size") => size::run(number(1, 100), number(2, 14), number(3, 60)).await,
        Some("real") => real::run(number(1, 24)).await,
        Some("range") => read::range(number(1, 100), number(2, 14)).await,
        Some("tools") => tools::run(number(1, 100), number(2, 14)).await,
        Some("draw") => draw::run(),
        Some("open") => read::open(number(1, 100), number(2, 14)).await,
        _ => println!(
            "one of: ingest [servers] [hours], size [servers] [days] [every], real [hours], \
             range [servers] [days], open [servers] [days], tools [servers] [days], draw"
        ),
    }
}

/// Servers of mixed versions over a time, about two incidents a day among a hundred.
fn feed(servers: u32, hours: u32, every_secs: u32) -> Feed {
    let span = Span { begin: BEGIN, end: BEGIN + f64::from(hours) * 3_600.0 };
    let specs = Fleet::mixed_specs(servers as usize, SEED);
    let per_day = f64::from(servers) / 50.0;
    Feed::new(Scenario::eventful(specs, span, SEED, per_day), every_secs)
}

/// Where a filled store of this size is kept between runs.
fn place(servers: u32, days: u32, every_secs: u32) -> PathBuf {
    let name = format!("glances-mcp-history-{servers}x{days}-{every_secs}s.db");
    std::env::temp_dir().join(name)
}

/// A store with so many servers and days, filled unless an earlier run left one.
async fn filled(servers: u32, days: u32, every_secs: u32) -> Sql {
    let file = place(servers, days, every_secs);
    if !file.exists() {
        let draft = file.with_extension("draft");
        for ending in ["draft", "draft-wal", "draft-shm"] {
            let _ = std::fs::remove_file(file.with_extension(ending));
        }
        let store = Sql::open(&draft, "bench").await.unwrap();
        let started = Instant::now();
        let fed = feed::fill(feed(servers, days * 24, every_secs), &store, UPKEEP_EVERY).await;
        let secs = started.elapsed().as_secs_f64();
        let size = store.size().await.unwrap();
        println!(
            "filled with {servers} servers × {days} days at {every_secs} s in {secs:.0} s ({:.0} values/s, \
             making the models beside it): {} polls, {} values, {:.1} values a poll, {} MB\n",
            fed.values as f64 / secs,
            fed.polls,
            fed.values,
            fed.values as f64 / fed.polls as f64,
            size.bytes / 1_000_000,
        );
        drop(store);
        // Opening and closing once more brings what is left in the log into the file.
        drop(Sql::open(&draft, "bench").await.unwrap());
        std::fs::rename(&draft, &file).unwrap();
        for ending in ["-wal", "-shm"] {
            let beside = |of: &PathBuf| PathBuf::from(format!("{}{ending}", of.display()));
            let _ = std::fs::rename(beside(&draft), beside(&file));
        }
    }
    Sql::open(&file, "bench").await.unwrap()
}

/// The quantile of some times, in milliseconds.
fn millis(times: &mut [Duration], q: f64) -> f64 {
    times.sort();
    times[((times.len() - 1) as f64 * q).round() as usize].as_secs_f64() * 1_000.0
}
