//! What is left of a series beyond what the same time of other days was. Never says why.

/// Days back that are compared.
pub const DAYS_BACK_MAX: usize = 3;

/// Each value less the nearest of what it was at the same time of earlier days: 0 between the least
/// and the most of them, NaN where none of them is known.
///
/// `values` are regular, `day` of them a day, those that are not finite are gaps. From index `window`
/// on only days before it count, so that a level that lasts is not compared with itself. `alike` says
/// whether two indices are of days that can be compared: a Saturday is no Friday.
///
/// One earlier day can have had an incident of its own, which then seems to be missing; of two or
/// three the nearest one is what is usual.
///
/// ```
/// // A rhythm of four values a day, and 10 more from the second value of the third day on.
/// let level = |at: u32| f64::from(at % 4) + if at < 9 { 0.0 } else { 10.0 };
/// let values: Vec<f64> = (0..12).map(level).collect();
/// let beyond = analytics::beyond_days(&values, 8, 4, |_, _| true);
/// assert!(beyond[..4].iter().all(|value| value.is_nan()));
/// assert_eq!(beyond[4..], [0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 10.0, 10.0]);
/// ```
#[must_use]
pub fn beyond_days(
    values: &[f64],
    window: usize,
    day: usize,
    alike: impl Fn(usize, usize) -> bool,
) -> Vec<f64> {
    let beyond = |(at, value): (usize, &f64)| {
        let back = (1..=DAYS_BACK_MAX).filter_map(|days| at.checked_sub(days.checked_mul(day)?));
        let earlier = back.filter(|then| (at < window || *then < window) && alike(at, *then));
        let known = earlier.filter_map(|then| values.get(then)).filter(|it| it.is_finite());
        let range = known.fold(None, |range, it| match range {
            None => Some((*it, *it)),
            Some((low, high)) => Some((it.min(low), it.max(high))),
        });
        let (low, high) = range?;
        Some(value - value.clamp(low, high))
    };
    values.iter().enumerate().map(|it| beyond(it).unwrap_or(f64::NAN)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many days of a rhythm of 24 values, with 10 more within these.
    fn days(count: usize, more: std::ops::Range<usize>) -> Vec<f64> {
        let rhythm = |at: usize| (at % 24) as f64;
        (0..count * 24).map(|at| rhythm(at) + if more.contains(&at) { 10.0 } else { 0.0 }).collect()
    }

    #[test]
    fn an_incident_of_yesterday_is_missed_by_nobody_when_the_day_before_is_known() {
        let values = days(3, 30..33);
        let beyond = beyond_days(&values, 48, 24, |_, _| true);
        assert!(beyond[48..].iter().all(|value| *value == 0.0), "{beyond:?}");
        // With one day it seems to be missing.
        let short = beyond_days(&values[24..], 24, 24, |_, _| true);
        assert_eq!(short[24 + 7], -10.0);
    }

    #[test]
    fn a_level_that_lasts_for_days_is_not_compared_with_itself() {
        let values = days(4, 48..96);
        let beyond = beyond_days(&values, 48, 24, |_, _| true);
        assert!(beyond[48..].iter().all(|value| *value == 10.0), "{beyond:?}");
    }

    #[test]
    fn days_that_are_not_alike_and_gaps_are_not_compared() {
        let mut values = days(3, 0..0);
        let weekend = |at: usize| at >= 48;
        let beyond = beyond_days(&values, 48, 24, |one, other| weekend(one) == weekend(other));
        assert!(beyond[48..].iter().all(|value| value.is_nan()) && beyond[30] == 0.0);
        values[24 + 5] = f64::NAN;
        values[5] = f64::NAN;
        let beyond = beyond_days(&values, 48, 24, |_, _| true);
        assert!(beyond[48 + 5].is_nan() && beyond[24 + 5].is_nan());
    }
}
