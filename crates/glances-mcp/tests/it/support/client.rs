//! Raw HTTP, and MCP in both eras over it.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::PATIENCE;

/// The version without sessions.
pub(crate) const MODERN: &str = "2026-07-28";

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|err| panic!("{err}: {self:?}"))
    }

    /// The answer of a request: the body, or the last event of a stream with a result or an error.
    pub(crate) fn message(&self) -> Value {
        if !self.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return self.json();
        }
        let events = self.messages();
        let answer = events.into_iter().rfind(|event| event.get("id").is_some());
        answer.unwrap_or_else(|| panic!("no answer: {self:?}"))
    }

    /// All messages of a stream.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        data.filter_map(|text| serde_json::from_str(text.trim()).ok()).collect()
    }
}

/// One request on a connection of its own.
pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("host: {address}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that refuses a body need not read it.
        let _ = stream.write_all(body.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        parse(&bytes)
    };
    let answered = tokio::time::timeout(PATIENCE, exchange).await;
    answered.unwrap_or_else(|_| panic!("no answer: {method} {path} {body}"))
}

/// A stream of events that stays open.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    /// Sends a request and reads nothing of what comes.
    pub(crate) async fn open(
        address: SocketAddr,
        method: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut head = format!("{method} /mcp HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// A stream of the era without sessions that waits for these resources, and for other lists.
    pub(crate) async fn listen(address: SocketAddr, uris: &[&str]) -> Self {
        let wanted = json!({"resourcesListChanged": true, "toolsListChanged": true,
            "resourceSubscriptions": uris});
        let (headers, body) = modern("subscriptions/listen", json!({"notifications": wanted}));
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self::open(address, "POST", &headers, &body).await
    }

    /// The next message; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = Vec::new();
        let read = async {
            loop {
                line.clear();
                if self.0.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
                    return None;
                }
                let text = String::from_utf8_lossy(&line);
                // Errors come as a whole body.
                let data = text.strip_prefix("data:").unwrap_or(&text);
                if let Ok(message @ Value::Object(_)) = serde_json::from_str(data.trim()) {
                    return Some(message);
                }
            }
        };
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.unwrap_or_else(|_| panic!("no event"))
    }

    /// The next notification with this method.
    pub(crate) async fn hear(&mut self, method: &str) -> Value {
        loop {
            let message = self.next().await.unwrap_or_else(|| panic!("the end before `{method}`"));
            if message["method"] == method {
                return message;
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Response {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked =
        headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let raw = &bytes[end + 4..];
    let body = if chunked { unchunked(raw) } else { raw.to_vec() };
    Response { status, body: String::from_utf8(body).unwrap(), headers }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..line]);
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
    body
}

/// Headers that every request to the endpoint has.
const JSON: [(&str, &str); 2] =
    [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];

/// Headers and body of one request of the stateless era.
pub(crate) fn modern(method: &str, params: Value) -> (Vec<(&'static str, String)>, String) {
    let mut headers: Vec<(&'static str, String)> =
        JSON.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    headers.push(("mcp-protocol-version", MODERN.to_owned()));
    headers.push(("mcp-method", method.to_owned()));
    let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str);
    if let Some(name) = name {
        headers.push(("mcp-name", name.to_owned()));
    }
    (headers, modern_body(method, params).to_string())
}

/// The message of one request of the stateless era.
pub(crate) fn modern_body(method: &str, mut params: Value) -> Value {
    if params.is_null() {
        params = json!({});
    }
    if params.get("_meta").is_none() {
        params["_meta"] = json!({});
    }
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The first message of the era with sessions.
pub(crate) fn initialize(version: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    }})
}

/// A client of the era with sessions.
pub(crate) struct Session {
    address: SocketAddr,
    version: String,
    pub(crate) id: String,
    /// What `initialize` answered.
    pub(crate) server: Value,
}

impl Session {
    /// Asks for a session; headers come with every later request as well.
    pub(crate) async fn initialize(
        address: SocketAddr,
        version: &str,
        more: &[(&str, &str)],
    ) -> Response {
        let headers: Vec<(&str, &str)> = JSON.iter().chain(more).copied().collect();
        request(address, "POST", "/mcp", &headers, &initialize(version).to_string()).await
    }

    pub(crate) async fn open(address: SocketAddr, version: &str) -> Self {
        let response = Self::initialize(address, version, &[]).await;
        assert_eq!(response.status, 200, "{response:?}");
        let id = response.header("mcp-session-id").expect("a session").to_owned();
        let server = response.message()["result"].take();
        let session = Self { address, version: version.to_owned(), id, server };
        let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let noted = session.send("POST", &note.to_string()).await;
        assert_eq!(noted.status, 202, "{noted:?}");
        session
    }

    /// Any request within the session.
    pub(crate) async fn send(&self, method: &str, body: &str) -> Response {
        let own = [("mcp-session-id", &*self.id), ("mcp-protocol-version", &*self.version)];
        let headers: Vec<(&str, &str)> = JSON.iter().copied().chain(own).collect();
        request(self.address, method, "/mcp", &headers, body).await
    }

    /// The stream on which a session hears what it did not ask for.
    pub(crate) async fn events(&self) -> Events {
        let own = [("mcp-session-id", &*self.id), ("mcp-protocol-version", &*self.version)];
        let headers: Vec<(&str, &str)> = JSON.iter().copied().chain(own).collect();
        Events::open(self.address, "GET", &headers, "").await
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let response = self.send("POST", &body.to_string()).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.message()
    }
}
