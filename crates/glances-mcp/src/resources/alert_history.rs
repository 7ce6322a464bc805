//! `glances://history/alerts`: alerts of a month, their patterns, and how often rules were right.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    Changes, Resource, Variables,
    parts::{Composed, Part, Parts, ask},
    rows::{Account, LINE_CHARS, NAME_CHARS, all_of, written},
};
use crate::{
    alert::{Alert, Group, group},
    model::{HostName, Severity},
    query::{PastAlert, Selection, compact, window::Window},
    redact::clip,
    tools::{Context, ToolError},
};

pub(super) struct Alerts;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Head {
    #[serde(flatten)]
    account: Account,
    /// Days that `patterns` and `together` are made of.
    days: i64,
    patterns: Patterns,
    /// Alerts of one cause, those of the most alerts first; at most 8, of at least two alerts.
    together: Vec<Together>,
    notes: Vec<&'static str>,
}

/// When alerts begin.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Patterns {
    /// By hour of the day, UTC, from midnight on.
    by_hour: Vec<usize>,
    /// By weekday, UTC.
    by_weekday: BTreeMap<&'static str, usize>,
    /// By severity, of the worst that each was.
    by_severity: BTreeMap<&'static str, usize>,
    /// Servers with the most, at most 10.
    by_server: Vec<Often>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Often {
    server: String,
    alerts: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Together {
    began: String,
    severity: Severity,
    alerts: usize,
    servers: Vec<String>,
    /// What probably began it.
    cause: String,
    /// It follows from what is known; else it is a guess from time and rank.
    certain: bool,
    /// Ids: each is `glances://alerts/{id}`; at most 5.
    ids: Vec<String>,
}

/// How far back is looked.
const DAYS: i64 = 30;
const TOGETHER_MAX: usize = 8;
const SERVERS_MAX: usize = 10;
const IDS_MAX: usize = 5;
/// Alerts that are put together: finding what belongs together takes their number.
const ALERTS_MAX: usize = 2_000;
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const NOTES: &[&str] = &[
    "precision is the share of the verdict `real` among `real` and `noise`; operators give verdicts \
     by manage_alerts",
];

impl Parts for Alerts {
    type Head = Head;
    const PARTS: &'static [Part] = &[
        Part {
            key: "month",
            tool: "get_alert_history",
            arguments: |_| json!({ "since": "-30d", "limit": 25 }),
            keep: &[
                "from",
                "until",
                "alerts_total",
                "alerts_before",
                "rules",
                "alerts",
                "noted",
                "notes",
                "coverage",
            ],
        },
        Part {
            key: "open",
            tool: "check_alert_conditions",
            arguments: |_| json!({}),
            keep: &["firing", "pending", "suppressed", "groups"],
        },
    ];
}

impl Resource for Alerts {
    const URI: &'static str = "glances://history/alerts";
    const NAME: &'static str = "history_alerts";
    const TITLE: &'static str = "Alert history";
    const DESCRIPTION: &'static str = "Alerts of 30 days and those that are open: by rule how often, \
        time to recover and between failures, operators' verdicts with each rule's precision; when \
        they begin, and which came together with their cause. Can be watched.";
    const PRIORITY: f32 = 0.6;
    const CHANGES: Changes = Changes::Live;
    type Document = Composed<Self>;

    /// The last beginning or judgement of an open alert; none is open: nobody knows.
    fn modified(cx: &Context) -> Option<Timestamp> {
        let open = cx.query.open_alerts(&cx.principal, &all_of(cx));
        let last = open.iter().map(|alert| alert.as_of.max(alert.began)).max()?;
        Timestamp::from_second(last).ok()
    }

    async fn read(cx: Context, variables: Variables) -> Result<Self::Document, ToolError> {
        let answers = ask::<Self>(&cx, &variables).await;
        let all = all_of(&cx);
        let window = Window::parse(None, None, None, (DAYS * 24).hours(), all.now)?;
        let past = cx.query.past_alerts(&cx.principal, &all, window.span()).await?;
        let head = Head {
            account: Account::of(&all),
            days: DAYS,
            patterns: Patterns::of(&past),
            together: together(&all, &past),
            notes: NOTES.to_vec(),
        };
        Ok(Composed { head, answers })
    }
}

impl Patterns {
    fn of(past: &[PastAlert]) -> Self {
        let mut by_hour = vec![0; 24];
        let mut by_weekday = BTreeMap::new();
        let mut by_severity = BTreeMap::new();
        let mut servers: BTreeMap<&HostName, usize> = BTreeMap::new();
        for PastAlert { alert, .. } in past {
            if let Some((weekday, hour)) = day_and_hour(alert.began) {
                if let Some(count) = by_hour.get_mut(hour) {
                    *count += 1;
                }
                if let Some(name) = WEEKDAYS.get(weekday) {
                    *by_weekday.entry(*name).or_default() += 1;
                }
            }
            *by_severity.entry(word(alert.peak)).or_default() += 1;
            if let Some(host) = &alert.host {
                *servers.entry(host).or_default() += 1;
            }
        }
        let often = servers.into_iter();
        let often = often.map(|(host, alerts)| Often { server: host.to_string(), alerts });
        let mut by_server: Vec<Often> = often.collect();
        by_server.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.server.cmp(&b.server)));
        by_server.truncate(SERVERS_MAX);
        Self { by_hour, by_weekday, by_severity, by_server }
    }
}

/// Monday is 0.
fn day_and_hour(secs: i64) -> Option<(usize, usize)> {
    let at = Timestamp::from_second(secs).ok()?.to_zoned(TimeZone::UTC);
    let weekday = usize::try_from(at.weekday().to_monday_zero_offset()).ok()?;
    Some((weekday, usize::try_from(at.hour()).ok()?))
}

/// The word in replies.
const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Careful => "careful",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// Those that came together, of the newest.
fn together(all: &Selection, past: &[PastAlert]) -> Vec<Together> {
    let newest = past.iter().take(ALERTS_MAX).map(|it| &it.alert);
    let mut groups = groups(all, newest);
    groups.retain(|group| group.alerts.len() > 1);
    groups.sort_by_key(|group| std::cmp::Reverse(group.alerts.len()));
    groups.iter().take(TOGETHER_MAX).filter_map(Together::of).collect()
}

/// Alerts in groups, as the servers depend on each other.
pub(super) fn groups<'a>(
    all: &'a Selection,
    alerts: impl Iterator<Item = &'a Alert>,
) -> Vec<Group<'a>> {
    let needs: BTreeMap<&HostName, &[HostName]> = all
        .servers
        .iter()
        .map(|snapshot| (&snapshot.host.alias, snapshot.host.depends_on.as_slice()))
        .collect();
    group(alerts, |host| needs.get(host).copied().unwrap_or_default())
}

impl Together {
    fn of(group: &Group<'_>) -> Option<Self> {
        let began = group.alerts.iter().map(|alert| alert.began).min()?;
        let hosts = group.alerts.iter().filter_map(|alert| Some(alert.host.as_ref()?.as_str()));
        let mut hosts: Vec<&str> = hosts.collect();
        hosts.sort_unstable();
        hosts.dedup();
        let ids = group.alerts.iter().take(IDS_MAX);
        Some(Self {
            began: written(began),
            severity: group.severity,
            alerts: group.alerts.len(),
            servers: compact(&hosts).into_iter().take(SERVERS_MAX).collect(),
            cause: clip(&group.cause.says, LINE_CHARS).into_owned(),
            certain: group.cause.certain,
            ids: ids.map(|alert| clip(&alert.id, NAME_CHARS).into_owned()).collect(),
        })
    }
}
