//! Documents that clients read and may watch: configuration, history, knowledge and the present.
//! Adding one: a struct in its file and a line in [`all`]. Knows no transport.

mod alert;
mod alert_history;
mod baselines;
mod dashboard;
mod inventory;
mod parts;
mod performance;
mod plugin;
mod reference;
mod rows;
mod runbooks;
mod server;
mod thresholds;
mod topology;
mod uri;

use std::future::Future;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::{reference::reference, uri::Variables};
use crate::{
    complete::Values,
    redact::{clean, clip},
    render,
    tools::{Context, REPLY_BYTES_MAX, ToolError},
};

/// All resources, in the order in which clients list them.
#[must_use]
pub fn all() -> Vec<ResourceDef> {
    vec![
        ResourceDef::of::<dashboard::Dashboard>(),
        ResourceDef::of::<topology::Topology>(),
        ResourceDef::of::<inventory::Inventory>(),
        ResourceDef::of::<thresholds::Thresholds>(),
        ResourceDef::of::<performance::Performance>(),
        ResourceDef::of::<alert_history::Alerts>(),
        ResourceDef::of::<baselines::Baselines>(),
        ResourceDef::of::<runbooks::Index>(),
        ResourceDef::of::<server::OneServer>(),
        ResourceDef::of::<plugin::OnePlugin>(),
        ResourceDef::of::<alert::OneAlert>(),
        ResourceDef::of::<runbooks::OneRunbook>(),
    ]
}

/// The resource that has this URI, and what its template's variables are.
#[must_use]
pub fn find<'d>(defs: &'d [ResourceDef], uri: &str) -> Option<(&'d ResourceDef, Variables)> {
    defs.iter().find_map(|def| Some((def, uri::matched(def.uri, uri)?)))
}

/// What to say of a URI that no resource has.
#[must_use]
pub fn unknown(uri: &str) -> String {
    format!("no resource `{}`: list them, or their templates", clip(&clean(uri), 100))
}

/// One MCP resource, or a template of many: its contract and its behaviour in one place.
pub trait Resource: 'static {
    /// `glances://…`, with `{variables}` in a template.
    const URI: &'static str;
    /// Name, `snake_case`.
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// What is in it, and when to read it.
    const DESCRIPTION: &'static str;
    /// Whom it is for.
    const AUDIENCE: Audience = Audience::Both;
    /// 0 (optional) to 1 (all but required), for clients that choose by themselves.
    const PRIORITY: f32;
    /// What makes it change.
    const CHANGES: Changes;
    /// What completes each variable of the template.
    const VARIABLES: &'static [(&'static str, Values)] = &[];
    /// What it says.
    type Document: Document;
    /// When what it says last changed, as far as the caller sees; `None` when nobody knows.
    fn modified(cx: &Context) -> Option<Timestamp> {
        Self::CHANGES.last(cx)
    }
    /// Reads it.
    fn read(
        cx: Context,
        variables: Variables,
    ) -> impl Future<Output = Result<Self::Document, ToolError>> + Send;
}

/// Whom a resource is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person reads it.
    User,
    /// A model reads it.
    Assistant,
    /// Either.
    Both,
}

/// What makes a resource change: how long clients may keep it, and whether they may watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Only a new version of this program.
    Never,
    /// A new configuration.
    Configured,
    /// Time: history grows.
    Slowly,
    /// Every poll. Clients may watch it.
    Live,
}

impl Changes {
    /// How long a client may keep what it has read, ms.
    #[must_use]
    pub const fn ttl_ms(self) -> u64 {
        match self {
            Self::Never => 3_600_000,
            Self::Configured => 60_000,
            Self::Slowly => 30_000,
            Self::Live => 5_000,
        }
    }

    /// The word in the reference.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "with a new version",
            Self::Configured => "with the configuration",
            Self::Slowly => "slowly",
            Self::Live => "with every poll; can be watched",
        }
    }

    /// When that happened last to what the caller may see.
    fn last(self, cx: &Context) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Configured => cx.query.configured_at(),
            // History grows with every poll.
            Self::Slowly | Self::Live => {
                let visible = cx.query.visible(&cx.principal);
                visible.iter().filter_map(|snapshot| snapshot.reach.last_attempt).max()
            }
        }
    }
}

/// The form of a resource: JSON of any type with a schema, or [`Markdown`].
pub trait Document: Sized {
    /// Its MIME type.
    const MIME: &'static str;
    /// JSON Schema, of JSON.
    fn schema() -> Option<Map<String, Value>>;
    /// As text.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn text(&self) -> Result<String, ToolError>;
}

impl<T: Serialize + JsonSchema> Document for T {
    const MIME: &'static str = "application/json";

    fn schema() -> Option<Map<String, Value>> {
        Some(crate::tools::schema_of_output::<T>())
    }

    fn text(&self) -> Result<String, ToolError> {
        Ok(tidied(self)?.to_string())
    }
}

/// A value as it is written: without what is not known, rounded.
fn tidied(it: &impl Serialize) -> Result<Value, ToolError> {
    let mut value = serde_json::to_value(it).map_err(ToolError::Encode)?;
    render::tidy(&mut value);
    Ok(value)
}

/// Text for people.
pub struct Markdown(pub String);

impl Document for Markdown {
    const MIME: &'static str = "text/markdown";

    fn schema() -> Option<Map<String, Value>> {
        None
    }

    fn text(&self) -> Result<String, ToolError> {
        Ok(self.0.clone())
    }
}

/// What a client gets of a resource.
#[derive(Debug)]
pub struct Contents {
    /// Its MIME type.
    pub mime: &'static str,
    /// At most [`REPLY_BYTES_MAX`] bytes.
    pub text: String,
}

type ReadFuture = BoxFuture<'static, Result<Contents, ToolError>>;

/// A [`Resource`] with its types erased, so that a list can hold it.
#[derive(Clone)]
pub struct ResourceDef {
    /// URI, or template.
    pub uri: &'static str,
    /// Name.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What is in it.
    pub description: &'static str,
    /// Whom it is for.
    pub audience: Audience,
    /// 0 to 1.
    pub priority: f32,
    /// What makes it change.
    pub changes: Changes,
    /// What completes each variable.
    pub variables: &'static [(&'static str, Values)],
    /// Its MIME type.
    pub mime: &'static str,
    /// JSON Schema of the document, when it is JSON.
    pub schema: fn() -> Option<Map<String, Value>>,
    modified: fn(&Context) -> Option<Timestamp>,
    read: fn(Context, Variables) -> ReadFuture,
}

impl ResourceDef {
    fn of<R: Resource>() -> Self {
        Self {
            uri: R::URI,
            name: R::NAME,
            title: R::TITLE,
            description: R::DESCRIPTION,
            audience: R::AUDIENCE,
            priority: R::PRIORITY,
            changes: R::CHANGES,
            variables: R::VARIABLES,
            mime: R::Document::MIME,
            schema: R::Document::schema,
            modified: R::modified,
            read: |cx, variables| Box::pin(read::<R>(cx, variables)),
        }
    }

    /// Whether it stands for many, by its variables.
    #[must_use]
    pub fn is_template(&self) -> bool {
        !self.variables.is_empty()
    }

    /// Whether it changes with the polls, so that clients may wait for it.
    #[must_use]
    pub fn is_watchable(&self) -> bool {
        self.changes == Changes::Live
    }

    /// Reads it as this caller may see it.
    ///
    /// # Errors
    /// What the caller has to know, in their words.
    pub async fn read(&self, cx: Context, variables: Variables) -> Result<Contents, ToolError> {
        (self.read)(cx, variables).await
    }

    /// When what it says last changed, as far as this caller sees; `None` when nobody knows.
    #[must_use]
    pub fn modified(&self, cx: &Context) -> Option<Timestamp> {
        (self.modified)(cx)
    }
}

async fn read<R: Resource>(cx: Context, variables: Variables) -> Result<Contents, ToolError> {
    let text = R::read(cx, variables).await?.text()?;
    if text.len() > REPLY_BYTES_MAX {
        return Err(ToolError::TooLong { bytes: text.len() });
    }
    Ok(Contents { mime: R::Document::MIME, text })
}
