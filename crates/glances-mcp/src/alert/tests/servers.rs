//! One server: rules, patience, gaps, restarts.

use super::*;

#[test]
fn a_busy_processor_is_pending_at_once_and_fires_after_ten_minutes_and_is_worse_after_eleven() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    let all = run(&mut engine, &mut web, (START, START + minutes(13)), |_| vec![cpu(97.0)]);
    let expected = [
        "1 pending critical cpu.total",
        "10 firing warning cpu.total",
        "11 worsened critical cpu.total",
    ];
    assert_eq!(told(&all), expected);
    let alert = engine.open().next().unwrap();
    assert_eq!((alert.value, alert.threshold, &*alert.unit), (97.0, 95.0, "percent"));
    assert_eq!(alert.environment.as_deref(), Some("production"));
}

#[test]
fn short_peaks_are_dropped_and_never_fire() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    let peaks = |secs: i64| vec![cpu(if (secs - START) % 3_600 < 300 { 99.0 } else { 5.0 })];
    let all = run(&mut engine, &mut web, (START, START + minutes(120)), peaks);
    assert!(all.iter().all(|it| matches!(it.change, Change::Pending | Change::Dropped)));
    assert_eq!(all.len(), 4, "two peaks that began and passed");
}

#[test]
fn an_alert_ends_after_its_clear_time_and_a_second_peak_within_it_is_the_same_alert() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    let hot = |secs: i64| (secs - START) < minutes(20) || (1_500..1_800).contains(&(secs - START));
    let all = run(&mut engine, &mut web, (START, START + minutes(90)), |secs| {
        vec![mem(if hot(secs) { 93.0 } else { 40.0 })]
    });
    let expected = ["1 pending warning mem.percent", "10 firing warning mem.percent"];
    assert_eq!(told(&all)[..2], expected);
    let ends: Vec<_> = all.iter().filter(|it| it.change == Change::Resolved).collect();
    assert_eq!(ends.len(), 1);
    assert!((60..65).contains(&((ends[0].at - START) / 60)), "{}", (ends[0].at - START) / 60);
    assert_eq!(engine.open().count(), 0);
}

#[test]
fn a_hard_failure_fires_with_its_first_sample() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let all = run(&mut engine, &mut db, (START, START + 20), |_| vec![raid(1)]);
    assert_eq!(told(&all), ["0 firing critical raid.degraded[md0]"]);
    assert_eq!(all[0].alert.says, "a disk of the array is missing");
}

#[test]
fn a_server_is_down_at_the_third_failure_and_hides_what_else_is_wrong_until_it_was_seen_again() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    let mut all = Vec::new();
    for secs in (START + 60..START + 120).step_by(10) {
        all.extend(observe(&mut engine, db.fail(secs), secs));
    }
    let expected =
        ["1 firing critical server.failures", "1 hidden critical raid.degraded[md0] (suppressed)"];
    assert_eq!(told(&all), expected);
    let back = run(&mut engine, &mut db, (START + 120, START + 180), |secs| {
        if secs < START + 170 { vec![cpu(1.0)] } else { vec![raid(1)] }
    });
    let expected =
        ["2 resolved critical server.failures", "2 surfaced critical raid.degraded[md0]"];
    assert_eq!(told(&back), expected);
    assert_eq!(back[1].at, START + 170, "not before the array was read again");
}

#[test]
fn a_server_that_never_answered_is_no_alert() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    for secs in (START..START + 600).step_by(10) {
        assert_eq!(observe(&mut engine, db.fail(secs), secs), []);
        assert_eq!(engine.tick(secs), []);
    }
}

#[test]
fn a_server_of_which_nobody_brings_anything_has_no_data() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + 60), |_| vec![cpu(1.0)]);
    let silent: Vec<Transition> =
        (START + 60..START + 600).step_by(10).flat_map(|secs| engine.tick(secs)).collect();
    assert_eq!(told(&silent), ["6 firing warning server.no_data"]);
    let back = run(&mut engine, &mut db, (START + 600, START + 610), |_| vec![cpu(1.0)]);
    assert_eq!(told(&back), ["10 resolved warning server.no_data"]);
}

#[test]
fn after_a_gap_of_our_own_states_are_held_for_three_intervals() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    run(&mut engine, &mut web, (START, START + minutes(12)), |_| vec![cpu(97.0), raid(1)]);
    assert_eq!(firing(&engine), ["web-1/cpu.total", "web-1/raid.degraded[md0]"]);
    let wake = START + minutes(200);
    let mut held = Vec::new();
    for secs in [wake, wake + 10, wake + 20] {
        held.extend(observe(&mut engine, web.fail(secs), secs));
        held.extend(engine.tick(secs));
    }
    assert_eq!(held, [], "the network is not there yet, and nothing is told");
    let calm = run(&mut engine, &mut web, (wake + 30, wake + minutes(10)), |_| vec![cpu(3.0)]);
    assert!(calm.iter().all(|it| it.alert.series != "cpu.total"), "{:?}", told(&calm));
    let over =
        run(&mut engine, &mut web, (wake + minutes(10), wake + minutes(60)), |_| vec![cpu(3.0)]);
    assert!(told(&over).iter().any(|it| it.ends_with("resolved critical cpu.total")));
}

#[test]
fn alerts_survive_a_restart_and_go_on() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    run(&mut engine, &mut web, (START, START + minutes(12)), |_| vec![cpu(97.0), raid(1)]);
    let before: Vec<Alert> = engine.open().cloned().collect();
    let saved = reread(&engine.saved());
    let mut engine = Engine::restore(Rules::built_in(), saved);
    assert_eq!(engine.open().cloned().collect::<Vec<_>>(), before);
    let again = run(&mut engine, &mut web, (START + minutes(12), START + minutes(20)), |_| {
        vec![cpu(97.0), raid(1)]
    });
    assert_eq!(told(&again), Vec::<String>::new(), "nothing is told twice");
    let over = run(&mut engine, &mut web, (START + minutes(20), START + minutes(70)), |_| {
        vec![cpu(3.0), raid(2)]
    });
    assert_eq!(over.iter().filter(|it| it.change == Change::Resolved).count(), 2);
    assert_eq!(over[0].alert.id, before[1].id, "the array is mended first");
}

#[test]
fn what_was_stored_after_the_state_was_saved_is_taken_over() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    run(&mut engine, &mut web, (START, START + 60), |_| vec![raid(2)]);
    let saved = engine.saved();
    let stored = run(&mut engine, &mut web, (START + 60, START + 120), |_| vec![raid(1)]);
    let mut engine = Engine::restore(Rules::built_in(), reread(&saved));
    engine.catch_up(&stored);
    assert_eq!(firing(&engine), ["web-1/raid.degraded[md0]"]);
    let later = run(&mut engine, &mut web, (START + 120, START + 300), |_| vec![raid(1)]);
    assert_eq!(told(&later), Vec::<String>::new());
    let mended = run(&mut engine, &mut web, (START + 300, START + 900), |_| vec![raid(2)]);
    assert_eq!(told(&mended), ["10 resolved critical raid.degraded[md0]"]);
}

#[test]
fn mounts_of_one_device_are_one_alert_and_what_cannot_fill_is_none() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let mut image = fs("/snap/core", "/dev/loop0", 100.0);
    image.kind = "squashfs".to_owned();
    let mut memory = fs("/run", "tmpfs", 100.0);
    memory.kind = "tmpfs".to_owned();
    let mut iso = fs("/cdrom", "/dev/sr0", 100.0);
    iso.read_only = Some(true);
    let all = vec![
        fs("/", "/dev/vda", 97.0),
        fs("/srv/app", "/dev/vda", 97.0),
        fs("/etc/hosts", "/dev/vdb", 99.0),
        image,
        memory,
        iso,
    ];
    let disks = move |_| vec![Payload::Fs(all.clone())];
    let told_of = run(&mut engine, &mut db, (START, START + minutes(4)), disks);
    let expected = ["1 pending critical fs.percent[/]", "2 firing critical fs.percent[/]"];
    assert_eq!(told(&told_of), expected);
}

#[test]
fn a_disk_that_fills_is_told_before_it_is_full_and_hidden_when_it_is() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    // 60 % now, 1 % in five minutes: full in 200 minutes.
    let fill = |secs: i64| 60.0 + (secs - START) as f64 / 300.0;
    let all = run(&mut engine, &mut db, (START, START + minutes(195)), |secs| {
        vec![Payload::Fs(vec![fs("/", "/dev/vda", fill(secs))])]
    });
    let told = told(&all);
    let at = |text: &str| told.iter().position(|it| it.contains(text));
    assert!(at("firing critical fs.full_in[/]") < at("firing warning fs.percent[/]"), "{told:?}");
    assert!(at("hidden critical fs.full_in[/] (suppressed)").is_some(), "{told:?}");
    let filling = engine.open().find(|it| it.series == "fs.full_in[/]").unwrap();
    let cause = Reason::Cause { fingerprint: "db-1/fs.percent[/]".to_owned() };
    assert_eq!(filling.suppressed_by, [cause]);
}

#[test]
fn a_filesystem_that_was_writable_and_is_not_any_more_is_an_alert() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let root = |read_only| {
        let mut root = fs("/", "/dev/vda", 20.0);
        root.read_only = Some(read_only);
        vec![Payload::Fs(vec![root])]
    };
    run(&mut engine, &mut db, (START, START + 60), |_| root(false));
    let all = run(&mut engine, &mut db, (START + 60, START + 80), |_| root(true));
    assert_eq!(told(&all), ["1 firing critical fs.read_only[/]"]);
    let (mut engine, mut iso) = (Engine::new(Rules::built_in()), Machine::new("iso-1"));
    assert_eq!(run(&mut engine, &mut iso, (START, START + 80), |_| root(true)), []);
}

#[test]
fn a_reboot_is_news_for_a_quarter_of_an_hour() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let all = run(&mut engine, &mut db, (START, START + minutes(30)), |secs| {
        let up = if secs < START + 60 { 1e6 } else { 0.0 };
        vec![Payload::Uptime(up + (secs - START) as f64)]
    });
    assert_eq!(
        told(&all),
        ["1 firing warning server.rebooted", "16 resolved warning server.rebooted"]
    );
}

#[test]
fn a_container_that_is_unhealthy_restarts_or_goes_away() {
    let (mut engine, mut docker) = (Engine::new(Rules::built_in()), Machine::new("docker-1"));
    let sick = |_| vec![Payload::Containers(vec![container("api", "a", Health::Unhealthy)])];
    let all = run(&mut engine, &mut docker, (START, START + 60), sick);
    assert_eq!(told(&all), ["0 firing critical containers.unhealthy[api]"]);
    let gone = run(&mut engine, &mut docker, (START + 60, START + 360), |_| {
        vec![Payload::Containers(Vec::new())]
    });
    assert_eq!(told(&gone), ["4 gone critical containers.unhealthy[api]"]);
    let loops = run(&mut engine, &mut docker, (START + 360, START + 560), |secs| {
        let id = ((secs - START) / 60).to_string();
        vec![Payload::Containers(vec![container("api", &id, Health::Healthy)])]
    });
    let expected = [
        "9 pending warning containers.restarting[api]",
        "9 firing warning containers.restarting[api]",
    ];
    assert_eq!(told(&loops), expected);
}

#[test]
fn a_container_that_its_engine_starts_again_and_again_is_an_alert() {
    let (mut engine, mut docker) = (Engine::new(Rules::built_in()), Machine::new("docker-1"));
    let all = run(&mut engine, &mut docker, (START, START + 600), |secs| {
        // It keeps its id, and its uptime never comes beyond three minutes.
        let up = (secs - START) % 180;
        let uptime = if up < 60 { format!("{up} secs") } else { format!("{} mins", up / 60) };
        let api = container("api", "a", Health::Healthy);
        vec![Payload::Containers(vec![Container { uptime: Some(uptime), ..api }])]
    });
    let expected = [
        "9 pending warning containers.restarting[api]",
        "9 firing warning containers.restarting[api]",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn an_application_with_too_few_processes_is_an_alert() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    let amp = |count| {
        let (name, count, count_min) = ("nginx".to_owned(), Some(count), Some(1));
        vec![Payload::Amps(vec![Amp { name, count, count_min, ..Amp::default() }])]
    };
    let all =
        run(&mut engine, &mut web, (START, START + 60), |secs| amp(u64::from(secs < START + 20)));
    assert_eq!(
        told(&all),
        ["0 pending warning amps.out_of_range[nginx]", "0 firing warning amps.out_of_range[nginx]"]
    );
}

#[test]
fn load_is_judged_per_core_and_says_whether_it_waits_for_disks() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let all = run(&mut engine, &mut db, (START, START + minutes(11)), |_| {
        let cpu = Cpu { total: Some(30.0), iowait: Some(60.0), cores: Some(4), ..Cpu::default() };
        let load = Load { min5: Some(10.0), ..Load::default() };
        vec![Payload::Cpu(cpu), Payload::Load(load)]
    });
    let fired = all.iter().find(|it| it.change == Change::Firing).unwrap();
    assert_eq!((&*fired.alert.series, fired.alert.value), ("load.min5", 2.5));
    assert!(fired.alert.says.ends_with("it waits for disks: I/O wait 60 %"));
}

#[test]
fn pages_that_only_go_out_are_no_swap_storm() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let swap = |into: f64, out: f64| {
        let rate = |per_sec| Meter { per_sec: Some(per_sec), ..Meter::default() };
        let (swapped_in, swapped_out) = (rate(into), rate(out));
        vec![Payload::MemSwap(MemSwap { swapped_in, swapped_out, ..MemSwap::default() })]
    };
    // The catalogue's own limits of each direction are no rules.
    assert_eq!(run(&mut engine, &mut db, (START, START + minutes(9)), |_| swap(0.0, 5e6)), []);
    let storm =
        run(&mut engine, &mut db, (START + minutes(9), START + minutes(16)), |_| swap(5e6, 5e6));
    assert_eq!(told(&storm)[1], "14 firing warning memswap.storm");
}

#[test]
fn a_sensor_with_limits_of_its_own_is_judged_by_them() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let sensor = |label: &str, limits: [Option<f64>; 2]| Sensor {
        label: label.to_owned(),
        kind: "temperature_core".to_owned(),
        value: Some(85.0),
        unit: SensorUnit::Celsius,
        warning: limits[0],
        critical: limits[1],
        status: None,
    };
    let all = run(&mut engine, &mut db, (START, START + minutes(7)), |_| {
        let own = sensor("Package 0", [Some(95.0), Some(105.0)]);
        vec![Payload::Sensors(vec![own, sensor("nvme", [None, None])])]
    });
    let expected = [
        "1 pending warning sensors.temperature[nvme]",
        "5 firing warning sensors.temperature[nvme]",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn limits_of_glances_replace_ours_where_the_server_has_them() {
    let rules = || Rules::new(&[], Defaults::Glances).ok().unwrap();
    let (mut engine, mut db) = (Engine::new(rules()), Machine::new("db-1"));
    let numbers = [("mem_warning", 30.0), ("mem_critical", 60.0)];
    let numbers: BTreeMap<String, f64> =
        numbers.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let limits = Limits { numbers: [("mem".to_owned(), numbers)].into() };
    db.snapshot.limits = Arc::new(limits);
    let all =
        run(&mut engine, &mut db, (START, START + minutes(12)), |_| vec![mem(50.0), cpu(97.0)]);
    let fired: Vec<_> = all.iter().filter(|it| it.change == Change::Firing).cloned().collect();
    assert_eq!(told(&fired), ["10 firing warning cpu.total", "10 firing warning mem.percent"]);
    assert_eq!(fired[1].alert.threshold, 30.0);
}

#[test]
fn own_thresholds_replace_the_built_in_ones_for_what_they_name() {
    let mut engine = engine_of(&[
        Threshold { for_secs: Some(0), ..own("fs.percent[/data*]", 50.0, 60.0) },
        Threshold { careful: Some(10.0), for_secs: Some(120), ..own("mem.percent", 99.0, 99.5) },
        Threshold { servers: vec!["web-*".into()], for_secs: Some(0), ..own("cpu", 1.0, 2.0) },
    ]);
    let mut db = Machine::new("db-1");
    let all = run(&mut engine, &mut db, (START, START + minutes(4)), |_| {
        let disks = vec![fs("/", "/dev/vda", 70.0), fs("/data1", "/dev/vdb", 70.0)];
        vec![mem(94.0), cpu(50.0), Payload::Fs(disks)]
    });
    let expected = [
        "0 firing critical fs.percent[/data1]",
        "1 pending careful mem.percent",
        "2 firing careful mem.percent",
    ];
    assert_eq!(told(&all), expected);
    assert_eq!(all[0].alert.rule, "fs.percent[/data*]");
}

#[test]
fn changed_rules_keep_what_fires_and_judge_it_anew() {
    let at_once = |limit: f64| Threshold {
        for_secs: Some(0),
        clear_after_secs: Some(60),
        ..own("mem.percent", limit, limit + 1.0)
    };
    let (mut engine, mut db) = (engine_of(&[at_once(40.0)]), Machine::new("db-1"));
    let all = run(&mut engine, &mut db, (START, START + 60), |_| vec![mem(50.0)]);
    assert_eq!(told(&all), ["0 firing critical mem.percent"]);
    engine.set_rules(Rules::new(&[at_once(80.0)], Defaults::Ours).ok().unwrap());
    let later = run(&mut engine, &mut db, (START + 60, START + 240), |_| vec![mem(50.0)]);
    assert_eq!(told(&later), ["2 resolved critical mem.percent"]);
    assert_eq!(later[0].alert.id, all[0].alert.id);
}

#[test]
fn what_turns_all_the_time_is_one_alert_that_flaps() {
    let quick = Threshold {
        for_secs: Some(0),
        clear_after_secs: Some(0),
        ..own("mem.percent", 50.0, 90.0)
    };
    let (mut engine, mut db) = (engine_of(&[quick]), Machine::new("db-1"));
    // Each turn would end and begin an alert.
    let turning = |secs: i64| vec![mem(if (secs / 10) % 2 == 0 { 60.0 } else { 10.0 })];
    let all = run(&mut engine, &mut db, (START, START + minutes(30)), turning);
    // Half of all changes are not known before there were ten.
    let began: Vec<_> = all.iter().filter(|it| it.change == Change::Firing).collect();
    assert!(began.len() <= 5 && began.iter().all(|it| it.at < START + 120), "{:?}", told(&all));
    assert_eq!(all.iter().filter(|it| it.change == Change::Flapping).count(), 1);
    assert!(engine.open().all(|it| it.flapping));
    let calm =
        run(&mut engine, &mut db, (START + minutes(30), START + minutes(40)), |_| vec![mem(10.0)]);
    assert_eq!(told(&calm).len(), 1);
    assert_eq!(engine.open().count(), 0);
}

#[test]
fn a_clock_that_is_wrong_is_an_alert_when_somebody_knows() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    let mut all = Vec::new();
    for secs in (START..START + 60).step_by(10) {
        let snapshot = db.answer(secs, vec![cpu(1.0)]);
        let observation = Observation { snapshot, secs, clock_skew_secs: Some(-90.0) };
        all.extend(engine.observe(&observation));
    }
    assert_eq!(told(&all)[1], "0 firing warning server.clock_skew");
}

#[test]
fn a_server_that_refuses_us_is_one_alert_and_not_down() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + 60), |_| vec![raid(1)]);
    let mut all = Vec::new();
    for secs in (START + 60..START + 120).step_by(10) {
        db.fail(secs);
        db.snapshot.reach.error = Some(FetchError::Auth { status: 401 });
        all.extend(observe(&mut engine, &db.snapshot, secs));
    }
    let expected = [
        "1 pending warning server.auth_failed",
        "1 firing warning server.auth_failed",
        "1 hidden critical raid.degraded[md0] (suppressed)",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn thresholds_are_checked_against_one_snapshot_without_waiting() {
    let mut db = Machine::new("db-1");
    let rules = Rules::new(&[own("mem.percent", 30.0, 60.0)], Defaults::Ours).ok().unwrap();
    let snapshot = db.answer(START, vec![mem(50.0), cpu(97.0), raid(2)]);
    let found = check(&rules, snapshot, START);
    let found: Vec<_> = found.iter().map(|it| (&*it.series, it.severity, it.threshold)).collect();
    let expected =
        [("cpu.total", Severity::Critical, 95.0), ("mem.percent", Severity::Warning, 30.0)];
    assert_eq!(found, expected);
}

#[test]
fn the_limits_of_a_series_are_those_of_the_rule_that_holds_for_it() {
    let mut db = Machine::new("db-1");
    let mut load = own("load.min5", 2.0, 4.0);
    load.per_core = true;
    let given = [own("fs.percent[/var]", 50.0, 60.0), load];
    let rules = Rules::new(&given, Defaults::Ours).ok().unwrap();
    let snapshot = db.answer(START, vec![mem(50.0)]);
    let of = |series| limits(&rules, snapshot, series);
    let severe = [Severity::Warning, Severity::Critical];
    let both = |values: [f64; 2]| severe.into_iter().zip(values).collect::<Vec<_>>();
    assert_eq!(of("fs.percent[/var]"), both([50.0, 60.0]));
    assert_eq!(of("cpu.total"), both([85.0, 95.0]));
    assert_ne!(of("fs.percent[/]"), both([50.0, 60.0]));
    // Without the number of cores nothing can be said of what is counted by them.
    assert_eq!(of("load.min5"), []);
    assert_eq!(of("cpu.user"), []);
}

#[test]
fn an_alert_whose_series_never_comes_back_after_a_restart_is_gone_in_the_end() {
    let (mut engine, mut web) = (Engine::new(Rules::built_in()), Machine::new("web-1"));
    run(&mut engine, &mut web, (START, START + minutes(4)), |_| vec![mem(97.0)]);
    assert_eq!(engine.open().count(), 1);
    let mut engine = Engine::restore(Rules::built_in(), reread(&engine.saved()));
    // What was pending is not counted any more, and memory is not served any more.
    web.snapshot.readings = crate::snapshot::Readings::default();
    let all =
        run(&mut engine, &mut web, (START + minutes(4), START + minutes(70)), |_| vec![cpu(1.0)]);
    assert_eq!(told(&all), ["64 dropped critical mem.percent"]);
}

#[test]
fn a_given_clear_limit_is_where_the_alert_ends_and_critical_eases_before() {
    let held = Threshold {
        for_secs: Some(0),
        clear_after_secs: Some(60),
        clear: Some(50.0),
        ..own("mem.percent", 70.0, 90.0)
    };
    let (mut engine, mut db) = (engine_of(&[held]), Machine::new("db-1"));
    let all = run(&mut engine, &mut db, (START, START + minutes(15)), |secs| {
        let minute = (secs - START) / 60;
        vec![mem(if minute < 2 {
            95.0
        } else if minute < 6 {
            60.0
        } else {
            40.0
        })]
    });
    let expected = [
        "0 firing critical mem.percent",
        "3 eased warning mem.percent",
        "7 resolved critical mem.percent",
    ];
    assert_eq!(told(&all), expected);
}

#[test]
fn a_clock_that_is_set_back_is_a_gap_and_no_more() {
    let (mut engine, mut db) = (Engine::new(Rules::built_in()), Machine::new("db-1"));
    run(&mut engine, &mut db, (START, START + minutes(12)), |_| vec![cpu(97.0), raid(1)]);
    let back = START - 3_600;
    let held = run(&mut engine, &mut db, (back, back + minutes(5)), |_| vec![cpu(97.0), raid(1)]);
    assert_eq!(held, []);
    let over = run(&mut engine, &mut db, (back + minutes(5), back + minutes(60)), |_| {
        vec![cpu(1.0), raid(2)]
    });
    assert_eq!(over.iter().filter(|it| it.change == Change::Resolved).count(), 2);
    assert_eq!(engine.open().count(), 0);
}
