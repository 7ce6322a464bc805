//! Reads requests off a socket, one after another. Knows requests as Glances' clients send them: no
//! chunked bodies.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest head: more is an attack or a mistake.
const HEAD_BYTES_MAX: usize = 32 * 1_024;
/// Longest body: a token request is a hundred bytes.
const BODY_BYTES_MAX: usize = 64 * 1_024;

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without its query, as sent.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    /// The host name that the client means, without a port.
    pub(crate) host: Option<String>,
    /// The website on whose behalf a browser asks.
    pub(crate) origin: Option<String>,
    pub(crate) keep_alive: bool,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The decoded parts of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.trim_start_matches('/').split('/').map(decoded).collect()
    }
}

/// Undoes `%20` and the like; what is not an escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let digits: Option<Vec<u8>> = (byte == b'%').then(|| bytes.clone().take(2).collect());
        let code = digits
            .filter(|digits| digits.len() == 2)
            .and_then(|digits| String::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(&digits, 16).ok());
        out.push(code.unwrap_or(byte));
        if code.is_some() {
            bytes.nth(1);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The next request; `None` when the peer has closed. `buffer` keeps what follows.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > HEAD_BYTES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let rest = buffer.split_off(head_end + 4);
    let head = std::mem::replace(buffer, rest);
    let (mut request, length) = parse(&String::from_utf8_lossy(&head))?;
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(length);
    request.body = std::mem::replace(buffer, rest);
    Ok(Some(request))
}

fn parse(head: &str) -> io::Result<(Request, usize)> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version)) = (first.next(), first.next(), first.next())
    else {
        return Err(invalid());
    };
    let mut request = Request {
        method: method.to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        keep_alive: version != "HTTP/1.0",
        ..Request::default()
    };
    let mut length = 0;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("authorization") {
            request.authorization = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("host") {
            request.host = value.split(':').next().map(str::to_owned);
        } else if name.eq_ignore_ascii_case("origin") {
            request.origin = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("connection") {
            request.keep_alive &= !value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(|_| invalid())?;
        }
    }
    if length > BODY_BYTES_MAX { Err(invalid()) } else { Ok((request, length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_on_one_connection_are_read_one_by_one() {
        let sent = b"POST /api/4/token?x=1 HTTP/1.1\r\nContent-Length: 2\r\nAuthorization: Basic eA==\r\n\r\n{}\
                     GET /api/4/fs/mnt_point/value/%2Fvar%2Flog HTTP/1.1\r\nConnection: close\r\n\r\n";
        let mut stream: &[u8] = sent;
        let mut buffer = Vec::new();
        let first = read(&mut stream, &mut buffer).await.unwrap().unwrap();
        assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/api/4/token"));
        assert_eq!((first.body.as_slice(), first.keep_alive), (b"{}".as_slice(), true));
        assert_eq!(first.authorization.as_deref(), Some("Basic eA=="));
        let second = read(&mut stream, &mut buffer).await.unwrap().unwrap();
        assert_eq!(second.segments(), ["api", "4", "fs", "mnt_point", "value", "/var/log"]);
        assert!(!second.keep_alive);
        assert_eq!(read(&mut stream, &mut buffer).await.unwrap(), None);
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("a%2Fb%zz%4"), "a/b%zz%4");
    }
}
