//! Believable load as closed formulas: a rate that can be read and integrated at any time in constant
//! cost. Never keeps state and never reads a clock; the same seed and time give the same number.

mod bump;
mod week;

use std::f64::consts::TAU;

pub use bump::Bump;
pub use week::Week;

/// Seconds of a day.
pub const DAY_SECS: f64 = 86_400.0;
/// Seconds of an hour.
pub const HOUR_SECS: f64 = 3_600.0;

/// Lengths of the noise slots in seconds, and the share of the noise that each carries.
///
/// Within one slot the noise is one full sine of a hashed height: it is continuous at the borders and
/// integrates to zero over the slot, so an integral over weeks costs as much as one over a second.
const NOISE_SLOTS: [(f64, f64); 3] = [(41.0, 0.45), (307.0, 0.35), (2_909.0, 0.2)];

/// Hours of a level that are looked at: two years.
const HOURS_MAX: f64 = 2.0 * 366.0 * 24.0;

/// One round of splitmix64: a well mixed number for every input.
#[must_use]
pub const fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of a seed and a salt.
#[must_use]
pub const fn hash(seed: u64, salt: u64) -> u64 {
    mix(mix(seed) ^ salt.wrapping_mul(0xd6e8_feb8_6659_fd93))
}

/// A hashed number in `0.0..1.0`.
#[must_use]
pub fn unit(seed: u64, salt: u64) -> f64 {
    (hash(seed, salt) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A hashed number in `low..high`.
#[must_use]
pub fn within(seed: u64, salt: u64, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(seed, salt)
}

/// A repeated rectangular burst on top of a [`Curve`], such as an hourly job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulse {
    /// Seconds from one start to the next.
    pub period_secs: f64,
    /// Seconds that each burst lasts.
    pub length_secs: f64,
    /// Shift of the starts in seconds.
    pub phase_secs: f64,
    /// Amount added while the burst lasts.
    pub height: f64,
}

impl Pulse {
    fn value(&self, time: f64) -> f64 {
        let inside = (time + self.phase_secs).rem_euclid(self.period_secs) < self.length_secs;
        if inside { self.height } else { 0.0 }
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        let (from, to) = (from + self.phase_secs, to + self.phase_secs);
        let whole = (to / self.period_secs).floor() - (from / self.period_secs).floor();
        let part = |time: f64| time.rem_euclid(self.period_secs).min(self.length_secs);
        self.height * (whole * self.length_secs + part(to) - part(from))
    }
}

/// A rate over time: a base with a daily and an hourly rhythm, noise, and perhaps bursts.
///
/// The amplitudes are shares of the base and sum to less than one, so the rate stays positive and a
/// counter made of its integral never falls. On days off the rhythm is smaller ([`Week`]), and so is the
/// noise all week then.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    base: f64,
    daily: f64,
    hourly: f64,
    noise: f64,
    rhythm_seed: u64,
    noise_seed: u64,
    pulse: Option<Pulse>,
    week: Option<Week>,
    bumps: Vec<Bump>,
}

/// Most noise of a curve with days off, and the least share of one: what keeps the rate positive.
const WEEK_NOISE_MAX: f64 = 0.18;
const WEEK_SHARE_MIN: f64 = 0.4;

impl Curve {
    /// A curve around `base`; rhythm and noise follow from the seed.
    #[must_use]
    pub fn new(base: f64, seed: u64) -> Self {
        Self {
            base,
            daily: within(seed, 1, 0.2, 0.4),
            hourly: within(seed, 2, 0.05, 0.15),
            noise: within(seed, 3, 0.2, 0.4),
            rhythm_seed: seed,
            noise_seed: seed,
            pulse: None,
            week: None,
            bumps: Vec::new(),
        }
    }

    /// The same curve with a burst on top.
    #[must_use]
    pub fn with_pulse(mut self, pulse: Pulse) -> Self {
        self.pulse = Some(pulse);
        self
    }

    /// Gives it days off, on which it does `share` of its work.
    pub fn set_week(&mut self, week: &Week, share: f64) {
        self.week = Some(week.with_share(share.clamp(WEEK_SHARE_MIN, 1.0)));
        self.noise = self.noise.min(WEEK_NOISE_MAX);
    }

    /// Adds a scripted change. One that lowers the rate may take a tenth of the base at most, and
    /// more of a level, which is never integrated.
    pub fn add(&mut self, bump: Bump) {
        self.bumps.push(bump);
    }

    /// The rate around which it moves.
    #[must_use]
    pub const fn base(&self) -> f64 {
        self.base
    }

    /// A curve with the same rhythm and bursts, scaled by `share`, with noise of its own.
    #[must_use]
    pub fn derive(&self, share: f64, seed: u64) -> Self {
        let pulse = self.pulse.map(|pulse| Pulse { height: pulse.height * share, ..pulse });
        let bumps = self.bumps.iter().map(|bump| Bump { height: bump.height * share, ..*bump });
        Self {
            base: self.base * share,
            noise: if self.week.is_some() { WEEK_NOISE_MAX } else { 0.4 },
            noise_seed: seed,
            pulse,
            week: self.week.clone(),
            bumps: bumps.collect(),
            ..*self
        }
    }

    /// The rate at a time, per second.
    #[must_use]
    pub fn value(&self, time: f64) -> f64 {
        let daily = self.daily * (TAU * self.turn(time, DAY_SECS, 4)).sin();
        let hourly = self.hourly * (TAU * self.turn(time, HOUR_SECS, 5)).sin();
        let noise: f64 = NOISE_SLOTS
            .iter()
            .map(|&(length, share)| {
                let (height, turn) = self.slot(time, length);
                share * height * (TAU * turn).sin()
            })
            .sum();
        let pulse = self.pulse.map_or(0.0, |pulse| pulse.value(time));
        let bumps: f64 = self.bumps.iter().map(|bump| bump.value(time)).sum();
        let share = self.week.as_ref().map_or(1.0, |week| week.share(time));
        self.base * (share * (1.0 + daily + hourly) + self.noise * noise) + pulse + bumps
    }

    /// The amount that flowed from one time to another: the exact integral of [`Curve::value`].
    #[must_use]
    pub fn integral(&self, from: f64, to: f64) -> f64 {
        let pulse = self.pulse.map_or(0.0, |pulse| pulse.integral(from, to));
        let bumps: f64 = self.bumps.iter().map(|bump| bump.integral(from, to)).sum();
        let rhythm = match &self.week {
            None => (to - from) + self.rhythm(to) - self.rhythm(from),
            Some(week) => self.working(week, to) - self.working(week, from),
        };
        let noise = self.noise * (self.noise_until(to) - self.noise_until(from));
        self.base * (rhythm + noise) + pulse + bumps
    }

    /// The rhythm with days off, from 1970 to a time.
    fn working(&self, week: &Week, time: f64) -> f64 {
        let day = (time / DAY_SECS).floor();
        let begin = day * DAY_SECS;
        let today = time - begin + self.rhythm(time) - self.rhythm(begin);
        week.weighted_secs(day as i64) + week.share(time) * today
    }

    /// The mean rate between two times; the rate itself when they are equal.
    #[must_use]
    pub fn mean(&self, from: f64, to: f64) -> f64 {
        if to - from < 1e-6 { self.value(to) } else { self.integral(from, to) / (to - from) }
    }

    /// The bounded, periodic part of the primitive, as a share of the base.
    fn rhythm(&self, time: f64) -> f64 {
        let primitive = |turn: f64, period: f64| -(TAU * turn).cos() * period / TAU;
        let daily = self.daily * primitive(self.turn(time, DAY_SECS, 4), DAY_SECS);
        daily + self.hourly * primitive(self.turn(time, HOUR_SECS, 5), HOUR_SECS)
    }

    /// The same of the noise, before its height.
    fn noise_until(&self, time: f64) -> f64 {
        NOISE_SLOTS
            .iter()
            .map(|&(length, share)| {
                let (height, turn) = self.slot(time, length);
                share * height * (1.0 - (TAU * turn).cos()) * length / TAU
            })
            .sum()
    }

    /// Where in a period the time lies, `0.0..1.0`, with a hashed shift of at most a quarter.
    fn turn(&self, time: f64, period: f64, salt: u64) -> f64 {
        (time / period + 0.25 * unit(self.rhythm_seed, salt) - 0.35).rem_euclid(1.0)
    }

    /// Height of the noise in the slot of that time, `-1.0..1.0` with few large ones, and where in the
    /// slot the time lies.
    fn slot(&self, time: f64, length: f64) -> (f64, f64) {
        let position = time / length;
        let number = position.floor();
        let raw = 2.0 * unit(self.noise_seed ^ length.to_bits(), number as u64) - 1.0;
        (raw * raw.abs(), position - number)
    }
}

/// A level over time, such as used memory: a wave around a base plus a slow saw tooth.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The wave.
    pub wave: Curve,
    /// Height of the saw tooth: the level grows by this much and falls back at once.
    pub saw_height: f64,
    /// Seconds of one tooth.
    pub saw_period_secs: f64,
    /// Shift of the teeth in seconds.
    pub saw_phase_secs: f64,
}

impl Level {
    /// A level without a saw tooth.
    #[must_use]
    pub fn steady(base: f64, seed: u64) -> Self {
        Self {
            wave: Curve { daily: 0.08, hourly: 0.02, noise: 0.05, ..Curve::new(base, seed) },
            saw_height: 0.0,
            saw_period_secs: DAY_SECS,
            saw_phase_secs: 0.0,
        }
    }

    /// A level that fills from `low` to `high` in `period_secs`, then is emptied.
    #[must_use]
    pub fn filling(low: f64, high: f64, period_secs: f64, seed: u64) -> Self {
        Self {
            wave: Curve { daily: 0.002, hourly: 0.001, noise: 0.001, ..Curve::new(low, seed) },
            saw_height: high - low,
            saw_period_secs: period_secs,
            saw_phase_secs: period_secs * unit(seed, 6),
        }
    }

    /// Grows through this time without falling back, which nobody would have scripted.
    pub fn grow_through(&mut self, from: f64, to: f64) {
        let period = self.saw_period_secs.max(3.0 * (to - from));
        self.saw_height *= self.saw_period_secs / period;
        self.saw_period_secs = period;
        let tooth = |time: f64| ((time + self.saw_phase_secs) / period).floor();
        if tooth(from) != tooth(to) {
            self.saw_phase_secs = period * 0.1 - from.rem_euclid(period);
        }
    }

    /// Lowers the level so that it stays below `most` from one time to another.
    pub fn keep_below(&mut self, from: f64, to: f64, most: f64) {
        let hours = ((to - from) / HOUR_SECS).clamp(0.0, HOURS_MAX) as u32;
        let highest = (0..=hours)
            .map(|hour| self.value(from + f64::from(hour) * HOUR_SECS))
            .fold(self.value(to), f64::max);
        self.wave.base -= (highest - most).max(0.0);
    }

    /// The level at a time.
    #[must_use]
    pub fn value(&self, time: f64) -> f64 {
        let tooth = ((time + self.saw_phase_secs) / self.saw_period_secs).rem_euclid(1.0);
        self.wave.value(time) + self.saw_height * tooth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: f64 = 1_795_378_000.0;

    fn curves() -> Vec<Curve> {
        let pulse =
            Pulse { period_secs: 3_600.0, length_secs: 700.0, phase_secs: 13.0, height: 400.0 };
        let mut curves: Vec<Curve> = (0..20).map(|seed| Curve::new(1_000.0, seed)).collect();
        curves.push(Curve::new(1_000.0, 99).with_pulse(pulse));
        curves.push(Curve::new(1_000.0, 99).with_pulse(pulse).derive(0.1, 7));
        let monday = (START / DAY_SECS) as i64 + 1;
        let mut working = Curve::new(1_000.0, 98);
        working.set_week(&Week::new(1.0, &[monday]), 0.4);
        working.add(Bump::block(START + 3_000.0, START + 6_000.0, 700.0).soft(500.0, 900.0));
        curves.push(working.derive(2.0, 8));
        curves.push(working);
        curves
    }

    #[test]
    fn the_integral_is_the_sum_of_the_rate() {
        for curve in curves() {
            let step = 0.25;
            let sum: f64 =
                (0..40_000).map(|i| curve.value(START + (f64::from(i) + 0.5) * step) * step).sum();
            let integral = curve.integral(START, START + 10_000.0);
            assert!((sum - integral).abs() < integral * 1e-3, "{curve:?}: {sum} {integral}");
        }
    }

    #[test]
    fn the_rate_is_never_negative_so_the_integral_never_falls() {
        for curve in curves() {
            for i in 0..20_000 {
                let time = START + f64::from(i) * 7.3;
                assert!(curve.value(time) >= 0.0);
                assert!(curve.integral(START, time + 7.3) >= curve.integral(START, time));
            }
        }
    }

    #[test]
    fn integrals_of_neighbouring_spans_add_up() {
        for curve in curves() {
            let whole = curve.integral(START - 5e6, START + 90.0);
            let parts = curve.integral(START - 5e6, START) + curve.integral(START, START + 90.0);
            assert!((whole - parts).abs() < 0.1, "{curve:?}");
        }
    }

    #[test]
    fn a_level_that_shall_grow_through_does_not_fall_back() {
        for seed in 0..50 {
            let mut level = Level::filling(0.4, 0.9, within(seed, 1, 3.0, 60.0) * DAY_SECS, seed);
            level.grow_through(START, START + 14.0 * DAY_SECS);
            let values: Vec<f64> =
                (0..14 * 24).map(|hour| level.value(START + f64::from(hour) * HOUR_SECS)).collect();
            assert!(values.windows(2).all(|pair| pair[1] > pair[0] - 0.01), "{level:?}");
            assert!(values.iter().all(|value| (0.3..0.95).contains(value)), "{level:?}");
        }
    }

    #[test]
    fn a_level_that_is_kept_below_something_stays_there_and_keeps_its_shape() {
        let mut level = Level::filling(0.6, 0.95, 60.0 * DAY_SECS, 3);
        let end = START + 50.0 * DAY_SECS;
        level.grow_through(START, end);
        let grown = level.value(end) - level.value(START);
        level.keep_below(START, end, 0.5);
        for hour in 0..50 * 24 {
            assert!(level.value(START + f64::from(hour) * HOUR_SECS) < 0.501);
        }
        assert!((level.value(end) - level.value(START) - grown).abs() < 0.005, "{level:?}");
    }

    #[test]
    fn a_day_off_has_less_than_a_working_day() {
        let mut curve = Curve::new(1_000.0, 5);
        curve.set_week(&Week::new(1.0, &[]), 0.5);
        let monday = 1_795_392_000.0;
        let day = |n: f64| curve.integral(monday + n * DAY_SECS, monday + (n + 1.0) * DAY_SECS);
        let (friday, saturday) = (day(4.0), day(5.0));
        assert!((saturday / friday - 0.5).abs() < 0.02, "{saturday} {friday}");
    }

    #[test]
    fn a_filling_level_grows_and_is_emptied() {
        let level = Level::filling(0.4, 0.9, 10.0 * DAY_SECS, 3);
        let values: Vec<f64> =
            (0..20).map(|day| level.value(START + f64::from(day) * DAY_SECS)).collect();
        assert!(values.iter().all(|value| (0.3..0.95).contains(value)));
        let falls = values.windows(2).filter(|pair| pair[1] < pair[0] - 0.2).count();
        assert!((1..=2).contains(&falls), "{values:?}");
    }
}
