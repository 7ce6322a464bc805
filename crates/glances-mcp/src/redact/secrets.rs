//! Shapes of secrets, one row each. The named group of a pattern is the secret: `s` exactly, `v`
//! a value of which quotes and the next key are left.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};

use super::REDACTED;

/// Nothing shorter holds a secret: `mysql -pX`.
const TEXT_BYTES_MIN: usize = 8;

struct Shape {
    /// Without it the shape cannot be there: all triggers are looked for at once.
    trigger: &'static str,
    /// The shape is looked for in the arguments of these commands alone, once a command.
    command: &'static str,
    pattern: &'static str,
}

const fn anywhere(trigger: &'static str, pattern: &'static str) -> Shape {
    Shape { trigger, command: "", pattern }
}

const fn argument(command: &'static str, pattern: &'static str) -> Shape {
    Shape { trigger: command, command, pattern }
}

/// Names whose value is a secret. Short words stand alone in a name (`db_pass`, `dbPass`, not
/// `compass`), long ones may end any name (`PGPASSWORD`).
const NAME: &str = r"(?:
    [A-Za-z0-9_.\-]*(?:
        password|passwd|passwort|passphrase|passcode|requirepass|masterauth|apikey|authtoken|authkey|
        (?:store|key|user|db|root|admin|ftp|smtp|mail|bind|ldap|ssh|login|proxy)pass|
        snmp[_.\-]?community|root-token-id|
        (?:api|access|secret|private|encryption|encrypt|auth|signing|sign|master|account|app|license|jwt|hmac|
            shared|subscription|ssh|session|storage|consumer|deploy|service|cookie|webhook|rsa|aes|cipher|bot)[_.\-]?key|
        secret[_.\-]?key[_.\-]?base|client[_.\-]?secret|_auth|credentials)|
    (?:[A-Za-z0-9_.\-]*[_.\-])?(?:pass|passw|pwd|pw|psk|secret|token|creds)|
    (?-i:[A-Za-z0-9_.\-]*[a-z0-9](?:Pass|Pwd|Secret|Token|Creds)))";

/// A value: in quotes (also escaped ones), or up to the next space.
const VALUE: &str =
    r#"(?P<v>\\+"[^"]*"?|"(?:[^"\\]|\\.)*"?|\\+'[^']*'?|'(?:[^'\\]|\\.)*'?|[^\s"'][^\s]*)"#;

const NAMED: &str = r"(?i)pass|pw|psk|secret|token|key|auth|cred|community";

/// `NAME` and `VALUE` in a pattern stand for the two constants.
const SHAPES: &[Shape] = &[
    anywhere(
        "PRIVATE KEY",
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?P<s>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY|$)",
    ),
    anywhere(r"ANSIBLE_VAULT", r"\$ANSIBLE_VAULT;[0-9.]+;\w+[^\s]*\s+(?P<s>[0-9a-f][0-9a-f\s]*)"),
    // user:password@ in addresses; databases allow a slash in it.
    anywhere(
        r"(?i)(?:sql|mongodb|redis|amqp|maria|postgres)[a-z0-9+]*://",
        r#"(?i)(?:sql|mongodb|rediss?|amqps?|mariadb|postgres)[a-z0-9+]*://[^\s/?\#@:"']*:(?P<s>[^\s"']+)@[A-Za-z0-9\[]"#,
    ),
    anywhere("://", r#"[A-Za-z0-9]://[^\s/?\#@:"']*:(?P<s>[^\s/?\#"']+)@"#),
    anywhere("://", r#"[A-Za-z0-9]://(?P<s>[A-Za-z0-9_\-]{20,})@"#),
    // Headers.
    anywhere(
        "(?i)authorization",
        r#"(?i)authorization["'\\]*\s*[:=]\s*["'\\]*(?:(?:bearer|basic|token|digest|negotiate|apikey|bot|ntlm|aws4-hmac-sha256)\s+)?(?P<s>[^\s"'\\]+)"#,
    ),
    anywhere("(?i)bearer", r"(?i)\bbearer[\s:=]+(?P<s>[A-Za-z0-9._~+/=\-]{12,})"),
    anywhere("(?i)cookie", r#"(?i)\bcookie["']?\s*:\s*["']?(?P<s>[^"'\s][^"']*)"#),
    // A name and its value: `name=value`, `name: value`, `"name": "value"`, `--name value`.
    anywhere(NAMED, r#"(?i)(?:^|[^A-Za-z0-9_.\-])(?P<k>NAME)["'\\]*\s*(?P<by>=>|[=:])\s*VALUE"#),
    anywhere(NAMED, r#"(?i)(?:^|[\s"'\[(,=])(?P<k>-NAME)(?P<by>["'\\]+,?\s*|\s+)VALUE"#),
    anywhere(
        "(?i)requirepass|masterauth|authtoken|set-initial-password",
        r"(?i)\b(?P<k>requirepass|masterauth|authtoken|set-initial-password)(?P<by>\s+)VALUE",
    ),
    anywhere("(?i)password|identified", r#"(?i)\b(?:password|identified\s+by)\s+'(?P<s>[^']+)'?"#),
    // Spaces within, and the end by a semicolon.
    anywhere(
        r"(?i)(?:server|data source|host|user id|uid|database|catalog)\s*=[^;]*;",
        r#"(?i)\b(?:password|pwd)\s*=\s*(?P<s>[^;"'\s][^;"']*);"#,
    ),
    // Long values of names that are harmless with short ones.
    anywhere(
        "(?i)key|auth|sig|session|salt|sid|cookie",
        r#"(?i)(?:^|[^A-Za-z0-9])(?:key|auth|sig|signature|session|sessionid|salt|sid|cookie)["'\\]*\s*[:=]\s*["'\\]*(?P<s>[A-Za-z0-9+=%][A-Za-z0-9+/=%]{23,})"#,
    ),
    // Tokens that show by their own form.
    anywhere(
        r"AKIA|ASIA|gh[pousr]_|github_pat_|gl[a-z]+-|xox|xapp-|[sr]k_|sk-|AIza|ya29|eyJ|npm_|dckr_|pypi-|hv[sbr]\.|SG\.|shp|dop_v1_|hf_|tskey-|AGE-SECRET|hooks\.|webhooks|\d:AA",
        r"\b(?P<s>(?:AKIA|ASIA)[0-9A-Z]{16,}
            |gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}
            |gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat)-[A-Za-z0-9_.\-]{16,}
            |xox[abceoprs]-[A-Za-z0-9\-]{8,}|xapp-[A-Za-z0-9\-]{16,}
            |[sr]k_(?:live|test)_[A-Za-z0-9]{10,}
            |sk-(?:ant|proj|or|svcacct)-[A-Za-z0-9_\-]{16,}|sk-[A-Za-z0-9]{32,}
            |AIza[0-9A-Za-z_\-]{30,}|ya29\.[0-9A-Za-z_\-]{16,}
            |eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}[A-Za-z0-9_.\-]*
            |npm_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_\-]{16,}|pypi-[A-Za-z0-9_\-]{32,}
            |hv[sbr]\.[A-Za-z0-9_\-]{20,}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}
            |shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}|dop_v1_[0-9a-f]{32,}|hf_[A-Za-z0-9]{30,}
            |tskey-[A-Za-z0-9\-]{12,}|AGE-SECRET-KEY-1[0-9A-Z]{40,}
            |[0-9]{8,10}:AA[A-Za-z0-9_\-]{30,})",
    ),
    anywhere(
        r"hooks\.|webhooks",
        r"(?:hooks\.slack\.com/services|webhooks)/(?P<s>[A-Za-z0-9/_\-]{16,})",
    ),
    // Arguments of commands.
    argument(
        "mysql|mysqldump|mysqladmin|mysqlimport|mysqlshow|mysqlcheck|mysqlbinlog|mysqlslap|mysqlsh|mariadb|mariadb-dump|mariadb-admin|mycli|xtrabackup|mariabackup",
        r"\s-p\s*(?P<s>[^\s\-]\S*)",
    ),
    argument("psql|pgcli|pg_dump|pg_restore", r"\s-p\s*(?P<s>[^\s\d\-]\S*)"),
    argument(
        "mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport|mongostat|mongotop|cqlsh|sshpass|rabbitmqadmin|rdesktop|7z|7za|7zr|rar|unrar|useradd|usermod",
        r"\s-h?p[\s=]*(?P<s>[^\s\-]\S*)",
    ),
    argument(
        r"(?:docker|podman|nerdctl|buildah|skopeo|helm\s+registry|oras|az|oc)\s+login",
        r"\s-p[\s=]*(?P<s>[^\s\-]\S*)",
    ),
    argument("redis-cli|redis-benchmark|keydb-cli|valkey-cli", r"\s-a\s*(?P<s>[^\s\-]\S*)"),
    argument("curl|wget", r#"\s(?:-u|-U|--user|--proxy-user)[\s=]*["']?[^\s:"']*:(?P<s>[^\s"']+)"#),
    argument("http|https|xh", r#"\s(?:-a|--auth)[\s=]*["']?[^\s:"']*:(?P<s>[^\s"']+)"#),
    argument("htpasswd", r"\s-[A-Za-z]*b[A-Za-z]*\s.*\s(?P<s>\S+)\s*$"),
    argument(
        "snmp(?:walk|get|getnext|bulkwalk|bulkget|set|trap|inform|table|status|df)",
        r"\s-c\s*(?P<s>[^\s\-]\S*)",
    ),
    argument(
        "snmp(?:walk|get|getnext|bulkwalk|bulkget|set|trap|inform|table|status|df)",
        r"\s-A\s*(?P<s>[^\s\-]\S*)",
    ),
    argument(
        "snmp(?:walk|get|getnext|bulkwalk|bulkget|set|trap|inform|table|status|df)",
        r"\s-X\s*(?P<s>[^\s\-]\S*)",
    ),
    argument("check_snmp", r"\s-C\s*(?P<s>[^\s\-]\S*)"),
    argument("openssl", r"\s-[kK]\s+(?P<s>[^\s\-]\S*)"),
    argument(
        "sqlcmd|bcp|tsql|mosquitto_pub|mosquitto_sub|ipmitool|zip",
        r"\s-P\s*(?P<s>[^\s\-]\S*)",
    ),
    argument("ldap(?:search|modify|add|delete|whoami|passwd|compare)", r"\s-w\s*(?P<s>[^\s\-]\S*)"),
    argument("smbclient|rpcclient|smbmap|net", r"\s-U\s*[^\s%]+%(?P<s>\S+)"),
    argument("lftp", r"\s-u\s*[^\s,]+,(?P<s>\S+)"),
    argument("xfreerdp|wlfreerdp", r"\s/p:(?P<s>\S+)"),
    argument("sqlplus|expdp|impdp|sqlldr|rman", r"\s[^\s/@=\-]+/(?P<s>[^\s/@]+)(?:@|\s|$)"),
    argument("ssh-keygen", r"\s-[NP]\s*(?P<s>[^\s\-]\S*)"),
    argument(r"vault\s+login", r"^(?:\s+-\S+)*\s+(?P<s>[^\s=\-]+)(?:\s|$)"),
    argument("nmcli", r"\spassword\s+(?P<s>\S+)"),
    argument("rabbitmqctl", r"\s(?:add_user|change_password|authenticate_user)\s+\S+\s+(?P<s>\S+)"),
    argument("wpa_passphrase", r"^\s+\S+\s+(?P<s>\S+)"),
    argument("pdftk", r"\s(?:user_pw|owner_pw|input_pw)\s+(?P<s>\S+)"),
    argument("consul|nomad|serf", r"\s-encrypt[\s=]+(?P<s>\S+)"),
    anywhere("secret,", r"\bsecret,\S*?\bdata=(?P<s>[^\s,]+)"),
    anywhere(
        "chpasswd",
        r#"\becho\s+(?:-\S+\s+)*["']?[^\s:|]+:(?P<s>[^\s|"']+)["']?\s*\|\s*(?:sudo\s+)?chpasswd"#,
    ),
    anywhere(r"sudo\s+-S", r#"\becho\s+(?:-\S+\s+)*["']?(?P<s>[^\s|"']+)["']?\s*\|\s*sudo\s+-S"#),
];

struct Compiled {
    triggers: RegexSet,
    shapes: Vec<(Option<Regex>, Regex)>,
}

#[expect(clippy::unwrap_used, reason = "constant patterns; every test compiles them all")]
static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let shape = |shape: &Shape| {
        let pattern = shape.pattern.replace("NAME", NAME).replace("VALUE", VALUE);
        let command = (!shape.command.is_empty()).then(|| {
            let names = shape.command;
            regex(&format!(r#"(?:^|[\s/;|&('"])(?:{names})(?:\.exe)?(?P<arguments>\s)"#))
        });
        (command, regex(&pattern))
    };
    Compiled {
        triggers: RegexSet::new(SHAPES.iter().map(|shape| shape.trigger)).unwrap(),
        shapes: SHAPES.iter().map(shape).collect(),
    }
});

/// Where the arguments of a command end.
static COMMAND_END: LazyLock<Regex> = LazyLock::new(|| regex(r"\s(?:\|\|?|&&?|;)\s|;\s"));

/// Where the next key of a list begins, behind a value without quotes.
static NEXT_KEY: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"[&;,]["']?[A-Za-z_][A-Za-z0-9_.\-]*["']?[=:]"#));

/// A constant pattern; its lines are joined, and boundaries are those of ASCII words.
#[expect(clippy::unwrap_used, reason = "constant patterns; every test compiles them all")]
fn regex(pattern: &str) -> Regex {
    let joined: String = pattern.lines().map(str::trim_start).collect();
    Regex::new(&joined.replace(r"\b", r"(?-u:\b)")).unwrap()
}

/// The text with [`REDACTED`] in place of every secret.
pub(super) fn remove(text: &str) -> Cow<'_, str> {
    if !may_hold_one(text) {
        return Cow::Borrowed(text);
    }
    let found = COMPILED.triggers.matches(text);
    let mut text = Cow::Borrowed(text);
    for index in &found {
        let Some((command, pattern)) = COMPILED.shapes.get(index) else { continue };
        let without = match command {
            None => everywhere(&text, pattern),
            Some(command) => in_arguments(&text, command, pattern),
        };
        if let Some(without) = without {
            text = Cow::Owned(without);
        }
    }
    text
}

/// Most names of processes stop here: a secret follows a sign, or is long.
fn may_hold_one(text: &str) -> bool {
    text.len() >= TEXT_BYTES_MIN
        && (text.len() >= 20
            || text.bytes().any(|byte| matches!(byte, b'=' | b':' | b' ' | b'_' | b'-')))
}

fn everywhere(text: &str, pattern: &Regex) -> Option<String> {
    let mut without = String::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(found) = pattern.captures_at(text, from) {
        let Some(secret) = secret_of(text, &found) else {
            // Not a secret after all: what follows the name may be one.
            from = found.name("v").or(found.name("s")).map_or(text.len(), |value| value.start());
            continue;
        };
        without.push_str(text.get(kept..secret.start).unwrap_or_default());
        without.push_str(REDACTED);
        kept = secret.end;
        from = secret.end;
    }
    if kept == 0 {
        return None;
    }
    without.push_str(text.get(kept..).unwrap_or_default());
    Some(without)
}

/// Looks at the arguments of every call of a command, each up to its end.
fn in_arguments(text: &str, command: &Regex, pattern: &Regex) -> Option<String> {
    let mut without = String::new();
    let mut kept = 0;
    let mut from = 0;
    while let Some(start) = command.captures_at(text, from).and_then(|it| it.name("arguments")) {
        let start = start.start();
        let end = COMMAND_END.find_at(text, start).map_or(text.len(), |end| end.start());
        // The match begins with the space before the arguments: the next one may begin there too.
        from = start + 1;
        let arguments = text.get(start..end).unwrap_or_default();
        let secret = pattern.captures(arguments).and_then(|it| secret_of(arguments, &it));
        let Some(secret) = secret.filter(|secret| start + secret.start >= kept) else { continue };
        without.push_str(text.get(kept..start + secret.start).unwrap_or_default());
        without.push_str(REDACTED);
        kept = start + secret.end;
        from = kept;
    }
    if kept == 0 {
        return None;
    }
    without.push_str(text.get(kept..).unwrap_or_default());
    Some(without)
}

/// The place of the secret in what a pattern found, or `None` if it is none after all.
fn secret_of(text: &str, found: &Captures<'_>) -> Option<Range<usize>> {
    let range = match (found.name("s"), found.name("v")) {
        (Some(exact), _) => exact.range(),
        (None, Some(value)) => value_of(text, value.range()),
        (None, None) => return None,
    };
    let secret = text.get(range.clone())?;
    let name = found.name("k").map_or("", |name| name.as_str());
    let by = found.name("by").map_or("", |by| by.as_str());
    (!is_harmless(name, by, secret)).then_some(range)
}

/// A value without its quotes, or without the keys that follow it.
fn value_of(text: &str, range: Range<usize>) -> Range<usize> {
    let value = text.get(range.clone()).unwrap_or_default();
    if value.starts_with(REDACTED) {
        return range.start..range.start + REDACTED.len();
    }
    let inner = value.trim_start_matches('\\');
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = NEXT_KEY.find(value).map_or(value.len(), |next| next.start());
        return range.start..range.start + end;
    };
    let start = range.end - inner.len() + 1;
    let inner = inner.get(1..).unwrap_or_default();
    let inner = inner.strip_suffix(quote).unwrap_or(inner).trim_end_matches('\\');
    start..start + inner.len()
}

/// Values that say how, and not what: `--password=true`.
const HARMLESS_VALUES: &[&str] = &[
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "required", "optional",
    "enabled", "disabled", "prompt", "ask", "stdin",
];

/// Flags that say how a secret comes, and take none.
const HARMLESS_FLAGS: &[&str] = &["no-", "without-", "skip-", "ask-", "prompt-", "no_", "ask_"];

const FILE_ENDINGS: &[&str] =
    &[".pem", ".key", ".pub", ".crt", ".cer", ".json", ".yaml", ".yml", ".jks", ".p12", ".txt"];

fn is_harmless(name: &str, by: &str, secret: &str) -> bool {
    let name = name.trim_start_matches('-');
    let lower = name.to_ascii_lowercase();
    let is_flag = by.chars().all(char::is_whitespace) && !by.is_empty();
    secret.is_empty()
        || secret == "…"
        // `ffmpeg -pass 1`.
        || (!name.is_empty() && secret.len() == 1 && secret.starts_with(|c: char| c.is_ascii_digit()))
        || HARMLESS_VALUES.iter().any(|word| secret.eq_ignore_ascii_case(word))
        // A path of code (`token::Kind`) or an address (`secret://…`).
        || (by == ":" && (secret.starts_with(':') || secret.starts_with("//")))
        || (is_flag && secret.starts_with('-'))
        || (is_flag && HARMLESS_FLAGS.iter().any(|front| lower.contains(front)))
        || (matches!(name, "PWD" | "OLDPWD") && secret.starts_with('/'))
        || (names_a_file(&lower) && is_path(secret))
}

/// Keys and credentials come as files as well.
fn names_a_file(name: &str) -> bool {
    // OpenVPN.
    if name == "auth-user-pass" {
        return true;
    }
    ["key", "credentials", "creds"].iter().any(|end| name.ends_with(end))
        && !["secret", "access", "pass", "token"].iter().any(|word| name.contains(word))
}

fn is_path(value: &str) -> bool {
    FILE_ENDINGS.iter().any(|ending| value.ends_with(ending))
        || ["/", "./", "../", "~/"].iter().any(|front| value.starts_with(front))
}
