//! The habits of one series: what is expected of its next step, and its unusual stretches. Pure.

use std::collections::VecDeque;

use analytics::{
    Cold as Start, Confidence, Detector, Judge, MOfN, Rhythm, Sample, Score, Settings, Severity,
    Size, Slot, Steps, cold_start, early_z, is_sizeable, median, quantile,
};

use super::finding::{FINDINGS_KEPT_SECS, Finding, Kind, Moment};
use crate::{
    metric::{Metric, Unit},
    model::SeriesName,
    store::Point,
};

/// Deviations up to which a value is usual: from there on `analytics` annotates.
pub(super) const USUAL_DEVIATIONS: f64 = 4.0;
/// Stretches less far apart than this are one: a job that pauses is one job.
pub(super) const JOIN_SECS: i64 = 1_800;
/// A stretch is over when the series is back for so many steps …
const BACK_GATE: (u32, u32) = (3, 3);
/// … within so long; a longer one is what is usual by then.
const BACK_SECS: i64 = 2 * 86_400;
/// For so long predictions still hold what is over: the longest memory of a predictor.
pub(super) const ECHO_SECS: i64 = 3 * 3_600;
/// Stretches of one series that are kept: more are a series that has no habits.
const FINDINGS_MAX: usize = 40;
/// Steps whose moments are kept: the last hour.
const MOMENTS: usize = 12;
/// Values that stand for the level of a series that has just been met.
const EARLY_VALUES_MAX: usize = 288;
/// Of which the last hours say what is expected.
const EARLY_LEVEL_VALUES: usize = 36;
/// A gross error of a new series is one when two of three steps have it.
const EARLY_GATE: (u32, u32) = (2, 3);
/// A habit is what the gates would have let through, had it not come before.
const HABIT_GATE: (u32, u32) = (3, 5);
/// Days in which both kinds of weekday occur; of fewer, a weekend is unusual.
const DAYS_SURE: f64 = 14.0;
/// What lies between these quantiles of two weeks is usual at some time.
const USUAL_QUANTILES: (f64, f64) = (0.05, 0.95);

const DAY: f64 = 86_400.0;

/// A step in both calendars.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) secs: i64,
    pub(super) slot: Slot,
}

/// Unusual steps after each other.
#[derive(Clone, Copy)]
struct Run {
    begin: i64,
    last: i64,
    /// What was expected when it began: a level follows what it is to be told from.
    expected: f64,
}

/// One series and its habits.
pub(super) struct Watched {
    pub(super) series: SeriesName,
    pub(super) metric: &'static Metric,
    steps: Steps,
    detector: Option<Detector>,
    gates: Judge,
    habit: MOfN,
    early: MOfN,
    /// Of a series without habits: its last values.
    recent: VecDeque<f64>,
    /// What is usual at some time of the day.
    range: Option<(f64, f64)>,
    first_secs: Option<i64>,
    /// Its last step.
    seen: Option<i64>,
    /// The present run of unusual steps.
    run: Option<Run>,
    /// Of the last finding: steps on this side of what was usual, and whether that ended it.
    inside: MOfN,
    back: bool,
    pub(super) findings: VecDeque<Finding>,
    pub(super) moments: VecDeque<Moment>,
}

/// Two gates of numbers that are known to be valid.
fn gate((m, n): (u32, u32)) -> Option<MOfN> {
    MOfN::new(m, n)
}

impl Watched {
    /// Learns a series; answers with the scores of its points. `None` for a series that is not
    /// judged.
    pub(super) fn learn(
        series: SeriesName,
        points: &[Point],
        steps: Steps,
        slot: impl Fn(i64) -> Slot,
    ) -> Option<(Self, Vec<Option<Score>>)> {
        let metric = crate::metric::of_series(&series).filter(|metric| metric.judged)?;
        let sample = |point: &Point| Sample { slot: slot(point.secs), value: point.mean };
        let samples: Vec<Sample> = points.iter().map(sample).collect();
        let settings = Settings { unit_floor: metric.unit.floor(), ..Settings::default() };
        let (scores, detector) = Detector::study(&samples, steps, &settings);
        let per_fortnight = steps.per_day() * 14;
        let recent: Vec<f64> =
            points.iter().rev().take(per_fortnight).map(|point| point.mean).collect();
        let (low, high) = USUAL_QUANTILES;
        let watched = Self {
            series,
            metric,
            steps,
            detector,
            gates: Judge::new(steps),
            habit: gate(HABIT_GATE)?,
            early: gate(EARLY_GATE)?,
            recent: VecDeque::new(),
            range: quantile(&recent, low).zip(quantile(&recent, high)),
            first_secs: points.first().map(|point| point.secs),
            seen: None,
            run: None,
            inside: gate(BACK_GATE)?,
            back: true,
            findings: VecDeque::new(),
            moments: VecDeque::new(),
        };
        Some((watched, scores))
    }

    /// Whether its habits are known.
    pub(super) fn is_warm(&self) -> bool {
        self.detector.is_some()
    }

    /// Seconds of history at a time.
    pub(super) fn history_secs(&self, now: i64) -> i64 {
        self.first_secs.map_or(0, |first| now.saturating_sub(first)).max(0)
    }

    /// The score of its next step.
    pub(super) fn score(&mut self, at: At, value: f64) -> Option<Score> {
        self.detector.as_mut()?.push(Sample { slot: at.slot, value })
    }

    /// Takes a step and its score; answers with the score as it counts for the server, NaN for none.
    pub(super) fn step(&mut self, at: At, value: f64, score: Option<Score>) -> f64 {
        self.first_secs.get_or_insert(at.secs);
        self.note_back(at, value);
        let Some(score) = score else {
            self.step_early(at, value);
            return f64::NAN;
        };
        let Score { expected, scale, .. } = score;
        // What is too small to matter is no news, however improbable.
        let mut z = if self.is_sizeable(value, expected) { score.z } else { 0.0 };
        if z >= USUAL_DEVIATIONS && self.is_echo(at, value, score) {
            z = 0.0;
        } else {
            if self.moments.len() == MOMENTS {
                self.moments.pop_front();
            }
            self.moments.push_back(Moment { secs: at.secs, value, expected, scale });
        }
        self.note_run(at, expected, z >= USUAL_DEVIATIONS);
        let severity = self.gates.push(at.slot, z);
        let repeated = self.habit.push(z >= USUAL_DEVIATIONS) && severity.is_none();
        if let Some(severity) = severity.or(repeated.then_some(Severity::Info)) {
            let days_alike = self.gates.days_alike(at.slot);
            self.note(at, value, Score { z, ..score }, severity, (days_alike, repeated));
        }
        z
    }

    /// The same without habits: only gross errors.
    fn step_early(&mut self, at: At, value: f64) {
        if self.is_warm() {
            return;
        }
        let history = u64::try_from(self.history_secs(at.secs)).unwrap_or(0);
        let recent = self.recent.make_contiguous();
        let z = early_z(recent, value, self.steps, self.metric.unit.floor());
        let level = recent.len().saturating_sub(EARLY_LEVEL_VALUES);
        let expected = recent.get(level..).and_then(median);
        if let (Start::Level { z_min }, Some(z), Some(expected)) =
            (cold_start(history), z, expected)
        {
            let gross = z >= z_min && self.is_sizeable(value, expected);
            self.note_run(at, expected, gross);
            if self.early.push(gross) {
                let scale = (value - expected).abs() / z;
                let score = Score { z, expected, scale };
                self.note(at, value, score, Severity::Warning, (0, false));
            }
        }
        if self.recent.len() == EARLY_VALUES_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(value);
    }

    /// Whether the series is back on this side of what was usual when it was last unusual; predictors
    /// take what stays for the level long before. What is usual at another time is never beyond.
    fn note_back(&mut self, at: At, value: f64) {
        let (step, seen) = (self.step_secs(), self.seen.replace(at.secs));
        let open = |it: &&mut Finding| !self.back && it.kind == Kind::Spike;
        let Some(last) = self.findings.back_mut().filter(open) else { return };
        // What it was while nobody looked is not known, so that it ends where it was seen last.
        if let Some(seen) = seen.filter(|seen| at.secs - seen > JOIN_SECS) {
            (last.until, self.back) = (last.until.max(seen + step), true);
            return;
        }
        let beyond =
            if last.value > last.expected { value > last.usual.1 } else { value < last.usual.0 };
        if self.inside.push(!beyond) {
            let first = at.secs - 2 * step;
            (last.until, self.back) = (last.until.max(first), true);
        }
        self.back |= at.secs - last.since > BACK_SECS;
    }

    /// Whether a value is only unexpected because the unusual was expected to go on.
    fn is_echo(&self, at: At, value: f64, score: Score) -> bool {
        let expected = score.expected;
        let within = |(low, high): (f64, f64), value: f64| low <= value && value <= high;
        let usual = self.range.is_some_and(|it| within(it, value) && !within(it, expected));
        let last = self.findings.back().filter(|it| at.secs - it.until <= ECHO_SECS);
        let other_side = |it: &Finding| (it.value - it.expected) * (value - expected) < 0.0;
        let is_over = last.is_some_and(|it| other_side(it) && within(it.usual, value));
        // A run too short to be told leaves an echo too.
        let returned = |run: &Run| (value - run.expected).abs() < USUAL_DEVIATIONS * score.scale;
        usual || is_over || self.followed(at).is_some_and(|run| returned(&run))
    }

    /// The present run, where the prediction follows the level and so the run itself.
    fn followed(&self, at: At) -> Option<Run> {
        let follows = self.detector.as_ref().is_none_or(|it| it.rhythm() == Rhythm::Level);
        self.run.filter(|run| follows && self.goes_on(run, at))
    }

    /// Whether a run goes on: the gates look at so many steps.
    fn goes_on(&self, run: &Run, at: At) -> bool {
        let (_, longest) = HABIT_GATE;
        at.secs - run.last <= self.step_secs() * i64::from(longest)
    }

    fn is_sizeable(&self, value: f64, expected: f64) -> bool {
        let size = if self.metric.unit == Unit::Percent { Size::Points } else { Size::Share };
        is_sizeable(value, expected, size)
    }

    fn step_secs(&self) -> i64 {
        i64::from(self.steps.secs())
    }

    /// Keeps when a run of unusual steps began: the gates tell of it some steps later.
    fn note_run(&mut self, at: At, expected: f64, unusual: bool) {
        self.run = self.run.filter(|run| self.goes_on(run, at));
        if unusual {
            let new = Run { begin: at.secs, last: at.secs, expected };
            self.run = Some(self.run.map_or(new, |run| Run { last: at.secs, ..run }));
        }
    }

    /// A score from what was expected when the run began.
    fn since_begin(&self, at: At, value: f64, score: Score) -> Score {
        match self.followed(at) {
            Some(Run { expected, .. }) => {
                let z = (value - expected).abs() / score.scale;
                Score { z: z.max(score.z), expected, ..score }
            }
            None => score,
        }
    }

    fn note(
        &mut self,
        at: At,
        value: f64,
        score: Score,
        severity: Severity,
        (days_alike, habit): (usize, bool),
    ) {
        let until = at.secs + self.step_secs();
        let score = self.since_begin(at, value, score);
        if let Some(last) = self.findings.back_mut()
            && at.secs - last.until <= JOIN_SECS
            && (value > score.expected) == (last.value > last.expected)
        {
            last.until = until;
            last.severity = last.severity.max(severity);
            last.habit &= habit;
            if score.z <= last.score {
                return;
            }
        } else {
            self.back = false;
            self.inside.clear();
            if self.findings.len() == FINDINGS_MAX {
                self.findings.pop_front();
            }
            #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
            let history_days = self.history_secs(at.secs) as f64 / DAY;
            self.findings.push_back(Finding {
                series: self.series.clone(),
                kind: Kind::Spike,
                severity,
                since: self.run.map_or(at.secs, |run| run.begin),
                until,
                lasts: false,
                value,
                expected: score.expected,
                usual: (score.expected, score.expected),
                score: score.z,
                days_alike,
                habit,
                per_hour: None,
                method: self.method(),
                history_days,
                confidence: self.confidence(history_days),
            });
        }
        let (kind, usual) = (self.kind(value), self.usual(score));
        if let Some(last) = self.findings.back_mut() {
            (last.kind, last.usual, last.score) = (kind, usual, score.z);
            (last.value, last.expected) = (value, score.expected);
            last.days_alike = last.days_alike.max(days_alike);
        }
    }

    /// A value that is usual at another time breaks the rhythm; any other is a spike.
    fn kind(&self, value: f64) -> Kind {
        let rhythm = self.detector.as_ref().map(Detector::rhythm);
        let usual = self.range.is_some_and(|(low, high)| low <= value && value <= high);
        match rhythm {
            Some(Rhythm::Daily | Rhythm::Weekly) if usual => Kind::SeasonalityBreak,
            _ => Kind::Spike,
        }
    }

    /// What is usual where this is expected.
    pub(super) fn usual(&self, score: Score) -> (f64, f64) {
        let reach = USUAL_DEVIATIONS * score.scale;
        let most = self.metric.unit.most();
        ((score.expected - reach).max(0.0), (score.expected + reach).min(most))
    }

    fn method(&self) -> &'static str {
        match self.detector.as_ref().map(Detector::rhythm) {
            Some(Rhythm::Weekly) => "hour of the week",
            Some(Rhythm::Daily) => "hour of the day",
            Some(Rhythm::Level) => "recent level",
            None => "first days",
        }
    }

    fn confidence(&self, history_days: f64) -> Confidence {
        match (self.is_warm(), history_days >= DAYS_SURE) {
            (false, _) => Confidence::Low,
            (true, false) => Confidence::Medium,
            (true, true) => Confidence::High,
        }
    }

    /// Forgets what is too old to be asked for from the judgement.
    pub(super) fn forget(&mut self, now: i64) {
        while self.findings.front().is_some_and(|it| it.until < now - FINDINGS_KEPT_SECS) {
            self.findings.pop_front();
        }
    }
}
