//! How many may wait at a time, in all and of one caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{telemetry::Counters, tools::ToolError};

/// Subscriptions and streams of all callers. A stream for one resource takes two and holds some
/// 130 kB with its connection, whether its client reads or not: 130 MB in all.
const SEATS_MAX: usize = 2_000;
/// Of one caller: half, so that no single one keeps the others out.
const SEATS_PER_PRINCIPAL_MAX: usize = 1_000;

/// The seats that are taken.
pub(super) struct Seats {
    taken: Mutex<HashMap<Arc<str>, usize>>,
    counters: Arc<Counters>,
}

/// One that is taken, until it is dropped.
pub struct Seat {
    seats: Arc<Seats>,
    principal: Arc<str>,
}

impl Seats {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { taken: Mutex::default(), counters }
    }

    pub(super) fn any(&self) -> bool {
        !self.taken().is_empty()
    }

    /// Takes one.
    pub(super) fn take(self: &Arc<Self>, principal: &Arc<str>) -> Result<Seat, ToolError> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let own = taken.get(principal).copied().unwrap_or(0);
        let full = match () {
            () if own >= SEATS_PER_PRINCIPAL_MAX => Some(("you have", SEATS_PER_PRINCIPAL_MAX)),
            () if all >= SEATS_MAX => Some(("all callers together have", SEATS_MAX)),
            () => None,
        };
        if let Some((who, max)) = full {
            return Err(ToolError::Refused(format!(
                "too many subscriptions: {who} {max} open, the most there may be; unsubscribe or \
                 close streams, or read the resource when needed"
            )));
        }
        taken.insert(principal.clone(), own + 1);
        self.counters.set_subscriptions(all + 1);
        Ok(Seat { seats: self.clone(), principal: principal.clone() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        match taken.get_mut(&self.principal) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.principal);
            }
        }
        self.seats.counters.set_subscriptions(taken.values().sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_takes_half_and_all_together_what_there_is() {
        let counters = Arc::new(Counters::default());
        let seats = Arc::new(Seats::new(counters.clone()));
        let mut held = Vec::new();
        for name in ["a", "b"] {
            let name: Arc<str> = name.into();
            held.extend((0..SEATS_PER_PRINCIPAL_MAX).map(|_| seats.take(&name).ok().unwrap()));
            let refused = seats.take(&name).err().unwrap().to_string();
            assert!(refused.contains("you have 1000 open"), "{refused}");
        }
        assert_eq!(counters.subscriptions(), SEATS_MAX as u64);
        let refused = seats.take(&"e".into()).err().unwrap().to_string();
        assert!(refused.contains("all callers together have 2000"), "{refused}");
        held.pop();
        assert!(seats.take(&"e".into()).is_ok());
        drop(held);
        assert!(!seats.any());
        assert_eq!(counters.subscriptions(), 0);
    }
}
