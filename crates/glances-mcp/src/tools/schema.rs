//! JSON Schemas of arguments and replies, as short as they can be: a model reads every one of them.

use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value};

/// A type's JSON Schema, as replies are written in it.
#[must_use]
pub fn schema_of_output<T: JsonSchema>() -> Map<String, Value> {
    schema_of::<T>(Contract::Serialize)
}

/// A type's JSON Schema with all parts inline and without what costs tokens and tells nothing:
/// `$schema`, titles, number formats, `null` (absent fields are left out, never null).
pub(super) fn schema_of<T: JsonSchema>(contract: Contract) -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.contract = contract;
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    let mut value = Value::from(schema);
    slim(&mut value);
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn slim(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            slim_keywords(map);
            map.values_mut().for_each(slim);
        }
        Value::Array(items) => items.iter_mut().for_each(slim),
        _ => {}
    }
}

fn slim_keywords(map: &mut Map<String, Value>) {
    // As keywords these are texts; a property of that name is a schema.
    for keyword in ["format", "title"] {
        if map.get(keyword).is_some_and(Value::is_string) {
            map.remove(keyword);
        }
    }
    let says_nothing = |default: &Value| {
        matches!(default, Value::Null | Value::Bool(false))
            || default.as_array().is_some_and(Vec::is_empty)
    };
    if map.get("default").is_some_and(says_nothing) {
        map.remove("default");
    }
    let nullable: Vec<String> = map
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, property)| is_nullable(property))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(required)) = map.get_mut("required") {
        required.retain(|name| !nullable.iter().any(|nullable| name == nullable));
    }
    if map.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        map.remove("required");
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    // An optional part comes as `anyOf: [part, null]`.
    if let Some(Value::Array(parts)) = map.get_mut("anyOf") {
        parts.retain(|part| part.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = parts.as_slice() {
            let only = only.clone();
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
}

fn is_nullable(property: &Value) -> bool {
    let null = |kind: &Value| kind == "null";
    let among = |key: &str| property.get(key).and_then(Value::as_array).into_iter().flatten();
    property.get("type").is_some_and(null)
        || among("type").any(null)
        || among("anyOf").any(|part| part.get("type").is_some_and(null))
}
