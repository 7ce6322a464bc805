//! `predict_resource_needs`: what a series will be, how far off that was before, and what it needs.

mod chart;
mod cost;

use std::{collections::BTreeMap, sync::Arc};

use analytics::{
    Bounds, CPU_TARGET, Cadence, Forecast, MEMORY_TARGET, NotEnough, Scenario, forecast,
    needed_capacity,
};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::cost::{Cost, Need};
use super::{
    Context, Image, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history::{chosen, metric_of},
    listing::Cut,
    picture,
    view::NAME_CHARS,
};
use crate::{
    metric::{Metric, Unit},
    model::{HostName, SeriesName},
    query::{
        Past, compact,
        coverage::{Coverage, Tally, rfc3339},
    },
    redact::clip,
    render,
    snapshot::Snapshot,
    store::{Level, Point, Span, dense},
};

pub(super) struct PredictResourceNeeds;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PredictResourceNeedsInput {
    #[serde(default)]
    servers: Servers,
    /// Paths, items and globs; default cpu.total and mem.percent
    #[serde(default)]
    #[schemars(length(max = 20))]
    metrics: Vec<String>,
    #[serde(default)]
    horizon: Horizon,
    /// Load grows by so much over the horizon
    #[schemars(range(min = -90, max = 1000))]
    growth_percent: Option<f64>,
    /// Of one server, where the configuration has no price
    #[schemars(range(min = 0, max = 1_000_000_000))]
    cost_per_month: Option<f64>,
    /// Adds a PNG
    #[serde(default)]
    chart: bool,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[schemars(inline)]
enum Horizon {
    #[default]
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
}

impl Horizon {
    /// How history is read, how many steps are foretold, and how many days of history are read.
    const fn terms(self) -> (Cadence, usize, i64) {
        match self {
            Self::Day => (Cadence::Hourly, 24, 42),
            Self::Week => (Cadence::Hourly, 168, 84),
            Self::Month => (Cadence::Daily, 30, 400),
        }
    }

    const fn step_secs(self) -> i64 {
        match self {
            Self::Day | Self::Week => 3_600,
            Self::Month => 86_400,
        }
    }

    fn secs(self) -> i64 {
        let (_, count, _) = self.terms();
        self.step_secs().saturating_mul(i64::try_from(count).unwrap_or(0))
    }

    /// How much of the past a picture shows before it.
    fn shown_secs(self) -> i64 {
        2 * self.secs()
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    const fn points(self) -> &'static str {
        match self {
            Self::Day | Self::Week => "means of an hour",
            Self::Month => "means of a day",
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PredictResourceNeedsOutput {
    /// End of the time foretold.
    until: Option<String>,
    /// One row a series, the greatest need first.
    forecasts: Vec<Row>,
    /// What the picture shows.
    chart: Option<String>,
    /// Of the only series: its course.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    course: Vec<Step>,
    /// Series that cannot be foretold yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
    refused_count: usize,
    /// Where prices are known.
    cost: Option<Cost>,
    notes: Vec<String>,
    coverage: Coverage,
    #[serde(skip)]
    images: Vec<Image>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    #[schemars(with = "String")]
    server: HostName,
    metric: String,
    last: f64,
    unit: &'static str,
    /// The highest step: as likely more as less.
    peak_p50: f64,
    /// More in one case of ten.
    peak_p90: f64,
    /// More in one case of twenty: what to plan for.
    peak_p95: f64,
    /// Of the present size, so that the p95 is 70 % of CPU or 80 % of memory.
    needed_percent: Option<f64>,
    /// Price at that size.
    needed_cost_per_month: Option<f64>,
    /// How far off such forecasts of this series were, on average, in its unit.
    backtest_error: f64,
    /// The same of "as one day or week ago".
    naive_error: Option<f64>,
    /// What repeats.
    season: &'static str,
    history_days: usize,
    /// Its place among all that was asked for.
    #[serde(skip)]
    place: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Step {
    at: String,
    likely: f64,
    /// The truth lies from `low` to `high` in 80 of 100 cases.
    low: f64,
    high: f64,
    unit: &'static str,
}

/// Series of one metric with as much history as each other.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Refused {
    metric: String,
    have_days: usize,
    need_days: usize,
    count: usize,
    /// `web-[01-20]` is a run.
    servers: Vec<String>,
}

/// Series of one call: a millisecond each, and more than anybody reads.
const SERIES_MAX: usize = 300;
/// Steps of the course in one reply.
const STEPS_SHOWN: usize = 12;
/// Groups of refused series that are named.
const REFUSED_SHOWN: usize = 10;

impl Tool for PredictResourceNeeds {
    const NAME: &'static str = "predict_resource_needs";
    const TITLE: &'static str = "Predict resource needs";
    const DESCRIPTION: &'static str = "Forecast of any metric for the next day, week or month with \
        its daily and weekly rhythm: the likely and the p95 peak, the size that it needs, and how \
        far off such forecasts were before, and with a price the cost. `growth_percent` asks what if. Too little history is \
        refused with what is missing. When a disk is full: capacity_analysis.";
    type Input = PredictResourceNeedsInput;
    type Output = PredictResourceNeedsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let selection = cx.select(&input.servers).await?;
        let cut = Cut::new(&selection, input.format, input.limit, None, input.cursor.as_ref())?;
        let asked = if input.metrics.is_empty() {
            // A server without history of these is no mistake of the caller.
            let usual = ["cpu.total", "mem.percent"].map(SeriesName::from).to_vec();
            let hosts = selection.servers.iter().map(|snapshot| snapshot.host.alias.clone());
            hosts.map(|host| (host, usual.clone())).collect()
        } else {
            chosen(&cx, &selection, &input.metrics).await?
        };
        let count: usize = asked.iter().map(|(_, names)| names.len()).sum();
        if count > SERIES_MAX {
            return Err(ToolError::Refused(format!(
                "`metrics` fits {count} series and {SERIES_MAX} are foretold at most: name fewer \
                 metrics or servers"
            )));
        }
        let (.., days) = input.horizon.terms();
        let until = selection.now.as_second();
        let span = Span { from: until - days * 86_400, to: until };
        let past = cx.query.past(&cx.principal, asked, span, Level::Hour).await?;
        let (horizon, growth) = (input.horizon, input.growth_percent);
        // Not on a thread that others wait for.
        let work = tokio::task::spawn_blocking(move || {
            past.into_iter().map(|one| Foretold::of(one, span, horizon, growth)).collect()
        });
        let all: Vec<Foretold> = work.await.unwrap_or_default();
        let price = |snapshot: &Arc<Snapshot>| {
            let price = snapshot.host.cost_per_month.or(input.cost_per_month)?;
            Some((snapshot.host.alias.clone(), price))
        };
        let asked = Asked {
            horizon,
            growth_percent: growth,
            prices: selection.servers.iter().filter_map(price).collect(),
            now: selection.now,
        };
        let mut output = output(&cx, &cut, Tally::new(&selection), &all, &asked);
        if input.chart {
            let shown: Vec<&Foretold> =
                output.forecasts.iter().filter_map(|row| all.get(row.place)).collect();
            let total = all.iter().filter(|one| one.forecast.is_ok()).count();
            let drawn = chart::draw(&cx, &selection, horizon, &shown, total).await;
            (output.chart, output.images) = picture::parts(Some(drawn));
        }
        Ok(output)
    }
}

/// What the caller asks.
struct Asked {
    horizon: Horizon,
    growth_percent: Option<f64>,
    prices: BTreeMap<HostName, f64>,
    now: Timestamp,
}

/// A series and what can be said of its future.
struct Foretold {
    host: HostName,
    series: SeriesName,
    last: f64,
    /// As the caller asks.
    forecast: Result<Forecast, NotEnough>,
    /// Where there is a target for the metric.
    need: Option<Need>,
    /// What a picture shows of the past.
    recent: Vec<Point>,
}

impl Foretold {
    fn of(past: Past, span: Span, horizon: Horizon, growth_percent: Option<f64>) -> Self {
        let (cadence, steps, _) = horizon.terms();
        let values = dense(&past.points, span, horizon.step_secs(), |point| point.mean);
        // Without an upper bound, so that a need beyond what is there shows.
        let base = forecast(&values, cadence, steps, Bounds::NON_NEGATIVE);
        let base_need = base.as_ref().ok().and_then(|base| needed_percent(&past.series, base));
        let forecast = base.map(|base| match growth_percent {
            Some(percent) => {
                base.under(&Scenario::Growth { rate: percent / 100.0, over_steps: steps })
            }
            None => base,
        });
        let grown = forecast.as_ref().ok().and_then(|it| needed_percent(&past.series, it));
        let need = base_need.zip(grown).map(|(base, grown)| Need { base, grown });
        let last = past.points.last().map_or(0.0, |point| point.mean);
        let shown = span.to - horizon.shown_secs();
        let recent = past.points.into_iter().filter(|point| point.secs >= shown).collect();
        Self { host: past.host, series: past.series, last, forecast, need, recent }
    }
}

fn output(
    cx: &Context,
    cut: &Cut,
    tally: Tally<'_>,
    all: &[Foretold],
    asked: &Asked,
) -> PredictResourceNeedsOutput {
    let mut course = Vec::new();
    let mut rows = Vec::new();
    let mut refused: BTreeMap<(&str, usize, usize), Vec<&str>> = BTreeMap::new();
    let mut needs: BTreeMap<&HostName, Need> = BTreeMap::new();
    let only = all.len() == 1;
    let horizon = asked.horizon;
    for (place, one) in all.iter().enumerate() {
        if let Some(need) = one.need {
            let known = needs.entry(&one.host).or_default();
            *known = known.or(need);
        }
        match &one.forecast {
            Ok(forecast) => {
                rows.extend(Row::of((place, one), forecast, asked.prices.get(&one.host).copied()));
                if only {
                    course = steps(one, forecast, horizon, asked.now);
                }
            }
            Err(missing) => {
                let key = (&*one.series, missing.have_days, missing.need_days);
                refused.entry(key).or_default().push(one.host.as_str());
            }
        }
    }
    rows.sort_by(|a, b| {
        let need = |row: &Row| row.needed_percent.unwrap_or(-1.0);
        need(b)
            .total_cmp(&need(a))
            .then_with(|| b.peak_p95.total_cmp(&a.peak_p95))
            .then_with(|| (&a.server, &a.metric).cmp(&(&b.server, &b.metric)))
    });
    let refused_count = refused.values().map(Vec::len).sum();
    let group = |((metric, have_days, need_days), hosts): ((&str, usize, usize), Vec<&str>)| {
        let metric = clip(metric, NAME_CHARS).into_owned();
        let (count, servers) = (hosts.len(), compact(&hosts));
        Refused { metric, have_days, need_days, count, servers }
    };
    let refused = refused.into_iter().map(group).take(REFUSED_SHOWN).collect();
    let ahead = SignedDuration::from_secs(horizon.secs());
    let until = asked.now.checked_add(ahead).ok().filter(|_| !rows.is_empty()).map(rfc3339);
    let (forecasts, coverage) = cut.rows(rows, tally, |row| &row.server, "series");
    let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
    let cost = Cost::of(&needs, &asked.prices, asked.growth_percent);
    if cost.is_some() {
        notes.push(cost::PRICES.to_owned());
    }
    PredictResourceNeedsOutput {
        until,
        forecasts,
        chart: None,
        course,
        refused,
        refused_count,
        cost,
        notes,
        coverage,
        images: Vec::new(),
    }
}

/// The size at which the p95 of the demand is at the target; `None` for what has no target.
fn needed_percent(series: &str, forecast: &Forecast) -> Option<f64> {
    let target = target(metric_of(series)?)?;
    needed_capacity(forecast.demand()?.p95, target)
}

/// The share of the whole that may be used.
fn target(metric: &Metric) -> Option<f64> {
    match metric.path {
        "cpu.total" => Some(CPU_TARGET),
        "mem.percent" => Some(MEMORY_TARGET),
        _ => None,
    }
}

impl Row {
    fn of(
        (place, one): (usize, &Foretold),
        forecast: &Forecast,
        price: Option<f64>,
    ) -> Option<Self> {
        let metric = metric_of(&one.series)?;
        let demand = forecast.demand()?;
        let needed_percent = one.need.map(|need| need.grown);
        let seasons = (forecast.seasonality.has_season(), forecast.seasonality.has_long_season());
        Some(Self {
            server: one.host.clone(),
            metric: clip(&one.series, NAME_CHARS).into_owned(),
            last: one.last,
            unit: metric.unit.word(),
            peak_p50: demand.p50,
            peak_p90: demand.p90,
            peak_p95: demand.p95,
            needed_percent,
            needed_cost_per_month: needed_percent.zip(price).map(|(need, of)| of * need / 100.0),
            backtest_error: forecast.backtest.mae,
            naive_error: forecast.backtest.naive_mae,
            season: match seasons {
                (true, true) => "a shorter and a longer rhythm",
                (true, false) => "a rhythm",
                (false, true) => "a longer rhythm",
                (false, false) => "none",
            },
            history_days: forecast.history_days,
            place,
        })
    }
}

/// The course in a dozen steps: of each stretch the step with the highest upper end.
fn steps(one: &Foretold, forecast: &Forecast, horizon: Horizon, now: Timestamp) -> Vec<Step> {
    let Some(metric) = metric_of(&one.series) else { return Vec::new() };
    let most = if metric.unit == Unit::Percent { 100.0 } else { f64::INFINITY };
    let stretch = forecast.steps.len().div_ceil(STEPS_SHOWN).max(1);
    let numbered: Vec<_> = forecast.steps.iter().enumerate().collect();
    numbered
        .chunks(stretch)
        .filter_map(|some| {
            let (at, step) = some.iter().max_by(|a, b| a.1.p80.high.total_cmp(&b.1.p80.high))?;
            let ahead = horizon.step_secs().checked_mul(i64::try_from(*at).ok()? + 1)?;
            Some(Step {
                at: rfc3339(now.checked_add(SignedDuration::from_secs(ahead)).ok()?),
                likely: step.point.min(most),
                low: step.p80.low.min(most),
                high: step.p80.high.min(most),
                unit: metric.unit.word(),
            })
        })
        .collect()
}

impl Output for PredictResourceNeedsOutput {
    fn take_images(&mut self) -> Vec<Image> {
        std::mem::take(&mut self.images)
    }

    fn headline(&self) -> String {
        let Some(first) = self.forecasts.first() else {
            return match self.refused.first() {
                Some(first) => format!(
                    "Nothing can be foretold yet: {} of {} has {} days of history, {} are needed.",
                    first.metric,
                    render::count(first.count, "server"),
                    first.have_days,
                    first.need_days
                ),
                None => "There is no history of the selected servers.".to_owned(),
            };
        };
        format!(
            "First: {} on {} peaks at {} (p95 {}), {} is needed; such forecasts were off by {} on \
             average.{}",
            first.metric,
            first.server,
            render::in_unit(first.peak_p50, first.unit),
            render::in_unit(first.peak_p95, first.unit),
            first.needed_percent.map_or_else(
                || "no size".to_owned(),
                |percent| format!("{}% of the present size", render::short(percent))
            ),
            render::in_unit(first.backtest_error, first.unit),
            self.cost.as_ref().map(Cost::words).unwrap_or_default(),
        )
    }
}
