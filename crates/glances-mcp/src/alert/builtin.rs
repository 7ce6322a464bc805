//! The built-in rules: one row each. Without numbers those of the catalogue of metrics hold.

use glances_client::model::SensorUnit;

use crate::{metric::Unit, model::Severity, snapshot::Snapshot};

use super::source::{
    AUTH_FAILED, DISK_FILLING, DISK_FULL, FLEET, FLEET_RULE, NO_DATA, NO_DATA_RULE, SERVER_DOWN,
    Seen, Source,
};

/// Warning and critical, in the unit of the series.
#[derive(Clone, Copy)]
pub(super) enum Limits {
    /// Those of the catalogue.
    Catalogue,
    /// A warning and nothing more.
    Warning(f64),
    /// Critical at once.
    Critical(f64),
    /// Both.
    Both(f64, f64),
    /// Those of the server's glances.conf, when they are asked for, and none else.
    Glances,
}

/// How sure one must be.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    /// Means of a minute: the measured m of n of a warning and of a page.
    Usual,
    /// Means of a minute: as many minutes for a warning, and for critical.
    Minutes(u32, u32),
    /// Single samples, m of n, and how long it must be over.
    Samples { m: u32, n: u32, clear_secs: i64 },
}

/// Reads warning and critical of one item.
type OwnLimits = fn(&Snapshot, &str) -> [Option<f64>; 2];

/// One row.
pub(super) struct Builtin {
    /// Name of the rule.
    pub(super) name: &'static str,
    /// Series that it looks at, items left out.
    pub(super) path: &'static str,
    pub(super) limits: Limits,
    pub(super) patience: Patience,
    /// What is wrong, in words.
    pub(super) says: &'static str,
    /// How near the cause it is, nearest first: of alerts that begin together the nearest is the
    /// probable cause.
    pub(super) rank: u8,
    /// Key of the limits in glances.conf, without `_warning`.
    pub(super) glances: Option<&'static str>,
    /// The item's own limits, where the machine has them: warning and critical.
    pub(super) own: Option<OwnLimits>,
    /// What this moment adds to `says`.
    pub(super) detail: Option<fn(&Seen<'_>) -> Option<String>>,
}

impl Builtin {
    /// The row of a rule's name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        BUILTIN.iter().find(|row| row.name == name)
    }

    /// Warning and critical that are the same for every server; none where Glances' own count.
    fn defaults(&self) -> [Option<f64>; 2] {
        match self.limits {
            Limits::Catalogue => {
                let catalogue = Source::find(self.path).and_then(|source| source.catalogue().0);
                catalogue
                    .map_or([None; 2], |[_, warning, critical]| [Some(warning), Some(critical)])
            }
            Limits::Warning(limit) => [Some(limit), None],
            Limits::Critical(limit) => [None, Some(limit)],
            Limits::Both(warning, critical) => [Some(warning), Some(critical)],
            Limits::Glances => [None; 2],
        }
    }

    const fn glances(mut self, key: &'static str) -> Self {
        self.glances = Some(key);
        self
    }

    const fn own(mut self, read: OwnLimits) -> Self {
        self.own = Some(read);
        self
    }

    const fn detail(mut self, tell: fn(&Seen<'_>) -> Option<String>) -> Self {
        self.detail = Some(tell);
        self
    }
}

const fn row(
    rank: u8,
    name: &'static str,
    path: &'static str,
    limits: Limits,
    patience: Patience,
    says: &'static str,
) -> Builtin {
    Builtin { name, path, limits, patience, says, rank, glances: None, own: None, detail: None }
}

/// A failure that is certain: one sample says it, and three good ones end it.
const AT_ONCE: Patience = Patience::Samples { m: 1, n: 1, clear_secs: 0 };
/// Two of two: one lost packet is none.
const TWICE: Patience = Patience::Samples { m: 2, n: 2, clear_secs: 60 };
/// A state that the machine itself watches with patience; it must be gone for five minutes.
const STATE: Patience = Patience::Samples { m: 1, n: 1, clear_secs: 300 };

const HOUR: f64 = 3_600.0;
/// Polls in a row that fail before a server counts as down.
pub(super) const FAILURES_DOWN: f64 = 3.0;
/// Waiting for disks explains load from here on.
const IOWAIT_EXPLAINS_PERCENT: f64 = 15.0;

use Limits::{Both, Catalogue, Critical, Glances, Warning};
use Patience::{Minutes, Samples, Usual};

/// All rules that hold when the configuration names none for a metric.
#[rustfmt::skip]
pub(super) const BUILTIN: &[Builtin] = &[
    row(0, "server_down", SERVER_DOWN, Critical(FAILURES_DOWN), AT_ONCE, "the server does not answer"),
    row(0, "server_auth", AUTH_FAILED, Warning(1.0), TWICE, "the server refuses our credentials"),
    row(2, "server_stale", "server.stale", Warning(1.0), Samples { m: 3, n: 4, clear_secs: 60 }, "the server answers and its data do not change"),
    row(2, "clock_skew", "server.clock_skew", Both(30.0, 300.0), Samples { m: 3, n: 5, clear_secs: 600 }, "the clock of the server is wrong"),
    row(1, "rebooted", "server.rebooted", Warning(1.0), AT_ONCE, "the machine started anew"),
    row(1, "raid_degraded", "raid.degraded", Critical(1.0), STATE, "a disk of the array is missing"),
    row(1, "smart_failed", "smart.failed", Critical(1.0), STATE, "a disk says of itself that it fails"),
    row(1, "disk_read_only", "fs.read_only", Critical(1.0), STATE, "a filesystem turned read-only"),
    row(2, "disk_full", DISK_FULL, Catalogue, Minutes(10, 2), "a filesystem is full").glances("fs"),
    row(3, "disk_filling", DISK_FILLING, Both(24.0 * HOUR, 4.0 * HOUR), Minutes(30, 30), "a filesystem will soon be full"),
    row(3, "memory", "mem.percent", Catalogue, Usual, "memory is short").glances("mem"),
    row(4, "swap_storm", "memswap.storm", Both(1e6, 1e7), Minutes(5, 5), "pages go to swap and come back"),
    row(5, "swap", "memswap.percent", Glances, Usual, "swap is in use").glances("memswap"),
    row(5, "load", "load.min5", Catalogue, Usual, "more work waits than the cores can do").glances("load").detail(load),
    row(5, "cpu", "cpu.total", Catalogue, Usual, "the processors are busy").glances("cpu_total"),
    row(4, "cpu_steal", "cpu.steal", Catalogue, Usual, "the hypervisor takes processor time").glances("cpu_steal"),
    row(5, "cpu_system", "cpu.system", Glances, Usual, "the kernel is busy").glances("cpu_system"),
    row(4, "cpu_iowait", "cpu.iowait", Glances, Usual, "processors wait for disks").glances("cpu_iowait"),
    row(4, "temperature", "sensors.temperature", Catalogue, Minutes(5, 2), "it is too hot").glances("sensors").own(chip_limits),
    row(4, "gpu_temperature", "gpu.temperature", Catalogue, Minutes(5, 2), "the graphics processor is too hot").glances("gpu_temperature"),
    row(4, "conntrack", "connections.nf_conntrack_percent", Catalogue, Minutes(5, 2), "the table of connections is full").glances("connections_nf_conntrack_percent"),
    row(5, "network", "network.use", Catalogue, Usual, "the link is saturated").glances("network_rx"),
    row(6, "check_down", "ports.up", Critical(0.0), TWICE, "a check made by Glances fails"),
    row(6, "program_count", "amps.out_of_range", Warning(1.0), TWICE, "a monitored application has too few or too many processes"),
    row(6, "container_unhealthy", "containers.unhealthy", Critical(1.0), STATE, "a container's health check fails"),
    row(6, "container_restarting", "containers.restarting", Warning(1.0), Samples { m: 2, n: 3, clear_secs: 600 }, "a container restarts again and again"),
    row(5, "container_memory", "containers.memory_percent", Catalogue, Usual, "a container is at its limit of memory"),
];

/// Rules that are no row: they look at more than the polls of one server.
const BESIDE: &[(&str, &str)] = &[(FLEET_RULE, FLEET), (NO_DATA_RULE, NO_DATA)];

/// The names of all rules that the configuration need not name.
pub fn rules() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|row| row.name).chain(BESIDE.iter().map(|(name, _)| *name))
}

/// The rule of a name, else the one that looks at the same series: an operator's threshold is about
/// what the built-in rule of its metric is about.
#[must_use]
pub fn kin(rule: &str, path: &str) -> Option<&'static str> {
    let rows = || BUILTIN.iter().map(|row| (row.name, row.path)).chain(BESIDE.iter().copied());
    let named = rows().find(|(name, _)| *name == rule);
    named.or_else(|| rows().find(|(_, of)| *of == path)).map(|(name, _)| name)
}

/// The limit that holds without any configuration, with its unit and whether it is per core: of a
/// rule by its name, or of a metric by its path.
#[must_use]
pub fn default_limit(name: &str, severity: Severity) -> Option<(f64, Unit, bool)> {
    let row = Builtin::find(name);
    let source = Source::find(row.map_or(name, |row| row.path))?;
    let (thresholds, per_core) = source.catalogue();
    let [careful, warning, critical] = thresholds.map_or([None; 3], |limits| limits.map(Some));
    let [warning, critical] = row.map_or([warning, critical], Builtin::defaults);
    let limit = match severity {
        Severity::Ok => None,
        Severity::Careful => careful.filter(|_| row.is_none()),
        Severity::Warning => warning,
        Severity::Critical => critical,
    };
    Some((limit?, source.unit(), per_core))
}

/// The reference page of the built-in rules, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Alerts\n\nGenerated by `glances-mcp docs alerts`.\n\nThe rules that hold where `alert_thresholds` names nothing. *m of n* are means \
         of a minute, or samples. Limits are those of the metric, in its unit.\n\n\
         | rule | series | warning | critical | raised by | means |\n|---|---|---|---|---|---|\n",
    );
    for row in BUILTIN {
        let [warning, critical] = row.defaults().map(|limit| match row.limits {
            Limits::Glances => "of Glances".to_owned(),
            _ => limit.map(|limit| limit.to_string()).unwrap_or_default(),
        });
        let raised = match row.patience {
            Patience::Usual => "10 of 14, 11 of 15 minutes".to_owned(),
            Patience::Minutes(warning, critical) => format!("{warning}, {critical} minutes"),
            Patience::Samples { m, n, .. } => format!("{m} of {n} samples"),
        };
        let Builtin { name, path, says, .. } = row;
        page.push_str(&format!(
            "| `{name}` | `{path}` | {warning} | {critical} | {raised} | {says} |\n"
        ));
    }
    page
}

/// A sensor's own limits: what is hot for a disk is cool for a processor.
fn chip_limits(snapshot: &Snapshot, label: &str) -> [Option<f64>; 2] {
    let mut sensors = snapshot.sensors().into_iter().flatten();
    let sensor = sensors.find(|it| it.unit == SensorUnit::Celsius && it.label == label);
    let sane = |limit: Option<f64>| limit.filter(|limit| (1.0..=150.0).contains(limit));
    sensor.map_or([None; 2], |it| [sane(it.warning), sane(it.critical)])
}

/// Whether load runs or waits.
fn load(seen: &Seen<'_>) -> Option<String> {
    let cpu = seen.snapshot.cpu()?;
    let (waiting, total) = (cpu.iowait, cpu.total?);
    Some(match waiting {
        Some(waiting) if waiting >= IOWAIT_EXPLAINS_PERCENT => {
            format!("it waits for disks: I/O wait {waiting:.0} %")
        }
        _ => format!("it wants to run: CPU {total:.0} %"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metric::Worse;

    #[test]
    fn a_series_has_one_rule_and_a_rule_one_name() {
        let names: BTreeSet<_> = BUILTIN.iter().map(|row| row.name).collect();
        let paths: BTreeSet<_> = BUILTIN.iter().map(|row| row.path).collect();
        assert_eq!((names.len(), paths.len()), (BUILTIN.len(), BUILTIN.len()));
    }

    #[test]
    fn a_threshold_of_the_configuration_is_kin_of_the_rule_of_its_metric() {
        assert_eq!(kin("disk_full", "fs.percent"), Some("disk_full"));
        assert_eq!(kin("fs.percent[/data]", "fs.percent"), Some("disk_full"));
        assert_eq!(kin("fleet_unreachable", "fleet.unreachable"), Some("fleet_unreachable"));
        assert_eq!(kin("processcount.total", "processcount.total"), None);
        assert!(rules().all(|rule| kin(rule, "") == Some(rule)));
    }

    #[test]
    fn a_default_limit_is_that_of_the_rule_else_of_the_metric() {
        let limit = |name, severity| default_limit(name, severity).map(|(limit, ..)| limit);
        assert_eq!(limit("memory", Severity::Warning), Some(90.0));
        assert_eq!(limit("disk_filling", Severity::Critical), Some(14_400.0));
        assert_eq!(limit("server_down", Severity::Warning), None);
        assert_eq!(limit("cpu_iowait", Severity::Warning), None, "that of Glances counts");
        assert_eq!(limit("cpu.iowait", Severity::Careful), Some(20.0));
        assert_eq!(default_limit("load", Severity::Warning), Some((2.0, Unit::Load, true)));
        assert_eq!(limit("no_such", Severity::Warning), None);
    }

    #[test]
    fn the_reference_has_a_line_a_rule() {
        let page = reference();
        assert!(BUILTIN.iter().all(|row| page.contains(&format!("| `{}` |", row.name))));
        assert!(page.contains("| `disk_full` | `fs.percent` | 90 | 95 | 10, 2 minutes |"));
    }

    #[test]
    fn every_rule_has_a_source_with_a_direction_and_its_numbers_agree_with_it() {
        for row in BUILTIN {
            let source = Source::find(row.path).unwrap_or_else(|| panic!("{}", row.path));
            assert_ne!(source.worse(), Worse::Neither, "{}", row.name);
            match row.limits {
                Limits::Catalogue => assert!(source.catalogue().0.is_some(), "{}", row.name),
                Limits::Glances => assert!(row.glances.is_some(), "{}", row.name),
                Limits::Both(warning, critical) => {
                    assert_eq!(critical > warning, source.worse() == Worse::High, "{}", row.name);
                }
                Limits::Warning(_) | Limits::Critical(_) => {}
            }
        }
    }
}
