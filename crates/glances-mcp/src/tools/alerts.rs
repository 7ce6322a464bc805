//! Alerts: those that are open, in groups with a probable cause, and those of the past.

mod history;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::history::GetAlertHistory;
use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, NAME_CHARS},
};
use crate::{
    alert::{Alert, Defaults, Group, Rules, State, Threshold, check, group},
    model::{HostName, Severity},
    query::{
        InForce, Selection, compact,
        coverage::{Coverage, Tally, rfc3339},
    },
    redact::clip,
    render,
    runbooks::{Runbook, Runbooks},
    store::Span,
};

pub(super) struct CheckAlertConditions;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckAlertConditionsInput {
    #[serde(default)]
    servers: Servers,
    /// At least so bad
    severity: Option<Least>,
    /// Judge the present by these as well
    #[serde(default)]
    #[schemars(length(max = 20))]
    thresholds: Vec<Custom>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Least {
    Careful,
    Warning,
    Critical,
}

impl Least {
    const fn severity(self) -> Severity {
        match self {
            Self::Careful => Severity::Careful,
            Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Custom {
    metric: String,
    warning: f64,
    critical: f64,
    unit: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckAlertConditionsOutput {
    firing: usize,
    pending: usize,
    /// Firing, and nobody is told: maintenance, a silence, an expectation, a server that is down.
    suppressed: usize,
    /// What belongs together, worst first.
    groups: Vec<GroupRow>,
    /// The alerts of the groups; in `detailed` all, with those suppressed.
    alerts: Vec<AlertRow>,
    /// Beyond the thresholds of this call, at this moment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom: Vec<CustomRow>,
    /// What operators silenced, acknowledged or expect; `detailed` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_force: Vec<String>,
    /// Servers whose last poll was judged.
    evaluated: usize,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct GroupRow {
    severity: Severity,
    /// What probably began it.
    cause: String,
    /// It follows from what is known; else it is a guess from time and rank.
    certain: bool,
    alerts: usize,
    servers: Vec<String>,
    since: String,
    /// What used most CPU and memory when it began.
    programs: Option<String>,
    /// A call that tells more.
    next: String,
    /// What to do: the resource.
    runbook: Option<String>,
    /// What its runbook calls after `next`, in order; `concise` tells it of the first groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    first_steps: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AlertRow {
    server: Option<String>,
    severity: Severity,
    state: &'static str,
    metric: String,
    value: f64,
    threshold: f64,
    unit: String,
    since: String,
    id: String,
    suppressed_by: Option<String>,
    flapping: Option<bool>,
    #[serde(skip)]
    host: Vec<HostName>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CustomRow {
    #[schemars(with = "String")]
    server: HostName,
    metric: String,
    severity: Severity,
    value: f64,
    threshold: f64,
    unit: &'static str,
}

/// Groups of one reply, and those whose programs are looked up and whose steps a concise one tells.
const GROUPS_MAX: usize = 10;
const GROUPS_IN_DEPTH: usize = 3;
/// Steps of a runbook, beside the first.
const STEPS_CONCISE: usize = 1;
const STEPS_DETAILED: usize = 2;
/// Rows of thresholds of this call.
const CUSTOM_MAX: usize = 20;
/// Silences and the like in one reply; `manage_alerts` lists all.
const IN_FORCE_MAX: usize = 10;
/// A list of programs is kept once a minute.
const PROGRAMS_NEAR_SECS: i64 = 150;

impl Tool for CheckAlertConditions {
    const NAME: &'static str = "check_alert_conditions";
    const TITLE: &'static str = "Check alert conditions";
    const DESCRIPTION: &'static str = "Alerts that fire or are about to, worst first, in groups \
        with their probable cause, the programs of that moment, a next call and a runbook. They are \
        debounced over minutes, so that a spike is none. `thresholds` judges the present by other \
        limits. Past ones: get_alert_history.";
    type Input = CheckAlertConditionsInput;
    type Output = CheckAlertConditionsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let least = input.severity.map_or(Severity::Ok, Least::severity);
        let mut open = cx.query.open_alerts(&cx.principal, &selection);
        open.retain(|alert| alert.severity() >= least);
        let quiet = |alert: &&Alert| !alert.suppressed_by.is_empty();
        let firing = |alert: &&Alert| alert.state.is_firing();
        let suppressed = open.iter().filter(firing).filter(quiet).count();
        let firing_count = open.iter().filter(firing).count() - suppressed;
        let pending = open.iter().filter(|alert| !alert.state.is_firing()).count();
        let hosts: BTreeMap<&HostName, &[HostName]> = selection
            .servers
            .iter()
            .map(|snapshot| (&snapshot.host.alias, snapshot.host.depends_on.as_slice()))
            .collect();
        let groups = group(&open, |host| hosts.get(host).copied().unwrap_or_default());
        let told = groups.iter().filter(|group| group.suppressed < group.alerts.len());
        let told: Vec<&Group<'_>> = told.collect();
        let runbooks = cx.query.runbooks();
        let detailed = input.format.detailed();
        let mut rows = Vec::new();
        for (index, group) in told.iter().take(GROUPS_MAX).enumerate() {
            let in_depth = index < GROUPS_IN_DEPTH;
            let programs = if in_depth { programs(&cx, group).await? } else { None };
            let steps = match (detailed, in_depth) {
                (true, _) => STEPS_DETAILED,
                (false, true) => STEPS_CONCISE,
                (false, false) => 0,
            };
            rows.extend(GroupRow::of(group, programs, &runbooks, steps));
        }
        let ordered = groups.iter().flat_map(|group| &group.alerts);
        let shown = ordered.filter(|alert| input.format.detailed() || !quiet(alert));
        let alerts: Vec<AlertRow> = shown.map(|alert| AlertRow::of(alert)).collect();
        let custom = custom(&selection, &input.thresholds)?;
        let mut tally = Tally::new(&selection);
        let evaluated = tally.answering().count();
        custom.iter().for_each(|row| tally.shown(&row.server));
        let (alerts, coverage) = cut.groups(alerts, tally, |row| &row.host, "alerts");
        let notes = cx.query.outage().into_iter().collect();
        let mut in_force = Vec::new();
        if input.format.detailed() {
            let said = cx.query.in_force(&cx.principal, &selection).await?;
            in_force.extend(said.iter().take(IN_FORCE_MAX).map(in_words));
        }
        Ok(CheckAlertConditionsOutput {
            firing: firing_count,
            pending,
            suppressed,
            groups: rows,
            alerts,
            custom,
            in_force,
            evaluated,
            notes,
            coverage,
        })
    }
}

/// What used most when a group began, on the server of its cause.
async fn programs(cx: &Context, group: &Group<'_>) -> Result<Option<String>, ToolError> {
    const NAMES: usize = 3;
    let Some(first) = group.alerts.first() else { return Ok(None) };
    let Some(host) = &first.host else { return Ok(None) };
    let span =
        Span { from: first.began - PROGRAMS_NEAR_SECS, to: first.began + PROGRAMS_NEAR_SECS };
    let lists = cx.query.past_programs(&cx.principal, host, span).await?;
    let nearest = lists.into_iter().min_by_key(|list| (list.secs - first.began).abs());
    let Some(mut top) = nearest.map(|list| list.top) else { return Ok(None) };
    top.sort_by(|a, b| b.cpu_percent.unwrap_or(0.0).total_cmp(&a.cpu_percent.unwrap_or(0.0)));
    let word = |program: &crate::store::Program| {
        let cpu = render::short(program.cpu_percent.unwrap_or(0.0));
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        let memory = render::bytes(program.memory_bytes.unwrap_or(0) as f64);
        format!("{} {cpu}% {memory}", clip(&program.name, NAME_CHARS))
    };
    let words: Vec<String> = top.iter().take(NAMES).map(word).collect();
    Ok((!words.is_empty()).then(|| words.join(", ")))
}

/// What of the present is beyond the thresholds of this call.
fn custom(selection: &Selection, thresholds: &[Custom]) -> Result<Vec<CustomRow>, ToolError> {
    if thresholds.is_empty() {
        return Ok(Vec::new());
    }
    let given: Vec<Threshold> = thresholds
        .iter()
        .map(|it| Threshold {
            metric: it.metric.clone(),
            careful: None,
            warning: it.warning,
            critical: it.critical,
            unit: it.unit.clone(),
            clear: None,
            for_secs: None,
            clear_after_secs: None,
            servers: Vec::new(),
            per_core: false,
        })
        .collect();
    let rules = Rules::new(&given, Defaults::Ours).map_err(|problems| {
        let words = problems
            .iter()
            .map(|it| format!("`thresholds[{}].{}`: {}; {}", it.index, it.key, it.problem, it.fix));
        ToolError::Refused(words.collect::<Vec<_>>().join("; "))
    })?;
    let path = |series: &str| series.split('[').next().unwrap_or_default().to_owned();
    let asked: Vec<String> = thresholds.iter().map(|it| path(&it.metric)).collect();
    let mut rows = Vec::new();
    for snapshot in Tally::new(selection).answering() {
        for breach in check(&rules, snapshot, selection.now.as_second()) {
            if asked.contains(&path(&breach.series)) {
                rows.push(CustomRow {
                    server: snapshot.host.alias.clone(),
                    metric: clip(&breach.series, NAME_CHARS).into_owned(),
                    severity: breach.severity,
                    value: breach.value,
                    threshold: breach.threshold,
                    unit: breach.unit,
                });
            }
        }
    }
    rows.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| (&a.server, &a.metric).cmp(&(&b.server, &b.metric)))
    });
    rows.truncate(CUSTOM_MAX);
    Ok(rows)
}

/// The call that tells more of an alert for which nobody wrote one.
fn next(alert: &Alert) -> String {
    match &alert.host {
        Some(host) => format!("get_detailed_metrics {{\"servers\": [\"{host}\"]}}"),
        None => "get_server_status {}".to_owned(),
    }
}

/// Something that an operator said, in a line.
fn in_words(it: &InForce) -> String {
    let servers = match it.servers.is_empty() {
        true => "all servers".to_owned(),
        false => view::some_words(&it.servers, SERVERS_SHOWN),
    };
    let subject = it.subject.as_deref().unwrap_or("all alerts");
    let until = it.until.map_or_else(String::new, |until| format!(" until {}", written(until)));
    let rest = if it.active { "" } else { ", not at this time" };
    let by = it.by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let why = it.why.as_deref().filter(|why| !why.is_empty());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let subject = clip(subject, NAME_CHARS);
    format!("{} of {subject} on {servers}{until}{rest}{by}{why}", it.kind.word())
}

fn written(secs: i64) -> String {
    Timestamp::from_second(secs).map(rfc3339).unwrap_or_default()
}

impl GroupRow {
    fn of(
        group: &Group<'_>,
        programs: Option<String>,
        runbooks: &Runbooks,
        steps: usize,
    ) -> Option<Self> {
        let first = group.alerts.first()?;
        let runbook = runbooks.for_alert(first);
        let host = first.host.as_ref().map(HostName::as_str);
        let steps_of = |it: &Runbook| it.first_steps(host).into_iter();
        let mut calls = runbook.map(steps_of).unwrap_or_default().peekable();
        let first_call = calls.next_if(|step| step.call.is_some()).and_then(|step| step.call);
        let mut hosts: Vec<&str> =
            group.alerts.iter().filter_map(|it| Some(it.host.as_ref()?.as_str())).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let began = group.alerts.iter().map(|alert| alert.began).min()?;
        Some(Self {
            severity: group.severity,
            cause: clip(&group.cause.says, CAUSE_CHARS).into_owned(),
            certain: group.cause.certain,
            alerts: group.alerts.len(),
            servers: compact(&hosts).into_iter().take(SERVERS_SHOWN).collect(),
            since: written(began),
            programs,
            next: first_call.unwrap_or_else(|| next(first)),
            runbook: runbook.map(Runbook::uri),
            first_steps: calls.take(steps).map(|step| step.text).collect(),
        })
    }
}

/// Longest words for a cause.
const CAUSE_CHARS: usize = 160;
/// Servers, or runs of them, named in a group.
const SERVERS_SHOWN: usize = 8;

impl AlertRow {
    fn of(alert: &Alert) -> Self {
        let since = match alert.state {
            State::Firing { since, .. } | State::Pending { since, .. } => since,
            State::Inactive | State::Resolved { .. } => alert.began,
        };
        let reasons: Vec<String> = alert.suppressed_by.iter().map(ToString::to_string).collect();
        Self {
            server: alert.host.as_ref().map(ToString::to_string),
            severity: alert.severity(),
            state: if alert.state.is_firing() { "firing" } else { "pending" },
            metric: clip(&alert.series, NAME_CHARS).into_owned(),
            value: alert.value,
            threshold: alert.threshold,
            unit: alert.unit.clone(),
            since: written(since),
            id: alert.id.clone(),
            suppressed_by: (!reasons.is_empty()).then(|| reasons.join("; ")),
            flapping: alert.flapping.then_some(true),
            host: alert.host.iter().cloned().collect(),
        }
    }
}

impl Output for CheckAlertConditionsOutput {
    fn headline(&self) -> String {
        let coverage = format!(
            "{} of {} evaluated",
            self.evaluated,
            render::count(self.coverage.selected, "server")
        );
        let first = self.groups.first().map_or_else(String::new, |group| {
            format!(" First: {}.", group.cause.trim_end_matches('.'))
        });
        format!(
            "{} firing, {} pending, {} suppressed; {coverage}.{first}",
            self.firing, self.pending, self.suppressed
        )
    }
}
