//! A phone with a driver that checks what every driver relies on.

use std::time::Duration;

use call::carrier::Carrier;
use call::chat::{Event, Text};
use call::id::{CallId, Peer, RecordingId, SessionId};
use call::input::{Command, Consent, Input, Transport};
use call::message::Message;
use call::output::Output;
use call::phone::{Config, Phone};
use call::time::Timestamp;
use call::view::{CallView, OurRecording, TheirRecording};

/// A phone, its sessions and its gates.
#[derive(Debug)]
pub struct Station {
    now: Timestamp,
    phone: Phone,
    /// In the order of their opening.
    sessions: Vec<End>,
    /// Whether a gate was asked to be open.
    live: bool,
    /// Whether our screen was asked to be seen.
    shares: bool,
    /// Whether the call is written.
    recording: bool,
    /// Whether the other side may write it.
    is_recorded: bool,
    /// What the last input allows of recordings.
    allows: Allows,
}

/// What an input allows of recordings: each side's are nothing without the other's agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allows {
    Nothing,
    /// They agreed to this one of ours.
    Ours(RecordingId),
    /// Our user agrees to one of theirs.
    Theirs,
}

/// One end of a session that the phone holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    id: SessionId,
    state: EndState,
}

/// Whether an end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndState {
    Open,
    Closing,
}

impl Station {
    /// A phone in no call, with a link.
    #[must_use]
    pub fn new() -> Self {
        let mut station = Self {
            now: Timestamp::default(),
            phone: Phone::new(Config {
                carriers: Carrier::ALL.to_vec(),
                ..Config::default()
            }),
            sessions: Vec::new(),
            live: false,
            shares: false,
            recording: false,
            is_recorded: false,
            allows: Allows::Nothing,
        };
        station.feed(Input::Link { online: true });
        station
    }

    /// What the user sees.
    #[must_use]
    pub fn view(&self) -> CallView {
        self.phone.view(self.now)
    }

    /// How many sessions are open.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.all(EndState::Open).count()
    }

    /// Hands one input over, and takes and checks all that follows from it.
    pub fn feed(&mut self, input: Input) {
        self.allows = Allows::of(&input);
        self.phone.handle(self.now, input);
        for _ in 0..MAX_OUTPUTS {
            let Some(output) = self.phone.poll_output() else {
                self.check_view();
                return;
            };
            self.perform(&output);
        }
        panic!("outputs without end");
    }

    /// News of one of the sessions that are open, the oldest being 0.
    pub fn session_says(&mut self, which: usize, state: Transport) {
        let open = self.all(EndState::Open).nth(which);
        if let Some(session) = open {
            self.feed(Input::Transport { session, state });
        }
    }

    /// One of the closing sessions is closed.
    pub fn session_closes(&mut self, which: usize) {
        let closing = self.all(EndState::Closing).nth(which);
        if let Some(session) = closing {
            self.sessions.retain(|it| it.id != session);
            let state = Transport::Closed;
            self.feed(Input::Transport { session, state });
        }
    }

    /// Lets time pass, with every deadline in it.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((at, _)) = self.phone.poll_timeout().filter(|it| it.0 <= until) {
            self.now = self.now.max(at);
            self.feed(Input::Tick);
            let next = self.phone.poll_timeout();
            assert!(
                next.is_none_or(|(next, _)| next > self.now),
                "a deadline that does not pass"
            );
        }
        self.now = until;
    }

    fn perform(&mut self, output: &Output) {
        match output {
            Output::Send { call, bytes, .. } => assert_said(*call, bytes),
            Output::OpenTransport { session, .. } => self.open(*session),
            Output::CloseTransport { session } => {
                self.assert_open(*session);
                let end = self.sessions.iter_mut().find(|it| it.id == *session);
                end.expect("it is open").state = EndState::Closing;
            }
            Output::UseTransport { session } | Output::Parcel { session, .. } => {
                self.assert_open(*session);
            }
            Output::Data { session, bytes } => {
                self.assert_open(*session);
                assert_said(session.call, bytes);
            }
            Output::SetCapture { microphone, camera } => self.live = *microphone || *camera,
            Output::Missed { peer } | Output::Ended { peer, .. } => assert_shown(peer),
            Output::Chat { event, .. } => assert_heard(event),
            Output::SetScreen { on } => self.shares = *on,
            Output::Record { id, .. } => {
                assert_eq!(self.allows, Allows::Ours(*id), "nobody agreed");
                assert!(!self.recording, "one recording at a time");
                self.recording = true;
            }
            Output::StopRecording => {
                assert!(self.recording, "what runs is stopped once");
                self.recording = false;
            }
            Output::AskForAccess { .. }
            | Output::ReleaseAccess { .. }
            | Output::CheckConsent { .. }
            | Output::Sound(_) => {}
        }
    }

    fn open(&mut self, id: SessionId) {
        let waits = matches!(self.view(), CallView::Incoming { .. });
        assert!(!waits, "a session before the user said yes");
        if id.number == 0 {
            assert_eq!(self.sessions, [], "the call before holds a session");
        }
        let is_before = |it: &End| it.id.call == id.call && it.id.number < id.number;
        assert!(self.sessions.iter().all(is_before), "{id} is not new");
        let state = EndState::Open;
        self.sessions.push(End { id, state });
        assert!(self.sessions.len() <= MAX_SESSIONS, "{:?}", self.sessions);
    }

    fn all(&self, state: EndState) -> impl Iterator<Item = SessionId> {
        let ends = self.sessions.iter().filter(move |it| it.state == state);
        ends.map(|it| it.id)
    }

    fn assert_open(&self, id: SessionId) {
        let is_open = self.all(EndState::Open).any(|it| it == id);
        assert!(is_open, "{id} is used and not open");
    }

    fn check_view(&mut self) {
        let view = self.view();
        let in_call = matches!(view, CallView::Active { .. });
        assert!(in_call || !self.live, "a gate is open outside of a call");
        assert!(in_call || !self.shares, "shares outside of a call");
        self.check_recordings(&view);
        match &view {
            CallView::Idle => {}
            CallView::Outgoing { peer, .. }
            | CallView::Incoming { peer, .. }
            | CallView::Active { peer, .. }
            | CallView::Ended { peer, .. } => assert_shown(peer),
        }
    }

    /// What is written is shown, and nothing is that nobody agreed to.
    fn check_recordings(&mut self, view: &CallView) {
        let (ours, theirs) = match view {
            CallView::Active { recording, .. } => (recording.ours, recording.theirs),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => (OurRecording::Off, TheirRecording::Off),
        };
        let is_shown = matches!(ours, OurRecording::Running { .. });
        assert_eq!(self.recording, is_shown, "what is written is what is shown");
        let is_recorded = matches!(theirs, TheirRecording::Running { .. });
        let may_begin = self.is_recorded || self.allows == Allows::Theirs;
        assert!(!is_recorded || may_begin, "recorded without a press");
        self.is_recorded = is_recorded;
    }
}

impl Allows {
    fn of(input: &Input) -> Self {
        if let Input::Consent(Consent::Agrees { id, .. }) = input {
            Self::Ours(*id)
        } else if let Input::Command(Command::AgreeToRecord { .. }) = input {
            Self::Theirs
        } else {
            Self::Nothing
        }
    }
}

impl Default for Station {
    fn default() -> Self {
        Self::new()
    }
}

fn assert_said(call: CallId, bytes: &[u8]) {
    let message = Message::parse(bytes).expect("phones say what phones understand");
    assert_eq!(message.call, call);
}

fn assert_shown(peer: &Peer) {
    assert_eq!(
        Peer::clean_name(&peer.name),
        peer.name,
        "a name that is not clean"
    );
}

/// A call that ends says so in a dozen outputs; one whose relay comes back sends 64 parcels of each
/// of two sessions again, by two ways.
const MAX_OUTPUTS: usize = 300;

/// What is shown of the other side's texts is short, clean, and something.
fn assert_heard(event: &Event) {
    if let Event::Heard { text, .. } = event {
        assert!(!text.is_empty() && text.as_str().len() <= Text::MAX);
        assert_eq!(Text::new(text.as_str()).as_ref(), Ok(text));
    }
}

/// As [`Output::OpenTransport`] promises.
const MAX_SESSIONS: usize = 4;
