//! Verdicts as a reply: rollups first, then the servers that moved, then what cannot be told.

use std::collections::BTreeMap;

use analytics::{Confidence, Verdict};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::{Context, Output, args::Format, listing::Cut, view::NAME_CHARS},
    plan::{Baseline, Plan},
    verdict::{self, Counts, How, Moved, Server, Word, common},
};
use crate::{
    model::HostName,
    query::{
        Selection, compact,
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
};

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct PerformanceComparisonOutput {
    from: String,
    until: String,
    compared_with: String,
    fleet: Rollup,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environments: Vec<Rollup>,
    /// Worst first; in `detailed` and for one server, unchanged ones as well.
    servers: Vec<Row>,
    /// In `detailed` of up to 5 servers and for one: every series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    series: Vec<Series>,
    /// Servers of which nothing can be told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cannot_tell: Vec<Untold>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    since_change: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Rollup {
    environment: Option<String>,
    verdict: Word,
    worse: usize,
    better: usize,
    unchanged: usize,
    cannot_tell: usize,
    /// Mean of the servers' scores.
    score: Option<f64>,
    /// What shifted on most servers, however little on each.
    common: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    verdict: Word,
    /// 50 as before, 0 all worse, 100 all better.
    score: Option<f64>,
    /// What moved most.
    metric: Option<String>,
    /// Medians of both sides.
    before: Option<f64>,
    after: Option<f64>,
    unit: Option<&'static str>,
    change_percent: Option<f64>,
    /// Cliff's delta: 1, every value is above those before; 0.33, small.
    effect: Option<f64>,
    also: Vec<String>,
    confidence: Option<&'static str>,
    method: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Series {
    #[schemars(with = "String")]
    server: HostName,
    metric: String,
    verdict: &'static str,
    before: f64,
    after: f64,
    /// What the verdict rests on: after less before, less what is usual at the time of day.
    shift: Option<f64>,
    /// Where the shift is in 95 of 100 resamples.
    low: Option<f64>,
    high: Option<f64>,
    p95_shift: Option<f64>,
    effect: Option<f64>,
    /// A smaller shift would not have been seen.
    smallest_told: Option<f64>,
    unit: &'static str,
}

/// Servers that lack the same.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Untold {
    reason: String,
    count: usize,
    /// `web-[01-20]` is a run.
    servers: Vec<String>,
}

/// Up to so many servers `detailed` lists every series.
const SERIES_SERVERS_MAX: usize = 5;
/// What else moved on a server: shown of one.
const ALSO_SHOWN: usize = 3;
/// The metric whose blind spot is told of a group that is unchanged.
const TOLD_OF: &str = "cpu.total";

/// What was found, and what it was asked for.
pub(super) struct Answer {
    pub(super) plan: Plan,
    pub(super) window: Window,
    pub(super) since_change: bool,
    pub(super) servers: Vec<Server>,
}

impl Answer {
    pub(super) fn reply(
        mut self,
        cx: &Context,
        selection: &Selection,
        cut: &Cut,
        format: Format,
    ) -> PerformanceComparisonOutput {
        for snapshot in selection.servers.iter() {
            // A server without a value is one of which nothing can be told.
            if !self.servers.iter().any(|it| it.host == snapshot.host.alias) {
                self.servers.push(Server::of(snapshot.host.alias.clone(), Vec::new()));
            }
        }
        let whole = format.detailed() || selection.single().is_some();
        let (fleet, environments) = self.rollups(selection);
        let mut shown: Vec<&Server> =
            self.servers.iter().filter(|it| whole || it.word < Word::CannotTell).collect();
        shown.sort_by(|a, b| {
            let far = |it: &Server| (it.score.unwrap_or(50.0) - 50.0).abs();
            let by_score = || far(b).total_cmp(&far(a));
            a.word.cmp(&b.word).then_with(by_score).then_with(|| a.host.cmp(&b.host))
        });
        let listed = whole && selection.servers.len() <= SERIES_SERVERS_MAX;
        let series = shown.iter().filter(|_| listed).flat_map(|it| &it.moved);
        let series = series.filter_map(Series::of).collect();
        let rows = shown.iter().map(|server| Row::of(server)).collect();
        let (rows, coverage) =
            cut.rows(rows, Tally::new(selection), |row: &Row| &row.server, "servers");
        PerformanceComparisonOutput {
            from: self.written(self.plan.after.from),
            until: self.written(self.plan.after.to),
            compared_with: self.compared_with(),
            fleet,
            environments,
            servers: rows,
            series,
            cannot_tell: self.untold(),
            notes: self.notes(cx),
            coverage,
            since_change: self.since_change,
        }
    }

    fn written(&self, secs: i64) -> String {
        self.window.written(Timestamp::from_second(secs).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    fn compared_with(&self) -> String {
        match self.plan.baseline {
            Baseline::Days => {
                "the same hours of earlier weeks; of earlier days where weeks are too few"
                    .to_owned()
            }
            Baseline::Window { before, .. } => {
                format!("{} to {}", self.written(before.from), self.written(before.to))
            }
        }
    }

    /// The fleet, and its environments where it has several.
    fn rollups(&self, selection: &Selection) -> (Rollup, Vec<Rollup>) {
        let mut groups: BTreeMap<&str, Vec<&Server>> = BTreeMap::new();
        let by_host: BTreeMap<&HostName, &Server> =
            self.servers.iter().map(|server| (&server.host, server)).collect();
        for snapshot in selection.servers.iter() {
            let word = snapshot.host.environment.as_deref().unwrap_or_default();
            if let Some(server) = by_host.get(&snapshot.host.alias) {
                groups.entry(word).or_default().push(server);
            }
        }
        let all: Vec<&Server> = self.servers.iter().collect();
        let named = |word: &str| (!word.is_empty()).then(|| word.to_owned());
        let one = groups.first_key_value().filter(|_| groups.len() == 1);
        let fleet = Rollup::of(one.and_then(|(word, _)| named(word)), &all);
        if one.is_some() {
            return (fleet, Vec::new());
        }
        let environments = groups.iter().map(|(word, servers)| Rollup::of(named(word), servers));
        (fleet, environments.collect())
    }

    fn untold(&self) -> Vec<Untold> {
        let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for server in self.servers.iter().filter(|it| it.word == Word::CannotTell) {
            reasons.entry(server.reason()).or_default().push(server.host.as_str());
        }
        let group = |(reason, servers): (String, Vec<&str>)| Untold {
            reason,
            count: servers.len(),
            servers: compact(&servers),
        };
        reasons.into_iter().map(group).collect()
    }

    fn notes(&self, cx: &Context) -> Vec<String> {
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        let told = self.servers.iter().filter(|it| it.word != Word::CannotTell);
        let weakest = |server: &Server| server.moved.iter().map(|it| it.how).min();
        let short = told.clone().filter(|it| weakest(it) == Some(How::Windows)).count();
        if short > 0 && self.plan.baseline == Baseline::Days {
            notes.push(format!(
                "{} with less than 3 days of history for these hours: compared with the time just \
                 before, which another time of day alone can change",
                render::count(short, "server")
            ));
        } else if short > 0 {
            notes.push(format!(
                "on {} what is usual at these times of day is not known or not taken out",
                render::count(short, "server")
            ));
        }
        let unseen = |server: &Server| {
            let of = server.moved.iter().find(|it| &*it.series == TOLD_OF && !it.has_moved())?;
            of.comparison.smallest_told
        };
        let unseen: Vec<f64> = told.filter_map(unseen).collect();
        if let Some(middle) = analytics::median(&unseen) {
            notes.push(format!(
                "where {TOLD_OF} is unchanged, a shift below {} points (in the middle of {}) would \
                 not have been seen",
                render::short(middle),
                render::count(unseen.len(), "server")
            ));
        }
        notes
    }
}

impl Rollup {
    fn of(environment: Option<String>, servers: &[&Server]) -> Self {
        let all = || servers.iter().copied();
        let counts = Counts::of(all());
        let common = common(all());
        let way = common.iter().find_map(verdict::Common::word);
        let scores: Vec<f64> = all().filter_map(|server| server.score).collect();
        #[expect(clippy::cast_precision_loss, reason = "servers")]
        let score = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
        let words = |it: &verdict::Common| {
            let share = it.share * 100.0;
            let sign = if share > 0.0 { "+" } else { "" };
            let (count, all) = (it.servers, it.of);
            format!("{} {sign}{}% on {count} of {all}", it.metric.path, render::short(share))
        };
        Self {
            environment,
            verdict: counts.word(way),
            worse: counts.worse,
            better: counts.better,
            unchanged: counts.unchanged,
            cannot_tell: counts.cannot_tell,
            score,
            common: common.iter().map(words).collect(),
        }
    }
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

const fn word(moved: &Moved) -> &'static str {
    match moved.comparison.verdict {
        Verdict::Better | Verdict::Worse if moved.with_traffic => "with traffic",
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Changed => "changed",
        Verdict::NoChange => "unchanged",
        Verdict::NotTestable(_) => "cannot tell",
    }
}

/// `load.min5 2.1 → 4.4 worse`.
fn words(moved: &Moved) -> String {
    let unit = moved.metric.map_or("bytes/s", |metric| metric.unit.word());
    let written = |value| render::in_unit(value, unit);
    let name = clip(&moved.series, NAME_CHARS);
    format!("{name} {} → {} {}", written(moved.before), written(moved.after), word(moved))
}

impl Row {
    fn of(server: &Server) -> Self {
        let lead = server.moved.iter().find(|it| it.metric.is_some() && it.is_told());
        let moved = server.moved.iter().filter(|it| it.has_moved());
        let others = moved.filter(|it| lead.is_none_or(|lead| it.series != lead.series));
        let others: Vec<&Moved> = others.collect();
        let mut also: Vec<String> = others.iter().take(ALSO_SHOWN).map(|it| words(it)).collect();
        if others.len() > ALSO_SHOWN {
            also.push(format!("+{}", others.len() - ALSO_SHOWN));
        }
        Self {
            server: server.host.clone(),
            verdict: server.word,
            score: server.score,
            metric: lead.map(|it| clip(&it.series, NAME_CHARS).into_owned()),
            before: lead.map(|it| it.before),
            after: lead.map(|it| it.after),
            unit: lead.and_then(|it| it.metric).map(|metric| metric.unit.word()),
            change_percent: lead.and_then(|it| it.comparison.shift_share).map(|it| it * 100.0),
            effect: lead.map(Moved::effect),
            also,
            confidence: lead.map(|it| confidence(it.how.confidence())),
            method: lead.map(|it| it.how.words()),
        }
    }
}

impl Series {
    fn of(moved: &Moved) -> Option<Self> {
        let metric = moved.metric?;
        let comparison = &moved.comparison;
        Some(Self {
            server: moved.host.clone(),
            metric: clip(&moved.series, NAME_CHARS).into_owned(),
            verdict: word(moved),
            before: moved.before,
            after: moved.after,
            shift: comparison.shift,
            low: comparison.interval.map(|band| band.low),
            high: comparison.interval.map(|band| band.high),
            p95_shift: comparison.p95_shift,
            effect: comparison.delta,
            smallest_told: comparison.smallest_told,
            unit: metric.unit.word(),
        })
    }
}

impl Output for PerformanceComparisonOutput {
    fn headline(&self) -> String {
        let fleet = &self.fleet;
        let who = match (&fleet.environment, self.coverage.selected) {
            (Some(environment), 2..) => environment.clone(),
            (None, 2..) => "The fleet".to_owned(),
            _ => self
                .servers
                .first()
                .map_or_else(|| "The server".to_owned(), |row| row.server.to_string()),
        };
        let when = if self.since_change { "since" } else { "from" };
        let mut line = format!(
            "{who} is {} {when} {}: {} worse, {} better, {} unchanged, {} not to be told",
            fleet.verdict.words(),
            self.from,
            fleet.worse,
            fleet.better,
            fleet.unchanged,
            fleet.cannot_tell,
        );
        let lead = self.servers.first().filter(|row| row.verdict < Word::CannotTell);
        if let Some((row, metric)) = lead.and_then(|row| Some((row, row.metric.as_deref()?))) {
            let unit = row.unit.unwrap_or_default();
            let written = |value: Option<f64>| render::in_unit(value.unwrap_or_default(), unit);
            let (before, after) = (written(row.before), written(row.after));
            let sure = row.confidence.unwrap_or("low");
            line +=
                &format!("; first {} {metric} {before} → {after} ({sure} confidence)", row.server);
        }
        line + "."
    }
}
