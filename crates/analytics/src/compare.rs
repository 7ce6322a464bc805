//! Whether something got better or worse, said only when three things agree: it is no chance, it
//! is no fringe of the distribution, and it is large enough to matter.
//!
//! Samples a minute apart are not independent: with them as the sample, a third of all
//! comparisons of a machine with itself find a difference. So days are the sample wherever there
//! are days. Never says "no change" where it could not have seen one: that is
//! [`Verdict::NotTestable`], and [`Comparison::smallest_told`] says what could have been seen.

mod ranks;

pub use ranks::{MannWhitney, adjust_p_values, mann_whitney};

use crate::{
    Band,
    draws::Draws,
    mad_sigma, median,
    numbers::{count, finite, mean, measured, median_difference},
    order::median_of,
    quantile,
};

/// Fewest values of a side, and fewest times of day with a baseline: a median of 30 has an error
/// of a fourth of the spread.
const PAIRS_MIN: usize = 30;
/// Fewest baseline days: of two, neither can be said to be unusual.
const DAYS_MIN: usize = 3;
/// Cliff's delta below is called small (Romano et al. 2006).
const DELTA_MIN: f64 = 0.33;
/// The shift of a normal distribution, in its spreads, that has such a delta:
/// √2 · Φ⁻¹((1 + 0.33) / 2).
const DELTA_SPREADS: f64 = 0.6;
/// A shift below 5 % of the level is nobody's business, however certain it is.
const SHIFT_SHARE_MIN: f64 = 0.05;
/// The day's shift is so many times the usual (root mean square) shift of a baseline day. Set
/// on 856 days of calm public servers: it calls none of them, and 95 % of those made 20 % higher.
const USUAL_SHIFTS: f64 = 4.0;
/// From so many baseline days on, the largest shift is not counted: that day may have had an
/// incident itself, and one such day made four of five misses. Of fewer days, all count.
const INCIDENT_DAYS_MIN: usize = 5;
/// P-value limit of the comparison of two windows, adjusted for the number of metrics.
const P_MAX: f64 = 0.01;
/// Standard errors of two windows' shift that would have been told at that limit.
const WINDOW_ERRORS: f64 = 3.0;
/// Resamples of the interval: the ends move by 1 % of the spread from seed to seed.
const RESAMPLES: usize = 400;

/// Which way is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Latency, errors, CPU at equal traffic.
    Lower,
    /// Throughput.
    Higher,
    /// A change is a change.
    Neither,
}

/// What a metric is judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Which way is better.
    pub better: Better,
    /// Smallest shift that matters, in the unit of the metric (1 for percentages).
    pub floor: f64,
    /// Of the interval's resampling.
    pub seed: u64,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// None that could be told.
    NoChange,
    /// Changed for the better.
    Better,
    /// Changed for the worse.
    Worse,
    /// Changed; the metric has no better.
    Changed,
    /// Nothing can be said.
    NotTestable(Untestable),
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Untestable {
    /// Too few values on a side, or times of day with both sides.
    Values {
        /// So many there are.
        have: usize,
        /// So many are needed.
        need: usize,
    },
    /// Too few baseline days.
    Days {
        /// So many there are.
        have: usize,
        /// So many are needed.
        need: usize,
    },
    /// The baseline days differ so much among each other that a doubling could not be told.
    DaysDiffer,
}

/// A verdict and what it rests on. Shifts are after less before, in the unit of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The answer.
    pub verdict: Verdict,
    /// Shift of the median, by time of day where days are compared.
    pub shift: Option<f64>,
    /// That shift relative to the baseline's level; `None` for a level of 0.
    pub shift_share: Option<f64>,
    /// Where the shift is in 95 of 100 resamples of blocks.
    pub interval: Option<Band>,
    /// Shift of the 95th percentile.
    pub p95_shift: Option<f64>,
    /// Cliff's delta; by deviations from the time of day where days are compared.
    pub delta: Option<f64>,
    /// Mann-Whitney p adjusted for the number of metrics; only where two windows are compared.
    pub p: Option<f64>,
    /// The smallest shift of the median that would have been told.
    pub smallest_told: Option<f64>,
}

impl Comparison {
    fn untestable(reason: Untestable) -> Self {
        Self {
            verdict: Verdict::NotTestable(reason),
            shift: None,
            shift_share: None,
            interval: None,
            p95_shift: None,
            delta: None,
            p: None,
            smallest_told: None,
        }
    }
}

impl Terms {
    /// The size that a shift needs at this level.
    fn size(&self, level: f64) -> f64 {
        (SHIFT_SHARE_MIN * level).max(self.floor)
    }

    fn verdict(&self, shift: f64) -> Verdict {
        match (self.better, shift > 0.0) {
            (Better::Neither, _) => Verdict::Changed,
            (Better::Higher, true) | (Better::Lower, false) => Verdict::Better,
            (Better::Higher, false) | (Better::Lower, true) => Verdict::Worse,
        }
    }
}

/// Compares a day (or the same hours of it) with baseline days, slot by slot of equal times;
/// NaN for a gap. Slices of unequal length are compared as far as both go.
///
/// Shift = median over the slots of (day − median of the baseline days). It is a change when
/// |shift| > 4 · √(mean u²), u being the same shift of each baseline day against the other ones,
/// the largest left out from 5 days on; when |Cliff's delta| of the deviations ≥ 0.33; and when
/// |shift| ≥ 5 % of the level and ≥ the floor. The interval is a moving-block bootstrap (Künsch 1989) of the day's differences, plus the shift of
/// a baseline day drawn at random.
///
/// Not testable below 3 baseline days or 30 slots with both sides, and when the baseline days
/// differ so much that a doubling could not be told.
///
/// ```
/// use analytics::{Better, Terms, Verdict, compare_days};
///
/// let day = |of: i32| -> Vec<f64> {
///     (0..48).map(|slot| 50.0 + f64::from(slot % 24) + f64::from((slot * of) % 7) * 0.3).collect()
/// };
/// let baseline = [day(1), day(2), day(3), day(4)];
/// let baseline: Vec<&[f64]> = baseline.iter().map(Vec::as_slice).collect();
/// let terms = Terms { better: Better::Lower, floor: 1.0, seed: 1 };
///
/// assert_eq!(compare_days(&baseline, &day(5), &terms).verdict, Verdict::NoChange);
/// let slower: Vec<f64> = day(5).iter().map(|latency| latency * 1.2).collect();
/// assert_eq!(compare_days(&baseline, &slower, &terms).verdict, Verdict::Worse);
/// ```
#[must_use]
pub fn compare_days(baseline: &[&[f64]], day: &[f64], terms: &Terms) -> Comparison {
    let days: Vec<Vec<f64>> = baseline.iter().map(|day| measured(day)).collect();
    let known = |day: &&Vec<f64>| finite(day).len() >= PAIRS_MIN;
    let days: Vec<&[f64]> = days.iter().filter(known).map(Vec::as_slice).collect();
    if days.len() < DAYS_MIN {
        let (have, need) = (days.len(), DAYS_MIN);
        return Comparison::untestable(Untestable::Days { have, need });
    }
    let day = measured(day);
    let usual = slot_medians(&days);
    let differences: Vec<f64> = day.iter().zip(&usual).map(|(now, usual)| now - usual).collect();
    let pairs = finite(&differences).len();
    let shift = median(&differences).filter(|_| pairs >= PAIRS_MIN);
    let Some(shift) = shift else {
        return Comparison::untestable(Untestable::Values { have: pairs, need: PAIRS_MIN });
    };
    let (shifts, deviations) = left_out(&days);
    let by_chance = largest_by_chance(&shifts);
    let level = median(&usual.iter().map(|it| it.abs()).collect::<Vec<_>>()).unwrap_or_default();
    let size = by_chance.max(terms.size(level));
    let delta = mann_whitney(&deviations, &differences).map(|test| test.delta);
    let is_large = delta.is_some_and(|delta| delta.abs() >= DELTA_MIN);
    let verdict = if shift.abs() > size && is_large {
        terms.verdict(shift)
    } else if by_chance > level {
        Verdict::NotTestable(Untestable::DaysDiffer)
    } else {
        Verdict::NoChange
    };
    let pooled: Vec<f64> = days.iter().flat_map(|day| day.iter().copied()).collect();
    Comparison {
        verdict,
        shift: Some(shift),
        shift_share: (level > 0.0).then(|| shift / level),
        interval: day_interval(&differences, &shifts, terms.seed),
        p95_shift: quantile(&day, 0.95).zip(quantile(&pooled, 0.95)).map(|(now, then)| now - then),
        delta,
        p: None,
        smallest_told: Some(size.max(fringe(&deviations))),
    }
}

/// How far a day shifts when nothing was done to it, judged by what the baseline days did.
fn largest_by_chance(shifts: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = shifts.iter().map(|shift| shift.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    if sizes.len() >= INCIDENT_DAYS_MIN {
        sizes.pop();
    }
    let square = mean(sizes.iter().map(|size| size * size));
    USUAL_SHIFTS * square.unwrap_or_default().sqrt()
}

/// A shift that is no fringe of these values: one that a Cliff's delta of 0.33 needs.
fn fringe(values: &[f64]) -> f64 {
    DELTA_SPREADS * mad_sigma(values).unwrap_or_default()
}

/// The median of each slot over the days; NaN where no day has a value.
fn slot_medians(days: &[&[f64]]) -> Vec<f64> {
    let slots = days.iter().map(|day| day.len()).max().unwrap_or_default();
    let mut values = Vec::with_capacity(days.len());
    let median_at = |slot: usize| {
        values.clear();
        values.extend(days.iter().filter_map(|day| day.get(slot)));
        median(&values).unwrap_or(f64::NAN)
    };
    (0..slots).map(median_at).collect()
}

/// Each baseline day against the others: its shift, and all its deviations.
fn left_out(days: &[&[f64]]) -> (Vec<f64>, Vec<f64>) {
    let (mut shifts, mut deviations) = (Vec::new(), Vec::new());
    for (at, day) in days.iter().enumerate() {
        let others = days.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<&[f64]> = others.map(|(_, day)| *day).collect();
        let usual = slot_medians(&others);
        shifts.extend(median_difference(day, &usual));
        deviations.extend(day.iter().zip(&usual).map(|(value, usual)| value - usual));
    }
    (shifts, deviations)
}

fn day_interval(differences: &[f64], shifts: &[f64], seed: u64) -> Option<Band> {
    let differences = finite(differences);
    let mut draws = Draws::new(seed);
    let resampled = (0..RESAMPLES).filter_map(|_| {
        let shift = median_of(&mut resample(&differences, &mut draws))?;
        Some(shift + shifts.get(draws.below(shifts.len()))?)
    });
    interval(&resampled.collect::<Vec<_>>())
}

fn interval(resampled: &[f64]) -> Option<Band> {
    Some(Band { low: quantile(resampled, 0.025)?, high: quantile(resampled, 0.975)? })
}

/// Blocks of √n neighbours drawn at random until there are as many values again.
fn resample(values: &[f64], draws: &mut Draws) -> Vec<f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=len")]
    let block = (count(values.len()).sqrt().ceil() as usize).max(1);
    let starts = values.len().saturating_sub(block) + 1;
    let mut drawn = Vec::with_capacity(values.len() + block);
    while drawn.len() < values.len() {
        let start = draws.below(starts);
        drawn.extend(values.iter().skip(start).take(block));
    }
    drawn.truncate(values.len());
    drawn
}

/// Two windows of one metric, oldest first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows<'a> {
    /// The window that is compared with.
    pub before: &'a [f64],
    /// The window that is asked about.
    pub after: &'a [f64],
    /// How this metric is judged.
    pub terms: Terms,
}

/// Compares one window with another, for all metrics that are looked at together.
///
/// A change needs a Mann-Whitney p < 0.01 after the adjustment of Benjamini & Hochberg over the
/// metrics, |Cliff's delta| ≥ 0.33, and a shift of the median ≥ 5 % and ≥ the floor. The interval
/// is a moving-block bootstrap of the shift. Prefer [`compare_days`] where there are days: two
/// windows differ by the time of day alone. Not testable below 30 values on a side.
///
/// ```
/// use analytics::{Better, Terms, Verdict, Windows, compare_windows};
///
/// let before: Vec<f64> = (0..40).map(|at| 100.0 + f64::from(at % 5)).collect();
/// let after: Vec<f64> = before.iter().map(|value| value * 0.8).collect();
/// let terms = Terms { better: Better::Lower, floor: 0.0, seed: 1 };
/// let [answer] = compare_windows(&[Windows { before: &before, after: &after, terms }])[..] else {
///     panic!()
/// };
/// assert_eq!(answer.verdict, Verdict::Better);
/// ```
#[must_use]
pub fn compare_windows(metrics: &[Windows<'_>]) -> Vec<Comparison> {
    let tests: Vec<Option<MannWhitney>> = metrics.iter().map(Windows::test).collect();
    let p_values: Vec<f64> = tests.iter().map(|test| test.map_or(f64::NAN, |it| it.p)).collect();
    let adjusted = adjust_p_values(&p_values);
    let judged = metrics.iter().zip(tests).zip(adjusted);
    judged.map(|((windows, test), p)| windows.judge(test, p)).collect()
}

impl Windows<'_> {
    fn values(&self) -> (Vec<f64>, Vec<f64>) {
        (finite(&measured(self.before)), finite(&measured(self.after)))
    }

    fn test(&self) -> Option<MannWhitney> {
        let (before, after) = self.values();
        let enough = before.len().min(after.len()) >= PAIRS_MIN;
        enough.then(|| mann_whitney(&before, &after)).flatten()
    }

    fn judge(&self, test: Option<MannWhitney>, p: f64) -> Comparison {
        let (before, after) = self.values();
        let medians = test.zip(median(&before).zip(median(&after)));
        let Some((test, (usual, now))) = medians else {
            let have = before.len().min(after.len());
            return Comparison::untestable(Untestable::Values { have, need: PAIRS_MIN });
        };
        let shift = now - usual;
        let size = self.terms.size(usual.abs());
        let is_change = p < P_MAX && test.delta.abs() >= DELTA_MIN && shift.abs() >= size;
        let is_change = is_change && shift != 0.0;
        let mut draws = Draws::new(self.terms.seed);
        let resampled = (0..RESAMPLES).filter_map(|_| {
            let then = median_of(&mut resample(&before, &mut draws))?;
            Some(median_of(&mut resample(&after, &mut draws))? - then)
        });
        let resampled: Vec<f64> = resampled.collect();
        let error = mad_sigma(&resampled).unwrap_or_default();
        Comparison {
            verdict: if is_change { self.terms.verdict(shift) } else { Verdict::NoChange },
            shift: Some(shift),
            shift_share: (usual != 0.0).then(|| shift / usual.abs()),
            interval: interval(&resampled),
            p95_shift: quantile(&after, 0.95).zip(quantile(&before, 0.95)).map(|(a, b)| a - b),
            delta: Some(test.delta),
            p: Some(p),
            smallest_told: Some(size.max(WINDOW_ERRORS * error).max(fringe(&before))),
        }
    }
}

/// What a unit of traffic costs: `cost` / `traffic` at each time, so that more users are not
/// taken for a slower service. NaN, a gap, where traffic is below `traffic_min` (a few requests
/// say nothing of the price of one) or either is missing.
///
/// ```
/// let (cpu, requests) = ([10.0, 30.0, 5.0], [100.0, 300.0, 1.0]);
/// let cpu_per_request = analytics::cost_per_traffic(&cpu, &requests, 20.0);
/// assert_eq!(cpu_per_request[..2], [0.1, 0.1]);
/// assert!(cpu_per_request[2].is_nan());
/// ```
#[must_use]
pub fn cost_per_traffic(cost: &[f64], traffic: &[f64], traffic_min: f64) -> Vec<f64> {
    let price = |(cost, traffic): (&f64, &f64)| {
        if *traffic >= traffic_min && *traffic > 0.0 { cost / traffic } else { f64::NAN }
    };
    cost.iter().zip(traffic).map(price).collect()
}

#[cfg(test)]
mod tests;
