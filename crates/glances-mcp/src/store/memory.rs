//! History in memory: gone with the process, bounded. What the other backend is measured by.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{
    ALERTS_MAX, AUDIT_MAX, AuditRow, Batch, EVENTS_MAX, Ends, Event, Keep, KeptAlert, KeptVerdict,
    Level, Point, Programs, SeriesName, Size, Span, Store, StoreError, Upkeep, audit, coarser,
};
use crate::model::HostName;

/// Points kept of one series: an hour at one every 10 s, and some.
const POINTS_MAX: usize = 4_000;

type Series = BTreeMap<SeriesName, BTreeMap<i64, f64>>;

#[derive(Default)]
struct Data {
    samples: BTreeMap<HostName, Series>,
    programs: BTreeMap<HostName, BTreeMap<i64, Programs>>,
    events: BTreeMap<(i64, Option<HostName>, String, String), String>,
    alerts: BTreeMap<(Option<HostName>, String), KeptAlert>,
    alert_changes: Vec<(i64, String)>,
    verdicts: BTreeMap<(Option<HostName>, String), KeptVerdict>,
    audit: Vec<AuditRow>,
    kept: BTreeMap<String, String>,
    watched: BTreeMap<i64, i64>,
}

impl Data {
    fn write_audit(&mut self, batch: &Batch, most: usize) {
        if batch.audit.is_empty() {
            return;
        }
        let mut ends = Ends::of(self.kept.get(audit::KEPT_AS).map(String::as_str));
        self.audit.extend(batch.audit.iter().map(|entry| ends.append(entry)));
        let over = self.audit.len().saturating_sub(most);
        if let Some(last) = self.audit.drain(..over).next_back() {
            ends.before = (last.seq, last.hash);
        }
        self.kept.insert(audit::KEPT_AS.to_owned(), ends.to_keep());
    }

    fn forget_audit(&mut self, before: i64) -> usize {
        let old = self.audit.iter().take_while(|row| row.entry.secs < before).count();
        let mut ends = Ends::of(self.kept.get(audit::KEPT_AS).map(String::as_str));
        if let Some(last) = self.audit.drain(..old).next_back() {
            ends.before = (last.seq, last.hash);
            self.kept.insert(audit::KEPT_AS.to_owned(), ends.to_keep());
        }
        old
    }
}

/// A store without a disk.
pub struct Memory {
    data: Mutex<Data>,
    points_max: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::keeping(POINTS_MAX)
    }
}

impl Memory {
    /// One that keeps so many points of a series, and of everything else.
    #[must_use]
    pub fn keeping(points_max: usize) -> Self {
        Self { data: Mutex::default(), points_max }
    }

    /// One that keeps everything, for tests.
    #[cfg(test)]
    pub(crate) fn unbounded() -> Self {
        Self::keeping(usize::MAX)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Data) -> T) -> T {
        work(&mut self.data.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for Memory {
    async fn append(&self, batch: &Batch) -> Result<(), StoreError> {
        let most = self.points_max;
        self.with(|data| {
            for sample in &batch.samples {
                let host = data.samples.entry(sample.host.clone()).or_default();
                // Of two polls of one second the first counts, whatever it holds.
                let known = host.values().any(|points| points.contains_key(&sample.secs));
                for (name, value) in sample.values.iter().filter(|(_, value)| value.is_finite()) {
                    let points = host.entry(name.clone()).or_default();
                    if !known {
                        points.insert(sample.secs, *value);
                    }
                    while points.len() > most {
                        points.pop_first();
                    }
                }
            }
            for programs in &batch.programs {
                let host = data.programs.entry(programs.host.clone()).or_default();
                host.entry(programs.secs).or_insert_with(|| programs.clone());
                while host.len() > most {
                    host.pop_first();
                }
            }
            for event in &batch.events {
                let Event { host, secs, kind, item, detail } = event.clone();
                data.events.entry((secs, host, kind, item)).or_insert(detail);
                while data.events.len() > most {
                    data.events.pop_first();
                }
            }
            for change in &batch.alerts {
                let kept = KeptAlert {
                    host: change.host.clone(),
                    began: change.began,
                    closed: change.over.then_some(change.secs),
                    alert: change.alert.clone(),
                    verdict: None,
                };
                data.alerts.insert((change.host.clone(), change.id.clone()), kept);
                data.alert_changes.push((change.secs, change.change.clone()));
                while data.alerts.len() > most {
                    data.alerts.pop_first();
                }
                let over = data.alert_changes.len().saturating_sub(most);
                data.alert_changes.drain(..over);
            }
            for note in &batch.verdicts {
                let alert = (note.host.clone(), note.alert.clone());
                data.verdicts.insert(alert, note.verdict.clone());
                while data.verdicts.len() > most {
                    data.verdicts.pop_first();
                }
            }
            data.write_audit(batch, most);
            data.kept.extend(batch.kept.iter().cloned());
            if let Some((from, to)) = batch.watched {
                data.watched.insert(from, to);
            }
        });
        Ok(())
    }

    async fn series(&self, host: &HostName) -> Result<Vec<SeriesName>, StoreError> {
        Ok(self.with(|data| {
            let series = data.samples.get(host).into_iter().flat_map(BTreeMap::keys);
            series.cloned().collect()
        }))
    }

    async fn range(
        &self,
        host: &HostName,
        series: &[SeriesName],
        span: Span,
        level: Level,
    ) -> Result<Vec<Vec<Point>>, StoreError> {
        Ok(self.with(|data| {
            let known = data.samples.get(host);
            let points = |name: &SeriesName| -> Vec<Point> {
                let all = known.and_then(|known| known.get(name)).into_iter().flatten();
                let all: Vec<Point> = all.map(|(secs, value)| Point::one(*secs, *value)).collect();
                let mut steps = coarser(&all, level.step_secs());
                if level == Level::FiveMinutes {
                    steps.iter_mut().for_each(|point| point.min = None);
                }
                steps.retain(|point| span.holds(point.secs));
                steps
            };
            series.iter().map(points).collect()
        }))
    }

    async fn events(&self, hosts: &[HostName], span: Span) -> Result<Vec<Event>, StoreError> {
        self.events_of(&[], hosts, span).await
    }

    async fn events_of(
        &self,
        kinds: &[&str],
        hosts: &[HostName],
        span: Span,
    ) -> Result<Vec<Event>, StoreError> {
        Ok(self.with(|data| {
            let hosts: BTreeSet<&HostName> = hosts.iter().collect();
            let asked =
                |host: &Option<HostName>| host.as_ref().is_none_or(|host| hosts.contains(host));
            let mut events: Vec<Event> = data
                .events
                .iter()
                .filter(|((secs, host, ..), _)| span.holds(*secs) && asked(host))
                .filter(|((_, _, kind, _), _)| kinds.is_empty() || kinds.contains(&kind.as_str()))
                .map(|((secs, host, kind, item), detail)| Event {
                    host: host.clone(),
                    secs: *secs,
                    kind: kind.clone(),
                    item: item.clone(),
                    detail: detail.clone(),
                })
                .collect();
            events.sort_by(|a, b| {
                b.secs
                    .cmp(&a.secs)
                    .then_with(|| (&a.host, &a.kind, &a.item).cmp(&(&b.host, &b.kind, &b.item)))
            });
            events.truncate(EVENTS_MAX);
            events
        }))
    }

    async fn programs(&self, host: &HostName, span: Span) -> Result<Vec<Programs>, StoreError> {
        Ok(self.with(|data| {
            let all = data.programs.get(host).into_iter().flatten();
            all.filter(|(secs, _)| span.holds(**secs)).map(|(_, of)| of.clone()).collect()
        }))
    }

    async fn alerts(&self, hosts: &[HostName], span: Span) -> Result<Vec<KeptAlert>, StoreError> {
        Ok(self.with(|data| {
            let asked =
                |alert: &KeptAlert| alert.host.as_ref().is_none_or(|host| hosts.contains(host));
            let open = |alert: &KeptAlert| {
                alert.began < span.to && alert.closed.is_none_or(|closed| closed >= span.from)
            };
            let fits = data.alerts.iter().filter(|(_, alert)| asked(alert) && open(alert));
            let mut found: Vec<(&(Option<HostName>, String), &KeptAlert)> = fits.collect();
            found.sort_by(|a, b| b.1.began.cmp(&a.1.began).then_with(|| a.0.1.cmp(&b.0.1)));
            let whole = |(key, alert): (&(Option<HostName>, String), &KeptAlert)| KeptAlert {
                verdict: data.verdicts.get(key).cloned(),
                ..alert.clone()
            };
            found.into_iter().take(ALERTS_MAX).map(whole).collect()
        }))
    }

    async fn alert_changes(&self, since: i64) -> Result<Vec<String>, StoreError> {
        Ok(self.with(|data| {
            let fits = data.alert_changes.iter().filter(|(secs, _)| *secs >= since);
            fits.map(|(_, change)| change.clone()).take(ALERTS_MAX).collect()
        }))
    }

    async fn audit(&self, after: i64) -> Result<Vec<AuditRow>, StoreError> {
        Ok(self.with(|data| {
            let later = data.audit.iter().filter(|row| row.seq > after);
            later.take(AUDIT_MAX).cloned().collect()
        }))
    }

    async fn recall(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.with(|data| data.kept.get(name).cloned()))
    }

    async fn watched(&self, span: Span) -> Result<Vec<Span>, StoreError> {
        Ok(self.with(|data| {
            let all = data.watched.iter().filter(|(from, to)| **to > span.from && **from < span.to);
            all.map(|(from, to)| Span { from: (*from).max(span.from), to: (*to).min(span.to) })
                .collect()
        }))
    }

    async fn upkeep(&self, now: i64, keep: &Keep) -> Result<Upkeep, StoreError> {
        let forgotten = self.with(|data| {
            let before = data.events.len();
            data.events.retain(|(secs, ..), _| *secs >= now - keep.event_secs);
            before - data.events.len() + data.forget_audit(now - keep.event_secs)
        });
        Ok(Upkeep { sealed: 0, forgotten: forgotten as u64 })
    }

    async fn size(&self) -> Result<Size, StoreError> {
        let values = self.with(|data| {
            data.samples.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum::<usize>()
        });
        Ok(Size { bytes: 0, values: values as u64 })
    }
}
