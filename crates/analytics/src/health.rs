//! One number for how well a host is, that explains itself. The worst signal rules: an average
//! would hide a full disk. What cannot be seen is unknown, neither well nor ill.
//!
//! The signals are those of USE (Gregg: utilisation, saturation, errors of every resource) for
//! hosts and of the four golden signals (SRE book: latency, traffic, errors, saturation) for
//! services. Expects values that were debounced already; a score never debounces.

mod signals;

pub use signals::{Aspect, HealthLimits, HealthSignal, HealthSignalKind, health_signals};

use crate::{Confidence, numbers::count};

/// Part of the loss that the worst signal makes alone …
const WORST_SHARE: f64 = 0.75;
/// … and that the weighted mean of all makes.
const MEAN_SHARE: f64 = 0.25;
/// A busy host that is not saturated is well: what utilisation costs at most.
const UTILISATION_LOSS_MAX: f64 = 0.4;
/// Below 60 % of the expected signals the score is a hint, from 90 % on it can be acted on.
const COVERAGE_MEDIUM: f64 = 0.6;
const COVERAGE_HIGH: f64 = 0.9;
/// Lowest scores of the grades.
const GOOD_MIN: f64 = 90.0;
const FAIR_MIN: f64 = 75.0;
const POOR_MIN: f64 = 50.0;
/// A better grade needs so many points more than its lowest score, so that a score at the border
/// does not change its grade with every poll.
const HYSTERESIS: f64 = 5.0;
/// The host whose score stands for the fleet: a tenth of all weight is at most as well.
const FLEET_SHARE: f64 = 0.1;

/// A score in words, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Below 50.
    Critical,
    /// From 50.
    Poor,
    /// From 75.
    Fair,
    /// From 90.
    Good,
}

impl Grade {
    /// The grade of a score by itself.
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            GOOD_MIN.. => Self::Good,
            FAIR_MIN.. => Self::Fair,
            POOR_MIN.. => Self::Poor,
            _ => Self::Critical,
        }
    }

    /// The grade of `score` after `previous`: worse at once, better only from 5 points above the
    /// grade's lowest score on.
    ///
    /// ```
    /// use analytics::Grade;
    ///
    /// assert_eq!(Grade::after(Some(Grade::Good), 89.0), Grade::Fair);
    /// assert_eq!(Grade::after(Some(Grade::Fair), 94.0), Grade::Fair);
    /// assert_eq!(Grade::after(Some(Grade::Fair), 95.0), Grade::Good);
    /// ```
    #[must_use]
    pub fn after(previous: Option<Self>, score: f64) -> Self {
        let (now, surely) = (Self::of(score), Self::of(score - HYSTERESIS));
        previous.map_or(now, |previous| now.min(surely.max(previous)))
    }
}

/// What a signal costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deduction {
    /// Name of the signal.
    pub name: &'static str,
    /// The value that costs it, in the signal's unit.
    pub value: f64,
    /// 0 at its warning limit, 1 at its critical one.
    pub badness: f64,
    /// Points of the score.
    pub points: f64,
}

/// A score and why it is that.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// 0..=100.
    pub score: f64,
    /// In words.
    pub grade: Grade,
    /// Share of the expected signals that were measured, 0..=1.
    pub coverage: f64,
    /// By coverage: low below 60 %, high from 90 % on.
    pub confidence: Confidence,
    /// What the score lost, dearest first; the points add up to 100 − score.
    pub deductions: Vec<Deduction>,
}

/// The score of a host from its expected signals, measured or not.
///
/// 100 · (1 − min(1, 0.75 · max(w b) + 0.25 · Σ(w b) / Σ w)), with b the [`HealthLimits::badness`] and w
/// the weight of each measured signal. Utilisation costs at most 40 points beyond what the score
/// is without it. Each signal's deduction is its part of the mean, and the worst one's 75 %;
/// utilisation's is what it adds. `previous` is the grade before, for the hysteresis of 5 points.
///
/// `None` when nothing was measured: that host is unknown.
///
/// ```
/// use analytics::{Grade, HealthSignal, health, health_signals};
///
/// // 94 % of the disk is used, nine tenths of the way from 85 to 95; 50 % of the CPU is nothing
/// let signals =
///     [HealthSignal::of(&health_signals::DISK_PERCENT, Some(94.0)), HealthSignal::of(&health_signals::CPU_PERCENT, Some(50.0))];
/// let health = health(&signals, None).unwrap();
/// // 100 · (1 − 0.75 · 0.9 − 0.25 · 0.9 / 1.5)
/// assert!((health.score - 17.5).abs() < 1e-9);
/// assert_eq!(health.grade, Grade::Critical);
/// assert_eq!(health.deductions[0].name, "disk_used_percent");
/// ```
#[must_use]
pub fn health(signals: &[HealthSignal], previous: Option<Grade>) -> Option<Health> {
    let bad: Vec<Bad> = signals.iter().filter_map(Bad::of).collect();
    let weights: f64 = bad.iter().map(|it| it.kind.weight.max(0.0)).sum();
    if bad.is_empty() || weights <= 0.0 {
        return None;
    }
    let worst = |of: &[&Bad]| of.iter().map(|it| it.cost).fold(0.0, f64::max);
    let sum = |of: &[&Bad]| of.iter().map(|it| it.cost).sum::<f64>();
    let loss = |of: &[&Bad]| WORST_SHARE * worst(of) + MEAN_SHARE * sum(of) / weights;
    let all: Vec<&Bad> = bad.iter().collect();
    let (busy, other): (Vec<&Bad>, Vec<&Bad>) =
        all.iter().partition(|it| it.kind.aspect == Aspect::Utilisation);
    let by_other = loss(&other);
    let by_use = (loss(&all) - by_other).min(UTILISATION_LOSS_MAX);
    let whole = by_other + by_use;
    let shown = if whole > 1.0 { 100.0 / whole } else { 100.0 };

    let (other_worst, busy_sum) = (worst(&other), sum(&busy));
    let mut deductions = Vec::new();
    let mut ruled = false;
    for it in other.iter().filter(|it| it.cost > 0.0) {
        // Of equals, the first one listed rules.
        let rules = !ruled && it.cost >= other_worst;
        ruled |= rules;
        let alone = if rules { WORST_SHARE * it.cost } else { 0.0 };
        deductions.push(it.deduction(shown * (alone + MEAN_SHARE * it.cost / weights)));
    }
    let busy = busy.iter().filter(|it| it.cost > 0.0);
    deductions.extend(busy.map(|it| it.deduction(shown * by_use * it.cost / busy_sum)));
    deductions.sort_by(|one, other| other.points.total_cmp(&one.points));

    let score = 100.0 * (1.0 - whole.min(1.0));
    let coverage = count(bad.len()) / count(signals.len());
    Some(Health {
        score,
        grade: Grade::after(previous, score),
        coverage,
        confidence: match coverage {
            COVERAGE_HIGH.. => Confidence::High,
            COVERAGE_MEDIUM.. => Confidence::Medium,
            _ => Confidence::Low,
        },
        deductions,
    })
}

/// A measured signal and what it costs.
struct Bad {
    kind: HealthSignalKind,
    value: f64,
    badness: f64,
    /// Weight × badness.
    cost: f64,
}

impl Bad {
    fn of(signal: &HealthSignal) -> Option<Self> {
        let value = signal.value?;
        let badness = signal.kind.limits.badness(value)?;
        Some(Self {
            kind: signal.kind,
            value,
            badness,
            cost: signal.kind.weight.max(0.0) * badness,
        })
    }

    fn deduction(&self, points: f64) -> Deduction {
        Deduction { name: self.kind.name, value: self.value, badness: self.badness, points }
    }
}

/// How well a fleet is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FleetHealth {
    /// Score of the host at the 10th percentile.
    pub p10_score: f64,
    /// Its place in the list that was given.
    pub p10_host: usize,
    /// Hosts of grade good, fair, poor, critical.
    pub grades: [usize; 4],
    /// Hosts without a score.
    pub unknown: usize,
}

impl FleetHealth {
    /// The score in words.
    #[must_use]
    pub fn grade(&self) -> Grade {
        Grade::of(self.p10_score)
    }
}

/// The fleet's health from the score of each host and its weight above 0: the score that a tenth
/// of the weight does not exceed (nearest rank), and the hosts of each grade; not the mean, in
/// which ninety idle hosts hide ten full ones. Hosts without a score are unknown and weigh
/// nothing. `None` when all are.
///
/// ```
/// use analytics::fleet_health;
///
/// let fleet = fleet_health(&[(Some(99.0), 1.0), (Some(12.0), 1.0), (None, 1.0)]).unwrap();
/// assert_eq!((fleet.p10_score, fleet.p10_host), (12.0, 1));
/// assert_eq!((fleet.grades, fleet.unknown), ([1, 0, 0, 1], 1));
/// ```
#[must_use]
pub fn fleet_health(hosts: &[(Option<f64>, f64)]) -> Option<FleetHealth> {
    let known = |(at, (score, weight)): (usize, &(Option<f64>, f64))| {
        Some((at, (*score)?, weight.max(0.0)))
    };
    let mut known: Vec<(usize, f64, f64)> = hosts.iter().enumerate().filter_map(known).collect();
    known.sort_by(|one, other| one.1.total_cmp(&other.1));
    let share = FLEET_SHARE * known.iter().map(|(.., weight)| weight).sum::<f64>();
    let mut passed = 0.0;
    let reaches = |(.., weight): &&(usize, f64, f64)| {
        passed += weight;
        passed >= share
    };
    let (p10_host, p10_score, _) = *known.iter().find(reaches)?;
    let of = |grade| known.iter().filter(|(_, score, _)| Grade::of(*score) == grade).count();
    Some(FleetHealth {
        p10_score,
        p10_host,
        grades: [Grade::Good, Grade::Fair, Grade::Poor, Grade::Critical].map(of),
        unknown: hosts.len() - known.len(),
    })
}

#[cfg(test)]
mod tests;
