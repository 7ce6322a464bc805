//! Days of a simulated fleet whose truth is known: how often alerts fire on days on which nothing
//! breaks, and what alerts and tools say of scripted incidents. Three seeds run with the other
//! tests; `cargo xtask eval` runs fifty and keeps the numbers.

mod quiet;
mod scripted;
mod usual;

use std::{
    fs::OpenOptions,
    io::Write as _,
    sync::Mutex,
    thread::{self, available_parallelism},
};

use fleet_sim::scenario::Span;
use serde_json::Value;

/// A Monday.
const MONDAY: f64 = 1_795_392_000.0;
/// A Thursday before a Saturday that is a holiday.
const BEFORE_HOLIDAY: f64 = 1_790_812_800.0;
/// One seed of so many has the holiday in its middle.
const HOLIDAY_EVERY: u64 = 5;
const DAY: f64 = 86_400.0;
const HOUR: f64 = 3_600.0;
const SERVERS: usize = 10;
const DAYS: u32 = 5;
/// Seeds that run with the other tests.
const SEEDS: u64 = 3;

/// The seeds to play: who evaluates says how many (`50`), or which (`26-50`).
fn seeds() -> std::ops::RangeInclusive<u64> {
    let Ok(text) = std::env::var("GLANCES_EVAL_SEEDS") else { return 1..=SEEDS };
    let (first, last) = text.split_once('-').unwrap_or(("1", &text));
    first.parse().unwrap()..=last.parse().unwrap()
}

/// Plays every seed and says what each counted, in no order: as many at a time as there are cores,
/// each in a runtime of its own whose time does not pass by itself.
fn of_each_seed<T: Send>(play: impl AsyncFn(u64) -> T + Sync) -> Vec<T> {
    let seeds = Mutex::new(seeds());
    let next = || seeds.lock().unwrap().next();
    let worker = || {
        let mut counted = Vec::new();
        while let Some(seed) = next() {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().start_paused(true).build().unwrap();
            counted.push(runtime.block_on(play(seed)));
        }
        counted
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..available_parallelism().unwrap().get()).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|it| it.join().unwrap()).collect()
    })
}

/// Five days from any day of the week on; in one seed of five they have a holiday.
fn span(seed: u64) -> Span {
    let begin = match seed % HOLIDAY_EVERY {
        0 => BEFORE_HOLIDAY,
        _ => MONDAY + (seed % 7) as f64 * DAY,
    };
    Span::days(begin, DAYS)
}

/// What a failed test shows, and who evaluates reads while it takes its time.
#[expect(clippy::print_stdout, reason = "the output of a test")]
fn tell(line: &str) {
    println!("{line}");
}

/// Tells a row of numbers, and keeps it for who evaluates.
fn keep(row: &Value) {
    tell(&row.to_string());
    if let Some(file) = std::env::var_os("GLANCES_EVAL_OUT") {
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{row}").unwrap();
    }
}
