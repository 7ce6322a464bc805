//! Documents that say what tools say: one row a part. A part that fails says so, and the others stand.

use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Document, Variables, tidied};
use crate::tools::{self, Context, ToolError, schema_of_output};

/// One part of a document.
pub(super) struct Part {
    /// Its key.
    pub key: &'static str,
    /// The tool that says it.
    pub tool: &'static str,
    /// What the tool is asked.
    pub arguments: fn(&Variables) -> Value,
    /// The fields of its answer that the part has.
    pub keep: &'static [&'static str],
}

/// A document with parts.
pub(super) trait Parts: 'static {
    /// What no tool says.
    type Head: Serialize + JsonSchema + Send;
    /// What tools say.
    const PARTS: &'static [Part];
}

/// What the tools said, by key.
pub(super) type Answers = Map<String, Value>;

/// Asks the tools of all parts at once.
pub(super) async fn ask<P: Parts>(cx: &Context, variables: &Variables) -> Answers {
    let asked = P::PARTS.iter().map(|part| async move {
        let reply = tools::ask(cx.clone(), part.tool, (part.arguments)(variables)).await;
        (part.key.to_owned(), kept(reply.map(|reply| reply.structured), part.keep))
    });
    join_all(asked).await.into_iter().collect()
}

/// The wanted fields of an answer, or why there is none.
fn kept(reply: Result<Value, ToolError>, keep: &[&str]) -> Value {
    match reply {
        Ok(Value::Object(mut fields)) => {
            fields.retain(|name, _| keep.contains(&name.as_str()));
            Value::Object(fields)
        }
        Ok(other) => other,
        Err(error) => json!({ "unavailable": error.to_string() }),
    }
}

/// A document of a head and its parts.
pub(super) struct Composed<P: Parts> {
    pub(super) head: P::Head,
    pub(super) answers: Answers,
}

impl<P: Parts> Document for Composed<P> {
    const MIME: &'static str = "application/json";

    fn schema() -> Option<Map<String, Value>> {
        let mut schema = schema_of_output::<P::Head>();
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        for part in P::PARTS {
            if let Value::Object(properties) = properties {
                properties.insert(part.key.to_owned(), part.schema());
            }
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.extend(P::PARTS.iter().map(|part| Value::from(part.key)));
        }
        Some(schema)
    }

    fn text(&self) -> Result<String, ToolError> {
        let mut value = tidied(&self.head)?;
        if let Value::Object(fields) = &mut value {
            fields.extend(self.answers.clone());
        }
        Ok(value.to_string())
    }
}

impl Part {
    /// That of the tool's answer, as far as it is kept; or why there is none.
    fn schema(&self) -> Value {
        let of_tool = tools::named(self.tool).map(|def| def.output_schema.clone());
        let mut of_tool = of_tool.as_deref().cloned().unwrap_or_default();
        of_tool.insert("description".to_owned(), format!("As `{}` answers.", self.tool).into());
        if let Some(Value::Object(properties)) = of_tool.get_mut("properties") {
            properties.retain(|name, _| self.keep.contains(&name.as_str()));
        }
        if let Some(Value::Array(required)) = of_tool.get_mut("required") {
            required.retain(|name| name.as_str().is_some_and(|name| self.keep.contains(&name)));
        }
        json!({ "anyOf": [of_tool, {
            "type": "object",
            "properties": { "unavailable": {
                "type": "string",
                "description": "Why this part cannot be said now",
            } },
            "required": ["unavailable"],
        }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_fails_says_why() {
        let failed = kept(Err(ToolError::Missing("no server `x`".to_owned())), &["a"]);
        assert_eq!(failed, json!({ "unavailable": "no server `x`" }));
        let told = kept(Ok(json!({ "a": 1, "b": 2 })), &["a"]);
        assert_eq!(told, json!({ "a": 1 }));
    }

    #[test]
    fn every_part_keeps_what_its_tool_has_and_asks_what_it_takes() {
        let all: [&[Part]; 6] = [
            super::super::dashboard::Dashboard::PARTS,
            super::super::topology::Topology::PARTS,
            super::super::performance::Performance::PARTS,
            super::super::alert_history::Alerts::PARTS,
            super::super::baselines::Baselines::PARTS,
            super::super::server::OneServer::PARTS,
        ];
        for part in all.into_iter().flatten() {
            let def = tools::named(part.tool).unwrap();
            for field in part.keep {
                assert!(def.output_schema["properties"].get(field).is_some(), "{field}");
            }
            let Value::Object(arguments) = (part.arguments)(&Variables::default()) else {
                panic!("{}: no arguments", part.key)
            };
            assert!(tools::arguments::check(&def.input_schema, arguments).is_ok(), "{}", part.key);
        }
    }
}
