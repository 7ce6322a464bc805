//! What comes next, and how sure that is: a backtest-weighted mixture of simple forecasters.
//!
//! Each candidate (the last day, profiles of the day and week, fading offsets, medians) forecasts
//! the recent past at the asked horizon; the best are mixed by 1 / MAE³ and the interval is what
//! the mixture missed there. No candidate is trusted for what it is, only for what it did.
//! Never extrapolates from less history than the horizon deserves: that is [`NotEnough`].

mod candidates;
mod ensemble;
mod interval;
mod params;
mod scenario;

pub use scenario::{
    CPU_TARGET, DISK_TARGET, Demand, MEMORY_TARGET, Scenario, needed_capacity,
    utilisation_without_largest,
};

use crate::{
    NotEnough,
    enough::days_measured,
    numbers::{mean, measured},
};
use interval::Widths;
use params::{DAYS_FOR_WEEK, DAYS_MIN, HISTORY_PER_HORIZON, MIXING, Mixing, SEASON_GAIN_MIN};

/// The step of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cadence {
    /// One value an hour; seasons of a day and a week.
    Hourly,
    /// One value a day; a season of a week, and a damped trend.
    Daily,
}

/// What a metric can be at all, in its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Nothing is below.
    pub low: f64,
    /// Nothing is above.
    pub high: f64,
}

impl Bounds {
    /// Anything.
    pub const NONE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// Rates, bytes and counts.
    pub const NON_NEGATIVE: Self = Self { low: 0.0, high: f64::INFINITY };
    /// Percentages of a whole.
    pub const PERCENT: Self = Self { low: 0.0, high: 100.0 };

    /// Total: bounds the wrong way round or NaN do not panic, as `f64::clamp` would.
    fn clip(self, value: f64) -> f64 {
        value.max(self.low).min(self.high)
    }
}

/// An interval, both ends within it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One step ahead, in the unit of the series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForecastStep {
    /// The forecast.
    pub point: f64,
    /// Where the truth is in 80 of 100 cases.
    pub p80: Band,
    /// … in 90.
    pub p90: Band,
    /// … in 95.
    pub p95: Band,
}

/// A simple forecaster that takes part. "Season" is the day of an hourly series, the week of a
/// daily one; "long season" is the week of an hourly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As one season ago.
    LastSeason,
    /// As one long season ago.
    LastLongSeason,
    /// Median of each slot of the season.
    Profile,
    /// The same from the last few seasons only.
    RecentProfile,
    /// Profile, moved by half of what the last season was off it.
    ProfileAndOffset,
    /// Median of each slot of the long season.
    LongProfile,
    /// The same, moved by half of what the last season was off it.
    LongProfileAndOffset,
    /// Profile, and the smoothed deviation from it, which fades.
    SmoothedOffset,
    /// Profile, and the newest deviation, which fades as deviations did before.
    FadingOffset,
    /// Median of the last week (hours) or four weeks (days).
    LongMedian,
    /// Median of the last season.
    SeasonMedian,
    /// Median of the last three values.
    Now,
    /// Slope of the last straight segment, damped.
    Trend,
}

/// A candidate's part in the mixture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Which one.
    pub method: Method,
    /// Its share, 0..=1.
    pub weight: f64,
    /// Its mean absolute error in the backtests, recent ones weighing more; unit of the series.
    pub mae: f64,
}

/// How the mixture did on the recent past. Show it beside every forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backtest {
    /// How often it was tested.
    pub origins: usize,
    /// Mean absolute error over the horizon, in the unit of the series.
    pub mae: f64,
    /// The same of "as one season ago", the forecast that costs nothing; `None` where that could
    /// not be tested.
    pub naive_mae: Option<f64>,
}

impl Backtest {
    /// Error relative to the free forecast; below 1 the mixture is worth its name. `None` where
    /// the free forecast never erred or could not be tested.
    #[must_use]
    pub fn relative(&self) -> Option<f64> {
        self.naive_mae.filter(|naive| *naive > params::MAE_MIN).map(|naive| self.mae / naive)
    }
}

/// Share by which knowing the season lowers the backtest error; negative where it harms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seasonality {
    /// The season's best forecaster against the best without one.
    pub season: Option<f64>,
    /// The long season's best against the best of all others.
    pub long_season: Option<f64>,
}

impl Seasonality {
    /// Whether the series has the season: it lowers the error by at least 5 %.
    #[must_use]
    pub fn has_season(&self) -> bool {
        self.season.is_some_and(|gain| gain >= SEASON_GAIN_MIN)
    }

    /// Whether the series has the long season: it lowers the error by at least 5 %.
    #[must_use]
    pub fn has_long_season(&self) -> bool {
        self.long_season.is_some_and(|gain| gain >= SEASON_GAIN_MIN)
    }
}

/// The next steps of a series, and what they rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The first one follows the newest sample.
    pub steps: Vec<ForecastStep>,
    /// Who took part, best first.
    pub members: Vec<Member>,
    /// How the mixture did before.
    pub backtest: Backtest,
    /// Whether there is a season.
    pub seasonality: Seasonality,
    /// Days of usable history.
    pub history_days: usize,
}

/// Forecasts the next `horizon` steps (at least 1) after `values`, oldest first, NaN for a gap.
///
/// Six rolling-origin backtests a season apart at the asked horizon; weights 1 / MAE³ over the
/// best six candidates; intervals are split-conformal quantiles of the backtest residuals ×
/// their growth along the horizon (in [½, 2]) × (1 + 0.85 / √origins); all clipped to `bounds`.
/// Combining: Timmermann (2006); intervals: Lei et al. (2018).
///
/// The caller puts samples on the grid, in the time that people live by: the day of 23 hours has
/// a gap, in the day of 25 two samples share an hour, a clock that jumped leaves a gap.
///
/// A series that never moved has intervals of width 0. Values beyond ±1e100 are gaps.
///
/// # Errors
///
/// [`NotEnough`] below [`forecast_needs_days`], or when the newest days are all gaps, so that
/// nothing can be tested (then `have_days` is 0).
///
/// ```
/// use analytics::{Bounds, Cadence, forecast};
///
/// let day = |hour: i32| if (8..18).contains(&(hour % 24)) { 60.0 } else { 10.0 };
/// let history: Vec<f64> = (0..14 * 24).map(day).collect();
/// let ahead = forecast(&history, Cadence::Hourly, 24, Bounds::PERCENT)?;
/// assert_eq!(ahead.steps[12].point, 60.0);
/// assert!(ahead.seasonality.has_season());
///
/// let short = forecast(&history[..96], Cadence::Hourly, 24, Bounds::PERCENT);
/// assert_eq!(short.unwrap_err().to_string(), "4 days of history, 7 are needed");
/// # Ok::<(), analytics::NotEnough>(())
/// ```
pub fn forecast(
    values: &[f64],
    cadence: Cadence,
    horizon: usize,
    bounds: Bounds,
) -> Result<Forecast, NotEnough> {
    forecast_with(values, cadence, cadence.candidates(), horizon, bounds, &MIXING)
}

/// Days of history for a forecast over `horizon_days`, so that an answer can say when to ask
/// again: 7 d for 24 h, 28 d for 7 d, and never less than three times the horizon.
///
/// ```
/// assert_eq!(analytics::forecast_needs_days(1), 7);
/// assert_eq!(analytics::forecast_needs_days(7), 28);
/// assert_eq!(analytics::forecast_needs_days(30), 90);
/// ```
#[must_use]
pub fn forecast_needs_days(horizon_days: usize) -> usize {
    let ahead = horizon_days.clamp(1, 7) - 1;
    let by_table = DAYS_MIN + (ahead * (DAYS_FOR_WEEK - DAYS_MIN)).div_ceil(6);
    by_table.max(horizon_days.saturating_mul(HISTORY_PER_HORIZON))
}

/// [`forecast`] with candidates and mixing of choice, so that a test can ask for another's.
fn forecast_with(
    values: &[f64],
    cadence: Cadence,
    candidates: &[Method],
    horizon: usize,
    bounds: Bounds,
    mixing: &Mixing,
) -> Result<Forecast, NotEnough> {
    let (horizon, seasons) = (horizon.max(1), cadence.seasons());
    let history = measured(values);
    let history_days = days_measured(&history, seasons.day);
    let need_days = forecast_needs_days(horizon.div_ceil(seasons.day));
    if history_days < need_days {
        return Err(NotEnough { have_days: history_days, need_days });
    }
    let mixed = ensemble::mix(&history, horizon, candidates, seasons, mixing)
        .ok_or(NotEnough { have_days: 0, need_days })?;

    let widths = Widths::of(&mixed.residuals, horizon, mixing);
    let band = |point: f64, width: f64| Band {
        low: bounds.clip(point - width),
        high: bounds.clip(point + width),
    };
    let (p80, p90, p95) = (widths.at(80.0), widths.at(90.0), widths.at(95.0));
    let widths = p80.into_iter().zip(p90).zip(p95);
    let steps = mixed.point.iter().zip(widths).map(|(point, ((p80, p90), p95))| ForecastStep {
        point: bounds.clip(*point),
        p80: band(*point, p80),
        p90: band(*point, p90),
        p95: band(*point, p95),
    });
    let errors = mixed.residuals.iter().flatten().map(|residual| residual.abs());
    let naive = mixed.tested.iter().find(|(method, _)| *method == Method::LastSeason);
    Ok(Forecast {
        steps: steps.collect(),
        backtest: Backtest {
            origins: mixed.residuals.len(),
            mae: mean(errors).unwrap_or_default(),
            naive_mae: naive.map(|(_, mae)| *mae),
        },
        seasonality: seasonality(&mixed.tested),
        members: mixed.members,
        history_days,
    })
}

fn seasonality(tested: &[(Method, f64)]) -> Seasonality {
    use Method as M;
    let best = |wanted: fn(&Method) -> bool| {
        let errors = tested.iter().filter(|(method, _)| wanted(method)).map(|(_, mae)| *mae);
        errors.reduce(f64::min)
    };
    let season = best(|method| {
        let profiles = [M::LastSeason, M::Profile, M::RecentProfile, M::ProfileAndOffset];
        profiles.contains(method) || [M::SmoothedOffset, M::FadingOffset].contains(method)
    });
    let none = best(|it| [M::LongMedian, M::SeasonMedian, M::Now, M::Trend].contains(it));
    let is_long =
        |it: &Method| [M::LastLongSeason, M::LongProfile, M::LongProfileAndOffset].contains(it);
    let gain = |with: Option<f64>, without: Option<f64>| {
        let without = without.filter(|without| *without > params::MAE_MIN);
        with.zip(without).map(|(with, without)| 1.0 - with / without)
    };
    let others = [season, none].into_iter().flatten().reduce(f64::min);
    Seasonality { season: gain(season, none), long_season: gain(best(is_long), others) }
}

#[cfg(test)]
mod tests;
