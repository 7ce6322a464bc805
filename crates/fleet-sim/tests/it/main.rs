//! The simulator over real sockets: what each version answers and what each fault does.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod client;
mod faults;
mod versions;
