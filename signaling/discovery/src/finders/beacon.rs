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
use tracing::warn;

use self::datagram::{Datagram, Secret};
use self::hearing::{Hearing, LASTS};
use self::schedule::{Answers, Jitter, Schedule, answer_after};
use self::sockets::{Received, Sockets};
use super::context::Context;
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
    /// What our goodbye tells, and never before.
    secret: Secret,
    /// Whether others hear of us.
    announced: bool,
}

/// Runs until the context says stop, and says goodbye then.
pub(super) async fn run(context: Context) {
    let (heard, received) = mpsc::channel(RECEIVED);
    let sockets = match Sockets::open(BEACON_PORT, heard) {
        Ok(sockets) => sockets,
        Err(error) => {
            warn!(%error, "no socket for a beacon");
            return;
        }
    };
    let mut beacon = Beacon {
        context,
        sockets,
        interfaces: Interfaces::default(),
        hearing: Hearing::default(),
        schedule: Schedule::new(Instant::now()),
        answers: Answers::default(),
        waiting: Vec::new(),
        secret: secret(),
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
                announcement,
                farewell,
                asks,
            }) => {
                if asks && announcement.alias != self.context.alias {
                    self.was_asked(now, received.source);
                }
                let places = self.hearing.heard(
                    now,
                    &announcement,
                    farewell,
                    received.source,
                    &self.interfaces,
                );
                if let Some(places) = places {
                    self.context.tell(Heard::Seen(Sighting {
                        announcement,
                        places,
                        finder: FinderKind::Beacon,
                        lasts: LASTS,
                    }));
                }
            }
            Some(Datagram::Goodbye { alias, secret }) if self.hearing.goodbye(&alias, secret) => {
                let finder = FinderKind::Beacon;
                self.context.tell(Heard::Gone { alias, finder });
            }
            Some(Datagram::Goodbye { .. }) | None => {}
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
        if let Some(answer) = self.datagram(false).filter(|_| !due.is_empty()) {
            for (_, source) in due {
                self.sockets.answer(&answer, source);
            }
        }
        if self.schedule.next() <= now {
            let asks = self.schedule.sent(now, jitter());
            if let Some(bytes) = self.datagram(asks) {
                self.sockets.send_to_all(&bytes);
            }
        }
    }

    /// What we say, if anything.
    fn datagram(&self, asks: bool) -> Option<Vec<u8>> {
        let announcement = self.context.announced.borrow().clone()?;
        let here = Datagram::Here {
            announcement,
            farewell: self.secret.farewell(),
            asks,
        };
        Some(here.to_bytes())
    }

    /// A new announcement goes out at once. Silence begins with a goodbye, and what comes after it
    /// has another secret.
    fn announcement_changed(&mut self) {
        let announces = self.context.announced.borrow_and_update().is_some();
        if announces {
            self.announced = true;
            self.schedule.burst(Instant::now(), true);
        } else if self.announced {
            self.announced = false;
            self.sockets.send_to_all(&self.goodbye());
            self.secret = secret();
        }
    }

    /// Twice, in case that one is lost; who hears neither forgets us in time.
    async fn say_goodbye(&self) {
        let goodbye = self.goodbye();
        self.sockets.send_to_all(&goodbye);
        sleep(GOODBYE_AGAIN).await;
        self.sockets.send_to_all(&goodbye);
    }

    fn goodbye(&self) -> Vec<u8> {
        let (alias, secret) = (self.context.alias, self.secret);
        Datagram::Goodbye { alias, secret }.to_bytes()
    }
}

/// Without randomness anybody can say our goodbye, and the next beacon takes it back.
fn secret() -> Secret {
    let mut secret = Secret([0; 16]);
    let _ = getrandom::fill(&mut secret.0);
    secret
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
