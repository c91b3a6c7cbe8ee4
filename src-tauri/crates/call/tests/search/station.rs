//! A phone, the driver around it, and a watch over everything that a driver relies on. The only
//! file that knows what goes into a phone and comes out of it.

use call::carrier::Carrier;
use call::id::{CallId, SessionId};
use call::input::{Command, Input, Standing, Transport};
use call::message::Message;
use call::output::{Output, Sound};
use call::phone::{Config, Phone};
use call::time::Timestamp;
use call::view::{CallView, Controls, Lacking, OutgoingPhase};

use crate::network::Cargo;
use crate::session::{End, Phase};
use crate::who::Who;

/// Whether a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Awake,
    /// Its machine sleeps: time passes without it.
    Asleep,
    /// It crashed.
    Dead,
}

/// What the user presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Press {
    Dial(CallId),
    Accept,
    Decline,
    End,
    Dismiss,
    Mute,
    /// Go on with a lost call.
    Resume(CallId),
}

/// What a phone wants done, and what it does not do itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Send(Message),
    Open(End),
    /// The end as it was.
    Close(End),
    Parcel(SessionId, Vec<u8>),
    Data(SessionId, Message),
    Capture(Controls),
}

/// One phone, and what its driver knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Station {
    pub(crate) phone: Phone,
    pub(crate) life: Life,
    /// Whether its link to the relay is up.
    pub(crate) online: bool,
    pub(crate) ends: Vec<End>,
    /// What is heard, until the next sound.
    sound: Sound,
    captured: Controls,
    ended: Vec<CallId>,
}

/// How many sessions a phone may hold at a time, those that are closing included.
const MAX_SESSIONS: usize = 4;

const SHUT: Controls = Controls {
    microphone: false,
    camera: false,
};

impl Press {
    fn command(self, who: Who, view: &CallView) -> Command {
        match self {
            Self::Dial(call) => Command::Dial {
                call,
                peer: who.other().peer(),
                video: true,
                via: Carrier::Direct,
            },
            Self::Accept => Command::Accept { video: true },
            Self::Decline => Command::Decline,
            Self::End => Command::End,
            Self::Dismiss => Command::Dismiss,
            Self::Resume(call) => Command::Resume { call, video: true },
            Self::Mute => {
                let is_open = matches!(view, CallView::Active { wish, .. } if wish.microphone);
                Command::SetMicrophone(!is_open)
            }
        }
    }
}

impl Station {
    /// A program that has just started, without a link.
    pub(crate) fn new(who: Who) -> Self {
        let config = Config {
            name: who.address().to_owned(),
            ..Config::default()
        };
        Self {
            phone: Phone::new(config),
            life: Life::Awake,
            online: false,
            ends: Vec::new(),
            sound: Sound::Silence,
            captured: SHUT,
            ended: Vec::new(),
        }
    }

    pub(crate) fn end(&self, session: SessionId) -> Option<&End> {
        self.ends.iter().find(|end| end.id == session)
    }

    pub(crate) fn end_mut(&mut self, session: SessionId) -> Option<&mut End> {
        self.ends.iter_mut().find(|end| end.id == session)
    }

    /// When it does something by itself.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let timeout = self.phone.poll_timeout().map(|(at, _)| at);
        let reports = self.ends.iter().filter_map(End::report_at);
        reports
            .chain(timeout)
            .min()
            .filter(|_| self.life == Life::Awake)
    }

    // What goes in.

    pub(crate) fn press(&mut self, now: Timestamp, who: Who, press: Press) -> Vec<Effect> {
        let command = press.command(who, &self.phone.view(now));
        self.handle(now, Input::Command(command))
    }

    pub(crate) fn link(&mut self, now: Timestamp, online: bool) -> Vec<Effect> {
        self.online = online;
        self.handle(now, Input::Link { online })
    }

    /// Its addresses are others now.
    pub(crate) fn roam(&mut self, now: Timestamp) -> Vec<Effect> {
        self.handle(now, Input::NetworkChanged)
    }

    /// Its codecs or devices fail for good.
    pub(crate) fn break_media(&mut self, now: Timestamp) -> Vec<Effect> {
        let call = self.phone.call();
        call.map_or(Vec::new(), |call| self.handle(now, Input::Broken { call }))
    }

    pub(crate) fn report(
        &mut self,
        now: Timestamp,
        session: SessionId,
        state: Transport,
    ) -> Vec<Effect> {
        self.handle(now, Input::Transport { session, state })
    }

    pub(crate) fn parcel(
        &mut self,
        now: Timestamp,
        session: SessionId,
        parcel: &[u8],
    ) -> Vec<Effect> {
        let parcel = parcel.to_vec();
        self.handle(now, Input::Parcel { session, parcel })
    }

    pub(crate) fn capture(&mut self, now: Timestamp) -> Vec<Effect> {
        let Controls { microphone, camera } = self.captured;
        let input = Input::Capture {
            microphone,
            camera,
            lacking: Lacking::default(),
        };
        self.handle(now, input)
    }

    /// What arrives from the other side, or is said of it.
    pub(crate) fn arrive(
        &mut self,
        now: Timestamp,
        from: Who,
        session: Option<SessionId>,
        cargo: &Cargo,
    ) -> Vec<Effect> {
        let address = from.address().to_owned();
        match (cargo, session) {
            (Cargo::Report(state), Some(session)) => self.report(now, session, *state),
            (Cargo::Data(message), Some(session)) => {
                let bytes = message.encode();
                self.handle(now, Input::Data { session, bytes })
            }
            (Cargo::Message(message), None) => self.handle(
                now,
                Input::Message {
                    from: address,
                    standing: Standing::Known,
                    bytes: message.encode(),
                },
            ),
            (Cargo::Undeliverable(why), None) => {
                let (to, why) = (address, *why);
                self.handle(now, Input::Undeliverable { to, why })
            }
            (_, session) => panic!("{cargo:?} went the wrong way: {session:?}"),
        }
    }

    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let effects = self.handle(now, Input::Tick);
        let next = self.phone.poll_timeout();
        assert!(
            next.is_none_or(|(at, _)| at > now),
            "a deadline that does not pass: {next:?}"
        );
        effects
    }

    // What comes out.

    fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        self.phone.handle(now, input);
        let mut effects = Vec::new();
        while let Some(output) = self.phone.poll_output() {
            effects.extend(self.effect(output));
        }
        self.check(now);
        effects
    }

    fn effect(&mut self, output: Output) -> Option<Effect> {
        match output {
            Output::Send { to: _, call, bytes } => {
                let message = understood(&bytes);
                assert_eq!(message.call, call, "a message about another call");
                Some(Effect::Send(message))
            }
            Output::OpenTransport {
                session, offerer, ..
            } => {
                let is_fresh = self.end(session).is_none() && self.ends.len() < MAX_SESSIONS;
                assert!(is_fresh, "opens {session} beside {:?}", self.ends);
                let end = End::new(session, offerer);
                self.ends.push(end);
                Some(Effect::Open(end))
            }
            Output::UseTransport { session } => {
                self.assert_open(session);
                None
            }
            Output::CloseTransport { session } => {
                self.assert_open(session);
                let end = self.end_mut(session)?;
                let before = *end;
                end.phase = Phase::Closing;
                Some(Effect::Close(before))
            }
            Output::Parcel { session, parcel } => {
                self.assert_open(session);
                Some(Effect::Parcel(session, parcel))
            }
            Output::Data { session, bytes } => {
                self.assert_open(session);
                Some(Effect::Data(session, understood(&bytes)))
            }
            Output::SetCapture { microphone, camera } => {
                self.captured = Controls { microphone, camera };
                Some(Effect::Capture(self.captured))
            }
            Output::Sound(sound) => {
                self.sound = sound;
                None
            }
            Output::Ended { call, .. } => {
                assert!(!self.ended.contains(&call), "{call} ended twice");
                self.ended.push(call);
                None
            }
            Output::Chat { .. }
            | Output::Missed { .. }
            | Output::SetScreen { .. }
            | Output::AskForAccess { .. }
            | Output::ReleaseAccess { .. }
            | Output::CheckConsent { .. }
            | Output::Record { .. }
            | Output::StopRecording => None,
        }
    }

    fn assert_open(&self, session: SessionId) {
        let is_open = self.end(session).is_some_and(End::is_open);
        assert!(
            is_open,
            "uses {session}, which is not open: {:?}",
            self.ends
        );
    }

    /// What holds whenever a phone has done all that it wants to do.
    fn check(&self, now: Timestamp) {
        let view = self.phone.view(now);
        let rings = matches!(view, CallView::Incoming { .. });
        assert_eq!(self.sound == Sound::RingTone, rings, "{view:?}");
        let rings_there = matches!(
            view,
            CallView::Outgoing {
                phase: OutgoingPhase::Ringing,
                ..
            }
        );
        assert_eq!(self.sound == Sound::RingBack, rings_there, "{view:?}");
        let is_in_call = matches!(view, CallView::Active { .. });
        assert!(is_in_call || self.captured == SHUT, "heard in {view:?}");
        let call = self.phone.call().filter(|_| view.is_busy());
        for end in self.ends.iter().filter(|end| end.is_open()) {
            assert_eq!(Some(end.id.call), call, "{} is open in {view:?}", end.id);
        }
    }
}

fn understood(bytes: &[u8]) -> Message {
    Message::parse(bytes).expect("phones say what phones understand")
}

/// How long media flowed is no part of the search; the shortest word for what a user sees is.
pub(crate) fn short(view: &CallView, call: Option<CallId>) -> String {
    let call = call.map_or(0, |call| call.0 - crate::fingerprint::CALLS);
    match view {
        CallView::Idle => "idle".to_owned(),
        CallView::Outgoing { phase, .. } => format!("{phase:?} {call}"),
        CallView::Incoming { .. } => format!("Incoming {call}"),
        CallView::Active { phase, .. } => format!("{phase:?} {call}"),
        CallView::Ended { reason, resume, .. } => format!("{reason:?} {call}, resume {resume:?}"),
    }
}
