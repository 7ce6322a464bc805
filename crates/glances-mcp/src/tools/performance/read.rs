//! What history has of both sides of a question, series by series.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

use super::{
    super::{Context, ToolError},
    plan::{Baseline, DAYS, Plan, WEEKS},
    verdict::{Sides, TRAFFIC},
};
use crate::{
    model::{HostName, SeriesName},
    query::Selection,
    store::{Level, Span, dense},
};

/// Days that say what is usual at a time of day.
const RHYTHM_DAYS: i64 = 7;
const RHYTHM_STEP: i64 = 300;
const DAY: i64 = 86_400;
/// What goes over the network of a server.
const NETWORK: &[&str] = &["network.bytes_recv", "network.bytes_sent"];

/// One time that is read, and what it is for.
#[derive(Clone, Copy)]
enum Part {
    After,
    Before,
    /// So many days before.
    Day(i64),
    Rhythm,
}

struct Reading {
    part: Part,
    span: Span,
    level: Level,
    step: i64,
}

/// The times that a plan needs in a place.
fn readings(plan: &Plan, zone: &TimeZone) -> Vec<Reading> {
    let own = |part, span| Reading { part, span, level: plan.level(), step: plan.step };
    let mut all = vec![own(Part::After, plan.after)];
    match plan.baseline {
        Baseline::Days => {
            all.push(own(Part::Before, plan.fallback()));
            let weeks = WEEKS.into_iter().filter(|days| !DAYS.contains(days));
            let days = DAYS.chain(weeks);
            all.extend(days.map(|days| own(Part::Day(days), plan.earlier(days, zone))));
        }
        Baseline::Window { before, rhythm } => {
            all.push(own(Part::Before, before));
            let whole = Span { from: before.from, to: plan.after.to };
            let first = whole.secs().div_euclid(DAY) + 1;
            let days = (first..first + RHYTHM_DAYS).filter(|_| rhythm);
            all.extend(days.map(|days| Reading {
                part: Part::Rhythm,
                span: plan.rhythm(before, days, zone),
                level: Level::FiveMinutes,
                step: RHYTHM_STEP,
            }));
        }
    }
    all
}

/// Both sides of every series that is asked of a server, and its traffic.
pub(super) async fn sides(
    cx: &Context,
    selection: &Selection,
    asked: Vec<(HostName, Vec<SeriesName>)>,
    plan: &Plan,
) -> Result<Vec<Sides>, ToolError> {
    // Clocks differ: the same hour of another day is another second in each zone.
    let mut zones: BTreeMap<String, (TimeZone, Vec<HostName>)> = BTreeMap::new();
    for snapshot in selection.servers.iter() {
        let zone = &snapshot.host.timezone;
        let name = zone.iana_name().unwrap_or_default().to_owned();
        let (_, hosts) = zones.entry(name).or_insert_with(|| (zone.clone(), Vec::new()));
        hosts.push(snapshot.host.alias.clone());
    }
    let asked: BTreeMap<HostName, Vec<SeriesName>> = asked.into_iter().collect();
    let hosts: Vec<HostName> = asked.keys().cloned().collect();
    let mut network: BTreeMap<HostName, Vec<SeriesName>> = BTreeMap::new();
    for (host, mut names) in cx.query.series(&cx.principal, &hosts).await? {
        names.retain(|name| is_traffic(name));
        network.insert(host, names);
    }
    let mut found = BTreeMap::new();
    let total: usize = zones.values().map(|(zone, _)| readings(plan, zone).len()).sum();
    let mut done = 0;
    for (zone, hosts) in zones.into_values() {
        for reading in readings(plan, &zone) {
            let names = |host: &HostName| {
                let own = asked.get(host)?;
                let mut names = own.clone();
                let traffic = network.get(host).into_iter().flatten();
                names.extend(traffic.filter(|name| !own.contains(name)).cloned());
                Some((host.clone(), names))
            };
            let names = hosts.iter().filter_map(names).collect();
            let past = cx.query.past(&cx.principal, names, reading.span, reading.level).await?;
            for one in past {
                let values = dense(&one.points, reading.span, reading.step, |point| point.mean);
                if is_traffic(&one.series) {
                    let key = (one.host.clone(), SeriesName::from(TRAFFIC));
                    take(&mut found, key, &reading, values.clone(), &zone);
                }
                if asked.get(&one.host).is_some_and(|own| own.contains(&one.series)) {
                    take(&mut found, (one.host, one.series), &reading, values, &zone);
                }
            }
            done += 1;
            #[expect(clippy::cast_precision_loss, reason = "a few readings")]
            cx.progress.step(done as f64, total as f64, "history is read");
        }
    }
    Ok(found.into_values().map(Gathered::sides).collect())
}

fn is_traffic(series: &str) -> bool {
    let (path, item) = series.split_once('[').unwrap_or((series, ""));
    NETWORK.contains(&path) && item != "lo]"
}

/// One series while it is read.
struct Gathered {
    host: HostName,
    series: SeriesName,
    after: Vec<f64>,
    before: Vec<f64>,
    days: BTreeMap<i64, Vec<f64>>,
    rhythm: BTreeMap<i64, Vec<f64>>,
    /// Days before that are of the kind of the one asked about: working days, or not.
    like: Vec<i64>,
}

fn take(
    found: &mut BTreeMap<(HostName, SeriesName), Gathered>,
    key: (HostName, SeriesName),
    reading: &Reading,
    values: Vec<f64>,
    zone: &TimeZone,
) {
    let one = found.entry(key).or_insert_with_key(|(host, series)| Gathered {
        host: host.clone(),
        series: series.clone(),
        after: Vec::new(),
        before: Vec::new(),
        days: BTreeMap::new(),
        rhythm: BTreeMap::new(),
        like: like(reading.span.from, zone),
    });
    let place = match reading.part {
        Part::After => &mut one.after,
        Part::Before => &mut one.before,
        Part::Day(days) => one.days.entry(days).or_default(),
        Part::Rhythm => one.rhythm.entry(reading.span.from).or_default(),
    };
    // Interfaces of one server add up; a gap of one is none of the sum.
    if place.is_empty() {
        *place = values;
        return;
    }
    for (sum, value) in place.iter_mut().zip(values) {
        match (sum.is_nan(), value.is_nan()) {
            (true, _) => *sum = value,
            (false, true) => {}
            (false, false) => *sum += value,
        }
    }
}

/// Which of the days before are working days as this one is, or free as it is.
fn like(secs: i64, zone: &TimeZone) -> Vec<i64> {
    let free = |days: i64| {
        let at = Timestamp::from_second(secs - days * DAY).unwrap_or_default();
        matches!(at.to_zoned(zone.clone()).weekday(), Weekday::Saturday | Weekday::Sunday)
    };
    DAYS.filter(|days| free(*days) == free(0)).collect()
}

impl Gathered {
    fn sides(self) -> Sides {
        let kind = |wanted: &mut dyn Iterator<Item = i64>| -> Vec<Vec<f64>> {
            wanted.filter_map(|days| self.days.get(&days).cloned()).collect()
        };
        let weeks = kind(&mut WEEKS.into_iter());
        let same = kind(&mut self.like.iter().copied());
        let all = kind(&mut { DAYS });
        Sides {
            days: vec![weeks, same, all],
            host: self.host,
            series: self.series,
            after: self.after,
            before: self.before,
            rhythm: self.rhythm.into_values().collect(),
        }
    }
}
