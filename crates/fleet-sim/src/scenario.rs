//! Weeks of a fleet as data: calm days, and scripted incidents whose truth is known.
//!
//! A scenario is a function of its seed: the hosts with everything scripted into their curves, when
//! they were booted, when Glances ran and when nobody answered, and for each incident what it moved on
//! which host from when to when. A host at a time stays a pure function; nothing here reads a clock.
//!
//! ```
//! use fleet_sim::{Fleet, model::Model, scenario::{Kind, Scenario, Span}};
//!
//! let span = Span::days(1_795_392_000.0, 2);
//! let mut scenario = Scenario::calm(Fleet::mixed_specs(5, 1), span, 1);
//! scenario.play(Kind::MemoryLeak, &[2], span.begin + 3_600.0, 6.0 * 3_600.0);
//! let actor = &scenario.actors()[2];
//! let moment = actor.moment(span.begin + 7_200.0, Some(span.begin + 7_140.0)).unwrap();
//! assert!(Model { host: &actor.host, moment }.mem().percent > 0.0);
//! assert_eq!(scenario.incidents()[0].effects[0].series[0], "mem.percent");
//! ```

mod actor;
mod calm;
mod kinds;
mod stage;

pub use actor::Actor;
pub use kinds::{KINDS, Kind, KindRow};

use crate::load::{DAY_SECS, HOUR_SECS, hash, within};
use crate::spec::HostSpec;
use stage::Stage;

/// Incidents of one scenario; more would leave no calm time to compare with.
const INCIDENTS_MAX: usize = 1_000;
/// Places that are tried for one drawn incident before it is left out.
const TRIES_MAX: u64 = 40;
/// Least time between two incidents of one host, seconds.
const APART_SECS: f64 = 2.0 * HOUR_SECS;
/// Time without incidents at the begin of a scenario, in which a reader learns what is usual, as a
/// share of the whole.
const CALM_SHARE: f64 = 0.35;

/// A span of time, seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// First second.
    pub begin: f64,
    /// End.
    pub end: f64,
}

impl Span {
    /// So many days from a time on.
    #[must_use]
    pub fn days(begin: f64, days: u32) -> Self {
        Self { begin, end: begin + f64::from(days) * DAY_SECS }
    }

    /// Its length.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.end - self.begin
    }

    fn near(&self, other: &Self, apart: f64) -> bool {
        self.begin < other.end + apart && other.begin < self.end + apart
    }
}

/// What an incident did to one host.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Index of the host in [`Scenario::actors`].
    pub host: usize,
    /// Its name.
    pub name: String,
    /// From when to when it shows.
    pub span: Span,
    /// The series that move, most telling first, in the product's words: `fs.percent[/]`. Empty when
    /// nothing that the host serves moves.
    pub series: Vec<String>,
    /// What happens that is no series, in the product's words, and to which item.
    pub events: Vec<(&'static str, String)>,
}

/// An incident that was played: the truth to score against.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// What it was.
    pub kind: Kind,
    /// Whether it belongs to the usual course of things, such as a nightly backup.
    pub usual: bool,
    /// From its first effect to its last.
    pub span: Span,
    /// By host, in the order in which they are struck: the first is the cause.
    pub effects: Vec<Effect>,
}

/// A fleet over a span of time.
#[derive(Clone, Debug)]
pub struct Scenario {
    span: Span,
    seed: u64,
    actors: Vec<Actor>,
    incidents: Vec<Incident>,
}

impl Scenario {
    /// Calm days: daily and weekly rhythm with holidays, noise, bursts, nothing that breaks.
    #[must_use]
    pub fn calm(specs: Vec<HostSpec>, span: Span, seed: u64) -> Self {
        let actors = specs.into_iter().map(|spec| calm::actor(spec, span, seed)).collect();
        Self { span, seed, actors, incidents: Vec::new() }
    }

    /// The same with drawn incidents, about `per_day` in the whole fleet, after a calm first third.
    /// Kinds take turns; no host has two at once.
    #[must_use]
    pub fn eventful(specs: Vec<HostSpec>, span: Span, seed: u64, per_day: f64) -> Self {
        let mut scenario = Self::calm(specs, span, seed);
        let wanted = (per_day * span.secs() / DAY_SECS).round().max(0.0) as usize;
        for number in 0..wanted.min(INCIDENTS_MAX) {
            let Some(row) = KINDS.get(number % KINDS.len().max(1)) else { break };
            scenario.draw(row, hash(seed, 70_000 + number as u64));
        }
        scenario.incidents.sort_by(|a, b| a.span.begin.total_cmp(&b.span.begin));
        scenario
    }

    /// Plays an incident on these hosts, in this order; hosts that it does not fit are left out.
    /// Answers whether any was struck.
    pub fn play(&mut self, kind: Kind, hosts: &[usize], begin: f64, secs: f64) -> bool {
        let row = kind.row();
        let mut effects: Vec<Effect> = Vec::new();
        for host in hosts {
            let seed = hash(self.seed, 80_000 + self.incidents.len() as u64);
            let Some(actor) = self.actors.get_mut(*host) else { continue };
            if !(row.fits)(&actor.host) {
                continue;
            }
            let begin = begin + effects.len() as f64 * row.lag_secs;
            let span = Span { begin, end: begin + secs };
            let mut stage = Stage::new(actor, span, effects.len(), seed);
            (row.play)(&mut stage);
            let (series, events) = stage.seen();
            let name = actor.host.spec.name.clone();
            effects.push(Effect { host: *host, name, span, series, events });
        }
        let (Some(first), Some(last)) = (effects.first(), effects.last()) else { return false };
        let span = Span { begin: first.span.begin, end: last.span.end };
        self.incidents.push(Incident { kind, usual: row.usual, span, effects });
        true
    }

    /// Finds a place for an incident of a kind.
    fn draw(&mut self, row: &KindRow, seed: u64) {
        let count = self.actors.len().max(1) as u64;
        let calm = self.span.begin + self.span.secs() * CALM_SHARE;
        for salt in 0..TRIES_MAX {
            let own = hash(seed, salt);
            let secs = within(own, 1, row.secs.0, row.secs.1).min(self.span.secs() * 0.3);
            let latest = self.span.end - secs - row.lag_secs * row.hosts as f64;
            let begin = within(own, 2, calm, latest.max(calm));
            let span = Span { begin, end: begin + secs + row.lag_secs * row.hosts as f64 };
            let free = |host: &usize| {
                self.actors.get(*host).is_some_and(|actor| (row.fits)(&actor.host))
                    && !self.struck(*host, &span)
            };
            let mut hosts: Vec<usize> = (0..count)
                .map(|step| ((own.wrapping_add(step)) % count) as usize)
                .filter(free)
                .collect();
            hosts.truncate(row.hosts);
            if hosts.len() == row.hosts && self.play(row.kind, &hosts, begin, secs) {
                return;
            }
        }
    }

    fn struck(&self, host: usize, span: &Span) -> bool {
        let effects = self.incidents.iter().flat_map(|incident| &incident.effects);
        effects.filter(|effect| effect.host == host).any(|it| it.span.near(span, APART_SECS))
    }

    /// The hosts, in the order of their specifications.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// What was played, in time order unless it was played by hand.
    #[must_use]
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// The time that it covers.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }
}

#[cfg(test)]
mod tests;
