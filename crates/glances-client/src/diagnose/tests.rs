use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::testing::{
    Answer, DEADLINE, Request, Server, acceptor, answer, glances, json, plain_port, recorded,
};

fn outcomes(diagnosis: &Diagnosis) -> String {
    let letter = |step: &Step| match step.outcome {
        Outcome::Passed => 'p',
        Outcome::Warned => 'w',
        Outcome::Failed => 'F',
        Outcome::Skipped => '-',
    };
    let layers: Vec<Layer> = diagnosis.steps.iter().map(|step| step.layer).collect();
    assert_eq!(layers, Layer::ALL);
    diagnosis.steps.iter().map(letter).collect()
}

async fn of(server: &Server) -> Diagnosis {
    diagnose(&server.options(), DEADLINE).await
}

/// The layer that failed and its fix.
fn failure(diagnosis: &Diagnosis) -> (Layer, &str) {
    let failed = diagnosis.steps.iter().find(|step| step.outcome == Outcome::Failed);
    let failed = failed.unwrap_or_else(|| panic!("{diagnosis:?}"));
    (failed.layer, diagnosis.fix().unwrap())
}

#[tokio::test]
async fn a_healthy_server_passes_every_layer() {
    let server = Server::start(glances("4.5.8")).await;
    let diagnosis = of(&server).await;
    // The URL has an address and no TLS.
    assert_eq!(outcomes(&diagnosis), "p-p-ppppp");
    assert_eq!(diagnosis.fix(), None);
    assert_eq!(diagnosis.info.unwrap().version.as_deref(), Some("4.5.8"));
    assert_eq!(diagnosis.steps[7].detail, "API 4, Glances 4.5.8");
}

#[tokio::test]
async fn a_healthy_server_with_a_name_and_tls_passes_every_layer() {
    let (ca_pem, tls) = acceptor("localhost");
    let server = Server::start_with(glances("4.5.8"), Some(tls)).await;
    let options = ClientOptions {
        ca_pem: Some(ca_pem),
        ..ClientOptions::new(format!("https://localhost:{}", server.port))
    };
    assert_eq!(outcomes(&diagnose(&options, DEADLINE).await), "ppppppppp");
}

#[tokio::test]
async fn old_and_preview_servers_work_with_a_warning() {
    for folder in ["3.4.0.5", "4.0.8", "4.3.3", "5-python-preview"] {
        let server = Server::start(glances(folder)).await;
        let diagnosis = of(&server).await;
        assert_eq!(outcomes(&diagnosis), "p-p-pppwp", "{folder}");
        assert_eq!(diagnosis.fix(), None, "{folder}");
        assert!(diagnosis.steps[7].fix.is_some(), "{folder}");
    }
    let server = Server::start(glances("5-glances-rs-0.4.1")).await;
    let diagnosis = of(&server).await;
    assert_eq!(outcomes(&diagnosis), "p-p-pppww");
    assert_eq!(diagnosis.steps[8].detail, "9 plugins on; off: processcount");
    assert_eq!(diagnosis.steps[8].fix, None);
}

#[tokio::test]
async fn a_useless_url_is_the_first_failure() {
    let diagnosis = diagnose(&ClientOptions::new("db-1:61208"), DEADLINE).await;
    assert_eq!(outcomes(&diagnosis), "F--------");
    assert!(diagnosis.fix().unwrap().contains("http://db-1:61208"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_failure_of_dns() {
    let name = "a".repeat(70);
    let diagnosis = diagnose(&ClientOptions::new(format!("http://{name}")), DEADLINE).await;
    assert_eq!(outcomes(&diagnosis), "wF-------");
    assert!(diagnosis.fix().unwrap().contains(&format!("getent hosts {name}")));
    assert!(diagnosis.steps[0].fix.as_ref().unwrap().contains(":61208"));
}

#[tokio::test]
async fn a_closed_port_says_how_to_start_glances() {
    let port = {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let options = ClientOptions::new(format!("http://127.0.0.1:{port}"));
    let diagnosis = diagnose(&options, DEADLINE).await;
    assert_eq!(outcomes(&diagnosis), "p-F------");
    let fix = format!(
        "start Glances on that machine: `glances -w -B 127.0.0.1 -p {port}`, or open port {port} \
         in its firewall"
    );
    assert_eq!(diagnosis.fix(), Some(fix.as_str()));
}

#[tokio::test]
async fn plain_http_to_a_tls_port_says_https() {
    let (_, tls) = acceptor("127.0.0.1");
    let server = Server::start_with(glances("4.5.8"), Some(tls)).await;
    let diagnosis = of(&server).await;
    let url = format!("`url: https://127.0.0.1:{}`", server.port);
    let (layer, fix) = failure(&diagnosis);
    assert_eq!(layer, Layer::Tls);
    assert!(fix.contains(&url), "{fix}");
    // No credentials went to a certificate that nobody checked.
    assert!(server.requests().iter().all(|it| it.header("authorization").is_none()));
}

#[tokio::test]
async fn tls_to_a_plain_port_says_http() {
    let (port, _server) = plain_port().await;
    let options = ClientOptions::new(format!("https://127.0.0.1:{port}"));
    let options = ClientOptions { verify_tls: false, ..options };
    let diagnosis = diagnose(&options, DEADLINE).await;
    let (layer, fix) = failure(&diagnosis);
    assert_eq!(layer, Layer::Tls);
    assert!(fix.contains(&format!("`url: http://127.0.0.1:{port}`")), "{fix}");
    assert!(fix.contains("ssl_certfile"), "{fix}");
}

#[tokio::test]
async fn certificates_are_told_apart_by_what_is_wrong_with_them() {
    let (ca_pem, tls) = acceptor("db-1.example");
    let server = Server::start_with(glances("4.5.8"), Some(tls)).await;
    let url = format!("https://127.0.0.1:{}", server.port);
    let known = ClientOptions { ca_pem: Some(ca_pem), ..ClientOptions::new(&url) };
    let (other_ca, _) = acceptor("127.0.0.1");
    let unknown = ClientOptions { ca_pem: Some(other_ca), ..ClientOptions::new(&url) };
    for (options, words) in [(known, "issue one for `127.0.0.1`"), (unknown, "set the CA")] {
        let diagnosis = diagnose(&options, DEADLINE).await;
        let (layer, fix) = failure(&diagnosis);
        assert_eq!(layer, Layer::Tls);
        assert!(fix.contains(words), "{fix}");
    }
}

#[tokio::test]
async fn refusals_name_the_setting() {
    let table: [(Answer, &str, &str); 6] = [
        (recorded("4.5.8-auth/cpu_noauth.http"), "p-p-pF---", "set `username`"),
        (
            recorded("4.5.8-auth/bad_host_header.http"),
            "p-p-ppF--",
            "`webui_allowed_hosts=localhost,127.0.0.1,127.0.0.1`",
        ),
        (answer(404, &[], b"<html>nginx"), "p-p-pppF-", "`url_prefix`"),
        (answer(502, &[], b"<html>nginx"), "p-p-F----", "reverse proxy"),
        (json(500, "orjson must be installed"), "p-p-F----", "pip install orjson"),
        (Answer::Bytes(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), "p-p-F----", "started with `-w`"),
    ];
    for (reply, expected, words) in table {
        let shown = format!("{reply:?}");
        let server = Server::start(move |_| reply.clone()).await;
        let diagnosis = of(&server).await;
        assert_eq!(outcomes(&diagnosis), expected, "{shown}");
        let fix = diagnosis.fix().unwrap();
        assert!(fix.contains(words), "{fix}");
    }
}

#[tokio::test]
async fn a_wrong_prefix_is_named() {
    let server = Server::start(glances("4.5.8")).await;
    let options = ClientOptions::new(format!("http://127.0.0.1:{}/nope", server.port));
    let diagnosis = diagnose(&options, DEADLINE).await;
    let (layer, fix) = failure(&diagnosis);
    assert_eq!(layer, Layer::Api);
    assert!(fix.contains("nothing under `/nope`") && fix.contains("url_prefix"), "{fix}");
}

#[tokio::test]
async fn disabled_plugins_are_listed_as_lines_for_the_configuration() {
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/api/4/pluginslist" => json(
            200,
            r#"["mem", "memswap", "load", "fs", "diskio", "processcount", "system", "uptime"]"#,
        ),
        _ => glances("4.5.8")(request),
    })
    .await;
    let diagnosis = of(&server).await;
    assert_eq!(outcomes(&diagnosis), "p-p-ppppw");
    let fix = diagnosis.steps[8].fix.as_deref();
    let lines = "in glances.conf of that machine, then restart:\n\
                 [cpu]\ndisable=False\n[network]\ndisable=False";
    assert_eq!(fix, Some(lines));
}

#[tokio::test]
async fn a_silent_server_is_found_within_the_deadline() {
    let server = Server::start(|_| Answer::Hang(Vec::new())).await;
    let diagnosis = diagnose(&server.options(), Duration::from_millis(150)).await;
    let (layer, fix) = failure(&diagnosis);
    assert_eq!(layer, Layer::Http);
    assert!(fix.contains("restart Glances"), "{fix}");
}

#[tokio::test]
async fn nothing_that_is_said_contains_a_secret() {
    let server = Server::start(|_| recorded("4.5.8-auth/cpu_wrong_password.http")).await;
    let auth = crate::Auth::Basic {
        username: "glances".to_owned(),
        password: SecretString::from("hunter2"),
    };
    let headers = vec![("x-key".to_owned(), SecretString::from("hunter2"))];
    let options = ClientOptions { auth, headers, ..server.options() };
    let printed = format!("{:?}", diagnose(&options, DEADLINE).await);
    assert!(!printed.contains("hunter2") && !printed.contains("aHVudGVy"), "{printed}");
}

#[test]
fn every_layer_has_its_own_word() {
    let mut words: Vec<&str> = Layer::ALL.into_iter().map(Layer::name).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Layer::ALL.len());
}
