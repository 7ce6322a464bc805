//! Pure statistics on slices of numbers: no I/O, no clock, no async.
//!
//! Too little data is `None`, never 0 and never NaN.

#![warn(missing_docs)]

mod robust;

pub use robust::{mad_sigma, median, quantile, robust_z};
