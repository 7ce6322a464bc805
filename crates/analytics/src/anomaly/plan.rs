//! What a day is judged by: the predictor that was best lately, and how wrong it usually is. Uses
//! days before that day only.

use super::Scale;
use super::grid::{Grid, days_of};
use super::predict::{Base, PREDICTORS, Tracker, errors, profile};
use crate::order::{mean_of, median_of, quantile_of};
use crate::params::{
    CHOICE_COVERAGE, CHOICE_DAYS, CHOICE_TRIM, DAILY_DAYS_MIN, DAILY_FILLED, DAILY_QUANTILE,
    DAILY_SIGMAS, DAILY_WEIGHT_MAX, POOLED_QUANTILE, POOLED_SIGMAS, RANGE_FLOOR, RANGE_LEVEL,
    RANGE_QUANTILES, SCALE_DAYS, SCALE_VALUES_MIN,
};

/// How one day is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Index into `PREDICTORS`.
    pub(crate) predictor: usize,
    /// One deviation.
    pub(crate) scale: f64,
}

/// All predictors run over all of a grid.
pub(crate) struct Study {
    /// Errors and last state, in the order of `PREDICTORS`.
    pub(crate) runs: Vec<(Vec<f64>, Tracker)>,
    /// One per row.
    pub(crate) plans: Vec<Option<Plan>>,
}

impl Study {
    pub(crate) fn of(grid: &Grid, rule: Scale, floor: f64) -> Self {
        let over_days = |base: Base| -> Vec<f64> {
            (0..grid.days()).flat_map(|day| profile(grid, base, day)).collect()
        };
        let (zero, daily, weekly) =
            (over_days(Base::Zero), over_days(Base::Daily), over_days(Base::Weekly));
        let run = |&(base, follow): &(Base, _)| match base {
            Base::Zero => errors(grid, &zero, follow),
            Base::Daily => errors(grid, &daily, follow),
            Base::Weekly => errors(grid, &weekly, follow),
        };
        let runs: Vec<(Vec<f64>, Tracker)> = PREDICTORS.iter().map(run).collect();
        let plans = plans(grid, &runs, rule, floor);
        Self { runs, plans }
    }

    /// Error at a cell under a plan; NaN where there is none.
    pub(crate) fn error(&self, plan: Plan, cell: usize) -> f64 {
        let run = self.runs.get(plan.predictor);
        run.and_then(|(errors, _)| errors.get(cell)).copied().unwrap_or(f64::NAN)
    }
}

fn plans(grid: &Grid, runs: &[(Vec<f64>, Tracker)], rule: Scale, floor: f64) -> Vec<Option<Plan>> {
    let mut scratch = Vec::new();
    let mut plans = Vec::with_capacity(grid.days());
    // Errors of the predictors that were chosen, and their tail on each day.
    let mut chosen: Vec<f64> = Vec::with_capacity(grid.cells.len());
    let mut tails: Vec<Option<f64>> = Vec::with_capacity(grid.days());
    for day in 0..grid.days() {
        let predictor = choose(grid, runs, day, &mut scratch);
        let scale = match rule {
            Scale::Pooled => pooled(grid, &chosen, day, &mut scratch),
            Scale::Daily => daily(&tails),
        };
        let scale = scale.zip(range_floor(grid, day, &mut scratch));
        plans.push(predictor.zip(scale).map(|(predictor, (scale, range))| Plan {
            predictor,
            scale: scale.max(range).max(floor),
        }));
        let errors = predictor.and_then(|at| runs.get(at));
        let today = errors.map_or(&[][..], |(all, _)| days_of(all, grid.steps, day, day + 1));
        chosen.extend(today.iter().map(|error| error.abs()));
        chosen.resize((day + 1) * grid.steps.per_day(), f64::NAN);
        refill(&mut scratch, today);
        let enough = scratch.len() >= (grid.steps.per_day() / DAILY_FILLED).max(DAILY_FILLED);
        tails.push(enough.then(|| quantile_of(&mut scratch, DAILY_QUANTILE)).flatten());
    }
    plans
}

/// Puts the sizes of what is known into `scratch`.
fn refill(scratch: &mut Vec<f64>, values: &[f64]) {
    scratch.clear();
    scratch.extend(values.iter().filter(|value| !value.is_nan()).map(|value| value.abs()));
}

/// The predictor with the least trimmed mean error of the days before.
fn choose(
    grid: &Grid,
    runs: &[(Vec<f64>, Tracker)],
    day: usize,
    scratch: &mut Vec<f64>,
) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, (errors, _)) in runs.iter().enumerate() {
        let recent = days_of(errors, grid.steps, day.saturating_sub(CHOICE_DAYS), day);
        refill(scratch, recent);
        if scratch.is_empty() || scratch.len() as f64 <= CHOICE_COVERAGE * recent.len() as f64 {
            continue;
        }
        let Some(trim) = quantile_of(scratch, CHOICE_TRIM) else { continue };
        let cost = scratch.iter().map(|error| error.min(trim)).sum::<f64>() / scratch.len() as f64;
        if best.is_none_or(|(_, least)| cost < least) {
            best = Some((at, cost));
        }
    }
    best.map(|(at, _)| at)
}

fn pooled(grid: &Grid, chosen: &[f64], day: usize, scratch: &mut Vec<f64>) -> Option<f64> {
    refill(scratch, days_of(chosen, grid.steps, day.saturating_sub(SCALE_DAYS), day));
    (scratch.len() >= SCALE_VALUES_MIN).then_some(())?;
    quantile_of(scratch, POOLED_QUANTILE).map(|tail| tail / POOLED_SIGMAS)
}

fn daily(tails: &[Option<f64>]) -> Option<f64> {
    let recent = tails.iter().skip(tails.len().saturating_sub(SCALE_DAYS));
    let mut known: Vec<f64> = recent.flatten().copied().collect();
    (known.len() >= DAILY_DAYS_MIN).then_some(())?;
    let most = DAILY_WEIGHT_MAX * median_of(&mut known)?;
    known.iter_mut().for_each(|tail| *tail = tail.min(most));
    mean_of(&known).map(|tail| tail / DAILY_SIGMAS)
}

/// The least error that is news: a share of the usual range of the days before.
fn range_floor(grid: &Grid, day: usize, scratch: &mut Vec<f64>) -> Option<f64> {
    let recent = days_of(&grid.cells, grid.steps, day.saturating_sub(SCALE_DAYS), day);
    scratch.clear();
    scratch.extend(recent.iter().filter(|value| !value.is_nan()));
    (scratch.len() >= SCALE_VALUES_MIN).then_some(())?;
    let (low, high) = RANGE_QUANTILES;
    let range = quantile_of(scratch, high)? - quantile_of(scratch, low)?;
    Some(RANGE_FLOOR * range.max(RANGE_LEVEL * median_of(scratch)?.abs()))
}
