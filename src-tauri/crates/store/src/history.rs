//! Past calls.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::record::CallRecord;
use crate::settings::clipped;

/// How many calls are remembered.
pub(crate) const CAPACITY: usize = 200;

/// One call that is over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// With whom.
    pub peer: HistoryPeer,
    /// The relay that the link named by which we called them; null when it named none.
    #[serde(default)]
    pub relay: Option<String>,
    /// When it ended, milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub at: u64,
    /// Whether we had called.
    pub outgoing: bool,
    /// Why it ended: the text of an end reason.
    pub reason: String,
    /// Whether it was an incoming call that the user accepted, whether media flowed or not.
    #[serde(default)]
    pub accepted: bool,
    /// How long media flowed, milliseconds; null when it never did.
    #[ts(type = "number | null")]
    pub lasted_ms: Option<u64>,
    /// How good it was; null when it was too short to tell.
    #[serde(default)]
    pub record: Option<CallRecord>,
}

/// A person of a past call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPeer {
    /// The address in its text form.
    pub address: String,
    /// What they called themselves; empty when unknown.
    #[serde(default)]
    pub name: String,
}

impl fmt::Debug for HistoryEntry {
    /// Relays stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryEntry")
            .field("at", &self.at)
            .field("outgoing", &self.outgoing)
            .field("reason", &self.reason)
            .field("lasted_ms", &self.lasted_ms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HistoryPeer {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryPeer(…)")
    }
}

/// The largest whole number that JavaScript keeps exact.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

impl HistoryEntry {
    /// Whether somebody called and nobody answered: all that a stranger can do by himself.
    pub(crate) fn is_unanswered(&self) -> bool {
        !self.outgoing && !self.accepted && self.lasted_ms.is_none()
    }

    /// Whether it is one more unanswered call of the same person soon after `before`.
    fn repeats(&self, before: &Self) -> bool {
        self.is_unanswered()
            && before.is_unanswered()
            && self.peer.address == before.peer.address
            && self.at.abs_diff(before.at) < AGAIN
    }

    /// The same with everything within its limits, whoever wrote it.
    #[must_use]
    pub fn validated(self) -> Self {
        Self {
            peer: HistoryPeer {
                address: clipped(&self.peer.address),
                name: identity::clean_name(&self.peer.name),
            },
            relay: self
                .relay
                .and_then(|url| identity::check_relay_url(&url).ok()),
            at: self.at.min(MAX_NUMBER),
            outgoing: self.outgoing,
            reason: clipped(&self.reason),
            accepted: self.accepted,
            lasted_ms: self.lasted_ms.map(|ms| ms.min(MAX_NUMBER)),
            record: self.record.map(CallRecord::validated),
        }
    }
}

/// Unanswered calls within this time of each other are one, milliseconds.
const AGAIN: u64 = 60_000;

/// Adds the calls of another history, in the order of time. Calls that are in both are there once.
pub(crate) fn merge(history: &mut Vec<HistoryEntry>, others: Vec<HistoryEntry>) {
    if history.is_empty() {
        *history = others;
        return;
    }
    for other in others {
        if !history.contains(&other) {
            history.push(other);
        }
    }
    history.sort_by_key(|it| it.at);
    keep(history, CAPACITY);
}

/// Adds a call, and forgets others when there are too many. Somebody who calls again and again is
/// missed once, whoever calls in between.
pub(crate) fn add(history: &mut Vec<HistoryEntry>, entry: HistoryEntry) {
    let entry = entry.validated();
    history.retain(|before| !entry.repeats(before));
    history.push(entry);
    keep(history, CAPACITY);
}

/// Cuts a history, oldest first, down to its most important `count` calls.
///
/// Calls that nobody answered are dropped first, the oldest of them before all: strangers can make
/// any number of them and must not push out the calls that the user made or accepted. The newest
/// unanswered calls, up to a fifth of `count`, are dropped by age like all others, so that a user
/// with many calls still sees who rang last.
pub fn keep(history: &mut Vec<HistoryEntry>, count: usize) {
    let unanswered = history.iter().filter(|it| it.is_unanswered()).count();
    let mut excess = history.len().saturating_sub(count);
    let mut first = excess.min(unanswered.saturating_sub(count / UNANSWERED_SHARE));
    excess -= first;
    history.retain(|it| {
        let goes = first > 0 && it.is_unanswered();
        first -= usize::from(goes);
        !goes
    });
    history.drain(..excess);
}

/// A fifth: of the 200 calls remembered 40, of a few dozen shown about a screen full.
const UNANSWERED_SHARE: usize = 5;

/// Reads a text. Entries that make no sense are left out; the second value says whether all did.
pub(crate) fn salvage(bytes: &[u8]) -> (Vec<HistoryEntry>, bool) {
    let (values, mut whole) = match serde_json::from_slice::<Vec<Value>>(bytes) {
        Ok(values) => (values, true),
        Err(_) => (Vec::new(), false),
    };
    let mut history = Vec::new();
    for value in values {
        match serde_json::from_value(value) {
            Ok(entry) => add(&mut history, entry),
            Err(_) => whole = false,
        }
    }
    (history, whole)
}
