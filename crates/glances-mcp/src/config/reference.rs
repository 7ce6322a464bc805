//! The page of the reference about the configuration, from the catalogue of keys.

use super::keys::{self, KEYS, Key, Kind, NOT_IN_DEFAULTS, OTHER_VARIABLES};

/// Headings of the sections, in the order of the page: prefix of the keys, heading, what it is.
const SECTIONS: &[(&str, &str, &str)] = &[
    (
        "servers",
        "`[[servers]]`",
        "The monitored servers, one table each. `alias` and `host` (or `url`) are needed.",
    ),
    ("poll", "`[poll]`", "When monitored machines are asked."),
    ("http", "`[http]`", "The endpoint at `/mcp`."),
    ("log", "`[log]`", "The log, on stderr or into a file."),
    (
        "store",
        "`[store]`",
        "History. One process writes a file; others go through it with `connect`.",
    ),
    ("tools", "`[tools]`", "Which tools callers see."),
    ("limits", "`[limits]`", "Bounds on our own work."),
    ("runbooks", "`[runbooks]`", "What to do about alerts, in your own words."),
    (
        "alert_thresholds",
        "`[[alert_thresholds]]`",
        "Own thresholds, at most one a metric and list of servers. The one that names an item or \
         servers goes before the one that does not, and all go before the built-in ones.",
    ),
    (
        "maintenance_windows",
        "`[[maintenance_windows]]`",
        "Times when alerts are expected: either `start` and `end`, or `schedule`, `duration` and \
         `timezone`.",
    ),
    ("", "At the top of the file", "Whose thresholds hold, and for how long history is kept."),
];

const INTRODUCTION: &str = "# Configuration

TOML, JSON or YAML, by the ending of the file. Without `--config`: `GLANCES_MCP_CONFIG`, then
`glances-mcp.{toml,json,yaml,yml}` in the working directory, in `~/.config/glances-mcp/` and in
`/etc/glances-mcp/`. Files in `<name of the file>.d/` and `conf.d/` beside it are read after it, in
the order of their names: they add servers and override settings.

Order, later ones win: defaults, file, drop-ins, environment (also from `.env`), flags.

A **secret** is a value, `env:NAME` or `file:PATH`. A **time** is `\"10s\"`, `\"2m\"`, `\"500ms\"` or a
number of seconds. A path starts at the file that names it. In variables, lists are separated by
commas.
";

/// The whole page, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (section, heading, about) in SECTIONS {
        page.push_str(&format!("\n## {heading}\n\n{about}\n\n"));
        page.push_str("| key | takes | default | variable | means |\n|---|---|---|---|---|\n");
        for (name, key) in rows(section) {
            page.push_str(&row(name, key));
        }
        if *section == "servers" {
            page.push_str(&defaults());
        }
    }
    page.push_str("\n## Other variables\n\n| variable | means |\n|---|---|\n");
    for (name, help) in OTHER_VARIABLES {
        page.push_str(&format!("| `{name}` | {help} |\n"));
    }
    page
}

fn rows(section: &str) -> Vec<(&'static str, &'static Key)> {
    match section {
        "" => {
            KEYS.iter().filter(|key| !key.path.contains('.')).map(|key| (key.path, key)).collect()
        }
        section => keys::of_section(section).collect(),
    }
}

fn row(name: &str, key: &Key) -> String {
    let takes = match key.kind {
        Kind::Span(min, max) => {
            format!("a time from {} to {}", keys::span_text(min), keys::span_text(max))
        }
        Kind::Secret => "a secret".to_owned(),
        Kind::Secrets => "a table of secrets".to_owned(),
        kind => kind.expects(),
    };
    let default = match key.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    let variable = key.env.map(|name| format!("`{name}`")).unwrap_or_default();
    format!("| `{name}` | {takes} | {default} | {variable} | {} |\n", key.help)
}

fn defaults() -> String {
    let own = keys::quoted_list(NOT_IN_DEFAULTS);
    format!(
        "\n`[defaults]` takes the same keys but {own}, for all servers; what a server sets itself \
         wins.\n"
    )
}
