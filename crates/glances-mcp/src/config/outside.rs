//! Variables and flags: settings from outside of any file.

use super::{
    Overrides,
    address::Address,
    check::{Check, Value},
    keys::{self, DEBUG, Kind, OTHER_VARIABLES, PREFIX},
    nearest::nearest,
    problem::Place,
    read::{Row, Settings},
    tree::quoted,
};

/// What the variables say.
pub(super) fn variables(check: &mut Check<'_>) -> Settings {
    let mut settings = Settings::default();
    let env = check.env;
    for key in keys::KEYS {
        let Some((name, text)) = key.env.and_then(|name| Some((name, env.get(name)?))) else {
            continue;
        };
        let place = Place::outside(name);
        if let Some(value) = check.text_value(key.kind, text, &place) {
            settings.set(key.path, value, place);
        }
    }
    if let Some(text) = env.get(DEBUG) {
        let place = Place::outside(DEBUG);
        if let Some(Value::Flag(true)) = check.text_value(Kind::Flag, text, &place) {
            settings.set("log.level", Value::Text("debug".to_owned()), place);
        }
    }
    unknown(check);
    settings
}

/// Warns of variables that look like ours and are not: other programs may own them.
fn unknown(check: &mut Check<'_>) {
    let known: Vec<&'static str> = keys::KEYS
        .iter()
        .filter_map(|key| key.env)
        .chain(OTHER_VARIABLES.iter().map(|(name, _)| *name))
        .collect();
    let env = check.env;
    for name in env.names().filter(|name| name.starts_with(PREFIX) && !known.contains(name)) {
        let bare = |name: &'static str| name.strip_prefix(PREFIX);
        let own = name.strip_prefix(PREFIX).unwrap_or(name);
        let hint = match nearest(own, known.iter().copied().filter_map(bare)) {
            Some(near) => format!("did you mean `{PREFIX}{near}`?"),
            None => "it is not used".to_owned(),
        };
        check.warnings.push(format!("unknown variable {}: {hint}", quoted(name)));
    }
}

/// What the flags say.
pub(super) fn flags(check: &mut Check<'_>, overrides: &Overrides) -> Settings {
    let port = overrides.port.map(|port| port.to_string());
    let file = overrides.log_file.as_ref().map(|file| file.to_string_lossy().into_owned());
    let allow = overrides.allow_unauthenticated.then(|| "true".to_owned());
    let flags = [
        ("--host", "http.host", overrides.host.clone()),
        ("--port", "http.port", port),
        ("--token", "http.token", overrides.token.clone()),
        ("--allow-unauthenticated", "http.allow_unauthenticated", allow),
        ("--store", "store.url", overrides.store.clone()),
        ("--log-level", "log.level", overrides.log_level.clone()),
        ("--log-format", "log.format", overrides.log_format.clone()),
        ("--log-file", "log.file", file),
    ];
    let mut settings = Settings::default();
    for (flag, path, text) in flags {
        let (Some(text), Some(key)) = (text, keys::by_path(path)) else { continue };
        let place = Place::outside(flag);
        if key.kind == Kind::Secret && !text.starts_with("env:") && !text.starts_with("file:") {
            check.warnings.push(format!(
                "{flag}: other users of this machine see the command line; use env:NAME or \
                 file:PATH"
            ));
        }
        if let Some(value) = check.text_value(key.kind, &text, &place) {
            settings.set(key.path, value, place);
        }
    }
    settings
}

/// Servers of the command line, each `[alias=]URL`, as rows of a file would be.
pub(super) fn servers(texts: &[String]) -> Vec<Row> {
    let urls: Vec<(Option<&str>, String)> = texts.iter().map(|text| split(text)).collect();
    let mut rows = Vec::new();
    for (index, (alias, url)) in urls.iter().enumerate() {
        let place = Place::outside(&format!("server {} of the command line", index + 1));
        let alias = alias.map(str::to_owned).or_else(|| alias_of(url, &urls));
        let mut values = Settings::default();
        for (path, text) in [("servers[].alias", alias), ("servers[].url", Some(url.clone()))] {
            if let Some(text) = text {
                values.set(path, Value::Text(text), place.clone());
            }
        }
        // A wrong address has no alias either: one problem is enough.
        let tried = if Address::parse(url).is_err() { vec!["alias"] } else { Vec::new() };
        rows.push(Row { place, values, tried });
    }
    rows
}

/// The alias, if there is one, and a whole URL: plain `http` may be left out here.
fn split(text: &str) -> (Option<&str>, String) {
    let (alias, url) = match text.split_once('=') {
        Some((alias, url)) if !alias.contains(['/', '@']) => (Some(alias.trim()), url.trim()),
        _ => (None, text.trim()),
    };
    (alias, if url.contains("://") { url.to_owned() } else { format!("http://{url}") })
}

/// The host as an alias, with its port where several servers are on one host.
fn alias_of(url: &str, all: &[(Option<&str>, String)]) -> Option<String> {
    if url.contains('[') {
        // A range of URLs is a range of aliases; an IPv6 address needs a name of its own.
        let host = url.split_once("://")?.1.split('/').next()?;
        let (host, _) =
            host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).unwrap_or((host, ""));
        return (!host.starts_with('[')).then(|| host.to_owned());
    }
    let Address { host, port, .. } = Address::parse(url).ok()?;
    let same_host = |(_, other): &&(Option<&str>, String)| {
        Address::parse(other).is_ok_and(|other| other.host == host)
    };
    let several = all.iter().filter(same_host).count() > 1;
    Some(if several { format!("{host}-{port}") } else { host })
}
