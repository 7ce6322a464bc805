use proptest::prelude::*;

use super::*;

/// A text, the secret in it, and what must stay readable.
type Shape = (&'static str, &'static str, &'static str);

/// Put together at run time, so that no scanner of repositories takes them for real ones.
fn shapes_in_parts() -> Vec<(String, String, &'static str)> {
    let tokens = [
        ("AKIA", "IOSFODNN7EXAMPLE"),
        ("ASIA", "IOSFODNN7EXAMPLE"),
        ("ghp_", "0123456789abcdefABCDEF0123456789abcd"),
        ("github_pat_", "11ABCDEFG0abcdefghijkl_0123456789abcdef"),
        ("glpat-", "abcDEF123456_7890xyz"),
        ("xoxb-", "123456789012-1234567890123-abcdefABCDEF"),
        ("sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("rk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ("sk-ant-", "api03-abcdefGHIJKL-0123456789"),
        ("AIza", "SyA1234567890abcdefghijklmnopqrstuv"),
        ("npm_", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("dckr_pat_", "abcdefghijklmnopqrstuvwxyz0"),
        ("hvs.", "CAESIJabcdefghijklmnopqrstuvwx"),
        ("hf_", "abcdefghijklmnopqrstuvwxyzABCDEFGH"),
        ("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g"),
        ("https://hooks.slack.com/services/", "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"),
    ];
    let text = |(front, back): &(&str, &str)| {
        (format!("agent --label x {front}{back} run"), (*back).to_owned(), "agent --label x ")
    };
    tokens.iter().map(text).collect()
}

const SECRETS: &[Shape] = &[
    ("app --password=hunter2 --port=80", "hunter2", "app --password=[redacted] --port=80"),
    ("app --password hunter2 --port 80", "hunter2", "app --password [redacted] --port 80"),
    ("app --db-password 'two words' -v", "two words", "app --db-password '[redacted]' -v"),
    ("app -password hunter2 run", "hunter2", "app -password [redacted] run"),
    ("java -Djavax.net.ssl.keyStorePassword=hunter2 -jar a.jar", "hunter2", "-jar a.jar"),
    ("java -Dspring.datasource.password=hunter2 -jar a.jar", "hunter2", "-jar a.jar"),
    ("tool --dbPass=hunter2 --user=me", "hunter2", "--user=me"),
    ("mysql -u root -phunter2 shop", "hunter2", "mysql -u root -p[redacted] shop"),
    ("/usr/bin/mysqldump -h db -p hunter2 --all-databases", "hunter2", "--all-databases"),
    ("sh -c mysql -uroot -phunter2 && mkdir -p /a", "hunter2", "mkdir -p /a"),
    ("mongodump --host db -u me -p hunter2 --gzip", "hunter2", "--gzip"),
    ("curl https://api.example.org/x?token=hunter2&page=3", "hunter2", "&page=3"),
    ("curl https://api.example.org/x?page=3&api_key=hunter2", "hunter2", "?page=3&api_key="),
    ("run --apikey=hunter2 --fast", "hunter2", "--fast"),
    ("run secret=hunter2 fast=1", "hunter2", "fast=1"),
    ("run --client_secret=hunter2 fast", "hunter2", "fast"),
    ("run --client-secret hunter2 fast", "hunter2", "fast"),
    (
        "curl -H Authorization: Bearer hunter2hunter2 http://h/",
        "hunter2",
        "Bearer [redacted] http://h/",
    ),
    (
        "curl -H 'Authorization: Basic aHVudGVyMjpodW50ZXIy' http://h/",
        "aHVudGVyMjpodW50ZXIy",
        "http://h/",
    ),
    ("wget --header=Authorization: token hunter2 http://h/", "hunter2", "http://h/"),
    ("curl -H X-Api-Key: hunter2 http://h/", "hunter2", "X-Api-Key: [redacted] http://h/"),
    ("curl -H 'X-Vault-Token: hunter2' http://h/", "hunter2", "http://h/"),
    ("curl -H 'Cookie: sid=hunter2; b=c' http://h/", "hunter2", "http://h/"),
    (
        "git clone https://me:hunter2@example.org/a.git",
        "hunter2",
        "https://me:[redacted]@example.org/a.git",
    ),
    (
        "git clone https://abcdefghij0123456789abcd@example.org/a.git",
        "abcdefghij0123456789abcd",
        "@example.org/a.git",
    ),
    (
        "psql postgres://me:hunt/er2@db:5432/shop",
        "hunt/er2",
        "postgres://me:[redacted]@db:5432/shop",
    ),
    ("app mongodb+srv://me:hun@ter2@cluster0.example.org/x", "hun@ter2", "@cluster0.example.org/x"),
    ("app redis://:hunter2@cache:6379/0", "hunter2", "redis://:[redacted]@cache:6379/0"),
    ("app amqp://me:hunter2@mq//vhost", "hunter2", "@mq//vhost"),
    (
        "env AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY aws s3 ls",
        "wJalrXUtnFEMI",
        "aws s3 ls",
    ),
    (
        "env AWS_SECRET_ACCESS_KEY=/JalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY aws s3 ls",
        "JalrXUtnFEMI",
        "aws s3 ls",
    ),
    ("PGPASSWORD=hunter2 psql -h db -p 5432", "hunter2", "psql -h db -p 5432"),
    ("MYSQL_PWD=hunter2 mysql -h db", "hunter2", "mysql -h db"),
    (
        "docker run -e MYSQL_ROOT_PASSWORD=hunter2 -p 3306:3306 mysql:8",
        "hunter2",
        "-p 3306:3306 mysql:8",
    ),
    ("redis-cli -h cache -a hunter2 ping", "hunter2", "redis-cli -h cache -a [redacted] ping"),
    ("redis-server *:6379 --requirepass hunter2 --port 6379", "hunter2", "--port 6379"),
    ("redis-cli config set requirepass hunter2", "hunter2", "redis-cli config set requirepass"),
    ("sshpass -p hunter2 ssh -p 22 me@host", "hunter2", "ssh -p 22 me@host"),
    ("sshpass -phunter2 ssh host", "hunter2", "ssh host"),
    ("curl -u me:hunter2 http://h/", "hunter2", "curl -u me:[redacted] http://h/"),
    ("curl --user=me:hunter2 http://h/", "hunter2", "http://h/"),
    ("Server=db;Database=shop;User Id=me;Password=hunter2;Timeout=5", "hunter2", ";Timeout=5"),
    ("Server=db;User Id=me;Password=two words;Timeout=5", "two words", ";Timeout=5"),
    (
        "AccountName=me;AccountKey=abcd/efgh+1234==;EndpointSuffix=x",
        "abcd/efgh",
        ";EndpointSuffix=x",
    ),
    ("docker login -u me -p hunter2 registry.example.org", "hunter2", "registry.example.org"),
    ("npm publish --//registry.npmjs.org/:_authToken=hunter2 --tag x", "hunter2", "--tag x"),
    ("env SECRET_KEY=django-insecure-hunter2 gunicorn app", "hunter2", "gunicorn app"),
    ("env SECRET_KEY_BASE=hunter2 puma", "hunter2", "puma"),
    ("agent --auth-token hunter2 --listen :80", "hunter2", "--listen :80"),
    ("agent key=0123456789abcdef0123456789abcdef end", "0123456789abcdef", "end"),
    ("agent --signature: QWxhZGRpbjpvcGVuIHNlc2FtZQaa end", "QWxhZGRp", "end"),
    ("openssl rsa -passin pass:hunter2 -in a.pem", "hunter2", "-in a.pem"),
    ("openssl enc -aes-256-cbc -k hunter2 -in a", "hunter2", "-in a"),
    ("htpasswd -cb /etc/nginx/users me hunter2", "hunter2", "htpasswd -cb /etc/nginx/users me"),
    ("htpasswd -nb me hunter2", "hunter2", "htpasswd -nb me"),
    ("snmpwalk -v2c -c hunter2 switch-1 1.3.6", "hunter2", "switch-1 1.3.6"),
    (
        "snmpget -v3 -u me -l authPriv -a SHA -A hunter2 -x AES -X hunter2 host oid",
        "hunter2",
        "-a SHA -A [redacted] -x AES -X [redacted] host oid",
    ),
    ("$ANSIBLE_VAULT;1.1;AES256 6162636465 3132333435", "6162636465", "$ANSIBLE_VAULT;1.1;AES256"),
    ("ldapsearch -x -D cn=admin -w hunter2 -b dc=example", "hunter2", "-b dc=example"),
    ("smbclient //nas/share -U me%hunter2 -c ls", "hunter2", "-c ls"),
    ("sqlplus scott/hunter2@db1 @report.sql", "hunter2", "scott/[redacted]@db1 @report.sql"),
    ("sqlcmd -S db -U sa -P hunter2 -Q select", "hunter2", "-Q select"),
    (
        "mount -t cifs -o username=me,password=hunter2,vers=3.0 //nas/x /mnt",
        "hunter2",
        ",vers=3.0 //nas/x /mnt",
    ),
    ("sh -c echo root:hunter2 | chpasswd", "hunter2", "| chpasswd"),
    ("sh -c echo hunter2 | sudo -S reboot", "hunter2", "sudo -S reboot"),
    ("psql -c ALTER USER me PASSWORD 'hunter2'", "hunter2", "ALTER USER me PASSWORD"),
    ("mysql -e CREATE USER me IDENTIFIED BY 'hunter2'", "hunter2", "IDENTIFIED BY"),
    ("node -e {\"user\":\"me\",\"password\":\"hunt\\\"er2\",\"port\":1}", "er2", ",\"port\":1}"),
    ("sh -c echo '{\\\"token\\\": \\\"hunter2\\\", \\\"a\\\": 1}'", "hunter2", "\\\"a\\\": 1}"),
    ("python -c ['--password', 'hunter2', '--x']", "hunter2", "'--x']"),
    ("ssh-keygen -t ed25519 -N hunter2 -f key", "hunter2", "-f key"),
    ("keytool -list -storepass hunter2 -keystore a.jks", "hunter2", "-keystore a.jks"),
    ("neo4j-admin set-initial-password hunter2", "hunter2", "neo4j-admin"),
    ("rabbitmqctl add_user me hunter2", "hunter2", "add_user me"),
    ("nmcli dev wifi connect home password hunter2 ifname wlan0", "hunter2", "ifname wlan0"),
    ("wpa_passphrase home hunter2222", "hunter2222", "wpa_passphrase home"),
    ("consul agent -encrypt=hunter2 -server", "hunter2", "-server"),
    ("qemu -object secret,id=s0,data=hunter2 -vnc :0", "hunter2", "-vnc :0"),
    (
        "https://x.blob.example.net/b?sv=2020&sig=abcdefghijklmnopqrstuvwxyz0123456789%3D&se=2026",
        "abcdefghij",
        "&se=2026",
    ),
    ("ODBC DRIVER={x};SERVER=h;UID=me;PWD=hunter2;DATABASE=d", "hunter2", ";DATABASE=d"),
    (
        "curl -d grant_type=password&username=me&password=hunter2&scope=x http://h/token",
        "hunter2",
        "grant_type=password&username=me&password=[redacted]&scope=x",
    ),
    ("vault login hunter2", "hunter2", "vault login"),
    ("7z a -phunter2 a.7z files", "hunter2", "a.7z files"),
    ("mosquitto_sub -h mq -u me -P hunter2 -t topic", "hunter2", "-t topic"),
    ("tool --password=hun\u{200b}ter2 --x", "ter2", "--x"),
    ("tool --pass\u{1b}[31mword=hunter2 --x", "hunter2", "--x"),
    ("tool --password\n=hunter2\n--x", "hunter2", "--x"),
];

#[test]
fn no_shape_of_a_secret_survives_and_the_rest_stays_readable() {
    let tables = SECRETS
        .iter()
        .map(|(text, secret, rest)| ((*text).to_owned(), (*secret).to_owned(), *rest));
    let mut count = 0;
    for (text, secret, rest) in tables.chain(shapes_in_parts()) {
        let cleaned = clean(&text);
        assert!(!cleaned.contains(&secret), "`{text}` became `{cleaned}`");
        assert!(cleaned.contains(rest), "`{text}` became `{cleaned}` without `{rest}`");
        assert!(cleaned.contains(REDACTED), "`{text}` became `{cleaned}`");
        assert_eq!(clean(&cleaned), cleaned, "twice");
        count += 1;
    }
    assert!(count >= 40);
}

#[test]
fn a_private_key_is_taken_whole_also_without_its_end() {
    let begin = format!("-----BEGIN {} KEY-----", "RSA PRIVATE");
    let whole = clean(&format!("load {begin}\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY----- now"));
    assert!(!whole.contains("MIIEow") && !whole.contains("IBAAKC"), "{whole}");
    assert!(whole.starts_with("load ") && whole.ends_with("----- now"), "{whole}");
    let open = clean(&format!("{begin} MIIEowIBAAKC"));
    assert!(!open.contains("MIIEow"), "{open}");
}

const HARMLESS: &[&str] = &[
    "ssh -p 22 host",
    "app -p 8080",
    "app --port=80",
    "limiter --token_bucket_rate=5",
    "token_bucket_rate=5",
    "mkdir -p /a/b",
    "password-manager --daemon",
    "vi /etc/passwd",
    "grep root /etc/passwd /etc/shadow",
    "app --pass-through --verbose",
    "nginx: worker process",
    "git checkout 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "job 123e4567-e89b-12d3-a456-426614174000 done",
    "train --tokenizer=bpe --vocab=32000",
    "author=me",
    "ps -A -o pid,comm",
    "mail -s hello someone@example.org",
    "curl http://host:80/path@2x.png",
    "docker run -p 8080:80 -v /a:/b nginx:1.27",
    "psql -h db -p 5432 -U me shop",
    "nmap -p 80,443 10.0.0.0/24",
    "sshd: me [priv]",
    "postgres: me shop 10.0.0.5(51234) idle",
    "[kworker/0:1-events]",
    "/usr/lib/systemd/systemd --switched-root --system --deserialize 31",
    "python3 -m http.server 8000 --bind 127.0.0.1",
    "rsync -a --password-file=/etc/rsync.pw src/ host::dst",
    "openssl s_client -connect host:443 -key /etc/ssl/a.key",
    "nginx ssl_certificate_key=/etc/ssl/private/site.key",
    "app --private-key=/etc/ssl/site.pem --cert /etc/ssl/site.crt",
    "pg_dump --no-password shop",
    "ansible-playbook --ask-vault-pass site.yml",
    "sshd -o PasswordAuthentication=no",
    "vllm serve --max-tokens=4096",
    "keyboard=us monkey=1 turkey=2",
    "compass=north bypass=1 trespass=0",
    "secretary=bob tokenize=1",
    "env PWD=/home/me OLDPWD=/ bash",
    "bearer of good news",
    "openvpn --auth-user-pass /etc/openvpn/auth.txt --config a.conf",
    "kubectl get secret,configmap -n prod",
    "lpadmin -p printer1 -E",
    "ssh me@host:22",
    "scp -P 2222 a.txt me@host:/tmp/b.txt",
    "pip install --hash=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 x",
    "docker pull nginx@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "mysqld --port=3306 --pid-file=/run/mysqld/mysqld.pid",
    "mysql -u root -p -h db",
    "redis-server *:6379",
    "grep -A 3 -c error log.txt",
    "curl -u me http://h/",
    "kubelet --authorization-mode=Webhook --anonymous-auth=false",
    "java -Xmx2g -XX:+UseG1GC -jar /opt/app.jar --server.port=8080",
    "cmake -DCMAKE_BUILD_TYPE=Release -S . -B build",
    "cargo build --features std::token::Kind",
    "ffmpeg -i in.mp4 -pass 1 -b:v 2M out.mp4",
    "task-runner sk-learn-pipeline-service",
    "C:\\Windows\\system32\\svchost.exe -k netsvcs -p",
    "zabbix_agentd: listener #1 [waiting for connection]",
    "größe=5 名前=太郎 naïve",
    "http://[::1]:61208/api/4/cpu",
];

#[test]
fn look_alikes_stay_as_they_are() {
    const { assert!(HARMLESS.len() >= 40) };
    for text in HARMLESS {
        assert_eq!(clean(text), *text);
    }
}

#[test]
fn control_sequences_go_as_a_whole() {
    for (text, clear) in [
        ("\u{1b}[1;31mred\u{1b}[0m text", "red text"),
        ("\u{1b}]0;title\u{7}shown", "shown"),
        ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{1b}Pq#0\u{1b}\\after", "after"),
        ("\u{9b}31mred", "red"),
        ("\u{9d}0;title\u{9c}shown", "shown"),
        ("\u{1b}(Bplain\u{1b}c", "plain"),
        ("\u{1b}]0;no end of it", "0;no end of it"),
        ("a\u{1b}", "a"),
        ("a\u{1b}[", "a"),
        ("one\r\ntwo\tthree\u{2028}four", "one  two three four"),
        ("bell\u{7} null\u{0} delete\u{7f} next\u{85}line", "bell null delete next line"),
    ] {
        assert_eq!(clean(text), clear, "{text:?}");
    }
}

#[test]
fn what_is_not_seen_goes() {
    for (text, clear) in [
        ("abc\u{202e}gpj.exe\u{202c}", "abcgpj.exe"),
        ("\u{2066}a\u{2069}\u{200e}b\u{200f}\u{61c}", "ab"),
        ("zero\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}width", "zerowidth"),
        ("tag\u{e0041}\u{e0042}\u{e007f}ged", "tagged"),
        ("\u{2764}\u{fe0f}", "\u{2764}"),
        ("a\u{e0100}b\u{ad}c\u{34f}d\u{3164}e", "abcde"),
        ("  both ends \n", "both ends"),
        ("Zürich 東京 🚀", "Zürich 東京 🚀"),
    ] {
        assert_eq!(clean(text), clear, "{text:?}");
    }
}

#[test]
fn long_text_is_shortened_with_a_sign_and_never_within_a_mark() {
    let long = clean(&"ab ".repeat(5_000));
    assert_eq!(long.chars().count(), TEXT_CHARS_MAX);
    assert!(long.ends_with('…'));
    for length in 270..310 {
        let text = format!("{} --password=hunter2 end of it", "x".repeat(length));
        let cleaned = clean(&text);
        assert!(cleaned.chars().count() <= TEXT_CHARS_MAX);
        assert!(!cleaned.contains("hunter2"));
        assert!(cleaned.matches('[').count() == cleaned.matches(REDACTED).count(), "{cleaned}");
        assert_eq!(clean(&cleaned), cleaned);
    }
}

#[test]
fn a_secret_whose_end_is_beyond_what_is_read_does_not_show() {
    let text = format!("git clone https://me:{}@example.org/", "p".repeat(40_000));
    assert_eq!(clean(&text), "git clone …");
    assert_eq!(clean(&"x".repeat(40_000)), "…");
}

#[test]
fn clipping_counts_characters() {
    assert_eq!(clip("grüße", 5), "grüße");
    assert!(matches!(clip("grüße", 5), Cow::Borrowed(_)));
    assert_eq!(clip("grüße", 4), "grü…");
    assert_eq!(clip("abc", 1), "…");
    assert_eq!(clip("abc", 0), "");
    assert_eq!(clip("", 0), "");
}

/// Parts of which secrets, look-alikes and hidden text are made, in any order.
fn mixed_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        prop::sample::select(vec![
            "--password",
            "password",
            "=",
            ":",
            " ",
            "\"",
            "'",
            "\\",
            "&",
            ";",
            ",",
            "://",
            "@",
            "token",
            "mysql -p",
            "curl -u ",
            "a:b",
            "[redacted]",
            "…",
            "Bearer ",
            "Authorization: ",
            "\u{1b}[",
            "\u{1b}]",
            "\u{202e}",
            "\u{200b}",
            "\u{e0041}",
            "\n",
            "pass",
            "-",
            "secret=",
            "api_key",
            "{\"",
            "\":\"",
            "| ",
            "-----BEGIN PRIVATE KEY-----",
            "http",
            "x=",
            "hunter2",
            "openssl -k ",
            "echo a:b | chpasswd",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_becomes_short_visible_and_stays_so(text in mixed_text()) {
        let cleaned = clean(&text);
        prop_assert!(cleaned.chars().count() <= TEXT_CHARS_MAX);
        prop_assert!(!cleaned.chars().any(unseen::is_unseen), "{cleaned:?}");
        prop_assert_eq!(clean(&cleaned), cleaned);
    }

    #[test]
    fn a_password_in_any_surroundings_does_not_survive(
        before in "[a-z0-9 /.-]{0,40}",
        secret in "[A-Za-z0-9!#$%^*()_+]{10,20}",
        after in "[a-z0-9 /.-]{0,40}",
    ) {
        let flag = clean(&format!("{before} --password={secret} {after}"));
        prop_assert!(!flag.contains(&secret), "{flag}");
        let url = clean(&format!("{before} https://me:{}@host/{after}", secret.replace('#', "x")));
        prop_assert!(!url.contains(&secret), "{url}");
    }

    #[test]
    fn clipping_any_text_keeps_its_beginning(text in any::<String>(), chars in 0_usize..20) {
        let clipped = clip(&text, chars);
        prop_assert!(clipped.chars().count() <= chars);
        let kept = clipped.strip_suffix('…').unwrap_or(&clipped);
        prop_assert!(text.starts_with(kept));
    }
}
