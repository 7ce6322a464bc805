//! `detect_anomalies`: what was unusual, on which server, and what was expected.

mod groups;
mod told;

use std::collections::BTreeMap;

use analytics::{Confidence, Severity};
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{groups::Group, told::Told};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history::Pattern,
    listing::Cut,
    view::{NAME_CHARS, some_words},
};
use crate::{
    judge::{Finding, Kind, is_judged},
    metric::{self, METRICS},
    model::HostName,
    query::{
        Selection, compact,
        coverage::{Coverage, Tally, rfc3339},
        window::Window,
    },
    redact::{clean, clip},
    render,
};

pub(super) struct DetectAnomalies;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DetectAnomaliesInput {
    #[serde(default)]
    servers: Servers,
    /// Paths, items and globs: cpu.total, fs.percent[/var], network.*
    #[serde(default)]
    #[schemars(length(max = 20))]
    metrics: Vec<String>,
    kind: Option<Kind>,
    #[serde(default)]
    sensitivity: Sensitivity,
    /// RFC 3339, -2h, 03:10; default -24h
    since: Option<String>,
    /// Default now
    until: Option<String>,
    timezone: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

/// low: records only; high: what is mild, and known jobs, too
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Sensitivity {
    Low,
    #[default]
    Normal,
    High,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DetectAnomaliesOutput {
    from: String,
    until: String,
    /// When this was judged, anew every 10 minutes; absent when it was computed for this call.
    judged_at: Option<String>,
    /// One row a server and moment, first what to act on.
    anomalies: Vec<Row>,
    /// How many there are at this sensitivity.
    found: usize,
    /// Mild ones that only `sensitivity: high` lists.
    mild: usize,
    /// Known jobs: weaker than what this time of day has brought in the eight days before.
    habits: usize,
    /// Series whose habits are known.
    series_judged: usize,
    /// Servers of which little or nothing can be said yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_judged: Vec<NotJudged>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    severity: &'static str,
    kind: Kind,
    metric: String,
    since: String,
    /// Until it was usual again, or now.
    duration_seconds: i64,
    ongoing: bool,
    /// The farthest out; of a shift, the new level.
    value: f64,
    unit: &'static str,
    expected: f64,
    /// From `low` to `high` would have been usual.
    low: f64,
    high: f64,
    /// Deviations from what was expected; 4 is mild, 7 far.
    score: f64,
    /// Of the eight days before, on how many it came at this time.
    days_alike: Option<usize>,
    /// Of growth, in the metric's unit.
    growth_per_hour: Option<f64>,
    /// What else was unusual on this server then, with its value.
    with: Vec<String>,
    confidence: &'static str,
    /// What it was compared with, and days of history.
    evidence: String,
}

/// Servers that lack the same.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct NotJudged {
    reason: String,
    count: usize,
    /// `web-[01-20]` is a run.
    servers: Vec<String>,
}

/// What came with a finding: shown of one.
const WITH_SHOWN: usize = 4;
/// Servers that become unusual within so many seconds have perhaps one cause …
const COMMON_SECS: i64 = 900;
/// … when they are so many.
const COMMON_SERVERS: usize = 3;
/// A gap that is worth a word, as a share of the time.
const GAP_SHARE: f64 = 0.05;

impl Tool for DetectAnomalies {
    const NAME: &'static str = "detect_anomalies";
    const TITLE: &'static str = "Detect anomalies";
    const DESCRIPTION: &'static str = "What was unusual in the last day or another time of the last \
        weeks: spikes, new levels, unusual growth, values of another time of day, servers unlike \
        their peers; each with what was expected, most urgent first, metrics that moved together \
        as one. Says what could not be judged. Explains, does not alarm: for limits that are \
        crossed use check_alert_conditions; for before and after a change performance_comparison.";
    type Input = DetectAnomaliesInput;
    type Output = DetectAnomaliesOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let window = Window::parse(
            input.since.as_deref(),
            input.until.as_deref(),
            input.timezone.as_deref(),
            1.day(),
            selection.now,
        )?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let asked = Asked::of(&input)?;
        let told = Told::of(&cx, &selection, &window).await?;
        Ok(output(&cx, &selection, &window, &cut, &asked, &told))
    }
}

/// Which findings are wanted.
struct Asked {
    metrics: Vec<Pattern>,
    kind: Option<Kind>,
    sensitivity: Sensitivity,
}

impl Asked {
    fn of(input: &DetectAnomaliesInput) -> Result<Self, ToolError> {
        let judged = || METRICS.iter().filter(|metric| metric.judged);
        let parse = |text: &String| {
            let pattern = Pattern::parse(text)?;
            let path = text.split('[').next().unwrap_or_default();
            if judged().any(|metric| pattern.fits(metric.path)) || is_judged(path) {
                return Ok(pattern);
            }
            let known = judged().map(|metric| metric.path).collect::<Vec<_>>().join(", ");
            Err(ToolError::Refused(format!(
                "`metrics`: `{}` is no metric whose habits are learned; those are {known}",
                clip(&clean(text), NAME_CHARS)
            )))
        };
        let metrics = input.metrics.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { metrics, kind: input.kind, sensitivity: input.sensitivity })
    }

    fn wants(&self, finding: &Finding) -> bool {
        self.kind.is_none_or(|kind| finding.kind == kind) && self.wants_series(&finding.series)
    }

    fn wants_series(&self, series: &str) -> bool {
        self.metrics.is_empty() || self.metrics.iter().any(|pattern| pattern.fits(series))
    }

    /// Whether a finding is far enough out to be listed.
    fn lists(&self, finding: &Finding, shared: bool) -> bool {
        match self.sensitivity {
            Sensitivity::Low => finding.severity == Severity::Critical && !finding.habit,
            Sensitivity::Normal => (finding.severity > Severity::Info || shared) && !finding.habit,
            Sensitivity::High => true,
        }
    }
}

fn output(
    cx: &Context,
    selection: &Selection,
    window: &Window,
    cut: &Cut,
    asked: &Asked,
    told: &Told,
) -> DetectAnomaliesOutput {
    let span = window.span();
    let mut groups: Vec<Group> = Vec::new();
    let (mut mild, mut habits, mut series_judged) = (0, 0, 0);
    for snapshot in selection.servers.iter() {
        let Some(anomalies) = told.servers.get(&snapshot.host.alias) else { continue };
        let warm = anomalies.moments.iter().filter(|(series, moments)| {
            // What was gone by then was not judged.
            let then = moments.last().is_some_and(|last| last.secs >= span.from);
            then && asked.wants_series(series)
        });
        series_judged += warm.count();
        let mut wanted = Vec::new();
        for finding in &anomalies.findings {
            if !finding.is_in(span) || !asked.wants(finding) {
                continue;
            }
            let shared = anomalies.is_shared(finding);
            match asked.lists(finding, shared) {
                true => wanted.push((finding.clone(), shared)),
                false if finding.habit => habits += 1,
                false => mild += 1,
            }
        }
        groups.extend(groups::of_server(&snapshot.host, wanted));
    }
    groups.sort_by(groups::order);
    let notes = notes(cx, selection, window, told, &groups);
    let found = groups.len();
    let rows = groups.iter().map(|group| Row::of(group, window)).collect();
    let tally = Tally::new(selection);
    let (anomalies, coverage) = cut.rows(rows, tally, |row: &Row| &row.server, "anomalies");
    DetectAnomaliesOutput {
        from: window.written(window.since),
        until: window.written(window.until),
        judged_at: told.judged_at.map(rfc3339),
        anomalies,
        found,
        mild,
        habits,
        series_judged,
        not_judged: not_judged(selection, told),
        notes,
        coverage,
    }
}

impl Row {
    fn of(group: &Group, window: &Window) -> Self {
        let lead = &group.lead;
        let at = |secs| Timestamp::from_second(secs).unwrap_or(Timestamp::UNIX_EPOCH);
        let unit = unit(lead);
        let mut with: Vec<String> = group.others.iter().take(WITH_SHOWN).map(words).collect();
        if group.others.len() > WITH_SHOWN {
            with.push(format!("+{}", group.others.len() - WITH_SHOWN));
        }
        let days = if lead.history_days > 0.0 {
            format!(", {} days", render::short(lead.history_days))
        } else {
            String::new()
        };
        let shared = if group.shared { "; several parts at once" } else { "" };
        Self {
            server: group.host.clone(),
            severity: severity(lead.severity),
            kind: lead.kind,
            metric: clip(&lead.series, NAME_CHARS).into_owned(),
            since: window.written(at(lead.since)),
            duration_seconds: lead.until - lead.since,
            ongoing: lead.lasts,
            value: lead.value,
            unit,
            expected: lead.expected,
            low: lead.usual.0,
            high: lead.usual.1,
            score: lead.score,
            days_alike: (lead.days_alike > 0).then_some(lead.days_alike),
            growth_per_hour: lead.per_hour,
            with,
            confidence: confidence(lead.confidence),
            evidence: format!("{}{days}{shared}", lead.method),
        }
    }
}

fn unit(finding: &Finding) -> &'static str {
    metric::of_series(&finding.series).map_or("", |metric| metric.unit.word())
}

/// `load.min5 32 (12.8)`: the value, and what was expected.
fn words(finding: &Finding) -> String {
    let written = |value| render::in_unit(value, unit(finding));
    let name = clip(&finding.series, NAME_CHARS);
    format!("{name} {} (usually {})", written(finding.value), written(finding.expected))
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "mild",
        Severity::Warning => "strong",
        Severity::Critical => "record",
    }
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// Servers none of whose series has habits yet, by how much is missing.
fn not_judged(selection: &Selection, told: &Told) -> Vec<NotJudged> {
    const HOUR: i64 = 3_600;
    let mut missing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for snapshot in selection.servers.iter() {
        let alias = snapshot.host.alias.as_str();
        let reason = match told.servers.get(alias) {
            None if snapshot.host.paused => continue,
            None => "not judged yet: try again in a minute".to_owned(),
            Some(one) if !one.moments.is_empty() => continue,
            Some(one) => match one.cold.iter().map(|cold| cold.history_secs).max() {
                None => "no sample of any series that is judged in the last 7 days".to_owned(),
                Some(secs) if secs < HOUR => format!(
                    "{} min of history: the first word needs 1 hour, habits 3 days",
                    secs / 60
                ),
                Some(secs) => format!(
                    "{} h of history: gross errors only, habits need 3 days ({} h more)",
                    secs / HOUR,
                    (72 - secs / HOUR).max(1)
                ),
            },
        };
        missing.entry(reason).or_default().push(alias);
    }
    let row = |(reason, servers): (String, Vec<&str>)| NotJudged {
        reason,
        count: servers.len(),
        servers: compact(&servers),
    };
    missing.into_iter().map(row).collect()
}

fn notes(
    cx: &Context,
    selection: &Selection,
    window: &Window,
    told: &Told,
    groups: &[Group],
) -> Vec<String> {
    let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
    if let Some(first) = groups.first() {
        let near = groups
            .iter()
            .filter(|group| (group.lead.since - first.lead.since).abs() <= COMMON_SECS);
        let mut hosts: Vec<&str> = near.map(|group| group.host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        if hosts.len() >= COMMON_SERVERS {
            notes.push(format!(
                "{} servers became unusual within {} minutes of the first one here, so look for one \
                 cause: {}",
                hosts.len(),
                COMMON_SECS / 60,
                some_words(&compact(&hosts), COMMON_SERVERS)
            ));
        }
    }
    let (mut young, mut owners, mut left_out) = (0, 0, 0);
    let mut gaps: Vec<(i64, &str)> = Vec::new();
    for snapshot in selection.servers.iter() {
        let Some(one) = told.servers.get(&snapshot.host.alias) else { continue };
        left_out += one.left_out;
        if !one.moments.is_empty() && !one.cold.is_empty() {
            (young, owners) = (young + one.cold.len(), owners + 1);
        }
        let missing = one.gap_secs(window.span());
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        if missing as f64 > GAP_SHARE * window.secs() as f64 {
            gaps.push((missing, snapshot.host.alias.as_str()));
        }
    }
    if young > 0 {
        notes.push(format!(
            "{} of {} are too new for habits: gross errors only",
            render::count(young, "series"),
            render::count(owners, "server")
        ));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} more series, of lesser weight, are not judged"));
    }
    gaps.sort_by(|a, b| b.cmp(a));
    if !gaps.is_empty() {
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        let words =
            gaps.iter().map(|(secs, host)| format!("{host} {}", render::duration(*secs as f64)));
        let words: Vec<String> = words.collect();
        notes.push(format!("without samples, so not judged: {}", some_words(&words, 5)));
    }
    notes
}

impl Output for DetectAnomaliesOutput {
    fn headline(&self) -> String {
        let Some(first) = self.anomalies.first() else {
            if self.series_judged == 0 {
                return match self.not_judged.first() {
                    Some(first) => format!(
                        "Nothing can be judged yet: {} of {}.",
                        first.reason,
                        render::count(first.count, "server")
                    ),
                    None => "There is no history of the selected servers.".to_owned(),
                };
            }
            return format!(
                "Nothing unusual: {} series judged from {} to {}; {} mild, {} known jobs.",
                self.series_judged, self.from, self.until, self.mild, self.habits
            );
        };
        let moved = match first.with.len() {
            0 => String::new(),
            more => format!(", with {more} more"),
        };
        format!(
            "{} unusual; first: {} on {}{moved}, {} at {} for {} where {} was expected{}.",
            render::count(self.found, "moment"),
            first.metric,
            first.server,
            first.kind.words(),
            render::in_unit(first.value, first.unit),
            render::duration(first.duration_seconds as f64),
            render::in_unit(first.expected, first.unit),
            if first.ongoing { ", and goes on" } else { "" },
        )
    }
}
