//! The decoders against recorded replies, against each other, and against garbage.

mod containers;
mod hostile;
mod processes;
mod recorded;

use std::path::{Path, PathBuf};

use super::{Decoder, release};
use crate::model::{Meter, Payload};
use crate::{ApiVersion, FetchError, Plugin};

/// A folder of fixtures, the API that it speaks and the release that wrote it.
const RECORDED: [(&str, ApiVersion, Option<&str>); 6] = [
    ("3.4.0.5", ApiVersion::V3, None),
    ("4.0.8", ApiVersion::V4, Some("4.0.8")),
    ("4.3.3", ApiVersion::V4, Some("4.3.3")),
    ("4.5.8", ApiVersion::V4, Some("4.5.8")),
    ("5-python-preview", ApiVersion::V5, Some("4.5.6_dev01")),
    ("5-glances-rs-0.4.1", ApiVersion::V5, None),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn body(file: &str) -> Vec<u8> {
    let path = fixtures().join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn decoder(api: ApiVersion, version: Option<&str>) -> Decoder {
    Decoder { api, release: version.and_then(release), filter: str::to_owned }
}

/// The decoder for a file, by its folder or, for derived ones, by the version in its name.
fn decoder_of(file: &str) -> Decoder {
    let named = |folder: &str| {
        file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
            || file.contains(&format!("_{folder}."))
    };
    let found = RECORDED.iter().find(|(folder, ..)| named(folder));
    let &(_, api, version) = found.unwrap_or(&RECORDED[3]);
    decoder(api, version)
}

fn decode(file: &str, plugin: Plugin) -> Payload {
    let decoded = decoder_of(file).payload(plugin, &body(file));
    decoded.unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn decode_text(api: ApiVersion, plugin: Plugin, text: &str) -> Result<Payload, FetchError> {
    decoder(api, Some("4.5.8")).payload(plugin, text.as_bytes())
}

/// Every JSON file below the fixtures, relative to them.
fn every_body() -> Vec<String> {
    let mut folders = vec![fixtures()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let relative = path.strip_prefix(fixtures()).unwrap();
                files.push(relative.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files.sort();
    files
}

fn counted(total: f64) -> Meter {
    Meter { total: Some(total), per_sec: None }
}

fn served(per_sec: f64) -> Meter {
    Meter { total: None, per_sec: Some(per_sec) }
}
