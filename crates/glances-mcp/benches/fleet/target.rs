//! The process that is measured.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// A server in a process of its own. Ends when it is dropped.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    child: Child,
    _dir: TempDir,
}

impl Target {
    /// The product with this configuration, once every server has been tried.
    pub(crate) async fn start(config: &Value) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("glances-mcp.json");
        let mut config = config.clone();
        config["log"] = serde_json::json!({"level": "error"});
        std::fs::write(&file, config.to_string()).unwrap();
        let port = free_port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_glances-mcp"));
        command.args(["serve", "--port", &port.to_string(), "--config"]).arg(&file);
        command.arg("--store").arg(dir.path().join("history.db"));
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let target = Self { address, child, _dir: dir };
        while !target.ready().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // The second sample of first contact.
        tokio::time::sleep(Duration::from_secs(4)).await;
        target
    }

    /// A bare rmcp server whose one tool answers these bytes.
    pub(crate) async fn bare(result: &Value) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("result.json");
        std::fs::write(&file, result.to_string()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg("--bare").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { address: line.trim().parse().unwrap(), child, _dir: dir }
    }

    async fn ready(&self) -> bool {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let Ok(mut stream) = tokio::net::TcpStream::connect(self.address).await else {
            return false;
        };
        let head = "GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut answer = String::new();
        stream.write_all(head.as_bytes()).await.is_ok()
            && stream.read_to_string(&mut answer).await.is_ok()
            && answer.starts_with("HTTP/1.1 200")
    }

    /// CPU time so far, by the kernel's word.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        /// `USER_HZ`: fixed for all programs on Linux.
        const TICKS_A_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS_A_SECOND
    }

    /// Resident memory.
    pub(crate) fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1_024.0
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
