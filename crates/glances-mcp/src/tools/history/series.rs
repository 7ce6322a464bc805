//! Series by their names, and the numbers that stand for a series. Pure.

use globset::{GlobBuilder, GlobMatcher};

use super::super::{ToolError, view::NAME_CHARS};
use crate::{
    metric::{METRICS, Metric},
    query::nearest,
    redact::{clean, clip},
    store::{Point, SeriesName, Span, coarser},
};

/// `fs.percent[/]` is the path `fs.percent` and the item `/`.
fn parts(series: &str) -> (&str, Option<&str>) {
    match series.split_once('[') {
        Some((path, item)) => (path, Some(item.strip_suffix(']').unwrap_or(item))),
        None => (series, None),
    }
}

/// The item of a series, if it has one.
pub(in super::super) fn item_of(series: &str) -> Option<&str> {
    parts(series).1
}

/// The row of the catalogue that a series is of.
pub(in super::super) fn metric_of(series: &str) -> Option<&'static Metric> {
    crate::metric::of_series(series)
}

/// What a caller asked for: a path and perhaps an item, each a glob.
pub(in super::super) struct Pattern {
    path: GlobMatcher,
    item: Option<GlobMatcher>,
}

impl Pattern {
    pub(in super::super) fn parse(text: &str) -> Result<Self, ToolError> {
        let (path, item) = parts(text.trim());
        let glob = |part: &str| {
            // Mount points have slashes, which `*` is to cross.
            let glob = GlobBuilder::new(part).literal_separator(false).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|err| {
                ToolError::Refused(format!(
                    "`metrics`: `{}` is no name or glob ({}); such as `cpu.total`, `network.*` or \
                     `fs.percent[/var*]`",
                    clip(&clean(text), NAME_CHARS),
                    err.kind()
                ))
            })
        };
        Ok(Self { path: glob(path)?, item: item.map(glob).transpose()? })
    }

    /// A pattern without an item fits all items.
    pub(in super::super) fn fits(&self, series: &str) -> bool {
        let (path, item) = parts(series);
        self.path.is_match(path)
            && match (&self.item, item) {
                (None, _) => true,
                (Some(wanted), Some(item)) => wanted.is_match(item),
                (Some(_), None) => false,
            }
    }

    /// Says that nothing fits, with the nearest of what there is.
    pub(super) fn nothing<'a>(
        &self,
        text: &str,
        known: impl Iterator<Item = &'a SeriesName> + Clone,
    ) -> ToolError {
        let shown = clip(&clean(text), NAME_CHARS).into_owned();
        let (path, _) = parts(text.trim());
        let near = if METRICS.iter().any(|metric| self.path.is_match(metric.path)) {
            let same = known.filter(|name| self.path.is_match(parts(name).0));
            nearest(text, same.map(AsRef::as_ref))
        } else {
            nearest(path, METRICS.iter().map(|metric| metric.path))
        };
        let near = near.map_or_else(
            || ".".to_owned(),
            |near| format!("; did you mean `{}`?", clip(near, NAME_CHARS)),
        );
        ToolError::Refused(format!(
            "history has no series `{shown}` of the selected servers{near} Without `metrics` this \
             tool lists what there is"
        ))
    }
}

/// The numbers that stand for a series.
#[derive(Debug, PartialEq)]
pub(super) struct Stats {
    pub(super) last: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) avg: f64,
    pub(super) p95: f64,
    pub(super) samples: u32,
}

/// `None` without a point. The mean is weighted by samples, the p95 is that of the points' means.
pub(super) fn stats(points: &[Point]) -> Option<Stats> {
    let last = points.last()?.mean;
    let low = |point: &Point| point.min.unwrap_or(point.mean);
    let means: Vec<f64> = points.iter().map(|point| point.mean).collect();
    let samples = points.iter().fold(0_u32, |sum, point| sum.saturating_add(point.count));
    let weighted: f64 = points.iter().map(|point| point.mean * f64::from(point.count)).sum();
    Some(Stats {
        last,
        min: points.iter().map(low).fold(f64::INFINITY, f64::min),
        max: points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max),
        avg: if samples > 0 { weighted / f64::from(samples) } else { last },
        p95: analytics::quantile(&means, 0.95)?,
        samples,
    })
}

/// How far apart two neighbours are in most cases; `None` of fewer than two points.
pub(super) fn usual_distance(points: &[Point]) -> Option<i64> {
    let pairs = points.iter().zip(points.iter().skip(1));
    let mut distances: Vec<i64> = pairs.map(|(one, next)| next.secs - one.secs).collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied()
}

/// Points of steps that count from the beginning of a span.
pub(super) fn by_step(points: &[Point], span: Span, step: i64) -> Vec<Point> {
    let from_zero: Vec<Point> =
        points.iter().map(|point| Point { secs: point.secs - span.from, ..*point }).collect();
    let steps = coarser(&from_zero, step).into_iter();
    steps.map(|point| Point { secs: point.secs + span.from, ..point }).collect()
}

/// The course of a series as so many bars of eight heights; a gap is a space. `None` where it says
/// nothing: one bar, or all of one height.
pub(super) fn sparkline(points: &[Point], span: Span, count: usize) -> Option<String> {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let step = (span.secs() / i64::try_from(count).ok()?).max(1);
    let steps = by_step(points, span, step);
    let low = steps.iter().map(|point| point.mean).fold(f64::INFINITY, f64::min);
    let high = steps.iter().map(|point| point.mean).fold(f64::NEG_INFINITY, f64::max);
    if steps.len() < 2 || high <= low {
        return None;
    }
    let mut line = vec![' '; count];
    for point in &steps {
        let at = usize::try_from((point.secs - span.from) / step).ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
        let height = ((point.mean - low) / (high - low) * 7.0).round() as usize;
        if let (Some(place), Some(bar)) = (line.get_mut(at.min(count - 1)), BARS.get(height)) {
            *place = *bar;
        }
    }
    Some(line.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, f64)]) -> Vec<Point> {
        values.iter().map(|(secs, value)| Point::one(*secs, *value)).collect()
    }

    #[test]
    fn patterns_fit_paths_items_and_globs() {
        for (pattern, series, fits) in [
            ("cpu.total", "cpu.total", true),
            ("cpu.total", "cpu.user", false),
            ("cpu.*", "cpu.user", true),
            ("fs.percent", "fs.percent[/var]", true),
            ("fs.percent[/]", "fs.percent[/]", true),
            ("fs.percent[/]", "fs.percent[/var]", false),
            ("fs.percent[/v*]", "fs.percent[/var/lib]", true),
            ("*[eth0]", "network.bytes_recv[eth0]", true),
            ("cpu.total[0]", "cpu.total", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().fits(series), fits, "{pattern} {series}");
        }
    }

    #[test]
    fn what_fits_nothing_names_the_nearest() {
        let known: Vec<SeriesName> = vec!["fs.percent[/var]".into(), "cpu.total".into()];
        let say =
            |text: &str| Pattern::parse(text).unwrap().nothing(text, known.iter()).to_string();
        assert!(say("cpu.totl").contains("`cpu.total`"), "{}", say("cpu.totl"));
        assert!(
            say("fs.percent[/vax]").contains("fs.percent[/var]"),
            "{}",
            say("fs.percent[/vax]")
        );
    }

    #[test]
    fn the_numbers_of_a_series_are_those_of_its_points() {
        let found = stats(&points(&[(0, 1.0), (10, 3.0), (20, 2.0)])).unwrap();
        assert_eq!((found.last, found.min, found.max, found.avg), (2.0, 1.0, 3.0, 2.0));
        assert_eq!(found.samples, 3);
        assert_eq!(stats(&[]), None);
        let weighted = [Point { count: 3, ..Point::one(0, 4.0) }, Point::one(1, 8.0)];
        assert_eq!(stats(&weighted).unwrap().avg, 5.0);
    }

    #[test]
    fn a_sparkline_shows_gaps_as_gaps() {
        let span = Span { from: 1_000, to: 1_100 };
        let line = sparkline(&points(&[(1_000, 0.0), (1_010, 7.0), (1_090, 3.0)]), span, 10);
        assert_eq!(line.as_deref(), Some("▁█       ▄"));
        assert_eq!(sparkline(&points(&[(1_000, 5.0), (1_050, 5.0)]), span, 10), None);
        assert_eq!(sparkline(&[], span, 10), None);
    }
}
