use std::sync::Arc;

use glances_client::{
    Plugin, ServerInfo,
    exposure::Cors,
    model::{Container, ContainerState, Health, Meter, Payload, Process},
};
use jiff::Timestamp;

use super::*;
use crate::{
    model::HostName,
    snapshot::{Host, Reading},
};

fn server(url: &str, version: Option<&str>, api: ApiVersion) -> Snapshot {
    let mut snapshot = Snapshot::unseen(Arc::new(Host::at(HostName::parse("web-1").unwrap(), url)));
    snapshot.info = Some(Arc::new(ServerInfo {
        api,
        version: version.map(str::to_owned),
        plugins: [Plugin::Containers, Plugin::ProcessList].into(),
        burst: false,
    }));
    snapshot
}

fn has(snapshot: &mut Snapshot, plugin: Plugin, payload: Payload) {
    let at = Timestamp::from_second(1_700_000_000).ok();
    snapshot.readings.insert(plugin, Reading { payload: Some(Arc::new(payload)), at, tried: at });
}

fn container(name: &str, image: &str) -> Container {
    Container {
        name: name.to_owned(),
        id: name.to_owned(),
        engine: "docker".to_owned(),
        state: ContainerState::Running,
        health: None,
        image: image.to_owned(),
        command: None,
        created: None,
        uptime: None,
        cpu_percent: None,
        cpu_limit_cores: None,
        memory_used: None,
        memory_limit: None,
        network_recv: Meter::default(),
        network_sent: Meter::default(),
        io_read: Meter::default(),
        io_write: Meter::default(),
        ports: Some(Vec::new()),
        pod: None,
    }
}

fn with_containers(version: &str, containers: Vec<Container>) -> Snapshot {
    let mut snapshot = server("http://127.0.0.1:1", Some(version), ApiVersion::V4);
    has(&mut snapshot, Plugin::Containers, Payload::Containers(containers));
    snapshot
}

/// The verdict of one control.
fn verdict(id: &str, snapshot: &Snapshot, exposure: Result<&Exposure, &str>) -> Verdict {
    let control = CONTROLS.iter().find(|control| control.id == id).unwrap();
    control.check(&Case { snapshot, exposure })
}

fn of(id: &str, snapshot: &Snapshot) -> Verdict {
    verdict(id, snapshot, Ok(&Exposure::default()))
}

fn fails(text: &str) -> Verdict {
    Verdict::Fail(text.to_owned())
}

const NAKED: Exposure = Exposure {
    open: Some(true),
    secrets_in_config: Some(true),
    secrets_in_args: Some(false),
    cors: Some(Cors::AnyOrigin),
    host_checked: Some(false),
};

const GUARDED: Exposure = Exposure {
    open: Some(false),
    secrets_in_config: Some(false),
    secrets_in_args: Some(false),
    cors: Some(Cors::Closed),
    host_checked: Some(true),
};

#[test]
fn what_an_outsider_saw_decides_five_controls() {
    let snapshot = server("http://web-1:61208", Some("4.5.8"), ApiVersion::V4);
    for id in ["secrets", "authentication", "cors", "host_check"] {
        assert!(matches!(verdict(id, &snapshot, Ok(&NAKED)), Verdict::Fail(_)), "{id}");
        assert_eq!(verdict(id, &snapshot, Ok(&GUARDED)), Verdict::Pass, "{id}");
        assert!(matches!(of(id, &snapshot), Verdict::Unseen(_)), "{id}");
        let late = verdict(id, &snapshot, Err("too late"));
        assert_eq!(late, Verdict::Unseen("too late".to_owned()), "{id}");
    }
    let secrets = |config, args| {
        let exposure =
            Exposure { secrets_in_config: config, secrets_in_args: args, ..Exposure::default() };
        verdict("secrets", &snapshot, Ok(&exposure))
    };
    assert_eq!(secrets(Some(true), Some(true)), fails("in /config and /args"));
    assert_eq!(secrets(None, Some(true)), fails("in /args"));
    assert!(matches!(secrets(Some(false), None), Verdict::Unseen(_)));
    let cors = Exposure { cors: Some(Cors::AnyOriginWithCredentials), ..NAKED };
    let Verdict::Fail(words) = verdict("cors", &snapshot, Ok(&cors)) else { panic!() };
    assert!(words.contains("in the name of its user"), "{words}");
}

#[test]
fn plain_http_is_a_matter_beyond_loopback_alone() {
    let of = |url: &str, exposure: &Exposure| {
        let snapshot = server(url, Some("4.5.8"), ApiVersion::V4);
        verdict("encryption", &snapshot, Ok(exposure))
    };
    for url in [
        "https://web-1:443/x",
        "http://127.0.0.1:61208",
        "http://127.8.8.8",
        "http://[::1]:61208/x",
        "http://localhost:61208",
        "http://a.localhost",
    ] {
        assert_eq!(of(url, &NAKED), Verdict::Pass, "{url}");
    }
    assert_eq!(of("http://10.0.0.1:61208", &NAKED), fails("plain HTTP to 10.0.0.1"));
    let guarded = of("http://localhost.example", &GUARDED);
    assert_eq!(guarded, fails("plain HTTP to localhost.example, with its password"));
    assert!(matches!(of("http://a b", &NAKED), Verdict::Unseen(_)));
}

#[test]
fn a_release_is_told_or_judged_by_its_family() {
    let of = |version, api| of("vulnerabilities", &server("http://a", version, api));
    assert_eq!(of(Some("4.5.8"), ApiVersion::V4), Verdict::Pass);
    let Verdict::Fail(words) = of(Some("4.5.6"), ApiVersion::V4) else { panic!() };
    assert_eq!(words, "4.5.6 has 3 vulnerabilities, 1 of them by its API");
    let Verdict::Fail(words) = of(None, ApiVersion::V3) else { panic!() };
    assert!(words.starts_with("3.x has 2"), "{words}");
    for (version, api) in [
        (None, ApiVersion::V4),
        (None, ApiVersion::V5),
        (Some("whatever"), ApiVersion::V3),
        (Some("5.0.0_dev"), ApiVersion::V5),
        (Some("4.6.0"), ApiVersion::V4),
    ] {
        assert!(matches!(of(version, api), Verdict::Unseen(_)), "{version:?} {api}");
    }
    let unseen = Snapshot::unseen(server("http://a", None, ApiVersion::V4).host);
    let case = Case { snapshot: &unseen, exposure: Err("no") };
    assert_eq!(case.release(), Release::Unknown);
}

#[test]
fn containers_fail_by_health_by_image_and_by_ports() {
    let sick = Container { health: Some(Health::Unhealthy), ..container("db", "a:1") };
    let restarting =
        Container { state: ContainerState::Restarting, ..container("job", "b:1,b:latest") };
    let latest = container("web", "registry:5000/x/web");
    let port = |port: &str| Some(vec![port.to_owned()]);
    let open = Container { ports: port("8080->80/tcp"), ..container("api", "c:latest") };
    let inner = Container { ports: port("80/tcp"), ..container("x", "d@sha256:0123456789ab") };
    let all = [sick, restarting, latest, open, inner];
    let snapshot = with_containers("4.5.8", all.to_vec());
    assert_eq!(of("container_health", &snapshot), fails("2: db, job"));
    assert_eq!(of("container_images", &snapshot), fails("2: web, api"));
    assert_eq!(of("container_ports", &snapshot), fails("1: api"));
    let many = (0..6).map(|n| container(&format!("c{n}"), "x")).collect();
    let many = of("container_images", &with_containers("4.5.8", many));
    assert_eq!(many, fails("6: c0, c1, c2, c3, +2"));
}

#[test]
fn what_a_release_does_not_serve_of_containers_is_unseen() {
    let old = || Container { ports: None, ..container("db", "a:1") };
    for id in ["container_health", "container_ports"] {
        let snapshot = with_containers("4.3.3", vec![old()]);
        assert!(matches!(of(id, &snapshot), Verdict::Unseen(_)), "{id}");
        // None may run, or Glances may not see them.
        let none = of(id, &with_containers("4.5.8", Vec::new()));
        assert_eq!(none, Verdict::Unseen("no containers are served".to_owned()), "{id}");
    }
    let described = Container { engine: "lxd".to_owned(), ..container("vm", "Ubuntu noble amd64") };
    let id = container("x", "0123456789ab");
    let none = container("y", "");
    let snapshot = with_containers("4.5.8", vec![described, id, none]);
    assert_eq!(of("container_images", &snapshot), Verdict::Pass);
    let mut silent = server("http://a", Some("4.5.8"), ApiVersion::V4);
    assert_eq!(
        of("container_ports", &silent),
        Verdict::Unseen("containers not read yet".to_owned())
    );
    silent.info = Some(Arc::new(ServerInfo {
        api: ApiVersion::V4,
        version: None,
        plugins: [].into(),
        burst: false,
    }));
    let unserved = Verdict::Unseen("containers are not served".to_owned());
    assert_eq!(of("container_ports", &silent), unserved);
}

#[test]
fn command_lines_fail_by_what_was_taken_out_of_them() {
    let mut snapshot = server("http://a", Some("4.5.8"), ApiVersion::V4);
    assert!(matches!(of("command_lines", &snapshot), Verdict::Unseen(_)));
    let process = |name: &str, command: &str| Process {
        name: name.to_owned(),
        command: Some(crate::redact::clean(command)),
        ..Process::default()
    };
    let calm = vec![process("sh", "sh -c ls"), Process::default()];
    has(&mut snapshot, Plugin::ProcessList, Payload::ProcessList(calm.clone()));
    assert_eq!(of("command_lines", &snapshot), Verdict::Pass);
    let loud = [calm, vec![process("app", "app --password=hunter2")]].concat();
    has(&mut snapshot, Plugin::ProcessList, Payload::ProcessList(loud));
    assert_eq!(of("command_lines", &snapshot), fails("1: app"));
}

#[test]
fn controls_are_worst_first_each_with_a_name_and_a_fix() {
    let snapshot = server("http://web-1:61208", None, ApiVersion::V4);
    let case = Case { snapshot: &snapshot, exposure: Ok(&NAKED) };
    let mut ids = std::collections::BTreeSet::new();
    for (control, next) in CONTROLS.iter().zip(CONTROLS.iter().skip(1)) {
        assert!(control.risk <= next.risk, "{}", next.id);
    }
    for control in CONTROLS {
        assert!(ids.insert(control.id), "{}", control.id);
        assert!(!control.fix().contains('{') && control.fix().len() > 20, "{}", control.id);
    }
    let own: Vec<String> = CONTROLS.iter().filter_map(|control| control.own_fix(&case)).collect();
    let line = "`[outputs]` `webui_allowed_hosts=localhost,127.0.0.1,web-1` (4.5.2 on)";
    assert_eq!(own, [line]);
    let snapshot = server("http://localhost:61208", None, ApiVersion::V4);
    let case = Case { snapshot: &snapshot, exposure: Ok(&NAKED) };
    let own: Vec<String> = CONTROLS.iter().filter_map(|control| control.own_fix(&case)).collect();
    assert_eq!(own, ["`[outputs]` `webui_allowed_hosts=localhost,127.0.0.1` (4.5.2 on)"]);
    assert_eq!(Risk::Critical.word(), "critical");
}
