//! Other programs: run to the end, or run beside us and end with us.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long a background program may take to stop by itself; the server promises 5 s.
const STOP_GRACE: Duration = Duration::from_secs(7);
const STOP_POLL: Duration = Duration::from_millis(50);

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs a command with our own output streams; `fix` says what to do when it fails.
pub(crate) fn run(command: &mut Command, fix: &str) -> Result<()> {
    let line = shown(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start `{line}`: {fix}"))?;
    if !status.success() {
        bail!("`{line}` failed ({status}): {fix}");
    }
    Ok(())
}

/// Runs a command quietly; its output is shown only inside the error.
pub(crate) fn run_quietly(command: &mut Command, fix: &str) -> Result<String> {
    let line = shown(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{line}`: {fix}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let said = format!("{stdout}\n{stderr}");
    bail!("`{line}` failed ({}): {fix}\n{}", output.status, said.trim());
}

/// A program that says when it is ready for what it waits for, by a first line.
pub(crate) struct Waiting {
    line: String,
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Waiting {
    /// Starts it, and waits for the line.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let line = shown(&command);
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().with_context(|| format!("could not start `{line}`"))?;
        let stdout = child.stdout.take().context("standard output")?;
        let mut said = BufReader::new(stdout);
        let mut first = String::new();
        said.read_line(&mut first).with_context(|| format!("`{line}` says nothing"))?;
        Ok(Self { line, child, said })
    }

    /// What it says until its end; an error as that of [`run_quietly`].
    pub(crate) fn ended(mut self, fix: &str) -> Result<String> {
        let mut stdout = String::new();
        self.said.read_to_string(&mut stdout).context("what it says")?;
        let output = self.child.wait_with_output().context("its end")?;
        if output.status.success() {
            return Ok(stdout);
        }
        let said = format!("{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
        bail!("`{}` failed ({}): {fix}\n{}", self.line, output.status, said.trim());
    }
}

/// What a program prints on standard output, or nothing if it does not run or fails.
pub(crate) fn answer(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Starts a program and stops it when its parent is gone, however the parent ended: the shell
/// leaves a watcher behind that waits for our end of a pipe to close, and becomes the program.
const LIFELINE: &str = r#"
exec 3<&0
{ trap '' INT; cat <&3; kill -TERM $$; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"#;

/// A program that runs beside us, its output in a file. Dropping it stops it.
pub(crate) struct Background {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Background {
    /// Starts `command` (its program, arguments, environment and folder are taken over).
    pub(crate) fn start(name: &str, command: &Command, log: &Path) -> Result<Self> {
        let line = shown(command);
        let file = File::create(log)
            .with_context(|| format!("could not write `{}`: is the disk full?", log.display()))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", LIFELINE, "sh"]).arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            shell.current_dir(dir);
        }
        let child = shell
            .stdin(Stdio::piped())
            .stdout(file.try_clone().context("could not share a log file")?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("could not start `{line}` through `sh`: is `sh` there?"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_path_buf() })
    }

    /// An error with the end of its log if the program has ended by itself.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait().context("could not ask for a child's state")?
        else {
            return Ok(());
        };
        bail!("{} ended by itself ({status}); its log says:\n{}", self.name, self.log_end());
    }

    /// The last lines that the program wrote.
    pub(crate) fn log_end(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(20);
        let shown: Vec<&str> = lines.into_iter().skip(skipped).collect();
        format!("{}\n(whole log: {})", shown.join("\n"), self.log.display())
    }

    fn stop(&mut self) -> io::Result<()> {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + STOP_GRACE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.child.kill()?;
                self.child.wait()?;
                break;
            }
            thread::sleep(STOP_POLL);
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Err(err) = self.stop() {
            crate::print_error(&format!("could not stop {}: {err}", self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_what_to_do() {
        let err = run_quietly(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), "do this");
        let err = err.unwrap_err().to_string();
        assert!(err.contains("`sh -c 'echo why >&2; exit 3'`"), "{err}");
        assert!(err.contains("do this") && err.contains("why"), "{err}");
    }

    #[test]
    fn a_background_program_ends_when_it_is_dropped() {
        let log = std::env::temp_dir().join(format!("xtask-test-{}.log", std::process::id()));
        let started = Instant::now();
        let mut sleeper =
            Background::start("a sleeper", Command::new("sleep").arg("60"), &log).unwrap();
        sleeper.check_running().unwrap();
        drop(sleeper);
        assert!(started.elapsed() < STOP_GRACE, "it had to be killed");
        std::fs::remove_file(log).unwrap();
    }
}
