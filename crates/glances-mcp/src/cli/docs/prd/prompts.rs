//! The prompts that were asked for. Parts of one are what its method has in bold.

use super::{Bullet, Item, Part, Section};

pub(super) const PART: Part = Part {
    title: "Prompts",
    sections: &[
        Section {
            heading: "1.1 System Analysis Prompts",
            bullets: 12,
            items: &[HEALTH, PERFORMANCE, CAPACITY],
        },
        Section {
            heading: "1.2 Operational Prompts",
            bullets: 12,
            items: &[INCIDENT, MAINTENANCE, SECURITY],
        },
        Section { heading: "1.3 Reporting Prompts", bullets: 8, items: &[EXECUTIVE, DEEP_DIVE] },
    ],
};

const HEALTH: Item = Item {
    name: "system_health_analysis",
    bullets: &[
        Bullet::new(
            "Comprehensive infrastructure health assessment",
            "system_health_analysis: Servers, Alerts, Health, Fills up, Problems",
        ),
        Bullet::new(
            "Multi-server analysis with correlation",
            "system_health_analysis: What changed, Unusual, What goes together; \
             system_health_analysis with servers",
        ),
        Bullet::new(
            "Actionable recommendations with priorities",
            "system_health_analysis: Problems, Actions",
        ),
        Bullet::new("Executive summary generation", "system_health_analysis: Executive summary"),
    ],
};

const PERFORMANCE: Item = Item {
    name: "performance_troubleshooting",
    bullets: &[
        Bullet::new(
            "Systematic performance issue investigation",
            "performance_troubleshooting: When, Where, Which resource, Who; \
             performance_troubleshooting with symptom, resource",
        ),
        Bullet::new(
            "Root cause analysis methodology",
            "performance_troubleshooting: Which resource, Prove it, Root cause, Time line",
        ),
        Bullet::new(
            "Step-by-step troubleshooting procedures",
            "performance_troubleshooting: Steps",
        ),
        Bullet::new(
            "Resolution tracking and documentation",
            "performance_troubleshooting: Resolution record; manage_alerts with action, reason",
        )
        .but("a record to fill, and notes on alerts that stay; no tickets are kept here"),
    ],
};

const CAPACITY: Item = Item {
    name: "capacity_planning_report",
    bullets: &[
        Bullet::new(
            "Long-term capacity planning analysis",
            "capacity_planning_report: Summary, Runway; capacity_planning_report with horizon",
        ),
        Bullet::new(
            "Growth projection modeling",
            "capacity_planning_report: Growth projection; capacity_planning_report with growth_percent",
        ),
        Bullet::new(
            "Resource optimization recommendations",
            "capacity_planning_report: Optimisation first",
        ),
        Bullet::new(
            "Cost-benefit analysis for upgrades",
            "capacity_planning_report: Cost-benefit; capacity_planning_report with cost_per_month",
        )
        .but("only with prices of the configuration or the caller: no Glances knows one"),
    ],
};

const INCIDENT: Item = Item {
    name: "incident_response_runbook",
    bullets: &[
        Bullet::new(
            "Dynamic incident response procedures",
            "incident_response_runbook: Declare, Order, Harm first, Procedure",
        ),
        Bullet::new(
            "Context-aware troubleshooting steps",
            "incident_response_runbook: Procedure, Now; incident_response_runbook with alert, symptom",
        ),
        Bullet::new(
            "Escalation criteria and procedures",
            "incident_response_runbook: Escalate, Escalation",
        )
        .but("names and numbers of people are in no Glances: criteria, roles and the message"),
        Bullet::new(
            "Post-incident analysis templates",
            "incident_response_runbook: Post-incident report",
        ),
    ],
};

const MAINTENANCE: Item = Item {
    name: "maintenance_planning",
    bullets: &[
        Bullet::new(
            "Maintenance window planning",
            "maintenance_planning: When, Window, Quiet the alarms; maintenance_planning with start, \
             duration",
        ),
        Bullet::new("Risk assessment for changes", "maintenance_planning: Whether, Decision, Risk"),
        Bullet::new("Rollback procedures", "maintenance_planning: Rollback"),
        Bullet::new(
            "Impact minimization strategies",
            "maintenance_planning: Order, Impact and how it is kept small, Run sheet",
        ),
    ],
};

const SECURITY: Item = Item {
    name: "security_assessment",
    bullets: &[
        Bullet::new(
            "Security posture evaluation",
            "security_assessment: Posture, What came or went, What runs as whom, Summary; \
             get_server_status: security.controls[].control, security.controls[].fail",
        ),
        Bullet::new(
            "Vulnerability identification",
            "security_assessment: Versions, Findings; get_server_status: \
             security.releases[].vulnerabilities, security.releases[].fixed_in",
        )
        .but("of Glances, and what its numbers show: no Glances serves packages or patches"),
        Bullet::new(
            "Compliance checking",
            "security_assessment: Compliance checklist; security_assessment with standard; \
             get_server_status: security.controls[].pass, security.controls[].unseen",
        )
        .but(
            "a control that no Glances can see is told as such, with the record that would show it",
        ),
        Bullet::new(
            "Hardening recommendations",
            "security_assessment: Hardening; get_server_status: security.controls[].fix",
        ),
    ],
};

const EXECUTIVE: Item = Item {
    name: "executive_dashboard",
    bullets: &[
        Bullet::new(
            "High-level infrastructure overview",
            "executive_dashboard: Headline; executive_dashboard with audience",
        ),
        Bullet::new(
            "KPI tracking and trending",
            "executive_dashboard: Key figures; executive_dashboard with since, until",
        ),
        Bullet::new(
            "Business impact analysis",
            "executive_dashboard: Business impact, Three risks",
        )
        .but("availability of servers, not of services: what a server is for, no Glances knows"),
        Bullet::new("Strategic recommendations", "executive_dashboard: Decisions wanted, Strategy"),
    ],
};

const DEEP_DIVE: Item = Item {
    name: "technical_deep_dive",
    bullets: &[
        Bullet::new(
            "Detailed technical analysis",
            "technical_deep_dive: Profile, Analysis; technical_deep_dive with server, focus",
        ),
        Bullet::new(
            "Performance optimization opportunities",
            "technical_deep_dive: What wastes, Performance opportunities",
        ),
        Bullet::new(
            "Architecture improvement suggestions",
            "technical_deep_dive: How does it fail, Architecture",
        ),
        Bullet::new("Technology upgrade pathways", "technical_deep_dive: Upgrade path, Outlook")
            .but("from the versions that Glances serves: system, Glances itself, images"),
    ],
};
