//! One integration binary: every test links the server once.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod support;

mod alerts;
mod anomalies;
mod arguments;
mod changed;
mod charts;
mod cli;
mod complete;
mod contracts;
mod crash;
mod dependencies;
mod docs;
mod glances;
mod health;
mod history;
mod http;
mod incidents;
mod layers;
mod operators;
mod performance;
mod prd;
mod primitives;
mod principals;
mod prompts;
mod questions;
mod reload;
mod replies;
mod resources;
mod runbooks;
mod security;
mod simulated;
mod states;
mod stdio;
mod subscriptions;
mod watching;
