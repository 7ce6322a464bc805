//! What a server has besides its name and address: credentials, certificates, labels.

use std::{collections::BTreeSet, path::Path};

use glances_client::Plugin;
use secrecy::{ExposeSecret, SecretString};

use super::{
    address::Address,
    check::{Check, Value},
    fleet::Fleet,
    nearest::nearest,
    problem::Place,
    read::{Row, Settings},
    servers::{AuthKind, ServerConfig},
    tree::quoted,
};
use crate::model::{Criticality, HostName};

/// User of Glances when only a password is set there.
const GLANCES_USER: &str = "glances";

impl Fleet<'_, '_> {
    /// What all servers of a row share; name and address are for the caller to fill in.
    pub(super) fn template(
        &mut self,
        row: &Row,
        values: &Settings,
        addresses: &[Address],
    ) -> Option<ServerConfig> {
        let text = |name: &str| values.text(name).map(str::to_owned);
        let (username, password) = self.credentials(row, values);
        let environment = values.text("servers[].environment").map(environment_word);
        let production = environment.as_deref() == Some("production");
        let default = if production { Criticality::High } else { Criticality::Normal };
        let criticality = values.text("servers[].criticality").and_then(criticality_of);
        let ca_file = values.file("servers[].ca_file").map(Path::to_owned);
        let https = addresses.iter().any(|address| address.https);
        let ca_pem = match &ca_file {
            Some(file) if https => {
                let place = values.place("servers[].ca_file").unwrap_or(&row.place);
                self.certificates(file, place)
            }
            _ => None,
        };
        Some(ServerConfig {
            alias: HostName::parse("unnamed").ok()?,
            url: String::new(),
            username,
            password,
            auth: match values.text("servers[].auth") {
                Some("token") => AuthKind::Token,
                _ => AuthKind::Basic,
            },
            environment,
            region: text("servers[].region"),
            tags: values.plain_words("servers[].tags").into_iter().collect(),
            timeout: values.span("servers[].timeout").unwrap_or_default(),
            interval: values.span("servers[].interval"),
            ca_file,
            ca_pem,
            verify_tls: values.flag("servers[].verify_tls"),
            headers: self.headers(values),
            disabled_plugins: self.plugins(values),
            paused: values.flag("servers[].paused"),
            criticality: criticality.unwrap_or(default),
            timezone: self.timezone(values),
            cost_per_month: values.number("servers[].cost_per_month"),
            depends_on: Vec::new(),
        })
    }

    fn credentials(
        &mut self,
        row: &Row,
        values: &Settings,
    ) -> (Option<String>, Option<SecretString>) {
        let username = values.text("servers[].username");
        let Some(password) = values.secret("servers[].password") else {
            // A name in `[defaults]` is there for those servers that have a password.
            for name in ["username", "auth"] {
                if let Some(place) = row.values.place(&format!("servers[].{name}"))
                    && !row.tried.contains(&"password")
                {
                    let problem = format!("`{name}` is given without `password`");
                    self.check.report.add_fix(place, problem, "add `password = \"env:NAME\"`");
                }
            }
            return (None, None);
        };
        (Some(username.unwrap_or(GLANCES_USER).to_owned()), Some(password.clone()))
    }

    fn certificates(&mut self, file: &Path, place: &Place) -> Option<Vec<u8>> {
        if let Some(known) = self.certificates.get(file) {
            return known.clone();
        }
        let content = match self.check.read_file(file) {
            Ok(bytes) if bytes.windows(10).any(|part| part == b"-----BEGIN") => Some(bytes),
            Ok(_) => {
                let problem = format!("`{}` holds no certificate", file.display());
                self.check.report.add_fix(place, problem, "use a file in the PEM format");
                None
            }
            Err(reason) => {
                let problem = format!("cannot read the certificates: {reason}");
                let fix = "check the path (it starts at the file that names it)";
                self.check.report.add_fix(place, problem, fix);
                None
            }
        };
        self.certificates.insert(file.to_owned(), content.clone());
        content
    }

    fn headers(&mut self, values: &Settings) -> Vec<(String, SecretString)> {
        let Some((Value::Secrets(headers), _)) = values.get("servers[].headers") else {
            return Vec::new();
        };
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        for (name, value, place) in headers {
            if name.is_empty() || !name.chars().all(token) {
                let fix = "use letters, digits and `-`";
                self.check.report.add_fix(place, "is not the name of a header", fix);
            }
            if value.expose_secret().chars().any(|c| c.is_control() || !c.is_ascii()) {
                let problem = "the value of a header is printable ASCII";
                self.check.report.add_fix(place, problem, "check it for line breaks");
            }
            if name.eq_ignore_ascii_case("authorization") && values.has("servers[].password") {
                let problem = "`password` sends this header already";
                self.check.report.add_fix(place, problem, "keep one of them");
            }
        }
        headers.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect()
    }

    fn plugins(&mut self, values: &Settings) -> BTreeSet<Plugin> {
        let mut plugins = BTreeSet::new();
        for (name, place) in values.words("servers[].disabled_plugins") {
            let Some(plugin) = Plugin::parse(name) else {
                let names: Vec<&str> = Plugin::ALL.iter().map(|plugin| plugin.name()).collect();
                let fix = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the plugins are {}", names.join(", ")),
                };
                let problem = format!("no plugin {} is known", quoted(name));
                self.check.report.add_fix(place, problem, fix);
                continue;
            };
            plugins.insert(plugin);
        }
        plugins
    }

    fn timezone(&mut self, values: &Settings) -> Option<String> {
        let name = values.text("servers[].timezone")?;
        let place = values.place("servers[].timezone").cloned().unwrap_or_default();
        zone(self.check, name, &place)
    }
}

/// The usual short forms of the three environments; any other word is kept.
fn environment_word(word: &str) -> String {
    let known = match word.to_lowercase().as_str() {
        "prod" | "prd" | "production" => "production",
        "stage" | "stg" | "staging" => "staging",
        "dev" | "devel" | "development" => "development",
        _ => word,
    };
    known.to_owned()
}

fn criticality_of(word: &str) -> Option<Criticality> {
    Criticality::NAMES.iter().find(|(name, _)| *name == word).map(|(_, level)| *level)
}

/// The name of a time zone, if there is one of that name.
pub(super) fn zone(check: &mut Check<'_>, name: &str, place: &Place) -> Option<String> {
    if jiff::tz::TimeZone::get(name).is_ok() {
        return Some(name.to_owned());
    }
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let fix = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "use an IANA name such as `Europe/Berlin` or `UTC`".to_owned(),
    };
    check.report.add_fix(place, format!("no time zone {}", quoted(name)), fix);
    None
}
