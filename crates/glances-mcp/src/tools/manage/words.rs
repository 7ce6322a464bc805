//! What `manage_alerts` says of alerts, servers and times, in sentences and rows.

use jiff::Timestamp;

use super::{
    super::view::{NAME_CHARS, some_words},
    Input, REASON_CHARS, Row,
};
use crate::{
    alert::{Alert, Subject, When},
    model::HostName,
    query::{InForce, coverage::rfc3339},
    redact::{clean, clip},
    render,
};

/// What the caller says, clean and bounded.
pub(super) fn reason(input: &Input) -> String {
    let text = clean(input.reason.as_deref().unwrap_or_default());
    clip(text.trim(), REASON_CHARS).into_owned()
}

pub(super) fn written(secs: i64) -> String {
    Timestamp::from_second(secs).map(rfc3339).unwrap_or_default()
}

/// An alert in a sentence.
pub(super) fn words_of(alert: &Alert) -> String {
    let host = alert.host.as_ref().map_or("the fleet", HostName::as_str);
    format!("`{}` on {host}", clip(&alert.series, NAME_CHARS))
}

pub(super) fn about(servers: &[String], subject: &Subject) -> String {
    let what = subject.series.as_deref().or(subject.rule.as_deref()).unwrap_or("all alerts");
    format!("{} on {}", clip(what, NAME_CHARS), some_servers(servers))
}

pub(super) fn some_servers(words: &[String]) -> String {
    /// Selectors in a sentence.
    const NAMED: usize = 8;
    match words.len() {
        0 => "all servers".to_owned(),
        _ => some_words(words, NAMED),
    }
}

pub(super) fn words_of_when(when: &When) -> String {
    match when {
        When::Once { start, end } => format!("from {} to {}", written(*start), written(*end)),
        When::Repeated { schedule, duration_secs, timezone } => {
            #[expect(clippy::cast_precision_loss, reason = "at most seven days")]
            let length = render::duration(*duration_secs as f64);
            format!("at `{schedule}` ({timezone}) for {length}")
        }
    }
}

impl Row {
    pub(super) fn of(it: InForce) -> Self {
        Self {
            kind: it.kind.word(),
            id: it.id,
            servers: it.servers,
            filter: it.subject.map(|text| clip(&text, NAME_CHARS).into_owned()),
            schedule: it.when.as_ref().map(words_of_when),
            until: it.until.map(written),
            active: it.active,
            alerts: it.alerts,
            by: it.by,
            reason: it.why.filter(|why| !why.is_empty()),
            hosts: it.hosts,
        }
    }
}
