//! Passes MCP messages between stdin/stdout and a running server's HTTP endpoint.

use anyhow::Context as _;
use rmcp::{
    ErrorData, RoleClient, RoleServer,
    model::{JsonRpcMessage, RequestId, ServerJsonRpcMessage},
    transport::{
        StreamableHttpClientTransport, Transport, async_rw::AsyncRwTransport,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use secrecy::{ExposeSecret, SecretString};

/// Passes messages on until one side closes. A server that goes away after it has answered once is
/// waited for: a request meanwhile is answered with an error, and the client goes on.
///
/// # Errors
/// When nobody answers the first message, or the client's side fails; the endpoint is named, the
/// token never.
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
    let mut answered = false;
    loop {
        tokio::select! {
            message = Transport::<RoleServer>::receive(&mut near) => {
                let Some(message) = message else { break };
                let request = match &message {
                    JsonRpcMessage::Request(request) => Some(request.id.clone()),
                    _ => None,
                };
                let sent = Transport::<RoleClient>::send(&mut far, message).await;
                match (sent, request) {
                    (Ok(()), _) => answered = true,
                    (Err(_), Some(id)) if answered => {
                        let refusal = gone(id, format!("`{url}` does not answer: {hint}"));
                        Transport::<RoleServer>::send(&mut near, refusal).await?;
                    }
                    (Err(_), None) if answered => {}
                    (Err(err), _) => {
                        return Err(err)
                            .with_context(|| format!("`{url}` does not take messages: {hint}"));
                    }
                }
            }
            message = Transport::<RoleClient>::receive(&mut far) => match message {
                Some(message) => Transport::<RoleServer>::send(&mut near, message).await?,
                None => anyhow::bail!("`{url}` closed the connection: {hint}"),
            },
        }
    }
    Transport::<RoleClient>::close(&mut far).await.ok();
    Ok(())
}

/// The answer to a request that cannot be passed on.
fn gone(id: RequestId, problem: String) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(ErrorData::internal_error(problem, None), Some(id))
}
