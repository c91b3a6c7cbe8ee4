//! Past calls: each one that ends is written down, and the newest are shown.

use std::sync::Arc;

use headless::history::Records;
use store::{HistoryEntry, KeptText, Store, StoreError};

use super::App;
use crate::error::{ErrorCode, UiError};

impl App {
    /// Writes down every call that ends from now on and is no test call, and what is said in it in
    /// text, until the engine ends.
    pub(crate) async fn keep_history(&self, records: Records) {
        let shell = self.shell.clone();
        let never = Some(self.tests.identity.address());
        headless::history::keep(records, Arc::clone(&self.store), never, move |store| {
            let history = newest_first(store);
            // A call tells what contacts call themselves now.
            let people = store.people().to_vec();
            shell.send_modify(|shell| {
                shell.history = history;
                shell.people = people;
            });
        })
        .await;
    }

    /// What was said in text with somebody, in past calls and in the running one.
    pub(crate) async fn kept_texts(&self, address: String) -> Result<Vec<KeptText>, UiError> {
        self.keep(ErrorCode::Internal, move |store| Ok(store.texts(&address)))
            .await
    }

    /// Forgets what was said in text with somebody.
    pub(crate) async fn forget_texts(&self, address: String) -> Result<(), UiError> {
        self.keep(ErrorCode::SettingsNotSaved, move |store| {
            store.forget_texts(&address)
        })
        .await
    }

    /// Forgets a text of ours that is said once more.
    pub(crate) async fn forget_text(
        &self,
        (address, call, number): (String, String, u32),
    ) -> Result<(), UiError> {
        self.keep(ErrorCode::SettingsNotSaved, move |store| {
            store.forget_text(&address, &call, number)
        })
        .await
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
        self.keep(ErrorCode::SettingsNotSaved, move |store| {
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

/// As many past calls as anybody scrolls through; the view is pushed whole, so it stays small.
const SHOWN_CALLS: usize = 50;
