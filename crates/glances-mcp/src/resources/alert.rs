//! `glances://alerts/{id}`: one alert, open or past, with all that belongs to it.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Changes, Resource, Variables,
    alert_history::groups,
    rows::{LINE_CHARS, NAME_CHARS, all_of, unknown, written},
};
use crate::{
    alert::{Alert, State},
    complete::Values,
    model::{HostName, Severity},
    query::{InForce, PastAlert, Selection, coverage::rfc3339},
    redact::clip,
    runbooks::Runbook,
    store::{Event, Program, Span},
    tools::{Context, ToolError},
};

pub(super) struct OneAlert;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AlertDocument {
    /// When this was true, UTC.
    as_of: String,
    id: String,
    /// Absent for the fleet.
    server: Option<String>,
    environment: Option<String>,
    rule: String,
    metric: String,
    /// `pending`, `firing` or `over`.
    state: &'static str,
    severity: Severity,
    /// The worst that it was.
    peak: Severity,
    /// Value when last judged, per core where the rule says so.
    value: f64,
    /// Worst value.
    worst: f64,
    /// The limit of the last severity.
    threshold: f64,
    unit: String,
    /// What is wrong, in words.
    says: String,
    began: String,
    /// When the certainty was enough; absent while it is pending.
    fired: Option<String>,
    ended: Option<String>,
    length_seconds: i64,
    flapping: Option<bool>,
    /// Why nobody is told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressed_by: Vec<String>,
    /// What belongs to it, and the probable cause; absent when it stands alone.
    group: Option<GroupRow>,
    /// What happened on its server from 15 minutes before to 10 minutes after, in time order; of many
    /// the 30 nearest to its beginning.
    timeline: Vec<Happened>,
    /// What used most CPU on its server when it began.
    programs: Vec<ProgramRow>,
    /// When these programs were listed.
    programs_at: Option<String>,
    verdict: Option<VerdictRow>,
    /// Silences, acknowledgements and expectations that are about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<SaidRow>,
    /// What to do about it: `glances://runbooks/{name}`.
    runbook: Option<String>,
    /// The first steps of that runbook, each with its call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct GroupRow {
    /// What probably began it.
    cause: String,
    /// It follows from what is known; else it is a guess from time and rank.
    certain: bool,
    severity: Severity,
    alerts_total: usize,
    /// The cause first, at most 15.
    alerts: Vec<Member>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Member {
    /// Each is `glances://alerts/{id}`.
    id: String,
    server: Option<String>,
    metric: String,
    severity: Severity,
    began: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Happened {
    at: String,
    what: String,
    item: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ProgramRow {
    program: String,
    /// Of one core.
    cpu_percent: Option<f64>,
    memory_bytes: Option<u64>,
    io_bytes_per_second: Option<f64>,
    processes: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VerdictRow {
    /// `real`, `noise` or `expected`.
    verdict: &'static str,
    by: String,
    at: String,
    why: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct SaidRow {
    /// `silence`, `acknowledgement` or `expectation`.
    kind: &'static str,
    /// For manage_alerts.
    id: String,
    /// It quiets at this moment.
    active: bool,
    until: Option<String>,
    /// Absent when it is about servers that you may not see, too.
    by: Option<String>,
    why: Option<String>,
}

/// Around an alert: what can be its cause, and its effect; seconds.
const BEFORE_SECS: i64 = 900;
const AFTER_SECS: i64 = 600;
/// Alerts of its time that can belong to it.
const TOGETHER_SECS: i64 = 3_600;
/// A list of programs is kept once a minute.
const PROGRAMS_NEAR_SECS: i64 = 150;
const EVENTS_MAX: usize = 30;
const PROGRAMS_MAX: usize = 8;
const MEMBERS_MAX: usize = 15;
const SAID_MAX: usize = 10;
/// Older ones are forgotten by any configuration.
const KEPT_SECS: i64 = 400 * 86_400;

impl Resource for OneAlert {
    const URI: &'static str = "glances://alerts/{id}";
    const NAME: &'static str = "alert";
    const TITLE: &'static str = "One alert";
    const DESCRIPTION: &'static str = "One alert, open or past, by its id: values and times, what \
        belongs to it with the probable cause, what happened around it, the programs of that moment, \
        verdict, silences, and its runbook. Can be watched.";
    const PRIORITY: f32 = 0.5;
    const CHANGES: Changes = Changes::Live;
    const VARIABLES: &'static [(&'static str, Values)] = &[("id", Values::Alert)];
    type Document = AlertDocument;

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let all = all_of(&cx);
        let found = find(&cx, &all, variables.get("id")).await?;
        AlertDocument::of(&cx, &all, found).await
    }
}

/// The alert of an id, as far as the caller may know of it.
async fn find(cx: &Context, all: &Selection, id: &str) -> Result<PastAlert, ToolError> {
    let now = all.now.as_second();
    let span = Span { from: now - KEPT_SECS, to: now + 1 };
    let past = cx.query.past_alerts(&cx.principal, all, span).await?;
    // Of an open one the live state is newer than what is stored.
    let open = cx.query.open_alerts(&cx.principal, all).into_iter().find(|it| it.id == id);
    let kept = past.iter().find(|it| it.alert.id == id).cloned();
    match (open, kept) {
        (Some(alert), kept) => {
            Ok(PastAlert { alert, closed: None, verdict: kept.and_then(|it| it.verdict) })
        }
        (None, Some(kept)) => Ok(kept),
        (None, None) => Err(unknown("alert", id, past.iter().map(|it| it.alert.id.as_str()))),
    }
}

impl AlertDocument {
    async fn of(cx: &Context, all: &Selection, found: PastAlert) -> Result<Self, ToolError> {
        let PastAlert { alert, closed, verdict } = found;
        let now = all.now.as_second();
        let end = closed.unwrap_or(now);
        let fired = match alert.state {
            State::Firing { since, .. } | State::Resolved { since, .. } => Some(since),
            State::Inactive | State::Pending { .. } => None,
        };
        let runbooks = cx.query.runbooks();
        let runbook = runbooks.for_alert(&alert);
        let server = alert.host.as_ref().map(HostName::as_str);
        let steps = runbook.map(|runbook| runbook.first_steps(server)).unwrap_or_default();
        let (programs, programs_at) = programs(cx, &alert).await?;
        let said = said(cx, &alert, closed).await?;
        let verdict = verdict.map(|(verdict, kept)| VerdictRow {
            verdict: verdict.word(),
            by: clip(&kept.by, NAME_CHARS).into_owned(),
            at: written(kept.secs),
            why: some(&kept.why),
        });
        Ok(Self {
            as_of: rfc3339(all.now),
            id: alert.id.clone(),
            server: alert.host.as_ref().map(ToString::to_string),
            environment: alert.environment.clone(),
            rule: clip(&alert.rule, NAME_CHARS).into_owned(),
            metric: clip(&alert.series, LINE_CHARS).into_owned(),
            state: match (closed, alert.state.is_firing()) {
                (Some(_), _) => "over",
                (None, true) => "firing",
                (None, false) => "pending",
            },
            severity: alert.severity(),
            peak: alert.peak,
            value: alert.value,
            worst: alert.worst,
            threshold: alert.threshold,
            unit: alert.unit.clone(),
            says: clip(&alert.says, LINE_CHARS).into_owned(),
            began: written(alert.began),
            fired: fired.map(written),
            ended: closed.map(written),
            length_seconds: (end - alert.began).max(0),
            flapping: alert.flapping.then_some(true),
            suppressed_by: alert.suppressed_by.iter().map(ToString::to_string).collect(),
            group: group_of(cx, all, &alert, end).await?,
            timeline: timeline(cx, &alert, end).await?,
            programs,
            programs_at,
            verdict,
            said,
            runbook: runbook.map(Runbook::uri),
            steps: steps.into_iter().map(|step| step.text).collect(),
        })
    }
}

/// A text that says something.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| clip(text, LINE_CHARS).into_owned())
}

/// What belongs to it, of all that was open at its time.
async fn group_of(
    cx: &Context,
    all: &Selection,
    alert: &Alert,
    end: i64,
) -> Result<Option<GroupRow>, ToolError> {
    let span = Span { from: alert.began - TOGETHER_SECS, to: end + TOGETHER_SECS };
    let mut near: Vec<Alert> = cx
        .query
        .past_alerts(&cx.principal, all, span)
        .await?
        .into_iter()
        .map(|it| it.alert)
        .filter(|it| (it.began - alert.began).abs() <= TOGETHER_SECS)
        .collect();
    for open in cx.query.open_alerts(&cx.principal, all) {
        if !near.iter().any(|it| it.id == open.id) {
            near.push(open);
        }
    }
    let groups = groups(all, near.iter());
    let own = groups.iter().find(|group| group.alerts.iter().any(|it| it.id == alert.id));
    let Some(group) = own.filter(|group| group.alerts.len() > 1) else { return Ok(None) };
    let member = |it: &&Alert| Member {
        id: it.id.clone(),
        server: it.host.as_ref().map(ToString::to_string),
        metric: clip(&it.series, NAME_CHARS).into_owned(),
        severity: it.severity(),
        began: written(it.began),
    };
    Ok(Some(GroupRow {
        cause: clip(&group.cause.says, LINE_CHARS).into_owned(),
        certain: group.cause.certain,
        severity: group.severity,
        alerts_total: group.alerts.len(),
        alerts: group.alerts.iter().take(MEMBERS_MAX).map(member).collect(),
    }))
}

/// What happened on its server around it.
async fn timeline(cx: &Context, alert: &Alert, end: i64) -> Result<Vec<Happened>, ToolError> {
    let Some(host) = &alert.host else { return Ok(Vec::new()) };
    let span = Span { from: alert.began - BEFORE_SECS, to: end + AFTER_SECS };
    let hosts = std::slice::from_ref(host);
    let mut events = cx.query.events(&cx.principal, hosts, span).await?;
    events.sort_by_key(|event| (event.secs - alert.began).abs());
    events.truncate(EVENTS_MAX);
    events.sort_by_key(|event| event.secs);
    let row = |event: Event| Happened {
        at: written(event.secs),
        what: event.kind.replace('_', " "),
        item: some(&event.item),
        detail: some(&event.detail),
    };
    Ok(events.into_iter().map(row).collect())
}

/// The programs of its beginning, and when they were listed.
async fn programs(
    cx: &Context,
    alert: &Alert,
) -> Result<(Vec<ProgramRow>, Option<String>), ToolError> {
    let Some(host) = &alert.host else { return Ok((Vec::new(), None)) };
    let near = PROGRAMS_NEAR_SECS;
    let span = Span { from: alert.began - near, to: alert.began + near };
    let lists = cx.query.past_programs(&cx.principal, host, span).await?;
    let Some(mut nearest) = lists.into_iter().min_by_key(|it| (it.secs - alert.began).abs()) else {
        return Ok((Vec::new(), None));
    };
    let cpu = |program: &Program| program.cpu_percent.unwrap_or(0.0);
    nearest.top.sort_by(|a, b| cpu(b).total_cmp(&cpu(a)));
    let row = |program: Program| ProgramRow {
        program: clip(&program.name, NAME_CHARS).into_owned(),
        cpu_percent: program.cpu_percent,
        memory_bytes: program.memory_bytes,
        io_bytes_per_second: program.io_bytes_per_second,
        processes: program.processes,
    };
    let at = written(nearest.secs);
    Ok((nearest.top.into_iter().take(PROGRAMS_MAX).map(row).collect(), Some(at)))
}

/// What operators said that is about it, while it is open.
async fn said(cx: &Context, alert: &Alert, closed: Option<i64>) -> Result<Vec<SaidRow>, ToolError> {
    let (Some(host), None) = (&alert.host, closed) else { return Ok(Vec::new()) };
    let only = cx.query.select(&cx.principal, &[host.to_string()], cx.now).await?;
    let mut said = cx.query.said_of_alert(&cx.principal, &only, alert).await?;
    said.sort_by_key(|it| Reverse(it.active));
    let row = |it: InForce| SaidRow {
        kind: it.kind.word(),
        id: it.id,
        active: it.active,
        until: it.until.map(written),
        by: it.by,
        why: it.why.as_deref().and_then(some),
    };
    Ok(said.into_iter().take(SAID_MAX).map(row).collect())
}
