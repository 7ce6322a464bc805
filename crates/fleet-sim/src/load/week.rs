//! Days on which less is done: weekends and holidays. Counts days in constant cost.

use std::sync::Arc;

use super::DAY_SECS;

/// Which days are days off, and how much is done on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Share of a working day's load that a day off has.
    off_share: f64,
    /// Days since 1970 that are off and no weekend, sorted.
    holidays: Arc<[i64]>,
}

/// The first of January 1970 was a Thursday.
const SATURDAY: i64 = 2;

const fn is_weekend(day: i64) -> bool {
    matches!(day.rem_euclid(7) - SATURDAY, 0 | 1)
}

impl Week {
    /// A week with these days since 1970 as holidays.
    #[must_use]
    pub fn new(off_share: f64, holidays: &[i64]) -> Self {
        let mut holidays: Vec<i64> =
            holidays.iter().copied().filter(|day| !is_weekend(*day)).collect();
        holidays.sort_unstable();
        holidays.dedup();
        Self { off_share, holidays: holidays.into() }
    }

    /// The same days with another share.
    #[must_use]
    pub fn with_share(&self, off_share: f64) -> Self {
        Self { off_share, holidays: self.holidays.clone() }
    }

    /// Whether a time lies on a day off.
    #[must_use]
    pub fn is_off(&self, time: f64) -> bool {
        let day = (time / DAY_SECS).floor() as i64;
        is_weekend(day) || self.holidays.binary_search(&day).is_ok()
    }

    /// Share of a working day's load at a time.
    #[must_use]
    pub fn share(&self, time: f64) -> f64 {
        if self.is_off(time) { self.off_share } else { 1.0 }
    }

    /// Seconds from 1970 to the begin of that day, those of days off counted by their share.
    #[must_use]
    pub fn weighted_secs(&self, day: i64) -> f64 {
        let weekends = 2 * day.div_euclid(7) + (day.rem_euclid(7) - SATURDAY).clamp(0, 2);
        let holidays = self.holidays.partition_point(|holiday| *holiday < day) as f64;
        let off = weekends as f64 + holidays;
        DAY_SECS * (day as f64 - (1.0 - self.off_share) * off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_and_holidays_are_off() {
        // 2026-11-22 was a Sunday.
        let sunday = 1_795_305_600.0;
        let thursday = (sunday / DAY_SECS) as i64 + 4;
        let week = Week::new(0.4, &[thursday]);
        let off: Vec<bool> =
            (0..8).map(|day| week.is_off(sunday + f64::from(day) * DAY_SECS + 5.0)).collect();
        assert_eq!(off, [true, false, false, false, true, false, true, true]);
    }

    #[test]
    fn weighted_seconds_are_the_sum_of_the_days() {
        let week = Week::new(0.3, &[20_003, 20_004, 20_010]);
        let mut sum = week.weighted_secs(20_000);
        for day in 20_000..20_050_i64 {
            assert!((sum - week.weighted_secs(day)).abs() < 1e-3);
            sum += week.share(day as f64 * DAY_SECS + 1.0) * DAY_SECS;
        }
    }
}
