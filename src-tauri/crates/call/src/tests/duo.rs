//! Phones, a courier between them, sessions that connect when their parcels got through, and a
//! clock that jumps to whatever happens next.

mod world;

use std::time::Duration;

use crate::carrier::Carrier;
use crate::time::Timestamp;

use super::courier::Courier;
use super::station::{Station, Who};
use crate::id::{CallId, SessionId};
use crate::input::{Absence, Command, Input, Standing, Transport};
use crate::message::{Body, Message};
use crate::reason::EndReason;
use crate::view::{ActivePhase, CallView, Controls, Lacking, OutgoingPhase};
use world::Event;

/// From the last parcel to media.
pub(super) const PATH_SET_UP: Duration = Duration::from_millis(10);

/// From one session directly to the other.
pub(super) const DIRECT: Duration = Duration::from_millis(5);

/// A session reports silence from this age on, and again at this pace.
const SILENCE: Duration = Duration::from_secs(1);
pub(super) const SILENCE_AGAIN: Duration = Duration::from_millis(250);

/// Two ends of a session that have connected.
#[derive(Clone, Copy, Debug)]
struct Link {
    id: SessionId,
    ends: [Who; 2],
    /// Since when they hear nothing of each other.
    silent_since: Option<Timestamp>,
    /// Whether the paths that it knows are gone for good.
    stale: bool,
}

/// Alice and Bob, and Carol for those tests that need a third.
#[derive(Debug)]
pub(super) struct Duo {
    pub(super) now: Timestamp,
    stations: Vec<Station>,
    pub(super) courier: Courier,
    /// Whether the machines reach each other directly.
    path: bool,
    /// Sessions whose two ends have connected.
    links: Vec<Link>,
    /// Sessions whose ends would connect if there were a path.
    ready: Vec<SessionId>,
    /// Whether sessions report it.
    pub(super) reports_silence: bool,
    /// What each is to the others.
    pub(super) standing: Standing,
    /// Whether the relay says why nobody is at an address.
    pub(super) relay_says_why: bool,
    /// What carries the calls that are dialled.
    pub(super) via: Carrier,
    /// Whether sessions set up paths at all.
    pub(super) path_possible: bool,
    /// Whether a path that comes back is another one, which only new sessions find.
    pub(super) renewal_needed: bool,
    /// Whether a closing session says so to the other one.
    pub(super) polite: bool,
    /// How long a session takes to close.
    pub(super) closing_takes: Duration,
    /// To whom nothing comes through sessions' own channels.
    pub(super) unreached: Vec<Who>,
    /// Whose link to the relay is dead without anybody knowing.
    pub(super) hung: Option<Who>,
    events: Vec<(Timestamp, u64, Event)>,
    next_event: u64,
    next_call: u64,
}

impl Duo {
    /// Both online, nothing going on.
    pub(super) fn new() -> Self {
        Self::with(Courier::fair())
    }

    pub(super) fn with(courier: Courier) -> Self {
        let now = Timestamp::default();
        let mut duo = Self {
            now,
            stations: Who::ALL.into_iter().map(Station::new).collect(),
            courier,
            path: true,
            links: Vec::new(),
            ready: Vec::new(),
            reports_silence: true,
            standing: Standing::Known,
            relay_says_why: true,
            via: Carrier::Direct,
            path_possible: true,
            renewal_needed: false,
            polite: true,
            closing_takes: DIRECT,
            unreached: Vec::new(),
            hung: None,
            events: Vec::new(),
            next_event: 0,
            next_call: 100,
        };
        for who in Who::ALL {
            duo.link(who, true);
        }
        duo
    }

    pub(super) fn at(&self, who: Who) -> &Station {
        &self.stations[who as usize]
    }

    pub(super) fn at_mut(&mut self, who: Who) -> &mut Station {
        &mut self.stations[who as usize]
    }

    // What people do.

    pub(super) fn dial(&mut self, who: Who, whom: Who) -> CallId {
        self.next_call += 1;
        self.dial_as(who, whom, CallId(self.next_call))
    }

    pub(super) fn dial_as(&mut self, who: Who, whom: Who, call: CallId) -> CallId {
        self.command(
            who,
            Command::Dial {
                call,
                peer: whom.peer(),
                video: true,
                via: self.via,
            },
        );
        call
    }

    pub(super) fn accept(&mut self, who: Who) {
        self.command(who, Command::Accept { video: true });
    }

    pub(super) fn end(&mut self, who: Who) {
        self.command(who, Command::End);
    }

    pub(super) fn command(&mut self, who: Who, command: Command) {
        self.feed(who, Input::Command(command));
    }

    /// Alice calls Bob, who says yes; media flows.
    pub(super) fn in_a_call() -> Self {
        Self::in_a_call_via(Carrier::Direct)
    }

    pub(super) fn in_a_call_via(via: Carrier) -> Self {
        let mut duo = Self::new();
        duo.via = via;
        duo.dial(Who::Alice, Who::Bob);
        duo.run(Duration::from_secs(2));
        duo.accept(Who::Bob);
        duo.run(Duration::from_secs(2));
        duo.assert_in_a_call();
        duo
    }

    // What happens around them.

    pub(super) fn link(&mut self, who: Who, online: bool) {
        self.at_mut(who).online = online;
        self.feed(who, Input::Link { online });
    }

    /// The machines do not reach each other any more; the relay is not concerned.
    pub(super) fn cut_path(&mut self) {
        self.path = false;
        for link in &mut self.links {
            link.stale |= self.renewal_needed;
        }
        self.fall_silent();
    }

    pub(super) fn mend_path(&mut self) {
        self.path = true;
        for link in self.links.clone() {
            self.schedule(PATH_SET_UP, Event::Heard(link.id));
        }
        for session in self.ready.clone() {
            self.schedule(PATH_SET_UP, Event::Connect(session));
        }
    }

    pub(super) fn cut_path_for(&mut self, gap: Duration) {
        self.cut_path();
        self.schedule(gap, Event::MendPath);
    }

    /// As by `kill -9`: the relay notices the broken connection at once.
    pub(super) fn kill(&mut self, who: Who) {
        let station = self.at_mut(who);
        station.alive = false;
        station.online = false;
        station.sessions.clear();
        self.cut_path();
    }

    /// The program is started again.
    pub(super) fn revive(&mut self, who: Who) {
        // Who read something has read it, whatever became of the program.
        let chat = std::mem::take(&mut self.at_mut(who).chat);
        *self.at_mut(who) = Station::new(who);
        self.at_mut(who).chat = chat;
        self.link(who, true);
    }

    /// Something said outside the rules.
    pub(super) fn word(&mut self, from: Who, to: Who, call: CallId, body: Body) {
        self.send(from, to, Message { call, body }.encode());
    }

    pub(super) fn parcel(&mut self, who: Who, session: SessionId, parcel: Vec<u8>) {
        self.feed(who, Input::Parcel { session, parcel });
    }

    pub(super) fn tell_session(&mut self, who: Who, session: SessionId, state: Transport) {
        self.feed(who, Input::Transport { session, state });
    }

    /// The session that carries their media.
    pub(super) fn session(&self, who: Who) -> SessionId {
        self.at(who).in_use.expect("there is a session")
    }

    /// Why the relay cannot deliver to them now.
    fn absence(&self, who: Who) -> Absence {
        match (self.relay_says_why, self.at(who).alive) {
            (false, _) => Absence::Unknown,
            (true, false) => Absence::Closed,
            (true, true) => Absence::Silent,
        }
    }

    // What is seen.

    pub(super) fn view(&self, who: Who) -> CallView {
        self.at(who).phone.view(self.now)
    }

    pub(super) fn reason(&self, who: Who) -> Option<EndReason> {
        self.at(who).reason()
    }

    pub(super) fn phase(&self, who: Who) -> Option<ActivePhase> {
        match self.view(who) {
            CallView::Active { phase, .. } => Some(phase),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => None,
        }
    }

    pub(super) fn calls(&self, who: Who, wanted: OutgoingPhase) -> bool {
        matches!(self.view(who), CallView::Outgoing { phase, .. } if phase == wanted)
    }

    pub(super) fn rings(&self, who: Who) -> bool {
        matches!(self.view(who), CallView::Incoming { .. })
    }

    /// What `who` shows of the other side's microphone and camera.
    pub(super) fn sees(&self, who: Who) -> Controls {
        match self.view(who) {
            CallView::Active { remote, .. } => remote,
            other => panic!("no call: {other:?}"),
        }
    }

    /// Which device `who` shows as missing on the other side.
    pub(super) fn sees_lacking(&self, who: Who) -> Lacking {
        match self.view(who) {
            CallView::Active { remote_lacking, .. } => remote_lacking,
            other => panic!("no call: {other:?}"),
        }
    }

    pub(super) fn shows(&self, who: Who) -> Controls {
        match self.view(who) {
            CallView::Active { local, .. } | CallView::Outgoing { local, .. } => local,
            other => panic!("no call: {other:?}"),
        }
    }

    pub(super) fn is_over(&self, who: Who) -> bool {
        matches!(self.view(who), CallView::Idle | CallView::Ended { .. })
    }

    pub(super) fn assert_in_a_call(&self) {
        assert_eq!(self.phase(Who::Alice), Some(ActivePhase::Connected));
        assert_eq!(self.phase(Who::Bob), Some(ActivePhase::Connected));
    }

    pub(super) fn assert_ended(&self, alice: EndReason, bob: EndReason) {
        assert_eq!(
            (self.reason(Who::Alice), self.reason(Who::Bob)),
            (Some(alice), Some(bob))
        );
        assert!(self.is_over(Who::Alice) && self.is_over(Who::Bob));
        self.assert_released();
    }

    /// No session is left open, and each was closed once.
    pub(super) fn assert_released(&self) {
        for station in self.stations.iter().filter(|station| station.alive) {
            assert_eq!(station.sessions, [], "{:?} left some open", station.who);
            assert_eq!(station.opened, station.closed, "{:?}", station.who);
        }
    }

    /// The time from now until something is so.
    pub(super) fn time_until(&mut self, so: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now;
        while !so(self) {
            assert!(
                self.now.since(start) < Duration::from_secs(300),
                "it never comes true"
            );
            self.step(self.now + Duration::from_secs(301));
        }
        self.now.since(start)
    }
}
