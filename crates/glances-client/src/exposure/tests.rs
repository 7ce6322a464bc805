use secrecy::SecretString;

use super::*;
use crate::testing::{Answer, DEADLINE, Request, Server, answer, json};

const LIST: &str = r#"["cpu", "mem"]"#;
const SECRET: &str = "planted-secret";

async fn seen(server: &Server) -> Exposure {
    look(&server.client(), &server.options(), ApiVersion::V4, DEADLINE).await.unwrap()
}

/// A server that refuses alien hosts and websites, and has a password.
fn hardened(request: &Request) -> Answer {
    match (request.header("host"), request.header("authorization")) {
        (Some(HOST), _) => answer(400, &[], b"Invalid host header"),
        (_, None) => json(401, r#"{"detail":"Not authenticated"}"#),
        _ => json(200, LIST),
    }
}

/// Glances as it comes: open to all, and before 4.5 with everything readable.
fn naked(request: &Request) -> Answer {
    let cors = format!("access-control-allow-origin: {}", request.header("origin").unwrap_or("*"));
    let headers = [cors.as_str(), "access-control-allow-credentials: true"];
    match request.path.as_str() {
        "/api/4/pluginslist" => answer(200, &headers, LIST.as_bytes()),
        "/api/4/config" => json(200, &format!(r#"{{"mqtt": {{"password": "{SECRET}"}}}}"#)),
        "/api/4/args" => json(200, r#"{"password": "", "time": 2.0}"#),
        _ => json(404, "{}"),
    }
}

#[tokio::test]
async fn a_naked_server_shows_everything_and_nothing_of_it_is_kept() {
    let server = Server::start(naked).await;
    let exposure = seen(&server).await;
    let expected = Exposure {
        open: Some(true),
        secrets_in_config: Some(true),
        secrets_in_args: Some(false),
        cors: Some(Cors::AnyOriginWithCredentials),
        host_checked: Some(false),
    };
    assert_eq!(exposure, expected);
    assert!(!format!("{exposure:?}").contains(SECRET));
    assert_eq!(server.requests().len(), 4);
    assert!(exposure.is_whole());
}

#[tokio::test]
async fn a_hardened_server_shows_nothing_and_sees_no_credential_but_for_websites() {
    let server = Server::start(hardened).await;
    let options = ClientOptions {
        auth: Auth::Basic { username: "glances".to_owned(), password: SecretString::from("x") },
        headers: vec![("x-proxy-key".to_owned(), SecretString::from("y"))],
        ..server.options()
    };
    let client = Client::new(options.clone()).unwrap();
    let exposure = look(&client, &options, ApiVersion::V4, DEADLINE).await.unwrap();
    let expected = Exposure {
        open: Some(false),
        secrets_in_config: Some(false),
        secrets_in_args: Some(false),
        cors: Some(Cors::Closed),
        host_checked: Some(true),
    };
    assert_eq!(exposure, expected);
    for request in server.requests() {
        let knows = request.header("authorization").is_some();
        assert_eq!(request.header("x-proxy-key").is_some(), knows, "{request:?}");
        assert_eq!(request.path, "/api/4/pluginslist");
        assert_ne!((knows, request.header("host")), (true, Some(HOST)));
    }
}

#[tokio::test]
async fn what_cannot_be_seen_is_none() {
    // A refusal that says nothing of websites, and no credentials to ask better.
    let server = Server::start(|_: &Request| json(401, "{}")).await;
    let exposure = seen(&server).await;
    assert_eq!((exposure.cors, exposure.host_checked), (None, Some(false)));
    assert!(!exposure.is_whole());
    // An outsider is refused for reasons that may have nothing to do with a password.
    let server = Server::start(|_: &Request| json(503, "{}")).await;
    assert_eq!(seen(&server).await, Exposure::default());
    // Replies of no known shape.
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/api/4/pluginslist" if request.header("host") == Some(HOST) => json(500, "{}"),
        "/api/4/pluginslist" => json(200, LIST),
        "/api/4/config" => json(200, "[]"),
        _ => json(500, "{}"),
    })
    .await;
    let exposure = seen(&server).await;
    assert_eq!(exposure.host_checked, None);
    assert_eq!((exposure.secrets_in_config, exposure.secrets_in_args), (None, None));
}

#[tokio::test]
async fn a_page_to_log_in_is_no_open_api_and_nobody_is_sent_elsewhere() {
    let server = Server::start(|_: &Request| answer(200, &[], b"<html>log in</html>")).await;
    assert_eq!(seen(&server).await.open, Some(false));
    let other = Server::start(naked).await;
    let location = format!("location: http://127.0.0.1:{}/api/4/pluginslist", other.port);
    let server = Server::start(move |_: &Request| answer(302, &[&location], b"")).await;
    assert_eq!(seen(&server).await.open, Some(false));
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn secrets_are_not_looked_for_in_a_body_without_end() {
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/api/4/pluginslist" => json(200, LIST),
        _ => json(200, &format!(r#"{{"a": "{}"}}"#, "x".repeat(BODY_BYTES_MAX))),
    })
    .await;
    let exposure = seen(&server).await;
    assert_eq!((exposure.open, exposure.secrets_in_config), (Some(true), None));
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_deadline_as_a_whole() {
    let server = Server::start(|_: &Request| Answer::Hang(Vec::new())).await;
    let short = Duration::from_millis(50);
    let outcome = look(&server.client(), &server.options(), ApiVersion::V4, short).await;
    assert!(matches!(outcome, Err(FetchError::Timeout { .. })), "{outcome:?}");
    // It answers once and hangs then: what was seen is told.
    let server = Server::start(|request: &Request| match request.header("host") {
        Some(HOST) => Answer::Hang(Vec::new()),
        _ => json(200, LIST),
    })
    .await;
    let outcome =
        look(&server.client(), &server.options(), ApiVersion::V4, Duration::from_secs(1)).await;
    let exposure = outcome.unwrap();
    assert_eq!((exposure.open, exposure.cors), (Some(true), Some(Cors::Closed)));
    assert_eq!((exposure.host_checked, exposure.secrets_in_args), (None, None));
}
