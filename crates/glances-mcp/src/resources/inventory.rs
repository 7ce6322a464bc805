//! `glances://config/servers`: every server as it is configured.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Changes, Resource, Variables,
    rows::{Account, NAME_CHARS, Rest, all_of, counted, fitting, usual},
};
use crate::{
    model::Criticality,
    query::{Auth, Connection, coverage::rfc3339},
    redact::clip,
    snapshot::Snapshot,
    tools::{Context, ToolError},
};

pub(super) struct Inventory;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct InventoryDocument {
    #[serde(flatten)]
    account: Account,
    /// When the configuration in force was taken, UTC.
    configured_at: Option<String>,
    servers_total: usize,
    /// Servers by environment, region, tag and Glances release; the 20 most frequent words of each.
    environments: BTreeMap<String, usize>,
    regions: BTreeMap<String, usize>,
    tags: BTreeMap<String, usize>,
    glances: BTreeMap<String, usize>,
    /// What most servers have; a row says only what differs.
    usual: Option<Settings>,
    /// By alias.
    servers: Vec<ServerRow>,
    not_shown: Option<Rest>,
}

/// How a server is polled and told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(inline)]
struct Settings {
    /// low, normal, high or critical.
    criticality: &'static str,
    /// IANA name.
    timezone: String,
    /// Between two polls.
    interval_seconds: u64,
    /// Longest that one attempt takes.
    timeout_seconds: u64,
    /// none, password, token or headers; never their values.
    auth: &'static str,
    /// Whether its certificate is checked.
    verify_tls: bool,
    /// Version of the REST API of its Glances.
    api: Option<u8>,
}

/// One server as it is configured. What is left out is as in `usual`, or not set.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ServerRow {
    pub(super) server: String,
    /// Without credentials.
    url: String,
    environment: Option<String>,
    region: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    criticality: Option<&'static str>,
    timezone: Option<String>,
    interval_seconds: Option<u64>,
    timeout_seconds: Option<u64>,
    /// none, password, token or headers; never their values.
    auth: Option<&'static str>,
    verify_tls: Option<bool>,
    /// Its certificate is checked against one of the configuration.
    own_ca: Option<bool>,
    /// Listed and not polled.
    paused: Option<bool>,
    /// A month, in the operator's currency.
    cost_per_month: Option<f64>,
    /// Servers that it does not work without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    /// Never asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disabled_plugins: Vec<&'static str>,
    /// Release of its Glances; absent before its first answer.
    glances: Option<String>,
    /// Version of its REST API; absent before its first answer, too.
    api: Option<u8>,
    /// How many plugins it serves.
    plugins: Option<usize>,
}

/// Bytes of all rows: with the rest 8,000 tokens.
const ROWS_BYTES_MAX: usize = 20_000;
/// Words of one list in a row.
const WORDS_MAX: usize = 12;

impl Resource for Inventory {
    const URI: &'static str = "glances://config/servers";
    const NAME: &'static str = "config_servers";
    const TITLE: &'static str = "Servers as configured";
    const DESCRIPTION: &'static str = "Every server with its address, environment, region, tags, \
        criticality, interval, time zone, cost, dependencies, kind of authentication (never a \
        secret), Glances release. How they do: glances://live/dashboard.";
    const PRIORITY: f32 = 0.7;
    const CHANGES: Changes = Changes::Configured;
    type Document = InventoryDocument;

    async fn read(cx: Context, _: Variables) -> Result<Self::Document, ToolError> {
        let all = all_of(&cx);
        let servers = &all.servers;
        let usual = usual(servers.iter().map(|snapshot| {
            let connection = cx.query.connection(&cx.principal, &snapshot.host.alias);
            Settings::of(snapshot, connection.as_ref())
        }));
        let rows = servers.iter().map(|snapshot| ServerRow::of(&cx, snapshot, usual.as_ref()));
        let rows = fitting(rows.collect(), ROWS_BYTES_MAX);
        let rest: Vec<&str> =
            servers.iter().skip(rows.len()).map(|snapshot| snapshot.host.alias.as_str()).collect();
        let hosts = || servers.iter().map(|snapshot| &snapshot.host);
        let releases: Vec<String> =
            servers.iter().filter_map(|snapshot| snapshot.glances_version()).collect();
        Ok(InventoryDocument {
            account: Account::of(&all),
            configured_at: cx.query.configured_at().map(rfc3339),
            servers_total: servers.len(),
            environments: counted(hosts().filter_map(|host| host.environment.as_deref())),
            regions: counted(hosts().filter_map(|host| host.region.as_deref())),
            tags: counted(hosts().flat_map(|host| &host.tags).map(String::as_str)),
            glances: counted(releases.iter().map(String::as_str)),
            usual,
            not_shown: Rest::of(&rest),
            servers: rows,
        })
    }
}

impl Settings {
    fn of(snapshot: &Snapshot, connection: Option<&Connection>) -> Self {
        let host = &snapshot.host;
        let criticality = Criticality::NAMES.iter().find(|(_, known)| *known == host.criticality);
        Self {
            criticality: criticality.map_or("normal", |(word, _)| *word),
            timezone: host.timezone.iana_name().unwrap_or("UTC").to_owned(),
            interval_seconds: host.interval.as_secs(),
            timeout_seconds: connection.map_or(0, |it| it.timeout.as_secs()),
            auth: match connection.map(|it| it.auth).unwrap_or_default() {
                Auth::None => "none",
                Auth::Password => "password",
                Auth::Token => "token",
                Auth::Headers => "headers",
            },
            verify_tls: connection.is_none_or(|it| it.verify_tls),
            api: snapshot.info.as_deref().map(|info| info.api.number()),
        }
    }
}

impl ServerRow {
    /// With all that there is to say.
    pub(super) fn whole(cx: &Context, snapshot: &Snapshot) -> Self {
        Self::of(cx, snapshot, None)
    }

    /// Without what is usual.
    fn of(cx: &Context, snapshot: &Snapshot, usual: Option<&Settings>) -> Self {
        let host = &snapshot.host;
        let connection = cx.query.connection(&cx.principal, &host.alias);
        let connection = connection.as_ref();
        // The configuration may name servers that the caller may not know of.
        let needed = host.depends_on.iter().filter(|alias| cx.principal.sees(alias));
        let own = Settings::of(snapshot, connection);
        let info = snapshot.info.as_deref();
        let name = |text: &String| clip(text, NAME_CHARS).into_owned();
        macro_rules! unusual {
            ($field:ident) => {
                (usual.is_none_or(|usual| usual.$field != own.$field)).then(|| own.$field.clone())
            };
        }
        Self {
            server: host.alias.to_string(),
            url: clip(&host.url, NAME_CHARS * 2).into_owned(),
            environment: host.environment.as_ref().map(name),
            region: host.region.as_ref().map(name),
            tags: host.tags.iter().take(WORDS_MAX).map(name).collect(),
            criticality: unusual!(criticality),
            timezone: unusual!(timezone),
            interval_seconds: unusual!(interval_seconds),
            timeout_seconds: unusual!(timeout_seconds),
            auth: unusual!(auth),
            verify_tls: unusual!(verify_tls),
            own_ca: connection.is_some_and(|it| it.own_ca).then_some(true),
            paused: host.paused.then_some(true),
            cost_per_month: host.cost_per_month,
            depends_on: needed.take(WORDS_MAX).map(ToString::to_string).collect(),
            disabled_plugins: connection.map_or_else(Vec::new, |it| it.disabled.clone()),
            glances: snapshot.glances_version(),
            api: unusual!(api).flatten(),
            plugins: info.map(|info| info.plugins.len()),
        }
    }
}
