//! Every kind of incident once in five days of ten servers. After each one it is seen which alerts
//! fired on the servers that were struck, and whether the tools that look for what is unusual name
//! one of them, with a series that the script moved, among their first three; of kinds whose trace is
//! an event, with that event.

use std::collections::BTreeMap;

use fleet_sim::{
    Fleet,
    scenario::{Incident, KINDS, Kind, Scenario},
};
use serde_json::{Value, json};

use super::{DAYS, HOUR, SERVERS, keep, of_each_seed, span, tell};
use crate::support::rehearsal::{Memories, Rehearsal};

/// A tool that is asked after each incident.
struct Asked {
    tool: &'static str,
    arguments: fn(&Incident) -> Value,
    /// Ranked lists of its reply, any of which may tell.
    lists: &'static [(&'static str, Tells)],
}

/// Whether an entry of a list tells of an incident.
type Tells = fn(&Value, &Incident) -> bool;

const ASKED: &[Asked] = &[
    Asked {
        tool: "detect_anomalies",
        arguments: |incident| json!({"since": time(incident.span.begin - HOUR)}),
        lists: &[("anomalies", moved)],
    },
    Asked {
        tool: "what_changed",
        arguments: |incident| {
            let shortest = incident.span.end + AFTER_SECS - WINDOW_MIN_SECS;
            json!({"since": time(incident.span.begin.min(shortest))})
        },
        lists: &[("moves", moved), ("events", happened)],
    },
];

/// Kinds whose trace is an event, so that an event tells of them: a container or a program that
/// dies and is started again moves next to no series, and a Glances, or a machine, that is away for
/// less than two polls none at all. Other kinds come with events as well (an outage, a deploy that
/// makes containers anew) and have to be told by what they move.
const TOLD_BY_EVENTS: &[Kind] = &[Kind::CrashLoop, Kind::GlancesRestart, Kind::Reboot];

/// Entries among which the incident has to be.
const FIRST: usize = 3;
/// An alert of an incident may come so long after its end: it takes minutes to be certain.
const LATE_SECS: f64 = HOUR;
/// A change is told from noise in ten minutes and no less.
const WINDOW_MIN_SECS: f64 = 600.0;
/// The tools are asked two polls after the end.
const AFTER_SECS: f64 = 120.0;

/// Share of the incidents that leave a trace, of kinds that are not usual, of which a tool tells.
const TOLD_MIN: f64 = 0.95;

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
    /// Of which something that is served shows anything.
    traced: u32,
    /// By any tool.
    told: u32,
    /// By tool.
    found: BTreeMap<&'static str, u32>,
}

impl Score {
    fn add(&mut self, more: &Self) {
        self.played += more.played;
        self.alerted += more.alerted;
        self.traced += more.traced;
        self.told += more.told;
        for (tool, found) in &more.found {
            *self.found.entry(tool).or_default() += found;
        }
    }
}

/// By kind.
async fn play(seed: u64) -> BTreeMap<&'static str, Score> {
    let mut scores = BTreeMap::<_, Score>::new();
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
        let by_events = TOLD_BY_EVENTS.contains(&incident.kind);
        let leaves_a_trace = incident
            .effects
            .iter()
            .any(|it| !it.series.is_empty() || by_events && !it.events.is_empty());
        score.traced += u32::from(leaves_a_trace);
        let mut told = false;
        for asked in ASKED.iter().filter(|_| leaves_a_trace) {
            let reply = played.ask(asked.tool, (asked.arguments)(incident)).await;
            let mut found = false;
            let mut said = Vec::new();
            for (list, tells) in asked.lists {
                if *list == "events" && !by_events {
                    continue;
                }
                let first: Vec<&Value> =
                    first(&reply[*list], *tells, incident, &incidents).collect();
                found |= first.iter().any(|entry| tells(entry, incident));
                said.extend(first.into_iter().cloned());
            }
            *score.found.entry(asked.tool).or_default() += u32::from(found);
            told |= found;
            if !found {
                tell(&format!("seed {seed}: {} says of {}", asked.tool, words(incident, &said)));
            }
        }
        if leaves_a_trace && !told {
            tell(&format!("seed {seed}: nobody tells of {}", words(incident, &[])));
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
    scores
}

/// An incident, and the entries that miss it.
fn words(incident: &Incident, said: &[Value]) -> String {
    let of = |entry: &Value| {
        let names = ["server", "servers", "metric", "what", "item"];
        let named = names.iter().filter_map(|name| entry[name].as_str());
        named.collect::<Vec<_>>().join(" ")
    };
    let said: Vec<String> = said.iter().map(of).collect();
    let struck = &incident.effects[0];
    let (series, events) = (&struck.series, &struck.events);
    let hours = incident.span.secs() / HOUR;
    let kind = incident.kind.row().name;
    format!("{kind} on {} ({hours:.1} h, {series:?}, {events:?}): {said:?}", struck.name)
}

/// The first entries, without those that tell of another incident that goes on or went on lately:
/// they are right as well.
fn first<'a>(
    entries: &'a Value,
    tells: Tells,
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
    entries.filter(move |entry| !others.iter().any(|other| tells(entry, other))).take(FIRST)
}

/// Whether an entry names a server that was struck with a series that the script moved.
fn moved(entry: &Value, incident: &Incident) -> bool {
    let path = |series: &str| series.split(['[', ' ']).next().unwrap_or_default().to_owned();
    let with = entry["with"].as_array().into_iter().flatten();
    let moved: Vec<String> =
        with.chain([&entry["metric"]]).filter_map(Value::as_str).map(path).collect();
    incident.effects.iter().any(|effect| {
        entry["server"] == effect.name && effect.series.iter().any(|it| moved.contains(&path(it)))
    })
}

/// Whether an entry names a server that was struck with what the script made happen to an item.
fn happened(entry: &Value, incident: &Incident) -> bool {
    let servers = entry["servers"].as_str().unwrap_or_default();
    let named = |name: &str| servers.split([',', ' ']).any(|word| word == name);
    let item = entry["item"].as_str().unwrap_or_default();
    incident.effects.iter().any(|effect| {
        let what = |(what, of): &(&str, String)| entry["what"] == *what && item == of;
        named(&effect.name) && effect.events.iter().any(what)
    })
}

#[test]
fn incidents_are_told() {
    let mut scores = BTreeMap::<_, Score>::new();
    for (kind, score) in of_each_seed(play).into_iter().flatten() {
        scores.entry(kind).or_default().add(&score);
    }
    let (mut told, mut traced) = (0, 0);
    for row in KINDS {
        let Some(score) = scores.get(row.name) else { continue };
        keep(&json!({
            "table": "incidents", "kind": row.name, "usual": row.usual, "played": score.played,
            "alerted": score.alerted, "traced": score.traced, "told": score.told, "found": score.found,
        }));
        if ALARMING.contains(&row.kind) {
            assert_eq!(score.alerted, score.played, "{}", row.name);
        }
        if !row.usual {
            (told, traced) = (told + score.told, traced + score.traced);
        }
    }
    let share = f64::from(told) / f64::from(traced);
    assert!(share >= TOLD_MIN, "{told} of {traced} incidents are told");
}
