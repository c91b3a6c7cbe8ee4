//! A phone, the driver around it, and a watch over everything that a driver must rely on.

use std::time::Duration;

use crate::carrier::Carrier;
use crate::chat;
use crate::time::Timestamp;

use crate::controls::OFF;
use crate::id::{CallId, Peer, RecordingId, SessionId};
use crate::input::Consent;
use crate::message::{Body, Message, Statement};
use crate::output::{Output, Sound};
use crate::phone::{Config, Phone};
use crate::reason::EndReason;
use crate::view::{CallView, Controls, Lacking};

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Alice,
    Bob,
    Carol,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Alice, Self::Bob, Self::Carol];

    pub(super) fn address(self) -> &'static str {
        match self {
            Self::Alice => "tincan:alice",
            Self::Bob => "tincan:bob",
            Self::Carol => "tincan:carol",
        }
    }

    pub(super) fn at(address: &str) -> Self {
        *Self::ALL
            .iter()
            .find(|who| who.address() == address)
            .expect("a known address")
    }

    pub(super) fn peer(self) -> Peer {
        Peer {
            address: self.address().to_owned(),
            name: format!("{self:?}"),
        }
    }
}

/// One end of a session as the driver sees it: opened, told parcels, closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) id: SessionId,
    pub(super) offerer: bool,
    pub(super) state: EndState,
}

/// Whether an end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndState {
    Open,
    Closing,
}

/// One phone and what it did.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) who: Who,
    pub(super) phone: Phone,
    pub(super) sessions: Vec<End>,
    /// Which session carries the media.
    pub(super) in_use: Option<SessionId>,
    /// Whether its program runs.
    pub(super) alive: bool,
    /// Whether its link to the relay is up.
    pub(super) online: bool,
    /// What the gates can do: a camera that is in use stays off whatever is wished.
    pub(super) gates: Controls,
    pub(super) captured: Controls,
    /// What the user wishes, as the gates were told.
    wished: Controls,
    /// Whether its screen shall be shared, as the engine was told.
    pub(super) shares: bool,
    pub(super) sounds: Vec<Sound>,
    /// What happened in its conversations.
    pub(super) chat: Vec<(CallId, chat::Event)>,
    pub(super) ended: Vec<(CallId, EndReason, Option<Duration>)>,
    pub(super) missed: Vec<Peer>,
    pub(super) said: Vec<(Timestamp, Message)>,
    /// When it opened a session beside another one.
    pub(super) renewals: Vec<Timestamp>,
    /// What carries the sessions that it opened.
    pub(super) carriers: Vec<Carrier>,
    /// For which calls it asked for access, and with whom.
    pub(super) asked: Vec<(CallId, String)>,
    /// For which calls it gave access back, and when.
    pub(super) released: Vec<(Timestamp, CallId)>,
    /// What it writes now.
    pub(super) recording: Option<RecordingId>,
    /// All that it wrote.
    pub(super) recordings: Vec<RecordingId>,
    pub(super) opened: usize,
    pub(super) closed: usize,
}

impl Station {
    pub(super) fn new(who: Who) -> Self {
        let config = Config {
            ring: Duration::from_secs(45),
            name: format!("{who:?}"),
            carriers: Carrier::ALL.to_vec(),
        };
        Self {
            who,
            phone: Phone::new(config),
            sessions: Vec::new(),
            in_use: None,
            alive: true,
            online: false,
            gates: Controls {
                microphone: true,
                camera: true,
            },
            captured: OFF,
            wished: OFF,
            shares: false,
            sounds: Vec::new(),
            chat: Vec::new(),
            ended: Vec::new(),
            missed: Vec::new(),
            said: Vec::new(),
            renewals: Vec::new(),
            carriers: Vec::new(),
            asked: Vec::new(),
            released: Vec::new(),
            recording: None,
            recordings: Vec::new(),
            opened: 0,
            closed: 0,
        }
    }

    /// Takes all outputs and checks what every driver relies on.
    pub(super) fn outputs(&mut self, now: Timestamp) -> Vec<Output> {
        let mut outputs = Vec::new();
        while let Some(output) = self.phone.poll_output() {
            self.watch(now, &output);
            outputs.push(output);
        }
        let in_call = matches!(self.phone.view(now), CallView::Active { .. });
        if !in_call {
            assert!(
                !self.captured.microphone,
                "the microphone is live outside a call"
            );
            assert!(!self.captured.camera, "the camera is on outside a call");
            assert_eq!(self.recording, None, "records outside a call");
        }
        outputs
    }

    fn watch(&mut self, now: Timestamp, output: &Output) {
        match output {
            Output::Send { call, bytes, .. } => {
                let message = Message::parse(bytes).expect("phones send what phones understand");
                assert_eq!(message.call, *call);
                self.said.push((now, message));
            }
            Output::OpenTransport {
                session,
                offerer,
                via,
            } => {
                self.open(now, *session, *offerer);
                self.carriers.push(*via);
                let has_asked = self.asked.iter().any(|(call, _)| *call == session.call);
                // A direct call may have the number of one that rings for nobody, and asks.
                assert!(has_asked || *via == Carrier::Direct);
            }
            Output::AskForAccess { call, with } => self.asked.push((*call, with.clone())),
            Output::ReleaseAccess { call } => {
                let is_it = |(it, _): &&(CallId, String)| it == call;
                let asked = self.asked.iter().filter(is_it).count();
                let given = self.released.iter().filter(|(_, it)| it == call).count();
                assert!(asked > given, "what was asked for is given back once");
                self.released.push((now, *call));
            }
            Output::UseTransport { session } => {
                self.assert_open(*session);
                self.in_use = Some(*session);
            }
            Output::CloseTransport { session } => {
                self.assert_open(*session);
                let end = self.sessions.iter_mut().find(|it| it.id == *session);
                end.expect("it is open").state = EndState::Closing;
                self.in_use = self.in_use.filter(|it| it != session);
                self.closed += 1;
            }
            Output::Parcel { session, .. } | Output::Data { session, .. } => {
                self.assert_open(*session);
            }
            Output::SetCapture { microphone, camera } => {
                self.wished = Controls {
                    microphone: *microphone,
                    camera: *camera,
                };
                self.captured = Controls {
                    microphone: *microphone && self.gates.microphone,
                    camera: *camera && self.gates.camera,
                };
            }
            Output::SetScreen { on } => self.shares = *on,
            Output::CheckConsent { .. } => {}
            Output::Record { id, .. } => {
                assert_eq!(self.recording, None, "one recording at a time");
                assert!(!self.recordings.contains(id), "a recording begins once");
                self.recording = Some(*id);
                self.recordings.push(*id);
            }
            Output::StopRecording => {
                assert!(self.recording.take().is_some(), "what runs is stopped once");
            }
            Output::Chat { call, event } => self.chat.push((*call, event.clone())),
            Output::Sound(sound) => self.sounds.push(*sound),
            Output::Ended {
                call,
                reason,
                lasted,
                ..
            } => {
                let before = self.ended.iter().any(|(ended, ..)| ended == call);
                assert!(!before, "a call ends once");
                self.ended.push((*call, *reason, *lasted));
            }
            Output::Missed { peer } => self.missed.push(peer.clone()),
        }
    }

    /// What somebody signs, in these tests.
    pub(super) fn sign(who: Who, id: RecordingId, agrees: bool) -> Statement {
        let what = if agrees { "agrees" } else { "asks" };
        Statement::new(format!("{} {what} {id}", who.address())).expect("it is short")
    }

    /// What a driver tells of a statement, if the other side signed it.
    pub(super) fn signed(&self, id: RecordingId, by: Statement, agrees: bool) -> Option<Consent> {
        let peer = Who::at(&self.phone.peer()?.address);
        (by == Self::sign(peer, id, agrees)).then_some(if agrees {
            Consent::Agrees { id, theirs: by }
        } else {
            Consent::Asks { id }
        })
    }

    /// What is wished and cannot be had.
    pub(super) fn lacking(&self) -> Lacking {
        Lacking {
            microphone: self.wished.microphone && !self.gates.microphone,
            camera: self.wished.camera && !self.gates.camera,
        }
    }

    fn open(&mut self, now: Timestamp, id: SessionId, offerer: bool) {
        let waits = matches!(self.phone.view(now), CallView::Incoming { .. });
        assert!(!waits, "a session before the user said yes");
        if id.number == 0 {
            assert_eq!(self.sessions, [], "the session before is not closed");
            self.in_use = Some(id);
        } else {
            self.renewals.push(now);
        }
        let is_new = |it: &End| it.id.call == id.call && it.id.number < id.number;
        assert!(self.sessions.iter().all(is_new), "{id} is not new");
        self.sessions.push(End {
            id,
            offerer,
            state: EndState::Open,
        });
        assert!(self.sessions.len() <= 4, "{:?}", self.sessions);
        self.opened += 1;
    }

    /// Its end of a session that is open.
    pub(super) fn end(&self, wanted: SessionId) -> Option<End> {
        let open = |it: &&End| it.id == wanted && it.state == EndState::Open;
        self.sessions.iter().find(open).copied()
    }

    fn assert_open(&self, wanted: SessionId) {
        let open = self.end(wanted).is_some();
        assert!(open, "{:?} uses {wanted}, which is not open", self.who);
    }

    /// The latest end.
    pub(super) fn reason(&self) -> Option<EndReason> {
        self.ended.last().map(|(_, reason, _)| *reason)
    }

    /// How many messages of a kind it sent through signaling.
    pub(super) fn count(&self, kind: impl Fn(&Body) -> bool) -> usize {
        self.said
            .iter()
            .filter(|(_, message)| kind(&message.body))
            .count()
    }
}
