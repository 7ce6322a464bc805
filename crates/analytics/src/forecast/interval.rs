//! How far from the forecast the truth may be, from how far it was in the backtests.
//!
//! Split-conformal quantiles (Lei et al., "Distribution-Free Predictive Inference for
//! Regression", 2018) need no distribution; here they are pooled over the steps of the horizon
//! and shaped by how the error grows along it.

use super::params::{Mixing, SHAPE_MAX, SHAPE_MIN, SHAPE_STEPS};
use crate::{
    numbers::{count, mean},
    quantile,
};

/// Half the width of an interval at each step.
pub(super) struct Widths {
    sizes: Vec<f64>,
    shape: Vec<f64>,
    widening: f64,
}

impl Widths {
    /// From residuals by backtest and step; steps where nothing was measured have the mean shape.
    pub(super) fn of(residuals: &[Vec<f64>], horizon: usize, mixing: &Mixing) -> Self {
        let sizes = residuals.iter().flatten().filter(|residual| residual.is_finite());
        let sizes: Vec<f64> = sizes.map(|residual| residual.abs()).collect();
        let widening = 1.0 + mixing.widening / count(residuals.len().max(1)).sqrt();
        Self { shape: shape(residuals, &sizes, horizon), sizes, widening }
    }

    /// ⌈(n + 1) · percent / 100⌉ / n of the residuals are at most so large, times the shape.
    pub(super) fn at(&self, percent: f64) -> Vec<f64> {
        let n = count(self.sizes.len().max(1));
        let share = (((n + 1.0) * percent / 100.0).ceil() / n).min(1.0);
        let size = quantile(&self.sizes, share).unwrap_or_default();
        self.shape.iter().map(|shape| size * shape * self.widening).collect()
    }
}

/// √(mean square at this step and its neighbours / mean square of all), within limits.
fn shape(residuals: &[Vec<f64>], sizes: &[f64], horizon: usize) -> Vec<f64> {
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return vec![1.0; horizon];
    }
    let square = |residual: &f64| (residual / largest).powi(2);
    let all = mean(sizes.iter().map(square)).unwrap_or(1.0);
    let steps: Vec<f64> = (0..horizon)
        .map(|step| mean(residuals.iter().filter_map(|it| it.get(step)).map(square)).unwrap_or(all))
        .collect();
    let reach = SHAPE_STEPS / 2;
    let around = |step: usize| {
        let first = step.saturating_sub(reach);
        mean(steps.iter().skip(first).take(step + reach + 1 - first).copied()).unwrap_or(all)
    };
    (0..horizon).map(|step| (around(step) / all).sqrt().clamp(SHAPE_MIN, SHAPE_MAX)).collect()
}
