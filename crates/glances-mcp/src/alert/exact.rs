//! Numbers that survive being written and read to the bit, which JSON numbers do not. Serde only.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number kept as its bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exact(pub(super) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits).map(Self)
    }
}

/// A number with twelve digits: more are noise, and fewer than sixteen survive JSON as they are.
pub(super) fn shown(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}
