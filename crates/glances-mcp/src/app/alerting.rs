//! What the configuration says of alerts, as the alert engine takes it. Copies values, judges none.

use crate::{
    alert::{Defaults, RuleProblem, Rules, Threshold, When, Window},
    config::{self, AlertingConfig, ThresholdSource, WindowTime},
};

/// The rules of a configuration.
///
/// # Errors
/// What the engine cannot use: metrics that do not exist, units of another kind.
pub fn rules(config: &AlertingConfig) -> Result<Rules, Vec<RuleProblem>> {
    let thresholds: Vec<Threshold> = config.thresholds.iter().map(threshold).collect();
    let defaults = match config.source {
        ThresholdSource::Ours => Defaults::Ours,
        ThresholdSource::Glances => Defaults::Glances,
    };
    Rules::new(&thresholds, defaults)
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
        config::{Config, Env, Overrides},
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
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("glances-mcp.toml");
        std::fs::write(&path, text).unwrap();
        let env = Env::from_pairs([]).in_dir(dir.path());
        Config::load(Some(&path), &Overrides::default(), &env).unwrap().alerting
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
