//! Everything that can wake the control task.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::stream::{self, BoxStream, Fuse};
use futures::{FutureExt, Stream, StreamExt};
use signal_client::Link;
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, Interval};
use crate::command::{Command, CommandError};
use crate::config::Config;
use crate::lan::WhoIsThere;
use crate::{device, lan, relays, session, share};

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The owner of the engine wants something.
    Request(Request),
    /// From the links to relays.
    Relay(relays::News),
    /// From local networks.
    Lan(lan::News),
    /// From the session of a call or its pipelines.
    Session(session::News),
    /// From devices.
    Device(device::News),
    /// From what is shared.
    Share(share::News),
    /// The addresses or routes of this machine changed.
    Network,
    /// The phone's deadline passed.
    Deadline,
    /// A tenth of a second has passed.
    Beat,
}

/// What the owner of the engine can want.
#[derive(Debug)]
pub(crate) enum Request {
    /// The user wants something and waits for the answer.
    Command(Command, oneshot::Sender<Result<(), CommandError>>),
    /// The user wants to know who is at one of these places.
    Ask(Vec<SocketAddr>, oneshot::Sender<WhoIsThere>),
    /// The user changed settings.
    Configure(Box<Config>),
    /// The engine shall stop; answered when all is released.
    Stop(oneshot::Sender<()>),
}

/// The receiving ends of all channels to the control task. Each source has one of its own, so that
/// one who talks much, such as a stranger through a relay, delays no other. The control task is
/// never busy for long; a source that fills its channel waits.
pub(crate) struct Inbox {
    requests: mpsc::Receiver<Request>,
    devices: mpsc::Receiver<device::News>,
    share: mpsc::Receiver<share::News>,
    network: Fuse<BoxStream<'static, ()>>,
    /// From relays, local networks and sessions in turns: these are what others can fill.
    others: BoxStream<'static, Event>,
    /// How many of these came since time was looked at.
    in_a_row: u32,
    clock: Clock,
    beat: Interval,
}

/// The sending ends that the control task hands out.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    /// For links to relays.
    pub(crate) relays: mpsc::Sender<relays::News>,
    /// For local networks.
    pub(crate) lan: mpsc::Sender<lan::News>,
    /// For sessions and pipelines.
    pub(crate) sessions: mpsc::Sender<session::News>,
    /// For devices.
    pub(crate) devices: mpsc::Sender<device::News>,
    /// For what is shared.
    pub(crate) share: mpsc::Sender<share::News>,
}

impl Inbox {
    /// An inbox that takes these requests, and word of changes of the network, beside the news of
    /// what the engine runs.
    pub(crate) fn new(
        requests: mpsc::Receiver<Request>,
        network: BoxStream<'static, ()>,
        clock: Clock,
    ) -> (Self, Senders) {
        let (to_relays, relays) = mpsc::channel(RELAYS);
        let (to_lan, lan) = mpsc::channel(LAN);
        let (to_sessions, sessions) = mpsc::channel(SESSIONS);
        let (to_devices, devices) = mpsc::channel(DEVICES);
        let (to_share, share) = mpsc::channel(SHARE);
        let relays = events(relays, Event::Relay);
        let networks = stream::select(relays, events(lan, Event::Lan));
        let sessions = events(sessions, Event::Session);
        let inbox = Self {
            requests,
            devices,
            share,
            others: stream::select(networks, sessions).boxed(),
            in_a_row: 0,
            network: network.fuse(),
            beat: clock.interval(BEAT),
            clock,
        };
        let senders = Senders {
            relays: to_relays,
            lan: to_lan,
            sessions: to_sessions,
            devices: to_devices,
            share: to_share,
        };
        (inbox, senders)
    }

    /// What happens next. `deadline` is the phone's. The order is fixed, so that a simulated run
    /// follows from its seed: first what nobody else can fill, then news, because a deadline may
    /// mean something else after it; and time after so much news at the latest.
    pub(crate) async fn next(&mut self, deadline: Option<Instant>) -> Event {
        if self.in_a_row >= IN_A_ROW {
            self.in_a_row = 0;
            let due = time(&self.clock, &mut self.beat, deadline).now_or_never();
            if let Some(event) = due {
                return event;
            }
        }
        tokio::select! {
            biased;
            Some(request) = self.requests.recv() => Event::Request(request),
            Some(news) = self.devices.recv() => Event::Device(news),
            Some(news) = self.share.recv() => Event::Share(news),
            Some(()) = self.network.next() => Event::Network,
            Some(event) = self.others.next() => {
                self.in_a_row += 1;
                event
            }
            event = time(&self.clock, &mut self.beat, deadline) => {
                self.in_a_row = 0;
                event
            }
        }
    }
}

/// What time brings next.
async fn time(clock: &Clock, beat: &mut Interval, deadline: Option<Instant>) -> Event {
    tokio::select! {
        biased;
        () = sleep_until(clock, deadline) => Event::Deadline,
        () = beat.tick() => Event::Beat,
    }
}

/// What comes through a channel, as events.
fn events<T: Send + 'static>(
    receiver: mpsc::Receiver<T>,
    event: fn(T) -> Event,
) -> impl Stream<Item = Event> + Send {
    stream::unfold(receiver, move |mut receiver| async move {
        let news = receiver.recv().await?;
        Some((event(news), receiver))
    })
}

async fn sleep_until(clock: &Clock, deadline: Option<Instant>) {
    match deadline {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A person makes a few requests a second at most.
pub(crate) const REQUESTS: usize = 16;

/// As many as one link holds for us before it stops reading.
const RELAYS: usize = Link::EVENTS;

/// Announcements are said again.
const LAN: usize = 32;

/// An offer's parcels and a second of estimates.
const SESSIONS: usize = 128;

/// Three roles, each with an opening, a loss and a closing.
const DEVICES: usize = 16;

/// A source that opens, one that closes, and a window that is minimised and comes back.
const SHARE: usize = 8;

/// How much news is taken while time waits: a millisecond's worth.
const IN_A_ROW: u32 = 64;

/// How often meters move: fast enough for an eye, ten small views a second at the most.
const BEAT: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_flood_of_news_delays_neither_requests_nor_time_nor_other_news() {
        let (clock, (requests, inbox)) = (Clock::simulated(), mpsc::channel(REQUESTS));
        let (mut inbox, senders) = Inbox::new(inbox, stream::pending().boxed(), clock.clone());
        let due = clock.now();
        let mut seen = [0; 4];
        for turn in 0..1000 {
            while senders
                .relays
                .try_send(relays::News::Link(relays::LinkId::Guest))
                .is_ok()
            {}
            if turn % 100 == 0 {
                let (answer, _) = oneshot::channel();
                requests.try_send(Request::Stop(answer)).unwrap();
                let id = call::id::SessionId {
                    call: call::id::CallId(1),
                    number: 1,
                };
                senders
                    .sessions
                    .try_send(session::News::Closed { id })
                    .unwrap();
            }
            match inbox.next(Some(due)).await {
                Event::Request(_) => seen[0] += 1,
                Event::Session(_) => seen[1] += 1,
                Event::Deadline => seen[2] += 1,
                Event::Relay(_) => seen[3] += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(seen[..2], [10, 10], "{seen:?}");
        assert!((10..100).contains(&seen[2]), "{seen:?}");
    }
}
