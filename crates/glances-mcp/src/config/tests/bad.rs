//! Bad configurations: each must name the place and what to do.

use super::*;

/// What is wrong, the file, the place, words of the problem or its fix.
type Bad = (&'static str, &'static str, &'static str, &'static [&'static str]);

const ONE: &str = "[[servers]]\nalias = \"a\"\nhost = \"h\"\n";

/// Keys of the one server, after its alias and host.
const OF_A_SERVER: &[Bad] = &[
    ("port too large", "port = 70000", ":4: servers[0].port", &["70000 is out of range", "from 1 to 65535"]),
    ("port zero", "port = 0", ":4: servers[0].port", &["out of range", "from 1 to 65535"]),
    ("port as text", "port = \"61208\"", ":4: servers[0].port", &["expected a whole number", "found the text `61208`", "without quotes"]),
    ("port beyond 64 bits", "port = 99999999999999999999999", ":4: servers[0].port", &["out of range"]),
    ("misspelt key", "pasword = \"hunter2\"", ":4: servers[0].pasword", &["unknown key `pasword`", "did you mean `password`?"]),
    ("key by another name", "user = \"me\"", ":4: servers[0].user", &["did you mean `username`?"]),
    ("key nobody knows", "colour = \"red\"", ":4: servers[0].colour", &["unknown key `colour`", "the keys of servers are `alias`, `host`"]),
    ("unknown protocol", "protocol = \"htps\"", ":4: servers[0].protocol", &["`htps`", "did you mean `https`?", "`http`, `https`"]),
    ("timeout too long", "timeout = 301", ":4: servers[0].timeout", &["out of range", "1s to 5m"]),
    ("timeout too short", "timeout = \"10ms\"", ":4: servers[0].timeout", &["out of range", "1s to 5m"]),
    ("interval too short", "interval = \"1s\"", ":4: servers[0].interval", &["out of range", "2s to 1h"]),
    ("interval without sense", "interval = \"soon\"", ":4: servers[0].interval", &["expected a time from 2s to 1h", "`soon`"]),
    ("tags as text", "tags = \"web\"", ":4: servers[0].tags", &["expected a list of texts", "put it in [ ]"]),
    ("a tag that is a number", "tags = [\"web\", 7]", ":4: servers[0].tags[1]", &["expected a text", "the number 7", "in quotes"]),
    ("unknown plugin", "disabled_plugins = [\"dockers\", \"proceslist\"]", ":4: servers[0].disabled_plugins[1]", &["no plugin `proceslist`", "did you mean `processlist`?"]),
    ("unknown criticality", "criticality = \"hihg\"", ":4: servers[0].criticality", &["did you mean `high`?"]),
    ("unknown time zone", "timezone = \"Europe/Berln\"", ":4: servers[0].timezone", &["no time zone `Europe/Berln`", "did you mean `Europe/Berlin`?"]),
    ("negative cost", "cost_per_month = -3.5", ":4: servers[0].cost_per_month", &["-3.5 is out of range", "from 0"]),
    ("endless cost", "cost_per_month = inf", ":4: servers[0].cost_per_month", &["out of range"]),
    ("unknown dependency", "depends_on = [\"aa\"]", ":4: servers[0].depends_on[0]", &["no server `aa`"]),
    ("depends on itself", "depends_on = [\"a\"]", ":4: servers[0].depends_on", &["`a` depends on itself"]),
    ("variable that is not set", "password = \"env:NO_SUCH\"", ":4: servers[0].password", &["`NO_SUCH` is not set", "set `NO_SUCH`"]),
    ("secret file that is missing", "password = \"file:no-such\"", ":4: servers[0].password", &["no-such", "no such file", "check the path"]),
    ("empty secret file", "password = \"file:empty\"", ":4: servers[0].password", &["empty` holds no secret"]),
    ("empty password", "password = \"\"", ":4: servers[0].password", &["empty", "leave the key out"]),
    ("password as number", "password = 123456", ":4: servers[0].password", &["found a number", "in quotes"]),
    ("user without password", "username = \"me\"", ":4: servers[0].username", &["without `password`"]),
    ("token without password", "auth = \"token\"", ":4: servers[0].auth", &["without `password`"]),
    ("certificates that are missing", "protocol = \"https\"\nca_file = \"ca.pem\"", ":5: servers[0].ca_file", &["ca.pem", "no such file"]),
    ("certificates that are none", "protocol = \"https\"\nca_file = \"empty\"", ":5: servers[0].ca_file", &["holds no certificate", "PEM"]),
    ("header name", "headers = { \"X Y\" = \"1\" }", ":4: servers[0].headers.X Y", &["not the name of a header"]),
    ("header with a line break", "headers = { X = \"a\\nb\" }", ":4: servers[0].headers.X", &["printable ASCII"]),
    ("two authorizations", "password = \"x\"\nheaders = { Authorization = \"Bearer x\" }", ":5: servers[0].headers.Authorization", &["`password` sends this header already"]),
    ("prefix with a query", "url_prefix = \"/a?b=c\"", ":4: servers[0].url_prefix", &["no query"]),
    ("prefix with the version", "url_prefix = \"/glances/api/4\"", ":4: servers[0].url_prefix", &["leave out `/api`"]),
    ("url beside host", "url = \"http://h:61208\"", ":3: servers[0].host", &["`url` and `host` are both given", "keep one"]),
    ("empty environment", "environment = \" \"", ":4: servers[0].environment", &["is empty"]),
    ("flag as text", "paused = \"yes\"", ":4: servers[0].paused", &["expected true or false", "without quotes"]),
];

#[test]
fn every_bad_key_of_a_server_names_its_place_and_what_to_do() {
    for (what, keys, place, words) in OF_A_SERVER {
        check(what, &format!("{ONE}{keys}\n"), place, words);
    }
}

const WHOLE_FILES: &[Bad] = &[
    ("no alias", "[[servers]]\nhost = \"h\"", ":1: servers[0]", &["`alias` is missing", "alias = "]),
    ("no host", "[[servers]]\nalias = \"a\"", ":1: servers[0]", &["`host` is missing", "or `url`"]),
    ("alias of bad form", "[[servers]]\nalias = \"web 1\"\nhost = \"h\"", ":2: servers[0].alias", &["`web 1` is no alias", "web-[01-20]"]),
    ("host with protocol", "[[servers]]\nalias = \"a\"\nhost = \"http://h\"", ":3: servers[0].host", &["no protocol", "`url` in place of `host`"]),
    ("host with port", "[[servers]]\nalias = \"a\"\nhost = \"h:61208\"", ":3: servers[0].host", &["no port", "as `port`"]),
    ("host with a space", "[[servers]]\nalias = \"a\"\nhost = \"h h\"", ":3: servers[0].host", &["not a host name"]),
    ("url without protocol", "[[servers]]\nalias = \"a\"\nurl = \"web-1:61208\"", ":3: servers[0].url", &["begins with `http://`"]),
    ("url of another protocol", "[[servers]]\nalias = \"a\"\nurl = \"ftp://h\"", ":3: servers[0].url", &["`ftp`", "use `http` or `https`"]),
    ("url with credentials", "[[servers]]\nalias = \"a\"\nurl = \"http://me:hunter2@h:61208\"", ":3: servers[0].url", &["credentials do not belong", "set `username` and `password`"]),
    ("url with a bad port", "[[servers]]\nalias = \"a\"\nurl = \"http://h:99999\"", ":3: servers[0].url", &["`99999` is not a port", "1 to 65535"]),
    ("url with the version", "[[servers]]\nalias = \"a\"\nurl = \"http://h:61208/api/4\"", ":3: servers[0].url", &["leave out `/api`"]),
    ("alias twice", "[[servers]]\nalias = \"a\"\nhost = \"h\"\n[[servers]]\nalias = \"a\"\nhost = \"i\"", ":5: servers[1].alias", &["`a` is taken by", ":1: servers[0]", "its own alias"]),
    ("range backwards", "[[servers]]\nalias = \"w-[20-01]\"\nhost = \"w-[20-01]\"", ":2: servers[0].alias", &["runs backwards", "[01-20]"]),
    ("range too large", "[[servers]]\nalias = \"w-[1-2001]\"\nhost = \"w-[1-2001]\"", ":2: servers[0].alias", &["makes 2001 servers", "at most 2000"]),
    ("two ranges", "[[servers]]\nalias = \"w-[1-2]-[1-2]\"\nhost = \"h\"", ":2: servers[0].alias", &["two ranges"]),
    ("range in the alias alone", "[[servers]]\nalias = \"w-[1-3]\"\nhost = \"h\"", ":1: servers[0]", &["makes 3 names", "the address 1", "the same range"]),
    ("range of letters", "[[servers]]\nalias = \"w-[a-c]\"\nhost = \"h\"", ":2: servers[0].alias", &["no alias", "web-[01-20]"]),
    ("servers as a table", "[servers]\nalias = \"a\"", ":1: servers", &["expected a list of tables", "[[servers]]"]),
    ("a server that is a text", "servers = [\"web-1\"]", ":1: servers[0]", &["expected a table", "`web-1`"]),
    ("a section that is a number", "poll = 5", ":1: poll", &["expected a table, found the number 5"]),
    ("unknown section", "[pol]\ninterval = \"5s\"", ":1: pol", &["unknown key `pol`", "did you mean `poll`?"]),
    ("key in the wrong place", "retry_attempts = 5", ":1: retry_attempts", &["did you mean `poll.retry_attempts`?"]),
    ("key of the PRD misspelt", "alert_treshold = []", ":1: alert_treshold", &["did you mean `alert_thresholds`?"]),
    ("alias in the defaults", "[defaults]\nalias = \"a\"", ":2: defaults.alias", &["unknown key `alias`"]),
    ("bad default", "[defaults]\ntimeout = 0", ":2: defaults.timeout", &["out of range"]),
    ("interval beyond its range", "[poll]\ninterval = \"2h\"", ":2: poll.interval", &["out of range", "2s to 1h"]),
    ("http port too large", "[http]\nport = 65536", ":2: http.port", &["out of range", "0 to 65535"]),
    ("address with a protocol", "[http]\nhost = \"http://0.0.0.0\"", ":2: http.host", &["no protocol"]),
    ("origin that is none", "[http]\ncors_origins = [\"example.org\"]", ":2: http.cors_origins[0]", &["not a web origin", "https://"]),
    ("body too large", "[http]\nbody_bytes_max = 1000000000", ":2: http.body_bytes_max", &["out of range"]),
    ("log level", "[log]\nlevel = \"inf\"", ":2: log.level", &["not a log level", "did you mean `info`?"]),
    ("log filter", "[log]\nlevel = \"info,glances_mcp=debgu\"", ":2: log.level", &["`glances_mcp=debgu` is not a log level", "did you mean `debug`?"]),
    ("log format", "[log]\nformat = \"jsn\"", ":2: log.format", &["did you mean `json`?"]),
    ("tool on and off", "[tools]\nenable = [\"get_containers\"]\ndisable = [\"get_containers\"]", ":2: tools.enable[0]", &["enabled and disabled"]),
    ("no requests at all", "[limits]\nconcurrent_requests = 0", ":2: limits.concurrent_requests", &["out of range", "from 1"]),
    ("retention of nothing", "performance_baseline_retention = 0", ":1: performance_baseline_retention", &["out of range", "1 to 400"]),
    ("threshold without critical", "[[alert_thresholds]]\nmetric = \"cpu.total\"\nwarning = 1", ":1: alert_thresholds[0]", &["`critical` is missing", "{metric, warning, critical, unit}"]),
    ("threshold without sense", "[[alert_thresholds]]\nmetric = \"cpu.total\"\nwarning = 90\ncritical = 90.0", ":4: alert_thresholds[0].critical", &["are the same"]),
    ("metric of bad form", "[[alert_thresholds]]\nmetric = \"fs.percent[\"\nwarning = 1\ncritical = 2", ":2: alert_thresholds[0].metric", &["not the path of a metric", "fs.percent[/]"]),
    ("metric twice", "[[alert_thresholds]]\nmetric = \"a.b\"\nwarning = 1\ncritical = 2\n[[alert_thresholds]]\nmetric = \"a.b\"\nwarning = 1\ncritical = 2", ":6: alert_thresholds[1].metric", &["is at", ":2: alert_thresholds[0].metric", "keep one"]),
    ("window of another form", "[[maintenance_windows]]\nname = \"w\"\nday = \"sunday\"", ":1: maintenance_windows[0]", &["neither form", "{name, servers, start, end}", "{name, servers, schedule, duration, timezone}"]),
    ("window of both forms", "[[maintenance_windows]]\nname = \"w\"\nstart = 2026-01-01T00:00:00Z\nend = 2026-01-02T00:00:00Z\nschedule = \"0 2 * * *\"\nduration = \"1h\"", ":1: maintenance_windows[0]", &["neither form"]),
    ("window that ends first", "[[maintenance_windows]]\nname = \"w\"\nstart = 2026-01-02T00:00:00Z\nend = 2026-01-01T00:00:00Z", ":4: maintenance_windows[0].end", &["ends before it starts"]),
    ("window without offset", "[[maintenance_windows]]\nname = \"w\"\nstart = \"2026-01-02 00:00\"\nend = 2026-01-03T00:00:00Z", ":3: maintenance_windows[0].start", &["not a time with its offset", "2026-01-31T22:00:00Z"]),
    ("window of an unknown server", "[[servers]]\nalias = \"web-1\"\nhost = \"h\"\n[[maintenance_windows]]\nname = \"w\"\nservers = [\"web1\"]\nschedule = \"0 2 * * *\"\nduration = \"1h\"", ":6: maintenance_windows[0].servers[0]", &["no server `web1`", "did you mean `web-1`?"]),
    ("cron line of four fields", "[[maintenance_windows]]\nname = \"w\"\nschedule = \"0 2 * *\"\nduration = \"1h\"", ":3: maintenance_windows[0].schedule", &["five fields", "has 4"]),
    ("cron line beyond the clock", "[[maintenance_windows]]\nname = \"w\"\nschedule = \"0 25 * * *\"\nduration = \"1h\"", ":3: maintenance_windows[0].schedule", &["`25` is not a hour", "0 to 23"]),
    ("no TOML", "[[servers]\nalias = ", ":1", &[""]),
    ("key twice", "[http]\nport = 1\nport = 2", ":3", &["duplicate key"]),
];

#[test]
fn every_bad_file_names_its_place_and_what_to_do() {
    for (what, text, place, words) in WHOLE_FILES {
        check(what, &format!("{text}\n"), place, words);
    }
}

/// There is a problem at the place that has all the words, and none shows the password.
fn check(what: &str, text: &str, place: &str, words: &[&str]) {
    let fixture = Fixture::new(&[("glances-mcp.toml", text), ("empty", "\n")]);
    let problems = fixture.problems(&[]);
    let place = format!("glances-mcp.toml{place}: ");
    let fits = |problem: &String| {
        problem.starts_with(&place) && words.iter().all(|word| problem.contains(word))
    };
    assert!(problems.iter().any(fits), "{what}: wanted {place} {words:?}, got {problems:#?}");
    assert!(!problems.concat().contains("hunter2"), "{what}: {problems:#?}");
}

#[test]
fn all_problems_of_all_files_come_together_in_their_order() {
    let fixture = Fixture::new(&[
        ("glances-mcp.toml", "[[servers]]\nalias = \"a\"\nhost = \"h\"\nport = 0\n\n[poll]\ninterval = 0\n\n[http]\nprt = 1\n"),
        ("conf.d/10.json", "{\n \"servers\": [\n  {\"alias\": \"b\",\n   \"hots\": \"h\"}\n ]\n}"),
        ("conf.d/20.toml", "[[servers]\n"),
    ]);
    let problems = fixture.problems(&[("GLANCES_MCP_PORT", "eighty"), ("GLANCES_MCP_LOG_FORMAT", "xml")]);
    let places: Vec<&str> = problems.iter().map(|it| it.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "glances-mcp.toml:4",
            "glances-mcp.toml:7",
            "glances-mcp.toml:10",
            "conf.d/10.json:4",
            "conf.d/20.toml:1",
            "GLANCES_MCP_PORT",
            "GLANCES_MCP_LOG_FORMAT",
        ],
        "{problems:#?}"
    );
}

#[test]
fn problems_of_json_and_yaml_have_lines_too() {
    let json = "{\n \"servers\": [\n  {\"alias\": \"a\", \"host\": \"h\",\n   \"tags\": [\"x\",\n    5]}\n ],\n \"poll\": {\"interval\": 1}\n}";
    let yaml = "servers:\n  - alias: a\n    host: h\n    tags:\n      - x\n      - 5\npoll:\n  interval: 1\n";
    for (name, text, tag, interval) in
        [("c.json", json, 5, 7), ("c.yaml", yaml, 6, 8), ("c.yml", yaml, 6, 8)]
    {
        let problems = Fixture::new(&[(name, text)]).problems(&[]);
        assert!(problems[0].starts_with(&format!("{name}:{tag}: servers[0].tags[1]: ")), "{problems:?}");
        assert!(problems[1].starts_with(&format!("{name}:{interval}: poll.interval: ")), "{problems:?}");
    }
}

#[test]
fn json_and_yaml_that_are_none_name_the_line_and_show_nothing() {
    let cases = [
        ("c.json", "{\n \"servers\": [\n }", "c.json:3: "),
        ("c.json", "{\"http\": {\"port\": 1,\n \"port\": 2}}", "c.json:2: http.port: is given twice"),
        ("c.yaml", "http:\n  port: 1\n  port: 2\n", "c.yaml:3: "),
        ("c.yaml", "servers:\n  - alias: a\n   host: h\n", "c.yaml:"),
        ("c.yaml", "servers:\n  - alias: a\n    host: h\n    password: *hunter2\n", "c.yaml:4: "),
        ("c.yaml", "http:\n  token: @hunter2\n", "c.yaml:2: "),
        ("c.yaml", "http:\n  token: \"hunter2\n", "c.yaml:"),
        ("c.toml", "[http]\ntoken = hunter2\n", "c.toml:2: "),
        ("c.toml", "[http]\ntoken = \"hunter2\n", "c.toml:2: "),
        ("c.json", "[]", "c.json:1: "),
        ("c.txt", "", "c.txt: the ending"),
        ("c", "", "c: the ending"),
    ];
    for (name, text, start) in cases {
        let problems = Fixture::new(&[(name, text)]).problems(&[]);
        assert!(problems[0].starts_with(start), "{text}: {problems:#?}");
        assert!(!problems.concat().contains("hunter2"), "{text}: {problems:#?}");
    }
}

#[test]
fn a_file_that_is_missing_is_a_problem_that_names_it() {
    let fixture = Fixture::new(&[]);
    let env = Env::from_pairs([("GLANCES_MCP_CONFIG", "/no/such/file.toml")]).in_dir(fixture.dir.path());
    let problems = Config::load(None, &Overrides::default(), &env).unwrap_err();
    let text = problems.to_string();
    assert!(text.contains("/no/such/file.toml: cannot read") && text.contains("check the path"), "{text}");
}

#[test]
fn every_bad_variable_is_named_with_what_it_takes() {
    let cases = [
        ("GLANCES_MCP_PORT", "80a", "whole number from 0 to 65535"),
        ("GLANCES_MCP_PORT", "-1", "out of range"),
        ("GLANCES_MCP_HOST", "http://x", "no protocol"),
        ("GLANCES_MCP_DEBUG", "maybe", "true or false"),
        ("GLANCES_MCP_GLANCES_TIMEOUT", "0", "1s to 5m"),
        ("GLANCES_MCP_GLANCES_TIMEOUT", "soon", "expected a time"),
        ("GLANCES_MCP_GLANCES_RETRY_ATTEMPTS", "99", "1 to 10"),
        ("GLANCES_MCP_GLANCES_RETRY_DELAY", "2h", "100ms to 1m"),
        ("GLANCES_MCP_BASELINE_RETENTION_DAYS", "week", "1 to 400"),
        ("GLANCES_MCP_ALERT_HISTORY_RETENTION_DAYS", "0", "1 to 3650"),
        ("GLANCES_MCP_MAX_CONCURRENT_REQUESTS", "many", "1 to 10000"),
        ("GLANCES_MCP_LOG_LEVEL", "loud", "not a log level"),
        ("GLANCES_MCP_LOG_FORMAT", "xml", "`readable`, `json`"),
        ("GLANCES_MCP_HTTP_TOKEN", "env:NO_SUCH", "`NO_SUCH` is not set"),
        ("GLANCES_MCP_ALLOW_UNAUTHENTICATED", "perhaps", "true or false"),
    ];
    for (name, value, words) in cases {
        let problems = Fixture::new(&[("c.toml", "")]).problems(&[(name, value)]);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].starts_with(&format!("{name}: ")), "{problems:#?}");
        assert!(problems[0].contains(words), "{problems:#?}");
    }
}

#[test]
fn bad_flags_and_servers_of_the_command_line_are_named() {
    let fixture = Fixture::new(&[("c.toml", "")]);
    let overrides = Overrides {
        log_level: Some("loud".to_owned()),
        token: Some("file:no-such".to_owned()),
        servers: ["web-1", "http://me:hunter2@h", "http://[::1]:61208", "x=y=z"].map(str::to_owned).to_vec(),
        ..Overrides::default()
    };
    let problems = fixture.load_with(&[], &overrides).unwrap_err().to_string();
    for words in [
        "--log-level: `loud` is not a log level",
        "--token: cannot read the secret",
        "server 2 of the command line: credentials do not belong into a URL",
        "server 3 of the command line: `alias` is missing",
        "server 4 of the command line: ",
    ] {
        assert!(problems.contains(words), "{words}: {problems}");
    }
    assert!(!problems.contains("hunter2") && !problems.contains("server 1 "), "{problems}");
}

#[test]
fn more_servers_than_one_machine_polls_are_refused() {
    let rows = "[[servers]]\nalias = \"a-[1-1500]\"\nhost = \"a-[1-1500]\"\n[[servers]]\nalias = \"b-[1-501]\"\nhost = \"b-[1-501]\"\n";
    let problems = Fixture::new(&[("c.toml", rows)]).problems(&[]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("2001 servers are too many"), "{problems:?}");
}

#[test]
fn one_wrong_default_is_one_problem_for_all_servers() {
    let text = "[defaults]\ndisabled_plugins = [\"nope-nope\"]\ntimezone = \"Mars\"\nurl_prefix = \"a b\"\n[[servers]]\nalias = \"a-[1-9]\"\nhost = \"a-[1-9]\"\n[[servers]]\nalias = \"b\"\nhost = \"b\"\n";
    let problems = Fixture::new(&[("c.toml", text)]).problems(&[]);
    assert_eq!(problems.len(), 3, "{problems:#?}");
}
