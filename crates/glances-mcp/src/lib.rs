//! Glances MCP Server: one MCP endpoint over a fleet of Glances servers.
//!
//! `ARCHITECTURE.md` is the map; the modules below are in its reading order.

pub mod cli;
pub mod app;

pub mod config;
pub mod telemetry;
pub mod tasks;

pub mod poll;
pub mod ingest;
pub mod live;
pub mod metric;
pub mod snapshot;
pub mod command;

pub mod web;
pub mod mcp;
pub mod tools;
pub mod query;
pub mod render;
pub mod access;
pub mod audit;
pub mod redact;
pub mod model;
