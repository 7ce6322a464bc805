//! Over a time: which share of its polls a server answered, when it was down, and its reboots.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::{Context, ToolError, history::watched_percent};
use crate::{
    model::HostName,
    query::{Selection, level_for, window::Window},
    snapshot::Status,
    store::Event,
};

/// Servers up to which the last day is looked at without being asked for.
const UNASKED_SERVERS_MAX: usize = 5;
/// Rows of outages and of reboots in one reply, the latest first.
const ROWS_MAX: usize = 20;

/// Words of the events that this is made of.
const DOWN: &str = "down";
const UP: &str = "up";
const REBOOT: &str = "reboot";

/// What a time showed of the selected servers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Availability {
    from: String,
    until: String,
    /// Share of that time in which this server was watching, when it was not all of it; the rest
    /// counts neither as up nor as down.
    watched_percent: Option<f64>,
    /// One row a server, worst first; those that answered every poll are counted.
    answered: Vec<Answered>,
    answered_all: usize,
    /// The latest first.
    outages: Vec<Outage>,
    reboots: Vec<Reboot>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Answered {
    #[schemars(with = "String")]
    server: HostName,
    answered_percent: f64,
    polls: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Outage {
    #[schemars(with = "String")]
    server: HostName,
    from: String,
    /// Absent while it lasts.
    until: Option<String>,
    length_seconds: f64,
    reason: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Reboot {
    #[schemars(with = "String")]
    server: HostName,
    at: String,
    detail: String,
}

/// Looks at the time that was asked for; without one, at the last day of few servers.
pub(super) async fn availability(
    cx: &Context,
    selection: &Selection,
    [since, until, timezone]: [Option<&str>; 3],
) -> Result<Option<Availability>, ToolError> {
    let asked = since.is_some() || until.is_some();
    if !asked && selection.servers.len() > UNASKED_SERVERS_MAX {
        return Ok(None);
    }
    let window = Window::parse(since, until, timezone, 1.day(), selection.now)?;
    let hosts: Vec<HostName> = selection.aliases();
    let up = hosts.iter().map(|host| (host.clone(), vec!["server.up".into()])).collect();
    let level = level_for(window.secs(), hosts.len());
    let past = cx.query.past(&cx.principal, up, window.span(), level).await?;
    let (mut answered, mut answered_all) = (Vec::new(), 0);
    for one in past.iter().filter(|one| !one.points.is_empty()) {
        let polls = one.points.iter().fold(0_u32, |sum, point| sum.saturating_add(point.count));
        let good: f64 = one.points.iter().map(|point| point.mean * f64::from(point.count)).sum();
        let share = good / f64::from(polls.max(1)) * 100.0;
        if one.points.iter().all(|point| point.mean >= 1.0) {
            answered_all += 1;
        } else {
            let server = one.host.clone();
            answered.push(Answered { server, answered_percent: share, polls });
        }
    }
    answered.sort_by(|a, b| {
        let worst = a.answered_percent.total_cmp(&b.answered_percent);
        worst.then_with(|| a.server.cmp(&b.server))
    });
    answered.truncate(ROWS_MAX);
    let events = cx.query.events(&cx.principal, &hosts, window.span()).await?;
    let mut outages = outages(selection, &window, &events);
    outages.truncate(ROWS_MAX);
    let reboots = events.iter().filter(|event| event.kind == REBOOT).filter_map(|event| {
        let at = Timestamp::from_second(event.secs).ok()?;
        let (server, detail) = (event.host.clone()?, event.detail.clone());
        Some(Reboot { server, at: window.written(at), detail })
    });
    Ok(Some(Availability {
        from: window.written(window.since),
        until: window.written(window.until),
        watched_percent: watched_percent(cx, &window).await?,
        answered,
        answered_all,
        outages,
        reboots: reboots.take(ROWS_MAX).collect(),
    }))
}

/// Pairs of going down and coming up, the latest first. What began before the time counts from its
/// beginning, what lasts up to its end.
fn outages(selection: &Selection, window: &Window, events: &[Event]) -> Vec<Outage> {
    let mut open: BTreeMap<&HostName, (i64, String)> = BTreeMap::new();
    let mut found: Vec<(i64, Outage)> = Vec::new();
    let mut close = |host: &HostName, (from, reason): (i64, String), until: Option<i64>| {
        let end = until.unwrap_or(window.span().to);
        let written = |secs: i64| {
            Timestamp::from_second(secs).map(|at| window.written(at)).unwrap_or_default()
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        let length_seconds = (end - from) as f64;
        let (server, from_written) = (host.clone(), written(from));
        let until = until.map(written);
        found.push((from, Outage { server, from: from_written, until, length_seconds, reason }));
    };
    for event in events.iter().rev() {
        let Some(host) = &event.host else { continue };
        match event.kind.as_str() {
            DOWN => {
                open.insert(host, (event.secs, event.detail.clone()));
            }
            UP => {
                let began = open.remove(host);
                let before = || (window.span().from, "began before this time".to_owned());
                close(host, began.unwrap_or_else(before), Some(event.secs));
            }
            _ => {}
        }
    }
    for snapshot in selection.servers.iter() {
        let host = &snapshot.host.alias;
        let lasts = snapshot.status(selection.now) == Status::Down;
        match open.remove(host) {
            Some(began) => close(host, began, None),
            None if lasts && snapshot.reach.last_success.is_some_and(|at| at < window.since) => {
                close(host, (window.span().from, "began before this time".to_owned()), None);
            }
            None => {}
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.server.cmp(&b.1.server)));
    found.into_iter().map(|(_, outage)| outage).collect()
}
