//! Values a second through the real path, and where the time goes.

use std::time::{Duration, Instant};

use glances_mcp::{
    ingest::Recorded,
    metric,
    store::{Sql, Store as _},
};
use tempfile::TempDir;

use super::{UPKEEP_EVERY, feed, naive::Naive};

/// Rounds that the plain table gets: it is slow, and its speed does not change within them.
const NAIVE_ROUNDS: u64 = 30;

pub(crate) async fn run(servers: u32, hours: u32) {
    let dir = TempDir::new().unwrap();
    let store = Sql::open(&dir.path().join("history.db"), "bench").await.unwrap();
    let mut naive = Naive::open(&dir.path().join("naive.db")).await;
    let mut days = super::feed(servers, hours, 60);
    let mut recorded = Recorded::default();
    let [mut making, mut judging, mut noting, mut writing, mut sealing, mut plain] =
        [Duration::ZERO; 6];
    let (mut values, mut polls, mut plain_values) = (0_u64, 0_usize, 0_u64);
    for round in 0..days.rounds() {
        let started = Instant::now();
        let snapshots = days.snapshots(round);
        making += started.elapsed();

        let started = Instant::now();
        let found: usize = snapshots.iter().map(|snapshot| metric::findings(snapshot).len()).sum();
        std::hint::black_box(found);
        judging += started.elapsed();

        let started = Instant::now();
        let batch = feed::noted(&mut recorded, &snapshots);
        noting += started.elapsed();

        let started = Instant::now();
        store.append(&batch).await.unwrap();
        writing += started.elapsed();

        if round % UPKEEP_EVERY == UPKEEP_EVERY - 1 {
            let started = Instant::now();
            feed::keep_up(&store, days.end_of(round)).await;
            sealing += started.elapsed();
        }
        values += feed::values(&batch);
        polls += batch.samples.len();
        if round < NAIVE_ROUNDS {
            let started = Instant::now();
            naive.append(&batch).await;
            plain += started.elapsed();
            plain_values += feed::values(&batch);
        }
    }
    naive.close().await;
    let path = noting + writing + sealing;
    let ours = values as f64 / path.as_secs_f64();
    let theirs = plain_values as f64 / plain.as_secs_f64();
    println!(
        "{servers} servers × {hours} h at 60 s: {polls} polls, {values} values ({:.0} a poll); one \
         transaction a round of {servers} polls, upkeep every {UPKEEP_EVERY} rounds\n",
        values as f64 / polls as f64
    );
    println!("| part | s | share | µs a poll |\n|---|---|---|---|");
    for (part, time) in [("noting", noting), ("writing", writing), ("upkeep", sealing)] {
        println!(
            "| {part} | {:.2} | {:.0} % | {:.0} |",
            time.as_secs_f64(),
            100.0 * time.as_secs_f64() / path.as_secs_f64(),
            time.as_secs_f64() * 1e6 / polls as f64
        );
    }
    println!(
        "\n**{ours:.0} values/s** through noting, writing and upkeep; a row a value: {theirs:.0}/s; \
         ratio **{:.1}**. Beside it: thresholds judged in {:.0} µs a poll, models made in {:.0}.",
        ours / theirs,
        judging.as_secs_f64() * 1e6 / polls as f64,
        making.as_secs_f64() * 1e6 / polls as f64,
    );
}
