//! Pictures beside replies: what tools have of series as [`crate::chart`] takes it, drawn on a thread
//! that nobody waits for. Never decides what a reply says besides.

use jiff::tz::TimeZone;
use tokio::sync::Semaphore;

use super::{Context, Image};
use crate::{
    alert,
    chart::{self, Chart, HEIGHT, Limit, Scale, WIDTH},
    metric::{self, Unit},
    model::Severity,
    query::Selection,
    snapshot::Snapshot,
};

/// Pictures that are drawn at a time: each takes a core for 5 to 40 ms, and 3 MB.
const DRAWN_AT_ONCE: usize = 2;
static PENS: Semaphore = Semaphore::const_new(DRAWN_AT_ONCE);

/// A picture, and what the reply says of it.
pub(super) struct Drawn {
    said: String,
    image: Option<Image>,
}

impl Drawn {
    /// No picture, and why.
    pub(super) fn not(why: impl std::fmt::Display) -> Self {
        Self { said: format!("not drawn: {why}"), image: None }
    }
}

/// The two as fields of a reply.
pub(super) fn parts(drawn: Option<Drawn>) -> (Option<String>, Vec<Image>) {
    drawn.map_or_else(Default::default, |it| (Some(it.said), it.image.into_iter().collect()))
}

/// Draws; `also` is what is in the picture besides its series, of which there are so many.
pub(super) async fn draw(chart: Chart, total: usize, also: &[String]) -> Drawn {
    let shown = chart.series.len().min(chart::SERIES_MAX);
    let Ok(pen) = PENS.acquire().await else { return Drawn::not("the server stops") };
    let work = tokio::task::spawn_blocking(move || {
        let _pen = pen;
        chart::draw(&chart)
    });
    let drawn = match work.await {
        Ok(Ok(file)) => Image::png(file).ok_or(chart::ChartError::TooLarge),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(chart::ChartError::Broken),
    };
    match drawn {
        Err(error) => Drawn::not(error),
        Ok(image) => {
            let also = also.iter().map(|words| format!("; {words}")).collect::<String>();
            let said = format!("{WIDTH}x{HEIGHT} PNG, {shown} of {total} series{also}");
            Drawn { said, image: Some(image) }
        }
    }
}

/// How the values of a unit are written at an axis.
pub(super) const fn scale(unit: Unit) -> Scale {
    match unit {
        Unit::Percent => Scale::Percent,
        Unit::PercentOfCore => Scale::Decimal("%"),
        Unit::Bytes => Scale::Bytes(""),
        Unit::BytesPerSecond => Scale::Bytes("/s"),
        Unit::PerSecond => Scale::Decimal("/s"),
        Unit::Seconds => Scale::Seconds,
        Unit::Milliseconds => Scale::Decimal("ms"),
        Unit::Celsius => Scale::Decimal("°C"),
        Unit::Rpm => Scale::Decimal("rpm"),
        Unit::Dbm => Scale::Decimal("dBm"),
        Unit::Watts => Scale::Decimal("W"),
        Unit::Load => Scale::Decimal(""),
        Unit::Count | Unit::Flag => Scale::Whole,
    }
}

/// What units are that an axis does not show by itself.
pub(super) fn unit_words(unit: Unit) -> String {
    match unit {
        Unit::PercentOfCore | Unit::Load | Unit::Flag => format!(", {}", unit.word()),
        _ => String::new(),
    }
}

/// The snapshot of a selected server.
pub(super) fn snapshot<'a>(selection: &'a Selection, alias: &str) -> Option<&'a Snapshot> {
    let mut servers = selection.servers.iter();
    servers.find(|snapshot| snapshot.host.alias.as_str() == alias).map(AsRef::as_ref)
}

/// The zone of some servers when they have one, else UTC.
pub(super) fn zone<'a>(servers: impl IntoIterator<Item = &'a Snapshot>) -> TimeZone {
    let mut zones = servers.into_iter().map(|snapshot| &snapshot.host.timezone);
    let Some(first) = zones.next() else { return TimeZone::UTC };
    if zones.all(|other| other == first) { first.clone() } else { TimeZone::UTC }
}

/// Where a series is bad: by the rule in force, else by the catalogue.
pub(super) fn limits(cx: &Context, snapshot: &Snapshot, series: &str) -> Vec<Limit> {
    let mut found = alert::limits(&cx.query.rules(), snapshot, series);
    if found.is_empty()
        && let Some(metric) = metric::of_series(series)
        && let Some([_, warning, critical]) = metric.thresholds
    {
        let cores = if metric.per_core { snapshot.core_count() } else { Some(1) };
        let all = [(Severity::Warning, warning), (Severity::Critical, critical)];
        let per_core =
            |cores: u32| all.map(|(severity, limit)| (severity, limit * f64::from(cores)));
        found = cores.map(per_core).into_iter().flatten().collect();
    }
    let limit = |(severity, value)| match severity {
        Severity::Critical => Some(Limit { name: "critical", value, grave: true }),
        Severity::Warning => Some(Limit { name: "warning", value, grave: false }),
        Severity::Careful | Severity::Ok => None,
    };
    found.into_iter().filter_map(limit).collect()
}

/// A title for some series, each of a server or group and with a metric, and a name for each line:
/// what they have in common is in the title.
pub(super) fn names(series: &[(&str, &str)]) -> (String, Vec<String>) {
    let path = |metric: &'_ str| metric.split('[').next().unwrap_or_default().to_owned();
    let item = |metric: &str| match metric.split_once('[') {
        Some((_, item)) => item.strip_suffix(']').unwrap_or(item).to_owned(),
        None => metric.to_owned(),
    };
    let Some((of, metric)) = series.first() else { return (String::new(), Vec::new()) };
    let same_of = series.iter().all(|(other, _)| other == of);
    let same_metric = series.iter().all(|(_, other)| other == metric);
    let same_path = series.iter().all(|(_, other)| path(other) == path(metric));
    let each = |name: &dyn Fn(&str, &str) -> String| {
        series.iter().map(|(of, metric)| name(of, metric)).collect()
    };
    match (same_of, same_metric, same_path) {
        (true, true, _) => (format!("{of}: {metric}"), each(&|_, metric| metric.to_owned())),
        (false, true, _) => ((*metric).to_owned(), each(&|of, _| of.to_owned())),
        (true, false, true) => (format!("{of}: {}", path(metric)), each(&|_, metric| item(metric))),
        (true, false, false) => ((*of).to_owned(), each(&|_, metric| metric.to_owned())),
        (false, false, true) => {
            (path(metric), each(&|of, metric| format!("{of} {}", item(metric))))
        }
        (false, false, false) => {
            (format!("{} series", series.len()), each(&|of, metric| format!("{of} {metric}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_holds_what_the_series_have_in_common() {
        for (series, title, lines) in [
            (vec![("web-1", "cpu.total")], "web-1: cpu.total", vec!["cpu.total"]),
            (vec![("a", "cpu.total"), ("b", "cpu.total")], "cpu.total", vec!["a", "b"]),
            (
                vec![("a", "fs.percent[/]"), ("a", "fs.percent[/var]")],
                "a: fs.percent",
                vec!["/", "/var"],
            ),
            (vec![("a", "cpu.user"), ("a", "cpu.total")], "a", vec!["cpu.user", "cpu.total"]),
            (
                vec![("a", "fs.percent[/]"), ("b", "fs.percent[/x]")],
                "fs.percent",
                vec!["a /", "b /x"],
            ),
            (
                vec![("a", "cpu.user"), ("b", "mem.percent")],
                "2 series",
                vec!["a cpu.user", "b mem.percent"],
            ),
        ] {
            assert_eq!(
                names(&series),
                (title.to_owned(), lines.iter().map(|it| (*it).to_owned()).collect())
            );
        }
        assert_eq!(names(&[]), (String::new(), Vec::new()));
    }

    #[tokio::test]
    async fn what_cannot_be_drawn_is_said() {
        let chart = Chart {
            title: String::new(),
            note: String::new(),
            scale: Scale::Percent,
            from: 0,
            until: 60,
            zone: TimeZone::UTC,
            series: Vec::new(),
            stretch: "",
            usual: Vec::new(),
            usual_is: "usual",
            limits: Vec::new(),
            marks: Vec::new(),
            now: None,
        };
        let (said, images) = parts(Some(draw(chart, 0, &[]).await));
        assert_eq!(said.as_deref(), Some("not drawn: there are no samples to draw"));
        assert_eq!((images.len(), parts(None).0), (0, None));
        assert!(Image::png(vec![0; crate::tools::IMAGE_BYTES_MAX + 1]).is_none());
    }
}
