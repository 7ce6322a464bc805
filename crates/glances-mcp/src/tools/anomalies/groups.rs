//! Findings in the order in which somebody would act on them, those of one server and moment as
//! one. Pure.

use std::cmp::Ordering;

use analytics::{Confidence, Severity};

use crate::{
    judge::{Finding, Kind},
    metric::{self, Worse},
    model::{Criticality, HostName},
    snapshot::Host,
};

/// Findings of one server that begin within so many seconds are one.
const TOGETHER_SECS: i64 = 1_800;
/// What hourly values tell begins to a day.
const TO_A_DAY_SECS: i64 = 86_400;

/// What a property of a finding is worth to whoever has to choose: a step of severity is 1.
mod worth {
    /// It goes on: something can still be done.
    pub(super) const LASTS: f64 = 1.0;
    /// Several parts of the server at once.
    pub(super) const SHARED: f64 = 1.0;
    /// The bad direction, and what is none.
    pub(super) const WORSE: f64 = 1.0;
    pub(super) const NEITHER: f64 = 0.3;
    /// It does not go away by itself.
    pub(super) const STAYS: f64 = 0.5;
    /// The heaviest metric of the catalogue.
    pub(super) const METRIC: f64 = 1.0;
    pub(super) const METRIC_WEIGHT_MAX: f64 = 10.0;
    /// As far out as anything has to be.
    pub(super) const FAR: f64 = 1.0;
    pub(super) const FAR_SCORE: f64 = 40.0;
    /// A server whose failure stops the business.
    pub(super) const CRITICAL_SERVER: f64 = 0.5;
    /// Of a guess.
    pub(super) const UNSURE: f64 = -0.5;
    /// A known job.
    pub(super) const HABIT: f64 = -3.0;
}

/// One server at one moment: what matters most, and what came with it.
pub(super) struct Group {
    pub(super) host: HostName,
    pub(super) lead: Finding,
    pub(super) shared: bool,
    pub(super) rank: f64,
    /// Other findings, those that matter most first.
    pub(super) others: Vec<Finding>,
}

/// The findings of one server in groups, in no order.
pub(super) fn of_server(host: &Host, findings: Vec<(Finding, bool)>) -> Vec<Group> {
    let ranked = findings.into_iter().map(|(finding, shared)| {
        let rank = rank(host, &finding, shared);
        (rank, finding, shared)
    });
    let mut ranked: Vec<(f64, Finding, bool)> = ranked.collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.series.cmp(&b.1.series)));
    let mut groups: Vec<Group> = Vec::new();
    for (rank, finding, shared) in ranked {
        match groups.iter_mut().find(|group| belong(&group.lead, &finding)) {
            Some(group) => {
                group.shared |= shared;
                let known = |it: &Finding| it.series == finding.series;
                if !known(&group.lead) && !group.others.iter().any(known) {
                    group.others.push(finding);
                }
            }
            None => groups.push(Group {
                host: host.alias.clone(),
                lead: finding,
                shared,
                rank,
                others: Vec::new(),
            }),
        }
    }
    groups
}

/// The worst first; of equals the newest.
pub(super) fn order(a: &Group, b: &Group) -> Ordering {
    b.rank
        .total_cmp(&a.rank)
        .then_with(|| b.lead.since.cmp(&a.lead.since))
        .then_with(|| a.host.cmp(&b.host))
}

fn belong(lead: &Finding, other: &Finding) -> bool {
    let apart = (lead.since - other.since).abs();
    let overlap = lead.since < other.until && other.since < lead.until;
    let by_hours = |it: &Finding| matches!(it.kind, Kind::LevelShift | Kind::TrendChange);
    apart <= TOGETHER_SECS
        || (overlap && lead.series == other.series)
        || (overlap && apart <= TO_A_DAY_SECS && (by_hours(lead) || by_hours(other)))
}

fn rank(host: &Host, finding: &Finding, shared: bool) -> f64 {
    let when = |holds: bool, worth: f64| if holds { worth } else { 0.0 };
    let metric = metric::of_series(&finding.series);
    let above = finding.value > finding.expected;
    let severity = match finding.severity {
        Severity::Info => 0.0,
        Severity::Warning => 1.0,
        Severity::Critical => 2.0,
    };
    let direction = match metric.map_or(Worse::Neither, |metric| metric.worse) {
        Worse::High if above => worth::WORSE,
        Worse::Low if !above => worth::WORSE,
        Worse::High | Worse::Low => 0.0,
        Worse::Neither => worth::NEITHER,
    };
    let weight = metric.map_or(0.0, |metric| f64::from(metric.weight));
    let server = match host.criticality {
        Criticality::Low => -worth::CRITICAL_SERVER,
        Criticality::Normal => 0.0,
        Criticality::High => worth::CRITICAL_SERVER / 2.0,
        Criticality::Critical => worth::CRITICAL_SERVER,
    };
    let stays = matches!(finding.kind, Kind::LevelShift | Kind::TrendChange) && finding.lasts;
    severity
        + direction
        + server
        + when(finding.lasts, worth::LASTS)
        + when(shared, worth::SHARED)
        + when(stays, worth::STAYS)
        + when(finding.confidence == Confidence::Low, worth::UNSURE)
        + when(finding.habit, worth::HABIT)
        + worth::METRIC * weight / worth::METRIC_WEIGHT_MAX
        + worth::FAR * (finding.score / worth::FAR_SCORE).min(1.0)
}
