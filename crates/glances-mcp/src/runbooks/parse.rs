//! One file in, one runbook or all that is wrong with it out. The front matter is YAML, as that of a
//! skill; the rest is Markdown, of which only the headings and the list of first calls are read.

use std::fmt;

use serde::Deserialize;

use super::{FIRST_CALLS, File, Runbook, Step, limits};
use crate::{alert, metric::METRICS};

/// First steps that are told of a runbook.
pub const STEPS_MAX: usize = 3;
/// Longest words of one step, its call among them.
const STEP_CHARS: usize = 240;
/// Longest name, and longest description: those of skills.
const NAME_CHARS: usize = 64;
const DESCRIPTION_CHARS: usize = 1_024;
const TITLE_CHARS: usize = 120;
/// Rules, and metrics, of one runbook.
const LIST_MAX: usize = 40;

/// Opens and closes the front matter.
const FENCE: &str = "---";

/// What is wrong with an operator's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Path of the file.
    pub path: String,
    /// First line is 1.
    pub line: Option<usize>,
    /// What.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())?;
        write!(f, ": {}; {}", self.problem, self.fix)
    }
}

impl FileProblem {
    /// `PATH:LINE`, or the path.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    name: String,
    title: String,
    description: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    metrics: Vec<String>,
}

/// Reads an operator's file.
pub(super) fn own(file: &File<'_>) -> Result<Runbook, Vec<FileProblem>> {
    runbook(file).map(|runbook| Runbook { own: true, ..runbook })
}

/// Reads a file.
pub(super) fn runbook(file: &File<'_>) -> Result<Runbook, Vec<FileProblem>> {
    let text = file.text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut found = Problems { path: file.path, front: "", all: Vec::new() };
    let Some((front, rest)) = split(&text) else {
        let fix = "begin with `---`, then `name:`, `title:`, `description:`, then `---`";
        found.add(Some(1), "there is no front matter".to_owned(), fix);
        return Err(found.all);
    };
    found.front = front;
    let options = serde_saphyr::options! { with_snippet: false };
    let parsed = match serde_saphyr::from_str_with_options::<Front>(front, options) {
        Ok(parsed) => parsed,
        Err(err) => {
            let line = err.location().and_then(|place| usize::try_from(place.line()).ok());
            let words = err.without_snippet().to_string();
            let words = words.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let words = words.split(" at line ").next().unwrap_or_default();
            let fix = "it takes the texts `name`, `title` and `description` and the lists `rules` \
                       and `metrics`";
            // The fence is the first line of the file.
            found.add(line.map(|line| line + 1), format!("bad front matter: {words}"), fix);
            return Err(found.all);
        }
    };
    check(&parsed, file.stem, &mut found);
    let before = front.lines().count() + 2;
    let mut body = String::with_capacity(rest.len());
    for (index, line) in rest.lines().enumerate() {
        match limits::fill(line) {
            Ok(line) => body.push_str(&line),
            Err(name) => {
                let problem =
                    format!("`{}` has no default limit of this severity", name.escape_debug());
                let fix = "name a rule (`{warning:memory}`) or a metric (`{careful:cpu.iowait}`) that \
                           has one, or write the number";
                found.add(Some(before + index + 1), problem, fix);
            }
        }
        body.push('\n');
    }
    if body.trim().is_empty() {
        found.add(None, "there is nothing below the front matter".to_owned(), "say what to do");
    }
    if !found.all.is_empty() {
        return Err(found.all);
    }
    let Front { name, title, description, rules, metrics } = parsed;
    let body = body.trim().to_owned();
    let steps = section(&body, FIRST_CALLS).map(steps).unwrap_or_default();
    Ok(Runbook { name, title, description, rules, metrics, body, own: false, steps })
}

struct Problems<'a> {
    path: &'a str,
    front: &'a str,
    all: Vec<FileProblem>,
}

impl Problems<'_> {
    fn add(&mut self, line: Option<usize>, problem: String, fix: &str) {
        let path = self.path.to_owned();
        self.all.push(FileProblem { path, line, problem, fix: fix.to_owned() });
    }

    /// A problem of a key of the front matter.
    fn of_key(&mut self, key: &str, problem: String, fix: &str) {
        let with = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let line = self.front.lines().position(with);
        self.add(line.map(|line| line + 2), problem, fix);
    }
}

fn check(front: &Front, stem: &str, found: &mut Problems<'_>) {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = &front.name;
    let dashes = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    if name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(kebab) || dashes {
        let problem = format!("`{}` is no name", name.escape_debug());
        let fix = "use up to 64 small letters, digits and single `-`, such as `disk-full`";
        found.of_key("name", problem, fix);
    } else if name != stem {
        let problem =
            format!("the runbook is called `{name}` and its file `{}`", stem.escape_debug());
        found.of_key("name", problem, "give both one name");
    }
    for (key, text, most) in [
        ("title", &front.title, TITLE_CHARS),
        ("description", &front.description, DESCRIPTION_CHARS),
    ] {
        let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !plain || text.chars().count() > most {
            let problem =
                format!("the {key} is empty, longer than {most} characters or not one line");
            found.of_key(key, problem, "say in a line what the runbook is for");
        }
    }
    for (key, list) in [("rules", &front.rules), ("metrics", &front.metrics)] {
        if list.len() > LIST_MAX {
            found.of_key(key, format!("more than {LIST_MAX} {key}"), "name those that matter");
        }
    }
    for rule in
        front.rules.iter().take(LIST_MAX).filter(|rule| !alert::rules().any(|it| it == *rule))
    {
        let problem = format!("there is no rule `{}`", rule.escape_debug());
        found.of_key("rules", problem, "`glances-mcp docs alerts` lists them");
    }
    let known = |path: &String| METRICS.iter().any(|metric| metric.path == path);
    for path in front.metrics.iter().take(LIST_MAX).filter(|path| !known(path)) {
        let problem = format!("there is no metric `{}`", path.escape_debug());
        found.of_key("metrics", problem, "`glances-mcp docs metrics` lists them");
    }
}

/// Front matter and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(FENCE)?.strip_prefix('\n')?;
    let (front, rest) = rest.split_once("\n---\n")?;
    Some((front, rest))
}

/// The text below a heading of the second level.
pub(super) fn section<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let mut begin = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if let Some(heading) = line.strip_prefix("## ") {
            match begin {
                Some(begin) => return body.get(begin..at).map(str::trim),
                None if heading.trim() == name => begin = Some(at + line.len()),
                None => {}
            }
        }
        at += line.len();
    }
    body.get(begin?..).map(str::trim)
}

/// The items of a list, each with the call that it holds.
fn steps(list: &str) -> Vec<Step> {
    let mut items: Vec<String> = Vec::new();
    for line in list.lines() {
        let marker = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let item = marker.strip_prefix(". ").or_else(|| line.strip_prefix("- "));
        match (item, items.last_mut()) {
            (Some(item), _) => items.push(item.trim().to_owned()),
            (None, Some(last)) if line.starts_with(' ') => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => {}
        }
    }
    items.iter().take(STEPS_MAX).map(|item| step(item)).collect()
}

fn step(item: &str) -> Step {
    let is_call = |text: &&str| {
        let tool = text.split_once(" {").map(|(tool, _)| tool);
        text.ends_with('}')
            && text.chars().count() <= STEP_CHARS
            && tool.is_some_and(|tool| tool.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let call = item.split('`').skip(1).step_by(2).find(is_call).map(str::to_owned);
    let text = item.replace('`', "").chars().take(STEP_CHARS).collect();
    Step { text, call }
}
