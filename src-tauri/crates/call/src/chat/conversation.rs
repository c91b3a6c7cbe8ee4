//! What is kept of a conversation until it is delivered, and what is known of the other side's.

use super::Text;
use super::budget::Budget;
use crate::id::CallId;
use crate::ordered::{Arrival, Received, Sent};
use crate::time::Timestamp;

/// The conversation of one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conversation {
    /// Of which call.
    pub(crate) call: CallId,
    /// The other side's address.
    pub(crate) with: String,
    /// Whether the other side's phone takes texts.
    pub(crate) takes: Takes,
    /// Ours that are not acknowledged.
    pub(crate) sent: Sent<Text>,
    /// How often they were sent again since the other side acknowledged any.
    pub(crate) resends: usize,
    received: Received<Text>,
    budget: Budget,
    /// Whether texts came since we said last which ones we have.
    pub(crate) owes_acknowledgement: bool,
    /// Whether the other side writes.
    pub(crate) is_typing: bool,
    /// When the other side was told last that the user writes.
    pub(crate) typed_at: Option<Timestamp>,
}

/// Whether the other side's phone takes texts, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Takes {
    /// It has said nothing yet.
    Unknown,
    /// It does.
    Yes,
    /// It does not: an older version. Whatever it says later: texts may have been lost meanwhile.
    No,
}

impl Conversation {
    /// Nothing is said yet.
    pub(crate) fn new(now: Timestamp, call: CallId, with: &str) -> Self {
        Self {
            call,
            with: with.to_owned(),
            takes: Takes::Unknown,
            sent: Sent::default(),
            resends: 0,
            received: Received::default(),
            budget: Budget::new(now),
            owes_acknowledgement: false,
            is_typing: false,
            typed_at: None,
        }
    }

    /// Whether this is the one of that call with that person.
    pub(crate) fn is(&self, with: &str, call: CallId) -> bool {
        self.call == call && self.with == with
    }

    /// Whether anything was said by either side.
    pub(crate) fn is_used(&self) -> bool {
        self.sent.first() > 0 || !self.sent.is_empty() || self.received.next() > 0
    }

    /// Takes a text of the other side in. Returns those whose turn it is, with their numbers.
    pub(crate) fn hear(
        &mut self,
        now: Timestamp,
        number: u32,
        text: Text,
    ) -> impl Iterator<Item = (u32, Text)> + use<> {
        let first = self.received.next();
        let bytes = text.as_ref().len();
        if self.received.has(number) {
            self.owes_acknowledgement = true;
        } else if self.budget.pay(now, bytes) {
            match self.received.push(number, text, bytes) {
                Arrival::New | Arrival::Known => self.owes_acknowledgement = true,
                Arrival::Refused => tracing::debug!(call = %self.call, "a text has to wait"),
            }
        } else {
            tracing::debug!(call = %self.call, "a text has to wait: too many came");
        }
        (first..).zip(self.received.take())
    }

    /// The number of the other side's text that comes next: what we acknowledge.
    pub(crate) fn heard(&self) -> u32 {
        self.received.next()
    }
}
