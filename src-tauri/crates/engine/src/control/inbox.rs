//! Everything that can wake the control task.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::{BoxStream, Fuse};
use signal_client::Link;
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, Interval};
use crate::command::{Command, CommandError};
use crate::config::Config;
use crate::{device, relays, session};

/// One thing that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The owner of the engine wants something.
    Request(Request),
    /// From the links to relays.
    Relay(relays::News),
    /// From the session of a call or its pipelines.
    Session(session::News),
    /// From devices.
    Device(device::News),
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
    relays: mpsc::Receiver<relays::News>,
    sessions: mpsc::Receiver<session::News>,
    devices: mpsc::Receiver<device::News>,
    network: Fuse<BoxStream<'static, ()>>,
    clock: Clock,
    beat: Interval,
}

/// The sending ends that the control task hands out.
#[derive(Clone, Debug)]
pub(crate) struct Senders {
    /// For links to relays.
    pub(crate) relays: mpsc::Sender<relays::News>,
    /// For sessions and pipelines.
    pub(crate) sessions: mpsc::Sender<session::News>,
    /// For devices.
    pub(crate) devices: mpsc::Sender<device::News>,
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
        let (to_sessions, sessions) = mpsc::channel(SESSIONS);
        let (to_devices, devices) = mpsc::channel(DEVICES);
        let inbox = Self {
            requests,
            relays,
            sessions,
            devices,
            network: network.fuse(),
            beat: clock.interval(BEAT),
            clock,
        };
        let senders = Senders {
            relays: to_relays,
            sessions: to_sessions,
            devices: to_devices,
        };
        (inbox, senders)
    }

    /// What happens next. `deadline` is the phone's.
    pub(crate) async fn next(&mut self, deadline: Option<Instant>) -> Event {
        tokio::select! {
            Some(request) = self.requests.recv() => Event::Request(request),
            Some(news) = self.relays.recv() => Event::Relay(news),
            Some(news) = self.sessions.recv() => Event::Session(news),
            Some(news) = self.devices.recv() => Event::Device(news),
            Some(()) = self.network.next() => Event::Network,
            () = sleep_until(&self.clock, deadline) => Event::Deadline,
            () = self.beat.tick() => Event::Beat,
        }
    }
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

/// An offer's parcels and a second of estimates.
const SESSIONS: usize = 128;

/// Three roles, each with an opening, a loss and a closing.
const DEVICES: usize = 16;

/// How often meters move: fast enough for an eye, ten small views a second at the most.
const BEAT: Duration = Duration::from_millis(100);
