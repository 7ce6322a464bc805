//! Two weeks on which nothing breaks, and on one server a backup begins to run every night: how much
//! `detect_anomalies` tells of them, asked each midnight as an assistant asks. The first nights of the
//! backup are news; all else that is told is false.

use fleet_sim::{
    Fleet,
    scenario::{Kind, Scenario, Span},
};
use serde_json::{Value, json};

use super::{DAY, MONDAY, keep, of_each_seed, tell};
use crate::support::rehearsal::{Memories, Rehearsal};

const SERVERS: usize = 5;
const DAYS: u32 = 14;
/// The server that is backed up.
const BACKED_UP: usize = 2;
/// What a backup moves and nothing else: disks are read.
const READS: &str = "diskio.read_bytes";
/// Habits take three days.
const FIRST_DAY: u32 = 3;
/// On this day the backup begins.
const BACKUP_DAY: u32 = 6;
/// After so many nights it is no news.
const NEWS_NIGHTS: usize = 3;

/// Moments told that were none, of a day of a server.
const FALSE_PER_DAY_MAX: f64 = 0.1;

/// What was told, by the day.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    backups: u32,
    false_ones: u32,
    /// Of the false ones those called records.
    records: u32,
}

async fn play(seed: u64) -> Vec<Told> {
    let span = Span::days(MONDAY + (seed % 7) as f64 * DAY, DAYS);
    let mut scenario = Scenario::calm(Fleet::mixed_specs(SERVERS, seed), span, seed);
    let begin = span.begin + f64::from(BACKUP_DAY) * DAY;
    assert!(scenario.play(Kind::BackupWindow, &[BACKED_UP], begin, span.end - begin));
    let server = scenario.incidents()[0].effects[0].name.clone();
    let mut played = Rehearsal::of(scenario, Memories::History).await;
    let mut days = Vec::new();
    for day in 0..DAYS {
        played.play_until(span.begin + f64::from(day + 1) * DAY).await;
        let mut told = Told::default();
        if day >= FIRST_DAY {
            let reply = played.ask("detect_anomalies", json!({"limit": 50})).await;
            assert_eq!(reply["coverage"]["next_cursor"], Value::Null, "a day has more than 50");
            for row in reply["anomalies"].as_array().unwrap() {
                let is_backup = row["server"] == *server && reads(row);
                told.backups += u32::from(is_backup);
                told.false_ones += u32::from(!is_backup);
                told.records += u32::from(!is_backup && row["severity"] == "record");
                let what = if is_backup { "backup" } else { "false" };
                tell(&format!("seed {seed}, day {day}, {what}: {row}"));
            }
        }
        days.push(told);
    }
    days
}

fn reads(row: &Value) -> bool {
    let with = row["with"].as_array().into_iter().flatten();
    let mut named = with.chain([&row["metric"]]).filter_map(Value::as_str);
    named.any(|name| name.starts_with(READS))
}

#[test]
fn calm_days_are_calm_and_a_nightly_backup_is_a_habit_within_a_week() {
    let seeds = of_each_seed(play);
    let days = || seeds.iter().flat_map(|days| (0..).zip(days));
    let judged = || days().filter(|(day, _)| *day >= FIRST_DAY).map(|(_, told)| told);
    let server_days = judged().count() * SERVERS;
    let false_ones: u32 = judged().map(|told| told.false_ones).sum();
    let records: u32 = judged().map(|told| told.records).sum();
    // Of the nights of the backup, by their number: how many of how many were told.
    let nights: Vec<[usize; 2]> = (BACKUP_DAY..DAYS)
        .map(|night| {
            let nights = days().filter(|(day, _)| *day == night);
            let told = nights.clone().filter(|(_, told)| told.backups > 0);
            [told.count(), nights.count()]
        })
        .collect();
    keep(&json!({
        "table": "usual", "server_days": server_days, "false": false_ones, "records": records,
        "nights": nights,
    }));
    let false_per_day = f64::from(false_ones) / server_days as f64;
    assert!(false_per_day <= FALSE_PER_DAY_MAX, "{false_per_day}");
    let known = nights.iter().skip(NEWS_NIGHTS);
    let [told, of] = known.fold([0, 0], |[told, of], night| [told + night[0], of + night[1]]);
    assert!(told * 20 <= of, "{told} backups of {of} nights after the first {NEWS_NIGHTS}");
}
