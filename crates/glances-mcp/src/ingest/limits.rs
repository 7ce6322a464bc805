//! What the configuration calls too much, in words, and what of it is another than before. Pure.

use std::collections::BTreeMap;

use super::changes::kind;
use crate::store::Event;

/// The name under which the limits taken last are kept.
pub(super) const KEPT_AS: &str = "limits";
/// Changes that are told one by one; a file that changes all at once says how many more.
const CHANGES_MAX: usize = 20;

/// The limits of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// By what they are about: the limit in words.
    pub words: BTreeMap<String, String>,
    /// Where they come from: files, or the command line.
    pub source: String,
}

impl Limits {
    /// One event for each limit that is another than before, came, or went.
    pub(super) fn changes(&self, before: &BTreeMap<String, String>, now: i64) -> Vec<Event> {
        let told = |about: &str, was: Option<&String>, is: Option<&String>| {
            let said = match (was, is) {
                (Some(was), Some(is)) if was != is => format!("{was} → {is}"),
                (Some(was), None) => format!("{was} → built-in rule"),
                (None, Some(is)) => format!("built-in rule → {is}"),
                (Some(_), Some(_)) | (None, None) => return None,
            };
            Some(self.event(now, about, &said))
        };
        let kept = self.words.iter().map(|(about, is)| (about, before.get(about), Some(is)));
        let gone = before.iter().filter(|(about, _)| !self.words.contains_key(*about));
        let gone = gone.map(|(about, was)| (about, Some(was), None));
        let mut all: Vec<Event> =
            kept.chain(gone).filter_map(|(about, was, is)| told(about, was, is)).collect();
        let more = all.len().saturating_sub(CHANGES_MAX);
        all.truncate(CHANGES_MAX);
        if more > 0 {
            all.push(self.event(now, "", &format!("{more} more limits changed")));
        }
        all
    }

    fn event(&self, secs: i64, about: &str, said: &str) -> Event {
        Event {
            host: None,
            secs,
            kind: kind::THRESHOLD.to_owned(),
            item: about.to_owned(),
            detail: format!("{said} ({})", self.source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(words: &[(&str, &str)]) -> Limits {
        let words = words.iter().map(|(about, is)| ((*about).to_owned(), (*is).to_owned()));
        Limits { words: words.collect(), source: "a.toml".to_owned() }
    }

    #[test]
    fn a_limit_that_changed_came_or_went_is_told_with_where_from() {
        let before =
            limits(&[("cpu.total", "80 / 90"), ("mem.percent", "70 / 80"), ("x", "1 / 2")]);
        let after = limits(&[("cpu.total", "80 / 90"), ("mem.percent", "75 / 80"), ("y", "3 / 4")]);
        let events = after.changes(&before.words, 7);
        let told: Vec<(&str, &str)> =
            events.iter().map(|it| (it.item.as_str(), it.detail.as_str())).collect();
        let expected = [
            ("mem.percent", "70 / 80 → 75 / 80 (a.toml)"),
            ("y", "built-in rule → 3 / 4 (a.toml)"),
            ("x", "1 / 2 → built-in rule (a.toml)"),
        ];
        assert_eq!(told, expected);
        assert!(events.iter().all(|it| it.host.is_none() && it.secs == 7));
        assert_eq!(after.changes(&after.words, 8), []);
    }

    #[test]
    fn a_file_that_changes_all_at_once_says_how_many_more() {
        let names: Vec<String> = (0..25).map(|n| format!("m{n:02}")).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1 / 2")).collect();
        let events = limits(&all).changes(&BTreeMap::new(), 7);
        assert_eq!(events.len(), CHANGES_MAX + 1);
        assert_eq!(events[CHANGES_MAX].detail, "5 more limits changed (a.toml)");
    }
}
