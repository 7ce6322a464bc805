//! What is wrong with a configuration: every problem with its place and, where known, its fix.
//! Never holds a secret.

use std::{collections::HashSet, fmt, sync::Arc};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `glances-mcp.toml:12: servers[2].port`, the name of a variable, or a flag.
    pub place: String,
    /// What.
    pub problem: String,
    /// What to do, where known.
    pub fix: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        match &self.fix {
            Some(fix) => write!(f, "; {fix}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// All that is wrong, in the order of the files; never empty when it is an `Err`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where a value came from.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Position among the files read, and its name; `None` for variables and flags.
    pub(super) file: Option<(usize, Arc<str>)>,
    /// First line is 1.
    pub(super) line: Option<u32>,
    /// Path of the key, name of the variable, or flag; empty for a whole file.
    pub(super) key: String,
}

impl Place {
    /// A variable or a flag.
    pub(super) fn outside(name: &str) -> Self {
        Self { file: None, line: None, key: name.to_owned() }
    }

    /// Something inside the value at this place.
    pub(super) fn child(&self, key: &str, line: Option<u32>) -> Self {
        let key = if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) };
        Self { file: self.file.clone(), line: line.or(self.line), key }
    }

    /// An item of the list at this place; the first is 0.
    pub(super) fn item(&self, index: usize, line: Option<u32>) -> Self {
        let key = format!("{}[{index}]", self.key);
        Self { file: self.file.clone(), line: line.or(self.line), key }
    }

    fn order(&self) -> (usize, u32) {
        let file = self.file.as_ref().map_or(usize::MAX, |(index, _)| *index);
        (file, self.line.unwrap_or(0))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, file)) = &self.file else { return f.write_str(&self.key) };
        f.write_str(file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.key.is_empty() { Ok(()) } else { write!(f, ": {}", self.key) }
    }
}

/// Collects problems while everything else goes on being checked.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Vec<((usize, u32), Problem)>,
    known: HashSet<(String, String)>,
}

impl Report {
    /// A problem that says by itself what to do.
    pub(super) fn add(&mut self, place: &Place, problem: impl Into<String>) {
        self.push(place, problem.into(), None);
    }

    /// A problem and its fix.
    pub(super) fn add_fix(
        &mut self,
        place: &Place,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(place, problem.into(), Some(fix.into()));
    }

    fn push(&mut self, place: &Place, problem: String, fix: Option<String>) {
        let problem = Problem { place: place.to_string(), problem, fix };
        // One default with a problem is met again by every server that takes it.
        if self.known.insert((problem.place.clone(), problem.problem.clone())) {
            self.problems.push((place.order(), problem));
        }
    }

    /// All problems by file and line, or none.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        if self.problems.is_empty() {
            return Ok(());
        }
        self.problems.sort_by_key(|(order, _)| *order);
        Err(Problems(self.problems.into_iter().map(|(_, problem)| problem).collect()))
    }
}
