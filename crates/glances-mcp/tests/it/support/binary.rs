//! The real binary: as a server, as a client's subprocess, or run to its end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{PATIENCE, until};

/// A command that finds no configuration but what its arguments name.
fn command(dir: &Path, arguments: &[&str]) -> Command {
    command_through(&[], dir, arguments)
}

/// The same, started by another program, which gets its name and arguments behind its own words.
fn command_through(starter: &[&str], dir: &Path, arguments: &[&str]) -> Command {
    const BINARY: &str = env!("CARGO_BIN_EXE_glances-mcp");
    let mut command = match starter {
        [] => Command::new(BINARY),
        [program, words @ ..] => {
            let mut command = Command::new(program);
            command.args(words).arg(BINARY);
            command
        }
    };
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GLANCES_MCP_")) {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(dir).env("HOME", dir).env_remove("XDG_CONFIG_HOME");
    command
}

/// Runs to the end in a folder without files.
pub(crate) async fn run(arguments: &[&str]) -> Output {
    run_in(TempDir::new().unwrap().path(), arguments).await
}

/// Runs to the end in this folder.
pub(crate) async fn run_in(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = command(dir, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What a command printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running binary. Killed when it is dropped.
pub(crate) struct Binary {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: UnboundedReceiver<String>,
    stderr: UnboundedReceiver<String>,
    /// Everything that was read from stdout so far.
    pub(crate) said: Vec<String>,
    dir: TempDir,
}

impl Binary {
    /// Starts with a configuration file; `{config}` in the arguments is its path.
    pub(crate) fn start(config: &Value, arguments: &[&str]) -> Self {
        Self::start_through(&[], config, arguments)
    }

    fn start_through(starter: &[&str], config: &Value, arguments: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("glances-mcp.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let file = file.display().to_string();
        let arguments: Vec<&str> =
            arguments.iter().map(|word| if *word == "{config}" { &*file } else { *word }).collect();
        let mut command = command_through(starter, dir.path(), &arguments);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdin, stdout, stderr, said: Vec::new(), dir }
    }

    /// A server on a free port, once it listens.
    pub(crate) async fn serve(config: &Value, more: &[&str]) -> (Self, SocketAddr) {
        Self::serve_through(&[], config, more).await
    }

    /// The same, started by another program that becomes it, such as `setpriv`.
    pub(crate) async fn serve_through(
        starter: &[&str],
        config: &Value,
        more: &[&str],
    ) -> (Self, SocketAddr) {
        let mut arguments = vec!["serve", "--config", "{config}", "--port", "0"];
        arguments.extend(more);
        let mut binary = Self::start_through(starter, config, &arguments);
        let line = binary.logged("serving MCP at http://").await;
        let (_, rest) = line.split_once("http://").unwrap();
        let (address, _) = rest.split_once("/mcp").unwrap();
        (binary, address.parse().unwrap())
    }

    /// The first line of the log from here on with this text.
    pub(crate) async fn logged(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.stderr.recv().await {
                if line.contains(text) {
                    return Some(line);
                }
                seen.push(line);
            }
            None
        });
        let found = found.await.ok().flatten();
        found.unwrap_or_else(|| panic!("`{text}` is not in the log: {seen:#?}"))
    }

    /// Writes one message.
    pub(crate) fn tell(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{message}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Writes a request and reads until its answer.
    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.tell(message);
        let wait = async {
            loop {
                let Some(line) = self.stdout.recv().await else {
                    panic!("stdout closed: {:#?}", self.said);
                };
                self.said.push(line.clone());
                let answer: Value = serde_json::from_str(&line)
                    .unwrap_or_else(|err| panic!("stdout has `{line}`: {err}"));
                assert_eq!(answer["jsonrpc"], "2.0", "{line}");
                if answer["id"] == message["id"] {
                    return answer;
                }
            }
        };
        let answered = tokio::time::timeout(PATIENCE, wait).await;
        answered.unwrap_or_else(|_| panic!("no answer: {message}"))
    }

    /// Reads until a notification with this method.
    pub(crate) async fn hear(&mut self, method: &str) -> Value {
        let wait = async {
            loop {
                let line = self.stdout.recv().await.expect("stdout is open");
                let message: Value = serde_json::from_str(&line).unwrap();
                assert!(message.get("error").is_none(), "{line}");
                if message["method"] == method {
                    return message;
                }
            }
        };
        let heard = tokio::time::timeout(PATIENCE, wait).await;
        heard.unwrap_or_else(|_| panic!("not heard: {method}"))
    }

    /// Closes its stdin.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap();
        assert!(sent.success());
    }

    /// The exit code, once it ends.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        until("the end of the process", async || self.child.try_wait().unwrap()).await.code()
    }

    /// What stdout still holds after the end.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Ok(Some(line)) =
            tokio::time::timeout(Duration::from_secs(1), self.stdout.recv()).await
        {
            rest.push(line);
        }
        rest
    }

    /// Where it runs.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lines of a pipe, read by a thread of its own: the pipe must never be full.
fn lines(pipe: impl Read + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
