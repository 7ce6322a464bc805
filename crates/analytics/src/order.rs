//! Order statistics in a scratch buffer: no allocation, no full sort. Never sees a NaN.

/// The `q`-quantile (type 7), reordering `values`; `None` when there are none.
pub(crate) fn quantile_of(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let position = q * last as f64;
    let below = (position as usize).min(last);
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let share = position - below as f64;
    Some(if high.is_finite() { low + (high - low) * share } else { low })
}

/// The middle value, reordering `values`.
pub(crate) fn median_of(values: &mut [f64]) -> Option<f64> {
    quantile_of(values, 0.5)
}

/// Mean; `None` when there are none.
pub(crate) fn mean_of(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selected_quantile_is_the_sorted_one() {
        let values = [5.0, 1.0, 9.0, 2.0, 2.0, 7.0];
        for q in [0.0, 0.1, 0.5, 0.95, 1.0] {
            assert_eq!(quantile_of(&mut values.clone(), q), crate::quantile(&values, q));
        }
        assert_eq!(quantile_of(&mut [], 0.5), None);
    }
}
