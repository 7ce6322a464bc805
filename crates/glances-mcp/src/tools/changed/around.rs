//! What happened around a move: events, alerts that began, and the programs that grew.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::{
        Context, ToolError,
        view::{LINE_CHARS, NAME_CHARS, some_words},
    },
    group::Group,
    series::{Moved, Time},
};
use crate::{
    model::{HostName, Severity},
    query::{PastAlert, Selection, window::Window},
    redact::clip,
    snapshot::DOWN_AFTER,
    store::{Event, Program, Span},
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct EventRow {
    /// Whether it is a story by itself.
    #[serde(skip)]
    pub(super) story: bool,
    /// Change at whose time it happened.
    change: Option<usize>,
    what: String,
    item: Option<String>,
    /// Absent when it happened to this server itself.
    servers: Option<String>,
    /// The first.
    at: String,
    /// How many there were, when not one.
    times: Option<usize>,
    detail: Option<String>,
    #[serde(skip)]
    pub(super) hosts: Vec<HostName>,
}

/// Words of events that are a story by themselves, most telling first: told before all others,
/// whether or not a series moved beside them.
const STORIES: &[&str] = &[
    "down",
    "reboot",
    "not_watching",
    "configuration_reloaded",
    "glances_changed",
    "hardware_changed",
    "container_restarted",
    "container_came_back",
    "program_came_back",
    "glances_restarted",
];
/// Words of events that explain a story, most telling first; others come last.
const DETAILS: &[&str] = &[
    "container_went",
    "container_came",
    "container_health",
    "mount_went",
    "mount_came",
    "mount_came_back",
    "disk_went",
    "disk_came",
    "disk_came_back",
    "program_went",
    "program_came",
    "up",
];
/// So long before a change an event can be its cause, and so long after it its effect, seconds.
const BEFORE_SECS: i64 = 900;
const AFTER_SECS: i64 = 600;
/// Names of servers in one cell.
const NAMES_SHOWN: usize = 4;

/// Whether a change and something on a server belong together in time.
fn is_near(group: &Group, host: Option<&HostName>, secs: i64) -> bool {
    let last = group.onsets.last().map_or(0, |(_, at)| *at);
    let concerned = host.is_none_or(|host| group.onsets.iter().any(|(it, _)| it == host));
    concerned && (group.began() - BEFORE_SECS..=last + AFTER_SECS).contains(&secs)
}

/// The number of the first change that it belongs to.
fn change_of(groups: &[Group], host: Option<&HostName>, secs: i64) -> Option<usize> {
    Some(groups.iter().find(|group| is_near(group, host, secs))?.number)
}

/// Events as rows: those of one kind and item are one, most telling first.
pub(super) fn events(events: &[Event], groups: &[Group], window: &Window) -> Vec<EventRow> {
    let mut merged: BTreeMap<(String, &str), Vec<&Event>> = BTreeMap::new();
    for (kind, event) in returns(events) {
        merged.entry((kind, &event.item)).or_default().push(event);
    }
    let mut rows: Vec<(_, EventRow)> = Vec::new();
    for ((kind, item), mut all) in merged {
        all.sort_by_key(|event| event.secs);
        let Some(first) = all.first() else { continue };
        let hosts: BTreeSet<&HostName> = all.iter().filter_map(|it| it.host.as_ref()).collect();
        let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        let change = all.iter().find_map(|it| change_of(groups, it.host.as_ref(), it.secs));
        let text = |text: &str, chars| (!text.is_empty()).then(|| clip(text, chars).into_owned());
        let place = |words: &[&str]| words.iter().position(|word| *word == kind);
        let story = place(STORIES);
        let row = EventRow {
            story: story.is_some(),
            change,
            what: kind.replace('_', " "),
            item: text(item, NAME_CHARS),
            servers: (!names.is_empty()).then(|| some_words(&names, NAMES_SHOWN)),
            at: written(first.secs, window),
            times: (all.len() > 1).then_some(all.len()),
            detail: text(&first.detail, LINE_CHARS),
            hosts: hosts.iter().take(NAMES_SHOWN).map(|host| (*host).clone()).collect(),
        };
        let place = story.or_else(|| place(DETAILS)).unwrap_or(DETAILS.len());
        // What stands beside a change is what was asked for, and what happens again and again is a
        // trouble of its own.
        let again = std::cmp::Reverse(all.len());
        rows.push(((story.is_none(), change.is_none(), place, again, first.secs), row));
    }
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Events with their kind, oldest first. What went and came back is one event, at the moment when it
/// went.
fn returns(events: &[Event]) -> Vec<(String, &Event)> {
    let mut all: Vec<&Event> = events.iter().collect();
    all.sort_by_key(|event| event.secs);
    let mut kinds: Vec<(String, &Event)> = Vec::new();
    let mut gone: BTreeMap<(&str, &str, Option<&HostName>), usize> = BTreeMap::new();
    for event in all {
        let place = |what| (what, event.item.as_str(), event.host.as_ref());
        if let Some(what) = event.kind.strip_suffix("_went") {
            gone.insert(place(what), kinds.len());
            kinds.push((event.kind.clone(), event));
        } else if let Some(what) = event.kind.strip_suffix("_came")
            && let Some((went, _)) = gone.remove(&place(what)).and_then(|at| kinds.get_mut(at))
        {
            *went = format!("{what}_came_back");
        } else {
            kinds.push((event.kind.clone(), event));
        }
    }
    kinds
}

/// Servers that stopped answering, as moves: `down` events with their `up`. They are noted at the
/// second failed poll, and the first tells when it began.
pub(super) fn outages(events: &[Event], selection: &Selection) -> Vec<Moved> {
    let interval = |host: &HostName| {
        let found = selection.servers.iter().find(|it| it.host.alias == *host);
        let polls = u64::from(DOWN_AFTER.saturating_sub(1));
        let secs = found.map_or(0, |it| it.host.interval.as_secs().saturating_mul(polls));
        i64::try_from(secs).unwrap_or(0)
    };
    let of = |kind: &'static str| events.iter().filter(move |event| event.kind == kind);
    let moved = |down: &Event| {
        let host = down.host.clone()?;
        let ends = of("up").filter(|up| up.host == down.host && up.secs > down.secs);
        let at = down.secs - interval(&host);
        Moved::down(host, at, ends.map(|up| up.secs).min())
    };
    of("down").filter_map(moved).collect()
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct AlertRow {
    change: Option<usize>,
    server: Option<String>,
    metric: String,
    severity: Severity,
    began: String,
    #[serde(skip)]
    pub(super) host: Option<HostName>,
}

/// Alerts that began in the window, those beside a change first.
pub(super) fn alerts(alerts: &[PastAlert], groups: &[Group], window: &Window) -> Vec<AlertRow> {
    let mut rows: Vec<AlertRow> = Vec::new();
    for PastAlert { alert, .. } in alerts.iter().filter(|it| window.span().holds(it.alert.began)) {
        rows.push(AlertRow {
            change: change_of(groups, alert.host.as_ref(), alert.began),
            server: alert.host.as_ref().map(ToString::to_string),
            metric: clip(&alert.series, NAME_CHARS).into_owned(),
            severity: alert.peak,
            began: written(alert.began, window),
            host: alert.host.clone(),
        });
    }
    rows.sort_by_key(|row| (row.change.unwrap_or(usize::MAX), std::cmp::Reverse(row.severity)));
    rows
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ProgramRow {
    change: usize,
    #[schemars(with = "String")]
    server: HostName,
    program: String,
    /// Of one core; absent where it was not among the top programs before.
    cpu_before_percent: Option<f64>,
    cpu_after_percent: Option<f64>,
    memory_before_bytes: Option<f64>,
    memory_after_bytes: Option<f64>,
    #[serde(skip)]
    grown: f64,
}

/// Servers whose programs are looked at: of each change those that moved first.
const SERVERS_OF_A_CHANGE: usize = 2;
const SERVERS_MAX: usize = 10;
/// Programs of one server.
const PROGRAMS_SHOWN: usize = 2;
/// Programs of so long before and after are compared; they are kept once a minute.
const PROGRAMS_SECS: i64 = 1_800;
/// Less is not worth a row: percent of a core, and bytes.
const GROWN_PERCENT_MIN: f64 = 15.0;
const GROWN_BYTES_MIN: f64 = 64.0 * 1_048_576.0;

/// Programs that grew most on the servers of each change, from the lists that are kept each minute.
pub(super) async fn programs(
    cx: &Context,
    groups: &[Group],
    time: &Time,
) -> Result<Vec<ProgramRow>, ToolError> {
    let mut rows = Vec::new();
    let mut places: Vec<(usize, &HostName, i64)> = Vec::new();
    for group in groups {
        let first = group.onsets.iter().take(SERVERS_OF_A_CHANGE);
        places.extend(first.map(|(host, at)| (group.number, host, *at)));
    }
    for (change, host, at) in places.into_iter().take(SERVERS_MAX) {
        let from = time.before.from.max(at - PROGRAMS_SECS);
        let span = Span { from, to: time.window.to.min(at + PROGRAMS_SECS) };
        let lists = cx.query.past_programs(&cx.principal, host, span).await?;
        // The list of the moment itself is half of each.
        let [before, after] = [
            usage(lists.iter().filter(|list| list.secs < at).map(|list| list.top.as_slice())),
            usage(lists.iter().filter(|list| list.secs > at).map(|list| list.top.as_slice())),
        ];
        let mut grown: Vec<ProgramRow> = after
            .iter()
            .filter(|_| !before.is_empty())
            .filter_map(|(name, now)| grew(change, host, name, before.get(name), now))
            .collect();
        grown.sort_by(|a, b| b.grown.total_cmp(&a.grown).then_with(|| a.program.cmp(&b.program)));
        grown.truncate(PROGRAMS_SHOWN);
        rows.extend(grown);
    }
    Ok(rows)
}

/// CPU, percent of a core, and memory, bytes, of a program over a time.
type Usage = (Option<f64>, Option<f64>);

/// The median of each program over some lists, of those in which it is.
fn usage<'a>(lists: impl Iterator<Item = &'a [Program]>) -> BTreeMap<&'a str, Usage> {
    let mut all: BTreeMap<&str, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for program in lists.flatten() {
        let (cpu, memory) = all.entry(&program.name).or_default();
        cpu.extend(program.cpu_percent);
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        memory.extend(program.memory_bytes.map(|bytes| bytes as f64));
    }
    let medians =
        |(cpu, memory): (Vec<f64>, Vec<f64>)| (analytics::median(&cpu), analytics::median(&memory));
    all.into_iter().map(|(name, values)| (name, medians(values))).collect()
}

fn grew(
    change: usize,
    host: &HostName,
    name: &str,
    was: Option<&Usage>,
    now: &Usage,
) -> Option<ProgramRow> {
    let (cpu, memory) = was.copied().unwrap_or_default();
    let more = |now: Option<f64>, was: Option<f64>| Some(now? - was.unwrap_or(0.0));
    let cpu_grown = more(now.0, cpu).unwrap_or(0.0) / GROWN_PERCENT_MIN;
    let memory_grown = more(now.1, memory).unwrap_or(0.0) / GROWN_BYTES_MIN;
    // Of two that grew, the one with more CPU is the likelier cause: memory is kept for long.
    let grown = if cpu_grown >= 1.0 { cpu_grown.max(memory_grown) } else { memory_grown };
    (grown >= 1.0).then(|| ProgramRow {
        change,
        server: host.clone(),
        program: clip(name, NAME_CHARS).into_owned(),
        cpu_before_percent: cpu,
        cpu_after_percent: now.0,
        memory_before_bytes: memory,
        memory_after_bytes: now.1,
        grown,
    })
}

impl EventRow {
    /// In a sentence: "container restarted nginx on web-1, 12 times, first at …".
    pub(super) fn sentence(&self) -> String {
        let item = self.item.iter().map(|item| format!(" `{item}`"));
        let servers = self.servers.iter().map(|servers| format!(" on {servers}"));
        let words = std::iter::once(self.what.clone()).chain(item).chain(servers);
        let at = &self.at;
        let times = match self.times {
            Some(times) => format!(", {times} times, first at {at}"),
            None => format!(" at {at}"),
        };
        words.chain([times]).collect()
    }
}

pub(super) fn written(secs: i64, window: &Window) -> String {
    jiff::Timestamp::from_second(secs).map(|at| window.written(at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(minute: i64, host: &str, kind: &str, item: &str) -> Event {
        let host = Some(HostName::parse(host).unwrap());
        let (kind, item) = (kind.to_owned(), item.to_owned());
        Event { host, secs: minute * 60, kind, item, detail: String::new() }
    }

    fn told(all: &[Event]) -> Vec<String> {
        let until = jiff::Timestamp::from_second(7_200).unwrap();
        let window =
            Window::parse(Some("-2h"), None, None, jiff::Span::new().hours(1), until).unwrap();
        events(all, &[], &window).iter().map(EventRow::sentence).collect()
    }

    #[test]
    fn what_happens_again_and_again_is_one_row_before_what_happened_once() {
        let mut all: Vec<Event> =
            (0..12).map(|n| event(n * 3, "web-1", "container_restarted", "api")).collect();
        all.push(event(0, "web-2", "container_restarted", "proxy"));
        all.push(event(0, "web-1", "program_came", "backup"));
        assert_eq!(
            told(&all),
            [
                "container restarted `api` on web-1, 12 times, first at 1970-01-01T00:00:00Z",
                "container restarted `proxy` on web-2 at 1970-01-01T00:00:00Z",
                "program came `backup` on web-1 at 1970-01-01T00:00:00Z",
            ]
        );
    }

    #[test]
    fn what_went_and_came_back_is_one_event_and_what_moved_to_another_server_are_two() {
        let all = [
            event(1, "web-1", "program_went", "java"),
            event(2, "web-1", "program_came", "java"),
            event(5, "web-1", "program_went", "java"),
            event(1, "db-1", "program_went", "postgres"),
            event(2, "db-2", "program_came", "postgres"),
        ];
        assert_eq!(
            told(&all),
            [
                "program came back `java` on web-1 at 1970-01-01T00:01:00Z",
                "program went `postgres` on db-1 at 1970-01-01T00:01:00Z",
                "program went `java` on web-1 at 1970-01-01T00:05:00Z",
                "program came `postgres` on db-2 at 1970-01-01T00:02:00Z",
            ]
        );
    }
}
