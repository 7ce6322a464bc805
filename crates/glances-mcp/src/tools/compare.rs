//! Servers and environments side by side.

mod drift;
mod environments;
mod servers;

pub(super) use environments::EnvironmentAnalysis;
pub(super) use servers::CompareServers;
