//! What happens between the stations of a [`Duo`], in virtual time.

use std::time::Duration;

use super::{DIRECT, Duo, Link, PATH_SET_UP, SILENCE, SILENCE_AGAIN};
use crate::id::SessionId;
use crate::input::{Input, Transport};
use crate::output::Output;
use crate::tests::courier::HOP;
use crate::tests::station::{Station, Who};
use crate::time::Timestamp;
use crate::view::Controls;

/// ICE gives up its pair after hearing nothing for this long.
const ICE_DISCONNECTED: Duration = Duration::from_secs(5);

/// What is due at some time.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Letter {
        from: Who,
        to: Who,
        bytes: Vec<u8>,
    },
    To(Who, Input),
    MendPath,
    /// The ends of a session connect, if there is a path.
    Connect(SessionId),
    /// The ends of a session have heard nothing since then.
    Silence(SessionId, Timestamp),
    /// The ends of a session hear each other again.
    Heard(SessionId),
}

impl Duo {
    pub(in crate::tests) fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
        self.now = until;
    }

    /// Does the next thing that is due by then. Says whether there was one.
    pub(super) fn step(&mut self, until: Timestamp) -> bool {
        let event = self
            .events
            .iter()
            .enumerate()
            .min_by_key(|(_, (at, number, _))| (*at, *number));
        let event = event.map(|(place, (at, ..))| (*at, place));
        let timer = self
            .stations
            .iter()
            .filter(|station| station.alive)
            .filter_map(|station| Some((station.phone.poll_timeout()?.0, station.who)))
            .min_by_key(|(at, _)| *at);
        match (event, timer) {
            (Some((at, place)), timer) if at <= until && timer.is_none_or(|t| at <= t.0) => {
                self.now = self.now.max(at);
                let (_, _, event) = self.events.remove(place);
                self.happen(event);
                true
            }
            (_, Some((at, who))) if at <= until => {
                self.now = self.now.max(at);
                self.feed(who, Input::Tick);
                true
            }
            _ => false,
        }
    }

    pub(super) fn schedule(&mut self, after: Duration, event: Event) {
        self.next_event += 1;
        self.events.push((self.now + after, self.next_event, event));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Letter { from, to, bytes } => {
                if self.at(to).online {
                    let from = from.address().to_owned();
                    self.feed(
                        to,
                        Input::Message {
                            from,
                            standing: self.standing,
                            bytes,
                        },
                    );
                } else {
                    let why = self.absence(to);
                    let to = to.address().to_owned();
                    self.schedule(HOP, Event::To(from, Input::Undeliverable { to, why }));
                }
            }
            Event::To(who, input) => {
                if let Input::Transport {
                    state: Transport::Closed,
                    session,
                } = input
                {
                    self.at_mut(who).sessions.retain(|it| it.id != session);
                }
                self.feed(who, input);
            }
            Event::MendPath => self.mend_path(),
            Event::Connect(session) => self.connect(session),
            Event::Silence(session, since) => self.report_silence(session, since),
            Event::Heard(session) => self.report_heard(session),
        }
    }

    /// No session hears anything any more; they report it when it lasts.
    pub(super) fn fall_silent(&mut self) {
        let now = self.now;
        let mut silent = Vec::new();
        for link in &mut self.links {
            if link.silent_since.is_none() {
                link.silent_since = Some(now);
                silent.push(link.id);
            }
        }
        for session in silent {
            self.schedule(SILENCE, Event::Silence(session, now));
        }
    }

    fn link_of(&mut self, session: SessionId) -> Option<&mut Link> {
        self.links.iter_mut().find(|it| it.id == session)
    }

    fn connect(&mut self, session: SessionId) {
        let has = |station: &&Station| station.end(session).is_some();
        let ends: Vec<_> = self.stations.iter().filter(has).map(|it| it.who).collect();
        let Ok(ends) = <[Who; 2]>::try_from(ends) else {
            return;
        };
        if !self.path || !self.ready.contains(&session) {
            return;
        }
        self.ready.retain(|it| *it != session);
        self.links.push(Link {
            id: session,
            ends,
            silent_since: None,
            stale: false,
        });
        for end in ends {
            self.tell_session(end, session, Transport::Connected);
        }
    }

    fn report_silence(&mut self, session: SessionId, since: Timestamp) {
        let reports = self.reports_silence;
        let silence = self.now.since(since);
        let Some(link) = self.link_of(session) else {
            return;
        };
        if link.silent_since != Some(since) || !reports {
            return;
        }
        self.report(session, Transport::Silent(silence));
        if silence == ICE_DISCONNECTED {
            self.report(session, Transport::Disconnected);
        }
        self.schedule(SILENCE_AGAIN, Event::Silence(session, since));
    }

    fn report_heard(&mut self, session: SessionId) {
        let path = self.path;
        let Some(&mut Link { ends, stale, .. }) = self.link_of(session) else {
            return;
        };
        let complete = ends.iter().all(|who| self.at(*who).end(session).is_some());
        if path && complete && !stale {
            if let Some(link) = self.link_of(session) {
                link.silent_since = None;
            }
            self.report(session, Transport::Silent(Duration::ZERO));
        }
    }

    fn report(&mut self, session: SessionId, report: Transport) {
        for who in Who::ALL {
            if self.at(who).end(session).is_some() {
                self.tell_session(who, session, report);
            }
        }
    }

    pub(in crate::tests) fn feed(&mut self, who: Who, input: Input) {
        if !self.at(who).alive {
            return;
        }
        let now = self.now;
        self.at_mut(who).phone.handle(now, input);
        let outputs = self.at_mut(who).outputs(now);
        for output in outputs {
            self.perform(who, output);
        }
    }

    fn perform(&mut self, who: Who, output: Output) {
        match output {
            Output::Send { to, bytes, .. } => self.send(who, Who::at(&to), bytes),
            Output::OpenTransport {
                session, offerer, ..
            } => {
                if offerer {
                    self.parcel_from(who, session, b"offer");
                    self.parcel_from(who, session, b"candidate");
                }
            }
            Output::CloseTransport { session } => self.close(who, session),
            Output::Parcel { session, parcel } => self.negotiate(who, session, &parcel),
            Output::Data { session, bytes } => {
                let other = self.other_end(who, session);
                let other = other.filter(|it| !self.unreached.contains(it));
                let link = self.link_of(session);
                let carries = link.is_some_and(|it| !it.stale) && self.path;
                if let (Some(other), true) = (other, carries) {
                    self.schedule(DIRECT, Event::To(other, Input::Data { session, bytes }));
                }
            }
            Output::UseTransport { .. }
            | Output::AskForAccess { .. }
            | Output::ReleaseAccess { .. } => {}
            Output::SetScreen { on } => {
                let answer = Event::To(who, Input::Screen { on });
                self.schedule(Duration::from_millis(1), answer);
            }
            Output::SetCapture { .. } => {
                let Controls { microphone, camera } = self.at(who).captured;
                self.schedule(
                    Duration::from_millis(1),
                    Event::To(
                        who,
                        Input::Capture {
                            microphone,
                            camera,
                            lacking: self.at(who).lacking(),
                        },
                    ),
                );
            }
            Output::CheckConsent { id, by, agrees } => {
                if let Some(consent) = self.at(who).signed(id, by, agrees) {
                    self.feed(who, Input::Consent(consent));
                }
            }
            Output::Chat { .. }
            | Output::Record { .. }
            | Output::StopRecording
            | Output::Sound(_)
            | Output::Ended { .. }
            | Output::Missed { .. } => {}
        }
    }

    /// Everything that the relay carries now is lost.
    pub(in crate::tests) fn lose_what_is_on_its_way(&mut self) {
        self.events
            .retain(|(_, _, event)| !matches!(event, Event::Letter { .. }));
    }

    pub(super) fn send(&mut self, from: Who, to: Who, bytes: Vec<u8>) {
        if !self.at(from).online {
            return;
        }
        let fate = self.courier.fate();
        if fate.lost || self.hung.is_some_and(|hung| hung == from || hung == to) {
            return;
        }
        if fate.repeated {
            let again = Event::Letter {
                from,
                to,
                bytes: bytes.clone(),
            };
            self.schedule(HOP + fate.late + Duration::from_millis(50), again);
        }
        self.schedule(HOP + fate.late, Event::Letter { from, to, bytes });
    }

    fn parcel_from(&mut self, who: Who, session: SessionId, parcel: &[u8]) {
        let parcel = parcel.to_vec();
        self.schedule(
            Duration::from_millis(1),
            Event::To(who, Input::Parcel { session, parcel }),
        );
    }

    /// The answerer answers an offer; an answer that got through makes the path, or as soon as there
    /// is one.
    fn negotiate(&mut self, who: Who, session: SessionId, parcel: &[u8]) {
        let Some(end) = self.at(who).end(session) else {
            return;
        };
        match (end.offerer, parcel) {
            (false, b"offer") => self.parcel_from(who, session, b"answer"),
            (true, b"answer") if self.path_possible => {
                self.ready.push(session);
                self.schedule(PATH_SET_UP, Event::Connect(session));
            }
            (true | false, _) => {}
        }
    }

    fn close(&mut self, who: Who, session: SessionId) {
        let closed = Input::Transport {
            session,
            state: Transport::Closed,
        };
        self.schedule(self.closing_takes, Event::To(who, closed));
        let other = self.other_end(who, session);
        let now = self.now;
        let (path, polite) = (self.path, self.polite);
        let Some(link) = self.link_of(session) else {
            return;
        };
        if path && polite && !link.stale {
            self.links.retain(|it| it.id != session);
            if let Some(other) = other {
                let state = Transport::ClosedByPeer;
                self.schedule(
                    DIRECT,
                    Event::To(other, Input::Transport { session, state }),
                );
            }
        } else if link.silent_since.is_none() {
            link.silent_since = Some(now);
            self.schedule(SILENCE, Event::Silence(session, now));
        }
    }

    fn other_end(&self, who: Who, session: SessionId) -> Option<Who> {
        let has = |station: &&Station| station.who != who && station.end(session).is_some();
        self.stations.iter().find(has).map(|station| station.who)
    }
}
