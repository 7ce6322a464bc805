//! The seven predictors: a level, or a profile of the day or of the week moved by the recent
//! offset from it. Never looks at the value that it predicts.

use std::collections::VecDeque;

use super::grid::{Grid, Steps};
use crate::order::median_of;
use crate::params::{
    EWMA_FAST, EWMA_SLOW, LEVEL_VALUES_MIN, LEVEL_WINDOW_FILLED, LEVEL_WINDOW_SAMPLES_MIN,
    LEVEL_WINDOW_SECS, PROFILE_DAYS, PROFILE_DAYS_MIN, PROFILE_WEEKS, PROFILE_WEEKS_MIN,
};

/// What a predictor adds its level to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Nothing: the level is the prediction.
    Zero,
    /// Median of this time of day, one slot either side, over the last days.
    Daily,
    /// Median of this time of the week, one slot either side, over the last weeks.
    Weekly,
}

/// How a predictor follows the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Follow {
    /// Median of the last three hours.
    Median,
    /// Exponentially weighted mean.
    Ewma(f64),
}

/// The candidates; the first of equals is chosen.
pub(crate) const PREDICTORS: [(Base, Follow); 7] = [
    (Base::Zero, Follow::Median),
    (Base::Zero, Follow::Ewma(EWMA_FAST)),
    (Base::Zero, Follow::Ewma(EWMA_SLOW)),
    (Base::Daily, Follow::Median),
    (Base::Daily, Follow::Ewma(EWMA_FAST)),
    (Base::Weekly, Follow::Median),
    (Base::Weekly, Follow::Ewma(EWMA_FAST)),
];

/// The level of what was pushed so far.
#[derive(Clone, Debug)]
pub(crate) enum Tracker {
    Median(Window),
    Ewma(Ewma),
}

impl Tracker {
    pub(crate) fn new(follow: Follow, steps: Steps) -> Self {
        match follow {
            Follow::Median => Self::Median(Window::new(steps)),
            Follow::Ewma(alpha) => Self::Ewma(Ewma { alpha, mean: f64::NAN, weight: 0.0 }),
        }
    }

    /// NaN while too little was pushed.
    pub(crate) fn level(&self) -> f64 {
        match self {
            Self::Median(window) => window.median(),
            Self::Ewma(ewma) => ewma.mean,
        }
    }

    /// Takes the next slot; NaN is a gap.
    pub(crate) fn push(&mut self, value: f64) {
        match self {
            Self::Median(window) => window.push(value),
            Self::Ewma(ewma) => ewma.push(value),
        }
    }
}

/// Weighted mean, the newest weighing most; a gap leaves it as it is.
#[derive(Clone, Debug)]
pub(crate) struct Ewma {
    alpha: f64,
    mean: f64,
    /// Sum of the weights so far, the newest weighing 1.
    weight: f64,
}

impl Ewma {
    fn push(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let old = self.weight * (1.0 - self.alpha);
        self.weight = old + 1.0;
        self.mean =
            if self.mean.is_nan() { value } else { self.mean + (value - self.mean) / self.weight };
    }
}

/// The last slots, also in order of size.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    slots: VecDeque<f64>,
    sorted: Vec<f64>,
    length: usize,
    filled_min: usize,
}

impl Window {
    fn new(steps: Steps) -> Self {
        let length = steps.count(LEVEL_WINDOW_SECS).max(LEVEL_WINDOW_SAMPLES_MIN);
        let filled_min = (length / LEVEL_WINDOW_FILLED).max(LEVEL_VALUES_MIN);
        Self { slots: VecDeque::new(), sorted: Vec::new(), length, filled_min }
    }

    fn push(&mut self, value: f64) {
        if self.slots.len() == self.length
            && let Some(oldest) = self.slots.pop_front()
            && !oldest.is_nan()
        {
            let at = self.sorted.partition_point(|&held| held < oldest);
            if at < self.sorted.len() {
                self.sorted.remove(at);
            }
        }
        self.slots.push_back(value);
        if !value.is_nan() {
            let at = self.sorted.partition_point(|&held| held < value);
            self.sorted.insert(at, value);
        }
    }

    fn median(&self) -> f64 {
        let count = self.sorted.len();
        if count < self.filled_min {
            return f64::NAN;
        }
        let held = |at: usize| self.sorted.get(at).copied().unwrap_or(f64::NAN);
        let upper = held(count / 2);
        if count % 2 == 1 { upper } else { f64::midpoint(held(count / 2 - 1), upper) }
    }
}

/// The base of every slot of row `day`, from the rows before it; NaN where there is none.
pub(crate) fn profile(grid: &Grid, base: Base, day: usize) -> Vec<f64> {
    match base {
        Base::Zero => vec![0.0; grid.steps.per_day()],
        Base::Daily => daily(grid, day),
        Base::Weekly => weekly(grid, day),
    }
}

fn daily(grid: &Grid, day: usize) -> Vec<f64> {
    let first = day.saturating_sub(PROFILE_DAYS);
    let rows: Vec<&[f64]> = (first..day).map(|row| grid.row(row)).collect();
    around(&rows, PROFILE_DAYS_MIN, grid.steps)
}

fn weekly(grid: &Grid, day: usize) -> Vec<f64> {
    let back = (1..=PROFILE_WEEKS).filter_map(|week| day.checked_sub(7 * week));
    let rows: Vec<&[f64]> = back.map(|row| grid.row(row)).collect();
    around(&rows, PROFILE_WEEKS_MIN, grid.steps)
}

/// Median of each slot and its neighbours over `rows`; the neighbour of midnight is the last slot
/// of the same row.
fn around(rows: &[&[f64]], rows_min: usize, steps: Steps) -> Vec<f64> {
    let slots = steps.per_day();
    if rows.len() < rows_min {
        return vec![f64::NAN; slots];
    }
    let mut near = Vec::with_capacity(3 * rows.len());
    let mut at_slot = |slot: usize| {
        near.clear();
        for row in rows {
            for index in [(slot + slots - 1) % slots, slot, (slot + 1) % slots] {
                near.extend(row.get(index).filter(|value| !value.is_nan()));
            }
        }
        median_of(&mut near).unwrap_or(f64::NAN)
    };
    (0..slots).map(&mut at_slot).collect()
}

/// Errors of a predictor at every cell, NaN where it or the value is missing, and its state after
/// the last cell that holds a value.
pub(crate) fn errors(grid: &Grid, base: &[f64], follow: Follow) -> (Vec<f64>, Tracker) {
    let mut tracker = Tracker::new(follow, grid.steps);
    let ends = grid.cells.iter().rposition(|cell| !cell.is_nan()).map_or(0, |last| last + 1);
    let mut found: Vec<f64> = Vec::with_capacity(grid.cells.len());
    for (value, base) in grid.cells.iter().zip(base).take(ends) {
        found.push(value - (base + tracker.level()));
        tracker.push(value - base);
    }
    found.resize(grid.cells.len(), f64::NAN);
    (found, tracker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_and_a_gap_takes_a_place_in_it() {
        let mut window = Window::new(Steps::new(3_600).unwrap());
        for value in [9.0, 9.0, 9.0, 1.0, 2.0, 3.0] {
            window.push(value);
        }
        assert_eq!(window.median(), 6.0);
        for _ in 0..3 {
            window.push(f64::NAN);
        }
        assert_eq!(window.median(), 2.0);
        window.push(f64::NAN);
        assert!(window.median().is_nan());
    }

    #[test]
    fn an_average_of_one_value_is_the_value() {
        let mut tracker = Tracker::new(Follow::Ewma(0.3), Steps::new(60).unwrap());
        assert!(tracker.level().is_nan());
        tracker.push(5.0);
        tracker.push(f64::NAN);
        assert_eq!(tracker.level(), 5.0);
        tracker.push(6.0);
        assert!((tracker.level() - (5.0 * 0.7 + 6.0) / 1.7).abs() < 1e-12);
    }
}
