//! Which servers: an alias, a glob, a run `web-[01-20]`, `env:`, `region:` or `tag:`.

use std::{collections::BTreeSet, fmt, sync::Arc};

use globset::{GlobBuilder, GlobMatcher};

use crate::snapshot::{Host, Snapshot};

/// Longest selector, in bytes.
const SELECTOR_BYTES_MAX: usize = 200;

/// Names that an error lists.
const NAMES_LISTED: usize = 8;

/// Aliases in a list from which on runs are written `web-[01-20]`.
const COMPACT_ABOVE: usize = 12;

/// A selector that could not be used. Built from what its caller may see, and nothing else.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

/// One parsed selector.
pub enum Selector {
    /// This alias.
    Alias(String),
    /// Aliases of this form.
    Pattern(Box<GlobMatcher>),
    /// Aliases `before` + a number of `width` digits within `from..=to` + `after`.
    Run { before: String, from: u64, to: u64, width: usize, after: String },
    /// Servers of this environment.
    Environment(String),
    /// Servers of this region.
    Region(String),
    /// Servers with this tag.
    Tag(String),
}

impl Selector {
    /// Reads one selector.
    ///
    /// # Errors
    /// Says which forms there are.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let bad = |why: &str| {
            SelectorError(format!(
                "selector `{}` {why}; use an alias, a glob (`web-*`), `env:production`, \
                 `region:eu` or `tag:db`",
                crate::redact::clip(&crate::redact::clean(text), 60)
            ))
        };
        if text.is_empty() {
            return Err(bad("is empty"));
        }
        if text.len() > SELECTOR_BYTES_MAX {
            return Err(bad("is too long"));
        }
        if let Some((kind, word)) = text.split_once(':') {
            return match kind {
                _ if word.is_empty() => Err(bad("names nothing after the colon")),
                "env" | "environment" => Ok(Self::Environment(word.to_owned())),
                "region" => Ok(Self::Region(word.to_owned())),
                "tag" => Ok(Self::Tag(word.to_owned())),
                _ => Err(bad("has an unknown prefix")),
            };
        }
        if let Some(run) = parse_run(text) {
            return Ok(run);
        }
        if text.contains(['*', '?', '[', '{']) {
            let glob = GlobBuilder::new(text).literal_separator(false).build();
            let matcher = glob.map_err(|err| bad(&format!("is no glob ({})", err.kind())))?;
            return Ok(Self::Pattern(Box::new(matcher.compile_matcher())));
        }
        Ok(Self::Alias(text.to_owned()))
    }

    /// Whether the selector means this server.
    #[must_use]
    pub fn fits(&self, host: &Host) -> bool {
        let same = |value: &Option<String>, word: &String| value.as_ref() == Some(word);
        match self {
            Self::Alias(alias) => host.alias.as_str() == alias,
            Self::Pattern(glob) => glob.is_match(host.alias.as_str()),
            Self::Run { before, from, to, width, after } => {
                let number = host.alias.as_str().strip_prefix(before.as_str());
                let number = number.and_then(|rest| rest.strip_suffix(after.as_str()));
                number.filter(|digits| digits.len() == *width && all_digits(digits)).is_some_and(
                    |digits| digits.parse::<u64>().is_ok_and(|n| (*from..=*to).contains(&n)),
                )
            }
            Self::Environment(word) => same(&host.environment, &environment_alias(word).to_owned()),
            Self::Region(word) => same(&host.region, word),
            Self::Tag(word) => host.tags.contains(word),
        }
    }

    /// The words that this kind of selector could have named among `hosts`, and the word it did.
    fn alternatives<'a>(&'a self, hosts: &'a [Arc<Snapshot>], text: &'a str) -> Alternatives<'a> {
        let of = |pick: fn(&Host) -> Option<&str>| -> BTreeSet<&str> {
            hosts.iter().filter_map(|snapshot| pick(&snapshot.host)).collect()
        };
        match self {
            Self::Environment(word) => {
                Alternatives::new("environment", word, of(|host| host.environment.as_deref()))
            }
            Self::Region(word) => {
                Alternatives::new("region", word, of(|host| host.region.as_deref()))
            }
            Self::Tag(word) => {
                let tags = hosts.iter().flat_map(|snapshot| &snapshot.host.tags);
                Alternatives::new("tag", word, tags.map(String::as_str).collect())
            }
            Self::Alias(_) | Self::Pattern(_) | Self::Run { .. } => {
                Alternatives::new("server", text, of(|host| Some(host.alias.as_str())))
            }
        }
    }
}

impl fmt::Display for Selector {
    /// As it is written, so that it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(alias) => f.write_str(alias),
            Self::Pattern(glob) => f.write_str(glob.glob().glob()),
            Self::Run { before, from, to, width, after } => {
                write!(f, "{before}[{from:0width$}-{to:0width$}]{after}")
            }
            Self::Environment(word) => write!(f, "env:{word}"),
            Self::Region(word) => write!(f, "region:{word}"),
            Self::Tag(word) => write!(f, "tag:{word}"),
        }
    }
}

struct Alternatives<'a> {
    kind: &'static str,
    word: &'a str,
    known: BTreeSet<&'a str>,
}

impl<'a> Alternatives<'a> {
    fn new(kind: &'static str, word: &'a str, known: BTreeSet<&'a str>) -> Self {
        Self { kind, word, known }
    }
}

impl SelectorError {
    /// Says that a selector fits none of the servers that the caller may see, with the nearest.
    #[must_use]
    pub fn nothing(text: &str, selector: &Selector, visible: &[Arc<Snapshot>]) -> Self {
        let Alternatives { kind, word, known } = selector.alternatives(visible, text);
        let shown = crate::redact::clip(&crate::redact::clean(word), 60).into_owned();
        if known.is_empty() {
            return Self(format!("no {kind} `{shown}`: no {kind} is configured"));
        }
        let nearest = nearest(word, known.iter().copied());
        let total = known.len();
        let listed: Vec<&str> = known.into_iter().take(NAMES_LISTED).collect();
        let more = if total > NAMES_LISTED {
            format!(" and {} more (list_servers names all)", total - NAMES_LISTED)
        } else {
            String::new()
        };
        let known = listed.join(", ");
        let plural = if kind == "server" { "servers" } else { "known" };
        Self(match (selector, nearest) {
            (Selector::Pattern(_) | Selector::Run { .. }, _) => {
                format!("no server fits `{shown}`; servers: {known}{more}")
            }
            (_, Some(near)) => {
                format!("no {kind} `{shown}`; did you mean `{near}`? ({plural}: {known}{more})")
            }
            (_, None) => format!("no {kind} `{shown}`; {plural}: {known}{more}"),
        })
    }
}

/// The word most like `word`, if any is alike.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.7;
    let lower = word.to_lowercase();
    known
        .map(|other| (strsim::jaro_winkler(&lower, &other.to_lowercase()), other))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// `prod`, `stage` and `dev` mean the long words, as in the configuration.
fn environment_alias(word: &str) -> &str {
    match word {
        "prod" => "production",
        "stage" => "staging",
        "dev" => "development",
        other => other,
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `web-[01-20]`: both ends with the same number of digits. Other brackets are globs.
fn parse_run(text: &str) -> Option<Selector> {
    let (before, rest) = text.split_once('[')?;
    let (run, after) = rest.split_once(']')?;
    let (from, to) = run.split_once('-')?;
    // `[0-9]` is the glob of one digit, which means the same.
    let fits = all_digits(from) && all_digits(to) && from.len() == to.len();
    if !fits || [before, after].iter().any(|part| part.contains(['*', '?', '[', '{'])) {
        return None;
    }
    Some(Selector::Run {
        before: before.to_owned(),
        from: from.parse().ok()?,
        to: to.parse().ok()?,
        width: from.len(),
        after: after.to_owned(),
    })
}

/// A list of aliases as few words: runs of three and more become `web-[01-20]` when the list is
/// long. Each word is a selector.
#[must_use]
pub fn compact(aliases: &[&str]) -> Vec<String> {
    let plain = || aliases.iter().map(|alias| (*alias).to_owned()).collect();
    if aliases.len() <= COMPACT_ABOVE {
        return plain();
    }
    let mut words: Vec<String> = Vec::new();
    let mut run: Vec<(&str, Numbered<'_>)> = Vec::new();
    let mut sorted = aliases.to_vec();
    sorted.sort_unstable();
    for alias in sorted {
        let Some(numbered) = Numbered::split(alias) else {
            flush(&mut run, &mut words);
            words.push(alias.to_owned());
            continue;
        };
        if run.last().is_some_and(|(_, last)| !last.before(&numbered)) {
            flush(&mut run, &mut words);
        }
        run.push((alias, numbered));
    }
    flush(&mut run, &mut words);
    words
}

/// An alias that ends in a number.
struct Numbered<'a> {
    stem: &'a str,
    digits: &'a str,
    number: u64,
}

impl<'a> Numbered<'a> {
    fn split(alias: &'a str) -> Option<Self> {
        let stem = alias.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = alias.get(stem.len()..)?;
        Some(Self { stem, digits, number: digits.parse().ok()? })
    }

    fn before(&self, next: &Self) -> bool {
        self.stem == next.stem
            && self.digits.len() == next.digits.len()
            && self.number.checked_add(1) == Some(next.number)
    }
}

fn flush(run: &mut Vec<(&str, Numbered<'_>)>, words: &mut Vec<String>) {
    match run.as_slice() {
        [(_, first), _, .., (_, last)] => {
            words.push(format!("{}[{}-{}]", first.stem, first.digits, last.digits));
        }
        few => words.extend(few.iter().map(|(alias, _)| (*alias).to_owned())),
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_aliases_become_runs_that_select_the_same() {
        let names: Vec<String> =
            (1..=20).map(|n| format!("web-{n:02}")).chain(["db".to_owned()]).collect();
        let words = compact(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(words, ["db", "web-[01-20]"]);
        let Selector::Run { from, to, width, .. } = Selector::parse("web-[01-20]").unwrap() else {
            panic!("no run");
        };
        assert_eq!((from, to, width), (1, 20, 2));
    }

    #[test]
    fn a_selector_is_written_as_it_is_read() {
        for text in ["web-1", "web-*", "web-[01-20]x", "env:prod", "region:eu", "tag:db"] {
            assert_eq!(Selector::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn short_lists_stay_as_they_are() {
        assert_eq!(compact(&["a1", "a2", "a3"]), ["a1", "a2", "a3"]);
    }

    #[test]
    fn selectors_that_mean_nothing_say_which_forms_there_are() {
        for text in ["", "env:", "colour:red", "web-[", &"x".repeat(300)] {
            let error = Selector::parse(text).err().unwrap().to_string();
            assert!(error.contains("`env:production`"), "{error}");
        }
    }

    #[test]
    fn the_nearest_word_is_alike_or_none() {
        assert_eq!(nearest("web1", ["web-1", "db-1"].into_iter()), Some("web-1"));
        assert_eq!(nearest("zzz", ["web-1", "db-1"].into_iter()), None);
    }
}
