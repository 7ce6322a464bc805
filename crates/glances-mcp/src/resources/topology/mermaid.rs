//! A picture in Mermaid. Names become numbers, and what people read of them is escaped, so that no
//! name can be part of the picture's language.

use std::{collections::BTreeMap, fmt::Write as _};

/// Servers in one picture: more nobody can look at.
const BOXES_MAX: usize = 40;
/// Lines in one picture.
const LINES_MAX: usize = 60;
/// Checks that fail in one picture.
const FAILING_MAX: usize = 10;
/// Longest text in a box, characters.
const LABEL_CHARS_MAX: usize = 40;

/// A server.
pub(super) struct Box {
    pub(super) name: String,
    /// What it is drawn within.
    pub(super) place: Option<String>,
    pub(super) status: &'static str,
}

/// How a line looks.
#[derive(Clone, Copy)]
pub(super) enum Stroke {
    Arrow,
    DottedArrow,
    Dotted,
}

/// A line between two servers.
pub(super) struct Line {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) stroke: Stroke,
}

/// A picture.
pub(super) struct Drawing {
    /// The most telling first.
    pub(super) boxes: Vec<Box>,
    pub(super) lines: Vec<Line>,
    /// Server, and what its check does not reach.
    pub(super) failing: Vec<(String, String)>,
}

impl Drawing {
    /// As Mermaid.
    pub(super) fn written(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        let shown = || self.boxes.iter().take(BOXES_MAX);
        let ids: BTreeMap<&str, usize> =
            shown().enumerate().map(|(id, it)| (it.name.as_str(), id)).collect();
        let mut places: BTreeMap<Option<&str>, Vec<(usize, &Box)>> = BTreeMap::new();
        for (id, it) in shown().enumerate() {
            places.entry(it.place.as_deref()).or_default().push((id, it));
        }
        for (number, (place, boxes)) in places.iter().enumerate() {
            if let Some(place) = place {
                let _ = writeln!(out, "  subgraph p{number}[\"{}\"]", label(place));
            }
            for (id, it) in boxes {
                let status = match it.status {
                    "up" => String::new(),
                    status => format!(" ({status})"),
                };
                let _ = writeln!(out, "    s{id}[\"{}{}\"]", label(&it.name), label(&status));
            }
            if place.is_some() {
                out.push_str("  end\n");
            }
        }
        let id = |name: &str| ids.get(name).copied();
        for line in self.lines.iter().take(LINES_MAX) {
            let stroke = match line.stroke {
                Stroke::Arrow => "-->",
                Stroke::DottedArrow => "-.->",
                Stroke::Dotted => "-.-",
            };
            if let (Some(from), Some(to)) = (id(&line.from), id(&line.to)) {
                let _ = writeln!(out, "  s{from} {stroke} s{to}");
            }
        }
        for (number, (server, target)) in self.failing.iter().take(FAILING_MAX).enumerate() {
            if let Some(from) = id(server) {
                let _ = writeln!(out, "  s{from} -.->|fails| x{number}([\"{}\"])", label(target));
            }
        }
        let more = self.boxes.len().saturating_sub(BOXES_MAX);
        if more > 0 {
            let _ = writeln!(out, "  more[\"{more} more servers\"]");
        }
        out
    }
}

/// A text within quotes: whatever is not plain becomes its number, which Mermaid shows as the
/// character.
fn label(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().take(LABEL_CHARS_MAX) {
        if letter.is_ascii_alphanumeric() || " -_.:/()".contains(letter) {
            out.push(letter);
        } else {
            let _ = write!(out, "#{};", u32::from(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawing(names: &[&str]) -> Drawing {
        let boxes = names.iter().map(|name| Box {
            name: (*name).to_owned(),
            place: Some("production".to_owned()),
            status: "up",
        });
        let line = |from: &str, to: &str, stroke| Line { from: from.into(), to: to.into(), stroke };
        Drawing {
            boxes: boxes.collect(),
            lines: vec![line("a", "b", Stroke::Arrow), line("b", "gone", Stroke::Dotted)],
            failing: vec![("a".to_owned(), "x\"] --> s1; click s1 \"javascript:1\"".to_owned())],
        }
    }

    #[test]
    fn a_picture_has_a_box_a_server_and_a_line_an_edge() {
        let picture = drawing(&["a", "b"]).written();
        let lines: Vec<&str> = picture.lines().collect();
        assert_eq!(
            lines[..4],
            ["flowchart LR", "  subgraph p0[\"production\"]", "    s0[\"a\"]", "    s1[\"b\"]"]
        );
        assert_eq!(lines[4..6], ["  end", "  s0 --> s1"]);
        assert!(
            lines[6].starts_with("  s0 -.->|fails| x0([\"x#34;#93; --#62; s1#59; click s1 "),
            "{picture}"
        );
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn a_picture_of_many_says_how_many_more_there_are() {
        let names: Vec<String> = (0..100).map(|n| format!("n{n}")).collect();
        let picture = drawing(&names.iter().map(String::as_str).collect::<Vec<_>>()).written();
        assert!(picture.ends_with("more[\"60 more servers\"]\n"));
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_quotes(name in ".*") {
            let escaped = label(&name);
            let plain = |c: char| c.is_ascii_alphanumeric() || " -_.:/()#;".contains(c);
            prop_assert!(escaped.chars().all(plain), "{}", escaped);
        }
    }
}
