//! A JSON writer straight into one buffer, in the two spellings of Glances' servers. Knows no plugin.

use std::fmt::Write as _;

/// Writes JSON text; commas are its business.
#[derive(Debug, Default)]
pub struct Json {
    out: String,
    comma: bool,
    escape_slash: bool,
}

impl Json {
    /// A writer with room for a usual body; API 3 spells `/` as `\/`.
    #[must_use]
    pub fn new(escape_slash: bool) -> Self {
        Self { out: String::with_capacity(2_048), comma: false, escape_slash }
    }

    /// The text written so far.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }

    /// Writes `{…}`.
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.wrapped('{', '}', fill);
    }

    /// Writes `[…]`.
    pub fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.wrapped('[', ']', fill);
    }

    /// Writes an array with one object per item.
    pub fn records<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Self, T),
    ) {
        self.array(|w| {
            for item in items {
                w.object(|w| fill(w, item));
            }
        });
    }

    /// Writes the key of the next value.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.quote(name);
        self.out.push(':');
        self.comma = false;
        self
    }

    /// Writes a key made of two parts, such as `read_bytes` and `_gauge`.
    pub fn key_of(&mut self, name: &str, suffix: &str) -> &mut Self {
        self.separate();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str(suffix);
        self.out.push_str("\":");
        self.comma = false;
        self
    }

    /// Writes a key and its value.
    pub fn field(&mut self, name: &str, value: impl Put) {
        self.key(name).value(value);
    }

    /// Writes a value.
    pub fn value(&mut self, value: impl Put) {
        self.separate();
        value.put(self);
        self.comma = true;
    }

    /// Writes text that is JSON already.
    pub fn raw(&mut self, text: &str) {
        self.separate();
        self.out.push_str(text);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(',');
        }
    }

    fn wrapped(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(open);
        self.comma = false;
        fill(self);
        self.out.push(close);
        self.comma = true;
    }

    fn quote(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '/' if self.escape_slash => self.out.push_str("\\/"),
                c if (c as u32) < 0x20 => {
                    put_fmt(&mut self.out, format_args!("\\u{:04x}", c as u32));
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

/// A value that can stand in JSON.
pub trait Put {
    /// Writes the value alone.
    fn put(self, w: &mut Json);
}

/// Writing into a string cannot fail, so the result carries nothing.
fn put_fmt(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _always_ok = out.write_fmt(text);
}

macro_rules! put_integers {
    ($($type:ty)*) => {
        $(impl Put for $type {
            fn put(self, w: &mut Json) {
                put_fmt(&mut w.out, format_args!("{self}"));
            }
        })*
    };
}
put_integers!(u16 u32 u64 usize i32 i64 bool);

impl Put for f64 {
    fn put(self, w: &mut Json) {
        if self.is_finite() {
            put_fmt(&mut w.out, format_args!("{self:?}"));
        } else {
            w.out.push_str("null");
        }
    }
}

impl Put for &str {
    fn put(self, w: &mut Json) {
        w.quote(self);
    }
}

/// The JSON value `null`.
#[derive(Clone, Copy, Debug)]
pub struct Null;

impl Put for Null {
    fn put(self, w: &mut Json) {
        w.out.push_str("null");
    }
}

impl<T: Put> Put for Option<T> {
    fn put(self, w: &mut Json) {
        match self {
            Some(value) => value.put(w),
            None => Null.put(w),
        }
    }
}

impl<T: Put + Copy> Put for &[T] {
    fn put(self, w: &mut Json) {
        w.out.push('[');
        for (i, &value) in self.iter().enumerate() {
            if i > 0 {
                w.out.push(',');
            }
            value.put(w);
        }
        w.out.push(']');
    }
}

/// Rounds as Glances does for percentages: one decimal.
#[must_use]
pub fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_with_the_same_values() {
        let hostile = "a\"\\/\u{1b}[31m\u{202e}\n\u{0}é";
        for escape_slash in [false, true] {
            let mut w = Json::new(escape_slash);
            w.object(|w| {
                w.field("text", hostile);
                w.field("float", 1.0);
                w.field("nan", f64::NAN);
                w.field("list", [1_u64, 2].as_slice());
                w.key_of("read", "_gauge").value(None::<u64>);
                w.key("records").records([1_u64, 2], |w, n| w.field("n", n));
                w.key("empty").object(|_| ());
                w.field("last", true);
            });
            let text = w.finish();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                value,
                serde_json::json!({
                    "text": hostile, "float": 1.0, "nan": null, "list": [1, 2], "read_gauge": null,
                    "records": [{"n": 1}, {"n": 2}], "empty": {}, "last": true,
                })
            );
            assert_eq!(text.contains("\\\\\\/"), escape_slash, "{text}");
        }
    }
}
