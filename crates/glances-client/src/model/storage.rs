//! Filesystems and disks.

use schemars::JsonSchema;
use serde::Serialize;

use super::Meter;

/// One element of `fs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Filesystem {
    /// Where it is mounted.
    pub mount: String,
    /// Device or source.
    pub device: String,
    /// Type such as `ext4`.
    pub kind: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Bytes.
    pub used: Option<u64>,
    /// Bytes free to unprivileged users.
    pub free: Option<u64>,
    /// Used, percent 0-100, root-reserved blocks excluded (glances-rs: included).
    pub percent: Option<f64>,
    /// Mounted read-only; absent where the version does not serve mount options (before 4.3.2).
    pub read_only: Option<bool>,
}

/// One element of `diskio`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Disk {
    /// Device name; partitions and their parents are both listed.
    pub name: String,
    /// Read operations.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub read_count: Meter,
    /// Write operations.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub write_count: Meter,
    /// Bytes read.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub read_bytes: Meter,
    /// Bytes written.
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub write_bytes: Meter,
    /// Milliseconds spent reading (Glances 4.4).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub read_time_ms: Meter,
    /// Milliseconds spent writing (Glances 4.4).
    #[serde(skip_serializing_if = "Meter::is_unknown")]
    pub write_time_ms: Meter,
}

/// One array of `raid`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct RaidArray {
    /// Device, such as `md0`.
    pub name: String,
    /// Level, such as `raid1`.
    pub level: String,
    /// `active` or `inactive`.
    pub status: String,
    /// Disks that the array should have.
    pub disks_available: Option<u32>,
    /// Disks in use.
    pub disks_used: Option<u32>,
    /// One letter a disk: `U` up, `_` missing.
    pub config: Option<String>,
}

impl RaidArray {
    /// Whether a disk is missing or the array is not active; `None` when the server does not say.
    #[must_use]
    pub fn degraded(&self) -> Option<bool> {
        let short = self.disks_available.zip(self.disks_used).map(|(have, used)| used < have);
        let hole = self.config.as_ref().map(|config| config.contains('_'));
        let inactive = self.status == "inactive";
        match (short, hole) {
            _ if inactive => Some(true),
            (None, None) => None,
            (short, hole) => Some(short == Some(true) || hole == Some(true)),
        }
    }
}

/// One attribute of a disk's SMART table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct SmartAttribute {
    /// Attribute name.
    pub name: String,
    /// Normalised value; lower is worse.
    pub value: Option<f64>,
    /// Lowest value seen.
    pub worst: Option<f64>,
    /// The vendor's limit: at or below it the disk has failed.
    pub threshold: Option<f64>,
    /// Vendor's raw text.
    pub raw: String,
    /// When it failed, if it did.
    pub when_failed: Option<String>,
}

/// One disk of `smart`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct SmartDisk {
    /// Device and model.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<SmartAttribute>,
}

/// One element of `folders`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Folder {
    /// Path.
    pub path: String,
    /// Bytes; absent when it could not be read.
    pub size: Option<u64>,
    /// Limits set by the administrator, bytes: careful, warning, critical.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub limits: [Option<u64>; 3],
}
