//! The map, enforced. A new arrow is drawn here, on purpose, in review.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Module, and the modules it may name with `crate::`.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "alert",
            "app",
            "config",
            "mcp",
            "metric",
            "prompts",
            "query",
            "render",
            "resources",
            "runbooks",
            "store",
            "telemetry",
            "tools",
            "web",
        ],
    ),
    (
        "app",
        &[
            "access",
            "alert",
            "audit",
            "command",
            "config",
            "ingest",
            "judge",
            "live",
            "mcp",
            "model",
            "poll",
            "query",
            "redact",
            "runbooks",
            "snapshot",
            "store",
            "tasks",
            "telemetry",
            "tools",
            "watching",
            "web",
        ],
    ),
    // leaves: whoever starts things hands their values on
    ("config", &["model", "redact"]),
    ("telemetry", &[]),
    ("tasks", &[]),
    // write
    ("poll", &["command", "model", "snapshot", "tasks"]),
    ("ingest", &["alert", "command", "live", "metric", "model", "render", "snapshot", "store"]),
    ("judge", &["health", "live", "metric", "model", "snapshot", "store"]),
    // pure: polls in, transitions out
    ("alert", &["metric", "model", "selector", "snapshot"]),
    ("health", &["alert", "metric", "model"]),
    ("store", &["model"]),
    // pure: what was seen in, verdicts out
    ("security", &["model", "redact", "snapshot"]),
    ("live", &["model", "snapshot"]),
    // read
    ("web", &["access", "mcp", "query", "render", "snapshot", "telemetry"]),
    (
        "mcp",
        &[
            "access",
            "audit",
            "command",
            "complete",
            "prompts",
            "query",
            "redact",
            "resources",
            "runbooks",
            "snapshot",
            "telemetry",
            "tools",
            "watching",
        ],
    ),
    ("watching", &["access", "query", "resources", "tasks", "telemetry", "tools"]),
    // what they say is what tools say
    (
        "prompts",
        &["alert", "complete", "model", "query", "redact", "render", "runbooks", "store", "tools"],
    ),
    (
        "resources",
        &[
            "alert", "complete", "metric", "model", "query", "redact", "render", "runbooks",
            "snapshot", "store", "tools",
        ],
    ),
    ("complete", &["alert", "metric", "query", "snapshot", "store", "tools"]),
    (
        "tools",
        &[
            "access", "alert", "chart", "command", "health", "judge", "metric", "model", "query",
            "redact", "render", "runbooks", "security", "snapshot", "store",
        ],
    ),
    (
        "query",
        &[
            "access", "alert", "ingest", "judge", "live", "model", "redact", "runbooks",
            "selector", "snapshot", "store",
        ],
    ),
    ("runbooks", &["alert", "metric", "model", "render"]),
    ("selector", &["redact", "snapshot"]),
    // pure: numbers and labels in, a picture out
    ("chart", &["redact"]),
    ("metric", &["model", "snapshot"]),
    ("snapshot", &["model"]),
    // change
    ("command", &["access", "alert", "model"]),
    ("access", &["model"]),
    // name nobody
    ("audit", &[]),
    ("redact", &[]),
    ("render", &[]),
    ("model", &[]),
];

/// Third-party crates, and the only modules that name them.
const OWNED: &[(&str, &[&str])] = &[
    ("rmcp", &["mcp"]),
    ("rustls", &["mcp"]),
    ("base64", &["mcp"]),
    ("axum", &["web"]),
    ("tower_http", &["web"]),
    ("subtle", &["web"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("tracing_subscriber", &["telemetry"]),
    ("notify", &["app"]),
    ("sqlx", &["store"]),
    ("pco", &["store"]),
    ("sha2", &["store"]),
    ("crc32fast", &["store"]),
    ("async_trait", &["ingest", "store"]),
    ("dotenvy", &["config"]),
    // Front matter is YAML, since that of skills is.
    ("serde_saphyr", &["config", "runbooks"]),
    ("toml", &["config"]),
    ("pep440_rs", &["security"]),
    ("percent_encoding", &["resources"]),
    ("regex", &["redact"]),
    ("tiny_skia", &["chart"]),
    ("ttf_parser", &["chart"]),
    ("png", &["chart"]),
    ("globset", &["selector", "tools"]),
    ("strsim", &["config", "selector"]),
    ("analytics", &["alert", "health", "judge", "resources", "tools"]),
    // Glances is reached through `glances-client` alone, which owns it.
    ("reqwest", &[]),
    ("hyper", &[]),
];

/// Longest file, without its tests.
const LINES_MAX: usize = 500;

#[test]
fn modules_only_point_along_the_drawn_arrows() {
    let mut problems = BTreeSet::new();
    for (module, code) in modules() {
        let drawn = ARROWS.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = drawn else {
            problems.insert(format!("`{module}` is not on the map"));
            continue;
        };
        for target in crate_paths(&code) {
            if target != module && !allowed.contains(&target.as_str()) {
                problems.insert(format!("{module} -> {target}"));
            }
        }
    }
    assert_eq!(problems, BTreeSet::new());
}

#[test]
fn every_drawn_arrow_is_used() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, code) in modules() {
        used.entry(module).or_default().extend(crate_paths(&code));
    }
    let mut unused = Vec::new();
    for (module, allowed) in ARROWS {
        let targets = used.get(*module);
        for target in *allowed {
            if !targets.is_some_and(|targets| targets.contains(*target)) {
                unused.push(format!("{module} -> {target}"));
            }
        }
    }
    assert_eq!(unused, Vec::<String>::new());
}

#[test]
fn the_map_has_no_circles() {
    fn visit<'a>(module: &'a str, road: &mut Vec<&'a str>) {
        assert!(!road.contains(&module), "a circle: {road:?} -> {module}");
        road.push(module);
        let (_, targets) = ARROWS.iter().find(|(name, _)| *name == module).unwrap();
        targets.iter().for_each(|target| visit(target, road));
        road.pop();
    }
    for (module, _) in ARROWS {
        visit(module, &mut Vec::new());
    }
}

#[test]
fn a_third_party_crate_has_its_owner() {
    let mut problems = BTreeSet::new();
    for (module, code) in modules() {
        for (krate, owners) in OWNED {
            if names(&code, krate) && !owners.contains(&module.as_str()) {
                problems.insert(format!("`{module}` names {krate}, which belongs to {owners:?}"));
            }
        }
    }
    assert_eq!(problems, BTreeSet::new());
}

#[test]
fn every_file_is_short_enough_to_read() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > LINES_MAX {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn every_file_opens_with_its_job() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    let silent: Vec<PathBuf> = silent.map(|(path, _)| path).collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn modules_are_files_named_after_themselves() {
    let files = all_files(&workspace().join("crates")).into_iter();
    let bad: Vec<PathBuf> = files.filter(|path| path.ends_with("mod.rs")).collect();
    assert_eq!(bad, Vec::<PathBuf>::new());
}

#[test]
fn no_file_names_the_machine_that_it_was_written_on() {
    let root = workspace().canonicalize().unwrap().display().to_string();
    let mut found = Vec::new();
    for folder in ["crates", "docs", "examples", "fuzz", "tests", "xtask", ".config", ".ci"] {
        for path in all_files(&workspace().join(folder)) {
            let bytes = fs::read(&path).unwrap();
            if root.len() > 1 && String::from_utf8_lossy(&bytes).contains(&root) {
                found.push(path);
            }
        }
    }
    assert_eq!(found, Vec::<PathBuf>::new());
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below a folder, in order; empty when there is no such folder.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust files of all crates, those that hold nothing but tests left out.
fn sources() -> Vec<(PathBuf, String)> {
    let is_source = |path: &PathBuf| {
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        parts.contains(&"src")
            && path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
            && !parts.contains(&"tests")
    };
    let files = all_files(&workspace().join("crates")).into_iter().filter(is_source);
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// Top-level module and code of each file of the product.
fn modules() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for path in all_files(&src) {
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let module = inside.iter().next().unwrap().to_str().unwrap().to_owned();
        if module != "lib" && module != "main" {
            found.push((module, code(&fs::read_to_string(path).unwrap())));
        }
    }
    found
}

/// The code without comments and the contents of texts.
fn code(source: &str) -> String {
    let mut code = String::new();
    for line in source.lines() {
        let mut in_text = false;
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => {
                    letters.next();
                }
                // The letter `"` is no text.
                '\'' if letters.peek() == Some(&'"') => {
                    letters.next();
                }
                '"' => in_text = !in_text,
                '/' if !in_text && letters.peek() == Some(&'/') => break,
                _ if !in_text => code.push(letter),
                _ => {}
            }
        }
        code.push('\n');
    }
    code
}

fn names(code: &str, krate: &str) -> bool {
    code.match_indices(&format!("{krate}::")).any(|(at, _)| {
        let before = &code[..at];
        let before = before.strip_suffix("::").unwrap_or(before);
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// `use crate::{a::X, b}` and `crate::a::X` both yield `a` (and `b`).
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let first_word = |text: &str| {
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(word).collect::<String>()
    };
    for (at, hit) in code.match_indices("crate::") {
        let rest = &code[at + hit.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.insert(first_word(rest));
            continue;
        };
        let (mut depth, mut item) = (1, String::new());
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => {
                    found.insert(first_word(&item));
                    item.clear();
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                found.insert(first_word(&item));
                break;
            }
            item.push(c);
        }
    }
    found.remove("");
    found
}
