//! Space and load of disks.

use glances_client::{
    Plugin,
    model::{Disk, Meter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Context, Output, Tool, ToolError,
    args::{Cursor, Format, Limit, Servers},
    listing::Cut,
    view::{self, fits, shown_age},
};
use crate::{
    metric,
    model::{HostName, Severity},
    query::coverage::{Coverage, Tally},
    render,
    snapshot::{Snapshot, mounts},
};

pub(super) struct GetDiskUsage;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetDiskUsageInput {
    #[serde(default)]
    servers: Servers,
    /// Mount point or glob, such as /var*
    mount: Option<String>,
    /// Leave out what is less full, percent
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    min_percent: f64,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    per_server: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetDiskUsageOutput {
    /// Over all filesystems that can fill up, each counted once.
    total: SpaceTotal,
    /// One row a filesystem, fullest first.
    filesystems: Vec<MountRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
    coverage: Coverage,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
struct SpaceTotal {
    filesystems: usize,
    at_critical: usize,
    at_warning: usize,
    used_bytes: u64,
    size_bytes: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct MountRow {
    #[schemars(with = "String")]
    server: HostName,
    mount: String,
    /// Root-reserved blocks excluded, except on glances-rs.
    use_percent: Option<f64>,
    used_bytes: Option<u64>,
    free_bytes: Option<u64>,
    size_bytes: Option<u64>,
    severity: Option<Severity>,
    /// Of its daily peak, over the last straight stretch of up to 4 weeks; needs 3 days.
    growth_bytes_per_day: Option<f64>,
    /// Other mount points of the same filesystem.
    also_at: Option<String>,
    read_only: Option<bool>,
    device: Option<String>,
    fs_type: Option<String>,
    age: Option<String>,
}

const GROWTH_NOTE: &str = "growth per day needs 3 days of history";

impl Tool for GetDiskUsage {
    const NAME: &'static str = "get_disk_usage";
    const TITLE: &'static str = "Disk usage";
    const DESCRIPTION: &'static str = "Space of every filesystem, fullest first: percent, used, \
        free, size, read-only flag. Mounts of one device count once. Inodes are not served by \
        Glances. For read and write load use get_disk_io_stats.";
    type Input = GetDiskUsageInput;
    type Output = GetDiskUsageOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = view::pattern("mount", input.mount.as_deref())?;
        let plugins = [Plugin::Fs];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(
            &selection,
            input.format,
            input.limit,
            input.per_server,
            input.cursor.as_ref(),
        )?;
        let mut tally = Tally::new(&selection);
        let (mut rows, mut total, mut container_view) = (Vec::new(), SpaceTotal::default(), false);
        for snapshot in tally.answering() {
            let Some(all) = snapshot.filesystems() else {
                tally.lacks(snapshot, Plugin::Fs);
                continue;
            };
            container_view |= snapshot.container_view();
            let detailed = input.format.detailed();
            for mount in mounts::distinct(all) {
                total.add(&mount);
                let row = MountRow::of(snapshot, &mount, selection.now, detailed);
                let named =
                    std::iter::once(mount.fs.mount.as_str()).chain(mount.also_at.iter().copied());
                let full = row.use_percent.unwrap_or(0.0) >= input.min_percent;
                // What cannot fill up is noise unless it is asked for.
                let judged = detailed || wanted.is_some() || mounts::can_fill(mount.fs);
                if full && judged && named.into_iter().any(|name| fits(wanted.as_ref(), name)) {
                    rows.push(row);
                }
            }
        }
        view::nothing_fits(&rows, "mount", input.mount.as_deref())?;
        rows.sort_by(|a, b| {
            let percent = |row: &MountRow| row.use_percent.unwrap_or(-1.0);
            percent(b)
                .total_cmp(&percent(a))
                .then_with(|| (&a.server, &a.mount).cmp(&(&b.server, &b.mount)))
        });
        let (mut filesystems, coverage) = cut.rows(rows, tally, |row| &row.server, "filesystems");
        grow(&cx, &mut filesystems);
        let mut notes = Vec::new();
        if !filesystems.is_empty()
            && filesystems.iter().all(|row| row.growth_bytes_per_day.is_none())
        {
            notes.push(GROWTH_NOTE);
        }
        if container_view {
            notes.push(view::CONTAINER_VIEW);
        }
        Ok(GetDiskUsageOutput { total, filesystems, notes, coverage })
    }
}

/// Adds how fast the filesystems of a reply grow, where history knows it.
fn grow(cx: &Context, rows: &mut [MountRow]) {
    for row in rows {
        let Some((_, judged)) = cx.query.judged(&cx.principal, &row.server) else { continue };
        let series = metric::series("fs.percent", Some(&row.mount));
        let fills =
            judged.verdicts.get(series.as_str()).and_then(|it| it.fills.as_ref()?.as_ref().ok());
        #[expect(clippy::cast_precision_loss, reason = "bytes stay below 2^53")]
        let size = row.size_bytes.map(|size| size as f64);
        row.growth_bytes_per_day =
            fills.zip(size).map(|(fills, size)| fills.growth_percent_per_day / 100.0 * size);
    }
}

/// How full is how bad.
fn severity(percent: f64) -> Severity {
    let metric = metric::METRICS.iter().find(|metric| metric.path == "fs.percent");
    let limits = metric.and_then(|metric| metric.thresholds);
    match limits {
        Some([.., critical]) if percent >= critical => Severity::Critical,
        Some([_, warning, _]) if percent >= warning => Severity::Warning,
        Some([careful, ..]) if percent >= careful => Severity::Careful,
        _ => Severity::Ok,
    }
}

impl SpaceTotal {
    fn add(&mut self, mount: &mounts::Mount<'_>) {
        if !mounts::can_fill(mount.fs) {
            return;
        }
        self.filesystems += 1;
        self.used_bytes += mount.fs.used.unwrap_or(0);
        self.size_bytes += mount.fs.size.unwrap_or(0);
        match mount.fs.percent.map(severity) {
            Some(Severity::Critical) => self.at_critical += 1,
            Some(Severity::Warning) => self.at_warning += 1,
            _ => {}
        }
    }
}

impl MountRow {
    fn of(
        snapshot: &Snapshot,
        mount: &mounts::Mount<'_>,
        now: jiff::Timestamp,
        detailed: bool,
    ) -> Self {
        let fs = mount.fs;
        let bad = fs.percent.filter(|_| mounts::can_fill(fs)).map(severity);
        let age = snapshot.age_secs(Plugin::Fs, now).filter(|_| {
            shown_age(snapshot, Plugin::Fs, now).is_some()
                || snapshot.refresh_secs(Plugin::Fs).is_some()
        });
        let refresh = snapshot.refresh_secs(Plugin::Fs).unwrap_or(0.0);
        let sign = if refresh > 0.0 { "≤ " } else { "" };
        Self {
            server: snapshot.host.alias.clone(),
            mount: fs.mount.clone(),
            use_percent: fs.percent,
            used_bytes: fs.used,
            free_bytes: fs.free,
            size_bytes: fs.size,
            severity: bad.filter(|severity| *severity != Severity::Ok),
            growth_bytes_per_day: None,
            also_at: (!mount.also_at.is_empty()).then(|| view::some_words(&mount.also_at, 3)),
            read_only: fs.read_only.filter(|read_only| *read_only || detailed),
            device: detailed.then(|| fs.device.clone()),
            fs_type: detailed.then(|| fs.kind.clone()),
            age: age.map(|age| format!("{sign}{}", render::duration(age + refresh))),
        }
    }
}

impl Output for GetDiskUsageOutput {
    fn headline(&self) -> String {
        let SpaceTotal { filesystems, at_critical, at_warning, .. } = self.total;
        let fullest = self.filesystems.first().and_then(|row| {
            let percent = render::short(row.use_percent?);
            Some(format!(" Fullest: {} {} at {percent}%.", row.server, row.mount))
        });
        format!(
            "{filesystems} filesystems: {at_critical} critical, {at_warning} warning.{}",
            fullest.unwrap_or_default()
        )
    }
}

pub(super) struct GetDiskIoStats;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetDiskIoStatsInput {
    #[serde(default)]
    servers: Servers,
    /// Disk name or glob, such as sd*
    filter: Option<String>,
    #[serde(default)]
    sort_by: IoSort,
    #[serde(default)]
    format: Format,
    limit: Option<Limit>,
    per_server: Option<Limit>,
    cursor: Option<Cursor>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum IoSort {
    #[default]
    Throughput,
    Iops,
    Latency,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GetDiskIoStatsOutput {
    /// One row a disk, busiest first.
    disks: Vec<DiskRow>,
    /// Disks without traffic, left out of a concise reply.
    idle_disks: usize,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DiskRow {
    #[schemars(with = "String")]
    server: HostName,
    disk: String,
    read_bytes_per_second: Option<f64>,
    write_bytes_per_second: Option<f64>,
    /// Operations.
    reads_per_second: Option<f64>,
    writes_per_second: Option<f64>,
    /// Time of one read.
    read_latency_ms: Option<f64>,
    write_latency_ms: Option<f64>,
    /// Requests waiting or served, on average (Little's law: time spent over time passed).
    queue_depth: Option<f64>,
    /// CPU of the whole server waiting for I/O.
    iowait_percent: Option<f64>,
    age_seconds: Option<f64>,
}

impl Tool for GetDiskIoStats {
    const NAME: &'static str = "get_disk_io_stats";
    const TITLE: &'static str = "Disk I/O";
    const DESCRIPTION: &'static str = "Load of each disk now, busiest first: read and write \
        throughput, IOPS and, from Glances 4.4 on, latency and queue depth; the server's I/O \
        wait. For space use get_disk_usage.";
    type Input = GetDiskIoStatsInput;
    type Output = GetDiskIoStatsOutput;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let wanted = view::pattern("filter", input.filter.as_deref())?;
        let plugins = [Plugin::DiskIo];
        let selection = cx.select_fresh(&input.servers, input.fresh, &plugins).await?;
        let cut = Cut::new(
            &selection,
            input.format,
            input.limit,
            input.per_server,
            input.cursor.as_ref(),
        )?;
        let mut tally = Tally::new(&selection);
        let (mut rows, mut idle, mut without_times) = (Vec::new(), 0, Vec::new());
        for snapshot in tally.answering() {
            let Some(disks) = snapshot.disks() else {
                tally.lacks(snapshot, Plugin::DiskIo);
                continue;
            };
            if !disks.is_empty() && disks.iter().all(|disk| disk.read_time_ms == Meter::default()) {
                without_times.push(snapshot.host.alias.as_str());
            }
            for disk in disks.iter().filter(|disk| fits(wanted.as_ref(), &disk.name)) {
                let row = DiskRow::of(snapshot, disk, selection.now);
                // An idle disk is noise in a fleet, and an answer when it was named.
                if row.is_idle() && !input.format.detailed() && wanted.is_none() {
                    idle += 1;
                } else {
                    rows.push(row);
                }
            }
        }
        if idle == 0 {
            view::nothing_fits(&rows, "filter", input.filter.as_deref())?;
        }
        rows.sort_by(|a, b| {
            let key = |row: &DiskRow| row.key(input.sort_by);
            key(b).total_cmp(&key(a)).then_with(|| (&a.server, &a.disk).cmp(&(&b.server, &b.disk)))
        });
        let (disks, coverage) = cut.rows(rows, tally, |row| &row.server, "disks");
        let mut notes = Vec::new();
        if !without_times.is_empty() {
            let names = crate::query::compact(&without_times).join(", ");
            notes.push(format!(
                "latency and queue depth are not served before Glances 4.4, nor by API 5: {names}"
            ));
        }
        Ok(GetDiskIoStatsOutput { disks, idle_disks: idle, notes, coverage })
    }
}

impl DiskRow {
    fn of(snapshot: &Snapshot, disk: &Disk, now: jiff::Timestamp) -> Self {
        let latency = |time: Meter, count: Meter| {
            let count = count.per_sec.filter(|count| *count > 0.0)?;
            Some(time.per_sec? / count)
        };
        let busy = disk.read_time_ms.per_sec.zip(disk.write_time_ms.per_sec);
        Self {
            server: snapshot.host.alias.clone(),
            disk: disk.name.clone(),
            read_bytes_per_second: disk.read_bytes.per_sec,
            write_bytes_per_second: disk.write_bytes.per_sec,
            reads_per_second: disk.read_count.per_sec,
            writes_per_second: disk.write_count.per_sec,
            read_latency_ms: latency(disk.read_time_ms, disk.read_count),
            write_latency_ms: latency(disk.write_time_ms, disk.write_count),
            queue_depth: busy.map(|(read, write)| (read + write) / 1_000.0),
            iowait_percent: snapshot.cpu().and_then(|cpu| cpu.iowait),
            age_seconds: shown_age(snapshot, Plugin::DiskIo, now),
        }
    }

    fn key(&self, sort: IoSort) -> f64 {
        let sum = |a: Option<f64>, b: Option<f64>| a.unwrap_or(0.0) + b.unwrap_or(0.0);
        match sort {
            IoSort::Throughput => sum(self.read_bytes_per_second, self.write_bytes_per_second),
            IoSort::Iops => sum(self.reads_per_second, self.writes_per_second),
            IoSort::Latency => {
                self.read_latency_ms.unwrap_or(0.0).max(self.write_latency_ms.unwrap_or(0.0))
            }
        }
    }

    fn is_idle(&self) -> bool {
        let moved = self.key(IoSort::Throughput) + self.key(IoSort::Iops);
        moved <= 0.0 && self.read_bytes_per_second.is_some()
    }
}

impl Output for GetDiskIoStatsOutput {
    fn headline(&self) -> String {
        self.disks.first().map_or_else(
            || "No disk has traffic.".to_owned(),
            |row| {
                let rate = |value: Option<f64>| {
                    value.map_or_else(
                        || "not known yet".to_owned(),
                        |value| format!("{}/s", render::bytes(value)),
                    )
                };
                format!(
                    "Busiest: {} on {}, read {}, write {}.",
                    row.disk,
                    row.server,
                    rate(row.read_bytes_per_second),
                    rate(row.write_bytes_per_second)
                )
            },
        )
    }
}
