//! One session with a server: its task joins the room, negotiates, greets the other side, and leaves.
//!
//! It takes one input at a time, in [`Task::run`]; what an input leads to is by meaning in
//! [`negotiation`], [`room`], [`talk`] and [`tracks`]. It tells facts and judges nothing: when to give
//! up is said from above, which also sets another session up where this one cannot be resumed.

mod negotiation;
mod room;
mod talk;
mod tracks;

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{
    Access, Credentials, NoAccess, OpenParams, Path, Role, Session, TransportError, TransportEvent,
    TransportState,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tracing::Span;
use webrtc::peer_connection::RTCPeerConnectionState;

use self::negotiation::Negotiation;
use self::room::Room;
use self::talk::Talk;
use self::tracks::Tracks;
use super::agreement::Passphrase;
use super::e2ee::Key;
use super::keys::Keys;
use super::setup::{Built, Setup};
use super::signal::{self, Event};
use crate::peer;
use crate::peer::data;
use crate::peer::events::PeerEvent;
use crate::peer::session::{
    self, CLOSE_TIMEOUT, Command, Core, LIBRARY_CLOSE, Start, WATCH_INTERVAL, is_final,
};

/// Starts the tasks of a session; all that they log is inside `span`.
pub(super) fn start(built: Built, setup: &Arc<Setup>, params: OpenParams, span: Span) -> Session {
    let Built {
        peer,
        local,
        reliable,
        lossy,
    } = built;
    let keys: Arc<Keys> = Arc::default();
    let start = Start {
        peer,
        local,
        cipher: Some(Arc::clone(&keys) as _),
        span,
    };
    let setup = Arc::clone(setup);
    session::start(start, |mut core, data| {
        let talk = Talk::new(&mut core, reliable, lossy);
        let task = Task {
            core,
            setup,
            call: params.call,
            number: params.number,
            role: params.role,
            max_send: params.max_send,
            keys,
            key: None,
            deriving: None,
            signal: None,
            room: Room::default(),
            negotiation: Negotiation::default(),
            tracks: Tracks::default(),
            talk,
            closed_at: None,
            data,
        };
        task.run(params.access)
    })
}

/// The task.
struct Task {
    core: Core,
    setup: Arc<Setup>,
    call: u64,
    number: u32,
    role: Role,
    max_send: media::units::Bitrate,
    keys: Arc<Keys>,
    /// As soon as it is agreed on and derived.
    key: Option<Key>,
    deriving: Option<JoinHandle<Option<Key>>>,
    /// From the moment on at which we have access.
    signal: Option<signal::Connection>,
    room: Room,
    negotiation: Negotiation,
    tracks: Tracks,
    talk: Talk,
    /// Since when the server has closed the connection or its channel. The other side has nothing to do
    /// with that.
    closed_at: Option<Instant>,
    /// Messages to send.
    data: mpsc::Receiver<Bytes>,
}

type Entering = Pin<Box<dyn Future<Output = Result<Credentials, NoAccess>> + Send>>;

impl Task {
    /// Runs until the session is closed by either side or the server, or fails; then leaves and frees
    /// everything.
    async fn run(mut self, access: Option<Access>) {
        let connecting = TransportEvent::State(TransportState::Connecting);
        self.core.emit(connecting).await;
        if self.role == Role::Offerer {
            self.make_passphrase().await;
        }
        // Before access is waited for, which is asked for while it rings, and mostly there.
        if let Err(error) = self.describe().await {
            self.core.fail(peer::internal(&error)).await;
        }
        let mut entering: Option<Entering> = Some(Box::pin(async move {
            match access {
                Some(access) => access.credentials().await,
                None => Err(NoAccess),
            }
        }));
        let mut tick = tokio::time::interval(WATCH_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut greet = tokio::time::interval(GREET_INTERVAL);
        greet.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.core.shared.stop.clone();
        while !is_final(self.core.state()) {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.core.commands.recv() => self.command(command).await,
                Some(event) = self.core.peer_events.recv() => self.peer_event(event).await,
                Some(feedback) = self.core.feedback.recv() => self.core.take_feedback(feedback).await,
                Some(ended) = self.core.receiving.join_next() => {
                    // A track that was replaced is given up by us.
                    if !ended.is_err_and(|it| it.is_cancelled()) {
                        self.core.on_library_stopped().await;
                    }
                }
                // What the server says of an end comes before what follows from it.
                event = next(&mut self.signal) => self.signal_event(event).await,
                Some(event) = self.talk.events.recv() => self.data_event(event).await,
                Some(message) = self.data.recv(), if self.talk.is_open() => self.say(message),
                key = derived(&mut self.deriving) => self.take_key(key).await,
                credentials = entered(&mut entering) => {
                    entering = None;
                    self.join(credentials).await;
                }
                _ = greet.tick(), if self.talk.greets() => self.greet(),
                _ = tick.tick() => self.watch().await,
            }
        }
        Box::pin(self.end()).await;
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Parcel(parcel) => {
                let passphrase = Passphrase::from_parcel(&parcel);
                match passphrase.filter(|_| self.role == Role::Answerer) {
                    Some(passphrase) => self.derive(passphrase),
                    None => tracing::warn!("dropped a parcel that makes no sense here"),
                }
            }
            Command::RequestKeyframe(stream) => self.core.request_keyframe(stream).await,
            Command::Mute(stream, muted) => self.mute(stream, muted),
        }
    }

    async fn peer_event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Candidate(candidate) => self.tell_candidate(candidate),
            PeerEvent::GatheringComplete => self.tell_end_of_candidates(),
            PeerEvent::Ice(state) => {
                self.core.on_ice(state);
                self.watch().await;
            }
            PeerEvent::Peer(RTCPeerConnectionState::Connected) => {
                if !self.core.traffic.handshake_refused() {
                    self.core.on_secured();
                }
                self.watch().await;
            }
            // Others follow from those of ICE.
            PeerEvent::Peer(_) => {}
            PeerEvent::Track(track) => self.take_track(track).await,
            // In one connection, ours serve both directions.
            PeerEvent::DataChannel(channel) => self.core.refuse_channel(channel).await,
        }
    }

    /// Makes the key of the session and tells the other side of it.
    async fn make_passphrase(&mut self) {
        let Some(passphrase) = Passphrase::random() else {
            let error = TransportError::Internal("no random bytes".to_owned());
            return self.core.fail(error).await;
        };
        let parcel = TransportEvent::Parcel(passphrase.to_parcel());
        self.core.emit(parcel).await;
        self.derive(passphrase);
    }

    /// Derives the key, beside: it takes some ten milliseconds of a processor. The first passphrase
    /// counts.
    fn derive(&mut self, passphrase: Passphrase) {
        if self.key.is_none() && self.deriving.is_none() {
            let deriving = move || Key::of_passphrase(&passphrase.0.0);
            self.deriving = Some(tokio::task::spawn_blocking(deriving));
        }
    }

    async fn take_key(&mut self, key: Option<Key>) {
        self.deriving = None;
        if key.is_none() {
            let error = TransportError::Internal("no key can be derived".to_owned());
            return self.core.fail(error).await;
        }
        self.key = key;
        self.set_keys().await;
    }

    /// Both the key and the room are needed to encrypt: it is the room that names what is not.
    async fn set_keys(&mut self) {
        let (Some(key), Some(sif_trailer)) = (&self.key, &self.room.sif_trailer) else {
            return;
        };
        match self.keys.set(key, sif_trailer.clone()) {
            Ok(lines) => {
                self.talk.set_keys(lines);
                self.greet();
            }
            Err(error) => {
                let error = TransportError::Internal(error.to_string());
                self.core.fail(error).await;
            }
        }
    }

    /// Looks at the connection, and tells what is new.
    async fn watch(&mut self) {
        self.core.stop_polling_fast_if_due(self.talk.is_open());
        if self.core.traffic.handshake_refused() {
            return self.core.fail(TransportError::Security).await;
        }
        if self.core.is_closed().await {
            self.closed_at.get_or_insert_with(Instant::now);
        }
        if self
            .closed_at
            .is_some_and(|it| it.elapsed() >= SAYS_WHY_WITHIN)
        {
            let error = TransportError::ServerUnreachable;
            return self.core.fail(error).await;
        }
        if self.room.is_joined_in_vain(self.core.liveness.is_secured()) {
            let error = TransportError::ServerUnreachable;
            return self.core.fail(error).await;
        }
        self.offer_if_due().await;
        // A server that is reached is half the way.
        let path = self.talk.is_greeted().then_some(Path::Server);
        let now = Instant::now();
        let heard = match path {
            Some(_) => self.keys.last_heard().unwrap_or(now),
            // There is nobody yet who could fall silent.
            None => now,
        };
        let since = |at: Instant| now.saturating_duration_since(at);
        let only_frames =
            self.talk.is_greeted() && self.keys.last_said().map(since) >= Some(SAID_WITHIN);
        if since(heard) >= ASK_AFTER || only_frames {
            self.talk.ask_for_life(now);
        }
        self.core.tell(path, heard).await;
    }

    /// Says goodbye, leaves the room and frees everything.
    async fn end(mut self) {
        self.core.shut();
        if !is_final(self.core.state()) && self.talk.is_greeted() {
            self.say_all();
            self.talk.flush().await;
        }
        if let Some(deriving) = self.deriving.take() {
            deriving.abort();
        }
        // First: a connection that closes without a word is lost, as far as the server knows.
        if let Some(signal) = self.signal.take() {
            signal.close(LEAVE_WITHIN).await;
        }
        self.core.free().await;
    }
}

async fn next(signal: &mut Option<signal::Connection>) -> Option<Event> {
    match signal {
        Some(signal) => signal.next().await,
        None => std::future::pending().await,
    }
}

async fn derived(deriving: &mut Option<JoinHandle<Option<Key>>>) -> Option<Key> {
    match deriving {
        Some(deriving) => deriving.await.ok().flatten(),
        None => std::future::pending().await,
    }
}

async fn entered(entering: &mut Option<Entering>) -> Result<Credentials, NoAccess> {
    match entering {
        Some(entering) => entering.await,
        None => std::future::pending().await,
    }
}

/// Between two greetings that nobody answers: whoever comes later is found this soon.
const GREET_INTERVAL: Duration = Duration::from_millis(100);

/// How long a server that closes the connection has to say why, over its socket: that comes beside, and
/// names the end.
const SAYS_WHY_WITHIN: Duration = Duration::from_millis(300);

/// From which silence on the other side is asked whether it is there: one that is mute and shows
/// nothing may have nothing to say. Its answer comes well within the second after which a silence is
/// told.
const ASK_AFTER: Duration = Duration::from_millis(500);

/// Within this the other side says something, however many frames come: its receipts come each
/// second.
const SAID_WITHIN: Duration = Duration::from_millis(2500);

/// How long it may take to tell the server that we leave: what fits the second of a close.
const LEAVE_WITHIN: Duration = Duration::from_millis(80);

const _: () = assert!(
    data::LINGER.as_millis() + LEAVE_WITHIN.as_millis() + LIBRARY_CLOSE.as_millis()
        < CLOSE_TIMEOUT.as_millis()
);
