//! Series of numbers to a picture that can be read in a chat: 800x400 pixels, on its own paper. Sole
//! owner of the crates that draw. Knows nothing of tools, metrics or servers. Pure.

mod axis;
mod canvas;
mod clock;
mod file;
mod layout;

use jiff::tz::TimeZone;

pub use self::axis::Scale;

/// Width of a chart, pixels.
pub const WIDTH: u32 = 800;
/// Height of a chart, pixels.
pub const HEIGHT: u32 = 400;
/// Largest file: what a chat takes without thinking about it.
pub const BYTES_MAX: usize = 60 * 1024;
/// Series of one chart: more colours cannot be told apart.
pub const SERIES_MAX: usize = 8;
/// Series up to which the stretches beside them are drawn: more would be a fog.
pub const STRETCHED_MAX: usize = 3;
/// Points of one series: more would fall onto each other.
pub const POINTS_MAX: usize = 500;
/// Marked points of one chart; more would hide the line.
pub const MARKS_MAX: usize = 40;
/// Limits of one chart.
pub const LIMITS_MAX: usize = 4;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Of what it is: server and metric.
    pub title: String,
    /// What one point is, at the right of the title.
    pub note: String,
    /// How values are written.
    pub scale: Scale,
    /// First second.
    pub from: i64,
    /// First second after it.
    pub until: i64,
    /// In which times are written, and which is named.
    pub zone: TimeZone,
    /// The lines; the first [`SERIES_MAX`] are drawn.
    pub series: Vec<Series>,
    /// What the stretches of the series are, for the legend.
    pub stretch: &'static str,
    /// Where values usually are, behind the lines.
    pub usual: Vec<Stretch>,
    /// What that is, for the legend.
    pub usual_is: &'static str,
    /// Horizontal lines that matter.
    pub limits: Vec<Limit>,
    /// Points that are out of the ordinary.
    pub marks: Vec<Point>,
    /// Where the past ends.
    pub now: Option<i64>,
}

/// One line, in time order. Where two points are much farther apart than usual there is a gap.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// For the legend.
    pub name: String,
    /// What was.
    pub points: Vec<Point>,
    /// What is expected after it, dashed.
    pub ahead: Vec<Point>,
    /// Pale beside the line: what the points leave out.
    pub stretches: Vec<Stretch>,
}

/// A value at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Unix time.
    pub secs: i64,
    /// In the chart's unit.
    pub value: f64,
}

/// From one value to another at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Unix time.
    pub secs: i64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A value that matters.
#[derive(Clone, Debug)]
pub struct Limit {
    /// For the legend, before the value.
    pub name: &'static str,
    /// Where.
    pub value: f64,
    /// How bad it is to be there.
    pub grave: bool,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// Nothing to draw.
    #[error("there are no samples to draw")]
    Empty,
    /// It could not be made small enough.
    #[error("the picture would be larger than {BYTES_MAX} bytes: draw fewer series")]
    TooLarge,
    /// Our fault.
    #[error("the picture could not be made")]
    Broken,
}

/// Draws; the answer is a PNG file of at most [`BYTES_MAX`]. Texts may be anything: they are cleaned,
/// and cut to their place. A matter of 5 to 40 milliseconds.
///
/// # Errors
/// Nothing to draw, or a picture that does not fit.
pub fn draw(chart: &Chart) -> Result<Vec<u8>, ChartError> {
    let chart = chart.bounded();
    if chart.values().next().is_none() {
        return Err(ChartError::Empty);
    }
    let mut canvas = canvas::Canvas::new(WIDTH, HEIGHT).ok_or(ChartError::Broken)?;
    layout::draw(&mut canvas, &chart);
    file::png(canvas.pixels(), (WIDTH, HEIGHT))
}

/// Values beyond this are nothing that was measured, and would leave no room for the rest.
const VALUE_MAX: f64 = 1e24;

impl Chart {
    /// The same with what can be drawn: within the time, finite, and no more than the bounds.
    fn bounded(&self) -> Self {
        let (from, until) = (self.from, self.until.max(self.from + 1));
        let sound = |value: f64| value.is_finite() && value.abs() <= VALUE_MAX;
        let within = |secs: i64| from <= secs && secs <= until;
        let points = |all: &[Point]| -> Vec<Point> {
            let kept = all.iter().filter(|it| within(it.secs) && sound(it.value));
            kept.take(POINTS_MAX).copied().collect()
        };
        let stretches = |all: &[Stretch]| -> Vec<Stretch> {
            let kept = all.iter().filter(|it| within(it.secs) && sound(it.low) && sound(it.high));
            kept.take(POINTS_MAX).copied().collect()
        };
        let stretched = self.series.len() <= STRETCHED_MAX;
        let series = self.series.iter().take(SERIES_MAX).map(|one| Series {
            name: one.name.clone(),
            points: points(&one.points),
            ahead: points(&one.ahead),
            stretches: if stretched { stretches(&one.stretches) } else { Vec::new() },
        });
        let limits = self.limits.iter().filter(|it| sound(it.value));
        let mut marks = points(&self.marks);
        marks.truncate(MARKS_MAX);
        Self {
            until,
            series: series.collect(),
            usual: stretches(&self.usual),
            limits: limits.take(LIMITS_MAX).cloned().collect(),
            marks,
            now: self.now.filter(|now| within(*now)),
            ..self.clone()
        }
    }

    /// Every value that has to be in the picture.
    fn values(&self) -> impl Iterator<Item = f64> {
        let of = |one: &Series| {
            let lines = [one.points.clone(), one.ahead.clone()].concat();
            let lines = lines.into_iter().map(|point| point.value);
            let ends: Vec<f64> = one.stretches.iter().flat_map(|it| [it.low, it.high]).collect();
            lines.chain(ends)
        };
        self.series.iter().flat_map(of)
    }
}

#[cfg(test)]
#[path = "chart/tests.rs"]
mod tests;
