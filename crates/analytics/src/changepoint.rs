//! When the level of a series changed for good. Never says why, and never looks for a trend.
//!
//! The day profile is removed, wild values are clipped at 5 deviations, and the segmentation with
//! the least sum of squares plus a penalty per change is found exactly (optimal partitioning,
//! Jackson et al. 2005; what PELT computes). The penalty is the Bayesian one times
//! (1 + φ) / (1 - φ): an autocorrelated series holds that much less independent data.
//!
//! Both the deviation and φ are those of the residual after its two best splits. The step that is
//! looked for would otherwise be counted as noise and as autocorrelation, and hide itself; a calm
//! series loses next to nothing by it.

use crate::order::{mean_of, median_of, quantile_of};
use crate::params::{
    CHANGE_CLIP, CHANGE_DAYS_MIN, CHANGE_PENALTY, CHANGE_PHI_MAX, CHANGE_PHI_TRIM, CHANGE_SPLITS,
    CHANGE_VALUES_MAX,
};
use crate::robust::mad_sigma;

/// A lasting change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Index of the first value after it; right within a day.
    pub at: usize,
    /// Median before, back to the change before it, in the unit of the values.
    pub before: f64,
    /// The level after it, up to the next change: the one before and the shift without the day
    /// profile, so that hours of other days are not compared with each other.
    pub after: f64,
    /// The shift without the day profile, in deviations of the series; negative downwards.
    pub deviations: f64,
}

/// The lasting changes of level, oldest first; a segment has at least `day_slots` values.
///
/// `values` are regular, `day_slots` a day (24 for hourly means), values that are not finite are
/// gaps. Only the last 2,160 values are looked at (90 days of hours). `None` with values for less
/// than seven days or without `day_slots`. A flat series has no change.
///
/// ```
/// let hour = |at: u32| f64::from(at % 24) + if at < 300 { 0.0 } else { 30.0 };
/// let memory: Vec<f64> = (0..600).map(|at| hour(at) + f64::from(at * 7 % 5)).collect();
/// let changes = analytics::change_points(&memory, 24).unwrap();
/// assert_eq!(changes.len(), 1);
/// assert!(changes[0].at.abs_diff(300) <= 24);
/// assert!(changes[0].deviations > 3.0);
/// assert_eq!(analytics::change_points(&memory[..100], 24), None);
/// ```
#[must_use]
pub fn change_points(values: &[f64], day_slots: usize) -> Option<Vec<Change>> {
    let offset = values.len().saturating_sub(CHANGE_VALUES_MAX);
    let recent = values.iter().copied().enumerate().skip(offset);
    let known: Vec<(usize, f64)> = recent.filter(|(_, value)| value.is_finite()).collect();
    (day_slots > 0 && known.len() >= CHANGE_DAYS_MIN.checked_mul(day_slots)?).then_some(())?;
    let raw: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
    let rest = without_profile(&known, day_slots);
    let calm = without_splits(&rest, day_slots)?;
    let deviation = mad_sigma(&calm)?;
    let (middle, spread) = (median_of(&mut rest.clone())?, deviation * CHANGE_CLIP);
    if deviation <= f64::EPSILON * raw.iter().fold(0.0, |most, value| value.abs().max(most)) {
        return Some(Vec::new());
    }
    let clipped: Vec<f64> =
        rest.iter().map(|value| value.clamp(middle - spread, middle + spread) - middle).collect();
    let phi = autocorrelation(&calm)?;
    let thinning = (1.0 + phi) / (1.0 - phi);
    let penalty = CHANGE_PENALTY * deviation.powi(2) * thinning * (rest.len() as f64).ln();
    let cuts = partition(&clipped, penalty, day_slots);
    let ends = cuts.iter().skip(1).copied().chain([rest.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let level = |series: &[f64], from, to| median_of(&mut series.get(from..to)?.to_vec());
    let change = |((from, cut), to): ((usize, usize), usize)| {
        let shift = level(&rest, cut, to)? - level(&rest, from, cut)?;
        let before = level(&raw, from, cut)?;
        Some(Change {
            at: known.get(cut)?.0,
            before,
            after: before + shift,
            deviations: shift / deviation,
        })
    };
    Some(starts.zip(cuts.iter().copied()).zip(ends).filter_map(change).collect())
}

/// Each value less what is usual for its time of day: the median over days of the distance from the
/// day's own median. Medians of the values themselves would take half of a step in the middle of
/// the history for a rhythm.
fn without_profile(known: &[(usize, f64)], day_slots: usize) -> Vec<f64> {
    let mut by_slot = vec![Vec::new(); day_slots];
    for day in known.chunk_by(|(one, _), (next, _)| one / day_slots == next / day_slots) {
        let mut values: Vec<f64> = day.iter().map(|(_, value)| *value).collect();
        let level = median_of(&mut values).unwrap_or_default();
        for (at, value) in day {
            if let Some(slot) = by_slot.get_mut(at % day_slots) {
                slot.push(value - level);
            }
        }
    }
    let profile: Vec<f64> =
        by_slot.iter_mut().map(|slot| median_of(slot).unwrap_or_default()).collect();
    known.iter().map(|(at, value)| value - profile.get(at % day_slots).unwrap_or(&0.0)).collect()
}

/// Each value less the median of its segment, after the best splits that there are.
fn without_splits(rest: &[f64], least: usize) -> Option<Vec<f64>> {
    let middle = median_of(&mut rest.to_vec())?;
    let spread = CHANGE_CLIP * mad_sigma(rest)?;
    let clipped: Vec<f64> =
        rest.iter().map(|value| value.clamp(middle - spread, middle + spread)).collect();
    let mut bounds = vec![0, rest.len()];
    for _ in 0..CHANGE_SPLITS {
        let segments = bounds.iter().zip(bounds.iter().skip(1));
        let splits = segments.filter_map(|(&from, &to)| {
            let (gain, at) = best_split(clipped.get(from..to)?, least)?;
            Some((gain, from + at))
        });
        let Some((_, at)) = splits.max_by(|one, other| one.0.total_cmp(&other.0)) else { break };
        bounds.push(at);
        bounds.sort_unstable();
    }
    let mut calm = Vec::with_capacity(rest.len());
    for (&from, &to) in bounds.iter().zip(bounds.iter().skip(1)) {
        let segment = rest.get(from..to)?;
        let level = median_of(&mut segment.to_vec())?;
        calm.extend(segment.iter().map(|value| value - level));
    }
    Some(calm)
}

/// Where one split lowers the sum of squares most, and by how much. `None` under three times
/// `least`: the split would be a piece of a day.
fn best_split(values: &[f64], least: usize) -> Option<(f64, usize)> {
    (values.len() >= 3 * least).then_some(())?;
    let mean = mean_of(values)?;
    let (mut left, mut best) = (0.0, None::<(f64, usize)>);
    for (at, value) in values.iter().enumerate().take(values.len() - least) {
        if at >= least {
            let (before, after) = (at as f64, (values.len() - at) as f64);
            let gain = left * left / before + left * left / after;
            if best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, at));
            }
        }
        left += value - mean;
    }
    best
}

/// Correlation of neighbours without the tails, 0 to .97.
fn autocorrelation(calm: &[f64]) -> Option<f64> {
    let mut scratch = calm.to_vec();
    let low = quantile_of(&mut scratch, CHANGE_PHI_TRIM)?;
    let high = quantile_of(&mut scratch, 1.0 - CHANGE_PHI_TRIM)?;
    let trimmed: Vec<f64> = calm.iter().map(|value| value.clamp(low, high)).collect();
    let mean = mean_of(&trimmed)?;
    let square: f64 = trimmed.iter().map(|value| (value - mean).powi(2)).sum();
    let pairs = trimmed.iter().zip(trimmed.iter().skip(1));
    let shared: f64 = pairs.map(|(one, next)| (one - mean) * (next - mean)).sum();
    Some(if square > 0.0 { (shared / square).clamp(0.0, CHANGE_PHI_MAX) } else { 0.0 })
}

/// The cuts with the least sum of squares plus `penalty` each, segments of at least `least`.
fn partition(values: &[f64], penalty: f64, least: usize) -> Vec<usize> {
    // Running count, sum and sum of squares, the cost up to there, and the cut before it.
    let (mut sums, mut sum, mut square) = (vec![(0.0, 0.0)], 0.0, 0.0);
    for value in values {
        sum += value;
        square += value * value;
        sums.push((sum, square));
    }
    let mut costs = vec![(f64::INFINITY, 0_usize); values.len() + 1];
    if let Some(first) = costs.first_mut() {
        *first = (-penalty, 0);
    }
    for end in least..=values.len() {
        let Some(&(sum, square)) = sums.get(end) else { break };
        let starts = costs.iter().zip(&sums).enumerate().take(end - least + 1);
        let mut best = (f64::INFINITY, 0);
        for (start, ((cost, _), (sum_before, square_before))) in starts {
            let mean_part = (sum - sum_before).powi(2) / (end - start) as f64;
            let total = cost + (square - square_before) - mean_part + penalty;
            if total < best.0 {
                best = (total, start);
            }
        }
        if let Some(cost) = costs.get_mut(end) {
            *cost = best;
        }
    }
    let mut cuts = Vec::new();
    let mut at = values.len();
    while let Some(&(_, before)) = costs.get(at).filter(|(_, before)| *before > 0) {
        cuts.push(before);
        at = before;
    }
    cuts.reverse();
    cuts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noise(at: usize) -> f64 {
        (at.wrapping_mul(2_654_435_761) >> 7) as f64 % 100.0 / 50.0 - 1.0
    }

    fn hourly(hours: usize, level: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..hours).map(|at| level(at) + noise(at) + (at % 24) as f64).collect()
    }

    #[test]
    fn a_rhythm_is_no_change() {
        assert_eq!(change_points(&hourly(720, |_| 50.0), 24), Some(Vec::new()));
    }

    #[test]
    fn two_steps_are_two_changes_with_their_levels() {
        let level = |at| if (200..500).contains(&at) { 80.0 } else { 50.0 };
        let found = change_points(&hourly(720, level), 24).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].at.abs_diff(200) < 24 && found[1].at.abs_diff(500) < 24);
        assert!((found[0].after - found[0].before - 30.0).abs() < 5.0);
        assert!(found[0].deviations > 5.0 && found[1].deviations < -5.0);
    }

    #[test]
    fn a_step_in_the_middle_is_not_taken_for_a_rhythm() {
        for middle in [348, 360, 372] {
            let found =
                change_points(&hourly(720, |at| f64::from(u8::from(at >= middle)) * 9.0), 24);
            assert_eq!(found.unwrap().len(), 1);
        }
    }

    #[test]
    fn a_spike_is_no_level() {
        let level = |at| if at == 300 { 9_000.0 } else { 50.0 };
        assert_eq!(change_points(&hourly(720, level), 24), Some(Vec::new()));
    }

    #[test]
    fn a_flat_series_has_none_and_a_short_one_no_answer() {
        assert_eq!(change_points(&[1e15; 720], 24), Some(Vec::new()));
        assert_eq!(change_points(&[1.0; 167], 24), None);
        assert_eq!(change_points(&[1.0; 700], 0), None);
        assert_eq!(change_points(&[f64::NAN; 700], 24), None);
    }

    #[test]
    fn gaps_move_nothing() {
        let mut values = hourly(720, |at| if at < 400 { 50.0 } else { 80.0 });
        values.iter_mut().step_by(3).for_each(|value| *value = f64::NAN);
        let found = change_points(&values, 24).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].at.abs_diff(400) < 24);
    }

    #[test]
    fn a_step_between_two_flat_levels_is_found_on_a_counter() {
        let values = hourly(720, |at| 1e15 + if at < 300 { 0.0 } else { 1e3 });
        assert_eq!(change_points(&values, 24).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn changes_are_in_order_and_a_day_apart(
            values in prop::collection::vec(
                prop_oneof![Just(f64::NAN), Just(0.0), Just(1e15), -1e3_f64..1e3], 0..400,
            ),
        ) {
            let found = change_points(&values, 24).unwrap_or_default();
            prop_assert!(found.iter().all(|change| change.at < values.len()));
            prop_assert!(found.windows(2).all(|pair| pair[1].at >= pair[0].at + 24));
        }
    }
}
