//! Raw values in, checked values out: every value against the kind of its key. Resolves secrets.
//! Never stops at a problem, never shows a secret.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    env::Env,
    keys::{Kind, WORD_CHARS_MAX, span_text},
    nearest::nearest,
    problem::{Place, Report},
    secret,
    tree::{Node, Raw, quoted},
};

/// A value of a key, checked.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Whole(u64),
    Number(f64),
    Span(Duration),
    Moment(Timestamp),
    Words(Vec<(String, Place)>),
    File(PathBuf),
    Secret(SecretString),
    Secrets(Vec<(String, SecretString, Place)>),
}

/// What checking needs and collects.
pub(super) struct Check<'a> {
    pub(super) report: Report,
    pub(super) env: &'a Env,
    /// Directory from which relative paths start: that of the file being read.
    pub(super) base: PathBuf,
    /// Files that values named, for watching.
    pub(super) files: Vec<PathBuf>,
    pub(super) warnings: Vec<String>,
}

impl Check<'_> {
    /// The value, or `None` after reporting what is wrong with it.
    pub(super) fn value(&mut self, kind: Kind, node: &Node, place: &Place) -> Option<Value> {
        match (kind, &node.raw) {
            (Kind::Text, Raw::Text(text)) => self.text(text, place).map(Value::Text),
            (Kind::Word, Raw::Text(text)) => self.word(text, place).map(Value::Text),
            (Kind::Flag, Raw::Flag(flag)) => Some(Value::Flag(*flag)),
            (Kind::Whole(min, max), Raw::Whole(number)) => {
                let within = u64::try_from(*number).ok().filter(|it| (min..=max).contains(it));
                self.within(within, kind, node, place).map(Value::Whole)
            }
            (Kind::Number(min, max), Raw::Whole(_) | Raw::Number(_)) => {
                let number = number_of(node).filter(|it| (min..=max).contains(it));
                self.within(number, kind, node, place).map(Value::Number)
            }
            (Kind::Span(..), Raw::Whole(_) | Raw::Number(_) | Raw::Text(_)) => {
                self.span(kind, node, place)
            }
            (Kind::Moment, Raw::Text(text) | Raw::Moment(text)) => self.moment(text, place),
            (Kind::Choice(words), Raw::Text(text)) => self.choice(words, text, place),
            (Kind::Words, Raw::List(items)) => Some(Value::Words(self.words(items, place))),
            (Kind::File, Raw::Text(text)) => {
                self.text(text, place).map(|text| Value::File(self.base.join(text)))
            }
            (Kind::Secret, Raw::Text(text)) => self.secret(text, place).map(Value::Secret),
            (Kind::Secrets, Raw::Table(_)) => self.secrets(node, place),
            _ => {
                self.wrong_type(kind, node, place);
                None
            }
        }
    }

    fn wrong_type(&mut self, kind: Kind, node: &Node, place: &Place) {
        let found = match kind {
            Kind::Secret | Kind::Secrets => node.kind().to_owned(),
            _ => node.describe(),
        };
        let problem = format!("expected {}, found {found}", kind.expects());
        match (kind, &node.raw) {
            (Kind::Words, Raw::Text(_)) => self.report.add_fix(place, problem, "put it in [ ]"),
            (Kind::Secret | Kind::Text | Kind::Word, Raw::Whole(_) | Raw::Number(_)) => {
                self.report.add_fix(place, problem, "put it in quotes");
            }
            (Kind::Whole(..) | Kind::Number(..) | Kind::Flag, Raw::Text(text))
                if !matches!(written(kind, text).raw, Raw::Text(_)) =>
            {
                self.report.add_fix(place, problem, "write it without quotes");
            }
            _ => self.report.add(place, problem),
        }
    }

    fn within<T>(&mut self, value: Option<T>, kind: Kind, node: &Node, place: &Place) -> Option<T> {
        if value.is_none() {
            let problem = format!("{} is out of range", node.describe());
            self.report.add_fix(place, problem, format!("use {}", kind.expects()));
        }
        value
    }

    fn text(&mut self, text: &str, place: &Place) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            self.report.add_fix(place, "is empty", "give a value or leave the key out");
            return None;
        }
        if text.chars().any(char::is_control) {
            self.report.add(place, "must not contain control characters");
            return None;
        }
        Some(text.to_owned())
    }

    fn word(&mut self, text: &str, place: &Place) -> Option<String> {
        let word = self.text(text, place)?;
        if word.chars().count() > WORD_CHARS_MAX {
            let problem = format!("a word has at most {WORD_CHARS_MAX} characters");
            self.report.add_fix(place, problem, "shorten it");
            return None;
        }
        Some(word)
    }

    fn words(&mut self, items: &[Node], place: &Place) -> Vec<(String, Place)> {
        let mut words = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = place.item(index, item.line);
            if let Some(Value::Text(word)) = self.value(Kind::Text, item, &place) {
                words.push((word, place));
            }
        }
        words
    }

    fn choice(
        &mut self,
        words: &'static [&'static str],
        text: &str,
        place: &Place,
    ) -> Option<Value> {
        let word = text.trim().to_ascii_lowercase();
        if words.contains(&word.as_str()) {
            return Some(Value::Text(word));
        }
        let fix = match nearest(&word, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? Use {}", Kind::Choice(words).expects()),
            None => format!("use {}", Kind::Choice(words).expects()),
        };
        self.report.add_fix(place, format!("{} is not a valid value", quoted(text)), fix);
        None
    }

    fn span(&mut self, kind: Kind, node: &Node, place: &Place) -> Option<Value> {
        let Kind::Span(min, max) = kind else { return None };
        let milliseconds = match &node.raw {
            Raw::Text(text) => span_milliseconds(text),
            _ => number_of(node).map(|seconds| seconds * 1_000.0),
        };
        let Some(milliseconds) = milliseconds else {
            self.wrong_type(kind, node, place);
            return None;
        };
        let bounds = Duration::from_millis(min)..=Duration::from_millis(max);
        let span = Duration::try_from_secs_f64(milliseconds / 1_000.0).ok();
        let within = span.filter(|span| bounds.contains(span));
        if within.is_none() {
            let problem = format!("{} is out of range", node.describe());
            let fix = format!("use {} to {}", span_text(min), span_text(max));
            self.report.add_fix(place, problem, fix);
        }
        within.map(Value::Span)
    }

    fn moment(&mut self, text: &str, place: &Place) -> Option<Value> {
        let moment = text.trim().parse::<Timestamp>();
        if moment.is_err() {
            let problem = format!("{} is not a time with its offset", quoted(text));
            self.report.add_fix(place, problem, "write it like \"2026-01-31T22:00:00Z\"");
        }
        moment.ok().map(Value::Moment)
    }

    fn secret(&mut self, text: &str, place: &Place) -> Option<SecretString> {
        match secret::resolve(text, self.env, &self.base) {
            Ok(resolved) => {
                self.files.extend(resolved.file);
                Some(resolved.secret)
            }
            Err((problem, fix)) => {
                self.report.add_fix(place, problem, fix);
                None
            }
        }
    }

    fn secrets(&mut self, node: &Node, place: &Place) -> Option<Value> {
        let Raw::Table(entries) = &node.raw else { return None };
        let mut secrets = Vec::new();
        for entry in entries {
            let place = place.child(&entry.key, entry.line);
            if let Some(Value::Secret(secret)) = self.value(Kind::Secret, &entry.node, &place) {
                secrets.push((entry.key.clone(), secret, place));
            }
        }
        Some(Value::Secrets(secrets))
    }

    /// The value of a variable, a flag, or a default of the catalogue.
    pub(super) fn text_value(&mut self, kind: Kind, text: &str, place: &Place) -> Option<Value> {
        self.value(kind, &written(kind, text), place)
    }

    /// The content of a file that a value names, or the reason why there is none.
    pub(super) fn read_file(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        self.files.push(path.to_owned());
        secret::read_bounded(path)
    }
}

/// A value that is written as plain text outside of any file: the type follows from the key.
fn written(kind: Kind, text: &str) -> Node {
    let trimmed = text.trim();
    let own = || Raw::Text(text.to_owned());
    Node::bare(match kind {
        Kind::Whole(..) => trimmed.parse().map_or_else(|_| own(), Raw::Whole),
        Kind::Number(..) => trimmed.parse().map_or_else(|_| own(), Raw::Number),
        Kind::Flag => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Raw::Flag(true),
            "false" | "0" | "no" | "off" => Raw::Flag(false),
            _ => own(),
        },
        Kind::Words => {
            let words = trimmed.split(',').map(str::trim).filter(|word| !word.is_empty());
            Raw::List(words.map(|word| Node::bare(Raw::Text(word.to_owned()))).collect())
        }
        _ => own(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "keys take numbers far below 2^53")]
fn number_of(node: &Node) -> Option<f64> {
    match node.raw {
        Raw::Whole(number) => Some(number as f64),
        Raw::Number(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}

/// `10s`, `2m`, `500ms`, `1.5h`, `2d`, or a bare number of seconds.
fn span_milliseconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let size = match unit.trim_start() {
        "ms" => 1.0,
        "" | "s" => 1_000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    Some(number * size)
}
