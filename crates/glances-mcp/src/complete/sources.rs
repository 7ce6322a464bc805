//! Where values come from: the servers that the caller may see, and tables of ours. Texts of
//! monitored machines came in through `redact`, and are values here, never words of ours.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{
    Values,
    rank::{Candidate, Found},
};
use crate::{
    alert::{Alert, State},
    metric::{self, METRICS, Metric, Read},
    query::{Selection, Selector, parts},
    snapshot::{Host, Snapshot},
    store::Span,
    tools::Context,
};

/// Names of monitored machines that one answer looks at: a thousand servers with fifty mounts each.
const NAMES_MAX: usize = 50_000;

/// Selectors of another argument that are looked at.
const SELECTORS_MAX: usize = 50;

/// Arguments that tell which servers are meant.
const CHOOSING: [&str; 3] = ["alias", "server", "servers"];

/// How far back a past alert is one that somebody asks about.
const ALERTS_SECS: i64 = 7 * 86_400;

/// Longest that past alerts are waited for; without them there are the open ones.
const ALERTS_WAIT: Duration = Duration::from_secs(1);

/// Times that are past, the usual ones first.
const TIMES: &[&str] = &["-1h", "-24h", "-7d", "-15m", "-6h", "-3d", "-30d", "now", "03:10"];
/// Times to come.
const FUTURES: &[&str] = &["+1h", "+2h", "+4h", "+8h", "+24h", "+7d", "22:00", "02:00"];
/// Lengths of time.
const LENGTHS: &[&str] = &["30m", "1h", "2h", "4h", "8h", "24h", "7d", "30d", "90d"];
/// What a number may count, in times and lengths.
const UNITS: &[&str] = &["h", "d", "m"];

type Servers = [Arc<Snapshot>];

/// All that could stand for an argument; `typed` widens what is looked at, and cuts nothing.
pub(super) async fn all(
    cx: &Context,
    values: Values,
    typed: &str,
    others: &HashMap<String, String>,
) -> Found {
    let visible = cx.query.visible(&cx.principal);
    let meant = || chosen(&visible, others);
    match values {
        Values::Free => Found { candidates: Vec::new(), whole: true },
        Values::Server => Found::all(aliases(&visible)),
        Values::Selectors => Found::all(selectors(&visible)),
        Values::Environment => Found::all(words(&visible, "", |host| host.environment.iter())),
        Values::Plugin => Found::all(plugins(&meant().unwrap_or_else(|| visible.to_vec()))),
        Values::Metric => metrics(&visible, meant().as_deref(), typed),
        Values::Alert => alerts(cx, meant().unwrap_or_else(|| visible.to_vec())).await,
        Values::Mount => items(&meant().unwrap_or_else(|| visible.to_vec()), |snapshot| {
            let mounts = snapshot.filesystems().into_iter().flatten();
            mounts.map(|fs| Cow::Borrowed(fs.mount.as_str()))
        }),
        Values::Interface => items(&meant().unwrap_or_else(|| visible.to_vec()), |snapshot| {
            let interfaces = snapshot.interfaces().into_iter().flatten();
            interfaces.map(|it| Cow::Borrowed(it.name.as_str()))
        }),
        Values::Runbook => runbooks(cx),
        Values::Time => Found::all(times(TIMES, "-", typed)),
        Values::Future => Found::all(times(FUTURES, "+", typed)),
        Values::Length => Found::all(times(LENGTHS, "", typed)),
        Values::Zone => Found::all(zones(&visible)),
        Values::OneOf(words) => Found::all(words.iter().map(|word| (*word).to_owned())),
    }
}

/// The servers that the other arguments mean; `None` when they say nothing. A server that the caller
/// may not see is like one that is not there.
fn chosen(visible: &Servers, others: &HashMap<String, String>) -> Option<Vec<Arc<Snapshot>>> {
    let said = CHOOSING.iter().filter_map(|name| others.get(*name));
    let text = said.map(|text| text.trim()).find(|text| !text.is_empty())?;
    let parts = parts(text).map(str::trim).take(SELECTORS_MAX);
    let selectors: Vec<Selector> = parts.filter_map(|part| Selector::parse(part).ok()).collect();
    let meant = |snapshot: &&Arc<Snapshot>| selectors.iter().any(|it| it.fits(&snapshot.host));
    Some(visible.iter().filter(meant).cloned().collect())
}

fn aliases(servers: &Servers) -> impl Iterator<Item = String> {
    servers.iter().map(|snapshot| snapshot.host.alias.to_string())
}

/// Groups first: there are few, and they say most.
fn selectors(servers: &Servers) -> Vec<String> {
    let mut found = words(servers, "env:", |host| host.environment.iter());
    found.extend(words(servers, "region:", |host| host.region.iter()));
    found.extend(words(servers, "tag:", |host| host.tags.iter()));
    found.extend(aliases(servers));
    found
}

/// Words of the configuration, those of most servers first.
fn words<'s, W: Iterator<Item = &'s String>>(
    servers: &'s Servers,
    prefix: &str,
    of: fn(&'s Host) -> W,
) -> Vec<String> {
    let all = servers.iter().flat_map(|snapshot| of(&snapshot.host));
    let found = commonest(all.map(|word| Cow::Borrowed(word.as_str())));
    found.0.into_iter().map(|word| format!("{prefix}{word}")).collect()
}

fn plugins(servers: &Servers) -> Vec<String> {
    let readings = servers.iter().flat_map(|snapshot| snapshot.readings.iter());
    let there = readings.filter(|(_, reading)| reading.payload.is_some());
    let names: BTreeSet<&str> = there.map(|(plugin, _)| plugin.name()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The catalogue, and the items of the servers that are meant. Without any, those of all servers
/// once the path is there: `fs.percent[`.
fn metrics(visible: &Servers, meant: Option<&Servers>, typed: &str) -> Found {
    let mut found = Found::all(METRICS.iter().map(|metric| metric.path.to_owned()));
    let path = typed.split_once('[').map(|(path, _)| path);
    if meant.is_none() && path.is_none() {
        return found;
    }
    let with_items = |metric: &&Metric| {
        matches!(metric.read, Read::Many(_)) && path.is_none_or(|path| path == metric.path)
    };
    let asked: Vec<&Metric> = METRICS.iter().filter(with_items).collect();
    let servers = meant.unwrap_or(visible);
    let series = items(servers, |snapshot| {
        asked.iter().flat_map(|metric| {
            let values = metric.values(snapshot).into_iter();
            values.map(|(item, _)| Cow::Owned(metric::series(metric.path, item.as_deref())))
        })
    });
    found.candidates.extend(series.candidates);
    found.whole = series.whole;
    found
}

/// Names on these servers.
fn items<'s, I: Iterator<Item = Cow<'s, str>>>(
    servers: &'s Servers,
    of: impl Fn(&'s Snapshot) -> I,
) -> Found {
    let (names, whole) = commonest(servers.iter().flat_map(|snapshot| of(snapshot)));
    Found { whole, ..Found::all(names) }
}

/// Each name once, those that come most often first, and whether all were looked at.
fn commonest<'n>(mut names: impl Iterator<Item = Cow<'n, str>>) -> (Vec<String>, bool) {
    let mut counts: HashMap<Cow<'n, str>, usize> = HashMap::new();
    for name in names.by_ref().take(NAMES_MAX).filter(|name| !name.is_empty()) {
        *counts.entry(name).or_default() += 1;
    }
    let mut found: Vec<(Cow<'n, str>, usize)> = counts.into_iter().collect();
    found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let found = found.into_iter().map(|(name, _)| name.into_owned()).collect();
    (found, names.next().is_none())
}

/// Alerts of these servers by their id: what fires, what is about to, what is over; each known by its
/// server and series as well.
async fn alerts(cx: &Context, servers: Vec<Arc<Snapshot>>) -> Found {
    let selection = Selection { servers: servers.into(), now: (cx.now)() };
    let mut open = cx.query.open_alerts(&cx.principal, &selection);
    let fires = |alert: &Alert| matches!(alert.state, State::Firing { .. });
    open.sort_by(|a, b| {
        let order = |it: &Alert| (fires(it), it.severity(), it.began);
        order(b).cmp(&order(a)).then_with(|| a.id.cmp(&b.id))
    });
    let now = selection.now.as_second();
    let span = Span { from: now - ALERTS_SECS, to: now + 1 };
    let past = cx.query.past_alerts(&cx.principal, &selection, span);
    let past = tokio::time::timeout(ALERTS_WAIT, past).await.ok().and_then(Result::ok);
    let whole = past.is_some();
    let past = past.into_iter().flatten().map(|past| past.alert);
    let mut seen = BTreeSet::new();
    let mut candidates: Vec<Candidate> = open.into_iter().chain(past).map(candidate).collect();
    candidates.retain(|it| seen.insert(it.value.clone()));
    Found { candidates, whole }
}

fn candidate(alert: Alert) -> Candidate {
    let host = alert.host.as_ref().map_or("fleet", |host| host.as_str());
    let label = format!("{host} {} {}", alert.series, alert.rule);
    Candidate { value: alert.id, label: Some(label) }
}

/// Runbooks by name, each known by its title and rules as well.
fn runbooks(cx: &Context) -> Found {
    let runbooks = cx.query.runbooks();
    let candidates = runbooks.all().iter().map(|runbook| Candidate {
        value: runbook.name.clone(),
        label: Some(format!("{} {}", runbook.title, runbook.rules.join(" "))),
    });
    Found { candidates: candidates.collect(), whole: true }
}

/// UTC, where servers stand, and the rest of the world.
fn zones(servers: &Servers) -> Vec<String> {
    let theirs = servers.iter().filter_map(|snapshot| snapshot.host.timezone.iana_name());
    let (theirs, _) = commonest(theirs.map(Cow::Borrowed));
    let all = jiff::tz::db().available().map(|name| name.as_str().to_owned());
    let mut found = vec!["UTC".to_owned()];
    found.extend(theirs.into_iter().filter(|name| name != "UTC"));
    let known: BTreeSet<String> = found.iter().cloned().collect();
    found.extend(all.filter(|name| !known.contains(name)));
    found
}

/// The usual ones, with what a number that is being typed may become.
fn times(usual: &[&str], sign: &str, typed: &str) -> Vec<String> {
    let number = typed.strip_prefix(sign).filter(|digits| {
        (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let counted = number.filter(|digits| !digits.starts_with('0'));
    let counted = counted
        .into_iter()
        .flat_map(|digits| UNITS.iter().map(move |u| format!("{sign}{digits}{u}")));
    let usual = usual.iter().map(|time| (*time).to_owned());
    let mut found: Vec<String> = Vec::new();
    for time in usual.chain(counted) {
        if !found.contains(&time) {
            found.push(time);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_typed_becomes_a_time() {
        let shown = |typed: &str| {
            let best = super::super::rank::best(typed, Found::all(times(TIMES, "-", typed)));
            best.values
        };
        assert_eq!(shown("-3"), ["-3d", "-30d", "-3h", "-3m"]);
        assert_eq!(shown("-24"), ["-24h", "-24d", "-24m"]);
        assert_eq!(shown("03"), ["03:10"]);
        assert_eq!(shown("-0"), ["-30d"]);
        assert_eq!(shown("").len(), TIMES.len());
    }

    #[test]
    fn every_offered_time_is_read_by_the_grammar_of_times() {
        use crate::query::window::{future, length, moment};
        let now = "2026-11-24T02:00:00Z".parse().unwrap();
        for time in times(TIMES, "-", "-12") {
            assert!(moment("since", &time, None, now).is_ok(), "{time}");
        }
        for time in times(FUTURES, "+", "+12") {
            assert!(future("until", &time, None, now).is_ok(), "{time}");
        }
        for time in times(LENGTHS, "", "12") {
            assert!(length("for", &time).is_ok(), "{time}");
        }
        for zone in zones(&[]) {
            assert!(crate::query::window::zone_name(Some(&zone)).is_ok(), "{zone}");
        }
    }

    #[test]
    fn names_come_once_and_the_commonest_first() {
        let names = ["/data", "/", "/boot", "/", "", "/boot", "/"].map(Cow::Borrowed);
        let (found, whole) = commonest(names.into_iter());
        assert_eq!((found, whole), (vec!["/".into(), "/boot".into(), "/data".into()], true));
        let many = (0..NAMES_MAX + 1).map(|n| Cow::Owned(format!("/{n}")));
        let (found, whole) = commonest(many);
        assert_eq!((found.len(), whole), (NAMES_MAX, false));
    }
}
