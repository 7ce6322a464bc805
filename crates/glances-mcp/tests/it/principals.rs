//! A viewer of half the fleet finds no trace of the other half, by whatever question.

use std::sync::Arc;

use fleet_sim::{Fault, Flavor, Fleet, Role};
use glances_mcp::{
    access::{Permission, Principal, Role as AccessRole, Scope},
    model::HostName,
    prompts::{self, PromptDef},
    resources,
    tools::{self, Context, ToolDef},
};
use serde_json::{Value, json};

use crate::support::{
    Server, accounted, arguments, config, fleet_tools, names, needed, required, spec, takes,
};

/// Six web servers that the viewer sees, six container hosts that it does not; two of each down.
struct Halves {
    fleet: Fleet,
    server: Server,
}

impl Halves {
    async fn start() -> Self {
        let seen = (1..=6).map(|n| spec(&format!("open-{n:02}"), Flavor::V4_5_8, Role::Web));
        let hidden =
            (1..=6).map(|n| spec(&format!("vault-{n:02}"), Flavor::V4_3_3, Role::ContainerHost));
        let fleet = Fleet::start(seen.chain(hidden).collect()).await.unwrap();
        let mut config = config(&fleet);
        for (index, server) in config["servers"].as_array_mut().unwrap().iter_mut().enumerate() {
            let hidden = index >= 6;
            server["environment"] = json!(if hidden { "bunker" } else { "production" });
            server["region"] = json!(if hidden { "moon" } else { "eu" });
            server["tags"] = json!([if hidden { "dungeon" } else { "web" }]);
            if index == 2 {
                server["depends_on"] = json!(["open-04", "vault-03"]);
            }
        }
        config["alert_thresholds"] = json!([
            {"metric": "cpu.total", "warning": 97, "critical": 99, "servers": ["vault-*", "open-*"]},
            {"metric": "mem.percent", "warning": 97, "critical": 99, "servers": ["env:bunker"]},
        ]);
        let server = Server::start(&config).await;
        server.ready().await;
        for index in [0, 1, 6, 7] {
            fleet.set_fault(index, Some(Fault::Refuse));
        }
        server.counts("down", 4).await;
        Self { fleet, server }
    }

    /// The viewer of the first half.
    fn viewer(&self) -> Context {
        let seen: Vec<HostName> = names(&self.fleet)
            .iter()
            .filter(|name| name.starts_with("open"))
            .map(|name| HostName::parse(name).unwrap())
            .collect();
        self.server.context(Principal {
            id: "half".into(),
            role: AccessRole::Viewer,
            servers: Scope::Only(Arc::from(seen)),
        })
    }

    /// Fails when a text tells of the second half; `asked` is what the caller brought himself.
    fn check(&self, what: &str, text: &str, asked: &str) {
        let ports =
            self.fleet.servers().into_iter().skip(6).map(|server| format!(":{}", server.port));
        let words = [
            "vault",
            "bunker",
            "moon",
            "dungeon",
            "crashloop",
            "registry.internal",
            "dockerd",
            "containerd",
            "4.3.3",
        ];
        for word in words.into_iter().map(str::to_owned).chain(ports) {
            let told = text.replace(asked, "");
            assert!(
                asked.contains(&word) || !tells_of(&told, &word),
                "{what}: `{word}` is in {text}"
            );
        }
    }
}

/// Whether a text has a word. A port with more digits after it is another number: a counter of bytes
/// follows a colon as well.
fn tells_of(text: &str, word: &str) -> bool {
    let ends = |(at, found): (usize, &str)| {
        let number = found.ends_with(|last: char| last.is_ascii_digit());
        !(number && text[at + found.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    text.match_indices(word).any(ends)
}

/// Both forms of an answer, or the whole error.
async fn told(def: &ToolDef, cx: &Context, value: &Value) -> (bool, String, Value) {
    match def.call(cx.clone(), arguments(value.clone())).await {
        Ok(reply) => (true, format!("{}\n{}", reply.text, reply.structured), reply.structured),
        Err(error) => (false, chain(&error), Value::Null),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_of_half_the_fleet_finds_no_trace_of_the_other_half() {
    let halves = Halves::start().await;
    let cx = halves.viewer();
    let seen = names(&halves.fleet).into_iter().filter(|name| name.starts_with("open")).collect();
    for def in fleet_tools().into_iter().filter(|def| def.permission == Permission::Read) {
        for value in [json!({}), json!({"format": "detailed"}), json!({"servers": ["*"]})] {
            if value.get("format").is_some() && !takes(def, "format") {
                continue;
            }
            let what = format!("{} {value}", def.name);
            let (ok, text, structured) = told(def, &cx, &value).await;
            assert!(ok, "{what}: {text}");
            halves.check(&what, &text, "-");
            assert_eq!(accounted(&what, &structured, &seen), Vec::<String>::new());
            let counted = structured["statuses"].as_object();
            let counted = counted.map(|all| all.values().filter_map(Value::as_u64).sum::<u64>());
            assert!(counted.is_none_or(|sum| sum == 6), "{what}: {structured}");
        }
    }
    for def in tools::all().iter().filter(|def| !required(def).is_empty()) {
        let (_, text, _) = told(def, &cx, &needed(def, "open-03")).await;
        halves.check(def.name, &text, "-");
    }
}

/// A resource as a caller reads it, or the whole error.
async fn read(cx: &Context, uri: &str) -> (bool, String) {
    let all = resources::all();
    let (def, variables) = resources::find(&all, uri).unwrap();
    match def.read(cx.clone(), variables).await {
        Ok(contents) => (true, contents.text),
        Err(error) => (false, chain(&error)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_resource_tells_a_viewer_of_the_other_half() {
    let halves = Halves::start().await;
    let cx = halves.viewer();
    let all = resources::all();
    let single = all.iter().filter(|def| !def.is_template()).map(|def| def.uri.to_owned());
    let of_server = ["", "/fs", "/processlist", "/network"];
    let of_server = of_server.map(|plugin| format!("glances://servers/open-03{plugin}"));
    for uri in single.chain(of_server) {
        let (ok, text) = read(&cx, &uri).await;
        assert!(ok, "{uri}: {text}");
        halves.check(&uri, &text, "-");
    }
    let (_, thresholds) = read(&cx, "glances://config/thresholds").await;
    let thresholds: Value = serde_json::from_str(&thresholds).unwrap();
    let rules = thresholds["rules"].as_array().unwrap().iter();
    let own: Vec<&Value> = rules.filter(|rule| rule["from"] == "configuration").collect();
    let open: Vec<String> = (1..=6).map(|n| format!("open-{n:02}")).collect();
    assert_eq!((own.len(), &own[0]["servers"]), (1, &json!(open)), "{own:?}");
    for (hidden, absent) in [("vault-03", "vault-93"), ("vault-03/fs", "vault-93/fs")] {
        let ask = async |name: &str| read(&cx, &format!("glances://servers/{name}")).await;
        let (ok, of_hidden) = ask(hidden).await;
        assert!(!ok, "{of_hidden}");
        halves.check(hidden, &of_hidden, "vault-03");
        let of_absent = ask(absent).await.1;
        assert_eq!(of_hidden.replace("vault-03", "…"), of_absent.replace("vault-93", "…"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_hidden_is_like_a_name_that_is_not_there() {
    let halves = Halves::start().await;
    let cx = halves.viewer();
    let pairs = [
        ("vault-03", "vault-93"),
        ("vault-*", "vxult-*"),
        ("vault-[01-06]", "vault-[91-96]"),
        ("env:bunker", "env:bxnker"),
        ("region:moon", "region:mxon"),
        ("tag:dungeon", "tag:dxngeon"),
        ("vault-3", "vxult-3"),
        ("vaul-03", "vaul-93"),
        ("VAULT-03", "VAULT-93"),
    ];
    for def in tools::all() {
        for (hidden, absent) in pairs {
            let ask = |name: &str| match required(def).is_empty() {
                true => json!({"servers": [name]}),
                false => needed(def, name),
            };
            let (ok, of_hidden, _) = told(def, &cx, &ask(hidden)).await;
            let what = format!("{} {hidden}", def.name);
            assert!(!ok, "{what}: {of_hidden}");
            let word = hidden.split_once(':').map_or(hidden, |(_, word)| word);
            halves.check(&what, &of_hidden, word);
            let (_, of_absent, _) = told(def, &cx, &ask(absent)).await;
            let other = absent.split_once(':').map_or(absent, |(_, word)| word);
            assert_eq!(of_hidden.replace(word, "…"), of_absent.replace(other, "…"), "{what}");
        }
    }
}

/// What a prompt says, or the whole error.
async fn prompted(def: &PromptDef, cx: &Context, given: &[(&str, &str)]) -> (bool, String) {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match def.get(cx.clone(), given).await {
        Ok(told) => (true, told.text),
        Err(error) => (false, chain(&error)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_prompt_tells_a_viewer_of_the_other_half() {
    let halves = Halves::start().await;
    let cx = halves.viewer();
    for def in prompts::all() {
        let (ok, text) = prompted(&def, &cx, &[]).await;
        assert!(ok, "{}: {text}", def.name);
        assert!(text.contains("open-0"), "{}: {text}", def.name);
        // A method may speak of containers.
        halves.check(def.name, &text.replace(def.method, ""), "-");
        let who =
            if def.arguments.iter().any(|it| it.name == "server") { "server" } else { "servers" };
        for (hidden, absent) in
            [("vault-03", "vault-93"), ("vault-*", "vxult-*"), ("env:bunker", "env:bxnker")]
        {
            let (ok, of_hidden) = prompted(&def, &cx, &[(who, hidden)]).await;
            assert!(!ok, "{} {hidden}: {of_hidden}", def.name);
            let word = hidden.split_once(':').map_or(hidden, |(_, word)| word);
            halves.check(def.name, &of_hidden, word);
            let (_, of_absent) = prompted(&def, &cx, &[(who, absent)]).await;
            let other = absent.split_once(':').map_or(absent, |(_, word)| word);
            assert_eq!(of_hidden.replace(word, "…"), of_absent.replace(other, "…"), "{}", def.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_learns_nothing_from_notices_about_servers_that_are_hidden() {
    let halves = Halves::start().await;
    // What the program has to tell its operator names servers.
    let notice = "passwords go over plain http to vault-01, vault-02";
    halves.server.context(Principal::local()).query.set_notices(vec![notice.to_owned()]);
    let def = crate::support::tool("list_servers");
    let (ok, text, _) = told(def, &halves.viewer(), &json!({})).await;
    assert!(ok, "{text}");
    halves.check("notices", &text, "-");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_cannot_use_what_operators_may() {
    let halves = Halves::start().await;
    let cx = halves.viewer();
    for def in tools::all().iter().filter(|def| takes(def, "extended")) {
        let mut value = needed(def, "open-03");
        value["extended"] = json!(true);
        let (ok, text, _) = told(def, &cx, &value).await;
        assert!(!ok && text.contains("`extended` needs the operator role"), "{}: {text}", def.name);
    }
    let operator = halves.server.context(Principal::local());
    let value = json!({"server": "open-03", "name": "systemd", "extended": true});
    let (ok, text, structured) =
        told(crate::support::tool("get_process_details"), &operator, &value).await;
    assert!(ok, "{text}");
    assert!(structured["extended"].is_object(), "{structured}");
}
