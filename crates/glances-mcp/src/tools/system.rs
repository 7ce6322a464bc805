//! How machines do: the overview.

mod overview;

pub(super) use overview::GetSystemOverview;
