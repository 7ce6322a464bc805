//! Samples on a regular grid of whole days, a gap being a gap. Never fills one.

use crate::params::{DAY_SECS, HISTORY_DAYS_MAX};

/// The step of a series; divides a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    step_secs: u32,
}

/// Where a sample stands in the caller's calendar: which day, and which slot of it.
///
/// Days and slots are those of the host's local time, so that a job at 03:00 keeps its slot when
/// the clocks change: the hour that is skipped is a gap, of an hour that comes twice the second
/// counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Day number, from any origin.
    pub day: i64,
    /// 0 at midnight.
    pub index: usize,
}

/// One value at its slot. A value that is not finite is a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When, in the caller's calendar.
    pub slot: Slot,
    /// What was measured.
    pub value: f64,
}

impl Steps {
    /// `None` unless `step_secs` divides a day.
    ///
    /// ```
    /// assert_eq!(analytics::Steps::new(300).unwrap().per_day(), 288);
    /// assert!(analytics::Steps::new(7).is_none());
    /// ```
    #[must_use]
    pub fn new(step_secs: u32) -> Option<Self> {
        (step_secs > 0 && DAY_SECS.is_multiple_of(step_secs)).then_some(Self { step_secs })
    }

    /// Slots of a day.
    #[must_use]
    pub fn per_day(self) -> usize {
        (DAY_SECS / self.step_secs) as usize
    }

    /// The step in seconds.
    #[must_use]
    pub fn secs(self) -> u32 {
        self.step_secs
    }

    /// The slot of a local time: seconds since any midnight, UTC offset added.
    ///
    /// ```
    /// let slot = analytics::Steps::new(300).unwrap().at(2 * 86_400 + 3_600);
    /// assert_eq!((slot.day, slot.index), (2, 12));
    /// ```
    #[must_use]
    pub fn at(self, local_secs: i64) -> Slot {
        let in_day = local_secs.rem_euclid(i64::from(DAY_SECS)) / i64::from(self.step_secs);
        Slot { day: local_secs.div_euclid(i64::from(DAY_SECS)), index: in_day as usize }
    }

    /// Values one step apart as samples, the first at `first_local_secs`.
    #[must_use]
    pub fn samples(self, first_local_secs: i64, values: &[f64]) -> Vec<Sample> {
        let times = (0..).map(|at| first_local_secs.saturating_add(at * i64::from(self.step_secs)));
        times.zip(values).map(|(at, &value)| Sample { slot: self.at(at), value }).collect()
    }

    /// Steps since day 0, in local time; grows by one from slot to slot.
    #[must_use]
    pub fn position(self, slot: Slot) -> i64 {
        slot.day.saturating_mul(self.per_day() as i64).saturating_add(slot.index as i64)
    }

    /// Steps in a span, rounded down.
    pub(crate) fn count(self, secs: u32) -> usize {
        (secs / self.step_secs) as usize
    }
}

/// Days × slots, row by row.
#[derive(Debug)]
pub(crate) struct Grid {
    pub(crate) steps: Steps,
    first_day: i64,
    pub(crate) cells: Vec<f64>,
}

impl Grid {
    /// The grid from the first sample's day to the last one's; `None` without samples or when the
    /// clock ran backwards by more than all of it. Days before `HISTORY_DAYS_MAX` are left out.
    pub(crate) fn of(samples: &[Sample], steps: Steps) -> Option<Self> {
        let last_day = samples.last()?.slot.day;
        let oldest = last_day.saturating_sub(HISTORY_DAYS_MAX as i64 - 1);
        let days = samples.iter().map(|sample| sample.slot.day);
        let first_day = days.filter(|day| (oldest..=last_day).contains(day)).min()?;
        let days = usize::try_from(last_day.checked_sub(first_day)?).ok()? + 1;
        let cells = vec![f64::NAN; days * steps.per_day()];
        let mut grid = Self { steps, first_day, cells };
        for sample in samples {
            if let Some(at) = grid.place(sample.slot)
                && let Some(cell) = grid.cells.get_mut(at)
                && sample.value.is_finite()
            {
                *cell = sample.value;
            }
        }
        Some(grid)
    }

    /// Index of a slot's cell.
    pub(crate) fn place(&self, slot: Slot) -> Option<usize> {
        let day = usize::try_from(slot.day.checked_sub(self.first_day)?).ok()?;
        let at = day.checked_mul(self.steps.per_day())?.checked_add(slot.index)?;
        (slot.index < self.steps.per_day() && at < self.cells.len()).then_some(at)
    }

    /// Rows.
    pub(crate) fn days(&self) -> usize {
        self.cells.len() / self.steps.per_day()
    }

    /// The calendar's number of a row.
    pub(crate) fn day_number(&self, row: usize) -> i64 {
        self.first_day.saturating_add(row as i64)
    }

    /// Cells of one day; none outside.
    pub(crate) fn row(&self, day: usize) -> &[f64] {
        days_of(&self.cells, self.steps, day, day + 1)
    }
}

/// The part of a grid-shaped slice that days `from..to` fill.
pub(crate) fn days_of(cells: &[f64], steps: Steps, from: usize, to: usize) -> &[f64] {
    cells.get(from * steps.per_day()..to * steps.per_day()).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_hour_is_a_gap_and_of_a_doubled_one_the_second_counts() {
        let steps = Steps::new(3_600).unwrap();
        let mut samples = steps.samples(0, &[1.0; 24]);
        samples.remove(2);
        samples.insert(5, Sample { slot: Slot { day: 0, index: 4 }, value: 7.0 });
        let grid = Grid::of(&samples, steps).unwrap();
        assert!(grid.cells[2].is_nan());
        assert_eq!(grid.cells[4], 7.0);
        assert_eq!(grid.cells.len(), 24);
    }

    #[test]
    fn a_clock_that_jumped_does_not_grow_the_grid() {
        let steps = Steps::new(3_600).unwrap();
        let mut samples = steps.samples(0, &[1.0; 24]);
        samples.extend(steps.samples(50_000 * 86_400, &[2.0; 24]));
        assert_eq!(Grid::of(&samples, steps).unwrap().days(), 1);
        let absurd = Sample { slot: Slot { day: i64::MAX, index: 9_999 }, value: 1.0 };
        assert!(Grid::of(&[absurd], steps).unwrap().cells.iter().all(|cell| cell.is_nan()));
    }
}
