//! `manage_alerts`: what operators say of alerts. Each order is weighed, stored with its entry in
//! the audit table, and only then in force and answered.

mod arguments;
mod words;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    arguments::Action,
    words::{about, reason, some_servers, words_of, words_of_when, written},
};
use super::{
    Context, Effect, Output, Tool, ToolError,
    args::{Limit, Servers},
    listing::Cut,
    view::NAME_CHARS,
};
use crate::{
    access::{Permission, Scope},
    alert::{Acknowledgement, Alert, Expectation, Said, Silence, Subject, When, Word, id_of},
    command::What,
    model::{HostName, Verdict},
    query::{
        Kind, Selection, compact,
        coverage::{Coverage, Tally},
        nearest,
        window::{self, zone_name},
    },
    redact::{clean, clip},
    render,
    store::Span,
};

/// Longest silence: what is to be quiet for longer is a threshold to be changed.
const SILENCE_SECS_MAX: i64 = 30 * 86_400;
/// Longest acknowledgement, and how long one lasts when nothing is said: somebody is at it today.
const KNOWN_SECS_MAX: i64 = 7 * 86_400;
const KNOWN_SECS: i64 = 86_400;
/// Longest time for which an expectation is believed without being said again, seconds.
const EXPECTED_SECS_MAX: i64 = 366 * 86_400;
/// Longest reason or note, characters: some sentences.
const REASON_CHARS: usize = 300;
/// Servers that one note is put on; a note without servers is on the time line of the fleet.
const NOTE_SERVERS_MAX: usize = 100;
/// Words for servers that one silence keeps.
const SELECTORS_MAX: usize = 200;
/// Alerts of so long ago can be judged, seconds: longer ones are kept by configuration alone.
const JUDGED_SECS_MAX: i64 = 400 * 86_400;
/// Ids that an error names.
const IDS_NAMED: usize = 5;

pub(super) struct ManageAlerts;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Default list
    action: Option<Action>,
    /// Of an alert; for end of what is in force
    id: Option<String>,
    #[serde(default)]
    servers: Servers,
    /// Metric, glob (fs.*) or rule
    filter: Option<String>,
    /// +2h, 18:00, RFC 3339
    until: Option<String>,
    /// Length: 2h, 7d
    r#for: Option<String>,
    /// 02:00, sun 02:00 or cron
    schedule: Option<String>,
    timezone: Option<String>,
    verdict: Option<Verdict>,
    /// Why; the words of a note
    reason: Option<String>,
    limit: Option<Limit>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reply {
    /// What was done, and what holds now; absent for `list`.
    done: Option<String>,
    /// Alerts that fire and of which nobody is told, for whatever reason.
    suppressed: usize,
    /// What counts now: after an order what it made, in `list` all.
    in_force: Vec<Row>,
    notes: Vec<String>,
    coverage: Coverage,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    kind: &'static str,
    /// Pass it to end this.
    id: String,
    /// Absent for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<String>,
    /// Metrics or a rule; absent for all.
    filter: Option<String>,
    /// When it is usual.
    schedule: Option<String>,
    until: Option<String>,
    /// It quiets at this moment.
    active: bool,
    /// Open alerts that it is about.
    alerts: usize,
    by: Option<String>,
    reason: Option<String>,
    #[serde(skip)]
    hosts: Vec<HostName>,
}

impl Tool for ManageAlerts {
    const NAME: &'static str = "manage_alerts";
    const TITLE: &'static str = "Manage alerts";
    const DESCRIPTION: &'static str = "What operators say of alerts. `list`: what is silenced, \
        acknowledged or expected now. `acknowledge` one alert; `silence` one, or `servers` and \
        `filter`, for a time; `expect` what is usual at a `schedule` (a backup at 02:00); `end` any \
        of these; `verdict` on an alert, which counts in get_alert_history; `note` on the time line. \
        Needs the operator role; each order is audited. Ids: check_alert_conditions.";
    const PERMISSION: Permission = Permission::Operate;
    const EFFECT: Effect = Effect::Manages;
    type Input = Input;
    type Output = Reply;

    async fn call(cx: Context, input: Self::Input) -> Result<Self::Output, ToolError> {
        let action = input.action.unwrap_or_default();
        arguments::check(action, &input)?;
        let selection = cx.select(&input.servers).await?;
        let made = match action {
            Action::List => return list(&cx, &input, &selection, None).await,
            Action::Acknowledge => acknowledge(&cx, &input, selection.now).await?,
            Action::Silence => silence(&cx, &input, &selection).await?,
            Action::Expect => expect(&cx, &input, &selection).await?,
            Action::End => end(&cx, &input).await?,
            Action::Verdict => verdict(&cx, &input).await?,
            Action::Note => note(&cx, &input, &selection).await?,
        };
        // What it made may be about servers that the call did not name.
        let all = cx.select(&Servers::default()).await?;
        list(&cx, &input, if made.of_id { &all } else { &selection }, Some(made)).await
    }
}

/// What an order made.
struct Made {
    done: String,
    /// The name of what is in force since.
    id: Option<String>,
    /// It was named by an id, not by servers.
    of_id: bool,
}

async fn list(
    cx: &Context,
    input: &Input,
    selection: &Selection,
    made: Option<Made>,
) -> Result<Reply, ToolError> {
    let cut = Cut::new(selection, super::args::Format::Concise, input.limit, None, None)?;
    let mut in_force = cx.query.in_force(&cx.principal, selection).await?;
    if let Some(made) = &made {
        in_force.retain(|it| Some(&it.id) == made.id.as_ref());
    }
    let open = cx.query.open_alerts(&cx.principal, selection);
    let quiet = |alert: &&Alert| alert.state.is_firing() && !alert.suppressed_by.is_empty();
    let suppressed = open.iter().filter(quiet).count();
    let rows: Vec<Row> = in_force.into_iter().map(Row::of).collect();
    let mut tally = Tally::new(selection);
    // What is said of a server that is down counts as well.
    tally.all_answer();
    let (in_force, coverage) = cut.groups(rows, tally, |row| &row.hosts, "entries");
    Ok(Reply {
        done: made.map(|made| made.done),
        suppressed,
        in_force,
        notes: cx.query.outage().into_iter().collect(),
        coverage,
    })
}

async fn acknowledge(cx: &Context, input: &Input, now: Timestamp) -> Result<Made, ToolError> {
    let alert = open_alert(cx, input).await?;
    let until = end_of(input, KNOWN_SECS_MAX, now)?.unwrap_or(now.as_second() + KNOWN_SECS);
    let known = Acknowledgement {
        alert: alert.id.clone(),
        until,
        by: cx.principal.id.to_string(),
        why: reason(input),
    };
    let done = format!("{} is acknowledged until {} or its end.", words_of(&alert), written(until));
    let target = format!("alert {}: {}", alert.id, words_of(&alert));
    cx.commands.order(&cx.principal, What::Say(Word::Acknowledge(known)), target).await?;
    Ok(Made { done, id: Some(alert.id), of_id: true })
}

async fn silence(cx: &Context, input: &Input, selection: &Selection) -> Result<Made, ToolError> {
    let (servers, subject) = scope(cx, input, selection).await?;
    let until = end_of(input, SILENCE_SECS_MAX, selection.now)?.ok_or_else(|| {
        ToolError::Refused(
            "`silence` needs an end: `for`, such as `2h`, or `until`, such as `18:00`".to_owned(),
        )
    })?;
    let id = id_of('s', &servers, &subject);
    let about = about(&servers, &subject);
    let silence = Silence {
        id: id.clone(),
        servers,
        series: subject.series,
        rule: subject.rule,
        until,
        by: cx.principal.id.to_string(),
        why: reason(input),
    };
    let word = Word::Silence(silence);
    Said::default().with(word.clone()).map_err(ToolError::Refused)?;
    cx.commands.order(&cx.principal, What::Say(word), about.clone()).await?;
    let done = format!("{about}: silenced until {}.", written(until));
    Ok(Made { done, id: Some(id), of_id: input.id.is_some() })
}

async fn expect(cx: &Context, input: &Input, selection: &Selection) -> Result<Made, ToolError> {
    let (servers, subject) = scope(cx, input, selection).await?;
    let now = selection.now;
    let timezone = zone_name(input.timezone.as_deref())?;
    let schedule = arguments::cron(input.schedule.as_deref().unwrap_or_default());
    let length = window::length("for", input.r#for.as_deref().unwrap_or_default())?;
    let until = match &input.until {
        Some(text) => window::future("until", text, input.timezone.as_deref(), now)?.as_second(),
        None => now.as_second() + EXPECTED_SECS_MAX,
    };
    bounded("until", until - now.as_second(), EXPECTED_SECS_MAX)?;
    let when = When::Repeated { schedule, duration_secs: length, timezone };
    let id = id_of('e', &servers, &subject);
    let about = about(&servers, &subject);
    let done = format!("{about}: expected {} until {}.", words_of_when(&when), written(until));
    let word = Word::Expect(Expectation {
        id: id.clone(),
        servers,
        series: subject.series,
        rule: subject.rule,
        when,
        until: Some(until),
        by: cx.principal.id.to_string(),
        why: reason(input),
    });
    Said::default().with(word.clone()).map_err(|why| {
        ToolError::Refused(format!(
            "`schedule` or `for`: {why}; write `02:00`, `sun 02:00`, `mon-fri 22:30` or a cron line \
             such as `0 2 * * sun`, and `for` up to 7 days"
        ))
    })?;
    cx.commands.order(&cx.principal, What::Say(word), about).await?;
    Ok(Made { done, id: Some(id), of_id: input.id.is_some() })
}

async fn end(cx: &Context, input: &Input) -> Result<Made, ToolError> {
    let id = input.id.as_deref().unwrap_or_default();
    let all = cx.select(&Servers::default()).await?;
    let in_force = cx.query.in_force(&cx.principal, &all).await?;
    let Some(found) = in_force.iter().find(|it| it.id == id) else {
        return Err(unknown("nothing in force has the id", id, in_force.iter().map(|it| &*it.id)));
    };
    if found.wider {
        return Err(ToolError::Refused(format!(
            "`{id}` was said by somebody who sees more servers than you: ask them to end it"
        )));
    }
    let what = match found.kind {
        Kind::Silence => "the silence of",
        Kind::Acknowledgement => "the acknowledgement of",
        Kind::Expectation => "the expectation about",
    };
    let subject = found.subject.as_deref().map_or_else(String::new, |it| format!(" {it}"));
    let servers = some_servers(&found.servers);
    let target = format!("{} {id}: {servers}{subject}", found.kind.word());
    cx.commands.order(&cx.principal, What::Say(Word::End(id.to_owned())), target).await?;
    Ok(Made { done: format!("{what} {servers}{subject} is over."), id: None, of_id: true })
}

async fn verdict(cx: &Context, input: &Input) -> Result<Made, ToolError> {
    let id = input.id.as_deref().unwrap_or_default();
    let verdict = input.verdict.unwrap_or(Verdict::Real);
    let all = cx.select(&Servers::default()).await?;
    let now = all.now.as_second();
    let span = Span { from: now - JUDGED_SECS_MAX, to: now + 1 };
    let past = cx.query.past_alerts(&cx.principal, &all, span).await?;
    let Some(found) = past.iter().find(|it| it.alert.id == id) else {
        let open = cx.query.open_alerts(&cx.principal, &all);
        if open.iter().any(|alert| alert.id == id) {
            return Err(ToolError::Refused(format!(
                "`{id}` has not fired yet: there is nothing to judge"
            )));
        }
        return Err(unknown("no alert", id, past.iter().map(|it| &*it.alert.id)));
    };
    let alert = &found.alert;
    let what = What::Judge {
        host: alert.host.clone(),
        alert: alert.id.clone(),
        verdict,
        why: reason(input),
    };
    let target = format!("alert {}: {}", alert.id, words_of(alert));
    cx.commands.order(&cx.principal, what, target).await?;
    let done = format!(
        "{} of {}: the verdict is `{}`; get_alert_history counts it for `{}`.",
        words_of(alert),
        written(alert.began),
        verdict.word(),
        alert.rule
    );
    Ok(Made { done, id: None, of_id: true })
}

async fn note(cx: &Context, input: &Input, selection: &Selection) -> Result<Made, ToolError> {
    let text = reason(input);
    let of_alert = match &input.id {
        Some(_) => open_alert(cx, input).await?.host.map(|host| vec![host]),
        None => None,
    };
    let fleet = input.servers.0.is_empty() && cx.principal.servers == Scope::Fleet;
    let hosts = match (of_alert, fleet) {
        (Some(hosts), _) => hosts,
        (None, true) => Vec::new(),
        (None, false) => selection.aliases(),
    };
    if hosts.len() > NOTE_SERVERS_MAX {
        return Err(ToolError::Refused(format!(
            "a note is on at most {NOTE_SERVERS_MAX} servers and {} are selected: name fewer in \
             `servers`, or none for the time line of the fleet",
            hosts.len()
        )));
    }
    let names: Vec<&str> = hosts.iter().map(HostName::as_str).collect();
    let on = match names.is_empty() {
        true => "the fleet".to_owned(),
        false => some_servers(&compact(&names)),
    };
    cx.commands.order(&cx.principal, What::Note { hosts, text }, on.clone()).await?;
    let done = format!("Noted on the time line of {on}.");
    Ok(Made { done, id: None, of_id: input.id.is_some() })
}

/// The servers and the subject that a silence or an expectation is about: of one alert, or as they
/// were named. For a caller who sees a part of the fleet the servers are those by name, so that it
/// never covers another one.
async fn scope(
    cx: &Context,
    input: &Input,
    selection: &Selection,
) -> Result<(Vec<String>, Subject), ToolError> {
    if input.id.is_some() {
        let alert = open_alert(cx, input).await?;
        let servers = alert.host.iter().map(ToString::to_string).collect();
        return Ok((servers, Subject { series: Some(alert.series), rule: None }));
    }
    if input.servers.0.is_empty() && input.filter.is_none() {
        return Err(ToolError::Refused(
            "say which alerts: the `id` of one, `servers` (`[\"*\"]` for all), or a `filter` such \
             as `fs.*`"
                .to_owned(),
        ));
    }
    let subject = match input.filter.as_deref() {
        Some(text) => Subject::parse(text)
            .map_err(|why| ToolError::Refused(format!("`filter`: {}", clean(&why))))?,
        None => Subject::default(),
    };
    let servers = match &cx.principal.servers {
        Scope::Fleet => input.servers.0.clone(),
        Scope::Only(_) => {
            let seen = selection.servers.iter().map(|snapshot| snapshot.host.alias.as_str());
            compact(&seen.collect::<Vec<_>>())
        }
    };
    if servers.len() > SELECTORS_MAX {
        return Err(ToolError::Refused(format!(
            "these are {} servers, more than {SELECTORS_MAX}: name fewer in `servers`",
            servers.len()
        )));
    }
    Ok((servers, subject))
}

/// The open alert that the call names.
async fn open_alert(cx: &Context, input: &Input) -> Result<Alert, ToolError> {
    let id = input.id.as_deref().unwrap_or_default();
    let all = cx.select(&Servers::default()).await?;
    let open = cx.query.open_alerts(&cx.principal, &all);
    let found = open.iter().find(|alert| alert.id == id);
    found.cloned().ok_or_else(|| unknown("no open alert", id, open.iter().map(|alert| &*alert.id)))
}

fn unknown<'a>(what: &str, id: &str, known: impl Iterator<Item = &'a str> + Clone) -> ToolError {
    let shown = clean(id);
    let shown = clip(&shown, NAME_CHARS);
    let listed: Vec<String> = known.clone().take(IDS_NAMED).map(|id| format!("`{id}`")).collect();
    let hint = match (nearest(id, known.clone()), listed.is_empty()) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, false) => format!("there are {} of {}", listed.join(", "), known.count()),
        (None, true) => "there is none".to_owned(),
    };
    ToolError::Refused(format!("{what} `{shown}`; {hint}"))
}

/// The end that the call gives, by `until` or `for`.
fn end_of(input: &Input, most: i64, now: Timestamp) -> Result<Option<i64>, ToolError> {
    let (argument, secs) = match (&input.until, &input.r#for) {
        (Some(_), Some(_)) => {
            return Err(ToolError::Refused("give either `until` or `for`".to_owned()));
        }
        (Some(text), None) => {
            let end = window::future("until", text, input.timezone.as_deref(), now)?;
            ("until", end.as_second() - now.as_second())
        }
        (None, Some(text)) => ("for", window::length("for", text)?),
        (None, None) => return Ok(None),
    };
    bounded(argument, secs, most)?;
    Ok(Some(now.as_second() + secs))
}

fn bounded(argument: &str, secs: i64, most: i64) -> Result<(), ToolError> {
    if secs <= most {
        return Ok(());
    }
    let days = most / 86_400;
    Err(ToolError::Refused(format!("`{argument}` is at most {days} days from now")))
}

impl Output for Reply {
    fn headline(&self) -> String {
        if let Some(done) = &self.done {
            return done.clone();
        }
        let count = |kind: Kind| self.in_force.iter().filter(|it| it.kind == kind.word()).count();
        format!(
            "{}, {}, {} in force; {} suppressed.",
            render::count(count(Kind::Silence), "silence"),
            render::count(count(Kind::Acknowledgement), "acknowledgement"),
            render::count(count(Kind::Expectation), "expectation"),
            render::count(self.suppressed, "alert"),
        )
    }
}
