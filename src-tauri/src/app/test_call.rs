//! The test call: a peer inside the program, which gives back what it receives.

use std::sync::Arc;

use engine::command::{Command, CommandError};
use headless::compose;
use headless::test_call::EchoPeer;

use super::App;
use crate::error::UiError;

impl App {
    /// Calls the peer of test calls. It ends by itself after the call.
    pub(crate) async fn test_call(&self) -> Result<(), UiError> {
        let mut running = self.test_peer.lock().await;
        // Saves a peer that would be of no use. Whether there is a call is for the engine to say.
        if self.views.borrow().call.is_busy() {
            return Err(CommandError::AlreadyInCall.into());
        }
        let identity = Arc::clone(&self.test_identity);
        let settings = self.shell.borrow().settings.clone();
        let setup = compose::test_peer(&self.options.common, &settings, self.address, identity);
        let started = EchoPeer::start(setup).await;
        let peer = started.map_err(|error| UiError::internal(&error))?;
        let to = peer.link().to_owned();
        let dialled = self.command(Command::Dial {
            to,
            video: true,
            via: Some(Carrier::Direct),
        }).await;
        // The peer of the last call stays until another call has begun: it may be in one.
        let useless = match &dialled {
            Ok(()) => running.replace(peer),
            Err(_) => Some(peer),
        };
        if let Some(useless) = useless {
            useless.stop().await;
        }
        dialled
    }

    /// Ends the peer of the last test call, if it is still there.
    pub(super) async fn stop_test_peer(&self) {
        let peer = self.test_peer.lock().await.take();
        if let Some(peer) = peer {
            peer.stop().await;
        }
    }
}
