//! Somebody at the relay whose program is none of ours: says what it likes, sealed or not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use call::id::CallId;
use call::message::{Body, Message};
use identity::{Address, Identity};
use seal::{Output, Sealer};
use signal_client::{Link, LinkEvent, LinkState};
use tokio::sync::mpsc;

use super::wait::BOUND;

/// Such a one.
pub(crate) struct Foreigner {
    identity: Arc<Identity>,
    link: Link,
    events: mpsc::Receiver<LinkEvent>,
    sealer: Sealer,
    /// Every frame that they sent, in order.
    pub(crate) sent: Vec<Vec<u8>>,
    /// Every message that they were told, in order.
    pub(crate) heard: Vec<Message>,
}

impl Foreigner {
    pub(crate) async fn at(relay: &str) -> Self {
        let identity = Arc::new(Identity::generate().unwrap());
        let (link, events) = Link::connect(relay, Arc::clone(&identity)).unwrap();
        let mut state = link.state();
        let online = state.wait_for(|it| *it == LinkState::Online);
        tokio::time::timeout(BOUND, online).await.unwrap().unwrap();
        Self {
            sealer: Sealer::new(Arc::clone(&identity)),
            identity,
            link,
            events,
            sent: Vec::new(),
            heard: Vec::new(),
        }
    }

    pub(crate) fn address(&self) -> Address {
        self.identity.address()
    }

    /// Sends bytes as they are.
    pub(crate) fn throws(&self, to: Address, bytes: &[u8]) {
        let thrown = self.link.send(to, Bytes::copy_from_slice(bytes));
        thrown.unwrap();
    }

    /// Says something about a call, sealed.
    pub(crate) fn says(&mut self, to: Address, call: CallId, body: Body) {
        let message = Message { call, body }.encode();
        self.says_in(to, call, &message);
    }

    /// Says any bytes in the session of a call, sealed.
    pub(crate) fn says_in(&mut self, to: Address, call: CallId, message: &[u8]) {
        let sealed = self.sealer.send(Instant::now(), to, call.0, message);
        sealed.unwrap();
        self.carry_out();
    }

    /// Answers what comes for a while.
    pub(crate) async fn listens(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while let Ok(event) = tokio::time::timeout_at(until, self.events.recv()).await {
            let event = event.expect("the link lives");
            if let LinkEvent::Message { from, payload } = event {
                self.sealer.receive(Instant::now(), from, &payload);
                self.carry_out();
            }
        }
    }

    /// Answers what comes until they have heard something like this about a call.
    pub(crate) async fn hears(&mut self, what: &str, wanted: impl Fn(&Body) -> bool) {
        let begun = Instant::now();
        while !self.heard.iter().any(|it| wanted(&it.body)) {
            assert!(begun.elapsed() < BOUND, "they never hear {what}");
            self.listens(Duration::from_millis(5)).await;
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.sealer.poll_output() {
            match output {
                Output::Transmit { to, frame } => {
                    self.throws(to, &frame);
                    self.sent.push(frame);
                }
                Output::Received { message, .. } => {
                    let message = Message::parse(&message);
                    self.heard.push(message.unwrap());
                }
                Output::Words { .. } | Output::Incompatible { .. } => {}
            }
        }
    }
}
