//! The habits of one server: all its series step by step, and what several of them do together.
//! Learned from weeks of 5-minute means, then told of each new step. Pure; never reads a clock.

use std::collections::{BTreeMap, VecDeque};

use analytics::{HostFusion, Judge, Score, Severity, Slot, Steps};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    finding::{Anomalies, Cold, FINDINGS_KEPT_SECS, Finding, Incident},
    watched::{At, JOIN_SECS, Watched},
};
use crate::{
    model::SeriesName,
    store::{Level, Point, Span},
};

/// One point of the 5-minute level.
pub(super) const STEP_SECS: i64 = Level::FiveMinutes.step_secs();
/// Steps without a sample that are a gap: one is a poll that came late.
const GAP_STEPS: i64 = 2;
/// Gaps and incidents that are kept of a week.
const SPANS_MAX: usize = 100;
/// What was seen in the last quarter of an hour is taken to go on.
const LASTS_SECS: i64 = 900;

/// A server and what is usual for it.
pub(super) struct Habits {
    zone: TimeZone,
    steps: Steps,
    /// By name.
    series: Vec<Watched>,
    /// Of each series the number of its family.
    families: Vec<usize>,
    fusion: HostFusion,
    gates: Judge,
    incidents: VecDeque<Incident>,
    gaps: VecDeque<Span>,
    /// End of the last step that had a sample.
    seen: Option<i64>,
    /// First second that is not judged.
    next: i64,
    learned: i64,
    /// What was learned is of days ago: the server was away.
    lost: bool,
}

/// Points of one series with their scores.
struct Column {
    points: Vec<Point>,
    scores: Vec<Option<Score>>,
}

impl Habits {
    /// Learns from history up to and without a second; what was unusual in it is found as it would
    /// have been then, by what lay before it. `None` only if five minutes did not divide a day.
    pub(super) fn learn(
        history: Vec<(SeriesName, Vec<Point>)>,
        span: Span,
        zone: &TimeZone,
    ) -> Option<Self> {
        let steps = Steps::new(u32::try_from(STEP_SECS).ok()?)?;
        let (mut series, mut columns) = (Vec::new(), Vec::new());
        for (name, points) in history {
            let slot = |secs| slot_of(steps, zone, secs);
            if let Some((watched, scores)) = Watched::learn(name, &points, steps, slot) {
                series.push(watched);
                columns.push(Column { points, scores });
            }
        }
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut family = |watched: &Watched| {
            // All disks are one family, all of the processor is another.
            let plugin = watched.metric.path.split('.').next().unwrap_or_default();
            let next = numbers.len();
            *numbers.entry(plugin).or_insert(next)
        };
        let families = series.iter().map(&mut family).collect();
        let mut habits = Self {
            zone: zone.clone(),
            steps,
            series,
            families,
            fusion: HostFusion::default(),
            gates: Judge::new(steps),
            incidents: VecDeque::new(),
            gaps: VecDeque::new(),
            seen: None,
            next: span.from.div_euclid(STEP_SECS) * STEP_SECS,
            learned: span.to,
            lost: false,
        };
        habits.run(&columns, span.to);
        Some(habits)
    }

    /// Takes the points since the last time: one list for each of [`Self::names`], up to and
    /// without a second.
    pub(super) fn advance(&mut self, points: Vec<Vec<Point>>, to: i64) {
        let (steps, zone) = (self.steps, self.zone.clone());
        let scored = |(watched, points): (&mut Watched, Vec<Point>)| {
            let score = |point: &Point| {
                let at = At { secs: point.secs, slot: slot_of(steps, &zone, point.secs) };
                watched.score(at, point.mean)
            };
            let scores = points.iter().map(score).collect();
            Column { points, scores }
        };
        let columns: Vec<Column> = self.series.iter_mut().zip(points).map(scored).collect();
        let mut warm = self.series.iter().zip(&columns).filter(|(it, _)| it.is_warm()).peekable();
        let unknown = |column: &Column| column.scores.iter().all(Option::is_none);
        self.lost = warm.peek().is_some()
            && columns.iter().any(|column| !column.points.is_empty())
            && warm.all(|(_, column)| unknown(column));
        self.run(&columns, to);
    }

    /// Its series, by name.
    pub(super) fn names(&self) -> Vec<SeriesName> {
        self.series.iter().map(|watched| watched.series.clone()).collect()
    }

    /// First second that is not judged.
    pub(super) const fn next(&self) -> i64 {
        self.next
    }

    /// Whether it is time to learn anew: a day of its own has begun, or, once an hour at most,
    /// there are other series.
    pub(super) fn is_old(&self, names: &[SeriesName], zone: &TimeZone, now: i64) -> bool {
        const OTHERS_AFTER_SECS: i64 = 3_600;
        let day = |secs| slot_of(self.steps, &self.zone, secs).day;
        let others = || !self.series.iter().map(|watched| &watched.series).eq(names);
        self.zone != *zone
            || self.series.is_empty()
            || self.lost
            || day(self.learned) != day(now)
            || (now - self.learned >= OTHERS_AFTER_SECS && others())
    }

    /// All series step by step.
    fn run(&mut self, columns: &[Column], to: i64) {
        let mut places = vec![0; columns.len()];
        let mut scores = vec![f64::NAN; self.families.iter().max().map_or(0, |most| most + 1)];
        // Without habits a day is judged: the gross errors of days ago are of no use.
        let early_from = to - 86_400;
        while self.next + STEP_SECS <= to {
            let secs = self.next;
            self.next += STEP_SECS;
            let at = At { secs, slot: slot_of(self.steps, &self.zone, secs) };
            scores.fill(f64::NAN);
            let mut seen = false;
            let all = self.series.iter_mut().zip(&self.families).zip(columns).zip(&mut places);
            for (((watched, family), column), place) in all {
                while column.points.get(*place).is_some_and(|point| point.secs < secs) {
                    *place += 1;
                }
                let point = column.points.get(*place).filter(|point| point.secs == secs);
                let Some(point) = point else { continue };
                seen = true;
                let score = column.scores.get(*place).copied().flatten();
                if score.is_none() && (watched.is_warm() || secs < early_from) {
                    continue;
                }
                let z = watched.step(at, point.mean, score);
                if let Some(most) = scores.get_mut(*family) {
                    *most = most.max(z);
                }
            }
            if seen {
                self.note_seen(secs);
            }
            let together = self.fusion.push(&scores);
            if let Some(severity) = together.and_then(|z| self.gates.push(at.slot, z)) {
                self.note_incident(secs, severity);
            }
        }
        let oldest = self.next - FINDINGS_KEPT_SECS;
        self.series.iter_mut().for_each(|watched| watched.forget(self.next));
        self.gaps.retain(|gap| gap.to > oldest);
        self.incidents.retain(|incident| incident.until > oldest);
    }

    fn note_seen(&mut self, secs: i64) {
        if let Some(seen) = self.seen
            && secs - seen >= GAP_STEPS * STEP_SECS
        {
            keep(&mut self.gaps, Span { from: seen, to: secs });
        }
        self.seen = Some(secs + STEP_SECS);
    }

    fn note_incident(&mut self, secs: i64, severity: Severity) {
        let until = secs + STEP_SECS;
        match self.incidents.back_mut() {
            Some(last) if secs - last.until <= JOIN_SECS => {
                last.until = until;
                last.severity = last.severity.max(severity);
            }
            // The gates tell of it two steps late.
            _ => {
                let since = secs - 2 * STEP_SECS;
                keep(&mut self.incidents, Incident { since, until, severity });
            }
        }
    }

    /// What is unusual, up to the last step.
    pub(super) fn anomalies(&self) -> Anomalies {
        let now = self.next;
        let lasting = |finding: &Finding| {
            let lasts = now - finding.until <= LASTS_SECS;
            Finding { lasts, ..finding.clone() }
        };
        let mut gaps: Vec<Span> = self.gaps.iter().copied().collect();
        if let Some(from) = self.seen.filter(|seen| now - seen >= GAP_STEPS * STEP_SECS) {
            gaps.push(Span { from, to: now });
        }
        let warm = || self.series.iter().filter(|watched| watched.is_warm());
        let cold = self.series.iter().filter(|watched| !watched.is_warm());
        let cold = cold.map(|watched| Cold {
            series: watched.series.clone(),
            history_secs: watched.history_secs(now),
        });
        Anomalies {
            findings: self.series.iter().flat_map(|it| &it.findings).map(lasting).collect(),
            incidents: self.incidents.iter().copied().collect(),
            moments: warm()
                .map(|it| (it.series.clone(), it.moments.iter().copied().collect()))
                .collect(),
            cold: cold.collect(),
            gaps,
            judged: Some(Span { from: now - FINDINGS_KEPT_SECS, to: now }),
        }
    }
}

/// Adds to a list that has a bound.
fn keep<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == SPANS_MAX {
        list.pop_front();
    }
    list.push_back(item);
}

/// Where a second stands in the days of a place.
pub(super) fn slot_of(steps: Steps, zone: &TimeZone, secs: i64) -> Slot {
    let offset = Timestamp::from_second(secs).map_or(0, |at| zone.to_offset(at).seconds());
    steps.at(secs.saturating_add(i64::from(offset)))
}
