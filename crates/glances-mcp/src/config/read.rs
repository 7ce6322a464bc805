//! Trees in, rows of checked values out: unknown keys, keys given twice, values of the wrong kind.
//! Knows the shape of a file and what belongs where; gives no value a meaning.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{
    check::{Check, Value},
    keys::{self, Key, NOT_IN_DEFAULTS, SYNONYMS},
    nearest::nearest,
    problem::Place,
    tree::{Entry, Node, Raw, quoted},
};

/// Checked values by the path of their key, with their places.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(BTreeMap<&'static str, (Value, Place)>);

/// One table of a list of tables: a server, a threshold, a window.
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) values: Settings,
    /// Keys that somebody tried to give: they are reported already, and not as missing.
    pub(super) tried: Vec<&'static str>,
}

/// Everything that the files say; what a later file says of a setting wins.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) settings: Settings,
    pub(super) defaults: Settings,
    pub(super) servers: Vec<Row>,
    pub(super) thresholds: Vec<Row>,
    pub(super) windows: Vec<Row>,
}

impl Settings {
    /// The defaults of the catalogue.
    pub(super) fn of_catalogue(check: &mut Check<'_>) -> Self {
        let mut settings = Self::default();
        for key in keys::KEYS.iter().filter(|key| !key.default.is_empty()) {
            let place = Place::outside(key.path);
            if let Some(value) = check.text_value(key.kind, key.default, &place) {
                settings.set(key.path, value, place);
            }
        }
        settings
    }

    pub(super) fn set(&mut self, path: &'static str, value: Value, place: Place) {
        self.0.insert(path, (value, place));
    }

    /// These values, and those of `under` where these have none.
    pub(super) fn over(&self, under: &Self) -> Self {
        let mut values = under.0.clone();
        values.extend(self.0.iter().map(|(path, value)| (*path, value.clone())));
        Self(values)
    }

    pub(super) fn get(&self, path: &str) -> Option<&(Value, Place)> {
        debug_assert!(keys::by_path(path).is_some(), "no row for `{path}`");
        self.0.get(path)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Where the value was given.
    pub(super) fn place(&self, path: &str) -> Option<&Place> {
        self.get(path).map(|(_, place)| place)
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match self.get(path)? {
            (Value::Text(text), _) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self, path: &str) -> bool {
        matches!(self.get(path), Some((Value::Flag(true), _)))
    }

    pub(super) fn number(&self, path: &str) -> Option<f64> {
        match self.get(path)? {
            (Value::Number(number), _) => Some(*number),
            _ => None,
        }
    }

    /// The number; ranges of the catalogue keep it within `T`.
    pub(super) fn whole<T: TryFrom<u64> + Default>(&self, path: &str) -> T {
        match self.get(path) {
            Some((Value::Whole(number), _)) => T::try_from(*number).unwrap_or_default(),
            _ => T::default(),
        }
    }

    pub(super) fn span(&self, path: &str) -> Option<Duration> {
        match self.get(path)? {
            (Value::Span(span), _) => Some(*span),
            _ => None,
        }
    }

    /// The words with their places.
    pub(super) fn words(&self, path: &str) -> &[(String, Place)] {
        match self.get(path) {
            Some((Value::Words(words), _)) => words,
            _ => &[],
        }
    }

    /// The words alone.
    pub(super) fn plain_words(&self, path: &str) -> Vec<String> {
        self.words(path).iter().map(|(word, _)| word.clone()).collect()
    }

    pub(super) fn secret(&self, path: &str) -> Option<&secrecy::SecretString> {
        match self.get(path)? {
            (Value::Secret(secret), _) => Some(secret),
            _ => None,
        }
    }

    pub(super) fn file(&self, path: &str) -> Option<&Path> {
        match self.get(path)? {
            (Value::File(file), _) => Some(file),
            _ => None,
        }
    }
}

impl Gathered {
    /// Adds what one file says.
    pub(super) fn add(&mut self, check: &mut Check<'_>, root: &Node, place: &Place) {
        if root.raw == Raw::Null {
            return;
        }
        let Raw::Table(entries) = &root.raw else {
            let found = root.describe();
            let place = Place { line: root.line, ..place.clone() };
            check.report.add(&place, format!("expected a table of settings, found {found}"));
            return;
        };
        for entry in once(check, entries, place) {
            self.add_top(check, entry, place);
        }
    }

    fn add_top(&mut self, check: &mut Check<'_>, entry: &Entry, file: &Place) {
        let Entry { key, line, node } = entry;
        let place = file.child(key, *line);
        match key.as_str() {
            _ if node.raw == Raw::Null => {}
            "servers" => self.servers.extend(rows(check, "servers", node, &place)),
            "alert_thresholds" => {
                self.thresholds.extend(rows(check, "alert_thresholds", node, &place));
            }
            "maintenance_windows" => {
                self.windows.extend(rows(check, "maintenance_windows", node, &place));
            }
            "defaults" => {
                let (values, _) = table(check, "servers", NOT_IN_DEFAULTS, node, &place);
                self.defaults = values.over(&self.defaults);
            }
            name => match keys::by_path(name) {
                Some(key) => self.set(check, key, node, place),
                None if keys::of_section(name).next().is_some() => {
                    let (values, _) = table(check, name, &[], node, &place);
                    self.settings = values.over(&self.settings);
                }
                None => {
                    unknown(check, "", &keys::top_names(), name, &place);
                }
            },
        }
    }

    fn set(&mut self, check: &mut Check<'_>, key: &'static Key, node: &Node, place: Place) {
        if let Some(value) = check.value(key.kind, node, &place) {
            self.settings.set(key.path, value, place);
        }
    }
}

/// The tables of a list of tables.
fn rows(check: &mut Check<'_>, section: &str, node: &Node, place: &Place) -> Vec<Row> {
    let Raw::List(items) = &node.raw else {
        let problem = format!("expected a list of tables, found {}", node.describe());
        let fix = format!("write `[[{section}]]` (TOML) or a list of objects (JSON, YAML)");
        check.report.add_fix(place, problem, fix);
        return Vec::new();
    };
    let mut rows = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = place.item(index, item.line);
        let (values, tried) = table(check, section, &[], item, &place);
        rows.push(Row { place, values, tried });
    }
    rows
}

/// The values of one table of a section, and the keys that were given wrongly.
fn table(
    check: &mut Check<'_>,
    section: &str,
    without: &[&str],
    node: &Node,
    place: &Place,
) -> (Settings, Vec<&'static str>) {
    let Raw::Table(entries) = &node.raw else {
        check.report.add(place, format!("expected a table, found {}", node.describe()));
        return (Settings::default(), names_of(section));
    };
    let known: Vec<(&'static str, &'static Key)> =
        keys::of_section(section).filter(|(name, _)| !without.contains(name)).collect();
    let names: Vec<&'static str> = known.iter().map(|(name, _)| *name).collect();
    let mut values = Settings::default();
    let mut tried = Vec::new();
    for Entry { key: name, line, node } in once(check, entries, place) {
        let place = place.child(name, *line);
        let Some((known_name, key)) = known.iter().find(|(known, _)| known == name) else {
            tried.extend(unknown(check, section, &names, name, &place));
            continue;
        };
        if node.raw == Raw::Null {
            continue;
        }
        match check.value(key.kind, node, &place) {
            Some(value) => values.set(key.path, value, place),
            None => tried.push(*known_name),
        }
    }
    (values, tried)
}

fn names_of(section: &str) -> Vec<&'static str> {
    keys::of_section(section).map(|(name, _)| name).collect()
}

/// The entries of a table without those whose key came before.
fn once<'e>(check: &mut Check<'_>, entries: &'e [Entry], place: &Place) -> Vec<&'e Entry> {
    let mut first: BTreeMap<&str, Option<u32>> = BTreeMap::new();
    let mut kept = Vec::new();
    for entry in entries {
        if let Some(line) = first.get(entry.key.as_str()) {
            let place = place.child(&entry.key, entry.line);
            let problem = match line {
                Some(line) => format!("is given twice, first on line {line}"),
                None => "is given twice".to_owned(),
            };
            check.report.add_fix(&place, problem, "remove one of them");
        } else {
            first.insert(&entry.key, entry.line);
            kept.push(entry);
        }
    }
    kept
}

/// Reports a key that no row names: what was meant, or all that could be. Gives what was meant.
fn unknown(
    check: &mut Check<'_>,
    section: &str,
    names: &[&'static str],
    name: &str,
    place: &Place,
) -> Option<&'static str> {
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == name).map(|(_, key)| *key);
    let near = synonym.filter(|key| names.contains(key)).or_else(|| nearest(name, names.to_vec()));
    let place = &Place { key: place.key.escape_debug().to_string(), ..place.clone() };
    let elsewhere = || {
        let name = synonym.unwrap_or(name);
        let key = keys::KEYS
            .iter()
            .find(|key| !key.path.contains('[') && key.path.rsplit('.').next() == Some(name))?;
        Some(format!("did you mean `{}`?", key.path))
    };
    let fix = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => elsewhere().unwrap_or_else(|| {
            let whose = if section.is_empty() { "a file" } else { section };
            format!("the keys of {whose} are {}", keys::quoted_list(names))
        }),
    };
    check.report.add_fix(place, format!("unknown key {}", quoted(name)), fix);
    near
}
