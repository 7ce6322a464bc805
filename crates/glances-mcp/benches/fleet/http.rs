//! The least HTTP that measures a server and not a client: one connection, one request at a time.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection, and the session that it has.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    session: Option<String>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), session: None }
    }

    /// Opens a session, as clients up to 2025-11-25 do.
    pub(crate) async fn initialize(&mut self) {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "bench", "version": "0"}});
        self.session = Some(String::new());
        let (_, session) = self.exchange("initialize", "", params).await;
        self.session = Some(session.unwrap());
    }

    /// One call of a tool; its result.
    pub(crate) async fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let mut params = json!({"name": tool, "arguments": arguments});
        if self.session.is_none() {
            params["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {}});
        }
        let (mut message, _) = self.exchange("tools/call", tool, params).await;
        message["result"].take()
    }

    async fn exchange(
        &mut self,
        method: &str,
        name: &str,
        params: Value,
    ) -> (Value, Option<String>) {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let era = match &self.session {
            None => format!(
                "mcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\nmcp-name: {name}\r\n"
            ),
            Some(id) if id.is_empty() => String::new(),
            Some(id) => format!("mcp-protocol-version: 2025-11-25\r\nmcp-session-id: {id}\r\n"),
        };
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{era}content-length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(head.as_bytes()).await.unwrap();
        self.stream.write_all(body.as_bytes()).await.unwrap();
        let (length, session) = self.head().await;
        let text = match length {
            Some(length) => {
                let mut bytes = vec![0; length];
                self.stream.read_exact(&mut bytes).await.unwrap();
                String::from_utf8(bytes).unwrap()
            }
            None => self.chunks().await,
        };
        // A stream of events ends with the answer.
        let last = text.lines().rfind(|line| line.starts_with("data:") && line.len() > 6);
        let json = last.map_or(text.as_str(), |line| line.trim_start_matches("data:").trim());
        (serde_json::from_str(json).unwrap_or_else(|err| panic!("{err}: {text}")), session)
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn head(&mut self) -> (Option<usize>, Option<String>) {
        let (mut length, mut session) = (None, None);
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                if line.is_empty() {
                    return (length, session);
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok(),
                "mcp-session-id" => session = Some(value.to_owned()),
                _ => {}
            }
        }
    }

    async fn chunks(&mut self) -> String {
        let mut text = String::new();
        loop {
            let line = self.line().await;
            let length = usize::from_str_radix(&line, 16).unwrap();
            let mut bytes = vec![0; length + 2];
            self.stream.read_exact(&mut bytes).await.unwrap();
            if length == 0 {
                return text;
            }
            text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        }
    }
}
