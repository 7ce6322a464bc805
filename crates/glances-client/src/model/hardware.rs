//! Sensors and accelerators.

use schemars::JsonSchema;
use serde::Serialize;

/// What a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SensorUnit {
    /// Degrees Celsius.
    Celsius,
    /// Revolutions per minute.
    Rpm,
    /// Battery charge, percent 0-100.
    Percent,
    /// A unit this client does not know.
    Unknown,
}

/// One element of `sensors`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sensor {
    /// Label.
    pub label: String,
    /// Glances' kind, such as `temperature_core`.
    pub kind: String,
    /// Measured value; absent when the sensor sleeps or fails.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: SensorUnit,
    /// The chip's own high threshold.
    pub warning: Option<f64>,
    /// The chip's own critical threshold.
    pub critical: Option<f64>,
    /// Battery state, such as `Charging`.
    pub status: Option<String>,
}

/// One element of `gpu`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Gpu {
    /// Identifier such as `nvidia0`.
    pub id: String,
    /// Product name.
    pub name: String,
    /// Processor use, percent 0-100.
    pub processor_percent: Option<f64>,
    /// Memory use, percent 0-100.
    pub memory_percent: Option<f64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Fan, percent on NVIDIA.
    pub fan_percent: Option<f64>,
}

/// One element of `npu`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Npu {
    /// Identifier.
    pub id: String,
    /// Product name.
    pub name: String,
    /// Use, percent 0-100.
    pub load_percent: Option<f64>,
    /// Memory use, percent 0-100.
    pub memory_percent: Option<f64>,
    /// Hertz.
    pub frequency_hz: Option<f64>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Watts.
    pub power: Option<f64>,
}

/// One element of `irq`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Irq {
    /// Interrupt line.
    pub line: String,
    /// Interrupts per second. Absent on API 4 while the server's release is unknown: what is
    /// served became a rate with 4.5.8.
    pub per_sec: Option<f64>,
}
