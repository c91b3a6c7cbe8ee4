//! Messages on their way to the relay, until it acknowledges them.

use std::collections::VecDeque;
use std::time::Duration;

use signal_wire::{Address, ClientFrame, MessageId, Payload};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// The most messages on their way. A call takes about ten to set up, candidates included; the
/// rest is room for a chat line or two while the relay is away.
pub(crate) const CAPACITY: usize = 128;

/// A message and its place in the outbox.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: MessageId,
    pub(crate) to: Address,
    pub(crate) payload: Payload,
    /// When it was handed over.
    pub(crate) since: Instant,
    /// One of [`CAPACITY`]; free again when the message leaves the outbox.
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// Messages in order with their sequence numbers. Those at the front have been written to the
/// current connection and wait for their acknowledgement; the others wait to be written.
#[derive(Debug)]
pub(crate) struct Outbox {
    messages: VecDeque<(u64, Outgoing)>,
    /// How many at the front have been written.
    written: usize,
    last_seq: u64,
    keep: Duration,
}

impl Outbox {
    pub(crate) const fn new(keep: Duration) -> Self {
        Self {
            messages: VecDeque::new(),
            written: 0,
            last_seq: 0,
            keep,
        }
    }

    pub(crate) fn push(&mut self, message: Outgoing) {
        self.last_seq += 1;
        self.messages.push_back((self.last_seq, message));
    }

    /// Whether there is something to write.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.written < self.messages.len()
    }

    /// The next frame to write; it counts as written from now on.
    pub(crate) fn next_unwritten(&mut self) -> Option<ClientFrame> {
        let (seq, message) = self.messages.get(self.written)?;
        self.written += 1;
        Some(ClientFrame::Envelope {
            seq: *seq,
            id: message.id,
            to: message.to,
            payload: message.payload.clone(),
        })
    }

    /// The relay has everything up to this number. It cannot have what was never written to it.
    pub(crate) fn acknowledged(&mut self, seq: u64) {
        let unwritten = self.messages.get(self.written);
        if unwritten.is_some_and(|(next, _)| *next <= seq) {
            tracing::debug!("the relay acknowledges what it was not sent");
            return;
        }
        self.drop_until(seq);
    }

    /// A new connection goes on with the session; the relay has everything up to this number, which
    /// may have been written to the connection before.
    pub(crate) fn resumed(&mut self, received: u64) {
        self.acknowledged(received);
        self.written = 0;
    }

    fn drop_until(&mut self, seq: u64) {
        let mut messages = self.messages.iter();
        let arrived = messages.position(|(first, _)| *first > seq);
        for _ in 0..arrived.unwrap_or(self.messages.len()) {
            self.pop();
        }
    }

    /// A new connection has a new session: everything is numbered and written again.
    pub(crate) fn restarted(&mut self) {
        self.written = 0;
        self.last_seq = 0;
        for (seq, _) in &mut self.messages {
            self.last_seq += 1;
            *seq = self.last_seq;
        }
    }

    /// When the oldest message expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.messages
            .front()
            .map(|(_, message)| message.since + self.keep)
    }

    /// Drops the oldest message if it has expired, and tells for whom it was.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Address> {
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        if due {
            self.pop().map(|message| message.to)
        } else {
            None
        }
    }

    fn pop(&mut self) -> Option<Outgoing> {
        let (_, message) = self.messages.pop_front()?;
        self.written = self.written.saturating_sub(1);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    const KEEP: Duration = Duration::from_secs(30);

    fn outbox(messages: u64) -> (Outbox, Arc<Semaphore>) {
        let since = Instant::now();
        let room = Arc::new(Semaphore::new(CAPACITY));
        let mut outbox = Outbox::new(KEEP);
        for n in 1..=messages {
            outbox.push(Outgoing {
                id: MessageId(n.to_be_bytes()),
                to: Address::from_bytes([0; 32]),
                payload: Payload::new(vec![0].into()).unwrap(),
                since,
                _permit: Arc::clone(&room).try_acquire_owned().unwrap(),
            });
        }
        (outbox, room)
    }

    /// Writes everything and tells the sequence numbers and names.
    fn write(outbox: &mut Outbox) -> Vec<(u64, u64)> {
        let frames = std::iter::from_fn(|| outbox.next_unwritten());
        frames
            .map(|frame| match frame {
                ClientFrame::Envelope { seq, id, .. } => (seq, u64::from_be_bytes(id.0)),
                ClientFrame::Hello { .. }
                | ClientFrame::Ack { .. }
                | ClientFrame::Ice {}
                | ClientFrame::Access { .. }
                | ClientFrame::Release { .. } => unreachable!(),
            })
            .collect()
    }

    #[test]
    fn a_resumed_session_gets_what_it_lacks_under_the_same_numbers() {
        let (mut outbox, room) = outbox(4);
        assert_eq!(write(&mut outbox), [(1, 1), (2, 2), (3, 3), (4, 4)]);
        outbox.acknowledged(1);
        outbox.resumed(2);
        assert_eq!(write(&mut outbox), [(3, 3), (4, 4)]);
        outbox.acknowledged(4);
        assert!(!outbox.has_unwritten());
        assert_eq!(room.available_permits(), CAPACITY);
    }

    #[test]
    fn what_was_not_sent_cannot_be_acknowledged() {
        let (mut outbox, room) = outbox(3);
        assert!(outbox.next_unwritten().is_some());
        outbox.acknowledged(2);
        outbox.acknowledged(u64::MAX);
        assert_eq!(room.available_permits(), CAPACITY - 3);
        outbox.acknowledged(1);
        assert_eq!(room.available_permits(), CAPACITY - 2);
        assert_eq!(write(&mut outbox), [(2, 2), (3, 3)]);
    }

    #[test]
    fn a_new_session_gets_everything_under_new_numbers() {
        let (mut outbox, _room) = outbox(3);
        write(&mut outbox);
        outbox.acknowledged(1);
        outbox.restarted();
        assert_eq!(write(&mut outbox), [(1, 2), (2, 3)]);
    }

    #[test]
    fn old_messages_expire_and_leave_the_rest_in_order() {
        let (mut outbox, room) = outbox(2);
        assert!(outbox.next_unwritten().is_some());
        let due = outbox.deadline().unwrap();
        assert_eq!(outbox.expire(due - Duration::from_millis(1)), None);
        assert!(outbox.expire(due).is_some());
        assert_eq!(write(&mut outbox), [(2, 2)]);
        assert!(outbox.expire(due).is_some());
        assert_eq!(outbox.expire(due), None);
        assert_eq!(room.available_permits(), CAPACITY);
    }
}
