//! A host within a scenario: when it was booted, when Glances ran, when nobody answered. Pure.

use super::Span;
use crate::host::Host;
use crate::model::Moment;

/// A host and what was scripted around it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The machine, with everything scripted into its curves.
    pub host: Host,
    /// When it was booted, oldest first.
    pub(super) boots: Vec<f64>,
    /// When Glances was started by itself, oldest first.
    pub(super) starts: Vec<f64>,
    /// When it did not answer.
    pub(super) silences: Vec<Span>,
    /// When its clock was wrong, and by how many seconds.
    pub(super) skews: Vec<(Span, f64)>,
}

impl Actor {
    /// A host that was booted before the scenario begins and stays up.
    pub(super) fn new(host: Host, span: Span) -> Self {
        let boot = host.boot_before(span.begin);
        Self {
            host,
            boots: vec![boot],
            starts: Vec::new(),
            silences: Vec::new(),
            skews: Vec::new(),
        }
    }

    /// The moment of a sample, compared with one before; `None` while nobody answers. A sample from
    /// before a restart is nothing to compare with.
    #[must_use]
    pub fn moment(&self, at: f64, prev: Option<f64>) -> Option<Moment> {
        if self.silences.iter().any(|silence| (silence.begin..silence.end).contains(&at)) {
            return None;
        }
        let last = |times: &[f64]| times.iter().copied().rfind(|time| *time <= at);
        let boot = last(&self.boots).unwrap_or(at);
        // One start is one time, from the first answer on.
        let started = last(&self.starts).map_or(boot, |start| start.max(boot));
        let skews = self.skews.iter().filter(|(span, _)| (span.begin..span.end).contains(&at));
        Some(Moment {
            at,
            prev: prev.filter(|prev| *prev >= started),
            boot,
            started,
            skew: skews.map(|(_, secs)| secs).sum(),
        })
    }
}
