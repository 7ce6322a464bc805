//! Arguments of prompts: one row each, checked all at once before anything is asked. On the wire
//! every one is a text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::code;
use crate::{
    complete::Values,
    query::{nearest, window},
    redact::{TEXT_CHARS_MAX, clean, clip},
    tools::ToolError,
};

/// Longest argument, characters: what is longer would be cut.
pub const ARGUMENT_CHARS_MAX: usize = TEXT_CHARS_MAX;
/// Names that are named in errors, characters.
const NAME_CHARS: usize = 60;

/// One argument of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Name, as tools have it where they have it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it does, and what stands when it is not given.
    pub description: &'static str,
    /// Whether the prompt says nothing without it.
    pub required: bool,
    /// How it is written.
    pub form: Form,
    /// What stands when it is not given.
    pub default: Option<&'static str>,
    /// What completes it.
    pub values: Values,
}

/// How an argument is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// Any words of the caller. They are told as data.
    Text,
    /// Selectors, separated by commas.
    Servers,
    /// A name that the facts look up.
    Name,
    /// One of its values.
    Word,
    /// A time that is past, as in the tools.
    Past,
    /// A time to come.
    ToCome,
    /// `30m`, `2h`, `7d`.
    Length,
    /// A time zone.
    Zone,
    /// A number within these.
    Number(f64, f64),
}

const fn row(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    form: Form,
    values: Values,
) -> Argument {
    Argument { name, title, description, required: false, form, default: None, values }
}

impl Argument {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

const PASTS: &[&str] = &["-1h", "-3h", "-24h", "-7d", "-30d"];

pub(super) const SERVERS: Argument = row(
    "servers",
    "Servers",
    "Aliases, globs (web-*), env:x, region:x, tag:x, separated by commas; default all",
    Form::Servers,
    Values::Selectors,
);
pub(super) const SERVER: Argument = row(
    "server",
    "Server",
    "Alias of one server; default the one with the lowest health score",
    Form::Name,
    Values::Server,
);
const UNTIL: Argument = row(
    "until",
    "Until",
    "End of that time, written as `since`; default now",
    Form::Past,
    Values::OneOf(&["now", "-1h"]),
);
const TIMEZONE: Argument = row(
    "timezone",
    "Time zone",
    "Zone of clock times, such as Europe/Berlin; default UTC",
    Form::Zone,
    Values::OneOf(&["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"]),
);

const fn since(description: &'static str, default: &'static str) -> Argument {
    row("since", "Since", description, Form::Past, Values::OneOf(PASTS)).or(default)
}

pub(super) const ALL_HEALTH: &[Argument] = &[
    SERVERS,
    since("What changed and what was unusual since: -24h, 03:10, RFC 3339; default -24h", "-24h"),
    UNTIL,
    TIMEZONE,
];

pub(super) const ALL_PERFORMANCE: &[Argument] = &[
    row(
        "symptom",
        "Symptom",
        "What is slow or fails, and how it is noticed, in a sentence",
        Form::Text,
        Values::Free,
    ),
    SERVERS,
    row(
        "resource",
        "Resource",
        "Look closer at cpu, memory, disk, network or containers; default disk I/O",
        Form::Word,
        Values::OneOf(&["cpu", "memory", "disk", "network", "containers"]),
    ),
    since("When it began, or some time before: -3h, 03:10, RFC 3339; default -3h", "-3h"),
    UNTIL,
    TIMEZONE,
];

pub(super) const ALL_CAPACITY: &[Argument] = &[
    SERVERS,
    row(
        "horizon",
        "Horizon",
        "How far ahead: 24h, 7d or 30d; default 30d",
        Form::Word,
        Values::OneOf(&["24h", "7d", "30d"]),
    )
    .or("30d"),
    row(
        "growth_percent",
        "Growth",
        "Load grows by so many percent over the horizon; default 20",
        Form::Number(-90.0, 1_000.0),
        Values::OneOf(&["10", "20", "50", "100"]),
    )
    .or("20"),
    row(
        "cost_per_month",
        "Cost per month",
        "Price of one server, for servers without a configured one",
        Form::Number(0.0, 1e9),
        Values::Free,
    ),
    since("How far back use is looked at: -14d, RFC 3339; default -14d", "-14d"),
    TIMEZONE,
];

pub(super) const ALL_INCIDENT: &[Argument] = &[
    row(
        "symptom",
        "Symptom",
        "What users or operators see, in a sentence",
        Form::Text,
        Values::Free,
    ),
    row(
        "alert",
        "Alert",
        "Id of one alert, open or of the last 7 days; default all that are open",
        Form::Name,
        Values::Alert,
    ),
    SERVERS,
    row(
        "severity",
        "Severity",
        "Only alerts at least so bad: careful, warning or critical; default all",
        Form::Word,
        Values::OneOf(&["careful", "warning", "critical"]),
    ),
    since("When it began, or some time before: -1h, 03:10, RFC 3339; default -1h", "-1h"),
    UNTIL,
    TIMEZONE,
];

pub(super) const ALL_MAINTENANCE: &[Argument] = &[
    row(
        "servers",
        "Servers",
        "What is worked on: aliases, globs (web-*), env:x, region:x, tag:x, separated by commas; \
         default all",
        Form::Servers,
        Values::Selectors,
    ),
    row("change", "Change", "What will be done, in a sentence", Form::Text, Values::Free),
    row(
        "start",
        "Start",
        "When the window opens: 22:00 (the next one), +2h, RFC 3339; default: choose from the quiet \
         hours",
        Form::ToCome,
        Values::OneOf(&["22:00", "02:00", "+2h", "+1d"]),
    ),
    row(
        "duration",
        "Duration",
        "Length of the window: 30m, 2h; default 2h",
        Form::Length,
        Values::OneOf(&["30m", "1h", "2h", "4h", "8h"]),
    )
    .or("2h"),
    since("How far back quiet hours and outages are looked for: -7d; default -7d", "-7d"),
    TIMEZONE,
];

pub(super) const ALL_SECURITY: &[Argument] = &[
    SERVERS,
    row(
        "standard",
        "Standard",
        "Name controls as in cis, iso-27001, pci-dss, soc-2 or nist-csf; default in plain words",
        Form::Word,
        Values::OneOf(&["cis", "iso-27001", "pci-dss", "soc-2", "nist-csf"]),
    ),
    since("What came, went or restarted since: -24h, -7d, RFC 3339; default -24h", "-24h"),
    UNTIL,
    TIMEZONE,
];

pub(super) const ALL_EXECUTIVE: &[Argument] = &[
    SERVERS,
    row(
        "audience",
        "Audience",
        "Who reads it: board, management, product or engineering; default management",
        Form::Word,
        Values::OneOf(&["board", "management", "product", "engineering"]),
    )
    .or("management"),
    since("The time that is reported: -7d, -30d, RFC 3339; default -7d", "-7d"),
    UNTIL,
    TIMEZONE,
    row(
        "cost_per_month",
        "Cost per month",
        "Price of one server, for servers without a configured one",
        Form::Number(0.0, 1e9),
        Values::Free,
    ),
];

pub(super) const ALL_DEEP_DIVE: &[Argument] = &[
    SERVER,
    row(
        "focus",
        "Focus",
        "What the reader wants to know or improve, in a sentence",
        Form::Text,
        Values::Free,
    ),
    since("What was unusual or failed since: -7d, 03:10, RFC 3339; default -7d", "-7d"),
    UNTIL,
    TIMEZONE,
];

/// What a prompt was asked with: known names, bounded clean texts, each as its form has it.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    known: &'static [Argument],
    given: BTreeMap<&'static str, String>,
}

impl Arguments {
    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The servers that it is about; none means all.
    pub(super) fn servers(&self) -> Vec<String> {
        match self.get("server") {
            Some(server) => vec![server.to_owned()],
            None => list(self.get("servers").unwrap_or_default()),
        }
    }

    /// Chooses what the caller left open.
    pub(super) fn settled(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.given.insert(name, value.into());
        self
    }

    /// Arguments of a tool: these, with those of the prompt that have these names.
    pub(super) fn with(&self, names: &[&str], call: Value) -> Value {
        let mut map = Map::new();
        for name in names {
            let servers = self.servers();
            if *name == "servers" {
                if !servers.is_empty() {
                    map.insert((*name).to_owned(), servers.into());
                }
            } else if let Some(text) = self.get(name) {
                let form = self.known.iter().find(|it| it.name == *name).map(|it| it.form);
                let number = text.parse::<f64>().ok();
                let number = number.filter(|_| matches!(form, Some(Form::Number(..))));
                map.insert((*name).to_owned(), number.map_or_else(|| text.into(), Value::from));
            }
        }
        if let Value::Object(more) = call {
            map.extend(more);
        }
        Value::Object(map)
    }

    /// What the caller said in their own words, by title.
    pub(super) fn free(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let free = self.known.iter().filter(|argument| argument.form == Form::Text);
        free.filter_map(|argument| Some((argument.title, self.get(argument.name)?)))
    }

    /// All others, as the first line of a prompt tells them.
    pub(super) fn in_words(&self) -> String {
        let others = self.known.iter().filter(|argument| argument.form != Form::Text);
        let words = others.filter_map(|argument| {
            let value = self.get(argument.name)?;
            Some(format!("{} {}", argument.name, code(value)))
        });
        let words: Vec<String> = words.collect();
        if words.is_empty() { String::new() } else { format!(", with {}", words.join(", ")) }
    }
}

/// Parts between commas; those within the braces of a glob are none.
fn list(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Takes what was given for these arguments, with the defaults of the rest.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn check(
    known: &'static [Argument],
    given: impl Iterator<Item = (String, String)>,
    now: Timestamp,
) -> Result<Arguments, ToolError> {
    let mut arguments = Arguments { known, ..Arguments::default() };
    let mut problems = Vec::new();
    for (name, value) in given {
        let Some(argument) = known.iter().find(|it| it.name == name) else {
            problems.push(unknown(&name, known));
            continue;
        };
        let value = value.trim();
        if value.chars().count() > ARGUMENT_CHARS_MAX {
            problems.push(format!("`{name}` has more than {ARGUMENT_CHARS_MAX} characters"));
            // Given, and so not missing.
            arguments.given.insert(argument.name, String::new());
        } else if let value = clean(value)
            && !value.is_empty()
        {
            arguments.given.insert(argument.name, value);
        }
    }
    let zone = arguments.get("timezone");
    for argument in known {
        match arguments.get(argument.name) {
            Some("") => {}
            Some(value) => problems.extend(argument.misfit(value, zone, now)),
            None if argument.required => {
                problems.push(format!("`{}` is missing: {}", argument.name, argument.description));
            }
            None => {}
        }
    }
    problems.dedup();
    if !problems.is_empty() {
        return Err(ToolError::Refused(problems.join("; ")));
    }
    for argument in known {
        if let Some(default) = argument.default {
            arguments.given.entry(argument.name).or_insert_with(|| default.to_owned());
        }
    }
    Ok(arguments)
}

fn unknown(name: &str, known: &'static [Argument]) -> String {
    let names = || known.iter().map(|argument| argument.name);
    let hint = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    };
    let name = clean(name);
    format!("no argument `{}`; {hint}", clip(&name, NAME_CHARS))
}

impl Argument {
    /// What is wrong with a value.
    fn misfit(&self, value: &str, zone: Option<&str>, now: Timestamp) -> Option<String> {
        // That of the zone itself is told once.
        let zone = zone.filter(|name| window::zone_name(Some(name)).is_ok());
        let told = |error: window::WindowError| error.to_string();
        match self.form {
            Form::Text | Form::Servers | Form::Name => None,
            Form::Word => {
                let Values::OneOf(words) = self.values else { return None };
                let fits = words.contains(&value);
                (!fits).then(|| {
                    let value = clip(value, NAME_CHARS);
                    format!("`{}` = `{value}` is none of {}", self.name, words.join(", "))
                })
            }
            Form::Past => window::moment(self.name, value, zone, now).err().map(told),
            Form::ToCome => window::future(self.name, value, zone, now).err().map(told),
            Form::Length => window::length(self.name, value).err().map(told),
            Form::Zone => window::zone_name(Some(value)).err().map(told),
            Form::Number(low, high) => {
                let number = value.parse::<f64>().ok().filter(|it| (low..=high).contains(it));
                number.is_none().then(|| {
                    let value = clip(value, NAME_CHARS);
                    format!("`{}` = `{value}` is no number from {low} to {high}", self.name)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn checked(known: &'static [Argument], given: &[(&str, &str)]) -> Result<Arguments, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        check(known, given, now()).map_err(|error| error.to_string())
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let long = "x".repeat(ARGUMENT_CHARS_MAX + 1);
        let refused = checked(
            ALL_MAINTENANCE,
            &[
                ("sevrers", "web-1"),
                ("change", &long),
                ("start", "-2h"),
                ("duration", "soon"),
                ("since", "yesterday"),
                ("timezone", "Europe/Berln"),
            ],
        );
        let refused = refused.unwrap_err();
        for words in [
            "no argument `sevrers`; did you mean `servers`?",
            "`change` has more than 300 characters",
            "`start` = `-2h` is no time to come",
            "`duration` = `soon` is no length",
            "`since` = `yesterday` is no time",
            "`Europe/Berln` is no time zone",
        ] {
            assert!(refused.contains(words), "{words}: {refused}");
        }
        assert_eq!(refused.matches("Europe/Berln").count(), 1, "{refused}");
        let refused =
            checked(ALL_CAPACITY, &[("horizon", "1y"), ("growth_percent", "much")]).unwrap_err();
        assert!(refused.contains("`horizon` = `1y` is none of 24h, 7d, 30d"), "{refused}");
        assert!(refused.contains("`growth_percent` = `much` is no number from -90"), "{refused}");
    }

    #[test]
    fn what_is_needed_and_missing_is_said_with_what_it_is() {
        const NEEDED: &[Argument] = &[Argument { required: true, ..SERVER }];
        let refused = checked(NEEDED, &[("server", " ")]).unwrap_err();
        assert_eq!(refused, format!("`server` is missing: {}", SERVER.description));
        assert!(checked(NEEDED, &[("server", "web-1")]).is_ok());
    }

    #[test]
    fn arguments_of_tools_have_the_types_of_tools() {
        let given = [("servers", "web-{1,2}, db-1,"), ("growth_percent", "30"), ("horizon", "")];
        let arguments = checked(ALL_CAPACITY, &given).unwrap();
        let call = arguments.with(
            &["servers", "horizon", "growth_percent", "cost_per_month"],
            serde_json::json!({"limit": 5}),
        );
        assert_eq!(
            call.to_string(),
            r#"{"servers":["web-{1,2}","db-1"],"horizon":"30d","growth_percent":30.0,"limit":5}"#
        );
        let words = arguments.in_words();
        assert!(words.contains("growth_percent `30`") && words.contains("since `-14d`"), "{words}");
    }

    #[test]
    fn words_of_the_caller_are_clean_and_apart() {
        let given = [("symptom", "slow\u{202e} since\nlunch\u{1b}[31m"), ("resource", "disk")];
        let arguments = checked(ALL_PERFORMANCE, &given).unwrap();
        let free: Vec<_> = arguments.free().collect();
        assert_eq!(free, [("Symptom", "slow since lunch")]);
        assert!(!arguments.in_words().contains("lunch"));
    }

    #[test]
    fn defaults_are_what_the_descriptions_say_and_fit() {
        let lists = [
            ALL_HEALTH,
            ALL_PERFORMANCE,
            ALL_CAPACITY,
            ALL_INCIDENT,
            ALL_MAINTENANCE,
            ALL_SECURITY,
            ALL_EXECUTIVE,
            ALL_DEEP_DIVE,
        ];
        for argument in lists.into_iter().flatten() {
            let Some(default) = argument.default else { continue };
            assert!(argument.description.contains(&format!("default {default}")), "{argument:?}");
            assert_eq!(argument.misfit(default, None, now()), None, "{argument:?}");
        }
    }
}
