//! An alert takes its next state, and what changed is told: the only place where alerts begin and
//! end.

use std::{collections::BTreeMap, sync::Arc};

use analytics::Side;

use super::{
    exact::shown,
    quiet::Reason,
    state::{Alert, Change, State, Transition, Verdict, short_id},
    track::Judgement,
};
use crate::{metric::Unit, model::HostName, snapshot::Host};

/// What an alert is about.
pub(super) struct Subject<'a> {
    pub(super) host: Option<&'a Arc<Host>>,
    pub(super) series: &'a str,
    pub(super) rule: &'a str,
    pub(super) unit: Unit,
    pub(super) says: String,
}

pub(super) fn fingerprint(host: Option<&HostName>, series: &str) -> String {
    host.map_or_else(|| series.to_owned(), |host| format!("{host}/{series}"))
}

/// Takes a judgement: the alert goes to its next state, and what changed is told.
pub(super) fn apply(
    alerts: &mut BTreeMap<String, Alert>,
    subject: &Subject<'_>,
    judgement: &Judgement,
    at: i64,
    out: &mut Vec<Transition>,
) {
    let Judgement { verdict, value, flapping, .. } = *judgement;
    let before = alerts.get(subject.series).map_or(State::Inactive, |alert| alert.state);
    let mut after = before.next(verdict, at);
    // What turns all the time is one alert until it is calm.
    if flapping && before.is_firing() && !after.is_firing() {
        after = before;
    }
    let (Some(severity), value) = (after.severity().or(before.severity()), shown(value)) else {
        return;
    };
    let alias = subject.host.map(|host| &host.alias);
    let alert = alerts.entry(subject.series.to_owned()).or_insert_with(|| {
        let fingerprint = fingerprint(alias, subject.series);
        Alert {
            id: short_id(&fingerprint, at),
            fingerprint,
            host: alias.cloned(),
            environment: None,
            rule: String::new(),
            series: subject.series.to_owned(),
            state: before,
            began: at,
            peak: severity,
            value,
            worst: value,
            threshold: 0.0,
            unit: subject.unit.word().to_owned(),
            as_of: at,
            says: String::new(),
            flapping: false,
            suppressed_by: Vec::new(),
        }
    });
    let began_to_flap = flapping && !alert.flapping && after.is_firing();
    let worse = match judgement.side {
        Side::Above => value > alert.worst,
        Side::Below => value < alert.worst,
    };
    (alert.state, alert.as_of, alert.value) = (after, at, value);
    alert.peak = alert.peak.max(severity);
    alert.worst = if worse { value } else { alert.worst };
    alert.threshold = shown(judgement.threshold);
    alert.environment = subject.host.and_then(|host| host.environment.clone());
    subject.rule.clone_into(&mut alert.rule);
    if after.is_open() {
        alert.says.clone_from(&subject.says);
    }
    let turned = Change::between(before, after, verdict);
    let told = turned.filter(|change| {
        let turn = matches!(change, Change::Worsened { .. } | Change::Eased { .. });
        !(turn && alert.flapping)
    });
    alert.flapping = flapping && after.is_firing();
    let changes = told.into_iter().chain(began_to_flap.then_some(Change::Flapping));
    out.extend(changes.map(|change| Transition { at, change, alert: alert.clone() }));
    if !after.is_open() {
        alerts.remove(subject.series);
    }
}

/// Ends the alert of a series that is no more.
pub(super) fn end(
    alerts: &mut BTreeMap<String, Alert>,
    series: &str,
    at: i64,
    out: &mut Vec<Transition>,
) {
    let Some(mut alert) = alerts.remove(series) else { return };
    let before = alert.state;
    alert.state = before.next(Verdict::Gone, at);
    let change = Change::between(before, alert.state, Verdict::Gone);
    out.extend(change.map(|change| Transition { at, change, alert }));
}

/// Gives an alert its reasons; in what was told of it just now they are the new ones.
pub(super) fn quieten(alert: &mut Alert, reasons: Vec<Reason>, at: i64, out: &mut Vec<Transition>) {
    let before = std::mem::replace(&mut alert.suppressed_by, reasons);
    let (was, is) = (!before.is_empty(), !alert.suppressed_by.is_empty());
    let mut just_fired = false;
    for told in out.iter_mut().filter(|told| told.alert.id == alert.id) {
        told.alert.suppressed_by.clone_from(&alert.suppressed_by);
        just_fired |= told.change == Change::Firing;
    }
    if was != is && alert.state.is_firing() && !just_fired {
        let change = if is { Change::Hidden } else { Change::Surfaced };
        out.push(Transition { at, change, alert: alert.clone() });
    }
}
