//! HTTPS with an own CA, without a check, and where it is not spoken.

use super::*;
use crate::testing::{acceptor, plain_port};

/// A Glances with HTTPS, and the CA of its certificate.
async fn start(name: &str) -> (Server, Vec<u8>) {
    let (ca_pem, acceptor) = acceptor(name);
    (Server::start_with(glances("4.5.8"), Some(acceptor)).await, ca_pem)
}

fn https(server: &Server) -> ClientOptions {
    ClientOptions::new(format!("https://127.0.0.1:{}", server.port))
}

#[tokio::test]
async fn an_own_ca_is_trusted() {
    let (server, ca_pem) = start("127.0.0.1").await;
    let options = ClientOptions { ca_pem: Some(ca_pem), ..https(&server) };
    let info = Client::new(options).unwrap().connect(DEADLINE).await.unwrap();
    assert_eq!(info.version.as_deref(), Some("4.5.8"));
}

#[tokio::test]
async fn an_unknown_ca_and_a_wrong_name_are_tls_errors() {
    let (server, _) = start("127.0.0.1").await;
    let other_ca = acceptor("127.0.0.1").0;
    let options = ClientOptions { ca_pem: Some(other_ca), ..https(&server) };
    let error = Client::new(options).unwrap().connect(DEADLINE).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");

    let (server, ca_pem) = start("db-1.example").await;
    let options = ClientOptions { ca_pem: Some(ca_pem), ..https(&server) };
    let error = Client::new(options).unwrap().connect(DEADLINE).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error}");
    assert!(error.to_string().contains("not valid for"), "{error}");
}

#[tokio::test]
async fn the_check_can_be_turned_off() {
    let (server, _) = start("db-1.example").await;
    let options = ClientOptions { verify_tls: false, ..https(&server) };
    let client = Client::new(options).unwrap();
    client.fetch(ApiVersion::V4, CPU, DEADLINE).await.unwrap();
}

#[tokio::test]
async fn tls_to_a_plain_port_is_a_tls_error() {
    let (port, _server) = plain_port().await;
    let client = Client::new(ClientOptions {
        verify_tls: false,
        ..ClientOptions::new(format!("https://127.0.0.1:{port}"))
    });
    let error = client.unwrap().connect(DEADLINE).await.unwrap_err();
    assert_eq!(error.class(), "tls", "{error:?}");
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_a_failed_connection() {
    let (server, _) = start("127.0.0.1").await;
    let error = server.client().connect(DEADLINE).await.unwrap_err();
    assert!(matches!(error.class(), "connection" | "malformed"), "{error:?}");
}

#[test]
fn a_ca_file_without_certificates_is_refused() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"] {
        let ca_pem = Some(pem.as_bytes().to_vec());
        let options = ClientOptions { ca_pem, ..ClientOptions::new("https://h:1") };
        let error = Client::new(options).err().unwrap();
        assert!(matches!(error, BuildError::Ca { .. }), "{pem}: {error}");
    }
}
