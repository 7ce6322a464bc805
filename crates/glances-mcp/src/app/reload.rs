//! Takes a changed configuration while running. A bad one changes nothing and is reported.

use std::{path::PathBuf, sync::Arc, time::Duration};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::{Fleet, Source, load};
use crate::config::{Config, Problems};

/// An editor writes a file in several steps; reading waits until it has been quiet this long.
const QUIET: Duration = Duration::from_millis(300);

/// Reads the configuration again whenever its files change or SIGHUP comes.
pub(super) async fn watch(started: Config, source: Source, fleet: Arc<Fleet>) {
    let (changed, mut changes) = mpsc::channel(1);
    let mut watched = started.clone();
    let mut watcher = start(&watched, &changed);
    // A change between the first reading and the start of the watch would be missed.
    let _ = changed.try_send(());
    let mut hangup = hangups();
    loop {
        tokio::select! {
            Some(()) = changes.recv() => {
                tokio::time::sleep(QUIET).await;
                while changes.try_recv().is_ok() {}
            }
            () = hangup.next() => {}
        }
        match reread(&source, &fleet, &started).await {
            Ok(config) => {
                if config != watched {
                    let servers = config.servers.len();
                    tracing::info!("configuration reloaded: {servers} servers");
                    fleet.note_reload(servers);
                    fleet.query.reloaded();
                }
                if config.sources != watched.sources || config.watch_dirs != watched.watch_dirs {
                    watcher = start(&config, &changed);
                }
                watched = config;
            }
            Err(problems) => {
                tracing::error!("configuration not taken, the old one stays: {problems}");
                let notice = format!("the changed configuration was not taken: {problems}");
                fleet.notify(std::iter::once(notice));
            }
        }
        // Held so that it keeps watching.
        let _ = &watcher;
    }
}

/// The new configuration, once it is applied. What only a start can take is told of for as long
/// as it differs from how we started.
async fn reread(source: &Source, fleet: &Fleet, started: &Config) -> Result<Config, Problems> {
    let config = load(source).await?;
    let settled = config.http == started.http
        && config.log == started.log
        && config.store == started.store
        && config.retention == started.retention
        && config.tools == started.tools
        && config.limits.concurrent_requests == started.limits.concurrent_requests;
    let notice = (!settled).then(|| {
        "changes of `http`, `log`, `store`, retention, `tools` or `limits.concurrent_requests` need a restart"
            .to_owned()
    });
    fleet.apply(&config, notice).await?;
    Ok(config)
}

/// Watches the folders of the files: an editor that replaces a file would take a watch on the
/// file itself with it.
fn start(config: &Config, changed: &mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let files: Vec<PathBuf> = config.sources.clone();
    // What changed is told with its whole path.
    let whole = |dir: &PathBuf| std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
    let dirs: Vec<PathBuf> = config.watch_dirs.iter().map(whole).collect();
    if files.is_empty() {
        return None;
    }
    let changed = changed.clone();
    let ours = {
        let (files, dirs) = (files.clone(), dirs.clone());
        move |path: &PathBuf| {
            files.iter().any(|file| file.file_name() == path.file_name())
                || dirs.iter().any(|dir| path.starts_with(dir))
        }
    };
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !event.kind.is_access()
            && event.paths.iter().any(&ours)
        {
            // Full means that a change is noted already.
            let _ = changed.try_send(());
        }
    });
    let mut watcher = watcher
        .inspect_err(|err| tracing::warn!("changes of the configuration are not watched: {err}"))
        .ok()?;
    let parents = files
        .iter()
        .filter_map(|file| file.parent())
        .map(|dir| if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir.to_path_buf() });
    for dir in parents.chain(dirs.iter().filter(|dir| dir.is_dir()).cloned()) {
        if let Err(err) = watcher.watch(&dir, RecursiveMode::NonRecursive) {
            tracing::warn!("changes in `{}` are not watched: {err}", dir.display());
        }
    }
    Some(watcher)
}

#[cfg(unix)]
struct Hangups(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
fn hangups() -> Hangups {
    Hangups(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
}

#[cfg(unix)]
impl Hangups {
    async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Hangups;

#[cfg(not(unix))]
fn hangups() -> Hangups {
    Hangups
}

#[cfg(not(unix))]
impl Hangups {
    async fn next(&mut self) {
        std::future::pending().await
    }
}
