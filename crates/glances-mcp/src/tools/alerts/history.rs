//! `get_alert_history`: alerts of a time, and what they have in common.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        Context, Output, Tool, ToolError,
        args::{Cursor, Format, Limit, Servers},
        listing::Cut,
        view::{self, NAME_CHARS, fits},
    },
    Least,
};
use analytics::wilson_lower;

use crate::{
    model::{HostName, Severity, Verdict},
    query::{
        NOTE, PastAlert, Selection, THRESHOLD,
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
    store::{Event, Span},
};

pub(in super::super) struct GetAlertHistory;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Input {
    #[serde(default)]
    servers: Servers,
    /// RFC 3339, -2h, 03:10; default -7d
    since: Option<String>,
    until: Option<String>,
    timezone: Option<String>,
    severity: Option<Least>,
    /// Metric or glob, such as fs.*
    filter: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct History {
    from: String,
    until: String,
    alerts_total: usize,
    /// In the time of the same length before.
    alerts_before: usize,
    /// Most frequent first.
    rules: Vec<RuleRow>,
    /// Newest first.
    alerts: Vec<Row>,
    /// What operators noted, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    noted: Vec<Remark>,
    /// Limits that the configuration changed, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits_changed: Vec<Remark>,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct RuleRow {
    rule: String,
    alerts: usize,
    servers: usize,
    critical: usize,
    flapping: usize,
    /// Mean time from its beginning to its end.
    mttr_seconds: Option<f64>,
    /// Mean time between the beginnings of two on one series.
    mtbf_seconds: Option<f64>,
    /// Share of the verdicts `real` among those and `noise`.
    precision_percent: Option<f64>,
    /// It is at least that, with 95 % confidence (Wilson).
    precision_least_percent: Option<f64>,
    /// Verdicts `real` or `noise`.
    judged: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    server: Option<String>,
    /// The worst that it was.
    severity: Severity,
    metric: String,
    worst: f64,
    threshold: f64,
    unit: String,
    began: String,
    /// Absent while it fires.
    ended: Option<String>,
    length_seconds: f64,
    suppressed_by: Option<String>,
    /// An operator's word, and why.
    verdict: Option<String>,
    /// For manage_alerts.
    id: String,
    #[serde(skip)]
    host: Vec<HostName>,
}

/// Something that people did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Remark {
    at: String,
    /// Absent for the fleet.
    server: Option<String>,
    /// Who noted it, or which limit changed.
    of: String,
    text: String,
}

/// Rules in one reply.
const RULES_MAX: usize = 10;
/// Notes, and changes of limits, in one reply.
const REMARKS: usize = 5;
const REMARKS_DETAILED: usize = 20;
/// Longest text of one of them; notes are cut to that when they are taken.
const REMARK_CHARS: usize = 300;

impl Tool for GetAlertHistory {
    const NAME: &'static str = "get_alert_history";
    const TITLE: &'static str = "Alert history";
    const DESCRIPTION: &'static str = "Alerts of the past, newest first: when, how long, how bad; \
        by rule how often, mean time to recover and between failures, flapping; and how many there \
        were in the time before; operators' verdicts, with each rule's precision, their notes, and \
        limits that changed. Open ones: check_alert_conditions.";
    type Input = Input;
    type Output = History;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = view::pattern("filter", input.filter.as_deref())?;
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let window = Window::parse(
            input.since.as_deref(),
            input.until.as_deref(),
            input.timezone.as_deref(),
            7.days(),
            selection.now,
        )?;
        let span = window.span();
        let least = input.severity.map_or(Severity::Ok, Least::severity);
        let fits = |past: &PastAlert| {
            let path = past.alert.path();
            past.alert.peak >= least
                && (fits(wanted.as_ref(), path) || fits(wanted.as_ref(), &past.alert.series))
        };
        let mut past = cx.query.past_alerts(&cx.principal, &selection, span).await?;
        past.retain(fits);
        let earlier = Span { from: span.from - span.secs(), to: span.from };
        let mut before = cx.query.past_alerts(&cx.principal, &selection, earlier).await?;
        before.retain(|it| earlier.holds(it.alert.began) && fits(it));
        let rows: Vec<Row> = past.iter().map(|it| Row::of(it, &window)).collect();
        let mut rules = rules(&past);
        rules.truncate(RULES_MAX);
        let (alerts_total, alerts_before) = (past.len(), before.len());
        let mut tally = Tally::new(&selection);
        // The past of a server that is down is there.
        tally.all_answer();
        let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
        let remarks = Remarks::read(&cx, &selection, &window).await?;
        let most = if input.format.detailed() { REMARKS_DETAILED } else { REMARKS };
        let noted = remarks.of(NOTE, most, &mut notes);
        let limits_changed = remarks.of(THRESHOLD, most, &mut notes);
        let noted_on = noted.iter().filter_map(|it| HostName::parse(it.server.as_deref()?).ok());
        noted_on.for_each(|host| tally.shown(&host));
        let (alerts, coverage) = cut.groups(rows, tally, |row| &row.host, "alerts");
        Ok(History {
            from: window.written(window.since),
            until: window.written(window.until),
            alerts_total,
            alerts_before,
            rules,
            alerts,
            noted,
            limits_changed,
            notes,
            coverage,
        })
    }
}

fn rules(past: &[PastAlert]) -> Vec<RuleRow> {
    let mut by_rule: BTreeMap<&str, Vec<&PastAlert>> = BTreeMap::new();
    for it in past {
        by_rule.entry(&it.alert.rule).or_default().push(it);
    }
    let mut rows: Vec<RuleRow> =
        by_rule.into_iter().map(|(rule, alerts)| RuleRow::of(rule, &alerts)).collect();
    rows.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.rule.cmp(&b.rule)));
    rows
}

impl RuleRow {
    fn of(rule: &str, alerts: &[&PastAlert]) -> Self {
        let mut servers: Vec<Option<&HostName>> =
            alerts.iter().map(|it| it.alert.host.as_ref()).collect();
        servers.sort_unstable();
        servers.dedup();
        let lengths = alerts.iter().filter_map(|it| Some(it.closed? - it.alert.began));
        let mut begins: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for it in alerts {
            begins.entry(&it.alert.fingerprint).or_default().push(it.alert.began);
        }
        let gaps = begins.into_values().flat_map(|mut times| {
            times.sort_unstable();
            let pairs: Vec<i64> =
                times.iter().zip(times.iter().skip(1)).map(|(one, next)| next - one).collect();
            pairs
        });
        Self {
            rule: rule.to_owned(),
            alerts: alerts.len(),
            servers: servers.len(),
            critical: alerts.iter().filter(|it| it.alert.peak == Severity::Critical).count(),
            flapping: alerts.iter().filter(|it| it.alert.flapping).count(),
            mttr_seconds: mean(lengths),
            mtbf_seconds: mean(gaps),
            ..Self::judged(alerts)
        }
    }

    /// What the verdicts say of the rule.
    fn judged(alerts: &[&PastAlert]) -> Self {
        let count = |wanted: Verdict| {
            let given = alerts.iter().filter_map(|it| it.verdict.as_ref());
            given.filter(|(verdict, _)| *verdict == wanted).count()
        };
        let (real, noise) = (count(Verdict::Real), count(Verdict::Noise));
        let judged = real + noise;
        #[expect(clippy::cast_precision_loss, reason = "verdicts are few")]
        let share = real as f64 / judged.max(1) as f64;
        Self {
            precision_percent: (judged > 0).then_some(share * 100.0),
            precision_least_percent: wilson_lower(real, judged).map(|share| share * 100.0),
            judged: (judged > 0).then_some(judged),
            ..Self::default()
        }
    }
}

/// What people did over a time.
struct Remarks<'a> {
    events: Vec<Event>,
    window: &'a Window,
}

impl<'a> Remarks<'a> {
    async fn read(
        cx: &Context,
        selection: &Selection,
        window: &'a Window,
    ) -> Result<Self, ToolError> {
        let hosts: Vec<HostName> = selection.aliases();
        let kinds = [NOTE, THRESHOLD];
        let events = cx.query.events_of(&kinds, &cx.principal, &hosts, window.span()).await?;
        Ok(Self { events, window })
    }

    /// The newest of one kind; `notes` says how many more there are.
    fn of(&self, kind: &str, most: usize, notes: &mut Vec<String>) -> Vec<Remark> {
        let fits = || self.events.iter().filter(|event| event.kind == kind);
        let count = fits().count();
        if count > most {
            notes.push(format!("{most} of {count} events `{kind}` shown; narrow the time"));
        }
        fits().take(most).filter_map(|event| Remark::of(event, self.window)).collect()
    }
}

impl Remark {
    fn of(event: &Event, window: &Window) -> Option<Self> {
        Some(Self {
            at: window.written(jiff::Timestamp::from_second(event.secs).ok()?),
            server: event.host.as_ref().map(ToString::to_string),
            of: clip(&event.item, NAME_CHARS).into_owned(),
            text: clip(&event.detail, REMARK_CHARS).into_owned(),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
fn mean(values: impl Iterator<Item = i64>) -> Option<f64> {
    let (sum, count) = values.fold((0_i64, 0_u32), |(sum, count), it| (sum + it, count + 1));
    (count > 0).then(|| sum as f64 / f64::from(count))
}

impl Row {
    fn of(past: &PastAlert, window: &Window) -> Self {
        let alert = &past.alert;
        let written = |secs: i64| {
            jiff::Timestamp::from_second(secs).map(|at| window.written(at)).unwrap_or_default()
        };
        let end = past.closed.unwrap_or(window.span().to);
        let reasons: Vec<String> = alert.suppressed_by.iter().map(ToString::to_string).collect();
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        Self {
            server: alert.host.as_ref().map(ToString::to_string),
            severity: alert.peak,
            metric: clip(&alert.series, NAME_CHARS).into_owned(),
            worst: alert.worst,
            threshold: alert.threshold,
            unit: alert.unit.clone(),
            began: written(alert.began),
            ended: past.closed.map(written),
            length_seconds: (end - alert.began).max(0) as f64,
            suppressed_by: (!reasons.is_empty()).then(|| reasons.join("; ")),
            verdict: past.verdict.as_ref().map(|(verdict, said)| {
                let why = if said.why.is_empty() { "" } else { ": " };
                format!("{} by {}{why}{}", verdict.word(), said.by, said.why)
            }),
            id: alert.id.clone(),
            host: alert.host.iter().cloned().collect(),
        }
    }
}

impl Output for History {
    fn headline(&self) -> String {
        let first = self
            .rules
            .first()
            .map_or_else(String::new, |row| format!(" Most often: {} ({}).", row.rule, row.alerts));
        format!(
            "{} from {} to {}, {} in the time of that length before.{first}",
            render::count(self.alerts_total, "alert"),
            self.from,
            self.until,
            self.alerts_before
        )
    }
}
