//! When something is full, and how long something is busy.
//!
//! A disk is full at its daily peak, and its future follows its last straight piece, not the
//! month's mean. CPU and load never fill: for them the share of time over a threshold.
//! Never returns an infinite date: beyond half a year is a variant.

mod noise;
mod params;
mod passage;
pub(crate) mod segment;

use crate::{
    Confidence, NotEnough, mad_sigma, median,
    numbers::{count, measured},
    quantile,
};
use params::{
    DAY, DAYS_AHEAD_MAX, DAYS_HIGH, DAYS_LOW, DAYS_MAX, DAYS_MEDIUM, FLOOR_DAYS, FLOOR_SHARE,
    PRESSING_SPREAD, PRESSING_USED_PERCENT, STEP_INCREMENTS_MIN, STEP_SPREADS, STEP_TIMES_NEXT,
    TREND_DAYS_MIN, TREND_P_MAX,
};
use passage::Course;

/// A time from the newest sample on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TimeLeft {
    /// So many days.
    Days(f64),
    /// More than 180 days; nothing is claimed about that.
    Beyond,
}

impl TimeLeft {
    /// Whether it is within so many days.
    ///
    /// ```
    /// use analytics::TimeLeft;
    ///
    /// assert!(TimeLeft::Days(3.0).is_within(7.0));
    /// assert!(!TimeLeft::Beyond.is_within(1_000.0));
    /// ```
    #[must_use]
    pub fn is_within(self, days: f64) -> bool {
        matches!(self, Self::Days(left) if left < days)
    }

    fn of(days: f64) -> Self {
        if days <= count(DAYS_AHEAD_MAX) { Self::Days(days.max(0.0)) } else { Self::Beyond }
    }
}

/// What becomes of a resource that can fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outlook {
    /// The newest sample is at the limit.
    Full,
    /// It grows; in nine of ten simulated futures it is full between `p5` and `p95`.
    Fills {
        /// One future in twenty is full before.
        p5: TimeLeft,
        /// As likely full before as after.
        p50: TimeLeft,
        /// One future in twenty is full after.
        p95: TimeLeft,
    },
    /// No growth that differs from noise.
    NotGrowing,
}

/// An [`Outlook`] and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exhaustion {
    /// When it is full.
    pub outlook: Outlook,
    /// Newest sample, percent of the limit.
    pub used_percent: f64,
    /// Growth of the daily peak over the last straight segment, percent of the limit a day.
    pub growth_percent_per_day: f64,
    /// How probable so steady a change is without a trend (Mann-Kendall, two-sided).
    pub trend_p: f64,
    /// A single jump that was not taken for growth, percent of the limit.
    pub one_off_percent: Option<f64>,
    /// Days of the last straight segment.
    pub segment_days: usize,
    /// Days of usable history.
    pub history_days: usize,
    /// By history: 3 days low, 7 medium, 14 high.
    pub confidence: Confidence,
}

impl Exhaustion {
    /// Whether it is worth an alert: at least 60 % used, full within `horizon_days` as likely as
    /// not, and the pessimist's date within four horizons. A full resource always is.
    #[must_use]
    pub fn is_pressing(&self, horizon_days: f64) -> bool {
        match self.outlook {
            Outlook::Full => true,
            Outlook::NotGrowing => false,
            Outlook::Fills { p50, p95, .. } => {
                self.used_percent >= PRESSING_USED_PERCENT
                    && p50.is_within(horizon_days)
                    && p95.is_within(PRESSING_SPREAD * horizon_days)
            }
        }
    }
}

/// Time until `hourly` (oldest first, NaN for a gap) reaches `limit`, in the same unit.
///
/// Of the daily peaks (a day is 24 hours back from the newest sample):
///
/// 1. A single jump that stands alone is no growth; the days before it are lifted.
/// 2. The last straight segment: binary split by BIC + 10, at least 5 days, whose slope differs
///    from the one before by three standard deviations.
/// 3. Its Theil-Sen slope, called a trend when the Mann-Kendall p < 0.05 (below 5 days: when every
///    peak is above the one before).
/// 4. 400 simulated futures of a local level with drift, each with its own slope from Student's
///    t; p5, p50 and p95 of their first passage, at least ¼ day or 1 % to either side.
///
/// The same `seed`, the same answer.
///
/// Lines: Theil (1950), Sen (1968), Mann (1945), Kendall (1975); model: Harvey (1989).
///
/// # Errors
///
/// [`NotEnough`] below 3 days with half of their hours measured, or when the last segment has
/// fewer than 3 such days; then `have_days` counts those. A limit that is not above 0 yields
/// `have_days` 0.
///
/// ```
/// use analytics::{Outlook, TimeLeft, time_to_exhaustion};
///
/// // 50 % used after 20 days, 1 % more each day
/// let disk: Vec<f64> = (0..20 * 24).map(|hour| 30.0 + f64::from(hour) / 24.0).collect();
/// let exhaustion = time_to_exhaustion(&disk, 100.0, 1)?;
/// let Outlook::Fills { p50: TimeLeft::Days(days), .. } = exhaustion.outlook else { panic!() };
/// assert!((days - 50.0).abs() < 1.0);
/// assert!(!exhaustion.is_pressing(60.0), "half full");
/// # Ok::<(), analytics::NotEnough>(())
/// ```
pub fn time_to_exhaustion(hourly: &[f64], limit: f64, seed: u64) -> Result<Exhaustion, NotEnough> {
    let is_limit = limit.is_finite() && limit > 0.0;
    let share = |value: f64| if is_limit { value / limit * 100.0 } else { f64::NAN };
    let percent: Vec<f64> = hourly.iter().map(|value| share(*value)).collect();
    let percent = measured(&percent);
    let days = days(&percent);
    let history_days = days.peaks.iter().filter(|peak| peak.is_finite()).count();
    let not_enough = |have_days| NotEnough { have_days, need_days: DAYS_LOW };
    if history_days < DAYS_LOW {
        return Err(not_enough(history_days));
    }
    let one_off = one_off(&days.peaks);
    let peaks = without(&days.peaks, one_off);
    let medians = without(&days.medians, one_off.and_then(|jump| jump.also_in(&days.medians)));
    let start = segment::start(&medians).filter(|start| noise::bends(&medians, *start));
    let start = start.unwrap_or_default();
    let peaks = peaks.get(start..).unwrap_or_default();
    let hours = days.hours.get(start..).unwrap_or_default();

    let in_segment = peaks.iter().filter(|peak| peak.is_finite()).count();
    let known = Course::of(peaks, hours).zip(segment::trend_p(peaks));
    let (course, trend_p) = known.ok_or(not_enough(in_segment.min(DAYS_LOW - 1)))?;
    let newest = percent.iter().rev().copied().find(|value| value.is_finite());
    let used_percent = newest.unwrap_or(course.level);
    let outlook = if used_percent >= 100.0 {
        Outlook::Full
    } else if course.slope > 0.0 && is_trend(peaks, trend_p) {
        outlook(&course.passages(seed))
    } else {
        Outlook::NotGrowing
    };
    Ok(Exhaustion {
        outlook,
        used_percent,
        growth_percent_per_day: course.slope,
        trend_p,
        one_off_percent: one_off.map(|jump| jump.size),
        segment_days: peaks.len(),
        history_days,
        confidence: confidence(history_days),
    })
}

fn confidence(days: usize) -> Confidence {
    match days {
        ..DAYS_MEDIUM => Confidence::Low,
        DAYS_MEDIUM..DAYS_HIGH => Confidence::Medium,
        DAYS_HIGH.. => Confidence::High,
    }
}

fn is_trend(peaks: &[f64], p: f64) -> bool {
    let peaks = crate::numbers::finite(peaks);
    p < TREND_P_MAX || (peaks.len() < TREND_DAYS_MIN && peaks.is_sorted_by(|one, next| one < next))
}

fn outlook(passages: &[f64]) -> Outlook {
    let at = |twentieths: usize| {
        let rank = (passages.len() * twentieths).div_ceil(20).saturating_sub(1);
        passages.get(rank).copied().unwrap_or(f64::INFINITY)
    };
    let middle = at(10);
    let floor = (FLOOR_SHARE * middle.min(count(DAYS_AHEAD_MAX))).max(FLOOR_DAYS);
    Outlook::Fills {
        p5: TimeLeft::of(at(1) - floor),
        p50: TimeLeft::of(middle),
        p95: TimeLeft::of(at(19) + floor),
    }
}

/// Whole days, counted back from the newest sample; oldest first.
struct Days<'a> {
    hours: Vec<&'a [f64]>,
    /// NaN for a day of which less than half was measured.
    peaks: Vec<f64>,
    medians: Vec<f64>,
}

fn days(hourly: &[f64]) -> Days<'_> {
    let mut hours: Vec<&[f64]> = hourly.rchunks_exact(DAY).take(DAYS_MAX).collect();
    hours.reverse();
    let of_day = |q: f64| {
        let value = |day: &&[f64]| {
            let measured = day.iter().filter(|value| value.is_finite()).count();
            let enough = measured >= DAY / 2;
            enough.then(|| quantile(day, q)).flatten().unwrap_or(f64::NAN)
        };
        hours.iter().map(value).collect()
    };
    Days { peaks: of_day(1.0), medians: of_day(0.5), hours }
}

/// A jump between the day before `day` and `day`, beyond the usual growth.
#[derive(Clone, Copy)]
struct Jump {
    day: usize,
    size: f64,
}

impl Jump {
    /// The jump of the medians that belongs to this jump of the peaks: on the same day or a
    /// neighbour of it.
    fn also_in(self, medians: &[f64]) -> Option<Self> {
        one_off(medians).filter(|jump| jump.day.abs_diff(self.day) <= 1)
    }
}

/// The one increment that stands alone: a large deployment or clean-up, not growth.
fn one_off(daily: &[f64]) -> Option<Jump> {
    let increments = noise::increments(daily);
    let usual = median(&increments)?;
    let limit = STEP_SPREADS * mad_sigma(&increments)?;
    let sizes = increments.iter().zip(1..).map(|(it, day)| Jump { day, size: it - usual });
    let mut sizes: Vec<Jump> = sizes.filter(|jump| jump.size.is_finite()).collect();
    sizes.sort_by(|one, other| other.size.abs().total_cmp(&one.size.abs()));
    let enough = sizes.len() >= STEP_INCREMENTS_MIN;
    let (largest, next) = (sizes.first()?, sizes.get(1)?);
    let alone = largest.size > limit && largest.size > STEP_TIMES_NEXT * next.size.abs() && enough;
    alone.then_some(*largest)
}

/// The days before a jump lifted to the level after it.
fn without(daily: &[f64], jump: Option<Jump>) -> Vec<f64> {
    let lift = |day: usize| jump.filter(|jump| day < jump.day).map_or(0.0, |jump| jump.size);
    daily.iter().enumerate().map(|(day, value)| value + lift(day)).collect()
}

/// How long something is busy: for CPU and load, which have no date of exhaustion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeOver {
    /// Share of the measured samples above the threshold, 0..=1.
    pub share: f64,
    /// 95th percentile of the samples.
    pub p95: f64,
    /// Theil-Sen slope of the daily 95th percentiles, unit a day; `None` below 3 days.
    pub p95_per_day: Option<f64>,
    /// How probable so steady a change is without a trend; `None` below 3 days.
    pub trend_p: Option<f64>,
}

/// Share of time over `threshold` (80 % for CPU) and the trend of the daily 95th percentile, of
/// `hourly` values, oldest first. Gaps do not count. `None` without a measured sample.
///
/// ```
/// let busy_mornings: Vec<f64> =
///     (0..96).map(|hour| if hour % 24 < 6 { 90.0 } else { 20.0 }).collect();
/// let over = analytics::time_over(&busy_mornings, 80.0).unwrap();
/// assert_eq!(over.share, 0.25);
/// assert_eq!(over.p95_per_day, Some(0.0));
/// ```
#[must_use]
pub fn time_over(hourly: &[f64], threshold: f64) -> Option<TimeOver> {
    let values = measured(hourly);
    let p95 = quantile(&values, 0.95)?;
    let known = values.iter().filter(|value| value.is_finite()).count();
    let above = values.iter().filter(|value| **value > threshold).count();
    let daily: Vec<f64> = days(&values)
        .hours
        .iter()
        .filter(|day| day.iter().filter(|value| value.is_finite()).count() >= DAY / 2)
        .filter_map(|day| quantile(day, 0.95))
        .collect();
    let trend_p = segment::trend_p(&daily);
    Some(TimeOver {
        share: count(above) / count(known),
        p95,
        p95_per_day: trend_p.and_then(|_| segment::slope(&daily)),
        trend_p,
    })
}

#[cfg(test)]
mod tests;
