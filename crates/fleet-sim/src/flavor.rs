//! The versions of Glances and what tells them apart: plugins, paths and the spelling of their bodies.
//! A body is a pure function of a [`Model`]; nothing here opens a socket or reads a clock.

mod common;
mod containers;
mod events;
mod limits;
mod processes;
#[cfg(test)]
mod shape;
mod v3;
mod v4;
mod v5;

pub use containers::humanised;
pub use events::history;
pub use limits::{info, limits};
pub use processes::extended;

use crate::json::Json;
use crate::model::Model;

/// A version and kind of Glances server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// Glances 3.4.0.5: API 3, HTTP/1.0, errors as HTML pages.
    V3_4_0_5,
    /// Glances 4.0.8.
    V4_0_8,
    /// Glances 4.3.3.
    V4_3_3,
    /// Glances 4.5.8.
    V4_5_8,
    /// The Python preview of Glances 5.
    V5Python,
    /// `glances-rs` 0.4.1.
    V5Rust,
}

const V3_PLUGINS: &[&str] = &[
    "sensors",
    "quicklook",
    "alert",
    "connections",
    "processcount",
    "gpu",
    "system",
    "cpu",
    "folders",
    "load",
    "percpu",
    "irq",
    "smart",
    "psutilversion",
    "fs",
    "core",
    "raid",
    "processlist",
    "ports",
    "memswap",
    "wifi",
    "mem",
    "now",
    "uptime",
    "diskio",
    "containers",
    "amps",
    "help",
    "ip",
    "network",
];

/// The plugins of 4.5.8; 4.3.3 lacks the second, 4.0.8 lacks `vms` and `programlist` too.
const V4_PLUGINS: &[&str] = &[
    "vms",
    "npu",
    "containers",
    "smart",
    "wifi",
    "now",
    "load",
    "folders",
    "quicklook",
    "ip",
    "programlist",
    "alert",
    "network",
    "connections",
    "irq",
    "sensors",
    "fs",
    "processlist",
    "mem",
    "version",
    "cpu",
    "uptime",
    "gpu",
    "help",
    "system",
    "percpu",
    "ports",
    "memswap",
    "processcount",
    "psutilversion",
    "core",
    "diskio",
    "amps",
    "raid",
];

const V5_PYTHON_PLUGINS: &[&str] = &[
    "core",
    "cpu",
    "diskio",
    "fs",
    "load",
    "mem",
    "memswap",
    "network",
    "now",
    "percpu",
    "processcount",
    "processlist",
    "programlist",
    "psutilversion",
    "quicklook",
    "system",
    "uptime",
    "version",
];

const V5_RUST_PLUGINS: &[&str] =
    &["cpu", "diskio", "fs", "load", "mem", "memswap", "network", "system", "uptime"];

impl Flavor {
    /// Every flavour.
    pub const ALL: [Self; 6] =
        [Self::V3_4_0_5, Self::V4_0_8, Self::V4_3_3, Self::V4_5_8, Self::V5Python, Self::V5Rust];

    /// The number in the path: 3, 4 or 5.
    #[must_use]
    pub const fn api(self) -> u8 {
        match self {
            Self::V3_4_0_5 => 3,
            Self::V4_0_8 | Self::V4_3_3 | Self::V4_5_8 => 4,
            Self::V5Python | Self::V5Rust => 5,
        }
    }

    /// The version that the server reports.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::V3_4_0_5 => "3.4.0.5",
            Self::V4_0_8 => "4.0.8",
            Self::V4_3_3 => "4.3.3",
            Self::V4_5_8 => "4.5.8",
            Self::V5Python => "4.5.6_dev01",
            Self::V5Rust => "0.4.1",
        }
    }

    /// The plugins of this version in the server's own order.
    pub fn plugins(self) -> impl Iterator<Item = &'static str> {
        let (list, missing): (&'static [&'static str], &'static [&'static str]) = match self {
            Self::V3_4_0_5 => (V3_PLUGINS, &[]),
            Self::V4_0_8 => (V4_PLUGINS, &["vms", "npu", "programlist"]),
            Self::V4_3_3 => (V4_PLUGINS, &["npu"]),
            Self::V4_5_8 => (V4_PLUGINS, &[]),
            Self::V5Python => (V5_PYTHON_PLUGINS, &[]),
            Self::V5Rust => (V5_RUST_PLUGINS, &[]),
        };
        list.iter().copied().filter(move |name| !missing.contains(name))
    }

    /// Whether a request refreshes its own plugin only (since 4.4), not all of them.
    #[must_use]
    pub const fn refreshes_one_plugin(self) -> bool {
        matches!(self, Self::V4_5_8)
    }

    /// Seconds within which a plugin keeps its last sample.
    #[must_use]
    pub fn refresh_secs(self, plugin: &str) -> f64 {
        match (self, plugin) {
            // The gate of this plugin is commented out: every hit samples again.
            (Self::V4_0_8 | Self::V4_3_3 | Self::V4_5_8, "network") => 0.0,
            (Self::V4_5_8, "fs" | "folders" | "ip") => 60.0,
            (Self::V4_5_8, "ports") => 30.0,
            (Self::V4_5_8, "sensors") => 10.0,
            _ => 2.0,
        }
    }
}

/// The body of a plugin, or `None` when the version has no such plugin.
#[must_use]
pub fn body(model: &Model<'_>, plugin: &str) -> Option<String> {
    let flavor = model.host.spec.flavor;
    let mut w = Json::new(flavor.api() == 3);
    let known = flavor.plugins().any(|name| name == plugin)
        && match flavor.api() {
            3 => v3::write(model, plugin, &mut w),
            4 => v4::write(model, plugin, &mut w),
            _ => v5::write(model, plugin, &mut w),
        };
    known.then(|| w.finish())
}

/// The body of `/{plugin}/top/{count}`: the list cut after `count` records, as a Python slice does.
#[must_use]
pub fn top(model: &Model<'_>, plugin: &str, count: i64) -> Option<String> {
    if plugin != "processlist" {
        let body: serde_json::Value = serde_json::from_str(&body(model, plugin)?).ok()?;
        let records = body.as_array()?;
        return serde_json::to_string(records.get(..cut(records.len(), count))?).ok();
    }
    let mut w = Json::new(false);
    processes::list(model, &mut w, Some(count));
    Some(w.finish())
}

/// How many of `len` records the slice `[:count]` keeps.
fn cut(len: usize, count: i64) -> usize {
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 { len.saturating_sub(size) } else { size.min(len) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_a_python_slice() {
        assert_eq!((cut(5, 3), cut(5, 9), cut(5, -1), cut(5, -9), cut(5, 0)), (3, 5, 4, 0, 0));
    }
}
