//! How much history there is, and how much an answer needs.

use std::{error::Error, fmt};

/// There is an answer later: so many days of history are there, so many are needed.
///
/// A day counts when at least half of its samples were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotEnough {
    /// Days of usable history.
    pub have_days: usize,
    /// Days that the answer needs.
    pub need_days: usize,
}

impl fmt::Display for NotEnough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} days of history, {} are needed", self.have_days, self.need_days)
    }
}

impl Error for NotEnough {}

impl NotEnough {
    /// Days until the answer is there, if every day is measured.
    ///
    /// ```
    /// let not_enough = analytics::NotEnough { have_days: 5, need_days: 7 };
    /// assert_eq!(not_enough.missing_days(), 2);
    /// ```
    #[must_use]
    pub fn missing_days(self) -> usize {
        self.need_days.saturating_sub(self.have_days)
    }
}

/// How far an answer can be trusted, given what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A hint.
    Low,
    /// Good enough to look into.
    Medium,
    /// Good enough to act on.
    High,
}

/// Days with at least half of their samples, counted back from the newest sample; NaN is a gap.
///
/// ```
/// let hours = [vec![1.0; 24], vec![f64::NAN; 24], vec![1.0; 24]].concat();
/// assert_eq!(analytics::days_measured(&hours, 24), 2);
/// ```
#[must_use]
pub fn days_measured(values: &[f64], steps_per_day: usize) -> usize {
    let half = steps_per_day.div_ceil(2);
    let measured = |day: &[f64]| day.iter().filter(|value| value.is_finite()).count();
    values.rchunks(steps_per_day.max(1)).filter(|day| measured(day) >= half.max(1)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_when_half_of_it_was_measured() {
        let mut values = vec![1.0; 48];
        assert_eq!(days_measured(&values, 24), 2);
        values[..13].fill(f64::NAN);
        assert_eq!(days_measured(&values, 24), 1);
        assert_eq!(days_measured(&values[40..], 24), 0);
        assert_eq!(days_measured(&[], 24), 0);
    }
}
