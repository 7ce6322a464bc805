//! Which series move together: hypotheses about dependencies, never dependencies.
//!
//! On a public service graph (PetShop), pairs that correlate above 0.8 are true edges in one
//! case of four: all follow the same day. So the day is taken out, differences are compared, what
//! others explain is taken out as well, and what is left has to hold in both halves of the
//! history. Even then r says nothing of direction, and polling once a minute cannot order what is
//! closer than two minutes. Connections that were seen outrank anything here.

use crate::{
    adjust_p_values, median,
    numbers::{count, mean, measured, student_two_sided_p},
};

/// Fewest pairs of differences: a day of 5-minute samples. Below, r of ±0.15 is chance.
const PAIRS_MIN: usize = 288;
/// Lags looked at, in steps to either side: what takes longer is no call.
const LAG_MAX: usize = 3;
/// Share of the identity in the correlation matrix (Ledoit & Wolf 2004 in spirit, fixed): series
/// that are nearly the same, such as bytes and packets, would make it singular.
const SHRINKAGE: f64 = 0.2;
/// Days from which a profile of differences is known: a median of two days would be half of each.
const PROFILE_DAYS_MIN: usize = 3;
/// Partial correlation that is listed. Shrinkage makes 0.8 of a perfect one.
const R_MIN: f64 = 0.5;
/// P-value limit, adjusted for the number of pairs.
const P_MAX: f64 = 0.01;
/// Each half window shows at least this part of the whole's r, with its sign.
const STABLE_SHARE: f64 = 0.5;

/// How two series move together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Pearson's r of the differences at the lag where it is largest, −1..=1.
    pub r: f64,
    /// Steps by which the right one follows the left one; negative when it precedes.
    pub lag_steps: i32,
    /// The same given the covariates, shrunk: at most ±0.8.
    pub partial: f64,
    /// How probable so large a partial r is by chance, for the seven lags looked at; fewer
    /// degrees of freedom where the differences are autocorrelated (Bartlett 1946).
    pub p: f64,
    /// r in the older and the newer half of the history.
    pub halves: [f64; 2],
    /// Pairs of differences that it rests on.
    pub pairs: usize,
}

impl Correlation {
    /// Whether both halves agree with the whole.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.halves.iter().all(|half| half * self.r.signum() >= STABLE_SHARE * self.r.abs())
    }
}

/// A pair that may depend on each other, by its places in the list that was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hypothesis {
    /// Place of the one series.
    pub left: usize,
    /// Place of the other one, larger.
    pub right: usize,
    /// How they move together.
    pub correlation: Correlation,
    /// `correlation.p` adjusted for all pairs that could be tested.
    pub p_adjusted: f64,
}

/// How `left` and `right` move together, given `covariates` (the host's CPU, total traffic). All
/// of the same times, oldest first, NaN for a gap; `steps_per_day` of the day profile.
///
/// Differences of neighbours, less their median at that time of day (from three days on);
/// Pearson's r at lags −3..=3; at the best lag the partial correlation of 0.8 · R + 0.2 · I.
/// `None` below 288 pairs at a lag, or when a series never moves.
///
/// ```
/// // a walk, and another that follows it one step later
/// let mut bits = 1_u32;
/// let mut walk = vec![0.0];
/// for _ in 0..600 {
///     bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     walk.push(walk.last().unwrap() + f64::from(bits >> 16) / 65_536.0 - 0.5);
/// }
/// let found = analytics::correlate(&walk[1..], &walk[..600], &[], 288).unwrap();
/// assert_eq!(found.lag_steps, 1);
/// assert!(found.r > 0.99 && found.p < 1e-9 && found.is_stable());
/// assert_eq!(analytics::correlate(&walk[..100], &walk[..100], &[], 288), None);
/// ```
#[must_use]
pub fn correlate(
    left: &[f64],
    right: &[f64],
    covariates: &[&[f64]],
    steps_per_day: usize,
) -> Option<Correlation> {
    let moves = |series: &&[f64]| moves(series, steps_per_day);
    let covariates: Vec<Vec<f64>> = covariates.iter().map(moves).collect();
    of_moves(&moves(&left), &moves(&right), &covariates)
}

/// All pairs of `series` that move together beyond chance: adjusted p < 0.01 (Benjamini &
/// Hochberg), |partial r| ≥ 0.5, stable in both halves; strongest first. Series and covariates as
/// in [`correlate`]. Pairs that cannot be tested are left out.
///
/// ```
/// assert!(analytics::hypotheses(&[&[1.0; 300], &[2.0; 300]], &[], 288).is_empty());
/// ```
#[must_use]
pub fn hypotheses(
    series: &[&[f64]],
    covariates: &[&[f64]],
    steps_per_day: usize,
) -> Vec<Hypothesis> {
    let moved = |series: &&[f64]| moves(series, steps_per_day);
    let covariates: Vec<Vec<f64>> = covariates.iter().map(moved).collect();
    let series: Vec<Vec<f64>> = series.iter().map(moved).collect();
    let mut found = Vec::new();
    for (left, one) in series.iter().enumerate() {
        for (right, other) in series.iter().enumerate().skip(left + 1) {
            let correlation = of_moves(one, other, &covariates);
            found.extend(correlation.map(|correlation| (left, right, correlation)));
        }
    }
    let p_values: Vec<f64> = found.iter().map(|(_, _, correlation)| correlation.p).collect();
    let adjusted = adjust_p_values(&p_values);
    let all = found.into_iter().zip(adjusted).map(|((left, right, correlation), p_adjusted)| {
        Hypothesis { left, right, correlation, p_adjusted }
    });
    let holds = |it: &Hypothesis| {
        it.p_adjusted < P_MAX && it.correlation.partial.abs() >= R_MIN && it.correlation.is_stable()
    };
    let mut listed: Vec<Hypothesis> = all.filter(holds).collect();
    listed.sort_by(|one, other| {
        other.correlation.partial.abs().total_cmp(&one.correlation.partial.abs())
    });
    listed
}

/// Differences of neighbours, less what is usual at that time of day.
fn moves(series: &[f64], steps_per_day: usize) -> Vec<f64> {
    let values = measured(series);
    let moves = values.iter().zip(values.iter().skip(1)).map(|(one, next)| next - one);
    let mut moves: Vec<f64> = moves.collect();
    if steps_per_day == 0 || moves.len() < PROFILE_DAYS_MIN * steps_per_day {
        return moves;
    }
    for slot in 0..steps_per_day {
        let usual: Vec<f64> = moves.iter().skip(slot).step_by(steps_per_day).copied().collect();
        let usual = median(&usual).unwrap_or_default();
        moves.iter_mut().skip(slot).step_by(steps_per_day).for_each(|it| *it -= usual);
    }
    moves
}

fn of_moves(left: &[f64], right: &[f64], covariates: &[Vec<f64>]) -> Option<Correlation> {
    let mut lags = vec![(0, 0)];
    lags.extend((1..=LAG_MAX).flat_map(|lag| [(0, lag), (lag, 0)]));
    let (mut best, mut best_r) = (None, 0.0_f64);
    for (left_by, right_by) in &lags {
        let (left, right) = paired(skip(left, *left_by), skip(right, *right_by));
        let r = pearson(&left, &right).filter(|_| left.len() >= PAIRS_MIN);
        // Strictly larger: of equal lags the one nearest to 0 is taken.
        if let Some(r) = r.filter(|r| best.is_none() || r.abs() > best_r.abs()) {
            (best, best_r) = (Some((*left_by, *right_by, left, right)), r);
        }
    }
    let (left_by, right_by, left_moves, right_moves) = best?;
    let pairs = left_moves.len();
    let half = pairs / 2;
    let (left_old, left_new) = left_moves.split_at_checked(half)?;
    let (right_old, right_new) = right_moves.split_at_checked(half)?;
    let mut columns = vec![skip(left, left_by), skip(right, right_by)];
    for covariate in covariates {
        columns.push(skip(covariate, left_by));
        if left_by != right_by {
            columns.push(skip(covariate, right_by));
        }
    }
    let partial = partial(&columns)?;
    let alike = autocorrelation(&left_moves) * autocorrelation(&right_moves);
    let independent = count(pairs) * ((1.0 - alike) / (1.0 + alike)).min(1.0);
    let freedom = (independent - count(columns.len())).max(1.0);
    let t = partial * (freedom / (1.0 - partial * partial).max(f64::MIN_POSITIVE)).sqrt();
    let p = student_two_sided_p(t, freedom)? * count(lags.len());
    Some(Correlation {
        r: best_r,
        lag_steps: i32::try_from(right_by).ok()? - i32::try_from(left_by).ok()?,
        partial,
        p: p.min(1.0),
        halves: [
            pearson(left_old, right_old).unwrap_or_default(),
            pearson(left_new, right_new).unwrap_or_default(),
        ],
        pairs,
    })
}

fn skip(values: &[f64], steps: usize) -> &[f64] {
    values.get(steps..).unwrap_or_default()
}

/// The times at which both were measured.
fn paired(left: &[f64], right: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let both = left.iter().zip(right).filter(|(one, other)| (*one - *other).is_finite());
    both.map(|(one, other)| (*one, *other)).unzip()
}

/// Pearson's r of columns without gaps; `None` when one never moves.
fn pearson(left: &[f64], right: &[f64]) -> Option<f64> {
    let (left_mean, right_mean) = (mean(left.iter().copied())?, mean(right.iter().copied())?);
    let (mut together, mut left_sum, mut right_sum) = (0.0, 0.0, 0.0);
    for (one, other) in left.iter().zip(right) {
        let (one, other) = (one - left_mean, other - right_mean);
        together += one * other;
        left_sum += one * one;
        right_sum += other * other;
    }
    let r = together / (left_sum.sqrt() * right_sum.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

fn autocorrelation(values: &[f64]) -> f64 {
    pearson(values.get(..values.len().saturating_sub(1)).unwrap_or_default(), skip(values, 1))
        .unwrap_or_default()
}

/// The partial correlation of the first two columns given the others, from the shrunk matrix:
/// eliminating the others leaves the Schur complement, whose entries are those of the inverse.
fn partial(columns: &[&[f64]]) -> Option<f64> {
    let rows = columns.iter().map(|column| column.len()).min()?;
    let complete: Vec<usize> = (0..rows)
        .filter(|row| columns.iter().all(|it| it.get(*row).is_some_and(|v| v.is_finite())))
        .collect();
    let pick =
        |column: &&[f64]| complete.iter().filter_map(|row| column.get(*row).copied()).collect();
    let columns: Vec<Vec<f64>> = columns.iter().map(pick).collect();
    let entry = |one: usize, other: usize| -> Option<f64> {
        if one == other {
            return Some(1.0);
        }
        // A covariate that never moves explains nothing.
        let r = pearson(columns.get(one)?, columns.get(other)?).unwrap_or_default();
        Some((1.0 - SHRINKAGE) * r)
    };
    let n = columns.len();
    let mut matrix: Vec<Vec<f64>> = (0..n)
        .map(|one| (0..n).map(|other| entry(one, other)).collect::<Option<Vec<f64>>>())
        .collect::<Option<_>>()?;
    while matrix.len() > 2 {
        let pivot = matrix.pop()?;
        let scale = *pivot.last()?;
        for row in &mut matrix {
            let factor = row.pop()? / scale;
            row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    let [left, right] = matrix.as_slice() else { return None };
    let [left_left, left_right] = left.as_slice() else { return None };
    let right_right = right.last()?;
    let partial = left_right / (left_left * right_right).sqrt();
    partial.is_finite().then_some(partial)
}

#[cfg(test)]
mod tests;
