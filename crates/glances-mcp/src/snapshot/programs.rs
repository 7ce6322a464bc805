//! Processes of one name as one program.

use std::{borrow::Cow, collections::BTreeMap};

use glances_client::model::Process;

use super::Snapshot;

impl Snapshot {
    /// Processes merged by name: Glances' own `programlist` where it is served, else by us.
    #[must_use]
    pub fn grouped(&self) -> Option<Vec<Cow<'_, Process>>> {
        if let Some(programs) = self.programs() {
            return Some(programs.iter().map(Cow::Borrowed).collect());
        }
        Some(merged(self.processes()?.iter()))
    }
}

/// Processes of one name as one program each.
pub fn merged<'a>(processes: impl Iterator<Item = &'a Process>) -> Vec<Cow<'a, Process>> {
    let mut merged: BTreeMap<&str, Process> = BTreeMap::new();
    for process in processes {
        merged
            .entry(process.name.as_str())
            .and_modify(|program| merge(program, process))
            .or_insert_with(|| Process {
                pid: None,
                children: process.pid.into_iter().collect(),
                ..process.clone()
            });
    }
    merged.into_values().map(Cow::Owned).collect()
}

fn merge(program: &mut Process, process: &Process) {
    fn add<T: std::ops::Add<Output = T>>(sum: &mut Option<T>, more: Option<T>) {
        *sum = match (sum.take(), more) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
    add(&mut program.cpu_percent, process.cpu_percent);
    add(&mut program.memory_percent, process.memory_percent);
    add(&mut program.memory.rss, process.memory.rss);
    add(&mut program.threads, process.threads);
    add(&mut program.io_read.per_sec, process.io_read.per_sec);
    add(&mut program.io_write.per_sec, process.io_write.per_sec);
    program.processes += process.processes;
    program.children.extend(process.pid);
    if program.user != process.user {
        program.user = None;
    }
    if program.status != process.status {
        program.status = None;
    }
}
