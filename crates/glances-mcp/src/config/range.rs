//! `web-[01-20]`: one name that means many.

use super::tree::quoted;

/// Most servers of a configuration: what one machine polls.
pub(super) const SERVERS_MAX: usize = 2_000;

/// Zeros in front count: every name is as long as the first.
const DIGITS_MAX: usize = 8;

/// The names that `text` means: those of its range, or itself alone.
pub(super) fn expand(text: &str) -> Result<Vec<String>, (String, String)> {
    let Some((before, range, after)) = find(text) else { return Ok(vec![text.to_owned()]) };
    let fix = || "a range is written `web-[01-20]`".to_owned();
    if find(after).is_some() {
        return Err((format!("{} has two ranges", quoted(text)), fix()));
    }
    let (first_text, last_text) = range;
    let (Ok(first), Ok(last)) = (first_text.parse::<u64>(), last_text.parse::<u64>()) else {
        return Err((format!("the numbers of {} are too large", quoted(text)), fix()));
    };
    if first_text.len() > DIGITS_MAX {
        return Err((format!("the numbers of {} are too long", quoted(text)), fix()));
    }
    if first > last {
        return Err((
            format!("the range of {} runs backwards", quoted(text)),
            format!("write `[{last_text}-{first_text}]`"),
        ));
    }
    let count = (last - first).saturating_add(1);
    if count > SERVERS_MAX as u64 {
        let problem = format!("the range of {} makes {count} servers", quoted(text));
        return Err((problem, format!("use at most {SERVERS_MAX}")));
    }
    let width = if first_text.starts_with('0') { first_text.len() } else { 0 };
    Ok((first..=last).map(|number| format!("{before}{number:0width$}{after}")).collect())
}

type Range<'t> = (&'t str, &'t str);

/// The first `[digits-digits]`, with what is before and after it.
fn find(text: &str) -> Option<(&str, Range<'_>, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('[')?;
        let close = open + text.get(open..)?.find(']')?;
        let inner = text.get(open + 1..close)?;
        let digits = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
        match inner.split_once('-') {
            Some((first, last)) if digits(first) && digits(last) => {
                return Some((text.get(..open)?, (first, last), text.get(close + 1..)?));
            }
            _ => from = close + 1,
        }
    }
}
