//! What a score is worth: sustained, not a habit, record-breaking, shared by other metrics. Never
//! computes a score.

use std::collections::VecDeque;

use super::grid::{Slot, Steps};
use crate::params::{
    HOST_FAMILIES, HOST_PEAK_SAMPLES, PEAKS_MAX, RECORD_DAYS, RECORD_LAG_SECS, RECORD_SHARE,
    RECURRENCE_DAYS, RECURRENCE_NEAR_SECS, RECURRENCE_SHARE, SUSTAINED, SUSTAINED_HIGH, Z_HIGH,
    Z_INFO, Z_MAX,
};

/// At least `m` of the last `n` samples, the newest among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MOfN {
    m: u32,
    n: u32,
    /// Newest in bit 0.
    recent: u64,
}

impl MOfN {
    /// `None` unless 0 < m ≤ n ≤ 64.
    #[must_use]
    pub fn new(m: u32, n: u32) -> Option<Self> {
        (0 < m && m <= n && n <= u64::BITS).then_some(Self { m, n, recent: 0 })
    }

    /// For pairs that are known to be valid.
    pub(crate) fn of((m, n): (u32, u32)) -> Self {
        Self { m, n, recent: 0 }
    }

    /// How many of how many.
    #[must_use]
    pub const fn terms(&self) -> (u32, u32) {
        (self.m, self.n)
    }

    /// Takes the next sample.
    ///
    /// ```
    /// let mut two_of_three = analytics::MOfN::new(2, 3).unwrap();
    /// let answers = [true, false, true, false].map(|flag| two_of_three.push(flag));
    /// assert_eq!(answers, [false, false, true, false]);
    /// ```
    pub fn push(&mut self, flag: bool) -> bool {
        self.recent = (self.recent << 1 | u64::from(flag)) & (u64::MAX >> (u64::BITS - self.n));
        flag && self.reached()
    }

    /// Whether `m` of the last `n` were flagged, whatever the newest is.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.recent.count_ones() >= self.m
    }

    /// Whether any of the last `n` was flagged.
    #[must_use]
    pub fn any(&self) -> bool {
        self.recent != 0
    }

    /// The last flags, the newest in bit 0.
    pub(crate) fn recent(self) -> u64 {
        self.recent
    }

    /// Goes on from flags that were remembered.
    pub(crate) fn recall(&mut self, recent: u64) {
        self.recent = recent & (u64::MAX >> (u64::BITS - self.n));
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.recent = 0;
    }
}

/// What an anomaly may do, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Annotate a graph or an answer: z ≥ 4 in 3 of 5 samples, and not a habit.
    Info,
    /// Rank and raise the severity of a rule: z ≥ 7 in 2 of 3 samples, and not a habit.
    Warning,
    /// Record-breaking: z ≥ 7 and at least 90 % of the record of two weeks in 2 of 3 samples.
    Critical,
}

/// The gates of one series or host, and the scores that they remember.
///
/// A habit is a score under 70 % of one within half an hour of this time on any of the last eight
/// days: the scale learns a nightly job within days, and what remains of its score is a habit. The
/// record is the highest score of the last 14 days that is older than six hours.
#[derive(Clone, Debug)]
pub struct Judge {
    steps: Steps,
    info: MOfN,
    high: MOfN,
    novel: MOfN,
    /// Position and size of the scores that could stop a later one, oldest first.
    peaks: VecDeque<(i64, f64)>,
    last: Option<i64>,
}

impl Judge {
    /// Gates without a memory yet.
    #[must_use]
    pub fn new(steps: Steps) -> Self {
        Self {
            steps,
            info: MOfN::of(SUSTAINED),
            high: MOfN::of(SUSTAINED_HIGH),
            novel: MOfN::of(SUSTAINED_HIGH),
            peaks: VecDeque::new(),
            last: None,
        }
    }

    /// Takes the next score. `None` when it is worth nothing, is not finite, or its slot was there
    /// already. A gap is not pushed; one longer than the longest rule forgets what was pending.
    ///
    /// ```
    /// use analytics::{Judge, Severity, Steps};
    ///
    /// let steps = Steps::new(300).unwrap();
    /// let mut judge = Judge::new(steps);
    /// assert_eq!(judge.push(steps.at(0), 9.0), None);
    /// assert_eq!(judge.push(steps.at(300), 9.0), Some(Severity::Critical));
    /// // The next night at the same time it is no record.
    /// assert_eq!(judge.push(steps.at(86_400), 7.5), None);
    /// assert_eq!(judge.push(steps.at(86_700), 7.5), Some(Severity::Warning));
    /// ```
    pub fn push(&mut self, slot: Slot, z: f64) -> Option<Severity> {
        let position = self.steps.position(slot);
        if !z.is_finite() || self.last.is_some_and(|last| position <= last) {
            return None;
        }
        let (_, longest) = SUSTAINED;
        if self.last.is_some_and(|last| position.saturating_sub(last) > i64::from(longest)) {
            for rule in [&mut self.info, &mut self.high, &mut self.novel] {
                rule.clear();
            }
        }
        self.last = Some(position);
        let record = self.record(position);
        let habit = self.habit(position);
        // What is at the end of the scale cannot be told from the next one.
        let unusual = habit < Z_MAX && z >= RECURRENCE_SHARE * habit;
        let info = self.info.push(z >= Z_INFO && unusual);
        let high = self.high.push(z >= Z_HIGH && unusual);
        let outdone = record < Z_MAX && z >= RECORD_SHARE * record;
        let novel = self.novel.push(z >= Z_HIGH && outdone);
        self.remember(position, z);
        match (novel, high, info) {
            (true, _, _) => Some(Severity::Critical),
            (false, true, _) => Some(Severity::Warning),
            (false, false, true) => Some(Severity::Info),
            (false, false, false) => None,
        }
    }

    /// On how many of the last eight days a score of at least 4 came within half an hour of this
    /// time.
    #[must_use]
    pub fn days_alike(&self, slot: Slot) -> usize {
        let position = self.steps.position(slot);
        let mut days: Vec<i64> =
            self.peaks.iter().filter_map(|(at, _)| self.day_of(position, *at)).collect();
        days.sort_unstable();
        days.dedup();
        days.len()
    }

    /// Scores under the lowest limit stop nothing, so that they need not be kept.
    fn remember(&mut self, position: i64, z: f64) {
        let oldest = position.saturating_sub(self.count(RECORD_LAG_SECS) + self.record_length());
        while self.peaks.front().is_some_and(|&(at, _)| at <= oldest) {
            self.peaks.pop_front();
        }
        if z >= Z_INFO {
            if self.peaks.len() == PEAKS_MAX {
                self.peaks.pop_front();
            }
            self.peaks.push_back((position, z));
        }
    }

    fn record(&self, position: i64) -> f64 {
        let newest = position.saturating_sub(self.count(RECORD_LAG_SECS).max(1));
        let oldest = newest.saturating_sub(self.record_length());
        self.highest(|at| oldest < at && at <= newest)
    }

    fn habit(&self, position: i64) -> f64 {
        self.highest(|at| self.day_of(position, at).is_some())
    }

    /// How many days ago it was about this time of day; `None` at another time or too long ago.
    fn day_of(&self, position: i64, at: i64) -> Option<i64> {
        let near = self.count(RECURRENCE_NEAR_SECS).max(1);
        let day = self.steps.per_day() as i64;
        let back = position.saturating_sub(at);
        let days = back.saturating_add(near).div_euclid(day);
        let alike = (1..=RECURRENCE_DAYS).contains(&days) && (back - days * day).abs() <= near;
        alike.then_some(days)
    }

    fn highest(&self, counts: impl Fn(i64) -> bool) -> f64 {
        self.peaks.iter().filter(|(at, _)| counts(*at)).map(|(_, z)| *z).fold(0.0, f64::max)
    }

    fn record_length(&self) -> i64 {
        RECORD_DAYS * self.steps.per_day() as i64
    }

    fn count(&self, secs: i64) -> i64 {
        secs / i64::from(self.steps.secs())
    }
}

/// The `k`-th largest of the values; `None` when fewer are finite or `k` is 0.
///
/// ```
/// assert_eq!(analytics::kth_largest(&[1.0, 9.0, f64::NAN, 4.0], 2), Some(4.0));
/// assert_eq!(analytics::kth_largest(&[1.0], 2), None);
/// ```
#[must_use]
pub fn kth_largest(values: &[f64], k: usize) -> Option<f64> {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_unstable_by(|one, other| other.total_cmp(one));
    finite.get(k.checked_sub(1)?).copied()
}

/// The score of a host: its third-largest score over families of metrics, each family counting with
/// its peak of the last two samples. Push it to a [`Judge`] like any score.
///
/// A family is what moves together for one cause: all cores are one, all file systems are one. The
/// caller collapses each to its largest score, or three metrics mean nothing.
#[derive(Clone, Debug, Default)]
pub struct HostFusion {
    recent: VecDeque<Vec<f64>>,
}

impl HostFusion {
    /// Takes the scores of one step, one per family in an order that stays; NaN for none. `None`
    /// with fewer than three families.
    ///
    /// ```
    /// let mut host = analytics::HostFusion::default();
    /// assert_eq!(host.push(&[9.0, 1.0, 8.0, 1.0]), Some(1.0));
    /// // The third follows a sample later.
    /// assert_eq!(host.push(&[1.0, 7.0, 8.0, 1.0]), Some(7.0));
    /// ```
    pub fn push(&mut self, families: &[f64]) -> Option<f64> {
        if self.recent.len() == HOST_PEAK_SAMPLES {
            self.recent.pop_front();
        }
        self.recent.push_back(families.to_vec());
        let peak = |at: usize| {
            self.recent.iter().filter_map(|scores| scores.get(at)).copied().fold(f64::NAN, f64::max)
        };
        let peaks: Vec<f64> = (0..families.len()).map(peak).collect();
        kth_largest(&peaks, HOST_FAMILIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes() -> Steps {
        Steps::new(300).unwrap()
    }

    #[test]
    fn one_wild_sample_is_no_event() {
        let mut judge = Judge::new(minutes());
        let verdicts: Vec<_> = (0..10)
            .map(|at| judge.push(minutes().at(at * 300), if at == 4 { 900.0 } else { 1.0 }))
            .collect();
        assert_eq!(verdicts, [None; 10]);
    }

    #[test]
    fn what_is_weaker_than_usual_at_this_hour_is_a_habit() {
        let steps = minutes();
        let mut judge = Judge::new(steps);
        let mut alarms = Vec::new();
        for at in 0..288 * 10 {
            let z = match (at / 288, at % 288) {
                (0, 36..42) => 9.0,
                (_, 38..44) => 6.0,
                _ => 0.5,
            };
            if judge.push(steps.at(at * 300), z).is_some() {
                alarms.push(at / 288);
            }
        }
        alarms.dedup();
        // The first night is out of memory on the ninth day.
        assert_eq!(alarms, [0, 9]);
    }

    #[test]
    fn days_on_which_it_came_at_this_time_are_counted_once_each() {
        let steps = minutes();
        let mut judge = Judge::new(steps);
        for at in 0..288 * 5 {
            judge.push(steps.at(at * 300), if (36..40).contains(&(at % 288)) { 9.0 } else { 0.5 });
        }
        assert_eq!(judge.days_alike(steps.at(5 * 86_400 + 38 * 300)), 5);
        assert_eq!(judge.days_alike(steps.at(5 * 86_400 + 100 * 300)), 0);
    }

    #[test]
    fn what_is_below_the_record_is_not_critical() {
        let steps = minutes();
        let mut judge = Judge::new(steps);
        for at in 0..3 {
            judge.push(steps.at(at * 300), 20.0);
        }
        let half_day = 12 * 3_600;
        judge.push(steps.at(half_day), 10.0);
        assert_eq!(judge.push(steps.at(half_day + 300), 10.0), Some(Severity::Warning));
        let later = 16 * 86_400;
        judge.push(steps.at(later), 10.0);
        assert_eq!(judge.push(steps.at(later + 300), 10.0), Some(Severity::Critical));
    }

    #[test]
    fn the_end_of_the_scale_is_a_record_once() {
        let steps = minutes();
        let mut judge = Judge::new(steps);
        judge.push(steps.at(0), Z_MAX);
        assert_eq!(judge.push(steps.at(300), Z_MAX), Some(Severity::Critical));
        judge.push(steps.at(50_000), Z_MAX);
        assert_eq!(judge.push(steps.at(50_300), Z_MAX), Some(Severity::Warning));
    }

    #[test]
    fn a_slot_counts_once_and_a_long_gap_forgets() {
        let steps = minutes();
        let mut judge = Judge::new(steps);
        judge.push(steps.at(0), 9.0);
        assert_eq!(judge.push(steps.at(0), 9.0), None);
        assert_eq!(judge.push(steps.at(0), f64::NAN), None);
        assert_eq!(judge.push(steps.at(3_600), 9.0), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let steps = Steps::new(60).unwrap();
        let mut judge = Judge::new(steps);
        for at in 0..5_000 {
            judge.push(steps.at(at * 60), 5.0);
        }
        assert_eq!(judge.peaks.len(), PEAKS_MAX);
    }

    #[test]
    fn two_metrics_are_not_a_host() {
        assert_eq!(HostFusion::default().push(&[9.0, 9.0]), None);
        assert_eq!(HostFusion::default().push(&[9.0, f64::NAN, 9.0]), None);
    }
}
