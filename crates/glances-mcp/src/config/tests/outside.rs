//! Variables, flags, `.env` and the search for a file.

use super::*;

#[test]
fn every_variable_of_the_document_overrides_the_file() {
    let fixture = Fixture::new(&[("c.toml", "[http]\nport = 1\n[log]\nlevel = \"warn\"\n")]);
    let config = fixture
        .load(&[
            ("GLANCES_MCP_HOST", "0.0.0.0"),
            ("GLANCES_MCP_PORT", "9090"),
            ("GLANCES_MCP_GLANCES_TIMEOUT", "12"),
            ("GLANCES_MCP_GLANCES_RETRY_ATTEMPTS", "5"),
            ("GLANCES_MCP_GLANCES_RETRY_DELAY", "7"),
            ("GLANCES_MCP_BASELINE_RETENTION_DAYS", "8"),
            ("GLANCES_MCP_ALERT_HISTORY_RETENTION_DAYS", "31"),
            ("GLANCES_MCP_MAX_CONCURRENT_REQUESTS", "50"),
            ("GLANCES_MCP_LOG_LEVEL", "WARNING"),
            ("GLANCES_MCP_LOG_FORMAT", "JSON"),
            ("GLANCES_MCP_LOG_FILE", "out.log"),
            ("GLANCES_MCP_HTTP_TOKEN", "env:THE_TOKEN"),
            ("GLANCES_MCP_CORS_ORIGINS", "https://a.example, https://b.example/"),
            ("GLANCES_MCP_DEBUG", "false"),
            ("THE_TOKEN", "a-token-of-enough-length"),
        ])
        .unwrap_or_else(|err| panic!("{err}"));
    assert_eq!((config.http.host.as_str(), config.http.port), ("0.0.0.0", 9090));
    assert_eq!(config.limits.glances_timeout, secs(12));
    assert_eq!((config.poll.retry_attempts, config.poll.backoff_first), (5, secs(7)));
    assert_eq!(config.retention, Retention { baseline_days: 8, alert_days: 31 });
    assert_eq!(config.limits.concurrent_requests, 50);
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.log.file, Some(fixture.dir.path().join("out.log")));
    assert_eq!(config.http.token.as_ref().unwrap().expose_secret(), "a-token-of-enough-length");
    assert_eq!(config.http.cors_origins, ["https://a.example", "https://b.example"]);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn debug_wins_over_the_other_words_on_the_level_and_a_flag_wins_over_debug() {
    let fixture = Fixture::new(&[("c.toml", "[log]\nlevel = \"warn\"\n")]);
    let env = [("GLANCES_MCP_DEBUG", "True"), ("GLANCES_MCP_LOG_LEVEL", "INFO")];
    assert_eq!(fixture.load(&env).unwrap().log.level, "debug");
    let overrides = Overrides { log_level: Some("error".to_owned()), ..Overrides::default() };
    assert_eq!(fixture.load_with(&env, &overrides).unwrap().log.level, "error");
}

#[test]
fn flags_win_over_variables() {
    let fixture = Fixture::new(&[("c.toml", "[http]\nport = 1\n")]);
    let overrides = Overrides {
        host: Some("::1".to_owned()),
        port: Some(0),
        log_format: Some("json".to_owned()),
        token: Some("env:THE_TOKEN".to_owned()),
        allow_unauthenticated: true,
        ..Overrides::default()
    };
    let env = [("GLANCES_MCP_PORT", "9090"), ("THE_TOKEN", "a-token-of-enough-length")];
    let config = fixture.load_with(&env, &overrides).unwrap();
    assert_eq!((config.http.host.as_str(), config.http.port), ("::1", 0));
    assert!(config.http.token.is_some() && config.http.allow_unauthenticated);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn variables_that_look_like_ours_are_warned_of() {
    let config = Fixture::new(&[("c.toml", "")])
        .load(&[
            ("GLANCES_MCP_PROT", "hunter2"),
            ("GLANCES_MCP_WHATEVER", "hunter2"),
            ("GLANCES_MCP_HOST", ""),
        ])
        .unwrap();
    assert_eq!(
        config.warnings,
        [
            "unknown variable `GLANCES_MCP_PROT`: did you mean `GLANCES_MCP_PORT`?",
            "unknown variable `GLANCES_MCP_WHATEVER`: it is not used",
        ]
    );
}

#[test]
fn servers_of_the_command_line_replace_those_of_the_file_and_keep_its_defaults() {
    let fixture = Fixture::new(&[(
        "c.toml",
        "[defaults]\npassword = \"hunter2\"\ntimeout = 9\n[[servers]]\nalias = \"a\"\nhost = \"a\"\n[[maintenance_windows]]\nname = \"w\"\nservers = [\"a\"]\nschedule = \"*/5 1-3 * jan-mar mon,7\"\nduration = \"1h\"\n",
    )]);
    let servers = [
        "web=http://h:1",
        "localhost",
        "localhost:61209",
        "http://10.0.0.[1-2]:61208",
        "v6=http://[::1]:61208/g",
    ];
    let overrides =
        Overrides { servers: servers.map(str::to_owned).to_vec(), ..Overrides::default() };
    let config = fixture.load_with(&[], &overrides).unwrap_or_else(|err| panic!("{err}"));
    let shown: Vec<String> =
        config.servers.iter().map(|it| format!("{} {}", it.alias, it.url)).collect();
    assert_eq!(
        shown,
        [
            "web http://h:1",
            "localhost-61208 http://localhost:61208",
            "localhost-61209 http://localhost:61209",
            "10.0.0.1 http://10.0.0.1:61208",
            "10.0.0.2 http://10.0.0.2:61208",
            "v6 http://[::1]:61208/g",
        ]
    );
    assert_eq!(config.servers[0].timeout, secs(9));
    assert!(config.servers[0].password.is_some());
}

#[test]
fn the_search_takes_the_working_directory_then_the_user_s_files() {
    let dir = TempDir::new().unwrap();
    let user = dir.path().join("home/.config/glances-mcp");
    fs::create_dir_all(&user).unwrap();
    let home = dir.path().join("home");
    let env = Env::from_pairs([("HOME", home.to_str().unwrap())]).in_dir(dir.path());
    assert_eq!(find(&env), None);
    fs::write(user.join("glances-mcp.yaml"), "http:\n  port: 5\n").unwrap();
    assert_eq!(find(&env), Some(user.join("glances-mcp.yaml")));
    fs::write(dir.path().join("glances-mcp.json"), "{}").unwrap();
    assert_eq!(find(&env), Some(dir.path().join("glances-mcp.json")));
    fs::write(dir.path().join("glances-mcp.toml"), "[http]\nport = 6\n").unwrap();
    assert_eq!(Config::load(None, &Overrides::default(), &env).unwrap().http.port, 6);
}

#[test]
fn the_environment_is_that_of_the_process() {
    assert!(Env::read().get("PATH").is_some());
    assert_eq!(Env::read().get("GLANCES_MCP_NO_SUCH_VARIABLE"), None);
}

#[test]
fn a_dotenv_file_adds_variables_and_its_bad_lines_are_not_shown() {
    let mut env = Env::from_pairs([("A", "process")]);
    env.add_dotenv("A=file\nB='with space' # remark\nhunter2 is no line\nexport C=3\n");
    assert_eq!(
        (env.get("A"), env.get("B"), env.get("C")),
        (Some("process"), Some("with space"), Some("3"))
    );
    assert_eq!(env.warnings().len(), 1);
    assert!(env.warnings()[0].starts_with(".env:3: "), "{:?}", env.warnings());
    assert!(!format!("{env:?} {:?}", env.warnings()).contains("hunter2"));
}
