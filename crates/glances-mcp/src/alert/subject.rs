//! What an operator names when he speaks of alerts: a rule, or a pattern of series.

use super::{
    builtin::{BUILTIN, Builtin},
    pattern::Pattern,
    source::{FLEET, Source},
    state::short_id,
};
use crate::selector::nearest;

/// Which alerts are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Pattern of series; `None` means all.
    pub series: Option<String>,
    /// Name of a built-in rule; `None` means all.
    pub rule: Option<String>,
}

impl Subject {
    /// Reads `disk_full`, `fs.percent`, `fs.*` or `fs.percent[/data/*]`.
    ///
    /// # Errors
    /// It fits nothing that alerts are about; with the nearest that does.
    pub fn parse(text: &str) -> Result<Self, String> {
        if Builtin::find(text).is_some() {
            return Ok(Self { series: None, rule: Some(text.to_owned()) });
        }
        Pattern::parse(text)?;
        let path = Pattern::parse(text.split('[').next().unwrap_or_default())?;
        if paths().any(|known| path.fits(known)) {
            return Ok(Self { series: Some(text.to_owned()), rule: None });
        }
        let known = BUILTIN.iter().map(|row| row.name).chain(paths());
        let hint = match nearest(text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "name a metric (`fs.percent`), a glob (`fs.*`) or a rule (`disk_full`)".to_owned()
            }
        };
        Err(format!("no alert is about `{}`; {hint}", text.escape_debug()))
    }
}

fn paths() -> impl Iterator<Item = &'static str> {
    Source::paths().chain([FLEET])
}

/// A short name for what is said of some alerts: the same servers and subject have the same one, so
/// that saying it again replaces it.
#[must_use]
pub fn id_of(kind: char, servers: &[String], subject: &Subject) -> String {
    /// Forty bits: a thousand names meet once in two million.
    const DIGITS: usize = 10;
    let parts = [servers.join(","), format!("{:?}", subject.series), format!("{:?}", subject.rule)];
    let id = short_id(&parts.join("\n"), 0);
    format!("{kind}-{}", id.get(..DIGITS).unwrap_or(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_a_path_a_glob_and_an_item_are_subjects() {
        let series = |text: &str| Subject { series: Some(text.to_owned()), rule: None };
        for text in ["fs.percent", "fs.*", "fs.percent[/data/*]", "*", "server.stale"] {
            assert_eq!(Subject::parse(text), Ok(series(text)), "{text}");
        }
        let rule = Subject { series: None, rule: Some("disk_full".to_owned()) };
        assert_eq!(Subject::parse("disk_full"), Ok(rule));
    }

    #[test]
    fn what_no_alert_is_about_is_told_with_the_nearest() {
        for (text, near) in
            [("fs.pct", "`fs.percent`"), ("disk_ful", "`disk_full`"), ("", "empty"), ("zz", "fs.*")]
        {
            let refused = Subject::parse(text).unwrap_err();
            assert!(refused.contains(near), "{text}: {refused}");
        }
    }

    #[test]
    fn the_same_said_of_the_same_has_one_name() {
        let web = ["web-*".to_owned()];
        let subject = Subject::parse("fs.*").unwrap();
        assert_eq!(id_of('s', &web, &subject), id_of('s', &web, &subject));
        assert_ne!(id_of('s', &web, &subject), id_of('s', &[], &subject));
        assert_ne!(id_of('s', &web, &subject), id_of('s', &web, &Subject::default()));
        assert_eq!(id_of('s', &web, &subject).len(), 12);
    }
}
