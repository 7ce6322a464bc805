//! A tiny HTTP server on a free port of the loopback, for tests.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{Client, ClientOptions};

/// Far longer than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Which connection, from 0.
    pub(crate) connection: usize,
    /// Which request on it, from 0.
    pub(crate) turn: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Bytes(Vec<u8>),
    /// Sends this and closes the connection.
    Cut(Vec<u8>),
    /// Sends this and then nothing more, ever.
    Hang(Vec<u8>),
}

pub(crate) fn answer(status: u16, headers: &[&str], body: &[u8]) -> Answer {
    let mut bytes = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str("\r\n");
    Answer::Bytes([bytes.as_bytes(), body].concat())
}

pub(crate) fn json(status: u16, body: &str) -> Answer {
    answer(status, &["content-type: application/json"], body.as_bytes())
}

pub(crate) fn fixture(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A recorded reply, its length corrected (some bodies were cut after the recording).
pub(crate) fn recorded(file: &str) -> Answer {
    let text = String::from_utf8(fixture(file)).unwrap().replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let is_length = |line: &str| line.to_ascii_lowercase().starts_with("content-length");
    let headers: Vec<&str> = head.lines().skip(1).filter(|line| !is_length(line)).collect();
    answer(status, &headers, body.as_bytes())
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// What a real server of that folder of fixtures answers.
pub(crate) fn glances(folder: &'static str) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    move |request| {
        let api = if folder.starts_with("5-") { "5" } else { &folder[..1] };
        let own = request.path.strip_prefix(&format!("/api/{api}/"));
        if request.path == "/status" && folder == "5-glances-rs-0.4.1" {
            return answer(200, &[], b"");
        }
        if request.path == "/status" && api == "5" {
            return json(200, r#"{"status": "ok"}"#);
        }
        let Some(own) = own else { return nowhere(api) };
        let file = format!("{folder}/{}.json", own.replace('/', "_"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(&file);
        match std::fs::read(path) {
            Ok(body) => answer(200, &["content-type: application/json"], &body),
            Err(_) if api == "5" => json(404, r#"{"detail":"Unknown plugin"}"#),
            Err(_) if api == "3" => answer(400, &[], b"<html>Unknown plugin</html>"),
            Err(_) => recorded("4.5.8/http/unknown_plugin.http"),
        }
    }
}

fn nowhere(api: &str) -> Answer {
    match api {
        "3" => recorded("3.4.0.5-auth/api4_path_404.http"),
        _ => recorded("4.5.8/http/api3_path.http"),
    }
}

/// A CA and a server certificate for `name` signed by it.
pub(crate) fn acceptor(name: &str) -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ca).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (ca.pem().into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

/// A port where plain HTTP is spoken and nothing is waited for, as uvicorn does on a TLS hello.
pub(crate) async fn plain_port() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let reply = b"HTTP/1.1 400 Bad Request\r\n\r\nInvalid HTTP request received.";
            stream.write_all(reply).await.unwrap();
            // Nothing unread, or the system resets the connection before our bytes are seen.
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    (port, tasks)
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    log: Arc<Log>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Request>>,
    arrived: Notify,
}

type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

impl Server {
    pub(crate) async fn start(
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(handler, None).await
    }

    pub(crate) async fn start_with(
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Log::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::new(handler), tls, Arc::clone(&log)));
        Self { port, log, _tasks: tasks }
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions::new(format!("http://127.0.0.1:{}", self.port))
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.options()).unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// Waits until such a request has arrived.
    pub(crate) async fn seen(&self, line: &str) {
        let seen = async {
            loop {
                let arrived = self.log.arrived.notified();
                if self.lines().iter().any(|it| it == line) {
                    return;
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, seen).await;
        assert!(waited.is_ok(), "no `{line}` among {:?}", self.lines());
    }
}

async fn accept(listener: TcpListener, handler: Handler, tls: Option<TlsAcceptor>, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        let (handler, tls, log) = (Arc::clone(&handler), tls.clone(), Arc::clone(&log));
        connections.spawn(async move {
            match tls {
                None => serve(stream, number, &handler, &log).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, number, &handler, &log).await,
                    Err(_) => None,
                },
            }
        });
    }
}

/// Serves one connection until it ends.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    handler: &Handler,
    log: &Log,
) -> Option<()> {
    for turn in 0.. {
        let request = read_request(&mut stream, connection, turn).await?;
        let answer = handler(&request);
        log.requests.lock().unwrap().push(request);
        log.arrived.notify_waiters();
        match answer {
            Answer::Bytes(bytes) => stream.write_all(&bytes).await.ok()?,
            Answer::Cut(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                return None;
            }
            Answer::Hang(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                std::future::pending::<()>().await;
            }
        }
    }
    None
}

async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    connection: usize,
    turn: usize,
) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: String::new(), connection, turn };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
