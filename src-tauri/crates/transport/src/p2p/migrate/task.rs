//! The task that carries out what the [`Mover`] decides: it binds, sends and reads for it.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use media::transport::Role;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use webrtc::runtime::{AsyncUdpSocket, Transmit};

use super::MAX_REMOTES;
use super::credentials::{Credentials, Description, reachable};
use super::extra::Extras;
use super::local::LocalNetwork;
use super::message::{Codec, Message};
use super::mover::{Mover, Numbers, Output};
use crate::network::any_port;
use crate::p2p::candidate::Candidate;
use crate::peer::routes::{Arrival, Pair, Routes};
use crate::peer::socket::{SocketLayer, Traffic};

/// What migration is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) role: Role,
    pub(crate) network: Arc<dyn LocalNetwork>,
    /// Between sockets and the network.
    pub(crate) layer: Arc<dyn SocketLayer>,
    /// Tells when the other side was heard.
    pub(crate) traffic: Arc<Traffic>,
}

/// The session's handle of its migration.
#[derive(Clone, Debug)]
pub(crate) struct Migration {
    routes: Arc<Routes>,
    news: mpsc::Sender<News>,
}

/// What the negotiation tells.
#[derive(Debug)]
enum News {
    /// Both descriptions are in force: of this side, of the other.
    Descriptions(Description, Description),
    /// The other side can be reached there too.
    Candidate(SocketAddr),
}

impl Migration {
    /// Of a session that begins at `now`; the task is to be run beside it.
    pub(crate) fn new(parts: Parts, now: Instant) -> (Self, Task) {
        let (routes, arrivals) = Routes::new(now);
        let routes = Arc::new(routes);
        let (news, queue) = mpsc::channel(NEWS);
        let task = Task {
            role: parts.role,
            network: parts.network,
            traffic: parts.traffic,
            extras: Extras::new(parts.layer, Arc::clone(&routes)),
            routes: Arc::clone(&routes),
            arrivals,
            news: queue,
            codec: Codec::new(),
            descriptions: None,
            numbers: Numbers::default(),
            running: None,
        };
        (Self { routes, news }, task)
    }

    /// What the sockets of the session ask.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes)
    }

    /// The pair in use where the library knows nothing of it.
    pub(crate) fn moved(&self) -> Option<Pair> {
        self.routes.moved()
    }

    /// Takes both descriptions (SDP) that are in force. Without ICE credentials in them the session
    /// stays where it is.
    pub(crate) fn describe(&self, ours: &str, theirs: &str) {
        if let (Some(ours), Some(theirs)) = (Description::of(ours), Description::of(theirs)) {
            self.tell(News::Descriptions(ours, theirs));
        }
    }

    /// Takes a candidate of the other side that came by itself.
    pub(crate) fn add_candidate(&self, candidate: Candidate) {
        if let Some(address) = reachable(candidate) {
            self.tell(News::Candidate(address));
        }
    }

    /// When the queue is full the task hangs, and the session stays where it is.
    fn tell(&self, news: News) {
        let _ = self.news.try_send(news);
    }
}

/// The task.
pub(crate) struct Task {
    role: Role,
    network: Arc<dyn LocalNetwork>,
    traffic: Arc<Traffic>,
    extras: Extras,
    routes: Arc<Routes>,
    arrivals: mpsc::Receiver<Arrival>,
    news: mpsc::Receiver<News>,
    codec: Option<Codec>,
    descriptions: Option<Descriptions>,
    /// While there is no mover.
    numbers: Numbers,
    /// While the agent has a selected pair.
    running: Option<Running>,
}

/// Both sides as they described themselves.
struct Descriptions {
    credentials: Credentials,
    remotes: Vec<SocketAddr>,
}

struct Running {
    selected: Pair,
    mover: Mover,
}

impl Task {
    /// Runs until it is dropped: messages that the session flushes at its end travel too.
    pub(crate) async fn run(mut self) {
        let mut changes = self.network.changes().fuse();
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                Some(news) = self.news.recv() => self.on_news(news),
                () = self.routes.changed() => self.on_routes_changed(),
                Some(()) = changes.next() => self.look_around(),
                Some(arrival) = self.arrivals.recv() => self.on_arrival(&arrival),
                () = sleep_until(due.into()) => {}
            }
            self.work().await;
        }
    }

    /// When the other side was heard over the pair in use last.
    fn heard(&self) -> Instant {
        self.routes.heard(self.traffic.last_received())
    }

    /// When to wake up if nothing happens.
    fn due(&self) -> Instant {
        let idle = Instant::now() + IDLE;
        let running = self.running.as_ref();
        let due = running.and_then(|it| it.mover.poll_timeout(self.heard()));
        due.map_or(idle, |it| it.min(idle))
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::Descriptions(ours, theirs) => {
                let credentials = Credentials {
                    ours: ours.side,
                    theirs: theirs.side,
                };
                self.descriptions = Some(Descriptions {
                    credentials,
                    remotes: theirs.candidates,
                });
                self.begin();
            }
            News::Candidate(address) => {
                if let Some(it) = &mut self.descriptions
                    && it.remotes.len() < MAX_REMOTES
                {
                    it.remotes.push(address);
                }
                if let Some(running) = &mut self.running {
                    running.mover.add_remote(address);
                }
            }
        }
    }

    fn on_routes_changed(&mut self) {
        let selected = self.running.as_ref().map(|it| it.selected);
        if self.routes.selected() != selected {
            self.keep_numbers();
            self.begin();
        }
        if self.routes.take_failed()
            && let Some(running) = &mut self.running
        {
            running.mover.lose(Instant::now());
        }
    }

    /// Begins with the pair that the agent has selected now.
    fn begin(&mut self) {
        self.extras.bind(&[]);
        let (selected, descriptions) = (self.routes.selected(), self.descriptions.as_ref());
        self.running = selected.zip(descriptions).map(|(selected, it)| {
            let mut mover = Mover::new(self.role, selected, &it.remotes, self.numbers);
            mover.set_interfaces(self.network.interfaces());
            Running { selected, mover }
        });
        // An address that the system hides is no reason to leave it.
        let is_known = |local| self.network.usable(local).contains(&any_port(local));
        let may_prefer = |it: &&Running| it.mover.may_prefer() && is_known(it.selected.local);
        // A network that came before the agent had a pair is told of by no change.
        if self.running.as_ref().filter(may_prefer).is_some() {
            self.look_around();
        }
    }

    fn keep_numbers(&mut self) {
        if let Some(running) = &self.running {
            self.numbers = running.mover.numbers();
        }
    }

    /// Looks which addresses this machine has now.
    fn look_around(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let selected = running.selected.local;
        let in_use = self.routes.moved().map_or(selected, |it| it.local);
        let mut addresses = self.network.usable(in_use);
        let keeps = addresses.contains(&any_port(selected));
        addresses.retain(|it| *it != any_port(selected));
        let mut locals = Vec::from_iter(keeps.then_some(selected));
        locals.extend(self.extras.bind(&addresses));
        running.mover.set_interfaces(self.network.interfaces());
        running.mover.set_locals(Instant::now(), locals);
    }

    fn on_arrival(&mut self, arrival: &Arrival) {
        let (Some(running), Some(codec), Some(descriptions)) =
            (&mut self.running, &self.codec, &self.descriptions)
        else {
            return;
        };
        let (now, pair) = (Instant::now(), arrival.pair);
        match codec.read(&descriptions.credentials, &arrival.bytes) {
            Some(Message::Request(request)) => running.mover.on_request(now, pair, request),
            Some(Message::Answer(transaction)) => running.mover.on_answer(now, pair, transaction),
            Some(Message::IceCheck) => running.mover.on_ice_check(now, pair),
            None => tracing::trace!("dropped a message that is not authentic"),
        }
    }

    /// Does all that is due.
    async fn work(&mut self) {
        let heard = self.heard();
        if let Some(running) = &mut self.running {
            running.mover.handle_timeout(Instant::now(), heard);
        }
        while let Some(output) = self.next_output() {
            self.perform(output).await;
        }
    }

    fn next_output(&mut self) -> Option<Output> {
        self.running.as_mut()?.mover.poll_output()
    }

    async fn perform(&mut self, output: Output) {
        let (Some(codec), Some(descriptions)) = (&self.codec, &self.descriptions) else {
            return;
        };
        let credentials = &descriptions.credentials;
        match output {
            Output::Request(pair, request) => {
                if let Some(bytes) = codec.request(credentials, &request) {
                    self.send(pair, &bytes).await;
                }
            }
            Output::Answer(pair, transaction) => {
                if let Some(bytes) = codec.answer(credentials, transaction, pair.remote) {
                    self.send(pair, &bytes).await;
                }
            }
            Output::Accept(pair) => self.routes.accept(pair),
            Output::Move(pair) => {
                if let Some(socket) = self.socket(pair.local) {
                    tracing::info!("the session moves to another pair of addresses");
                    self.routes.move_to(pair, socket);
                }
            }
            Output::LookAround => self.look_around(),
        }
    }

    /// Sends a message. One that does not leave is lost, as packets are.
    async fn send(&self, pair: Pair, bytes: &[u8]) {
        let Some(socket) = self.socket(pair.local) else {
            return;
        };
        let packet = Transmit {
            destination: pair.remote,
            ecn: None,
            contents: bytes,
            segment_size: None,
            src_ip: None,
        };
        // A socket that was just bound takes a moment until it is known to be writable.
        let _ = timeout(SEND, poll_fn(|cx| socket.poll_send(cx, &packet))).await;
    }

    fn socket(&self, local: SocketAddr) -> Option<Arc<dyn AsyncUdpSocket>> {
        self.extras
            .socket(local)
            .or_else(|| self.routes.socket(local))
    }
}

/// The most that a message waits for a socket that takes none.
const SEND: Duration = Duration::from_millis(20);

/// How long the task sleeps at most.
const IDLE: Duration = Duration::from_secs(1);

/// News that may wait: a description and the candidates that follow it.
const NEWS: usize = 64;
