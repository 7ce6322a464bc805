//! Tests each candidate on the recent past and mixes the best.
//!
//! Timmermann, "Forecast Combinations" (2006): weights by inverse past error are hard to beat.

use super::{
    Member, Method,
    params::{MAE_MIN, Mixing, Seasons},
};
use crate::numbers::mean;

/// The mixture and what it did in the backtests.
pub(super) struct Ensemble {
    /// Best first; the weights add up to 1.
    pub(super) members: Vec<Member>,
    pub(super) point: Vec<f64>,
    /// What was measured less what the mixture said, for each backtest and step; gaps are NaN.
    pub(super) residuals: Vec<Vec<f64>>,
    /// The error of every candidate that could be tested.
    pub(super) tested: Vec<(Method, f64)>,
}

/// A candidate that answered in every backtest.
struct Tested {
    method: Method,
    mae: f64,
    answers: Vec<Vec<f64>>,
}

/// `None` when no backtest finds both a forecast and something measured to compare it with.
pub(super) fn mix(
    history: &[f64],
    horizon: usize,
    candidates: &[Method],
    seasons: &Seasons,
    mixing: &Mixing,
) -> Option<Ensemble> {
    let origins = origins(history, horizon, seasons, mixing);
    let mut tested: Vec<Tested> = candidates
        .iter()
        .filter_map(|method| test(*method, history, horizon, &origins, seasons, mixing))
        .collect();
    tested.sort_by(|one, other| one.mae.total_cmp(&other.mae));
    let all = tested.iter().map(|it| (it.method, it.mae)).collect();
    tested.truncate(mixing.members_max);
    let best = tested.first()?.mae;
    let weights: Vec<f64> = tested.iter().map(|it| (best / it.mae).powf(mixing.power)).collect();
    let sum: f64 = weights.iter().sum();

    let mut ensemble = Ensemble {
        members: Vec::new(),
        point: vec![0.0; horizon],
        residuals: origins.iter().map(|origin| actual(history, *origin, horizon)).collect(),
        tested: all,
    };
    for (it, weight) in tested.iter().zip(weights) {
        let weight = weight / sum;
        add(&mut ensemble.point, &it.method.predict(history, horizon, seasons)?, weight);
        for (residuals, answer) in ensemble.residuals.iter_mut().zip(&it.answers) {
            add(residuals, answer, -weight);
        }
        ensemble.members.push(Member { method: it.method, weight, mae: it.mae });
    }
    Some(ensemble)
}

fn add(sums: &mut [f64], values: &[f64], weight: f64) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
}

/// Where the backtests start, newest first: a season apart, each with its horizon behind it. The
/// newest possible one alone where the history is short.
fn origins(history: &[f64], horizon: usize, seasons: &Seasons, mixing: &Mixing) -> Vec<usize> {
    let starts = (0..mixing.origins)
        .filter_map(|back| history.len().checked_sub(horizon + back * seasons.short));
    let measured =
        |origin: &usize| actual(history, *origin, horizon).iter().any(|value| value.is_finite());
    let far: Vec<usize> = starts.clone().filter(|origin| *origin >= seasons.backtest_min).collect();
    let starts = if far.is_empty() { starts.take(1).collect() } else { far };
    starts.into_iter().filter(measured).collect()
}

fn actual(history: &[f64], origin: usize, horizon: usize) -> Vec<f64> {
    history.iter().skip(origin).take(horizon).copied().collect()
}

/// `None` for a candidate that has no answer now or in one of the backtests.
fn test(
    method: Method,
    history: &[f64],
    horizon: usize,
    origins: &[usize],
    seasons: &Seasons,
    mixing: &Mixing,
) -> Option<Tested> {
    method.predict(history, horizon, seasons)?;
    let mut answers = Vec::with_capacity(origins.len());
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for origin in origins {
        let answer = method.predict(history.get(..*origin)?, horizon, seasons)?;
        let actual = actual(history, *origin, horizon);
        let errors = actual.iter().zip(&answer).map(|(actual, answer)| (actual - answer).abs());
        sum += weight * mean(errors)?;
        weights += weight;
        weight *= mixing.decay;
        answers.push(answer);
    }
    (weights > 0.0).then(|| Tested { method, mae: sum / weights + MAE_MIN, answers })
}
