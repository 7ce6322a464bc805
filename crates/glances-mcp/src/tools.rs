//! Every tool that the server offers. Adding one: a struct in its domain file and a line in
//! [`all`]. Knows no transport.

mod alerts;
mod anomalies;
mod args;
pub mod arguments;
mod capacity;
mod changed;
mod compare;
mod containers;
mod dependencies;
mod forecast;
mod health;
mod history;
mod listing;
mod manage;
mod network;
mod performance;
mod picture;
mod processes;
mod schema;
mod selecting;
mod servers;
mod storage;
mod system;
mod view;

use std::{
    future::Future,
    io,
    sync::{Arc, LazyLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use schemars::{JsonSchema, generate::Contract};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use self::schema::schema_of;
pub use self::schema::schema_of_output;
use crate::{
    access::{Denied, Permission, Principal},
    command::{CommandError, Commands},
    query::{Query, QueryError, SelectorError, window::WindowError},
    render,
};

/// Longest that a call runs; one that talks to a monitored machine fits in with its own deadline.
pub const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// Longest reply, each of text and structured content. About 20,000 tokens, the most that clients
/// take.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;

/// All tools, in the order in which clients list them: the first to call comes first. Their schemas
/// are made once.
#[must_use]
pub fn all() -> &'static [ToolDef] {
    static ALL: LazyLock<Vec<ToolDef>> = LazyLock::new(|| {
        vec![
            ToolDef::of::<system::GetSystemOverview>(),
            ToolDef::of::<servers::ListServers>(),
            ToolDef::of::<servers::GetServerStatus>(),
            ToolDef::of::<system::GetDetailedMetrics>(),
            ToolDef::of::<storage::GetDiskUsage>(),
            ToolDef::of::<storage::GetDiskIoStats>(),
            ToolDef::of::<network::GetNetworkStats>(),
            ToolDef::of::<network::GetNetworkConnections>(),
            ToolDef::of::<containers::GetContainers>(),
            ToolDef::of::<containers::GetContainerDetails>(),
            ToolDef::of::<processes::GetTopProcesses>(),
            ToolDef::of::<processes::GetProcessDetails>(),
            ToolDef::of::<compare::CompareServers>(),
            ToolDef::of::<compare::EnvironmentAnalysis>(),
            ToolDef::of::<dependencies::AnalyzeDependencies>(),
            ToolDef::of::<alerts::CheckAlertConditions>(),
            ToolDef::of::<alerts::GetAlertHistory>(),
            ToolDef::of::<manage::ManageAlerts>(),
            ToolDef::of::<history::QueryMetrics>(),
            ToolDef::of::<health::GenerateHealthScore>(),
            ToolDef::of::<changed::WhatChanged>(),
            ToolDef::of::<capacity::CapacityAnalysis>(),
            ToolDef::of::<forecast::PredictResourceNeeds>(),
            ToolDef::of::<anomalies::DetectAnomalies>(),
            ToolDef::of::<performance::PerformanceComparison>(),
        ]
    });
    &ALL
}

/// A tool by its name.
#[must_use]
pub fn named(name: &str) -> Option<&'static ToolDef> {
    all().iter().find(|def| def.name == name)
}

/// What a tool answers, for prompts and resources: they say what tools say.
///
/// # Errors
/// As the tool's.
pub async fn ask(cx: Context, name: &'static str, arguments: Value) -> Result<Reply, ToolError> {
    if cx.off.contains(&name) {
        return Err(ToolError::Missing(format!("the tool `{name}` is switched off here")));
    }
    let def = named(name).ok_or_else(|| ToolError::Missing(format!("no tool `{name}`")))?;
    let Value::Object(arguments) = arguments else {
        return Err(ToolError::Refused("arguments are an object".to_owned()));
    };
    def.call(cx, arguments).await
}

/// One MCP tool: its contract, its permission and its behaviour in one place.
pub trait Tool: 'static {
    /// Name, `snake_case`.
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// When to use it and when not, for the model; at most 1,024 characters.
    const DESCRIPTION: &'static str;
    /// What a caller needs.
    const PERMISSION: Permission = Permission::Read;
    /// What it does to the world.
    const EFFECT: Effect = Effect::ReadOnly;
    /// Arguments. Unknown ones are refused.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// Reply.
    type Output: Output;
    /// Answers.
    fn call(
        cx: Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, ToolError>> + Send;
}

/// What a reply has besides its fields.
pub trait Output: Serialize + JsonSchema + 'static {
    /// One line that holds the answer; the fields follow.
    fn headline(&self) -> String;
    /// Takes what is shown beside the text; nothing, unless a tool draws.
    fn take_images(&mut self) -> Vec<Image> {
        Vec::new()
    }
}

/// Largest image of a reply, as the file that it is.
pub const IMAGE_BYTES_MAX: usize = 60 * 1024;
/// Images of one reply.
pub const IMAGES_MAX: usize = 1;

/// A picture beside the text of a reply.
#[derive(Clone, Debug)]
pub struct Image(Vec<u8>);

impl Image {
    /// Of a PNG file; `None` when it is too large to be sent.
    #[must_use]
    pub fn png(file: Vec<u8>) -> Option<Self> {
        (file.len() <= IMAGE_BYTES_MAX).then_some(Self(file))
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What kind of file.
    #[must_use]
    pub const fn mime(&self) -> &'static str {
        "image/png"
    }
}

/// What a call of a tool does to the world, for its annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing. Never waits for a monitored machine unless asked to.
    ReadOnly,
    /// Changes a setting of a monitored Glances for a moment, when asked to.
    BrieflyChanges,
    /// Changes what we keep and whom we tell; never a monitored machine. Doing it twice may be two.
    Manages,
}

/// What a call may touch: the read side, the commands of the write side, and the caller.
#[derive(Clone)]
pub struct Context {
    /// Who calls.
    pub principal: Principal,
    /// Answers.
    pub query: Query,
    /// Changes.
    pub commands: Commands,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// Told of long work.
    pub progress: Progress,
    /// Names of tools that the operator has switched off: what they say is told nowhere else either.
    pub off: Arc<[&'static str]>,
}

impl Context {
    /// Nobody listens to progress, and no tool is off.
    #[must_use]
    pub fn new(
        principal: Principal,
        query: Query,
        commands: Commands,
        now: fn() -> Timestamp,
    ) -> Self {
        Self { principal, query, commands, now, progress: Progress::default(), off: Arc::default() }
    }
}

/// Tells a waiting caller how far a call is. Says nothing when the caller does not listen.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Report>>);

/// Takes what is done, the total and a message.
type Report = dyn Fn(f64, f64, String) + Send + Sync;

impl Progress {
    /// Reports go to `report(done, total, message)`, which must not block.
    pub fn new(report: impl Fn(f64, f64, String) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(report)))
    }

    /// Reports one step.
    pub fn step(&self, done: f64, total: f64, message: impl Into<String>) {
        if let Some(report) = &self.0 {
            report(done, total, message.into());
        }
    }
}

/// A failure that the model can read and act on. Protocol faults never reach this type.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Arguments that do not fit; all problems together.
    #[error(transparent)]
    Arguments(#[from] arguments::Problems),
    /// Arguments that fit the schema and not each other, or name what is not there.
    #[error("{0}")]
    Refused(String),
    /// Names what is not there.
    #[error("{0}")]
    Missing(String),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Names nothing that is there.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// Times that cannot be read.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The write side could not.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It took longer than a caller waits.
    #[error("no answer within {} s; try again with fewer servers", CALL_DEADLINE.as_secs())]
    Deadline,
    /// The reply would not fit in an assistant's context.
    #[error(
        "the reply would have {bytes} bytes, over the limit of {REPLY_BYTES_MAX}: lower `limit`, select fewer `servers`, or use `format: concise`"
    )]
    TooLong {
        /// Its size.
        bytes: usize,
    },
    /// Our fault.
    #[error("the reply could not be encoded")]
    Encode(#[source] serde_json::Error),
}

impl From<SelectorError> for ToolError {
    fn from(error: SelectorError) -> Self {
        Self::Query(error.into())
    }
}

/// An answer, twice: each form is complete on its own. Images only show what is said as well.
#[derive(Debug)]
pub struct Reply {
    /// For people and for clients that show text.
    pub text: String,
    /// Fits the tool's output schema.
    pub structured: Value,
    /// For people and for models that see; at most [`IMAGES_MAX`].
    pub images: Vec<Image>,
}

type CallFuture = BoxFuture<'static, Result<Reply, ToolError>>;

/// A [`Tool`] with its types erased, so that a list can hold it.
pub struct ToolDef {
    /// Name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// For the model.
    pub description: &'static str,
    /// What a caller needs.
    pub permission: Permission,
    /// For the annotations.
    pub effect: Effect,
    /// JSON Schema of the arguments.
    pub input_schema: Arc<Map<String, Value>>,
    /// JSON Schema of the structured reply.
    pub output_schema: Arc<Map<String, Value>>,
    call: fn(Context, Value) -> CallFuture,
}

impl ToolDef {
    fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            permission: T::PERMISSION,
            effect: T::EFFECT,
            input_schema: schema_of::<T::Input>(Contract::Deserialize).into(),
            output_schema: schema_of::<T::Output>(Contract::Serialize).into(),
            call: |cx, arguments| Box::pin(run::<T>(cx, arguments)),
        }
    }

    /// Checks the caller and the arguments, then runs the tool: the one path by which any tool is
    /// ever called.
    ///
    /// # Errors
    /// What the caller has to know, in their words.
    pub async fn call(
        &self,
        cx: Context,
        arguments: Map<String, Value>,
    ) -> Result<Reply, ToolError> {
        cx.principal.require(self.permission, self.name)?;
        let arguments = arguments::check(&self.input_schema, arguments)?;
        (self.call)(cx, Value::Object(arguments)).await
    }
}

async fn run<T: Tool>(cx: Context, arguments: Value) -> Result<Reply, ToolError> {
    let input = serde_json::from_value(arguments)
        .map_err(|err| ToolError::Refused(format!("arguments do not fit: {err}")))?;
    let mut output = T::call(cx, input).await?;
    let mut images = output.take_images();
    images.truncate(IMAGES_MAX);
    let headline = output.headline();
    let mut structured = serde_json::to_value(&output).map_err(ToolError::Encode)?;
    render::tidy(&mut structured);
    let text = render::text(&headline, &structured);
    // Counting exactly is as dear as encoding, and most replies are far from the limit.
    if text.len().max(encoded_at_most(&structured)) > REPLY_BYTES_MAX {
        let bytes = text.len().max(encoded_len(&structured));
        if bytes > REPLY_BYTES_MAX {
            return Err(ToolError::TooLong { bytes });
        }
    }
    Ok(Reply { text, structured, images })
}

/// What no encoding of a value exceeds, bytes: every character escaped, every number at its longest.
fn encoded_at_most(value: &Value) -> usize {
    const NUMBER: usize = 25;
    let string = |text: &str| 2 + 6 * text.len();
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => NUMBER,
        Value::String(text) => string(text),
        Value::Array(items) => {
            2 + items.iter().map(|item| 1 + encoded_at_most(item)).sum::<usize>()
        }
        Value::Object(map) => {
            let field = |(key, value): (&String, &Value)| 2 + string(key) + encoded_at_most(value);
            2 + map.iter().map(field).sum::<usize>()
        }
    }
}

/// Length of a value as JSON, without writing it anywhere.
fn encoded_len(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither a value nor a counter can fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// The reference page of the tools, in Markdown.
#[must_use]
pub fn reference() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "# Tools\n\nGenerated by `glances-mcp docs tools`.\n\nWhat has no description means the \
         same in every tool: `format` `concise` (default) shows the worst, `detailed` more columns \
         and rows; `limit` is the number of rows in the whole reply, `per_server` of each server; \
         `cursor` is the `next_cursor` of the reply before; `fresh` polls now and waits, for at \
         most 5 servers.\n",
    );
    for def in all() {
        let _ = write!(page, "\n## `{}`\n\n{}\n\n", def.name, def.description);
        let role = if def.permission == Permission::Read { "viewer" } else { "operator" };
        let _ = writeln!(page, "Needs the {role} role.\n");
        let _ = writeln!(page, "| argument | takes | what |\n|---|---|---|");
        let none = Map::new();
        let properties = def.input_schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.unwrap_or(&none) {
            let word = |key: &str| property.get(key).and_then(Value::as_str).unwrap_or_default();
            let words = property
                .get("enum")
                .and_then(Value::as_array)
                .map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
            let takes = words.unwrap_or_else(|| word("type").to_owned());
            let _ = writeln!(page, "| `{name}` | {takes} | {} |", word("description"));
        }
    }
    page
}

/// Checks any bytes as the arguments of every tool; for fuzzing and its test.
#[doc(hidden)]
pub fn fuzz_arguments(bytes: &[u8]) {
    let Ok(Value::Object(arguments)) = serde_json::from_slice(bytes) else { return };
    for def in all() {
        let _ = arguments::check(&def.input_schema, arguments.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z_]{0,12}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_arguments_are_taken_or_refused_without_panic(value in any_json()) {
            fuzz_arguments(value.to_string().as_bytes());
            for name in ["servers", "limit", "format", "server", "pid"] {
                fuzz_arguments(serde_json::json!({ name: value.clone() }).to_string().as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn no_value_is_longer_than_it_is_held_for(value in any_json()) {
            prop_assert!(encoded_len(&value) <= encoded_at_most(&value));
        }
    }

    #[test]
    fn names_are_unique_and_descriptions_fit() {
        let mut names: Vec<&str> = all().iter().map(|def| def.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
        for def in all() {
            assert!(def.description.len() <= 1_024, "{}", def.name);
        }
    }
}
