//! Every number that the detectors use, each with its reason. Never a formula: those stand with
//! the functions.
//!
//! "Measured" means: chosen on the development half of 91 labelled public series and hosts (NAB,
//! Microsoft cloud monitoring, Donut, AIOPS KPI, ASD, SMD) by event-wise precision and recall. None
//! is fitted to one set: each stands in the middle of a range over which the result hardly moves.

/// A day; profiles and recurrence are daily because people and cron are.
pub(crate) const DAY_SECS: u32 = 86_400;

// ---- anomaly: prediction

/// Long enough that an hour of trouble does not become the level, short enough to follow a morning.
pub(crate) const LEVEL_WINDOW_SECS: u32 = 3 * 3_600;
/// The level window of coarse series: fewer samples are no median.
pub(crate) const LEVEL_WINDOW_SAMPLES_MIN: usize = 6;
/// A window that is three quarters gap has no level; nor have two samples.
pub(crate) const LEVEL_WINDOW_FILLED: usize = 4;
/// The same bound for short windows.
pub(crate) const LEVEL_VALUES_MIN: usize = 3;
/// Fast average: two thirds of its weight lie on the last three samples.
pub(crate) const EWMA_FAST: f64 = 0.3;
/// Slow average: two thirds of its weight lie on the last twenty samples.
pub(crate) const EWMA_SLOW: f64 = 0.05;
/// Two weeks: both kinds of weekday are in the daily profile, last month's habits are not.
pub(crate) const PROFILE_DAYS: usize = 14;
/// A median of two days is a mean of two days: one bad day would be half the profile.
pub(crate) const PROFILE_DAYS_MIN: usize = 3;
/// The weekly profile looks at this many same weekdays …
pub(crate) const PROFILE_WEEKS: usize = 4;
/// … and needs this many, so that it starts with the third week.
pub(crate) const PROFILE_WEEKS_MIN: usize = 2;
/// The predictor of a day is the best of the week before: one period of every habit.
pub(crate) const CHOICE_DAYS: usize = 7;
/// Errors above this quantile count as the quantile, so that incidents do not choose the predictor.
pub(crate) const CHOICE_TRIM: f64 = 0.99;
/// A predictor that could say nothing about most of the week does not stand for choice.
pub(crate) const CHOICE_COVERAGE: f64 = 0.3;

// ---- anomaly: scale

/// Errors of two weeks set the scale; 7, 21 and 28 days measured within .01 of it.
pub(crate) const SCALE_DAYS: usize = 14;
/// Fewest values behind a scale or a range.
pub(crate) const SCALE_VALUES_MIN: usize = 50;
/// The prototype's scale: this quantile of all errors of the last two weeks, …
pub(crate) const POOLED_QUANTILE: f64 = 0.95;
/// … which a normal error exceeds at this many deviations.
pub(crate) const POOLED_SIGMAS: f64 = 1.96;
/// The shipped scale: between the second and the third largest error of a day at 5 minutes. Measured:
/// mean F1 .644 against .581 with the pooled q95, because a tail that returns every day is usual.
pub(crate) const DAILY_QUANTILE: f64 = 0.9925;
/// Deviations at which a normal error exceeds it.
pub(crate) const DAILY_SIGMAS: f64 = 2.67;
/// A day counts at most this many times the median day: an incident of yesterday must not make the
/// detector blind for two weeks.
pub(crate) const DAILY_WEIGHT_MAX: f64 = 3.0;
/// One day cannot tell a bad day from a usual one.
pub(crate) const DAILY_DAYS_MIN: usize = 2;
/// A quarter of a day's errors must be known, but never fewer than four.
pub(crate) const DAILY_FILLED: usize = 4;
/// Errors under 1 % of the usual range are no news, however quiet the series is.
pub(crate) const RANGE_FLOOR: f64 = 0.01;
/// The usual range lies between these quantiles.
pub(crate) const RANGE_QUANTILES: (f64, f64) = (0.01, 0.99);
/// A flat series counts as ranging over 2 % of its level: the floor is then .02 % of it.
pub(crate) const RANGE_LEVEL: f64 = 0.02;
/// A change of a flat series is one event, not an infinite one.
pub(crate) const Z_MAX: f64 = 1_000.0;
/// Older samples are left out: the grid must not grow with a clock that jumped.
pub(crate) const HISTORY_DAYS_MAX: usize = 400;

// ---- anomaly: gates

/// Annotate. Measured: P .51-.83 at R .31-.60 on NAB, Microsoft, AIOPS and ASD.
pub(crate) const Z_INFO: f64 = 4.0;
/// Raise severity, and with a record call it critical: P .90 over all sets, .97 on Microsoft at
/// R .21, .89 on NAB at R .40. At 6 and at 8 precision and recall move by .03.
pub(crate) const Z_HIGH: f64 = 7.0;
/// Three of five samples above `Z_INFO`: one wild sample is no event.
pub(crate) const SUSTAINED: (u32, u32) = (3, 5);
/// Two of three above `Z_HIGH`: what is that large need not last as long.
pub(crate) const SUSTAINED_HIGH: (u32, u32) = (2, 3);
/// Novel is what comes within a tenth of the record - scores of two days differ by as much - …
pub(crate) const RECORD_SHARE: f64 = 0.9;
/// … of the last two weeks, …
pub(crate) const RECORD_DAYS: i64 = 14;
/// … not counting the last six hours: an incident must not outbid itself.
pub(crate) const RECORD_LAG_SECS: i64 = 6 * 3_600;
/// A score must reach 70 % of what this hour has brought before: the scale learns a nightly job
/// within days, and what remains of its score is gated. 1.2 measured: P +.05 on AIOPS, R -.08. It
/// is compared with …
pub(crate) const RECURRENCE_SHARE: f64 = 0.7;
/// … the largest score within half an hour of this time of day …
pub(crate) const RECURRENCE_NEAR_SECS: i64 = 1_800;
/// … on any of the last eight days, so that a weekly job is one of them.
pub(crate) const RECURRENCE_DAYS: i64 = 8;
/// Peaks kept per series: two weeks of a series that is strange for a third of every day at
/// 5 minutes. More forget the oldest.
pub(crate) const PEAKS_MAX: usize = 1_344;
/// Three families that agree are an incident of the host; two share causes too often.
pub(crate) const HOST_FAMILIES: usize = 3;
/// Families peak within two samples of each other. Measured on ASD: recall .41 instead of .33 at
/// one false alert in 85 host-days.
pub(crate) const HOST_PEAK_SAMPLES: usize = 2;
/// Practical size for percentages, in points.
pub(crate) const SIZE_POINTS: f64 = 5.0;
/// Practical size for everything else, as a share of the expected value.
pub(crate) const SIZE_SHARE: f64 = 0.2;

// ---- anomaly: cold start

/// Below an hour there is no baseline, only thresholds.
pub(crate) const COLD_SECS: u32 = 3_600;
/// Fewest values of it, for coarse steps.
pub(crate) const COLD_VALUES_MIN: usize = 12;
/// In the first day every rhythm is new: only gross errors count.
pub(crate) const COLD_DAY_Z: f64 = 12.0;
/// Until the daily profile is there.
pub(crate) const COLD_DAYS_Z: f64 = 8.0;

// ---- debounce

/// Page. Measured on 1,021 true episodes: P .996 at R .83, 10 min (12 of 15: .992, .70, 11 min).
pub(crate) const RAISE_CRITICAL: (u32, u32) = (11, 15);
/// Warn. Measured: P .974 at R .92, 9 min (9 of 10: .946, .78, 8 min).
pub(crate) const RAISE_WARNING: (u32, u32) = (10, 14);
/// An alert that comes back within three quarters of an hour was the same alert: with 30 minutes
/// the page has P .985.
pub(crate) const CLEAR_CRITICAL_SECS: i64 = 45 * 60;
/// With 10 minutes half of the false warnings are second alerts of one episode.
pub(crate) const CLEAR_WARNING_SECS: i64 = 30 * 60;
/// Hysteresis as a share of the way from the usual value to the limit.
pub(crate) const HYSTERESIS: f64 = 0.15;
/// Recovery is judged by a median of five: one good sample is none.
pub(crate) const CLEAR_MEDIAN: usize = 5;
/// A state survives three missed samples: a restart of the exporter takes two.
pub(crate) const MISSED_MAX: u32 = 3;
/// Nagios and Naemon look at 21 states, which are 20 changes.
pub(crate) const FLAP_STATES: usize = 21;
/// Weight of the oldest and of the newest change; they average 1, so that all changes are 100 %.
pub(crate) const FLAP_WEIGHTS: (f64, f64) = (0.8, 1.2);
/// Flapping starts at half of all changes …
pub(crate) const FLAP_START_PERCENT: f64 = 50.0;
/// … and stops at a fifth: with the hysteresis of an alert it cannot itself flap.
pub(crate) const FLAP_STOP_PERCENT: f64 = 20.0;

// ---- change points

/// Shortest history: the day profile needs a week.
pub(crate) const CHANGE_DAYS_MIN: usize = 7;
/// Longest: the search is quadratic, and 90 days of hours take 10 ms.
pub(crate) const CHANGE_VALUES_MAX: usize = 2_160;
/// Values further than this many deviations count as this far: a spike is no level.
pub(crate) const CHANGE_CLIP: f64 = 5.0;
/// Penalty per change in units of v·(1+φ)/(1-φ)·ln n. 3 is the Bayesian criterion; at 5 calm hourly
/// ASD series have no false change, and 97 % of steps of 1.5 deviations are still found.
pub(crate) const CHANGE_PENALTY: f64 = 5.0;
/// Splits allowed for while the noise is measured. Without them the step itself is taken for
/// noise and for autocorrelation: steps of 3 deviations found on SMD .92 instead of .37.
pub(crate) const CHANGE_SPLITS: usize = 2;
/// A correlation above this would need more history than anybody keeps.
pub(crate) const CHANGE_PHI_MAX: f64 = 0.97;
/// Tails that do not enter the correlation.
pub(crate) const CHANGE_PHI_TRIM: f64 = 0.01;

// ---- fleet

/// Of two values none is the odd one.
pub(crate) const FLEET_HOSTS_MIN: usize = 3;
/// Under five hosts one more odd value would change the majority.
pub(crate) const FLEET_HOSTS_SURE: usize = 5;
/// Neighbours further apart than this many spreads are different groups.
pub(crate) const FLEET_GAP_SPREADS: f64 = 3.0;
