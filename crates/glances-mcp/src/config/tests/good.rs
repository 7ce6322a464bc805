//! Good configurations: what they mean.

use std::collections::BTreeSet;

use super::*;

const WHOLE: &str = r#"
performance_baseline_retention = 14
alert_history_retention = 60

[defaults]
password = "env:FLEET_PASSWORD"
tags = ["linux"]
timeout = "20s"

[[servers]]
alias = "web-[01-03]"
host = "web-[01-03].example.org"
environment = "prod"
tags = ["web"]
depends_on = ["db"]

[[servers]]
alias = "db"
url = "https://DB.example.org/glances/"
environment = "stage"
username = "monitor"
auth = "token"
timeout = 45
interval = "500ms"
criticality = "Critical"
timezone = "Europe/Berlin"
cost_per_month = 12
disabled_plugins = ["smart", "wifi"]
paused = true
headers = { X-Api-Key = "file:key" }
"#;

fn whole() -> Config {
    let text = WHOLE.replace("500ms", "2500ms");
    Fixture::new(&[("glances-mcp.toml", &text), ("key", "k3y\n")])
        .load(&[("FLEET_PASSWORD", "hunter2")])
        .unwrap_or_else(|err| panic!("{err}"))
}

#[test]
fn a_range_makes_one_server_each_and_defaults_reach_them() {
    let config = whole();
    let names: Vec<&str> = config.servers.iter().map(|server| server.alias.as_str()).collect();
    assert_eq!(names, ["web-01", "web-02", "web-03", "db"]);
    let web = &config.servers[1];
    assert_eq!(web.url, "http://web-02.example.org:61208");
    assert_eq!(web.environment.as_deref(), Some("production"));
    assert_eq!(web.criticality, Criticality::High);
    assert_eq!(web.username.as_deref(), Some("glances"));
    assert_eq!(web.password.as_ref().unwrap().expose_secret(), "hunter2");
    assert_eq!(
        web.tags,
        BTreeSet::from(["web".to_owned()]),
        "a server's own tags replace the defaults"
    );
    assert_eq!(web.timeout, secs(20));
    assert_eq!(web.depends_on[0].as_str(), "db");
}

#[test]
fn every_key_of_a_server_reaches_it() {
    let config = whole();
    let db = &config.servers[3];
    assert_eq!(db.url, "https://db.example.org:443/glances");
    assert_eq!(db.environment.as_deref(), Some("staging"));
    assert_eq!(db.username.as_deref(), Some("monitor"));
    assert_eq!(db.auth, AuthKind::Token);
    assert_eq!((db.timeout, db.interval), (secs(45), Some(Duration::from_millis(2500))));
    assert_eq!(db.criticality, Criticality::Critical);
    assert_eq!(db.timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(db.cost_per_month, Some(12.0));
    assert_eq!(db.disabled_plugins.len(), 2);
    assert!(db.paused && db.verify_tls);
    assert_eq!(db.headers[0].0, "X-Api-Key");
    assert_eq!(db.headers[0].1.expose_secret(), "k3y");
    assert_eq!(db.tags, BTreeSet::from(["linux".to_owned()]));
    assert_eq!(config.retention, Retention { baseline_days: 14, alert_days: 60 });
}

#[test]
fn the_document_s_own_json_loads_as_it_stands() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prd.json");
    let config = Config::load(Some(&path), &Overrides::default(), &Env::from_pairs([])).unwrap();
    let urls: Vec<&str> = config.servers.iter().map(|server| server.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://web-01.example.org:61208",
            "http://10.0.1.20:61209",
            "http://staging.example.org:61208",
            "http://127.0.0.1:61208",
        ]
    );
    assert_eq!(config.servers[0].timeout, secs(30));
    assert!(config.servers[2].password.is_none());
    assert_eq!(config.alerting.thresholds.len(), 4);
    assert_eq!(config.alerting.thresholds[3].critical, 1_073_741_824.0);
    let WindowTime::Repeated { duration, timezone, .. } = &config.alerting.windows[1].when else {
        panic!("{:?}", config.alerting.windows)
    };
    assert_eq!((*duration, timezone.as_str()), (secs(5400), "Europe/Berlin"));
    assert!(matches!(config.alerting.windows[0].when, WindowTime::Once { .. }));
    assert_eq!(config.retention, Retention { baseline_days: 7, alert_days: 30 });
    assert_eq!(config.sources, [path]);
}

#[test]
fn nothing_at_all_gives_the_documented_defaults() {
    let dir = TempDir::new().unwrap();
    let env = Env::from_pairs([]).in_dir(dir.path());
    let config = Config::load(None, &Overrides::default(), &env).unwrap();
    assert!(config.servers.is_empty() && config.sources.is_empty() && config.warnings.is_empty());
    assert_eq!(
        config.poll,
        PollConfig {
            interval: secs(10),
            containers_interval: secs(30),
            processes_interval: secs(60),
            backoff_first: secs(5),
            retry_attempts: 3,
        }
    );
    let http = config.http;
    assert_eq!((http.host.as_str(), http.port), ("127.0.0.1", 8080));
    assert!(http.token.is_none() && !http.allow_unauthenticated && http.cors_origins.is_empty());
    assert_eq!((http.sessions, http.sessions_max, http.session_idle), (true, 1000, secs(300)));
    assert_eq!(http.body_bytes_max, 256 * 1024);
    assert_eq!(config.log.level, "info");
    assert_eq!(config.log.format, LogFormat::Readable);
    assert_eq!(config.tools, ToolsConfig::default());
    assert_eq!(config.limits.concurrent_requests, 100);
    assert_eq!(config.limits.glances_timeout, secs(30));
}

#[test]
fn toml_json_and_yaml_mean_the_same() {
    let toml_text = "performance_baseline_retention = 9\n[poll]\ninterval = \"5s\"\n[[servers]]\nalias = \"a\"\nhost = \"h\"\ntags = [\"x\", \"y\"]\ncost_per_month = 1.5\npaused = true\nheaders = { A = \"b\" }\n[[maintenance_windows]]\nname = \"w\"\nstart = 2026-01-01T00:00:00Z\nend = 2026-01-02T00:00:00Z\n";
    let json_text = r#"{"performance_baseline_retention": 9, "poll": {"interval": "5s"}, "servers": [{"alias": "a", "host": "h", "tags": ["x", "y"], "cost_per_month": 1.5, "paused": true, "headers": {"A": "b"}}], "maintenance_windows": [{"name": "w", "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}]}"#;
    let yaml_text = "performance_baseline_retention: 9\npoll:\n  interval: 5s\nservers:\n  - alias: a\n    host: h\n    tags: [x, y]\n    cost_per_month: 1.5\n    paused: true\n    headers:\n      A: b\nmaintenance_windows:\n  - name: w\n    start: 2026-01-01T00:00:00Z\n    end: 2026-01-02T00:00:00Z\n";
    let load = |name: &str, text: &str| {
        let config = Fixture::new(&[(name, text)]).load(&[]).unwrap_or_else(|err| panic!("{err}"));
        Config { sources: Vec::new(), store: StoreConfig::Memory, ..config }
    };
    let from_toml = load("c.toml", toml_text);
    assert_eq!(from_toml, load("c.json", json_text));
    assert_eq!(from_toml, load("c.yaml", yaml_text));
    assert_eq!(from_toml, load("c.YML", yaml_text));
    assert_eq!(from_toml.servers[0].tags.len(), 2);
}

#[test]
fn empty_files_are_configurations_of_defaults() {
    for (name, text) in [
        ("c.toml", ""),
        ("c.json", "{}"),
        ("c.yaml", "{}"),
        ("c.yaml", "# nothing\n"),
        ("c.toml", "\u{feff}# nothing\n"),
    ] {
        let config = Fixture::new(&[(name, text)]).load(&[]).unwrap_or_else(|err| panic!("{err}"));
        assert!(config.servers.is_empty());
    }
}

#[test]
fn a_fleet_of_two_thousand_loads_in_every_format() {
    let names = || (0..2_000).map(|number| format!("web-{number}"));
    let toml: String = names()
        .map(|it| {
            format!("[[servers]]\nalias = \"{it}\"\nhost = \"{it}\"\ntags = [\"a\", \"b\"]\n")
        })
        .collect();
    let yaml: String =
        names().map(|it| format!("  - alias: {it}\n    host: {it}\n    tags: [a, b]\n")).collect();
    let json: Vec<String> = names()
        .map(|it| format!("{{\"alias\": \"{it}\", \"host\": \"{it}\", \"tags\": [\"a\", \"b\"]}}"))
        .collect();
    let json = format!("{{\"servers\": [{}]}}", json.join(",\n"));
    for (name, text) in
        [("c.toml", toml), ("c.yaml", format!("servers:\n{yaml}")), ("c.json", json)]
    {
        let config = Fixture::new(&[(name, &text)]).load(&[]).unwrap_or_else(|err| panic!("{err}"));
        assert_eq!(config.servers.len(), 2_000, "{name}");
    }
}

#[test]
fn drop_ins_add_servers_and_override_settings_in_the_order_of_their_names() {
    let fixture = Fixture::new(&[
        (
            "fleet.toml",
            "[http]\nport = 1000\nsessions_max = 7\n[[servers]]\nalias = \"a\"\nhost = \"a\"\n[[alert_thresholds]]\nmetric = \"cpu.total\"\nwarning = 1\ncritical = 2\n",
        ),
        ("fleet.d/20.toml", "[http]\nport = 3000\n[[servers]]\nalias = \"c\"\nhost = \"c\"\n"),
        (
            "fleet.d/10.json",
            "{\"http\": {\"port\": 2000}, \"servers\": [{\"alias\": \"b\", \"host\": \"b\", \"depends_on\": [\"d\"]}]}",
        ),
        (
            "conf.d/05.yaml",
            "servers:\n  - alias: d\n    host: d\nalert_thresholds:\n  - metric: cpu.total\n    warning: 3\n    critical: 4\n",
        ),
        ("conf.d/notes.txt", "not read"),
        ("conf.d/.hidden.toml", "not read"),
    ]);
    let config = fixture.load(&[]).unwrap_or_else(|err| panic!("{err}"));
    let names: Vec<&str> = config.servers.iter().map(|server| server.alias.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!((config.http.port, config.http.sessions_max), (3000, 7));
    assert_eq!(config.alerting.thresholds.len(), 1);
    assert_eq!(config.alerting.thresholds[0].warning, 3.0);
    let dir = fixture.dir.path();
    assert_eq!(
        config.sources,
        ["fleet.toml", "fleet.d/10.json", "fleet.d/20.toml", "conf.d/05.yaml"]
            .map(|it| dir.join(it))
    );
    assert_eq!(config.watch_dirs, ["fleet.d", "conf.d"].map(|it| dir.join(it)));
}

#[test]
fn no_secret_shows_in_debug() {
    let text = WHOLE.replace("500ms", "2500ms").replace("env:FLEET_PASSWORD", "hunter2")
        + "[http]\ntoken = \"hunter2\"\n";
    let config = Fixture::new(&[("c.toml", &text), ("key", "hunter2")]).load(&[]).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("REDACTED"));
}

#[test]
fn only_a_real_difference_makes_two_servers_differ() {
    let text =
        "[[servers]]\nalias = \"a\"\nhost = \"h\"\npassword = \"p\"\nheaders = { A = \"1\" }\n";
    let old = toml(text);
    let same = toml(&text.replace("host = \"h\"", "url = \"http://H/\""));
    assert_eq!(old.servers, same.servers);
    for (from, to) in [("\"p\"", "\"q\""), ("\"1\"", "\"2\""), ("\"h\"", "\"i\""), ("A =", "B =")] {
        assert_ne!(old.servers, toml(&text.replace(from, to)).servers, "{from} {to}");
    }
    let with_token = |token: &str| toml(&format!("[http]\ntoken = \"{token}\"\n")).http;
    assert_eq!(with_token("x"), with_token("x"));
    assert_ne!(with_token("x"), with_token("y"));
}

#[test]
fn environments_have_short_forms_and_any_other_word_is_kept() {
    for (word, environment, criticality) in [
        ("PROD", "production", Criticality::High),
        ("production", "production", Criticality::High),
        ("stage", "staging", Criticality::Normal),
        ("dev", "development", Criticality::Normal),
        ("Canary Nord", "Canary Nord", Criticality::Normal),
    ] {
        let config =
            toml(&format!("[[servers]]\nalias = \"a\"\nhost = \"h\"\nenvironment = \"{word}\"\n"));
        assert_eq!(config.servers[0].environment.as_deref(), Some(environment));
        assert_eq!(config.servers[0].criticality, criticality);
    }
}

#[test]
fn addresses_of_all_forms_become_one_form() {
    for (given, url) in [
        ("host = \"Web-1\"", "http://web-1:61208"),
        ("host = \"h\"\nprotocol = \"HTTPS\"", "https://h:61208"),
        ("host = \"::1\"\nport = 1", "http://[::1]:1"),
        ("host = \"[fe80::1]\"", "http://[fe80::1]:61208"),
        ("host = \"h\"\nurl_prefix = \"/glances/\"", "http://h:61208/glances"),
        ("url = \"http://h\"", "http://h:61208"),
        ("url = \"https://h/\"", "https://h:443"),
        ("url = \"HTTP://h:80/a/b/\"", "http://h:80/a/b"),
        ("url = \"http://[::1]\"", "http://[::1]:61208"),
    ] {
        let config = toml(&format!("[[servers]]\nalias = \"a\"\n{given}\n"));
        assert_eq!(config.servers[0].url, url);
    }
}

#[test]
fn a_range_of_addresses_keeps_its_zeros() {
    let config =
        toml("[[servers]]\nalias = \"w[008-101]\"\nurl = \"http://w[008-101].example.org:1\"\n");
    assert_eq!(config.servers.len(), 94);
    assert_eq!(config.servers[0].url, "http://w008.example.org:1");
    assert_eq!(config.servers[93].alias.as_str(), "w101");
}

#[test]
fn a_dependency_that_is_a_default_leaves_the_server_itself_out() {
    let config = toml(
        "[defaults]\ndepends_on = [\"gw\"]\n[[servers]]\nalias = \"gw\"\nhost = \"gw\"\n[[servers]]\nalias = \"a\"\nhost = \"a\"\n",
    );
    assert!(config.servers[0].depends_on.is_empty());
    assert_eq!(config.servers[1].depends_on[0].as_str(), "gw");
}

#[test]
fn what_is_risky_and_allowed_is_warned_of() {
    let config = toml(
        "[defaults]\npassword = \"p\"\n[[servers]]\nalias = \"a-[1-7]\"\nhost = \"a-[1-7]\"\n[[servers]]\nalias = \"b\"\nurl = \"https://b\"\nverify_tls = false\n[[servers]]\nalias = \"c\"\nurl = \"https://b\"\n[http]\ntoken = \"short\"\n",
    );
    let warnings = config.warnings.join("\n");
    for words in [
        "plain http to `a-1`, `a-2`, `a-3`, `a-4`, `a-5` and 2 others",
        "the certificates of `b` are not checked",
        "`b` and `c` have one address",
        "shorter than 16 characters",
    ] {
        assert!(warnings.contains(words), "{words}: {warnings}");
    }
}

#[test]
fn certificates_are_read_for_https_alone_and_watched() {
    let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    let fixture = Fixture::new(&[
        (
            "c.toml",
            "[defaults]\nca_file = \"ca.pem\"\n[[servers]]\nalias = \"a-[1-2]\"\nurl = \"https://a-[1-2]\"\n[[servers]]\nalias = \"b\"\nhost = \"b\"\n",
        ),
        ("ca.pem", pem),
    ]);
    let config = fixture.load(&[]).unwrap_or_else(|err| panic!("{err}"));
    assert_eq!(config.servers[1].ca_pem.as_deref(), Some(pem.as_bytes()));
    assert_eq!(config.servers[2].ca_pem, None);
    assert_eq!(config.sources, ["c.toml", "ca.pem"].map(|it| fixture.dir.path().join(it)));
}

#[test]
fn listening_beyond_this_machine_needs_a_token_or_a_word_of_consent() {
    let with = |text: &str| toml(&format!("[http]\n{text}\n")).check_exposure();
    for host in ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"] {
        assert_eq!(with(&format!("host = \"{host}\"")), Ok(None), "{host}");
    }
    for host in ["0.0.0.0", "::", "192.168.1.5", "mcp.example.org"] {
        let problem = with(&format!("host = \"{host}\"")).unwrap_err();
        assert_eq!(problem.place, "http.host");
        assert!(problem.fix.unwrap().contains("http.token"));
        assert_eq!(
            with(&format!("host = \"{host}\"\ntoken = \"a-token-of-enough-length\"")),
            Ok(None)
        );
        let warning = with(&format!("host = \"{host}\"\nallow_unauthenticated = true")).unwrap();
        assert!(warning.unwrap().contains("open to everyone"));
    }
}

#[test]
fn filters_and_the_words_of_other_programs_are_log_levels() {
    for (given, level) in [
        ("INFO", "info"),
        ("Warning", "warn"),
        ("critical", "error"),
        ("off", "off"),
        ("info,glances_mcp=debug", "info,glances_mcp=debug"),
        ("glances_mcp::poll=trace", "glances_mcp::poll=trace"),
        ("info,[call{tool=list_servers}]=debug", "info,[call{tool=list_servers}]=debug"),
    ] {
        assert_eq!(toml(&format!("[log]\nlevel = \"{given}\"\n")).log.level, level);
    }
}
