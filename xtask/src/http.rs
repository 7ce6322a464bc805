//! The smallest HTTP client that a chore needs: one request to loopback, one reply, no TLS.
//! It never follows redirects and never talks to another machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// More than any reply that we ask for.
const REPLY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A reply, its body as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn get(port: u16, path: &str, timeout: Duration) -> Result<Reply> {
    let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", common_headers(port));
    exchange(port, &request, timeout).with_context(|| format!("GET http://127.0.0.1:{port}{path}"))
}

/// Sends JSON; `headers` are whole lines without their ends.
pub(crate) fn post_json(
    port: u16,
    path: &str,
    headers: &[&str],
    body: &str,
    timeout: Duration,
) -> Result<Reply> {
    let mut request = format!("POST {path} HTTP/1.1\r\n{}", common_headers(port));
    request.push_str("content-type: application/json\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    exchange(port, &request, timeout).with_context(|| format!("POST http://127.0.0.1:{port}{path}"))
}

fn common_headers(port: u16) -> String {
    format!("host: 127.0.0.1:{port}\r\nconnection: close\r\n")
}

fn exchange(port: u16, request: &str, timeout: Duration) -> Result<Reply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, timeout).context("no connection")?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(request.as_bytes()).context("the request could not be sent")?;
    let mut bytes = Vec::new();
    stream.take(REPLY_BYTES_MAX).read_to_end(&mut bytes).context("no complete reply")?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Reply> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").context("not an HTTP reply")?;
    let (head, body) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head
        .strip_prefix("http/1.")
        .and_then(|rest| rest.split_whitespace().nth(1))
        .and_then(|code| code.parse().ok())
        .context("not an HTTP status line")?;
    let body = body.get(4..).unwrap_or_default();
    let chunked = head.lines().any(|line| {
        line.strip_prefix("transfer-encoding:").is_some_and(|value| value.contains("chunked"))
    });
    let body = if chunked { unchunked(body)? } else { body.to_vec() };
    Ok(Reply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|it| it == b"\r\n").context("a chunk has no size")?;
        let (size, after) = rest.split_at(end);
        let size = String::from_utf8_lossy(size);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk's size is not a number")?;
        if size == 0 {
            return Ok(body);
        }
        let Some((chunk, next)) = after.get(2..).and_then(|it| it.split_at_checked(size)) else {
            bail!("the reply ends inside a chunk");
        };
        body.extend_from_slice(chunk);
        rest = next.strip_prefix(b"\r\n").context("a chunk has no end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_reply_is_put_together() {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(bytes).unwrap(), Reply { status: 200, body: "abcde".to_owned() });
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        assert!(parse(b"SSH-2.0-OpenSSH_9.2\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc").is_err());
    }
}
