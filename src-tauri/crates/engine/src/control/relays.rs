//! What comes through relays and goes there: sealed frames, and nothing else.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use call::id::CallId;
use call::input::{self, Input};
use call::view::{ActivePhase, CallView, Resume};
use identity::Address;
use seal::Sender;
use signal_client::Absence;

use super::Control;
use crate::lan::Taken;
use crate::relays::{Due, LinkId, News, Way};
use crate::sealing::Event;
use crate::session;

impl Control {
    pub(super) fn on_relay(&mut self, news: News) {
        match news {
            News::Frame { way, frame } => self.on_frame(way, &frame),
            News::NotHere { way, why } => self.on_not_here(way, why),
            News::Access {
                link,
                call,
                with,
                answer,
            } => self.on_access(link, CallId(call), &with, answer),
            News::Link(id) => {
                if let LinkId::Neighbour(alias) = id {
                    self.lan.on_link(alias, &mut self.relays);
                    if !self.relays.may_come_up(id) {
                        self.routes.failed(self.machine.clock.now(), id);
                    }
                }
                self.relay = self.relays.view(LinkId::Home);
                self.tell_link();
            }
        }
    }

    fn on_frame(&mut self, way: Way, frame: &Bytes) {
        let from = if way.link.is_local() {
            match self.lan.take(way, frame) {
                Taken::From(person) => person,
                Taken::Nobody => return,
            }
        } else {
            way.at
        };
        // On local networks anybody can say whose frame it is: until it is proven, it costs those who
        // are known nothing.
        let is_claimed = way.link.is_local() && !self.routes.was_heard(&from, way);
        let sender = if is_claimed {
            Sender::Stranger
        } else {
            self.config.sender(&from)
        };
        let charged = if is_claimed { way.at } else { from };
        let now = self.machine.clock.now();
        if self.sealing.receive(now, from, (sender, charged), frame) {
            self.routes.heard(now, from, way);
        }
        self.exchange_over(Some((from, way)));
    }

    /// Nobody is there, a relay says. It is told to the phone where nothing else is left to try.
    fn on_not_here(&mut self, way: Way, why: Absence) {
        let who = if way.link.is_local() {
            self.lan.person_behind(way)
        } else {
            Some(way.at)
        };
        let Some(who) = who else { return };
        let now = self.machine.clock.now();
        self.routes.lost(now, way);
        let here: Vec<Way> = self.routes.local_ways(&who).collect();
        let may_be_here = here.iter().any(|it| self.relays.is_online(it.link));
        let is_left = if way.link.is_local() {
            // Who leaves our relay after a greeting may well be at theirs, where we speak with them.
            let is_far = self.relays.far_way(&who).is_some();
            may_be_here || self.routes.is_searching(&who) || is_far
        } else {
            let is_sought = self.routes.is_searching(&who);
            if is_sought {
                self.routes.not_far(&who)
            } else {
                may_be_here
            }
        };
        if !is_left {
            self.feed(Input::Undeliverable {
                to: who.to_string(),
                why: absence(why),
            });
        }
    }

    /// Looks for somebody on our networks, who is about to be called.
    pub(super) fn look_for(&mut self, who: Address, places: &[SocketAddr]) {
        if !self.lan.may_find() {
            self.routes.forget(&who);
            return;
        }
        let now = self.machine.clock.now();
        let head_start = self.lan.look_for(who, places);
        let is_far_there = self.relays.far_way(&who).is_some();
        self.routes.look_for(now, who, head_start, is_far_there);
        self.look_around(now);
    }

    /// Whom we call may be where somebody was heard just now.
    pub(super) fn look_around(&mut self, now: Instant) {
        let Some(who) = self.sought.filter(|it| self.routes.is_searching(it)) else {
            return;
        };
        for way in self.lan.ways_to(&who, &mut self.relays) {
            for frame in self.routes.may_be(now, who, way) {
                self.send_over(way, who, &frame);
            }
        }
    }

    /// Time passes for those whom we look for.
    pub(super) fn pass_search(&mut self) {
        for due in self.routes.pass(self.machine.clock.now()) {
            match due {
                Due::AskFar(who, said) => {
                    let Some(way) = self.relays.far_way(&who) else {
                        continue;
                    };
                    for frame in said {
                        self.send_over(way, who, &frame);
                    }
                }
                Due::Nowhere(who) => self.feed(Input::Undeliverable {
                    to: who.to_string(),
                    why: input::Absence::Unknown,
                }),
            }
        }
    }

    /// Hands sealed frames to the links and opened messages to the phone, until neither has more.
    /// Everything that the phone says is with a link when this returns, so a link may be closed.
    pub(super) fn exchange(&mut self) {
        self.exchange_over(None);
    }

    /// The same, where what is said to somebody answers what came that way.
    fn exchange_over(&mut self, answer: Option<(Address, Way)>) {
        while let Some(event) = self.sealing.poll() {
            match event {
                Event::Transmit { to, frame } => {
                    let answer = answer.filter(|(who, _)| *who == to);
                    self.transmit(to, &frame, answer.map(|(_, way)| way));
                }
                Event::Message {
                    from,
                    call,
                    message,
                } => {
                    let standing = self.config.standing_of(&from);
                    // It may begin a call, or speak of another one than ours.
                    session::span_of(call).in_scope(|| {
                        self.feed_phone(Input::Message {
                            from: from.to_string(),
                            standing,
                            bytes: message,
                        });
                    });
                }
                Event::Incompatible { peer, call } => self.feed_phone(Input::Incompatible {
                    from: peer.to_string(),
                    call,
                }),
                Event::Unusable { to } => self.feed_phone(Input::Undeliverable {
                    to: to.to_string(),
                    why: input::Absence::Unknown,
                }),
            }
        }
    }

    /// Sends a frame by the way that it answers, else where its receiver is or may be.
    fn transmit(&mut self, to: Address, frame: &[u8], answer: Option<Way>) {
        let ways = match answer {
            Some(way) => vec![way],
            None => {
                let far = self.relays.far_way(&to);
                let everywhere = is_in_doubt(&self.phone.view(self.now()));
                let relays = &self.relays;
                let works = |way: Way| relays.is_online(way.link);
                let now = self.machine.clock.now();
                self.routes.say(now, to, frame, far, (everywhere, works))
            }
        };
        for way in ways {
            self.send_over(way, to, frame);
        }
    }

    /// Sends a frame by one way. On local networks its receiver must hear whose it is.
    fn send_over(&mut self, way: Way, to: Address, frame: &[u8]) {
        let priority = self.sealing.priority_of(&to);
        if way.link.is_local()
            && let Some(introduction) = self.lan.introduction(&to, frame)
        {
            self.relays.send(way, introduction, priority);
        }
        self.relays.send(way, frame.to_vec(), priority);
    }

    pub(super) fn set_home(&mut self, url: Option<&str>) {
        if self.relays.set_home(url) {
            self.relay = self.relays.view(LinkId::Home);
            self.tell_link();
        }
    }

    /// Tells the phone whether messages can be sent now.
    pub(super) fn tell_link(&mut self) {
        let peer = self.peer();
        self.feed(Input::Link {
            online: self.reaches(peer.as_ref()),
        });
    }

    /// The other side of the phone's call.
    pub(super) fn peer(&self) -> Option<Address> {
        self.phone.peer().and_then(|it| it.address.parse().ok())
    }

    /// Whether this person can be spoken to now. Where no relay is set our networks are all that
    /// there is.
    pub(super) fn reaches(&self, who: Option<&Address>) -> bool {
        let Some(who) = who else {
            return self.relays.is_online(LinkId::Home);
        };
        let far = self.relays.far_way(who);
        let mut ways = self.routes.local_ways(who).chain(far);
        ways.any(|it| self.relays.is_online(it.link)) || (far.is_none() && self.lan.may_find())
    }

    /// Closes the link to the relay of whom we called once no call is left that goes on or may. Not
    /// at the end of one call: where it gave way to another with the same person, the answer goes the
    /// same way.
    pub(super) fn close_guest(&mut self) {
        if !self.is_call_wanted() && self.relays.close_guest() {
            self.tell_link();
        }
    }

    /// Whether a call goes on or may.
    pub(super) fn is_call_wanted(&self) -> bool {
        let view = self.phone.view(self.now());
        view.is_busy() || may_resume(&view)
    }
}

/// Whether a call that was lost may still go on.
fn may_resume(view: &CallView) -> bool {
    match view {
        CallView::Ended { resume, .. } => match resume {
            Resume::Offered | Resume::Wanted | Resume::Waiting => true,
            Resume::No => false,
        },
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Active { .. } => false,
    }
}

/// Whether it is in doubt which way leads to the other side: always but in a call that goes well,
/// whose own channel tells of everything too. What is said to ring, to answer and to end must not be
/// lost with the one way by which it went.
fn is_in_doubt(view: &CallView) -> bool {
    match view {
        CallView::Active { phase, .. } => *phase != ActivePhase::Connected,
        CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => true,
    }
}

fn absence(why: Absence) -> input::Absence {
    match why {
        Absence::Closed => input::Absence::Closed,
        Absence::Silent => input::Absence::Silent,
        Absence::Unknown => input::Absence::Unknown,
    }
}
