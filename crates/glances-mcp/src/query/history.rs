//! Questions about the past. A server that the caller may not see has none.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use jiff::Timestamp;

use super::{Query, QueryError, window::Window};
use crate::{
    access::{Principal, Scope},
    judge::Judged,
    model::HostName,
    store::{Event, Level, Point, Programs, SeriesName, Span, StoreError},
};

/// Servers that are read beside each other: as many as the store has readers.
const READERS: usize = 4;

/// Up to this length a question is answered from raw samples.
const RAW_SECS_MAX: i64 = 6 * 3_600;
/// Up to this length a question about few servers is answered from the 5-minute level.
const FIVE_MINUTES_SECS_MAX: i64 = 35 * 86_400;
/// Servers up to which the 5-minute level is read over long times.
const FEW_SERVERS: usize = 20;
/// Beyond this, many servers are read by the hour.
const MANY_SERVERS_SECS_MAX: i64 = 2 * 86_400;

/// One series of one server over a time.
#[derive(Debug)]
pub struct Past {
    /// Which server.
    pub host: HostName,
    /// Which series.
    pub series: SeriesName,
    /// In time order; a time without a sample has none.
    pub points: Vec<Point>,
}

/// The level that answers a question of this length about so many servers: fine enough for its
/// numbers, coarse enough to be read in time.
#[must_use]
pub fn level_for(secs: i64, servers: usize) -> Level {
    match secs {
        secs if secs <= RAW_SECS_MAX => Level::Raw,
        secs if secs <= MANY_SERVERS_SECS_MAX => Level::FiveMinutes,
        secs if secs <= FIVE_MINUTES_SECS_MAX && servers <= FEW_SERVERS => Level::FiveMinutes,
        _ => Level::Hour,
    }
}

impl Window {
    /// As the store counts.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.since.as_second(), to: self.until.as_second() }
    }
}

impl Query {
    /// The series that history has of each server, by name.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn series(
        &self,
        principal: &Principal,
        hosts: &[HostName],
    ) -> Result<Vec<(HostName, Vec<SeriesName>)>, QueryError> {
        let store = &self.history.store;
        let asked: Vec<HostName> = hosts.iter().filter(|it| principal.sees(it)).cloned().collect();
        let read = |host: HostName| async move {
            let series = store.series(&host).await?;
            Ok::<_, StoreError>((host, series))
        };
        collected(stream::iter(asked.into_iter().map(read)).buffered(READERS)).await
    }

    /// Series over a time: for each server the names that are asked of it.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn past(
        &self,
        principal: &Principal,
        asked: Vec<(HostName, Vec<SeriesName>)>,
        span: Span,
        level: Level,
    ) -> Result<Vec<Past>, QueryError> {
        let store = &self.history.store;
        let read = |(host, names): (HostName, Vec<SeriesName>)| async move {
            let points = store.range(&host, &names, span, level).await?;
            let past = names.into_iter().zip(points);
            let past = past.map(|(series, points)| Past { host: host.clone(), series, points });
            Ok::<_, StoreError>(past.collect::<Vec<_>>())
        };
        let seen = asked.into_iter().filter(|(host, _)| principal.sees(host));
        let all = collected(stream::iter(seen.map(read)).buffered(READERS)).await?;
        Ok(all.into_iter().flatten().collect())
    }

    /// What history says of a server, and when that was judged.
    #[must_use]
    pub fn judged(
        &self,
        principal: &Principal,
        host: &HostName,
    ) -> Option<(Timestamp, Arc<Judged>)> {
        if !principal.sees(host) {
            return None;
        }
        let latest = self.judgements.borrow();
        Some((latest.at?, latest.servers.get(host)?.clone()))
    }

    /// What happened to these servers, and to ourselves if the caller sees the whole fleet; newest
    /// first.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn events(
        &self,
        principal: &Principal,
        hosts: &[HostName],
        span: Span,
    ) -> Result<Vec<Event>, QueryError> {
        self.events_of(&[], principal, hosts, span).await
    }

    /// The same of these kinds alone; of all when none is named.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn events_of(
        &self,
        kinds: &[&str],
        principal: &Principal,
        hosts: &[HostName],
        span: Span,
    ) -> Result<Vec<Event>, QueryError> {
        let seen: Vec<HostName> = hosts.iter().filter(|it| principal.sees(it)).cloned().collect();
        let mut events = self.history.store.events_of(kinds, &seen, span).await?;
        if principal.servers != Scope::Fleet {
            // What we did ourselves tells of servers that the caller may not know of.
            events.retain(|event| event.host.is_some());
        }
        Ok(events)
    }

    /// The top programs of a server over a time.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn past_programs(
        &self,
        principal: &Principal,
        host: &HostName,
        span: Span,
    ) -> Result<Vec<Programs>, QueryError> {
        if !principal.sees(host) {
            return Ok(Vec::new());
        }
        Ok(self.history.store.programs(host, span).await?)
    }

    /// The spans within this one in which we were watching.
    ///
    /// # Errors
    /// When history cannot be read.
    pub async fn watched(&self, span: Span) -> Result<Vec<Span>, QueryError> {
        Ok(self.history.store.watched(span).await?)
    }
}

async fn collected<T>(
    results: impl stream::Stream<Item = Result<T, StoreError>>,
) -> Result<Vec<T>, QueryError> {
    let mut results = std::pin::pin!(results);
    let mut found = Vec::new();
    while let Some(result) = results.next().await {
        found.push(result?);
    }
    Ok(found)
}
