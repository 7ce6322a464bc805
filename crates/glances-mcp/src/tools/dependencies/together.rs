//! Servers whose traffic moves together: hypotheses, never facts.

use analytics::Hypothesis;

use super::{
    super::{Context, ToolError, history::item_of},
    edges::{Edge, Kind},
};
use crate::{
    model::HostName,
    query::{Past, Selection, window::Window},
    render,
    store::{Level, SeriesName, Span, dense},
};

/// Servers whose pairs are compared: 780 pairs take a fraction of a second.
pub(super) const SERVERS_MAX: usize = 40;
/// Longest time that is compared.
pub(super) const DAYS_MAX: i64 = 7;
/// Series of one server: four interfaces, those of containers last.
const SERIES_MAX: usize = 8;
/// What the names of interfaces begin with that carry what other interfaces carry too.
const INNER: &[&str] = &[
    "br-", "cali", "cni", "docker", "flannel", "lxc", "podman", "tap", "veth", "virbr", "vnet",
    "vxlan",
];
/// Servers from which on what all of them do is taken out; the mean of fewer is mostly the pair's.
const COMMON_MIN: usize = 6;
/// Values from which on a pair can be compared: a day.
const VALUES_MIN: usize = 289;
/// Hypotheses that are told.
const TOLD_MAX: usize = 10;

/// What was compared and what came of it.
#[derive(Default)]
pub(super) struct Together {
    pub(super) edges: Vec<Edge>,
    pub(super) pairs: usize,
    /// Servers with a day of values.
    pub(super) servers: usize,
    /// The most values that a server has.
    pub(super) most_values: usize,
}

/// The pairs of the selected servers that move together over a time.
pub(super) async fn hypotheses(
    cx: &Context,
    selection: &Selection,
    window: &Window,
) -> Result<Together, ToolError> {
    let hosts: Vec<HostName> = selection.aliases();
    let mut asked = cx.query.series(&cx.principal, &hosts).await?;
    asked.iter_mut().for_each(|(_, names)| traffic(names));
    asked.retain(|(_, names)| !names.is_empty());
    let span = window.span();
    let past = cx.query.past(&cx.principal, asked, span, Level::FiveMinutes).await?;
    // Seconds of arithmetic at worst: not on a thread that others wait for.
    let compared = tokio::task::spawn_blocking(move || compare(&past, span));
    Ok(compared.await.unwrap_or_default())
}

/// What a server sends and receives over its network.
fn traffic(names: &mut Vec<SeriesName>) {
    names.retain(|name| {
        name.starts_with("network.bytes_") && item_of(name).is_some_and(|item| item != "lo")
    });
    names.sort_by_cached_key(|name| {
        let item = item_of(name).unwrap_or_default();
        (INNER.iter().any(|begin| item.starts_with(begin)), item.to_owned())
    });
    names.truncate(SERIES_MAX);
}

fn compare(past: &[Past], span: Span) -> Together {
    let step = Level::FiveMinutes.step_secs();
    let mut found = Together::default();
    let (mut hosts, mut signals): (Vec<&HostName>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
    for one in past.chunk_by(|one, next| one.host == next.host) {
        let all = one.iter().map(|it| dense(&it.points, span, step, |point| point.mean));
        let Some(sum) = all.reduce(added) else { continue };
        let known = sum.iter().filter(|value| value.is_finite()).count();
        found.most_values = found.most_values.max(known);
        if known >= VALUES_MIN {
            hosts.extend(one.first().map(|it| &it.host));
            signals.push(sum);
        }
    }
    let common = (signals.len() >= COMMON_MIN).then(|| common(&signals));
    let common: Vec<&[f64]> = common.iter().map(Vec::as_slice).collect();
    let slices: Vec<&[f64]> = signals.iter().map(Vec::as_slice).collect();
    let steps_per_day = usize::try_from(86_400 / step).unwrap_or(1);
    let mut told = analytics::hypotheses(&slices, &common, steps_per_day);
    told.truncate(TOLD_MAX);
    found.servers = signals.len();
    found.pairs = signals.len() * signals.len().saturating_sub(1) / 2;
    found.edges = told.iter().filter_map(|it| edge(it, &hosts, step)).collect();
    found
}

/// The sum of two; a value that only one has is its.
fn added(one: Vec<f64>, other: Vec<f64>) -> Vec<f64> {
    let sum = |(one, other): (f64, f64)| match (one.is_finite(), other.is_finite()) {
        (true, true) => one + other,
        (true, false) => one,
        (false, _) => other,
    };
    one.into_iter().zip(other).map(sum).collect()
}

/// What all do together: the mean of each in units of its own spread.
fn common(signals: &[Vec<f64>]) -> Vec<f64> {
    let scaled: Vec<Vec<f64>> = signals
        .iter()
        .map(|signal| {
            let spread = analytics::mad_sigma(signal).filter(|spread| *spread > 0.0);
            let spread = spread.unwrap_or(1.0);
            signal.iter().map(|value| value / spread).collect()
        })
        .collect();
    let length = scaled.iter().map(Vec::len).max().unwrap_or(0);
    let mean_at = |index: usize| {
        let known = scaled.iter().filter_map(|it| it.get(index)).filter(|it| it.is_finite());
        let (sum, count) = known.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
        if count > 0.0 { sum / count } else { f64::NAN }
    };
    (0..length).map(mean_at).collect()
}

fn edge(found: &Hypothesis, hosts: &[&HostName], step: i64) -> Option<Edge> {
    let (left, right) = (*hosts.get(found.left)?, *hosts.get(found.right)?);
    let correlation = found.correlation;
    let lag = i64::from(correlation.lag_steps);
    #[expect(clippy::cast_precision_loss, reason = "lags are minutes")]
    let late = render::duration((lag.abs() * step) as f64);
    let how = if correlation.partial < 0.0 { "against each other" } else { "together" };
    let when = match lag {
        0 => "within 5 minutes of each other".to_owned(),
        1.. => format!("{right} {late} later"),
        _ => format!("{left} {late} later"),
    };
    Some(Edge {
        from: left.clone(),
        to: right.clone(),
        kind: Kind::Hypothesis,
        evidence: format!(
            "traffic moves {how}, {when}: partial r {:.2}, adjusted p {:.1e}, {} pairs",
            correlation.partial, found.p_adjusted, correlation.pairs
        ),
    })
}

#[cfg(test)]
mod tests {
    use analytics::Correlation;

    use super::*;

    #[test]
    fn interfaces_of_containers_are_summed_last() {
        let of = |item: &str| ["recv", "sent"].map(|way| format!("network.bytes_{way}[{item}]"));
        let items = ["br-1a2b", "cali0", "docker0", "eth0", "eth1", "lo", "veth1", "veth2"];
        let mut names: Vec<SeriesName> =
            items.iter().flat_map(|item| of(item)).map(SeriesName::from).collect();
        traffic(&mut names);
        let first: Vec<&str> = names.iter().take(4).map(|name| &**name).collect();
        let expected = ["eth0", "eth1"].map(of).concat();
        assert_eq!(first, expected);
        assert_eq!(names.len(), SERIES_MAX);
    }

    #[test]
    fn what_rises_when_the_other_falls_does_not_move_together() {
        let hosts = ["web-1", "db-1"].map(|name| HostName::parse(name).unwrap());
        let correlation = Correlation {
            r: -0.8,
            lag_steps: 0,
            partial: -0.8,
            p: 1e-9,
            halves: [-0.8; 2],
            pairs: 300,
        };
        let found = Hypothesis { left: 0, right: 1, correlation, p_adjusted: 1e-8 };
        let edge = edge(&found, &[&hosts[0], &hosts[1]], 300).unwrap();
        assert!(edge.evidence.starts_with("traffic moves against each other"), "{}", edge.evidence);
    }
}
