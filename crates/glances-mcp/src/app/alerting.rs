//! What the configuration says of alerts, as the alert engine takes it. Copies values, judges none.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    alert::{Defaults, RuleProblem, Rules, Threshold, When, Window},
    config::{self, AlertingConfig, Config, ThresholdSource, WindowTime},
    ingest::Limits,
};

/// The rules of a configuration.
///
/// # Errors
/// What the engine cannot use: metrics that do not exist, units of another kind.
pub fn rules(config: &AlertingConfig) -> Result<Rules, Vec<RuleProblem>> {
    let thresholds: Vec<Threshold> = config.thresholds.iter().map(threshold).collect();
    Rules::new(&thresholds, defaults(config))
}

/// Whose limits hold where the configuration names none.
fn defaults(config: &AlertingConfig) -> Defaults {
    match config.source {
        ThresholdSource::Ours => Defaults::Ours,
        ThresholdSource::Glances => Defaults::Glances,
    }
}

fn threshold(from: &config::Threshold) -> Threshold {
    let secs = |span: std::time::Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    Threshold {
        metric: from.metric.clone(),
        careful: from.careful,
        warning: from.warning,
        critical: from.critical,
        unit: from.unit.clone(),
        clear: from.clear,
        for_secs: from.hold.map(secs),
        clear_after_secs: from.clear_after.map(secs),
        servers: from.servers.clone(),
        per_core: from.per_core,
    }
}

/// The limits of a configuration in words, for people who ask what changed.
#[must_use]
pub fn limits(config: &Config) -> Limits {
    let mut words = BTreeMap::new();
    let whose = match config.alerting.source {
        ThresholdSource::Ours => "ours",
        ThresholdSource::Glances => "those of each glances.conf",
    };
    words.insert("limits that are not given".to_owned(), whose.to_owned());
    for threshold in &config.alerting.thresholds {
        // Of two about the same the first holds.
        words.entry(about(threshold)).or_insert_with(|| in_words(threshold));
    }
    let is_settings = |path: &&PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| SETTINGS.contains(&ending))
    };
    let files = config.sources.iter().filter(is_settings).filter_map(|path| path.file_name());
    let files: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    let source = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    Limits { words, source }
}

/// Endings of configuration files; other files that were read hold secrets.
const SETTINGS: &[&str] = &["toml", "json", "yaml", "yml"];

fn about(threshold: &config::Threshold) -> String {
    match threshold.servers.is_empty() {
        true => threshold.metric.clone(),
        false => format!("{} on {}", threshold.metric, threshold.servers.join(", ")),
    }
}

fn in_words(it: &config::Threshold) -> String {
    let number = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value}"));
    let span = |name: &str, value: Option<std::time::Duration>| {
        value.map(|value| format!("{name} {} s", value.as_secs()))
    };
    let parts = [
        number("careful", it.careful),
        number("warning", Some(it.warning)),
        number("critical", Some(it.critical)),
        it.unit.clone(),
        it.per_core.then(|| "per core".to_owned()),
        number("clear", it.clear),
        span("for", it.hold),
        span("clear after", it.clear_after),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The maintenance windows of a configuration.
#[must_use]
pub fn windows(config: &AlertingConfig) -> Vec<Window> {
    let when = |from: &WindowTime| match from {
        WindowTime::Once { start, end } => {
            When::Once { start: start.as_second(), end: end.as_second() }
        }
        WindowTime::Repeated { schedule, duration, timezone } => When::Repeated {
            schedule: schedule.clone(),
            duration_secs: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            timezone: timezone.clone(),
        },
    };
    let window = |from: &config::MaintenanceWindow| Window {
        name: from.name.clone(),
        servers: from.servers.clone(),
        when: when(&from.when),
    };
    config.windows.iter().map(window).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        alert::Engine,
        config::{Env, Overrides},
    };

    #[test]
    fn the_alerts_of_the_full_example_become_rules_and_windows() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prd.json");
        let env = Env::from_pairs([]).in_dir(path.parent().unwrap());
        let config = Config::load(Some(&path), &Overrides::default(), &env).unwrap().alerting;
        let mut engine = Engine::new(rules(&config).ok().unwrap());
        let windows = windows(&config);
        assert_eq!(windows.len(), config.windows.len());
        engine.set_windows(&windows).unwrap();
    }

    fn load(text: &str) -> AlertingConfig {
        load_all(text).alerting
    }

    #[test]
    fn limits_are_told_in_words_with_the_file_that_they_come_from() {
        let limits = limits(&load_all(
            "[[alert_thresholds]]\nmetric = \"mem.percent\"\nwarning = 80\ncritical = 90.5\n\
             for = \"5m\"\nservers = [\"web-*\"]\n",
        ));
        assert_eq!(limits.source, "glances-mcp.toml");
        let about = "mem.percent on web-*";
        assert_eq!(limits.words[about], "warning 80 critical 90.5 for 300 s");
        assert_eq!(limits.words.len(), 2);
    }

    fn load_all(text: &str) -> Config {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("glances-mcp.toml");
        std::fs::write(&path, text).unwrap();
        let env = Env::from_pairs([]).in_dir(dir.path());
        Config::load(Some(&path), &Overrides::default(), &env).unwrap()
    }

    #[test]
    fn the_example_of_the_guide_becomes_rules() {
        let guide = include_str!("../../../../docs/configuration.md");
        let section = guide.split("## Thresholds").nth(1).unwrap();
        let example = section.split("```toml").nth(1).unwrap().split("```").next().unwrap();
        let config = load(example);
        assert_eq!(config.thresholds.len(), 3);
        assert!(rules(&config).is_ok());
    }

    #[test]
    fn a_unit_of_another_kind_is_said_with_the_possible_ones() {
        let text = "[[alert_thresholds]]\nmetric = \"cpu.total\"\nwarning = 1\ncritical = 2\n\
                    unit = \"GiB\"\n";
        let problems = rules(&load(text)).err().unwrap();
        assert_eq!((problems[0].index, problems[0].key), (0, "unit"));
        assert!(problems[0].fix.contains("`percent`"));
    }

    #[test]
    fn every_cron_line_that_the_configuration_takes_is_one_for_the_engine() {
        for schedule in
            ["* * * * *", "0 2 * * sun", "*/15 0-6,22 1,15 jan-MAR 1-5/2", "5/10 * * * 7"]
        {
            let text = format!(
                "[[maintenance_windows]]\nname = \"w\"\nschedule = \"{schedule}\"\n\
                 duration = \"1h\"\ntimezone = \"Europe/Berlin\"\n"
            );
            let config = load(&text);
            let mut engine = Engine::new(Rules::built_in());
            engine.set_windows(&windows(&config)).unwrap_or_else(|err| panic!("{schedule}: {err}"));
        }
    }
}
