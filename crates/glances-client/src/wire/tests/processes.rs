//! Processes and programs: positional arrays, concatenated counters, placeholders.

use super::*;
use crate::model::{Extended, Process, ProcessMemory};

fn processes(folder: &str) -> Vec<Process> {
    let payload = decode(&format!("{folder}/processlist.json"), Plugin::ProcessList);
    payload.processes().unwrap().clone()
}

fn programs(folder: &str) -> Vec<Process> {
    let payload = decode(&format!("{folder}/programlist.json"), Plugin::ProgramList);
    payload.programs().unwrap().clone()
}

fn io(total: f64, before: f64, interval: f64) -> Meter {
    Meter { total: Some(total), per_sec: Some((total - before) / interval) }
}

#[test]
fn a_process_of_api_3_is_read_by_position() {
    let window = 3.4432144165039062;
    let expected = Process {
        pid: Some(19936),
        name: "python".to_owned(),
        command: Some("python REDACTED".to_owned()),
        user: Some("root".to_owned()),
        status: Some('R'),
        nice: Some(0),
        threads: Some(2),
        cpu_percent: Some(62.3),
        memory_percent: Some(0.16316869753816046),
        memory: ProcessMemory {
            rss: Some(41_242_624),
            vms: Some(156_573_696),
            shared: Some(13_737_984),
            text: Some(4096),
            data: Some(105_664_512),
        },
        cpu_user_secs: Some(8.82),
        cpu_system_secs: Some(0.06),
        io_read: io(38_395_904.0, 37_232_640.0, window),
        io_write: io(2_560_000.0, 1_769_472.0, window),
        processes: 1,
        children: Vec::new(),
    };
    assert_eq!(processes("3.4.0.5")[0], expected);
}

#[test]
fn a_process_of_api_4_is_read_by_name() {
    let window = 3.420225143432617;
    let found = &processes("4.5.8")[0];
    assert_eq!((found.pid, found.name.as_str()), (Some(13002), "glances"));
    assert!(found.command.as_ref().unwrap().ends_with("-t 2 -C conf/458-docker.conf"));
    assert_eq!((found.status, found.nice), (Some('S'), Some(10)));
    assert_eq!((found.threads, found.cpu_percent), (Some(8), Some(4.7)));
    let memory = ProcessMemory {
        rss: Some(105_607_168),
        vms: Some(950_894_592),
        shared: Some(28_155_904),
        text: Some(4096),
        data: Some(173_920_256),
    };
    assert_eq!(found.memory, memory);
    assert_eq!((found.cpu_user_secs, found.cpu_system_secs), (Some(1.62), Some(0.16)));
    assert_eq!(found.io_read, io(7_577_600.0, 7_446_528.0, window));
    assert_eq!(found.io_write, io(12_288.0, 12_288.0, window));
}

#[test]
fn a_process_keeps_its_own_counters_where_those_of_its_program_follow() {
    let window = 6.354763746261597;
    let found = &processes("4.3.3")[0];
    assert_eq!(found.pid, Some(18620));
    assert_eq!(found.io_read, io(1_835_008.0, 1_720_320.0, window));
    assert_eq!(found.io_write, io(12_288.0, 8192.0, window));
    let found = &processes("5-python-preview")[0];
    assert_eq!(found.io_read.total, Some(13_340_672.0));
}

#[test]
fn the_counters_of_a_program_are_the_sum_of_its_processes() {
    let window = 6.354763746261597;
    let read = 1_835_008.0 + 7_651_328.0 + 1_933_312.0 + 1_310_720.0;
    let found = &programs("4.3.3")[0];
    assert_eq!((found.name.as_str(), found.pid, found.processes), ("glances", None, 4));
    assert_eq!(found.children, [18620, 13002, 18623, 18634]);
    assert_eq!(found.command, None);
    assert_eq!(found.io_read.total, Some(read));
    let per_sec = found.io_read.per_sec.unwrap();
    assert!((per_sec - (1_835_008.0 - 1_720_320.0) / window).abs() < 1e-6, "{per_sec}");
    assert_eq!((found.cpu_percent, found.threads), (Some(4.0), Some(30)));
    assert_eq!(found.memory.rss, Some(302_329_856));

    let found = &programs("4.5.8")[0];
    assert_eq!(found.io_read, io(17_104_896.0, 16_973_824.0, 3.420225143432617));
    let found = &programs("5-python-preview")[0];
    assert_eq!((found.name.as_str(), found.processes), ("rustc", 3));
    assert_eq!(found.nice, None);
    assert_eq!(found.io_read.total, Some(13_340_672.0 + 1_675_264.0 + 25_354_240.0));
}

#[test]
fn every_process_of_a_recording_is_there() {
    let counts =
        [("3.4.0.5", 120), ("4.0.8", 97), ("4.3.3", 124), ("4.5.8", 117), ("5-python-preview", 95)];
    for (folder, count) in counts {
        let found = processes(folder);
        assert_eq!(found.len(), count, "{folder}");
        assert!(found.iter().all(|it| it.pid.is_some() && !it.name.is_empty()), "{folder}");
        assert!(found.iter().any(|it| it.command.is_none()), "kernel threads of {folder}");
        assert!(found.iter().all(|it| it.memory.rss.is_some()), "{folder}");
        assert!(found.iter().all(|it| it.cpu_user_secs.is_some()), "{folder}");
    }
    for (folder, count) in [("4.3.3", 82), ("4.5.8", 78), ("5-python-preview", 74)] {
        assert_eq!(programs(folder).len(), count, "{folder}");
    }
}

#[test]
fn what_the_processes_of_a_program_differ_in_is_none() {
    let sleep = programs("4.3.3").into_iter().find(|it| it.name == "sleep").unwrap();
    assert_eq!((sleep.pid, sleep.nice, sleep.status), (None, None, None));
    assert_eq!((sleep.processes, sleep.user.as_deref()), (3, Some("root")));
}

#[test]
fn counters_of_a_process_seen_first_have_no_rate_and_hidden_ones_no_total() {
    let text = r#"[
        {"pid": 1, "name": "new", "io_counters": [100, 200, 0, 0, 0], "time_since_update": 2.0},
        {"pid": 2, "name": "denied", "io_counters": [0, 0, 0, 0, 0], "time_since_update": 2.0},
        {"pid": 3, "name": "fast", "io_counters": [9, 9, 1, 1, 1], "time_since_update": 0.1},
        {"pid": 4, "name": "short", "io_counters": [9, 9, 1], "time_since_update": 2.0},
        {"pid": 5, "name": "none", "io_counters": null, "cmdline": null, "username": null},
        {"pid": 6, "name": "reused", "io_counters": [5, 5, 9, 1, 1], "time_since_update": 2.0}
    ]"#;
    let payload = decode_text(ApiVersion::V4, Plugin::ProcessList, text).unwrap();
    let found: Vec<_> =
        payload.processes().unwrap().iter().map(|it| (it.io_read, it.io_write)).collect();
    let none = Meter::default();
    let expected = [
        (counted(100.0), counted(200.0)),
        (none, none),
        (counted(9.0), counted(9.0)),
        (none, none),
        (none, none),
        (counted(5.0), io(5.0, 1.0, 2.0)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_filter_sees_a_command_line_as_one_text() {
    fn shout(text: &str) -> String {
        format!("<{text}>")
    }
    let decoder = Decoder { filter: shout, ..decoder(ApiVersion::V4, None) };
    let text = br#"[{"pid": 1, "name": "sh", "cmdline": ["sh", "-c", "x y"], "status": "S"}]"#;
    let payload = decoder.payload(Plugin::ProcessList, text).unwrap();
    let found = &payload.processes().unwrap()[0];
    assert_eq!(found.command.as_deref(), Some("<sh -c x y>"));
    assert_eq!(found.name, "<sh>");
}

#[test]
fn the_extended_record_is_read_once_it_is_filled() {
    let expected = Extended {
        pid: Some(9366),
        open_files: Some(11),
        handles: None,
        tcp_sockets: Some(2),
        udp_sockets: Some(0),
        cpu_affinity: vec![0, 1],
        ionice: Some((0, 0)),
        memory_swap: Some(0),
        voluntary_switches: Some(562),
        involuntary_switches: Some(298),
        cpu_min_mean_max: Some((0.3, 2.1, 5.1)),
    };
    let decoder = decoder(ApiVersion::V4, None);
    let decode = |file: &str| decoder.extended(&body(file)).unwrap();
    assert_eq!(decode("4.5.8/extended/get_extended.json"), Some(expected.clone()));
    assert_eq!(decode("4.5.8/extended/get_pid.json"), Some(expected));
    let older = decode("4.3.3/extended/get_extended.json").unwrap();
    assert_eq!((older.open_files, older.voluntary_switches), (Some(9), Some(569)));
    for folder in ["4.3.3", "4.5.8"] {
        assert_eq!(decode(&format!("{folder}/extended/get_extended_after_disable.json")), None);
        assert!(decoder.extended(&body(&format!("{folder}/extended/post_set.json"))).is_err());
    }
}
