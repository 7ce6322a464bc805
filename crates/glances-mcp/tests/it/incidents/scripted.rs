//! Every kind of incident once in five days of ten servers. After each one it is seen which alerts
//! fired on the servers that were struck, and whether the tools that look for what is unusual name
//! one of them, with a series that the script moved, among their first three.

use std::collections::BTreeMap;

use fleet_sim::{
    Fleet,
    scenario::{Incident, KINDS, Kind, Scenario},
};
use serde_json::{Value, json};

use super::{DAYS, HOUR, SERVERS, keep, seeds, span, tell};
use crate::support::rehearsal::{Memories, Rehearsal};

/// A tool that is asked after each incident.
struct Asked {
    tool: &'static str,
    arguments: fn(&Incident) -> Value,
    /// Where its reply has the ranked entries, each with `server` and `metric`, and perhaps, as text,
    /// what moved `with` it.
    entries: &'static str,
}

const ASKED: &[Asked] = &[
    Asked {
        tool: "detect_anomalies",
        arguments: |incident| json!({"since": time(incident.span.begin - HOUR)}),
        entries: "anomalies",
    },
    Asked {
        tool: "what_changed",
        arguments: |incident| {
            let shortest = incident.span.end + AFTER_SECS - WINDOW_MIN_SECS;
            json!({"since": time(incident.span.begin.min(shortest))})
        },
        entries: "moves",
    },
];

/// Entries among which the incident has to be.
const FIRST: usize = 3;
/// An alert of an incident may come so long after its end: it takes minutes to be certain.
const LATE_SECS: f64 = HOUR;
/// A change is told from noise in ten minutes and no less.
const WINDOW_MIN_SECS: f64 = 600.0;
/// The tools are asked two polls after the end.
const AFTER_SECS: f64 = 120.0;

/// Kinds that nobody may miss, so that an alert of any seed has to tell of them.
const ALARMING: &[Kind] = &[Kind::Outage, Kind::Reboot];

fn time(secs: f64) -> String {
    jiff::Timestamp::from_second(secs as i64).unwrap().to_string()
}

/// Counts of one kind of incident.
#[derive(Default)]
struct Score {
    played: u32,
    alerted: u32,
    /// Of which the script moved a series.
    moved: u32,
    /// By any tool.
    told: u32,
    /// By tool.
    found: BTreeMap<&'static str, u32>,
}

async fn play(seed: u64, scores: &mut BTreeMap<&'static str, Score>) {
    let span = span(seed);
    let specs = Fleet::mixed_specs(SERVERS, seed);
    let per_day = KINDS.len() as f64 / f64::from(DAYS);
    let scenario = Scenario::eventful(specs, span, seed, per_day);
    let mut incidents = scenario.incidents().to_vec();
    incidents.sort_by(|one, other| one.span.end.total_cmp(&other.span.end));
    let mut played = Rehearsal::of(scenario, Memories::History).await;
    for incident in &incidents {
        played.play_until(incident.span.end + AFTER_SECS).await;
        let score = scores.entry(incident.kind.row().name).or_default();
        score.played += 1;
        // What only events tell of moves no series.
        let moves = incident.effects.iter().any(|effect| !effect.series.is_empty());
        score.moved += u32::from(moves);
        let mut told = false;
        for asked in ASKED.iter().filter(|_| moves) {
            let reply = played.ask(asked.tool, (asked.arguments)(incident)).await;
            let first: Vec<&Value> = first(&reply[asked.entries], incident, &incidents).collect();
            let found = first.iter().any(|entry| tells_of(entry, incident));
            *score.found.entry(asked.tool).or_default() += u32::from(found);
            told |= found;
            if !found {
                let first: Vec<String> =
                    first.iter().map(|it| format!("{} {}", it["server"], it["metric"])).collect();
                let (kind, struck) = (incident.kind.row().name, &incident.effects[0]);
                tell(&format!(
                    "seed {seed}: {} says {first:?} of {kind} on {}, which moved {:?}",
                    asked.tool, struck.name, struck.series
                ));
            }
        }
        score.told += u32::from(told);
    }
    played.play_until(span.end).await;
    for incident in &incidents {
        let alerted = incident.effects.iter().any(|effect| {
            played.fired.iter().any(|alert| {
                let at = alert.began as f64;
                alert.host.as_ref().is_some_and(|host| host.as_str() == effect.name)
                    && (effect.span.begin - 60.0..effect.span.end + LATE_SECS).contains(&at)
            })
        });
        let score = scores.entry(incident.kind.row().name).or_default();
        score.alerted += u32::from(alerted);
        if !alerted {
            tell(&format!("seed {seed}: no alert of {}", incident.kind.row().name));
        }
    }
}

/// The first entries, without those that tell of another incident that goes on or went on lately:
/// they are right as well.
fn first<'a>(
    entries: &'a Value,
    incident: &'a Incident,
    all: &'a [Incident],
) -> impl Iterator<Item = &'a Value> {
    let lately = incident.span.begin - HOUR..=incident.span.end + AFTER_SECS;
    let others = all.iter().filter(move |other| {
        *other != incident
            && other.span.begin <= *lately.end()
            && other.span.end + LATE_SECS >= *lately.start()
    });
    let others: Vec<&Incident> = others.collect();
    let entries = entries.as_array().into_iter().flatten();
    entries.filter(move |entry| !others.iter().any(|other| tells_of(entry, other))).take(FIRST)
}

/// Whether an entry names a server that was struck with a series that the script moved.
fn tells_of(entry: &Value, incident: &Incident) -> bool {
    let path = |series: &str| series.split(['[', ' ']).next().unwrap_or_default().to_owned();
    let with = entry["with"].as_array().into_iter().flatten();
    let moved: Vec<String> =
        with.chain([&entry["metric"]]).filter_map(Value::as_str).map(path).collect();
    incident.effects.iter().any(|effect| {
        entry["server"] == effect.name && effect.series.iter().any(|it| moved.contains(&path(it)))
    })
}

#[tokio::test(start_paused = true)]
async fn incidents_are_told() {
    let mut scores = BTreeMap::new();
    for seed in seeds() {
        play(seed, &mut scores).await;
    }
    for row in KINDS {
        let Some(score) = scores.get(row.name) else { continue };
        keep(&json!({
            "table": "incidents", "kind": row.name, "usual": row.usual, "played": score.played,
            "alerted": score.alerted, "moved": score.moved, "told": score.told, "found": score.found,
        }));
        if ALARMING.contains(&row.kind) {
            assert_eq!(score.alerted, score.played, "{}", row.name);
        }
    }
}
