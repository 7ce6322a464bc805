//! Order statistics that a few wild values cannot move.

/// Makes the median absolute deviation of a normal distribution its standard deviation:
/// 1 / Φ⁻¹(3/4). Rousseeuw & Croux, "Alternatives to the Median Absolute Deviation" (1993).
const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// Fewest values from which one can stand out.
const OUTLIER_VALUES_MIN: usize = 4;

/// The `q`-quantile, `q` in 0..=1, linear between neighbours (Hyndman & Fan 1996, type 7).
/// `None` without finite values.
///
/// ```
/// assert_eq!(analytics::quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
/// assert_eq!(analytics::quantile(&[], 0.5), None);
/// ```
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
    let position = q.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=last")]
    let below = position.floor() as usize;
    let low = *sorted.get(below)?;
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    Some(low + (high - low) * position.fract())
}

/// The middle value; `None` without finite values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Spread around the median as a standard deviation, from the median absolute deviation.
/// `None` without finite values.
#[must_use]
pub fn mad_sigma(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&distances).map(|mad| mad * MAD_TO_SIGMA)
}

/// How many spreads `value` lies from the median of `values`; negative below. The spread is at
/// least `floor`, so that values which are all but equal yield no outliers. `None` below four
/// values.
///
/// ```
/// let cpu = [10.0, 11.0, 9.0, 10.0, 95.0];
/// assert!(analytics::robust_z(&cpu, 95.0, 1.0).unwrap() > 10.0);
/// ```
#[must_use]
pub fn robust_z(values: &[f64], value: f64, floor: f64) -> Option<f64> {
    if values.iter().filter(|value| value.is_finite()).count() < OUTLIER_VALUES_MIN {
        return None;
    }
    let spread = mad_sigma(values)?.max(floor);
    (spread > 0.0).then_some(())?;
    Some((value - median(values)?) / spread)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.95), Some(4.8));
        assert_eq!(quantile(&values, 7.0), Some(5.0));
        assert_eq!(quantile(&[f64::NAN], 0.5), None);
    }

    #[test]
    fn one_wild_value_does_not_move_the_spread() {
        let calm = mad_sigma(&[10.0, 11.0, 9.0, 10.5, 9.5]).unwrap();
        let wild = mad_sigma(&[10.0, 11.0, 9.0, 10.5, 9_000.0]).unwrap();
        assert!(wild < 2.0 * calm);
    }

    #[test]
    fn too_few_values_have_no_outlier() {
        assert_eq!(robust_z(&[1.0, 1.0, 99.0], 99.0, 1.0), None);
        assert_eq!(robust_z(&[1.0; 5], 1.0, 0.0), None);
        assert_eq!(robust_z(&[1.0; 5], 3.0, 1.0), Some(2.0));
    }

    proptest! {
        #[test]
        fn a_quantile_is_never_outside_its_values(
            values in prop::collection::vec(-1e9_f64..1e9, 1..50), q in 0.0_f64..=1.0,
        ) {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let found = quantile(&values, q).unwrap();
            prop_assert!(found >= low - 1e-6 && found <= high + 1e-6);
        }
    }
}
