//! A phone with a driver that checks what every driver relies on.

use std::time::Duration;

use call::id::{CallId, Peer};
use call::input::{Input, Transport};
use call::message::Message;
use call::output::Output;
use call::phone::{Config, Phone};
use call::time::Timestamp;
use call::view::CallView;

/// A phone, its session and its gates.
#[derive(Debug)]
pub struct Station {
    now: Timestamp,
    phone: Phone,
    session: Session,
    /// Whether a gate was asked to be open.
    live: bool,
}

/// The session that the phone wants open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    None,
    Open(CallId),
    Closing(CallId),
}

impl Station {
    /// A phone in no call, with a link.
    #[must_use]
    pub fn new() -> Self {
        let mut station = Self {
            now: Timestamp::default(),
            phone: Phone::new(Config::default()),
            session: Session::None,
            live: false,
        };
        station.feed(Input::Link { online: true });
        station
    }

    /// Hands one input over, and takes and checks all that follows from it.
    pub fn feed(&mut self, input: Input) {
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

    /// News of whatever session is open.
    pub fn session_says(&mut self, state: Transport) {
        if let Session::Open(call) = self.session {
            self.feed(Input::Transport { call, state });
        }
    }

    /// The closing session is closed.
    pub fn session_closes(&mut self) {
        if let Session::Closing(call) = self.session {
            self.session = Session::None;
            let state = Transport::Closed;
            self.feed(Input::Transport { call, state });
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
            Output::Send { call, bytes, .. } | Output::Data { call, bytes } => {
                let message = Message::parse(bytes).expect("phones say what phones understand");
                assert_eq!(message.call, *call);
            }
            Output::OpenTransport { call, .. } => {
                assert_eq!(self.session, Session::None, "a second session");
                let waits = matches!(self.phone.view(self.now), CallView::Incoming { .. });
                assert!(!waits, "a session before the user said yes");
                self.session = Session::Open(*call);
            }
            Output::CloseTransport { call } => {
                assert_eq!(
                    self.session,
                    Session::Open(*call),
                    "closes what is not open"
                );
                self.session = Session::Closing(*call);
            }
            Output::RestartTransport { call } | Output::Parcel { call, .. } => {
                assert_eq!(self.session, Session::Open(*call), "uses what is not open");
            }
            Output::SetCapture { microphone, camera } => self.live = *microphone || *camera,
            Output::Missed { peer } | Output::Ended { peer, .. } => assert_shown(peer),
            Output::Sound(_) => {}
        }
    }

    fn check_view(&self) {
        let view = self.phone.view(self.now);
        let in_call = matches!(view, CallView::Active { .. });
        assert!(in_call || !self.live, "a gate is open outside of a call");
        match &view {
            CallView::Idle => {}
            CallView::Outgoing { peer, .. }
            | CallView::Incoming { peer, .. }
            | CallView::Active { peer, .. }
            | CallView::Ended { peer, .. } => assert_shown(peer),
        }
    }
}

impl Default for Station {
    fn default() -> Self {
        Self::new()
    }
}

fn assert_shown(peer: &Peer) {
    assert_eq!(
        Peer::clean_name(&peer.name),
        peer.name,
        "a name that is not clean"
    );
}

/// A call that ends says so in a dozen outputs; one that is answered lets 64 parcels out.
const MAX_OUTPUTS: usize = 100;
