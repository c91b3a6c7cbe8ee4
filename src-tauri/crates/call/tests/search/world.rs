//! Two phones and everything between them, as one value, and what each step makes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use call::id::{CallId, SessionId};
use call::input::{Absence, Transport};
use call::time::Timestamp;
use call::view::{ActivePhase, CallView};

use crate::fingerprint::{BEGINNING, CALLS, fingerprint};
use crate::network::{Cargo, Item, Network, Way};
use crate::session::{ANSWER, End, ICE_DISCONNECTED, OFFER, Phase, REPORT, Silence};
use crate::station::{Effect, Life, Press, Station};
use crate::step::Step;
use crate::who::Who;

/// The state of the search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    stations: [Station; 2],
    pub(crate) network: Network,
    /// Whether the machines reach each other directly.
    pub(crate) path: bool,
    pub(crate) ids: Ids,
}

/// The ids of calls so far. They are random, so a new one may lie on either side of all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ids {
    Unused,
    Between(CallId, CallId),
}

impl World {
    /// Both online, nothing going on.
    pub(crate) fn new() -> Self {
        let now = Timestamp::after_start(Duration::from_millis(BEGINNING * 2));
        let mut world = Self {
            now,
            stations: Who::ALL.map(Station::new),
            network: Network::default(),
            path: true,
            ids: Ids::Unused,
        };
        for who in Who::ALL {
            world.link(who, true);
        }
        world
    }

    pub(crate) fn at(&self, who: Who) -> &Station {
        &self.stations[who as usize]
    }

    fn at_mut(&mut self, who: Who) -> &mut Station {
        &mut self.stations[who as usize]
    }

    pub(crate) fn view(&self, who: Who) -> CallView {
        self.at(who).phone.view(self.now)
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        fingerprint(self.now, self)
    }

    /// Whether nothing that happens by itself at once is left, so that time may pass.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.arriving().any(|(_, item)| !item.held)
    }

    /// What may arrive next. What goes to a machine that sleeps waits, but the relay says that
    /// nobody is there.
    pub(crate) fn arriving(&self) -> impl Iterator<Item = (usize, &Item)> {
        self.network
            .arriving()
            .filter(|(_, item)| item.way == Way::Relay || self.at(item.to).life == Life::Awake)
    }

    /// The world after a step that it offers.
    pub(crate) fn after(&self, step: Step) -> Self {
        let mut world = self.clone();
        world.take(step);
        world.follow_paths();
        world
    }

    /// The world after a step; none when a rule is broken on the way.
    pub(crate) fn try_after(&self, step: Step) -> Option<Self> {
        catch_unwind(AssertUnwindSafe(|| self.after(step))).ok()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrive(place) => self.arrive(place),
            Step::Act(who) => self.act(who),
            Step::MendPath => self.path = true,
            Step::Link(who, online) => self.link(who, online),
            Step::Wake(who) => self.at_mut(who).life = Life::Awake,
            Step::Start(who) => {
                *self.at_mut(who) = Station::new(who);
                self.link(who, true);
            }
            Step::Press(who, press) => {
                let now = self.now;
                let effects = self.at_mut(who).press(now, who, press);
                self.note_id(press);
                self.perform(who, effects);
            }
            Step::Lose(place) => drop(self.network.take(place)),
            Step::LoseRelayed => self.network.lose_relayed(),
            Step::Hold(place) => self.network.hold(place),
            Step::Repeat(place) => self.network.repeat(place),
            Step::CutPath => self.path = false,
            Step::Strand => self.strand(),
            Step::Roam(who) => {
                self.strand();
                let now = self.now;
                let effects = self.at_mut(who).roam(now);
                self.perform(who, effects);
            }
            Step::Break(who) => {
                let now = self.now;
                let effects = self.at_mut(who).break_media(now);
                self.perform(who, effects);
            }
            Step::StopRelay => Who::ALL.into_iter().for_each(|who| self.link(who, false)),
            Step::Sleep(who) => self.at_mut(who).life = Life::Asleep,
            Step::Crash(who) => {
                let station = self.at_mut(who);
                station.life = Life::Dead;
                station.online = false;
                station.ends.clear();
                self.network.lose_sessions_of(who);
            }
            Step::Fail(who, session) => {
                if let Some(end) = self.at_mut(who).end_mut(session) {
                    end.phase = Phase::Failed;
                }
                self.report(who, session, Transport::Failed);
            }
        }
    }

    fn link(&mut self, who: Who, online: bool) {
        let now = self.now;
        if self.at(who).life != Life::Dead && self.at(who).online != online {
            let effects = self.at_mut(who).link(now, online);
            self.perform(who, effects);
        }
    }

    /// No session that was begun until now hears anything any more.
    fn strand(&mut self) {
        for end in self.stations.iter_mut().flat_map(|it| &mut it.ends) {
            end.is_stranded = true;
        }
    }

    fn note_id(&mut self, press: Press) {
        let (Press::Dial(id) | Press::Resume(id)) = press else {
            return;
        };
        self.ids = match self.ids {
            Ids::Unused => Ids::Between(id, id),
            Ids::Between(lowest, highest) => Ids::Between(lowest.min(id), highest.max(id)),
        };
    }

    fn arrive(&mut self, place: usize) {
        let Item { to, way, cargo, .. } = self.network.take(place);
        let from = to.other();
        let session = match way {
            Way::Relay => {
                let station = self.at(to);
                if station.life != Life::Awake || !station.online {
                    return self.bounce(to, &cargo);
                }
                None
            }
            Way::Channel(session) | Way::Local(session) => Some(session),
        };
        if cargo == Cargo::Report(Transport::Closed) {
            self.at_mut(to).ends.retain(|end| Some(end.id) != session);
        }
        let now = self.now;
        let effects = self.at_mut(to).arrive(now, from, session, &cargo);
        self.perform(to, effects);
    }

    /// The relay cannot deliver.
    fn bounce(&mut self, to: Who, cargo: &Cargo) {
        let why = match self.at(to).life {
            Life::Dead => Absence::Closed,
            Life::Asleep => Absence::Silent,
            // On the way back to a relay that was restarted and knows nobody.
            Life::Awake => Absence::Unknown,
        };
        if matches!(cargo, Cargo::Message(_)) && self.at(to.other()).online {
            self.network
                .push(to.other(), Way::Relay, Cargo::Undeliverable(why));
        }
    }

    /// Time passes to the next deadline of this phone, and it does what is due.
    fn act(&mut self, who: Who) {
        let Some(at) = self.at(who).deadline() else {
            return;
        };
        self.now = self.now.max(at);
        let now = self.now;
        for (session, silence) in self.due_reports(who) {
            let age = now.since(silence.since);
            self.report(who, session, Transport::Silent(age));
            if age == ICE_DISCONNECTED {
                self.report(who, session, Transport::Disconnected);
            }
        }
        let timeout = self.at(who).phone.poll_timeout();
        if timeout.is_some_and(|(at, _)| at <= now) {
            let effects = self.at_mut(who).tick(now);
            self.perform(who, effects);
        }
    }

    /// The sessions that have been silent for another while.
    fn due_reports(&mut self, who: Who) -> Vec<(SessionId, Silence)> {
        let now = self.now;
        let mut due = Vec::new();
        for end in &mut self.at_mut(who).ends {
            if let Phase::Connected {
                silence: Some(silence),
            } = &mut end.phase
                && silence.report_at <= now
            {
                silence.report_at = now + REPORT;
                due.push((end.id, *silence));
            }
        }
        due
    }

    fn report(&mut self, who: Who, session: SessionId, report: Transport) {
        let now = self.now;
        let effects = self.at_mut(who).report(now, session, report);
        self.perform(who, effects);
    }

    /// Does what a phone wants done.
    fn perform(&mut self, who: Who, effects: Vec<Effect>) {
        let now = self.now;
        for effect in effects {
            match effect {
                Effect::Send(message) => {
                    if self.at(who).online {
                        let cargo = Cargo::Message(message);
                        self.network.push(who.other(), Way::Relay, cargo);
                    }
                }
                Effect::Open(end) => {
                    if end.offerer {
                        let effects = self.at_mut(who).parcel(now, end.id, OFFER);
                        self.perform(who, effects);
                    }
                }
                Effect::Close(end) => self.close(who, end),
                Effect::Parcel(session, parcel) => self.negotiate(who, session, &parcel),
                Effect::Data(session, message) => {
                    if self.is_linked(session) {
                        let (to, way) = (who.other(), Way::Channel(session));
                        self.network.push(to, way, Cargo::Data(message));
                    }
                }
                Effect::Capture(_) => {
                    let effects = self.at_mut(who).capture(now);
                    self.perform(who, effects);
                }
            }
        }
    }

    /// The answering end answers; both are ready then to find a path.
    fn negotiate(&mut self, who: Who, session: SessionId, parcel: &[u8]) {
        let now = self.now;
        let Some(end) = self.at_mut(who).end_mut(session) else {
            return;
        };
        if end.phase != Phase::Negotiating {
            return;
        }
        match (end.offerer, parcel) {
            (false, OFFER) => {
                end.phase = Phase::Checking;
                let effects = self.at_mut(who).parcel(now, session, ANSWER);
                self.perform(who, effects);
            }
            (true, ANSWER) => end.phase = Phase::Checking,
            (offerer, parcel) => panic!("a parcel for the other end: {offerer} {parcel:?}"),
        }
    }

    /// The other end hears of it if it heard anything until now.
    fn close(&mut self, who: Who, before: End) {
        let (session, other) = (before.id, who.other());
        if before.is_ready() && self.path && self.is_ready(other, session) {
            let cargo = Cargo::Report(Transport::ClosedByPeer);
            self.network.push(other, Way::Channel(session), cargo);
        }
        let cargo = Cargo::Report(Transport::Closed);
        self.network.push(who, Way::Local(session), cargo);
    }

    /// Whether an end can hear and be heard.
    fn is_ready(&self, who: Who, session: SessionId) -> bool {
        let station = self.at(who);
        station.life == Life::Awake && station.end(session).is_some_and(End::is_ready)
    }

    /// Whether the two ends of a session hear each other.
    fn is_linked(&self, session: SessionId) -> bool {
        self.path && Who::ALL.into_iter().all(|who| self.is_ready(who, session))
    }

    /// Sessions connect, fall silent and hear again.
    fn follow_paths(&mut self) {
        let now = self.now;
        for who in Who::ALL {
            for at in 0..self.at(who).ends.len() {
                let End { id, phase, .. } = self.at(who).ends[at];
                let (next, report) = match (phase, self.is_linked(id)) {
                    (Phase::Checking, true) => (HEARS, Some(Transport::Connected)),
                    (Phase::Connected { silence: None }, false) => {
                        let (since, report_at) = (now, now + REPORT);
                        let silence = Some(Silence { since, report_at });
                        (Phase::Connected { silence }, None)
                    }
                    (Phase::Connected { silence: Some(_) }, true) => {
                        (HEARS, Some(Transport::Silent(Duration::ZERO)))
                    }
                    (phase, _) => (phase, None),
                };
                self.at_mut(who).ends[at].phase = next;
                if let Some(report) = report {
                    let (way, cargo) = (Way::Local(id), Cargo::Report(report));
                    if !self.network.ends_with(who, way, &cargo) {
                        self.network.push(who, way, cargo);
                    }
                }
            }
        }
    }

    /// The call in which this phone is and media flows.
    pub(crate) fn talks(&self, who: Who) -> Option<CallId> {
        match self.view(who) {
            CallView::Active {
                phase: ActivePhase::Connected,
                ..
            } => self.at(who).phone.call(),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Active { .. }
            | CallView::Ended { .. } => None,
        }
    }
}

const HEARS: Phase = Phase::Connected { silence: None };

impl Ids {
    /// A new id on each side of those before.
    pub(crate) fn fresh(self) -> Vec<CallId> {
        match self {
            Self::Unused => vec![CallId(CALLS + 100)],
            Self::Between(CallId(lowest), CallId(highest)) => {
                vec![CallId(highest + 1), CallId(lowest - 1)]
            }
        }
    }
}
