//! A simulated fleet of Glances servers for tests, benches and demos.
//!
//! A host is a pure function of its seed and the time; the body of a plugin is a pure function of the
//! host at that time and of the version of its server. A thin shell serves any number of them over
//! HTTP, each on its own port of the loopback interface, and breaks them on demand.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> anyhow::Result<()> {
//! use fleet_sim::{Fault, Fleet};
//!
//! let fleet = Fleet::mixed(3, 1).await?;
//! assert_eq!(fleet.servers().len(), 3);
//! fleet.set_fault(0, Some(Fault::Hang));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod flavor;
pub mod host;
pub mod json;
pub mod load;
pub mod model;
pub mod sampler;
pub mod scenario;

mod calendar;
mod clock;
mod fault;
mod fleet;
mod http;
mod server;
mod spec;

pub use fault::{DRIP_INTERVAL, Fault, HUGE_BYTES};
pub use flavor::Flavor;
pub use fleet::{Fleet, SimServer};
pub use spec::{HostSpec, Role};
