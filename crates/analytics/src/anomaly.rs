//! How strange a value is for its series. Never reads a clock, never alerts: [`gate`](crate::Judge)
//! decides what a score is worth.
//!
//! Of seven predictors - the median of the last 3 h, a fast and a slow exponential average, and the
//! daily and the weekly median profile moved by the recent offset of the series from it - the one
//! with the least trimmed error of the last 7 days predicts a day. The score is
//!
//! ```text
//! z = |value - prediction| / max(scale, 1 % of the usual range, unit floor)
//! ```
//!
//! The scale is the usual daily tail of that predictor's errors: the mean over 14 days of each day's
//! 99.25th percentile, a day counting at most three times the median day, over 2.67. So a series
//! whose errors have a heavy tail every day needs more to be strange, and one bad day does not make
//! its next two weeks blind. The baseline design (one 95th percentile of all errors of 14 days over
//! 1.96) is kept as [`Scale::Pooled`].

mod cold;
mod gate;
mod grid;
mod plan;
mod predict;

pub use cold::{Cold, Size, cold_start, early_z, is_sizeable};
pub use gate::{HostFusion, Judge, MOfN, Severity, kth_largest};
pub use grid::{Sample, Slot, Steps};

use crate::params::Z_MAX;
use grid::Grid;
use plan::{Plan, Study};
use predict::{Base, PREDICTORS, Tracker, profile};

/// What a detector is told about its series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The least change that matters, in the unit of the values: 1 for percentages, .1 for load,
    /// 1 for milliseconds, 10 000 for bytes a second; 0 when unknown. The scale is at least this.
    pub unit_floor: f64,
    /// How errors become a scale.
    pub scale: Scale,
}

impl Default for Settings {
    fn default() -> Self {
        Self { unit_floor: 0.0, scale: Scale::Daily }
    }
}

/// How errors of the last 14 days become one deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Mean of the days' 99.25th percentiles, wild days limited. What the product uses.
    Daily,
    /// The 95th percentile of all errors. For comparison.
    Pooled,
}

/// A value judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Distance from the prediction in deviations, 0 to 1,000.
    pub z: f64,
    /// The prediction, in the unit of the values.
    pub expected: f64,
    /// One deviation, in the unit of the values.
    pub scale: f64,
}

impl Score {
    /// `None` where the error is unknown.
    fn of(value: f64, error: f64, plan: Plan) -> Option<Self> {
        let size = error.abs();
        // No error is no news, even of a series that never had one (0 / 0).
        let z = if size == 0.0 { 0.0 } else { size / plan.scale };
        (!z.is_nan()).then(|| Self { z: z.min(Z_MAX), expected: value - error, scale: plan.scale })
    }
}

/// The score of every sample, each by samples before it only.
///
/// `None` for a gap, in the first days (a scale takes two whole days with a predictor and 50
/// values), and where the chosen predictor has no level. The samples are in order of time; of two in
/// one slot the later counts.
///
/// ```
/// use analytics::{Settings, Steps, score_series};
///
/// let steps = Steps::new(3_600).unwrap();
/// let mut load: Vec<f64> = (0..24 * 10).map(|hour| f64::from(hour % 24 + hour % 7)).collect();
/// *load.last_mut().unwrap() = 500.0;
/// let scores = score_series(&steps.samples(0, &load), steps, &Settings::default());
/// assert_eq!(scores[0], None);
/// assert!(scores[239].unwrap().z > 10.0);
/// ```
#[must_use]
pub fn score_series(samples: &[Sample], steps: Steps, settings: &Settings) -> Vec<Option<Score>> {
    let Some(grid) = Grid::of(samples, steps) else {
        return vec![None; samples.len()];
    };
    scores(samples, &grid, &Study::of(&grid, settings.scale, settings.unit_floor))
}

fn scores(samples: &[Sample], grid: &Grid, study: &Study) -> Vec<Option<Score>> {
    let steps = grid.steps;
    let score = |sample: &Sample| {
        let cell = grid.place(sample.slot)?;
        let plan = (*study.plans.get(cell / steps.per_day())?)?;
        Score::of(*grid.cells.get(cell)?, study.error(plan, cell), plan)
    };
    samples.iter().map(score).collect()
}

/// A series' habits, learned once a day, by which each new sample costs well under a microsecond.
///
/// It holds the one predictor that was chosen and its profile for two days: some kilobytes.
#[derive(Clone, Debug)]
pub struct Detector {
    steps: Steps,
    day: i64,
    plan: Plan,
    /// Today's and tomorrow's base; empty for a level.
    bases: [Vec<f64>; 2],
    tracker: Tracker,
    /// Position of the last sample taken.
    last: i64,
}

impl Detector {
    /// Learns from history in order of time, up to 28 days being of use; the last sample's day is
    /// today. `None` while there is too little for a scale: see [`score_series`], and
    /// [`early_z`] for what can be said until then. What must not be learned - a confirmed incident,
    /// all that lies before a change of level - is left out by the caller.
    ///
    /// ```
    /// use analytics::{Detector, Settings, Steps};
    ///
    /// let steps = Steps::new(3_600).unwrap();
    /// let load: Vec<f64> = (0..240).map(|hour| f64::from(hour % 24 + hour % 7)).collect();
    /// let history = steps.samples(0, &load);
    /// let mut detector = Detector::learn(&history, steps, &Settings::default()).unwrap();
    /// let next = analytics::Sample { slot: steps.at(240 * 3_600), value: 500.0 };
    /// assert!(detector.push(next).unwrap().z > 10.0);
    /// assert_eq!(detector.push(next), None);
    /// ```
    #[must_use]
    pub fn learn(history: &[Sample], steps: Steps, settings: &Settings) -> Option<Self> {
        let grid = Grid::of(history, steps)?;
        Self::of(&grid, Study::of(&grid, settings.scale, settings.unit_floor))
    }

    /// The scores of a history, as [`score_series`], and what is learned from it, as
    /// [`Detector::learn`], at the price of one of them.
    #[must_use]
    pub fn study(
        history: &[Sample],
        steps: Steps,
        settings: &Settings,
    ) -> (Vec<Option<Score>>, Option<Self>) {
        let Some(grid) = Grid::of(history, steps) else {
            return (vec![None; history.len()], None);
        };
        let study = Study::of(&grid, settings.scale, settings.unit_floor);
        (scores(history, &grid, &study), Self::of(&grid, study))
    }

    fn of(grid: &Grid, study: Study) -> Option<Self> {
        let steps = grid.steps;
        let today = grid.days().checked_sub(1)?;
        let plan = (*study.plans.get(today)?)?;
        let (base, _) = *PREDICTORS.get(plan.predictor)?;
        let row = |day| match base {
            Base::Zero => Vec::new(),
            Base::Daily | Base::Weekly => profile(grid, base, day),
        };
        let ends = grid.cells.iter().rposition(|cell| !cell.is_nan())? % steps.per_day();
        let day = grid.day_number(today);
        Some(Self {
            steps,
            day,
            plan,
            bases: [row(today), row(today + 1)],
            tracker: study.runs.into_iter().nth(plan.predictor)?.1,
            last: steps.position(Slot { day, index: ends }),
        })
    }

    /// Judges a new sample and takes it in. `None` for a gap, a slot that was there already or lies
    /// in the past (so for the hour that comes twice in autumn), and from the day after tomorrow:
    /// then it is time to learn again.
    pub fn push(&mut self, sample: Sample) -> Option<Score> {
        let base = self.base(sample.slot)?;
        let position = self.steps.position(sample.slot);
        let skipped = position.checked_sub(self.last)?.checked_sub(1)?;
        usize::try_from(skipped).ok()?;
        // Two days at most: further slots have no base.
        for _ in 0..skipped {
            self.tracker.push(f64::NAN);
        }
        self.last = position;
        let value = if sample.value.is_finite() { sample.value } else { f64::NAN };
        let error = value - (base + self.tracker.level());
        self.tracker.push(value - base);
        Score::of(value, error, self.plan)
    }

    fn base(&self, slot: Slot) -> Option<f64> {
        let row = self.bases.get(usize::try_from(slot.day.checked_sub(self.day)?).ok()?)?;
        match self.rhythm() {
            Rhythm::Level => (slot.index < self.steps.per_day()).then_some(0.0),
            Rhythm::Daily | Rhythm::Weekly => row.get(slot.index).copied(),
        }
    }

    /// Whether the prediction follows a rhythm of the day or of the week, or the level only.
    #[must_use]
    pub fn rhythm(&self) -> Rhythm {
        match PREDICTORS.get(self.plan.predictor) {
            Some((Base::Daily, _)) => Rhythm::Daily,
            Some((Base::Weekly, _)) => Rhythm::Weekly,
            Some((Base::Zero, _)) | None => Rhythm::Level,
        }
    }
}

/// What a prediction follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// The recent level only.
    Level,
    /// The time of day.
    Daily,
    /// The time of the week.
    Weekly,
}

#[cfg(test)]
mod tests;
