//! Look-ups inside a body: `/{plugin}/{item}` and what follows. Off the hot path, so it parses.

use serde_json::{Value, json};

/// The value of a field, in every record of a list; `None` when there is no such field.
pub(super) fn item(body: &Value, name: &str) -> Option<Value> {
    match body {
        Value::Array(records) => {
            let values: Vec<Value> =
                records.iter().filter_map(|record| record.get(name)).cloned().collect();
            (!values.is_empty()).then_some(Value::Array(values))
        }
        record => record.get(name).cloned(),
    }
}

/// `{value: [records]}` of the records whose field has that value; `None` without such a field.
pub(super) fn records_with(body: &Value, name: &str, value: &str) -> Option<Value> {
    item(body, name)?;
    let found: Vec<Value> = body
        .as_array()?
        .iter()
        .filter(|record| record.get(name).is_some_and(|field| text(field) == value))
        .cloned()
        .collect();
    Some(json!({ value: found }))
}

/// `{item: value}` of the record whose key has that value.
pub(super) fn item_of(body: &Value, name: &str, key: &str) -> Option<Value> {
    let record = body.as_array()?.iter().find(|record| {
        let field = record.get("key").and_then(Value::as_str).and_then(|field| record.get(field));
        field.is_some_and(|field| text(field) == key)
    })?;
    Some(json!({ name: record.get(name)? }))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
