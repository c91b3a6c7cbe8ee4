//! Past calls: each one that ends is written down, and the newest are shown.

use std::time::{SystemTime, UNIX_EPOCH};

use engine::Ended;
use store::{HistoryEntry, HistoryPeer, Store, StoreError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::App;
use crate::error::UiError;

impl App {
    /// Writes down every call that ends from now on, until the engine ends.
    pub(crate) async fn keep_history(&self, mut ended: broadcast::Receiver<Ended>) {
        loop {
            match ended.recv().await {
                Ok(ended) => {
                    let entry = entry(ended);
                    if let Err(error) = self.change_history(|store| store.add(entry)).await {
                        tracing::warn!(error = error.message, "a call is not in the history");
                    }
                }
                Err(RecvError::Lagged(calls)) => {
                    tracing::warn!(calls, "calls came faster than they can be written down");
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Forgets all past calls.
    pub(crate) async fn clear_history(&self) -> Result<(), UiError> {
        self.change_history(Store::clear_history).await
    }

    async fn change_history(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), UiError> {
        let shell = self.shell.clone();
        self.keep(move |store| {
            let changed = change(store);
            let history = newest_first(store);
            shell.send_modify(|shell| shell.history = history);
            changed
        })
        .await
    }
}

/// The past calls that are shown.
pub(super) fn newest_first(store: &Store) -> Vec<HistoryEntry> {
    let mut history = store.history().to_vec();
    store::keep(&mut history, SHOWN_CALLS);
    history.reverse();
    history
}

fn entry(ended: Ended) -> HistoryEntry {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let reason = serde_json::to_value(ended.reason).ok();
    HistoryEntry {
        peer: HistoryPeer {
            address: ended.peer.address,
            name: ended.peer.name,
        },
        relay: ended.relay,
        at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        outgoing: ended.outgoing,
        reason: reason
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
        lasted_ms: ended.lasted_ms,
    }
}

/// As many past calls as anybody scrolls through; the view is pushed whole, so it stays small.
const SHOWN_CALLS: usize = 50;
