//! Two samples compared by rank, and many such comparisons at once. No assumption about shapes.

use crate::numbers::{count, finite, two_sided_p};

/// A Mann-Whitney test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the second sample's value is the larger one; ties count half.
    pub u: f64,
    /// Two-sided, by the normal approximation with ties and continuity. Takes samples for
    /// independent: neighbours in time are not, so never judge by it alone.
    pub p: f64,
    /// Cliff's delta, −1..=1: the share of pairs in which `after` is larger less the share in
    /// which it is smaller (2 U / n m − 1). Cliff (1993); 0.33 is "medium" (Romano et al. 2006).
    pub delta: f64,
}

/// Whether values of `after` tend to be larger or smaller than those of `before` (Mann & Whitney
/// 1947). Values that are not finite are left out; `None` when a side has none.
///
/// ```
/// let test = analytics::mann_whitney(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]).unwrap();
/// assert_eq!((test.u, test.delta), (16.0, 1.0));
/// assert!(test.p < 0.05);
/// ```
#[must_use]
pub fn mann_whitney(before: &[f64], after: &[f64]) -> Option<MannWhitney> {
    let (before, after) = (finite(before), finite(after));
    let (n, m) = (count(before.len()), count(after.len()));
    if n * m <= 0.0 {
        return None;
    }
    let mut all: Vec<(f64, f64)> = before.iter().map(|value| (*value, 0.0)).collect();
    all.extend(after.iter().map(|value| (*value, 1.0)));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut ranks_after, mut ties) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|one, other| one.0 == other.0) {
        let t = count(tied.len());
        let rank = below + (t + 1.0) / 2.0;
        ranks_after += rank * tied.iter().map(|(_, is_after)| is_after).sum::<f64>();
        ties += t * t * t - t;
        below += t;
    }
    let u = ranks_after - m * (m + 1.0) / 2.0;
    let total = n + m;
    let variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)).max(1.0));
    let away = ((u - n * m / 2.0).abs() - 0.5).max(0.0);
    let p = if variance > 0.0 { two_sided_p(away / variance.sqrt()) } else { 1.0 };
    Some(MannWhitney { u, p, delta: 2.0 * u / (n * m) - 1.0 })
}

/// P-values as they count when all of them were looked at: the share of false findings among
/// those below a limit stays below that limit (Benjamini & Hochberg 1995). Same order as given;
/// a NaN stays one and does not count.
///
/// ```
/// let adjusted = analytics::adjust_p_values(&[0.01, 0.02, 0.04]);
/// assert_eq!(adjusted, [0.03, 0.03, 0.04]);
/// ```
#[must_use]
pub fn adjust_p_values(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().copied().enumerate().filter(|(_, p)| !p.is_nan()).collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut least = 1.0_f64;
    let n = count(order.len());
    for (rank, (at, p)) in (1..=order.len()).rev().zip(order) {
        least = least.min(p * n / count(rank));
        if let Some(place) = adjusted.get_mut(at) {
            *place = least;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_do_not_differ() {
        let test = mann_whitney(&[5.0; 9], &[5.0; 9]).unwrap();
        assert_eq!((test.p, test.delta), (1.0, 0.0));
        assert_eq!(mann_whitney(&[], &[1.0]), None);
        assert_eq!(mann_whitney(&[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn delta_counts_the_pairs() {
        // pairs: 1<2, 1<2, 3>2, 3>2
        assert_eq!(mann_whitney(&[1.0, 3.0], &[2.0, 2.0]).unwrap().delta, 0.0);
        // 4 of 6 larger, 1 tie, 1 smaller
        let test = mann_whitney(&[1.0, 2.0, 3.0], &[2.0, 4.0]).unwrap();
        assert!((test.delta - 3.0 / 6.0).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn an_adjusted_p_value_keeps_its_place() {
        let adjusted = adjust_p_values(&[0.5, f64::NAN, 0.001]);
        assert_eq!(adjusted[0], 0.5);
        assert!(adjusted[1].is_nan());
        assert!((adjusted[2] - 0.002).abs() < 1e-12);
        assert!(adjust_p_values(&[]).is_empty());
    }
}
