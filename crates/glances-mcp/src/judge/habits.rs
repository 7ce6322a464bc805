//! The habits of one server: all its series step by step, and what several of them do together.
//! Learned from weeks of 5-minute means, then told of each new step. Pure; never reads a clock.

use std::collections::{BTreeMap, VecDeque};

use analytics::{HostFusion, Judge, Score, Severity, Slot, Steps};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    finding::{Anomalies, Cold, FINDINGS_KEPT_SECS, Finding, Incident, Usual},
    watched::{At, ECHO_SECS, JOIN_SECS, Watched},
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
    /// In the order in which they were learned.
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

    /// Its series, in the order in which they were learned.
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
        let cold = self.series.iter().filter(|it| !it.is_warm() && it.history_secs(now) > 0);
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
            left_out: 0,
            gaps,
            judged: Some(Span { from: now - FINDINGS_KEPT_SECS, to: now }),
        }
    }
}

/// Where a series usually is, by the same habits. Predictors take what stays for the level: while it is
/// unusual, what counts is what the finding says, and nothing is said until they have forgotten it.
pub(super) fn usual(
    series: SeriesName,
    points: &[Point],
    span: Span,
    zone: &TimeZone,
) -> Option<Vec<Usual>> {
    let steps = Steps::new(u32::try_from(STEP_SECS).ok()?)?;
    let at = |secs| At { secs, slot: slot_of(steps, zone, secs) };
    let (mut watched, scores) = Watched::learn(series, points, steps, |secs| at(secs).slot)?;
    let mut predicted = Vec::new();
    for (point, score) in points.iter().zip(scores) {
        let Some(score) = score else { continue };
        watched.step(at(point.secs), point.mean, Some(score));
        let (low, high) = watched.usual(score);
        predicted.push((point.mean, Usual { secs: point.secs, low, high }));
    }
    let told = |(value, usual): (f64, Usual)| {
        let Usual { secs, low, high } = usual;
        let last = watched.findings.iter().rev().find(|it| it.since <= secs);
        match last.filter(|it| secs - it.until <= ECHO_SECS) {
            Some(last) if secs < last.until => {
                Some(Usual { secs, low: last.usual.0, high: last.usual.1 })
            }
            Some(_) if value < low || high < value => None,
            _ => Some(usual),
        }
    };
    let shown = predicted.into_iter().filter(|(_, it)| span.from <= it.secs && it.secs < span.to);
    Some(shown.filter_map(told).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::finding::Kind;

    const DAY: i64 = 86_400;
    /// A Monday.
    const BEGIN: i64 = 1_795_392_000;

    /// So many days of a processor with a job of 20 minutes at an hour of the clock.
    fn processor(days: i64, job: impl Fn(i64) -> f64) -> Vec<Point> {
        let steps = days * DAY / STEP_SECS;
        let value = |step: i64| 20.0 + (step * 7_919 % 13) as f64 * 0.1 + job(step * STEP_SECS);
        (0..steps).map(|step| Point::one(BEGIN + step * STEP_SECS, value(step))).collect()
    }

    fn learned(points: Vec<Point>, days: i64) -> Habits {
        let span = Span { from: BEGIN, to: BEGIN + days * DAY };
        Habits::learn(vec![("cpu.total".into(), points)], span, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn what_comes_step_by_step_is_judged_as_what_was_learned() {
        let busy = |secs: i64| {
            if (9 * DAY + 7_200..9 * DAY + 10_800).contains(&secs) { 50.0 } else { 0.0 }
        };
        let all = processor(10, busy);
        let whole = learned(all.clone(), 10).anomalies();
        let (before, after) = all.split_at((9 * DAY / STEP_SECS) as usize);
        let mut step_by_step = learned(before.to_vec(), 9);
        for (at, point) in after.iter().enumerate() {
            let to = BEGIN + 9 * DAY + (at as i64 + 1) * STEP_SECS;
            step_by_step.advance(vec![vec![*point]], to);
        }
        let told = step_by_step.anomalies();
        assert_eq!(told.findings.len(), 1, "{:?}", told.findings);
        let (one, other) = (&told.findings[0], &whole.findings[0]);
        assert_eq!((one.since, one.until), (other.since, other.until));
        // An hour from two o'clock on the tenth day.
        assert_eq!(one.since, BEGIN + 9 * DAY + 7_200);
        assert_eq!((one.until - one.since, one.kind), (3_600, Kind::Spike));
        assert!((one.value - 70.0).abs() < 2.0 && (one.expected - 20.0).abs() < 2.0, "{one:?}");
        assert!(!one.lasts && !one.habit);
    }

    #[test]
    fn what_is_back_after_a_single_step_is_no_news() {
        // A level that wanders and is followed; on the last day one step is far out, and is followed too.
        let wander = |secs: i64| {
            10.0 + 20.0 * (secs as f64 / (37.0 * 3_600.0) * std::f64::consts::TAU).sin()
        };
        let far = |secs: i64| if secs == 5 * DAY + 36_000 { 45.0 } else { 0.0 };
        let told = learned(processor(6, |secs| wander(secs) + far(secs)), 6).anomalies();
        assert_eq!(told.findings, []);
        assert!(!told.moments.is_empty(), "it is judged");
    }

    #[test]
    fn a_spike_ends_where_it_was_seen_last_when_nobody_looked_afterwards() {
        let begin = 9 * DAY + 36_000;
        let busy = |secs: i64| if (begin..begin + 900).contains(&secs) { 70.0 } else { 0.0 };
        let mut points = processor(10, busy);
        let away = BEGIN + begin + 900..BEGIN + begin + 900 + 3 * 3_600;
        points.retain(|point| !away.contains(&point.secs));
        let told = learned(points, 10).anomalies();
        let [finding] = &told.findings[..] else { panic!("{:?}", told.findings) };
        assert_eq!((finding.since, finding.until), (BEGIN + begin, away.start));
    }

    #[test]
    fn a_job_of_every_night_is_a_habit_and_moves_with_the_clocks_of_its_place() {
        let job = |secs: i64| if (7_200..8_400).contains(&(secs % DAY)) { 30.0 } else { 0.0 };
        let told = learned(processor(10, job), 10).anomalies();
        let late = told.findings.iter().filter(|it| it.since > BEGIN + 7 * DAY);
        assert!(late.clone().all(|it| it.habit), "{:?}", late.collect::<Vec<_>>());
        let steps = Steps::new(300).unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // Three in the morning by the clock, before and after it was put back.
        let summer = "2026-10-24T01:00:00Z".parse::<Timestamp>().unwrap().as_second();
        let winter = "2026-10-26T02:00:00Z".parse::<Timestamp>().unwrap().as_second();
        assert_eq!(slot_of(steps, &zone, summer).index, 36);
        assert_eq!(slot_of(steps, &zone, winter).index, 36);
    }

    #[test]
    fn what_is_usual_follows_the_hour_and_the_finding() {
        let job = |secs: i64| if (7_200..10_800).contains(&(secs % DAY)) { 50.0 } else { 0.0 };
        let points = processor(10, job);
        let day = Span { from: BEGIN + 9 * DAY, to: BEGIN + 10 * DAY };
        let all = usual("cpu.total".into(), &points, day, &TimeZone::UTC).unwrap();
        assert_eq!(all.len(), 288);
        let middle = |secs: i64| {
            let it = all.iter().find(|it| it.secs == day.from + secs).unwrap();
            assert!(0.0 <= it.low && it.low < it.high && it.high <= 100.0, "{it:?}");
            f64::midpoint(it.low, it.high)
        };
        assert!(
            middle(9_000) > 45.0 && middle(49_800) < 30.0,
            "{:?}",
            (middle(9_000), middle(49_800))
        );
        // While it is unusual, what was usual before counts.
        let busy = |secs: i64| {
            if (9 * DAY + 36_000..9 * DAY + 43_200).contains(&secs) { 70.0 } else { 0.0 }
        };
        let all = usual("cpu.total".into(), &processor(10, busy), day, &TimeZone::UTC).unwrap();
        let meanwhile = all.iter().filter(|it| (36_600..43_200).contains(&(it.secs - day.from)));
        assert_eq!(meanwhile.clone().count(), 22);
        assert!(meanwhile.clone().all(|it| it.high < 60.0), "{:?}", meanwhile.collect::<Vec<_>>());
        assert_eq!(usual("cpu.total".into(), &points[..10], day, &TimeZone::UTC), Some(vec![]));
        assert_eq!(usual("cpu.user".into(), &points, day, &TimeZone::UTC), None);
    }

    #[test]
    fn a_gap_is_told_and_no_value() {
        let mut points = processor(8, |_| 0.0);
        points.retain(|point| !(BEGIN + 7 * DAY..BEGIN + 7 * DAY + 7_200).contains(&point.secs));
        let told = learned(points, 8).anomalies();
        assert_eq!(told.findings, []);
        assert_eq!(told.gaps, [Span { from: BEGIN + 7 * DAY, to: BEGIN + 7 * DAY + 7_200 }]);
        let night = Span { from: BEGIN + 7 * DAY + 3_600, to: BEGIN + 8 * DAY };
        assert_eq!(told.gap_secs(night), 3_600);
    }

    #[test]
    fn without_three_days_a_series_is_cold() {
        let told = learned(processor(1, |_| 0.0), 1).anomalies();
        assert_eq!(told.moments, []);
        assert_eq!(told.cold[0].history_secs, DAY);
    }

    #[test]
    fn a_day_later_it_is_time_to_learn_anew() {
        let habits = learned(processor(5, |_| 0.0), 5);
        let names = habits.names();
        let now = BEGIN + 5 * DAY;
        assert!(!habits.is_old(&names, &TimeZone::UTC, now + 3_600));
        assert!(habits.is_old(&names, &TimeZone::UTC, now + DAY));
        assert!(!habits.is_old(&[], &TimeZone::UTC, now + 600), "once an hour at most");
        assert!(habits.is_old(&[], &TimeZone::UTC, now + 3_600));
    }
}
