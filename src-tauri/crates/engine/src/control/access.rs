//! Access to the server that carries a call: asked of the relay that carries its messages.

use call::id::CallId;
use call::input::Input;
use identity::Address;
use media::transport::{Credentials, NoAccess};

use super::Control;
use crate::relays::{LinkId, News};

impl Control {
    /// Asks the far relay of the call: the callee's home, to which the caller has a link. One on a local
    /// network gives no access to anything; of two neighbours with different homes each asks its own,
    /// and neither gets any.
    pub(super) fn ask_for_access(&mut self, call: CallId, with: &str) {
        let Ok(with) = with.parse::<Address>() else {
            return tracing::error!("the phone names an address that is none");
        };
        let link = self.relays.far_way(&with).map(|it| it.link);
        let link = link.unwrap_or(LinkId::Home);
        self.accesses.asked(call, link);
        if !self.relays.ask_for_access(link, call, with) {
            let refusal = News::Access {
                link,
                call,
                answer: Err(NoAccess),
            };
            // The phone takes one thing at a time, and is in the middle of one.
            let news = self.senders.relays.clone();
            tokio::spawn(async move { news.send(refusal).await });
        }
    }

    /// A relay answers.
    pub(super) fn on_access(
        &mut self,
        link: LinkId,
        call: CallId,
        answer: Result<Credentials, NoAccess>,
    ) {
        let is_given = answer.is_ok();
        if self.accesses.answered(link, call, answer) && !is_given {
            self.feed(Input::NoAccess { call });
        }
    }

    /// The call is over, and with it what was asked for.
    pub(super) fn release_access(&mut self, call: CallId) {
        if let Some(link) = self.accesses.release(call) {
            self.relays.release_access(link, call);
        }
    }
}
