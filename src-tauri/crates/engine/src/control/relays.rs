//! What comes through relays and goes there: sealed frames, and nothing else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
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
            News::NotHere { way, why } => self.on_not_here(way, absence(why, way)),
            News::Access { link, call, answer } => self.on_access(link, call, answer),
            News::Link(id) => {
                match id {
                    LinkId::Neighbour(alias) => self.on_neighbour(id, alias),
                    LinkId::Own => self.lan.on_own_link(&self.relays),
                    LinkId::Home | LinkId::Guest => {}
                }
                self.relay = self.relays.view(LinkId::Home);
            }
        }
    }

    /// A link to a neighbour changed. What was said to whom we look for goes by another one too.
    fn on_neighbour(&mut self, id: LinkId, alias: Address) {
        let now = self.machine.clock.now();
        // Before anything is done about it: another link in its place knows of no end.
        let way = Way {
            link: id,
            at: alias,
        };
        self.note_gone(way);
        let moved = self.lan.on_link(alias, &mut self.relays);
        if moved || !self.relays.may_come_up(id) {
            self.routes.failed(now, id);
        }
        if moved {
            self.look_around(now);
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

    /// The link to a neighbour changed: whether their program has ended, and since when. Of those with
    /// whom we are in no call nothing follows from it.
    fn note_gone(&mut self, way: Way) {
        let peer = self.peer();
        if !peer.is_some_and(|it| self.routes.was_heard(&it, way)) {
            return;
        }
        let noted = self.gone.filter(|(it, _)| *it == way);
        if self.relays.is_online(way.link) && noted.is_some() {
            self.gone = None;
        } else if self.relays.is_gone(way.link) && noted.is_none() {
            tracing::info!("the program of a neighbour has ended, its machine says");
            self.gone = Some((way, self.machine.clock.now()));
            self.tell_of_gone();
        }
    }

    /// Tells the phone of a neighbour whose program ended: more than once, for what is said once
    /// it does not believe, and not for ever, for a program whose user left the network has ended
    /// nothing. Where a call was by it, its media is silent by then.
    pub(super) fn tell_of_gone(&mut self) {
        if let Some((way, since)) = self.gone
            && self.relays.is_gone(way.link)
            && self.machine.clock.now() < since + GONE_IS_TOLD
        {
            self.on_not_here(way, input::Absence::Ended);
        }
    }

    /// Nobody is there, a relay or its machine says. It is told to the phone where nothing else is
    /// left to try; then a way on our networks is kept, to be asked again. Of a way there by which
    /// somebody was never heard it tells nothing: anybody can claim to be them and leave.
    fn on_not_here(&mut self, way: Way, why: input::Absence) {
        let who = if way.link.is_local() {
            self.lan.person_behind(way)
        } else {
            Some(way.at)
        };
        let Some(who) = who else { return };
        let now = self.machine.clock.now();
        if way.link.is_local() && !self.routes.was_heard(&who, way) {
            return self.routes.lost(now, way);
        }
        let here: Vec<Way> = self.routes.local_ways(&who).collect();
        let is_another = |it: &Way| *it != way && self.relays.is_online(it.link);
        let may_be_here = here.iter().any(is_another);
        let is_left = if way.link.is_local() {
            // Who leaves our relay after a greeting may well be at theirs, where we speak with them.
            // What we saw ourselves waits for no relay that does not answer.
            let far = self.relays.far_way(&who);
            let is_far = far.is_some_and(|it| match why {
                input::Absence::Ended => self.relays.is_online(it.link),
                input::Absence::Closed | input::Absence::Silent | input::Absence::Unknown => {
                    self.relays.may_come_up(it.link)
                }
            });
            may_be_here || self.routes.is_searching(&who) || is_far
        } else {
            self.routes.not_far(now, &who).unwrap_or(may_be_here)
        };
        tracing::debug!(?why, is_left, "nobody is there");
        if is_left || !way.link.is_local() {
            self.routes.lost(now, way);
        }
        if !is_left {
            self.feed(Input::Undeliverable {
                to: who.to_string(),
                why,
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
        let Some(who) = self.routes.sought() else {
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
        let wanted = self.peer().filter(|_| self.is_call_wanted());
        self.routes.look_only_for(wanted.as_ref());
        let relays = &self.relays;
        let answers = |who: &Address| {
            let far = relays.far_way(who);
            far.is_some_and(|it| relays.is_online(it.link))
        };
        for due in self.routes.pass(self.machine.clock.now(), answers) {
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
        }
    }

    /// Tells the phone whether this person can be spoken to now, where it was told otherwise: links
    /// change, and so does whom they have to lead to. Nothing else tells it.
    pub(super) fn tell_reachable(&mut self, who: Option<&Address>) {
        let online = self.reaches(who);
        if std::mem::replace(&mut self.was_told_online, online) != online {
            self.feed(Input::Link { online });
        }
    }

    /// The other side of the phone's call.
    pub(super) fn peer(&self) -> Option<Address> {
        self.phone.peer().and_then(|it| it.address.parse().ok())
    }

    /// Whether this person can be spoken to now. Where no relay is set our networks are all that
    /// there is.
    fn reaches(&self, who: Option<&Address>) -> bool {
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
        if !self.is_call_wanted() {
            self.relays.close_guest();
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

/// What it means that nobody is there by this way. Our own relay is this program: what it sees of
/// somebody's connection nobody else has told us.
fn absence(why: Absence, way: Way) -> input::Absence {
    match why {
        Absence::Closed if way.link == LinkId::Own => input::Absence::Ended,
        Absence::Closed => input::Absence::Closed,
        Absence::Silent => input::Absence::Silent,
        Absence::Unknown => input::Absence::Unknown,
    }
}

/// How long it is told that a program ended: until it is believed, which takes four seconds at most.
const GONE_IS_TOLD: Duration = Duration::from_secs(10);
