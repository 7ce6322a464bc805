//! A real Glances of one version, on loopback, that asks nobody else.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::AbortHandle,
};

use crate::support::{request, until};

/// The oldest and newest of what the field runs.
pub(super) const VERSIONS: [&str; 4] = ["4.5.8", "4.3.3", "4.0.8", "3.4.0.5"];

/// Looks nowhere but at this machine, and shows loopback.
const CONF: &str = "[cloud]\ndisable=True\n[ip]\ndisable=True\n[ports]\ndisable=True\n\
    [connections]\ndisable=False\n[network]\nhide_no_up=False\nhide_no_ip=False\n";

/// A running Glances. Ends when it is dropped.
pub(super) struct Glances {
    pub(super) alias: String,
    pub(super) version: &'static str,
    pub(super) api: u8,
    password: Option<&'static str>,
    port: u16,
    dir: TempDir,
    child: Child,
}

fn folder(version: &str) -> PathBuf {
    let cache = || {
        let home = std::env::var("HOME").unwrap();
        let cache = std::env::var("XDG_CACHE_HOME").unwrap_or_else(|_| format!("{home}/.cache"));
        format!("{cache}/glances-mcp/e2e")
    };
    let base = std::env::var("GLANCES_E2E_DIR").unwrap_or_else(|_| cache());
    let folder = PathBuf::from(base).join(format!("glances-{version}"));
    assert!(folder.exists(), "no Glances {version}: run `cargo xtask setup` once");
    folder
}

/// A port that was free a moment ago.
pub(super) fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Glances {
    pub(super) async fn start(version: &'static str, password: Option<&'static str>) -> Self {
        Self::start_with(version, password, "").await
    }

    /// The same with more lines in its glances.conf.
    pub(super) async fn start_with(
        version: &'static str,
        password: Option<&'static str>,
        lines: &str,
    ) -> Self {
        let dir = TempDir::new().unwrap();
        let mut conf = format!("{CONF}{lines}");
        if let Some(password) = password {
            let script = "import sys; from glances.password import GlancesPassword as P; p = P(); \
                          sys.stdout.write(p.hash_password(p.get_hash(sys.argv[1])))";
            let python = folder(version).join("bin/python");
            let hash = Command::new(python).args(["-c", script, password]).output().unwrap();
            assert!(hash.status.success(), "{}", String::from_utf8_lossy(&hash.stderr));
            // What it logs on the way is not part of the file.
            let text = String::from_utf8(hash.stdout).unwrap();
            let line = text.lines().last().unwrap();
            std::fs::write(dir.path().join("glances.pwd"), line).unwrap();
            conf.push_str(&format!("[passwords]\nlocal_password_path={}\n", dir.path().display()));
        }
        std::fs::File::create(dir.path().join("glances.conf"))
            .unwrap()
            .write_all(conf.as_bytes())
            .unwrap();
        let port = dead_port();
        let child = spawn(version, port, &dir, password.is_some());
        let api = if version.starts_with('3') { 3 } else { 4 };
        let alias = format!("g{}", version.replace('.', "-"));
        let glances = Self { alias, version, api, password, port, dir, child };
        glances.answers().await;
        glances
    }

    async fn answers(&self) {
        until(&format!("Glances {} answers", self.version), async || {
            tokio::net::TcpStream::connect(self.address()).await.ok()?;
            let path = format!("/api/{}/pluginslist", self.api);
            let status = request(self.address(), "GET", &path, &[], "").await.status;
            matches!(status, 200 | 401).then_some(())
        })
        .await;
    }

    pub(super) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again on the same port.
    pub(super) async fn restart(&mut self) {
        self.child = spawn(self.version, self.port, &self.dir, self.password.is_some());
        self.answers().await;
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// What our configuration says of it.
    pub(super) fn server(&self) -> Value {
        let mut server = json!({"alias": self.alias, "host": "127.0.0.1", "port": self.port});
        if let Some(password) = self.password {
            server["password"] = json!(password);
        }
        server
    }

    /// Its own words.
    pub(super) async fn get(&self, path: &str) -> Value {
        let path = format!("/api/{}/{path}", self.api);
        let reply = request(self.address(), "GET", &path, &[], "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// A client that asks for the network four times a second, until it is dropped.
    pub(super) fn rival(&self) -> Running {
        let (address, path) = (self.address(), format!("/api/{}/network", self.api));
        Running::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_millis(250));
            loop {
                every.tick().await;
                request(address, "GET", &path, &[], "").await;
            }
        })
    }
}

impl Drop for Glances {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(version: &str, port: u16, dir: &TempDir, password: bool) -> Child {
    let mut command = Command::new(folder(version).join("bin/glances"));
    command
        .args(["-w", "-B", "127.0.0.1", "--disable-webui", "--disable-autodiscover"])
        .args(["--disable-check-update", "-p", &port.to_string(), "-C"])
        .arg(dir.path().join("glances.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if password {
        command.args(["--password", "-u", "glances"]);
    }
    command.spawn().unwrap()
}

/// Something in the background, until it is dropped.
pub(super) struct Running(AbortHandle);

impl Running {
    #[expect(clippy::disallowed_methods, reason = "ends when it is dropped")]
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends so many bytes a second over loopback, evenly, until it is dropped.
pub(super) fn traffic(bytes_per_second: usize) -> Running {
    Running::spawn(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sink = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 1 << 16];
            while stream.read(&mut buffer).await.unwrap() > 0 {}
        };
        let source = async {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let piece = vec![7; bytes_per_second / 50];
            let mut every = tokio::time::interval(Duration::from_millis(20));
            loop {
                every.tick().await;
                stream.write_all(&piece).await.unwrap();
            }
        };
        tokio::join!(sink, source);
    })
}

/// Bytes that the loopback interface received since boot, by the kernel's word.
pub(super) fn loopback_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/net/dev").unwrap();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("lo:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
