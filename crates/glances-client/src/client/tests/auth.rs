//! Basic, bearer tokens, and what happens when they are refused.

use std::sync::atomic::AtomicUsize;

use super::*;

const BASIC: &str = "Basic Z2xhbmNlczpodW50ZXIy";

fn with(server: &Server, auth: fn(String, SecretString) -> Auth) -> Client {
    let auth = auth("glances".to_owned(), SecretString::from("hunter2"));
    Client::new(ClientOptions { auth, ..server.options() }).unwrap()
}

fn basic(username: String, password: SecretString) -> Auth {
    Auth::Basic { username, password }
}

fn token(username: String, password: SecretString) -> Auth {
    Auth::Token { username, password }
}

/// A server with a password whose tokens are `token-<n>`; those below `valid_from` are forgotten.
fn guarded(valid_from: Arc<AtomicUsize>) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let issued = AtomicUsize::new(0);
    move |request| {
        if request.line() == "POST /api/4/token" {
            let number = issued.fetch_add(1, Ordering::SeqCst);
            return json(200, &format!(r#"{{"access_token": "token-{number}", "expires_in": 1}}"#));
        }
        let token = request.header("authorization").and_then(|it| it.strip_prefix("Bearer token-"));
        let number = token.and_then(|number| number.parse::<usize>().ok());
        match number {
            Some(number) if number >= valid_from.load(Ordering::SeqCst) => {
                glances("4.5.8")(request)
            }
            _ => recorded("4.5.8-auth/bearer_bad.http"),
        }
    }
}

#[tokio::test]
async fn basic_credentials_go_with_every_request() {
    let server = Server::start(|request| match request.header("authorization") {
        Some(BASIC) => glances("4.3.3")(request),
        _ => recorded("4.3.3-auth/status_noauth.http"),
    })
    .await;
    let client = with(&server, basic);
    let info = client.connect(DEADLINE).await.unwrap();
    assert_eq!(info.version.as_deref(), Some("4.3.3"));
    client.alive(info.api, DEADLINE).await.unwrap();
    client.fetch(info.api, CPU, DEADLINE).await.unwrap();
    assert!(server.requests().iter().all(|it| it.header("authorization") == Some(BASIC)));
}

#[tokio::test]
async fn wrong_credentials_are_reported_at_once() {
    let refusals = [
        "3.4.0.5-auth/status_noauth.http",
        "4.3.3-auth/cpu_wrong_password.http",
        "4.5.8-auth/cpu_noauth.http",
    ];
    for refusal in refusals {
        let server = Server::start(move |_| recorded(refusal)).await;
        let found = with(&server, basic).connect(DEADLINE).await;
        assert_eq!(found, Err(FetchError::Auth { status: 401 }), "{refusal}");
        assert_eq!(server.requests().len(), 1, "{refusal}");
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_and_renewed_when_it_is_forgotten() {
    let valid_from = Arc::new(AtomicUsize::new(0));
    let server = Server::start(guarded(Arc::clone(&valid_from))).await;
    let client = with(&server, token);
    let info = client.connect(DEADLINE).await.unwrap();
    client.fetch(info.api, CPU, DEADLINE).await.unwrap();
    let asked = || server.lines().iter().filter(|line| *line == "POST /api/4/token").count();
    assert_eq!(asked(), 1);
    let order = server.requests().remove(0);
    let body: serde_json::Value = serde_json::from_str(&order.body).unwrap();
    assert_eq!(body, serde_json::json!({"username": "glances", "password": "hunter2"}));
    assert_eq!(order.header("content-type"), Some("application/json"));

    // The server was restarted.
    valid_from.store(1, Ordering::SeqCst);
    client.fetch(info.api, CPU, DEADLINE).await.unwrap();
    client.fetch(info.api, CPU, DEADLINE).await.unwrap();
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn a_token_that_stays_refused_is_an_error_after_one_renewal() {
    let server = Server::start(guarded(Arc::new(AtomicUsize::new(usize::MAX)))).await;
    let found = with(&server, token).fetch(ApiVersion::V4, CPU, DEADLINE).await;
    assert_eq!(found, Err(FetchError::Auth { status: 401 }));
    let lines = server.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST")).count(), 2, "{lines:?}");
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn many_requests_at_once_fetch_one_token() {
    let valid_from = Arc::new(AtomicUsize::new(0));
    let server = Server::start(guarded(Arc::clone(&valid_from))).await;
    let client = with(&server, token);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        tasks.spawn(async move { client.fetch(ApiVersion::V4, CPU, DEADLINE).await.map(drop) });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    let asked = server.lines().iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_wrong_password_for_a_token_is_reported_at_once() {
    let server = Server::start(|_| recorded("4.5.8-auth/token_wrong.http")).await;
    let found = with(&server, token).connect(DEADLINE).await;
    assert_eq!(found, Err(FetchError::Auth { status: 401 }));
    assert_eq!(server.lines(), ["POST /api/4/token"]);
}

#[tokio::test]
async fn without_tokens_basic_is_used() {
    let absences = ["4.3.3-auth/token_absent.http", "4.5.8/http/token_without_password_post.http"];
    for absence in absences {
        let server = Server::start(move |request| match request.method.as_str() {
            "POST" => recorded(absence),
            _ if request.header("authorization") == Some(BASIC) => glances("4.3.3")(request),
            _ => recorded("4.3.3-auth/status_noauth.http"),
        })
        .await;
        let client = with(&server, token);
        client.connect(DEADLINE).await.unwrap();
        let posts = server.lines().iter().filter(|line| line.starts_with("POST")).count();
        assert_eq!(posts, 1, "{absence}");
    }
}

#[tokio::test]
async fn with_a_password_api_3_is_read_by_one_request_for_all_plugins() {
    let all = r#"{"mem": {"total": 8, "available": 2}, "load": {"min1": 0.5}}"#;
    let server = Server::start(move |request| match request.line().as_str() {
        "GET /api/3/all" => json(200, all),
        other => panic!("{other}"),
    })
    .await;
    // API 3 has no tokens.
    let client = with(&server, token);
    let mem = client.fetch(ApiVersion::V3, Plugin::Mem, DEADLINE).await.unwrap();
    assert_eq!(mem.mem().unwrap().used, Some(6));
    let load = client.fetch(ApiVersion::V3, Plugin::Load, DEADLINE).await.unwrap();
    assert_eq!(load.load().unwrap().min1, Some(0.5));
    let off = client.fetch(ApiVersion::V3, Plugin::Raid, DEADLINE).await;
    assert_eq!(off, Err(FetchError::NotAvailable { plugin: Plugin::Raid }));
    assert_eq!(server.requests()[0].header("authorization"), Some(BASIC));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_token_of_one_api_is_not_sent_to_another() {
    let server = Server::start(|request| match request.line().as_str() {
        "POST /api/5/token" => json(200, r#"{"access_token": "five"}"#),
        _ if request.path.starts_with("/api/5/")
            && request.header("authorization") != Some("Bearer five") =>
        {
            recorded("4.5.8-auth/bearer_bad.http")
        }
        _ => glances("5-python-preview")(request),
    })
    .await;
    let info = with(&server, token).connect(DEADLINE).await.unwrap();
    assert_eq!(info.api, ApiVersion::V5);
}

#[test]
fn credentials_are_never_printed() {
    let password = || SecretString::from("hunter2");
    for auth in [basic("glances".to_owned(), password()), token("glances".to_owned(), password())] {
        let options = ClientOptions { auth, ..ClientOptions::new("http://h:1") };
        let printed = format!("{options:?}");
        assert!(printed.contains("glances") && !printed.contains("hunter2"), "{printed}");
    }
}
