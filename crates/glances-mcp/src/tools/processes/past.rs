//! What ran at a past moment, and how that differs from now: the top programs that history keeps.

use std::collections::{BTreeMap, BTreeSet};

use glances_client::model::{Meter, Process, ProcessMemory};
use jiff::{Timestamp, ToSpan as _};

use super::super::{Context, ToolError};
use crate::{
    model::HostName,
    query::{Selection, window::Window},
    render,
    snapshot::Snapshot,
    store::{Program, Span},
};

/// A list is kept once a minute; the nearest within this many seconds is shown.
const NEAR_SECS: i64 = 150;

/// A past moment as a caller names it.
pub(super) fn moment(
    at: &str,
    timezone: Option<&str>,
    selection: &Selection,
) -> Result<Window, ToolError> {
    // As an end, so that the grammar is that of every other time.
    Ok(Window::parse(None, Some(at), timezone, 1.minute(), selection.now)?)
}

/// The programs of each selected server that used most at that moment, also of those that are down
/// now.
pub(super) async fn programs<'a>(
    cx: &Context,
    selection: &'a Selection,
    moment: &Window,
) -> Result<Vec<(&'a Snapshot, Process)>, ToolError> {
    let at = moment.until.as_second();
    let span = Span { from: at - NEAR_SECS, to: at + NEAR_SECS };
    let mut found = Vec::new();
    for snapshot in selection.servers.iter() {
        let host = &snapshot.host.alias;
        let lists = cx.query.past_programs(&cx.principal, host, span).await?;
        let nearest = lists.into_iter().min_by_key(|list| (list.secs - at).abs());
        let programs = nearest.map(|list| list.top).unwrap_or_default();
        found.extend(programs.into_iter().map(|program| (snapshot.as_ref(), process(program))));
    }
    Ok(found)
}

/// Times that the present is compared with, and their words.
const TREND: [(i64, &str); 2] = [(3_600, "1h"), (86_400, "24h")];
/// Servers whose programs are compared: a reply about now is not to wait for history.
const TREND_SERVERS_MAX: usize = 5;

/// The programs of some servers an hour and a day ago.
pub(super) struct Before(BTreeMap<HostName, Vec<(&'static str, Vec<Program>)>>);

impl Before {
    /// Nothing is known.
    pub(super) const fn nothing() -> Self {
        Self(BTreeMap::new())
    }

    /// As history keeps them of these servers, the first five.
    pub(super) async fn read<'a>(
        cx: &Context,
        hosts: impl Iterator<Item = &'a HostName>,
        now: Timestamp,
    ) -> Result<Self, ToolError> {
        let hosts: BTreeSet<&HostName> = hosts.collect();
        let mut before = BTreeMap::new();
        for host in hosts.into_iter().take(TREND_SERVERS_MAX) {
            let mut lists = Vec::new();
            for (back, word) in TREND {
                let at = now.as_second() - back;
                let span = Span { from: at - NEAR_SECS, to: at + NEAR_SECS };
                let near = cx.query.past_programs(&cx.principal, host, span).await?;
                let nearest = near.into_iter().min_by_key(|list| (list.secs - at).abs());
                lists.extend(nearest.map(|list| (word, list.top)));
            }
            before.insert(host.clone(), lists);
        }
        Ok(Self(before))
    }

    /// How a program's CPU and memory differ from those times: `1h: CPU +12%, memory +340 MiB`.
    /// `None` where it was not among the top programs that are kept.
    pub(super) fn trend(&self, host: &HostName, now: &Process) -> Option<String> {
        let lists = self.0.get(host)?;
        let of = |(word, top): &(&str, Vec<Program>)| {
            let was = top.iter().find(|program| program.name == now.name)?;
            let cpu = now.cpu_percent.zip(was.cpu_percent).map(|(now, was)| now - was);
            #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
            let memory =
                now.memory.rss.zip(was.memory_bytes).map(|(now, was)| now as f64 - was as f64);
            let sign = |value: f64| if value < 0.0 { "" } else { "+" };
            let cpu = cpu.map(|it| format!("CPU {}{}%", sign(it), render::short(it)));
            let memory = memory.map(|it| format!("memory {}{}", sign(it), render::bytes(it)));
            let both: Vec<String> = cpu.into_iter().chain(memory).collect();
            (!both.is_empty()).then(|| format!("{word}: {}", both.join(", ")))
        };
        let known: Vec<String> = lists.iter().filter_map(of).collect();
        (!known.is_empty()).then(|| known.join("; "))
    }
}

fn process(program: Program) -> Process {
    let Program { name, cpu_percent, memory_bytes, io_bytes_per_second, processes } = program;
    let moved = |per_sec| Meter { per_sec, ..Meter::default() };
    Process {
        name,
        cpu_percent,
        memory: ProcessMemory { rss: memory_bytes, ..ProcessMemory::default() },
        io_read: moved(io_bytes_per_second),
        io_write: moved(io_bytes_per_second.map(|_| 0.0)),
        processes,
        ..Process::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_has_the_times_at_which_the_program_was_kept() {
        let program = |cpu, mib: u64| Program {
            name: "java".to_owned(),
            cpu_percent: cpu,
            memory_bytes: Some(mib << 20),
            io_bytes_per_second: None,
            processes: 1,
        };
        let host = HostName::parse("web-1").unwrap();
        let lists = vec![("1h", vec![program(Some(90.0), 500)]), ("24h", vec![program(None, 900)])];
        let before = Before(BTreeMap::from([(host.clone(), lists)]));
        let now = process(program(Some(102.0), 600));
        assert_eq!(
            before.trend(&host, &now).as_deref(),
            Some("1h: CPU +12%, memory +100 MiB; 24h: memory -300 MiB")
        );
        let other = Process { name: "sshd".to_owned(), ..now };
        assert_eq!(before.trend(&host, &other), None);
        assert_eq!(Before::nothing().trend(&host, &other), None);
    }
}
