//! The vertical axis: which values it holds, where its marks are and how they are written. Pure.

use super::Chart;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Of a whole: from 0, and never beyond 100 without need.
    Percent,
    /// Decimal prefixes: 12k rpm.
    Decimal(&'static str),
    /// Things, which are whole.
    Whole,
    /// Binary prefixes: 1.5 GiB/s. Holds what follows the `B`.
    Bytes(&'static str),
    /// Seconds, as hours and days.
    Seconds,
}

/// Marks that are aimed at: one in fifty pixels.
const MARKS: f64 = 5.0;
/// A mark more than these is a mistake.
const MARKS_MAX: usize = 12;
/// A limit is in the picture when the axis grows to at most so many times what the values need.
const LIMIT_REACH: f64 = 4.0;
/// Values so near to the upper edge, as a share of a mark's distance, get another mark above them.
const TIGHT_SHARE: f64 = 0.04;
/// Above this share of the largest value a change is seen with 0 in the picture as well.
const ZERO_SHARE: f64 = 0.25;
/// Below this one it is so small that a picture without 0 would make something of nothing.
const STILL_SHARE: f64 = 0.05;

/// What the axis holds.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where, and what is written there; from below.
    pub(super) marks: Vec<(f64, String)>,
}

impl Axis {
    /// For these values, with the limits that are near enough.
    pub(super) fn of(chart: &Chart) -> Self {
        let mut values = Ends::default();
        chart.values().for_each(|value| values.take(value));
        let needed = values.with_zero(chart.scale);
        for stretch in &chart.usual {
            // What is usual may be far from what is.
            for end in [stretch.low, stretch.high] {
                values.take_near(end, needed);
            }
        }
        for limit in &chart.limits {
            values.take_near(limit.value, needed);
        }
        let (low, high) = values.with_zero(chart.scale);
        Self::within(low, high, chart.scale)
    }

    fn within(low: f64, high: f64, scale: Scale) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let (factor, unit) = scale.unit_of(low.abs().max(high.abs()));
        let step = scale.step((high - low) / MARKS / factor) * factor;
        let step = if scale == Scale::Whole { step.max(1.0) } else { step };
        let first = (low / step + 1e-9).floor() * step;
        let last = (high / step - 1e-9).ceil() * step;
        let whole = scale == Scale::Percent && high <= 100.0;
        // A line along the upper edge looks cut off.
        let tight = last > 0.0 && last - high < step * TIGHT_SHARE;
        let last = if tight { last + step } else { last };
        let last = if whole { last.min(100.0) } else { last };
        let mut marks = Vec::new();
        let mut at = first;
        while at <= last + step * 1e-6 && marks.len() < MARKS_MAX {
            marks.push((at, scale.mark(at, step, factor, &unit)));
            at += step;
        }
        Self { low: first, high: last.max(first + step * 1e-3), marks }
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Where a value is: 0 at the bottom, 1 at the top.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The ends of some values.
#[derive(Clone, Copy, Default)]
struct Ends(Option<(f64, f64)>);

impl Ends {
    fn take(&mut self, value: f64) {
        let (low, high) = self.0.unwrap_or((value, value));
        self.0 = Some((low.min(value), high.max(value)));
    }

    /// Takes a value if that leaves the others large enough.
    fn take_near(&mut self, value: f64, (low, high): (f64, f64)) {
        let grown = high.max(value) - low.min(value);
        if grown <= (high - low) * LIMIT_REACH {
            self.take(value);
        }
    }

    /// The ends with 0, unless the values are far from it and change much; of a whole always.
    fn with_zero(self, scale: Scale) -> (f64, f64) {
        let (low, high) = self.0.unwrap_or((0.0, 0.0));
        let most = low.abs().max(high.abs());
        let change = high - low;
        let far = low * high > 0.0 && change < most * ZERO_SHARE && change > most * STILL_SHARE;
        if far && scale != Scale::Percent { (low, high) } else { (low.min(0.0), high.max(0.0)) }
    }
}

/// Prefixes from a thousand on.
const PREFIXES: [&str; 8] = ["", "k", "M", "G", "T", "P", "E", "Z"];
/// The same for bytes.
const BYTES: [&str; 8] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB"];
/// Up to this, decimal numbers are written as they are.
const PLAIN_MAX: f64 = 10_000.0;
/// Distances of marks of time, seconds.
const TIMES: [f64; 24] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    432_000.0,
    864_000.0,
    1_728_000.0,
    4_320_000.0,
    8_640_000.0,
];

impl Scale {
    /// What values of this size are divided by, and the unit that they are in then.
    fn unit_of(self, most: f64) -> (f64, String) {
        let power = |base: f64, from: f64, names: &[&'static str; 8]| {
            let mut factor = 1.0;
            let mut names = names.iter();
            let mut name = names.next().copied().unwrap_or_default();
            while most >= from && most / factor >= base {
                let Some(next) = names.next() else { break };
                (factor, name) = (factor * base, next);
            }
            (factor, name)
        };
        match self {
            Self::Percent => (1.0, "%".to_owned()),
            Self::Bytes(rest) => {
                let (factor, name) = power(1_024.0, 1_024.0, &BYTES);
                (factor, format!(" {name}{rest}"))
            }
            Self::Whole => {
                let (factor, name) = power(1_000.0, PLAIN_MAX, &PREFIXES);
                (factor, name.to_owned())
            }
            Self::Decimal(rest) => {
                let (factor, name) = power(1_000.0, PLAIN_MAX, &PREFIXES);
                let space = if rest.is_empty() || rest.starts_with(['/', '%']) { "" } else { " " };
                (factor, format!("{name}{space}{rest}"))
            }
            Self::Seconds if most < 1.0 => (0.001, " ms".to_owned()),
            Self::Seconds => (1.0, String::new()),
        }
    }

    /// A distance of marks that people count in, at least this one.
    fn step(self, least: f64) -> f64 {
        if self == Self::Seconds
            && least >= 1.0
            && let Some(step) = TIMES.iter().find(|step| **step >= least)
        {
            return *step;
        }
        if !(least.is_finite() && least > 0.0) {
            return 1.0;
        }
        let power = 10_f64.powf(least.log10().floor());
        let near = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|it| it * power >= least * 0.999);
        near.unwrap_or(10.0) * power
    }

    fn mark(self, value: f64, step: f64, factor: f64, unit: &str) -> String {
        if value.abs() < step * 1e-6 {
            return "0".to_owned();
        }
        if self == Self::Seconds && factor >= 1.0 && step >= 1.0 {
            return time(value, step);
        }
        written(value / factor, step / factor, unit)
    }

    /// A value of its own, as in a legend.
    pub(super) fn value(self, value: f64) -> String {
        let (factor, unit) = self.unit_of(value.abs());
        if self == Self::Seconds && factor >= 1.0 {
            return time(value, TIMES.into_iter().rev().find(|it| *it <= value).unwrap_or(1.0));
        }
        // Three digits are what a limit has.
        let size = (value / factor).abs().max(1e-9);
        let digits = 10_f64.powf(size.log10().floor() - 2.0);
        let short = (value / factor / digits).round() * digits;
        let step = if short.fract().abs() < 1e-9 { 1.0 } else { digits };
        let text = written(short, step, "");
        let text = if text.contains('.') { text.trim_end_matches('0') } else { &text };
        format!("{}{unit}", text.trim_end_matches('.'))
    }
}

/// A number with as many digits as its step has.
fn written(value: f64, step: f64, unit: &str) -> String {
    let mut digits = 0_usize;
    let mut step = step;
    while digits < 9 && (step - step.round()).abs() > 1e-6 {
        (step, digits) = (step * 10.0, digits + 1);
    }
    format!("{value:.digits$}{unit}")
}

/// A time in the largest unit that its step is whole in.
fn time(value: f64, step: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m")];
    let whole = |unit: f64| (step / unit).fract() == 0.0;
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| whole(*unit)).unwrap_or((1.0, "s"));
    format!("{:.0}{name}", value / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(low: f64, high: f64, scale: Scale) -> String {
        let axis = Axis::within(low, high, scale);
        assert!(axis.low <= low && axis.high >= high, "{axis:?}");
        axis.marks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn marks_are_round_numbers_in_a_unit_that_people_read() {
        for (low, high, scale, expected) in [
            (0.0, 97.0, Scale::Percent, "0 | 20% | 40% | 60% | 80% | 100%"),
            (0.0, 3.2, Scale::Percent, "0 | 1% | 2% | 3% | 4%"),
            (
                0.0,
                1.5 * 1_073_741_824.0,
                Scale::Bytes(""),
                "0 | 0.5 GiB | 1.0 GiB | 1.5 GiB | 2.0 GiB",
            ),
            (
                0.0,
                90e6,
                Scale::Bytes("/s"),
                "0 | 20 MiB/s | 40 MiB/s | 60 MiB/s | 80 MiB/s | 100 MiB/s",
            ),
            (0.0, 45_000.0, Scale::Decimal("/s"), "0 | 10k/s | 20k/s | 30k/s | 40k/s | 50k/s"),
            (
                0.0,
                2_400.0,
                Scale::Decimal("rpm"),
                "0 | 500 rpm | 1000 rpm | 1500 rpm | 2000 rpm | 2500 rpm",
            ),
            (-70.0, -40.0, Scale::Decimal("dBm"), "-70 dBm | -60 dBm | -50 dBm | -40 dBm"),
            (0.0, 0.038, Scale::Seconds, "0 | 10 ms | 20 ms | 30 ms | 40 ms"),
            (0.0, 9.0 * 86_400.0, Scale::Seconds, "0 | 2d | 4d | 6d | 8d | 10d"),
            (0.0, 0.0, Scale::Decimal(""), "0 | 0.2 | 0.4 | 0.6 | 0.8 | 1.0 | 1.2"),
            (0.0, 1.0, Scale::Whole, "0 | 1 | 2"),
            (0.0, 50.0, Scale::Percent, "0 | 10% | 20% | 30% | 40% | 50% | 60%"),
            (0.0, 100.0, Scale::Percent, "0 | 20% | 40% | 60% | 80% | 100%"),
        ] {
            assert_eq!(marks(low, high, scale), expected, "{low} to {high} {scale:?}");
        }
        assert!(marks(0.0, 9e23, Scale::Bytes("")).len() < 200);
        assert!(marks(-1e24, 1e24, Scale::Seconds).len() < 400);
    }

    #[test]
    fn zero_is_in_the_picture_unless_a_change_would_not_be_seen() {
        let ends = |low, high, scale| {
            let mut ends = Ends::default();
            [low, high].into_iter().for_each(|value| ends.take(value));
            ends.with_zero(scale)
        };
        let degrees = Scale::Decimal("°C");
        assert_eq!(ends(50.0, 60.0, degrees), (50.0, 60.0));
        assert_eq!(ends(30.0, 60.0, degrees), (0.0, 60.0));
        assert_eq!(ends(59.0, 60.0, degrees), (0.0, 60.0));
        assert_eq!(ends(-62.0, -50.0, degrees), (-62.0, -50.0));
        assert_eq!(ends(-5.0, 5.0, degrees), (-5.0, 5.0));
        assert_eq!(ends(50.0, 60.0, Scale::Percent), (0.0, 60.0));
    }

    #[test]
    fn a_value_of_its_own_is_short() {
        for (value, scale, expected) in [
            (85.0, Scale::Percent, "85%"),
            (12.8, Scale::Decimal(""), "12.8"),
            (1_610_612_736.0, Scale::Bytes(""), "1.5 GiB"),
            (7_200.0, Scale::Seconds, "2h"),
            (0.25, Scale::Decimal("ms"), "0.25 ms"),
        ] {
            assert_eq!(scale.value(value), expected);
        }
    }
}
