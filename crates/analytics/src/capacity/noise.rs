//! What daily peaks do besides growing: drift, which adds up, and noise, which does not.
//!
//! Peaks follow a local level with drift (Harvey, "Forecasting, Structural Time Series Models",
//! 1989): level += slope + drift, peak = level + noise. The increments tell the two apart:
//! variance = drift + 2 · noise, covariance of neighbours = −noise. Taking both for drift doubles
//! the interval; taking drift for noise makes every staircase a bend.

use super::{
    params::{
        BEND_DEVIATIONS, DRIFT_SHARE_MIN, INCREMENT_TIMES_COMMON, NOISE_ERRORS, SLOPE_DRIFT,
        SLOPE_NOISE, WEEK, WEEKLY_TIMES,
    },
    segment,
};
use crate::{
    median,
    numbers::{count, mean},
    quantile,
};

/// Variances in squared units of the peaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    pub(super) drift: f64,
    pub(super) noise: f64,
}

impl Noise {
    /// `None` below two increments of neighbouring days.
    pub(super) fn of(peaks: &[f64]) -> Option<Self> {
        let increments = increments(peaks);
        if increments.iter().filter(|it| it.is_finite()).count() < 2 {
            return None;
        }
        let middle = median(&increments)?;
        let sizes: Vec<f64> = increments.iter().map(|it| (it - middle).abs()).collect();
        let limit = INCREMENT_TIMES_COMMON * quantile(&sizes, 0.9)?;
        let cut: Vec<f64> =
            increments.iter().map(|it| (it - middle).clamp(-limit, limit)).collect();
        let center = mean(cut.iter().copied())?;
        let cut: Vec<f64> = cut.iter().map(|it| it - center).collect();
        let variance = mean(cut.iter().map(|it| it * it))?;
        let together = mean(cut.iter().zip(cut.iter().skip(1)).map(|(one, next)| one * next));
        let error = variance / count(cut.len()).sqrt();
        let noise = -together.unwrap_or_default() - NOISE_ERRORS * error;
        let noise = noise.clamp(0.0, variance / 2.0);
        let drift =
            (variance - 2.0 * noise).min(weekly_drift(peaks, noise).unwrap_or(f64::INFINITY));
        Some(Self { drift: drift.max(DRIFT_SHARE_MIN * variance), noise })
    }

    /// Variance of the slope of a line through so many days.
    pub(super) fn slope_variance(&self, days: usize) -> f64 {
        let n = count(days);
        SLOPE_DRIFT * self.drift / (n - 1.0) + SLOPE_NOISE * 12.0 * self.noise / (n * (n * n - 1.0))
    }
}

/// Differences of neighbouring days; a gap makes two gaps.
pub(super) fn increments(daily: &[f64]) -> Vec<f64> {
    over(daily, 1)
}

fn over(daily: &[f64], days: usize) -> Vec<f64> {
    daily.iter().zip(daily.iter().skip(days)).map(|(one, later)| later - one).collect()
}

/// At most so much drift, by what adds up over a week: a disk that is written to on working days
/// only has wild increments and hardly any drift. `None` below three weeks.
fn weekly_drift(peaks: &[f64], noise: f64) -> Option<f64> {
    let increments = over(peaks, WEEK);
    let known = increments.iter().filter(|it| it.is_finite()).count();
    let center = mean(increments.iter().copied()).filter(|_| known > 2 * WEEK)?;
    let variance = mean(increments.iter().map(|it| (it - center).powi(2)))?;
    Some(WEEKLY_TIMES * (variance - 2.0 * noise) / count(WEEK))
}

/// Whether the course bends at `split`: the slopes before and after differ by more than three
/// standard deviations. A staircase has straight pieces everywhere and no bend.
pub(super) fn bends(daily: &[f64], split: usize) -> bool {
    let slope =
        |days: &[f64]| Some((segment::slope(days)?, Noise::of(days)?.slope_variance(days.len())));
    let parts = daily.split_at_checked(split);
    let slopes = parts.and_then(|(before, after)| slope(before).zip(slope(after)));
    slopes.is_some_and(|((before, before_variance), (after, after_variance))| {
        (after - before).abs() > BEND_DEVIATIONS * (before_variance + after_variance).sqrt()
    })
}
