//! Alerts that belong together: one server that is down, one environment, one host of containers,
//! or what began together on one server. Each group with its probable cause; a guess is called one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::Serialize;

use super::{
    builtin::{BUILTIN, Builtin},
    quiet::Reason,
    source::{AUTH_FAILED, FLEET, NO_DATA, SERVER_DOWN},
    state::Alert,
};
use crate::model::{HostName, Severity};

/// Together is within five minutes of the first.
const TOGETHER_SECS: i64 = 300;
/// The same rule on so many servers of an environment has one cause.
const SERVERS_MIN: usize = 3;
/// Rank of rules that no built-in one resembles.
const RANK_OWN: u8 = 5;

/// Alerts that belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group<'a> {
    /// What probably began it.
    pub cause: Cause,
    /// Worst of those that count; of all when none counts.
    pub severity: Severity,
    /// How many of them are suppressed.
    pub suppressed: usize,
    /// The cause first, then the worst.
    pub alerts: Vec<&'a Alert>,
}

/// What probably began a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Fingerprint of the alert nearest to it.
    pub fingerprint: String,
    /// In words.
    pub says: String,
    /// Whether it follows from what is known (a server that is down), or is a guess from rank and
    /// time.
    pub certain: bool,
}

/// Puts alerts into groups, the worst first. The same alerts give the same groups. `depends_on`
/// tells of a server which others it does not work without.
#[must_use]
pub fn group<'a>(
    alerts: impl IntoIterator<Item = &'a Alert>,
    depends_on: impl Fn(&HostName) -> &'a [HostName],
) -> Vec<Group<'a>> {
    let mut alerts: Vec<&Alert> = alerts.into_iter().collect();
    alerts.sort_by(|a, b| a.began.cmp(&b.began).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
    let mut sets = Sets::new(alerts.len());
    join_servers(&alerts, &mut sets);
    join_fleet(&alerts, &mut sets);
    join_environments(&alerts, &mut sets);
    let dependents = join_dependents(&alerts, &mut sets, depends_on);
    let mut by_set: BTreeMap<usize, Vec<&Alert>> = BTreeMap::new();
    for (index, alert) in alerts.iter().enumerate() {
        by_set.entry(sets.root(index)).or_default().push(alert);
    }
    let mut groups: Vec<Group<'a>> =
        by_set.into_values().filter_map(|set| of_alerts(set, &dependents)).collect();
    groups.sort_by_key(|group| {
        let began = group.alerts.iter().map(|alert| alert.began).min();
        let counts = group.alerts.iter().any(|alert| counts(alert));
        (Reverse(counts), Reverse(group.severity), began, group.cause.fingerprint.clone())
    });
    groups
}

fn counts(alert: &Alert) -> bool {
    alert.suppressed_by.is_empty() && alert.state.is_firing()
}

/// Which alerts are in one set: the index of the first of it.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&self, mut index: usize) -> usize {
        while let Some(parent) = self.0.get(index).filter(|parent| **parent != index) {
            index = *parent;
        }
        index
    }

    fn join(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        if let Some(parent) = self.0.get_mut(left.max(right)) {
            *parent = left.min(right);
        }
    }

    fn join_all(&mut self, members: &[usize]) {
        for pair in members.windows(2) {
            if let [left, right] = pair {
                self.join(*left, *right);
            }
        }
    }
}

/// What is down joins all of its server; else what began together, and all containers of one host.
fn join_servers(alerts: &[&Alert], sets: &mut Sets) {
    let mut by_host: BTreeMap<&str, Vec<(usize, &Alert)>> = BTreeMap::new();
    for (index, alert) in alerts.iter().enumerate() {
        if let Some(host) = &alert.host {
            by_host.entry(host.as_str()).or_default().push((index, alert));
        }
    }
    for members in by_host.into_values() {
        if members.iter().any(|(_, alert)| is_down(alert)) {
            sets.join_all(&indices(&members));
            continue;
        }
        together(&members, |cluster| sets.join_all(cluster));
        let containers: Vec<(usize, &Alert)> = members
            .iter()
            .filter(|(_, alert)| alert.path().starts_with("containers."))
            .copied()
            .collect();
        sets.join_all(&indices(&containers));
        for (index, alert) in &members {
            let cause = alert.suppressed_by.iter().find_map(|reason| match reason {
                Reason::Cause { fingerprint } => Some(fingerprint),
                _ => None,
            });
            let known = members.iter().find(|(_, other)| Some(&other.fingerprint) == cause);
            if let Some((other, _)) = known {
                sets.join(*index, *other);
            }
        }
    }
}

/// Nothing is known of its server, which is the cause of all else about it.
fn is_down(alert: &Alert) -> bool {
    [SERVER_DOWN, AUTH_FAILED, NO_DATA].contains(&alert.path()) && alert.state.is_firing()
}

/// What is wrong on a server that does not work without one that is down is one group with that.
/// Answers which servers these are.
fn join_dependents<'a>(
    alerts: &[&'a Alert],
    sets: &mut Sets,
    depends_on: impl Fn(&HostName) -> &'a [HostName],
) -> BTreeSet<&'a HostName> {
    let down = |alert: &&Alert| alert.path() == SERVER_DOWN && alert.state.is_firing();
    let down = alerts.iter().enumerate().filter(|(_, alert)| down(alert));
    let down: BTreeMap<&HostName, usize> =
        down.filter_map(|(index, alert)| Some((alert.host.as_ref()?, index))).collect();
    let mut dependents = BTreeSet::new();
    for (index, alert) in alerts.iter().enumerate() {
        let Some(host) = &alert.host else { continue };
        for cause in depends_on(host).iter().filter_map(|other| down.get(other)) {
            sets.join(*cause, index);
            dependents.insert(host);
        }
    }
    dependents
}

/// The servers that fail with the fleet are one group with it.
fn join_fleet(alerts: &[&Alert], sets: &mut Sets) {
    let Some(fleet) = alerts.iter().position(|alert| alert.series == FLEET) else { return };
    for (index, alert) in alerts.iter().enumerate() {
        if alert.suppressed_by.contains(&Reason::FleetUnreachable) {
            sets.join(fleet, index);
        }
    }
}

/// One rule that begins together on several servers of an environment.
fn join_environments(alerts: &[&Alert], sets: &mut Sets) {
    let mut by_rule: BTreeMap<(&str, &str), Vec<(usize, &Alert)>> = BTreeMap::new();
    for (index, alert) in alerts.iter().enumerate() {
        if let Some(environment) = &alert.environment {
            by_rule.entry((environment, &alert.rule)).or_default().push((index, alert));
        }
    }
    for members in by_rule.into_values() {
        together(&members, |cluster| {
            let of_cluster = members.iter().filter(|(index, _)| cluster.contains(index));
            let hosts: BTreeSet<_> = of_cluster.map(|(_, alert)| &alert.host).collect();
            if hosts.len() >= SERVERS_MIN {
                sets.join_all(cluster);
            }
        });
    }
}

/// Runs over what began within five minutes of the first; `members` are in order of their begin.
fn together(members: &[(usize, &Alert)], mut join: impl FnMut(&[usize])) {
    let mut cluster: Vec<usize> = Vec::new();
    let mut first = i64::MIN;
    for (index, alert) in members {
        if !cluster.is_empty() && alert.began - first > TOGETHER_SECS {
            join(&cluster);
            cluster.clear();
        }
        if cluster.is_empty() {
            first = alert.began;
        }
        cluster.push(*index);
    }
    join(&cluster);
}

fn indices(members: &[(usize, &Alert)]) -> Vec<usize> {
    members.iter().map(|(index, _)| *index).collect()
}

/// How near the cause a rule is.
fn rank(alert: &Alert) -> u8 {
    if alert.series == FLEET {
        return 0;
    }
    let row =
        Builtin::find(&alert.rule).or_else(|| BUILTIN.iter().find(|row| row.path == alert.path()));
    row.map_or(RANK_OWN, |row| row.rank + 1)
}

fn of_alerts<'a>(
    mut alerts: Vec<&'a Alert>,
    dependents: &BTreeSet<&HostName>,
) -> Option<Group<'a>> {
    alerts.sort_by_key(|alert| {
        let dependent = alert.host.as_ref().is_some_and(|host| dependents.contains(host));
        (rank(alert), dependent, alert.began, Reverse(alert.severity()), alert.fingerprint.as_str())
    });
    let first = *alerts.first()?;
    let worst = |fits: fn(&Alert) -> bool| {
        alerts.iter().filter(|alert| fits(alert)).map(|alert| alert.severity()).max()
    };
    let severity = worst(counts).or_else(|| worst(|_| true))?;
    let suppressed = alerts.iter().filter(|alert| !alert.suppressed_by.is_empty()).count();
    if let Some(rest) = alerts.get_mut(1..) {
        rest.sort_by_key(|alert| {
            (Reverse(counts(alert)), Reverse(alert.severity()), alert.began, &alert.fingerprint)
        });
    }
    Some(Group { cause: cause(first, &alerts), severity, suppressed, alerts })
}

fn cause(first: &Alert, alerts: &[&Alert]) -> Cause {
    let same = alerts.iter().filter(|alert| alert.rule == first.rule);
    let hosts: BTreeSet<_> = same.filter_map(|alert| alert.host.as_ref()).collect();
    let what = if first.says.is_empty() { &first.series } else { &first.says };
    let says = match (&first.host, &first.environment) {
        (None, _) => what.clone(),
        (Some(_), Some(environment)) if hosts.len() >= SERVERS_MIN => {
            format!("{} servers of {environment}: {what}", hosts.len())
        }
        (Some(host), _) => format!("`{host}`: {what} (`{}`)", first.series),
    };
    let certain =
        alerts.len() == 1 || [FLEET, SERVER_DOWN, AUTH_FAILED, NO_DATA].contains(&first.path());
    Cause { fingerprint: first.fingerprint.clone(), says, certain }
}
