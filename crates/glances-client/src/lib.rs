//! The REST API of Glances, versions 3, 4 and 5, as one typed client.
//!
//! A [`Client`] speaks to one server: [`Client::connect`] finds out which API it has,
//! [`Client::fetch`] reads one [`Plugin`] into the version-independent [`model`]. Counters become
//! rates in [`rate`], by the caller's clock; [`diagnose`] explains why a server cannot be read,
//! [`exposure`] what it shows to others.
//!
//! The crate never stores anything, never follows a redirect, never sends a credential to another
//! host than the configured one, and never guesses: what a server did not say is `None`.
//!
//! ```no_run
//! use std::time::Duration;
//! use glances_client::{Client, ClientOptions, Plugin};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let deadline = Duration::from_secs(5);
//! let client = Client::new(ClientOptions::new("http://db-1:61208"))?;
//! let server = client.connect(deadline).await?;
//! let reply = client.fetch(server.api, Plugin::Mem, deadline).await?;
//! if let Some(mem) = reply.mem() {
//!     assert!(mem.used <= mem.total);
//! }
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod client;
pub mod diagnose;
mod error;
pub mod exposure;
pub mod model;
mod plugin;
pub mod rate;
#[cfg(test)]
mod testing;
mod wire;

pub use client::{Auth, BODY_BYTES_MAX, BuildError, Client, ClientOptions, Clock, ServerInfo};
pub use error::FetchError;
pub use plugin::{ApiVersion, Plugin};
#[doc(hidden)]
pub use wire::fuzz_decode;
