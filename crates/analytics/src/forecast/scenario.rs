//! What if there are more users, or a busy day: the forecast scaled, and the capacity it asks for.

use std::ops::Range;

use super::{Band, Forecast, ForecastStep};
use crate::numbers::count;

/// What is assumed about the time ahead.
#[derive(Debug, Clone, PartialEq)]
pub enum Scenario {
    /// Nothing but what the history shows.
    Base,
    /// Demand grows in proportion to users: × (1 + `rate`)^(t / `over_steps`).
    Growth {
        /// Growth over `over_steps`: 0.2 is 20 % more; above −1.
        rate: f64,
        /// Steps in which `rate` is reached.
        over_steps: usize,
    },
    /// Demand is so much higher during some steps: × (1 + `extra`).
    Event {
        /// 0.5 is 50 % more; above −1.
        extra: f64,
        /// Steps of the event, counted from the first step of the forecast.
        steps: Range<usize>,
    },
}

impl Scenario {
    fn factor(&self, step: usize) -> f64 {
        let factor = match self {
            Self::Base => 1.0,
            Self::Growth { rate, over_steps } => {
                let periods = count(step + 1) / count((*over_steps).max(1));
                (1.0 + rate.max(-1.0)).powf(periods)
            }
            Self::Event { extra, steps } if steps.contains(&step) => 1.0 + extra.max(-1.0),
            Self::Event { .. } => 1.0,
        };
        if factor.is_finite() { factor } else { 1.0 }
    }
}

/// The highest demand within a horizon, in the unit of the metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// As likely exceeded as not.
    pub p50: f64,
    /// Exceeded one time in ten: the upper end of the 80 % interval.
    pub p90: f64,
    /// Exceeded one time in twenty: the upper end of the 90 % interval.
    pub p95: f64,
}

impl Forecast {
    /// The forecast if `scenario` holds: point and intervals × its factor at each step.
    ///
    /// Nothing is clipped again: a demand of 130 % is the answer sought.
    ///
    /// ```
    /// use analytics::{Bounds, Cadence, Scenario, forecast};
    ///
    /// let calm: Vec<f64> = (0..336).map(|hour| 40.0 + f64::from(hour % 24)).collect();
    /// let base = forecast(&calm, Cadence::Hourly, 24, Bounds::NON_NEGATIVE)?;
    /// let sale = base.under(&Scenario::Event { extra: 0.5, steps: 8..20 });
    /// assert_eq!(sale.steps[7], base.steps[7]);
    /// assert_eq!(sale.steps[8].point, 1.5 * base.steps[8].point);
    /// # Ok::<(), analytics::NotEnough>(())
    /// ```
    #[must_use]
    pub fn under(&self, scenario: &Scenario) -> Self {
        let steps = self.steps.iter().enumerate();
        let steps = steps.map(|(at, step)| step.times(scenario.factor(at))).collect();
        Self { steps, ..self.clone() }
    }

    /// The highest step of the forecast at each probability; `None` without steps. Ask for a
    /// forecast without an upper bound first: a clipped one cannot show what is wanted above it.
    ///
    /// ```
    /// use analytics::{Bounds, CPU_TARGET, Cadence, forecast, needed_capacity};
    ///
    /// // cores in use: six at work, one at night
    /// let cores: Vec<f64> =
    ///     (0..336).map(|hour| if (8..18).contains(&(hour % 24)) { 6.0 } else { 1.0 }).collect();
    /// let ahead = forecast(&cores, Cadence::Hourly, 24, Bounds::NON_NEGATIVE)?;
    /// let demand = ahead.demand().unwrap();
    /// assert!((demand.p95 - 6.0).abs() < 1e-9);
    /// assert!((needed_capacity(demand.p95, CPU_TARGET).unwrap() - 8.57).abs() < 0.01);
    /// # Ok::<(), analytics::NotEnough>(())
    /// ```
    #[must_use]
    pub fn demand(&self) -> Option<Demand> {
        let highest = |read: fn(&ForecastStep) -> f64| self.steps.iter().map(read).reduce(f64::max);
        Some(Demand {
            p50: highest(|step| step.point)?,
            p90: highest(|step| step.p80.high)?,
            p95: highest(|step| step.p90.high)?,
        })
    }
}

impl ForecastStep {
    fn times(self, factor: f64) -> Self {
        let times = |band: Band| Band { low: band.low * factor, high: band.high * factor };
        Self {
            point: self.point * factor,
            p80: times(self.p80),
            p90: times(self.p90),
            p95: times(self.p95),
        }
    }
}

/// Highest utilisation to plan for: above it queues grow faster than load does (M/M/1: the wait
/// at 70 % is 2.3 service times, at 80 % 4, at 90 % 9).
pub const CPU_TARGET: f64 = 0.7;
/// Highest share of memory to plan for; the rest is the page cache's.
pub const MEMORY_TARGET: f64 = 0.8;
/// Highest share of a disk to plan for; file systems fragment above it.
pub const DISK_TARGET: f64 = 0.8;

/// The capacity that serves `demand_p95` at `target` utilisation (0..1]: p95 / target, in the
/// unit of the demand. `None` for a demand below 0 or a target outside (0, 1].
///
/// ```
/// use analytics::{CPU_TARGET, needed_capacity};
///
/// assert_eq!(needed_capacity(14.0, CPU_TARGET), Some(20.0));
/// assert_eq!(needed_capacity(14.0, 0.0), None);
/// ```
#[must_use]
pub fn needed_capacity(demand_p95: f64, target: f64) -> Option<f64> {
    (demand_p95 >= 0.0 && target > 0.0 && target <= 1.0).then(|| demand_p95 / target)
}

/// Utilisation of the others once the largest of `capacities` is gone (N + 1):
/// p95 / (Σ capacity − max capacity). `None` when none would be left.
///
/// ```
/// assert_eq!(analytics::utilisation_without_largest(6.0, &[8.0, 4.0, 4.0]), Some(0.75));
/// assert_eq!(analytics::utilisation_without_largest(6.0, &[8.0]), None);
/// ```
#[must_use]
pub fn utilisation_without_largest(demand_p95: f64, capacities: &[f64]) -> Option<f64> {
    let capacities = capacities.iter().filter(|capacity| capacity.is_finite());
    let (sum, largest) =
        capacities.fold((0.0, 0.0), |(sum, largest), it| (sum + it, f64::max(largest, *it)));
    let left: f64 = sum - largest;
    (left > 0.0 && demand_p95 >= 0.0).then(|| demand_p95 / left)
}
