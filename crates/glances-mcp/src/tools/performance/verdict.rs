//! From the values of two sides to a verdict: of a series, of a server, of a group of servers. Pure.

use std::collections::BTreeMap;

use analytics::{
    Better, Comparison, Confidence, Terms, Untestable, Verdict, Windows, compare_days,
    compare_windows, median,
};

use super::plan::{Baseline, Plan};
use crate::{
    metric::{Metric, Worse},
    model::{HostName, SeriesName},
};

/// Metrics that the catalogue gives no weight count like one in the middle.
const WEIGHT_UNSET: f64 = 5.0;
/// Load that grows with the traffic is no worse machine: so much of the relative shift has to be
/// that of the traffic.
const TRAFFIC_SHARE: f64 = 0.5;
/// What does more with more traffic.
const FOLLOW_TRAFFIC: &[&str] = &["cpu.total", "load.min5"];
/// Baseline days from which on a verdict is sure.
const DAYS_SURE: usize = 5;
/// Days on which the rhythm of a time of day rests at least.
const RHYTHM_DAYS_MIN: usize = 3;
/// Share of the servers of a group that have to agree for a word about all.
const GROUP_SHARE: f64 = 0.2;
/// In a group of so many one server alone is none of all.
const GROUP_LARGE: usize = 4;
/// How many times as many servers have to go one way as the other.
const GROUP_FACTOR: usize = 2;
/// Fewest servers for a sign test, and its limit: p < 0.01.
const SIGN_SERVERS: usize = 10;
const SIGN_Z: f64 = 2.58;
/// A shift of all that is too small to be anybody's business.
const SIGN_SHIFT_MIN: f64 = 0.05;

/// The values of one series: the time asked about, and what it is compared with.
pub(super) struct Sides {
    pub(super) host: HostName,
    /// A series, or [`TRAFFIC`].
    pub(super) series: SeriesName,
    pub(super) after: Vec<f64>,
    /// The other window, or the one just before.
    pub(super) before: Vec<f64>,
    /// The same hours of other days, best first: weeks, days of its kind, all days.
    pub(super) days: Vec<Vec<Vec<f64>>>,
    /// Before and after on earlier days.
    pub(super) rhythm: Vec<Vec<f64>>,
}

/// All that goes over the network of a server, as if it were a series.
pub(super) const TRAFFIC: &str = "traffic";

/// What happened to one series.
pub(super) struct Moved {
    pub(super) host: HostName,
    pub(super) series: SeriesName,
    pub(super) metric: Option<&'static Metric>,
    pub(super) comparison: Comparison,
    pub(super) before: f64,
    pub(super) after: f64,
    /// Like the traffic, so neither better nor worse.
    pub(super) with_traffic: bool,
    pub(super) how: How,
}

/// How a series was compared, surest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Two windows as they are.
    Windows,
    /// Two windows less what is usual at their times of day.
    Rhythm,
    /// So many days.
    Days(usize),
}

impl How {
    pub(super) const fn confidence(self) -> Confidence {
        match self {
            Self::Windows => Confidence::Low,
            Self::Rhythm => Confidence::Medium,
            Self::Days(days) if days < DAYS_SURE => Confidence::Medium,
            Self::Days(_) => Confidence::High,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Windows => "two windows".to_owned(),
            Self::Rhythm => "two windows less the usual of their times of day".to_owned(),
            Self::Days(days) => format!("same hours of {days} days"),
        }
    }
}

/// Compares all series of all servers.
pub(super) fn compare(plan: &Plan, sides: Vec<Sides>) -> Vec<Moved> {
    let mut moved = Vec::with_capacity(sides.len());
    let mut windows: Vec<(Sides, Vec<f64>, Vec<f64>, How)> = Vec::new();
    for sides in sides {
        let metric = crate::metric::of_series(&sides.series);
        if let (Baseline::Days, Some(days)) = (plan.baseline, enough(&sides.days)) {
            let slices: Vec<&[f64]> = days.iter().map(Vec::as_slice).collect();
            let comparison = compare_days(&slices, &sides.after, &terms(metric));
            let all: Vec<f64> = days.concat();
            let how = How::Days(days.len());
            moved.extend(Moved::of(&sides, metric, comparison, &all, how));
            continue;
        }
        let (before, after, how) = match without_rhythm(&sides) {
            Some((before, after)) => (before, after, How::Rhythm),
            None => (sides.before.clone(), sides.after.clone(), How::Windows),
        };
        windows.push((sides, before, after, how));
    }
    let all: Vec<Windows<'_>> = windows
        .iter()
        .map(|(sides, before, after, _)| {
            let terms = terms(crate::metric::of_series(&sides.series));
            Windows { before, after, terms }
        })
        .collect();
    // The p-values of one question are adjusted together.
    let compared = compare_windows(&all);
    for ((sides, .., how), comparison) in windows.iter().zip(compared) {
        let metric = crate::metric::of_series(&sides.series);
        moved.extend(Moved::of(sides, metric, comparison, &sides.before, *how));
    }
    moved
}

impl Moved {
    /// `None` for a series without a value on either side.
    fn of(
        sides: &Sides,
        metric: Option<&'static Metric>,
        comparison: Comparison,
        before: &[f64],
        how: How,
    ) -> Option<Self> {
        Some(Self {
            host: sides.host.clone(),
            series: sides.series.clone(),
            metric,
            comparison,
            before: median(before)?,
            after: median(&sides.after)?,
            with_traffic: false,
            how,
        })
    }

    pub(super) fn weight(&self) -> f64 {
        match self.metric.map_or(0, |metric| metric.weight) {
            0 => WEIGHT_UNSET,
            weight => f64::from(weight),
        }
    }

    /// Cliff's delta, -1 to 1.
    pub(super) fn effect(&self) -> f64 {
        self.comparison.delta.unwrap_or(0.0)
    }

    /// What it adds to the side of the better (positive) or of the worse.
    pub(super) fn vote(&self) -> f64 {
        let size = self.weight() * self.effect().abs();
        match self.comparison.verdict {
            Verdict::Better if !self.with_traffic => size,
            Verdict::Worse if !self.with_traffic => -size,
            _ => 0.0,
        }
    }

    pub(super) fn is_told(&self) -> bool {
        !matches!(self.comparison.verdict, Verdict::NotTestable(_))
    }

    pub(super) fn has_moved(&self) -> bool {
        matches!(self.comparison.verdict, Verdict::Better | Verdict::Worse | Verdict::Changed)
    }
}

fn terms(metric: Option<&Metric>) -> Terms {
    let better = match metric.map_or(Worse::Neither, |metric| metric.worse) {
        Worse::High => Better::Lower,
        Worse::Low => Better::Higher,
        Worse::Neither => Better::Neither,
    };
    // Traffic is in bytes a second.
    let floor = metric.map_or(crate::metric::Unit::BytesPerSecond.floor(), |it| it.unit.floor());
    Terms { better, floor, seed: 1 }
}

/// The first kind of days of which there are enough.
fn enough(kinds: &[Vec<Vec<f64>>]) -> Option<Vec<Vec<f64>>> {
    const DAYS_MIN: usize = 3;
    const VALUES_MIN: usize = 30;
    let known =
        |day: &&Vec<f64>| day.iter().filter(|value| value.is_finite()).count() >= VALUES_MIN;
    kinds
        .iter()
        .map(|days| days.iter().filter(known).cloned().collect::<Vec<_>>())
        .find(|days| days.len() >= DAYS_MIN)
}

/// Both windows less what is usual at their time of day, moved to the level of the one before.
/// `None` where too few days say what is usual.
fn without_rhythm(sides: &Sides) -> Option<(Vec<f64>, Vec<f64>)> {
    let length = sides.before.len() + sides.after.len();
    let known =
        |day: &&Vec<f64>| day.iter().filter(|value| value.is_finite()).count() * 2 >= length.max(1);
    let days: Vec<&Vec<f64>> = sides.rhythm.iter().filter(known).collect();
    (days.len() >= RHYTHM_DAYS_MIN).then_some(())?;
    let slots = days.iter().map(|day| day.len()).max()?;
    let usual_at = |slot: usize| {
        let values: Vec<f64> = days.iter().filter_map(|day| day.get(slot)).copied().collect();
        median(&values).unwrap_or(f64::NAN)
    };
    let usual: Vec<f64> = (0..slots).map(usual_at).collect();
    // The rhythm has steps of its own, and may have one more where the change lies.
    let share = |at: usize, of: usize, from: usize, to: usize| from + at * (to - from) / of.max(1);
    let half = slots / 2;
    let level = median(usual.get(..half)?)?;
    let less = |values: &[f64], from: usize, to: usize| -> Vec<f64> {
        let slots = (0..values.len()).map(|at| share(at, values.len(), from, to));
        let usual = slots.map(|slot| usual.get(slot).copied().unwrap_or(f64::NAN));
        values.iter().zip(usual).map(|(value, usual)| value - usual + level).collect()
    };
    Some((less(&sides.before, 0, half), less(&sides.after, slots - half, slots)))
}

/// A word about a server or a group.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Word {
    Worse,
    Mixed,
    Better,
    CannotTell,
    Unchanged,
}

impl Word {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Mixed => "better and worse",
            Self::Better => "better",
            Self::CannotTell => "not to be told",
            Self::Unchanged => "unchanged",
        }
    }
}

/// A server and all its series, those that count most first.
pub(super) struct Server {
    pub(super) host: HostName,
    pub(super) word: Word,
    /// 50 as before, 0 all worse, 100 all better; `None` when nothing can be told.
    pub(super) score: Option<f64>,
    pub(super) moved: Vec<Moved>,
}

impl Server {
    pub(super) fn of(host: HostName, mut moved: Vec<Moved>) -> Self {
        let share = |series: &str, of: &[Moved]| {
            let found = of.iter().find(|it| &*it.series == series && it.has_moved());
            found.and_then(|it| it.comparison.shift_share)
        };
        let traffic = share(TRAFFIC, &moved);
        for one in &mut moved {
            let path = one.metric.map_or("", |metric| metric.path);
            let own = one.comparison.shift_share;
            one.with_traffic = FOLLOW_TRAFFIC.contains(&path)
                && own.zip(traffic).is_some_and(|(own, traffic)| {
                    own * traffic > 0.0 && traffic.abs() >= TRAFFIC_SHARE * own.abs()
                });
        }
        let told = moved.iter().filter(|it| it.is_told() && it.metric.is_some());
        let all: f64 = told.map(Moved::weight).sum();
        let votes: f64 = moved.iter().map(Moved::vote).sum();
        let word = match () {
            () if all == 0.0 => Word::CannotTell,
            () if votes < 0.0 => Word::Worse,
            () if votes > 0.0 => Word::Better,
            () => Word::Unchanged,
        };
        let score = (all > 0.0).then(|| (50.0 + 50.0 * votes / all).clamp(0.0, 100.0));
        let counts = |it: &Moved| (it.vote().abs(), it.has_moved(), it.weight());
        moved.sort_by(|a, b| {
            let (a, b) = (counts(a), counts(b));
            b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(b.2.total_cmp(&a.2))
        });
        Self { host, word, score, moved }
    }

    /// Why nothing can be told of it.
    pub(super) fn reason(&self) -> String {
        let untestable = self.moved.iter().find_map(|it| match it.comparison.verdict {
            Verdict::NotTestable(reason) => Some(reason),
            _ => None,
        });
        match untestable {
            None => "no samples on both sides".to_owned(),
            Some(Untestable::Values { have, need }) => {
                format!("{have} values on the thinner side, {need} are needed")
            }
            Some(Untestable::Days { have, need }) => {
                format!("{have} days of history, {need} are needed")
            }
            Some(Untestable::DaysDiffer) => {
                "its days differ so much that a doubling could not be told".to_owned()
            }
        }
    }
}

/// How many servers of a group went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) worse: usize,
    pub(super) better: usize,
    pub(super) unchanged: usize,
    pub(super) cannot_tell: usize,
}

impl Counts {
    pub(super) fn of<'a>(servers: impl Iterator<Item = &'a Server>) -> Self {
        let mut counts = Self::default();
        for server in servers {
            *match server.word {
                Word::Worse => &mut counts.worse,
                Word::Better => &mut counts.better,
                Word::Unchanged | Word::Mixed => &mut counts.unchanged,
                Word::CannotTell => &mut counts.cannot_tell,
            } += 1;
        }
        counts
    }

    pub(super) const fn told(&self) -> usize {
        self.worse + self.better + self.unchanged
    }

    /// A word about all of them; `common` is the way in which all went a little.
    pub(super) fn word(&self, common: Option<Word>) -> Word {
        #[expect(clippy::cast_precision_loss, reason = "servers")]
        let many = |count: usize| {
            let least = if self.told() >= GROUP_LARGE { 2 } else { 1 };
            count >= least && count as f64 >= GROUP_SHARE * self.told() as f64
        };
        match () {
            () if self.told() <= self.cannot_tell => Word::CannotTell,
            () if many(self.worse) && self.worse >= GROUP_FACTOR * self.better => Word::Worse,
            () if many(self.better) && self.better >= GROUP_FACTOR * self.worse => Word::Better,
            () if many(self.worse) || many(self.better) => Word::Mixed,
            () => common.unwrap_or(Word::Unchanged),
        }
    }
}

/// A metric that went one way on most servers of a group.
pub(super) struct Common {
    pub(super) metric: &'static Metric,
    pub(super) servers: usize,
    pub(super) of: usize,
    /// Median of the relative shifts.
    pub(super) share: f64,
}

impl Common {
    pub(super) fn word(&self) -> Option<Word> {
        match (self.metric.worse, self.share > 0.0) {
            (Worse::High, true) | (Worse::Low, false) => Some(Word::Worse),
            (Worse::High, false) | (Worse::Low, true) => Some(Word::Better),
            (Worse::Neither, _) => None,
        }
    }
}

/// What shifted on most servers, however little on each: a sign test over the servers.
pub(super) fn common<'a>(servers: impl Iterator<Item = &'a Server>) -> Vec<Common> {
    let mut shares: BTreeMap<&str, (&'static Metric, Vec<f64>)> = BTreeMap::new();
    for moved in servers.flat_map(|server| &server.moved).filter(|it| !it.with_traffic) {
        let (Some(metric), Some(share)) = (moved.metric, moved.comparison.shift_share) else {
            continue;
        };
        // An item of a server is not a sample of its own.
        if moved.is_told() && &*moved.series == metric.path {
            shares.entry(metric.path).or_insert((metric, Vec::new())).1.push(share);
        }
    }
    let of = |(metric, shares): (&'static Metric, Vec<f64>)| {
        let share = median(&shares)?;
        let with = shares.iter().filter(|it| **it * share > 0.0).count();
        #[expect(clippy::cast_precision_loss, reason = "servers")]
        let (k, n) = (with as f64, shares.len() as f64);
        let z = ((k - n / 2.0).abs() - 0.5) / (n / 4.0).sqrt();
        let sure = shares.len() >= SIGN_SERVERS && z >= SIGN_Z && share.abs() >= SIGN_SHIFT_MIN;
        sure.then_some(Common { metric, servers: with, of: shares.len(), share })
    };
    shares.into_values().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Span;

    fn wave(level: f64, seed: usize) -> Vec<f64> {
        (0..40).map(|at| level + ((at * 7 + seed * 3) % 11) as f64 * 0.1).collect()
    }

    fn sides(series: &str, before: f64, after: f64) -> Sides {
        Sides {
            host: HostName::parse("web-1").unwrap(),
            series: series.into(),
            after: wave(after, 9),
            before: wave(before, 1),
            days: vec![(0..5).map(|day| wave(before, day)).collect()],
            rhythm: Vec::new(),
        }
    }

    fn plan(baseline: Baseline) -> Plan {
        Plan { after: Span { from: 12_000, to: 24_000 }, baseline, step: 300 }
    }

    fn server(baseline: Baseline, sides: Vec<Sides>) -> Server {
        Server::of(HostName::parse("web-1").unwrap(), compare(&plan(baseline), sides))
    }

    const WINDOW: Baseline =
        Baseline::Window { before: Span { from: 0, to: 12_000 }, rhythm: true };

    #[test]
    fn a_processor_that_doubles_is_worse_and_one_that_stays_is_unchanged() {
        for baseline in [Baseline::Days, WINDOW] {
            let worse = server(baseline, vec![sides("cpu.total", 30.0, 60.0)]);
            assert_eq!(worse.word, Word::Worse);
            assert_eq!(worse.score, Some(0.0));
            assert_eq!((worse.moved[0].before.round(), worse.moved[0].after.round()), (31.0, 61.0));
            let same = server(baseline, vec![sides("cpu.total", 30.0, 30.0)]);
            assert_eq!((same.word, same.score), (Word::Unchanged, Some(50.0)));
        }
    }

    #[test]
    fn more_work_with_more_traffic_is_not_worse() {
        let busy = || sides("cpu.total", 30.0, 60.0);
        let traffic = sides(TRAFFIC, 1e6, 2e6);
        assert_eq!(server(Baseline::Days, vec![busy(), traffic]).word, Word::Unchanged);
        let same = sides(TRAFFIC, 1e6, 1e6);
        assert_eq!(server(Baseline::Days, vec![busy(), same]).word, Word::Worse);
    }

    #[test]
    fn a_morning_that_is_busy_every_day_is_not_worse() {
        let mut morning = sides("cpu.total", 30.0, 60.0);
        let day = |seed| [wave(30.0, seed), wave(60.0, seed)].concat();
        morning.rhythm = (0..4).map(day).collect();
        let told = server(WINDOW, vec![morning]);
        assert_eq!(told.word, Word::Unchanged);
        assert_eq!(told.moved[0].how, How::Rhythm);
    }

    #[test]
    fn without_history_nothing_is_told_and_the_reason_is() {
        let mut new = sides("cpu.total", 30.0, 60.0);
        new.before = vec![f64::NAN; 40];
        new.before[..5].fill(30.0);
        let told = server(WINDOW, vec![new]);
        assert_eq!((told.word, told.score), (Word::CannotTell, None));
        assert_eq!(told.reason(), "5 values on the thinner side, 30 are needed");
    }

    #[test]
    fn a_group_is_worse_when_enough_of_it_is() {
        let word = |worse, better, unchanged, cannot_tell| {
            Counts { worse, better, unchanged, cannot_tell }.word(None)
        };
        assert_eq!(word(3, 0, 7, 0), Word::Worse);
        assert_eq!(word(1, 0, 9, 0), Word::Unchanged);
        assert_eq!(word(3, 2, 5, 0), Word::Mixed);
        assert_eq!((word(1, 0, 3, 0), word(1, 0, 2, 0)), (Word::Unchanged, Word::Worse));
        assert_eq!(word(0, 2, 1, 1), Word::Better);
        assert_eq!(word(1, 0, 0, 5), Word::CannotTell);
    }

    #[test]
    fn what_shifts_a_little_on_all_is_seen_over_all() {
        let one = |at: usize| {
            let name = HostName::parse(&format!("web-{at}")).unwrap();
            let moved = compare(&plan(Baseline::Days), vec![sides("cpu.total", 8.0, 8.7)]);
            Server::of(name, moved)
        };
        let servers: Vec<Server> = (0..12).map(one).collect();
        assert!(servers.iter().all(|it| it.word == Word::Unchanged), "below the floor of a point");
        let common = common(servers.iter());
        assert_eq!((common[0].metric.path, common[0].servers), ("cpu.total", 12));
        assert_eq!(common[0].word(), Some(Word::Worse));
    }
}
