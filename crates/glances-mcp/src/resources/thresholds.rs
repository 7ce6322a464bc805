//! `glances://config/thresholds`: which limits hold, what changed of them, and how to write own ones.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Changes, Resource, Variables,
    rows::{LINE_CHARS, NAME_CHARS, all_of, fitting, written},
};
use crate::{
    alert::{Defaults, ToldRule, Whose, limits_of_glances},
    query::{Selection, THRESHOLD, compact, coverage::rfc3339, window::Window},
    redact::clip,
    tools::{Context, ToolError},
};

pub(super) struct Thresholds;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ThresholdsDocument {
    /// When this was true, UTC.
    as_of: String,
    /// When the configuration in force was taken, UTC.
    configured_at: Option<String>,
    /// Whose limits hold where the configuration names none: `ours`, or those of each `glances.conf`.
    otherwise: &'static str,
    /// The rules in force, those of the configuration first. Of two that fit one series the more
    /// specific holds: an item before a pattern, some servers before all.
    rules: Vec<RuleRow>,
    rules_total: usize,
    /// Limits in the `glances.conf` of servers; in force only where `otherwise` says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    glances: Vec<GlancesRow>,
    /// Limits that changed, newest first, at most 25.
    changes: Vec<ChangeRow>,
    changes_total: usize,
    /// Examples to put into the configuration, each whole and valid.
    templates: Vec<Template>,
    notes: Vec<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct RuleRow {
    rule: String,
    /// `fs.percent`, or with a pattern of items `fs.percent[/data/*]`.
    metric: String,
    /// Selectors, or aliases; absent for all servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<String>,
    /// Whose limits: `configuration`, `built-in`, `item` (a sensor's own, else ours), `glances.conf`
    /// (else ours).
    from: &'static str,
    careful: Option<f64>,
    warning: Option<f64>,
    critical: Option<f64>,
    /// Beyond this value the alert may end; where it is not given, 5 % of the limit further.
    clear: Option<f64>,
    unit: &'static str,
    /// The limits hold for the value divided by the number of cores.
    per_core: Option<bool>,
    /// How often it must be so, for a warning and for critical.
    raised_by: String,
    means: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct GlancesRow {
    rule: &'static str,
    careful: Option<f64>,
    warning: Option<f64>,
    critical: Option<f64>,
    /// How many servers have these.
    count: usize,
    /// Some of them; `web-[01-20]` is a run.
    servers: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ChangeRow {
    at: String,
    /// Metric, and the servers that it is about.
    of: String,
    /// Before and after, and the file.
    change: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Template {
    title: &'static str,
    toml: &'static str,
}

/// Examples of thresholds: one row each. A test loads every one as a configuration.
const TEMPLATES: &[Template] = &[
    Template {
        title: "A limit of a metric, for all servers, after five minutes",
        toml: "[[alert_thresholds]]\nmetric = \"cpu.total\"\nwarning = 80\ncritical = 95\nfor = \"5m\"\n",
    },
    Template {
        title: "One mount of some servers, in bytes that are free: less is worse",
        toml: "[[alert_thresholds]]\nmetric = \"fs.free[/var/lib/*]\"\nwarning = 20\ncritical = 5\n\
               unit = \"GiB\"\nservers = [\"env:production\", \"tag:db\"]\n",
    },
    Template {
        title: "Load by core, which ends below another value",
        toml: "[[alert_thresholds]]\nmetric = \"load.min5\"\nper_core = true\ncareful = 0.8\nwarning = 1.5\n\
               critical = 3\nclear = 0.7\nclear_after = \"10m\"\n",
    },
    Template {
        title: "Bandwidth of an interface, at once",
        toml: "[[alert_thresholds]]\nmetric = \"network.bytes_recv[eth*]\"\nwarning = 400\ncritical = 800\n\
               unit = \"Mbit/s\"\nfor = \"0s\"\n",
    },
    Template {
        title: "The limits of each server's own glances.conf where nothing is given",
        toml: "thresholds = \"glances\"\n",
    },
];

const NOTES: &[&str] = &[
    "changes are noted when a configuration is taken, also by a start; limits of a glances.conf are \
     read anew with its server, and their past is not kept",
    "manage_alerts silences and expects without changing a limit; check_alert_conditions judges by \
     other `thresholds` for one call",
];

/// Bytes of all rules, of all limits of Glances.
const RULES_BYTES_MAX: usize = 11_000;
const GLANCES_BYTES_MAX: usize = 3_000;
/// Changes in one document, and the days that they are looked for.
const CHANGES_MAX: usize = 25;
const CHANGES_DAYS: i64 = 400;
/// Servers, or runs of them, of one row.
const SERVERS_MAX: usize = 8;

impl Resource for Thresholds {
    const URI: &'static str = "glances://config/thresholds";
    const NAME: &'static str = "config_thresholds";
    const TITLE: &'static str = "Thresholds in force";
    const DESCRIPTION: &'static str = "The rules of alerts in force with their limits and patience, \
        which of them are configured, built in or those of each glances.conf, the history of changed \
        limits, and valid templates for own ones.";
    const PRIORITY: f32 = 0.5;
    const CHANGES: Changes = Changes::Configured;
    type Document = ThresholdsDocument;

    async fn read(cx: Context, _: Variables) -> Result<Self::Document, ToolError> {
        let all = all_of(&cx);
        let mut rules = cx.query.told_rules(&cx.principal);
        rules.sort_by_key(|rule| rule.whose != Whose::Configuration);
        let rules_total = rules.len();
        let rules = fitting(rules.into_iter().map(RuleRow::of).collect(), RULES_BYTES_MAX);
        let (changes, changes_total) = changes(&cx, &all).await?;
        Ok(ThresholdsDocument {
            as_of: rfc3339(all.now),
            configured_at: cx.query.configured_at().map(rfc3339),
            otherwise: match cx.query.rules().defaults() {
                Defaults::Ours => "ours",
                Defaults::Glances => "glances.conf",
            },
            rules,
            rules_total,
            glances: fitting(of_glances(&all), GLANCES_BYTES_MAX),
            changes,
            changes_total,
            templates: TEMPLATES.iter().map(Template::copy).collect(),
            notes: NOTES.to_vec(),
        })
    }
}

impl Template {
    const fn copy(&self) -> Self {
        Self { title: self.title, toml: self.toml }
    }
}

async fn changes(cx: &Context, all: &Selection) -> Result<(Vec<ChangeRow>, usize), ToolError> {
    let window = Window::parse(None, None, None, (CHANGES_DAYS * 24).hours(), all.now)?;
    let hosts = all.aliases();
    let events = cx.query.events_of(&[THRESHOLD], &cx.principal, &hosts, window.span()).await?;
    let total = events.len();
    let row = |event: crate::store::Event| ChangeRow {
        at: written(event.secs),
        of: clip(&event.item, NAME_CHARS).into_owned(),
        change: clip(&event.detail, LINE_CHARS).into_owned(),
    };
    Ok((events.into_iter().take(CHANGES_MAX).map(row).collect(), total))
}

impl RuleRow {
    fn of(rule: ToldRule) -> Self {
        let [warning, critical] = &rule.raised_by;
        Self {
            rule: clip(&rule.name, NAME_CHARS).into_owned(),
            metric: clip(&rule.series, NAME_CHARS).into_owned(),
            servers: rule.servers.into_iter().take(SERVERS_MAX).collect(),
            from: match rule.whose {
                Whose::Configuration => "configuration",
                Whose::BuiltIn => "built-in",
                Whose::Item => "item",
                Whose::Glances => "glances.conf",
            },
            careful: rule.careful,
            warning: rule.warning,
            critical: rule.critical,
            clear: rule.clear,
            unit: rule.unit,
            per_core: rule.per_core.then_some(true),
            raised_by: match warning == critical {
                true => warning.clone(),
                false => format!("{warning}, {critical}"),
            },
            means: (!rule.says.is_empty()).then_some(rule.says),
        }
    }
}

/// The limits of all glances.conf, those of the most servers first.
fn of_glances(all: &Selection) -> Vec<GlancesRow> {
    type Limits = [Option<u64>; 3];
    let mut groups: BTreeMap<(&'static str, Limits), Vec<&str>> = BTreeMap::new();
    for snapshot in all.servers.iter() {
        for (rule, limits) in limits_of_glances(snapshot) {
            let bits = limits.map(|limit| limit.map(f64::to_bits));
            groups.entry((rule, bits)).or_default().push(snapshot.host.alias.as_str());
        }
    }
    let row = |((rule, bits), aliases): ((&'static str, Limits), Vec<&str>)| {
        let [careful, warning, critical] = bits.map(|bits| bits.map(f64::from_bits));
        let servers = compact(&aliases).into_iter().take(SERVERS_MAX).collect();
        GlancesRow { rule, careful, warning, critical, count: aliases.len(), servers }
    };
    let mut rows: Vec<GlancesRow> = groups.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}
