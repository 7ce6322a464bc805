//! Every recorded body, its values asserted.

use super::*;
use crate::model::{
    CheckOutcome, Cloud, Core, Cpu, Disk, Event, Filesystem, Folder, Gpu, Interface, Ip, Irq, Load,
    Mem, MemSwap, Npu, PortCheck, ProcessCount, QuickLook, RaidArray, Sensor, SensorUnit,
    SmartAttribute, SmartDisk, System, Vm, Wifi,
};

const ALL: [&str; 6] =
    ["3.4.0.5", "4.0.8", "4.3.3", "4.5.8", "5-python-preview", "5-glances-rs-0.4.1"];

#[test]
fn every_recorded_plugin_body_decodes_as_its_plugin() {
    let mut seen = 0;
    for (folder, api, version) in RECORDED {
        for &plugin in Plugin::ALL {
            let file = format!("{folder}/{plugin}.json");
            if !fixtures().join(&file).exists() {
                continue;
            }
            let payload = decoder(api, version).payload(plugin, &body(&file));
            assert_eq!(payload.as_ref().map(Payload::plugin), Ok(plugin), "{file}");
            seen += 1;
        }
    }
    assert_eq!(seen, 143);
}

#[test]
fn cpu_shares_are_as_served_except_in_a_first_sample() {
    let sampled = |total, user, system, idle, nice, steal| Cpu {
        total: Some(total),
        user: Some(user),
        system: Some(system),
        idle: Some(idle),
        iowait: Some(0.0),
        nice: Some(nice),
        irq: Some(0.0),
        steal: Some(steal),
        guest: Some(0.0),
        cores: Some(2),
        ..Cpu::default()
    };
    let window = 3.434917449951172;
    let expected = [
        Cpu {
            softirq: Some(0.1),
            window_secs: Some(window),
            ctx_switches: served(6659.0 / window),
            interrupts: served(3488.0 / window),
            soft_interrupts: served(1743.0 / window),
            ..sampled(100.0, 93.3, 3.3, 0.0, 2.2, 1.0)
        },
        Cpu {
            cores: Some(2),
            ctx_switches: counted(8_707_818.0),
            interrupts: counted(4_077_046.0),
            soft_interrupts: counted(1_534_445.0),
            window_secs: Some(3.3389532566070557),
            ..Cpu::default()
        },
        Cpu {
            ctx_switches: counted(3_304_001.0),
            interrupts: counted(1_327_622.0),
            soft_interrupts: counted(634_688.0),
            window_secs: Some(3.479529857635498),
            ..sampled(100.0, 87.2, 8.3, 0.0, 2.2, 2.2)
        },
        Cpu {
            ctx_switches: counted(3_084_056.0),
            interrupts: counted(1_226_510.0),
            soft_interrupts: counted(582_222.0),
            window_secs: Some(3.268094778060913),
            ..sampled(99.8, 82.7, 14.5, 0.2, 2.1, 0.5)
        },
        Cpu {
            ctx_switches: served(1739.614199148157),
            interrupts: served(698.5419818048999),
            soft_interrupts: served(579.2056460998456),
            window_secs: Some(2.0027429079999592),
            ..sampled(100.0, 10.0, 2.0, 0.0, 8.0, 0.0)
        },
        Cpu {
            ctx_switches: served(1792.3),
            interrupts: served(1099.3),
            soft_interrupts: served(685.1),
            window_secs: Some(0.251),
            ..sampled(100.0, 92.3, 5.8, 0.0, 0.0, 1.9)
        },
    ];
    for (folder, expected) in ALL.iter().zip(expected) {
        let payload = decode(&format!("{folder}/cpu.json"), Plugin::Cpu);
        assert_eq!(payload.cpu(), Some(&expected), "{folder}");
    }
    for folder in ["4.3.3", "4.5.8"] {
        let payload = decode(&format!("{folder}/first_sample/cpu.json"), Plugin::Cpu);
        let cpu = payload.cpu().unwrap();
        assert_eq!((cpu.total, cpu.idle, cpu.user), (None, None, None), "{folder}");
        assert!(cpu.ctx_switches.total > Some(6_000_000.0), "{folder}");
    }
}

#[test]
fn a_total_holds_where_its_shares_were_not_sampled() {
    // As seen on 4.0.8 under full load.
    let text = r#"{"total": 99.9, "user": 0.0, "system": 0.0, "idle": 0.0, "steal": 0.0}"#;
    let payload = decode_text(ApiVersion::V4, Plugin::Cpu, text).unwrap();
    let expected = Cpu { total: Some(99.9), ..Cpu::default() };
    assert_eq!(payload.cpu(), Some(&expected));
    let first = r#"{"total": 0.0, "user": 0.0, "idle": 0.0, "ctx_switches": 0,
        "time_since_update": 2.5}"#;
    let payload = decode_text(ApiVersion::V3, Plugin::Cpu, first).unwrap();
    let expected = Cpu { window_secs: Some(2.5), ..Cpu::default() };
    assert_eq!(payload.cpu(), Some(&expected));
}

#[test]
fn cores_are_listed_and_one_that_was_not_sampled_has_no_shares() {
    let expected = [
        ("3.4.0.5", Some((100.0, 95.4, 0.9))),
        ("4.0.8", None),
        ("4.3.3", Some((100.0, 87.8, 2.3))),
        ("4.5.8", Some((100.0, 79.2, 0.6))),
        ("5-python-preview", Some((100.0, 45.5, 0.0))),
    ];
    for (folder, first) in expected {
        let payload = decode(&format!("{folder}/percpu.json"), Plugin::PerCpu);
        let cores = payload.cores().unwrap();
        assert_eq!(cores.iter().map(|core| core.number).collect::<Vec<_>>(), [0, 1], "{folder}");
        let shares = cores[0].total.zip(cores[0].user).zip(cores[0].steal);
        assert_eq!(shares.map(|((total, user), steal)| (total, user, steal)), first, "{folder}");
    }
}

#[test]
fn memory_used_is_what_is_not_available_and_free_is_only_the_kernels() {
    let mem = |available, free, cached| (25_276_063_744 - available, available, free, cached);
    let expected = [
        mem(23_588_380_672, None, 6_883_102_720),
        mem(23_312_248_832, None, 2_203_938_816),
        mem(23_824_068_608, None, 6_982_758_400),
        mem(24_002_441_216, Some(17_556_660_224), 6_737_219_584),
        mem(23_481_630_720, Some(18_348_638_208), 5_367_123_968),
        // Serves `used` without the caches: 976515072.
        mem(23_969_996_800, Some(18_733_948_928), 5_427_273_728),
    ];
    for (folder, (used, available, free, cached)) in ALL.iter().zip(expected) {
        let payload = decode(&format!("{folder}/mem.json"), Plugin::Mem);
        let mem = payload.mem().unwrap();
        assert_eq!(mem.total, Some(25_276_063_744), "{folder}");
        assert_eq!(mem.available, Some(available), "{folder}");
        assert_eq!(mem.used, Some(used), "{folder}");
        assert_eq!(mem.free, free, "{folder}");
        assert_eq!(mem.cached, Some(cached), "{folder}");
        assert_eq!(mem.wired, None, "{folder}");
    }
    let all = decode("4.5.8/mem.json", Plugin::Mem);
    let expected = Mem {
        total: Some(25_276_063_744),
        available: Some(24_002_441_216),
        used: Some(1_273_622_528),
        free: Some(17_556_660_224),
        percent: Some(5.0),
        active: Some(2_085_888_000),
        inactive: Some(4_808_306_688),
        buffers: Some(88_547_328),
        cached: Some(6_737_219_584),
        shared: Some(53_071_872),
        wired: None,
    };
    assert_eq!(all.mem(), Some(&expected));
}

#[test]
fn swap_counts_bytes_before_api_5_and_serves_rates_there() {
    for (folder, api, _) in RECORDED {
        let meter = if api == ApiVersion::V5 { served(0.0) } else { counted(0.0) };
        let expected = MemSwap {
            total: Some(0),
            used: Some(0),
            free: Some(0),
            percent: Some(0.0),
            swapped_in: meter,
            swapped_out: meter,
        };
        let payload = decode(&format!("{folder}/memswap.json"), Plugin::MemSwap);
        assert_eq!(payload.swap(), Some(&expected), "{folder}");
    }
}

#[test]
fn load_is_as_served() {
    let expected = [
        (5.32080078125, 4.28564453125, 2.470703125),
        (8.1064453125, 8.1787109375, 6.15185546875),
        (5.4130859375, 4.248046875, 2.4287109375),
        (5.60498046875, 4.04931640625, 2.22998046875),
        (4.3681640625, 3.2900390625, 1.6201171875),
        (4.04, 3.0, 1.42),
    ];
    for (folder, (min1, min5, min15)) in ALL.iter().zip(expected) {
        let payload = decode(&format!("{folder}/load.json"), Plugin::Load);
        let expected =
            Load { min1: Some(min1), min5: Some(min5), min15: Some(min15), cores: Some(2) };
        assert_eq!(payload.load(), Some(&expected), "{folder}");
    }
}

#[test]
fn filesystems_have_their_sizes_and_say_read_only_where_options_are_served() {
    let expected = [
        ("3.4.0.5", 2, 23_244_214_272, 74_328_535_040, 23.8, None),
        ("4.0.8", 1, 28_374_052_864, 69_198_696_448, 29.1, None),
        ("4.3.3", 2, 23_211_933_696, 74_360_815_616, 23.8, Some(false)),
        ("4.5.8", 2, 22_513_963_008, 75_058_786_304, 23.1, Some(false)),
        ("5-python-preview", 1, 20_223_148_032, 77_349_601_280, 20.7, Some(false)),
        ("5-glances-rs-0.4.1", 1, 192_642_170_880, 77_911_003_136, 71.2, None),
    ];
    for (folder, count, used, free, percent, read_only) in expected {
        let payload = decode(&format!("{folder}/fs.json"), Plugin::Fs);
        let filesystems = payload.filesystems().unwrap();
        assert_eq!(filesystems.len(), count, "{folder}");
        let expected = Filesystem {
            mount: "/".to_owned(),
            device: "/dev/vda".to_owned(),
            kind: "ext4".to_owned(),
            size: Some(270_553_174_016),
            used: Some(used),
            free: Some(free),
            percent: Some(percent),
            read_only,
        };
        assert_eq!(filesystems[0], expected, "{folder}");
    }
}

#[test]
fn a_filesystem_is_read_only_by_the_whole_word() {
    let options = [("ro,relatime", true), ("rw,ro", true), ("rw,errors=remount-ro", false)];
    for (options, read_only) in options {
        let text = format!(r#"[{{"mnt_point": "/", "options": "{options}"}}]"#);
        let payload = decode_text(ApiVersion::V4, Plugin::Fs, &text).unwrap();
        assert_eq!(payload.filesystems().unwrap()[0].read_only, Some(read_only), "{options}");
    }
}

#[test]
fn disks_have_counters_on_api_4_and_served_rates_elsewhere() {
    let window = 3.4445860385894775;
    let none = Meter::default();
    let expected = [
        (
            "3.4.0.5",
            [210.0, 51.0, 1_728_512.0, 85_245_952.0].map(|delta| served(delta / window)),
            [none, none],
        ),
        (
            "4.0.8",
            [479_305.0, 3_178_267.0, 15_352_521_728.0, 195_215_478_784.0].map(counted),
            [none, none],
        ),
        (
            "4.3.3",
            [179_909.0, 42_392.0, 5_604_668_416.0, 13_725_429_760.0].map(counted),
            [none, none],
        ),
        (
            "4.5.8",
            [158_415.0, 39_625.0, 5_318_489_088.0, 12_185_284_608.0].map(counted),
            [127_332.0, 386_446.0].map(counted),
        ),
        (
            "5-python-preview",
            [11.993210427699156, 0.999434202308263, 61405.237389819675, 12281.047477963935]
                .map(served),
            [none, none],
        ),
        ("5-glances-rs-0.4.1", [served(0.0); 4], [none, none]),
        // The server had no previous sample: what it serves as increase is the counter itself.
        ("4.5.8/first_sample", [none; 4], [none, none]),
        (
            "4.3.3/first_sample",
            [450_458.0, 1_708_408.0, 13_598_233_600.0, 99_970_703_360.0].map(counted),
            [none, none],
        ),
    ];
    for (folder, [reads, writes, read, written], [read_time, write_time]) in expected {
        let payload = decode(&format!("{folder}/diskio.json"), Plugin::DiskIo);
        let disk = payload.disks().unwrap().iter().find(|disk| disk.name == "vda").unwrap();
        let expected = Disk {
            name: "vda".to_owned(),
            read_count: reads,
            write_count: writes,
            read_bytes: read,
            write_bytes: written,
            read_time_ms: read_time,
            write_time_ms: write_time,
        };
        assert_eq!(disk, &expected, "{folder}");
    }
}

#[test]
fn an_increase_over_no_measured_interval_is_no_rate() {
    // Glances 3 serves the integer 1 before it has measured an interval.
    for interval in ["1", "0.3", "null", "\"3.0\"", "-2.0", "0.0"] {
        let text = format!(
            r#"[{{"disk_name": "vda", "read_bytes": 13596513280, "time_since_update": {interval}}}]"#
        );
        let payload = decode_text(ApiVersion::V3, Plugin::DiskIo, &text).unwrap();
        assert_eq!(payload.disks().unwrap()[0].read_bytes, Meter::default(), "{interval}");
    }
}

#[test]
fn interfaces_have_counters_before_api_5_and_a_state_where_served() {
    let zero = served(0.0);
    let counts = |folder, count, recv, sent, is_up| {
        let interface = Interface {
            name: "eth0".to_owned(),
            bytes_recv: counted(recv),
            bytes_sent: counted(sent),
            is_up,
            ..Interface::default()
        };
        (folder, count, interface)
    };
    let rates = |folder, count, packets| {
        let interface = Interface {
            name: "eth0".to_owned(),
            bytes_recv: zero,
            bytes_sent: zero,
            errors_in: packets,
            errors_out: packets,
            dropped_in: packets,
            dropped_out: packets,
            is_up: Some(true),
            ..Interface::default()
        };
        (folder, count, interface)
    };
    let expected = [
        counts("3.4.0.5", 4, 1_348_897_919.0, 4_708_974.0, Some(true)),
        counts("4.0.8", 4, 1_655_314_297.0, 5_603_997.0, None),
        counts("4.3.3", 2, 1_348_897_919.0, 4_708_974.0, None),
        counts("4.5.8", 2, 1_343_383_334.0, 4_657_960.0, None),
        counts("4.3.3/first_sample", 2, 1_542_879_699.0, 5_259_676.0, None),
        counts("4.5.8/first_sample", 2, 1_542_879_699.0, 5_259_676.0, None),
        rates("5-python-preview", 4, zero),
        rates("5-glances-rs-0.4.1", 3, Meter::default()),
    ];
    for (folder, count, expected) in expected {
        let payload = decode(&format!("{folder}/network.json"), Plugin::Network);
        let interfaces = payload.interfaces().unwrap();
        assert_eq!(interfaces.len(), count, "{folder}");
        let found = interfaces.iter().find(|interface| interface.name == "eth0").unwrap();
        assert_eq!(found, &expected, "{folder}");
    }
}

#[test]
fn a_gigabit_link_is_a_gigabit_on_every_api() {
    let table = [
        (ApiVersion::V3, r#"[{"interface_name": "e", "speed": 1048576000, "alias": "wan"}]"#),
        (ApiVersion::V4, r#"[{"interface_name": "e", "speed": 1048576000, "alias": "wan"}]"#),
        (
            ApiVersion::V5,
            r#"{"data": [{"interface_name": "e", "bytes_speed_rate_per_sec": 62500000.0,
                "alias": "wan", "speed": 1000000000}]}"#,
        ),
    ];
    for (api, text) in table {
        let payload = decode_text(api, Plugin::Network, text).unwrap();
        let interface = &payload.interfaces().unwrap()[0];
        assert_eq!(interface.speed_bits, Some(1e9), "{api}");
        assert_eq!(interface.alias.as_deref(), Some("wan"), "{api}");
    }
}

#[test]
fn identity_cores_and_uptime_are_as_served() {
    let uptimes = [1089.0, 2792.0, 1075.0, 1003.0, 793.0, 731.0];
    for (folder, uptime) in ALL.iter().zip(uptimes) {
        let payload = decode(&format!("{folder}/system.json"), Plugin::System);
        let expected = System {
            hostname: "host-1".to_owned(),
            os_name: "Linux".to_owned(),
            os_version: Some("6.18.44-amd64".to_owned()),
            distro: Some("Debian GNU/Linux 12".to_owned()),
            platform: Some("64bit".to_owned()),
        };
        assert_eq!(payload.system(), Some(&expected), "{folder}");
        let payload = decode(&format!("{folder}/uptime.json"), Plugin::Uptime);
        assert_eq!(payload.uptime_secs(), Some(&uptime), "{folder}");
    }
    for folder in &ALL[..5] {
        let payload = decode(&format!("{folder}/core.json"), Plugin::Core);
        let expected = Core { physical: Some(2), logical: Some(2) };
        assert_eq!(payload.core(), Some(&expected), "{folder}");
        let payload = decode(&format!("{folder}/quicklook.json"), Plugin::QuickLook);
        let expected =
            QuickLook { cpu_name: Some("AMD EPYC".to_owned()), cpu_hz: Some(2_245_780_000.0) };
        assert_eq!(payload.quicklook(), Some(&expected), "{folder}");
    }
    for (folder, version) in
        [("4.0.8", "4.0.8"), ("4.3.3", "4.3.3"), ("4.5.8", "4.5.8"), (ALL[4], "4.5.6_dev01")]
    {
        let payload = decode(&format!("{folder}/version.json"), Plugin::Version);
        assert_eq!(payload.version().map(String::as_str), Some(version));
    }
}

#[test]
fn process_counts_are_as_served() {
    let expected = [(120, 2, 79, 259), (97, 6, 55, 134), (119, 1, 79, 258), (117, 2, 76, 233)];
    let expected = expected.into_iter().chain([(95, 1, 55, 141)]);
    for (folder, (total, running, sleeping, threads)) in ALL.iter().zip(expected) {
        let payload = decode(&format!("{folder}/processcount.json"), Plugin::ProcessCount);
        let expected = ProcessCount {
            total: Some(total),
            running: Some(running),
            sleeping: Some(sleeping),
            threads: Some(threads),
        };
        assert_eq!(payload.process_count(), Some(&expected), "{folder}");
    }
}

#[test]
fn connections_are_counted_by_the_states_in_capitals() {
    let few = [("ESTABLISHED", 2), ("LISTEN", 7), ("SYN_RECV", 0), ("SYN_SENT", 0)];
    let expected = [
        ("3.4.0.5", few.to_vec()),
        ("4.0.8", [few[0], ("LISTEN", 3), few[2], few[3]].to_vec()),
        ("4.3.3", few.to_vec()),
        (
            "4.5.8",
            vec![
                ("CLOSE", 0),
                ("CLOSE_WAIT", 0),
                ("ESTABLISHED", 3),
                ("FIN_WAIT1", 0),
                ("FIN_WAIT2", 0),
                ("LAST_ACK", 0),
                ("LISTEN", 7),
                ("SYN_RECV", 0),
                ("SYN_SENT", 0),
                ("TIME_WAIT", 70),
            ],
        ),
    ];
    for (folder, states) in expected {
        let payload = decode(&format!("{folder}/connections.json"), Plugin::Connections);
        let connections = payload.connections().unwrap();
        let found: Vec<(&str, u64)> =
            connections.by_state.iter().map(|(state, &count)| (state.as_str(), count)).collect();
        assert_eq!(found, states, "{folder}");
        assert_eq!(connections.conntrack_count, Some(0.0), "{folder}");
        assert_eq!(connections.conntrack_max, Some(262_144.0), "{folder}");
        assert_eq!(connections.conntrack_percent, Some(0.0), "{folder}");
    }
    let denied = r#"{"net_connections_enabled": false, "nf_conntrack_enabled": false, "LISTEN": 0,
        "nf_conntrack_count": 0}"#;
    let payload = decode_text(ApiVersion::V4, Plugin::Connections, denied).unwrap();
    assert_eq!(payload.connections(), Some(&crate::model::Connections::default()));
}

#[test]
fn checks_are_up_down_or_not_tried_yet() {
    let check = |target: &str, port, description: &str, outcome, http_status, rtt_warning| {
        let (target, description) = (target.to_owned(), description.to_owned());
        PortCheck { target, port, description, outcome, http_status, rtt_warning }
    };
    let up = |seconds| CheckOutcome::Up { seconds: Some(seconds) };
    let expected = [
        ("3.4.0.5", up(0.00047), up(0.002106), Some(200)),
        ("4.0.8", CheckOutcome::Down, CheckOutcome::Down, None),
        ("4.3.3", up(0.000415), up(0.002018), Some(200)),
        ("4.5.8", up(5.1e-05), up(0.001974), Some(200)),
    ];
    for (folder, port, web, http_status) in expected {
        let payload = decode(&format!("{folder}/ports.json"), Plugin::Ports);
        let url = "http://127.0.0.1:61458/api/4/status";
        let expected = [
            check("127.0.0.1", Some(61458), "Local glances", port, None, Some(1.0)),
            check("127.0.0.1", Some(1), "Closed port", CheckOutcome::Down, None, None),
            check(url, None, "status page", web, http_status, Some(1.0)),
        ];
        assert_eq!(payload.ports().unwrap(), &expected, "{folder}");
    }
    let odd = r#"[
        {"host": "h", "port": 0, "status": null},
        {"host": "h", "port": 0, "status": true},
        {"host": "h", "port": "443", "status": 0},
        {"url": "https://u:secret@h/x", "status": null},
        {"url": "https://h", "status": 503, "elapsed": 0.2},
        {"url": "https://h", "status": "301", "elapsed": 0.2},
        {"port": 5}
    ]"#;
    let payload = decode_text(ApiVersion::V4, Plugin::Ports, odd).unwrap();
    let expected = [
        check("h", None, "", CheckOutcome::NotYet, None, None),
        check("h", None, "", CheckOutcome::Up { seconds: None }, None, None),
        check("h", Some(443), "", CheckOutcome::Down, None, None),
        check("https://h/x", None, "", CheckOutcome::NotYet, None, None),
        check("https://h", None, "", CheckOutcome::Down, Some(503), None),
        check("https://h", None, "", up(0.2), Some(301), None),
    ];
    assert_eq!(payload.ports().unwrap(), &expected);
}

#[test]
fn folders_are_bytes_and_one_that_cannot_be_read_has_no_size() {
    let expected = [("3.4.0.5", 5628), ("4.0.8", 12_172), ("4.3.3", 5628), ("4.5.8", 5628)];
    for (folder, size) in expected {
        let payload = decode(&format!("{folder}/folders.json"), Plugin::Folders);
        let folders = payload.folders().unwrap();
        assert_eq!(folders[0].size, Some(size), "{folder}");
        let megabytes = [2500, 3000, 3500].map(|mb: u64| Some(mb * 1_000_000));
        assert_eq!(folders[0].limits, megabytes, "{folder}");
        let expected = Folder {
            path: "/nonexistent-folder".to_owned(),
            size: None,
            limits: [None, None, None],
        };
        assert_eq!(folders[1], expected, "{folder}");
    }
}

#[test]
fn interrupts_of_a_line_are_per_second_whatever_the_release_serves() {
    // The increase over the interval before 4.5.8, the rate from there on.
    let expected = [
        ("3.4.0.5", 2855.0 / 3.4348607063293457),
        ("4.0.8", 1896.0 / 3.3457603454589844),
        ("4.3.3", 3174.0 / 3.4763388633728027),
        ("4.5.8", 880.0),
        ("4.3.3/first_sample", 2796.0 / 5.159749269485474),
        ("4.5.8/first_sample", 548.0),
    ];
    for (folder, per_sec) in expected {
        let payload = decode(&format!("{folder}/irq.json"), Plugin::Irq);
        let irqs = payload.irqs().unwrap();
        assert_eq!(irqs.len(), 5, "{folder}");
        assert_eq!(irqs[0], Irq { line: "LOC".to_owned(), per_sec: Some(per_sec) }, "{folder}");
    }
    let unknown = decoder(ApiVersion::V4, None);
    let payload = unknown.payload(Plugin::Irq, &body("4.5.8/irq.json")).unwrap();
    assert_eq!(payload.irqs().unwrap()[0].per_sec, None);
}

#[test]
fn events_agree_between_arrays_and_objects() {
    let payload = decode("3.4.0.5/alert.json", Plugin::Alert);
    let events = payload.alert().unwrap();
    let load = Event {
        kind: "LOAD".to_owned(),
        state: "WARNING".to_owned(),
        begin_secs: Some(1_795_378_296.0),
        end_secs: None,
        min_avg_max: (Some(1.2001953125), Some(1.2213541666666667), Some(1.2353515625)),
        count: Some(3),
        top: Vec::new(),
        message: None,
    };
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], load);
    assert_eq!(events[1].kind, "CPU_TOTAL");
    assert_eq!(events[1].top, ["python", "rustc", "rustc"]);

    let payload = decode("4.3.3/alert.json", Plugin::Alert);
    let events = payload.alert().unwrap();
    let cpu = Event {
        kind: "CPU_TOTAL".to_owned(),
        state: "CRITICAL".to_owned(),
        begin_secs: Some(1_795_378_298.0),
        end_secs: Some(1_795_378_304.0),
        min_avg_max: (Some(100.0), Some(100.0), Some(100.0)),
        count: Some(1),
        top: Vec::new(),
        message: Some("System overloaded in the last 5 minutes".to_owned()),
    };
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], cpu);
    assert_eq!(events[1].end_secs, None);
    let payload = decode("4.5.8/alert.json", Plugin::Alert);
    assert_eq!(payload.alert().unwrap()[0].min_avg_max.1, Some(1.09326171875));
    for folder in ["4.0.8", "5-python-preview", "5-glances-rs-0.4.1"] {
        let payload = decode(&format!("{folder}/alert.json"), Plugin::Alert);
        assert_eq!(payload.alert(), Some(&Vec::new()), "{folder}");
    }
}

#[test]
fn application_checks_are_as_configured() {
    for folder in &ALL[..4] {
        let payload = decode(&format!("{folder}/amps.json"), Plugin::Amps);
        let amps = payload.amps().unwrap();
        let names: Vec<&str> = amps.iter().map(|amp| amp.name.as_str()).collect();
        let expected = ["Dropbox", "Python", "Conntrack", "Nginx", "Systemd", "SystemV"];
        assert_eq!(names, expected, "{folder}");
        assert_eq!((amps[0].count, amps[0].count_min), (Some(0), Some(1)), "{folder}");
        assert_eq!((amps[1].count_min, amps[1].count_max), (None, Some(20)), "{folder}");
        assert!(amps.iter().all(|amp| amp.result.is_none()), "{folder}");
    }
}

#[test]
fn empty_bodies_are_empty_lists_whether_they_are_objects_or_lists() {
    let empty = [
        ("3.4.0.5", &["gpu", "raid", "sensors", "smart", "wifi"][..]),
        ("4.0.8", &["containers", "gpu", "raid", "sensors", "smart", "wifi"]),
        ("4.3.3", &["gpu", "raid", "sensors", "smart", "vms", "wifi"]),
        ("4.5.8", &["gpu", "npu", "raid", "sensors", "smart", "vms", "wifi"]),
    ];
    for (folder, plugins) in empty {
        for plugin in plugins {
            let file = format!("{folder}/{plugin}.json");
            let payload = decode(&file, Plugin::parse(plugin).unwrap());
            let empty = decode_text(decoder_of(&file).api, payload.plugin(), "[]").unwrap();
            assert_eq!(payload, empty, "{file}");
            let empty = decode_text(decoder_of(&file).api, payload.plugin(), "{}").unwrap();
            assert_eq!(payload, empty, "{file}");
        }
    }
    for folder in ["3.4.0.5", "4.0.8"] {
        let payload = decode(&format!("{folder}/ip.json"), Plugin::Ip);
        assert_eq!(payload.ip(), Some(&Ip::default()), "{folder}");
    }
}

#[test]
fn the_address_is_the_first_private_one() {
    for folder in ["4.3.3", "4.5.8"] {
        let payload = decode(&format!("{folder}/ip.json"), Plugin::Ip);
        let expected =
            Ip { address: Some("192.0.2.2".to_owned()), mask_bits: Some(24), public_address: None };
        assert_eq!(payload.ip(), Some(&expected), "{folder}");
    }
}

#[test]
fn graphics_and_neural_processors_are_decoded() {
    let gpu = |id: &str, name: &str, proc, mem, temperature| Gpu {
        id: id.to_owned(),
        name: name.to_owned(),
        processor_percent: proc,
        memory_percent: Some(mem),
        temperature: Some(temperature),
        fan_percent: None,
    };
    let expected = [
        ("amd", gpu("amd0", "AMD GPU", Some(10.0), 1.0, 24.0)),
        ("arm", gpu("arm0", "Mali (Panthor)", None, 50.0, 45.0)),
    ];
    for (vendor, expected) in expected {
        let file = format!("derived-not-recorded/gpu_{vendor}_4.5.8.json");
        assert_eq!(decode(&file, Plugin::Gpu).gpus().unwrap(), &[expected], "{file}");
    }
    let numbered = decode_text(ApiVersion::V3, Plugin::Gpu, r#"[{"gpu_id": 0, "name": "x"}]"#);
    assert_eq!(numbered.unwrap().gpus().unwrap()[0].id, "0");
    let payload = decode("derived-not-recorded/npu_4.5.8.json", Plugin::Npu);
    let expected = Npu {
        id: "intel_npu0".to_owned(),
        name: "Intel NPU".to_owned(),
        load_percent: Some(12.5),
        memory_percent: None,
        frequency_hz: Some(1.4e9),
        temperature: None,
        power: Some(3.5),
    };
    assert_eq!(payload.npus().unwrap(), &[expected]);
}

#[test]
fn raid_arrays_know_when_they_are_degraded() {
    let payload = decode("derived-not-recorded/raid_pymdstat_0.5.1.json", Plugin::Raid);
    let array = |name: &str, level: &str, have, used, config: &str| RaidArray {
        name: name.to_owned(),
        level: level.to_owned(),
        status: "active".to_owned(),
        disks_available: Some(have),
        disks_used: Some(used),
        config: Some(config.to_owned()),
    };
    let expected = [array("md0", "raid1", 2, 2, "UU"), array("md1", "raid5", 3, 2, "_UU")];
    assert_eq!(payload.raid().unwrap(), &expected);
    let degraded: Vec<_> = expected.iter().map(RaidArray::degraded).collect();
    assert_eq!(degraded, [Some(false), Some(true)]);
}

#[test]
fn smart_attributes_are_found_among_the_odd_keys() {
    let payload = decode("derived-not-recorded/smart_4.5.8.json", Plugin::Smart);
    let disks = payload.smart().unwrap();
    assert_eq!(disks.len(), 2);
    assert_eq!(disks[0].name, "/dev/sda SAMSUNG SSD");
    let mut attributes = disks[0].attributes.clone();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    let expected = [
        SmartAttribute {
            name: "Reallocated_Sector_Ct".to_owned(),
            value: Some(99.0),
            worst: Some(98.0),
            threshold: Some(10.0),
            raw: "12".to_owned(),
            when_failed: None,
        },
        SmartAttribute {
            name: "Temperature_Celsius".to_owned(),
            value: Some(64.0),
            worst: None,
            threshold: Some(0.0),
            raw: "36 (Min/Max 20/61)".to_owned(),
            when_failed: Some("In_the_past".to_owned()),
        },
    ];
    assert_eq!(attributes, expected);
    assert_eq!(disks[1], SmartDisk::default());
}

#[test]
fn sensors_have_units_and_a_sleeping_one_has_no_value() {
    let payload = decode("derived-not-recorded/sensors_4.5.8.json", Plugin::Sensors);
    let sensor = |label: &str, kind: &str, value, unit| Sensor {
        label: label.to_owned(),
        kind: kind.to_owned(),
        value,
        unit,
        warning: None,
        critical: None,
        status: None,
    };
    let celsius = SensorUnit::Celsius;
    let core = sensor("Package id 0", "temperature_core", Some(48.0), celsius);
    let battery = sensor("BAT 0", "battery", Some(87.0), SensorUnit::Percent);
    let expected = [
        Sensor { warning: Some(80.0), critical: Some(100.0), ..core },
        sensor("cpu_fan 0", "fan_speed", Some(1320.0), SensorUnit::Rpm),
        sensor("/dev/sda", "temperature_hdd", None, celsius),
        Sensor { status: Some("Discharging".to_owned()), ..battery },
    ];
    assert_eq!(payload.sensors().unwrap(), &expected);
}

#[test]
fn machines_radios_and_clouds_are_decoded() {
    let payload = decode("derived-not-recorded/vms_4.5.8.json", Plugin::Vms);
    let vm = Vm {
        name: "guest-1".to_owned(),
        status: "running".to_owned(),
        engine: "multipass".to_owned(),
        cpu_count: Some(2),
        memory_used: Some(1_073_741_824),
        memory_total: Some(4_294_967_296),
        load_min1: Some(0.25),
    };
    assert_eq!(payload.vms().unwrap()[0], vm);
    assert_eq!(payload.vms().unwrap()[1].memory_used, None);
    for (version, name) in [("3.4.0.5", "office"), ("4.5.8", "wlp2s0")] {
        let payload = decode(&format!("derived-not-recorded/wifi_{version}.json"), Plugin::Wifi);
        let expected = Wifi { name: name.to_owned(), quality: Some(49.0), signal_dbm: Some(-61.0) };
        assert_eq!(payload.wifi().unwrap(), &[expected], "{version}");
    }
    let payload = decode("derived-not-recorded/cloud_4.5.8.json", Plugin::Cloud);
    let expected = Cloud {
        platform: Some("AWS EC2".to_owned()),
        id: Some("i-0abc".to_owned()),
        kind: Some("t3.micro".to_owned()),
        region: Some("eu-west-1a".to_owned()),
    };
    assert_eq!(payload.cloud(), Some(&expected));
}

#[test]
fn plugin_lists_hold_the_known_names() {
    let counts = [("3.4.0.5", 27), ("4.0.8", 28), ("4.3.3", 30), ("4.5.8", 31)];
    let counts = counts.into_iter().chain([("5-python-preview", 16), ("5-glances-rs-0.4.1", 9)]);
    for (folder, count) in counts {
        let file = format!("{folder}/pluginslist.json");
        let plugins = decoder_of(&file).plugins(&body(&file)).unwrap();
        assert_eq!(plugins.len(), count, "{folder}");
        assert!(plugins.contains(&Plugin::Cpu), "{folder}");
    }
    for (folder, version) in [("4.0.8", "4.0.8"), ("4.3.3", "4.3.3"), ("4.5.8", "4.5.8")] {
        let file = format!("{folder}/status.json");
        assert_eq!(decoder_of(&file).status_version(&body(&file)).as_deref(), Some(version));
    }
    assert_eq!(decoder_of("3.4.0.5/").status_version(&body("3.4.0.5/status.json")), None);
}

#[test]
fn limits_are_the_numbers_by_plugin_and_key() {
    for folder in &ALL[..4] {
        let file = format!("{folder}/all_limits.json");
        let limits = decoder_of(&file).limits(&body(&file)).unwrap();
        assert_eq!(limits.numbers["fs"]["fs_critical"], 90.0, "{folder}");
        assert_eq!(limits.numbers["load"]["load_critical"], 5.0, "{folder}");
        assert!(!limits.numbers["fs"].contains_key("fs_disable"), "{folder}");
    }
    let limits = decoder_of("4.5.8/").limits(&body("4.5.8/all_limits.json")).unwrap();
    assert_eq!(limits.refresh_secs(Plugin::Fs), Some(60.0));
    assert_eq!(limits.refresh_secs(Plugin::Cpu), None);
}
