//! Which arguments each action of `manage_alerts` needs and takes, as a table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{super::ToolError, Input};

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Action {
    #[default]
    List,
    Acknowledge,
    Silence,
    Expect,
    End,
    Verdict,
    Note,
}

/// One action: its word, what it needs, and what it takes besides.
type Row = (Action, &'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const ACTIONS: &[Row] = &[
    (Action::List, "list", &[], &["servers", "limit"]),
    (Action::Acknowledge, "acknowledge", &["id"], &["for", "until", "timezone", "reason"]),
    (Action::Silence, "silence", &["reason"], &["id", "servers", "filter", "for", "until", "timezone"]),
    (Action::Expect, "expect", &["schedule", "for", "reason"], &["id", "servers", "filter", "timezone", "until"]),
    (Action::End, "end", &["id"], &["reason"]),
    (Action::Verdict, "verdict", &["id", "verdict"], &["reason"]),
    (Action::Note, "note", &["reason"], &["id", "servers"]),
];

/// Refuses an action without what it needs, and arguments that it would pass over.
///
/// # Errors
/// All that is wrong, with what the action takes.
pub(super) fn check(action: Action, input: &Input) -> Result<(), ToolError> {
    let Some((_, word, needs, takes)) = ACTIONS.iter().find(|row| row.0 == action) else {
        return Ok(());
    };
    let given = given(input);
    let missing: Vec<&str> = needs.iter().filter(|name| !given.contains(name)).copied().collect();
    let idle = |name: &&&str| !needs.contains(name) && !takes.contains(name);
    let idle: Vec<&str> = given.iter().filter(idle).copied().collect();
    let both = given.contains(&"id") && (given.contains(&"servers") || given.contains(&"filter"));
    let mut problems = Vec::new();
    if !missing.is_empty() {
        problems.push(format!("`{word}` needs {}", quoted(&missing)));
    }
    if !idle.is_empty() {
        problems.push(format!("`{word}` does not take {}", quoted(&idle)));
    }
    if both && idle.is_empty() {
        problems.push("an `id` names one alert: leave `servers` and `filter` out".to_owned());
    }
    if problems.is_empty() {
        return Ok(());
    }
    let all: Vec<&str> = needs.iter().chain(*takes).copied().collect();
    Err(ToolError::Refused(format!("{}; it takes {}", problems.join("; "), quoted(&all))))
}

/// The names of the arguments that say something.
fn given(input: &Input) -> Vec<&'static str> {
    let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let all = [
        ("id", said(&input.id)),
        ("servers", !input.servers.0.is_empty()),
        ("filter", said(&input.filter)),
        ("until", said(&input.until)),
        ("for", said(&input.r#for)),
        ("schedule", said(&input.schedule)),
        ("timezone", said(&input.timezone)),
        ("verdict", input.verdict.is_some()),
        ("reason", said(&input.reason)),
        ("limit", input.limit.is_some()),
    ];
    all.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `02:00` and `sun 02:00` as cron lines; all else is one already, or none.
pub(super) fn cron(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (days, clock) = match words.as_slice() {
        [clock] => ("*", *clock),
        [days, clock] => (*days, *clock),
        _ => return text.to_owned(),
    };
    match clock.parse::<jiff::civil::Time>() {
        Ok(time) => format!("{} {} * * {days}", time.minute(), time.hour()),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(action: Action, arguments: serde_json::Value) -> Result<(), String> {
        let input: Input = serde_json::from_value(arguments).unwrap();
        check(action, &input).map_err(|err| err.to_string())
    }

    #[test]
    fn an_action_without_what_it_needs_is_told_what_it_takes() {
        let refused = checked(Action::Verdict, serde_json::json!({"reason": " x "})).unwrap_err();
        assert_eq!(refused, "`verdict` needs `id`, `verdict`; it takes `id`, `verdict`, `reason`");
        let refused = checked(Action::Note, serde_json::json!({"reason": "  "})).unwrap_err();
        assert!(refused.contains("`note` needs `reason`"), "{refused}");
    }

    #[test]
    fn what_an_action_would_pass_over_is_refused() {
        let given = serde_json::json!({"id": "1", "servers": ["web-1"]});
        let refused = checked(Action::End, given).unwrap_err();
        assert!(refused.contains("`end` does not take `servers`"), "{refused}");
        let given = serde_json::json!({"id": "1", "filter": "fs.*", "reason": "x"});
        assert!(checked(Action::Silence, given).unwrap_err().contains("leave `servers`"));
        assert_eq!(checked(Action::List, serde_json::json!({})), Ok(()));
    }

    #[test]
    fn every_action_has_its_row() {
        use Action::{Acknowledge, End, Expect, List, Note, Silence, Verdict};
        for action in [List, Acknowledge, Silence, Expect, End, Verdict, Note] {
            assert_eq!(ACTIONS.iter().filter(|row| row.0 == action).count(), 1, "{action:?}");
        }
    }

    #[test]
    fn a_clock_time_is_a_daily_or_weekly_cron_line() {
        for (text, line) in [
            ("02:00", "0 2 * * *"),
            ("sun 02:30", "30 2 * * sun"),
            ("mon-fri 22:05", "5 22 * * mon-fri"),
            ("0 2 1 * *", "0 2 1 * *"),
            ("daily", "daily"),
        ] {
            assert_eq!(cron(text), line);
        }
    }
}
