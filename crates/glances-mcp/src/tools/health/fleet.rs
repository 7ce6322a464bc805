//! The score of many servers together.

use std::collections::BTreeMap;

use analytics::fleet_health;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Scored, trend, word};
use crate::snapshot::Snapshot;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Fleet {
    /// A tenth of the servers, weighted by criticality (low 1, normal 2, high 4, critical 8),
    /// score no more: no mean, in which well servers hide ill ones.
    pub(super) score: f64,
    pub(super) grade: &'static str,
    /// How many scores become one.
    basis: &'static str,
    /// Servers with a score.
    pub(super) servers: usize,
    /// Servers without one: they do not answer, or are paused, and are neither well nor ill.
    pub(super) unknown: usize,
    pub(super) good: usize,
    pub(super) fair: usize,
    pub(super) poor: usize,
    pub(super) critical: usize,
    /// Of the servers whose past is known.
    pub(super) score_24h_ago: Option<f64>,
    pub(super) score_7d_ago: Option<f64>,
    pub(super) trend: Option<&'static str>,
    /// What is full next.
    pub(super) risk: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Environment {
    pub(super) environment: String,
    pub(super) score: Option<f64>,
    pub(super) grade: Option<&'static str>,
    pub(super) servers: usize,
    pub(super) unknown: usize,
}

/// Environments of one reply; a word for each server is no grouping.
const ENVIRONMENTS_MAX: usize = 8;
/// How many scores become one.
const BASIS: &str = "10th percentile, weighted by criticality";

impl Fleet {
    pub(super) fn of(all: &[&Scored], unknown: usize) -> Option<Self> {
        let now: Vec<_> =
            all.iter().map(|one| (Some(one.score.health.score), one.weight())).collect();
        let fleet = fleet_health(&now)?;
        // Only servers that have both are compared.
        let past = |at: usize, with: usize| {
            let of = all.iter().map(|one| {
                let score = one.past.get(with).copied().flatten().and(one.past.get(at).copied());
                (score.flatten(), one.weight())
            });
            fleet_health(&of.collect::<Vec<_>>()).map(|fleet| fleet.p10_score)
        };
        let [good, fair, poor, critical] = fleet.grades;
        let risky = all.iter().filter_map(|one| Some((one.full_days?, *one)));
        let first = risky.min_by(|one, other| one.0.total_cmp(&other.0));
        Some(Self {
            score: fleet.p10_score,
            grade: word(fleet.grade()),
            basis: BASIS,
            servers: all.len(),
            unknown,
            good,
            fair,
            poor,
            critical,
            score_24h_ago: past(1, 1),
            score_7d_ago: past(2, 2),
            trend: trend(past(0, 1), past(1, 0)),
            risk: first.and_then(|(_, one)| {
                Some(format!("{}: {}", one.row.server, one.row.risk.as_ref()?))
            }),
        })
    }
}

/// Where there is more than one, worst first.
pub(super) fn environments(all: &[&Scored], unscored: &[&Snapshot]) -> Vec<Environment> {
    const NONE: &str = "none";
    let mut by_name: BTreeMap<&str, (Vec<&Scored>, usize)> = BTreeMap::new();
    for one in all {
        let name = one.environment.as_deref().unwrap_or(NONE);
        by_name.entry(name).or_default().0.push(one);
    }
    for snapshot in unscored {
        let name = snapshot.host.environment.as_deref().unwrap_or(NONE);
        by_name.entry(name).or_default().1 += 1;
    }
    if by_name.len() < 2 {
        return Vec::new();
    }
    let row = |(name, (of, unknown)): (&str, (Vec<&Scored>, usize))| {
        let fleet = Fleet::of(&of, unknown);
        Environment {
            environment: name.to_owned(),
            score: fleet.as_ref().map(|fleet| fleet.score),
            grade: fleet.as_ref().map(|fleet| fleet.grade),
            servers: of.len(),
            unknown,
        }
    };
    let mut rows: Vec<Environment> = by_name.into_iter().map(row).collect();
    let order = |row: &Environment| row.score.unwrap_or(f64::INFINITY);
    rows.sort_by(|one, other| order(one).total_cmp(&order(other)));
    rows.truncate(ENVIRONMENTS_MAX);
    rows
}
