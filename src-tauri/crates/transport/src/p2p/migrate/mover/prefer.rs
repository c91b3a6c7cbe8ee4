//! Goes back to a better pair: the offerer compares what is better than the pair in use, and moves
//! there once it has answered steadily.
//!
//! What is better is a class, never a round trip: see [`Nearness`]. One side alone decides, so that
//! two never pull in different directions; the other follows its nomination. How long a pair must
//! have been steady grows with each move, so a network that comes and goes costs ever fewer of them.

use std::time::{Duration, Instant};

use media::transport::Role;

use super::{Mover, Search};
use crate::network::{Interface, Nearness, nearness};
use crate::p2p::migrate::check::{Aim, Check};
use crate::peer::routes::Pair;

/// How long a better pair must have been steady before it is moved to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// When a better pair was moved to last, and how long the next one must have been steady.
    last: Option<(Instant, Duration)>,
}

impl Patience {
    /// How long that is now.
    fn needed(self, now: Instant) -> Duration {
        match self.last {
            Some((moved, needed)) if now < moved + needed * CALM => needed,
            Some(_) | None => STEADY,
        }
    }

    /// A better pair is moved to.
    fn moves(&mut self, now: Instant) {
        let next = self.needed(now).saturating_mul(2).min(LONGEST_STEADY);
        self.last = Some((now, next));
    }
}

impl Mover {
    /// This machine has these interfaces now, by which pairs are told to be better than others.
    pub(in crate::p2p::migrate) fn set_interfaces(&mut self, interfaces: Vec<Interface>) {
        self.interfaces = interfaces;
    }

    /// Whether this side decides, and something could be better than the pair in use.
    pub(in crate::p2p::migrate) fn may_prefer(&self) -> bool {
        self.role == Role::Offerer && self.nearness(self.current) < Nearness::OnLink
    }

    /// Moves to a better pair that is steady.
    pub(super) fn prefer(&mut self, now: Instant) {
        if self.role != Role::Offerer || self.search != Search::Off {
            return;
        }
        self.compare(now);
        let needed = self.patience.needed(now);
        let is_steady = |it: &&Check| it.steady_for().is_some_and(|it| it >= needed);
        let steady = self.checks.iter().filter(is_steady);
        let best = steady.max_by_key(|it| self.nearness(it.pair));
        if let Some(pair) = best.map(|it| it.pair) {
            self.patience.moves(now);
            self.choose(now, pair);
        }
    }

    /// Compares what is better than the pair in use, and nothing else.
    fn compare(&mut self, now: Instant) {
        let mut better = self.better();
        better.truncate(MAX_COMPARED);
        for check in &mut self.checks {
            if check.aim() == Aim::Compare && !better.contains(&check.pair) {
                check.pursue(now, Aim::Rest);
            }
        }
        for pair in better {
            if let Some(at) = self.check_of(pair)
                && self.checks[at].aim() == Aim::Rest
            {
                self.checks[at].pursue(now, Aim::Compare);
            }
        }
    }

    /// Pairs that are better than the one in use: those first over which the other side answered,
    /// then those with addresses of it that were heard of last.
    fn better(&self) -> Vec<Pair> {
        // One may be over an address of ours that the library alone has bound.
        let answered = self.checks.iter().filter(|it| it.valid.is_some());
        let mut pairs: Vec<Pair> = answered.map(|it| it.pair).collect();
        for remote in &self.remotes {
            for local in &self.locals {
                let (local, remote) = (*local, *remote);
                let pair = Pair { local, remote };
                if pair.is_possible() && !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
        let least = self.nearness(self.current);
        pairs.retain(|it| self.nearness(*it) > least);
        pairs
    }

    fn nearness(&self, pair: Pair) -> Nearness {
        nearness(pair.local.ip(), pair.remote.ip(), &self.interfaces)
    }
}

/// How long a better pair must have answered without a gap. A network that has just come loses
/// packets for a second or two while addresses settle; a call by another path lacks nothing meanwhile.
pub(super) const STEADY: Duration = Duration::from_secs(3);

/// The most of it, however often better pairs were lost again: then a call is disturbed by it once in
/// two minutes.
pub(super) const LONGEST_STEADY: Duration = Duration::from_secs(120);

/// A pair that lasted this many times what it had to be steady for was worth it: the next one has to
/// be steady for [`STEADY`] only.
const CALM: u32 = 8;

/// How many pairs are compared at a time: the addresses that two machines have on networks that both
/// are on. The rest of [`MAX_CHECKS`](super::MAX_CHECKS) is left for those that the other side asks over.
const MAX_COMPARED: usize = 6;
