//! Servers that differ from their like: those of one environment with the same tags. Pure.

use std::{collections::BTreeMap, sync::Arc};

use analytics::{Severity, fleet_outliers, median};

use super::{
    Judged,
    finding::{Finding, Kind, Moment},
    habits::STEP_SECS,
    watched::USUAL_DEVIATIONS,
};
use crate::{
    metric,
    model::{HostName, SeriesName},
    snapshot::Host,
};

/// Deviations between two servers that are nothing: what `analytics` asks for.
const FLOOR_DEVIATIONS: f64 = 3.0;
/// Deviations from the others from which on a server is called different.
const OUTLIER_DEVIATIONS: f64 = 7.0;
/// Steps of the last hour that must be there.
const STEPS_MIN: usize = 6;
/// What is older than this is not the last hour.
const OLD_SECS: i64 = 1_200;

/// What is compared: environment, tags, and the series of whole servers.
type Group<'a> = (Option<&'a str>, &'a [String], SeriesName);

/// Adds the servers whose last hour was unlike that of the others, each measured by its own habits.
pub(super) fn add(judged: &mut BTreeMap<HostName, Judged>, hosts: &[Arc<Host>], now: i64) {
    let mut groups: BTreeMap<Group<'_>, Vec<(&HostName, Moment, i64)>> = BTreeMap::new();
    for host in hosts {
        let Some(one) = judged.get(&host.alias) else { continue };
        for (series, moments) in &one.anomalies.moments {
            // Items have names of their own on every server.
            if let (false, Some((hour, until))) = (series.contains('['), last_hour(moments, now)) {
                let key = (host.environment.as_deref(), host.tags.as_slice(), series.clone());
                groups.entry(key).or_default().push((&host.alias, hour, until));
            }
        }
    }
    let mut found: Vec<(HostName, Finding)> = Vec::new();
    for ((.., series), members) in groups {
        let deviations: Vec<f64> = members.iter().map(|(_, hour, _)| hour.deviations()).collect();
        let Some(fleet) = fleet_outliers(&deviations, FLOOR_DEVIATIONS) else { continue };
        for outlier in fleet.outliers {
            let Some((host, hour, until)) = members.get(outlier.host) else { continue };
            if outlier.distance.abs() < OUTLIER_DEVIATIONS
                || hour.deviations().abs() < USUAL_DEVIATIONS
            {
                continue;
            }
            let (low, high) = fleet.band;
            let most = metric::of_series(&series).map_or(f64::INFINITY, |it| it.unit.most());
            let at = |deviations: f64| (hour.expected + deviations * hour.scale).clamp(0.0, most);
            found.push((
                (*host).clone(),
                Finding {
                    series: series.clone(),
                    kind: Kind::FleetOutlier,
                    severity: Severity::Warning,
                    since: hour.secs,
                    until: *until,
                    lasts: true,
                    value: hour.value,
                    expected: hour.expected,
                    usual: (at(low), at(high)),
                    score: outlier.distance.abs(),
                    days_alike: 0,
                    habit: false,
                    per_hour: None,
                    method: "its like in the last hour",
                    history_days: 0.0,
                    confidence: fleet.confidence,
                },
            ));
        }
    }
    for (host, finding) in found {
        let Some(one) = judged.get_mut(&host) else { continue };
        let known = |it: &Finding| it.series == finding.series && it.lasts;
        if !one.anomalies.findings.iter().any(known) {
            one.anomalies.findings.push(finding);
        }
    }
}

/// The last hour as one moment, and its end; `None` when half of it is missing, or it is over.
fn last_hour(moments: &[Moment], now: i64) -> Option<(Moment, i64)> {
    let last = moments.last().filter(|last| now - last.secs <= OLD_SECS)?;
    let hour: Vec<&Moment> = moments.iter().filter(|it| last.secs - it.secs < 3_600).collect();
    (hour.len() >= STEPS_MIN).then_some(())?;
    let middle = |read: fn(&Moment) -> f64| {
        median(&hour.iter().map(|moment| read(moment)).collect::<Vec<_>>())
    };
    let whole = Moment {
        secs: hour.first()?.secs,
        value: middle(|it| it.value)?,
        expected: middle(|it| it.expected)?,
        scale: middle(|it| it.scale)?,
    };
    Some((whole, last.secs + STEP_SECS))
}
