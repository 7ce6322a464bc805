//! One series at work: samples to means, means through the patience of `analytics`, turns counted.
//! Everything it keeps can be written down and read back.

use analytics::{Alert as Stand, Debounce, Flap, Memory as Debounced, Rule as Patience, Side};
use serde::{Deserialize, Serialize};

use super::{exact::Exact, rule::Pace, state::Verdict};
use crate::model::Severity;

/// So many values in a row may be missing before what follows begins anew.
const MISSED_MAX: i64 = 3;
/// The shortest time between two values that can be a gap: a plugin read every minute is late at
/// times.
const GAP_SECS_MIN: i64 = 240;
/// A series that is not listed any more is gone after so many readings of its plugin …
const ABSENT_MAX: u32 = 4;
/// … and after so long: a container that is made anew is absent for a moment.
const ABSENT_SECS: i64 = 240;
/// A series of which nothing at all was heard for so long, while its server answers, is gone: its
/// plugin was switched off.
pub(super) const FORGOTTEN_SECS: i64 = 3_600;

/// One series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Track {
    slot: i64,
    sum: Option<Exact>,
    count: u32,
    seen: i64,
    /// Time between the last two values.
    spacing: i64,
    absent: u32,
    /// Only while something is wrong: nearly all series are calm.
    watch: Option<Watch>,
}

/// A series that breached a limit not long ago.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Watch {
    levels: Vec<Level>,
    turns: Vec<u8>,
    flapping: bool,
}

/// The patience of one limit, as plain values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Level {
    severity: Severity,
    stand: Where,
    breaches: u64,
    recent: Vec<Exact>,
    missed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Quiet,
    Pending { since: i64 },
    Firing { since: i64 },
    Clearing { since: i64, recovering: i64 },
    Unknown { since: i64 },
}

/// What a value says of a series.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) value: f64,
    /// The limit of the verdict's severity, the mildest when calm.
    pub(super) threshold: f64,
    pub(super) side: Side,
    pub(super) flapping: bool,
}

impl Track {
    /// A series whose alert is known to be up and nothing else.
    pub(super) fn raised(severity: Severity, since: i64, seen: i64) -> Self {
        let stand = Where::Firing { since };
        let levels = vec![Level { stand, ..Level::new(severity) }];
        Self { seen, watch: Some(Watch { levels, ..Watch::default() }), ..Self::default() }
    }

    /// Whether there is nothing to remember over a restart.
    pub(super) fn is_calm(&self) -> bool {
        self.watch.is_none()
    }

    /// Takes a sample; a judgement when it completes what the rule looks at.
    pub(super) fn take(
        &mut self,
        secs: i64,
        value: f64,
        pace: Pace,
        limits: &[(Severity, Patience)],
    ) -> Option<Judgement> {
        let spacing = secs.saturating_sub(self.seen);
        // The same sample again, or a late one; a clock that was set back is a gap.
        if self.seen != 0 && (-GAP_SECS_MIN..=0).contains(&spacing) && pace == Pace::Sample {
            return None;
        }
        let step = match pace {
            Pace::Sample => 0,
            Pace::Mean(step) => step,
        };
        let usual = self.spacing.max(step).saturating_mul(MISSED_MAX + 1);
        if self.seen != 0 && (spacing > usual.max(GAP_SECS_MIN) || spacing < 0) {
            self.resume();
        }
        (self.spacing, self.seen, self.absent) = (spacing.max(0), secs, 0);
        let (at, value) = self.mean(secs, value, pace)?;
        self.judge(at, value, limits)
    }

    /// The mean that this sample completes.
    fn mean(&mut self, secs: i64, value: f64, pace: Pace) -> Option<(i64, f64)> {
        let step = match pace {
            Pace::Sample => return Some((secs, value)),
            Pace::Mean(step) => step.max(1),
        };
        let slot = secs.div_euclid(step);
        match self.sum {
            Some(Exact(sum)) if slot == self.slot => {
                self.sum = Some(Exact(sum + value));
                self.count = self.count.saturating_add(1);
                None
            }
            before => {
                let ended = self.slot.saturating_add(1).saturating_mul(step);
                let complete = before.filter(|_| slot > self.slot && self.count > 0);
                let mean = complete.map(|Exact(sum)| (ended, sum / f64::from(self.count)));
                (self.slot, self.sum, self.count) = (slot, Some(Exact(value)), 1);
                mean
            }
        }
    }

    fn judge(&mut self, at: i64, value: f64, limits: &[(Severity, Patience)]) -> Option<Judgement> {
        let (_, mildest) = limits.first()?;
        let breached = |(_, rule): &&(Severity, Patience)| match rule.side {
            Side::Above => value >= rule.limit,
            Side::Below => value <= rule.limit,
        };
        let depth = limits.iter().filter(breached).count();
        let calm = Judgement {
            verdict: Verdict::Calm,
            value,
            threshold: mildest.limit,
            side: mildest.side,
            flapping: false,
        };
        if depth == 0 && self.watch.is_none() {
            return Some(calm);
        }
        let watch = self.watch.get_or_insert_default();
        watch.step(at, value, limits);
        watch.turn(u8::try_from(depth).unwrap_or(u8::MAX));
        let flapping = watch.flapping;
        let verdict = watch.verdict();
        let severity = match verdict {
            Verdict::Calm | Verdict::Gone => None,
            Verdict::Breach(severity) | Verdict::Up(severity) => Some(severity),
        };
        let limit = limits.iter().find(|(it, _)| Some(*it) == severity);
        if verdict == Verdict::Calm && watch.is_calm() {
            self.watch = None;
        }
        let threshold = limit.map_or(mildest.limit, |(_, rule)| rule.limit);
        Some(Judgement { verdict, threshold, flapping, ..calm })
    }

    /// Its plugin was read and it was not listed; whether it counts as gone.
    pub(super) fn miss(&mut self, secs: i64) -> bool {
        self.absent = self.absent.saturating_add(1);
        self.absent >= ABSENT_MAX && secs.saturating_sub(self.seen) >= ABSENT_SECS
    }

    /// Whether nothing was heard of it for longer than its plugin can be late.
    pub(super) fn is_forgotten(&self, secs: i64) -> bool {
        secs.saturating_sub(self.seen)
            > FORGOTTEN_SECS.max(self.spacing.saturating_mul(MISSED_MAX + 1))
    }

    /// Nobody looked for a while: the unfinished mean is void, what is up stays up.
    pub(super) fn resume(&mut self) {
        (self.sum, self.count) = (None, 0);
        let Some(watch) = &mut self.watch else { return };
        for level in &mut watch.levels {
            let mut debounce = level.debounce(None);
            debounce.resume();
            level.keep(debounce.memory());
        }
        if watch.levels.iter().all(|level| level.stand == Where::Quiet) {
            self.watch = None;
        }
    }
}

impl Watch {
    /// Whether nothing turned for as long as turns are counted.
    fn is_calm(&self) -> bool {
        self.turns.iter().all(|depth| *depth == 0)
    }

    fn step(&mut self, at: i64, value: f64, limits: &[(Severity, Patience)]) {
        // Limits can be others than before; where an alert stands stays.
        self.levels.retain(|level| limits.iter().any(|(severity, _)| *severity == level.severity));
        for (severity, patience) in limits {
            let known = self.levels.iter_mut().position(|level| level.severity == *severity);
            let mut level = match known {
                Some(index) => self.levels.remove(index),
                None => Level::new(*severity),
            };
            let mut debounce = level.debounce(Some(*patience));
            debounce.step(at, Some(value));
            level.keep(debounce.memory());
            self.levels.push(level);
        }
    }

    fn turn(&mut self, depth: u8) {
        let mut flap = Flap::recalled(&self.turns, self.flapping);
        flap.push(depth);
        (self.turns, self.flapping) = flap.memory();
    }

    fn verdict(&self) -> Verdict {
        let worst = |fits: fn(Where) -> bool| {
            let levels = self.levels.iter().filter(|level| fits(level.stand));
            levels.map(|level| level.severity).max()
        };
        let up = worst(|it| matches!(it, Where::Firing { .. } | Where::Clearing { .. }));
        let pending = worst(|it| matches!(it, Where::Pending { .. }));
        match (up, pending) {
            (Some(severity), _) => Verdict::Up(severity),
            (None, Some(severity)) => Verdict::Breach(severity),
            (None, None) => Verdict::Calm,
        }
    }
}

impl Level {
    const fn new(severity: Severity) -> Self {
        Self { severity, stand: Where::Quiet, breaches: 0, recent: Vec::new(), missed: 0 }
    }

    /// The patience at work; without a rule any will do, for what asks none.
    fn debounce(&self, rule: Option<Patience>) -> Debounce {
        let alert = match self.stand {
            Where::Quiet => Stand::Quiet,
            Where::Pending { since } => Stand::Pending { since },
            Where::Firing { since } => Stand::Firing { since },
            Where::Clearing { since, recovering } => Stand::Clearing { since, recovering },
            Where::Unknown { since } => Stand::Unknown { since },
        };
        let recent = self.recent.iter().map(|it| it.0).collect();
        let memory = Debounced { alert, breaches: self.breaches, recent, missed: self.missed };
        let any = || Patience::critical(Side::Above, 0.0, 0.0);
        Debounce::recalled(rule.unwrap_or_else(any), memory)
    }

    fn keep(&mut self, memory: Debounced) {
        self.stand = match memory.alert {
            Stand::Quiet => Where::Quiet,
            Stand::Pending { since } => Where::Pending { since },
            Stand::Firing { since } => Where::Firing { since },
            Stand::Clearing { since, recovering } => Where::Clearing { since, recovering },
            Stand::Unknown { since } => Where::Unknown { since },
        };
        self.breaches = memory.breaches;
        self.recent = memory.recent.into_iter().map(Exact).collect();
        self.missed = memory.missed;
    }
}
