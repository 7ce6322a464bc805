//! Patterns of items and series: `*` for any text, `?` for one character, all else as it stands.

use std::fmt;

/// Longest pattern, in characters: matching takes pattern times text.
const CHARS_MAX: usize = 200;

/// One pattern. Brackets stand for themselves: mount points and series have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let chars: Vec<char> = text.chars().collect();
        match chars.len() {
            0 => Err("a pattern must not be empty".to_owned()),
            1..=CHARS_MAX => Ok(Self(chars)),
            _ => Err(format!("a pattern has at most {CHARS_MAX} characters")),
        }
    }

    /// Whether it is a plain name.
    pub(super) fn is_plain(&self) -> bool {
        !self.0.contains(&'*') && !self.0.contains(&'?')
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut of) = (0, 0);
        // Where to go on when the last `*` takes one character more.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(letter) = text.get(at) {
            match (self.0.get(of), retry) {
                (Some('*'), _) => {
                    retry = Some((of + 1, at));
                    of += 1;
                }
                (Some(wanted), _) if *wanted == '?' || wanted == letter => {
                    at += 1;
                    of += 1;
                }
                (_, Some((after, taken))) => {
                    retry = Some((after, taken + 1));
                    (of, at) = (after, taken + 1);
                }
                (_, None) => return false,
            }
        }
        self.0.iter().skip(of).all(|rest| *rest == '*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{letter}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_others_and_brackets_for_themselves() {
        for (pattern, text, fits) in [
            ("/", "/", true),
            ("/", "/var", false),
            ("/data/*", "/data/a/b", true),
            ("/data/*", "/data", false),
            ("sd?", "sda", true),
            ("sd?", "sda1", false),
            ("*", "", true),
            ("fs.percent[*]", "fs.percent[/var]", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
            ("[ab]", "a", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().fits(text), fits, "{pattern} {text}");
        }
        assert!(Pattern::parse("").is_err() && Pattern::parse(&"*".repeat(201)).is_err());
    }
}
