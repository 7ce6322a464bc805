//! The headline: what comes first, or why nothing does. Never claims calm where nothing is known.

use super::{
    super::Output,
    BUSY, CapacityAnalysisOutput, FILLS, FULL, Resource, Row, WAS_FULL,
    idle::{IDLE_CPU_PERCENT, IDLE_MEMORY_PERCENT, IdleCost},
};
use crate::{
    judge::{BUSY_PERCENT, JUDGED_DAYS},
    render,
};

impl Output for CapacityAnalysisOutput {
    fn headline(&self) -> String {
        if self.judged_at.is_none() && self.coverage.selected > 0 {
            return "History is not judged yet: try again in a minute.".to_owned();
        }
        if self.asked.idle {
            let count = render::count(self.idle.len(), "server");
            return format!(
                "{count} shown that could shrink (p95 of CPU below {IDLE_CPU_PERCENT}%, of memory \
                 below {IDLE_MEMORY_PERCENT}%, over {JUDGED_DAYS} days){}.",
                self.cost.as_ref().map(IdleCost::words).unwrap_or_default()
            );
        }
        match (self.resources.first(), self.found) {
            (_, (_, 0)) => self.nothing(),
            (Some(first), _) => format!("First: {}.", first.words()),
            (None, (rows, _)) => format!("No row is left: there are {rows} in all."),
        }
    }
}

impl CapacityAnalysisOutput {
    /// Where no resource matters: because none does, or because that is not known.
    fn nothing(&self) -> String {
        let what = self.asked.resource.map_or("resource", Resource::word);
        let none = match self.asked.resource {
            Some(_) => format!("No {what}"),
            None => "Nothing".to_owned(),
        };
        let within = self.asked.within.map(|days| match days {
            1 => "a day".to_owned(),
            _ => format!("{days} days"),
        });
        let (calm, short) = (self.calm, self.without_history);
        let is_calm = if calm == 1 { "is" } else { "are" };
        let has = if short == 1 { "has" } else { "have" };
        let claim = match (within, short) {
            (Some(within), 0) => format!("No {what} is likely full within {within}"),
            (Some(within), _) => {
                format!(
                    "No {what} is known to be full within {within}: {short} {has} too little history"
                )
            }
            (None, 0) if calm == 0 => format!("No {what} of the selected servers is known"),
            (None, 0) => format!("{none} fills up or is busy; {calm} {is_calm} calm"),
            (None, _) => format!(
                "{none} is known to fill up: {short} {has} too little history, {calm} {is_calm} calm"
            ),
        };
        match self.unjudged {
            0 => format!("{claim}."),
            1 => format!("{claim}; 1 server is not judged yet."),
            more => format!("{claim}; {more} servers are not judged yet."),
        }
    }
}

impl Row {
    /// `disk /var on web-1 is full`.
    fn words(&self) -> String {
        let used = self.use_percent.map(render::short);
        let what = match (self.outlook, self.likely_full_days, self.busy_percent, used) {
            (FULL, ..) => "is full".to_owned(),
            (FILLS, Some(days), ..) => format!("is likely full in {} days", render::short(days)),
            (BUSY, _, Some(share), _) => {
                format!("is above {BUSY_PERCENT}% for {}% of the time", render::short(share))
            }
            (WAS_FULL, .., Some(used)) => format!("was full in the last hours, and is at {used}%"),
            (FILLS, .., Some(used)) => format!("is at {used}%, and fills in more than half a year"),
            (outlook, .., Some(used)) => format!("is at {used}% and {outlook}"),
            (outlook, ..) => outlook.to_owned(),
        };
        let item = self.item.as_ref().map(|item| format!(" {item}")).unwrap_or_default();
        let age = self.age_seconds.map(|age| format!(", as read {} ago", render::duration(age)));
        let (resource, server) = (self.resource.word(), &self.server);
        format!("{resource}{item} on {server} {what}{}", age.unwrap_or_default())
    }
}
