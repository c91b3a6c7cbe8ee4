//! All sealed sessions of one identity.

#[cfg(fuzzing)]
mod fuzzing;
mod receive;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use identity::{Address, Identity};

use crate::MAX_MESSAGE_BYTES;
use crate::dropped::Dropped;
use crate::frame::SessionId;
use crate::half_open::HalfOpen;
use crate::output::{Output, SendError};
use crate::pending::{Pending, cost_of};
use crate::rate::{Rate, Sender, SenderLimit, TokenBucket};
use crate::sessions::Sessions;
use crate::version::Offer;
use crate::words::Words;

/// All sealed sessions of one identity. A conversation (a call) has one session, or for a moment
/// two: one that goes and one that comes, after the other side lost its state.
///
/// Drain [`Sealer::poll_output`] after every call of another method.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Instant;
///
/// use identity::Identity;
/// use seal::{Output, Sealer};
///
/// let (ann, bob) = (Arc::new(Identity::generate()?), Arc::new(Identity::generate()?));
/// let mut side_of_ann = Sealer::new(Arc::clone(&ann));
/// let mut side_of_bob = Sealer::new(Arc::clone(&bob));
/// let now = Instant::now();
/// side_of_ann.send(now, bob.address(), 1, b"hello")?;
///
/// let heard = loop {
///     while let Some(Output::Transmit { frame, .. }) = side_of_ann.poll_output() {
///         side_of_bob.receive(now, ann.address(), &frame);
///     }
///     match side_of_bob.poll_output() {
///         Some(Output::Transmit { frame, .. }) => side_of_ann.receive(now, bob.address(), &frame),
///         Some(Output::Received { message, .. }) => break message,
///         other => panic!("{other:?}"),
///     }
/// };
/// assert_eq!(heard, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sealer {
    identity: Arc<Identity>,
    address: Address,
    offer: Offer,
    sessions: Sessions,
    /// What we began. At most [`MAX_PENDING`].
    pending: Vec<Pending>,
    /// What others began, in the order of their first HELLOs. At most [`MAX_HALF_OPEN`] of strangers
    /// and as many of others, and [`MAX_HALF_OPEN_OF_SENDER`] of the active conversation's other side.
    half_open: Vec<HalfOpen>,
    /// Conversations whose words were told. At most [`MAX_TOLD`].
    told: VecDeque<(Address, u64)>,
    /// What strangers may cost.
    strangers: Limits,
    /// What those whom the user knows may.
    familiar: Limits,
    warnings: Option<TokenBucket>,
    outputs: VecDeque<Output>,
}

impl Sealer {
    /// No session yet.
    #[must_use]
    pub fn new(identity: Arc<Identity>) -> Self {
        Self {
            address: identity.address(),
            identity,
            offer: Offer::ours(),
            sessions: Sessions::default(),
            pending: Vec::new(),
            half_open: Vec::new(),
            told: VecDeque::new(),
            strangers: Limits::new(),
            familiar: Limits::new(),
            warnings: None,
            outputs: VecDeque::new(),
        }
    }

    /// Seals a message of a conversation and sends it; where there is no session yet, begins one and
    /// sends the message as soon as the other side answers. A message equal to one that waits
    /// already is not queued again.
    ///
    /// # Errors
    /// When it cannot be sealed or kept.
    pub fn send(
        &mut self,
        now: Instant,
        to: Address,
        conversation: u64,
        message: &[u8],
    ) -> Result<(), SendError> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(SendError::TooLarge(message.len()));
        }
        if to == self.address {
            return Err(SendError::WeakKey);
        }
        self.expire(now);
        if let Some(session) = self.sessions.current((to, conversation)) {
            let frame = session.seal(now, message).ok_or(SendError::Full)?;
            self.transmit(to, frame);
            return Ok(());
        }
        self.queue(now, (to, conversation), message)
    }

    /// Takes a frame that came through a relay from a stranger. What is wrong with it is logged, and
    /// changes nothing.
    pub fn receive(&mut self, now: Instant, from: Address, frame: &[u8]) {
        self.receive_of(now, from, Sender::Stranger, frame);
    }

    /// [`Sealer::receive`] from anybody. Returns whether the frame proves that its sender is where it
    /// came from, now: it answers something fresh of ours, as REPLY and DATA do and a HELLO, which may
    /// be a copy, does not.
    pub fn receive_of(
        &mut self,
        now: Instant,
        from: Address,
        sender: Sender,
        frame: &[u8],
    ) -> bool {
        self.receive_at_cost(now, from, (sender, from), frame)
    }

    /// [`Sealer::receive_of`], where `from` is only claimed: what the frame costs is charged to
    /// another address, for instance the alias that it came from.
    pub fn receive_at_cost(
        &mut self,
        now: Instant,
        from: Address,
        cost: (Sender, Address),
        frame: &[u8],
    ) -> bool {
        let reason = match self.take(now, from, cost, frame) {
            Ok(is_proof) => return is_proof,
            Err(reason) => reason,
        };
        self.report(now, reason);
        false
    }

    fn report(&mut self, now: Instant, reason: Dropped) {
        if !reason.is_flood() {
            tracing::debug!(%reason, "a frame is dropped");
            return;
        }
        let warnings = self.warnings.get_or_insert(TokenBucket::new(WARNINGS, now));
        if warnings.take(now) {
            tracing::warn!(%reason, "frames are dropped");
        }
    }

    /// Names the conversation whose session must outlive all others: that of the current call. What
    /// strangers use up does not keep its other side from a new session.
    pub fn set_active(&mut self, conversation: Option<(Address, u64)>) {
        self.sessions.set_active(conversation);
    }

    /// Forgets what waits in a conversation until the other side answers: it must not be heard any
    /// more. A session that was answered already is not touched.
    pub fn give_up(&mut self, to: Address, conversation: u64) {
        self.pending
            .retain(|it| it.conversation() != (to, conversation));
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Sealer::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let pending = self.pending.iter();
        let pending = pending.map(|it| it.next_repeat().min(it.given_up()));
        let half_open = self.half_open.iter().map(HalfOpen::expires);
        pending
            .chain(half_open)
            .chain(self.sessions.next_expiry())
            .min()
    }

    /// Time has passed: sends again what may be lost, and forgets what is too old.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
        for at in 0..self.pending.len() {
            if self.pending[at].next_repeat() <= now {
                self.say_hello_again(now, at);
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        self.pending.retain(|it| {
            let keep = now < it.given_up();
            if !keep {
                tracing::debug!("a session that nobody answered is given up");
            }
            keep
        });
        self.half_open.retain(|it| {
            let keep = now < it.expires();
            if !keep {
                tracing::debug!("a half-open session is forgotten: its first DATA did not come");
            }
            keep
        });
        self.sessions.expire(now);
    }

    /// Keeps a message until the other side has answered, and begins a session if none has begun.
    fn queue(
        &mut self,
        now: Instant,
        conversation: (Address, u64),
        message: &[u8],
    ) -> Result<(), SendError> {
        let begun = self.pending_of(conversation);
        let is_queued = begun.is_some_and(|at| self.pending[at].has_queued(message));
        let waiting: usize = self.pending.iter().map(Pending::queued_bytes).sum();
        if !is_queued && waiting + cost_of(message) > MAX_QUEUED_BYTES {
            return Err(SendError::Full);
        }
        let at = match begun {
            Some(at) => {
                if self.pending[at].may_repeat(now) {
                    self.say_hello_again(now, at);
                }
                at
            }
            None => self.begin(now, conversation, None)?,
        };
        if !is_queued {
            self.pending[at].queue(message);
        }
        Ok(())
    }

    /// Begins a session and sends its HELLO. Returns its place.
    fn begin(
        &mut self,
        now: Instant,
        conversation: (Address, u64),
        replaces: Option<SessionId>,
    ) -> Result<usize, SendError> {
        if self.pending.len() >= MAX_PENDING {
            self.make_place_for(conversation)?;
        }
        let pending = Pending::begin(&self.identity, &self.offer, conversation, replaces, now)?;
        self.transmit(conversation.0, pending.hello().to_vec());
        self.pending.push(pending);
        Ok(self.pending.len() - 1)
    }

    /// Gives up what waits longest, for the active conversation only: strangers can make us begin as
    /// many sessions as there can be, with RESETs or by leaving us, and then answer none of them.
    fn make_place_for(&mut self, conversation: (Address, u64)) -> Result<(), SendError> {
        let sessions = &self.sessions;
        if !sessions.is_active(conversation) {
            return Err(SendError::Full);
        }
        let others = self.pending.iter().enumerate();
        let others = others.filter(|(_, it)| !sessions.is_active(it.conversation()));
        let oldest = others.min_by_key(|(_, it)| it.begun);
        let at = oldest.map(|(at, _)| at).ok_or(SendError::Full)?;
        self.pending.swap_remove(at);
        tracing::debug!("a session that nobody answered makes place for that of our call");
        Ok(())
    }

    fn pending_of(&self, conversation: (Address, u64)) -> Option<usize> {
        self.pending
            .iter()
            .position(|it| it.conversation() == conversation)
    }

    fn say_hello_again(&mut self, now: Instant, at: usize) {
        let pending = &mut self.pending[at];
        pending.repeated(now);
        let (to, hello) = (pending.context.responder, pending.hello().to_vec());
        self.transmit(to, hello);
    }

    const fn limits(&mut self, sender: Sender) -> &mut Limits {
        match sender {
            Sender::Familiar => &mut self.familiar,
            Sender::Stranger => &mut self.strangers,
        }
    }

    fn transmit(&mut self, to: Address, frame: Vec<u8>) {
        self.outputs.push_back(Output::Transmit { to, frame });
    }

    /// Tells the words of a conversation, in place of those that were told before.
    fn tell(&mut self, (peer, conversation): (Address, u64), words: Words) {
        self.told.retain(|it| *it != (peer, conversation));
        if self.told.len() == MAX_TOLD {
            let sessions = &self.sessions;
            let oldest = self.told.iter().position(|it| !sessions.is_active(*it));
            self.told.remove(oldest.unwrap_or(0));
        }
        self.told.push_back((peer, conversation));
        self.outputs.push_back(Output::Words {
            peer,
            conversation,
            words,
        });
    }
}

/// How often others may make us work.
struct Limits {
    handshakes: SenderLimit,
    resets: SenderLimit,
}

impl Limits {
    const fn new() -> Self {
        Self {
            handshakes: SenderLimit::new(HANDSHAKES_OF_SENDER, HANDSHAKES),
            resets: SenderLimit::new(RESETS_TO_SENDER, RESETS),
        }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("sessions", &self.sessions.len())
            .field("pending", &self.pending.len())
            .field("half_open", &self.half_open.len())
            .finish_non_exhaustive()
    }
}

/// Sessions that we begin: a call has one, and one more replaces it.
const MAX_PENDING: usize = 8;

/// What waits for answers in all, in bytes: one message of the largest size, and the small ones
/// that surround it.
const MAX_QUEUED_BYTES: usize = 64 * 1024;

/// Sessions that others begin, and that wait for their first DATA: with 20 handshakes a second and
/// a second for each over a slow relay, twenty honest ones wait at a time.
const MAX_HALF_OPEN: usize = 32;

/// Of one sender: the one of a call, and one that replaces it.
const MAX_HALF_OPEN_OF_SENDER: usize = 2;

/// More conversations than can have a session, so that it is known of each whether its words were
/// told.
const MAX_TOLD: usize = 64;

/// Handshakes that others begin. Each costs half a millisecond: one in a hundred of a processor.
const HANDSHAKES: Rate = Rate {
    per_second: 20.0,
    burst: 20.0,
};

/// One for a call, one that replaces it, and both again.
const HANDSHAKES_OF_SENDER: Rate = Rate {
    per_second: 2.0,
    burst: 4.0,
};

/// RESETs, which anybody can ask for.
const RESETS: Rate = Rate {
    per_second: 2.0,
    burst: 5.0,
};

/// One is enough; the next message asks again.
const RESETS_TO_SENDER: Rate = Rate {
    per_second: 1.0,
    burst: 1.0,
};

/// Log lines about floods: the first few, then one a second.
const WARNINGS: Rate = Rate {
    per_second: 1.0,
    burst: 3.0,
};
