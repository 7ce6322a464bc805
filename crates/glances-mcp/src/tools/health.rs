//! `generate_health_score`: one number a server and for the fleet, with every point explained.

mod fleet;

use std::{cmp::Ordering, collections::BTreeMap};

use analytics::{Confidence, Grade, TimeLeft};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::fleet::{Environment, Fleet, environments};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{NAME_CHARS, OLD_SECS, still_there},
};
use crate::{
    alert::Alert,
    health::{self, Deduction, Evidence, Score, Values},
    judge::{DAY_AGO_HOURS, Judged, WEEK_AGO_HOURS},
    metric::Metric,
    model::{Criticality, HostName},
    query::coverage::{Coverage, Tally, rfc3339},
    redact::clip,
    render,
    snapshot::{Snapshot, Status},
};

pub(super) struct GenerateHealthScore;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GenerateHealthScoreInput {
    #[serde(default)]
    servers: Servers,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GenerateHealthScoreOutput {
    /// All selected servers together; absent when none has a score.
    fleet: Option<Fleet>,
    /// Where there is more than one, worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environments: Vec<Environment>,
    /// Worst first.
    servers: Vec<Row>,
    /// What the servers of this reply lost, dearest first: the dearest two each; in `detailed` and
    /// for one server, all. All points of a server add up to 100 − score.
    deductions: Vec<Lost>,
    /// What costs nothing, since it was not measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_measured: Vec<Lacking>,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    score: f64,
    /// good from 90, fair from 75, poor from 50, else critical.
    grade: &'static str,
    /// How many things cost points.
    deductions: usize,
    /// By the share of the expected signals that was measured.
    confidence: &'static str,
    /// From hourly means of the same signals, without alerts and dates.
    score_24h_ago: Option<f64>,
    score_7d_ago: Option<f64>,
    /// Last hours against a day ago: 5 points are a change.
    trend: Option<&'static str>,
    /// Where a score of the past is missing.
    history_hours: Option<i64>,
    /// What will cost points next.
    risk: Option<String>,
    /// Age of the data of a stale server.
    age_seconds: Option<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Lost {
    #[schemars(with = "String")]
    server: HostName,
    points: f64,
    what: String,
    value: f64,
    unit: String,
    /// From here on it costs points.
    threshold: f64,
    /// As its alert tells.
    since: Option<String>,
    /// Items of the kind that are bad as well.
    others: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Lacking {
    /// On so many of the servers with a score.
    servers: usize,
    what: String,
}

/// Deductions of one server in a concise reply about several.
const DEDUCTIONS_SHOWN: usize = 2;
/// Points that are a change: the hysteresis of the grades.
const CHANGE_POINTS: f64 = 5.0;
/// What is full within so many days is a risk.
const RISK_DAYS: f64 = 30.0;

impl Tool for GenerateHealthScore {
    const NAME: &'static str = "generate_health_score";
    const TITLE: &'static str = "Health score";
    const DESCRIPTION: &'static str = "Which servers are unhealthy and why: a score of 0-100 for \
        each server, environment and the fleet, every lost point explained, with trend and the \
        next risk. The worst signal rules: 100 · (1 − 0.75 · worst − 0.25 · mean) of weight × \
        badness; being busy alone costs 40 at most, peaks of CPU and network count once their \
        alert fires. A server that does not answer has no score. For alerts use \
        check_alert_conditions.";
    type Input = GenerateHealthScoreInput;
    type Output = GenerateHealthScoreOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let tally = Tally::new(&selection);
        let open = cx.query.open_alerts(&cx.principal, &selection);
        let mut alerts: BTreeMap<&HostName, Vec<&Alert>> = BTreeMap::new();
        for alert in &open {
            if let Some(host) = &alert.host {
                alerts.entry(host).or_default().push(alert);
            }
        }
        let mut scored: Vec<Scored> = Vec::new();
        let mut unscored: Vec<&Snapshot> = Vec::new();
        for snapshot in selection.servers.iter() {
            let alerts = alerts.get(&snapshot.host.alias).map_or(&[][..], Vec::as_slice);
            let judged = cx.query.judged(&cx.principal, &snapshot.host.alias);
            let judged = judged.map(|(_, judged)| judged).unwrap_or_default();
            match Scored::of(snapshot, alerts, &judged, selection.now) {
                Some(one) => scored.push(one),
                None => unscored.push(snapshot),
            }
        }
        let whole = input.format.detailed() || selection.single().is_some();
        let mut output = answer(scored, &unscored, (&cut, tally), whole);
        output.notes.extend(cx.query.outage());
        Ok(output)
    }
}

/// The reply, from what was found of each server.
fn answer(
    mut scored: Vec<Scored>,
    unscored: &[&Snapshot],
    (cut, tally): (&Cut, Tally<'_>),
    whole: bool,
) -> GenerateHealthScoreOutput {
    scored.sort_by(Scored::order);
    let all: Vec<&Scored> = scored.iter().collect();
    let fleet = Fleet::of(&all, unscored.len());
    let environments = environments(&all, unscored);
    let not_measured = not_measured(&all);
    let notes = notes_of(&all, unscored.len());
    let most = if whole { usize::MAX } else { DEDUCTIONS_SHOWN };
    let (shown, coverage) = cut.rows(scored, tally, |one| &one.row.server, "servers");
    let (mut servers, mut deductions) = (Vec::new(), Vec::new());
    for Scored { row, score, .. } in shown {
        let lost = score.deductions.into_iter().take(most);
        deductions.extend(lost.map(|lost| Lost::of(&row.server, lost)));
        servers.push(row);
    }
    GenerateHealthScoreOutput {
        fleet,
        environments,
        servers,
        deductions,
        not_measured,
        notes,
        coverage,
    }
}

/// A server with its score.
struct Scored {
    row: Row,
    score: Score,
    environment: Option<String>,
    criticality: Criticality,
    /// Of the last hours, a day and a week ago.
    past: [Option<f64>; 3],
    full_days: Option<f64>,
}

impl Scored {
    /// `None` for a server that does not answer, or of which nothing is known at this moment.
    fn of(snapshot: &Snapshot, alerts: &[&Alert], judged: &Judged, now: Timestamp) -> Option<Self> {
        let status = snapshot.status(now);
        if !status.answers() {
            return None;
        }
        let values = |metric: &'static Metric| -> Values {
            let old = metric.plugin().is_some_and(|plugin| {
                snapshot.age_secs(plugin, now).is_none_or(|age| age > OLD_SECS)
            });
            if old { Vec::new() } else { metric.values(snapshot) }
        };
        let evidence = Evidence {
            cores: snapshot.core_count(),
            alerts: Some(alerts),
            fills: fills(snapshot, judged).filter(|(name, _)| name.starts_with("fs.")).collect(),
            answered_percent: judged.health.answered_percent,
        };
        let score = health::score(&values, &evidence)?;
        let past = &judged.health;
        let (full_days, risk) = match next_full(snapshot, judged) {
            Some((days, risk)) => (Some(days), Some(risk)),
            None => (None, pending(alerts)),
        };
        let missing = past.day_ago.is_none() || past.week_ago.is_none();
        let row = Row {
            server: snapshot.host.alias.clone(),
            score: score.health.score,
            grade: word(score.health.grade),
            deductions: score.deductions.len(),
            confidence: match score.health.confidence {
                Confidence::Low => "low",
                Confidence::Medium => "medium",
                Confidence::High => "high",
            },
            score_24h_ago: past.day_ago,
            score_7d_ago: past.week_ago,
            trend: trend(past.now, past.day_ago),
            history_hours: missing.then_some(past.history_hours),
            risk,
            age_seconds: snapshot.core_age_secs(now).filter(|_| status == Status::Stale),
        };
        Some(Self {
            row,
            score,
            environment: snapshot.host.environment.clone(),
            criticality: snapshot.host.criticality,
            past: [past.now, past.day_ago, past.week_ago],
            full_days,
        })
    }

    /// The lowest score first; of equals what is full first, then what matters most.
    fn order(&self, other: &Self) -> Ordering {
        let days = |one: &Self| one.full_days.unwrap_or(f64::INFINITY);
        let score = self.row.score.total_cmp(&other.row.score);
        score
            .then_with(|| days(self).total_cmp(&days(other)))
            .then_with(|| other.criticality.cmp(&self.criticality))
            .then_with(|| self.row.server.cmp(&other.row.server))
    }

    /// What it weighs among others.
    const fn weight(&self) -> f64 {
        match self.criticality {
            Criticality::Low => 1.0,
            Criticality::Normal => 2.0,
            Criticality::High => 4.0,
            Criticality::Critical => 8.0,
        }
    }
}

/// What can fill and has a date or surely none.
fn fills<'a>(
    snapshot: &Snapshot,
    judged: &'a Judged,
) -> impl Iterator<Item = (&'a str, &'a analytics::Exhaustion)> {
    let there = still_there(snapshot, judged).into_iter();
    there.filter_map(|(series, it, _)| Some((series, it.fills.as_ref()?.as_ref().ok()?)))
}

/// What is full next, in days and in words.
fn next_full(snapshot: &Snapshot, judged: &Judged) -> Option<(f64, String)> {
    let near = fills(snapshot, judged).filter(|(_, it)| it.is_pressing(RISK_DAYS));
    let dated = near.filter_map(|(series, it)| match it.outlook {
        analytics::Outlook::Fills { p50: TimeLeft::Days(likely), p5, .. } => {
            let earliest = match p5 {
                TimeLeft::Days(days) => format!(" (earliest {})", render::short(days)),
                TimeLeft::Beyond => String::new(),
            };
            let name = clip(series, NAME_CHARS);
            let days = render::short(likely);
            Some((likely, format!("{name} likely full in {days} days{earliest}")))
        }
        _ => None,
    });
    dated.min_by(|one, other| one.0.total_cmp(&other.0))
}

/// An alert that will fire if it goes on.
fn pending(alerts: &[&Alert]) -> Option<String> {
    let quiet = |alert: &&&Alert| alert.state.is_firing() || !alert.suppressed_by.is_empty();
    let first = alerts.iter().find(|alert| !quiet(alert))?;
    let value = render::in_unit(first.value, &first.unit);
    Some(format!("{} at {value}: an alert is pending", clip(&first.series, NAME_CHARS)))
}

fn trend(now: Option<f64>, then: Option<f64>) -> Option<&'static str> {
    Some(match now? - then? {
        CHANGE_POINTS.. => "better",
        change if change <= -CHANGE_POINTS => "worse",
        _ => "steady",
    })
}

const fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Good => "good",
        Grade::Fair => "fair",
        Grade::Poor => "poor",
        Grade::Critical => "critical",
    }
}

/// What was not measured, grouped by the number of servers.
fn not_measured(all: &[&Scored]) -> Vec<Lacking> {
    let mut servers: BTreeMap<&str, usize> = BTreeMap::new();
    for path in all.iter().flat_map(|one| &one.score.lacking) {
        *servers.entry(path).or_default() += 1;
    }
    let mut paths: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (path, count) in servers {
        paths.entry(count).or_default().push(path);
    }
    let row = |(servers, paths): (usize, Vec<&str>)| Lacking { servers, what: paths.join(", ") };
    paths.into_iter().rev().map(row).collect()
}

fn notes_of(all: &[&Scored], unknown: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if unknown > 0 {
        let servers = render::count(unknown, "server");
        notes.push(format!(
            "{servers} without a score: what does not answer is neither well nor ill"
        ));
    }
    let short = |at: usize| {
        let missing = all.iter().filter(|one| one.past.get(at).copied().flatten().is_none());
        let hours: Vec<i64> = missing.filter_map(|one| one.row.history_hours).collect();
        Some((hours.len(), hours.into_iter().min()?))
    };
    for (at, when, need) in [(1, "24 hours", DAY_AGO_HOURS), (2, "7 days", WEEK_AGO_HOURS)] {
        if let Some((count, hours)) = short(at) {
            let servers = render::count(count, "server");
            let why = match hours < need {
                true => format!("the least history is {hours} of {need} hours"),
                false => "history has a gap there".to_owned(),
            };
            notes.push(format!("no score of {when} ago for {servers}: {why}"));
        }
    }
    notes
}

impl Lost {
    fn of(server: &HostName, lost: Deduction) -> Self {
        Self {
            server: server.clone(),
            points: lost.points,
            what: clip(&lost.what, NAME_CHARS).into_owned(),
            value: lost.value,
            unit: lost.unit,
            threshold: lost.threshold,
            since: lost.since.and_then(|secs| Timestamp::from_second(secs).ok()).map(rfc3339),
            others: Some(lost.others).filter(|others| *others > 0),
        }
    }
}

impl Output for GenerateHealthScoreOutput {
    fn headline(&self) -> String {
        let Some(fleet) = &self.fleet else {
            return "No server has a score: none of the selected answers.".to_owned();
        };
        let unknown = match fleet.unknown {
            0 => String::new(),
            unknown => format!(", {unknown} unknown"),
        };
        let lost = self.servers.first().zip(self.deductions.first());
        let why = match lost.filter(|(worst, lost)| lost.server == worst.server) {
            Some((worst, lost)) => format!(
                "Worst: {} with {}; {} at {} costs {}.",
                worst.server,
                render::short(worst.score),
                lost.what,
                render::in_unit(lost.value, &lost.unit),
                render::short(lost.points),
            ),
            None => "None of those shown lost a point.".to_owned(),
        };
        let next = fleet.risk.as_ref().map(|risk| format!(" Next: {risk}."));
        format!(
            "Health {} ({}) of {}: {} critical, {} poor{unknown}. {why}{}",
            render::short(fleet.score),
            fleet.grade,
            render::count(fleet.servers, "server"),
            fleet.critical,
            fleet.poor,
            next.unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests;
