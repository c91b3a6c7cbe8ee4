//! One conversation with one server: what to send when, and what its answers mean. Sans-IO.
//!
//! ```text
//! STUN: Asking ──Mapped──▶ Over(Works)
//! TURN: Asking ──Challenge──▶ Asking with proof ──Allocated──▶ Over(Works)
//!                                  └──Refused, challenged again──▶ Over(…Refused)
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use media::transport::IceServer;
use tokio::time::Instant;

use super::message::{self, Account, Challenge, Reply, Transaction};
use super::{Answer, Purpose};

/// A conversation with the server at `to`.
pub(super) struct Dialogue {
    pub(super) to: SocketAddr,
    /// How the server sees us, once it said so.
    pub(super) mapped: Option<SocketAddr>,
    purpose: Purpose,
    username: String,
    credential: String,
    /// What the server wants to hear back.
    challenge: Option<Challenge>,
    /// How often a proof was asked for: a nonce may be out of date once.
    challenges: u32,
    step: Step,
}

enum Step {
    Asking {
        transaction: Transaction,
        /// How often this request was sent.
        sent: u32,
        /// When it is sent next.
        next: Option<Instant>,
    },
    Over(Answer),
}

impl Dialogue {
    pub(super) fn new(purpose: Purpose, to: SocketAddr, server: &IceServer) -> Self {
        Self {
            to,
            mapped: None,
            purpose,
            username: server.username.clone(),
            credential: server.credential.clone(),
            challenge: None,
            challenges: 0,
            step: Step::begin(None),
        }
    }

    /// The request to send now, if it is time.
    pub(super) fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let Step::Asking {
            transaction,
            sent,
            next,
        } = &mut self.step
        else {
            return None;
        };
        if next.is_some_and(|at| now < at) {
            return None;
        }
        let transaction = *transaction;
        *next = Some(now + FIRST_RETRY * 2_u32.pow((*sent).min(MOST_DOUBLINGS)));
        *sent += 1;
        match self.purpose {
            Purpose::Stun => message::binding(transaction),
            Purpose::Turn => {
                let proof = self.challenge.as_ref().map(|it| (self.account(), it));
                message::allocate(transaction, proof)
            }
        }
    }

    /// When a request is due; `None` when it is now, or none is.
    pub(super) const fn next(&self) -> Option<Instant> {
        match &self.step {
            Step::Asking { next, .. } => *next,
            Step::Over(_) => None,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.step, Step::Over(_))
    }

    /// What has come of it so far.
    pub(super) const fn answer(&self) -> Answer {
        match &self.step {
            // A server that asks who we are and then says nothing lost its packets: it does not work.
            Step::Asking { .. } => Answer::Silent,
            Step::Over(answer) => *answer,
        }
    }

    /// Takes a datagram, which may be for another conversation, or of a stranger.
    pub(super) fn receive(&mut self, from: SocketAddr, datagram: &[u8], now: Instant) {
        let Step::Asking { transaction, .. } = &self.step else {
            return;
        };
        let of_ours = from.ip().to_canonical() == self.to.ip() && from.port() == self.to.port();
        let Some((answered, reply)) = message::read(datagram).filter(|_| of_ours) else {
            return;
        };
        if answered != *transaction {
            return;
        }
        self.step = match (self.purpose, reply) {
            (Purpose::Stun, Reply::Mapped(mapped)) => {
                self.mapped = Some(mapped);
                Step::Over(Answer::Works)
            }
            (Purpose::Turn, Reply::Allocated(mapped)) => {
                self.mapped = mapped;
                Step::Over(Answer::Works)
            }
            (Purpose::Turn, Reply::Challenge(challenge)) if self.challenges < MOST_CHALLENGES => {
                self.challenges += 1;
                self.challenge = Some(challenge);
                Step::begin(Some(now))
            }
            (
                Purpose::Turn,
                Reply::Challenge(_)
                | Reply::Refused(message::UNAUTHENTICATED | message::WRONG_CREDENTIALS),
            ) => Step::Over(Answer::CredentialsRefused),
            (Purpose::Turn, Reply::Refused(_)) => Step::Over(Answer::RelayingRefused),
            // The answer to no question of ours, though it knows the transaction.
            (Purpose::Stun, _) | (Purpose::Turn, Reply::Mapped(_)) => return,
        };
    }

    /// The request that gives back what the server allocated.
    pub(super) fn release(&self) -> Option<Vec<u8>> {
        match (self.purpose, &self.step, &self.challenge) {
            (Purpose::Turn, Step::Over(Answer::Works), Some(challenge)) => {
                message::release(transaction(), (self.account(), challenge))
            }
            _ => None,
        }
    }

    fn account(&self) -> Account<'_> {
        Account {
            username: &self.username,
            credential: &self.credential,
        }
    }
}

impl Step {
    fn begin(next: Option<Instant>) -> Self {
        Self::Asking {
            transaction: transaction(),
            sent: 0,
            next,
        }
    }
}

/// 96 random bits; a system without randomness gets some that others may guess, for a look only.
fn transaction() -> Transaction {
    let mut bytes = Transaction::default();
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// Before the first repetition; RFC 8489, 6.2.1 wants 500 ms, and each pause twice the last.
const FIRST_RETRY: Duration = Duration::from_millis(500);
const MOST_DOUBLINGS: u32 = 6;

/// The first question has no proof, and the nonce of the first answer may be out of date.
const MOST_CHALLENGES: u32 = 2;
