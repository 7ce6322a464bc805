//! Units in the operator's words to the units of metrics. Reads nothing.

use crate::metric::Unit;

/// From the operator's unit to the metric's: `value * factor + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Conversion {
    factor: f64,
    shift: f64,
}

impl Conversion {
    pub(super) const NONE: Self = Self { factor: 1.0, shift: 0.0 };

    pub(super) fn apply(self, value: f64) -> f64 {
        value.mul_add(self.factor, self.shift)
    }
}

/// Words of one unit with their factor, the plainest first. Upper and lower case are the same:
/// bits are written out.
type Words = &'static [(&'static str, f64)];

const KI: f64 = 1_024.0;

const PERCENT: Words = &[("%", 1.0), ("percent", 1.0), ("pct", 1.0)];
const OF_CORE: Words = &[("%", 1.0), ("percent", 1.0), ("cores", 100.0)];
const BYTES: Words = &[
    ("B", 1.0),
    ("bytes", 1.0),
    ("byte", 1.0),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", KI),
    ("MiB", KI * KI),
    ("GiB", KI * KI * KI),
    ("TiB", KI * KI * KI * KI),
];
const BYTES_PER_SECOND: Words = &[
    ("B/s", 1.0),
    ("bytes/s", 1.0),
    ("KB/s", 1e3),
    ("MB/s", 1e6),
    ("GB/s", 1e9),
    ("KiB/s", KI),
    ("MiB/s", KI * KI),
    ("GiB/s", KI * KI * KI),
    ("bit/s", 0.125),
    ("kbit/s", 125.0),
    ("Mbit/s", 125e3),
    ("Gbit/s", 125e6),
];
const PER_SECOND: Words = &[("1/s", 1.0), ("/s", 1.0), ("per second", 1.0), ("1/min", 1.0 / 60.0)];
const SECONDS: Words = &[
    ("s", 1.0),
    ("seconds", 1.0),
    ("ms", 0.001),
    ("min", 60.0),
    ("minutes", 60.0),
    ("h", 3_600.0),
    ("hours", 3_600.0),
    ("d", 86_400.0),
    ("days", 86_400.0),
];
const MILLISECONDS: Words = &[("ms", 1.0), ("milliseconds", 1.0), ("s", 1_000.0), ("us", 0.001)];
const CELSIUS: Words = &[("°C", 1.0), ("C", 1.0), ("celsius", 1.0)];

const fn words(unit: Unit) -> Words {
    match unit {
        Unit::Percent => PERCENT,
        Unit::PercentOfCore => OF_CORE,
        Unit::Bytes => BYTES,
        Unit::BytesPerSecond => BYTES_PER_SECOND,
        Unit::PerSecond => PER_SECOND,
        Unit::Seconds => SECONDS,
        Unit::Milliseconds => MILLISECONDS,
        Unit::Celsius => CELSIUS,
        Unit::Rpm => &[("rpm", 1.0)],
        Unit::Dbm => &[("dBm", 1.0)],
        Unit::Watts => &[("W", 1.0), ("kW", 1_000.0), ("mW", 0.001)],
        Unit::Load => &[("tasks", 1.0), ("load", 1.0), ("processes", 1.0)],
        Unit::Count => &[("count", 1.0), ("number", 1.0)],
        Unit::Flag => &[("0 or 1", 1.0), ("flag", 1.0), ("bool", 1.0)],
    }
}

/// How a number in the unit `word` becomes one in `unit`.
///
/// # Errors
/// The units that are possible.
pub(super) fn conversion(word: &str, unit: Unit) -> Result<Conversion, String> {
    let word = word.trim();
    let fahrenheit = ["°f", "f", "fahrenheit"].contains(&word.to_lowercase().as_str());
    if unit == Unit::Celsius && fahrenheit {
        return Ok(Conversion { factor: 5.0 / 9.0, shift: -160.0 / 9.0 });
    }
    let lower = word.to_lowercase();
    let found = words(unit).iter().find(|(known, _)| known.to_lowercase() == lower);
    match found {
        Some((_, factor)) => Ok(Conversion { factor: *factor, shift: 0.0 }),
        None => {
            let known: Vec<String> =
                words(unit).iter().map(|(known, _)| format!("`{known}`")).collect();
            Err(format!("use one of {}", known.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_one_kind_are_converted() {
        let told = |word, unit, value| conversion(word, unit).unwrap().apply(value);
        assert!((told("GiB", Unit::Bytes, 2.0) - 2_147_483_648.0).abs() < 0.5);
        assert!((told("gb", Unit::Bytes, 2.0) - 2e9).abs() < 0.5);
        assert!((told("ms", Unit::Seconds, 250.0) - 0.25).abs() < 1e-12);
        assert!((told("Mbit/s", Unit::BytesPerSecond, 8.0) - 1e6).abs() < 1e-6);
        assert!((told("°F", Unit::Celsius, 212.0) - 100.0).abs() < 1e-9);
        assert!((told(" % ", Unit::Percent, 90.0) - 90.0).abs() < 1e-12);
    }

    #[test]
    fn a_unit_of_another_kind_is_answered_with_the_possible_ones() {
        let error = conversion("GB", Unit::Percent).unwrap_err();
        assert!(error.contains("`%`"), "{error}");
        let error = conversion("furlong", Unit::Seconds).unwrap_err();
        assert!(error.contains("`min`"), "{error}");
    }
}
