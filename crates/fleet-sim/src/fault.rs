//! What can go wrong with a server or one of its plugins. Only names it; `http::connection` does it.

use std::time::Duration;

/// A fault of a whole server, or of one plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The listener is closed: connections are refused. For a plugin: closed without an answer.
    Refuse,
    /// Requests are read and never answered.
    Hang,
    /// Answers come after this time.
    Slow(Duration),
    /// Answers come one byte every 100 ms.
    Drip,
    /// 401, as after a change of the password.
    Unauthorized,
    /// 400 `Invalid host header`.
    BadHost,
    /// 500.
    Status500,
    /// 200 with bytes that are neither JSON nor UTF-8.
    Garbage,
    /// The connection ends in the middle of the body.
    Truncated,
    /// A body of 50 MB of valid JSON.
    Huge,
    /// An object where a list belongs, and the other way round.
    WrongType,
    /// The host's clock is wrong by this many seconds.
    ClockSkew(i64),
    /// The container engine hangs: `containers` and `all` never answer, the rest is fine.
    HungContainers,
}

/// Bytes of the body of [`Fault::Huge`].
pub const HUGE_BYTES: usize = 50_000_000;

/// Time between two bytes of [`Fault::Drip`].
pub const DRIP_INTERVAL: Duration = Duration::from_millis(100);
