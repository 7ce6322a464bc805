//! Characters that a terminal obeys or a reader does not see: control sequences, direction marks,
//! zero-width characters, tags. Text to make a person or a model read something else hides there.

use std::borrow::Cow;

const ESCAPE: char = '\u{1b}';

/// The text without them, on one line, without space at its ends.
pub(super) fn strip(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text.trim_matches(' '));
    }
    let mut seen = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            ESCAPE => skip_sequence(&mut rest),
            '\u{9b}' => skip_parameters(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                seen.push(' ');
            }
            _ if is_unseen(c) => {}
            _ => seen.push(c),
        }
    }
    Cow::Owned(seen.trim_matches(' ').to_owned())
}

/// Whether nothing is seen of a character, or it changes how others are seen.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// What follows an escape character.
fn skip_sequence(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('[') => {
            *rest = ahead;
            skip_parameters(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            *rest = ahead;
            skip_string(rest);
        }
        // Intermediate characters and a final one.
        Some(' '..='/') => {
            while matches!(ahead.clone().next(), Some(' '..='/')) {
                ahead.next();
            }
            if matches!(ahead.clone().next(), Some('0'..='~')) {
                ahead.next();
            }
            *rest = ahead;
        }
        Some('0'..='~') => *rest = ahead,
        _ => {}
    }
}

/// Parameters and the final character of a control sequence such as a colour.
fn skip_parameters(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    while matches!(ahead.clone().next(), Some(' '..='?')) {
        ahead.next();
    }
    if matches!(ahead.clone().next(), Some('@'..='~')) {
        ahead.next();
        *rest = ahead;
    }
}

/// A string for the terminal, such as a title, with its end. One without an end is shown: it would
/// take all text with it.
fn skip_string(rest: &mut std::str::Chars<'_>) {
    let mut ahead = rest.clone();
    while let Some(c) = ahead.next() {
        let ends = match c {
            '\u{7}' | '\u{9c}' => true,
            ESCAPE => ahead.clone().next() == Some('\\') && ahead.next().is_some(),
            _ => false,
        };
        if ends {
            *rest = ahead;
            return;
        }
    }
}
