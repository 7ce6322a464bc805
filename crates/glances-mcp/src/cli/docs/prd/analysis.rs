//! The tools of judgement that were asked for.

use super::{Bullet, Item, Part, Section};

pub(super) const ADVANCED: Part = Part {
    title: "Advanced analytics tools",
    sections: &[
        Section { heading: "2.1 Alert Management", bullets: 7, items: &[ALERTS, ALERT_HISTORY] },
        Section { heading: "2.2 Performance Analysis", bullets: 8, items: &[PERFORMANCE, HEALTH] },
        Section { heading: "2.3 Capacity Planning", bullets: 8, items: &[CAPACITY, FORECAST] },
        Section { heading: "2.4 Anomaly Detection", bullets: 4, items: &[ANOMALIES] },
    ],
};

pub(super) const INTELLIGENCE: Part = Part {
    title: "Infrastructure intelligence",
    sections: &[
        Section {
            heading: "3.1 Comparative Analysis",
            bullets: 7,
            items: &[COMPARE, ENVIRONMENTS],
        },
        Section { heading: "3.2 Dependency Mapping", bullets: 4, items: &[DEPENDENCIES] },
    ],
};

const ALERTS: Item = Item {
    name: "check_alert_conditions",
    bullets: &[
        Bullet::new(
            "Evaluate current metrics against thresholds",
            "check_alert_conditions: evaluated, alerts[].value, alerts[].threshold",
        ),
        Bullet::new(
            "Generate alerts with severity levels",
            "check_alert_conditions: firing, pending, alerts[].severity, alerts[].state",
        ),
        Bullet::new(
            "Support for custom threshold configurations",
            "check_alert_conditions: custom[].severity, custom[].threshold; \
             check_alert_conditions with thresholds",
        ),
        Bullet::new(
            "Alert correlation and suppression logic",
            "check_alert_conditions: groups[].cause, groups[].certain, suppressed, \
             alerts[].suppressed_by, in_force; manage_alerts with action",
        ),
    ],
};

const ALERT_HISTORY: Item = Item {
    name: "get_alert_history",
    bullets: &[
        Bullet::new(
            "Historical alert data with filtering",
            "get_alert_history: alerts[].began, alerts[].ended, alerts[].worst; \
             get_alert_history with servers, since, until, severity, filter",
        ),
        Bullet::new(
            "Alert trends and patterns",
            "get_alert_history: alerts_total, alerts_before, rules[].alerts, rules[].flapping",
        ),
        Bullet::new(
            "Mean time to resolution tracking",
            "get_alert_history: rules[].mttr_seconds, rules[].mtbf_seconds",
        ),
    ],
};

const PERFORMANCE: Item = Item {
    name: "performance_comparison",
    bullets: &[
        Bullet::new(
            "Compare current metrics against baselines",
            "performance_comparison: compared_with, servers[].before, servers[].after; \
             performance_comparison with baseline",
        ),
        Bullet::new(
            "Detect performance regressions",
            "performance_comparison: fleet.worse, servers[].verdict, servers[].metric; \
             performance_comparison with change_at",
        ),
        Bullet::new(
            "Statistical analysis of metric trends",
            "performance_comparison: servers[].effect, servers[].confidence, series[].shift, \
             series[].low, series[].high, series[].p95_shift",
        ),
        Bullet::new(
            "Performance scoring algorithms",
            "performance_comparison: servers[].score, fleet.score, environments[].score",
        ),
    ],
};

const HEALTH: Item = Item {
    name: "generate_health_score",
    bullets: &[
        Bullet::new(
            "Composite health scoring across metrics",
            "generate_health_score: servers[].score, servers[].grade, deductions[].what, \
             not_measured[].what",
        ),
        Bullet::new(
            "Weighted scoring based on criticality",
            "generate_health_score: fleet.score, fleet.basis, deductions[].points",
        ),
        Bullet::new(
            "Health trend analysis",
            "generate_health_score: servers[].trend, servers[].score_24h_ago, \
             servers[].score_7d_ago, fleet.trend",
        ),
        Bullet::new(
            "Risk assessment scoring",
            "generate_health_score: servers[].risk, fleet.risk",
        )
        .but(
            "in words, with what will cost points next and when: a risk in points would be a guess",
        ),
    ],
};

const CAPACITY: Item = Item {
    name: "capacity_analysis",
    bullets: &[
        Bullet::new(
            "Current resource utilization assessment",
            "capacity_analysis: resources[].use_percent, resources[].p95_percent, \
             resources[].busy_percent",
        ),
        Bullet::new(
            "Growth trend analysis",
            "capacity_analysis: resources[].growth_percent_per_day, resources[].one_off_percent",
        ),
        Bullet::new(
            "Time-to-exhaustion calculations",
            "capacity_analysis: resources[].likely_full_days, resources[].earliest_days, \
             resources[].latest_days, resources[].confidence",
        ),
        Bullet::new(
            "Scaling recommendations",
            "capacity_analysis: resources[].advice, idle[].enough_cores, \
             idle[].enough_memory_bytes; capacity_analysis with idle",
        ),
    ],
};

const FORECAST: Item = Item {
    name: "predict_resource_needs",
    bullets: &[
        Bullet::new(
            "Machine learning-based capacity forecasting",
            "predict_resource_needs: forecasts[].peak_p50, forecasts[].peak_p95, \
             forecasts[].backtest_error, forecasts[].naive_error, refused[].need_days",
        )
        .but(
            "learnt from each series' own past: forecasters mixed by how well each foretold it, \
             with the error beside; no neural network, which hours of one server cannot feed",
        ),
        Bullet::new(
            "Seasonal pattern recognition",
            "predict_resource_needs: forecasts[].season, course[].likely",
        ),
        Bullet::new(
            "Growth scenario modeling",
            "predict_resource_needs: cost.scenarios[].scenario, forecasts[].needed_percent; \
             predict_resource_needs with growth_percent, horizon",
        ),
        Bullet::new(
            "Cost optimization analysis",
            "predict_resource_needs: cost.now_per_month, cost.scenarios[].needed_per_month, \
             cost.scenarios[].change_per_month; capacity_analysis: cost.saving_per_month, \
             idle[].saving_per_month",
        )
        .but(
            "where a price is given, in the configuration or as `cost_per_month`: no Glances \
             knows one",
        ),
    ],
};

const ANOMALIES: Item = Item {
    name: "detect_anomalies",
    bullets: &[
        Bullet::new(
            "Statistical anomaly detection in metrics",
            "detect_anomalies: anomalies[].value, anomalies[].expected, anomalies[].low, \
             anomalies[].high, anomalies[].score",
        ),
        Bullet::new(
            "Behavioral pattern analysis",
            "detect_anomalies: habits, anomalies[].days_alike, anomalies[].evidence",
        ),
        Bullet::new(
            "Outlier identification",
            "detect_anomalies: anomalies[].kind, anomalies[].with; compare_servers: \
             outliers[].robust_z",
        ),
        Bullet::new(
            "Change point detection",
            "detect_anomalies: anomalies[].kind, anomalies[].since; what_changed: \
             changes[].began, moves[].at",
        ),
    ],
};

const COMPARE: Item = Item {
    name: "compare_servers",
    bullets: &[
        Bullet::new(
            "Side-by-side server comparisons",
            "compare_servers: servers[].cpu_percent, servers[].memory_percent, \
             servers[].load_per_core, servers[].fullest_mount_percent",
        ),
        Bullet::new(
            "Resource efficiency analysis",
            "compare_servers: servers[].spare_cores, servers[].spare_memory_bytes, servers[].cores",
        ),
        Bullet::new(
            "Performance benchmarking",
            "compare_servers: median.cpu_percent, outliers[].value, outliers[].median, \
             outliers[].robust_z",
        )
        .but(
            "each server against the median of its like; no load is ever put on a monitored \
             machine to measure it",
        ),
        Bullet::new(
            "Configuration drift detection",
            "compare_servers: attributes_differing, drift[].attribute, drift[].common, \
             drift[].others",
        ),
    ],
};

const ENVIRONMENTS: Item = Item {
    name: "environment_analysis",
    bullets: &[
        Bullet::new(
            "Cross-environment performance comparison",
            "environment_analysis: environments[].cpu_percent, environments[].memory_percent, \
             environments[].disk_percent, environments[].critical; performance_comparison: \
             environments[].verdict",
        ),
        Bullet::new(
            "Environment-specific optimizations",
            "environment_analysis: remarks, worst[].problems; capacity_analysis: \
             idle[].enough_cores",
        ),
        Bullet::new(
            "Resource allocation analysis",
            "environment_analysis: environments[].cores, environments[].memory_total_bytes, \
             environments[].spare_cores, environments[].spare_memory_bytes, \
             environments[].cpu_spread_percent",
        ),
    ],
};

const DEPENDENCIES: Item = Item {
    name: "analyze_dependencies",
    bullets: &[
        Bullet::new(
            "Service dependency identification",
            "analyze_dependencies: edges[].from, edges[].to, edges[].kind, declared, checked, \
             notes",
        )
        .but(
            "no Glances serves the remote peers of connections, and the answer says so: what the \
             configuration declares, what Glances checks, and hypotheses",
        ),
        Bullet::new(
            "Resource correlation analysis",
            "analyze_dependencies: hypotheses, edges[].evidence, evidence.pairs_compared, \
             evidence.method",
        ),
        Bullet::new(
            "Impact assessment for changes",
            "analyze_dependencies: impact[].directly, impact[].in_all, \
             impact[].single_point_of_failure",
        ),
        Bullet::new(
            "Failure scenario modeling",
            "analyze_dependencies: scenario.fails, scenario.stop, scenario.touched, \
             scenario.perhaps; analyze_dependencies with scenario",
        ),
    ],
};
