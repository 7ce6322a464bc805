//! Bad configurations: each must name the place and what to do.

use super::{
    bad_tables::{OF_A_SERVER, WHOLE_FILES},
    *,
};

/// What is wrong, the file, the place, words of the problem or its fix.
pub(super) type Bad = (&'static str, &'static str, &'static str, &'static [&'static str]);

const ONE: &str = "[[servers]]\nalias = \"a\"\nhost = \"h\"\n";

#[test]
fn every_bad_key_of_a_server_names_its_place_and_what_to_do() {
    for (what, keys, place, words) in OF_A_SERVER {
        check(what, &format!("{ONE}{keys}\n"), place, words);
    }
}

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
        (
            "glances-mcp.toml",
            "[[servers]]\nalias = \"a\"\nhost = \"h\"\nport = 0\n\n[poll]\ninterval = 0\n\n[http]\nprt = 1\n",
        ),
        ("conf.d/10.json", "{\n \"servers\": [\n  {\"alias\": \"b\",\n   \"hots\": \"h\"}\n ]\n}"),
        ("conf.d/20.toml", "[[servers]\n"),
    ]);
    let problems =
        fixture.problems(&[("GLANCES_MCP_PORT", "eighty"), ("GLANCES_MCP_LOG_FORMAT", "xml")]);
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
        assert!(
            problems[0].starts_with(&format!("{name}:{tag}: servers[0].tags[1]: ")),
            "{problems:?}"
        );
        assert!(
            problems[1].starts_with(&format!("{name}:{interval}: poll.interval: ")),
            "{problems:?}"
        );
    }
}

#[test]
fn json_and_yaml_that_are_none_name_the_line_and_show_nothing() {
    let cases = [
        ("c.json", "{\n \"servers\": [\n }", "c.json:3: "),
        (
            "c.json",
            "{\"http\": {\"port\": 1,\n \"port\": 2}}",
            "c.json:2: http.port: is given twice",
        ),
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
    let env =
        Env::from_pairs([("GLANCES_MCP_CONFIG", "/no/such/file.toml")]).in_dir(fixture.dir.path());
    let problems = Config::load(None, &Overrides::default(), &env).unwrap_err();
    let text = problems.to_string();
    assert!(
        text.contains("/no/such/file.toml: cannot read") && text.contains("check the path"),
        "{text}"
    );
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
        servers: ["web-1", "http://me:hunter2@h", "http://[::1]:61208", "x=y=z"]
            .map(str::to_owned)
            .to_vec(),
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
