//! The client against a server that misbehaves in the ways that real ones do.

mod auth;
mod extended;
mod tls;

use super::*;
use crate::testing::{
    Answer, DEADLINE, Request, Server, answer, fixture, glances, gzip, json, recorded,
};
use secrecy::SecretString;

const CPU: Plugin = Plugin::Cpu;

async fn fetch_cpu(server: &Server) -> Result<Payload, FetchError> {
    server.client().fetch(ApiVersion::V4, CPU, DEADLINE).await
}

#[tokio::test]
async fn connect_learns_what_every_server_is() {
    let servers = [
        ("3.4.0.5", ApiVersion::V3, None, 27, true),
        ("4.0.8", ApiVersion::V4, Some("4.0.8"), 28, true),
        ("4.3.3", ApiVersion::V4, Some("4.3.3"), 30, true),
        ("4.5.8", ApiVersion::V4, Some("4.5.8"), 31, false),
        ("5-python-preview", ApiVersion::V5, Some("4.5.6_dev01"), 16, false),
        ("5-glances-rs-0.4.1", ApiVersion::V5, None, 9, false),
    ];
    for (folder, api, version, plugins, burst) in servers {
        let server = Server::start(glances(folder)).await;
        let info = server.client().connect(DEADLINE).await.unwrap();
        assert_eq!(info.api, api, "{folder}");
        assert_eq!(info.version.as_deref(), version, "{folder}");
        assert_eq!(info.plugins.len(), plugins, "{folder}");
        assert_eq!(info.burst, burst, "{folder}");
    }
}

#[tokio::test]
async fn every_plugin_that_a_server_lists_can_be_fetched() {
    let folders = ["3.4.0.5", "4.0.8", "4.3.3", "4.5.8", "5-python-preview", "5-glances-rs-0.4.1"];
    for folder in folders {
        let server = Server::start(glances(folder)).await;
        let client = server.client();
        let info = client.connect(DEADLINE).await.unwrap();
        for &plugin in &info.plugins {
            let payload = client.fetch(info.api, plugin, DEADLINE).await;
            assert_eq!(payload.as_ref().map(Payload::plugin), Ok(plugin), "{folder}");
        }
        client.alive(info.api, DEADLINE).await.unwrap();
        let limits = client.limits(info.api, DEADLINE).await.unwrap();
        assert_eq!(limits.numbers.is_empty(), info.api == ApiVersion::V5, "{folder}");
        let missing = client.fetch(info.api, Plugin::Cloud, DEADLINE).await;
        assert_eq!(missing, Err(FetchError::NotAvailable { plugin: Plugin::Cloud }), "{folder}");
    }
}

#[tokio::test]
async fn the_liveness_request_is_the_cheapest_of_its_api() {
    let server = Server::start(|_| answer(200, &[], b"")).await;
    for api in [ApiVersion::V3, ApiVersion::V4, ApiVersion::V5] {
        server.client().alive(api, DEADLINE).await.unwrap();
    }
    assert_eq!(server.lines(), ["GET /api/3/status", "GET /api/4/status", "GET /status"]);
}

#[tokio::test]
async fn api_5_has_no_limits_and_is_not_asked_for_them() {
    let server = Server::start(glances("5-python-preview")).await;
    let limits = server.client().limits(ApiVersion::V5, DEADLINE).await;
    assert_eq!(limits, Ok(Limits::default()));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn interrupt_rates_follow_the_version_that_connect_saw() {
    for (folder, first) in [("4.3.3", 3174.0 / 3.4763388633728027), ("4.5.8", 880.0)] {
        let server = Server::start(glances(folder)).await;
        let client = server.client();
        let rate = async |client: &Client| {
            let payload = client.fetch(ApiVersion::V4, Plugin::Irq, DEADLINE).await.unwrap();
            payload.irqs().unwrap()[0].per_sec
        };
        assert_eq!(rate(&client).await, None, "{folder}");
        client.clone().connect(DEADLINE).await.unwrap();
        assert_eq!(rate(&client).await, Some(first), "{folder}");
    }
}

#[tokio::test]
async fn something_else_than_glances_is_no_api() {
    // A web application that answers every path with its page, a login redirect, an empty site.
    let page = || answer(200, &["content-type: text/html"], b"<html>Hello</html>");
    let others: [fn() -> Answer; 4] = [
        page,
        || answer(302, &["location: /login"], b""),
        || answer(404, &[], b"<html>not found</html>"),
        || json(200, r#"{"ok": true}"#),
    ];
    for other in others {
        let server = Server::start(move |_| other()).await;
        let found = server.client().connect(DEADLINE).await;
        assert_eq!(found, Err(FetchError::NoApi), "{:?}", other());
        let lines = server.lines();
        assert_eq!(lines[0], "GET /api/4/status");
        assert_eq!(lines[1..], ["GET /api/5/pluginslist", "GET /api/3/pluginslist"]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_not_taken_for_a_missing_api() {
    for status in [402, 429, 500, 502, 503] {
        let server = Server::start(move |_| answer(status, &[], b"<html>proxy")).await;
        let found = server.client().connect(DEADLINE).await;
        assert_eq!(found, Err(FetchError::Status { status }));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let elsewhere = Server::start(|_| json(200, "{}")).await;
    let location = format!("location: http://127.0.0.1:{}/api/4/cpu", elsewhere.port);
    let server = Server::start(move |_| answer(307, &[&location], b"")).await;
    assert_eq!(fetch_cpu(&server).await, Err(FetchError::Status { status: 307 }));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn statuses_have_their_own_errors() {
    let (v3, v4, v5) = (ApiVersion::V3, ApiVersion::V4, ApiVersion::V5);
    let gone = Err(FetchError::NotAvailable { plugin: CPU });
    let bottle = "<html><h1>Error: 400</h1><pre>Unknown plugin cpu</pre></html>";
    let tls = "<h1>400</h1>The plain HTTP request was sent to HTTPS port";
    let speaks_tls =
        FetchError::Tls { reason: "the port speaks TLS, we spoke plain HTTP".to_owned() };
    let table = [
        (v4, recorded("4.5.8/http/unknown_plugin.http"), gone.clone()),
        (v3, answer(400, &[], bottle.as_bytes()), gone.clone()),
        (v5, json(404, r#"{"detail":"Unknown plugin"}"#), gone.clone()),
        (v5, json(200, "null"), gone.clone()),
        (v5, json(503, r#"{"detail":"no data yet"}"#), gone.clone()),
        (v5, answer(503, &[], b"<html>proxy"), Err(FetchError::Status { status: 503 })),
        (v4, json(503, "{}"), Err(FetchError::Status { status: 503 })),
        // The API itself is gone: the server was replaced.
        (v4, recorded("3.4.0.5-auth/api4_path_404.http"), Err(FetchError::NoApi)),
        (v3, recorded("4.5.8/http/api3_path.http"), Err(FetchError::NoApi)),
        (v4, answer(404, &[], b"no such file"), gone),
        (
            v4,
            recorded("4.5.8-auth/bad_host_header.http"),
            Err(FetchError::HostRejected { status: 400 }),
        ),
        (v4, answer(421, &[], b""), Err(FetchError::HostRejected { status: 421 })),
        (v4, answer(400, &[], tls.as_bytes()), Err(speaks_tls)),
        (v4, answer(403, &[], b""), Err(FetchError::Auth { status: 403 })),
        (v3, recorded("3.4.0.5-auth/core_wrong.http"), Err(FetchError::Auth { status: 401 })),
        (
            v4,
            recorded("4.5.8-auth/token_json_array_500.http"),
            Err(FetchError::Status { status: 500 }),
        ),
    ];
    for (api, reply, expected) in table {
        let shown = format!("{api} {reply:?}");
        let server = Server::start(move |_| reply.clone()).await;
        let found = server.client().fetch(api, CPU, DEADLINE).await;
        assert_eq!(found, expected, "{shown}");
    }
}

#[tokio::test]
async fn html_with_status_200_is_malformed() {
    let server = Server::start(|_| answer(200, &[], b"<html>Glances</html>")).await;
    let error = fetch_cpu(&server).await.unwrap_err();
    assert_eq!(error.class(), "malformed", "{error}");
}

#[tokio::test]
async fn the_prefix_comes_before_every_path() {
    let server = Server::start(|request: &Request| {
        let inner = request.path.strip_prefix("/glances").map(str::to_owned);
        let Some(path) = inner else { return json(404, "{}") };
        glances("4.5.8")(&Request { path, ..request.clone() })
    })
    .await;
    for slash in ["", "/"] {
        let base_url = format!("http://127.0.0.1:{}/glances{slash}", server.port);
        let client = Client::new(ClientOptions::new(base_url)).unwrap();
        let info = client.connect(DEADLINE).await.unwrap();
        assert_eq!(info.version.as_deref(), Some("4.5.8"));
        client.fetch(info.api, CPU, DEADLINE).await.unwrap();
    }
    assert_eq!(server.client().connect(DEADLINE).await, Err(FetchError::NoApi));
}

#[tokio::test]
async fn our_headers_are_sent_and_never_printed() {
    let server = Server::start(glances("4.5.8")).await;
    let options = ClientOptions {
        headers: vec![("X-Proxy-Key".to_owned(), SecretString::from("hunter2"))],
        ..server.options()
    };
    assert!(!format!("{options:?}").contains("hunter2"));
    let client = Client::new(options).unwrap();
    client.fetch(ApiVersion::V4, CPU, DEADLINE).await.unwrap();
    let request = server.requests().remove(0);
    assert_eq!(request.header("x-proxy-key"), Some("hunter2"));
    let agent = request.header("user-agent").unwrap();
    assert!(agent.starts_with("glances-mcp/"), "{agent}");
    assert_eq!(request.header("accept-encoding"), Some("gzip"));
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn a_compressed_body_is_read() {
    let server = Server::start(|_| {
        answer(200, &["content-encoding: gzip"], &gzip(&fixture("4.5.8/processlist.json")))
    })
    .await;
    let client = server.client();
    let payload = client.fetch(ApiVersion::V4, Plugin::ProcessList, DEADLINE).await.unwrap();
    assert_eq!(payload.processes().unwrap().len(), 117);
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_however_it_comes() {
    let limit_bytes = 10_000;
    let long = " ".repeat(limit_bytes) + "{}";
    let chunked = format!(
        "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    // A few bytes on the wire.
    let bomb = gzip(&[b' '; 5_000_000]);
    assert!(bomb.len() < limit_bytes);
    let replies = [
        answer(200, &[], long.as_bytes()),
        Answer::Bytes(chunked.into_bytes()),
        answer(200, &["content-encoding: gzip"], &bomb),
        // Announced and never sent.
        Answer::Hang(b"HTTP/1.1 200 X\r\ncontent-length: 99999999999\r\n\r\n".to_vec()),
    ];
    for reply in replies {
        let server = Server::start(move |_| reply.clone()).await;
        let options = ClientOptions { body_bytes_max: limit_bytes, ..server.options() };
        let client = Client::new(options).unwrap();
        let found = client.fetch(ApiVersion::V4, CPU, DEADLINE).await;
        assert_eq!(found, Err(FetchError::TooLarge { limit_bytes }));
    }
    let fits = " ".repeat(limit_bytes - 2) + "{}";
    let server = Server::start(move |_| answer(200, &[], fits.as_bytes())).await;
    let options = ClientOptions { body_bytes_max: limit_bytes, ..server.options() };
    let client = Client::new(options).unwrap();
    assert!(client.fetch(ApiVersion::V4, CPU, DEADLINE).await.is_ok());
}

#[tokio::test]
async fn the_deadline_covers_the_reply_and_its_body() {
    let hangs: [&[u8]; 3] =
        [b"", b"HTTP/1.1 200 X\r\n", b"HTTP/1.1 200 X\r\ncontent-length: 20\r\n\r\n{"];
    for sent in hangs {
        let server = Server::start(move |_| Answer::Hang(sent.to_vec())).await;
        let deadline = Duration::from_millis(60);
        let found = server.client().fetch(ApiVersion::V4, CPU, deadline).await;
        assert_eq!(found, Err(FetchError::Timeout { after_ms: 60 }));
        let found = server.client().connect(deadline).await;
        assert_eq!(found, Err(FetchError::Timeout { after_ms: 60 }));
    }
}

#[tokio::test]
async fn a_stale_connection_is_replaced_once() {
    let server = Server::start(|request| match (request.connection, request.turn) {
        (0, 1) => Answer::Cut(Vec::new()),
        _ => json(200, "{}"),
    })
    .await;
    let client = server.client();
    for _ in 0..3 {
        client.fetch(ApiVersion::V4, CPU, DEADLINE).await.unwrap();
    }
    let seen: Vec<_> = server.requests().iter().map(|it| (it.connection, it.turn)).collect();
    assert_eq!(seen, [(0, 0), (0, 1), (1, 0), (1, 1)]);
}

#[tokio::test]
async fn a_server_that_always_hangs_up_is_tried_twice_and_no_more() {
    let server = Server::start(|_| Answer::Cut(Vec::new())).await;
    let error = fetch_cpu(&server).await.unwrap_err();
    assert_eq!(error.class(), "connection", "{error}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_body_cut_short_is_a_failed_connection_and_not_asked_for_again() {
    let head = "HTTP/1.1 200 X\r\ncontent-length: 20\r\n\r\n{\"total\"";
    let server = Server::start(|_| Answer::Cut(head.as_bytes().to_vec())).await;
    let error = fetch_cpu(&server).await.unwrap_err();
    assert_eq!(error.class(), "connection", "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_decompressed_is_malformed() {
    let server = Server::start(|_| answer(200, &["content-encoding: gzip"], b"not gzip")).await;
    let error = fetch_cpu(&server).await.unwrap_err();
    let reason = "body cannot be decompressed".to_owned();
    assert_eq!(error, FetchError::Malformed { reason });
}

#[tokio::test]
async fn nobody_listening_is_refused() {
    let port = {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let client = Client::new(ClientOptions::new(format!("http://127.0.0.1:{port}"))).unwrap();
    let found = client.fetch(ApiVersion::V4, CPU, DEADLINE).await;
    assert_eq!(found, Err(FetchError::Refused));
    assert_eq!(client.connect(DEADLINE).await, Err(FetchError::Refused));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    // No DNS server is asked about a label this long.
    let host = "a".repeat(70);
    let client = Client::new(ClientOptions::new(format!("http://{host}:1"))).unwrap();
    let found = client.fetch(ApiVersion::V4, CPU, DEADLINE).await;
    assert_eq!(found, Err(FetchError::Dns { host }));
}

#[tokio::test]
async fn what_is_no_http_is_malformed() {
    let server = Server::start(|_| Answer::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())).await;
    let error = fetch_cpu(&server).await.unwrap_err();
    assert_eq!(error, FetchError::Malformed { reason: "no HTTP reply".to_owned() });
}

#[tokio::test]
async fn texts_in_the_model_and_in_errors_pass_the_filter() {
    fn mark(text: &str) -> String {
        format!("[{text}]")
    }
    let server = Server::start(|request| match request.path.as_str() {
        "/api/4/system" => json(200, r#"{"hostname": "db-1"}"#),
        _ => json(200, "<"),
    })
    .await;
    let client = Client::new(ClientOptions { text_filter: mark, ..server.options() }).unwrap();
    let payload = client.fetch(ApiVersion::V4, Plugin::System, DEADLINE).await.unwrap();
    assert_eq!(payload.system().unwrap().hostname, "[db-1]");
    let error = client.fetch(ApiVersion::V4, CPU, DEADLINE).await.unwrap_err();
    assert!(error.to_string().contains("[not JSON"), "{error}");
}

#[test]
fn a_url_that_cannot_be_meant_is_refused_without_repeating_it() {
    let table = [
        ("db-1:61208", "must begin"),
        ("", "not a URL"),
        ("http://", "not a URL"),
        ("ftp://db-1", "must begin"),
        ("http://glances:hunter2@db-1:61208", "must not contain credentials"),
        ("http://hunter2@db-1:61208", "must not contain credentials"),
        ("http://db-1:61208/?token=hunter2", "without `?`"),
        ("http://db-1:61208/api/4", "must end before"),
        ("http://db-1:61208/x/api/", "must end before"),
    ];
    for (url, reason) in table {
        let options = ClientOptions::new(url);
        assert!(!format!("{options:?}").contains(":hunter2"), "{options:?}");
        let error = Client::new(options).err().unwrap().to_string();
        assert!(error.contains(reason), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for url in ["http://db-1:61208", "https://[::1]:443/glances/", " http://h "] {
        assert!(Client::new(ClientOptions::new(url)).is_ok(), "{url}");
    }
}

#[test]
fn a_header_that_cannot_be_sent_is_refused_without_its_value() {
    for (name, value) in [("a b", "x"), ("x", "hunter2\r\nevil: 1")] {
        let headers = vec![(name.to_owned(), SecretString::from(value))];
        let options = ClientOptions { headers, ..ClientOptions::new("http://h:1") };
        let error = Client::new(options).err().unwrap();
        assert_eq!(error, BuildError::Header { name: name.to_owned() });
    }
}
