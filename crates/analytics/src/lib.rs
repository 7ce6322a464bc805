//! Pure statistics on slices of numbers: no I/O, no clock, no async.
//!
//! Too little data is `None`, never 0 and never NaN.

#![warn(missing_docs)]

mod anomaly;
mod capacity;
mod changepoint;
mod compare;
mod daily;
mod debounce;
mod dependency;
mod draws;
mod enough;
mod fleet;
mod forecast;
mod health;
mod moves;
mod numbers;
mod order;
mod params;
mod robust;
mod share;

pub use anomaly::{
    Cold, Detector, HostFusion, Judge, MOfN, Rhythm, Sample, Scale, Score, Settings, Severity,
    Size, Slot, Steps, cold_start, early_z, is_sizeable, kth_largest, score_series,
};
pub use capacity::{Exhaustion, Outlook, TimeLeft, TimeOver, time_over, time_to_exhaustion};
pub use changepoint::{Change, change_points};
pub use compare::{
    Better, Comparison, MannWhitney, Terms, Untestable, Verdict, Windows, adjust_p_values,
    compare_days, compare_windows, cost_per_traffic, mann_whitney,
};
pub use daily::{DAYS_BACK_MAX, beyond_days};
pub use debounce::{Alert, Debounce, Flap, Memory, Rule, Side, clear_limit, flap_percent};
pub use dependency::{Correlation, Hypothesis, correlate, hypotheses};
pub use enough::{Confidence, NotEnough, days_measured};
pub use fleet::{Fleet, Outlier, fleet_outliers, fleet_shares};
pub use forecast::{
    Backtest, Band, Bounds, CPU_TARGET, Cadence, DISK_TARGET, Demand, Forecast, ForecastStep,
    MEMORY_TARGET, Member, Method, Scenario, Seasonality, forecast, forecast_needs_days,
    needed_capacity, utilisation_without_largest,
};
pub use health::{
    Aspect, Deduction, FleetHealth, Grade, Health, HealthLimits, HealthSignal, HealthSignalKind,
    fleet_health, health, health_signals,
};
pub use moves::{Matters, Move, Searched, moved};
pub use robust::{mad_sigma, median, quantile, robust_z};
pub use share::wilson_lower;
