//! Rows of the servers in, valid servers out: names, ranges, addresses, references between them.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    address::{self, Address},
    check::Check,
    nearest::nearest,
    problem::Place,
    range::{self, SERVERS_MAX},
    read::{Row, Settings},
    servers::ServerConfig,
    tree::quoted,
};
use crate::model::HostName;

/// Names in a warning about several servers.
const NAMED_MAX: usize = 5;

/// All servers, as far as they are valid.
pub(super) fn build(check: &mut Check<'_>, rows: &[Row], defaults: &Settings) -> Vec<ServerConfig> {
    let mut fleet = Fleet { check, certificates: BTreeMap::new() };
    let mut servers: Vec<(ServerConfig, usize)> = Vec::new();
    let mut known: BTreeMap<HostName, Place> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let values = row.values.over(defaults);
        let mut aliases = fleet.aliases(row);
        let made = fleet.expand(row, &values, &aliases);
        aliases.retain(|alias| match known.get(alias) {
            Some(first) => {
                let problem = format!("the alias `{alias}` is taken by {first}");
                let place = row.values.place("servers[].alias").unwrap_or(&row.place);
                fleet.check.report.add_fix(place, problem, "give every server its own alias");
                false
            }
            None => {
                known.insert(alias.clone(), row.place.clone());
                true
            }
        });
        let own = made.into_iter().filter(|server| aliases.contains(&server.alias));
        servers.extend(own.map(|server| (server, index)));
    }
    if servers.len() > SERVERS_MAX {
        let row = servers.get(SERVERS_MAX).and_then(|(_, index)| rows.get(*index));
        let place = row.map(|row| row.place.clone()).unwrap_or_default();
        let problem = format!("{} servers are too many", servers.len());
        fleet.check.report.add_fix(&place, problem, format!("use at most {SERVERS_MAX}"));
    }
    for (index, row) in rows.iter().enumerate() {
        let first = servers.partition_point(|(_, row)| *row < index);
        let end = servers.partition_point(|(_, row)| *row <= index);
        let made = servers.get_mut(first..end).unwrap_or_default();
        fleet.depends_on(row, &row.values.over(defaults), &known, made);
    }
    let servers: Vec<ServerConfig> = servers.into_iter().map(|(server, _)| server).collect();
    warn(fleet.check, &servers);
    servers
}

/// The work in progress.
pub(super) struct Fleet<'c, 'e> {
    pub(super) check: &'c mut Check<'e>,
    /// Files of certificates, each read once.
    pub(super) certificates: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl Fleet<'_, '_> {
    /// The servers of one row: one, or those of its range; none when something is wrong with them.
    fn expand(&mut self, row: &Row, values: &Settings, aliases: &[HostName]) -> Vec<ServerConfig> {
        let addresses = self.addresses(row, values);
        let template = self.template(row, values, &addresses);
        let (Some(template), Some(first_alias), false) =
            (template, aliases.first(), addresses.is_empty())
        else {
            return Vec::new();
        };
        if aliases.len() != addresses.len() {
            let problem = format!(
                "`alias` makes {} names from `{first_alias}` on, the address {}",
                aliases.len(),
                addresses.len()
            );
            let fix = "write the same range in `alias` and in `host` or `url`";
            self.check.report.add_fix(&row.place, problem, fix);
            return Vec::new();
        }
        let server = |(alias, address): (&HostName, Address)| ServerConfig {
            alias: alias.clone(),
            url: address.to_string(),
            ..template.clone()
        };
        aliases.iter().zip(addresses).map(server).collect()
    }

    fn aliases(&mut self, row: &Row) -> Vec<HostName> {
        let Some(text) = row.values.text("servers[].alias") else {
            self.missing(row, "alias", "give the server a name: `alias = \"web-1\"`");
            return Vec::new();
        };
        let place = row.values.place("servers[].alias").unwrap_or(&row.place);
        let names = match range::expand(text) {
            Ok(names) => names,
            Err((problem, fix)) => {
                self.check.report.add_fix(place, problem, fix);
                return Vec::new();
            }
        };
        let mut aliases = Vec::new();
        for name in names {
            match HostName::parse(&name) {
                Ok(alias) => aliases.push(alias),
                Err(problem) => {
                    let fix = "such as `web-1`, or `web-[01-20]` for twenty";
                    self.check.report.add_fix(place, problem, fix);
                    return Vec::new();
                }
            }
        }
        aliases
    }

    fn missing(&mut self, row: &Row, name: &str, fix: &str) {
        if !row.tried.contains(&name) {
            self.check.report.add_fix(&row.place, format!("`{name}` is missing"), fix);
        }
    }

    fn addresses(&mut self, row: &Row, values: &Settings) -> Vec<Address> {
        let own = &row.values;
        if let Some(url) = own.text("servers[].url") {
            for name in ["host", "port", "protocol", "url_prefix"] {
                if let Some(place) = own.place(&format!("servers[].{name}")) {
                    let problem = format!("`url` and `{name}` are both given");
                    self.check.report.add_fix(place, problem, "keep one of them");
                }
            }
            return self.each(row, "servers[].url", url, Address::parse);
        }
        let Some(host) = own.text("servers[].host") else {
            if !row.tried.contains(&"url") {
                self.missing(row, "host", "say where Glances is: `host = \"web-1\"`, or `url`");
            }
            return Vec::new();
        };
        let prefix = match address::prefix(values.text("servers[].url_prefix").unwrap_or_default())
        {
            Ok(prefix) => prefix,
            Err((problem, fix)) => {
                let place = values.place("servers[].url_prefix").unwrap_or(&row.place);
                self.check.report.add_fix(place, problem, fix);
                String::new()
            }
        };
        let https = values.text("servers[].protocol") == Some("https");
        let port = values.whole::<u16>("servers[].port");
        self.each(row, "servers[].host", host, |host| {
            let prefix = prefix.clone();
            Ok(Address { https, host: address::host(host)?, port, prefix })
        })
    }

    /// The addresses of a range; of several that are wrong the first is reported.
    fn each(
        &mut self,
        row: &Row,
        path: &str,
        text: &str,
        parse: impl Fn(&str) -> Result<Address, address::Wrong>,
    ) -> Vec<Address> {
        let addresses = range::expand(text)
            .and_then(|texts| texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>());
        match addresses {
            Ok(addresses) => addresses,
            Err((problem, fix)) => {
                let place = row.values.place(path).unwrap_or(&row.place);
                self.check.report.add_fix(place, problem, fix);
                Vec::new()
            }
        }
    }

    /// Puts the servers that a row depends on into the servers it made.
    fn depends_on(
        &mut self,
        row: &Row,
        values: &Settings,
        known: &BTreeMap<HostName, Place>,
        servers: &mut [(ServerConfig, usize)],
    ) {
        let mut targets = Vec::new();
        for (text, place) in values.words("servers[].depends_on") {
            match range::expand(text) {
                Ok(names) => {
                    for name in names {
                        targets.extend(self.known(&name, place, known));
                    }
                }
                Err((problem, fix)) => self.check.report.add_fix(place, problem, fix),
            }
        }
        let own = row.values.has("servers[].depends_on");
        for (server, _) in servers {
            if own && targets.contains(&server.alias) {
                let place = row.values.place("servers[].depends_on").unwrap_or(&row.place);
                let problem = format!("`{}` depends on itself", server.alias);
                self.check.report.add_fix(place, problem, "take it out");
            }
            let others = targets.iter().filter(|target| **target != server.alias);
            server.depends_on = others.cloned().collect();
        }
    }

    fn known(
        &mut self,
        name: &str,
        place: &Place,
        known: &BTreeMap<HostName, Place>,
    ) -> Option<HostName> {
        let found = known.get_key_value(name).map(|(alias, _)| alias.clone());
        if found.is_none() {
            no_server(self.check, name, place, known.keys());
        }
        found
    }
}

/// Reports an alias that no server has.
pub(super) fn no_server<'k>(
    check: &mut Check<'_>,
    name: &str,
    place: &Place,
    known: impl Iterator<Item = &'k HostName>,
) {
    let near = nearest(name, known.map(HostName::as_str));
    let problem = format!("no server {}", quoted(name));
    match near {
        Some(near) => check.report.add_fix(place, problem, format!("did you mean `{near}`?")),
        None => check.report.add_fix(place, problem, "use the alias of a server of this file"),
    }
}

/// What is allowed and yet worth a line.
fn warn(check: &mut Check<'_>, servers: &[ServerConfig]) {
    let local = |url: &str| url.contains("://localhost:") || url.contains("://127.");
    let in_clear = |it: &&ServerConfig| {
        it.password.is_some() && it.url.starts_with("http://") && !local(&it.url)
    };
    let unchecked = |it: &&ServerConfig| !it.verify_tls && it.url.starts_with("https://");
    let clear = some_names(servers.iter().filter(in_clear));
    let unchecked = some_names(servers.iter().filter(unchecked));
    check.warnings.extend(clear.map(|names| format!("passwords go over plain http to {names}")));
    check
        .warnings
        .extend(unchecked.map(|names| format!("the certificates of {names} are not checked")));
    let mut first: BTreeMap<&str, &HostName> = BTreeMap::new();
    for server in servers {
        if let Some(other) = first.insert(&server.url, &server.alias) {
            let warning = format!("`{other}` and `{}` have one address", server.alias);
            check.warnings.push(warning);
        }
    }
}

/// The first few aliases and the number of the others, or nothing.
fn some_names<'s>(servers: impl Iterator<Item = &'s ServerConfig>) -> Option<String> {
    let names: Vec<String> = servers.map(|server| format!("`{}`", server.alias)).collect();
    let shown: Vec<&str> = names.iter().take(NAMED_MAX).map(String::as_str).collect();
    match names.len().checked_sub(shown.len())? {
        _ if shown.is_empty() => None,
        0 => Some(shown.join(", ")),
        others => Some(format!("{} and {others} others", shown.join(", "))),
    }
}
