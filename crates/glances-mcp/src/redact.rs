//! The one door for text of monitored machines: bounds it, strips what a reader would not see,
//! removes secrets. Never fails; rather takes too much than shows a secret.

mod secrets;
#[cfg(test)]
mod tests;
mod unseen;

use std::borrow::Cow;

/// Longest text of a monitored machine that is kept, in characters.
pub const TEXT_CHARS_MAX: usize = 300;

/// Longest text that is looked through, in bytes: more of a command line is never shown.
const TEXT_BYTES_READ_MAX: usize = 16_384;

/// Stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Shortening may bring forth what looks like a secret; after so many rounds nothing new appears.
const ROUNDS_MAX: usize = 4;

/// Makes text of a monitored machine fit to store and to show: one line, visible, without secrets,
/// at most [`TEXT_CHARS_MAX`] characters. Doing it twice changes nothing.
#[must_use]
pub fn clean(text: &str) -> String {
    let (text, is_cut) = bounded(text);
    let mut text = unseen::strip(text).into_owned();
    if is_cut {
        // The rest of the last word is missing, and with it what would show that it is a secret.
        text.truncate(text.rfind(' ').map_or(0, |end| end + 1));
        text.push('…');
    }
    for _ in 0..ROUNDS_MAX {
        let Cow::Owned(next) = shorten(&secrets::remove(&text)) else { break };
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// At most `chars` characters, for display; a shortened text ends in `…`.
#[must_use]
pub fn clip(text: &str, chars: usize) -> Cow<'_, str> {
    if text.len() <= chars || text.char_indices().nth(chars).is_none() {
        return Cow::Borrowed(text);
    }
    let end = text.char_indices().nth(chars.saturating_sub(1)).map_or(0, |(end, _)| end);
    let kept = text.get(..end).unwrap_or_default();
    Cow::Owned(if chars == 0 { String::new() } else { format!("{kept}…") })
}

/// The part of a text that is looked through, and whether there was more.
fn bounded(text: &str) -> (&str, bool) {
    if text.len() <= TEXT_BYTES_READ_MAX {
        return (text, false);
    }
    let end = text.floor_char_boundary(TEXT_BYTES_READ_MAX);
    (text.get(..end).unwrap_or_default(), true)
}

/// At most [`TEXT_CHARS_MAX`] characters, never ending within a [`REDACTED`].
fn shorten(text: &str) -> Cow<'_, str> {
    let Cow::Owned(short) = clip(text, TEXT_CHARS_MAX) else { return Cow::Owned(text.to_owned()) };
    let cut = short.len().saturating_sub('…'.len_utf8());
    let from = text.floor_char_boundary(cut.saturating_sub(REDACTED.len()));
    let split = text.get(from..).and_then(|end| end.find(REDACTED)).map(|at| from + at);
    match split.filter(|start| *start < cut && cut < start + REDACTED.len()) {
        Some(start) => Cow::Owned(format!("{}…", text.get(..start).unwrap_or_default())),
        None => Cow::Owned(short),
    }
}
