//! One connection: requests in, answers or faults out, until either side closes. The only place where
//! a fault becomes bytes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::fault::{DRIP_INTERVAL, Fault, HUGE_BYTES};
use crate::flavor::Flavor;
use crate::http::answer::{self, Answer};
use crate::http::auth;
use crate::http::request::{self, Request};
use crate::http::response::Response;
use crate::server::Server;

/// How long a server of Python keeps an idle connection (the default of uvicorn).
const IDLE_PYTHON: Duration = Duration::from_secs(5);
/// How long any other server does.
const IDLE_OTHER: Duration = Duration::from_secs(75);
/// Bytes written at once of a huge body.
const CHUNK_BYTES: usize = 64 * 1_024;

/// Whether the connection goes on after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Request,
    Close,
}

/// Serves a connection until it ends or the server closes all of them.
pub(crate) async fn serve(server: Arc<Server>, stream: TcpStream) {
    let mut closed = server.connections_closed();
    tokio::select! {
        biased;
        _ = closed.changed() => {}
        // A peer that goes away is no news to a server.
        _ended = run(&server, stream) => {}
    }
}

async fn run(server: &Server, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let idle = match server.flavor() {
        Flavor::V4_0_8 | Flavor::V4_3_3 | Flavor::V4_5_8 | Flavor::V5Python => IDLE_PYTHON,
        Flavor::V3_4_0_5 | Flavor::V5Rust => IDLE_OTHER,
    };
    let mut buffer = Vec::new();
    loop {
        let Ok(read) = timeout(idle, request::read(&mut stream, &mut buffer)).await else {
            return Ok(());
        };
        let Some(request) = read? else { return Ok(()) };
        server.count_request();
        if respond(server, &mut stream, &request).await? == Next::Close {
            return stream.shutdown().await;
        }
    }
}

/// The fault that a request meets: that of the server, else that of its plugin.
fn fault_of(server: &Server, path: &str) -> Option<Fault> {
    let plugin = answer::plugin_of(path)?;
    let hangs_engine =
        matches!(plugin, "containers" | "all") && server.plugins.contains(&"containers");
    let relevant = |fault: &Fault| match fault {
        Fault::HungContainers => hangs_engine,
        // Time is wrong in the values, not on the wire.
        Fault::ClockSkew(_) => false,
        _ => true,
    };
    let own = server.plugin_fault(plugin).or_else(|| {
        // A plugin that takes its time holds up the request for everything.
        let slow =
            |fault: &Fault| matches!(fault, Fault::Hang | Fault::Slow(_) | Fault::HungContainers);
        let mut faults = if plugin == "all" { server.plugin_faults() } else { Vec::new() };
        faults.retain(|(_, fault)| slow(fault));
        faults.pop().map(|(_, fault)| fault)
    });
    server.fault().filter(relevant).or(own.filter(relevant))
}

async fn respond(server: &Server, stream: &mut TcpStream, request: &Request) -> io::Result<Next> {
    let flavor = server.flavor();
    let fault = match answer::plugin_of(&request.path) {
        Some(_) => fault_of(server, &request.path),
        None => server.fault(),
    };
    let Some(fault) = fault else {
        return send_answer(server, stream, request).await;
    };
    let path = request.path.as_str();
    match fault {
        Fault::Refuse => Ok(Next::Close),
        Fault::Hang => hang(server, stream, path).await,
        Fault::HungContainers if answer::plugin_of(path).is_some() => {
            hang(server, stream, path).await
        }
        Fault::Slow(time) => {
            sleep(time).await;
            send_answer(server, stream, request).await
        }
        Fault::Drip => drip(server, stream, request).await,
        Fault::Unauthorized if auth::is_open(flavor, path) => {
            send_answer(server, stream, request).await
        }
        Fault::Unauthorized => send(server, stream, request, &auth::missing(flavor, path)).await,
        Fault::BadHost => {
            let text = "Invalid host header";
            let response = Response::new(400, "text/plain; charset=utf-8", text);
            send(server, stream, request, &response).await
        }
        Fault::Status500 => {
            send(server, stream, request, &answer::internal_error(flavor, path)).await
        }
        Fault::Garbage => {
            let bytes: Vec<u8> = (0..700_u32).map(|i| (i * 167 + 0xc3) as u8).collect();
            send(server, stream, request, &Response::json(bytes)).await
        }
        Fault::Truncated => truncated(server, stream, request).await,
        Fault::Huge => huge(server, stream).await,
        Fault::WrongType => {
            let mut response = answer_of(server, request).await;
            let text = String::from_utf8_lossy(&response.body).into_owned();
            response.body = answer::wrong_type(&text).into_bytes();
            send(server, stream, request, &response).await
        }
        Fault::ClockSkew(_) | Fault::HungContainers => send_answer(server, stream, request).await,
    }
}

/// The usual answer, after the time that the server takes for it.
async fn answer_of(server: &Server, request: &Request) -> Response {
    let Answer { response, wait_secs } = answer::answer(server, request, clock::now());
    if wait_secs > 0.0 {
        sleep(Duration::from_secs_f64(wait_secs)).await;
    }
    response
}

async fn send_answer(
    server: &Server,
    stream: &mut TcpStream,
    request: &Request,
) -> io::Result<Next> {
    let response = answer_of(server, request).await;
    send(server, stream, request, &response).await
}

/// Glances 3 speaks HTTP/1.0 and closes after each answer.
fn next(server: &Server, request: &Request) -> Next {
    let keeps = request.keep_alive && server.flavor().api() != 3;
    if keeps { Next::Request } else { Next::Close }
}

fn bytes(server: &Server, request: &Request, response: &Response) -> Vec<u8> {
    let keep_alive = next(server, request) == Next::Request;
    // A clock that is wrong dates its answers wrongly as well.
    let now = clock::now() + server.skew();
    let mut bytes = response.head(server.flavor(), response.body.len(), now, keep_alive);
    if request.method != "HEAD" {
        bytes.extend_from_slice(&response.body);
    }
    bytes
}

async fn send(
    server: &Server,
    stream: &mut TcpStream,
    request: &Request,
    response: &Response,
) -> io::Result<Next> {
    stream.write_all(&bytes(server, request, response)).await?;
    Ok(next(server, request))
}

/// Never answers; ends when the peer gives up or the fault is gone.
async fn hang(server: &Server, stream: &mut TcpStream, path: &str) -> io::Result<Next> {
    let mut changed = server.plugin_faults_changed();
    let mut ignored = [0; 512];
    loop {
        if !matches!(fault_of(server, path), Some(Fault::Hang | Fault::HungContainers))
            && server.fault() != Some(Fault::Hang)
        {
            return Ok(Next::Close);
        }
        tokio::select! {
            _ = changed.changed() => {}
            read = stream.read(&mut ignored) => {
                if read? == 0 {
                    return Ok(Next::Close);
                }
            }
        }
    }
}

async fn drip(server: &Server, stream: &mut TcpStream, request: &Request) -> io::Result<Next> {
    let response = answer_of(server, request).await;
    for byte in bytes(server, request, &response) {
        stream.write_all(&[byte]).await?;
        sleep(DRIP_INTERVAL).await;
    }
    Ok(next(server, request))
}

async fn truncated(server: &Server, stream: &mut TcpStream, request: &Request) -> io::Result<Next> {
    let response = answer_of(server, request).await;
    let length = response.body.len();
    let promised = length.max(2);
    let mut bytes = response.head(server.flavor(), promised, clock::now(), false);
    bytes.extend(response.body.into_iter().take(length / 2));
    stream.write_all(&bytes).await?;
    Ok(Next::Close)
}

/// `[0,0,…,0]`, written as fast as the peer takes it.
async fn huge(server: &Server, stream: &mut TcpStream) -> io::Result<Next> {
    let chunk: Vec<u8> = b"0,".iter().copied().cycle().take(CHUNK_BYTES).collect();
    let head = Response::json("").head(server.flavor(), HUGE_BYTES, clock::now(), false);
    stream.write_all(&head).await?;
    // The brackets and the last number take three bytes, the rest is pairs and perhaps a space.
    let pairs = (HUGE_BYTES - 3) / 2 * 2;
    let space = if pairs == HUGE_BYTES - 3 { "" } else { " " };
    stream.write_all(format!("[{space}").as_bytes()).await?;
    let mut left = pairs;
    while left > 0 {
        let part = chunk.get(..left.min(CHUNK_BYTES)).unwrap_or_default();
        stream.write_all(part).await?;
        left -= part.len();
    }
    stream.write_all(b"0]").await?;
    Ok(Next::Close)
}
