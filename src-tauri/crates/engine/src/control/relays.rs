//! What comes through relays and goes there: sealed frames, and nothing else.

use call::input::{self, Input};
use call::view::{CallView, Resume};
use signal_client::Absence;

use super::Control;
use crate::relays::News;
use crate::sealing::Event;
use crate::session;

impl Control {
    pub(super) fn on_relay(&mut self, news: News) {
        match news {
            News::Frame { from, frame } => {
                let sender = self.config.sender(&from);
                self.sealing
                    .receive(self.machine.clock.now(), from, sender, &frame);
                self.exchange();
            }
            News::NotHere { to, why } => self.feed(Input::Undeliverable {
                to: to.to_string(),
                why: absence(why),
            }),
            News::Home(view) => {
                self.relay = view;
                self.tell_link();
            }
            News::Guest => self.tell_link(),
        }
    }

    /// Hands sealed frames to the links and opened messages to the phone, until neither has more.
    /// Everything that the phone says is with a link when this returns, so a link may be closed.
    pub(super) fn exchange(&mut self) {
        while let Some(event) = self.sealing.poll() {
            match event {
                Event::Transmit { to, frame } => {
                    let priority = self.sealing.priority_of(&to);
                    self.relays.send(to, frame, priority);
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

    pub(super) fn set_home(&mut self, url: Option<&str>) {
        if let Some(view) = self.relays.set_home(url) {
            self.relay = view;
            self.tell_link();
        }
    }

    /// Tells the phone whether messages can be sent now.
    pub(super) fn tell_link(&mut self) {
        self.feed(Input::Link {
            online: self.relays.is_online(),
        });
    }

    /// Closes the link to the relay of whom we called once no call is left that goes on or may. Not
    /// at the end of one call: where it gave way to another with the same person, the answer goes the
    /// same way.
    pub(super) fn close_guest(&mut self) {
        let view = self.phone.view(self.now());
        let is_wanted = view.is_busy() || may_resume(&view);
        if !is_wanted && self.relays.close_guest() {
            self.tell_link();
        }
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

fn absence(why: Absence) -> input::Absence {
    match why {
        Absence::Closed => input::Absence::Closed,
        Absence::Silent => input::Absence::Silent,
        Absence::Unknown => input::Absence::Unknown,
    }
}
