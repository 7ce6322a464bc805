//! News for clients that wait, in both eras: a stream that they opened for it, or their session. A
//! client has at most one notification on its way; what happens meanwhile is kept as one a resource,
//! so that one that does not read costs a place and nothing more.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures_util::future::select_all;
use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{Extensions, ResourceUpdatedNotificationParam},
    service::{RequestContext, ServiceError, SubscriptionContext},
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Calls, Manager,
    call::{Answer, Call},
    resources::refused,
};
use crate::{
    access::Principal,
    resources,
    tools::{Context, ToolError},
    watching::{PER_CLIENT_MAX, Seat, Watch},
};

/// Changes of what a session watches that wait for its task, which takes them at once.
const CHANGES_QUEUED_MAX: usize = 8;

/// One thing to tell.
enum News {
    Updated(String),
    ListsChanged,
}

/// What one client waits for.
#[derive(Default)]
pub(super) struct Waiting {
    watches: Vec<Watch>,
    /// Told when another configuration makes other lists.
    lists: Option<watch::Receiver<()>>,
    _seat: Option<Seat>,
}

impl Answer for Waiting {
    fn text_bytes(&self) -> usize {
        0
    }
}

impl Waiting {
    /// Waits for the next piece of news.
    async fn next(&mut self) -> News {
        let Self { watches, lists, .. } = self;
        let updated = async {
            if watches.is_empty() {
                return std::future::pending().await;
            }
            let changed = |watch| {
                Box::pin(async move {
                    let watch: &mut Watch = watch;
                    watch.changed().await;
                    watch.uri.clone()
                })
            };
            select_all(watches.iter_mut().map(changed)).await.0
        };
        let listed = async {
            let Some(lists) = lists else { return std::future::pending().await };
            if lists.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            uri = updated => News::Updated(uri),
            () = listed => News::ListsChanged,
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Watch(watch) => {
                self.watches.retain(|it| it.uri != watch.uri);
                self.watches.push(watch);
            }
            Change::Forget(uri, done) => {
                self.watches.retain(|it| it.uri != uri);
                let _ = done.send(());
            }
        }
    }
}

/// A call that begins to wait for these resources.
async fn subscribe(
    calls: &Calls,
    principal: Principal,
    method: &'static str,
    uris: &[String],
    cx: &RequestContext<RoleServer>,
) -> Result<Waiting, ErrorData> {
    let name = match uris {
        [] => "lists",
        [uri] => resources::find(calls.resources(), uri).map_or("unknown", |(def, _)| def.uri),
        _ => "several",
    };
    let (mut waiting, mut last) = (Waiting::default(), None);
    let work = async |context: Context| {
        if uris.len() > PER_CLIENT_MAX {
            return Err(too_many());
        }
        for uri in uris {
            last = Some(uri);
            let watches = calls.watches();
            waiting.watches.push(watches.watch(calls.resources(), uri, context.clone()).await?);
        }
        Ok(waiting)
    };
    let answer = calls.run(Call { method, name, principal }, cx, work).await?;
    answer.map_err(|error| refused(&error, last.map_or("", String::as_str)))
}

fn too_many() -> ToolError {
    let text = format!(
        "one client watches at most {PER_CLIENT_MAX} resources: \
         `glances://live/dashboard` tells of the whole fleet"
    );
    ToolError::Refused(text)
}

/// Tells of news on a stream of the era without sessions, until the client closes it or the server
/// stops.
pub(super) async fn listen(
    calls: &Calls,
    principal: Principal,
    cx: &SubscriptionContext,
    ended: &CancellationToken,
) -> Result<(), ErrorData> {
    let asked = cx.requested().resource_subscriptions.iter().flatten().cloned();
    let uris: Vec<String> = asked.collect::<BTreeSet<String>>().into_iter().collect();
    let seat = calls.watches().seat(&principal).map_err(|error| refused(&error, ""))?;
    // From before the client could have read anything.
    let reloads = calls.reloads();
    let method = "subscriptions/listen";
    let mut waiting = subscribe(calls, principal, method, &uris, cx.request_context()).await?;
    waiting.lists = (cx.accepted().resources_list_changed == Some(true)).then_some(reloads);
    waiting._seat = Some(seat);
    let telling = async {
        loop {
            let sent = match waiting.next().await {
                News::Updated(uri) => cx.sink().notify_resource_updated(uri).await,
                News::ListsChanged => cx.sink().notify_resource_list_changed().await,
            };
            if sent.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = cx.cancelled() => {}
        () = ended.cancelled() => {}
    }
    Ok(())
}

/// A change of what a session watches.
enum Change {
    Watch(Watch),
    Forget(String, oneshot::Sender<()>),
}

/// Whether the client of a session hears us now.
pub(super) enum Ear {
    /// On stdio, always.
    Open,
    /// While it has a stream open.
    Session { id: String, manager: Arc<Manager>, streams: watch::Receiver<usize> },
}

impl Ear {
    /// That of a client of HTTP; `None` when it has no session.
    pub(super) fn of(extensions: &Extensions, manager: &Arc<Manager>) -> Option<Self> {
        let parts = extensions.get::<::http::request::Parts>()?;
        let id = parts.headers.get("mcp-session-id")?.to_str().ok()?;
        let streams = manager.listening(id)?;
        Some(Self::Session { id: id.to_owned(), manager: manager.clone(), streams })
    }

    /// Waits until the client hears us, then for news. A client without a stream is sent nothing:
    /// it would keep a session alive that nobody uses any more.
    async fn next(&mut self, waiting: &mut Waiting) -> News {
        let Self::Session { id, manager, streams } = self else { return waiting.next().await };
        loop {
            if streams.wait_for(|open| *open > 0).await.is_err() {
                return std::future::pending().await;
            }
            let watches_something = !waiting.watches.is_empty();
            match tokio::time::timeout(manager.session_idle() / 3, waiting.next()).await {
                Ok(news) => return news,
                // Who does nothing but wait for news is not idle.
                Err(_) if watches_something => manager.touch(id).await,
                Err(_) => {}
            }
        }
    }
}

/// What one session watches. Its task ends with it.
#[derive(Default)]
pub(super) struct Session {
    changes: OnceLock<mpsc::Sender<Change>>,
    uris: Mutex<BTreeSet<String>>,
}

impl Session {
    /// Begins to tell of news, if it has not.
    pub(super) fn begin(&self, calls: &Calls, peer: Peer<RoleServer>, ear: Ear) {
        self.changes(calls, peer, ear);
    }

    fn changes(&self, calls: &Calls, peer: Peer<RoleServer>, ear: Ear) -> &mpsc::Sender<Change> {
        self.changes.get_or_init(|| {
            let (sender, changes) = mpsc::channel(CHANGES_QUEUED_MAX);
            let waiting = Waiting { lists: Some(calls.reloads()), ..Waiting::default() };
            calls.watches().tasks().spawn("news", tell(peer, ear, waiting, changes));
            sender
        })
    }

    /// Watches one more resource. Twice is once.
    pub(super) async fn subscribe(
        &self,
        calls: &Calls,
        principal: Principal,
        uri: String,
        ear: Option<Ear>,
        cx: &RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let Some(ear) = ear else {
            let text = "subscribing needs a session (`http.sessions`), or `subscriptions/listen` of \
                        protocol version 2026-07-28";
            return Err(ErrorData::invalid_request(text, None));
        };
        let method = "resources/subscribe";
        let mut begun = subscribe(calls, principal, method, std::slice::from_ref(&uri), cx).await?;
        let Some(watch) = begun.watches.pop() else { return Ok(()) };
        {
            let mut uris = self.uris.lock().unwrap_or_else(PoisonError::into_inner);
            if !uris.contains(&uri) && uris.len() >= PER_CLIENT_MAX {
                return Err(refused(&too_many(), &uri));
            }
            uris.insert(uri);
        }
        let changes = self.changes(calls, cx.peer.clone(), ear);
        changes.send(Change::Watch(watch)).await.map_err(|_| over())
    }

    /// Watches a resource no more: after the answer, nothing of it is told.
    pub(super) async fn unsubscribe(&self, uri: String) -> Result<(), ErrorData> {
        if !self.uris.lock().unwrap_or_else(PoisonError::into_inner).remove(&uri) {
            return Ok(());
        }
        let Some(changes) = self.changes.get() else { return Ok(()) };
        let (done, forgotten) = oneshot::channel();
        changes.send(Change::Forget(uri, done)).await.map_err(|_| over())?;
        forgotten.await.map_err(|_| over())
    }
}

fn over() -> ErrorData {
    ErrorData::internal_error("the session is over", None)
}

/// Tells a session of news until it is over.
async fn tell(
    peer: Peer<RoleServer>,
    mut ear: Ear,
    mut waiting: Waiting,
    mut changes: mpsc::Receiver<Change>,
) {
    loop {
        let news = tokio::select! {
            change = changes.recv() => match change {
                Some(change) => {
                    waiting.apply(change);
                    continue;
                }
                None => return,
            },
            news = ear.next(&mut waiting) => news,
        };
        let sent = send(&peer, news);
        tokio::pin!(sent);
        loop {
            tokio::select! {
                sent = &mut sent => match sent {
                    Ok(()) => break,
                    Err(_) => return,
                },
                // A client that does not read may still change what it watches.
                change = changes.recv() => match change {
                    Some(change) => waiting.apply(change),
                    None => return,
                },
            }
        }
    }
}

async fn send(peer: &Peer<RoleServer>, news: News) -> Result<(), ServiceError> {
    match news {
        News::Updated(uri) => {
            peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await
        }
        News::ListsChanged => peer.notify_resource_list_changed().await,
    }
}
