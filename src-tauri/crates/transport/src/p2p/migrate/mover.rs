//! Decides where the datagrams of a session go. Pure: whoever runs it brings authentic messages,
//! what was heard and the time, and carries out what comes out.

mod prefer;
mod search;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::transport::Role;

use self::prefer::Patience;
use self::search::{LONGEST_SEARCH, SILENCE, Search};
use super::MAX_REMOTES;
use super::check::{Aim, Check};
use super::message::{Request, Transaction, random_transaction};
use super::replay::ReplayWindow;
use crate::network::Interface;
use crate::peer::routes::Pair;

/// Where one selected pair of the agent has moved to.
#[derive(Debug)]
pub(super) struct Mover {
    role: Role,
    /// The pair in use.
    current: Pair,
    /// The pair that the other side last knew of, by its nomination or its answer to ours.
    agreed: Pair,
    /// Addresses that sockets of ours are bound to and that this machine has.
    locals: Vec<SocketAddr>,
    /// Where the other side may be, those that were heard of last first; at most [`MAX_REMOTES`].
    remotes: Vec<SocketAddr>,
    /// At most [`MAX_CHECKS`].
    checks: Vec<Check>,
    search: Search,
    /// Of this machine.
    interfaces: Vec<Interface>,
    patience: Patience,
    numbers: Numbers,
    outputs: VecDeque<Output>,
}

/// The numbers of requests. They outlive pairs, as the credentials do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// Of our last request.
    last: u64,
    received: ReplayWindow,
    /// Of the last nomination by the other side that was followed or overtaken.
    followed: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Send a request over this pair.
    Request(Pair, Request),
    /// Send the answer to a request that came over this pair.
    Answer(Pair, Transaction),
    /// What comes over this pair is of the other side.
    Accept(Pair),
    /// Send everything over this pair.
    Move(Pair),
    /// Look at the addresses of this machine, and tell them by [`Mover::set_locals`].
    LookAround,
}

impl Mover {
    /// For the pair that the agent has selected, when the other side said that it can be reached at
    /// `remotes`.
    pub(super) fn new(
        role: Role,
        selected: Pair,
        remotes: &[SocketAddr],
        numbers: Numbers,
    ) -> Self {
        let mut mover = Self {
            role,
            current: selected,
            agreed: selected,
            locals: vec![selected.local],
            remotes: Vec::new(),
            checks: Vec::new(),
            search: Search::Off,
            interfaces: Vec::new(),
            patience: Patience::default(),
            numbers,
            outputs: VecDeque::new(),
        };
        for remote in remotes.iter().rev() {
            mover.learn(*remote);
        }
        mover.learn(selected.remote);
        mover
    }

    /// What is to be done next.
    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The numbers as they are now, for the next pair.
    pub(super) const fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do, if the pair in use was
    /// last `heard` then.
    pub(super) fn poll_timeout(&self, heard: Instant) -> Option<Instant> {
        let watch = match self.search {
            Search::Off => Some(heard + SILENCE),
            Search::Running(since) => Some(since + LONGEST_SEARCH),
            Search::GivenUp(_) => None,
        };
        let roaming = self.roamed(heard).map(|_| heard + ROAMED);
        let checks = self.checks.iter().filter_map(Check::due);
        checks.chain(watch).chain(roaming).min()
    }

    /// Does what is due at `now`, when the pair in use was last `heard` then. To be called after
    /// every message too.
    pub(super) fn handle_timeout(&mut self, now: Instant, heard: Instant) {
        self.watch(now, heard);
        self.follow_roaming(now, heard);
        for at in 0..self.checks.len() {
            let nominating = self.checks[at].aim() == Aim::Nominate;
            if self.checks[at].is_due(now) {
                self.request(now, at);
            } else if nominating && self.checks[at].aim() == Aim::Rest {
                // The guess was wrong: nobody answers there any more.
                self.begin_search(now);
            }
        }
        self.prefer(now);
    }

    /// Sockets are bound to these addresses now, and no others can be used.
    pub(super) fn set_locals(&mut self, now: Instant, locals: Vec<SocketAddr>) {
        let new: Vec<_> = locals
            .iter()
            .filter(|it| !self.locals.contains(it))
            .copied()
            .collect();
        self.locals = locals;
        let here = |local: &SocketAddr| self.locals.iter().any(|it| it.ip() == local.ip());
        self.checks.retain(|it| here(&it.pair.local));
        let lost = !here(&self.current.local);
        if !new.is_empty() && matches!(self.search, Search::GivenUp(_)) {
            self.search = Search::Off;
        }
        let aim = match self.search {
            Search::Running(_) => Aim::Search,
            Search::Off | Search::GivenUp(_) => Aim::Validate,
        };
        self.check_all(now, &new, aim);
        if lost {
            self.lose(now);
        }
    }

    /// The other side may be reached at this address too.
    pub(super) fn add_remote(&mut self, remote: SocketAddr) {
        if !self.remotes.contains(&remote) && self.remotes.len() < MAX_REMOTES {
            self.remotes.push(remote);
        }
    }

    /// Nothing leaves over the pair in use.
    pub(super) fn lose(&mut self, now: Instant) {
        if matches!(self.search, Search::Running(_)) {
            return;
        }
        let current = self.current;
        let fresh = |it: &&Check| it.valid.is_some_and(|at| now < at + FRESH) && it.pair != current;
        let spare = self.checks.iter().filter(fresh).max_by_key(|it| it.valid);
        match spare.map(|it| it.pair) {
            Some(spare) => self.choose(now, spare),
            None => self.begin_search(now),
        }
    }

    /// Takes an authentic request that came over `pair`.
    pub(super) fn on_request(&mut self, now: Instant, pair: Pair, request: Request) {
        if !self.numbers.received.admits(request.number) {
            return;
        }
        let Some(at) = self.check_of(pair) else {
            return;
        };
        self.outputs
            .push_back(Output::Answer(pair, request.transaction));
        self.outputs.push_back(Output::Accept(pair));
        self.learn(pair.remote);
        if request.nominates && request.number > self.numbers.followed {
            self.checks[at].nominated = Some(request.number);
        }
        let check = &mut self.checks[at];
        match check.aim() {
            // They are there again: the pause until the next question is over.
            Aim::Compare if check.steady_for().is_none() => check.pursue(now, Aim::Compare),
            Aim::Rest if check.valid.is_none() => check.pursue(now, Aim::Validate),
            Aim::Rest | Aim::Validate | Aim::Search | Aim::Nominate | Aim::Compare => {}
        }
        self.follow(now, at);
    }

    /// Takes an authentic answer that came over `pair`.
    pub(super) fn on_answer(&mut self, now: Instant, pair: Pair, transaction: Transaction) {
        let Some(at) = self.checks.iter().position(|it| it.pair == pair) else {
            return;
        };
        let check = &mut self.checks[at];
        let Some(aim) = check.answered(now, transaction) else {
            return;
        };
        // An answer to an earlier request is no word that the nomination arrived.
        let is_done = match check.aim() {
            Aim::Nominate => aim == Aim::Nominate,
            Aim::Rest | Aim::Validate | Aim::Search => true,
            Aim::Compare => false,
        };
        if is_done {
            check.pursue(now, Aim::Rest);
        }
        self.outputs.push_back(Output::Accept(pair));
        if aim == Aim::Nominate {
            self.agreed = pair;
        }
        self.follow(now, at);
        if matches!(self.search, Search::Running(_)) {
            // The pair in use is kept, unless the other side may not know of it.
            if pair == self.current && pair == self.agreed {
                self.end_search(now);
            } else {
                self.choose(now, pair);
            }
        }
    }

    /// An authentic ICE check of the other side came over `pair`, which is not its selected one.
    pub(super) fn on_ice_check(&mut self, now: Instant, pair: Pair) {
        if pair == self.current {
            return;
        }
        let Some(at) = self.check_of(pair) else {
            return;
        };
        let check = &mut self.checks[at];
        check.roamed = Some(now);
        if check.valid.is_none() && check.aim() == Aim::Rest {
            check.pursue(now, Aim::Validate);
        }
    }

    /// Checks all pairs of these addresses of ours, those with the address in use first.
    fn check_all(&mut self, now: Instant, locals: &[SocketAddr], aim: Aim) {
        for remote in self.remotes.clone() {
            for local in locals {
                let pair = Pair {
                    local: *local,
                    remote,
                };
                if pair.is_possible()
                    && let Some(at) = self.check_of(pair)
                {
                    self.checks[at].pursue(now, aim);
                }
            }
        }
    }

    /// The check of a pair, which is made where there is none, in the place of one that is of no use
    /// where all are taken.
    fn check_of(&mut self, pair: Pair) -> Option<usize> {
        if let Some(at) = self.checks.iter().position(|it| it.pair == pair) {
            return Some(at);
        }
        if self.checks.len() < MAX_CHECKS {
            self.checks.push(Check::new(pair));
            return Some(self.checks.len() - 1);
        }
        let current = self.current;
        let is_idle = |it: &&(usize, &Check)| it.1.aim() == Aim::Rest && it.1.pair != current;
        let idle = self.checks.iter().enumerate();
        let (at, _) = idle
            .filter(|it| is_idle(&it))
            .min_by_key(|(_, it)| it.valid)?;
        self.checks[at] = Check::new(pair);
        Some(at)
    }

    fn request(&mut self, now: Instant, at: usize) {
        self.numbers.last += 1;
        let request = Request {
            transaction: random_transaction(),
            number: self.numbers.last,
            nominates: self.checks[at].aim() == Aim::Nominate,
        };
        self.checks[at].request(now, request.transaction);
        let pair = self.checks[at].pair;
        self.outputs.push_back(Output::Request(pair, request));
    }

    /// Moves to a pair that is valid, and tells the other side.
    fn choose(&mut self, now: Instant, pair: Pair) {
        self.move_to(now, pair);
        if let Some(at) = self.check_of(pair) {
            self.checks[at].pursue(now, Aim::Nominate);
        }
    }

    /// Moves to where the other side has moved, if it has and the pair is valid.
    fn follow(&mut self, now: Instant, at: usize) {
        let check = &mut self.checks[at];
        let (Some(_), Some(number)) = (check.valid, check.nominated) else {
            return;
        };
        check.nominated = None;
        let pair = check.pair;
        if number <= self.numbers.followed {
            return;
        }
        self.numbers.followed = number;
        let nominates = |it: &Check| it.aim() == Aim::Nominate && it.pair != pair;
        let crossed = self.checks.iter().any(nominates);
        if crossed && self.role == Role::Offerer {
            return;
        }
        self.agreed = pair;
        if pair != self.current {
            self.move_to(now, pair);
        }
    }

    /// Moves to where the ICE checks of the other side come from, when nothing comes from where it
    /// was.
    fn follow_roaming(&mut self, now: Instant, heard: Instant) {
        if now >= heard + ROAMED
            && let Some(pair) = self.roamed(heard)
        {
            self.choose(now, pair);
        }
    }

    /// A valid pair over which the other side checked later than the pair in use was `heard`.
    fn roamed(&self, heard: Instant) -> Option<Pair> {
        let later = |it: &&Check| it.valid.is_some() && it.roamed.is_some_and(|at| at > heard);
        self.checks.iter().find(later).map(|it| it.pair)
    }

    fn move_to(&mut self, now: Instant, pair: Pair) {
        self.search = Search::Off;
        for check in &mut self.checks {
            check.roamed = None;
            match check.aim() {
                Aim::Search | Aim::Nominate => check.pursue(now, Aim::Rest),
                Aim::Rest | Aim::Validate | Aim::Compare => {}
            }
        }
        self.current = pair;
        self.learn(pair.remote);
        self.outputs.push_back(Output::Move(pair));
    }

    /// Puts an address of the other side before all others.
    fn learn(&mut self, remote: SocketAddr) {
        self.remotes.retain(|it| *it != remote);
        self.remotes.insert(0, remote);
        self.remotes.truncate(MAX_REMOTES);
    }
}

/// How long the pair in use must have been silent when an ICE check came from elsewhere. Once a pair
/// is selected the agent there checks no other one, so packets that overtake each other are all that
/// this must outlast; half of it would do on most networks, and double costs a word.
const ROAMED: Duration = Duration::from_millis(250);

/// How long an answer makes a pair good enough to move to at once: addresses do not change often, and
/// a wrong guess costs the second after which silence begins a search.
const FRESH: Duration = Duration::from_secs(30);

/// How many pairs are checked: a search sends as many requests in its first 50 ms.
const MAX_CHECKS: usize = 24;
