//! What the tests share: a simulated fleet behind a real server, in this process or as the real
//! binary, and clients that see what a library would hide.

mod binary;
mod client;
pub(crate) mod feed;
mod judge;
pub(crate) mod judged;
pub(crate) mod past;
pub(crate) mod rehearsal;
pub(crate) mod storied;

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use fleet_sim::{Flavor, Fleet, HostSpec, Role};
use glances_mcp::{
    access::Principal,
    app::{App, Source},
    config::{Config, Env, Overrides},
    tasks::Tasks,
    tools::{self, Context, ToolDef},
    web,
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    binary::{Binary, run, run_in, text},
    client::{Events, MODERN, Response, Session, modern, request},
    judge::{accounted, bounded, forbidden, texts, tokens},
};

/// Far longer than anything here takes; what does not come within it does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(25);

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// A configuration of these servers with the shortest intervals, on a free port.
pub(crate) fn config(fleet: &Fleet) -> Value {
    let mut config = fleet.config_json();
    config["http"] = json!({"port": 0});
    config["poll"] =
        json!({"interval": "2s", "containers_interval": "2s", "processes_interval": "2s"});
    config["log"] = json!({"level": "warn"});
    config["store"] = json!({"url": "memory:"});
    config
}

/// A host of its own.
pub(crate) fn spec(name: &str, flavor: Flavor, role: Role) -> HostSpec {
    // What a test expects must not depend on the half hour in which it runs.
    HostSpec { role, sound: true, ..HostSpec::new(name, flavor, seed(name)) }
}

/// Servers of every version whose machines attack whoever reads of them: `hostile-0` and so on.
pub(crate) fn hostile(role: impl Fn(usize) -> Role) -> Vec<HostSpec> {
    let hostile = |(index, flavor): (usize, &Flavor)| HostSpec {
        hostile: true,
        ..spec(&format!("hostile-{index}"), *flavor, role(index))
    };
    Flavor::ALL.iter().enumerate().map(hostile).collect()
}

/// Containers on every other one.
pub(crate) fn hostile_mix() -> Vec<HostSpec> {
    hostile(|index| if index % 2 == 0 { Role::ContainerHost } else { Role::Web })
}

fn seed(name: &str) -> u64 {
    name.bytes().fold(7, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte))
}

/// A server in this process. Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) file: PathBuf,
    local: Context,
    stop: CancellationToken,
    _tasks: Tasks,
    _dir: TempDir,
}

impl Server {
    /// Starts with this configuration as a file, and waits until it listens.
    pub(crate) async fn start(config: &Value) -> Self {
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("glances-mcp.json");
        let mut config = config.clone();
        if config.get("store").is_none() {
            config["store"] = json!({"url": "memory:"});
        }
        std::fs::write(&file, config.to_string()).unwrap();
        let source = Source { path: Some(file.clone()), overrides: Overrides::default() };
        let env = Env::from_pairs([]).in_dir(dir.path());
        let config = Config::load(Some(&file), &source.overrides, &env);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let (listener, address) = web::bind(&config.http.host, config.http.port).await.unwrap();
        let app = App::start(config, source, None).await.unwrap();
        let local = app.context(Principal::local());
        let (tasks, stop) = (Tasks::default(), CancellationToken::new());
        let stopped = stop.clone();
        tasks.spawn("server", async move { app.serve_http(listener, stopped).await.unwrap() });
        Self { address, file, local, stop, _tasks: tasks, _dir: dir }
    }

    /// A server of this fleet, once it has tried every server.
    pub(crate) async fn of(fleet: &Fleet) -> Self {
        let server = Self::start(&config(fleet)).await;
        server.ready().await;
        server
    }

    /// Waits until every server has been tried once.
    pub(crate) async fn ready(&self) -> Value {
        until("ready", async || {
            let ready = self.get("/ready").await;
            (ready.status == 200).then(|| ready.json())
        })
        .await
    }

    /// Waits until so many servers have this status.
    pub(crate) async fn counts(&self, status: &str, count: u64) {
        until(&format!("{count} servers {status}"), async || {
            let ready = self.get("/ready").await.json();
            (ready["servers"][status].as_u64().unwrap_or(0) == count).then_some(())
        })
        .await;
    }

    /// What a call touches, as this caller makes it, beside the transport.
    pub(crate) fn context(&self, principal: Principal) -> Context {
        Context { principal, ..self.local.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        request(self.address, "GET", path, &[], "").await
    }

    /// One request of the stateless era.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Response {
        let (headers, body) = modern(method, params);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        request(self.address, "POST", "/mcp", &headers, &body).await
    }

    /// The result of a tool, whatever it is: `result` or `error` of the message.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let mut message = self.rpc("tools/call", params).await.message();
        match message.get_mut("result") {
            Some(result) => result.take(),
            None => message,
        }
    }

    /// The structured answer of a call that succeeds.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Value {
        let mut result = self.call(tool, arguments.clone()).await;
        assert_ne!(result["isError"], true, "{tool} {arguments}: {result}");
        result["structuredContent"].take()
    }

    /// The text of a call that is refused, by an error of the tool or of the protocol.
    pub(crate) async fn refused(&self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments.clone()).await;
        if let Some(error) = result.get("error") {
            assert_eq!(error["code"], -32602, "{tool} {arguments}: {error}");
            return error["message"].as_str().unwrap().to_owned();
        }
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a tool cannot do without, for a fleet that has `server` up with containers on it.
pub(crate) fn needed(def: &ToolDef, server: &str) -> Value {
    let mut arguments = Map::new();
    for name in required(def) {
        arguments.insert(
            name.to_owned(),
            match name {
                "server" => json!(server),
                "container" => json!("redis"),
                other => panic!("{} needs `{other}`, which no test gives yet", def.name),
            },
        );
    }
    if def.name == "get_process_details" {
        arguments.insert("name".to_owned(), json!("systemd"));
    }
    Value::Object(arguments)
}

/// The names of the arguments that a tool cannot do without.
pub(crate) fn required(def: &ToolDef) -> Vec<&str> {
    let names = def.input_schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The arguments that a tool takes.
pub(crate) fn takes(def: &ToolDef, argument: &str) -> bool {
    def.input_schema.get("properties").is_some_and(|properties| properties.get(argument).is_some())
}

/// The tools about the whole fleet.
pub(crate) fn fleet_tools() -> Vec<&'static ToolDef> {
    tools::all().iter().filter(|def| required(def).is_empty()).collect()
}

/// A tool by its name.
pub(crate) fn tool(name: &str) -> &'static ToolDef {
    tools::named(name).unwrap()
}

/// The names of a fleet.
pub(crate) fn names(fleet: &Fleet) -> BTreeSet<String> {
    fleet.servers().into_iter().map(|server| server.name).collect()
}

/// `{"a": 1}` as the arguments of a call.
pub(crate) fn arguments(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no arguments: {other}"),
    }
}
