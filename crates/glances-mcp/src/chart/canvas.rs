//! Paper, pens and letters: shapes and text in pixels onto one picture. The font is embedded.

use std::sync::LazyLock;

use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Red, green, blue and how much it covers, of 255.
pub(super) type Ink = [u8; 4];

/// Noto Sans with the letters of most of Europe; its licence and how it was cut lie beside it.
static FONT: &[u8] = include_bytes!("../../fonts/NotoSans-subset.ttf");
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(FONT, 0).ok());

/// Stands for a letter that the font has not.
const UNKNOWN: char = '\u{fffd}';
const ELLIPSIS: char = '…';

/// Where a text stands relative to its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A place on the paper, from its upper left corner.
pub(super) type At = (f32, f32);

pub(super) struct Canvas {
    pixmap: Pixmap,
    face: &'static Face<'static>,
}

impl Canvas {
    /// White paper. `None` if the font were broken.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        let mut pixmap = Pixmap::new(width, height)?;
        pixmap.fill(Color::WHITE);
        Some(Self { pixmap, face: FACE.as_ref()? })
    }

    /// Red, green, blue, opaque.
    pub(super) fn pixels(&self) -> &[u8] {
        self.pixmap.data()
    }

    pub(super) fn rect(&mut self, (x, y): At, (width, height): (f32, f32), ink: Ink) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rect, &paint(ink), Transform::identity(), None);
        }
    }

    /// A line through points; with dashes of a length and a distance.
    pub(super) fn line(&mut self, points: &[At], width: f32, ink: Ink, dash: Option<[f32; 2]>) {
        let mut path = PathBuilder::new();
        let mut points = points.iter();
        let Some((x, y)) = points.next() else { return };
        path.move_to(*x, *y);
        points.for_each(|(x, y)| path.line_to(*x, *y));
        let Some(path) = path.finish() else { return };
        let stroke = Stroke {
            width,
            // Thin: nobody sees a round one, which costs twice as much.
            line_join: LineJoin::Bevel,
            dash: dash.and_then(|dash| StrokeDash::new(dash.to_vec(), 0.0)),
            ..Stroke::default()
        };
        self.pixmap.stroke_path(&path, &paint(ink), &stroke, Transform::identity(), None);
    }

    /// The area between two lines.
    pub(super) fn area(&mut self, upper: &[At], lower: &[At], ink: Ink) {
        let mut path = PathBuilder::new();
        for (index, (x, y)) in upper.iter().chain(lower.iter().rev()).enumerate() {
            if index == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
        }
        path.close();
        self.fill(path.finish(), ink);
    }

    pub(super) fn dot(&mut self, (x, y): At, radius: f32, ink: Ink) {
        self.fill(PathBuilder::from_circle(x, y, radius), ink);
    }

    fn fill(&mut self, path: Option<Path>, ink: Ink) {
        if let Some(path) = path {
            let rule = FillRule::Winding;
            self.pixmap.fill_path(&path, &paint(ink), rule, Transform::identity(), None);
        }
    }

    /// Writes a text on its base line.
    pub(super) fn text(&mut self, text: &str, (x, y): At, size: f32, ink: Ink, anchor: Anchor) {
        let width = self.width(text, size);
        let x = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let mut pen = Pen { path: PathBuilder::new(), at: (x, y), scale: self.scale(size) };
        for letter in text.chars() {
            let glyph = self.glyph(letter);
            // A space has no outline.
            let _ = self.face.outline_glyph(glyph, &mut pen);
            pen.at.0 += self.advance(glyph, size);
        }
        self.fill(pen.path.finish(), ink);
    }

    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(self.glyph(letter), size)).sum()
    }

    /// The text as it can be written in so many pixels: what the font has not is marked, what is
    /// too long ends in `…`.
    pub(super) fn fitted(&self, text: &str, size: f32, width: f32) -> String {
        let known = |letter: char| {
            if self.face.glyph_index(letter).is_some() { letter } else { UNKNOWN }
        };
        let dots = self.advance(self.glyph(ELLIPSIS), size);
        let (mut fitted, mut used, mut room_for_dots) = (String::new(), 0.0, 0);
        for letter in text.chars().map(known) {
            used += self.advance(self.glyph(letter), size);
            if used > width {
                fitted.truncate(room_for_dots);
                fitted.truncate(fitted.trim_end().len());
                fitted.push(ELLIPSIS);
                break;
            }
            fitted.push(letter);
            if used + dots <= width {
                room_for_dots = fitted.len();
            }
        }
        fitted
    }

    fn glyph(&self, letter: char) -> GlyphId {
        let glyph = |letter| self.face.glyph_index(letter);
        glyph(letter).or_else(|| glyph(UNKNOWN)).unwrap_or_default()
    }

    fn advance(&self, glyph: GlyphId, size: f32) -> f32 {
        f32::from(self.face.glyph_hor_advance(glyph).unwrap_or_default()) * self.scale(size)
    }

    fn scale(&self, size: f32) -> f32 {
        size / f32::from(self.face.units_per_em().max(1))
    }
}

fn paint([red, green, blue, cover]: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, cover);
    paint
}

/// Puts the outlines of letters where they belong.
struct Pen {
    path: PathBuilder,
    at: At,
    scale: f32,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> At {
        (self.at.0 + x * self.scale, self.at.1 - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.place(x1, y1), self.place(x2, y2));
        let (x, y) = self.place(x, y);
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
