//! The last that each plugin of one server gave.

use std::sync::Arc;

use enum_map::EnumMap;
use glances_client::{Plugin, model::Payload};
use jiff::Timestamp;

/// The last that one plugin gave.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Last decoded reply, kept while later attempts fail.
    pub payload: Option<Arc<Payload>>,
    /// When that reply arrived.
    pub at: Option<Timestamp>,
    /// When we last asked, with whatever result.
    pub tried: Option<Timestamp>,
}

/// Readings by plugin. A table and no tree: every call looks into those of every server.
#[derive(Clone, Debug, Default)]
pub struct Readings(EnumMap<Plugin, Reading>);

impl Readings {
    /// A plugin's; `None` when it was never asked for.
    #[must_use]
    pub fn get(&self, plugin: &Plugin) -> Option<&Reading> {
        let reading = &self.0[*plugin];
        (reading.tried.is_some() || reading.payload.is_some()).then_some(reading)
    }

    /// A plugin's, to be changed; an empty one at first.
    pub fn of(&mut self, plugin: Plugin) -> &mut Reading {
        &mut self.0[plugin]
    }

    /// Replaces a plugin's.
    pub fn insert(&mut self, plugin: Plugin, reading: Reading) {
        self.0[plugin] = reading;
    }

    /// Forgets those of plugins that are not kept.
    pub fn retain(&mut self, keep: impl Fn(Plugin) -> bool) {
        let gone = self.0.iter_mut().filter(|(plugin, _)| !keep(*plugin));
        gone.for_each(|(_, reading)| *reading = Reading::default());
    }

    /// All that were asked for, by plugin.
    pub fn iter(&self) -> impl Iterator<Item = (Plugin, &Reading)> {
        self.0.iter().filter(|(plugin, _)| self.get(plugin).is_some())
    }
}

impl FromIterator<(Plugin, Reading)> for Readings {
    fn from_iter<T: IntoIterator<Item = (Plugin, Reading)>>(readings: T) -> Self {
        Self(readings.into_iter().collect())
    }
}
