//! Questions about the past, and the time until a store answers at all.

use std::time::{Duration, Instant};

use fleet_sim::load::hash;
use glances_mcp::{
    ingest::Recorded,
    model::HostName,
    store::{Level, Sql, Store as _, coarser},
    store::{Point, SeriesName, Span},
};
use tempfile::TempDir;

use super::{BEGIN, feed, filled, millis, naive::Naive, place};

/// Questions of each kind.
const QUESTIONS: u64 = 200;
/// Points of an answer.
const POINTS: i64 = 200;
const DAY: i64 = 86_400;
/// Between two polls.
const EVERY_SECS: u32 = 60;
/// Servers and days of the plain table: a question about one series does not see the others.
const NAIVE_SERVERS: u32 = 3;
const NAIVE_DAYS: u32 = 7;

pub(crate) async fn range(servers: u32, days: u32) {
    let store = filled(servers, days, EVERY_SECS).await;
    let series = all_series(&store, servers).await;
    let end = BEGIN as i64 + i64::from(days) * DAY;
    let week = Span { from: end - 7 * DAY, to: end };
    let hour = Span { from: end - 3_600, to: end };
    let kinds = [
        ("7 days of raw values to 200 points", week, Level::Raw),
        ("7 days of 5 minutes to 200 points", week, Level::FiveMinutes),
        ("7 days of hours", week, Level::Hour),
        ("the last hour, raw", hour, Level::Raw),
    ];
    println!("| one series of {servers} servers × {days} days | points read | p50 ms | p99 ms |");
    println!("|---|---|---|---|");
    for (kind, span, level) in kinds {
        let (mut times, mut points) = (Vec::new(), 0);
        for question in 0..QUESTIONS {
            let (host, names) = &series[(hash(question, 1) % series.len() as u64) as usize];
            let name = names[(hash(question, 2) % names.len() as u64) as usize].clone();
            let started = Instant::now();
            let found = store.range(host, &[name], span, level).await.unwrap();
            std::hint::black_box(coarser(&found[0], span.secs() / POINTS));
            times.push(started.elapsed());
            points += found[0].len();
        }
        row(kind, points, &mut times);
    }
    naive(week.secs()).await;
}

fn row(kind: &str, points: usize, times: &mut [Duration]) {
    let points = points as u64 / QUESTIONS;
    println!("| {kind} | {points} | {:.2} | {:.2} |", millis(times, 0.5), millis(times, 0.99));
}

async fn all_series(store: &Sql, servers: u32) -> Vec<(HostName, Vec<SeriesName>)> {
    let mut all = Vec::new();
    for spec in fleet_sim::Fleet::mixed_specs(servers as usize, super::SEED) {
        let host = HostName::parse(&spec.name).unwrap();
        let names = store.series(&host).await.unwrap();
        all.push((host, names));
    }
    all
}

/// The same questions of a row a value.
async fn naive(secs: i64) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("naive.db");
    let mut naive = Naive::open(&file).await;
    let mut days = super::feed(NAIVE_SERVERS, NAIVE_DAYS * 24, 60);
    let (mut recorded, mut names, mut values) = (Recorded::default(), Vec::new(), 0);
    for round in 0..days.rounds() {
        let batch = feed::noted(&mut recorded, &days.snapshots(round));
        naive.append(&batch).await;
        values += feed::values(&batch);
        if round == 10 {
            names = batch.samples.iter().flat_map(named).collect();
        }
    }
    let end = BEGIN as i64 + i64::from(NAIVE_DAYS) * DAY;
    for (kind, secs) in
        [("a row a value: 7 days to 200 points", secs), ("a row a value: the last hour", 3_600)]
    {
        let (mut times, mut points) = (Vec::new(), 0);
        for question in 0..QUESTIONS {
            let name = &names[(hash(question, 2) % names.len() as u64) as usize];
            let started = Instant::now();
            let found: Vec<Point> = naive.range(name, end - secs, end).await;
            std::hint::black_box(coarser(&found, secs / POINTS));
            times.push(started.elapsed());
            points += found.len();
        }
        row(kind, points, &mut times);
    }
    naive.close().await;
    let bytes = std::fs::metadata(&file).unwrap().len();
    println!(
        "\nA row a value: {NAIVE_SERVERS} servers × {NAIVE_DAYS} days, {values} values, {:.1} bytes \
         a value.",
        bytes as f64 / values as f64
    );
}

fn named(sample: &glances_mcp::store::Sample) -> impl Iterator<Item = String> {
    sample.values.iter().map(|(series, _)| format!("{}/{series}", sample.host))
}

pub(crate) async fn open(servers: u32, days: u32) {
    const TIMES: usize = 20;
    drop(filled(servers, days, EVERY_SECS).await);
    let file = place(servers, days, EVERY_SECS);
    let end = BEGIN as i64 + i64::from(days) * DAY;
    let host = HostName::parse("sim-001").unwrap();
    let (mut opened, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let started = Instant::now();
        let store = Sql::open(&file, "bench").await.unwrap();
        opened.push(started.elapsed());
        let span = Span { from: end - 3_600, to: end };
        let found = store.range(&host, &["cpu.total".into()], span, Level::Raw).await.unwrap();
        assert!(!found[0].is_empty());
        answered.push(started.elapsed());
    }
    let bytes = std::fs::metadata(&file).unwrap().len();
    println!(
        "{} MB ({servers} servers × {days} days), {TIMES} times: open after p50 {:.0} ms, most {:.0} \
         ms; the first answer after p50 {:.0} ms, most {:.0} ms",
        bytes / 1_000_000,
        millis(&mut opened, 0.5),
        millis(&mut opened, 1.0),
        millis(&mut answered, 0.5),
        millis(&mut answered, 1.0),
    );
}
