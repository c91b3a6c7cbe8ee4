//! Frames of others, one kind after the other. Nothing changes before a frame is known to be
//! authentic; what costs key agreements or signatures is limited before.

use std::time::Instant;

use identity::Address;

use super::{MAX_HALF_OPEN, MAX_HALF_OPEN_OF_SENDER, Sealer};
use crate::dropped::Dropped;
use crate::frame::{Frame, HEADER_BYTES, Kind, SessionId, begin};
use crate::half_open::{Answer, HalfOpen};
use crate::output::Output;
use crate::payload::Reply;
use crate::pending::Pending;
use crate::rate::Sender;
use crate::session::{Session, Unheard};

impl Sealer {
    /// Whether the frame proves that its sender is there now.
    pub(super) fn take(
        &mut self,
        now: Instant,
        from: Address,
        cost: (Sender, Address),
        bytes: &[u8],
    ) -> Result<bool, Dropped> {
        if from == self.address {
            return Err(Dropped::Ourselves);
        }
        let frame = Frame::parse(bytes)?;
        self.expire(now);
        match frame.kind {
            Kind::Hello => self.on_hello(now, from, cost, &frame)?,
            Kind::Reply => self.on_reply(now, from, &frame)?,
            Kind::Data => self.on_data(now, from, cost, &frame)?,
            Kind::Reset => self.on_reset(now, from, frame.session)?,
            Kind::Reject => self.on_reject(now, from, &frame)?,
        }
        Ok(match frame.kind {
            Kind::Reply | Kind::Data | Kind::Reject => true,
            Kind::Hello | Kind::Reset => false,
        })
    }

    /// Somebody begins a session. They hear a REPLY, the user hears nothing.
    fn on_hello(
        &mut self,
        now: Instant,
        from: Address,
        (sender, charged): (Sender, Address),
        frame: &Frame<'_>,
    ) -> Result<(), Dropped> {
        if let Some(at) = self.half_open_of(from, frame.session) {
            let reply = self.half_open[at].repeat(frame)?.to_vec();
            self.transmit(from, reply);
            return Ok(());
        }
        let is_known = self.sessions.find(from, frame.session).is_some();
        if is_known || self.answered_by(from, frame.session).is_some() {
            return Err(Dropped::KnownSession);
        }
        self.admit_hello(now, from, (sender, charged))?;
        match HalfOpen::answer(&self.identity, &self.offer, (from, sender), frame, now)? {
            Answer::HalfOpen(half_open) => {
                self.transmit(from, half_open.reply().to_vec());
                self.half_open.push(*half_open);
            }
            Answer::Told(reply) => self.transmit(from, reply),
            Answer::Reject(reject) => {
                tracing::debug!("a HELLO is rejected: no common version");
                self.transmit(from, reject);
            }
        }
        Ok(())
    }

    /// Whether one more handshake may cost something. Those whom the user knows have places and a rate
    /// that strangers leave them, and the other side of the active conversation has its own.
    fn admit_hello(
        &mut self,
        now: Instant,
        from: Address,
        (sender, charged): (Sender, Address),
    ) -> Result<(), Dropped> {
        let is_active = charged == from && self.sessions.is_active_peer(from);
        let of_sender = self.half_open.iter().filter(|it| it.peer() == from);
        if of_sender.count() >= MAX_HALF_OPEN_OF_SENDER {
            return Err(Dropped::HalfOpenOfSender);
        }
        let sessions = &self.sessions;
        let of_others = self.half_open.iter();
        let of_others =
            of_others.filter(|it| it.sender == sender && !sessions.is_active_peer(it.peer()));
        if !is_active && of_others.count() >= MAX_HALF_OPEN {
            return Err(Dropped::HalfOpen);
        }
        if !self
            .limits(sender)
            .handshakes
            .admit(now, charged, is_active)
        {
            return Err(Dropped::HandshakeRate);
        }
        Ok(())
    }

    /// Somebody answers a HELLO of ours.
    fn on_reply(&mut self, now: Instant, from: Address, frame: &Frame<'_>) -> Result<(), Dropped> {
        let at = self.answerable(now, from, frame.session)?;
        let reply = self.pending[at].read_reply(frame)?;
        let pending = self.pending.swap_remove(at);
        if self.offer.allows(reply.agreement) {
            self.establish(now, pending, &reply)
        } else {
            tracing::debug!("a REPLY chooses a version or feature that was not offered");
            self.give_up_as_incompatible(&pending);
            Ok(())
        }
    }

    /// The place of the pending session that a frame answers, if one more answer may be looked at.
    fn answerable(
        &mut self,
        now: Instant,
        from: Address,
        session: SessionId,
    ) -> Result<usize, Dropped> {
        let at = self.answered_by(from, session);
        let at = at.ok_or(Dropped::UnknownSession)?;
        if self.pending[at].admit_answer(now) {
            Ok(at)
        } else {
            Err(Dropped::AnswerRate)
        }
    }

    /// A session that we began is established: sends what waits, or what the session that it
    /// replaces could not bring over.
    fn establish(&mut self, now: Instant, pending: Pending, reply: &Reply) -> Result<(), Dropped> {
        let (peer, id) = (pending.context.responder, pending.context.session);
        let conversation = pending.conversation();
        let (replaces, begun) = (pending.replaces, pending.begun);
        let opened = pending.open(reply)?;
        // Words that the user knows stay: those of this session are revealed to nobody.
        let unheard = (!self.told.contains(&conversation)).then_some(Unheard {
            nonce: opened.nonce,
            words: opened.words,
        });
        let mut session = Session::new(id, conversation, opened.channel, unheard, now);
        let mut frames: Vec<_> = opened
            .queue
            .iter()
            .filter_map(|it| session.seal(now, it))
            .collect();
        if let Some(old) = replaces.and_then(|old| self.sessions.find(peer, old)) {
            session.renewed = Some(begun);
            if frames.is_empty() {
                frames.extend(old.last.take().and_then(|it| session.seal_again(it)));
            }
        }
        self.sessions.insert(now, session);
        log_established("initiator", reply.agreement.version);
        for frame in frames {
            self.transmit(peer, frame);
        }
        Ok(())
    }

    /// A sealed message. Of an unknown session it asks for a RESET, for its sender believes that we
    /// can read it.
    fn on_data(
        &mut self,
        now: Instant,
        from: Address,
        (sender, charged): (Sender, Address),
        frame: &Frame<'_>,
    ) -> Result<(), Dropped> {
        if let Some(session) = self.sessions.find(from, frame.session) {
            let opened = session.open(now, frame.body)?;
            let conversation = session.conversation();
            self.sessions.prove(from, frame.session);
            self.deliver(conversation, opened.message);
            let untold = !self.told.contains(&conversation);
            if let Some(words) = opened.words.filter(|_| untold) {
                self.tell(conversation, words);
            }
            return Ok(());
        }
        if let Some(at) = self.half_open_of(from, frame.session) {
            return self.prove(now, at, frame);
        }
        let has_reserve = charged == from && self.sessions.is_active_peer(from);
        if self.limits(sender).resets.admit(now, charged, has_reserve) {
            self.transmit(from, begin(Kind::Reset, frame.session, HEADER_BYTES));
        }
        Err(Dropped::UnknownSession)
    }

    /// The first DATA of a session that somebody began.
    fn prove(&mut self, now: Instant, at: usize, frame: &Frame<'_>) -> Result<(), Dropped> {
        let proven = match self.half_open[at].prove(frame.body) {
            Ok(proven) => proven,
            Err(reason) => {
                if reason == Dropped::Commitment {
                    self.half_open.remove(at);
                }
                return Err(reason);
            }
        };
        let half_open = self.half_open.remove(at);
        self.forget_half_open_before(at, half_open.peer());
        log_established("responder", half_open.agreement.version);
        let conversation = (half_open.peer(), proven.conversation);
        let channel = half_open.into_channel();
        let session = Session::new(frame.session, conversation, channel, None, now);
        self.sessions.insert(now, session);
        self.deliver(conversation, proven.message);
        if let Some(words) = proven.words {
            self.tell(conversation, words);
        }
        Ok(())
    }

    /// Forgets what somebody began before the session that was at this place. Over a relay that keeps
    /// the order their first DATA would have come; later it would bring words back that the other
    /// side does not tell any more.
    fn forget_half_open_before(&mut self, at: usize, peer: Address) {
        let later = self.half_open.split_off(at);
        self.half_open.retain(|it| it.peer() != peer);
        self.half_open.extend(later);
    }

    /// Somebody says that the other side does not know a session. Nobody proves it, so the session
    /// lives on until the other side has answered a new handshake.
    fn on_reset(&mut self, now: Instant, from: Address, session: SessionId) -> Result<(), Dropped> {
        let Some(hinted) = self.sessions.find(from, session) else {
            return Err(Dropped::UnknownSession);
        };
        hinted.may_renew(now)?;
        let conversation = hinted.conversation();
        let is_current = self.sessions.current(conversation).map(|it| it.id) == Some(session);
        if !is_current {
            return Err(Dropped::Replaced);
        }
        if self.pending_of(conversation).is_none() {
            let begun = self.begin(now, conversation, Some(session));
            begun.map_err(|_| Dropped::ResetRate)?;
        }
        if let Some(hinted) = self.sessions.find(from, session) {
            hinted.doubted = true;
            hinted.renewed = Some(now);
        }
        Ok(())
    }

    /// The other side proves that it has none of our versions.
    fn on_reject(&mut self, now: Instant, from: Address, frame: &Frame<'_>) -> Result<(), Dropped> {
        let at = self.answerable(now, from, frame.session)?;
        let rejection = self.pending[at].read_reject(frame)?;
        let (reason, versions) = (rejection.reason, rejection.offer.versions);
        tracing::info!(reason, ?versions, "the other side rejects our versions");
        let pending = self.pending.swap_remove(at);
        self.give_up_as_incompatible(&pending);
        Ok(())
    }

    fn give_up_as_incompatible(&mut self, pending: &Pending) {
        let (peer, conversation) = pending.conversation();
        self.outputs
            .push_back(Output::Incompatible { peer, conversation });
    }

    fn deliver(&mut self, (from, conversation): (Address, u64), message: Vec<u8>) {
        self.outputs.push_back(Output::Received {
            from,
            conversation,
            message,
        });
    }

    fn half_open_of(&self, peer: Address, session: SessionId) -> Option<usize> {
        let is_it = |it: &HalfOpen| it.peer() == peer && it.context.session == session;
        self.half_open.iter().position(is_it)
    }

    /// The pending session that a frame from somebody is about.
    fn answered_by(&self, peer: Address, session: SessionId) -> Option<usize> {
        let is_it = |it: &Pending| it.context.responder == peer && it.context.session == session;
        self.pending.iter().position(is_it)
    }
}

fn log_established(role: &str, version: u16) {
    tracing::debug!(role, version, "a sealed session is established");
}
