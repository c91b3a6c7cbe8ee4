//! A place in the library's chain of interceptors: what our own ones have in common.
//!
//! All of it runs in the library's driver, once per packet, so it never waits: locks are held for a
//! copy, and what finds no room is dropped. Every packet is passed on.

use std::collections::VecDeque;
use std::time::Instant;

use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;

/// What one place does. A stream is bound before its first packet and unbound after its last.
pub(crate) trait Hook: Send + Sync {
    /// Looks at a packet of the other side.
    fn on_received(&mut self, _packet: &TaggedPacket, _send: &mut Outbox) {}

    /// Looks at a packet that leaves, and may change it.
    fn on_sent(&mut self, _packet: &mut TaggedPacket) {}

    /// When [`Hook::on_due`] is to be called.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// What was due at or before `now`.
    fn on_due(&mut self, _now: Instant, _send: &mut Outbox) {}

    fn bind_sent(&mut self, _stream: &StreamInfo) {}
    fn unbind_sent(&mut self, _stream: &StreamInfo) {}
    fn bind_received(&mut self, _stream: &StreamInfo) {}
    fn unbind_received(&mut self, _stream: &StreamInfo) {}
}

/// Packets that a place sends by itself.
#[derive(Default)]
pub(crate) struct Outbox(VecDeque<TaggedPacket>);

impl Outbox {
    pub(crate) fn push(&mut self, now: Instant, packet: Packet) {
        self.push_marked(now, AttributedPacket::new(packet));
    }

    /// With marks that places nearer to the wire read.
    pub(crate) fn push_marked(&mut self, now: Instant, message: AttributedPacket) {
        self.0.push_back(TaggedPacket {
            now,
            transport: TransportContext::default(),
            message,
        });
    }
}

/// An interceptor that passes on every packet.
pub(crate) struct Hooked<H> {
    hook: H,
    received: VecDeque<TaggedPacket>,
    sent: Outbox,
}

impl<H> Hooked<H> {
    pub(crate) fn new(hook: H) -> Self {
        Self {
            hook,
            received: VecDeque::new(),
            sent: Outbox::default(),
        }
    }
}

impl<H: Hook> Protocol<TaggedPacket, TaggedPacket, ()> for Hooked<H> {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.hook.on_received(&packet, &mut self.sent);
        self.received.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.received.pop_front()
    }

    fn handle_write(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        self.hook.on_sent(&mut packet);
        self.sent.0.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.sent.0.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.hook.due().is_some_and(|due| due <= now) {
            self.hook.on_due(now, &mut self.sent);
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.hook.due()
    }
}

impl<H: Hook> Interceptor for Hooked<H> {
    fn bind_local_stream(&mut self, stream: &StreamInfo) {
        self.hook.bind_sent(stream);
    }

    fn unbind_local_stream(&mut self, stream: &StreamInfo) {
        self.hook.unbind_sent(stream);
    }

    fn bind_remote_stream(&mut self, stream: &StreamInfo) {
        self.hook.bind_received(stream);
    }

    fn unbind_remote_stream(&mut self, stream: &StreamInfo) {
        self.hook.unbind_received(stream);
    }
}
