//! How machines do: the overview, and every number in depth.

mod detailed;
mod overview;

pub(super) use detailed::GetDetailedMetrics;
pub(super) use overview::GetSystemOverview;
