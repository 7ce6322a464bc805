//! Interfaces, sockets, checks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Meter;

/// One element of `network`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Interface {
    /// Interface name.
    pub name: String,
    /// Name given by the administrator.
    pub alias: Option<String>,
    /// Bytes received.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub bytes_recv: Meter,
    /// Bytes sent.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub bytes_sent: Meter,
    /// Receive errors (v5 Python preview only).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub errors_in: Meter,
    /// Send errors (v5 Python preview only).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub errors_out: Meter,
    /// Received packets dropped (v5 Python preview only).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub dropped_in: Meter,
    /// Sent packets dropped (v5 Python preview only).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub dropped_out: Meter,
    /// Link speed in bits per second (decimal); absent when unknown.
    pub speed_bits: Option<f64>,
    /// Link state, where the version serves it (API 3 and 5).
    pub is_up: Option<bool>,
}

/// `connections`: TCP sockets by state, and the connection tracking table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Connections {
    /// Count by state, in the kernel's words (`LISTEN`, `ESTABLISHED` …).
    pub by_state: BTreeMap<String, u64>,
    /// Entries of the connection tracking table.
    pub conntrack_count: Option<f64>,
    /// Its size.
    pub conntrack_max: Option<f64>,
    /// Its use, percent 0-100.
    pub conntrack_percent: Option<f64>,
}

/// Outcome of one configured check of `ports`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Answered after so many seconds (web checks: HTTP status below 400).
    Up {
        /// Round-trip time, seconds, where served.
        seconds: Option<f64>,
    },
    /// Did not answer, or with an error.
    Down,
    /// Not tried yet.
    NotYet,
}

/// One element of `ports`: a TCP, ICMP or web check that Glances makes from its host.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PortCheck {
    /// Host name (port check) or URL without credentials (web check).
    pub target: String,
    /// TCP port; absent for ICMP and web checks.
    pub port: Option<u16>,
    /// The administrator's words.
    pub description: String,
    /// What came of it.
    pub outcome: CheckOutcome,
    /// HTTP status of a web check.
    pub http_status: Option<u16>,
    /// Slower than this is a warning, seconds.
    pub rtt_warning: Option<f64>,
}

/// One element of `wifi`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Wifi {
    /// Interface or network name.
    pub name: String,
    /// Quality, the driver's scale (usually 0-70).
    pub quality: Option<f64>,
    /// Signal, dBm.
    pub signal_dbm: Option<f64>,
}
