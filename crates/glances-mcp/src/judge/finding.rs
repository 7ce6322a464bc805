//! What is said of a server's unusual moments, and of what could not be judged. Values only.

use analytics::{Confidence, Severity};

use crate::{model::SeriesName, store::Span};

/// For how long findings are kept at hand, seconds: a week of nights and a weekend.
pub const FINDINGS_KEPT_SECS: i64 = 7 * 86_400;

/// A shift is told a day after it came at the earliest, and some hours later by chance.
pub(super) const SHIFT_TOLD_SECS: i64 = 2 * 86_400;

/// What is unusual.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Kind {
    /// Values far from what was expected, for a while.
    Spike,
    /// The level changed and stayed.
    LevelShift,
    /// It grows or shrinks as it usually does not.
    TrendChange,
    /// A value that is usual, at a time at which it is not.
    SeasonalityBreak,
    /// It differs from its like, which do not.
    FleetOutlier,
}

impl Kind {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::LevelShift => "new level",
            Self::TrendChange => "unusual growth",
            Self::SeasonalityBreak => "value of another time of day",
            Self::FleetOutlier => "unlike its peers",
        }
    }
}

/// One unusual stretch of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which series.
    pub series: SeriesName,
    /// What it is.
    pub kind: Kind,
    /// What it is worth.
    pub severity: Severity,
    /// First second of it.
    pub since: i64,
    /// First second after what is known of it.
    pub until: i64,
    /// It goes on.
    pub lasts: bool,
    /// The value that was farthest from what was expected; after a shift the new level.
    pub value: f64,
    /// What was expected then.
    pub expected: f64,
    /// What would have been usual.
    pub usual: (f64, f64),
    /// Distance from what was expected, in deviations of the series.
    pub score: f64,
    /// On how many of the eight days before it came at this time.
    pub days_alike: usize,
    /// A known job: weaker than what this time of day has brought before.
    pub habit: bool,
    /// Of a trend: how fast, per hour.
    pub per_hour: Option<f64>,
    /// What it was compared with.
    pub method: &'static str,
    /// Days of history behind it.
    pub history_days: f64,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

impl Finding {
    /// Whether any of it lies in a span; a new level is news for as long as it takes to tell it.
    #[must_use]
    pub fn is_in(&self, span: Span) -> bool {
        let news = self.kind != Kind::LevelShift || self.since >= span.from - SHIFT_TOLD_SECS;
        news && self.since < span.to && (self.until > span.from || self.lasts)
    }
}

/// Several parts of a server were unusual together: three families of metrics or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Incident {
    /// First second of it.
    pub since: i64,
    /// First second after it.
    pub until: i64,
    /// What it is worth.
    pub severity: Severity,
}

/// The last step of a series, and what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// First second of the step.
    pub secs: i64,
    /// Its value.
    pub value: f64,
    /// What was expected.
    pub expected: f64,
    /// One deviation of the series.
    pub scale: f64,
}

impl Moment {
    /// Distance from what was expected in deviations, negative below.
    #[must_use]
    pub fn deviations(&self) -> f64 {
        (self.value - self.expected) / self.scale
    }
}

/// Where a series usually is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// First second of the step.
    pub secs: i64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A series whose habits are not known yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Cold {
    /// Which.
    pub series: SeriesName,
    /// Seconds of history.
    pub history_secs: i64,
}

/// What is unusual on one server, and what could not be judged.
#[derive(Clone, Debug, Default)]
pub struct Anomalies {
    /// In no order.
    pub findings: Vec<Finding>,
    /// In time order.
    pub incidents: Vec<Incident>,
    /// The last hour of each series that has habits.
    pub moments: Vec<(SeriesName, Vec<Moment>)>,
    /// Series without habits yet: thresholds and gross errors only.
    pub cold: Vec<Cold>,
    /// Series that are not judged because there are too many.
    pub left_out: usize,
    /// Times without a sample of any series.
    pub gaps: Vec<Span>,
    /// What was looked at.
    pub judged: Option<Span>,
}

impl Anomalies {
    /// Whether several parts of the server were farther out together than in two weeks before, at
    /// the time of a finding. Less is any burst of traffic.
    #[must_use]
    pub fn is_shared(&self, finding: &Finding) -> bool {
        let near = |it: &&Incident| finding.since < it.until && it.since < finding.until;
        let record =
            self.incidents.iter().filter(|incident| incident.severity == Severity::Critical);
        record.into_iter().any(|incident| near(&incident))
    }

    /// Seconds of a span without a sample.
    #[must_use]
    pub fn gap_secs(&self, span: Span) -> i64 {
        let within = |gap: &Span| Span { from: gap.from.max(span.from), to: gap.to.min(span.to) };
        self.gaps.iter().map(|gap| within(gap).secs()).sum()
    }
}
