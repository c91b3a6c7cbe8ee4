//! A relay that does what it likes with everything that passes through it: the adversary of sealed
//! calls.
//!
//! It speaks the relay's side of `signal-wire` to real programs, and believes whoever says who they
//! are. Each envelope goes through the [`Tamper`] that is set, which may drop, change, repeat, delay
//! or relabel it; everything is captured. Besides, it says whatever it wants to anybody
//! ([`HostileRelay::inject`]), also with sealed sessions of identities of its own ([`Puppet`]).
//!
//! Owns its sockets and tasks: dropping it ends them. One task per connection; the state is behind
//! one lock that is never held across an await.

mod capture;
mod puppet;
mod seat;
mod tamper;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use identity::Address;
use signal_wire::MessageId;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

pub use capture::{Capture, Kind};
pub use puppet::{Puppet, hellos};
pub use tamper::{Delivery, Faithful, Random, Tamper, pass};

/// Something for somebody, with the sender that the receiver is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// From whom.
    pub from: Address,
    /// For whom.
    pub to: Address,
    /// What.
    pub payload: Bytes,
}

/// A running hostile relay.
#[derive(Debug)]
pub struct HostileRelay {
    url: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl HostileRelay {
    /// Starts one on a free port. It passes everything on until told otherwise.
    ///
    /// # Errors
    /// When the system has no port left.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("ws://{}{}", listener.local_addr()?, signal_wire::PATH);
        let shared = Arc::<Shared>::default();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            url,
            shared,
            accepting,
        })
    }

    /// The URL that clients use.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, this decides about every envelope.
    pub fn set(&self, tamper: impl Tamper + 'static) {
        self.shared.state().tamper = Box::new(tamper);
    }

    /// From now on everything is passed on as it is.
    pub fn behave(&self) {
        self.set(Faithful);
    }

    /// Everything that clients have sent since the last [`Self::forget`].
    #[must_use]
    pub fn capture(&self) -> Capture {
        Capture::new(self.shared.state().seen.clone())
    }

    /// Begins a new capture.
    pub fn forget(&self) {
        self.shared.state().seen.clear();
    }

    /// Says something to somebody, whoever it is from. False when they are not connected. Waits
    /// while their connection takes nothing.
    pub async fn inject(&self, envelope: Envelope) -> bool {
        let seat = self.shared.state().seats.get(&envelope.to).cloned();
        match seat {
            Some(seat) => seat.send(ToClient::Envelope(envelope)).await.is_ok(),
            None => false,
        }
    }

    /// An identity of the relay's own, whose frames clients are told to come from `label`.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn puppet(&self, label: Option<Address>) -> Result<Puppet> {
        Puppet::new(Arc::clone(&self.shared), label)
    }
}

impl Drop for HostileRelay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What all connections see.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

/// What the relay knows.
struct State {
    seats: HashMap<Address, mpsc::Sender<ToClient>>,
    /// Those who get a copy of what is for somebody.
    listeners: Vec<(Address, mpsc::Sender<Envelope>)>,
    seen: Vec<Envelope>,
    tamper: Box<dyn Tamper>,
    ids: u64,
}

/// What one client is to be told.
#[derive(Clone, Debug)]
enum ToClient {
    Envelope(Envelope),
    NotHere { id: MessageId, to: Address },
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panicking test fails anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client said something: captures it, and does what the tamper decides.
    fn on_envelope(self: &Arc<Self>, id: MessageId, envelope: Envelope) {
        let mut state = self.state();
        state.seen.push(envelope.clone());
        let (from, to) = (envelope.from, envelope.to);
        let is_here = state.seats.contains_key(&to) || state.hears(&to);
        if !is_here && let Some(sender) = state.seats.get(&from) {
            // A full queue loses the answer, as a bad network would.
            let _ = sender.try_send(ToClient::NotHere { id, to });
        }
        for delivery in state.tamper.pass(envelope) {
            if delivery.after == Duration::ZERO {
                state.deliver(delivery.envelope);
            } else {
                let shared = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep(delivery.after).await;
                    shared.state().deliver(delivery.envelope);
                });
            }
        }
    }
}

impl State {
    /// Hands an envelope over; what a full queue cannot take is lost.
    fn deliver(&self, envelope: Envelope) {
        let hearing = self.listeners.iter().filter(|it| it.0 == envelope.to);
        for (_, listener) in hearing {
            let _ = listener.try_send(envelope.clone());
        }
        if let Some(seat) = self.seats.get(&envelope.to) {
            let _ = seat.try_send(ToClient::Envelope(envelope));
        }
    }

    fn hears(&self, who: &Address) -> bool {
        self.listeners.iter().any(|it| it.0 == *who)
    }

    /// A new id for each delivery: a repeat under its old one would be recognised by the link
    /// already, and never tried on what lies above.
    fn next_id(&mut self) -> MessageId {
        self.ids += 1;
        MessageId(self.ids.to_be_bytes())
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            seats: HashMap::new(),
            listeners: Vec::new(),
            seen: Vec::new(),
            tamper: Box::new(Faithful),
            ids: 0,
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("seats", &self.seats.len())
            .field("seen", &self.seen.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({} bytes)", self.payload.len())
    }
}

/// Takes connections until it is aborted, and all their tasks with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(seat::serve(stream, Arc::clone(&shared)));
    }
}

/// What may wait for one client. A flood waits for room; everything else is lost beyond it.
const QUEUE: usize = 1024;
