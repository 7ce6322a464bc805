//! When a threshold alert is raised and cleared, and when it flaps. Time is an argument; nothing is
//! read or sent.
//!
//! A rule sees the means of regular intervals, one minute each in the product. It is raised by m of
//! the last n above the limit: unlike "for 10 minutes" one dip does not start it anew. It is cleared
//! when the median of the last five has been beyond a second, easier limit for the hold time.

use std::collections::VecDeque;

use crate::anomaly::MOfN;
use crate::order::median_of;
use crate::params::{
    CLEAR_CRITICAL_SECS, CLEAR_MEDIAN, CLEAR_WARNING_SECS, FLAP_START_PERCENT, FLAP_STATES,
    FLAP_STOP_PERCENT, FLAP_WEIGHTS, HYSTERESIS, MISSED_MAX, RAISE_CRITICAL, RAISE_WARNING,
};

/// On which side of its limit a value is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Used CPU: at or above the limit.
    Above,
    /// Free memory: at or below it.
    Below,
}

/// A threshold with its patience.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// Which way is bad.
    pub side: Side,
    /// The limit, in the unit of the values; reaching it is a breach.
    pub limit: f64,
    /// The easier limit beyond which the value has recovered: see [`clear_limit`].
    pub clear_limit: f64,
    /// How many breaches raise.
    pub raise: MOfN,
    /// How long the recovery must last.
    pub clear_hold_secs: i64,
    /// Length of the interval that a value is the mean of.
    pub step_secs: i64,
}

impl Rule {
    /// A rule that pages: 11 of 15, cleared after 45 minutes.
    ///
    /// On noise (1,021 episodes of a limit inside normal load) precision .996, recall .83, 10 min.
    #[must_use]
    pub fn critical(side: Side, limit: f64, clear_limit: f64) -> Self {
        let raise = MOfN::of(RAISE_CRITICAL);
        let clear_hold_secs = CLEAR_CRITICAL_SECS;
        Self { side, limit, clear_limit, raise, clear_hold_secs, step_secs: 60 }
    }

    /// A rule that warns: 10 of 14, cleared after 30 minutes.
    ///
    /// On the same noise precision .974, recall .92, 9 min.
    #[must_use]
    pub fn warning(side: Side, limit: f64, clear_limit: f64) -> Self {
        let raise = MOfN::of(RAISE_WARNING);
        let clear_hold_secs = CLEAR_WARNING_SECS;
        Self { side, limit, clear_limit, raise, clear_hold_secs, step_secs: 60 }
    }

    fn breached(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value >= self.limit,
            Side::Below => value <= self.limit,
        }
    }

    fn recovered(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value < self.clear_limit,
            Side::Below => value > self.clear_limit,
        }
    }
}

/// The limit of recovery: the limit moved towards the usual value by 15 % of the distance, but by
/// `unit_floor` at least (1 for percentages). A usual value on the bad side counts as no distance.
///
/// ```
/// use analytics::{Side, clear_limit};
/// assert_eq!(clear_limit(Side::Above, 90.0, 30.0, 1.0), 81.0);
/// assert_eq!(clear_limit(Side::Below, 10.0, 12.0, 1.0), 11.0);
/// ```
#[must_use]
pub fn clear_limit(side: Side, limit: f64, usual: f64, unit_floor: f64) -> f64 {
    match side {
        Side::Above => limit - (HYSTERESIS * (limit - usual)).max(unit_floor),
        Side::Below => limit + (HYSTERESIS * (usual - limit)).max(unit_floor),
    }
}

/// Where an alert stands. Times are those given to [`Debounce::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// No breach among the last n values.
    Quiet,
    /// Some breaches, not enough.
    Pending {
        /// Of the first breach.
        since: i64,
    },
    /// Raised.
    Firing {
        /// When it was raised.
        since: i64,
    },
    /// Raised, and recovering.
    Clearing {
        /// When it was raised.
        since: i64,
        /// First value of the recovery.
        recovering: i64,
    },
    /// Too many values missing to say.
    Unknown {
        /// Of the first value that was missing.
        since: i64,
    },
}

impl Alert {
    /// Whether the alert is up.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Firing { .. } | Self::Clearing { .. })
    }
}

/// What a [`Debounce`] remembers: plain values.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Where the alert stands.
    pub alert: Alert,
    /// The last breaches, the newest in bit 0.
    pub breaches: u64,
    /// The last values, oldest first.
    pub recent: Vec<f64>,
    /// Values missed in a row.
    pub missed: u32,
}

/// What the next value says of an alert that is not up, or of one that is.
enum Sign {
    Calm,
    Breach,
    Enough,
    Recovered,
    Missing,
}

/// A rule at work on one series.
///
/// ```
/// use analytics::{Alert, Debounce, Rule, Side};
///
/// let mut cpu = Debounce::new(Rule::warning(Side::Above, 90.0, 81.0));
/// for minute in 0..9 {
///     assert!(!cpu.step(minute * 60, Some(95.0)).is_up());
/// }
/// assert_eq!(cpu.step(540, Some(95.0)), Alert::Firing { since: 540 });
/// ```
#[derive(Clone, Debug)]
pub struct Debounce {
    rule: Rule,
    alert: Alert,
    breaches: MOfN,
    recent: VecDeque<f64>,
    missed: u32,
}

impl Debounce {
    /// Quiet, and without a past.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        let (alert, breaches) = (Alert::Quiet, rule.raise);
        Self { rule, alert, breaches, recent: VecDeque::new(), missed: 0 }
    }

    /// Where the alert stands.
    #[must_use]
    pub fn alert(&self) -> Alert {
        self.alert
    }

    /// Takes the mean of the interval that ends at `at_secs`; `None`, or a value that is not
    /// finite, is a missing one. Three missing values change nothing, the fourth makes the alert
    /// unknown; the next value then starts anew.
    pub fn step(&mut self, at_secs: i64, mean: Option<f64>) -> Alert {
        let sign = self.sign(mean.filter(|value| value.is_finite()));
        self.alert = self.alert.next(sign, at_secs, &self.rule);
        if let Alert::Unknown { .. } = self.alert {
            self.breaches.clear();
            self.recent.clear();
        }
        self.alert
    }

    /// What it remembers, for whoever keeps it over a restart.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            alert: self.alert,
            breaches: self.breaches.recent(),
            recent: self.recent.iter().copied().collect(),
            missed: self.missed,
        }
    }

    /// A rule that goes on from a memory. The rule may be another than the one before: limits and
    /// patience are the new ones, where the alert stands is the old.
    ///
    /// ```
    /// use analytics::{Debounce, Rule, Side};
    ///
    /// let rule = Rule::warning(Side::Above, 90.0, 81.0);
    /// let mut before = Debounce::new(rule);
    /// before.step(60, Some(95.0));
    /// let mut after = Debounce::recalled(rule, before.memory());
    /// assert_eq!(before.step(120, Some(95.0)), after.step(120, Some(95.0)));
    /// ```
    #[must_use]
    pub fn recalled(rule: Rule, memory: Memory) -> Self {
        let mut breaches = rule.raise;
        breaches.recall(memory.breaches);
        let mut recent: VecDeque<f64> = memory.recent.into();
        recent.truncate(CLEAR_MEDIAN);
        Self { rule, alert: memory.alert, breaches, recent, missed: memory.missed }
    }

    /// The rule at work.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Nobody looked for a while: what was raised stays raised and its recovery starts anew, what
    /// was not raised starts anew.
    pub fn resume(&mut self) {
        self.breaches.clear();
        self.recent.clear();
        self.missed = 0;
        self.alert = match self.alert {
            Alert::Firing { since } | Alert::Clearing { since, .. } => Alert::Firing { since },
            Alert::Quiet | Alert::Pending { .. } | Alert::Unknown { .. } => Alert::Quiet,
        };
    }

    fn sign(&mut self, mean: Option<f64>) -> Sign {
        let Some(value) = mean else {
            self.missed = self.missed.saturating_add(1);
            return if self.missed > MISSED_MAX { Sign::Missing } else { self.kept() };
        };
        self.missed = 0;
        if self.recent.len() == CLEAR_MEDIAN {
            self.recent.pop_front();
        }
        self.recent.push_back(value);
        let breach = self.rule.breached(value);
        self.breaches.push(breach);
        let mut last: Vec<f64> = self.recent.iter().copied().collect();
        let recovered = median_of(&mut last).is_some_and(|median| self.rule.recovered(median));
        match (self.alert.is_up(), recovered) {
            (true, true) => Sign::Recovered,
            (true, false) => Sign::Breach,
            (false, _) if self.breaches.reached() => Sign::Enough,
            (false, _) if self.breaches.any() => Sign::Breach,
            (false, _) => Sign::Calm,
        }
    }

    /// The sign under which the alert stays as it is.
    fn kept(&self) -> Sign {
        match self.alert {
            Alert::Quiet => Sign::Calm,
            Alert::Pending { .. } | Alert::Firing { .. } => Sign::Breach,
            Alert::Clearing { .. } => Sign::Recovered,
            Alert::Unknown { .. } => Sign::Missing,
        }
    }
}

impl Alert {
    fn next(self, sign: Sign, at: i64, rule: &Rule) -> Self {
        match (self, sign) {
            (Self::Unknown { since }, Sign::Missing) => Self::Unknown { since },
            (
                Self::Quiet | Self::Pending { .. } | Self::Firing { .. } | Self::Clearing { .. },
                Sign::Missing,
            ) => Self::Unknown { since: at.saturating_sub(rule.step_secs * i64::from(MISSED_MAX)) },
            (
                Self::Quiet | Self::Pending { .. } | Self::Unknown { .. },
                Sign::Calm | Sign::Recovered,
            ) => Self::Quiet,
            (Self::Pending { since }, Sign::Breach) => Self::Pending { since },
            (Self::Quiet | Self::Unknown { .. }, Sign::Breach) => Self::Pending { since: at },
            (Self::Quiet | Self::Pending { .. } | Self::Unknown { .. }, Sign::Enough) => {
                Self::Firing { since: at }
            }
            (
                Self::Firing { since } | Self::Clearing { since, .. },
                Sign::Breach | Sign::Enough | Sign::Calm,
            ) => Self::Firing { since },
            (Self::Firing { since }, Sign::Recovered) => {
                Self::Clearing { since, recovering: at }.or_quiet(at, rule)
            }
            (Self::Clearing { since, recovering }, Sign::Recovered) => {
                Self::Clearing { since, recovering }.or_quiet(at, rule)
            }
        }
    }

    /// Quiet once the recovery has lasted: its first value is the mean of a whole step.
    fn or_quiet(self, at: i64, rule: &Rule) -> Self {
        match self {
            Self::Clearing { recovering, .. }
                if at.saturating_sub(recovering) + rule.step_secs >= rule.clear_hold_secs =>
            {
                Self::Quiet
            }
            other => other,
        }
    }
}

/// Share of changes among the last 21 states, the newest weighing most, as in Nagios and Naemon
/// ("Detection and Handling of State Flapping"):
/// 100 % · Σ wᵢ·(stateᵢ ≠ stateᵢ₋₁) / 20, w from 0.8 to 1.2. Fewer states count as if the older
/// ones had not changed; of more, the last 21 count.
///
/// ```
/// assert_eq!(analytics::flap_percent(&[0; 21]), 0.0);
/// let turns: Vec<u8> = (0..21).map(|at| at % 2).collect();
/// assert!((analytics::flap_percent(&turns) - 100.0).abs() < 1e-9);
/// ```
#[must_use]
pub fn flap_percent(states: &[u8]) -> f64 {
    let (oldest, newest) = FLAP_WEIGHTS;
    let pairs = states.iter().rev().zip(states.iter().rev().skip(1)).take(FLAP_STATES - 1);
    let slope = (newest - oldest) / (FLAP_STATES - 2) as f64;
    let weighed = pairs.enumerate().filter(|(_, (now, before))| now != before);
    let sum: f64 = weighed.map(|(age, _)| newest - slope * age as f64).sum();
    100.0 * sum / (FLAP_STATES - 1) as f64
}

/// The last states of a check and whether it flaps: from 50 % of changes until 20 %.
#[derive(Clone, Debug, Default)]
pub struct Flap {
    states: VecDeque<u8>,
    flapping: bool,
}

impl Flap {
    /// The last states, oldest first, and whether it flaps: for whoever keeps it over a restart.
    #[must_use]
    pub fn memory(&self) -> (Vec<u8>, bool) {
        (self.states.iter().copied().collect(), self.flapping)
    }

    /// A check that goes on from a memory.
    #[must_use]
    pub fn recalled(states: &[u8], flapping: bool) -> Self {
        let last = states.len().saturating_sub(FLAP_STATES);
        Self { states: states.iter().skip(last).copied().collect(), flapping }
    }

    /// Takes the next state, any numbering; whether the check flaps now.
    ///
    /// ```
    /// let mut disk = analytics::Flap::default();
    /// let flaps = (0..30).filter(|at| disk.push(at % 2)).count();
    /// assert!(flaps > 15);
    /// ```
    pub fn push(&mut self, state: u8) -> bool {
        if self.states.len() == FLAP_STATES {
            self.states.pop_front();
        }
        self.states.push_back(state);
        let percent = flap_percent(self.states.make_contiguous());
        self.flapping =
            if self.flapping { percent > FLAP_STOP_PERCENT } else { percent >= FLAP_START_PERCENT };
        self.flapping
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fed(rule: Rule, values: impl IntoIterator<Item = Option<f64>>) -> Vec<Alert> {
        let mut debounce = Debounce::new(rule);
        (0..).zip(values).map(|(minute, value)| debounce.step(minute * 60, value)).collect()
    }

    fn warning() -> Rule {
        Rule::warning(Side::Above, 90.0, 81.0)
    }

    #[test]
    fn a_dip_does_not_start_the_count_anew() {
        let hot = (0..12).map(|minute| Some(if minute % 5 == 4 { 50.0 } else { 95.0 }));
        let alerts = fed(warning(), hot);
        assert_eq!(alerts[0], Alert::Pending { since: 0 });
        assert_eq!(alerts[11], Alert::Firing { since: 660 });
        assert!(!alerts[10].is_up());
    }

    #[test]
    fn an_alert_clears_after_its_hold_time() {
        let values = [Some(95.0); 10].into_iter().chain([Some(20.0); 40]);
        let alerts = fed(warning(), values);
        // Two low values leave the median high; 30 minutes later it is over.
        assert_eq!(alerts[11], Alert::Firing { since: 540 });
        assert_eq!(alerts[12], Alert::Clearing { since: 540, recovering: 720 });
        assert!(alerts[40].is_up());
        assert_eq!(alerts[41], Alert::Quiet);
    }

    #[test]
    fn hovering_between_the_limits_keeps_it_up() {
        let values = [Some(95.0); 10].into_iter().chain([Some(85.0); 120]);
        assert_eq!(fed(warning(), values)[129], Alert::Firing { since: 540 });
    }

    #[test]
    fn three_missing_values_change_nothing_and_the_fourth_is_unknown() {
        let values =
            [Some(95.0); 10].into_iter().chain([None, Some(f64::NAN), None, None, Some(1.0)]);
        let alerts = fed(warning(), values);
        assert_eq!(alerts[12], Alert::Firing { since: 540 });
        assert_eq!(alerts[13], Alert::Unknown { since: 600 });
        assert_eq!(alerts[14], Alert::Quiet);
    }

    #[test]
    fn what_is_raised_stays_raised_over_a_gap_and_recovers_anew() {
        let mut cpu = Debounce::new(warning());
        for minute in 0..20 {
            cpu.step(minute * 60, Some(if minute < 10 { 95.0 } else { 20.0 }));
        }
        assert!(matches!(cpu.alert(), Alert::Clearing { .. }));
        cpu.resume();
        assert_eq!(cpu.alert(), Alert::Firing { since: 540 });
        assert!(cpu.step(90_000, Some(20.0)).is_up(), "one value after a day is no recovery");
    }

    #[test]
    fn free_memory_is_bad_below_its_limit() {
        let rule = Rule::critical(Side::Below, 5.0, 6.0);
        assert!(fed(rule, [Some(3.0); 11])[10].is_up());
        assert!(!fed(rule, [Some(7.0); 60])[59].is_up());
    }

    #[test]
    fn what_flaps_stops_flapping_only_when_calm() {
        let mut flap = Flap::default();
        assert!(!(0..8).any(|at| flap.push(at % 2)));
        assert!((0..10).any(|at| flap.push(at % 2)));
        let calm = (0..21).map(|_| flap.push(0)).collect::<Vec<_>>();
        assert!(calm[10]);
        assert!(!calm[20]);
    }

    proptest! {
        #[test]
        fn an_alert_is_never_up_without_enough_breaches(
            values in prop::collection::vec(prop::option::of(-1e15_f64..1e15), 0..60),
        ) {
            let breaches = values.iter().flatten().filter(|value| **value >= 90.0).count();
            let up = fed(warning(), values).into_iter().any(Alert::is_up);
            prop_assert!(!up || breaches >= 10);
        }

        #[test]
        fn a_share_of_changes_is_a_percentage(states in prop::collection::vec(0_u8..4, 0..60)) {
            prop_assert!((0.0..=100.0 + 1e-9).contains(&flap_percent(&states)));
        }
    }
}
