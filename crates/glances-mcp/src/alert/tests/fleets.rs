//! Many servers: failing together, groups, leaving.

use super::*;

/// A fleet of ten, polled once a second each in turn.
fn fleet() -> (Engine, Vec<Machine>) {
    let mut engine = Engine::new(Rules::built_in());
    let mut machines: Vec<Machine> =
        (1..=10).map(|number| Machine::new(&format!("web-{number:02}"))).collect();
    for round in 0..3 {
        for (at, machine) in (0..).zip(&mut machines) {
            let secs = START + round * 10 + at;
            assert_eq!(observe(&mut engine, machine.answer(secs, vec![cpu(1.0)]), secs), []);
        }
    }
    (engine, machines)
}

/// One more round, in which the first `failing` do not answer.
fn round(
    engine: &mut Engine,
    machines: &mut [Machine],
    from: i64,
    failing: i64,
) -> Vec<Transition> {
    let mut all = Vec::new();
    for (at, machine) in (0..).zip(machines) {
        let secs = from + at;
        let snapshot =
            if at < failing { machine.fail(secs) } else { machine.answer(secs, vec![cpu(1.0)]) };
        all.extend(observe(engine, snapshot, secs));
    }
    all.extend(engine.tick(from + 9));
    all
}

#[test]
fn a_third_of_the_fleet_failing_together_is_one_alert() {
    let (mut engine, mut machines) = fleet();
    let mut all = Vec::new();
    for number in 3..10 {
        all.extend(round(&mut engine, &mut machines, START + number * 10, 4));
    }
    let news: Vec<_> = all.iter().filter(|it| it.is_news()).cloned().collect();
    assert_eq!(told(&news), ["0 firing critical fleet.unreachable"]);
    let down = engine.open().filter(|it| it.series == "server.failures").count();
    assert_eq!(down, 4, "kept, counted and explained");
    let groups = group(engine.open(), |_| &[]);
    assert_eq!((groups.len(), groups[0].alerts.len(), groups[0].suppressed), (1, 5, 4));
    assert!(groups[0].cause.says.contains("look at our own network first"));
    let mut back = Vec::new();
    for number in 10..16 {
        back.extend(round(&mut engine, &mut machines, START + number * 10, 0));
    }
    assert_eq!(engine.open().count(), 0, "{:?}", told(&back));
}

#[test]
fn what_the_fleet_does_is_held_over_a_gap_of_our_own() {
    let (mut engine, mut machines) = fleet();
    for number in 3..10 {
        round(&mut engine, &mut machines, START + number * 10, 4);
    }
    assert!(firing(&engine).contains(&"fleet.unreachable".to_owned()));
    let mut engine = Engine::restore(Rules::built_in(), reread(&engine.saved()));
    let mut all = Vec::new();
    for number in 100..112 {
        all.extend(round(&mut engine, &mut machines, START + number * 10, 4));
    }
    assert_eq!(told(&all), Vec::<String>::new());
    for number in 112..120 {
        all.extend(round(&mut engine, &mut machines, START + number * 10, 0));
    }
    assert_eq!(engine.open().count(), 0, "{:?}", told(&all));
}

#[test]
fn a_poller_that_stands_still_is_one_alert_of_the_fleet() {
    let (mut engine, _) = fleet();
    let all: Vec<Transition> =
        (START + 30..START + 600).step_by(10).flat_map(|secs| engine.tick(secs)).collect();
    let news: Vec<_> = all.iter().filter(|it| it.is_news()).cloned().collect();
    assert!(told(&news).iter().any(|it| it.ends_with("firing critical fleet.unreachable")));
    let single = news.iter().filter(|it| it.alert.host.is_some()).count();
    assert!(single <= 2, "the first of them come before it is many: {:?}", told(&news));
}

#[test]
fn two_of_ten_are_two_alerts() {
    let (mut engine, mut machines) = fleet();
    let mut all = Vec::new();
    for number in 3..8 {
        all.extend(round(&mut engine, &mut machines, START + number * 10, 2));
    }
    let expected = ["0 firing critical server.failures", "0 firing critical server.failures"];
    assert_eq!(told(&all), expected);
}

#[test]
fn a_server_that_leaves_takes_its_alerts_along() {
    let (mut engine, mut machines) = fleet();
    for number in 3..8 {
        round(&mut engine, &mut machines, START + number * 10, 2);
    }
    let gone = engine.keep(START + 90, |alias| alias.as_str() != "web-01");
    assert_eq!(told(&gone), ["1 gone critical server.failures"]);
    assert_eq!(firing(&engine), ["web-02/server.failures"]);
}

fn alert(host: &str, rule: &str, series: &str, began: i64) -> Alert {
    Alert {
        id: format!("{host}{series}"),
        fingerprint: format!("{host}/{series}"),
        host: HostName::parse(host).ok(),
        environment: Some("production".to_owned()),
        rule: rule.to_owned(),
        series: series.to_owned(),
        state: State::Firing { since: began, severity: Severity::Warning },
        began,
        peak: Severity::Warning,
        value: 1.0,
        worst: 1.0,
        threshold: 1.0,
        unit: "percent".to_owned(),
        as_of: began,
        says: rule.to_owned(),
        flapping: false,
        suppressed_by: Vec::new(),
    }
}

fn shape(alerts: &[Alert]) -> Vec<(String, usize, bool)> {
    let groups = group(alerts, |_| &[]);
    groups.into_iter().map(|it| (it.cause.says, it.alerts.len(), it.cause.certain)).collect()
}

#[test]
fn what_begins_together_on_one_server_has_the_deepest_as_its_probable_cause() {
    let alerts = [
        alert("db-1", "load", "load.min5", 100),
        alert("db-1", "disk_full", "fs.percent[/]", 200),
        alert("db-1", "memory", "mem.percent", 2_000),
        alert("db-2", "cpu", "cpu.total", 100),
    ];
    assert_eq!(
        shape(&alerts),
        [
            ("`db-1`: disk_full (`fs.percent[/]`)".to_owned(), 2, false),
            ("`db-2`: cpu (`cpu.total`)".to_owned(), 1, true),
            ("`db-1`: memory (`mem.percent`)".to_owned(), 1, true),
        ]
    );
}

#[test]
fn one_rule_on_three_servers_of_an_environment_is_one_group_and_on_two_is_two() {
    let of = |count: i64| -> Vec<Alert> {
        let host = |number| format!("web-{number}");
        (0..count).map(|it| alert(&host(it), "memory", "mem.percent", 100 + it)).collect()
    };
    let says = "3 servers of production: memory".to_owned();
    assert_eq!(shape(&of(3)), [(says, 3, false)]);
    assert_eq!(shape(&of(2)).len(), 2);
}

#[test]
fn the_containers_of_one_host_are_one_group_whenever_they_began() {
    let alerts = [
        alert("docker-1", "container_unhealthy", "containers.unhealthy[a]", 100),
        alert("docker-1", "container_unhealthy", "containers.unhealthy[b]", 90_000),
    ];
    assert_eq!(shape(&alerts).len(), 1);
}

#[test]
fn groups_do_not_depend_on_the_order_of_alerts() {
    let mut alerts: Vec<Alert> = (0..20)
        .map(|it| {
            let rule = ["load", "cpu", "memory", "disk_full"][it % 4];
            alert(&format!("web-{}", it % 5), rule, &format!("{rule}.x"), (it as i64 * 97) % 900)
        })
        .collect();
    let expected = shape(&alerts);
    alerts.reverse();
    assert_eq!(shape(&alerts), expected);
    assert_eq!(expected.iter().map(|(_, count, _)| count).sum::<usize>(), 20);
}

#[test]
fn what_does_not_work_without_a_server_that_is_down_is_grouped_under_it() {
    let alerts = [
        alert("web-1", "server_down", "server.failures", 100),
        alert("web-2", "cpu", "cpu.total", 5_000),
        alert("db-1", "server_down", "server.failures", 110),
        alert("app-1", "memory", "mem.percent", 100),
    ];
    let db = [HostName::parse("db-1").unwrap()];
    let web = [HostName::parse("web-1").unwrap()];
    let depends_on = |host: &HostName| match host.as_str() {
        "web-1" => &db[..],
        "web-2" => &web[..],
        _ => &[],
    };
    let groups = group(&alerts, depends_on);
    let shape: Vec<(&str, usize, bool)> = groups
        .iter()
        .map(|it| (it.cause.says.as_str(), it.alerts.len(), it.cause.certain))
        .collect();
    assert_eq!(
        shape,
        [
            ("`app-1`: memory (`mem.percent`)", 1, true),
            ("`db-1`: server_down (`server.failures`)", 3, true),
        ]
    );
}
