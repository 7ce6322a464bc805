//! Passes MCP messages between stdin/stdout and a running server's HTTP endpoint.

use anyhow::Context as _;
use rmcp::{
    RoleClient, RoleServer,
    transport::{
        StreamableHttpClientTransport, Transport, async_rw::AsyncRwTransport,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use secrecy::{ExposeSecret, SecretString};

/// Passes messages on until one side closes.
///
/// # Errors
/// When a side fails; the endpoint is named, the token never.
pub async fn connect(url: &str, token: Option<SecretString>) -> anyhow::Result<()> {
    // Fails only when one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    let hint = match &token {
        Some(_) => "is the server running? is the token the right one?",
        None => "is the server running? does it want a token (`--token`)?",
    };
    if let Some(token) = token {
        config = config.auth_header(token.expose_secret());
    }
    let (reader, writer) = rmcp::transport::io::stdio_pipes();
    let mut near: AsyncRwTransport<RoleServer, _, _> = AsyncRwTransport::new(reader, writer);
    let mut far = StreamableHttpClientTransport::from_config(config);
    loop {
        tokio::select! {
            message = Transport::<RoleServer>::receive(&mut near) => match message {
                Some(message) => {
                    Transport::<RoleClient>::send(&mut far, message)
                        .await
                        .with_context(|| format!("`{url}` does not take messages: {hint}"))?;
                }
                None => break,
            },
            message = Transport::<RoleClient>::receive(&mut far) => match message {
                Some(message) => Transport::<RoleServer>::send(&mut near, message).await?,
                None => anyhow::bail!("`{url}` closed the connection: {hint}"),
            },
        }
    }
    Transport::<RoleClient>::close(&mut far).await.ok();
    Ok(())
}
