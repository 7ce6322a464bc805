//! The stretch of a time in which a series differed most from the time around it: when it began to
//! move, how far, and how improbable that is. Never says why.
//!
//! The stretch is searched for by ranks, so that no single wild value chooses it: of all stretches
//! that reach into the window, the one with the largest Mann-Whitney statistic against the rest.
//! What was found has to be large as well, to be no more of what went before, and not to have been
//! there a little earlier: whoever searches finds something.

use crate::{
    mad_sigma, median,
    numbers::{count, two_sided_p},
};

/// Fewest values before the stretch: Mann & Whitney's own tables end there, the normal
/// approximation begins.
const BEFORE_MIN: usize = 20;
/// Fewest values of a stretch: two can be one poll that went wrong.
const STRETCH_MIN: usize = 3;
/// A shift below so many spreads of what went before is more of the same.
const SPREADS_MIN: f64 = 4.0;
/// A stretch as long as this one had come so near to it earlier: it does so now and then.
const RECURS_SHARE: f64 = 0.7;
/// A series has begun to move when it is this part of the way.
const ONSET_SHARE: f64 = 0.25;
/// Longest series that is searched: the search is quadratic, and this many take 0.1 ms.
const VALUES_MAX: usize = 600;

/// What a search found. A series that stays within the smallest shift that matters is not searched:
/// its p is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Searched {
    /// How improbable the strongest stretch is by chance: two-sided Mann-Whitney, for as many
    /// stretches as there are values. To be adjusted for the number of series.
    pub p: f64,
    /// The stretch, where it is large and new.
    pub moved: Option<Move>,
}

/// A stretch in which a series was elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Index at which it had begun to move.
    pub from: usize,
    /// Index of the first value after it; the length of the series where it lasts.
    pub until: usize,
    /// Median before it.
    pub before: f64,
    /// Median within it.
    pub after: f64,
    /// The shift in spreads of what went before, or in sizes that matter where those are larger.
    pub effect: f64,
    /// Values within it.
    pub values: usize,
}

/// The smallest shift of a series that matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matters {
    /// In its unit.
    pub floor: f64,
    /// As a part of its level.
    pub share: f64,
}

/// Where a series moved in a window that begins at index `window`, against the time before.
///
/// `values` are regular, those that are not finite are gaps. A stretch may begin up to half of the
/// time before earlier, and then has to last: of one that is over, the time before is to be asked.
/// It is a move when the shift of the median is ≥ `floor`, ≥ `share` of the level
/// and ≥ 4 spreads of what went before, and no stretch of its length came within 70 % of it earlier.
/// `None` with fewer than 20 values before the window or 3 in it. Of more than 600 values the last
/// 600 are looked at.
///
/// ```
/// use analytics::{Matters, moved};
///
/// let cpu: Vec<f64> =
///     (0..120).map(|at| f64::from(at % 3) + if at < 80 { 20.0 } else { 70.0 }).collect();
/// let found = moved(&cpu, 60, Matters { floor: 5.0, share: 0.0 }).unwrap();
/// let step = found.moved.unwrap();
/// assert_eq!((step.from, step.until, step.before, step.after), (80, 120, 21.0, 71.0));
/// assert!(found.p < 1e-9 && step.effect == 10.0);
/// assert_eq!(moved(&cpu[..20], 10, Matters { floor: 5.0, share: 0.0 }), None);
/// ```
#[must_use]
pub fn moved(values: &[f64], window: usize, matters: Matters) -> Option<Searched> {
    let all = values.iter().copied().enumerate().filter(|(_, value)| value.is_finite());
    let mut known: Vec<(usize, f64)> = all.collect();
    // Of too many the latest count: the window is the last of them.
    known.drain(..known.len().saturating_sub(VALUES_MAX));
    let earlier = known.iter().filter(|(at, _)| *at < window).count();
    let enough = earlier >= BEFORE_MIN && known.len() - earlier >= STRETCH_MIN;
    enough.then_some(())?;
    // Most series of a fleet never move as far as matters, and need no search.
    let (low, high) = known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
        (it.1.min(low), it.1.max(high))
    });
    if high - low < matters.floor {
        return Some(Searched { p: 1.0, moved: None });
    }
    let Some(stretch) = strongest(&known, earlier) else {
        return Some(Searched { p: 1.0, moved: None });
    };
    Some(Searched { p: stretch.p, moved: stretch.judged(&known, values.len(), window, matters) })
}

/// Places of the first value of a stretch and of the first after it.
struct Stretch {
    from: usize,
    until: usize,
    p: f64,
}

/// The stretch that differs most in rank from the rest; `None` when nothing ever differs.
fn strongest(known: &[(usize, f64)], earlier: usize) -> Option<Stretch> {
    let n = known.len();
    let (sums, variance) = rank_sums(known);
    let first = BEFORE_MIN.max(earlier / 2);
    // Of a stretch of so many values: one over the pairs that it makes with the rest.
    let weights: Vec<f64> =
        (0..=n).map(|inside| 1.0 / (count(inside) * count(n - inside)).max(1.0)).collect();
    let (mut best, mut found) = (0.0_f64, None);
    for (from, low) in sums.iter().enumerate().skip(first) {
        let until_min = (from + STRETCH_MIN).max(earlier + STRETCH_MIN);
        let ends = sums.iter().enumerate().skip(until_min);
        for ((until, high), weight) in ends.zip(weights.iter().skip(until_min - from)) {
            let strength = (high - low) * (high - low) * weight;
            if strength > best {
                (best, found) = (strength, Some((from, until)));
            }
        }
    }
    let (from, until) = found?;
    let p = two_sided_p((best / variance).sqrt()) * count(n);
    Some(Stretch { from, until, p: p.min(1.0) })
}

/// Running sums of the ranks less their mean, and the variance of such a sum for one pair of
/// samples, ties counted.
fn rank_sums(known: &[(usize, f64)]) -> (Vec<f64>, f64) {
    let n = count(known.len());
    let mut sorted: Vec<(usize, f64)> =
        known.iter().enumerate().map(|(place, (_, value))| (place, *value)).collect();
    sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut ranks = vec![0.0; known.len()];
    let (mut below, mut ties) = (0.0, 0.0);
    for tied in sorted.chunk_by(|one, other| one.1 == other.1) {
        let t = count(tied.len());
        for (place, _) in tied {
            if let Some(rank) = ranks.get_mut(*place) {
                *rank = below + (t + 1.0) / 2.0 - (n + 1.0) / 2.0;
            }
        }
        ties += t * t * t - t;
        below += t;
    }
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for rank in ranks {
        sum += rank;
        sums.push(sum);
    }
    (sums, (n + 1.0 - ties / (n * (n - 1.0)).max(1.0)) / 12.0)
}

impl Stretch {
    fn judged(
        &self,
        known: &[(usize, f64)],
        length: usize,
        window: usize,
        matters: Matters,
    ) -> Option<Move> {
        let all: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
        let (earlier, inside) = (all.get(..self.from)?, all.get(self.from..self.until)?);
        let (before, after) = (median(earlier)?, median(inside)?);
        let (shift, spread) = (after - before, mad_sigma(earlier)?);
        let size = matters.floor.max(matters.share * before.abs());
        let is_large = shift.abs() >= size && shift.abs() >= SPREADS_MIN * spread && shift != 0.0;
        if !is_large || recurs(earlier, inside.len(), before, shift) {
            return None;
        }
        let on_the_way = |value: &f64| (value - before) / shift >= ONSET_SHARE;
        let border = known.partition_point(|(at, _)| *at < window);
        // What was over when the window began only seems to reach into it.
        let last = known.get(self.from.max(border)..self.until)?;
        let last: Vec<f64> = last.iter().map(|(_, value)| *value).collect();
        median(&last).filter(on_the_way)?;
        let late = inside.iter().position(on_the_way)?;
        let early = earlier.iter().rev().take_while(|value| on_the_way(value)).count();
        let begin = if late > 0 { self.from + late } else { self.from - early };
        let (from, _) = known.get(begin)?;
        let lasts = self.until + STRETCH_MIN > known.len();
        (lasts || begin + STRETCH_MIN > border).then_some(())?;
        let scale = spread.max(size);
        Some(Move {
            from: *from,
            until: known.get(self.until).map_or(length, |(at, _)| *at),
            before,
            after,
            effect: if scale > 0.0 { shift.abs() / scale } else { f64::MAX },
            values: inside.len(),
        })
    }
}

/// Whether a stretch of this length had come near the shift before: an hourly job is no change. One
/// that is longer than half of what is known before cannot be told from a change.
fn recurs(earlier: &[f64], length: usize, before: f64, shift: f64) -> bool {
    let near = |stretch: &[f64]| {
        let mean = stretch.iter().sum::<f64>() / count(stretch.len());
        (mean - before) / shift >= RECURS_SHARE
    };
    length <= earlier.len() / 2 && earlier.windows(length.max(1)).any(near)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POINTS: Matters = Matters { floor: 5.0, share: 0.0 };

    fn noise(at: usize) -> f64 {
        (at.wrapping_mul(2_654_435_761) >> 7) as f64 % 100.0 / 50.0 - 1.0
    }

    fn series(level: impl Fn(usize) -> f64) -> Vec<f64> {
        (0..120).map(|at| level(at) + noise(at)).collect()
    }

    fn found(values: &[f64]) -> Option<Move> {
        moved(values, 60, POINTS).unwrap().moved
    }

    #[test]
    fn a_calm_series_does_not_move() {
        assert_eq!(found(&series(|_| 50.0)), None);
        let still = moved(&[7.0; 120], 60, POINTS);
        assert_eq!(still, Some(Searched { p: 1.0, moved: None }));
    }

    #[test]
    fn ten_minutes_of_load_within_the_hour_have_their_begin_and_their_end() {
        let peak = found(&series(|at| if (90..100).contains(&at) { 80.0 } else { 20.0 })).unwrap();
        assert_eq!((peak.from, peak.until, peak.values), (90, 100, 10));
        assert!((peak.after - peak.before - 60.0).abs() < 2.0, "{peak:?}");
    }

    #[test]
    fn what_is_over_when_the_window_begins_is_a_move_back() {
        let back = found(&series(|at| if at < 60 { 80.0 } else { 20.0 })).unwrap();
        assert_eq!((back.from, back.until), (60, 120));
        assert!(back.after < back.before);
    }

    #[test]
    fn one_that_began_before_the_window_is_told_from_when_it_began() {
        let early = found(&series(|at| if at < 45 { 20.0 } else { 60.0 })).unwrap();
        assert_eq!(early.from, 45);
        // What moved and was over before the window, or soon after, is no matter of the window.
        assert_eq!(found(&series(|at| if (40..70).contains(&at) { 60.0 } else { 20.0 })), None);
        assert_eq!(found(&series(|at| if (35..55).contains(&at) { 60.0 } else { 20.0 })), None);
    }

    #[test]
    fn a_job_that_ran_an_hour_ago_as_well_is_no_change() {
        let job = |at: usize| if at % 60 >= 20 && at % 60 < 28 { 70.0 } else { 20.0 };
        assert_eq!(found(&series(job)), None);
    }

    #[test]
    fn one_wild_poll_is_no_move_and_neither_is_a_point_or_two() {
        assert_eq!(found(&series(|at| if at == 100 { 9_000.0 } else { 20.0 })), None);
        assert_eq!(found(&series(|at| if at < 80 { 20.0 } else { 24.0 })), None);
        let share = Matters { floor: 0.0, share: 0.5 };
        let traffic = series(|at| if at < 80 { 100.0 } else { 140.0 });
        assert_eq!(moved(&traffic, 60, share).unwrap().moved, None);
    }

    #[test]
    fn a_ramp_begins_when_it_is_a_quarter_of_the_way() {
        let ramp = |at: usize| 20.0 + if at < 80 { 0.0 } else { 2.0 * (at - 80) as f64 };
        let ramp = found(&series(ramp)).unwrap();
        assert!((82..95).contains(&ramp.from), "{ramp:?}");
        assert_eq!(ramp.until, 120);
    }

    #[test]
    fn of_too_many_values_the_window_is_not_left_out() {
        let before = (0..900).map(|at| 20.0 + noise(at));
        let values: Vec<f64> = before.chain((0..120).map(|at| 60.0 + noise(at))).collect();
        let late = moved(&values, 900, POINTS).unwrap().moved.unwrap();
        assert_eq!((late.from, late.until), (900, 1_020));
    }

    #[test]
    fn gaps_are_left_out_and_too_few_values_are_no_answer() {
        let mut values = series(|at| if at < 80 { 20.0 } else { 60.0 });
        values.iter_mut().step_by(2).for_each(|value| *value = f64::NAN);
        let half = found(&values).unwrap();
        assert!(half.from.abs_diff(80) <= 1, "{half:?}");
        values[..30].fill(f64::NAN);
        assert_eq!(moved(&values, 60, POINTS), None, "15 values before");
        let mut ended = series(|_| 20.0);
        ended[60..].fill(f64::NAN);
        assert_eq!(moved(&ended, 60, POINTS), None, "none in the window");
    }

    #[test]
    fn a_series_that_stood_still_has_the_effect_of_what_matters() {
        let flag: Vec<f64> = (0..120).map(|at| f64::from(u8::from(at >= 100))).collect();
        let flag = moved(&flag, 60, Matters { floor: 0.1, share: 0.0 }).unwrap().moved.unwrap();
        assert_eq!((flag.from, flag.effect), (100, 10.0));
    }

    proptest! {
        #[test]
        fn any_series_is_searched_without_panic(
            values in prop::collection::vec(
                prop_oneof![Just(f64::NAN), Just(0.0), Just(1e15), -1e3_f64..1e3], 0..200,
            ),
            window in 0_usize..250,
        ) {
            if let Some(found) = moved(&values, window, POINTS) {
                prop_assert!((0.0..=1.0).contains(&found.p));
                if let Some(it) = found.moved {
                    prop_assert!(it.from < it.until && it.until <= values.len());
                    prop_assert!(it.until > window && it.effect >= 1.0);
                }
            }
        }
    }
}
