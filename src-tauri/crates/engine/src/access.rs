//! Access to the server that carries a call: asked of a relay once, waited for by its sessions.

use std::collections::BTreeMap;

use call::id::CallId;
use media::transport::{Access, Credentials, NoAccess};
use tokio::sync::watch;

use crate::relays::LinkId;

/// What was asked for, for calls that are not over.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    asked: BTreeMap<CallId, Asked>,
}

/// One question to one relay.
#[derive(Debug)]
struct Asked {
    link: LinkId,
    answer: watch::Sender<Option<Result<Credentials, NoAccess>>>,
}

impl Accesses {
    /// Access for this call is asked for by a link.
    pub(crate) fn asked(&mut self, call: CallId, link: LinkId) {
        let (answer, _) = watch::channel(None);
        self.asked.insert(call, Asked { link, answer });
    }

    /// A relay answers by this link. Whether that ends the waiting of a call that we asked it about.
    pub(crate) fn answered(
        &self,
        link: LinkId,
        call: CallId,
        answer: Result<Credentials, NoAccess>,
    ) -> bool {
        let asked = self.asked.get(&call);
        let Some(asked) = asked.filter(|it| it.link == link) else {
            return false;
        };
        asked.answer.send_if_modified(|known| {
            // What was given stays given, until something newer is.
            let is_worse = answer.is_err() && known.is_some();
            if !is_worse {
                *known = Some(answer);
            }
            !is_worse
        })
    }

    /// Access for a session of this call; `None` where none was asked for.
    pub(crate) fn of(&self, call: CallId) -> Option<Access> {
        let mut answer = self.asked.get(&call)?.answer.subscribe();
        Some(Access::new(async move {
            match answer.wait_for(Option::is_some).await {
                Ok(known) => known.clone().unwrap_or(Err(NoAccess)),
                // The call is over.
                Err(_) => Err(NoAccess),
            }
        }))
    }

    /// The call is over. The link by which the access is given back, if any was asked for.
    pub(crate) fn release(&mut self, call: CallId) -> Option<LinkId> {
        self.asked.remove(&call).map(|it| it.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallId = CallId(7);

    fn credentials(token: &str) -> Credentials {
        Credentials {
            url: "wss://livekit.example".to_owned(),
            token: token.to_owned(),
        }
    }

    #[tokio::test]
    async fn every_session_of_a_call_gets_what_the_relay_gave_last() {
        let mut accesses = Accesses::default();
        accesses.asked(CALL, LinkId::Home);
        let early = accesses.of(CALL).unwrap();
        assert!(accesses.answered(LinkId::Home, CALL, Ok(credentials("first"))));
        assert_eq!(early.credentials().await, Ok(credentials("first")));
        assert!(accesses.answered(LinkId::Home, CALL, Ok(credentials("second"))));
        assert!(!accesses.answered(LinkId::Home, CALL, Err(NoAccess)));
        let late = accesses.of(CALL).unwrap();
        assert_eq!(late.credentials().await, Ok(credentials("second")));
    }

    #[tokio::test]
    async fn an_answer_that_nobody_asked_for_means_nothing() {
        let mut accesses = Accesses::default();
        accesses.asked(CALL, LinkId::Home);
        let answer = || Ok(credentials("forged"));
        assert!(!accesses.answered(LinkId::Guest, CALL, answer()));
        assert!(!accesses.answered(LinkId::Home, CallId(8), answer()));
        assert!(accesses.of(CallId(8)).is_none());
        assert!(accesses.answered(LinkId::Home, CALL, Err(NoAccess)));
    }

    #[tokio::test]
    async fn who_still_waits_when_the_call_ends_gets_none() {
        let mut accesses = Accesses::default();
        accesses.asked(CALL, LinkId::Guest);
        let waiting = accesses.of(CALL).unwrap();
        assert_eq!(accesses.release(CALL), Some(LinkId::Guest));
        assert_eq!(accesses.release(CALL), None);
        assert_eq!(waiting.credentials().await, Err(NoAccess));
    }
}
