//! A real Glances and our server on it, on loopback ports of their own; dropping them stops them.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process::Background;
use crate::setup::python::Venv;
use crate::{http, paths, setup, tools};

/// Glances imports much; a loaded machine takes its time over it.
const GLANCES_START_MAX: Duration = Duration::from_secs(60);
const SERVER_START_MAX: Duration = Duration::from_secs(30);
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How often a start on a free port is tried.
const STARTS_MAX: usize = 3;
const POLL: Duration = Duration::from_millis(200);

/// Nothing of Glances that leaves this machine.
const GLANCES_CONF: &str = "\
[cloud]
disable=True
[ip]
disable=True
[ports]
disable=True
";

/// A Glances that answers on loopback; `process` is there if we started it.
pub(crate) struct Glances {
    pub(crate) port: u16,
    process: Option<Background>,
}

/// Our server; it answers `/ready` with 200.
pub(crate) struct Server {
    pub(crate) port: u16,
    process: Background,
}

/// What answers on a port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    SomethingElse,
    Glances { api: u8 },
    GlancesWithPassword { api: u8 },
}

impl Glances {
    /// One that runs already.
    pub(crate) fn running(port: u16) -> Self {
        Self { port, process: None }
    }

    /// Starts the current release from the cache.
    pub(crate) fn start(port: u16) -> Result<Self> {
        Self::start_release(&setup::GLANCES_CURRENT, port)
    }

    /// Starts a release from the cache.
    fn start_release(release: &Venv, port: u16) -> Result<Self> {
        let dir = scratch()?;
        let conf = dir.join("glances.conf");
        fs::write(&conf, GLANCES_CONF)
            .with_context(|| format!("could not write {}", conf.display()))?;
        let program = paths::venv_program(release.name, "glances")?;
        let mut command = Command::new(program);
        command
            .args(["-w", "-B", "127.0.0.1", "-p", &port.to_string()])
            .args(["--disable-autodiscover", "--disable-check-update", "-C"])
            .arg(&conf)
            .current_dir(&dir);
        let log = dir.join(format!("glances-{port}.log"));
        let mut process = Background::start("Glances", &command, &log)?;
        wait("Glances", GLANCES_START_MAX, &mut process, || {
            matches!(find_glances(port), Found::Glances { .. })
        })?;
        Ok(Self { port, process: Some(process) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn check_running(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Background::check_running)
    }
}

impl Server {
    /// Starts `binary` on `port`, watching `glances`, and waits until it is ready.
    pub(crate) fn start(binary: &Path, glances: &Glances, port: u16) -> Result<Self> {
        let server = ["--server".to_owned(), format!("local={}", glances.url())];
        let store = scratch()?.join(format!("history-{port}.db"));
        Self::start_with(binary, port, server.iter().map(OsStr::new), store.as_os_str())
    }

    fn start_with<'a>(
        binary: &Path,
        port: u16,
        servers: impl IntoIterator<Item = &'a OsStr>,
        store: &OsStr,
    ) -> Result<Self> {
        let dir = scratch()?;
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .args(servers)
            .args(["--port", &port.to_string(), "--store"])
            .arg(store)
            .current_dir(&dir);
        for (name, _) in std::env::vars_os() {
            let ours = name.to_string_lossy().starts_with("GLANCES_");
            if ours {
                command.env_remove(name);
            }
        }
        let log = dir.join(format!("glances-mcp-{port}.log"));
        let mut process = Background::start("glances-mcp", &command, &log)?;
        wait("glances-mcp", SERVER_START_MAX, &mut process, || {
            http::get(port, "/ready", ANSWER_MAX).is_ok_and(|reply| reply.status == 200)
        })?;
        Ok(Self { port, process })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    pub(crate) fn check_running(&mut self) -> Result<()> {
        self.process.check_running()
    }

    pub(crate) fn log_end(&self) -> String {
        self.process.log_end()
    }
}

/// Builds the product and says where its binary is.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let mut cargo = tools::cargo()?;
    cargo.args(["build", "--package", "glances-mcp"]);
    let folder = match profile {
        Profile::Debug => "debug",
        Profile::Release => {
            cargo.arg("--release");
            "release"
        }
    };
    crate::process::run(&mut cargo, "the compiler says above what is wrong")?;
    Ok(paths::target()?.join(folder).join("glances-mcp"))
}

#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// A debug build of our server on a Glances of its own, both on free ports.
pub(crate) fn debug() -> Result<(PathBuf, Glances, Server)> {
    let binary = build(Profile::Debug)?;
    let glances = on_free_port(Glances::start)?;
    let server = on_free_port(|port| Server::start(&binary, &glances, port))?;
    Ok((binary, glances, server))
}

/// A debug build of our server on Glances of every release, polled every two seconds. Each has the
/// alias of its release with hyphens.
pub(crate) fn mixed(binary: &Path) -> Result<(Vec<Glances>, Server)> {
    let fleet = setup::GLANCES
        .iter()
        .map(|release| on_free_port(|port| Glances::start_release(release, port)))
        .collect::<Result<Vec<Glances>>>()?;
    let rows = setup::GLANCES.iter().zip(&fleet).map(|(release, glances)| {
        let alias = alias(release);
        format!("[[servers]]\nalias = \"{alias}\"\nurl = \"{}\"\n", glances.url())
    });
    let config = format!("[poll]\ninterval = \"2s\"\n{}", rows.collect::<String>());
    let file = scratch()?.join("mixed.toml");
    fs::write(&file, config).with_context(|| format!("could not write {}", file.display()))?;
    let server = on_free_port(|port| {
        let config = [OsStr::new("--config"), file.as_os_str()];
        Server::start_with(binary, port, config, OsStr::new("memory:"))
    })?;
    Ok((fleet, server))
}

/// What a release is called in [`mixed`].
pub(crate) fn alias(release: &Venv) -> String {
    release.name.replace('.', "-")
}

/// Starts something on a free port; another program may take the port first, so more than once.
fn on_free_port<T>(start: impl Fn(u16) -> Result<T>) -> Result<T> {
    for _ in 1..STARTS_MAX {
        let port = free_port()?;
        match start(port) {
            Err(err) if !port_is_free(port) => crate::say!("port {port} was taken: {err:#}"),
            done => return done,
        }
    }
    start(free_port()?)
}

/// A port that nothing listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("a listener without an address")?.port())
}

/// The first free one of `count` ports from `first` on.
pub(crate) fn free_port_from(first: u16, count: u16) -> Result<u16> {
    let last = first.saturating_add(count);
    (first..last)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("all ports from {first} to {last} are taken; free one"))
}

/// Asks whether a Glances of any API version answers on a loopback port.
pub(crate) fn find_glances(port: u16) -> Found {
    let mut found = Found::Nothing;
    for api in [4, 5, 3] {
        match http::get(port, &format!("/api/{api}/system"), ANSWER_MAX) {
            Ok(reply) if reply.status == 200 && reply.body.contains("os_name") => {
                return Found::Glances { api };
            }
            Ok(reply) if reply.status == 401 => return Found::GlancesWithPassword { api },
            Ok(_) => found = Found::SomethingElse,
            Err(_) if found == Found::Nothing && port_is_free(port) => return Found::Nothing,
            Err(_) => found = Found::SomethingElse,
        }
    }
    found
}

fn port_is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn wait(
    what: &str,
    at_most: Duration,
    process: &mut Background,
    mut done: impl FnMut() -> bool,
) -> Result<()> {
    let deadline = Instant::now() + at_most;
    loop {
        process.check_running()?;
        if done() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let secs = at_most.as_secs();
            bail!("{what} was not ready within {secs} s; its log says:\n{}", process.log_end());
        }
        thread::sleep(POLL);
    }
}

/// Where logs and generated files go: with the build output, out of the way of git.
pub(crate) fn scratch() -> Result<PathBuf> {
    let dir = paths::target()?.join("xtask");
    fs::create_dir_all(&dir).with_context(|| format!("could not create {}", dir.display()))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn a_port_nobody_listens_on_is_nothing() {
        assert_eq!(find_glances(free_port().unwrap()), Found::Nothing);
    }

    #[test]
    fn an_older_glances_is_found_behind_the_404_of_newer_routes() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let glances = thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                let reply = if request[..read].starts_with(b"GET /api/3/system ") {
                    "HTTP/1.0 200 OK\r\n\r\n{\"os_name\": \"Linux\"}"
                } else {
                    "HTTP/1.0 404 Not Found\r\n\r\n"
                };
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        assert_eq!(find_glances(port), Found::Glances { api: 3 });
        glances.join().unwrap();
    }
}
