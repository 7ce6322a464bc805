//! A configuration file as a tree of values, each with its line: one form for TOML, JSON and YAML.
//! Knows no key and judges no value.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::redact;

/// How a file is written; by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Json,
    Yaml,
}

impl Format {
    pub(super) const ENDINGS: &[(&str, Self)] =
        &[("toml", Self::Toml), ("json", Self::Json), ("yaml", Self::Yaml), ("yml", Self::Yaml)];

    /// The format of a file with this ending.
    pub(super) fn of(ending: &str) -> Option<Self> {
        let known = |(name, _): &&(&str, Self)| name.eq_ignore_ascii_case(ending);
        Self::ENDINGS.iter().find(known).map(|(_, format)| *format)
    }

    /// The tree of a file, or what is wrong with its form.
    pub(super) fn parse(self, text: &str) -> Result<Node, Vec<SyntaxError>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match self {
            Self::Toml => toml_tree(text),
            Self::Json => json_tree(text),
            Self::Yaml => yaml_tree(text),
        }
    }
}

/// A file that is not of its format.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: Option<u32>,
    /// Without any text of the file: it may hold a secret.
    pub(super) message: String,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) raw: Raw,
    pub(super) line: Option<u32>,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Null,
    Flag(bool),
    Whole(i128),
    Number(f64),
    Text(String),
    /// A date or time of TOML, as it is written.
    Moment(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: Option<u32>,
    pub(super) node: Node,
}

/// Lines do not count: two files say the same if their values are the same.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Node {
    /// A value that came from no file.
    pub(super) fn bare(raw: Raw) -> Self {
        Self { raw, line: None }
    }

    /// In words, for "expected …, found …". Only for values that cannot be secret.
    pub(super) fn describe(&self) -> String {
        match &self.raw {
            Raw::Flag(flag) => flag.to_string(),
            Raw::Whole(number) => format!("the number {number}"),
            Raw::Number(number) => format!("the number {number}"),
            Raw::Text(text) => format!("the text {}", quoted(text)),
            Raw::Null | Raw::Moment(_) | Raw::List(_) | Raw::Table(_) => self.kind().to_owned(),
        }
    }

    /// The type, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.raw {
            Raw::Null => "null",
            Raw::Flag(_) => "true or false",
            Raw::Whole(_) | Raw::Number(_) => "a number",
            Raw::Text(_) => "a text",
            Raw::Moment(_) => "a date or time",
            Raw::List(_) => "a list",
            Raw::Table(_) => "a table",
        }
    }
}

/// Text of the file in a message: short, printable, without secrets.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", redact::clip(&redact::clean(text), 60))
}

/// Where the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// Number of the line at a byte; the first is 1.
    fn at(&self, offset: usize) -> u32 {
        let breaks = self.0.partition_point(|end| *end < offset);
        u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
    }
}

// TOML ---------------------------------------------------------------------------------------

fn toml_tree(text: &str) -> Result<Node, Vec<SyntaxError>> {
    let (table, errors) = toml::de::DeTable::parse_recoverable(text);
    let lines = Lines::of(text);
    if errors.is_empty() {
        return Ok(toml_table(&lines, 0, table.get_ref()));
    }
    let of = |err: toml::de::Error| SyntaxError {
        line: err.span().map(|span| lines.at(span.start)),
        message: err.message().to_owned(),
    };
    Err(errors.into_iter().map(of).collect())
}

fn toml_table(lines: &Lines, offset: usize, table: &toml::de::DeTable<'_>) -> Node {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<toml::de::DeValue<'_>>)| {
        let key_line = Some(lines.at(key.span().start));
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let node = toml_value(lines, value);
        Entry { key: name.clone().into_owned(), line: key_line, node }
    };
    let entries = table.iter().map(entry).collect();
    Node { raw: Raw::Table(entries), line: Some(lines.at(offset)) }
}

fn toml_value(lines: &Lines, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Node {
    use toml::de::DeValue;
    let start = value.span().start;
    let raw = match value.get_ref() {
        DeValue::String(string) => Raw::Text(string.clone().into_owned()),
        DeValue::Integer(number) => {
            match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Raw::Whole(number),
                // Larger than anything a key takes: its range says so.
                Err(_) => Raw::Number(f64::MAX),
            }
        }
        DeValue::Float(number) => Raw::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Datetime(moment) => Raw::Moment(moment.to_string()),
        DeValue::Array(items) => {
            Raw::List(items.iter().map(|item| toml_value(lines, item)).collect())
        }
        DeValue::Table(table) => return toml_table(lines, start, table),
    };
    Node { raw, line: Some(lines.at(start)) }
}

// JSON ---------------------------------------------------------------------------------------

fn json_tree(text: &str) -> Result<Node, Vec<SyntaxError>> {
    match serde_json::from_str::<Node>(text) {
        Ok(mut tree) => {
            place_json(&mut tree, &mut json_lines(text).into_iter());
            Ok(tree)
        }
        Err(err) => {
            let message = err.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            Err(vec![SyntaxError { line: u32::try_from(err.line()).ok(), message }])
        }
    }
}

/// Lines of all keys and values of a valid JSON text, in the order of the text.
fn json_lines(text: &str) -> Vec<u32> {
    let mut lines = Vec::new();
    let (mut line, mut in_string, mut escaped, mut in_word) = (1_u32, false, false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        let starts = match byte {
            b'"' | b'{' | b'[' => true,
            b',' | b':' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' => false,
            _ => !in_word,
        };
        in_string = byte == b'"';
        in_word = !matches!(byte, b'"' | b'{' | b'[' | b',' | b':' | b']' | b'}')
            && !byte.is_ascii_whitespace();
        if starts {
            lines.push(line);
        }
        if byte == b'\n' {
            line = line.saturating_add(1);
        }
    }
    lines
}

fn place_json(node: &mut Node, lines: &mut impl Iterator<Item = u32>) {
    node.line = lines.next();
    match &mut node.raw {
        Raw::List(items) => items.iter_mut().for_each(|item| place_json(item, lines)),
        Raw::Table(entries) => {
            for entry in entries {
                entry.line = lines.next();
                place_json(&mut entry.node, lines);
            }
        }
        Raw::Null
        | Raw::Flag(_)
        | Raw::Whole(_)
        | Raw::Number(_)
        | Raw::Text(_)
        | Raw::Moment(_) => {}
    }
}

// YAML ---------------------------------------------------------------------------------------

fn yaml_tree(text: &str) -> Result<Node, Vec<SyntaxError>> {
    // `y`, `no` and `on` are words here: a tag, a country, a name.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    match serde_saphyr::from_str_with_options::<Yaml>(text, options) {
        Ok(Yaml(tree)) => Ok(tree),
        Err(err) => {
            let line = err.location().and_then(|place| u32::try_from(place.line()).ok());
            Err(vec![SyntaxError {
                line: line.filter(|line| *line > 0),
                message: yaml_words(&err),
            }])
        }
    }
}

/// The message of a YAML error without the parts that the file wrote.
fn yaml_words(err: &serde_saphyr::Error) -> String {
    let whole = err.without_snippet().to_string();
    let words = whole.lines().next().unwrap_or_default();
    let words = words.split(" at line ").next().unwrap_or_default();
    // Names of anchors, tags and keys are quoted: a password that begins with `*` is an alias.
    let mut shown = String::new();
    for (index, part) in words.split(['`', '"', '\'']).enumerate() {
        shown.push_str(if index % 2 == 0 { part } else { "…" });
    }
    format!("not valid YAML: {}", shown.trim())
}

struct Yaml(Node);

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<YamlRaw>::deserialize(deserializer)?;
        let line = u32::try_from(spanned.referenced.line()).ok().filter(|line| *line > 0);
        Ok(Self(Node { raw: spanned.value.0, line }))
    }
}

struct YamlRaw(Raw);

impl<'de> Deserialize<'de> for YamlRaw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = RawVisitor::<Yaml>(std::marker::PhantomData);
        deserializer.deserialize_any(visitor).map(Self)
    }
}

impl From<Yaml> for Node {
    fn from(yaml: Yaml) -> Self {
        yaml.0
    }
}

// Both through serde --------------------------------------------------------------------------

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = RawVisitor::<Self>(std::marker::PhantomData);
        deserializer.deserialize_any(visitor).map(Self::bare)
    }
}

/// Takes any value; those inside it come as `N`.
struct RawVisitor<N>(std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Node>> Visitor<'de> for RawVisitor<N> {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Whole(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Whole(number.into()))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Whole(number))
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Raw, E> {
        Ok(i128::try_from(number).map_or(Raw::Number(f64::MAX), Raw::Whole))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        N::deserialize(deserializer).map(|node| node.into().raw)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<N>()? {
            items.push(item.into());
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let node: Node = map.next_value::<N>()?.into();
            entries.push(Entry { key, line: node.line, node });
        }
        Ok(Raw::Table(entries))
    }
}
