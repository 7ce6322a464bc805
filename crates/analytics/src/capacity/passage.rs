//! The first time that a rising, noisy line passes 100 %, by simulation.

use super::{
    noise::Noise,
    params::{DAY, DAYS_AHEAD_MAX, FREEDOM_MIN, FUTURES, LEVEL_DRIFT, LEVEL_NOISE},
    segment,
};
use crate::{
    draws::Draws,
    median,
    numbers::{count, student_quantile},
};

/// What is known of a course, in percent and days.
pub(super) struct Course {
    pub(super) slope: f64,
    slope_deviation: f64,
    freedom: f64,
    pub(super) level: f64,
    level_deviation: f64,
    drift: f64,
    noise: f64,
    /// Hour of the peak, and each hour less the peak once the slope is removed (≤ 0).
    peak_hour: usize,
    shape: Vec<f64>,
}

impl Course {
    /// Of a segment's daily peaks and hours. `None` below three peaks.
    pub(super) fn of(peaks: &[f64], hours: &[&[f64]]) -> Option<Self> {
        let slope = segment::slope(peaks)?;
        let level = segment::level(peaks, slope)?;
        let Noise { drift, noise } = Noise::of(peaks)?;
        let slope_deviation = Noise { drift, noise }.slope_variance(peaks.len()).sqrt();
        let shape = shape(hours, slope);
        let peak = shape.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1));
        Some(Self {
            slope,
            slope_deviation,
            freedom: (count(peaks.len()) - 2.0).max(FREEDOM_MIN),
            level,
            level_deviation: (LEVEL_NOISE * noise + LEVEL_DRIFT * drift).sqrt(),
            drift: drift.sqrt(),
            noise: noise.sqrt(),
            peak_hour: peak.map_or(DAY - 1, |(hour, _)| hour),
            shape,
        })
    }

    /// Days until each simulated future passes 100, soonest first; infinite beyond
    /// [`DAYS_AHEAD_MAX`]. Slopes are drawn by stratum, so that few futures do.
    pub(super) fn passages(&self, seed: u64) -> Vec<f64> {
        let mut draws = Draws::new(seed);
        let stratum = |at: usize| (count(at) + 0.5) / count(FUTURES);
        let quantile = |at: usize| student_quantile(stratum(at), self.freedom).unwrap_or_default();
        let mut spread: Vec<f64> = (0..FUTURES).map(quantile).collect();
        draws.shuffle(&mut spread);
        let passages = spread.iter().map(|it| self.passage(it * self.slope_deviation, &mut draws));
        let mut passages: Vec<f64> = passages.collect();
        passages.sort_by(f64::total_cmp);
        passages
    }

    fn passage(&self, slope_error: f64, draws: &mut Draws) -> f64 {
        let slope = self.slope + slope_error;
        let mut level = self.level + self.level_deviation * draws.normal();
        for day in 0..DAYS_AHEAD_MAX {
            level += slope + self.drift * draws.normal();
            let peak = level + self.noise * draws.normal();
            if peak >= 100.0 {
                return count(day) + count(self.hour_of_passage(peak, slope)) / count(DAY);
            }
        }
        f64::INFINITY
    }

    /// The first hour of a day at 100 or above, if its peak is.
    fn hour_of_passage(&self, peak: f64, slope: f64) -> usize {
        let passes = |(hour, shape): (usize, &f64)| {
            let hours = count(hour) - count(self.peak_hour);
            peak + slope * hours / count(DAY) + shape >= 100.0
        };
        self.shape.iter().enumerate().position(passes).unwrap_or(self.peak_hour)
    }
}

/// The median day: each hour less the day's highest, the slope within the day removed, 0 at its
/// peak.
fn shape(hours: &[&[f64]], slope: f64) -> Vec<f64> {
    let highest = |day: &&[f64]| day.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let peaks: Vec<f64> = hours.iter().map(highest).collect();
    let at = |hour: usize| {
        let within = slope * count(hour) / count(DAY);
        let below = hours.iter().zip(&peaks).filter_map(|(day, peak)| Some(day.get(hour)? - peak));
        median(&below.collect::<Vec<_>>()).map_or(f64::NEG_INFINITY, |below| below - within)
    };
    let shape: Vec<f64> = (0..DAY).map(at).collect();
    let top = shape.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    shape.iter().map(|below| if top.is_finite() { below - top } else { 0.0 }).collect()
}
