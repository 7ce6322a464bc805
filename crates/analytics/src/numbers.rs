//! Small helpers that the estimators share. Never fails: nothing to work on is `None`.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::median;

/// Larger than anything measured, and small enough for its square not to overflow.
const ABSOLUTE_MAX: f64 = 1e100;

/// A length or index as a number.
#[expect(clippy::cast_precision_loss, reason = "lengths stay far below 2^53")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

/// The values with whatever is no measurement (not finite, or absurdly large) made a gap.
pub(crate) fn measured(values: &[f64]) -> Vec<f64> {
    let measured = |value: &f64| if value.abs() <= ABSOLUTE_MAX { *value } else { f64::NAN };
    values.iter().map(measured).collect()
}

/// The finite values only.
pub(crate) fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.is_finite()).collect()
}

/// The mean of the finite values; `None` without one.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (sum, n) = finite.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    (n > 0.0).then(|| sum / n)
}

/// The last `n` values, or all when there are fewer.
pub(crate) fn last(values: &[f64], n: usize) -> &[f64] {
    values.get(values.len().saturating_sub(n)..).unwrap_or_default()
}

/// The median of the differences of two series of the same times; gaps are left out.
pub(crate) fn median_difference(left: &[f64], right: &[f64]) -> Option<f64> {
    let differences: Vec<f64> = left.iter().zip(right).map(|(left, right)| left - right).collect();
    median(&differences)
}

/// How probable a normal variable is at least as far from 0 as `z`, on either side.
pub(crate) fn two_sided_p(z: f64) -> f64 {
    (2.0 * Normal::standard().cdf(-z.abs())).clamp(0.0, 1.0)
}

/// The `share`-quantile of Student's t with `freedom` degrees of freedom.
pub(crate) fn student_quantile(share: f64, freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(share)).filter(|quantile| quantile.is_finite())
}

/// How probable Student's t is at least as far from 0 as `t`, on either side.
pub(crate) fn student_two_sided_p(t: f64, freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some((2.0 * student.cdf(-t.abs())).clamp(0.0, 1.0))
}
