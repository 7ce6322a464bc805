//! Words that every module speaks. Names no other module.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest alias, in characters: it appears in every reply and label.
pub const ALIAS_CHARS_MAX: usize = 64;

/// The alias of one monitored server: letters, digits and `.`, `_`, `-`, starting with a letter or
/// digit. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(Arc<str>);

impl HostName {
    /// Checks the form of an alias.
    ///
    /// # Errors
    /// Says what is wrong with `text`, in words for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an alias must not be empty".to_owned());
        }
        if text.chars().count() > ALIAS_CHARS_MAX {
            return Err(format!("an alias has at most {ALIAS_CHARS_MAX} characters"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(plain) {
            return Err(format!(
                "`{}` is no alias: use letters, digits, `.`, `_` and `-`, starting with a letter \
                 or digit",
                text.escape_debug()
            ));
        }
        Ok(Self(text.into()))
    }

    /// The alias as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Name of a series of one server: a metric path, with the item in brackets where it has one, such
/// as `fs.percent[/]`.
pub type SeriesName = Arc<str>;

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// How much it matters when a server fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criticality {
    /// Nobody is woken.
    Low,
    /// The default outside production.
    #[default]
    Normal,
    /// The default in production.
    High,
    /// The business stops.
    Critical,
}

impl Criticality {
    /// All, with the words that the configuration uses.
    pub const NAMES: &[(&str, Self)] = &[
        ("low", Self::Low),
        ("normal", Self::Normal),
        ("high", Self::High),
        ("critical", Self::Critical),
    ];
}

/// The four levels of Glances, mildest first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Severity {
    /// Within bounds.
    Ok,
    /// Worth a look.
    Careful,
    /// Needs work soon.
    Warning,
    /// Needs work now.
    Critical,
}

/// What an operator says of an alert, once the matter is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something was wrong.
    Real,
    /// Nothing was wrong: the rule is too eager.
    Noise,
    /// It was to be so: a backup, a deployment.
    Expected,
}

impl Verdict {
    /// All, with their words.
    pub const NAMES: &[(&str, Self)] =
        &[("real", Self::Real), ("noise", Self::Noise), ("expected", Self::Expected)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::NAMES.iter().find(|(_, it)| *it == self).map_or("", |(word, _)| word)
    }

    /// The verdict of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(it, _)| *it == word).map(|(_, verdict)| *verdict)
    }
}

// A derived one would describe each word, which callers need not pay for.
impl schemars::JsonSchema for Verdict {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Verdict".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = Self::NAMES.iter().map(|(word, _)| *word).collect();
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}
