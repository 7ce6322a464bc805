//! Worked examples of servers whose history and present differ; numbers by hand.

use analytics::{time_over, time_to_exhaustion};
use glances_client::{
    FetchError,
    model::{Cpu, Filesystem, Mem, Payload},
};

use super::*;
use crate::{
    snapshot::{Host, Reading},
    tools::Output as _,
};

const NOW: i64 = 1_795_392_000;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(secs).unwrap()
}

/// A machine with these filesystems, read `age` seconds ago.
fn machine(alias: &str, mounts: &[(&str, f64)], age: i64) -> Snapshot {
    let host = Arc::new(Host::at(HostName::parse(alias).unwrap(), String::new()));
    let mut snapshot = Snapshot::unseen(host);
    let fs = mounts.iter().map(|(mount, percent)| Filesystem {
        mount: (*mount).to_owned(),
        device: format!("/dev/mapper{mount}"),
        kind: "ext4".to_owned(),
        size: Some(1_000_000),
        percent: Some(*percent),
        ..Filesystem::default()
    });
    let read = Some(at(NOW - age));
    for payload in [
        Payload::Cpu(Cpu { total: Some(10.0), cores: Some(4), ..Cpu::default() }),
        Payload::Mem(Mem { percent: Some(30.0), ..Mem::default() }),
        Payload::Fs(fs.collect()),
    ] {
        let plugin = payload.plugin();
        let reading = Reading { payload: Some(Arc::new(payload)), at: read, tried: read };
        snapshot.readings.insert(plugin, reading);
    }
    (snapshot.reach.last_attempt, snapshot.reach.last_success) = (read, read);
    snapshot
}

fn down(mut snapshot: Snapshot) -> Snapshot {
    snapshot.reach.failures_in_row = 2;
    snapshot.reach.error = Some(FetchError::Refused);
    snapshot
}

/// So many days of hours, from one percentage to another.
fn days(count: i32, from: f64, to: f64) -> Vec<f64> {
    let hours = count * 24;
    (0..hours).map(|hour| from + (to - from) * f64::from(hour) / f64::from(hours - 1)).collect()
}

/// What is said of series with these hours.
fn judged(series: &[(&str, &[f64])]) -> Judged {
    let verdict = |(name, hours): &(&str, &[f64])| {
        let busy = name.starts_with("cpu") || name.starts_with("network");
        let fills = (!busy).then(|| time_to_exhaustion(hours, 100.0, 0));
        ((*name).into(), Verdict { fills, over: time_over(hours, 80.0) })
    };
    Judged { verdicts: series.iter().map(verdict).collect(), ..Judged::default() }
}

const ALL: Asked = Asked { resource: None, within: None, idle: false, whole: false };

fn reply(asked: Asked, servers: Vec<(Snapshot, Option<Judged>)>) -> CapacityAnalysisOutput {
    let (snapshots, judged): (Vec<_>, Vec<_>) = servers
        .into_iter()
        .map(|(snapshot, judged)| {
            let host = snapshot.host.alias.clone();
            (Arc::new(snapshot), judged.map(|it| (host, Arc::new(it))))
        })
        .unzip();
    let selection = Selection { servers: snapshots.into(), now: at(NOW) };
    let cut = Cut::new(&selection, Format::Concise, None, None, None).unwrap();
    answer(asked, &selection, &cut, |host| {
        let known = judged.iter().flatten().find(|(name, _)| name == host);
        known.map(|(_, it)| (at(NOW), it.clone()))
    })
}

fn of(asked: Asked, snapshot: Snapshot, judged: Judged) -> CapacityAnalysisOutput {
    reply(asked, vec![(snapshot, Some(judged))])
}

#[test]
fn a_filesystem_that_is_gone_is_neither_told_nor_counted() {
    let (still, full) = (days(20, 40.0, 40.0), days(20, 100.0, 100.0));
    let history: &[(&str, &[f64])] = &[
        ("fs.percent[/var]", &still),
        ("fs.percent[/mnt/old]", &full),
        // Gone for longer than is judged.
        ("fs.percent[/mnt/older]", &[]),
        ("network.use[eth9]", &full),
    ];
    let output = of(ALL, machine("web-1", &[("/var", 40.0)], 1), judged(history));
    assert!(output.resources.is_empty(), "{:?}", output.resources);
    assert_eq!((output.calm, output.without_history), (1, 0));
    assert_eq!(output.headline(), "Nothing fills up or is busy; 1 is calm.");
}

#[test]
fn a_disk_that_was_cleaned_is_not_told_as_full() {
    let full = days(20, 40.0, 100.0);
    let history = judged(&[("fs.percent[/var]", &full)]);
    let output = of(ALL, machine("web-1", &[("/var", 20.0)], 1), history);
    let row = &output.resources[0];
    assert_eq!((row.use_percent, row.outlook), (Some(20.0), "was full"));
    assert!(!row.is_full_within(180.0) && row.age_seconds.is_none(), "{row:?}");
    let words = "First: disk /var on web-1 was full in the last hours, and is at 20%.";
    assert_eq!(output.headline(), words);
}

#[test]
fn a_disk_that_is_full_now_is_told_before_history_knows() {
    for hours in [days(20, 40.0, 60.0), days(1, 40.0, 40.0)] {
        let history = judged(&[("fs.percent[/var]", &hours)]);
        let output = of(ALL, machine("web-1", &[("/var", 100.0)], 1), history);
        let row = &output.resources[0];
        assert_eq!((row.outlook, row.advice), ("full", Some("free space now")));
        assert_eq!(row.likely_full_days, None, "no date of what has come");
        assert_eq!(output.headline(), "First: disk /var on web-1 is full.");
        assert_eq!(output.without_history, 0, "what is full needs no date");
    }
}

#[test]
fn a_disk_without_history_that_is_nearly_full_is_a_row() {
    let new = days(1, 99.0, 99.0);
    let history = judged(&[("fs.percent[/var]", &new), ("mem.percent", &new)]);
    let output = of(ALL, machine("web-1", &[("/var", 99.0)], 1), history);
    // Memory is at 30 % now, whatever it was.
    let [row] = &output.resources[..] else { panic!("{:?}", output.resources) };
    assert_eq!((row.use_percent, row.outlook), (Some(99.0), "needs history"));
    assert_eq!(row.history_days, Some(1));
    assert_eq!((output.calm, output.without_history), (0, 2));
    assert_eq!(output.headline(), "First: disk /var on web-1 is at 99% and needs history.");
}

#[test]
fn a_server_that_does_not_answer_is_unavailable_and_its_rows_say_how_old_they_are() {
    let hours = days(20, 30.0, 90.0);
    let judged = || judged(&[("fs.percent[/var]", &hours)]);
    let mounts = [("/var", 90.0)];
    let output = reply(
        ALL,
        vec![
            (down(machine("db-1", &mounts, 7_200)), Some(judged())),
            (machine("web-1", &mounts, 1), Some(judged())),
            // Nothing was read since this process began: nothing is said.
            (Snapshot::unseen(machine("web-2", &mounts, 1).host), Some(judged())),
        ],
    );
    let ages: Vec<_> =
        output.resources.iter().map(|row| (row.server.as_str(), row.age_seconds)).collect();
    assert_eq!(ages, [("db-1", Some(7_200.0)), ("web-1", None)]);
    assert_eq!((output.coverage.selected, output.coverage.shown), (3, 1));
    let unavailable: Vec<&str> = output
        .coverage
        .unavailable
        .iter()
        .flat_map(|group| group.servers.iter().map(String::as_str))
        .collect();
    assert_eq!(unavailable, ["db-1", "web-2"]);
    assert!(output.headline().ends_with(" days, as read 2h 0m ago."), "{}", output.headline());
}

#[test]
fn an_idle_server_that_does_not_answer_is_unavailable_and_says_its_age() {
    let low = days(20, 10.0, 10.0);
    let history = || judged(&[("cpu.total", &low), ("mem.percent", &low)]);
    let idle = |snapshot| of(Asked { idle: true, ..ALL }, snapshot, history());
    let up = serde_json::to_value(idle(machine("web-1", &[], 1))).unwrap();
    assert_eq!((&up["idle"][0]["age_seconds"], &up["coverage"]["shown"]), (&().into(), &1.into()));
    let gone = serde_json::to_value(idle(down(machine("web-1", &[], 600)))).unwrap();
    assert_eq!(gone["idle"][0]["age_seconds"], 600.0);
    assert_eq!(gone["coverage"]["unavailable"][0]["count"], 1);
    let unseen = Snapshot::unseen(machine("web-1", &[], 1).host);
    assert!(idle(unseen).idle.is_empty());
}

#[test]
fn before_the_first_judgement_nothing_is_called_calm() {
    for asked in [ALL, Asked { within: Some(7), ..ALL }, Asked { idle: true, ..ALL }] {
        let output = reply(asked, vec![(machine("web-1", &[("/var", 99.0)], 1), None)]);
        assert_eq!(output.headline(), "History is not judged yet: try again in a minute.");
        assert!(output.notes[0].contains("1 server is not judged yet"), "{:?}", output.notes);
    }
    let hours = days(20, 40.0, 40.0);
    let known = judged(&[("fs.percent[/var]", &hours)]);
    let servers = ["web-1", "web-2"].map(|alias| machine(alias, &[("/var", 40.0)], 1));
    let output = reply(ALL, servers.into_iter().zip([Some(known), None]).collect());
    let words = "Nothing fills up or is busy; 1 is calm; 1 server is not judged yet.";
    assert_eq!(output.headline(), words);
}

#[test]
fn what_lacks_history_is_not_called_calm() {
    let (new, old) = (days(1, 40.0, 40.0), days(20, 40.0, 40.0));
    let young: &[(&str, &[f64])] =
        &[("fs.percent[/var]", &new), ("mem.percent", &new), ("cpu.total", &[])];
    let mounts = [("/var", 40.0), ("/srv", 40.0)];
    let output = of(ALL, machine("web-1", &mounts, 1), judged(young));
    let words = "Nothing is known to fill up: 3 have too little history, 0 are calm.";
    assert_eq!(output.headline(), words);
    let mixed = judged(&[young, &[("fs.percent[/srv]", &old)]].concat());
    let disks = Asked { resource: Some(Resource::Disk), ..ALL };
    let output = of(disks, machine("web-1", &mounts, 1), mixed.clone());
    let words = "No disk is known to fill up: 1 has too little history, 1 is calm.";
    assert_eq!(output.headline(), words);
    let output = of(Asked { within: Some(1), ..disks }, machine("web-1", &mounts, 1), mixed);
    let words = "No disk is known to be full within a day: 1 has too little history.";
    assert_eq!(output.headline(), words);
    let output = of(disks, machine("web-1", &mounts, 1), Judged::default());
    assert_eq!(output.headline(), "No disk of the selected servers is known.");
}

#[test]
fn what_is_filtered_away_is_not_called_calm() {
    // 70 % and 2 points a day: 15 days.
    let hours = days(20, 30.0, 70.0);
    let low = days(20, 10.0, 10.0);
    let history = || judged(&[("fs.percent[/var]", &hours), ("mem.percent", &low)]);
    let ask = |asked| of(asked, machine("web-1", &[("/var", 70.0)], 1), history());
    let soon = ask(Asked { within: Some(7), ..ALL });
    assert_eq!(soon.headline(), "No resource is likely full within 7 days.");
    assert_eq!((soon.resources.len(), soon.calm), (0, 1), "memory is calm, and the disk is not");
    assert_eq!(ask(Asked { within: Some(30), ..ALL }).resources.len(), 1);
    let memory = ask(Asked { resource: Some(Resource::Memory), ..ALL });
    assert_eq!(memory.headline(), "No memory fills up or is busy; 1 is calm.");
    let whole = ask(Asked { whole: true, ..ALL });
    assert_eq!((whole.resources.len(), whole.calm), (2, 1), "what is calm counts, listed or not");
    assert!(whole.headline().starts_with("First: disk /var on web-1 is likely full in 1"));
}

#[test]
fn what_matters_stands_before_what_is_calm() {
    let (high, low) = (days(20, 90.0, 90.0), days(20, 10.0, 10.0));
    let history = judged(&[("fs.percent[/var]", &high), ("cpu.total", &low)]);
    let whole = Asked { whole: true, ..ALL };
    let output = of(whole, machine("web-1", &[("/var", 90.0)], 1), history);
    assert_eq!(output.headline(), "First: disk /var on web-1 is at 90% and does not grow.");
    assert_eq!(output.resources[1].resource, Resource::Cpu);
}

#[test]
fn a_cursor_past_the_end_is_not_good_news() {
    let hours = days(20, 30.0, 90.0);
    let known = Some((at(NOW), Arc::new(judged(&[("fs.percent[/var]", &hours)]))));
    let server = Arc::new(machine("web-1", &[("/var", 90.0)], 1));
    let selection = Selection { servers: vec![server].into(), now: at(NOW) };
    let cursor = Cursor("1".to_owned());
    let cut = Cut::new(&selection, Format::Concise, None, None, Some(&cursor)).unwrap();
    let output = answer(ALL, &selection, &cut, |_| known.clone());
    assert_eq!(output.headline(), "No row is left: there are 1 in all.");
}
