//! What is scripted in the simulator is in history under the names that the script gives: whoever
//! scores against it reads the truth there.

use fleet_sim::{
    Flavor, Fleet,
    scenario::{KINDS, Kind, Scenario, Span as Days},
};
use glances_mcp::{
    model::HostName,
    store::{Level, Memory, Span, Store as _, coarser},
};

use crate::support::feed::{Feed, fill};

/// A Monday.
const BEGIN: f64 = 1_795_392_000.0;
const HOUR: f64 = 3_600.0;

#[tokio::test]
async fn every_incident_moves_the_series_that_it_names() {
    let mut specs = Fleet::mixed_specs(16, 5);
    specs.iter_mut().for_each(|spec| spec.flavor = Flavor::V4_5_8);
    let span = Days { begin: BEGIN, end: BEGIN + 16.0 * HOUR };
    let mut scenario = Scenario::calm(specs, span, 5);
    let begin = BEGIN + 9.0 * HOUR;
    for (index, row) in KINDS.iter().enumerate() {
        // A backup comes at night; a cascade needs others.
        let (begin, secs) = match row.kind {
            Kind::BackupWindow => (BEGIN - 2.0 * HOUR, 16.0 * HOUR),
            _ => (begin, 2.0 * HOUR),
        };
        let hosts: Vec<usize> = (0..16).map(|step| (index + step) % 16).collect();
        let count = if row.kind == Kind::CascadingFailure { 4 } else { 1 };
        let fits = |host: &usize| (row.fits)(&scenario.actors()[*host].host);
        let hosts: Vec<usize> = hosts.into_iter().filter(fits).take(count).collect();
        assert!(scenario.play(row.kind, &hosts, begin, secs), "{}", row.name);
    }
    let incidents = scenario.incidents().to_vec();
    let store = Memory::default();
    let fed = fill(Feed::new(scenario, 120), &store, 30).await;
    assert!(fed.polls > 16 * 400 && fed.values > fed.polls * 40, "{fed:?}");

    for incident in incidents.iter().filter(|it| it.kind != Kind::BackupWindow) {
        for effect in &incident.effects {
            let host = HostName::parse(&effect.name).unwrap();
            let names = store.series(&host).await.unwrap();
            for series in &effect.series {
                assert!(names.iter().any(|it| **it == **series), "{series} of {:?}", incident.kind);
            }
            let Some(first) = effect.series.first() else { continue };
            let of = async |from: f64, to: f64| {
                let span = Span { from: from as i64, to: to as i64 };
                let name = first.as_str().into();
                let points = store.range(&host, &[name], span, Level::Raw).await.unwrap();
                coarser(&points[0], 1 << 40).first().copied()
            };
            let (begin, end) = (effect.span.begin, effect.span.end);
            let before = of(begin - 2.0 * HOUR, begin).await.unwrap();
            let Some(during) = of(begin, end).await else { continue };
            let moved = (during.mean - before.mean).abs() / before.mean.abs().max(1e-9);
            assert!(moved > 0.03, "{first} of {:?}: {before:?} {during:?}", incident.kind);
        }
    }
}

#[tokio::test]
async fn a_feed_of_one_seed_is_the_same_history_again() {
    let fed = async || {
        let span = Days { begin: BEGIN, end: BEGIN + 2.0 * HOUR };
        let scenario = Scenario::eventful(Fleet::mixed_specs(4, 9), span, 9, 20.0);
        let store = Memory::default();
        fill(Feed::new(scenario, 60), &store, 60).await;
        let host = HostName::parse("sim-001").unwrap();
        let names = store.series(&host).await.unwrap();
        let span = Span { from: 0, to: i64::MAX };
        store.range(&host, &names, span, Level::Raw).await.unwrap()
    };
    let (one, other) = (fed().await, fed().await);
    assert!(one.iter().all(|points| !points.is_empty()));
    assert_eq!(one, other);
}
