//! Pure statistics on slices of numbers: no I/O, no clock, no async.
//!
//! Too little data is `None`, never 0 and never NaN.

#![warn(missing_docs)]

mod anomaly;
mod changepoint;
mod debounce;
mod fleet;
mod order;
mod params;
mod robust;

pub use anomaly::{
    Cold, Detector, HostFusion, Judge, MOfN, Rhythm, Sample, Scale, Score, Settings, Severity,
    Size, Slot, Steps, cold_start, early_z, is_sizeable, kth_largest, score_series,
};
pub use changepoint::{Change, change_points};
pub use debounce::{Alert, Debounce, Flap, Rule, Side, clear_limit, flap_percent};
pub use fleet::{Confidence, Fleet, Outlier, fleet_outliers, fleet_shares};
pub use robust::{mad_sigma, median, quantile, robust_z};
