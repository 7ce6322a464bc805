//! Whether a reply of `/config` or `/args` shows a secret: one bit of a body that goes no further.

use serde_json::{Map, Value};

/// Sections of glances.conf that hold nothing but passwords.
const SECTIONS: [&str; 1] = ["passwords"];

/// What the name of an option with a secret has in it; the last two are of SNMP.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "community",
    "snmp_auth",
];

/// Options that are about a secret and hold none.
const HARMLESS_ENDINGS: [&str; 4] = ["_path", "_file", "_prompt", "_minutes"];

/// Values of the files and defaults that Glances ships, which all the world knows.
const EXAMPLES: [&str; 13] = [
    "admin",
    "example",
    "guest",
    "kfp",
    "none",
    "password",
    "private",
    "public",
    "root",
    "EjFUTWe8U-MIseEAkaVIgVnej_TrnbdvEcRkaB1imstW7gapSqy6_6-8XD-yd51V0zUUpDy-kAdVD1purDLuxA==",
    "PUT_YOUR_INFLUXDB2_TOKEN_HERE",
    "PUT_YOUR_INFLUXDB3_TOKEN_HERE",
    "your-secure-secret-key-here",
];

/// Whether the body shows a secret; `None` when it is no object of options.
pub(super) fn shown(body: &[u8]) -> Option<bool> {
    let value: Value = serde_json::from_slice(body).ok()?;
    Some(any_secret(value.as_object()?, false))
}

/// Sections hold options; deeper is nothing in Glances, and serde_json bounds it.
fn any_secret(options: &Map<String, Value>, all_are: bool) -> bool {
    options.iter().any(|(name, value)| match value {
        Value::Object(section) => any_secret(section, SECTIONS.contains(&name.as_str())),
        Value::String(text) => {
            let named = all_are || NAMES.iter().any(|part| name.to_lowercase().contains(part));
            let harmless = HARMLESS_ENDINGS.iter().any(|ending| name.ends_with(ending));
            (named && !harmless && is_secret(text)) || has_credentials(text)
        }
        // API 5 serves lists as lists.
        Value::Array(items) => items.iter().filter_map(Value::as_str).any(has_credentials),
        _ => false,
    })
}

/// Neither empty, nor masked (`********`), nor an example.
fn is_secret(text: &str) -> bool {
    let text = text.trim();
    !text.chars().all(|c| c == '*') && !EXAMPLES.iter().any(|it| it.eq_ignore_ascii_case(text))
}

/// `scheme://user:password@host` anywhere in it.
fn has_credentials(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ', ',']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| is_secret(password))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(body: &str) -> Option<bool> {
        shown(body.as_bytes())
    }

    #[test]
    fn passwords_tokens_and_credentials_in_addresses_are_secrets() {
        for body in [
            r#"{"influxdb2": {"host": "x", "token": "abc"}}"#,
            r#"{"mqtt": {"PASSWORD": "abc"}}"#,
            r#"{"outputs": {"jwt_secret_key": "abc"}}"#,
            r#"{"outputs": {"ssl_keyfile_password": "abc"}}"#,
            r#"{"passwords": {"db-1": "abc", "local_password_path": "/home"}}"#,
            r#"{"ip": {"public_api": "https://bob:abc@ip.example/json"}}"#,
            r#"{"a": {"hosts": ["redis://bob:abc@h:1/0"]}}"#,
            r#"{"password": "1f$ab", "time": 2.0}"#,
            r#"{"snmp_community": "abc"}"#,
            r#"{"snmp_auth": "abc"}"#,
        ] {
            assert_eq!(shows(body), Some(true), "{body}");
        }
    }

    #[test]
    fn masks_examples_switches_and_paths_are_none() {
        for body in [
            "{}",
            r#"{"influxdb2": {"token": "********"}, "mqtt": {"password": "***"}}"#,
            r#"{"influxdb": {"password": "root", "user": "root"}}"#,
            r#"{"password": "", "password_prompt": true, "snmp_community": "public",
                "snmp_auth": "password", "username": "glances", "conf_file": "/etc/x"}"#,
            r#"{"passwords": {"local_password_path": "/home/bob"}}"#,
            r#"{"outputs": {"jwt_expire_minutes": "60", "ssl_keyfile": "key.pem"}}"#,
            r#"{"ip": {"public_api": "https://********@ip.example", "x": "ssh://bob@h:22/a:b@c"}}"#,
            r#"{"influxdb": {"url": "http://bob:********@h"}}"#,
        ] {
            assert_eq!(shows(body), Some(false), "{body}");
        }
    }

    #[test]
    fn what_is_no_object_tells_nothing() {
        for body in ["", "null", "[]", "<html>password=abc</html>", "\"token\""] {
            assert_eq!(shows(body), None, "{body}");
        }
    }
}
