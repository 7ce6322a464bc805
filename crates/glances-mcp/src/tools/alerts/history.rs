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
use crate::{
    model::{HostName, Severity},
    query::{
        PastAlert,
        coverage::{Coverage, Tally},
        window::Window,
    },
    redact::clip,
    render,
    store::Span,
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
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
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
    #[serde(skip)]
    host: Vec<HostName>,
}

/// Rules in one reply.
const RULES_MAX: usize = 10;

impl Tool for GetAlertHistory {
    const NAME: &'static str = "get_alert_history";
    const TITLE: &'static str = "Alert history";
    const DESCRIPTION: &'static str = "Alerts of the past, newest first: when, how long, how bad; \
        by rule how often, mean time to recover and between failures, flapping; and how many there \
        were in the time before. Open ones: check_alert_conditions.";
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
        let (alerts, coverage) = cut.groups(rows, tally, |row| &row.host, "alerts");
        Ok(History {
            from: window.written(window.since),
            until: window.written(window.until),
            alerts_total,
            alerts_before,
            rules,
            alerts,
            notes: cx.query.outage().into_iter().collect(),
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
        }
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
