//! The test call: a peer inside the program, which gives back what it receives, and what is found
//! out by it.

use std::sync::Arc;
use std::time::Instant;

use call::carrier::Carrier;
use call::view::CallView;
use engine::command::{Command, CommandError};
use engine::view::EngineView;
use headless::compose;
use headless::test_call::{EchoPeer, Hearing, TestReport, Watch};
use identity::Identity;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::App;
use crate::error::UiError;

/// What test calls need for the whole run.
pub(super) struct TestCalls {
    /// Who the peer is: no call with it is remembered.
    pub(super) identity: Arc<Identity>,
    /// At our own devices; listens in test calls only.
    hearing: Hearing,
    /// What the last one found so far; `None` before the first.
    report: watch::Sender<Option<TestReport>>,
    /// From the start of one until the next one or the program's end.
    running: Mutex<Option<Running>>,
}

/// One test call.
struct Running {
    peer: EchoPeer,
    watching: JoinHandle<()>,
}

impl TestCalls {
    pub(super) fn new(identity: Identity, hearing: Hearing) -> Self {
        hearing.listen(false);
        Self {
            identity: Arc::new(identity),
            hearing,
            report: watch::Sender::new(None),
            running: Mutex::default(),
        }
    }
}

impl Running {
    async fn stop(self) {
        self.watching.abort();
        self.peer.stop().await;
    }
}

impl App {
    /// Calls the peer of test calls. It ends by itself after the call.
    pub(crate) async fn test_call(&self) -> Result<(), UiError> {
        let mut running = self.tests.running.lock().await;
        // Saves a peer that would be of no use. Whether there is a call is for the engine to say.
        if self.views.borrow().call.is_busy() {
            return Err(CommandError::AlreadyInCall.into());
        }
        let identity = Arc::clone(&self.tests.identity);
        let settings = self.shell.borrow().settings.clone();
        let setup = compose::test_peer(&self.options.common, &settings, self.address, identity);
        let started = EchoPeer::start(setup).await;
        let peer = started.map_err(|error| UiError::internal(&error))?;
        let to = peer.link().to_owned();
        let dialled = self
            .command(Command::Dial {
                to,
                video: true,
                via: Some(Carrier::Direct),
            })
            .await;
        if dialled.is_err() {
            // The peer of the last call stays until another call has begun: it may be in one.
            peer.stop().await;
            return dialled;
        }
        let last = running.take();
        if let Some(last) = &last {
            last.watching.abort();
        }
        let watching = tokio::spawn(tell_findings(
            self.views.clone(),
            self.tests.identity.address().to_string(),
            self.tests.hearing.clone(),
            self.tests.report.clone(),
        ));
        *running = Some(Running { peer, watching });
        // It takes its time, and this call is followed from its beginning.
        if let Some(last) = last {
            last.stop().await;
        }
        dialled
    }

    /// What the test call finds, or the last one found.
    pub(crate) fn tested(&self) -> watch::Receiver<Option<TestReport>> {
        self.tests.report.subscribe()
    }

    /// Ends the peer of the last test call, if it is still there.
    pub(super) async fn stop_test_peer(&self) {
        let running = self.tests.running.lock().await.take();
        if let Some(running) = running {
            running.stop().await;
        }
    }
}

/// Follows the call with the test peer to its end, and tells what is found as it is found.
async fn tell_findings(
    mut views: watch::Receiver<Arc<EngineView>>,
    peer: String,
    hearing: Hearing,
    report: watch::Sender<Option<TestReport>>,
) {
    hearing.listen(true);
    let mut call = Watch::new(hearing.clone());
    report.send_replace(Some(call.report(false)));
    let mut has_begun = false;
    loop {
        let view = Arc::clone(&views.borrow_and_update());
        let is_on = is_with(&view.call, &peer);
        has_begun |= is_on;
        if has_begun && !is_on {
            break;
        }
        if call.follow(&view, Instant::now(), Vec::new) {
            report.send_replace(Some(call.report(false)));
        }
        if views.changed().await.is_err() {
            break;
        }
    }
    hearing.listen(false);
    report.send_replace(Some(call.report(true)));
}

/// Whether a call that is not over is with this address.
fn is_with(call: &CallView, address: &str) -> bool {
    match call {
        CallView::Outgoing { peer, .. }
        | CallView::Incoming { peer, .. }
        | CallView::Active { peer, .. } => peer.address == address,
        CallView::Idle | CallView::Ended { .. } => false,
    }
}
