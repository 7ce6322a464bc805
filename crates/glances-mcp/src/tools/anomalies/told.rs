//! What is known of the unusual moments of a time: from the judgement, or from history.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::super::{Context, ToolError};
use crate::{
    judge::{Anomalies, FINDINGS_KEPT_SECS, JUDGED_DAYS, is_judged, look_back},
    model::HostName,
    query::{Past, Selection, window::Window},
    snapshot::Snapshot,
    store::{Level, Span},
};

/// Servers of one question about a time that is not at hand: a fifth of a second each.
const LOOK_BACK_SERVERS_MAX: usize = 20;
/// Of which so many are computed beside each other.
const LOOK_BACK_AT_ONCE: usize = 2;
/// A time that ended so lately ends now.
const PRESENT_SECS: i64 = 900;
/// Days that the 5-minute level is kept.
const FINE_DAYS: i64 = 35;

/// What is known of each server.
pub(super) struct Told {
    pub(super) judged_at: Option<Timestamp>,
    pub(super) servers: BTreeMap<HostName, Arc<Anomalies>>,
}

impl Told {
    /// From the judgement where it reaches back so far, else from history.
    pub(super) async fn of(
        cx: &Context,
        selection: &Selection,
        window: &Window,
    ) -> Result<Self, ToolError> {
        match is_at_hand(cx, selection, window) {
            true => Ok(at_hand(cx, selection)),
            false => looked_back(cx, selection, window).await,
        }
    }
}

/// Whether the judgement reaches back to the beginning of a time.
fn is_at_hand(cx: &Context, selection: &Selection, window: &Window) -> bool {
    let mut judged =
        selection.servers.iter().filter_map(|it| cx.query.judged(&cx.principal, &it.host.alias));
    let oldest = selection.now.as_second() - FINDINGS_KEPT_SECS;
    // What is not judged at all yet is told as such, and not computed on the quick.
    window.span().from >= oldest || judged.next().is_none()
}

fn at_hand(cx: &Context, selection: &Selection) -> Told {
    let mut told = Told { judged_at: None, servers: BTreeMap::new() };
    for snapshot in selection.servers.iter() {
        let alias = &snapshot.host.alias;
        if let Some((at, judged)) = cx.query.judged(&cx.principal, alias) {
            told.judged_at = Some(at);
            told.servers.insert(alias.clone(), Arc::new(judged.anomalies.clone()));
        }
    }
    told
}

/// The same for a time that is not at hand, from the history of the selected servers.
async fn looked_back(
    cx: &Context,
    selection: &Selection,
    window: &Window,
) -> Result<Told, ToolError> {
    let days = |secs: i64| secs / 86_400;
    let now = selection.now.as_second();
    let span = window.span();
    if selection.servers.len() > LOOK_BACK_SERVERS_MAX {
        return Err(ToolError::Refused(format!(
            "findings are at hand for {} days; an older time is computed for at most \
             {LOOK_BACK_SERVERS_MAX} servers and {} are selected: name them in `servers`",
            days(FINDINGS_KEPT_SECS),
            selection.servers.len()
        )));
    }
    if span.secs() > FINDINGS_KEPT_SECS || span.from < now - FINE_DAYS * 86_400 {
        return Err(ToolError::Refused(format!(
            "an older time is at most {} days long and begins within the last {FINE_DAYS} days, for \
             which 5-minute values are kept: move `since` and `until`",
            days(FINDINGS_KEPT_SECS)
        )));
    }
    let is_present = now - span.to <= PRESENT_SECS;
    #[expect(clippy::cast_precision_loss, reason = "a few servers")]
    let total = selection.servers.len() as f64;
    let one = |snapshot: &Arc<Snapshot>| {
        let (cx, snapshot) = (cx.clone(), snapshot.clone());
        async move {
            let learned = Span { from: span.to - JUDGED_DAYS * 86_400, to: span.to };
            let alias = snapshot.host.alias.clone();
            let names = cx.query.series(&cx.principal, std::slice::from_ref(&alias)).await?;
            let mut names: Vec<_> = names.into_iter().flat_map(|(_, names)| names).collect();
            names.retain(|name| is_judged(name));
            let asked = vec![(alias.clone(), names)];
            let read = |level| cx.query.past(&cx.principal, asked.clone(), learned, level);
            let column = |past: Past| (past.series, past.points);
            let fine = read(Level::FiveMinutes).await?.into_iter().map(column).collect();
            let hourly = read(Level::Hour).await?.into_iter().map(column).collect();
            let zone = snapshot.host.timezone.clone();
            let work =
                tokio::task::spawn_blocking(move || look_back(fine, &hourly, learned, &zone));
            let mut anomalies = work.await.unwrap_or_default();
            if !is_present {
                // Whether it went on after that time was not looked at.
                anomalies.findings.iter_mut().for_each(|finding| finding.lasts = false);
            }
            Ok::<_, ToolError>((alias, Arc::new(anomalies)))
        }
    };
    let all: Vec<_> = selection.servers.iter().map(one).collect();
    let mut results = stream::iter(all).buffered(LOOK_BACK_AT_ONCE);
    let (mut servers, mut done) = (BTreeMap::new(), 0.0);
    while let Some(result) = results.next().await {
        let (alias, anomalies) = result?;
        done += 1.0;
        cx.progress.step(done, total, format!("{alias} is judged"));
        servers.insert(alias, anomalies);
    }
    Ok(Told { judged_at: None, servers })
}
