//! Past calls.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::settings::clipped;

/// How many calls are remembered; the oldest go first.
pub(crate) const CAPACITY: usize = 200;

/// One call that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// With whom.
    pub peer: HistoryPeer,
    /// When it ended, milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub at: u64,
    /// Whether we had called.
    pub outgoing: bool,
    /// Why it ended: the text of an end reason.
    pub reason: String,
    /// How long media flowed, milliseconds; null when it never did.
    #[ts(type = "number | null")]
    pub lasted_ms: Option<u64>,
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

impl fmt::Debug for HistoryPeer {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryPeer(…)")
    }
}

/// The largest whole number that JavaScript keeps exact.
const MAX_NUMBER: u64 = (1 << 53) - 1;

impl HistoryEntry {
    /// Whether it is one more missed call of the same person right after `before`.
    fn repeats(&self, before: &Self) -> bool {
        let missed = |it: &Self| !it.outgoing && it.reason == "missed";
        missed(self)
            && missed(before)
            && self.peer.address == before.peer.address
            && self.at.saturating_sub(before.at) < AGAIN
    }

    /// The same with everything within its limits, whoever wrote it.
    #[must_use]
    pub fn validated(self) -> Self {
        Self {
            peer: HistoryPeer {
                address: clipped(&self.peer.address),
                name: identity::clean_name(&self.peer.name),
            },
            at: self.at.min(MAX_NUMBER),
            outgoing: self.outgoing,
            reason: clipped(&self.reason),
            lasted_ms: self.lasted_ms.map(|ms| ms.min(MAX_NUMBER)),
        }
    }
}

/// Missed calls within this time of each other are one, milliseconds.
const AGAIN: u64 = 60_000;

/// Adds a call, and forgets the oldest when there are too many. Somebody who calls again and again
/// is missed once: strangers must not be able to push everybody else out.
pub(crate) fn add(history: &mut Vec<HistoryEntry>, entry: HistoryEntry) {
    let entry = entry.validated();
    match history.last_mut() {
        Some(last) if entry.repeats(last) => *last = entry,
        Some(_) | None => history.push(entry),
    }
    history.drain(..history.len().saturating_sub(CAPACITY));
}

/// Reads a file. Entries that make no sense are left out; the second value says whether all did.
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
