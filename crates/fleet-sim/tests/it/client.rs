//! A minimal HTTP client that sees what a library would hide: closed connections and cut bodies.

use std::time::Duration;

use fleet_sim::{Flavor, Fleet, HostSpec};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for an answer on a busy machine, short enough for a test of silence.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The length that the head promised.
    pub(crate) promised: usize,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    pub(crate) async fn connect(fleet: &Fleet, index: usize) -> std::io::Result<Self> {
        let port = fleet.servers().get(index).unwrap().port;
        Ok(Self { stream: TcpStream::connect(("127.0.0.1", port)).await? })
    }

    pub(crate) async fn send(&mut self, line: &str, body: &str) {
        self.send_with(line, "", body).await;
    }

    async fn send_with(&mut self, line: &str, headers: &str, body: &str) {
        let length = body.len();
        let text = format!(
            "{line} HTTP/1.1\r\nHost: sim\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn get_with(&mut self, path: &str, headers: &str) -> Option<Reply> {
        self.send_with(&format!("GET {path}"), headers, "").await;
        self.receive().await
    }

    /// Reads one answer; `None` when the peer closes before one begins.
    pub(crate) async fn receive(&mut self) -> Option<Reply> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8(bytes).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let promised = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while body.len() < promised {
            if self.stream.read_buf(&mut body).await.unwrap_or(0) == 0 {
                break;
            }
        }
        Some(Reply { status, head, body, promised })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Option<Reply> {
        self.get_with(path, "").await
    }

    /// Whether nothing arrives for a while.
    pub(crate) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.stream.read_u8()).await.is_err()
    }

    /// Whether the peer closes.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.stream.read_u8().await.is_err()
    }
}

/// One answer on a connection of its own.
pub(crate) async fn get(fleet: &Fleet, index: usize, path: &str) -> Reply {
    Client::connect(fleet, index).await.unwrap().get(path).await.unwrap()
}

/// A fleet of one server with data of its own.
pub(crate) async fn one(flavor: Flavor) -> Fleet {
    Fleet::start(vec![HostSpec::new("sim-001", flavor, 7)]).await.unwrap()
}

/// `/api/<number>/<rest>` of a version.
pub(crate) fn path(flavor: Flavor, rest: &str) -> String {
    format!("/api/{}/{rest}", flavor.api())
}
