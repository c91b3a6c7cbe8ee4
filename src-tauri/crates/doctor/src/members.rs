//! Two members of the local networks, made for the occasion: one announces itself, the other listens.
//! Both have keys that nobody knows, and are gone afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use discovery::{Address, Announcement, FinderKind, Heard as Event, Joined, Lan, Sighting};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use identity::Identity;
use tokio::time::{Instant, timeout_at};

use crate::finding::Finding;
use crate::subjects::Recognise;
use crate::tcp::{connect, number};

/// The two members.
pub(crate) struct Members {
    alias: Identity,
    /// What the first one announces.
    said: Announcement,
    announcer: Joined,
    listener: Joined,
}

/// Who was heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By which finders our own announcement was.
    own: BTreeSet<FinderKind>,
    /// Members on other machines.
    others: BTreeMap<[u8; 32], Neighbour>,
    /// Where the person whom the user named announces themselves.
    pub(crate) person: Vec<SocketAddr>,
}

/// A member on another machine.
#[derive(Debug, Default)]
struct Neighbour {
    finders: BTreeSet<FinderKind>,
    places: Vec<SocketAddr>,
}

impl Members {
    pub(crate) async fn join(lan: &dyn Lan) -> Result<Self, Finding> {
        let (Ok(alias), Ok(other)) = (Identity::generate(), Identity::generate()) else {
            return Err(Finding::NotHere);
        };
        let announcer = lan.join(&alias).await.map_err(|_| Finding::NoPort)?;
        let listener = lan.join(&other).await.map_err(|_| Finding::NoPort)?;
        // To nobody: as whoever knows nobody.
        let said = Announcement::hidden(&alias, &alias, announcer.port, &[]);
        Ok(Self {
            alias,
            said,
            announcer,
            listener,
        })
    }

    /// What the one says that announces itself.
    pub(crate) const fn said(&self) -> &Announcement {
        &self.said
    }

    /// Announces and listens; `own` are the addresses of this machine.
    pub(crate) async fn listen(&mut self, own: &[IpAddr], who: Option<&dyn Recognise>) -> Heard {
        self.announcer.membership.announce(Some(self.said.clone()));
        let begun = Instant::now();
        let mut heard = Heard::default();
        loop {
            let is_complete =
                heard.own.contains(&FinderKind::DnsSd) && heard.own.contains(&FinderKind::Beacon);
            let until = begun + if is_complete { LEAST } else { MOST };
            let Ok(Some(event)) = timeout_at(until, self.next()).await else {
                return heard;
            };
            if let Event::Seen(sighting) = event {
                heard.take(&self.alias.address(), &sighting, own, who);
            }
        }
    }

    /// What either of the two hears next. Others answer to the one that announces itself, since
    /// whoever says nothing asks nobody; that it hears itself proves nothing. `None` at the end of
    /// both.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                Some(event) = self.listener.heard.recv() => return Some(event),
                Some(event) = self.announcer.heard.recv() => match event {
                    Event::Seen(it) if it.announcement.alias == self.alias.address() => {}
                    Event::Seen(_) | Event::Gone { .. } => return Some(event),
                },
                else => return None,
            }
        }
    }

    pub(crate) async fn leave(self) {
        let members = [self.announcer, self.listener].map(|it| it.membership.leave());
        join_all(members).await;
    }
}

impl Heard {
    fn take(
        &mut self,
        alias: &Address,
        sighting: &Sighting,
        own: &[IpAddr],
        who: Option<&dyn Recognise>,
    ) {
        let announcement = &sighting.announcement;
        if announcement.alias == *alias {
            self.own.insert(sighting.finder);
            return;
        }
        if who.is_some_and(|it| it.is_theirs(announcement)) {
            add(&mut self.person, &sighting.places);
        }
        // Another profile on this machine proves nothing of the network.
        let is_here = |it: &SocketAddr| it.ip().is_loopback() || own.contains(&it.ip());
        if sighting.places.iter().all(is_here) {
            return;
        }
        let key = *announcement.alias.as_bytes();
        if self.others.len() < MOST_NEIGHBOURS || self.others.contains_key(&key) {
            let neighbour = self.others.entry(key).or_default();
            neighbour.finders.insert(sighting.finder);
            add(&mut neighbour.places, &sighting.places);
        }
    }

    /// What came of one finder.
    pub(crate) fn by(&self, finder: FinderKind) -> Finding {
        let others = self.others.values();
        let others = others.filter(|it| it.finders.contains(&finder)).count();
        match (self.own.contains(&finder), number(others)) {
            (true, 0) => Finding::AnnouncementsAlone,
            (true, others) => Finding::AnnouncementsPass { others },
            (false, 0) => Finding::AnnouncementsSilent,
            (false, others) => Finding::AnnouncementsNotSent { others },
        }
    }

    /// Whether a machine with this address is.
    pub(crate) fn is_heard_at(&self, address: IpAddr) -> bool {
        let mut places = self.others.values().flat_map(|it| &it.places);
        places.any(|it| it.ip().to_canonical() == address.to_canonical())
    }

    /// Tries everybody who is heard.
    pub(crate) async fn reach(&self) -> Finding {
        let neighbours = self.others.values();
        let reached = join_all(neighbours.map(|it| reach_any(&it.places))).await;
        let heard = number(reached.len());
        match number(reached.iter().filter(|it| **it).count()) {
            _ if heard == 0 => Finding::NobodyHeard,
            0 => Finding::NeighboursIsolated { heard },
            all if all == heard => Finding::NeighboursReached { heard },
            reached => Finding::NeighboursPartly { heard, reached },
        }
    }
}

async fn reach_any(places: &[SocketAddr]) -> bool {
    let attempts: FuturesUnordered<_> = places.iter().map(|it| connect(*it)).collect();
    let reached = attempts.filter(|it| std::future::ready(it.is_ok()));
    std::pin::pin!(reached).next().await.is_some()
}

/// Adds places that are not there yet, as far as there is room.
fn add(to: &mut Vec<SocketAddr>, places: &[SocketAddr]) {
    for place in places {
        if to.len() < Sighting::MAX_PLACES && !to.contains(place) {
            to.push(*place);
        }
    }
}

/// How long one listens when our own announcement is heard by every finder: the answers of others
/// come within a second, as long as a start of the program may take to be seen.
const LEAST: Duration = Duration::from_millis(1500);

/// How long one listens for our own announcement: multicast DNS makes sure for 750 ms that a name is
/// free (RFC 6762, 8.1), and says it a second time after a second.
const MOST: Duration = Duration::from_millis(3000);

/// Announcements are a stranger's bytes, and anybody can make more of them.
const MOST_NEIGHBOURS: usize = 64;

#[cfg(test)]
mod tests;
