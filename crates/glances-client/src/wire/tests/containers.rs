//! One meaning in four spellings.

use super::*;
use crate::model::{Container, ContainerState, Health};

const FILES: [&str; 4] = [
    "3.4.0.5/containers.json",
    "derived-not-recorded/containers_4.0.8.json",
    "4.3.3/containers.json",
    "4.5.8/containers.json",
];

fn containers(file: &str) -> Vec<Container> {
    decode(file, Plugin::Containers).containers().unwrap().clone()
}

fn named(file: &str, name: &str) -> Container {
    let found = containers(file).into_iter().find(|container| container.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {file}"))
}

#[test]
fn versions_agree_on_what_a_container_is() {
    for file in FILES {
        let web = named(file, "web-1");
        assert_eq!(web.id.get(..12), Some("c8fc6e006484"), "{file}");
        assert_eq!(web.engine, "docker", "{file}");
        assert_eq!(web.state, ContainerState::Running, "{file}");
        assert_eq!(web.image, "busybox:fixture", "{file}");
        assert_eq!(web.command.as_deref(), Some("httpd -f -p 80 -h /www"), "{file}");
        assert_eq!(web.created.as_deref(), Some("2026-11-22T20:10:04.085608482Z"), "{file}");
        assert_eq!(web.memory_limit, Some(25_276_063_744), "{file}");
        assert_eq!(web.io_read, Meter::default(), "{file}");
        assert_eq!(web.pod, None, "{file}");

        let exited = named(file, "exited-one");
        assert_eq!(exited.state, ContainerState::Exited, "{file}");
        assert_eq!(exited.command.as_deref(), Some("sh -c exit 3"), "{file}");
        assert_eq!(exited.uptime, None, "{file}");
        assert_eq!(exited.cpu_percent, None, "{file}");
        assert_eq!(exited.memory_used, None, "{file}");
        assert_eq!(exited.network_recv, Meter::default(), "{file}");
    }
}

#[test]
fn figures_are_those_of_each_recording() {
    let expected = [
        (FILES[0], 0.1551888118811881, 663_552, 269_336.0, 327_306.0, "a min"),
        (FILES[1], 1.7306829441624365, 577_536, 236_520.0, 286_696.0, "a min"),
        (FILES[2], 1.7306829441624365, 577_536, 236_520.0, 286_696.0, "a min"),
        (FILES[3], 1.8455729, 532_480, 72_620.0, 87_818.0, "31 secs"),
    ];
    for (file, cpu, memory, recv, sent, uptime) in expected {
        let web = named(file, "web-1");
        assert_eq!(web.cpu_percent, Some(cpu), "{file}");
        assert_eq!(web.memory_used, Some(memory), "{file}");
        assert_eq!(web.network_recv, counted(recv), "{file}");
        assert_eq!(web.network_sent, counted(sent), "{file}");
        assert_eq!(web.uptime.as_deref(), Some(uptime), "{file}");
    }
}

#[test]
fn the_cache_that_can_be_dropped_is_no_use_of_memory() {
    let expected = [
        ("3.4.0.5/containers.json", 937_984),
        // 4.0 and 4.1 serve it in the nested object only.
        ("derived-not-recorded/containers_4.0.8.json", 4_026_368 - 3_276_800),
        ("4.3.3/containers.json", 4_026_368 - 3_276_800),
        ("4.5.8/containers.json", 4_165_632 - 3_276_800),
    ];
    for (file, used) in expected {
        let limited = named(file, "limited_mem");
        assert_eq!(limited.memory_used, Some(used), "{file}");
        assert_eq!(limited.memory_limit, Some(67_108_864), "{file}");
    }
}

#[test]
fn states_and_health_are_kept_apart() {
    use ContainerState::{Exited, Paused, Restarting, Running};
    let old = [
        ("crashloop", Restarting, None),
        ("exited-one", Exited, None),
        ("limited_mem", Running, None),
        ("no-network", Running, None),
        ("paused-one", Paused, None),
        ("sick-1", Running, None),
        ("starting-1", Running, None),
        ("web-1", Running, None),
    ];
    let mut new = old;
    new[5].2 = Some(Health::Unhealthy);
    new[6].2 = Some(Health::Starting);
    new[7].2 = Some(Health::Healthy);
    for (folder, expected) in [("3.4.0.5", old), ("4.3.3", old), ("4.5.8", new)] {
        let mut found = containers(&format!("{folder}/containers_health.json"));
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let found: Vec<_> =
            found.iter().map(|it| (it.name.as_str(), it.state, it.health)).collect();
        assert_eq!(found, expected, "{folder}");
    }
    // From 4.5 on, an unhealthy container has no figures.
    let sick = named("4.5.8/containers_health.json", "sick-1");
    assert_eq!((sick.cpu_percent, sick.memory_used), (None, None));
    let sick = named("4.3.3/containers_health.json", "sick-1");
    assert_eq!((sick.cpu_percent, sick.memory_used), (Some(1.3830509589041096), Some(536_576)));
}

#[test]
fn ports_and_limits_are_none_before_they_were_served() {
    for file in &FILES[..3] {
        let web = named(file, "web-1");
        assert_eq!((web.ports, web.cpu_limit_cores), (None, None), "{file}");
    }
    let web = named(FILES[3], "web-1");
    assert_eq!(web.ports, Some(vec!["8080->80/tcp".to_owned()]));
    assert_eq!(web.cpu_limit_cores, Some(2.0));
    assert_eq!(named(FILES[3], "no-network").ports, Some(Vec::new()));
}

#[test]
fn other_engines_have_their_oddities() {
    let found = containers("derived-not-recorded/containers_engines_4.5.8.json");
    let [podman, lxd] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((podman.engine.as_str(), podman.pod.as_deref()), ("podman", Some("the-pod")));
    // Its "rates" are counters passed through.
    assert_eq!(podman.network_recv, Meter::default());
    assert_eq!(podman.io_write, Meter::default());
    assert_eq!(podman.memory_used, Some(0));
    assert_eq!(podman.cpu_limit_cores, None);
    let ports = ["8080->80/tcp", "443/tcp"].map(str::to_owned).to_vec();
    assert_eq!(podman.ports, Some(ports));
    assert_eq!((lxd.engine.as_str(), lxd.state), ("lxd", ContainerState::Running));
    assert_eq!(lxd.image, "Debian bookworm amd64 (20261101)");
    assert_eq!((lxd.memory_used, lxd.memory_limit), (Some(2048), None));
    assert_eq!((lxd.network_recv, lxd.io_read), (served(30.0), served(10.0)));
}

#[test]
fn an_increase_of_api_3_becomes_a_rate_only_where_no_counter_is() {
    let text = r#"{"containers": [
        {"name": "a", "engine": "docker", "network_rx": 300, "network_tx": 30,
         "network": {"time_since_update": 3}},
        {"name": "b", "engine": "docker", "network_rx": 300, "network_tx": 30,
         "network": {"time_since_update": 3, "cumulative_rx": 5000}},
        {"name": "c", "engine": "docker", "network_rx": 300, "network": {}}
    ]}"#;
    let payload = decode_text(ApiVersion::V3, Plugin::Containers, text).unwrap();
    let found: Vec<_> = payload.containers().unwrap().iter().map(|it| it.network_recv).collect();
    assert_eq!(found, [served(100.0), counted(5000.0), Meter::default()]);
}

#[test]
fn an_uptime_in_words_is_a_range_of_seconds() {
    let mut container = named(FILES[0], "web-1");
    assert_eq!(container.uptime_secs(), Some([60, 120]), "a min");
    for (words, least, most) in [
        ("just now", 0, 10),
        ("31 secs", 31, 32),
        ("5 mins", 300, 360),
        ("an hour", 3_600, 7_200),
        ("23 hours", 82_800, 86_400),
        ("yesterday", 86_400, 172_800),
        ("3 days", 259_200, 345_600),
        ("a week", 604_800, 1_209_600),
        ("an year", 31_536_000, 63_072_000),
    ] {
        container.uptime = Some(words.to_owned());
        assert_eq!(container.uptime_secs(), Some([least, most]), "{words}");
    }
    for words in ["", "soon", "5 fortnights", "many mins", "99999999999999999999 years"] {
        container.uptime = Some(words.to_owned());
        assert_eq!(container.uptime_secs(), None, "{words}");
    }
    container.uptime = None;
    assert_eq!(container.uptime_secs(), None);
}
