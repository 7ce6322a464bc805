//! How every list is cut to a reply: so many rows in all, so many a server, and how to get the
//! rest.

use std::collections::BTreeMap;

use super::{
    ToolError,
    args::{Cursor, Format, Limit},
};
use crate::{
    model::HostName,
    query::{
        Selection,
        coverage::{Coverage, Tally},
    },
};

/// Rows of a concise reply about several servers.
const ROWS_FLEET: usize = 10;
/// Rows of a concise reply about one server.
const ROWS_ONE: usize = 20;
/// Rows of a detailed reply: what fits in its budget of 8,000 tokens.
const ROWS_DETAILED: usize = 40;

/// How a call wants its list cut.
pub(super) struct Cut {
    limit: usize,
    per_server: Option<usize>,
    skip: usize,
}

impl Cut {
    /// From the arguments of the call.
    pub(super) fn new(
        selection: &Selection,
        format: Format,
        limit: Option<Limit>,
        per_server: Option<Limit>,
        cursor: Option<&Cursor>,
    ) -> Result<Self, ToolError> {
        let usual = match (format, selection.single()) {
            (Format::Detailed, _) => ROWS_DETAILED,
            (Format::Concise, Some(_)) => ROWS_ONE,
            (Format::Concise, None) => ROWS_FLEET,
        };
        let skip = match cursor {
            None => 0,
            Some(Cursor(text)) => text.parse().map_err(|_| {
                ToolError::Refused(
                    "`cursor` is not one of ours: pass the `next_cursor` of the last reply, or \
                     none to begin"
                        .to_owned(),
                )
            })?,
        };
        Ok(Self {
            limit: limit.map_or(usual, |limit| limit.0),
            per_server: per_server.map(|limit| limit.0),
            skip,
        })
    }

    /// Cuts rows that are sorted already, and accounts for their servers.
    pub(super) fn rows<T>(
        &self,
        rows: Vec<T>,
        tally: Tally<'_>,
        host: impl Fn(&T) -> &HostName,
        what: &str,
    ) -> (Vec<T>, Coverage) {
        self.groups(rows, tally, |row| std::slice::from_ref(host(row)), what)
    }

    /// The same for rows that are about several servers each.
    pub(super) fn groups<T>(
        &self,
        rows: Vec<T>,
        mut tally: Tally<'_>,
        hosts: impl Fn(&T) -> &[HostName],
        what: &str,
    ) -> (Vec<T>, Coverage) {
        let total = rows.len();
        let mut taken: BTreeMap<HostName, usize> = BTreeMap::new();
        let mut kept = Vec::new();
        let mut end = total;
        for (index, row) in rows.into_iter().enumerate().skip(self.skip) {
            if kept.len() == self.limit {
                end = index;
                break;
            }
            let full = |host: &HostName| {
                let taken = taken.get(host).copied().unwrap_or(0);
                self.per_server.is_some_and(|most| taken >= most)
            };
            if hosts(&row).iter().any(full) {
                continue;
            }
            for host in hosts(&row) {
                if self.per_server.is_some() {
                    *taken.entry(host.clone()).or_default() += 1;
                }
                tally.shown(host);
            }
            kept.push(row);
        }
        let mut coverage = tally.coverage();
        if kept.len() < total {
            coverage.more = Some(format!(
                "{} of {total} {what}; raise `limit`, filter, or pass `cursor`",
                kept.len()
            ));
        }
        if end < total {
            coverage.next_cursor = Some(end.to_string());
        }
        (kept, coverage)
    }
}
