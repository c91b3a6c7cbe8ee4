//! Our own beacon, for networks that swallow multicast DNS: a datagram to a multicast group and to
//! the broadcast address of every network, now and then.
//!
//! One task owns it. A newcomer asks who is there, and whoever is on a network with it answers to
//! it alone.

mod datagram;
mod hearing;
mod schedule;
mod sockets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::Identity;
use tokio::sync::mpsc;
use tokio::time::{Interval, interval, sleep, sleep_until};

pub(super) use self::datagram::{Datagram, Goodbye, SourceProof};
use self::hearing::{Hearing, LASTS};
use self::schedule::{Answers, Jitter, Schedule, answer_after};
use self::sockets::{Received, Sockets};
use super::{Finder, NotOpened};
use crate::announcement::Announcement;
use crate::encoding::Claimed;
use crate::interfaces::Interfaces;
use crate::lan::{FinderKind, Heard, Sighting};

/// The UDP port of the beacon.
pub const BEACON_PORT: u16 = 48266;

/// The beacon of one member.
pub(super) struct Beacon {
    alias: Arc<Identity>,
    /// What others hear of us.
    said: Option<Claimed>,
    sockets: Sockets,
    received: mpsc::Receiver<Received>,
    interfaces: Interfaces,
    look: Interval,
    hearing: Hearing,
    schedule: Schedule,
    answers: Answers,
    /// Answers that wait for their time: at most [`MAX_WAITING`].
    waiting: Vec<(Instant, SocketAddr)>,
}

impl Finder for Beacon {
    const NAME: &'static str = "beacon";

    fn open(alias: &Arc<Identity>) -> Result<Self, NotOpened> {
        let (heard, received) = mpsc::channel(RECEIVED);
        let sockets = Sockets::open(Arc::clone(alias), BEACON_PORT, heard);
        Ok(Self {
            alias: Arc::clone(alias),
            said: None,
            sockets: sockets.map_err(NotOpened::Port)?,
            received,
            interfaces: Interfaces::default(),
            look: interval(LOOK_INTERVAL),
            hearing: Hearing::default(),
            schedule: Schedule::new(Instant::now()),
            answers: Answers::default(),
            waiting: Vec::new(),
        })
    }

    async fn hear(&mut self) -> Option<Heard> {
        loop {
            let waiting = self.waiting.iter().map(|it| it.0).min();
            let next = waiting.map_or(self.schedule.next(), |it| it.min(self.schedule.next()));
            tokio::select! {
                _ = self.look.tick() => if self.look_around() {
                    self.schedule.burst(Instant::now(), true);
                },
                Some(it) = self.received.recv() => if let Some(heard) = self.take(&it) {
                    return Some(heard);
                },
                () = sleep_until(next.into()) => self.send(Instant::now()),
            }
        }
    }

    /// A new announcement goes out at once. Silence begins with a goodbye.
    fn announce(&mut self, said: Option<Announcement>) {
        let was_announced = self.said.is_some();
        self.said = said.map(Claimed::from);
        if self.said.is_some() {
            self.schedule.burst(Instant::now(), true);
        } else if was_announced {
            self.send_goodbye();
        }
    }

    fn network_changed(&mut self) {
        self.look_around();
        self.schedule.burst(Instant::now(), true);
    }

    /// Twice, in case that one is lost; who hears neither forgets us in time.
    async fn leave(self) {
        if self.said.is_none() {
            return;
        }
        self.send_goodbye();
        sleep(GOODBYE_AGAIN).await;
        self.send_goodbye();
    }
}

impl Beacon {
    /// Follows the interfaces. Returns whether there is a new one.
    fn look_around(&mut self) -> bool {
        self.interfaces = Interfaces::now();
        self.sockets.follow(&self.interfaces)
    }

    fn take(&mut self, received: &Received) -> Option<Heard> {
        if !self.interfaces.has_on_link(received.source) {
            return None;
        }
        let now = Instant::now();
        match Datagram::from_bytes(&received.bytes) {
            Some(Datagram::Here {
                claimed,
                source: proof,
                asks,
            }) => {
                let source = received.source;
                let said = self.hearing.verify(now, claimed, &proof, source)?;
                self.is_here(now, said, asks, source)
            }
            Some(Datagram::Goodbye(goodbye)) if self.hearing.goodbye(now, &goodbye) => {
                Some(Heard::Gone {
                    alias: goodbye.alias,
                    finder: FinderKind::Beacon,
                })
            }
            Some(Datagram::Goodbye(_)) | None => None,
        }
    }

    /// A member is there, and may ask who else is.
    fn is_here(
        &mut self,
        now: Instant,
        said: Announcement,
        asks: bool,
        source: SocketAddr,
    ) -> Option<Heard> {
        if asks && said.alias != self.alias.address() {
            self.was_asked(now, source);
        }
        let places = self.hearing.heard(now, &said, source, &self.interfaces)?;
        Some(Heard::Seen(Sighting {
            announcement: said,
            places,
            finder: FinderKind::Beacon,
            lasts: LASTS,
        }))
    }

    fn was_asked(&mut self, now: Instant, source: SocketAddr) {
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room && self.answers.take(now, source.ip()) {
            self.waiting.push((now + answer_after(jitter()), source));
        }
    }

    /// Sends what is due.
    fn send(&mut self, now: Instant) {
        let (due, later) = self.waiting.drain(..).partition(|it| it.0 <= now);
        self.waiting = later;
        let due: Vec<(Instant, SocketAddr)> = due;
        if let Some(said) = &self.said {
            for (_, source) in due {
                self.sockets
                    .answer(|proof| here(said, proof, false), source);
            }
        }
        if self.schedule.next() <= now {
            let asks = self.schedule.sent(now, jitter());
            if let Some(said) = &self.said {
                self.sockets.send_to_all(|proof| here(said, proof, asks));
            }
        }
    }

    fn send_goodbye(&self) {
        let goodbye = Goodbye::new(&self.alias);
        self.sockets.send_to_all(|_| Datagram::Goodbye(goodbye));
    }
}

fn here(said: &Claimed, source: SourceProof, asks: bool) -> Datagram {
    Datagram::Here {
        claimed: said.clone(),
        source,
        asks,
    }
}

fn jitter() -> Jitter {
    let random = getrandom::u32().unwrap_or_default();
    Jitter(f64::from(random) / f64::from(u32::MAX))
}

/// Datagrams between the sockets and the task. A burst of thirty answers fits three times.
const RECEIVED: usize = 128;

/// As many answers as are given in one pause.
const MAX_WAITING: usize = 32;

/// How soon a new interface is seen without being told of it.
const LOOK_INTERVAL: Duration = Duration::from_secs(3);

const GOODBYE_AGAIN: Duration = Duration::from_millis(50);
