//! The catalogue of keys is in step with what is read and with the reference.

use super::*;

/// A value other than the default for every key, so that none is in the catalogue in vain.
const SAMPLES: &[(&str, &str)] = &[
    ("servers[].alias", "\"other\""),
    ("servers[].host", "\"other\""),
    ("servers[].port", "1"),
    ("servers[].protocol", "\"https\""),
    ("servers[].url", "\"http://other\""),
    ("servers[].url_prefix", "\"/p\""),
    ("servers[].username", "\"other\""),
    ("servers[].password", "\"p\""),
    ("servers[].auth", "\"token\""),
    ("servers[].headers", "{ A = \"b\" }"),
    ("servers[].environment", "\"other\""),
    ("servers[].region", "\"other\""),
    ("servers[].tags", "[\"other\"]"),
    ("servers[].timeout", "1"),
    ("servers[].interval", "5"),
    ("servers[].ca_file", "\"ca.pem\""),
    ("servers[].verify_tls", "false"),
    ("servers[].disabled_plugins", "[\"cpu\"]"),
    ("servers[].paused", "true"),
    ("servers[].criticality", "\"low\""),
    ("servers[].timezone", "\"UTC\""),
    ("servers[].cost_per_month", "1"),
    ("servers[].depends_on", "[\"second\"]"),
    ("poll.interval", "5"),
    ("poll.containers_interval", "5"),
    ("poll.processes_interval", "5"),
    ("poll.backoff_first", "1"),
    ("poll.retry_attempts", "1"),
    ("http.host", "\"::1\""),
    ("http.port", "0"),
    ("http.token", "\"t\""),
    ("http.allow_unauthenticated", "true"),
    ("http.allowed_hosts", "[\"mcp.example.org:8080\"]"),
    ("http.allowed_origins", "[\"https://a.example\"]"),
    ("http.cors_origins", "[\"*\"]"),
    ("http.sessions", "false"),
    ("http.sessions_max", "1"),
    ("http.session_idle", "\"1d\""),
    ("http.body_bytes_max", "2048"),
    ("log.level", "\"off\""),
    ("log.format", "\"json\""),
    ("log.file", "\"l\""),
    ("store.url", "\"memory:\""),
    ("tools.enable", "[\"a\"]"),
    ("tools.disable", "[\"a\"]"),
    ("tools.read_only", "true"),
    ("limits.concurrent_requests", "1"),
    ("limits.glances_timeout", "1"),
    ("runbooks.folder", "\"own\""),
    ("alert_thresholds[].metric", "\"other\""),
    ("alert_thresholds[].warning", "0.5"),
    ("alert_thresholds[].critical", "9"),
    ("alert_thresholds[].unit", "\"%\""),
    ("alert_thresholds[].careful", "0.5"),
    ("alert_thresholds[].clear", "0.25"),
    ("alert_thresholds[].for", "0"),
    ("alert_thresholds[].clear_after", "\"1h\""),
    ("alert_thresholds[].servers", "[\"env:production\"]"),
    ("alert_thresholds[].per_core", "true"),
    ("maintenance_windows[].name", "\"other\""),
    ("maintenance_windows[].servers", "[\"env:production\"]"),
    ("maintenance_windows[].start", "2026-01-01T01:00:00Z"),
    ("maintenance_windows[].end", "2026-01-09T00:00:00Z"),
    ("maintenance_windows[].schedule", "\"0 3 * * *\""),
    ("maintenance_windows[].duration", "\"2h\""),
    ("maintenance_windows[].timezone", "\"Europe/Berlin\""),
    ("thresholds", "\"glances\""),
    ("performance_baseline_retention", "1"),
    ("alert_history_retention", "1"),
];

/// A file with one key changed, or none.
fn sample(changed: Option<(&str, &str)>) -> String {
    let (path, value) = changed.unwrap_or_default();
    let repeated = ["schedule", "duration", "timezone"]
        .iter()
        .any(|it| path.ends_with(it) && path.starts_with("main"));
    let when: [(&str, &str); 2] = if repeated {
        [("schedule", "\"0 2 * * *\""), ("duration", "\"1h\"")]
    } else {
        [("start", "2026-01-01T00:00:00Z"), ("end", "2026-01-02T00:00:00Z")]
    };
    let base = [
        ("servers", vec![("alias", "\"a\""), ("host", "\"h\""), ("password", "\"x\"")]),
        ("alert_thresholds", vec![("metric", "\"m\""), ("warning", "1"), ("critical", "2")]),
        ("maintenance_windows", [vec![("name", "\"w\"")], when.to_vec()].concat()),
    ];
    let mut text = if path.contains('.') || path.is_empty() {
        String::new()
    } else {
        format!("{path} = {value}\n")
    };
    if let Some((section, name)) = path.split_once('.').filter(|_| !path.contains('[')) {
        text += &format!("[{section}]\n{name} = {value}\n");
    }
    for (section, keys) in base {
        let mut keys = keys;
        if let Some(name) = path.strip_prefix(&format!("{section}[].")) {
            keys.retain(|(known, _)| {
                *known != name
                    && !(name == "url" && *known == "host")
                    && !(name == "password" && *known == "password")
            });
            keys.push((name, value));
        }
        let keys: String = keys.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        text += &format!("[[{section}]]\n{keys}");
    }
    text + "[[servers]]\nalias = \"second\"\nhost = \"second\"\n"
}

#[test]
fn every_key_of_the_catalogue_is_read_and_changes_something() {
    let paths: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
    let sampled: Vec<&str> = SAMPLES.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, sampled, "one sample a key, in the order of the catalogue");
    for (path, value) in SAMPLES {
        let ca = "-----BEGIN CERTIFICATE-----\n";
        let file = sample(Some((path, value)));
        let dir = Fixture::new(&[("c.toml", &file), ("ca.pem", ca), ("own/a.md", "text")]);
        let changed = dir.load(&[]).unwrap_or_else(|err| panic!("{path}: {err}"));
        let mut plain = toml(&sample(None));
        if path.starts_with("maintenance_windows[].")
            && !matches!(changed.alerting.windows[0].when, WindowTime::Once { .. })
        {
            plain = toml(&sample(Some(("maintenance_windows[].timezone", "\"UTC\""))));
        }
        let alike =
            Config { sources: plain.sources.clone(), warnings: plain.warnings.clone(), ..changed };
        assert_ne!(alike, plain, "{path} changes nothing");
    }
}

#[test]
fn the_reference_names_every_key_and_variable() {
    let page = reference();
    for key in KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(page.contains(&format!("| `{name}` |")), "{}", key.path);
        assert!(key.help.ends_with('.') && !key.help.contains('|'), "{}", key.path);
        if let Some(variable) = key.env {
            assert!(page.contains(&format!("`{variable}`")), "{variable}");
        }
    }
    assert!(page.contains("GLANCES_MCP_DEBUG") && page.contains("GLANCES_MCP_CONFIG"));
    for line in page.lines().filter(|line| line.starts_with('|')) {
        assert!(matches!(line.matches('|').count(), 3 | 6), "{line}");
    }
}
