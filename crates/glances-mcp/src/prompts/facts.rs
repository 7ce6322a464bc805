//! Facts of a prompt: tools that are asked at once, and what of their answers is told. One that fails
//! is a line with its reason; the others stand.

use std::fmt::Write as _;

use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use super::Arguments;
use crate::{
    query::QueryError,
    redact::{clean, clip},
    render,
    tools::{self, Context, Progress, Reply, ToolError},
};

/// Tools that one prompt asks at a time: each reads all of history that it is about.
const AT_ONCE_MAX: usize = 4;
/// All facts of one prompt, bytes: tables take two and a third a token, and 4,000 of the 6,000
/// tokens of a prompt are theirs.
const ALL_BYTES_MAX: usize = 9_000;
/// Why one fact could not be had, characters.
const REASON_CHARS: usize = 300;
/// Shortest fence, backticks.
const FENCE_MIN: usize = 3;

/// Something to ask a tool.
pub(super) struct Fact {
    title: &'static str,
    tool: &'static str,
    arguments: Value,
    /// Fields of the reply that are told, in this order.
    keep: &'static [&'static str],
    /// Columns that are not.
    without: &'static [&'static str],
    /// Whether rows are told, and so how many of how many.
    rows: bool,
    /// Tells it otherwise.
    tell: Option<Tell>,
}

/// A structured reply in other words.
type Tell = fn(&Value, &Arguments) -> String;

/// A row of facts.
pub(super) fn fact(title: &'static str, tool: &'static str, arguments: Value) -> Fact {
    Fact { title, tool, arguments, keep: &[], without: &[], rows: true, tell: None }
}

impl Fact {
    /// Tells only these fields of the reply.
    pub(super) fn keep(mut self, fields: &'static [&'static str]) -> Self {
        self.keep = fields;
        self
    }

    /// Leaves out columns that say little here.
    pub(super) fn without(mut self, columns: &'static [&'static str]) -> Self {
        self.without = columns;
        self
    }

    /// Tells no rows of the tool's list: how many there are is no gap.
    pub(super) fn summary(mut self) -> Self {
        self.rows = false;
        self
    }

    /// Tells the reply in other words.
    pub(super) fn told(mut self, tell: Tell) -> Self {
        self.tell = Some(tell);
        self
    }
}

/// What a tool said.
pub(super) struct Answer {
    fact: Fact,
    reply: Result<Reply, ToolError>,
}

impl Answer {
    /// The structured reply of this tool, if it answered.
    pub(super) fn of<'a>(answers: &'a [Self], tool: &str) -> Option<&'a Value> {
        let found = answers.iter().find(|answer| answer.fact.tool == tool)?;
        found.reply.as_ref().ok().map(|reply| &reply.structured)
    }
}

/// Asks all, some at a time.
///
/// # Errors
/// The caller's own mistake, such as a server that is not there; or why the first fact could not be
/// had, when none could.
pub(super) async fn ask(cx: &Context, facts: Vec<Fact>) -> Result<Vec<Answer>, ToolError> {
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let total = facts.len() as f64;
    let asked = facts.into_iter().map(|fact| async {
        // Steps are told by fact.
        let cx = Context { progress: Progress::default(), ..cx.clone() };
        let reply = tools::ask(cx, fact.tool, fact.arguments.clone()).await;
        Answer { fact, reply }
    });
    let mut coming = stream::iter(asked).buffered(AT_ONCE_MAX);
    let (mut answers, mut done) = (Vec::new(), 0.0);
    while let Some(answer) = coming.next().await {
        done += 1.0;
        cx.progress.step(done, total, answer.fact.title);
        answers.push(answer);
    }
    drop(coming);
    let mistaken = |answer: &Answer| answer.reply.as_ref().is_err_and(is_mistake);
    let none = answers.iter().all(|answer| answer.reply.is_err());
    let failed = answers.iter().position(mistaken).or(none.then_some(0));
    match failed {
        Some(at) if !answers.is_empty() => match answers.swap_remove(at).reply {
            Err(error) => Err(error),
            Ok(_) => Ok(answers),
        },
        _ => Ok(answers),
    }
}

/// Whether the caller has to ask otherwise, and not only wait or do without.
const fn is_mistake(error: &ToolError) -> bool {
    matches!(
        error,
        ToolError::Query(QueryError::Selector(_)) | ToolError::Window(_) | ToolError::Arguments(_)
    )
}

/// All facts, each under its title with the call that tells more.
pub(super) fn written(answers: &[Answer], asked: &Arguments) -> String {
    let texts: Vec<String> = answers.iter().map(|answer| text(answer, asked)).collect();
    let lengths: Vec<usize> = texts.iter().map(String::len).collect();
    let share = share(&lengths, ALL_BYTES_MAX);
    let mut out = String::new();
    for (answer, text) in answers.iter().zip(&texts) {
        let Fact { title, tool, arguments, .. } = &answer.fact;
        let call = code(&format!("{tool} {arguments}"));
        let _ = write!(out, "\n### {title}: {call}\n{}\n", fence(&cut(text, share)));
    }
    out
}

fn text(answer: &Answer, asked: &Arguments) -> String {
    let reply = match &answer.reply {
        Ok(reply) => reply,
        Err(error) => {
            let reason = clean(&chain(error));
            return format!("Not to be had: {}", clip(&reason, REASON_CHARS));
        }
    };
    if let Some(tell) = answer.fact.tell {
        return tell(&reply.structured, asked);
    }
    let headline = reply.text.lines().next().unwrap_or_default();
    let Value::Object(all) = &reply.structured else { return headline.to_owned() };
    let mut told: Map<String, Value> = match answer.fact.keep {
        [] => all.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        keep => {
            let field = |key: &&str| Some(((*key).to_owned(), all.get(*key)?.clone()));
            keep.iter().filter_map(field).collect()
        }
    };
    told.remove("coverage");
    told.values_mut().for_each(|value| thin(value, answer.fact.without));
    let mut text = render::text(headline, &Value::Object(told));
    if let Some(coverage) = all.get("coverage") {
        text.push_str(&unseen(coverage));
        if answer.fact.rows {
            text.push_str(&cut_by(coverage));
        }
    }
    text
}

/// What a reply could not see; servers that do not answer are told once, at the top.
fn unseen(coverage: &Value) -> String {
    let mut out = String::new();
    for group in coverage.get("unavailable").and_then(Value::as_array).into_iter().flatten() {
        let reason = group.get("reason").and_then(Value::as_str).unwrap_or_default();
        if reason.starts_with("plugin") {
            let count = group.get("count").and_then(Value::as_u64).unwrap_or_default();
            let servers = render::count(usize_of(count), "server");
            let _ = write!(out, "\nNot seen on {servers}: {reason}");
        }
    }
    out
}

/// What a limit of the call left out.
fn cut_by(coverage: &Value) -> String {
    let more = coverage.get("more").and_then(Value::as_str).unwrap_or_default();
    more.split_once(';').map_or_else(String::new, |(count, _)| format!("\nTold: {count}"))
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Takes columns out of rows.
fn thin(value: &mut Value, without: &[&str]) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !without.contains(&key.as_str()));
            map.values_mut().for_each(|value| thin(value, without));
        }
        Value::Array(rows) => rows.iter_mut().for_each(|row| thin(row, without)),
        _ => {}
    }
}

fn chain(error: &ToolError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Values of one server in one line, without those of single cores.
pub(super) fn values(reply: &Value, _: &Arguments) -> String {
    let rows = reply.get("metrics").and_then(Value::as_array).into_iter().flatten();
    let words = rows.filter_map(|row| {
        let metric = row.get("metric")?.as_str()?;
        let value = row.get("value")?.as_f64()?;
        let unit = row.get("unit").and_then(Value::as_str).unwrap_or_default();
        let value = render::in_unit(value, unit);
        (!metric.starts_with("percpu.")).then(|| format!("{metric} {value}"))
    });
    let words: Vec<String> = words.collect();
    match words.is_empty() {
        true => "Nothing is served.".to_owned(),
        false => words.join(", "),
    }
}

/// How long each may be, so that all together are no longer than `all`: what short ones leave is for
/// the long ones.
fn share(lengths: &[usize], all: usize) -> usize {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable();
    let (mut left, mut count) = (all, sorted.len());
    for length in sorted {
        let share = left / count;
        if length > share {
            return share;
        }
        left -= length;
        count -= 1;
    }
    all
}

/// A text of whole lines, at most so many bytes of them.
pub(super) fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let (mut out, mut lines) = (String::new(), text.lines());
    for line in lines.by_ref() {
        if out.len() + line.len() >= bytes_max {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    let rest = lines.filter(|line| !line.is_empty()).count() + 1;
    // A single line that is too long is a row of many cells, of which the first say most.
    if out.is_empty() {
        out = format!("{}\n", clip(text.lines().next().unwrap_or_default(), bytes_max));
    }
    let _ = write!(out, "… {} left out; ask the tool", render::count(rest, "line"));
    out
}

/// A text that nothing in it can end: the fence is longer than any run of backticks in it.
pub(super) fn fence(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(FENCE_MIN));
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

/// A text within a line, in the same way.
pub(super) fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    // Markdown takes one space off each end.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(reply: Result<(&str, Value), ToolError>) -> Answer {
        let reply = reply.map(|(text, structured)| Reply {
            text: text.to_owned(),
            structured,
            images: Vec::new(),
        });
        Answer { fact: fact("Disks", "get_disk_usage", json!({"limit": 2})), reply }
    }

    proptest! {
        #[test]
        fn nothing_between_fences_ends_them(text in "[`~a\n ]{0,60}") {
            let fenced = fence(&text);
            let mark = fenced.split("text").next().unwrap_or_default().to_owned();
            prop_assert!(mark.len() > longest_run(&text));
            prop_assert_eq!(fenced.matches(&mark).count(), 2);
        }
    }

    #[test]
    fn code_stands_out_from_backticks() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
    }

    #[test]
    fn long_facts_share_what_short_ones_leave() {
        assert_eq!(share(&[10, 20, 30], 100), 100);
        assert_eq!(share(&[10, 100, 100], 100), 45);
        assert_eq!(share(&[200, 100, 90], 30), 10);
        assert_eq!(share(&[], 30), 30);
        assert_eq!(cut("one\ntwo\nthree", 100), "one\ntwo\nthree");
        assert_eq!(cut("one\ntwo\nthree\n\nfour", 8), "one\ntwo\n… 2 lines left out; ask the tool");
        assert_eq!(cut("a long line", 5), "a lo…\n… 1 line left out; ask the tool");
    }

    #[test]
    fn what_fails_is_a_line_and_the_others_stand() {
        let refused = Err(ToolError::Refused("needs 5 more hours\nof history".to_owned()));
        let rows = json!({"filesystems": [{"mount": "/", "use_percent": 91}], "coverage": {
            "unavailable": [
                {"reason": "down: connection refused", "count": 1},
                {"reason": "plugin `fs` is off", "count": 12},
            ],
            "more": "1 of 9 filesystems; raise `limit`",
        }});
        let answers = [answer(refused), answer(Ok(("One is full.\nx", rows)))];
        let told = written(&answers, &Arguments::default());
        let expected = "\n### Disks: `get_disk_usage {\"limit\":2}`\n```text\nNot to be had: needs 5 \
            more hours of history\n```\n\n### Disks: `get_disk_usage {\"limit\":2}`\n````text\nOne is \
            full.\nfilesystems:\n\n|mount|use|\n|-|-|\n|/|91%|\n";
        assert!(told.contains(expected.replace("````", "```").as_str()), "{told}");
        assert!(told.contains("Not seen on 12 servers: plugin `fs` is off\nTold: 1 of 9 files"));
        assert!(!told.contains("connection refused"), "{told}");
    }
}
