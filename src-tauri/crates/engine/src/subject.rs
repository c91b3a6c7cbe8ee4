//! Whether a message is about the call whose session it came through.

use std::time::Instant;

use call::id::CallId;
use call::message::{Message, MessageError};

use crate::log_rate::LogRate;

/// Looks at what comes through a session, sealed or its own channel, before the phone does: a
/// session speaks of the one call that it is for. What does not is dropped with a line in the log,
/// one a second at most, for the sender can send as many as it likes.
#[derive(Debug, Default)]
pub(crate) struct SubjectCheck {
    log: LogRate,
}

impl SubjectCheck {
    /// Whether these bytes are a message about that call, of whatever version.
    pub(crate) fn admits(&mut self, now: Instant, call: CallId, message: &[u8]) -> bool {
        let about = match Message::parse(message) {
            Ok(it) => Ok(it.call),
            Err(MessageError::Version { call, .. }) => Ok(call),
            Err(error @ (MessageError::Malformed | MessageError::TooLarge(_))) => Err(error),
        };
        let admitted = about == Ok(call);
        if !admitted && let Some(skipped) = self.log.admit(now) {
            let error = about.err().map(tracing::field::display);
            tracing::warn!(%call, error, skipped, "a message is dropped: it is not about its call");
        }
        admitted
    }
}
