//! What a count of hits says about a share.

use crate::numbers::count;

/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.96;

/// Lower end of Wilson's 95 % interval of a share: with so few cases it is at least that, in 39 of 40
/// worlds. `None` without a case, or with more hits than cases.
#[must_use]
pub fn wilson_lower(hits: usize, of: usize) -> Option<f64> {
    if of == 0 || hits > of {
        return None;
    }
    let n = count(of);
    let share = count(hits) / n;
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some(((share + Z * Z / (2.0 * n) - spread) / (1.0 + Z * Z / n)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_cases_prove_little_and_many_more() {
        // By hand: 3 of 4 is (0.75 + 0.4802 - 0.5949) / 1.9604 and 0 of 5 is nothing.
        let lower = |hits, of| wilson_lower(hits, of).map(|it| (it * 1_000.0).round() / 1_000.0);
        assert_eq!(lower(3, 4), Some(0.301));
        assert_eq!(lower(0, 5), Some(0.0));
        // Seventy-three of seventy-three is the first that is above 0.95.
        assert!(lower(73, 73) >= Some(0.95) && wilson_lower(72, 72) < Some(0.95));
        assert_eq!((wilson_lower(0, 0), wilson_lower(2, 1)), (None, None));
    }
}
