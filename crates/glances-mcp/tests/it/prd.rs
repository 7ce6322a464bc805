//! The page of the product requirements names what there is, and loses nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use glances_mcp::{
    cli::prd::{Bullet, Item, Kind, PARTS, Place, Section},
    metric::METRICS,
    prompts::{self, PromptDef},
    resources::{self, ResourceDef},
    tools,
};
use serde_json::{Map, Value};

/// Tools, prompts and resources that were asked for, and their bullets in all.
const TOOLS: usize = 22;
const PROMPTS: usize = 8;
const RESOURCES: usize = 8;
const BULLETS: usize = 143;

fn sections() -> impl Iterator<Item = &'static Section> {
    PARTS.iter().flat_map(|part| part.sections)
}

fn items() -> impl Iterator<Item = &'static Item> {
    sections().flat_map(|section| section.items)
}

/// Every bullet with the item that it is asked of.
fn bullets() -> impl Iterator<Item = (&'static str, &'static Bullet)> {
    items().flat_map(|item| item.bullets.iter().map(|bullet| (item.name, bullet)))
}

static PROMPTS_KNOWN: LazyLock<Vec<PromptDef>> = LazyLock::new(prompts::all);
static RESOURCES_KNOWN: LazyLock<Vec<ResourceDef>> = LazyLock::new(resources::all);

fn is_uri(name: &str) -> bool {
    name.contains("://")
}

/// What is wrong with a place; nothing when all that it names exists.
fn problem(place: &Place) -> Option<String> {
    let missing = |has: &dyn Fn(&str) -> bool| {
        let absent: Vec<&str> = place.names.iter().copied().filter(|name| !has(name)).collect();
        (!absent.is_empty()).then(|| format!("{} has no {}", place.of, absent.join(", ")))
    };
    if place.kind == Kind::Series {
        return missing(&|name| METRICS.iter().any(|metric| metric.path == name));
    }
    if let Some(def) = tools::named(place.of) {
        return match place.kind {
            Kind::Argument => missing(&|name| def.input_schema["properties"].get(name).is_some()),
            _ if place.names.is_empty() => Some(format!("{} without a field", place.of)),
            _ => missing(&|name| has_path(&def.output_schema, name)),
        };
    }
    if let Some(def) = PROMPTS_KNOWN.iter().find(|def| def.name == place.of) {
        return match place.kind {
            Kind::Argument => missing(&|name| def.arguments.iter().any(|it| it.name == name)),
            _ if place.names.is_empty() => Some(format!("{} without a section", place.of)),
            _ => missing(&|name| {
                ["", ".", "?"].iter().any(|end| def.method.contains(&format!("**{name}{end}**")))
            }),
        };
    }
    let Some(def) = RESOURCES_KNOWN.iter().find(|def| def.uri == place.of) else {
        return Some(format!("there is no `{}`", place.of));
    };
    match (def.schema)() {
        Some(_) if place.names.is_empty() => Some(format!("{} without a field", place.of)),
        Some(schema) => missing(&|name| has_path(&schema, name)),
        None => missing(&|_| false),
    }
}

/// Whether a document of this schema has this path: keys between dots, `[]` into a list.
fn has_path(schema: &Map<String, Value>, path: &str) -> bool {
    let root = Value::Object(schema.clone());
    let mut open = vec![&root];
    for step in path.split('.') {
        let key = step.trim_end_matches("[]");
        open = open
            .iter()
            .flat_map(|at| forms(&root, at))
            .filter_map(|at| at["properties"].get(key))
            .collect();
        for _ in 0..step.matches("[]").count() {
            open = open
                .iter()
                .flat_map(|at| forms(&root, at))
                .filter_map(|at| at.get("items"))
                .collect();
        }
    }
    !open.is_empty()
}

/// A schema with all that it refers to or leaves open.
fn forms<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s Value> {
    let (mut found, mut open) = (Vec::new(), vec![schema]);
    while let Some(at) = open.pop() {
        if found.len() > 100 {
            break;
        }
        found.push(at);
        let reference = at.get("$ref").and_then(Value::as_str);
        open.extend(reference.and_then(|path| root.pointer(path.trim_start_matches('#'))));
        let choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| at.get(key)?.as_array());
        open.extend(choices.flatten());
    }
    found
}

#[test]
fn no_bullet_is_lost() {
    for section in sections() {
        let count: usize = section.items.iter().map(|item| item.bullets.len()).sum();
        assert_eq!(count, section.bullets, "{}", section.heading);
    }
    assert_eq!(bullets().count(), BULLETS);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items() {
        let kind = match item.name {
            name if is_uri(name) => "resource",
            name if tools::named(name).is_some() => "tool",
            _ => "prompt",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let expected = [("prompt", PROMPTS), ("resource", RESOURCES), ("tool", TOOLS)];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    let unique: BTreeSet<(&str, &str)> = bullets().map(|(of, bullet)| (of, bullet.text)).collect();
    assert_eq!(unique.len(), BULLETS);
}

#[test]
fn every_bullet_is_answered_by_what_it_is_asked_of_or_says_why_not() {
    for (of, bullet) in bullets() {
        let places = bullet.places();
        assert!(!places.is_empty(), "{of}: {}", bullet.text);
        let own = places.iter().any(|place| place.of == of);
        assert!(own || !bullet.missing.is_empty(), "{of}: {}", bullet.text);
    }
}

#[test]
fn every_tool_prompt_resource_field_argument_and_series_that_is_named_exists() {
    let mut problems = Vec::new();
    for (of, bullet) in bullets() {
        let wrong = bullet.places().iter().filter_map(problem).collect::<Vec<_>>();
        problems.extend(wrong.into_iter().map(|it| format!("{of}: {}: {it}", bullet.text)));
    }
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_name_that_does_not_exist_is_found_out() {
    let refused = |at: &'static str| {
        let bullet = Bullet { text: "x", at, missing: "" };
        bullet.places().iter().any(|place| problem(place).is_some())
    };
    for wrong in [
        "get_disk_io_stats: disks[].nothing",
        "get_disk_io_stats: disks.disk",
        "get_disk_io_stats: disks[].disk.name",
        "get_disk_io_stats",
        "get_nothing: disks",
        "get_disk_io_stats with nothing",
        "series cpu.nothing",
        "system_health_analysis: Nothing",
        "system_health_analysis with nothing",
        "system_health_analysis",
        "glances://nothing: servers[]",
        "glances://servers/{alias}: nothing",
        "glances://servers/{alias}",
        "glances://runbooks/{name}: nothing",
        "get_disk_io_stats: disks[].disk; series cpu.nothing",
    ] {
        assert!(refused(wrong), "{wrong}");
    }
    for right in [
        "get_disk_io_stats: disks[].disk, coverage.unavailable[].servers",
        "get_disk_io_stats with servers; series cpu.total",
        "system_health_analysis: Servers, Executive summary",
        "glances://config/servers: servers[].server, usual.auth",
        "glances://runbooks/{name}",
    ] {
        assert!(!refused(right), "{right}");
    }
}
