//! `/config` and `/args`: what the real servers tell about their settings, shortened, with the
//! secrets that each version leaves in.

use serde_json::{Value, json};

use crate::flavor::Flavor;
use crate::server::Server;

/// In glances.conf of a hostile host; an assistant must never see it.
const SECRET: &str = "hunter2-of-glances-conf";

/// A secret as the server shows it. From 4.5 on somebody without a password sees a mask.
fn shown<'a>(server: &Server, secret: &'a str) -> &'a str {
    let modern = match server.flavor() {
        Flavor::V3_4_0_5 | Flavor::V4_0_8 | Flavor::V4_3_3 => false,
        Flavor::V4_5_8 => server.host.spec.password.is_none(),
        Flavor::V5Python | Flavor::V5Rust => true,
    };
    if modern { "********" } else { secret }
}

/// glances.conf. Everybody's has the examples that Glances ships.
pub(super) fn config(server: &Server) -> Value {
    let secret = if server.host.spec.hostile { SECRET } else { "guest" };
    let uri = format!("amqp://guest:{}@localhost:5672/", shown(server, secret));
    json!({
        "global": {"refresh": "2", "check_update": "False", "history_size": "1200"},
        "outputs": {},
        "influxdb": {"host": "localhost", "user": "root", "password": shown(server, "root")},
        "mqtt": {"host": "localhost", "password": shown(server, secret)},
        "rabbitmq": {"uri": uri},
    })
}

/// The command line, as parsed.
pub(super) fn arguments(server: &Server) -> Value {
    let community = if server.host.spec.hostile { SECRET } else { "public" };
    json!({
        "time": 2.0, "port": 61_208, "webserver": true, "disable_webui": true, "password": "",
        "password_prompt": false, "username": "glances",
        "snmp_community": shown(server, community),
    })
}
