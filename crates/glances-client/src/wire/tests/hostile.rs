//! Broken, odd and malicious bodies.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::fuzz_decode;
use super::*;

#[test]
fn no_fixture_of_any_plugin_breaks_any_decoder() {
    let files = every_body();
    assert!(files.len() > 150, "{}", files.len());
    for file in files {
        fuzz_decode(&body(&file));
    }
}

#[test]
fn null_is_a_plugin_without_data() {
    for api in [ApiVersion::V3, ApiVersion::V4, ApiVersion::V5] {
        for &plugin in Plugin::ALL {
            let decoded = decode_text(api, plugin, " null\n");
            assert_eq!(decoded, Err(FetchError::NotAvailable { plugin }), "{api} {plugin}");
        }
    }
}

#[test]
fn a_body_of_a_wholly_wrong_type_is_malformed() {
    let wrong = ["true", "7", "\"x y\"", "<html>", "", "{\"a\":", "[[", "Active"];
    for api in [ApiVersion::V3, ApiVersion::V4, ApiVersion::V5] {
        for &plugin in Plugin::ALL {
            for text in wrong {
                // Any text is a version, and a number is one as far as we care.
                if plugin == Plugin::Version && (text.starts_with('"') || text == "7") {
                    continue;
                }
                let decoded = decode_text(api, plugin, text);
                let malformed = matches!(decoded, Err(FetchError::Malformed { .. }));
                assert!(malformed, "{api} {plugin} {text}: {decoded:?}");
            }
        }
    }
    let error = decode_text(ApiVersion::V4, Plugin::Network, "{\"x\": 1}").unwrap_err();
    let reason = "`network` should be a list, is an object".to_owned();
    assert_eq!(error, FetchError::Malformed { reason });
}

#[test]
fn a_malformed_field_is_none_and_the_rest_stands() {
    let text = r#"{"total": "12.5", "user": [1], "system": {}, "idle": true, "iowait": "much",
        "steal": 1e999, "cpucore": -2, "guest": NaN}"#;
    // 1e999 is no number to the parser, so it is spelled as Python spells it.
    let text = text.replace("1e999", "Infinity");
    let payload = decode_text(ApiVersion::V4, Plugin::Cpu, &text).unwrap();
    let expected = crate::model::Cpu { total: Some(12.5), ..crate::model::Cpu::default() };
    assert_eq!(payload.cpu(), Some(&expected));
}

#[test]
fn a_malformed_element_is_left_out() {
    let text = r#"[null, 1, "x", [], {}, {"disk_name": null}, {"disk_name": "vda"}]"#;
    let payload = decode_text(ApiVersion::V4, Plugin::DiskIo, text).unwrap();
    let names: Vec<&str> = payload.disks().unwrap().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["vda"]);
}

#[test]
fn counts_are_cut_and_bounded() {
    let text = r#"{"total": 1e30, "available": -1, "free": 7.9, "percent": "5", "cached": "12"}"#;
    let payload = decode_text(ApiVersion::V4, Plugin::Mem, text).unwrap();
    let mem = payload.mem().unwrap();
    assert_eq!((mem.total, mem.available), (Some(u64::MAX), None));
    assert_eq!((mem.free, mem.percent, mem.cached), (Some(7), Some(5.0), Some(12)));
}

/// Marks what has passed it; texts that have not are found by the missing mark.
fn mark(_: &str) -> String {
    "MARKED".to_owned()
}

#[test]
fn every_text_of_every_recording_passes_the_filter() {
    for file in every_body() {
        let Some(plugin) = plugin_of(&file) else { continue };
        let decoder = Decoder { filter: mark, ..decoder_of(&file) };
        let Ok(payload) = decoder.payload(plugin, &body(&file)) else { continue };
        let printed = format!("{payload:?}");
        let texts = printed.split('"').skip(1).step_by(2);
        for text in texts {
            assert!(text == "MARKED" || text.is_empty(), "{text} in {file}");
        }
    }
}

fn plugin_of(file: &str) -> Option<Plugin> {
    let stem = file.rsplit('/').next()?.strip_suffix(".json")?;
    Plugin::parse(stem.split('_').next()?)
}

/// JSON with the keys and texts that the decoders look for, in the wrong places.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("_"),
            Just("?"),
            Just(""),
            Just("1 day, 0:00:03"),
            Just("99999999999999999999"),
            Just("-1"),
            Just("inf"),
            Just("healthy"),
            Just("a@b://c@d"),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((known_key(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn known_key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 40] = [
        "data",
        "name",
        "total",
        "idle",
        "cpu_number",
        "disk_name",
        "interface_name",
        "mnt_point",
        "options",
        "speed",
        "alias",
        "time_since_update",
        "read_bytes",
        "read_bytes_gauge",
        "cumulative_rx",
        "containers",
        "status",
        "Status",
        "network",
        "memory",
        "memory_usage",
        "memory_inactive_file",
        "ports",
        "io",
        "image",
        "pid",
        "cmdline",
        "io_counters",
        "memory_info",
        "cpu_times",
        "childrens",
        "nprocs",
        "seconds",
        "version",
        "size",
        "errno",
        "url",
        "host",
        "irq_line",
        "irq_rate",
    ];
    prop_oneof![4 => prop::sample::select(KEYS.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_breaks_a_decoder(value in arbitrary_json()) {
        fuzz_decode(value.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_break_a_decoder(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        fuzz_decode(&bytes);
    }

    #[test]
    fn what_is_decoded_is_finite(value in arbitrary_json()) {
        let text = value.to_string();
        for &plugin in Plugin::ALL {
            if let Ok(payload) = decode_text(ApiVersion::V4, plugin, &text) {
                let printed = format!("{payload:?}");
                let odd = printed.contains("Some(NaN)") || printed.contains("Some(inf)");
                prop_assert!(!odd, "{}", printed);
            }
        }
    }
}
