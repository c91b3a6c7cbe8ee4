//! One session's end of the path: what it has been told and what it has received.

use std::time::{Duration, Instant};

use futures::channel::mpsc;

use super::conditions::Conditions;
use crate::decode_queue::DecodeQueue;
use crate::frame::{EncodedFrame, ReceivedFrame};
use crate::transport::{
    FrameSource, Kind, Role, Stream, Streams, TransportError, TransportEvent, TransportState,
    TransportStats,
};

/// What the network knows of one open session.
#[derive(Debug)]
pub(super) struct End {
    pub(super) role: Role,
    /// Whose sessions this one belongs to.
    pub(super) owner: u64,
    /// The session on the other side, once negotiated.
    pub(super) peer: Option<u64>,
    /// When it was.
    met_at: Duration,
    pub(super) stage: Stage,
    pub(super) inlets: Streams<Inlet>,
    /// Whether its owner said last that nothing is captured of a stream; `None` while it said
    /// nothing.
    pub(super) muted: Streams<Option<bool>>,
    pub(super) stats: TransportStats,
    events: mpsc::Sender<TransportEvent>,
    /// When the other side was heard last, as time since the network's start.
    heard_at: Duration,
    /// Until when nothing reaches it, as time since the network's start.
    pub(super) fails_until: Duration,
    /// The silence that was told last; `None` when the other side is heard.
    silence_told: Option<Duration>,
}

/// `New → Connected ⇄ Disconnected → Over`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There has been no path yet.
    New,
    /// Packets pass, as far as this end knows.
    Connected,
    /// The path is lost; frames are still tried.
    Disconnected,
    /// Failed, or closed by the other side: nothing passes any more.
    Over,
}

/// One stream on its way into a session.
#[derive(Debug)]
pub(super) struct Inlet {
    kind: Kind,
    source: FrameSource,
    /// The way of pictures into `source`.
    pictures: DecodeQueue,
    /// The number of the next frame that the other side sends.
    next_sent: u64,
    /// The number of the frame that follows on the last one delivered.
    next_due: u64,
}

impl End {
    /// A session that has just been opened.
    pub(super) fn new(
        role: Role,
        owner: u64,
        events: mpsc::Sender<TransportEvent>,
        input: &Streams<FrameSource>,
    ) -> Self {
        Self {
            role,
            owner,
            peer: None,
            met_at: Duration::ZERO,
            stage: Stage::New,
            inlets: Streams::from_fn(|it| Inlet::new(it, input[it].clone())),
            muted: Streams::from_fn(|_| None),
            stats: TransportStats::default(),
            events,
            heard_at: Duration::ZERO,
            fails_until: Duration::ZERO,
            silence_told: None,
        }
    }

    /// Knows of the session on the other side from now on.
    pub(super) fn meet(&mut self, peer: u64, now: Duration) {
        self.peer = Some(peer);
        self.met_at = now;
    }

    /// Tells whoever listens to the session. An event that finds no room is lost: who lets
    /// [`EVENTS`] of them wait has stopped listening.
    pub(super) fn tell(&mut self, event: TransportEvent) {
        let _ = self.events.try_send(event);
    }

    /// The path is lost, if there was one.
    pub(super) fn disconnect(&mut self) {
        if self.stage == Stage::Connected {
            self.stage = Stage::Disconnected;
            self.tell(TransportEvent::State(TransportState::Disconnected));
        }
    }

    /// Nothing brings the session back. The first end of a session is its last.
    pub(super) fn fail(&mut self, error: TransportError) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            self.tell(TransportEvent::State(TransportState::Failed(error)));
        }
    }

    /// The other side said goodbye.
    pub(super) fn closed_by_peer(&mut self) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            self.tell(TransportEvent::State(TransportState::ClosedByPeer));
        }
    }

    /// The other side is there at `now`.
    pub(super) fn hears(&mut self, now: Duration, conditions: &Conditions) {
        if self.stage == Stage::New && now < self.met_at + conditions.setup {
            return;
        }
        self.heard_at = now;
        match self.stage {
            Stage::New | Stage::Disconnected => {
                self.stage = Stage::Connected;
                self.tell(TransportEvent::State(TransportState::Connected(
                    conditions.path,
                )));
            }
            Stage::Connected | Stage::Over => {}
        }
        if self.silence_told.take().is_some() && self.stage != Stage::Over {
            self.tell(TransportEvent::Silence(Duration::ZERO));
        }
    }

    /// Nothing is heard at `now`: tells the silence from [`SILENCE`] on, each [`SILENCE_STEP`], and
    /// gives the path up after [`PAIR_LOST`].
    pub(super) fn hears_nothing(&mut self, now: Duration) {
        if !self.has_had_a_path() {
            return;
        }
        let silence = now.saturating_sub(self.heard_at);
        if silence >= self.silence_told.map_or(SILENCE, |it| it + SILENCE_STEP) {
            self.silence_told = Some(silence);
            self.tell(TransportEvent::Silence(silence));
        }
        if silence >= PAIR_LOST {
            self.disconnect();
        }
    }

    /// Whether the session has a path or looks for the one it lost.
    pub(super) fn has_had_a_path(&self) -> bool {
        match self.stage {
            Stage::Connected | Stage::Disconnected => true,
            Stage::New | Stage::Over => false,
        }
    }

    /// Ends whatever waits for this session's frames.
    pub(super) fn close(&self) {
        for (_, inlet) in self.inlets.iter() {
            inlet.source.close();
        }
    }
}

impl Inlet {
    fn new(stream: Stream, source: FrameSource) -> Self {
        Self {
            kind: stream.kind(),
            pictures: DecodeQueue::new(source.clone()),
            source,
            next_sent: 0,
            next_due: 0,
        }
    }

    /// The number of the frame that is sent now.
    pub(super) fn number(&mut self) -> u64 {
        self.next_sent += 1;
        self.next_sent - 1
    }

    /// A frame arrives.
    pub(super) fn frame(&mut self, sequence: u64, frame: EncodedFrame, arrived: Instant) {
        match self.kind {
            Kind::Audio => self.sound(sequence, frame, arrived),
            Kind::Video => self.picture(sequence, frame, arrived),
        }
    }

    /// A picture arrives, in decode order. One that was lost before it, on the way or because
    /// nobody took it in time, shows as `after_loss`.
    fn picture(&mut self, sequence: u64, frame: EncodedFrame, arrived: Instant) {
        let after_loss = sequence != self.next_due;
        self.next_due = sequence + 1;
        self.pictures.push(ReceivedFrame {
            frame,
            sequence,
            arrived,
            after_loss,
            synchronised: true,
        });
    }

    /// A packet of sound arrives: the receiver finds gaps and repeats by its number.
    fn sound(&self, sequence: u64, frame: EncodedFrame, arrived: Instant) {
        self.source.push(ReceivedFrame {
            frame,
            sequence,
            arrived,
            after_loss: false,
            synchronised: true,
        });
    }
}

/// How many events of a session may wait: a second of the most that one session tells.
pub(super) const EVENTS: usize = 256;

/// The shortest silence that is told. Both sides are heard several times a second on a good path.
const SILENCE: Duration = Duration::from_secs(1);

/// How much longer a silence gets until it is told again.
const SILENCE_STEP: Duration = Duration::from_millis(250);

/// The silence after which a session gives its path up and looks for another one, as common ICE
/// agents do.
const PAIR_LOST: Duration = Duration::from_secs(5);
