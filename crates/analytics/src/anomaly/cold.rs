//! What can be said with little history, and what is too small to be said at all. Never uses a
//! profile.

use super::Rhythm;
use super::grid::Steps;
use super::predict::{Follow, Tracker};
use crate::order::quantile_of;
use crate::params::{
    COLD_DAY_Z, COLD_DAYS_Z, COLD_SECS, COLD_VALUES_MIN, DAY_SECS, EWMA_FAST, POOLED_QUANTILE,
    POOLED_SIGMAS, PROFILE_DAYS_MIN, PROFILE_WEEKS_MIN, SIZE_POINTS, SIZE_SHARE, Z_MAX,
};

/// How a change is measured against what is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A percentage: 5 points.
    Points,
    /// Anything else: 20 % of the expected value.
    Share,
}

/// Whether a change is large enough to matter, however improbable it is. Never true of a value that
/// is not finite.
///
/// ```
/// use analytics::{Size, is_sizeable};
/// assert!(!is_sizeable(3.0, 1.0, Size::Points));
/// assert!(is_sizeable(3.0, 1.0, Size::Share));
/// ```
#[must_use]
pub fn is_sizeable(value: f64, expected: f64, size: Size) -> bool {
    let change = (value - expected).abs();
    let least = match size {
        Size::Points => SIZE_POINTS,
        Size::Share => SIZE_SHARE * expected.abs(),
    };
    change > 0.0 && change >= least
}

/// What so much history allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cold {
    /// Under an hour: thresholds only.
    NoBaseline,
    /// A level, and only scores from `z_min`.
    Level {
        /// The least score that counts.
        z_min: f64,
    },
    /// The gates as they are, with a profile of this period.
    Ready(Rhythm),
}

/// What `history_secs` of history allow: nothing under 1 h; z ≥ 12 in the first day; z ≥ 8 until
/// the third; then the daily profile, and after 14 days the weekly one.
///
/// ```
/// use analytics::{Cold, cold_start};
/// assert_eq!(cold_start(600), Cold::NoBaseline);
/// assert_eq!(cold_start(7_200), Cold::Level { z_min: 12.0 });
/// ```
#[must_use]
pub fn cold_start(history_secs: u64) -> Cold {
    let day = u64::from(DAY_SECS);
    let weekly = 7 * PROFILE_WEEKS_MIN as u64 * day;
    if history_secs < u64::from(COLD_SECS) {
        Cold::NoBaseline
    } else if history_secs < day {
        Cold::Level { z_min: COLD_DAY_Z }
    } else if history_secs < PROFILE_DAYS_MIN as u64 * day {
        Cold::Level { z_min: COLD_DAYS_Z }
    } else if history_secs < weekly {
        Cold::Ready(Rhythm::Daily)
    } else {
        Cold::Ready(Rhythm::Weekly)
    }
}

/// The score of `value` before a [`Detector`](crate::Detector) can be learned: its distance from the
/// fast exponential average of `recent`, over the 95th percentile of that average's errors / 1.96,
/// at least `unit_floor`. Oldest first; values that are not finite are gaps.
///
/// `None` with less than an hour or twelve values, and for a flat series without a floor.
///
/// ```
/// let recent: Vec<f64> = (0..60).map(|minute| f64::from(minute % 3)).collect();
/// let steps = analytics::Steps::new(60).unwrap();
/// assert!(analytics::early_z(&recent, 40.0, steps, 1.0).unwrap() > 12.0);
/// assert_eq!(analytics::early_z(&recent[..30], 40.0, steps, 1.0), None);
/// ```
#[must_use]
pub fn early_z(recent: &[f64], value: f64, steps: Steps, unit_floor: f64) -> Option<f64> {
    let mut average = Tracker::new(Follow::Ewma(EWMA_FAST), steps);
    let mut errors = Vec::with_capacity(recent.len());
    for &value in recent.iter().filter(|value| value.is_finite()) {
        errors.push((value - average.level()).abs());
        average.push(value);
    }
    (errors.len() >= steps.count(COLD_SECS).max(COLD_VALUES_MIN)).then_some(())?;
    errors.retain(|error| !error.is_nan());
    let scale = (quantile_of(&mut errors, POOLED_QUANTILE)? / POOLED_SIGMAS).max(unit_floor);
    let z = (value - average.level()).abs() / scale;
    z.is_finite().then_some(z.min(Z_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_earns_sharper_limits() {
        let day = 86_400;
        assert_eq!(cold_start(day), Cold::Level { z_min: 8.0 });
        assert_eq!(cold_start(3 * day), Cold::Ready(Rhythm::Daily));
        assert_eq!(cold_start(14 * day), Cold::Ready(Rhythm::Weekly));
    }

    #[test]
    fn a_flat_first_hour_needs_a_unit_floor() {
        let steps = Steps::new(300).unwrap();
        assert_eq!(early_z(&[5.0; 12], 5.0, steps, 0.0), None);
        assert_eq!(early_z(&[5.0; 12], 9.0, steps, 1.0), Some(4.0));
    }
}
