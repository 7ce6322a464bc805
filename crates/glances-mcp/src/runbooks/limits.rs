//! Numbers of the catalogue in the text of a runbook: `{warning:memory}` is the default limit of a
//! rule, `{careful:cpu.iowait}` that of a metric, each with its unit. So that no runbook repeats a
//! number that the code may change.

use crate::{alert, metric::Unit, model::Severity, render};

const WORDS: &[(&str, Severity)] = &[
    ("{careful:", Severity::Careful),
    ("{warning:", Severity::Warning),
    ("{critical:", Severity::Critical),
];

/// Fills one line; the error is the placeholder that names no limit.
pub(super) fn fill(line: &str) -> Result<String, String> {
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after, severity)) = next(rest) {
        let (name, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        let limit = alert::default_limit(name, severity).ok_or_else(|| name.to_owned())?;
        filled.push_str(before);
        filled.push_str(&words(limit));
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The first placeholder: what stands before it, and what follows its word.
fn next(text: &str) -> Option<(&str, &str, Severity)> {
    let found = WORDS.iter().filter_map(|(word, severity)| {
        text.split_once(word).map(|(before, after)| (before, after, *severity))
    });
    found.min_by_key(|(before, ..)| before.len())
}

fn words((limit, unit, per_core): (f64, Unit, bool)) -> String {
    let text = match unit {
        Unit::Percent => format!("{} %", render::short(limit)),
        Unit::BytesPerSecond => format!("{} MB/s", render::short(limit / 1e6)),
        Unit::Seconds => {
            let text = render::duration(limit);
            let whole = [" 0s", " 0m", " 0h"].iter().find_map(|zero| text.strip_suffix(zero));
            whole.unwrap_or(&text).to_owned()
        }
        other => render::in_unit(limit, other.word()),
    };
    if per_core { format!("{text} per core") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_rules_and_metrics_are_filled_in_with_their_units() {
        for (text, filled) in [
            ("over {warning:memory}, {critical:memory}.", "over 90 %, 95 %."),
            ("{careful:cpu.iowait}", "20 %"),
            ("{warning:load}", "2 per core"),
            ("{warning:disk_filling} {critical:clock_skew}", "1d 5m"),
            ("{warning:swap_storm}", "1 MB/s"),
            ("{critical:server_down} polls", "3 polls"),
            ("{warning:temperature}", "80 °C"),
            ("{{.State}} {other}", "{{.State}} {other}"),
        ] {
            assert_eq!(fill(text).as_deref(), Ok(filled));
        }
    }

    #[test]
    fn a_placeholder_without_a_limit_is_told() {
        for (text, name) in [
            ("{warning:no_such}", "no_such"),
            ("{warning:server_down}", "server_down"),
            ("{warning:memory", "memory"),
        ] {
            assert_eq!(fill(text), Err(name.to_owned()));
        }
    }
}
