//! What happens between the stations of a [`Duo`], in virtual time.

use std::time::Duration;

use super::{DIRECT, Duo, PATH_SET_UP, SILENCE, SILENCE_AGAIN};
use crate::id::CallId;
use crate::input::{Input, Transport};
use crate::output::Output;
use crate::tests::courier::HOP;
use crate::tests::station::{Session, Station, Who};
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
    /// The sessions have heard nothing since then.
    Silence(Timestamp),
    /// The sessions hear each other again, and say so by this.
    Heard(Transport),
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
                    ..
                } = input
                {
                    self.at_mut(who).session = Session::None;
                }
                self.feed(who, input);
            }
            Event::MendPath => self.mend_path(),
            Event::Silence(since) => self.report_silence(since),
            Event::Heard(report) => self.report_heard(report),
        }
    }

    /// The sessions hear nothing any more; they report it when it lasts.
    pub(super) fn fall_silent(&mut self) {
        if self.silent_since.is_none() {
            self.silent_since = Some(self.now);
            self.schedule(SILENCE, Event::Silence(self.now));
        }
    }

    fn report_silence(&mut self, since: Timestamp) {
        if self.silent_since != Some(since) || !self.reports_silence {
            return;
        }
        let silence = self.now.since(since);
        self.report(Transport::Silent(silence));
        if silence == ICE_DISCONNECTED {
            self.report(Transport::Disconnected);
        }
        self.schedule(SILENCE_AGAIN, Event::Silence(since));
    }

    fn report_heard(&mut self, report: Transport) {
        let is_alone = |who| match self.at(who).session {
            Session::Open { call, .. } => self.other_end(who, call).is_none(),
            Session::None | Session::Closing { .. } => false,
        };
        if self.path && self.connected && !Who::ALL.into_iter().any(is_alone) {
            self.silent_since = None;
            self.report(report);
        }
    }

    fn report(&mut self, report: Transport) {
        if !self.connected {
            return;
        }
        for who in Who::ALL {
            if let Session::Open { call, .. } = self.at(who).session {
                self.tell_session(who, call, report);
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
            Output::OpenTransport { call, offerer } => {
                if offerer {
                    self.parcel_from(who, call, b"offer");
                    self.parcel_from(who, call, b"candidate");
                }
            }
            Output::RestartTransport { .. } => {
                if self.restart_needed && self.path {
                    self.schedule(PATH_SET_UP, Event::Heard(Transport::Connected));
                }
            }
            Output::CloseTransport { call } => self.close(who, call),
            Output::Parcel { call, parcel } => self.negotiate(who, call, &parcel),
            Output::Data { call, bytes } => {
                let other = self.other_end(who, call);
                if let (Some(other), true) = (other, self.path && self.connected) {
                    self.schedule(DIRECT, Event::To(other, Input::Data { call, bytes }));
                }
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
            Output::Sound(_) | Output::Ended { .. } | Output::Missed { .. } => {}
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

    fn parcel_from(&mut self, who: Who, call: CallId, parcel: &[u8]) {
        let parcel = parcel.to_vec();
        self.schedule(
            Duration::from_millis(1),
            Event::To(who, Input::Parcel { call, parcel }),
        );
    }

    /// The answerer answers an offer; an answer that got through makes the path.
    fn negotiate(&mut self, who: Who, call: CallId, parcel: &[u8]) {
        let Session::Open { offerer, .. } = self.at(who).session else {
            return;
        };
        match (offerer, parcel) {
            (false, b"offer") => self.parcel_from(who, call, b"answer"),
            (true, b"answer") if self.path_possible => {
                let Some(other) = self.other_end(who, call) else {
                    return;
                };
                self.connected = true;
                for end in [who, other] {
                    let state = Transport::Connected;
                    self.schedule(
                        PATH_SET_UP,
                        Event::To(end, Input::Transport { call, state }),
                    );
                }
                self.silent_since = None;
                if !self.path {
                    self.fall_silent();
                }
            }
            (true | false, _) => {}
        }
    }

    fn close(&mut self, who: Who, call: CallId) {
        let closed = Input::Transport {
            call,
            state: Transport::Closed,
        };
        self.schedule(self.closing_takes, Event::To(who, closed));
        let other = self.other_end(who, call);
        if let (Some(other), true) = (other, self.path && self.connected) {
            self.connected = false;
            if self.polite {
                let state = Transport::ClosedByPeer;
                self.schedule(DIRECT, Event::To(other, Input::Transport { call, state }));
            }
        }
    }

    fn other_end(&self, who: Who, wanted: CallId) -> Option<Who> {
        let has = |station: &&Station| {
            station.who != who
                && matches!(station.session, Session::Open { call, .. } if call == wanted)
        };
        self.stations.iter().find(has).map(|station| station.who)
    }
}
