//! What stands where in a chart: title, legend, axes, and the lines between them.

use super::{
    Chart, HEIGHT, Point, Series, Stretch, WIDTH,
    axis::Axis,
    canvas::{Anchor, At, Canvas, Ink},
    clock,
};
use crate::redact::clean;

const DARK: Ink = [31, 41, 55, 255];
const GREY: Ink = [95, 103, 117, 255];
const GRID: Ink = [226, 229, 234, 255];
const FRAME: Ink = [176, 183, 193, 255];
const WHITE: Ink = [255, 255, 255, 255];
const USUAL: Ink = [110, 118, 132, 46];
const WARNING: Ink = [217, 119, 6, 255];
const CRITICAL: Ink = [200, 30, 30, 255];
const MARK: Ink = [225, 29, 72, 255];
/// One for each of [`super::SERIES_MAX`]; neither the red nor the amber of limits.
const LINES: [Ink; 8] = [
    [31, 95, 208, 255],
    [14, 159, 110, 255],
    [138, 63, 211, 255],
    [8, 160, 190, 255],
    [214, 70, 160, 255],
    [122, 78, 45, 255],
    [120, 160, 20, 255],
    [90, 100, 115, 255],
];
/// How much a stretch beside a line covers, of 255.
const STRETCH_COVER: u8 = 50;

const TITLE: f32 = 17.0;
const SMALL: f32 = 12.0;
const MARGIN: f32 = 16.0;
const TITLE_BASE: f32 = 27.0;
/// The title leaves so much to the note.
const TITLE_WIDTH: f32 = 520.0;
const NOTE_WIDTH: f32 = 230.0;
const LEGEND_TOP: f32 = 50.0;
const LEGEND_ROW: f32 = 17.0;
const LEGEND_ROWS_MAX: usize = 5;
/// A sample of ink, and the room after an entry.
const SAMPLE: f32 = 18.0;
const SPACE: f32 = 16.0;
/// Longest entry of a legend, when there are few of them and when there are many.
const NAME_WIDTH: f32 = 330.0;
const NAME_WIDTH_MANY: f32 = 150.0;
const FEW: usize = 3;
/// Longest text of the vertical axis.
const MARK_WIDTH: f32 = 110.0;
/// Below the plot: times, days, the zone.
const BELOW: f32 = 54.0;
/// A stretch that is less of the height is not seen, and not named.
const SEEN_SHARE: f64 = 0.005;
const LINE: f32 = 1.6;
const DASH: [f32; 2] = [6.0, 4.0];
const AHEAD_DASH: [f32; 2] = [5.0, 3.0];

/// Two points farther apart than so many usual distances have a gap between them.
const GAP_STEPS: i64 = 3;

/// Draws all of it.
pub(super) fn draw(canvas: &mut Canvas, chart: &Chart) {
    let axis = Axis::of(chart);
    frame(canvas);
    title(canvas, chart);
    let top = legend(canvas, chart, &axis) + 14.0;
    let plot = Plot::of(canvas, chart, &axis, top);
    plot.paper(canvas, chart);
    let usual: Vec<&[Stretch]> = runs(&chart.usual, |it| it.secs).collect();
    usual.iter().for_each(|run| plot.stretch(canvas, run, USUAL));
    plot.grid(canvas);
    let inked = || chart.series.iter().zip(LINES);
    for (series, [red, green, blue, _]) in inked() {
        for run in runs(&series.stretches, |it| it.secs) {
            plot.stretch(canvas, run, [red, green, blue, STRETCH_COVER]);
        }
    }
    plot.limits(canvas, chart);
    inked().for_each(|(series, ink)| plot.series(canvas, series, ink));
    for mark in chart.marks.iter().filter(|mark| axis.holds(mark.value)) {
        let at = plot.at(mark.secs, mark.value);
        canvas.dot(at, 5.0, WHITE);
        canvas.dot(at, 3.8, MARK);
    }
}

fn frame(canvas: &mut Canvas) {
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let edge = [(0.5, 0.5), (width - 0.5, 0.5), (width - 0.5, height - 0.5), (0.5, height - 0.5)];
    canvas.line(&[edge.as_slice(), &edge[..1]].concat(), 1.0, GRID, None);
}

fn title(canvas: &mut Canvas, chart: &Chart) {
    let title = canvas.fitted(&clean(&chart.title), TITLE, TITLE_WIDTH);
    canvas.text(&title, (MARGIN, TITLE_BASE), TITLE, DARK, Anchor::Start);
    let note = canvas.fitted(&clean(&chart.note), SMALL, NOTE_WIDTH);
    canvas.text(&note, (WIDTH as f32 - MARGIN, TITLE_BASE), SMALL, GREY, Anchor::End);
}

/// How an entry of the legend looks.
#[derive(Clone, Copy)]
enum Sample {
    Line(Ink),
    Dashed(Ink),
    Area(Ink),
    Dot(Ink),
}

/// Names what is in the picture, and nothing else.
fn entries(chart: &Chart, axis: &Axis) -> Vec<(Sample, String)> {
    let mut entries = Vec::new();
    for (series, ink) in chart.series.iter().zip(LINES) {
        entries.push((Sample::Line(ink), clean(&series.name)));
    }
    let first = chart.series.iter().zip(LINES);
    if let Some((_, ink)) = first.clone().find(|(series, _)| !series.ahead.is_empty()) {
        let ink = if chart.series.len() == 1 { ink } else { GREY };
        entries.push((Sample::Dashed(ink), "expected".to_owned()));
    }
    let is_open = |it: &Stretch| it.high - it.low > (axis.high - axis.low) * SEEN_SHARE;
    let mut stretched = first.filter(|(series, _)| series.stretches.iter().any(is_open));
    if let Some((_, [red, green, blue, _])) = stretched.next() {
        let pale = [red, green, blue, STRETCH_COVER];
        let ink = if chart.series.len() == 1 { pale } else { USUAL };
        entries.push((Sample::Area(ink), chart.stretch.to_owned()));
    }
    if chart.usual.iter().any(|it| is_open(it) && it.low < axis.high && it.high > axis.low) {
        entries.push((Sample::Area(USUAL), chart.usual_is.to_owned()));
    }
    for limit in chart.limits.iter().filter(|limit| axis.holds(limit.value)) {
        let text = format!("{} {}", limit.name, chart.scale.value(limit.value));
        entries.push((Sample::Dashed(limit.ink()), text));
    }
    if chart.marks.iter().any(|mark| axis.holds(mark.value)) {
        entries.push((Sample::Dot(MARK), "unusual".to_owned()));
    }
    entries
}

/// Answers with the bottom of the legend.
fn legend(canvas: &mut Canvas, chart: &Chart, axis: &Axis) -> f32 {
    let entries = entries(chart, axis);
    let longest = if chart.series.len() > FEW { NAME_WIDTH_MANY } else { NAME_WIDTH };
    let (mut x, mut row) = (MARGIN, 0);
    for (sample, text) in entries {
        let text = canvas.fitted(&text, SMALL, longest);
        let width = SAMPLE + 5.0 + canvas.width(&text, SMALL);
        if x > MARGIN && x + width > WIDTH as f32 - MARGIN {
            (x, row) = (MARGIN, row + 1);
        }
        if row == LEGEND_ROWS_MAX {
            break;
        }
        let base = LEGEND_TOP + row as f32 * LEGEND_ROW;
        let middle = base - 4.0;
        match sample {
            Sample::Line(ink) => canvas.line(&[(x, middle), (x + SAMPLE, middle)], 2.4, ink, None),
            Sample::Dashed(ink) => {
                canvas.line(&[(x, middle), (x + SAMPLE, middle)], LINE, ink, Some([5.0, 2.0]));
            }
            Sample::Area(ink) => canvas.rect((x, middle - 5.0), (SAMPLE, 10.0), ink),
            Sample::Dot(ink) => canvas.dot((x + SAMPLE / 2.0, middle), 3.8, ink),
        }
        canvas.text(&text, (x + SAMPLE + 5.0, base), SMALL, DARK, Anchor::Start);
        x += width + SPACE;
    }
    LEGEND_TOP + row.min(LEGEND_ROWS_MAX - 1) as f32 * LEGEND_ROW
}

/// Where values and moments are on the paper.
struct Plot<'c> {
    axis: &'c Axis,
    from: i64,
    until: i64,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl<'c> Plot<'c> {
    fn of(canvas: &Canvas, chart: &Chart, axis: &'c Axis, top: f32) -> Self {
        let widths = axis.marks.iter().map(|(_, text)| canvas.width(text, SMALL));
        let widest = widths.fold(24.0, f32::max).min(MARK_WIDTH);
        Self {
            axis,
            from: chart.from,
            until: chart.until,
            left: MARGIN + widest + 7.0,
            top,
            right: WIDTH as f32 - MARGIN - 4.0,
            bottom: HEIGHT as f32 - BELOW,
        }
    }

    fn x(&self, secs: i64) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53")]
        let share = (secs - self.from) as f64 / (self.until - self.from).max(1) as f64;
        self.left + (self.right - self.left) * share as f32
    }

    fn y(&self, value: f64) -> f32 {
        self.bottom - (self.bottom - self.top) * self.axis.share(value) as f32
    }

    fn at(&self, secs: i64, value: f64) -> At {
        (self.x(secs), self.y(value))
    }

    /// The texts around the plot, and the vertical lines in it.
    fn paper(&self, canvas: &mut Canvas, chart: &Chart) {
        for (value, text) in &self.axis.marks {
            let text = canvas.fitted(text, SMALL, MARK_WIDTH);
            let base = self.y(*value) + 4.0;
            canvas.text(&text, (self.left - 7.0, base), SMALL, GREY, Anchor::End);
        }
        for mark in clock::marks(self.from, self.until, &chart.zone) {
            let x = self.x(mark.secs).round() + 0.5;
            canvas.line(&[(x, self.top), (x, self.bottom)], 1.0, GRID, None);
            let lines = [(Some(mark.text), 16.0, DARK), (mark.under, 30.0, GREY)];
            for (text, down, ink) in lines {
                let Some(text) = text else { continue };
                let half = canvas.width(&text, SMALL) / 2.0;
                let x = x.clamp(half + 4.0, WIDTH as f32 - half - 4.0);
                canvas.text(&text, (x, self.bottom + down), SMALL, ink, Anchor::Middle);
            }
        }
        let zone = format!("times in {}", clock::zone_name(&chart.zone, chart.until));
        let zone = canvas.fitted(&zone, SMALL, 400.0);
        canvas.text(&zone, (self.right, HEIGHT as f32 - 8.0), SMALL, GREY, Anchor::End);
    }

    fn grid(&self, canvas: &mut Canvas) {
        for (value, _) in &self.axis.marks {
            let y = self.y(*value).round() + 0.5;
            canvas.line(&[(self.left, y), (self.right, y)], 1.0, GRID, None);
        }
        let base = self.bottom.round() + 0.5;
        canvas.line(&[(self.left, base), (self.right, base)], 1.0, FRAME, None);
    }

    fn limits(&self, canvas: &mut Canvas, chart: &Chart) {
        for limit in chart.limits.iter().filter(|limit| self.axis.holds(limit.value)) {
            // In the middle of a row of pixels it is sharp.
            let y = self.y(limit.value).floor() + 0.5;
            canvas.line(&[(self.left, y), (self.right, y)], 1.3, limit.ink(), Some(DASH));
        }
        if let Some(now) = chart.now {
            let x = self.x(now).round() + 0.5;
            canvas.line(&[(x, self.top), (x, self.bottom)], 1.0, GREY, None);
            let width = canvas.width("now", SMALL);
            let right = x + width + 10.0 < self.right;
            let x = if right { x + 4.0 } else { x - 4.0 - width };
            canvas.rect((x - 2.0, self.top + 1.0), (width + 4.0, 13.0), WHITE);
            canvas.text("now", (x, self.top + 11.0), SMALL, GREY, Anchor::Start);
        }
    }

    fn stretch(&self, canvas: &mut Canvas, run: &[Stretch], ink: Ink) {
        let upper: Vec<At> = run.iter().map(|it| self.at(it.secs, it.high)).collect();
        let lower: Vec<At> = run.iter().map(|it| self.at(it.secs, it.low)).collect();
        match (upper.as_slice(), lower.as_slice()) {
            ([upper], [lower]) => canvas.line(&[*upper, *lower], LINE, ink, None),
            _ => canvas.area(&upper, &lower, ink),
        }
    }

    fn series(&self, canvas: &mut Canvas, series: &Series, ink: Ink) {
        let place = |point: &Point| self.at(point.secs, point.value);
        for run in runs(&series.points, |point| point.secs) {
            match run {
                [alone] => canvas.dot(place(alone), 2.5, ink),
                _ => canvas.line(&run.iter().map(place).collect::<Vec<_>>(), LINE, ink, None),
            }
        }
        let ahead: Vec<At> =
            series.points.last().into_iter().chain(&series.ahead).map(place).collect();
        if !series.ahead.is_empty() {
            canvas.line(&ahead, LINE, ink, Some(AHEAD_DASH));
        }
    }
}

impl super::Limit {
    const fn ink(&self) -> Ink {
        if self.grave { CRITICAL } else { WARNING }
    }
}

/// The parts of a line between its gaps.
fn runs<T>(points: &[T], secs: impl Fn(&T) -> i64) -> impl Iterator<Item = &[T]> {
    let times: Vec<i64> = points.iter().map(&secs).collect();
    let mut steps: Vec<i64> = times.iter().zip(times.iter().skip(1)).map(|(a, b)| b - a).collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(i64::MAX).max(1);
    let gap = usual.saturating_mul(GAP_STEPS);
    points.chunk_by(move |a, b| secs(b).saturating_sub(secs(a)) <= gap)
}
