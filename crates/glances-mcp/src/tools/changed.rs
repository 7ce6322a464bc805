//! `what_changed`: what moved most between a window and the time before it, over the fleet, put
//! together by cause, with what happened beside it.

mod around;
mod group;
mod series;
mod usual;

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    around::{AlertRow, EventRow, ProgramRow, written},
    group::{Group, Near, Verdict},
    series::{Found, Moved, Polled, Time},
};
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history::{chosen, watched_percent},
    listing::Cut,
    view::{NAME_CHARS, some_words},
};
use crate::{
    model::HostName,
    query::{
        Past, Selection,
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
    store::{Level, SeriesName},
};

pub(super) struct WhatChanged;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatChangedInput {
    #[serde(default)]
    servers: Servers,
    /// Only these, as in query_metrics
    #[serde(default)]
    #[schemars(length(max = 20))]
    metrics: Vec<String>,
    /// RFC 3339, -2h, 03:10; default -1h
    since: Option<String>,
    until: Option<String>,
    timezone: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WhatChangedOutput {
    /// The window; compared with the time of its length before, of 30 polls at least.
    from: String,
    until: String,
    /// Changes of one cause, strongest first. Their order in time is no proof of cause.
    changes: Vec<ChangeRow>,
    /// What moved most in them.
    moves: Vec<MoveRow>,
    /// Programs that grew there, by medians of half an hour.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    programs: Vec<ProgramRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alerts: Vec<AlertRow>,
    /// Of the window; those beside a change first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<EventRow>,
    evidence: Evidence,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    total: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ChangeRow {
    change: usize,
    verdict: Verdict,
    began: String,
    /// The first to move come first.
    servers: String,
    server_count: usize,
    /// Of a cascade: who moved how long after the first.
    order: Option<String>,
    /// Series that moved.
    series: usize,
    confidence: &'static str,
    #[serde(skip)]
    hosts: Vec<HostName>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct MoveRow {
    change: usize,
    #[schemars(with = "String")]
    server: HostName,
    metric: String,
    /// Median before, and since it moved.
    before: f64,
    after: f64,
    unit: &'static str,
    direction: &'static str,
    at: String,
    /// Absent while it lasts.
    over: Option<String>,
    /// In spreads of what went before, or sizes that matter.
    effect: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Evidence {
    before_from: String,
    /// What a value is.
    resolution: String,
    series_tested: usize,
    /// Too few values: 20 before and 3 in the window are needed.
    series_untestable: usize,
    /// Moves that were left out: on other days they were there at this hour as well.
    usual_moves: usize,
    /// Share of each time in which this server was watching, when not all.
    watched_percent: Option<f64>,
    watched_before_percent: Option<f64>,
    method: &'static str,
}

const METHOD: &str = "the stretch with the largest Mann-Whitney statistic against the rest, \
    p < 0.01 after Benjamini & Hochberg over all series, at least 4 spreads and a size that matters, \
    not there earlier, nor at this hour on 2 of the last 7 days; from 12 h to 2 days what is beyond \
    this hour of the last 3 days that are alike";

/// Servers of one call.
const SERVERS_MAX: usize = 500;
/// Series of one call; with many servers, the most telling of each.
const SERIES_MAX: usize = 6_000;
/// Series of one server, unless `metrics` names them.
const SERIES_OF_A_SERVER: usize = 60;
/// Servers that are read between two reports of progress.
const SERVERS_AT_ONCE: usize = 20;
/// The shortest window: 30 polls at the usual interval.
const WINDOW_SECS_MIN: i64 = 300;
/// Moves of a change, events and alerts in a concise and in a detailed reply.
const MOVES_SHOWN: [usize; 2] = [3, 8];
/// Changes that have as many moves; later ones have one each, so that ten of them fit.
const CHANGES_IN_FULL: [usize; 2] = [3, usize::MAX];
const EVENTS_SHOWN: [usize; 2] = [8, 40];
const ALERTS_SHOWN: [usize; 2] = [5, 20];
/// Servers of one change that are named.
const SERVERS_SHOWN: usize = 6;
/// Onsets that are further apart than this, and what is uncertain of both, are different stories.
const STORY_SECS: i64 = 300;
/// In so few values a beginning is a guess.
const VALUES_SURE: usize = 10;

impl Tool for WhatChanged {
    const NAME: &'static str = "what_changed";
    const TITLE: &'static str = "What changed";
    const DESCRIPTION: &'static str = "The first question about an incident: what moved most in a \
        window (default the last hour) against the time before, over the fleet, grouped by cause: \
        simultaneous on many servers, cascading with the order, or isolated; with programs that \
        grew, alerts, and what came, went or restarted. What is usual at this hour is left out.";
    type Input = WhatChangedInput;
    type Output = WhatChangedOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let window = Window::parse(
            input.since.as_deref(),
            input.until.as_deref(),
            input.timezone.as_deref(),
            1.hour(),
            selection.now,
        )?;
        check(&selection, &window)?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let detailed = usize::from(input.format.detailed());
        let shown = |[concise, detail]: [usize; 2]| if detailed == 1 { detail } else { concise };
        let time = Time::of(&window, interval_secs(&selection));
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        let asked = asked(&cx, &selection, &input.metrics, &mut notes).await?;
        let mut found = read(&cx, &selection, asked, time).await?;
        gaps(&found, &selection, &time, &mut notes);
        let usual = usual::leave_out(&cx, &mut found, &time, &mut notes).await?;
        let hosts: Vec<HostName> = selection.aliases();
        let happened = cx.query.events(&cx.principal, &hosts, window.span()).await?;
        found.moved.extend(around::outages(&happened, &selection));
        let groups = group::group(std::mem::take(&mut found.moved), near(&selection, &time));
        let (total, sure) = (groups.len(), usual.unknown == 0);
        let is_guess = |group: &Group| is_guess(&selection, group);
        if groups.iter().any(is_guess) {
            notes.push(GUESSED.to_owned());
        }
        let mut events = around::events(&happened, &groups, &window);
        cut_note(&mut events, shown(EVENTS_SHOWN), "kinds of events", &mut notes);
        let past_alerts = cx.query.past_alerts(&cx.principal, &selection, window.span()).await?;
        let mut alerts = around::alerts(&past_alerts, &groups, &window);
        cut_note(&mut alerts, shown(ALERTS_SHOWN), "alerts that began", &mut notes);
        let most = shown(MOVES_SHOWN);
        let rows: Vec<ChangeRow> = groups
            .iter()
            .map(|it| ChangeRow::of(it, &window, sure && !is_guess(it), most))
            .collect();
        let mut tally = Tally::new(&selection);
        // The past of a server that is down is there.
        tally.all_answer();
        events.iter().flat_map(|row| &row.hosts).for_each(|host| tally.shown(host));
        alerts.iter().filter_map(|row| row.host.as_ref()).for_each(|host| tally.shown(host));
        let (changes, coverage) = cut.groups(rows, tally, |row| &row.hosts, "changes");
        let is_shown = |group: &Group| changes.iter().any(|row| row.change == group.number);
        let groups: Vec<Group> = groups.into_iter().filter(is_shown).collect();
        let mut moves = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let most = if index < shown(CHANGES_IN_FULL) { most } else { 1 };
            let told = group.moves.iter().take(most);
            moves.extend(told.map(|moved| MoveRow::of(group.number, moved, &window)));
        }
        let programs = around::programs(&cx, &groups, &time).await?;
        let before = window.before(time.before.secs());
        Ok(WhatChangedOutput {
            from: window.written(window.since),
            until: window.written(window.until),
            changes,
            moves,
            programs,
            alerts,
            events,
            evidence: Evidence {
                before_from: window.written(before.since),
                resolution: resolution(&time),
                series_tested: found.tested,
                series_untestable: found.untestable,
                usual_moves: usual.moves,
                watched_percent: watched_percent(&cx, &window).await?,
                watched_before_percent: watched_percent(&cx, &before).await?,
                method: METHOD,
            },
            notes,
            coverage,
            total,
        })
    }
}

fn check(selection: &Selection, window: &Window) -> Result<(), ToolError> {
    if window.secs() < WINDOW_SECS_MIN {
        return Err(ToolError::Refused(format!(
            "from `since` to `until` are {} s: a window of {WINDOW_SECS_MIN} s is the shortest in \
             which a change can be told from noise",
            window.secs()
        )));
    }
    let servers = selection.servers.len();
    if servers > SERVERS_MAX {
        return Err(ToolError::Refused(format!(
            "{servers} servers are selected and {SERVERS_MAX} are compared at most: narrow \
             `servers`, such as by `env:production`"
        )));
    }
    Ok(())
}

/// The series to read of each server.
async fn asked(
    cx: &Context,
    selection: &Selection,
    metrics: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<(HostName, Vec<SeriesName>)>, ToolError> {
    if !metrics.is_empty() {
        return chosen(cx, selection, metrics).await;
    }
    let most = (SERIES_MAX / selection.servers.len().max(1)).min(SERIES_OF_A_SERVER);
    let mut left_out = 0;
    let found = cx.query.series(&cx.principal, &selection.aliases()).await?;
    let asked = found.into_iter().map(|(host, names)| {
        let mut names = series::telling(names);
        left_out += names.len().saturating_sub(most);
        names.truncate(most);
        (host, names)
    });
    let asked = asked.collect();
    if left_out > 0 {
        notes.push(format!(
            "{left_out} more series, of lesser weight, were not read; name them in `metrics`"
        ));
    }
    Ok(asked)
}

/// Reads all series, some servers at a time, and looks for moves in them.
async fn read(
    cx: &Context,
    selection: &Selection,
    asked: Vec<(HostName, Vec<SeriesName>)>,
    time: Time,
) -> Result<Found, ToolError> {
    let total = asked.len();
    let mut past: Vec<Past> = Vec::new();
    let mut asked = asked.into_iter().peekable();
    let mut done = 0;
    while asked.peek().is_some() {
        let some: Vec<_> = asked.by_ref().take(SERVERS_AT_ONCE).collect();
        done += some.len();
        past.extend(cx.query.past(&cx.principal, some, time.read(), time.level).await?);
        #[expect(clippy::cast_precision_loss, reason = "servers are few")]
        cx.progress.step(done as f64, total as f64, "servers read");
    }
    let hosts = selection.servers.iter().map(|it| &it.host);
    let polled = hosts.map(|host| {
        let interval_secs = i64::try_from(host.interval.as_secs()).unwrap_or(0);
        (host.alias.clone(), Polled { zone: host.timezone.clone(), interval_secs })
    });
    let polled = polled.collect();
    // Arithmetic for a fleet: not on a thread that others wait for.
    let searched = tokio::task::spawn_blocking(move || series::search(&past, &time, &polled));
    Ok(searched.await.unwrap_or_default())
}

/// Servers whose values are missing at a side of the beginning of the window.
fn gaps(found: &Found, selection: &Selection, time: &Time, notes: &mut Vec<String>) {
    const ENOUGH_SHARE: f64 = 0.5;
    let sides = [("in the window", time.window.secs()), ("in the time before", time.before.secs())];
    for (index, (words, secs)) in [(1, sides[0]), (0, sides[1])] {
        let few = |snapshot: &&std::sync::Arc<crate::snapshot::Snapshot>| {
            let values = found.values.get(&snapshot.host.alias).copied().unwrap_or_default();
            let interval = snapshot.host.interval.as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
            let expected = secs as f64 / interval.max(time.step as f64);
            #[expect(clippy::cast_precision_loss, reason = "values are few")]
            let have = values.get(index).copied().unwrap_or(0) as f64;
            !snapshot.host.paused && have < ENOUGH_SHARE * expected
        };
        let names: Vec<&str> =
            selection.servers.iter().filter(few).map(|it| it.host.alias.as_str()).collect();
        if !names.is_empty() {
            notes.push(format!(
                "{words} less than half of the samples are there of {} ({})",
                render::count(names.len(), "server"),
                some_words(&names, SERVERS_SHOWN)
            ));
        }
    }
}

/// Of the server that is polled least often.
fn interval_secs(selection: &Selection) -> i64 {
    let longest = selection.servers.iter().map(|it| it.host.interval.as_secs()).max();
    i64::try_from(longest.unwrap_or(0)).unwrap_or(0)
}

/// What cannot be told apart at this resolution.
fn near(selection: &Selection, time: &Time) -> Near {
    let interval = interval_secs(selection);
    // Polls are spread over their interval, and steps are cut.
    let same_secs = (2 * time.step).max(interval + interval / 2);
    Near { same_secs, story_secs: STORY_SECS + 2 * same_secs }
}

const GUESSED: &str = "a cascade is told by its order alone: no `depends_on` says that these servers \
    need each other, and two incidents within minutes look the same";

/// Whether servers moved one after the other of which none is known to need another.
fn is_guess(selection: &Selection, group: &Group) -> bool {
    let moved = |host: &HostName| group.onsets.iter().any(|(it, _)| it == host);
    let mut hosts = selection.servers.iter().map(|it| &it.host).filter(|it| moved(&it.alias));
    group.verdict == Verdict::Cascading && !hosts.any(|host| host.depends_on.iter().any(moved))
}

fn cut_note<T>(rows: &mut Vec<T>, most: usize, what: &str, notes: &mut Vec<String>) {
    if rows.len() > most {
        notes.push(format!("{most} of {} {what}", rows.len()));
        rows.truncate(most);
    }
}

fn resolution(time: &Time) -> String {
    let what = match time.level {
        Level::Raw => "polls",
        Level::FiveMinutes => "means of 5 minutes",
        Level::Hour => "means of an hour",
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
    let step = render::duration(time.step as f64);
    format!("{what}, in steps of {step}")
}

impl ChangeRow {
    fn of(group: &Group, window: &Window, sure: bool, moves: usize) -> Self {
        let first = group.onsets.iter().take(SERVERS_SHOWN).map(|(host, _)| host);
        let told = group.moves.iter().take(moves).map(|moved| &moved.host);
        let hosts: BTreeSet<&HostName> = first.chain(told).collect();
        let names: Vec<&str> = group.onsets.iter().map(|(host, _)| host.as_str()).collect();
        let began = group.began();
        let order = (group.verdict == Verdict::Cascading).then(|| {
            let steps: Vec<String> = group
                .onsets
                .iter()
                .take(SERVERS_SHOWN)
                .map(|(host, at)| match at - began {
                    0 => host.to_string(),
                    #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
                    later => format!("{host} +{}", render::duration(later as f64)),
                })
                .collect();
            steps.join(", then ")
        });
        let long = group.moves.first().is_some_and(|it| it.values == 0 || it.values >= VALUES_SURE);
        Self {
            change: group.number,
            verdict: group.verdict,
            began: written(began, window),
            servers: some_words(&names, SERVERS_SHOWN),
            server_count: names.len(),
            order,
            series: group.moves.len(),
            confidence: match (long, sure) {
                (true, true) => "high",
                (true, false) | (false, true) => "medium",
                (false, false) => "low",
            },
            hosts: hosts.into_iter().cloned().collect(),
        }
    }
}

impl MoveRow {
    fn of(change: usize, moved: &Moved, window: &Window) -> Self {
        Self {
            change,
            server: moved.host.clone(),
            metric: clip(&moved.series, NAME_CHARS).into_owned(),
            before: moved.before,
            after: moved.after,
            unit: moved.metric.unit.word(),
            direction: moved.direction(),
            at: written(moved.at, window),
            over: moved.until.map(|until| written(until, window)),
            effect: moved.effect,
        }
    }
}

impl Output for WhatChangedOutput {
    fn headline(&self) -> String {
        let Evidence { series_tested: tested, series_untestable: untestable, .. } = self.evidence;
        let (from, until) = (&self.from, &self.until);
        let Some((first, moved)) = self.changes.first().zip(self.moves.first()) else {
            if tested == 0 {
                return format!(
                    "Too little history to tell what changed from {from} to {until}: of \
                     {untestable} series none has 20 values before and 3 in the window."
                );
            }
            if let Some(event) = self.events.first().filter(|event| event.story) {
                return format!(
                    "No series moved beyond the usual from {from} to {until}, of {tested} that were \
                     looked at. What happened there: {}.",
                    event.sentence()
                );
            }
            return format!(
                "Nothing changed from {from} to {until}: {tested} series of {} were looked at, {} \
                 moved as usual at this hour.",
                render::count(self.coverage.selected, "server"),
                self.evidence.usual_moves
            );
        };
        let verdict = match first.verdict {
            Verdict::Simultaneous => "simultaneous",
            Verdict::Cascading => "cascading",
            Verdict::Isolated => "isolated",
        };
        format!(
            "{} from {from} to {until}. First: {verdict} on {} since {}, {} on {} from {} to {}.",
            render::count(self.total, "change"),
            render::count(first.server_count, "server"),
            first.began,
            moved.metric,
            moved.server,
            render::in_unit(moved.before, moved.unit),
            render::in_unit(moved.after, moved.unit),
        )
    }
}
