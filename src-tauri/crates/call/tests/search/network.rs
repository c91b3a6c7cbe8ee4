//! What is on its way, each piece until a step of the search delivers, holds back, repeats or
//! loses it.

use call::id::SessionId;
use call::input::{Absence, Transport};
use call::message::Message;

use crate::who::Who;

/// One thing on its way to a phone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) to: Who,
    pub(crate) way: Way,
    pub(crate) cargo: Cargo,
    /// Held back: time passes meanwhile, and what came later on the same way overtakes it.
    pub(crate) held: bool,
}

/// How it gets there. Each way of each phone keeps the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Way {
    /// Through the relay.
    Relay,
    /// Through the session's own channel.
    Channel(SessionId),
    /// From the phone's own session.
    Local(SessionId),
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cargo {
    Message(Message),
    Undeliverable(Absence),
    Data(Message),
    Report(Transport),
}

/// All that is on its way, in the order of receivers and ways, so that only the order within each
/// way tells two networks apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    items: Vec<Item>,
}

impl Network {
    /// Sends something off.
    pub(crate) fn push(&mut self, to: Who, way: Way, cargo: Cargo) {
        self.insert(Item {
            to,
            way,
            cargo,
            held: false,
        });
    }

    /// The places of those that may arrive next: the first of each way, and all that are held.
    pub(crate) fn arriving(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.items.iter().enumerate().filter(|(place, item)| {
            let before = self.items[..*place].iter();
            item.held || !before.rev().any(|it| !it.held && it.is_before(item))
        })
    }

    pub(crate) fn at(&self, place: usize) -> &Item {
        &self.items[place]
    }

    pub(crate) fn take(&mut self, place: usize) -> Item {
        self.items.remove(place)
    }

    pub(crate) fn hold(&mut self, place: usize) {
        self.items[place].held = true;
    }

    /// Leaves a copy behind that arrives at some time.
    pub(crate) fn repeat(&mut self, place: usize) {
        let copy = self.items[place].clone();
        self.insert(Item { held: true, ..copy });
    }

    /// Loses all that the relay carries.
    pub(crate) fn lose_relayed(&mut self) {
        self.items.retain(|item| item.way != Way::Relay);
    }

    /// Forgets what a program had of its sessions, and what went to them.
    pub(crate) fn lose_sessions_of(&mut self, who: Who) {
        self.items
            .retain(|item| item.to != who || item.way == Way::Relay);
    }

    /// Whether the relay carries more than one thing.
    pub(crate) fn relays_several(&self) -> bool {
        let relayed = self.items.iter().filter(|item| item.way == Way::Relay);
        relayed.count() > 1
    }

    /// Whether this is the last thing on that way.
    pub(crate) fn ends_with(&self, to: Who, way: Way, cargo: &Cargo) -> bool {
        let mut last = self.items.iter().rev();
        let last = last.find(|item| item.to == to && item.way == way && !item.held);
        last.is_some_and(|item| item.cargo == *cargo)
    }

    fn insert(&mut self, item: Item) {
        let key = (item.to, item.way);
        let place = self.items.partition_point(|it| (it.to, it.way) <= key);
        self.items.insert(place, item);
    }
}

impl Item {
    fn is_before(&self, later: &Self) -> bool {
        (self.to, self.way) == (later.to, later.way)
    }
}
