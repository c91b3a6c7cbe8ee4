//! What a connection has to do beside taking what the client says, and when.

use tokio::time::Instant;

use crate::config::Timing;

/// One for each connection that serves a client.
#[derive(Debug)]
pub(super) struct Due<'a> {
    timing: &'a Timing,
    /// The session may have frames for the client.
    pub(super) outgoing: bool,
    /// The client wants to be told of servers again.
    pub(super) servers: bool,
    /// None while everything that has arrived is acknowledged.
    ack: Option<Instant>,
    ping: Instant,
    /// When the client has been silent for too long.
    silent: Instant,
}

impl<'a> Due<'a> {
    /// What the session kept from an earlier connection is due at once.
    pub(super) fn new(timing: &'a Timing, now: Instant) -> Self {
        Self {
            timing,
            outgoing: true,
            servers: false,
            ack: None,
            ping: now + timing.ping,
            silent: now + timing.silence,
        }
    }

    /// When to look again. What is to be written waits while there is no room.
    pub(super) fn next(&self, has_room: bool) -> Instant {
        match (has_room, self.ack) {
            (true, Some(ack)) => self.silent.min(self.ping).min(ack),
            (true, None) => self.silent.min(self.ping),
            (false, _) => self.silent,
        }
    }

    /// The client said something.
    pub(super) fn heard(&mut self, now: Instant) {
        self.silent = now + self.timing.silence;
    }

    pub(super) fn is_silent(&self, now: Instant) -> bool {
        now >= self.silent
    }

    /// Something arrived that is to be acknowledged, together with what follows it soon.
    pub(super) fn arrived(&mut self, now: Instant) {
        self.ack.get_or_insert(now + self.timing.ack_delay);
    }

    /// Whether an acknowledgement is owed, which goes along with something else.
    pub(super) fn take_ack_early(&mut self) -> bool {
        self.ack.take().is_some()
    }

    /// Whether an acknowledgement is due.
    pub(super) fn take_ack(&mut self, now: Instant) -> bool {
        self.ack.take_if(|ack| *ack <= now).is_some()
    }

    /// Whether a ping is due.
    pub(super) fn take_ping(&mut self, now: Instant) -> bool {
        let is_due = self.ping <= now;
        if is_due {
            self.ping = now + self.timing.ping;
        }
        is_due
    }
}
