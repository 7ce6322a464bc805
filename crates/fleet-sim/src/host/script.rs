//! What a scenario has written into a host beside its curves: failures that repeat. Pure.

/// Something that dies and is started again for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrashLoop {
    /// First death, seconds since 1970.
    pub begin: f64,
    /// From here on it lives again.
    pub end: f64,
    /// Seconds from one death to the next.
    pub period_secs: f64,
}

/// Share of a round in which it is dead.
const DEAD_SHARE: f64 = 0.3;

impl CrashLoop {
    /// Seconds since it was last started, 0 while it is dead; `None` outside of the loop.
    #[must_use]
    pub fn alive_secs(&self, time: f64) -> Option<f64> {
        if time < self.begin || time >= self.end {
            return None;
        }
        let dead = self.period_secs * DEAD_SHARE;
        Some(((time - self.begin).rem_euclid(self.period_secs) - dead).max(0.0))
    }
}

/// When the last of these loops that is over ended: it lives from there on.
#[must_use]
pub fn mended(loops: &[CrashLoop], time: f64) -> Option<f64> {
    loops.iter().map(|it| it.end).filter(|end| *end <= time).reduce(f64::max)
}

/// Seconds since the last start within any of these loops; `None` outside of all.
#[must_use]
pub fn alive_secs(loops: &[CrashLoop], time: f64) -> Option<f64> {
    loops.iter().find_map(|it| it.alive_secs(time))
}
