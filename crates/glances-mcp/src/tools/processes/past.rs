//! What ran at a past moment: the top programs that history keeps.

use glances_client::model::{Meter, Process, ProcessMemory};
use jiff::ToSpan as _;

use super::super::{Context, ToolError};
use crate::{
    query::{Selection, window::Window},
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
