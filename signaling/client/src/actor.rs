//! The task of a link: it alone touches the socket, the session and the outbox.

use std::future::{self, Future};
use std::pin::Pin;

use futures::{SinkExt, StreamExt};
use signal_wire::{ClientFrame, MessageId, RelayFrame, Resume, SessionToken};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::dial::{Dialer, Socket, Welcomed, error_problem};
use crate::link::{LinkEvent, LinkState, Problem};
use crate::outbox::{Outbox, Outgoing};
use crate::seen::Seen;
use crate::timing::Timing;

/// What the handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Send(Outgoing),
    Reconnect,
}

/// The state of a link, and who hears of it.
pub(crate) struct Actor {
    // inbox and outlets
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<LinkEvent>,
    state: watch::Sender<LinkState>,
    // constant
    dialer: Dialer,
    timing: Timing,
    // state
    phase: Phase,
    session: Option<Session>,
    outbox: Outbox,
    seen: Seen,
    backoff: Backoff,
}

/// What the link is doing.
///
/// `Dialing → Online → Waiting → Dialing → …`; from `Online` also to `TakenOver`, and from there
/// to `Dialing` when asked.
enum Phase {
    Dialing(Pin<Box<dyn Future<Output = Result<Box<Welcomed>, Problem>> + Send>>),
    Online(Box<Connection>),
    Waiting { until: Instant },
    TakenOver,
}

/// A welcomed connection.
struct Connection {
    socket: Socket,
    since: Instant,
    /// When it counts as dead unless the relay is heard before.
    dead_at: Instant,
    /// When the acknowledgement of what arrived is due.
    ack_at: Option<Instant>,
    /// How much has arrived since the last acknowledgement.
    unacknowledged: u32,
}

/// What outlives a connection.
#[derive(Clone, Copy)]
struct Session {
    token: SessionToken,
    /// The last number that arrived.
    received: u64,
}

/// What a phase comes up with.
enum Step {
    Dialed(Result<Box<Welcomed>, Problem>),
    Heard(Option<Result<Message, tungstenite::Error>>),
    PauseOver,
}

impl Actor {
    pub(crate) fn new(
        dialer: Dialer,
        timing: Timing,
        commands: mpsc::Receiver<Command>,
        events: mpsc::Sender<LinkEvent>,
        state: watch::Sender<LinkState>,
    ) -> Self {
        Self {
            commands,
            events,
            state,
            phase: Phase::Dialing(Box::pin(dialer.clone().dial(None))),
            dialer,
            timing,
            session: None,
            outbox: Outbox::new(timing.keep),
            seen: Seen::default(),
            backoff: Backoff::new(&timing),
        }
    }

    /// Runs until stopped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(self.work()).await;
        let goodbye = timeout(self.timing.close, self.say_goodbye());
        if goodbye.await.is_err() {
            tracing::debug!("the relay took too long to say goodbye");
        }
    }

    async fn work(&mut self) {
        loop {
            let deadline = self.deadline();
            let can_write = matches!(self.phase, Phase::Online(_)) && self.outbox.has_unwritten();
            tokio::select! {
                // In this order: what the relay says comes before the verdict that it is silent.
                biased;
                step = self.phase.step() => self.on_step(step).await,
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(command).await,
                    None => return,
                },
                () = at(deadline) => self.on_deadline(Instant::now()).await,
                () = future::ready(()), if can_write => self.write_next().await,
            }
        }
    }

    async fn on_command(&mut self, command: Command) {
        match (command, &mut self.phase) {
            (Command::Send(message), _) => self.outbox.push(message),
            (Command::Reconnect, Phase::Online(connection)) => {
                connection.dead_at = connection.dead_at.min(Instant::now() + self.timing.probe);
                self.write(Message::Ping(Vec::new().into())).await;
            }
            (Command::Reconnect, Phase::Waiting { .. } | Phase::Dialing(_) | Phase::TakenOver) => {
                self.backoff.reset();
                self.tell(LinkState::Connecting).await;
                self.dial();
            }
        }
    }

    async fn on_step(&mut self, step: Step) {
        match step {
            Step::Dialed(Ok(welcomed)) => self.on_welcome(welcomed).await,
            Step::Dialed(Err(problem)) => self.lose(problem).await,
            Step::PauseOver => self.dial(),
            Step::Heard(Some(Ok(message))) => self.on_message(message).await,
            Step::Heard(Some(Err(_)) | None) => self.lose(Problem::Unreachable).await,
        }
    }

    async fn on_welcome(&mut self, welcomed: Box<Welcomed>) {
        let Welcomed {
            socket,
            session: token,
            resumed,
            received,
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
        let now = Instant::now();
        self.phase = Phase::Online(Box::new(Connection {
            socket,
            since: now,
            dead_at: now + self.timing.silence,
            ack_at: None,
            unacknowledged: 0,
        }));
        tracing::debug!(resumed, "welcomed by the relay");
        self.tell(LinkState::Online).await;
    }

    async fn on_message(&mut self, message: Message) {
        if let Phase::Online(connection) = &mut self.phase {
            connection.dead_at = Instant::now() + self.timing.silence;
        }
        match message {
            Message::Text(text) => match RelayFrame::parse(&text) {
                Ok(frame) => self.on_frame(frame).await,
                Err(error) => {
                    tracing::warn!(%error, "the relay speaks garbage");
                    self.lose(Problem::NotARelay).await;
                }
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Frame(_) => self.lose(Problem::NotARelay).await,
            Message::Close(_) => self.lose(Problem::Unreachable).await,
        }
    }

    async fn on_frame(&mut self, frame: RelayFrame) {
        match frame {
            RelayFrame::Envelope {
                seq,
                id,
                from,
                payload,
            } => {
                if self.arrived(seq).await && self.seen.is_new(from, id) {
                    let payload = payload.into_bytes();
                    self.emit(LinkEvent::Message { from, payload }).await;
                }
            }
            RelayFrame::NotHere {
                seq,
                id: MessageId(_),
                to,
            } => {
                if self.arrived(seq).await {
                    self.emit(LinkEvent::NotHere { to }).await;
                }
            }
            RelayFrame::Ack { seq } => self.outbox.acknowledged(seq),
            RelayFrame::TakenOver => {
                self.session = None;
                self.phase = Phase::TakenOver;
                self.tell(LinkState::Offline(Problem::TakenOver)).await;
            }
            RelayFrame::Error { code } => self.lose(error_problem(code)).await,
            RelayFrame::Challenge { .. } | RelayFrame::Welcome { .. } => {
                self.lose(Problem::NotARelay).await;
            }
        }
    }

    /// Notes a number of the relay and sees to its acknowledgement; false when it is known.
    async fn arrived(&mut self, seq: u64) -> bool {
        let (Phase::Online(connection), Some(session)) = (&mut self.phase, &mut self.session)
        else {
            return false;
        };
        let is_new = seq > session.received;
        session.received = session.received.max(seq);
        connection.unacknowledged += 1;
        connection
            .ack_at
            .get_or_insert(Instant::now() + self.timing.ack_delay);
        if connection.unacknowledged >= ACK_EVERY {
            self.acknowledge().await;
        }
        is_new
    }

    async fn acknowledge(&mut self) {
        let (Phase::Online(connection), Some(session)) = (&mut self.phase, &self.session) else {
            return;
        };
        connection.ack_at = None;
        connection.unacknowledged = 0;
        let ack = ClientFrame::Ack {
            seq: session.received,
        };
        self.write(Message::text(ack.encode())).await;
    }

    async fn on_deadline(&mut self, now: Instant) {
        while let Some(to) = self.outbox.expire(now) {
            tracing::debug!("a message waited for too long");
            self.emit(LinkEvent::Expired { to }).await;
        }
        let Phase::Online(connection) = &self.phase else {
            return;
        };
        if connection.dead_at <= now {
            tracing::debug!("the relay is silent");
            self.lose(Problem::Unreachable).await;
        } else if connection.ack_at.is_some_and(|at| at <= now) {
            self.acknowledge().await;
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let connection = match &self.phase {
            Phase::Online(connection) => [Some(connection.dead_at), connection.ack_at],
            Phase::Dialing(_) | Phase::Waiting { .. } | Phase::TakenOver => [None, None],
        };
        connection
            .into_iter()
            .chain([self.outbox.deadline()])
            .flatten()
            .min()
    }

    async fn write_next(&mut self) {
        if let Some(frame) = self.outbox.next_unwritten() {
            self.write(Message::text(frame.encode())).await;
        }
    }

    async fn write(&mut self, message: Message) {
        let Phase::Online(connection) = &mut self.phase else {
            return;
        };
        let written = timeout(self.timing.write, connection.socket.send(message)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.lose(Problem::Unreachable).await;
        }
    }

    fn dial(&mut self) {
        let resume = self.session.map(|session| Resume {
            session: session.token,
            received: session.received,
        });
        self.phase = Phase::Dialing(Box::pin(self.dialer.clone().dial(resume)));
    }

    /// Gives up the connection or the attempt, and tries again after a pause.
    async fn lose(&mut self, problem: Problem) {
        let now = Instant::now();
        if let Phase::Online(connection) = &self.phase
            && now.duration_since(connection.since) >= self.timing.stable
        {
            self.backoff.reset();
        }
        self.phase = Phase::Waiting {
            until: now + self.backoff.pause(),
        };
        self.tell(LinkState::Offline(problem)).await;
    }

    async fn tell(&mut self, new: LinkState) {
        let old = self.state.send_replace(new);
        if old != new {
            tracing::info!(?old, ?new, "relay link");
            self.emit(LinkEvent::State(new)).await;
        }
    }

    /// Waits while nobody takes events; an owner that is gone needs none.
    async fn emit(&mut self, event: LinkEvent) {
        let _taken: Result<(), _> = self.events.send(event).await;
    }

    /// Writes what was handed over before the end, and closes so that the relay knows it was
    /// meant.
    async fn say_goodbye(&mut self) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Send(message) = command {
                self.outbox.push(message);
            }
        }
        let Phase::Online(connection) = &mut self.phase else {
            return;
        };
        let socket = &mut connection.socket;
        while let Some(frame) = self.outbox.next_unwritten() {
            if socket.send(Message::text(frame.encode())).await.is_err() {
                return;
            }
        }
        if socket.close(None).await.is_ok() {
            // Reading to the end keeps the last frames from being lost with the socket.
            while let Some(Ok(_)) = socket.next().await {}
        }
    }
}

impl Phase {
    /// The next thing that this phase comes up with. May be dropped and called again.
    async fn step(&mut self) -> Step {
        match self {
            Self::Dialing(attempt) => Step::Dialed(attempt.await),
            Self::Online(connection) => Step::Heard(connection.socket.next().await),
            Self::Waiting { until } => {
                sleep_until(*until).await;
                Step::PauseOver
            }
            Self::TakenOver => future::pending().await,
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => future::pending().await,
    }
}

/// A relay keeps 256 frames for a client before it counts as slow; acknowledging every 32nd
/// leaves it room in any burst.
const ACK_EVERY: u32 = 32;
