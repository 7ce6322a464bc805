//! A cursor over the server's JSON; the only way from it into the model.
//!
//! Absent, `null` and ill-typed fields are all `None`: the three differ by Glances version only.

use serde_json::Value;

/// What the embedding program does to each text of a monitored machine.
pub(crate) type TextFilter = fn(&str) -> String;

static NULL: Value = Value::Null;

/// One value of a reply, with the filter that its texts must pass.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    value: &'a Value,
    filter: TextFilter,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(value: &'a Value, filter: TextFilter) -> Self {
        Self { value, filter }
    }

    fn with(self, value: Option<&'a Value>) -> Self {
        Self { value: value.unwrap_or(&NULL), filter: self.filter }
    }

    /// Field of an object; null when there is none.
    pub(crate) fn get(self, key: &str) -> Self {
        self.with(self.value.get(key))
    }

    /// Element of a list; null when there is none.
    pub(crate) fn at(self, index: usize) -> Self {
        self.with(self.value.get(index))
    }

    /// Field of an object, or its place in the positional array of API 3.
    pub(crate) fn field_or_place(self, key: &str, index: usize) -> Self {
        if self.is_list() { self.at(index) } else { self.get(key) }
    }

    pub(crate) fn is_null(self) -> bool {
        self.value.is_null()
    }

    pub(crate) fn is_object(self) -> bool {
        self.value.is_object()
    }

    pub(crate) fn is_list(self) -> bool {
        self.value.is_array()
    }

    pub(crate) fn is_empty_list(self) -> bool {
        self.value.as_array().is_some_and(Vec::is_empty)
    }

    pub(crate) fn is_empty_object(self) -> bool {
        self.value.as_object().is_some_and(serde_json::Map::is_empty)
    }

    /// JSON's name of the type, for errors.
    pub(crate) fn kind(self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// Elements of a list; of anything else none.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> + 'a {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().map(move |item| self.with(Some(item)))
    }

    /// Fields of an object with their names as served; of anything else none.
    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), self.with(Some(value))))
    }

    /// A finite number, also when it is spelled as text.
    pub(crate) fn num(self) -> Option<f64> {
        let number = match self.value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A number that is a measured interval: Glances serves the integer 1 before its first.
    pub(crate) fn interval_secs(self) -> Option<f64> {
        match self.value {
            Value::Number(number) if number.is_f64() => self.num(),
            _ => None,
        }
    }

    /// A number that cannot be negative; a fraction is cut.
    pub(crate) fn count(self) -> Option<u64> {
        if let Some(exact) = self.value.as_u64() {
            return Some(exact);
        }
        let number = self.num()?;
        // `as` saturates, so a number beyond the range is the largest one.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        (number >= 0.0).then_some(number as u64)
    }

    /// A count that fits 32 bits.
    pub(crate) fn small(self) -> Option<u32> {
        u32::try_from(self.count()?).ok()
    }

    pub(crate) fn flag(self) -> Option<bool> {
        self.value.as_bool()
    }

    /// The text as served, to compare it; never to keep it.
    pub(crate) fn word(self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A text to keep, filtered; a number in its digits; `None` when empty.
    pub(crate) fn text(self) -> Option<String> {
        let text = match self.value {
            Value::String(text) => self.clean(text),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// A text to keep, or nothing.
    pub(crate) fn text_or_empty(self) -> String {
        self.text().unwrap_or_default()
    }

    /// A text, or a list of texts joined, filtered once as a whole; `None` when empty.
    pub(crate) fn joined(self, separator: &str) -> Option<String> {
        if !self.is_list() {
            return self.text();
        }
        let words: Vec<&str> = self.items().filter_map(Self::word).collect();
        let text = self.clean(&words.join(separator));
        (!text.trim().is_empty()).then_some(text)
    }

    /// Passes a text of the server through the filter.
    pub(crate) fn clean(self, text: &str) -> String {
        (self.filter)(text)
    }
}
