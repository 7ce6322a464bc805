//! The loan of the extended record is given back, whatever happens.

use super::*;

const SET: &str = "POST /api/4/processes/extended/9366";
const DISABLE: &str = "POST /api/4/processes/extended/disable";
const REFRESH: &str = "GET /api/4/processlist/top/1";
const READ: &str = "GET /api/4/processes/extended";
const NO_PAUSE: Duration = Duration::ZERO;

/// A server whose record is there after so many refreshes.
fn filling(refreshes: usize) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let refreshed = std::sync::atomic::AtomicUsize::new(0);
    move |request| match request.line().as_str() {
        SET | DISABLE => json(200, "true"),
        REFRESH => {
            refreshed.fetch_add(1, Ordering::SeqCst);
            json(200, "[]")
        }
        READ if refreshed.load(Ordering::SeqCst) >= refreshes => {
            answer(200, &[], &fixture("4.5.8/extended/get_extended.json"))
        }
        READ => json(200, "{}"),
        other => panic!("{other}"),
    }
}

async fn extended(server: &Server) -> Result<crate::model::Extended, FetchError> {
    server.client().extended_with_pause(9366, DEADLINE, NO_PAUSE).await
}

#[tokio::test]
async fn a_process_is_watched_until_its_record_is_there_and_no_longer() {
    let server = Server::start(filling(2)).await;
    let record = extended(&server).await.unwrap();
    assert_eq!((record.pid, record.open_files), (Some(9366), Some(11)));
    assert_eq!(server.lines(), [SET, REFRESH, READ, REFRESH, READ, DISABLE]);
}

#[tokio::test]
async fn a_record_that_never_comes_is_not_available() {
    let server = Server::start(filling(usize::MAX)).await;
    let plugin = Plugin::ProcessList;
    assert_eq!(extended(&server).await, Err(FetchError::NotAvailable { plugin }));
    assert_eq!(server.lines().last().map(String::as_str), Some(DISABLE));
}

#[tokio::test]
async fn the_record_of_another_process_is_not_taken_for_ours() {
    let server = Server::start(|request| match request.method.as_str() {
        "POST" => json(200, "true"),
        _ => answer(200, &[], &fixture("4.5.8/extended/get_extended.json")),
    })
    .await;
    let found = server.client().extended_with_pause(1, DEADLINE, NO_PAUSE).await;
    assert_eq!(found, Err(FetchError::NotAvailable { plugin: Plugin::ProcessList }));
}

#[tokio::test]
async fn a_process_that_the_server_does_not_know_is_looked_for_once_more() {
    let server = Server::start(|request| match request.line().as_str() {
        SET => recorded("4.5.8/http/unknown_pid.http"),
        _ => json(200, "[]"),
    })
    .await;
    assert_eq!(extended(&server).await, Err(FetchError::Status { status: 404 }));
    assert_eq!(server.lines(), [SET, REFRESH, SET, DISABLE]);
}

#[tokio::test]
async fn a_server_that_cannot_watch_says_not_available() {
    let plugin = Plugin::ProcessList;
    let refusals = [
        json(404, r#"{"detail":"Not Found"}"#),
        json(405, r#"{"detail":"Method Not Allowed"}"#),
        json(400, r#"{"detail":"Unknown plugin processes"}"#),
    ];
    for refusal in refusals {
        let server = Server::start(move |_| refusal.clone()).await;
        assert_eq!(extended(&server).await, Err(FetchError::NotAvailable { plugin }));
    }
}

#[tokio::test]
async fn watching_ends_after_an_error() {
    let server = Server::start(|request| match request.line().as_str() {
        READ => json(500, "{}"),
        _ => json(200, "true"),
    })
    .await;
    assert_eq!(extended(&server).await, Err(FetchError::Status { status: 500 }));
    assert_eq!(server.lines(), [SET, REFRESH, READ, DISABLE]);
}

#[tokio::test]
async fn watching_ends_after_a_timeout() {
    let server = Server::start(|request| match request.line().as_str() {
        READ => Answer::Hang(Vec::new()),
        _ => json(200, "true"),
    })
    .await;
    let deadline = Duration::from_millis(150);
    let found = server.client().extended_with_pause(9366, deadline, NO_PAUSE).await;
    assert_eq!(found, Err(FetchError::Timeout { after_ms: 150 }));
    server.seen(DISABLE).await;
}

#[tokio::test]
async fn watching_ends_when_the_caller_goes_away() {
    let server = Server::start(|request| match request.line().as_str() {
        // Even the order itself may have arrived although its answer never did.
        SET => Answer::Hang(Vec::new()),
        _ => json(200, "true"),
    })
    .await;
    {
        let client = server.client();
        let call = client.extended_with_pause(9366, DEADLINE, NO_PAUSE);
        tokio::select! {
            _ = call => panic!("answered"),
            () = server.seen(SET) => {}
        }
    }
    server.seen(DISABLE).await;
}

#[tokio::test]
async fn callers_of_one_client_take_turns() {
    let server = Server::start(filling(0)).await;
    let client = server.client();
    let call = || client.extended_with_pause(9366, DEADLINE, NO_PAUSE);
    let (first, second) = tokio::join!(call(), call());
    assert!(first.is_ok() && second.is_ok());
    let turn = [SET, REFRESH, READ, DISABLE];
    assert_eq!(server.lines(), [turn, turn].concat());
}
