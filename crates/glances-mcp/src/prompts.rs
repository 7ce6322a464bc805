//! Prompts that carry the data that they talk about: facts first, fenced as data, then how to go
//! about them. Adding one: a file and a line in [`all`]. Knows no transport.

mod system;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use crate::{
    complete::Values,
    query::nearest,
    redact::{clean, clip},
    tools::{Context, ToolError},
};

/// All prompts, in the order in which clients list them.
#[must_use]
pub fn all() -> Vec<PromptDef> {
    vec![system::HEALTH]
}

/// One argument of a prompt. On the wire every one is a text.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Name, as tools have it where they have it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it does, and what stands when it is not given.
    pub description: &'static str,
    /// Whether the prompt says nothing without it.
    pub required: bool,
    /// What completes it.
    pub values: Values,
}

/// Which servers, as in every tool.
const SERVERS: Argument = Argument {
    name: "servers",
    title: "Servers",
    description: "Aliases, globs (web-*), env:x, region:x, tag:x, separated by commas; default all",
    required: false,
    values: Values::Selectors,
};

/// Longest argument, characters.
const ARGUMENT_CHARS_MAX: usize = 500;

/// What a prompt was asked with: known names, bounded clean texts, nothing empty.
#[derive(Clone, Debug, Default)]
pub struct Arguments(BTreeMap<&'static str, String>);

impl Arguments {
    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One that is a list, separated by commas.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        let parts = self.get(name).unwrap_or_default().split(',');
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// What a client gets of a prompt: one message of the user.
#[derive(Debug)]
pub struct Told {
    /// Facts, then method.
    pub text: String,
}

/// One MCP prompt.
pub struct PromptDef {
    /// Name, `snake_case`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it takes.
    pub arguments: &'static [Argument],
    write: fn(Context, Arguments) -> BoxFuture<'static, Result<Told, ToolError>>,
}

impl PromptDef {
    /// Fetches what it talks about, and writes it.
    ///
    /// # Errors
    /// What the caller has to know, in their words.
    pub async fn get(
        &self,
        cx: Context,
        given: impl Iterator<Item = (String, String)>,
    ) -> Result<Told, ToolError> {
        (self.write)(cx, self.check(given)?).await
    }

    fn check(&self, given: impl Iterator<Item = (String, String)>) -> Result<Arguments, ToolError> {
        let mut arguments = Arguments::default();
        let mut problems = Vec::new();
        let names = || self.arguments.iter().map(|argument| argument.name);
        for (name, value) in given {
            let Some(argument) = self.arguments.iter().find(|it| it.name == name) else {
                let hint = nearest(&name, names())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let name = clean(&name);
                problems.push(format!("no argument `{}`{hint}", clip(&name, 60)));
                continue;
            };
            let value = clean(value.trim());
            if value.chars().count() > ARGUMENT_CHARS_MAX {
                problems.push(format!("`{name}` has more than {ARGUMENT_CHARS_MAX} characters"));
            } else if !value.is_empty() {
                arguments.0.insert(argument.name, value);
            }
        }
        for argument in self.arguments.iter().filter(|argument| argument.required) {
            if arguments.get(argument.name).is_none() {
                problems.push(format!("`{}` is missing: {}", argument.name, argument.description));
            }
        }
        if problems.is_empty() {
            return Ok(arguments);
        }
        Err(ToolError::Refused(problems.join("; ")))
    }
}
