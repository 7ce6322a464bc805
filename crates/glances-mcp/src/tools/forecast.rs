//! `predict_resource_needs`: what a series will be, how far off that was before, and what it needs.

mod chart;
mod cost;
mod course;
mod refusal;

use std::{collections::BTreeMap, sync::Arc};

use analytics::{Bounds, Forecast, Scenario, forecast, needed_capacity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    cost::{Cost, Need, Needs, SIZED, Sized},
    course::{Horizon, Step},
    refusal::{Refusal, Refused},
};
use super::{
    Context, Image, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    history::{chosen, metric_of},
    listing::Cut,
    picture,
    view::NAME_CHARS,
};
use crate::{
    model::{HostName, SeriesName},
    query::{
        Past,
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
    /// Mean of its newest hour.
    last: f64,
    /// When that hour began, where it is more than two hours ago.
    last_at: Option<String>,
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

/// Series of one call: a millisecond each, and more than anybody reads.
const SERIES_MAX: usize = 300;

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
    /// When the hour of that began, where it is not one of the newest.
    last_at: Option<i64>,
    /// As the caller asks.
    forecast: Result<Forecast, Refusal>,
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
        let base = forecast(&values, cadence, steps, Bounds::NON_NEGATIVE)
            .map_err(|missing| Refusal::of(missing, &past.points, &values, span, horizon));
        let base_need = base.as_ref().ok().and_then(|base| needed_percent(&past.series, base));
        let forecast = base.map(|base| match growth_percent {
            Some(percent) => {
                base.under(&Scenario::Growth { rate: percent / 100.0, over_steps: steps })
            }
            None => base,
        });
        let grown = forecast.as_ref().ok().and_then(|it| needed_percent(&past.series, it));
        let need = base_need.zip(grown).map(|(base, grown)| Need { base, grown });
        let newest = past.points.last();
        let last = newest.map_or(0.0, |point| point.mean);
        let old = |secs: &i64| span.to - secs > 2 * Level::Hour.step_secs();
        let last_at = newest.map(|point| point.secs).filter(old);
        let shown = span.to - horizon.shown_secs();
        let recent = past.points.into_iter().filter(|point| point.secs >= shown).collect();
        Self { host: past.host, series: past.series, last, last_at, forecast, need, recent }
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
    let mut refused: BTreeMap<(&str, &Refusal), Vec<&str>> = BTreeMap::new();
    let mut needs: BTreeMap<&HostName, Needs> = BTreeMap::new();
    let only = all.len() == 1;
    let horizon = asked.horizon;
    for (place, one) in all.iter().enumerate() {
        if let Some((need, sized)) = one.need.zip(sized_of(&one.series)) {
            needs.entry(&one.host).or_default().insert(sized.word, need);
        }
        match &one.forecast {
            Ok(forecast) => {
                rows.extend(Row::of((place, one), forecast, asked.prices.get(&one.host).copied()));
                if only {
                    course = course::of(&one.series, forecast, horizon, asked.now);
                }
            }
            Err(refusal) => {
                refused.entry((&*one.series, refusal)).or_default().push(one.host.as_str());
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
    let refused = Refused::groups(refused);
    let until = horizon.end(asked.now.as_second());
    let until = written(until).filter(|_| !rows.is_empty());
    let (forecasts, coverage) = cut.rows(rows, tally, |row| &row.server, "series");
    let mut notes: Vec<String> = cx.query.outage().into_iter().collect();
    let cost = Cost::of(&needs, &asked.prices, asked.growth_percent);
    if cost.is_some() {
        notes.push(cost::assumed(&needs, &asked.prices));
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

/// A moment as the reply prints it.
fn written(secs: i64) -> Option<String> {
    Timestamp::from_second(secs).ok().map(rfc3339)
}

/// The size at which the p95 of the demand is at the target; `None` for what has no target.
fn needed_percent(series: &str, forecast: &Forecast) -> Option<f64> {
    needed_capacity(forecast.demand()?.p95, sized_of(series)?.target)
}

/// What is known of the size that a series asks for.
fn sized_of(series: &str) -> Option<&'static Sized> {
    let metric = metric_of(series)?;
    SIZED.iter().find(|sized| sized.path == metric.path)
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
            last_at: one.last_at.and_then(written),
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

impl Output for PredictResourceNeedsOutput {
    fn take_images(&mut self) -> Vec<Image> {
        std::mem::take(&mut self.images)
    }

    fn headline(&self) -> String {
        let Some(first) = self.forecasts.first() else {
            let nothing = || "There is no history of the selected servers.".to_owned();
            return self.refused.first().map_or_else(nothing, Refused::words);
        };
        let needed =
            |percent| format!(", {}% of the present size is needed", render::short(percent));
        format!(
            "First: {} on {} peaks at {} (p95 {}){}; such forecasts were off by {} on average.{}",
            first.metric,
            first.server,
            render::in_unit(first.peak_p50, first.unit),
            render::in_unit(first.peak_p95, first.unit),
            // Without a target nothing is known of a size.
            first.needed_percent.map(needed).unwrap_or_default(),
            render::in_unit(first.backtest_error, first.unit),
            self.cost.as_ref().map(Cost::words).unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Selection;

    /// The headline of a reply with one series of this metric.
    fn headline(metric: &str, needed_percent: Option<f64>) -> String {
        let selection = Selection { servers: Vec::new().into(), now: Timestamp::UNIX_EPOCH };
        let row = Row {
            server: HostName::parse("web-1").unwrap(),
            metric: metric.to_owned(),
            last: 90.0,
            last_at: None,
            unit: "percent",
            peak_p50: 91.0,
            peak_p90: 94.0,
            peak_p95: 95.0,
            needed_percent,
            needed_cost_per_month: None,
            backtest_error: 2.0,
            naive_error: None,
            season: "none",
            history_days: 30,
            place: 0,
        };
        let output = PredictResourceNeedsOutput {
            until: None,
            forecasts: vec![row],
            chart: None,
            course: Vec::new(),
            refused: Vec::new(),
            refused_count: 0,
            cost: None,
            notes: Vec::new(),
            coverage: Tally::new(&selection).coverage(),
            images: Vec::new(),
        };
        output.headline()
    }

    #[test]
    fn a_size_is_told_where_there_is_a_target_and_not_spoken_of_elsewhere() {
        assert_eq!(
            headline("cpu.total", Some(135.0)),
            "First: cpu.total on web-1 peaks at 91% (p95 95%), 135% of the present size is needed; \
             such forecasts were off by 2% on average."
        );
        assert_eq!(
            headline("fs.percent[/]", None),
            "First: fs.percent[/] on web-1 peaks at 91% (p95 95%); such forecasts were off by 2% on \
             average."
        );
        assert!(sized_of("fs.percent[/]").is_none() && sized_of("mem.percent").is_some());
    }
}
