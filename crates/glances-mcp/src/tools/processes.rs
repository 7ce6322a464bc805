//! What runs: programs and processes of the fleet, and one process in full.

mod details;
mod past;
mod top;

pub(super) use details::GetProcessDetails;
pub(super) use top::GetTopProcesses;
