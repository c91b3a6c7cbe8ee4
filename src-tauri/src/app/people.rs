//! Whom the user saves, blocks, and has compared words with.

use call::id::Peer;
use call::view::CallView;
use headless::wall_clock;
use identity::Address;
use store::{Store, StoreError};

use super::App;
use crate::error::{ErrorCode, UiError};

impl App {
    /// Makes somebody a contact under this name, or renames one.
    pub(crate) async fn save_contact(&self, address: &str, name: &str) -> Result<(), UiError> {
        let (address, name) = (parsed(address)?, Peer::clean_name(name));
        self.change_people(move |store| store.save_contact(&address, &name))
            .await
    }

    /// Makes somebody no contact any more; the mark of compared words goes too.
    pub(crate) async fn delete_contact(&self, address: &str) -> Result<(), UiError> {
        let address = parsed(address)?;
        self.change_people(move |store| store.delete_contact(&address))
            .await
    }

    /// Lets somebody ring here no more, or again.
    pub(crate) async fn set_blocked(&self, address: &str, blocked: bool) -> Result<(), UiError> {
        let address = parsed(address)?;
        self.change_people(move |store| store.set_blocked(&address, blocked))
            .await
    }

    /// Marks the other side of the running call as somebody with whom the user compared words. The
    /// page says which call it shows: a click that comes late pins nobody else.
    pub(crate) async fn pin_words(&self, call: &str) -> Result<(), UiError> {
        let peer = {
            let view = self.views.borrow();
            let peer = compared(&view.call, call).filter(|_| view.words.is_some());
            peer.map(|it| parsed(&it.address)).transpose()?
        };
        let peer = peer.ok_or_else(|| UiError::new(ErrorCode::NoWords, &"no call with words"))?;
        let at = wall_clock::now();
        self.change_people(move |store| store.pin(&peer, at)).await
    }

    /// What the user calls somebody: their own name for a contact, else what that person calls
    /// themselves now, else what they did before. The page names people alike.
    pub(crate) fn name_of(&self, peer: &Peer) -> String {
        let shell = self.shell.borrow();
        let person = shell.person(&peer.address);
        let mine = person.filter(|it| it.contact).map(|it| &it.name);
        let before = person.map(|it| &it.their_name);
        let names = [mine, Some(&peer.name), before];
        let mut names = names.into_iter().flatten();
        names.find(|it| !it.is_empty()).cloned().unwrap_or_default()
    }

    async fn change_people(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), UiError> {
        let shell = self.shell.clone();
        self.keep(ErrorCode::PeopleNotSaved, move |store| {
            let changed = change(store);
            let people = store.people().to_vec();
            shell.send_modify(|shell| shell.people = people);
            changed
        })
        .await
    }
}

/// The other side of the running call with this id.
fn compared<'a>(view: &'a CallView, call: &str) -> Option<&'a Peer> {
    match view {
        CallView::Active { call: id, peer, .. } if id == call => Some(peer),
        CallView::Active { .. }
        | CallView::Idle
        | CallView::Outgoing { .. }
        | CallView::Incoming { .. }
        | CallView::Ended { .. } => None,
    }
}

fn parsed(address: &str) -> Result<Address, UiError> {
    let address = address.parse::<Address>();
    address.map_err(|error| UiError::new(ErrorCode::BadAddress, &error))
}

#[cfg(test)]
mod tests {
    use call::reason::EndReason;
    use call::view::{ActivePhase, Controls, Lacking, Received, RecordingView, Resume, Sharing};

    use super::*;

    fn peer() -> Peer {
        Peer {
            address: "tincan:x".to_owned(),
            name: "Bea".to_owned(),
        }
    }

    #[test]
    fn only_the_call_that_the_page_shows_is_pinned() {
        let on = Controls {
            microphone: true,
            camera: true,
        };
        let running = CallView::Active {
            call: "1".to_owned(),
            peer: peer(),
            phase: ActivePhase::Connected,
            local: on,
            wish: on,
            remote: on,
            remote_lacking: Lacking::default(),
            sharing: Sharing::default(),
            recording: RecordingView::default(),
            connected_for_ms: None,
            received: Received::default(),
            culprit: None,
        };
        let over = CallView::Ended {
            call: "1".to_owned(),
            peer: peer(),
            reason: EndReason::RemoteHangup,
            lasted_ms: None,
            outgoing: true,
            resume: Resume::No,
        };
        assert_eq!(compared(&running, "1"), Some(&peer()));
        assert_eq!(compared(&running, "2"), None);
        assert_eq!(compared(&over, "1"), None);
        assert_eq!(compared(&CallView::Idle, "1"), None);
    }
}
