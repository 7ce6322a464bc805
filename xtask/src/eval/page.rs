//! `docs/accuracy.md` from the rows: the baselines, our rows beside them, and the goals.

use std::fmt::Write as _;

use super::bars;
use super::goals::goals;
use super::rows::{Row, Rows, Share};

/// How the line with the date begins.
pub(super) const DATED: &str = "Counted on ";
/// Written by hand: what was tried and did not help, and what the numbers do not say.
const TRIED: &str = include_str!("tried.md");

const HEAD: &str = "\
The shipped code on labelled data, beside everything that it was compared with. `cargo xtask eval FOLDER
--write` writes this page; FOLDER holds the labelled data (NAB, Microsoft cloud monitoring, Donut, AIOPS KPI,
ASD, SMD and 108 hourly series), which are not part of this project. Nothing is fitted to a single
series; every parameter stands with its reason in `crates/analytics/src/params.rs`,
`forecast/params.rs` and `capacity/params.rs`.

How it is counted: an alert is flags at most five steps apart. An incident counts once, however many alerts
touch it. An alert that touches none is false, and once more for each day that it stays on or outlasts
its incident. `≥` and `≤` are ends of the 95 % Wilson interval of the share before them; *false a day* are
false alerts per series-day, of a host per host-day. Point-adjusted scores are not used: they give a random
score 0.92. Labels are imperfect, so that precisions are lower bounds. All numbers are of the development
half, on which parameters were chosen; the other half is kept apart.
";

/// The page.
pub(super) fn page(rows: &Rows, today: &str) -> String {
    let mut page = format!("# Accuracy\n\n{HEAD}\n{DATED}{today}.\n\n");
    let parts: [(&str, String); 9] = [
        ("Goals", goals(rows)),
        ("Anomalies: raw scores", raw(rows)),
        ("Anomalies: one policy for all series", policies(rows)),
        ("Threshold alerts on noise", thresholds(rows)),
        ("Forecasts", forecasts(rows)),
        ("Comparison of days", comparisons(rows)),
        ("Change points", changes(rows)),
        ("Time to exhaustion", exhaustion(rows)),
        ("Calm days and scripted incidents", incidents(rows)),
    ];
    for (title, text) in parts {
        let _ = write!(page, "## {title}\n\n{text}\n");
    }
    let _ = write!(page, "## Counted again by others\n\n{}\n{TRIED}", others(rows));
    page
}

/// A number with so many digits; nothing where there is none.
pub(super) fn digits(number: f64, digits: usize) -> String {
    if number.is_nan() { "-".to_owned() } else { format!("{number:.digits$}") }
}

pub(super) fn share(number: f64) -> String {
    digits(number, 3)
}

/// A Markdown table.
pub(super) struct Table(pub(super) String);

impl Table {
    pub(super) fn new(heads: &[&str]) -> Self {
        let rule = heads.iter().map(|_| "---").collect::<Vec<_>>().join("|");
        Self(format!("| {} |\n|{rule}|\n", heads.join(" | ")))
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }
}

pub(super) fn raw_f1(rows: &Rows, table: &str) -> Vec<f64> {
    let f1 = |set: &&str| rows.find(table, set, "").map_or(f64::NAN, Row::f1);
    bars::SETS.iter().map(f1).collect()
}

pub(super) fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn raw(rows: &Rows) -> String {
    let heads: Vec<&str> =
        ["event F1"].iter().chain(bars::SETS).chain(&["mean"]).copied().collect();
    let mut table = Table::new(&heads);
    let mut line = |name: &str, f1: &[f64], digits_shown: usize| {
        let numbers = f1.iter().copied().chain([mean(f1)]);
        let cells = numbers.map(|it| digits(it, digits_shown));
        table.row(&[name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    };
    for bar in bars::RAW {
        line(bar.name, &bar.f1, 2);
    }
    line("ours with the prototype's scale", &raw_f1(rows, "best, pooled"), 3);
    line("**ours, shipped**", &raw_f1(rows, "best, daily"), 3);
    let mut counts =
        Table::new(&["ours", "P", "≥", "R", "found/of", "false", "false a day", "rule"]);
    for set in bars::SETS {
        let Some(row) = rows.find("best, daily", set, "") else { continue };
        counts.row(&counted(set, row, &[row.text("rule").to_owned()]));
    }
    format!(
        "The best threshold of each set, so that this ranks scores and promises no alert. Hosts (asd, \
         smd): the k-th largest score over their metrics.\n\n{}\n{}",
        table.0, counts.0
    )
}

/// Precision with its bound, recall, counts, false ones a day.
fn counted(name: &str, row: Row<'_>, more: &[String]) -> Vec<String> {
    let (precision, recall) = (row.precision(), row.recall());
    let mut cells = vec![
        name.to_owned(),
        share(precision.share()),
        share(precision.at_least()),
        share(recall.share()),
        format!("{}/{}", recall.part, recall.whole),
        row.number("false").to_string(),
        digits(row.false_per_day(), 4),
    ];
    cells.extend(more.iter().cloned());
    cells
}

fn policies(rows: &Rows) -> String {
    let mut table =
        Table::new(&["policy", "set", "P", "≥", "R", "found/of", "false", "false a day"]);
    let none = || "-".to_owned();
    for bar in bars::POLICIES {
        let name = format!("prototype, {}", bar.name);
        let (p, r) = (digits(bar.precision, 2), digits(bar.recall, 2));
        table.row(&[name, bar.set.to_owned(), p, none(), r, none(), none(), none()]);
    }
    for (severity, does) in bars::SEVERITIES {
        for set in bars::SETS {
            let Some(row) = rows.find("policy", set, severity) else { continue };
            let name = format!("**ours, {severity}** ({does})");
            table.row(&[vec![name], counted(set, row, &[])].concat());
        }
    }
    format!(
        "One threshold for all series, with the gates of `anomaly::gate`; nothing is chosen per set. \
         Severities include those above them. Hosts: the third-largest score of peaks of two samples.\n\n{}",
        table.0
    )
}

fn thresholds(rows: &Rows) -> String {
    let heads = ["rule", "P", "≥", "R", "found/of", "false", "false a day", "delay min"];
    let mut table = Table::new(&heads);
    for (name, [p, r, day, delay]) in bars::THRESHOLDS {
        let none = || "-".to_owned();
        table.row(&[
            (*name).to_owned(),
            share(*p),
            none(),
            share(*r),
            none(),
            none(),
            digits(*day, 3),
            digits(*delay, 0),
        ]);
    }
    for row in rows.table("thresholds").filter(|row| row.text("set") == "0.98") {
        let name = format!("**ours**, {}", row.text("rule"));
        table.row(&counted(&name, row, &[digits(row.number("delay_min"), 0)]));
    }
    let mut others = Table::new(&heads);
    for row in rows.table("thresholds").filter(|row| row.text("set") != "0.98") {
        if ["warning", "critical"].iter().any(|it| row.text("rule").starts_with(it)) {
            let name = format!("limit at {}, {}", row.text("set"), row.text("rule"));
            others.row(&counted(&name, row, &[digits(row.number("delay_min"), 0)]));
        }
    }
    format!(
        "One-minute metrics of servers (SMD), a limit inside normal load that the centred 15-minute median \
         exceeds 2 % of the time; true is an episode of 10 minutes above it. A second alert in an episode is \
         false. Shipped are `warning` and `critical`.\n\n{}\nThe same rules at other limits:\n\n{}",
        table.0, others.0
    )
}

fn forecasts(rows: &Rows) -> String {
    let mut table = Table::new(&["model", "error 24 h", "error 7 d", "80 % covers", "95 % covers"]);
    for (name, [day, week], in_95) in bars::FORECASTS {
        let covers = digits(*in_95, 2);
        table.row(&[(*name).to_owned(), share(*day), share(*week), "-".to_owned(), covers]);
    }
    let of = |horizon: &str, key: &str| {
        rows.find("forecast", horizon, "ALL").map_or(f64::NAN, |row| row.number(key))
    };
    let both = |key: &str| format!("{} / {}", share(of("24", key)), share(of("168", key)));
    table.row(&[
        "**ours**".to_owned(),
        share(of("24", "relative")),
        share(of("168", "relative")),
        both("in_80"),
        both("in_95"),
    ]);
    let heads = ["group", "horizon h", "tasks", "error", "better", "80 % covers", "95 % covers"];
    let mut groups = Table::new(&heads);
    for row in rows.table("forecast").filter(|row| row.text("rule") != "ALL") {
        groups.row(&[
            row.text("rule").to_owned(),
            row.text("set").to_owned(),
            row.number("tasks").to_string(),
            share(row.number("relative")),
            digits(row.number("win"), 2),
            share(row.number("in_80")),
            share(row.number("in_95")),
        ]);
    }
    format!(
        "{} tasks of a day and {} of a week. Error: geometric mean of the error relative to the seasonal \
         naive forecast, below 1 is better; coverage of the baselines is that of 95 % over 24 h on the other \
         half. {} tasks failed.\n\n{}\n{}",
        of("24", "tasks"),
        of("168", "tasks"),
        of("24", "failed") + of("168", "failed"),
        table.0,
        groups.0
    )
}

fn comparisons(rows: &Rows) -> String {
    let heads = ["test", "asd false", "asd found", "smd false", "smd found"];
    let mut table = Table::new(&heads);
    for (name, asd, smd) in bars::COMPARISONS {
        let cells = asd.iter().chain(smd).map(|it| share(*it));
        table.row(&[(*name).to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    let mut cells = vec!["**ours**".to_owned()];
    let mut notes = String::new();
    for set in ["asd", "smd"] {
        let Some(row) = rows.find("compare", set, "") else { continue };
        let (wrong, found) = (Share::of(row, "false", "trials"), Share::of(row, "found", "trials"));
        cells.push(format!("{} (≤ {})", share(wrong.share()), share(wrong.at_most())));
        cells.push(format!("{} (≥ {})", share(found.share()), share(found.at_least())));
        let told = Share::of(row, "found_if_told", "told");
        let _ = write!(
            notes,
            " {set}: {} trials, {} false; {} said of themselves that days differ too much; where 20 % could \
             be told, {} of {} were found.",
            row.number("trials"),
            row.number("false"),
            row.number("untestable"),
            told.part,
            told.whole
        );
    }
    table.row(&cells);
    format!(
        "One day against the seven before it, as it is (every verdict is false) and times 1.2 (every other \
         verdict is a miss).{notes}\n\n{}",
        table.0
    )
}

fn changes(rows: &Rows) -> String {
    let heads =
        ["method", "asd false a series", "1.5 dev found", "3 dev", "smd false", "1.5 dev", "3 dev"];
    let mut table = Table::new(&heads);
    for (name, asd, smd) in bars::CHANGES {
        let cells = asd.iter().chain(smd).map(|it| digits(*it, 2));
        table.row(&[(*name).to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    let mut cells = vec!["**ours**".to_owned()];
    let mut counts = Vec::new();
    for row in rows.table("changes") {
        let series = row.number("series");
        cells.push(digits(row.number("false") / series, 2));
        let early = row.rows("steps").filter(|it| it.number("place") > 0.55);
        cells.extend(early.map(|it| digits(it.number("found") / series, 2)));
        counts.push(format!("{series} of {}", row.text("set")));
    }
    table.row(&cells);
    format!(
        "Calm hourly series ({}): changes found where none was made, and steps found within a day that were \
         put in at three fifths. SMD drifts and is not free of incidents, so that some of its false ones are \
         real.\n\n{}",
        counts.join(", "),
        table.0
    )
}

fn exhaustion(rows: &Rows) -> String {
    let heads = ["disk", "method", "median error", "90 % covers", "≥", "median width d", "false"];
    let mut table = Table::new(&heads);
    for (shape, name, [error, covers, wrong]) in bars::EXHAUSTIONS {
        table.row(&[
            (*shape).to_owned(),
            (*name).to_owned(),
            share(*error),
            share(*covers),
            "-".to_owned(),
            "-".to_owned(),
            share(*wrong),
        ]);
    }
    for row in rows.table("exhaustion") {
        let (covers, wrong) = (Share::of(row, "covered", "disks"), Share::of(row, "false", "calm"));
        let of = |share_of: Share, number: f64| {
            if share_of.whole > 0.0 { share(number) } else { "-".to_owned() }
        };
        table.row(&[
            row.text("set").to_owned(),
            "**ours**".to_owned(),
            share(row.number("error")),
            format!("{} ({})", of(covers, covers.share()), covers.whole),
            of(covers, covers.at_least()),
            digits(row.number("width_days"), 2),
            format!("{} ({})", share(wrong.share()), wrong.whole),
        ]);
    }
    format!(
        "600 simulated disks of each shape with 30 days of history, whose true date is known. False is \
         \"under 30 days\" of a disk that lasts for more than 60. `weekday`, `batch` and `rotate` came later. The \
         reference's interval is {} days wide on the median.\n\n{}",
        bars::EXHAUSTION_WIDTH_DAYS,
        table.0
    )
}

fn incidents(rows: &Rows) -> String {
    let Some(quiet) = rows.table("quiet").next() else { return "Not played.\n".to_owned() };
    let days = Share::of(quiet, "days_with_alert", "server_days");
    let critical = Share::of(quiet, "critical", "server_days");
    let mut text = format!(
        "Ten servers for five days at a minute a poll, through the write path: rhythm of day and week, \
         holidays, noise and bursts. **Calm**: {} server-days, {} alerts, {} of them critical (≤ {} a day), {} \
         days with any ({}, ≤ {}).",
        days.whole,
        quiet.number("alerts"),
        critical.part,
        digits(critical.at_most(), 4),
        days.part,
        share(days.share()),
        share(days.at_most())
    );
    for rule in quiet.under("by_rule").keys() {
        let _ = write!(text, " `{rule}` {}.", quiet.under("by_rule").number(rule));
    }
    text.push_str(&usual(rows));
    text.push_str(
        "\n\n**Incidents**: each kind once a seed after a calm third. *Traced*: something that the server \
         serves shows it; what leaves no trace nobody can tell. *Alerted*: an alert of a server that was \
         struck, from the begin of the incident to an hour after its end. *Found*: the tool, asked after the \
         end, names a server that was struck with a series that the script moved among its first three \
         entries; of crash loops, reboots and restarts of Glances, whose trace is an event, also with that \
         event among the first three events. *Told*: found by either, of those that left a trace. \
         Entries that tell of another incident are right as well and are skipped. What is usual shall not be told.\n\n",
    );
    let mut tools: Vec<&str> =
        rows.table("incidents").flat_map(|row| row.under("found").keys()).collect();
    tools.sort_unstable();
    tools.dedup();
    let found: Vec<String> = tools.iter().map(|tool| format!("found by `{tool}`")).collect();
    let mut heads = vec!["kind", "played", "traced", "alerted", "told"];
    heads.extend(found.iter().map(String::as_str));
    let mut table = Table::new(&heads);
    for row in rows.table("incidents") {
        let usual = if row.truth("usual") { " (usual)" } else { "" };
        let played = row.number("played");
        let mut cells = vec![
            format!("{}{usual}", row.text("kind")),
            played.to_string(),
            row.number("traced").to_string(),
            digits(row.number("alerted") / played, 2),
            digits(Share::of(row, "told", "traced").share(), 2),
        ];
        let traced = row.number("traced");
        let found = tools.iter().map(|tool| row.under("found").number(tool) / traced);
        cells.extend(found.map(|it| digits(it, 2)));
        table.row(&cells);
    }
    text + &table.0
}

/// What is told of days on which nothing breaks.
fn usual(rows: &Rows) -> String {
    let Some(row) = rows.table("usual").next() else { return String::new() };
    let told = Share::of(row, "false", "server_days");
    let nights: Vec<String> =
        row.rows("nights").map(|night| format!("{} of {}", night.at(0), night.at(1))).collect();
    format!(
        "\n\n**Told of calm days**: five servers for two weeks, `detect_anomalies` asked every midnight for the \
         day that ended, from the fourth day on. {} server-days, {} moments told ({} a day), {} of them as \
         records: short bursts of traffic, which are unusual and nobody has to know. On one server a backup \
         begins to run every night after six days: its nights are told, from the first one on, {}.",
        told.whole,
        told.part,
        share(told.share()),
        row.number("records"),
        nights.join(", ")
    )
}

fn others(rows: &Rows) -> String {
    let Some(parity) = rows.table("parity").next() else { return "Not checked.\n".to_owned() };
    let numbers = rows.table("scorers").next().map_or(f64::NAN, |row| row.number("numbers"));
    format!(
        "The scoring programs that come with the data were given our detections (the best rule of each set, \
         and each severity) and our forecasts: {numbers} numbers, all the same as those above.\n\n\
         With the prototype's scale (`Scale::Pooled`) our scores are those of the numpy prototype: {} points of \
         {} series (nab, msft, donut) compared one by one, {} differ by more than 0.001 of the score (of 1 for \
         smaller ones), the largest difference is {:.0e}. What is shipped differs on purpose in its scale only \
         (`Scale::Daily`); the predictors and their choice are the same.\n",
        parity.number("points"),
        parity.number("series"),
        parity.number("off"),
        parity.number("worst")
    )
}
