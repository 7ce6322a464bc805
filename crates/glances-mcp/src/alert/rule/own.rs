//! Thresholds as people write them, to rules: words for metrics, units, items, servers.

use super::{
    super::{
        pattern::Pattern,
        source::Source,
        unit::{Conversion, conversion},
    },
    Level, MINUTE_SECS, Pace, Rule, Threshold, patience, usual,
};
use crate::{
    model::Severity,
    selector::{Selector, nearest},
};
use analytics::Side;

pub(super) type Wrong = (&'static str, String, String);

pub(super) fn of_threshold(threshold: &Threshold) -> Result<(Source, Rule), Wrong> {
    let (path, item) = match threshold.metric.split_once('[') {
        Some((path, rest)) => (path, rest.strip_suffix(']')),
        None => (threshold.metric.as_str(), None),
    };
    let source = source_of(path)?;
    let convert = match &threshold.unit {
        None => Conversion::NONE,
        Some(word) => conversion(word, source.unit()).map_err(|fix| {
            let (metric, unit) = (source.path(), source.unit().word());
            let problem = format!("`{word}` is no unit of `{metric}`, which is in {unit}");
            ("unit", problem, fix)
        })?,
    };
    let item = item.map(Pattern::parse).transpose();
    let item = item.map_err(|why| ("metric", why, "name an item or a pattern".to_owned()))?;
    let servers: Result<Vec<Selector>, _> =
        threshold.servers.iter().map(|text| Selector::parse(text)).collect();
    let servers = servers
        .map_err(|why| ("servers", why.to_string(), "give selectors of servers".to_owned()))?;
    let numbers = [
        (Severity::Careful, threshold.careful),
        (Severity::Warning, Some(threshold.warning)),
        (Severity::Critical, Some(threshold.critical)),
    ];
    let held = threshold.for_secs.map(patience);
    let levels = numbers.into_iter().filter_map(|(severity, number)| {
        let (raise, clear_secs) = usual(severity);
        Some(Level {
            severity,
            limit: Some(convert.apply(number?)),
            raise: held.map_or(raise, |(_, raise)| raise),
            clear_hold_secs: threshold.clear_after_secs.unwrap_or(clear_secs),
        })
    });
    let side = if threshold.critical > threshold.warning { Side::Above } else { Side::Below };
    let rule = Rule {
        name: threshold.metric.as_str().into(),
        builtin: None,
        pace: held.map_or(Pace::Mean(MINUTE_SECS), |(pace, _)| pace),
        per_core: threshold.per_core,
        item,
        servers,
        side,
        levels: levels.collect(),
        clear: threshold.clear.map(|value| convert.apply(value)),
        unit: source.unit(),
    };
    Ok((source, rule))
}

/// Words that people write for metrics.
const WORDS: &[(&str, &str)] = &[
    ("cpu", "cpu.total"),
    ("cpu_percent", "cpu.total"),
    ("cpu_usage", "cpu.total"),
    ("memory", "mem.percent"),
    ("memory_percent", "mem.percent"),
    ("memory_usage", "mem.percent"),
    ("mem", "mem.percent"),
    ("mem_percent", "mem.percent"),
    ("swap", "memswap.percent"),
    ("swap_percent", "memswap.percent"),
    ("disk", "fs.percent"),
    ("disk_percent", "fs.percent"),
    ("disk_usage", "fs.percent"),
    ("load", "load.min5"),
    ("load_average", "load.min5"),
    ("temperature", "sensors.temperature"),
];

fn source_of(path: &str) -> Result<Source, Wrong> {
    let meant = WORDS.iter().find(|(word, _)| *word == path).map_or(path, |(_, path)| *path);
    Source::find(meant).ok_or_else(|| {
        let fix = match nearest(meant, Source::paths()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the reference of metrics lists all paths".to_owned(),
        };
        ("metric", format!("no metric `{}`", path.escape_debug()), fix)
    })
}
