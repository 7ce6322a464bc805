//! The composition root: the only module that knows all others and how they are wired.

pub mod alerting;
mod connections;
mod reload;
mod runbooks;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use self::runbooks::runbooks;
use glances_client::{Auth, Client, ClientOptions};
use jiff::tz::TimeZone;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Principal,
    alert::{RuleProblem, Rules},
    audit::LogSink,
    command::Commands,
    config::{AuthKind, Config, Env, Overrides, Problem, Problems, ServerConfig, StoreConfig},
    ingest::{self, AlertOrders, AlertSettings, Alerting, Writer, changes::kind},
    judge,
    live::Live,
    mcp::{self, Calls, McpHttp, Settings},
    model::HostName,
    poll::{Cadence, Pollers, Target},
    query::{Configured, Query},
    redact,
    runbooks::Runbooks,
    snapshot::Host,
    store::{Batch, Event, History, Keep, Memory, Sql, StoreError},
    tasks::Tasks,
    telemetry::Counters,
    tools::Context,
    watching::Watches,
    web::{self, Web},
};

/// Glances' own user, when only a password is given.
const DEFAULT_USER: &str = "glances";

/// Where the configuration comes from, to read it again.
#[derive(Clone)]
pub struct Source {
    /// `--config`; the usual places when `None`.
    pub path: Option<PathBuf>,
    /// Flags.
    pub overrides: Overrides,
}

/// The running server, without a transport.
pub struct App {
    config: Config,
    tasks: Tasks,
    query: Query,
    commands: Commands,
    counters: Arc<Counters>,
    fleet: Arc<Fleet>,
}

/// What a changed configuration changes.
struct Fleet {
    live: Live,
    pollers: Arc<Pollers>,
    query: Query,
    /// Each server's last configuration and how often it has changed.
    revisions: Mutex<BTreeMap<HostName, (ServerConfig, u64)>>,
    exposure: Option<String>,
    writer: Writer,
    alerts: AlertOrders,
}

/// Streams that end get this long to say so. Nobody is told when their last message has left.
const FAREWELL: Duration = Duration::from_millis(300);

/// Events are told of for as long as hourly values are kept, seconds.
const EVENTS_KEPT_SECS: i64 = 400 * 86_400;

impl App {
    /// Starts polling what the configuration names. `endpoint` is where others reach this server,
    /// if they do.
    ///
    /// # Errors
    /// What cannot be used of the configuration, or history that another process writes.
    pub async fn start(
        config: Config,
        source: Source,
        endpoint: Option<&str>,
    ) -> Result<Self, Problems> {
        // Whoever listens has asked already; on stdio nobody listens.
        let exposure = config.check_exposure().ok().flatten();
        let tasks = Tasks::default();
        let live = Live::default();
        let history = open_history(&config.store, endpoint).await?;
        let (publish, judgements) = watch::channel(Arc::default());
        let (publish_alerts, alerts) = watch::channel(Arc::default());
        let query = Query::new(live.clone(), history.clone(), judgements, alerts);
        let (orders_of_alerts, settings_of_alerts) = AlertOrders::channel();
        let rules = alert_rules(&config)?;
        let alerting = Alerting::restore(rules, &history).await;
        let (writer, noted) = Writer::channel(&history);
        let (snapshots, incoming) = mpsc::channel(ingest::SNAPSHOTS_QUEUED_MAX);
        let (commands, orders, orders_about_alerts) = Commands::channel();
        let pollers = Arc::new(Pollers::new(tasks.clone(), snapshots));
        let fleet = Arc::new(Fleet {
            live: live.clone(),
            pollers: pollers.clone(),
            query: query.clone(),
            revisions: Mutex::default(),
            exposure,
            writer: writer.clone(),
            alerts: orders_of_alerts,
        });
        fleet.apply(&config, None).await?;
        let keep = Keep {
            raw_secs: i64::from(config.retention.baseline_days) * 86_400,
            event_secs: EVENTS_KEPT_SECS,
            alert_secs: i64::from(config.retention.alert_days) * 86_400,
        };
        let now = crate::snapshot::now;
        tasks.spawn("judge", judge::judge(live.clone(), history.clone(), publish, now));
        let ingest = ingest::run(
            incoming,
            live,
            writer,
            alerting,
            settings_of_alerts,
            orders_about_alerts,
            now,
        );
        tasks.spawn("ingest", ingest);
        let writing = ingest::write(history, noted, publish_alerts, keep, now, tasks.stopping());
        tasks.spawn_finishing("history", writing);
        tasks.spawn("commands", pollers.serve(orders));
        tasks.spawn("reload", reload::watch(config.clone(), source, fleet.clone()));
        Ok(Self { config, tasks, query, commands, counters: Arc::default(), fleet })
    }

    fn calls(&self, stop: &CancellationToken) -> Arc<Calls> {
        let counters = self.counters.clone();
        let watches = Watches::new(self.tasks.clone(), counters.clone(), stop.clone());
        let settings = Settings {
            enable: self.config.tools.enable.clone(),
            disable: self.config.tools.disable.clone(),
            read_only: self.config.tools.read_only,
            concurrent: self.config.limits.concurrent_requests,
        };
        Arc::new(Calls::new(
            &settings,
            self.query.clone(),
            self.commands.clone(),
            Arc::new(LogSink),
            counters,
            watches,
        ))
    }

    /// Cancelled when streams are cut off: soon after `stop` when there are any, so that those who
    /// wait for news are told that it ends.
    fn cut(&self, calls: &Arc<Calls>, stop: &CancellationToken) -> CancellationToken {
        let (cut, calls, stop) = (CancellationToken::new(), calls.clone(), stop.clone());
        let cutting = cut.clone();
        self.tasks.spawn("farewell", async move {
            stop.cancelled().await;
            if calls.anybody_waits() {
                tokio::time::sleep(FAREWELL).await;
            }
            cutting.cancel();
        });
        cut
    }

    /// Serves MCP on HTTP until `stop` is cancelled.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve_http(
        self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let http = &self.config.http;
        let settings = McpHttp {
            allowed_hosts: allowed_hosts(&http.host, &http.allowed_hosts),
            allowed_origins: allowed_origins(&http.allowed_origins, &http.cors_origins),
            sessions: http.sessions,
            sessions_max: http.sessions_max,
            session_idle: http.session_idle,
            body_bytes_max: http.body_bytes_max,
        };
        let calls = self.calls(&stop);
        let cut = self.cut(&calls, &stop);
        let (service, sessions) = mcp::service(calls, &settings, cut);
        let web = Web {
            mcp: service,
            sessions,
            query: self.query.clone(),
            counters: self.counters.clone(),
            token: http.token.clone(),
            cors_origins: http.cors_origins.clone(),
            body_bytes_max: http.body_bytes_max,
        };
        let served = web::serve(listener, web, stop.cancelled_owned()).await;
        self.tasks.stop().await;
        served
    }

    /// Serves MCP on stdin and stdout until the client closes them or `stop` is cancelled.
    ///
    /// # Errors
    /// When the client does not speak MCP.
    pub async fn serve_stdio(self, stop: CancellationToken) -> anyhow::Result<()> {
        let served = mcp::stdio(self.calls(&stop), stop).await;
        self.tasks.stop().await;
        served
    }

    /// What a caller's calls touch, for whoever calls tools without a transport: tests, benches.
    #[must_use]
    pub fn context(&self, principal: Principal) -> Context {
        let (query, commands) = (self.query.clone(), self.commands.clone());
        Context::new(principal, query, commands, crate::snapshot::now)
    }

    /// Number of configured servers.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.fleet.revisions.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Fleet {
    /// Polls what this configuration names, from now on. Nothing changes when any of it cannot be
    /// used. `notice` is told beside what the configuration itself is warned of.
    async fn apply(&self, config: &Config, notice: Option<String>) -> Result<(), Problems> {
        let mut targets = Vec::new();
        let mut problems = Vec::new();
        for server in &config.servers {
            match self.target(config, server) {
                Ok(target) => targets.push(target),
                Err(problem) => problems.push(problem),
            }
        }
        let runbooks = runbooks(config).unwrap_or_else(|more| {
            problems.extend(more.0);
            Runbooks::default()
        });
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let rules = Arc::new(alert_rules(config)?);
        let configured = Configured {
            at: Some(crate::snapshot::now()),
            connections: connections::connections(config),
            rules: rules.clone(),
        };
        let settings = AlertSettings {
            rules,
            windows: alerting::windows(&config.alerting),
            limits: alerting::limits(config),
            servers: targets.iter().map(|target| target.host.alias.clone()).collect(),
        };
        self.alerts.configure(settings).await;
        self.query.set_configured(configured);
        self.query.set_runbooks(runbooks);
        self.live.set_hosts(targets.iter().map(|target| target.host.clone()).collect());
        self.pollers.set_targets(targets).await;
        self.notify(notice.into_iter().chain(config.warnings.iter().cloned()));
        Ok(())
    }

    /// Notes in history that a changed configuration was taken.
    fn note_reload(&self, servers: usize) {
        let event = Event {
            host: None,
            secs: crate::snapshot::now().as_second(),
            kind: kind::CONFIGURATION.to_owned(),
            item: String::new(),
            detail: format!("{servers} servers"),
        };
        self.writer.note(Batch { events: vec![event], ..Batch::default() });
    }

    fn notify(&self, notices: impl Iterator<Item = String>) {
        self.query.set_notices(self.exposure.iter().cloned().chain(notices).collect());
    }

    fn target(&self, config: &Config, server: &ServerConfig) -> Result<Target, Problem> {
        let interval = server.interval.unwrap_or(config.poll.interval);
        let options = Arc::new(client_options(server));
        let client = Client::new((*options).clone()).map_err(|err| Problem {
            place: format!("servers: {}", server.alias),
            problem: err.to_string(),
            fix: None,
        })?;
        Ok(Target {
            host: Arc::new(Host {
                alias: server.alias.clone(),
                url: server.url.clone(),
                environment: server.environment.clone(),
                region: server.region.clone(),
                tags: server.tags.iter().cloned().collect(),
                criticality: server.criticality,
                cost_per_month: server.cost_per_month,
                paused: server.paused,
                interval,
                depends_on: server.depends_on.clone(),
                // The configuration has checked that there is one of that name.
                timezone: server
                    .timezone
                    .as_deref()
                    .and_then(|name| TimeZone::get(name).ok())
                    .unwrap_or(TimeZone::UTC),
            }),
            options,
            client,
            timeout: server.timeout.min(config.limits.glances_timeout),
            disabled: server.disabled_plugins.iter().copied().collect(),
            cadence: Cadence {
                interval,
                containers: config.poll.containers_interval.max(interval),
                processes: config.poll.processes_interval.max(interval),
                backoff_first: config.poll.backoff_first,
            },
            attempts: config.poll.retry_attempts,
            revision: self.revision(server),
        })
    }

    /// Grows whenever a server's configuration changes.
    fn revision(&self, server: &ServerConfig) -> u64 {
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        let revision = match revisions.get(server.alias.as_str()) {
            Some((known, revision)) if known == server => *revision,
            Some((_, revision)) => revision + 1,
            None => 0,
        };
        revisions.insert(server.alias.clone(), (server.clone(), revision));
        revision
    }
}

/// The rules of a configuration; what the engine cannot use is a problem of the file.
///
/// # Errors
/// All thresholds that it cannot use, each with its place.
pub fn alert_rules(config: &Config) -> Result<Rules, Problems> {
    alerting::rules(&config.alerting).map_err(|problems| {
        let problem = |it: RuleProblem| Problem {
            place: format!("alert_thresholds[{}].{}", it.index, it.key),
            problem: it.problem,
            fix: Some(it.fix),
        };
        Problems(problems.into_iter().map(problem).collect())
    })
}

/// Opens history. What is damaged or cannot be written is told, and live tools go on without; a file
/// that another process writes is an error, since the caller wanted that one.
async fn open_history(store: &StoreConfig, endpoint: Option<&str>) -> Result<History, Problems> {
    let StoreConfig::File(file) = store else {
        return Ok(History::new(Arc::new(Memory::default())));
    };
    let pid = std::process::id();
    let who = match endpoint {
        Some(endpoint) => format!("process {pid}, which serves {endpoint}"),
        None => format!("process {pid}, which serves one client on stdio"),
    };
    match Sql::open(file, &who).await {
        Ok(store) => Ok(History::new(Arc::new(store))),
        Err(err @ StoreError::Held { .. }) => {
            let problem = err.to_string();
            let theirs = problem.split_once("serves http").map(|(_, rest)| format!("http{rest}"));
            let fix = match theirs {
                Some(url) => format!(
                    "use that server: `glances-mcp connect {url}`; or give this one a file of its \
                     own, or `memory:`, by `store.url`"
                ),
                None => "end that process, or give this one a file of its own, or `memory:`, by \
                         `store.url` (GLANCES_MCP_STORE_URL)"
                    .to_owned(),
            };
            let place = "store.url".to_owned();
            Err(Problems(vec![Problem { place, problem, fix: Some(fix) }]))
        }
        Err(err) => {
            let problem = crate::store::chain(&err);
            tracing::error!("no history: {problem}; live tools go on without");
            let history = History::new(Arc::new(Memory::default()));
            history.set_outage(Some(format!("history is not kept: {problem}")));
            Ok(history)
        }
    }
}

/// How the client reaches one configured server.
#[must_use]
pub fn client_options(server: &ServerConfig) -> ClientOptions {
    let mut options = ClientOptions::new(server.url.clone());
    if let Some(password) = server.password.clone() {
        let username = server.username.clone().unwrap_or_else(|| DEFAULT_USER.to_owned());
        options.auth = match server.auth {
            AuthKind::Basic => Auth::Basic { username, password },
            AuthKind::Token => Auth::Token { username, password },
        };
    }
    options.ca_pem.clone_from(&server.ca_pem);
    options.verify_tls = server.verify_tls;
    options.headers.clone_from(&server.headers);
    options.text_filter = redact::clean;
    options
}

/// Names of this machine that `Host` may always have, and those that were configured.
fn allowed_hosts(listen: &str, configured: &[String]) -> Vec<String> {
    let mut names: Vec<String> =
        ["localhost", "127.0.0.1", "::1", "[::1]"].map(str::to_owned).to_vec();
    if !matches!(listen, "0.0.0.0" | "::") {
        names.push(listen.to_owned());
    }
    names.extend_from_slice(configured);
    names
}

/// Origins of pages from this machine, and those that were configured.
fn allowed_origins(configured: &[String], cors: &[String]) -> Vec<String> {
    let local = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
    local.into_iter().map(str::to_owned).chain(configured.iter().chain(cors).cloned()).collect()
}

/// Reads the configuration; with no file at all, tries a Glances on this machine.
///
/// # Errors
/// All problems of the configuration together, or what to do when there is none.
pub async fn load(source: &Source) -> Result<Config, Problems> {
    let env = Env::read();
    let mut config = Config::load(source.path.as_deref(), &source.overrides, &env)?;
    if !config.servers.is_empty() {
        return Ok(config);
    }
    let local = Overrides { servers: vec![LOCAL_GLANCES.to_owned()], ..source.overrides.clone() };
    let with_local = Config::load(source.path.as_deref(), &local, &env)?;
    if config.sources.is_empty()
        && let Some(server) = with_local.servers.first()
        && let Ok(client) = Client::new(client_options(server))
        && client.connect(LOCAL_DEADLINE).await.is_ok()
    {
        config.servers = with_local.servers;
        return Ok(config);
    }
    Err(Problems(vec![Problem {
        place: "servers".to_owned(),
        problem: "no servers are configured and no Glances answers on 127.0.0.1:61208".to_owned(),
        fix: Some(
            "write a `glances-mcp.toml` with a `[[servers]]` table, name one with `--server \
             http://HOST:61208`, or start a Glances here with `glances -w`"
                .to_owned(),
        ),
    }]))
}

/// Tried when there is no configuration at all.
const LOCAL_GLANCES: &str = "local=http://127.0.0.1:61208";
/// A Glances on this machine answers at once or not at all.
const LOCAL_DEADLINE: Duration = Duration::from_secs(3);
