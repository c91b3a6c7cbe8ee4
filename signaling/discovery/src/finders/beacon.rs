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
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{interval, sleep, sleep_until};

use self::datagram::{Datagram, Goodbye, SourceProof};
use self::hearing::{Hearing, LASTS};
use self::schedule::{Answers, Jitter, Schedule, answer_after};
use self::sockets::{Received, Sockets};
use super::context::Context;
use super::retry::retry;
use crate::announcement::Announcement;
use crate::encoding::Claimed;
use crate::interfaces::Interfaces;
use crate::lan::{FinderKind, Heard, Sighting};

/// The UDP port of the beacon.
pub const BEACON_PORT: u16 = 48266;

/// The beacon of one member.
struct Beacon {
    context: Context,
    sockets: Sockets,
    interfaces: Interfaces,
    hearing: Hearing,
    schedule: Schedule,
    answers: Answers,
    /// Answers that wait for their time: at most [`MAX_WAITING`].
    waiting: Vec<(Instant, SocketAddr)>,
    /// Whether others hear of us.
    announced: bool,
}

/// Runs until the context says stop, and says goodbye then.
pub(super) async fn run(context: Context) {
    let (heard, received) = mpsc::channel(RECEIVED);
    let open = || Sockets::open(context.alias.clone(), BEACON_PORT, heard.clone());
    let Some(sockets) = retry(&context.stop, "beacon", open).await else {
        return;
    };
    drop(heard);
    let mut beacon = Beacon {
        context,
        sockets,
        interfaces: Interfaces::default(),
        hearing: Hearing::default(),
        schedule: Schedule::new(Instant::now()),
        answers: Answers::default(),
        waiting: Vec::new(),
        announced: false,
    };
    beacon.run(received).await;
    if beacon.announced {
        beacon.say_goodbye().await;
    }
}

impl Beacon {
    async fn run(&mut self, mut received: mpsc::Receiver<Received>) {
        let mut look = interval(LOOK_INTERVAL);
        loop {
            let waiting = self.waiting.iter().map(|it| it.0).min();
            let next = waiting.map_or(self.schedule.next(), |it| it.min(self.schedule.next()));
            tokio::select! {
                () = self.context.stop.cancelled() => return,
                changed = self.context.announced.changed() => match changed {
                    Ok(()) => self.announcement_changed(),
                    Err(_) => return,
                },
                changed = self.context.network.changed() => match changed {
                    Ok(()) => {
                        self.look();
                        self.schedule.burst(Instant::now(), true);
                    }
                    Err(_) => return,
                },
                _ = look.tick() => {
                    if self.look() {
                        self.schedule.burst(Instant::now(), true);
                    }
                }
                Some(it) = received.recv() => self.take(&it),
                () = sleep_until(next.into()) => self.send(Instant::now()),
            }
        }
    }

    /// Follows the interfaces. Returns whether there is a new one.
    fn look(&mut self) -> bool {
        self.interfaces = Interfaces::now();
        self.sockets.follow(&self.interfaces)
    }

    fn take(&mut self, received: &Received) {
        if !self.interfaces.has_on_link(received.source) {
            return;
        }
        let now = Instant::now();
        match Datagram::from_bytes(&received.bytes) {
            Some(Datagram::Here {
                claimed,
                source: proof,
                asks,
            }) => {
                let source = received.source;
                if let Some(said) = self.hearing.verify(now, claimed, &proof, source) {
                    self.is_here(now, said, asks, source);
                }
            }
            Some(Datagram::Goodbye(goodbye)) if self.hearing.goodbye(now, &goodbye) => {
                self.context.tell(Heard::Gone {
                    alias: goodbye.alias,
                    finder: FinderKind::Beacon,
                });
            }
            Some(Datagram::Goodbye(_)) | None => {}
        }
    }

    /// A member is there, and may ask who else is.
    fn is_here(&mut self, now: Instant, said: Announcement, asks: bool, source: SocketAddr) {
        if asks && said.alias != self.context.alias.address() {
            self.was_asked(now, source);
        }
        let places = self.hearing.heard(now, &said, source, &self.interfaces);
        if let Some(places) = places {
            self.context.tell(Heard::Seen(Sighting {
                announcement: said,
                places,
                finder: FinderKind::Beacon,
                lasts: LASTS,
            }));
        }
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
        let said = self.announced_now();
        if let Some(said) = &said {
            for (_, source) in due {
                self.sockets
                    .answer(|proof| here(said, proof, false), source);
            }
        }
        if self.schedule.next() <= now {
            let asks = self.schedule.sent(now, jitter());
            if let Some(said) = &said {
                self.sockets.send_to_all(|proof| here(said, proof, asks));
            }
        }
    }

    /// What we say, if anything.
    fn announced_now(&self) -> Option<Claimed> {
        self.context.announced.borrow().clone().map(Claimed::from)
    }

    /// A new announcement goes out at once. Silence begins with a goodbye.
    fn announcement_changed(&mut self) {
        let announces = self.context.announced.borrow_and_update().is_some();
        if announces {
            self.announced = true;
            self.schedule.burst(Instant::now(), true);
        } else if self.announced {
            self.announced = false;
            self.send_goodbye();
        }
    }

    /// Twice, in case that one is lost; who hears neither forgets us in time.
    async fn say_goodbye(&self) {
        self.send_goodbye();
        sleep(GOODBYE_AGAIN).await;
        self.send_goodbye();
    }

    fn send_goodbye(&self) {
        let goodbye = Goodbye::new(&self.context.alias);
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
