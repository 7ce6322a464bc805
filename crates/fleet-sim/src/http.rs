//! HTTP/1.1 as Glances' servers speak it, by hand over a socket: faults live below HTTP, where a
//! framework would not let us break anything.

pub(crate) mod answer;
pub(crate) mod auth;
pub(crate) mod browser;
pub(crate) mod connection;
pub(crate) mod request;
pub(crate) mod response;
