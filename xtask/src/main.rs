//! Chores of this repository, one subcommand each: `cargo xtask` lists them.
//!
//! Everything that a chore installs goes into one cache folder (see [`paths`]); nothing is put
//! into the system unless a flag says so. It never becomes part of the product.

mod clients;
mod conformance;
mod coverage;
mod eval;
mod gate;
mod http;
mod paths;
mod process;
mod quickstart;
mod setup;
mod stack;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

/// One subcommand: its name, what it takes, what it does, and the function that does it.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "quickstart",
        arguments: "[--check]",
        about: "build, start on a real Glances, print how to connect; --check: one call, then stop",
        run: quickstart::run,
    },
    Chore {
        name: "setup",
        arguments: "",
        about: "install what the tests need into the cache folder",
        run: setup::run,
    },
    Chore {
        name: "test",
        arguments: "[NEXTEST ARGS]",
        about: "setup, then all tests: doctests, real clients, conformance, nextest",
        run: gate::test,
    },
    Chore {
        name: "ready",
        arguments: "",
        about: "the gate: fmt, deny, clippy, doc, test; what CI runs",
        run: gate::ready,
    },
    Chore {
        name: "deny",
        arguments: "",
        about: "licences, bans and sources of every dependency",
        run: gate::deny,
    },
    Chore {
        name: "coverage",
        arguments: "[--install] [LLVM-COV ARGS]",
        about: "line coverage of the workspace; fails below 90 %",
        run: coverage::run,
    },
    Chore {
        name: "clients",
        arguments: "",
        about: "real MCP clients (Python, TypeScript) against the debug binary",
        run: clients::run,
    },
    Chore {
        name: "conformance",
        arguments: "[URL]",
        about: "the official conformance suite against URL, or against the debug binary",
        run: conformance::run,
    },
    Chore {
        name: "eval",
        arguments: "FOLDER [--write] [--seeds N]",
        about: "accuracy on labelled data and scripted incidents; --write: docs/accuracy.md",
        run: eval::run,
    },
];

/// Prints one line to standard output; the only way this program writes there.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::print_line(&format!($($arg)*)) };
}

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn print_line(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a command-line tool")]
fn print_error(line: &str) {
    eprintln!("{line}");
}

fn main() -> ExitCode {
    match dispatch(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            print_error(&format!("error: {err:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        say!("{}", usage());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        say!("{}", usage());
        return Ok(());
    }
    match CHORES.iter().find(|chore| chore.name == name) {
        Some(_) if rest.iter().any(|arg| arg == "--help" || arg == "-h") => {
            say!("{}", usage());
            Ok(())
        }
        Some(chore) => (chore.run)(rest),
        None => bail!("no chore named `{name}`\n\n{}", usage()),
    }
}

fn usage() -> String {
    let mut text = String::from("cargo xtask CHORE\n");
    for chore in CHORES {
        let call = format!("{} {}", chore.name, chore.arguments);
        text.push_str(&format!("\n  {call:<39} {}", chore.about));
    }
    text.push_str("\n\nWhat chores install goes to $GLANCES_E2E_DIR");
    text.push_str(" (default ~/.cache/glances-mcp/e2e).");
    text
}

/// Refuses arguments that a chore does not take.
fn no_arguments(chore: &str, args: &[String]) -> Result<()> {
    if args.is_empty() {
        return Ok(());
    }
    bail!("`cargo xtask {chore}` takes no arguments, got `{}`", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chore_is_listed_once() {
        let usage = usage();
        for chore in CHORES {
            assert_eq!(CHORES.iter().filter(|it| it.name == chore.name).count(), 1);
            assert!(usage.contains(chore.about), "{} is not listed", chore.name);
        }
    }

    #[test]
    fn an_unknown_chore_is_an_error_that_lists_the_known_ones() {
        let err = dispatch(&["quickstrat".to_owned()]).unwrap_err().to_string();
        assert!(err.contains("`quickstrat`") && err.contains("quickstart"), "{err}");
    }
}
