//! Ids of servers, series and layouts: kept in the database, remembered here. What is forgotten is
//! read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{AnyConnection, Row as _};

use super::{
    super::{Sample, SeriesName},
    run,
};
use crate::model::HostName;

/// Series that are kept of one server. Containers that come and go under new names make new
/// series; beyond this, new ones are not kept.
const SERIES_MAX: usize = 20_000;

/// What the database knows of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) id: i64,
    /// Names by their number.
    names: Vec<SeriesName>,
    numbers: BTreeMap<SeriesName, u32>,
    layouts: BTreeMap<i64, Arc<[u32]>>,
    /// The layout of new rows.
    current: Option<i64>,
}

impl Known {
    pub(super) fn names(&self) -> &[SeriesName] {
        &self.names
    }

    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(super) fn layout(&self, id: i64) -> Option<&Arc<[u32]>> {
        self.layouts.get(&id)
    }

    fn add(&mut self, name: SeriesName) -> u32 {
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

/// What is remembered of all servers. The lock is never held across an await: whoever changes an
/// entry takes it out as a copy and puts it back, and only one writer does so at a time.
#[derive(Default)]
pub(super) struct Catalog {
    hosts: Mutex<BTreeMap<HostName, Arc<Known>>>,
}

impl Catalog {
    fn recall(&self, host: &HostName) -> Option<Arc<Known>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    fn remember(&self, host: &HostName, known: Arc<Known>) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), known);
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What is known of a server; `None` for one that was never written.
    pub(super) async fn known(
        &self,
        connection: &mut AnyConnection,
        host: &HostName,
    ) -> sqlx::Result<Option<Arc<Known>>> {
        if let Some(known) = self.recall(host) {
            return Ok(Some(known));
        }
        let Some(known) = read(connection, host).await? else { return Ok(None) };
        // A writer may have been faster, and knows better.
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(hosts.entry(host.clone()).or_insert_with(|| Arc::new(known)).clone()))
    }

    /// The same, made when it is new. For writers.
    async fn made(
        &self,
        connection: &mut AnyConnection,
        host: &HostName,
    ) -> sqlx::Result<Arc<Known>> {
        if let Some(known) = self.known(connection, host).await? {
            return Ok(known);
        }
        let sql = "INSERT INTO host (id, name) \
                   VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM host), $1)";
        run(connection, sqlx::query(sql).bind(host.as_str().to_owned())).await?;
        let known = self.known(connection, host).await?;
        known.ok_or(sqlx::Error::RowNotFound)
    }

    /// The id of a server, made when it is new.
    pub(super) async fn host_id(
        &self,
        connection: &mut AnyConnection,
        host: &HostName,
    ) -> sqlx::Result<i64> {
        Ok(self.made(connection, host).await?.id)
    }

    /// A sample as the columns of the server's layout: the server's id, the layout's, the cells.
    /// New series and a wider layout are made on the way.
    pub(super) async fn columns(
        &self,
        connection: &mut AnyConnection,
        sample: &Sample,
    ) -> sqlx::Result<(i64, i64, Vec<Option<f64>>)> {
        let mut known = self.made(connection, &sample.host).await?;
        let mut cells: BTreeMap<u32, f64> = BTreeMap::new();
        for (name, value) in sample.values.iter().filter(|(_, value)| value.is_finite()) {
            let number = match known.number(name) {
                Some(number) => number,
                None if known.names.len() >= SERIES_MAX => continue,
                None => {
                    let changed = Arc::make_mut(&mut known);
                    let number = changed.add(name.clone());
                    let sql = "INSERT INTO series (host_id, id, name) VALUES ($1, $2, $3)";
                    let query = sqlx::query(sql)
                        .bind(changed.id)
                        .bind(i64::from(number))
                        .bind(name.to_string());
                    run(connection, query).await?;
                    number
                }
            };
            cells.insert(number, *value);
        }
        let current = known.current.and_then(|id| Some((id, known.layout(id)?.clone())));
        let fits = |layout: &[u32]| cells.keys().all(|number| layout.binary_search(number).is_ok());
        let (layout_id, layout) = match current {
            Some((id, layout)) if fits(&layout) => (id, layout),
            current => {
                let old = current.iter().flat_map(|(_, layout)| layout.iter().copied());
                let wider: BTreeSet<u32> = old.chain(cells.keys().copied()).collect();
                let wider = wider.into_iter().collect();
                let changed = Arc::make_mut(&mut known);
                let id = layout_of(connection, changed, wider).await?;
                changed.current = Some(id);
                (id, changed.layout(id).cloned().unwrap_or_default())
            }
        };
        self.remember(&sample.host, known.clone());
        let row = layout.iter().map(|number| cells.get(number).copied()).collect();
        Ok((known.id, layout_id, row))
    }

    /// The layout of exactly these series, made when it is new; it becomes that of new rows.
    pub(super) async fn narrow(
        &self,
        connection: &mut AnyConnection,
        host: &HostName,
        series: Vec<u32>,
    ) -> sqlx::Result<i64> {
        let mut known = self.made(connection, host).await?;
        let changed = Arc::make_mut(&mut known);
        let id = layout_of(connection, changed, series).await?;
        changed.current = Some(id);
        self.remember(host, known);
        Ok(id)
    }

    /// Forgets the layouts that no row has any more.
    pub(super) async fn tidy(
        &self,
        connection: &mut AnyConnection,
        host: &HostName,
    ) -> sqlx::Result<()> {
        let mut known = self.made(connection, host).await?;
        let sql = "SELECT DISTINCT layout_id FROM head WHERE host_id = $1";
        let rows = sqlx::query(sql).bind(known.id).fetch_all(&mut *connection).await?;
        let used: BTreeSet<i64> =
            rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>()?;
        let changed = Arc::make_mut(&mut known);
        let current = changed.current;
        let kept = |id: &i64| used.contains(id) || current == Some(*id);
        let unused: Vec<i64> = changed.layouts.keys().copied().filter(|id| !kept(id)).collect();
        for id in unused {
            let sql = "DELETE FROM layout WHERE host_id = $1 AND id = $2";
            run(connection, sqlx::query(sql).bind(changed.id).bind(id)).await?;
            changed.layouts.remove(&id);
        }
        self.remember(host, known);
        Ok(())
    }
}

/// Reads what the database knows of a server.
async fn read(connection: &mut AnyConnection, host: &HostName) -> sqlx::Result<Option<Known>> {
    let query = sqlx::query("SELECT id FROM host WHERE name = $1").bind(host.as_str().to_owned());
    let Some(row) = query.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let mut known = Known { id: row.try_get(0)?, ..Known::default() };
    let sql = "SELECT name FROM series WHERE host_id = $1 ORDER BY id";
    for row in sqlx::query(sql).bind(known.id).fetch_all(&mut *connection).await? {
        known.add(row.try_get::<String, _>(0)?.into());
    }
    let sql = "SELECT id, series FROM layout WHERE host_id = $1 ORDER BY id";
    for row in sqlx::query(sql).bind(known.id).fetch_all(&mut *connection).await? {
        let (id, bytes): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
        let numbers = bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        known.layouts.insert(id, numbers.collect());
        known.current = Some(id);
    }
    Ok(Some(known))
}

async fn layout_of(
    connection: &mut AnyConnection,
    known: &mut Known,
    series: Vec<u32>,
) -> sqlx::Result<i64> {
    let same = known.layouts.iter().find(|(_, layout)| ***layout == *series);
    if let Some((id, _)) = same {
        return Ok(*id);
    }
    let id = known.layouts.keys().next_back().copied().unwrap_or(0) + 1;
    let bytes: Vec<u8> = series.iter().flat_map(|number| number.to_le_bytes()).collect();
    let sql = "INSERT INTO layout (host_id, id, series) VALUES ($1, $2, $3)";
    run(connection, sqlx::query(sql).bind(known.id).bind(id).bind(bytes)).await?;
    known.layouts.insert(id, series.into());
    Ok(id)
}
