//! The rules in force, as people read them: whose limits, on what, after how long. Judges nothing.

use super::{
    super::builtin::{BUILTIN, Builtin, Limits},
    Defaults, Level, Pace, Rule, Rules, of_glances,
};
use crate::{model::Severity, snapshot::Snapshot};

/// Whose limits a rule has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// `alert_thresholds` of the configuration.
    Configuration,
    /// Ours.
    BuiltIn,
    /// Those that an item of the machine has itself, such as a sensor; else ours.
    Item,
    /// Those of each server's glances.conf; else ours, if there are any.
    Glances,
}

/// One rule in force.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldRule {
    /// Its name: that of a built-in rule, or the metric as the configuration names it.
    pub name: String,
    /// Path of the metric, with the pattern of items in brackets.
    pub series: String,
    /// Selectors; empty means all servers.
    pub servers: Vec<String>,
    /// Whose limits it has.
    pub whose: Whose,
    /// From here on careful, in `unit`.
    pub careful: Option<f64>,
    /// From here on a warning.
    pub warning: Option<f64>,
    /// From here on critical.
    pub critical: Option<f64>,
    /// The alert may end beyond this value, where it was configured.
    pub clear: Option<f64>,
    /// Word for the unit.
    pub unit: &'static str,
    /// The limits hold for the value divided by the number of cores.
    pub per_core: bool,
    /// How often it must be so: `10 of 14 minutes`, for a warning and for critical.
    pub raised_by: [String; 2],
    /// What is wrong, in words; empty for those of the configuration.
    pub says: &'static str,
}

impl Rules {
    /// The rules in force, by path, the most specific first. One that another hides everywhere is not
    /// in force.
    #[must_use]
    pub fn told(&self) -> Vec<ToldRule> {
        let mut told = Vec::new();
        for judged in &self.sources {
            for rule in &judged.rules {
                let of_row = rule.builtin.map(|row| whose(row, self.defaults));
                let whose = of_row.unwrap_or(Some(Whose::Configuration));
                told.extend(whose.map(|whose| rule.told(judged.source.path(), whose)));
                if rule.item.is_none() && rule.servers.is_empty() {
                    break;
                }
            }
        }
        told
    }
}

/// Whose limits a built-in rule has; `None` when it has none.
fn whose(row: &Builtin, defaults: Defaults) -> Option<Whose> {
    match (row.limits, defaults) {
        (_, Defaults::Glances) if row.glances.is_some() => Some(Whose::Glances),
        (Limits::Glances, _) => None,
        _ if row.own.is_some() => Some(Whose::Item),
        _ => Some(Whose::BuiltIn),
    }
}

impl Rule {
    fn told(&self, path: &str, whose: Whose) -> ToldRule {
        let level = |severity| self.levels.iter().find(|level| level.severity == severity);
        let limit = |severity| level(severity).and_then(|level| level.limit);
        let raised_by = [Severity::Warning, Severity::Critical].map(|severity| {
            level(severity).map_or_else(String::new, |level| patience(level, self.pace))
        });
        let item = self.item.as_ref().map_or_else(String::new, |item| format!("[{item}]"));
        ToldRule {
            name: self.name.to_string(),
            series: format!("{path}{item}"),
            servers: self.servers.iter().map(ToString::to_string).collect(),
            whose,
            careful: limit(Severity::Careful),
            warning: limit(Severity::Warning),
            critical: limit(Severity::Critical),
            clear: self.clear,
            unit: self.unit.word(),
            per_core: self.per_core,
            raised_by,
            says: self.builtin.map_or("", |row| row.says),
        }
    }
}

fn patience(level: &Level, pace: Pace) -> String {
    let (m, n) = level.raise.terms();
    match pace {
        Pace::Sample => format!("{m} of {n} samples"),
        Pace::Mean(secs) if secs == super::MINUTE_SECS => format!("{m} of {n} minutes"),
        Pace::Mean(secs) => format!("{m} of {n} times {} minutes", secs / super::MINUTE_SECS),
    }
}

/// The limits of a server's own glances.conf that rules can take: rule, careful, warning, critical.
#[must_use]
pub fn limits_of_glances(snapshot: &Snapshot) -> Vec<(&'static str, [Option<f64>; 3])> {
    let of_row = |row: &Builtin| {
        let key = row.glances?;
        let [warning, critical] = of_glances(snapshot, key, "")?;
        let numbers = snapshot.limits.numbers.get(key.split('_').next()?);
        let careful = numbers.and_then(|numbers| numbers.get(&format!("{key}_careful")).copied());
        Some((row.name, [careful, warning, critical]))
    };
    BUILTIN.iter().filter_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::Threshold, *};

    fn threshold(metric: &str, servers: &[&str]) -> Threshold {
        Threshold {
            metric: metric.to_owned(),
            warning: 80.0,
            critical: 90.0,
            for_secs: Some(300),
            servers: servers.iter().map(|it| (*it).to_owned()).collect(),
            ..Threshold::default()
        }
    }

    fn of<'a>(told: &'a [ToldRule], path: &str) -> Vec<&'a ToldRule> {
        told.iter().filter(|rule| rule.series.starts_with(path)).collect()
    }

    #[test]
    fn a_rule_of_the_configuration_hides_the_built_in_one_only_where_it_holds() {
        let given = [threshold("cpu.total", &[]), threshold("fs.percent[/var]", &["env:prod"])];
        let told = Rules::new(&given, Defaults::Ours).ok().unwrap().told();
        let cpu = of(&told, "cpu.total");
        assert_eq!((cpu.len(), cpu[0].whose), (1, Whose::Configuration));
        assert_eq!(cpu[0].raised_by[0], "5 of 7 minutes");
        let disks = of(&told, "fs.percent");
        let whose: Vec<Whose> = disks.iter().map(|rule| rule.whose).collect();
        assert_eq!(whose, [Whose::Configuration, Whose::BuiltIn]);
        assert_eq!(
            (disks[0].series.as_str(), &*disks[0].servers[0]),
            ("fs.percent[/var]", "env:prod")
        );
        assert_eq!(
            (disks[1].warning, disks[1].critical, disks[1].unit),
            (Some(90.0), Some(95.0), "percent")
        );
    }

    #[test]
    fn limits_of_glances_are_in_force_when_they_are_asked_for() {
        let ours = Rules::built_in().told();
        assert!(ours.iter().all(|rule| rule.whose != Whose::Glances && rule.name != "swap"));
        assert!(ours.iter().any(|rule| rule.whose == Whose::Item));
        let theirs = Rules::new(&[], Defaults::Glances).ok().unwrap().told();
        assert!(theirs.iter().any(|rule| rule.name == "swap" && rule.whose == Whose::Glances));
    }
}
