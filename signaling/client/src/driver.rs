//! The task of a link: it alone touches the socket, the session and the outbox.

use std::future::{self, Future};
use std::net::SocketAddr;
use std::pin::Pin;

use futures::StreamExt;
use signal_wire::{Address, CallNumber, ClientFrame, Resume, SessionToken};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::backoff::Backoff;
use crate::connect::{Connector, Failed, Welcomed};
use crate::dedup::Dedup;
use crate::event::{LinkEvent, LinkState, Problem};
use crate::ice;
use crate::outbox::{Outbox, Outgoing};
use crate::timing::Timing;

mod connection;
mod receive;

use connection::{Connection, Ended};

/// What the handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Send(Outgoing),
    AskAccess { call: CallNumber, with: Address },
    ReleaseAccess { call: CallNumber },
    Reconnect,
    Probe,
    Disconnect,
}

/// Everything that a link owns, and the queues between it and its handle.
pub(crate) struct Driver {
    // inbox and outlets
    commands: mpsc::Receiver<Command>,
    /// Whether somebody waits for the link.
    urgent: watch::Receiver<bool>,
    events: mpsc::Sender<LinkEvent>,
    state: watch::Sender<LinkState>,
    // constant
    connector: Connector,
    timing: Timing,
    // state
    phase: Phase,
    session: Option<Session>,
    /// Where the relay was that closed our connection, while it may have ended for good.
    closed_by: Option<SocketAddr>,
    outbox: Outbox,
    dedup: Dedup,
    backoff: Backoff,
    ice: ice::Schedule,
    access: Access,
    /// Whether the relay, as it said last, lets parties of calls into rooms at a LiveKit server.
    offers_livekit: bool,
    /// Frames of kinds that are not known.
    skipped: u64,
}

/// What the link is doing.
///
/// `Connecting → Online → BackingOff → Connecting → …`; a problem that is final, or a request, leads
/// to `Stopped`, and from there another request to `Connecting`.
enum Phase {
    Connecting(Pin<Box<dyn Future<Output = Result<Box<Welcomed>, Failed>> + Send>>),
    Online(Box<Connection>),
    BackingOff { until: Instant },
    Stopped,
}

/// What outlives a connection.
#[derive(Clone, Copy)]
struct Session {
    token: SessionToken,
    /// The last number that arrived.
    received: u64,
}

/// What ends the wait of a phase.
enum Step {
    Connected(Result<Box<Welcomed>, Failed>),
    Heard(Option<Result<Message, tungstenite::Error>>),
    PauseOver,
}

impl Driver {
    pub(crate) fn new(
        connector: Connector,
        timing: Timing,
        commands: mpsc::Receiver<Command>,
        urgent: watch::Receiver<bool>,
        events: mpsc::Sender<LinkEvent>,
        state: watch::Sender<LinkState>,
    ) -> Self {
        Self {
            commands,
            urgent,
            events,
            state,
            phase: Phase::Connecting(Box::pin(connector.clone().connect(None, None))),
            connector,
            timing,
            session: None,
            closed_by: None,
            outbox: Outbox::new(timing.keep),
            dedup: Dedup::default(),
            backoff: Backoff::new(&timing),
            ice: ice::Schedule::new(timing.ask_ice),
            access: Access::default(),
            offers_livekit: false,
            skipped: 0,
        }
    }

    /// Runs until stopped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.work()).await;
        let closed = timeout(self.timing.close, self.close());
        if closed.await.is_err() {
            tracing::debug!("the relay took too long to close");
        }
    }

    async fn work(&mut self) {
        loop {
            let deadline = self.deadline();
            let can_write = matches!(self.phase, Phase::Online(_)) && self.has_unwritten();
            tokio::select! {
                // In this order: a relay that always has something to read would keep back for ever
                // what stands behind reading, while the few messages of an outbox cannot.
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(command).await,
                    None => return,
                },
                Ok(()) = self.urgent.changed() => self.on_urgency(),
                () = future::ready(()), if can_write => self.write_next().await,
                step = self.phase.step() => {
                    // What the relay says comes before the verdict that it is silent.
                    self.on_step(step).await;
                    self.on_deadline(Instant::now()).await;
                }
                () = at(deadline) => self.on_deadline(Instant::now()).await,
            }
        }
    }

    async fn on_command(&mut self, command: Command) {
        match (command, &mut self.phase) {
            (Command::Send(message), _) => self.outbox.push(message),
            (Command::AskAccess { call, with }, phase) => {
                let is_online = matches!(phase, Phase::Online(_));
                let until = Instant::now() + self.timing.access;
                if let Some(event) = self.access.ask(call, with, until) {
                    self.emit(event).await;
                }
                if is_online {
                    self.answer_unoffered().await;
                }
            }
            (Command::ReleaseAccess { call }, _) => self.access.release(call, Instant::now()),
            (Command::Probe, Phase::Online(connection)) if connection.lost_its_address() => {
                self.connect_anew().await;
            }
            (Command::Reconnect | Command::Probe, Phase::Online(connection)) => {
                connection.expect_answer(Instant::now() + self.timing.probe);
                self.write(Message::Ping(Vec::new().into())).await;
            }
            (
                Command::Reconnect | Command::Probe,
                Phase::BackingOff { .. } | Phase::Connecting(_),
            )
            | (Command::Reconnect, Phase::Stopped) => self.connect_anew().await,
            (Command::Probe, Phase::Stopped) => {}
            (Command::Disconnect, _) => {
                self.phase = Phase::Stopped;
                self.tell(LinkState::Offline(Problem::Unreachable)).await;
            }
        }
    }

    /// Somebody waits for the link from now on, or nobody does any more. A pause that began before
    /// becomes as short as those that follow.
    fn on_urgency(&mut self) {
        let is_urgent = *self.urgent.borrow_and_update();
        self.backoff.set_urgent(is_urgent);
        if let (true, Phase::BackingOff { until }) = (is_urgent, &mut self.phase) {
            *until = (*until).min(Instant::now() + self.backoff.choose());
        }
    }

    /// Connects now, however often that has failed.
    async fn connect_anew(&mut self) {
        self.backoff.reset();
        self.tell(LinkState::Connecting).await;
        self.connect();
    }

    async fn on_step(&mut self, step: Step) {
        match step {
            Step::Connected(Ok(welcomed)) => self.on_welcome(welcomed).await,
            Step::Connected(Err(failed)) => {
                self.closed_by = failed.closed_by;
                self.lose(failed.problem).await;
            }
            Step::PauseOver => self.connect(),
            Step::Heard(Some(Ok(message))) => self.on_message(message).await,
            Step::Heard(Some(Err(error))) => self.on_end(Ended::by(&error)).await,
            Step::Heard(None) => self.on_end(Ended::Closed).await,
        }
    }

    /// The connection ended by itself.
    async fn on_end(&mut self, how: Ended) {
        let closed_by = match (&self.phase, how) {
            (Phase::Online(connection), Ended::Closed) => connection.relay(),
            (Phase::Online(_), Ended::Silent)
            | (Phase::Connecting(_) | Phase::BackingOff { .. } | Phase::Stopped, _) => None,
        };
        self.closed_by = closed_by;
        self.lose(Problem::Unreachable).await;
    }

    async fn on_welcome(&mut self, welcomed: Box<Welcomed>) {
        let Welcomed {
            socket,
            session: token,
            resumed,
            received,
            ice,
            offers_livekit,
        } = *welcomed;
        match &mut self.session {
            Some(session) if resumed => {
                session.token = token;
                self.outbox.resumed(received);
            }
            session => {
                *session = Some(Session { token, received: 0 });
                self.outbox.restarted();
            }
        }
        self.closed_by = None;
        let connection = Connection::new(socket, Instant::now(), &self.timing);
        self.phase = Phase::Online(Box::new(connection));
        tracing::debug!(resumed, "welcomed by the relay");
        self.ice.forget();
        if let Some(servers) = ice {
            // Before the state: whoever calls as soon as the relay is there has them.
            self.on_ice(servers).await;
        }
        self.access.reconnected(Instant::now());
        self.offers_livekit = offers_livekit;
        self.tell(LinkState::Online).await;
        self.answer_unoffered().await;
    }

    /// Where the relay has no LiveKit server it would pass over what is asked of it.
    async fn answer_unoffered(&mut self) {
        if !self.offers_livekit {
            for event in self.access.none_offered() {
                self.emit(event).await;
            }
        }
    }

    async fn on_deadline(&mut self, now: Instant) {
        while let Some(to) = self.outbox.expire(now) {
            tracing::debug!("a message waited for too long");
            self.emit(LinkEvent::Expired { to }).await;
        }
        let Phase::Online(connection) = &self.phase else {
            if self.is_offline() {
                for event in self.access.expire(now) {
                    tracing::debug!("access is given up: there is no relay");
                    self.emit(event).await;
                }
            }
            return;
        };
        if connection.is_dead(now) {
            tracing::debug!("the relay is silent");
            self.lose(Problem::Unreachable).await;
        } else if connection.owes_ack(now) {
            self.acknowledge().await;
        } else if self.ice.ask(now) {
            self.write(Message::text(ClientFrame::Ice {}.encode()))
                .await;
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let connection = match &self.phase {
            Phase::Online(connection) => [Some(connection.deadline()), self.ice.deadline()],
            Phase::Connecting(_) | Phase::BackingOff { .. } | Phase::Stopped => {
                let access = self.access.deadline();
                [access.filter(|_| self.is_offline()), None]
            }
        };
        let outbox = self.outbox.deadline();
        connection.into_iter().flatten().chain(outbox).min()
    }

    /// Whether the relay is known not to be there. The first attempt, and one that was asked for,
    /// still may find it.
    fn is_offline(&self) -> bool {
        matches!(*self.state.borrow(), LinkState::Offline(_))
    }

    fn has_unwritten(&self) -> bool {
        self.outbox.has_unwritten() || self.access.has_unwritten()
    }

    async fn write_next(&mut self) {
        let access = self.access.next_unwritten();
        if let Some(frame) = access.or_else(|| self.outbox.next_unwritten()) {
            self.write(Message::text(frame.encode())).await;
        }
    }

    async fn write(&mut self, message: Message) {
        let Phase::Online(connection) = &mut self.phase else {
            return;
        };
        if let Err(how) = connection.write(message).await {
            self.on_end(how).await;
        }
    }

    fn connect(&mut self) {
        let resume = self.session.map(|session| Resume {
            session: session.token,
            received: session.received,
        });
        let attempt = self.connector.clone().connect(resume, self.closed_by);
        self.phase = Phase::Connecting(Box::pin(attempt));
    }

    /// Gives up the connection or the attempt. Unless the problem is final, tries again after a
    /// pause.
    async fn lose(&mut self, problem: Problem) {
        let now = Instant::now();
        if let Phase::Online(connection) = &self.phase
            && connection.age(now) >= self.timing.stable
        {
            self.backoff.reset();
        }
        self.phase = if problem.is_final() {
            Phase::Stopped
        } else {
            Phase::BackingOff {
                until: now + self.backoff.pause(),
            }
        };
        self.tell(LinkState::Offline(problem)).await;
    }

    async fn tell(&mut self, new: LinkState) {
        let old = self.state.send_replace(new);
        if old == LinkState::Online {
            // The relay knows of what was asked, as it knows of the messages that are kept as long.
            self.access.lost(Instant::now() + self.timing.keep);
        }
        if old != new {
            tracing::info!(?old, ?new, "relay link");
            self.emit(LinkEvent::State(new)).await;
        }
    }

    /// Waits while the queue of events is full. Once the owner has dropped its end, events are lost
    /// and nobody misses them.
    async fn emit(&mut self, event: LinkEvent) {
        let _taken: Result<(), _> = self.events.send(event).await;
    }

    /// Writes what was handed over before the end, and closes with a close frame: the relay then
    /// ends the session at once instead of keeping it for a client that might come back.
    async fn close(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Send(message) => self.outbox.push(message),
                Command::ReleaseAccess { call } => self.access.release(call, Instant::now()),
                Command::AskAccess { .. }
                | Command::Reconnect
                | Command::Probe
                | Command::Disconnect => {}
            }
        }
        let Phase::Online(connection) = &mut self.phase else {
            return;
        };
        // What arrived has arrived: the relay tells its senders else that we were gone.
        let session = self.session.filter(|_| connection.has_unacknowledged());
        let mut ack = session.map(|it| ClientFrame::Ack { seq: it.received });
        let (outbox, access) = (&mut self.outbox, &mut self.access);
        let mut next = || {
            let unwritten = || outbox.next_unwritten().or_else(|| access.next_release());
            ack.take().or_else(unwritten)
        };
        while let Some(frame) = next() {
            let message = Message::text(frame.encode());
            if connection.write(message).await.is_err() {
                return;
            }
        }
        connection.close().await;
    }
}

impl Phase {
    /// Waits for what this phase is about. May be dropped and called again.
    async fn step(&mut self) -> Step {
        match self {
            Self::Connecting(attempt) => Step::Connected(attempt.await),
            Self::Online(connection) => Step::Heard(connection.socket.next().await),
            Self::BackingOff { until } => {
                sleep_until(*until).await;
                Step::PauseOver
            }
            Self::Stopped => future::pending().await,
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => future::pending().await,
    }
}
