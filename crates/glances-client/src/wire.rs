//! Bytes of a reply → [`Payload`]: one decoder for three spellings of the same facts.
//!
//! A malformed field is `None`, a malformed element of a list is left out, and only a body of a
//! wholly wrong type is an error. Pure: no I/O, no clock. Every text goes through the caller's
//! filter on its way into the model, because a [`Reader`] is the only way to it.

mod common;
mod containers;
mod devices;
mod json;
mod processes;
mod reader;
mod v3;
mod v4;
mod v5;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use reader::{Reader, TextFilter};

use crate::model::{Extended, Limits, Payload};
use crate::{ApiVersion, FetchError, Plugin};

/// A release of Glances, such as 4.5.8: major, minor, patch.
pub(crate) type Release = (u8, u8, u8);

/// First release whose `irq_rate` is per second; before, it was the increase since the last sample.
const IRQ_PER_SECOND_SINCE: Release = (4, 5, 8);

/// What is known of the server that wrote a body, and the filter for its texts.
#[derive(Clone, Copy)]
pub(crate) struct Decoder {
    /// API that answered.
    pub(crate) api: ApiVersion,
    /// Release of the server, when it says.
    pub(crate) release: Option<Release>,
    /// Every text of the monitored machine passes it.
    pub(crate) filter: TextFilter,
}

/// Why a body is no payload, before the plugin's name is put to it.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The server has no data for the plugin.
    Null,
    /// Another type than the plugin's.
    Shape { expected: &'static str, found: &'static str },
}

impl Decoder {
    /// The reply of one plugin.
    pub(crate) fn payload(&self, plugin: Plugin, body: &[u8]) -> Result<Payload, FetchError> {
        self.payload_of(plugin, &self.parse(body)?)
    }

    /// One plugin's part of a reply that has been read already.
    pub(crate) fn payload_of(
        &self,
        plugin: Plugin,
        value: &serde_json::Value,
    ) -> Result<Payload, FetchError> {
        let reader = Reader::new(value, self.filter);
        let decoded = match self.api {
            _ if reader.is_null() => Err(Refusal::Null),
            ApiVersion::V3 => v3::payload(plugin, reader),
            ApiVersion::V4 => v4::payload(plugin, reader, self.release),
            ApiVersion::V5 => v5::payload(plugin, reader),
        };
        decoded.map_err(|refusal| match refusal {
            Refusal::Null => FetchError::NotAvailable { plugin },
            Refusal::Shape { expected, found } => FetchError::Malformed {
                reason: format!("`{plugin}` should be {expected}, is {found}"),
            },
        })
    }

    /// `/all/limits`: the numbers in it.
    pub(crate) fn limits(&self, body: &[u8]) -> Result<Limits, FetchError> {
        let value = self.parse(body)?;
        let reader = Reader::new(&value, self.filter);
        if !value.is_object() {
            return Err(malformed("limits", "an object", reader.kind()));
        }
        let mut numbers = BTreeMap::new();
        for (plugin, settings) in reader.entries() {
            let settings: BTreeMap<String, f64> = settings
                .entries()
                .filter_map(|(key, setting)| Some((reader.clean(key), setting.num()?)))
                .collect();
            numbers.insert(reader.clean(plugin), settings);
        }
        Ok(Limits { numbers })
    }

    /// `processes/extended`; `None` while the server has not filled it in.
    pub(crate) fn extended(&self, body: &[u8]) -> Result<Option<Extended>, FetchError> {
        let value = self.parse(body)?;
        let reader = Reader::new(&value, self.filter);
        if !value.is_object() {
            return Err(malformed("processes/extended", "an object", reader.kind()));
        }
        Ok(processes::extended(reader))
    }

    /// `pluginslist`: the names that this client knows; `None` when the body is no list of names.
    pub(crate) fn plugins(&self, body: &[u8]) -> Option<BTreeSet<Plugin>> {
        let value = self.parse(body).ok()?;
        value.as_array()?;
        let reader = Reader::new(&value, self.filter);
        Some(reader.items().filter_map(|name| Plugin::parse(name.word()?)).collect())
    }

    /// `status` of API 4, `{"version": "4.5.8"}`; `None` when the body is something else.
    pub(crate) fn status_version(&self, body: &[u8]) -> Option<String> {
        let value = self.parse(body).ok()?;
        Reader::new(&value, self.filter).get("version").text()
    }

    /// A field of a small reply that is ours alone, such as a token; not filtered, never stored
    /// in the model.
    pub(crate) fn own_field(&self, body: &[u8], field: &str) -> Option<String> {
        let value = self.parse(body).ok()?;
        Reader::new(&value, self.filter).get(field).word().map(str::to_owned)
    }

    /// Any reply as JSON.
    pub(crate) fn parse(&self, body: &[u8]) -> Result<serde_json::Value, FetchError> {
        json::parse(body).map_err(|problem| FetchError::Malformed {
            reason: (self.filter)(&format!("not JSON: {problem}")),
        })
    }
}

fn malformed(what: &str, expected: &str, found: &str) -> FetchError {
    FetchError::Malformed { reason: format!("`{what}` should be {expected}, is {found}") }
}

/// `4.5.8`, `4.5.6_dev01` → numbers; `None` when it does not begin with two numbers.
pub(crate) fn release(version: &str) -> Option<Release> {
    let mut parts = version.trim().split(['.', '_', '-', '+']).map(|part| part.parse::<u8>().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// An object, or the empty list that some versions serve in its place.
fn object(body: Reader<'_>) -> Result<Reader<'_>, Refusal> {
    if body.is_object() || body.is_empty_list() {
        return Ok(body);
    }
    Err(Refusal::Shape { expected: "an object", found: body.kind() })
}

/// The objects of a list; also the empty object that some versions serve in its place.
fn rows(body: Reader<'_>) -> Result<impl Iterator<Item = Reader<'_>>, Refusal> {
    if body.is_list() || body.is_empty_object() {
        return Ok(body.items().filter(|row| row.is_object()));
    }
    Err(Refusal::Shape { expected: "a list", found: body.kind() })
}

/// Everything that decodes, on one input: for the fuzz target and for tests. Never panics.
#[doc(hidden)]
pub fn fuzz_decode(body: &[u8]) {
    for api in [ApiVersion::V3, ApiVersion::V4, ApiVersion::V5] {
        let decoder = Decoder { api, release: Some((4, 5, 8)), filter: str::to_owned };
        for &plugin in Plugin::ALL {
            if let Ok(previous) = decoder.payload(plugin, body) {
                let mut current = previous.clone();
                crate::rate::advance(&previous, &mut current, std::time::Duration::from_secs(2));
            }
        }
        let _ = decoder.limits(body);
        let _ = decoder.extended(body);
        let _ = decoder.plugins(body);
        let _ = decoder.status_version(body);
        let _ = decoder.own_field(body, "access_token");
    }
}

#[cfg(test)]
mod tests;
