//! Which servers differ from the others of their role. Never looks back in time: a server that
//! changed together with all others is no outlier.
//!
//! The values are sorted and cut where neighbours lie too far apart; the group that holds more than
//! half of the servers is the fleet, what lies outside it is an outlier. In one dimension that is
//! DBSCAN with a majority cluster, written here in a hundred lines: the crate `augurs-outlier`
//! brings 37 more crates (its `rv` and nalgebra serve a detector that divides by zero on flat
//! series), and its distance is a share of the whole span, which one far outlier widens.

use crate::enough::Confidence;
use crate::order::median_of;
use crate::params::{FLEET_GAP_SPREADS, FLEET_HOSTS_MIN, FLEET_HOSTS_SURE};
use crate::robust::mad_sigma;

/// A fleet at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    /// Lowest and highest value of the majority.
    pub band: (f64, f64),
    /// The servers outside it, farthest first.
    pub outliers: Vec<Outlier>,
    /// Low for three or four servers that had a value, medium for more.
    pub confidence: Confidence,
}

/// A server outside the majority.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    /// Its index in the values.
    pub host: usize,
    /// Distance from the majority's median in the unit of the values; negative below.
    pub distance: f64,
}

/// The servers outside the majority.
///
/// `values` has one value per server, NaN for none. They should be normalised: each less what is
/// usual for that server at this time, over its own deviation (a [`Score`](crate::Score)'s
/// `(value - expected) / scale`), or a large server is always an outlier. Neighbours are one group
/// up to max(3 robust deviations of all values, `floor`); the floor is the least difference that
/// matters, 3 for normalised values.
///
/// `None` with fewer than three values, and when no group holds more than half of them.
///
/// ```
/// let load = [0.2, -0.5, 0.1, 9.0, 0.4];
/// let fleet = analytics::fleet_outliers(&load, 3.0).unwrap();
/// assert_eq!(fleet.outliers[0].host, 3);
/// assert_eq!(fleet.outliers.len(), 1);
/// assert_eq!(analytics::fleet_outliers(&load[..2], 3.0), None);
/// ```
#[must_use]
pub fn fleet_outliers(values: &[f64], floor: f64) -> Option<Fleet> {
    let known = values.iter().copied().enumerate().filter(|(_, value)| value.is_finite());
    let mut sorted: Vec<(usize, f64)> = known.collect();
    (sorted.len() >= FLEET_HOSTS_MIN).then_some(())?;
    sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
    let spread = mad_sigma(&sorted.iter().map(|(_, value)| *value).collect::<Vec<_>>())?;
    let reach = (FLEET_GAP_SPREADS * spread).max(floor);
    let groups = sorted.chunk_by(|one, next| next.1 - one.1 <= reach);
    let majority = groups.max_by_key(|group| group.len())?;
    (2 * majority.len() > sorted.len()).then_some(())?;
    let band = (majority.first()?.1, majority.last()?.1);
    let middle = median_of(&mut majority.iter().map(|(_, value)| *value).collect::<Vec<_>>())?;
    let outside = sorted.iter().filter(|(_, value)| *value < band.0 || *value > band.1);
    let mut outliers: Vec<Outlier> =
        outside.map(|&(host, value)| Outlier { host, distance: value - middle }).collect();
    outliers.sort_by(|one, other| other.distance.abs().total_cmp(&one.distance.abs()));
    let confidence =
        if sorted.len() < FLEET_HOSTS_SURE { Confidence::Low } else { Confidence::Medium };
    Some(Fleet { band, outliers, confidence })
}

/// For each server the share of time steps at which it was outside the majority, of those that could
/// be compared and at which it had a value; `None` for a server without any.
///
/// `rows` has one row per time step, each as in [`fleet_outliers`]. A share near 1 is a server that
/// is different, a small one a server that was.
///
/// ```
/// let rows = [[1.0, 1.1, 9.0], [1.0, 1.2, 1.1], [1.0, f64::NAN, 9.0]];
/// let shares = analytics::fleet_shares(rows.iter().map(|row| row.as_slice()), 3.0);
/// assert_eq!(shares, [Some(0.0), Some(0.0), Some(0.5)]);
/// ```
#[must_use]
pub fn fleet_shares<'a>(rows: impl IntoIterator<Item = &'a [f64]>, floor: f64) -> Vec<Option<f64>> {
    let mut counts: Vec<(u32, u32)> = Vec::new();
    for row in rows {
        counts.resize(counts.len().max(row.len()), (0, 0));
        let Some(fleet) = fleet_outliers(row, floor) else { continue };
        for (value, (_, seen)) in row.iter().zip(&mut counts) {
            *seen += u32::from(value.is_finite());
        }
        for outlier in fleet.outliers {
            if let Some((outside, _)) = counts.get_mut(outlier.host) {
                *outside += 1;
            }
        }
    }
    let share = |(outside, seen)| (seen > 0).then(|| f64::from(outside) / f64::from(seen));
    counts.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_calm_fleet_has_no_outlier() {
        let calm: Vec<f64> = (0..20).map(|host| f64::from(host * 7 % 20) / 10.0 - 1.0).collect();
        assert_eq!(fleet_outliers(&calm, 3.0).unwrap().outliers, []);
        assert_eq!(fleet_outliers(&[5.0; 8], 3.0).unwrap().outliers, []);
    }

    #[test]
    fn a_far_outlier_does_not_hide_a_near_one() {
        let fleet = fleet_outliers(&[0.0, 0.1, -0.1, 0.2, 0.0, 8.0, 1e9], 3.0).unwrap();
        assert_eq!(fleet.outliers.iter().map(|outlier| outlier.host).collect::<Vec<_>>(), [6, 5]);
        assert_eq!(fleet.confidence, Confidence::Medium);
    }

    #[test]
    fn two_halves_accuse_nobody() {
        assert_eq!(fleet_outliers(&[0.0, 0.0, 90.0, 90.0], 3.0).unwrap().outliers, []);
    }

    #[test]
    fn of_three_servers_the_odd_one_is_named_with_low_confidence() {
        let fleet = fleet_outliers(&[0.0, 0.1, 90.0], 3.0).unwrap();
        assert_eq!(fleet.outliers.len(), 1);
        assert_eq!(fleet.confidence, Confidence::Low);
    }

    proptest! {
        #[test]
        fn outliers_are_outside_and_fewer_than_half(
            values in prop::collection::vec(
                prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(1e15), -9.0_f64..9.0], 0..40,
            ),
        ) {
            if let Some(fleet) = fleet_outliers(&values, 3.0) {
                prop_assert!(2 * fleet.outliers.len() < values.len());
                let (low, high) = fleet.band;
                let outside = |outlier: &Outlier| !(low..=high).contains(&values[outlier.host]);
                prop_assert!(fleet.outliers.iter().all(outside));
            }
        }
    }
}
