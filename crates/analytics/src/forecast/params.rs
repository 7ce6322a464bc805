//! Every number of the forecasts, and why it is that number.
//!
//! "Backtest": on 108 public hourly series (391 forecasts; aiops, asd, msft, nab, smd), the change
//! lowered the error relative to the seasonal naive forecast on both halves of them.

use super::{Cadence, Method};

/// The share of the history that a forecast may reach beyond it: a third. What was not seen three
/// times cannot be told from an accident.
pub(super) const HISTORY_PER_HORIZON: usize = 3;
/// The seven days that the shortest forecast needs: one of each weekday.
pub(super) const DAYS_MIN: usize = 7;
/// A week ahead needs four weeks: three weekly profiles, and one to test them on.
pub(super) const DAYS_FOR_WEEK: usize = 28;

/// Lowers the mean error of the candidates that a profile is worth keeping for. Below 5 % the
/// better error is within what the choice among several candidates yields by itself. It is what is
/// said of the series, no gate: to drop the candidates of a season below it changed the errors of
/// the backtest by .003 in either direction, since a useless season has a small weight anyway.
pub(super) const SEASON_GAIN_MIN: f64 = 0.05;

/// How candidates are tested and mixed.
pub(super) struct Mixing {
    /// Rolling backtests. Six, a season apart, span a working week; more reach into a past that
    /// the present no longer resembles.
    pub(super) origins: usize,
    /// Candidates that are mixed. Six beat four by .01 at 7 days and cost nothing at 24 hours:
    /// with eleven candidates the good ones are more than four (backtest).
    pub(super) members_max: usize,
    /// Weights are 1 / MAE^power. 2 is the weight of independent errors; candidates err together,
    /// and 3 gained .02 at 24 hours (backtest). Higher gains are the best member alone.
    pub(super) power: f64,
    /// Weight of a backtest relative to the one after it: level shifts make old errors stale.
    pub(super) decay: f64,
    /// Few, overlapping backtests look calmer than the future: widths grow by 1 + this / √origins.
    pub(super) widening: f64,
}

pub(super) const MIXING: Mixing =
    Mixing { origins: 6, members_max: 6, power: 3.0, decay: 0.85, widening: 0.85 };

/// Added to every backtest error, so that a perfect candidate has a finite weight.
pub(super) const MAE_MIN: f64 = 1e-12;

/// Steps over which the width of the intervals is smoothed along the horizon.
pub(super) const SHAPE_STEPS: usize = 7;
/// How far one step's width may be from the mean width. Six backtests cannot show more.
pub(super) const SHAPE_MIN: f64 = 0.5;
pub(super) const SHAPE_MAX: f64 = 2.0;

/// Seasons back that a gap is filled from in "as one season ago".
pub(super) const SEASONS_BACK_MAX: usize = 4;
/// Share of the last season's offset that is believed to stay.
pub(super) const OFFSET_STAYS: f64 = 0.5;
/// What is left of a smoothed offset after each step.
pub(super) const OFFSET_FADES: f64 = 0.9;
/// Smoothing factors of the exponential level, of which the best is taken by its one-step error.
pub(super) const SMOOTHING: [f64; 5] = [0.05, 0.1, 0.2, 0.4, 0.7];
/// Values that make "now": three outvote one spike.
pub(super) const NOW_STEPS: usize = 3;
/// Deviations beyond so many spreads are cut before their autocorrelation is taken.
pub(super) const OUTLIER_SPREADS: f64 = 6.0;
/// An autocorrelation of 1 would never return to the profile.
pub(super) const AUTOCORRELATION_MAX: f64 = 0.99;
/// What is left of a daily trend after each day: growth rarely lasts (Gardner & McKenzie 1985).
pub(super) const TREND_DAMPING: f64 = 0.98;

/// What a cadence knows of its seasons, in steps.
pub(super) struct Seasons {
    /// Steps of a day.
    pub(super) day: usize,
    /// The season that is always looked for: the day for hours, the week for days.
    pub(super) short: usize,
    /// The season above it, where there is one.
    pub(super) long: Option<usize>,
    /// History of a profile: 14 days, 8 weeks. Longer ones remember what was changed since.
    pub(super) profile: usize,
    /// History of the profile that forgets fast.
    pub(super) profile_recent: usize,
    /// History of a profile of the long season: four of its medians outvote a spike.
    pub(super) profile_long: usize,
    /// Fewest steps for that.
    pub(super) profile_long_min: usize,
    /// History over which deviations from the profile are smoothed.
    pub(super) smoothed: usize,
    /// History of the long median.
    pub(super) level: usize,
    /// Fewest steps before a backtest.
    pub(super) backtest_min: usize,
}

const HOURLY: Seasons = Seasons {
    day: 24,
    short: 24,
    long: Some(168),
    profile: 14 * 24,
    profile_recent: 5 * 24,
    profile_long: 4 * 168,
    profile_long_min: 21 * 24,
    smoothed: 21 * 24,
    level: 7 * 24,
    backtest_min: 7 * 24,
};

const DAILY: Seasons = Seasons {
    day: 1,
    short: 7,
    long: None,
    profile: 8 * 7,
    profile_recent: 4 * 7,
    profile_long: 0,
    profile_long_min: 0,
    smoothed: 12 * 7,
    level: 4 * 7,
    backtest_min: 4 * 7,
};

impl Cadence {
    pub(super) fn seasons(self) -> &'static Seasons {
        match self {
            Self::Hourly => &HOURLY,
            Self::Daily => &DAILY,
        }
    }

    /// The candidates. A trend only for days: over hours a slope is part of the day's shape. Of
    /// equal errors the first ones take part, so those that a spike moves are last.
    pub(super) fn candidates(self) -> &'static [Method] {
        match self {
            Self::Hourly => &[
                Method::LongMedian,
                Method::SeasonMedian,
                Method::Profile,
                Method::RecentProfile,
                Method::LongProfile,
                Method::ProfileAndOffset,
                Method::LongProfileAndOffset,
                Method::Now,
                Method::FadingOffset,
                Method::LastLongSeason,
                Method::LastSeason,
                Method::SmoothedOffset,
            ],
            Self::Daily => &[
                Method::LongMedian,
                Method::SeasonMedian,
                Method::Profile,
                Method::RecentProfile,
                Method::ProfileAndOffset,
                Method::Now,
                Method::FadingOffset,
                Method::Trend,
                Method::LastSeason,
                Method::SmoothedOffset,
            ],
        }
    }
}
