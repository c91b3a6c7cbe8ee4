//! Identities of the relay's own, which seal what they say like everybody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use identity::{Address, Identity};
use seal::{Output, Sealer};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Envelope, QUEUE, Shared};

/// An identity that the relay invented. It hears what is for its label.
#[derive(Debug)]
pub struct Puppet {
    shared: Arc<Shared>,
    sealer: Sealer,
    /// Whom clients believe to hear.
    label: Address,
    heard: mpsc::Receiver<Envelope>,
}

impl Puppet {
    pub(super) fn new(shared: Arc<Shared>, label: Option<Address>) -> Result<Self> {
        let identity = Identity::generate()?;
        let label = label.unwrap_or_else(|| identity.address());
        let (hears, heard) = mpsc::channel(QUEUE);
        shared.state().listeners.push((label, hears));
        Ok(Self {
            shared,
            sealer: Sealer::new(Arc::new(identity)),
            label,
            heard,
        })
    }

    /// Whom clients believe to hear.
    #[must_use]
    pub const fn label(&self) -> Address {
        self.label
    }

    /// Seals messages of a conversation for somebody and sends them. True when the other side took
    /// part in a handshake within `limit`, so that they were really sent.
    ///
    /// # Errors
    /// When they cannot be sealed.
    pub async fn say(
        &mut self,
        to: Address,
        conversation: u64,
        messages: &[&[u8]],
        limit: Duration,
    ) -> Result<bool> {
        for message in messages {
            let sent = self.sealer.send(Instant::now(), to, conversation, message);
            sent.context("cannot seal")?;
        }
        self.transmit();
        let until = Instant::now() + limit;
        let mut answered = false;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(Some(heard)) = timeout(left, self.heard.recv()).await else {
                return Ok(answered);
            };
            if heard.from == to {
                self.sealer.receive(Instant::now(), to, &heard.payload);
                answered |= self.transmit();
                if answered {
                    return Ok(true);
                }
            }
        }
    }

    /// Sends what is to be sent; whether there was anything.
    fn transmit(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.sealer.poll_output() {
            if let Output::Transmit { to, frame } = output {
                any = true;
                let (from, payload) = (self.label, Bytes::from(frame));
                let envelope = Envelope { from, to, payload };
                self.shared.state().deliver(envelope);
            }
        }
        any
    }
}

/// First frames of handshakes with `to`, each by an identity that nobody has ever heard of.
///
/// # Errors
/// When they cannot be made.
pub fn hellos(to: Address, count: usize) -> Result<Vec<Envelope>> {
    let hello = |number: usize| {
        let identity = Identity::generate()?;
        let from = identity.address();
        let mut sealer = Sealer::new(Arc::new(identity));
        sealer.send(Instant::now(), to, number as u64, b"{}")?;
        let output = sealer.poll_output().context("no first frame")?;
        match output {
            Output::Transmit { frame, .. } => Ok(Envelope {
                from,
                to,
                payload: frame.into(),
            }),
            Output::Received { .. } | Output::Words { .. } | Output::Incompatible { .. } => {
                anyhow::bail!("the first thing to do is no frame")
            }
        }
    };
    (0..count).map(hello).collect()
}
