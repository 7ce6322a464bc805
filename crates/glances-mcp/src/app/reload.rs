//! Takes a changed configuration while running. A bad one changes nothing and is reported.

use std::{path::PathBuf, sync::Arc, time::Duration};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::{Fleet, Source, load};
use crate::config::Config;

/// An editor writes a file in several steps; reading waits until it has been quiet this long.
const QUIET: Duration = Duration::from_millis(300);

/// Reads the configuration again whenever its files change or SIGHUP comes.
pub(super) async fn watch(config: Config, source: Source, fleet: Arc<Fleet>) {
    let (changed, mut changes) = mpsc::channel(1);
    let mut watched = config;
    let mut watcher = start(&watched, &changed);
    let mut hangup = hangups();
    loop {
        tokio::select! {
            Some(()) = changes.recv() => {
                tokio::time::sleep(QUIET).await;
                while changes.try_recv().is_ok() {}
            }
            () = hangup.next() => {}
        }
        match reread(&source, &fleet, &watched).await {
            Ok(Some(config)) => {
                tracing::info!("configuration reloaded: {} servers", config.servers.len());
                if config.sources != watched.sources || config.watch_dirs != watched.watch_dirs {
                    watcher = start(&config, &changed);
                }
                watched = config;
            }
            Ok(None) => {}
            Err(problems) => {
                tracing::error!("configuration not taken, the old one stays: {problems}");
                let notice = format!("the changed configuration was not taken: {problems}");
                fleet.query.set_notices(
                    fleet.exposure.iter().cloned().chain(std::iter::once(notice)).collect(),
                );
            }
        }
        // Held so that it keeps watching.
        let _ = &watcher;
    }
}

/// The new configuration, once it is applied; `None` when nothing changed.
async fn reread(
    source: &Source,
    fleet: &Fleet,
    old: &Config,
) -> Result<Option<Config>, crate::config::Problems> {
    let config = load(source).await?;
    if config == *old && fleet.query.notices().len() <= config.warnings.len() + 1 {
        fleet.apply(&config).await?;
        return Ok(None);
    }
    fleet.apply(&config).await?;
    let mut fixed = old.clone();
    fixed.servers.clone_from(&config.servers);
    fixed.poll = config.poll.clone();
    if config.http != old.http || config.log != old.log || config.tools != old.tools {
        let notice = "changes of `http`, `log` or `tools` need a restart".to_owned();
        tracing::warn!("{notice}");
        fleet.query.set_notices(
            fleet.query.notices().into_iter().chain(std::iter::once(notice)).collect(),
        );
    }
    Ok(Some(config))
}

/// Watches the folders of the files: an editor that replaces a file would take a watch on the
/// file itself with it.
fn start(config: &Config, changed: &mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let files: Vec<PathBuf> = config.sources.clone();
    let dirs: Vec<PathBuf> = config.watch_dirs.clone();
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
