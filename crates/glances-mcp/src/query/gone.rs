//! Why a server has no say in an answer, and what mends it.

use glances_client::{FetchError, Plugin};

use crate::snapshot::{Snapshot, Status};

/// Why a server is not in an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gone {
    /// What is the matter, without the server's name, so that servers group.
    pub reason: String,
    /// What mends it.
    pub fix: String,
}

impl Gone {
    /// Why the server's data cannot be shown as present; `None` when they can.
    #[must_use]
    pub fn of_server(snapshot: &Snapshot, status: Status) -> Option<Self> {
        if status.answers() {
            return None;
        }
        if status == Status::Paused {
            return Some(Self {
                reason: "paused".to_owned(),
                fix: "remove `paused` from the server's configuration".to_owned(),
            });
        }
        Some(match &snapshot.reach.error {
            Some(error) => Self { reason: format!("{}: {error}", status.word()), fix: fix(error) },
            None => Self {
                reason: format!("{}: not tried yet", status.word()),
                fix: "ask again in a few seconds".to_owned(),
            },
        })
    }

    /// Why a plugin of a server that answers has nothing to show; `None` when it has.
    #[must_use]
    pub fn of_plugin(snapshot: &Snapshot, plugin: Plugin) -> Option<Self> {
        let reading = snapshot.readings.get(&plugin);
        if reading.is_some_and(|reading| reading.payload.is_some()) {
            return None;
        }
        Some(match (snapshot.serves(plugin), snapshot.errors.get(&plugin)) {
            (Some(true), Some(error)) if !matches!(error, FetchError::NotAvailable { .. }) => {
                Self { reason: format!("plugin `{plugin}`: {error}"), fix: fix(error) }
            }
            (Some(true), None) => Self {
                reason: format!("plugin `{plugin}` not asked yet"),
                fix: "ask again in a few seconds".to_owned(),
            },
            _ => Self {
                reason: format!("plugin `{plugin}` is off or not served by this Glances"),
                fix: plugin_fix(plugin),
            },
        })
    }
}

fn plugin_fix(plugin: Plugin) -> String {
    let first = format!("set `disable=False` under `[{plugin}]` in glances.conf");
    match plugin {
        Plugin::Containers => {
            format!("{first}, and install Glances with `pip install 'glances[containers]'`")
        }
        Plugin::Smart => format!("{first}, and run Glances as root with `smartctl` installed"),
        Plugin::ProgramList => "update Glances to 4.3 or later".to_owned(),
        _ => first,
    }
}

/// What an operator does about a failed request.
#[must_use]
pub fn fix(error: &FetchError) -> String {
    match error {
        FetchError::Dns { .. } => "correct `host` in the configuration, or the DNS record",
        FetchError::Refused => "start Glances on that machine with `glances -w`, or correct `port`",
        FetchError::Connection { .. } => "check the network and firewall between here and there",
        FetchError::Timeout { .. } => {
            "the machine or its Glances hangs: restart Glances there; get_server_status with \
             `probe` says at which layer"
        }
        FetchError::Tls { .. } => "correct `protocol`, or set `ca_file` for a private CA",
        FetchError::Auth { .. } => "set `username` and `password` of this server",
        FetchError::HostRejected { .. } => {
            "add the host name in this server's address to `webui_allowed_hosts` under `[outputs]` \
             in its glances.conf"
        }
        FetchError::NoApi => "correct `port` and `url_prefix`; Glances must run as `glances -w`",
        FetchError::NotAvailable { .. } => "switch the plugin on in glances.conf",
        FetchError::TooLarge { .. } => "too much to read at once; nothing to do",
        _ => "look at Glances' own log on that machine, and restart it",
    }
    .to_owned()
}
