//! Straight lines through daily values that a few wild days cannot bend: the slope of the last
//! straight piece, and whether it rises at all. Gaps (NaN) keep their day and have no value.

use super::params::{LEVEL_DAYS, SEGMENT_DAYS_MIN, SPLIT_EXTRA, SPLIT_PARAMETERS};
use crate::{
    median,
    numbers::{count, two_sided_p},
};

/// Residual below which a line is perfect, in squared units of the values (percent).
const PERFECT: f64 = 1e-9;

fn points(values: &[f64]) -> impl Iterator<Item = (f64, f64)> + Clone {
    let days = values.iter().enumerate().map(|(day, value)| (count(day), *value));
    days.filter(|(_, value)| value.is_finite())
}

/// The median of the slopes of all pairs, per step (Theil 1950, Sen 1968): up to 29 % of the days
/// may be anything. `None` below two values.
pub(crate) fn slope(values: &[f64]) -> Option<f64> {
    let points: Vec<(f64, f64)> = points(values).collect();
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (at, (day, value)) in points.iter().enumerate() {
        let later = points.iter().skip(at + 1);
        slopes.extend(later.map(|(other, later)| (later - value) / (other - day)));
    }
    median(&slopes)
}

/// Where the line of that slope is at the newest step, as the last few days have it.
pub(crate) fn level(values: &[f64], slope: f64) -> Option<f64> {
    let newest = count(values.len().checked_sub(1)?);
    let moved: Vec<f64> = points(values).map(|(day, it)| it + slope * (newest - day)).collect();
    median(crate::numbers::last(&moved, LEVEL_DAYS))
}

/// Squared residuals of the least-squares line; 0 below three values.
fn residuals(values: &[f64]) -> f64 {
    let points = points(values);
    let n = count(points.clone().count());
    if n < 3.0 {
        return 0.0;
    }
    let (days, sum) = points.clone().fold((0.0, 0.0), |(d, s), (day, it)| (d + day, s + it));
    let (day_mean, mean) = (days / n, sum / n);
    let (xx, xy, yy) = points.fold((0.0, 0.0, 0.0), |(xx, xy, yy), (day, value)| {
        let (x, y) = (day - day_mean, value - mean);
        (xx + x * x, xy + x * y, yy + y * y)
    });
    (yy - xy * xy / xx).max(0.0)
}

/// The first step of the last straight segment: the binary split that lowers the squared
/// residuals most, if n · ln(before / after) > 3 ln n + 10 (BIC of one more line and its place,
/// and a margin of 10 that counts as "very strong": Kass & Raftery, "Bayes Factors", 1995).
/// 0 when one line does for all; `None` without values.
pub(crate) fn start(values: &[f64]) -> Option<usize> {
    values.iter().any(|value| value.is_finite()).then_some(())?;
    let whole = residuals(values);
    let last_start = values.len().saturating_sub(SEGMENT_DAYS_MIN);
    let after_split = |at: usize| {
        let (before, after) = values.split_at_checked(at)?;
        Some((at, residuals(before) + residuals(after)))
    };
    let splits = (SEGMENT_DAYS_MIN..=last_start).filter_map(after_split);
    let best = splits.min_by(|one, other| one.1.total_cmp(&other.1));
    let n = count(values.len());
    let is_better =
        |left: f64| n * (whole / left.max(PERFECT)).ln() > SPLIT_PARAMETERS * n.ln() + SPLIT_EXTRA;
    Some(best.filter(|(_, left)| is_better(*left)).map_or(0, |(at, _)| at))
}

/// Mann-Kendall test (Mann 1945, Kendall 1975), two-sided, with ties: how probable so steady a
/// rise or fall is in values without a trend. `None` below three values.
pub(crate) fn trend_p(values: &[f64]) -> Option<f64> {
    let values: Vec<f64> = points(values).map(|(_, value)| value).collect();
    let n = count(values.len());
    if n < 3.0 {
        return None;
    }
    let mut rises = 0.0;
    for (at, value) in values.iter().enumerate() {
        rises += values.iter().skip(at + 1).map(|later| sign(later - value)).sum::<f64>();
    }
    let mut sorted = values;
    sorted.sort_by(f64::total_cmp);
    let ties = sorted.chunk_by(|one, other| one == other).map(|tied| count(tied.len()));
    let share = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let variance = (share(n) - ties.map(share).sum::<f64>()) / 18.0;
    if variance <= 0.0 {
        return Some(1.0);
    }
    let corrected = rises - sign(rises);
    Some(two_sided_p(corrected / variance.sqrt()))
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}
