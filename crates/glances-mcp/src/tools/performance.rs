//! `performance_comparison`: whether servers got better or worse, by how much, and how sure that is.

mod plan;
mod read;
mod reply;
mod verdict;

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use self::reply::PerformanceComparisonOutput;
use self::{
    plan::Plan,
    reply::Answer,
    verdict::{Moved, Server, compare},
};
use super::{
    Context, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history::chosen,
    listing::Cut,
    view::NAME_CHARS,
};
use crate::{
    metric::{METRICS, Metric, Worse},
    model::{HostName, SeriesName},
    query::{
        Selection,
        window::{Window, moment},
    },
    redact::{clean, clip},
};

pub(super) struct PerformanceComparison;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PerformanceComparisonInput {
    #[serde(default)]
    servers: Servers,
    /// Paths, items and globs; default CPU, memory, swap, load, latency
    #[serde(default)]
    #[schemars(length(max = 20))]
    metrics: Vec<String>,
    /// hour_of_week (default), previous, or when a time of the same length began
    baseline: Option<String>,
    /// Compare equal times before and after: 22:05, -2h
    change_at: Option<String>,
    /// Default -3h
    since: Option<String>,
    /// Default now
    until: Option<String>,
    timezone: Option<String>,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

/// Series of one question: a fifth of a millisecond each, and more than anybody reads.
const SERIES_MAX: usize = 5_000;
/// Up to so many servers single disks are compared as well.
const FEW_SERVERS: usize = 20;
/// Space that is used says nothing of how fast a server is.
const SPACE: &str = "fs.percent";

impl Tool for PerformanceComparison {
    const NAME: &'static str = "performance_comparison";
    const TITLE: &'static str = "Performance comparison";
    const DESCRIPTION: &'static str = "Whether servers, environments and the fleet got better or \
        worse: against the same hours of other weeks or days (default), the time just before, an \
        explicit time, or on both sides of a change (`change_at: 22:05`). Verdict with effect \
        size, confidence and score; load that only follows traffic is not worse; what cannot be \
        told is said. What is strange without a question: detect_anomalies.";
    type Input = PerformanceComparisonInput;
    type Output = PerformanceComparisonOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let (plan, window, since_change) = planned(&input, &selection)?;
        let asked = asked(&cx, &selection, &input.metrics).await?;
        let sides = read::sides(&cx, &selection, asked, &plan).await?;
        // Arithmetic on thousands of numbers: not on a thread that others wait for.
        let work = tokio::task::spawn_blocking(move || servers(compare(&plan, sides)));
        let servers = work.await.unwrap_or_default();
        let answer = Answer { plan, window, since_change, servers };
        Ok(answer.reply(&cx, &selection, &cut, input.format))
    }
}

/// The times that a call is about.
fn planned(
    input: &PerformanceComparisonInput,
    selection: &Selection,
) -> Result<(Plan, Window, bool), ToolError> {
    let zone = input.timezone.as_deref();
    let now = selection.now;
    let parse =
        |since: Option<&str>| Window::parse(since, input.until.as_deref(), zone, 3.hours(), now);
    if let Some(text) = &input.change_at {
        if input.since.is_some() || input.baseline.is_some() {
            return Err(ToolError::Refused(
                "`change_at` compares the time from it to `until` with as long a time before: give \
                 no `since` and no `baseline` beside it"
                    .to_owned(),
            ));
        }
        let at = moment("change_at", text, zone, now)?;
        let window = parse(Some(&at.to_string()))?;
        let span = window.span();
        return Ok((Plan::change(span.from, span.to)?, window, true));
    }
    let window = parse(input.since.as_deref())?;
    let span = window.span();
    let plan = match input.baseline.as_deref().map(str::trim) {
        None | Some("hour_of_week") => Plan::days(span)?,
        Some("previous") => Plan::previous(span)?,
        Some(text) => {
            // Seen from the time asked about: `-7d` is the same hours a week before.
            let from = moment("baseline", text, zone, window.since).map_err(|_| {
                ToolError::Refused(format!(
                    "`baseline` = `{}` is none: write `hour_of_week`, `previous`, or when it began \
                     (`2026-11-20T10:00`, `-7d`)",
                    clip(&clean(text), NAME_CHARS)
                ))
            })?;
            Plan::explicit(span, from.as_second())?
        }
    };
    Ok((plan, window, false))
}

/// The series that are compared of each server.
async fn asked(
    cx: &Context,
    selection: &Selection,
    metrics: &[String],
) -> Result<Vec<(HostName, Vec<SeriesName>)>, ToolError> {
    let asked = if metrics.is_empty() {
        let hosts: Vec<HostName> = selection.aliases();
        let items = selection.servers.len() <= FEW_SERVERS;
        let mut all = cx.query.series(&cx.principal, &hosts).await?;
        for (_, names) in &mut all {
            names.retain(|name| is_usual(name) && (items || !name.contains('[')));
        }
        all
    } else {
        chosen(cx, selection, metrics).await?
    };
    let count: usize = asked.iter().map(|(_, names)| names.len()).sum();
    if count > SERIES_MAX {
        return Err(ToolError::Refused(format!(
            "{count} series would be compared and {SERIES_MAX} are at most: name fewer `metrics` or \
             `servers`"
        )));
    }
    Ok(asked)
}

/// What says how well a server works: what is judged and has a bad direction.
fn is_usual(series: &str) -> bool {
    let path = series.split('[').next().unwrap_or_default();
    let usual = |metric: &&Metric| metric.judged && metric.worse != Worse::Neither;
    path != SPACE && METRICS.iter().filter(usual).any(|metric| metric.path == path)
}

fn servers(moved: Vec<Moved>) -> Vec<Server> {
    let mut by_host: BTreeMap<HostName, Vec<Moved>> = BTreeMap::new();
    for one in moved {
        by_host.entry(one.host.clone()).or_default().push(one);
    }
    by_host.into_iter().map(|(host, moved)| Server::of(host, moved)).collect()
}
