//! Arguments that several tools take, with one name, one meaning and one description each.

use schemars::JsonSchema;
use serde::Deserialize;

// A doc comment would be a description, which the words make needless.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Format {
    #[default]
    Concise,
    Detailed,
}

impl Format {
    pub(super) fn detailed(self) -> bool {
        self == Self::Detailed
    }
}

/// Which servers; none given means all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Servers(pub(super) Vec<String>);

/// Selectors of one call.
const SELECTORS_MAX: u32 = 100;

impl JsonSchema for Servers {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Servers".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string" },
            "maxItems": SELECTORS_MAX,
            "description": "Aliases, globs (web-*), env:x, region:x, tag:x; default all",
        })
    }
}

/// Rows of one reply.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Limit(pub(super) usize);

/// Rows that a caller may ask for.
const LIMIT_MAX: u32 = 500;

impl JsonSchema for Limit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX })
    }
}

/// Where the next part of a long list begins.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Cursor(pub(super) String);

impl JsonSchema for Cursor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}
