//! How fine history is kept, and how coarser points are made from finer ones. Pure.

use super::Span;

/// How finely samples are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As polled.
    Raw,
    /// Five minutes: mean, largest, count.
    FiveMinutes,
    /// An hour: smallest, largest, mean, count.
    Hour,
}

/// How long the 5-minute level is kept: five weeks, so that a monthly rhythm is in it.
const FIVE_MINUTES_KEPT_SECS: i64 = 35 * 86_400;
/// How long the hourly level is kept: a year and a month.
const HOURS_KEPT_SECS: i64 = 400 * 86_400;

/// Rows that a block grows to. Fewer compress badly (2 h of polls a minute take 10 % more than 8 h),
/// more are much to read for a short question.
pub(super) const BLOCK_ROWS: usize = 500;

impl Level {
    /// All, finest first.
    pub const ALL: [Self; 3] = [Self::Raw, Self::FiveMinutes, Self::Hour];

    /// Seconds of one point; 0 for the raw level, whose points are where the polls were.
    #[must_use]
    pub const fn step_secs(self) -> i64 {
        match self {
            Self::Raw => 0,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
        }
    }

    /// Rows of one such span are sealed together, once it is over.
    pub(super) const fn seal_secs(self) -> i64 {
        match self {
            Self::Raw => 2 * 3_600,
            // Coarser rows are sealed with the polls that they are made of. What an older release
            // left as rows is sealed in turns of so much.
            Self::FiveMinutes => 6 * 3_600,
            Self::Hour => 86_400,
        }
    }

    /// The longest span that one block covers: what is sealed joins the block before it in the
    /// same span while that has room ([`BLOCK_ROWS`]).
    pub(super) const fn block_secs(self) -> i64 {
        match self {
            Self::Raw => 8 * 3_600,
            Self::FiveMinutes => 86_400,
            Self::Hour => 7 * 86_400,
        }
    }

    /// Seconds that points are kept; the raw level has its own setting.
    pub(super) const fn kept_secs(self, raw_secs: i64) -> i64 {
        match self {
            Self::Raw => raw_secs,
            Self::FiveMinutes => FIVE_MINUTES_KEPT_SECS,
            Self::Hour => HOURS_KEPT_SECS,
        }
    }

    /// The number under which the database knows it.
    pub(super) const fn id(self) -> i64 {
        self.step_secs()
    }

    /// What is kept of a point, in the order of the columns.
    pub(super) const fn fields(self) -> &'static [Field] {
        match self {
            Self::Raw => &[Field::Mean],
            Self::FiveMinutes => &[Field::Mean, Field::Max, Field::Count],
            Self::Hour => &[Field::Mean, Field::Max, Field::Count, Field::Min],
        }
    }
}

/// A number of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Mean,
    Max,
    Count,
    Min,
}

/// One value of a series, or several in one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The second of the poll, or the first second of the step.
    pub secs: i64,
    /// The value, or the mean of the values.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// The smallest; `None` on the 5-minute level, which does not keep it.
    pub min: Option<f64>,
    /// How many values.
    pub count: u32,
}

impl Point {
    /// A single value.
    #[must_use]
    pub const fn one(secs: i64, value: f64) -> Self {
        Self { secs, mean: value, max: value, min: Some(value), count: 1 }
    }

    pub(super) fn field(&self, field: Field) -> Option<f64> {
        match field {
            Field::Mean => Some(self.mean),
            Field::Max => Some(self.max),
            Field::Count => Some(f64::from(self.count)),
            Field::Min => self.min,
        }
    }

    /// A point from the numbers that a level keeps; `None` without a mean.
    pub(super) fn of(secs: i64, level: Level, read: impl Fn(usize) -> Option<f64>) -> Option<Self> {
        let mut point = Self::one(secs, read(0)?);
        if level == Level::FiveMinutes {
            point.min = None;
        }
        for (index, field) in level.fields().iter().enumerate().skip(1) {
            match (field, read(index)) {
                (Field::Max, Some(value)) => point.max = value,
                (Field::Min, value) => point.min = value,
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "was a u32"
                )]
                (Field::Count, Some(value)) => point.count = value as u32,
                _ => {}
            }
        }
        Some(point)
    }
}

/// Points of a step of `step_secs` made from finer ones in time order. Means are weighted by the
/// number of values; a step without a value is not there.
#[must_use]
pub fn coarser(points: &[Point], step_secs: i64) -> Vec<Point> {
    let mut steps: Vec<Point> = Vec::new();
    if step_secs <= 0 {
        return points.to_vec();
    }
    for point in points {
        let begin = point.secs.div_euclid(step_secs).saturating_mul(step_secs);
        match steps.last_mut() {
            Some(step) if step.secs == begin => merge(step, point),
            _ => steps.push(Point { secs: begin, ..*point }),
        }
    }
    steps
}

/// The nearest number with so many bits of mantissa behind the first, 51 at most. Whole numbers below
/// `2^bits` stay as they are.
#[must_use]
pub fn rounded(value: f64, bits: u32) -> f64 {
    let dropped = (f64::MANTISSA_DIGITS - 1).saturating_sub(bits).max(1);
    let half = 1 << (dropped - 1);
    let near = f64::from_bits(value.to_bits().saturating_add(half) >> dropped << dropped);
    if near.is_finite() { near } else { value }
}

/// Steps of one dense series: 400 days of hours, or five weeks of 5 minutes.
const STEPS_MAX: i64 = 12_000;

/// One value a step over a span; NaN where there is none. What `analytics` takes.
#[must_use]
pub fn dense(points: &[Point], span: Span, step_secs: i64, read: fn(&Point) -> f64) -> Vec<f64> {
    let step = step_secs.max(1);
    let begin = span.from.div_euclid(step);
    let steps = span.to.div_euclid(step).saturating_sub(begin).clamp(0, STEPS_MAX);
    let mut values = vec![f64::NAN; usize::try_from(steps).unwrap_or(0)];
    for point in coarser(points, step) {
        let index = usize::try_from(point.secs.div_euclid(step) - begin);
        if let Some(value) = index.ok().and_then(|index| values.get_mut(index)) {
            *value = read(&point);
        }
    }
    values
}

fn merge(step: &mut Point, point: &Point) {
    let (a, b) = (f64::from(step.count), f64::from(point.count));
    if a + b > 0.0 {
        step.mean = (step.mean * a + point.mean * b) / (a + b);
    }
    step.max = step.max.max(point.max);
    step.min = step.min.zip(point.min).map(|(one, other)| one.min(other));
    step.count = step.count.saturating_add(point.count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_holds_the_mean_and_the_ends_of_its_values() {
        let points = [(0, 1.0), (100, 3.0), (299, 2.0), (300, 9.0)];
        let points = points.map(|(secs, value)| Point::one(secs, value));
        let steps = coarser(&points, 300);
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0], Point { secs: 0, mean: 2.0, max: 3.0, min: Some(1.0), count: 3 });
        assert_eq!(steps[1], Point::one(300, 9.0));
    }

    #[test]
    fn hours_of_five_minutes_are_hours_of_samples() {
        let points: Vec<Point> =
            (0..720_i32).map(|n| Point::one(i64::from(n) * 10, f64::from(n % 7))).collect();
        let direct = coarser(&points, 3_600);
        let in_steps = coarser(&coarser(&points, 300), 3_600);
        for (one, other) in direct.iter().zip(&in_steps) {
            assert!((one.mean - other.mean).abs() < 1e-9);
            assert_eq!((one.max, one.count, one.secs), (other.max, other.count, other.secs));
        }
    }

    #[test]
    fn rounded_numbers_are_close_and_whole_ones_stay() {
        for value in [0.0, 1.0, 4_096.0, 65_537.0, -3.0, f64::MAX] {
            assert_eq!(rounded(value, 16), value);
        }
        for value in [1.0 / 3.0, 987_654.321, 1e-9, 5e12 / 60.003, -2.0 / 7.0] {
            let error = (rounded(value, 16) / value - 1.0).abs();
            assert!(error > 0.0 && error <= 1.0 / f64::from(1 << 17), "{value}");
        }
    }

    #[test]
    fn a_dense_series_has_its_gaps() {
        let points = [(3_600, 1.0), (3_700, 3.0), (10_900, 5.0), (99_999, 9.0)];
        let points = points.map(|(secs, value)| Point::one(secs, value));
        let values = dense(&points, Span { from: 0, to: 14_400 }, 3_600, |point| point.max);
        assert_eq!(values.len(), 4);
        assert!(values[0].is_nan() && values[2].is_nan());
        assert_eq!((values[1], values[3]), (3.0, 5.0));
    }

    #[test]
    fn times_before_the_epoch_have_their_steps_too() {
        assert_eq!(coarser(&[Point::one(-1, 1.0)], 300)[0].secs, -300);
    }
}
