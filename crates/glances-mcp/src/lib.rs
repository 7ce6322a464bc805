//! Glances MCP Server: one MCP endpoint over a fleet of Glances servers.
//!
//! `ARCHITECTURE.md` is the map; the modules below are in its reading order.

pub mod app;
pub mod cli;

pub mod config;
pub mod tasks;
pub mod telemetry;

pub mod alert;
pub mod command;
pub mod health;
pub mod ingest;
pub mod judge;
pub mod live;
pub mod metric;
pub mod poll;
pub mod security;
pub mod snapshot;
pub mod store;

pub mod access;
pub mod audit;
pub mod chart;
pub mod complete;
pub mod mcp;
pub mod model;
pub mod prompts;
pub mod query;
pub mod redact;
pub mod render;
pub mod resources;
pub mod runbooks;
pub mod selector;
pub mod tools;
pub mod watching;
pub mod web;
