//! Every number of the capacity outlook, and why it is that number.
//!
//! Those without a source were set on simulated disks: `examples/eval_forecast/disks.rs`.

/// Hours of a day.
pub(super) const DAY: usize = 24;
/// Older history than the store keeps is not looked at; it bounds the pairs of days, too.
pub(super) const DAYS_MAX: usize = 400;

/// Fewest days for an answer, and for each confidence: two days are one increment and no noise;
/// a week has each weekday once, two weeks have it again.
pub(super) const DAYS_LOW: usize = 3;
pub(super) const DAYS_MEDIUM: usize = 7;
pub(super) const DAYS_HIGH: usize = 14;

/// A segment below five days is as likely a hiccup as a new course.
pub(super) const SEGMENT_DAYS_MIN: usize = 5;
/// One more line has a slope, an offset and a place.
pub(super) const SPLIT_PARAMETERS: f64 = 3.0;
/// "Very strong" evidence on the scale of Bayes factors.
pub(super) const SPLIT_EXTRA: f64 = 10.0;
/// Days that make the present level: five outvote two wild ones.
pub(super) const LEVEL_DAYS: usize = 5;

/// Of a trend that is called one, the Mann-Kendall p-value is below.
pub(super) const TREND_P_MAX: f64 = 0.05;
/// Below five values no p-value can be that small: there each peak must be above the one before.
pub(super) const TREND_DAYS_MIN: usize = 5;

/// A one-off step stands out of the daily increments by so many spreads …
pub(super) const STEP_SPREADS: f64 = 8.0;
/// … and is so many times the next largest: steps that come again are growth.
pub(super) const STEP_TIMES_NEXT: f64 = 3.0;
/// Increments from which one can stand out.
pub(super) const STEP_INCREMENTS_MIN: usize = 4;

/// Increments beyond so many times their 90th percentile are cut before their variance is taken:
/// an incident is rarer than one day in ten, batches that a disk grows by are not.
pub(super) const INCREMENT_TIMES_COMMON: f64 = 3.0;
/// Slopes that differ by so many standard deviations are two: of 20 places to bend at, three
/// deviations are passed by chance in one case of twenty.
pub(super) const BEND_DEVIATIONS: f64 = 3.0;
/// The part of the variance of the increments that is at least drift, which adds up, and not
/// noise, which does not. A short history can show none by chance.
pub(super) const DRIFT_SHARE_MIN: f64 = 0.1;
/// Standard errors of the covariance that are taken off the noise before it is believed: what is
/// taken for noise does not widen the interval, and a month tells the two apart badly. At 0, seven
/// of 17 dates of slow disks fell outside.
pub(super) const NOISE_ERRORS: f64 = 1.0;
/// People's rhythm, in days.
pub(super) const WEEK: usize = 7;
/// Three weeks hold three independent increments of a week: their variance is a quarter of the
/// true one in one case of seven (χ² of 3), and no more is believed of it.
pub(super) const WEEKLY_TIMES: f64 = 4.0;
/// Variance of a line's slope through a random walk, relative to first-to-last (6 / 5), and of
/// Theil-Sen's relative to least squares under normal noise (1 / 0.91).
pub(super) const SLOPE_DRIFT: f64 = 1.2;
pub(super) const SLOPE_NOISE: f64 = 1.1;
/// Variance of the level: the noise of a median of five, and the drift within them.
pub(super) const LEVEL_NOISE: f64 = 1.0 / 3.0;
pub(super) const LEVEL_DRIFT: f64 = 0.6;
/// Fewest degrees of freedom: below three the t distribution has no variance.
pub(super) const FREEDOM_MIN: f64 = 3.0;

/// Simulated futures: of 400, 20 lie beyond either end, so that the ends move by some 2 % from
/// seed to seed.
pub(super) const FUTURES: usize = 400;
/// Nothing is claimed about more than half a year.
pub(super) const DAYS_AHEAD_MAX: usize = 180;
/// The interval reaches at least so far to either side: a quarter day (the hour of the day is not
/// known better) or 1 % of the way. The simulation has the model's errors, not its mistakes.
pub(super) const FLOOR_DAYS: f64 = 0.25;
pub(super) const FLOOR_SHARE: f64 = 0.01;

/// Less than 60 % used is nothing to wake anybody for, whatever the slope
/// (node-mixin: `NodeFilesystemSpaceFillingUp` asks for less than 40 % free).
pub(super) const PRESSING_USED_PERCENT: f64 = 60.0;
/// So many horizons away may the pessimist's date be: beyond, nothing is known.
pub(super) const PRESSING_SPREAD: f64 = 4.0;
