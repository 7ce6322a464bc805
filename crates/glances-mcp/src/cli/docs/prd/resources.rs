//! The resources that were asked for.

use super::{Bullet, Item, Part, Section};

pub(super) const PART: Part = Part {
    title: "Resources",
    sections: &[
        Section {
            heading: "2.1 Configuration Resources",
            bullets: 7,
            items: &[SERVERS, THRESHOLDS],
        },
        Section { heading: "2.2 Historical Resources", bullets: 8, items: &[PERFORMANCE, ALERTS] },
        Section { heading: "2.3 Knowledge Resources", bullets: 8, items: &[RUNBOOKS, BASELINES] },
        Section { heading: "2.4 Live Resources", bullets: 8, items: &[DASHBOARD, TOPOLOGY] },
    ],
};

const SERVERS: Item = Item {
    name: "glances://config/servers",
    bullets: &[
        Bullet::new(
            "Complete server inventory",
            "glances://config/servers: servers[].server, servers_total, not_shown",
        ),
        Bullet::new(
            "Configuration metadata",
            "glances://config/servers: configured_at, usual.interval_seconds, usual.criticality, \
             servers[].depends_on, servers[].disabled_plugins, servers[].glances",
        ),
        Bullet::new(
            "Environment and tag information",
            "glances://config/servers: servers[].environment, servers[].region, servers[].tags, \
             environments, regions, tags",
        ),
        Bullet::new(
            "Connection parameters (credentials redacted)",
            "glances://config/servers: servers[].url, servers[].auth, usual.auth, usual.verify_tls, \
             usual.timeout_seconds",
        ),
    ],
};

const THRESHOLDS: Item = Item {
    name: "glances://config/thresholds",
    bullets: &[
        Bullet::new(
            "Alert threshold configurations",
            "glances://config/thresholds: rules[].metric, rules[].careful, rules[].warning, \
             rules[].critical, rules[].from, glances[].rule",
        ),
        Bullet::new(
            "Threshold modification history",
            "glances://config/thresholds: changes[].at, changes[].of, changes[].change; \
             get_alert_history: limits_changed[].text",
        ),
        Bullet::new(
            "Custom threshold templates",
            "glances://config/thresholds: templates[].title, templates[].toml",
        ),
    ],
};

const PERFORMANCE: Item = Item {
    name: "glances://history/performance",
    bullets: &[
        Bullet::new(
            "Performance baseline data",
            "glances://history/performance: hours_of_week[].days[].mean, \
             regressions.compared_with",
        ),
        Bullet::new(
            "Historical trend analysis",
            "glances://history/performance: trends.series[].sparkline, trends.series[].avg, \
             trends.series[].p95",
        ),
        Bullet::new(
            "Seasonal pattern data",
            "glances://history/performance: hours_of_week[].metric, hours_of_week[].days[].day",
        ),
        Bullet::new(
            "Performance regression history",
            "glances://history/performance: regressions.servers[].verdict, \
             regressions.fleet.worse, shifts.anomalies[].since; performance_comparison with since, until",
        )
        .but(
            "now against what is usual and the lasting shifts of a week; a verdict of the past is not kept \
             but made anew, of any time in history",
        ),
    ],
};

const ALERTS: Item = Item {
    name: "glances://history/alerts",
    bullets: &[
        Bullet::new(
            "Alert history and patterns",
            "glances://history/alerts: month.alerts[].began, month.alerts_total, patterns.by_hour, \
             patterns.by_weekday, patterns.by_server",
        ),
        Bullet::new(
            "Resolution time tracking",
            "glances://history/alerts: month.rules[].mttr_seconds, month.alerts[].length_seconds",
        ),
        Bullet::new(
            "Alert correlation data",
            "glances://history/alerts: together[].cause, together[].servers, open.groups[].cause",
        ),
        Bullet::new(
            "False positive analysis",
            "glances://history/alerts: month.rules[].precision_percent, \
             month.rules[].precision_least_percent, month.rules[].judged",
        ),
    ],
};

const RUNBOOKS: Item = Item {
    name: "glances://knowledge/runbooks",
    bullets: &[
        Bullet::new(
            "Operational runbooks",
            "glances://knowledge/runbooks: procedures[].name, procedures[].rules, \
             procedures[].description; glances://runbooks/{name}",
        ),
        Bullet::new(
            "Best practices documentation",
            "glances://knowledge/runbooks: practices[].name, practices[].description",
        ),
        Bullet::new(
            "Troubleshooting procedures",
            "glances://knowledge/runbooks: sections, procedures[].metrics; glances://runbooks/{name}",
        ),
        Bullet::new("Escalation guidelines", "glances://knowledge/runbooks: escalation"),
    ],
};

const BASELINES: Item = Item {
    name: "glances://knowledge/baselines",
    bullets: &[
        Bullet::new(
            "Performance baselines",
            "glances://knowledge/baselines: normal[].cpu_percent, normal[].memory_percent, \
             normal[].load_per_core",
        ),
        Bullet::new(
            "Capacity planning data",
            "glances://knowledge/baselines: capacity.resources[].use_percent, \
             capacity.resources[].likely_full_days, capacity.resources[].advice",
        ),
        Bullet::new(
            "Growth trend analysis",
            "glances://knowledge/baselines: capacity.resources[].growth_percent_per_day, \
             capacity.resources[].earliest_days",
        ),
        Bullet::new(
            "Optimization opportunities",
            "glances://knowledge/baselines: optimisation.idle[].enough_cores, \
             optimisation.idle[].enough_memory_bytes, optimisation.cost.saving_per_month",
        ),
    ],
};

const DASHBOARD: Item = Item {
    name: "glances://live/dashboard",
    bullets: &[
        Bullet::new(
            "Real-time infrastructure dashboard",
            "glances://live/dashboard: servers_by_status, overview.fleet.cpu_percent, \
             overview.servers[].problems",
        ),
        Bullet::new(
            "Live metric streaming",
            "glances://live/dashboard: last_hour.series[].sparkline, last_hour.series[].last",
        )
        .but("clients that subscribe are told of each change and read it anew; MCP has no stream of values"),
        Bullet::new(
            "Alert status updates",
            "glances://live/dashboard: alerts.firing, alerts.pending, alerts.groups[].cause",
        ),
        Bullet::new(
            "System health summary",
            "glances://live/dashboard: health.fleet.score, health.servers[].score, \
             health.deductions[].what",
        ),
    ],
};

const TOPOLOGY: Item = Item {
    name: "glances://live/topology",
    bullets: &[
        Bullet::new(
            "Infrastructure topology map",
            "glances://live/topology: places[].servers[].server, mermaid",
        ),
        Bullet::new(
            "Service dependency graph",
            "glances://live/topology: dependencies.edges[].from, dependencies.edges[].to, \
             dependencies.edges[].kind",
        )
        .but("declared, checked by a Glances, or a hypothesis: no Glances serves remote peers"),
        Bullet::new(
            "Network connectivity status",
            "glances://live/topology: places[].servers[].status, places[].servers[].latency_ms, \
             checks.checks[].state",
        )
        .but("from here to each server, and what each Glances checks; no Glances tells of paths between servers"),
        Bullet::new(
            "Resource relationship mapping",
            "glances://live/topology: containers[].servers, dependencies.impact[].dependents, \
             dependencies.edges[].evidence",
        ),
    ],
};
