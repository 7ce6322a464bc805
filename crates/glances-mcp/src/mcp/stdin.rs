//! MCP on stdin and stdout, with one client.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rmcp::{ServiceExt, service::ServerInitializeError, transport::io::stdio_pipes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::{Callers, Calls, Handler};

/// Speaks MCP on stdin and stdout until the client closes stdin or `stop` is cancelled.
///
/// # Errors
/// When the client's first message is no MCP.
pub async fn stdio(calls: Arc<Calls>, stop: CancellationToken) -> anyhow::Result<()> {
    let (stdin, stdout) = stdio_pipes();
    let ended = calls.watches().stopping().child_token();
    let stdin = TillTheEnd { stdin, ended: ended.clone() };
    let handler = Handler::new(calls, Callers::Local, ended);
    match handler.serve_with_ct((stdin, stdout), stop).await {
        Ok(session) => {
            session.waiting().await?;
            Ok(())
        }
        // A client that closes before it says anything has done nothing wrong.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Tells when there is no more to read: the library waits for open streams before it ends, and they
/// wait to be told.
struct TillTheEnd<R> {
    stdin: R,
    ended: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for TillTheEnd<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut this.stdin).poll_read(cx, buf));
        if read.is_err() || (buf.filled().len() == before && buf.remaining() > 0) {
            this.ended.cancel();
        }
        Poll::Ready(read)
    }
}
