//! Runbooks: what to look at and what to do about each alert, in Markdown. Ours are part of the
//! program, operators' own go over them. Texts in, a catalogue out; reads no file and no machine.
//!
//! For whoever offers them:
//!
//! - [`Runbooks::all`] lists them, by name; [`Runbooks::by_name`], [`Runbooks::for_rule`] and
//!   [`Runbooks::for_alert`] find one.
//! - [`Runbook::uri`] and [`Runbook::markdown`] are the resource, [`skill_markdown`] is the
//!   `SKILL.md` of a skill that has the runbook's name and description.
//! - [`Runbook::first_steps`] and [`Runbook::section`] are its parts.

mod builtin;
mod limits;
mod parse;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, sync::Arc};

pub use self::{
    builtin::FILES,
    parse::{FileProblem, STEPS_MAX},
};
use crate::{alert, alert::Alert};

/// The headings that each of ours has, in this order; operators' own may have others.
pub const SECTIONS: [&str; 6] =
    ["Symptoms", "First calls", "Decide", "Remedies", "Escalate", "Sources"];
/// The section that [`Runbook::first_steps`] are read from.
const FIRST_CALLS: &str = "First calls";
/// Stands for the alias of the server in the calls of a runbook.
pub const SERVER: &str = "SERVER";
/// What the address of a runbook begins with.
pub const URI_PREFIX: &str = "glances://runbooks/";

/// One runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbook {
    /// Unique, in kebab case, at most 64 characters; also that of the skill.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is for and when to use it, at most 1,024 characters.
    pub description: String,
    /// Names of the alert rules that it serves.
    pub rules: Vec<String>,
    /// Paths of the metrics that it is about, the most telling first.
    pub metrics: Vec<String>,
    /// Markdown below the front matter, with the numbers of default limits filled in.
    pub body: String,
    /// An operator wrote it.
    pub own: bool,
    steps: Vec<Step>,
}

/// One of the first things to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// In words, with the call.
    pub text: String,
    /// The call alone: name of a tool, a space, arguments in JSON.
    pub call: Option<String>,
}

impl Runbook {
    /// Address of the resource.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{URI_PREFIX}{}", self.name)
    }

    /// The whole text: title, what it serves, and the body.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n", self.title);
        for (what, names) in [("Alerts", &self.rules), ("Metrics", &self.metrics)] {
            if !names.is_empty() {
                let _ = write!(text, "{what}: {}. ", quoted(names));
            }
        }
        let _ = write!(text, "`{SERVER}` stands for the alias of the server.\n\n{}\n", self.body);
        text
    }

    /// The text below a heading of the second level, such as `Remedies`.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&str> {
        parse::section(&self.body, name)
    }

    /// The first calls, at most [`STEPS_MAX`]; about this server, where one is given.
    #[must_use]
    pub fn first_steps(&self, server: Option<&str>) -> Vec<Step> {
        let fill = |text: &String| match server {
            Some(alias) => text.replace(&format!("\"{SERVER}\""), &format!("\"{alias}\"")),
            None => text.clone(),
        };
        let step =
            |step: &Step| Step { text: fill(&step.text), call: step.call.as_ref().map(fill) };
        self.steps.iter().map(step).collect()
    }
}

/// A file that an operator wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// Its path, for problems.
    pub path: &'a str,
    /// Its name without the ending.
    pub stem: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// All runbooks. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbooks(Arc<[Runbook]>);

impl Default for Runbooks {
    /// Those that are built in.
    fn default() -> Self {
        Self(builtin::all().into())
    }
}

impl Runbooks {
    /// Those that are built in, under an operator's own: one of the same name replaces ours and
    /// serves its rules as well.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn with(own: &[File<'_>]) -> Result<Self, Vec<FileProblem>> {
        let mut all = builtin::all();
        let mut problems = Vec::new();
        let mut parsed: Vec<(&File<'_>, Runbook)> = Vec::new();
        for file in own {
            match parse::own(file) {
                Ok(runbook) => parsed.push((file, runbook)),
                Err(more) => problems.extend(more),
            }
        }
        for (index, (file, runbook)) in parsed.iter().enumerate() {
            for rule in &runbook.rules {
                let before = parsed.iter().take(index).find(|(_, it)| it.rules.contains(rule));
                if let Some((other, _)) = before {
                    problems.push(FileProblem {
                        path: file.path.to_owned(),
                        line: None,
                        problem: format!(
                            "the rule `{rule}` has a runbook already: `{}`",
                            other.path
                        ),
                        fix: "name it in one of them".to_owned(),
                    });
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let taken: Vec<String> =
            parsed.iter().flat_map(|(_, runbook)| runbook.rules.clone()).collect();
        for runbook in &mut all {
            runbook.rules.retain(|rule| !taken.contains(rule));
        }
        for (_, mut runbook) in parsed {
            if let Some(at) = all.iter().position(|it| it.name == runbook.name) {
                let ours = all.remove(at);
                runbook.rules.extend(ours.rules);
                if runbook.metrics.is_empty() {
                    runbook.metrics = ours.metrics;
                }
            }
            all.push(runbook);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(all.into()))
    }

    /// All, by name.
    #[must_use]
    pub fn all(&self) -> &[Runbook] {
        &self.0
    }

    /// The one of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Runbook> {
        self.0.iter().find(|runbook| runbook.name == name)
    }

    /// The one that serves a rule. Every built-in rule has one.
    #[must_use]
    pub fn for_rule(&self, rule: &str) -> Option<&Runbook> {
        self.0.iter().find(|runbook| runbook.rules.iter().any(|served| served == rule))
    }

    /// The one of an alert: that of its rule, else of the built-in rule for the same series, else the
    /// one that says most of its metric.
    #[must_use]
    pub fn for_alert(&self, alert: &Alert) -> Option<&Runbook> {
        let of_rule = alert::kin(&alert.rule, alert.path()).and_then(|rule| self.for_rule(rule));
        of_rule.or_else(|| {
            let rank = |it: &&Runbook| it.metrics.iter().position(|path| path == alert.path());
            self.0.iter().filter(|it| rank(it).is_some()).min_by_key(|it| rank(it))
        })
    }
}

/// A runbook as the `SKILL.md` of a skill (agentskills.io): its front matter, then the text.
#[must_use]
pub fn skill_markdown(runbook: &Runbook) -> String {
    // A text of JSON is one of YAML.
    let description = serde_json::Value::from(runbook.description.as_str());
    format!(
        "---\nname: {}\ndescription: {description}\n---\n\n{}",
        runbook.name,
        runbook.markdown()
    )
}

/// The reference page: an index, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Runbooks\n\nGenerated by `glances-mcp docs runbooks`.\n\nWhat to do about each alert: \
         `check_alert_conditions` names the runbook of every group. `[runbooks] folder` adds your \
         own; one of the same name replaces ours. In the files `{warning:memory}` \
         stands for a default limit.\n\n\
         | runbook | alerts | for |\n|---|---|---|\n",
    );
    for runbook in Runbooks::default().all() {
        let Runbook { name, title, description, rules, .. } = runbook;
        let _ = writeln!(
            page,
            "| [`{name}`](../../crates/glances-mcp/runbooks/{name}.md): {title} | {} | {description} |",
            quoted(rules)
        );
    }
    page
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
