//! How wrong the clock of a server is, from what its answers say of the time. Pure.

use glances_client::Clock;
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use tokio::time::Instant;

/// How far a server's clock was ahead of ours, seconds, when it told the time; `wall` is our time
/// at the moment `now`. `None` for a date that is none. An answer tells whole seconds, and was on
/// its way for a moment.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of our time stay below 2^53")]
pub(super) fn skew(clock: &Clock, wall: Timestamp, now: Instant) -> Option<f64> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    let theirs = PARSER.parse_timestamp(&clock.date).ok()?;
    let ours = wall.as_millisecond() as f64 / 1_000.0 - (now - clock.at).as_secs_f64();
    Some(theirs.as_second() as f64 - ours)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_of_a_server_is_told_against_the_moment_of_its_answer() {
        let at = Instant::now();
        let skew = |date: &str, later: u64| {
            let clock = Clock { date: date.to_owned(), at };
            let wall = "2026-11-24T09:00:05Z".parse().unwrap();
            super::skew(&clock, wall, at + Duration::from_secs(later))
        };
        assert_eq!(skew("Tue, 24 Nov 2026 09:00:05 GMT", 0), Some(0.0));
        assert_eq!(skew("Tue, 24 Nov 2026 09:01:35 GMT", 5), Some(95.0));
        assert_eq!(skew("Tue, 24 Nov 2026 08:59:05 GMT", 0), Some(-60.0));
        assert_eq!(skew("yesterday", 0), None);
        assert_eq!(skew("", 0), None);
    }
}
