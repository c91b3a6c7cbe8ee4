//! Looks for another pair when nothing is heard over the one in use.

use std::time::{Duration, Instant};

use super::{Mover, Output};
use crate::p2p::migrate::check::Aim;

/// Whether pairs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// The pair in use does.
    Off,
    /// Since then.
    Running(Instant),
    /// In vain, since then: nothing is sent until something is heard or the network changes.
    GivenUp(Instant),
}

impl Mover {
    /// Begins and ends the search by what is heard.
    pub(super) fn watch(&mut self, now: Instant, heard: Instant) {
        match self.search {
            Search::Off if now >= heard + SILENCE => self.begin_search(now),
            Search::Running(since) if heard > since => self.end_search(now),
            Search::Running(since) if now >= since + LONGEST_SEARCH => {
                self.end_search(now);
                self.search = Search::GivenUp(now);
            }
            Search::GivenUp(since) if heard > since => self.search = Search::Off,
            Search::Off | Search::Running(_) | Search::GivenUp(_) => {}
        }
    }

    pub(super) fn begin_search(&mut self, now: Instant) {
        self.search = Search::Running(now);
        let locals = self.locals.clone();
        self.check_all(now, &locals, Aim::Search);
        self.outputs.push_back(Output::LookAround);
    }

    pub(super) fn end_search(&mut self, now: Instant) {
        self.search = Search::Off;
        for check in &mut self.checks {
            if check.aim() == Aim::Search {
                check.pursue(now, Aim::Rest);
            }
        }
    }
}

/// How long nothing may be heard over the pair in use before others are checked: the other side's
/// ICE checks and answers come four times a second even when it is mute.
pub(super) const SILENCE: Duration = Duration::from_secs(1);

/// How long a search lasts: by then the call above has tried another session several times.
pub(super) const LONGEST_SEARCH: Duration = Duration::from_secs(30);
