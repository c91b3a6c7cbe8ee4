//! Access to a LiveKit server for the parties of a call.
//!
//! The relay holds the API key, and it alone: clients get tokens that let one party into one room for
//! some minutes. It cannot see calls, so both parties ask it, and name the call and each other. When
//! both have, it makes one fresh room and one token for each; whoever asks again before the call is
//! released gets the same token, and nobody else gets any. Rooms and parties have random names there,
//! so whoever runs the LiveKit server learns no address.
//!
//! `calls` decides, without sockets or clocks; `api` asks the server, each request with a bound on
//! time and size; [`crate::rooms`] is the task that carries out what is decided. What must never
//! happen: the secret or a token in a log line.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use signal_wire::{Address, CallNumber, LiveKitAccess, LiveKitToken, RelayFrame, SessionToken};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::metrics::{Metrics, RoomRequest};

mod api;
mod askers;
mod calls;
mod closing;
mod config;
mod error;
mod open;
mod over;
mod post;
mod room;
mod token;

pub use config::{LiveKitConfig, LiveKitConfigError, LiveKitSecret};

use api::Api;
use askers::Claim;
use calls::{Calls, Told, Wish};
use error::ApiError;
use room::{Names, RoomName};

/// The rooms of one relay.
pub(crate) struct LiveKit {
    api: Arc<Api>,
    calls: Mutex<Calls>,
    /// There may be something to ask the server, or to tell a client.
    changed: Notify,
    /// Requests in a row that failed.
    failures: AtomicU32,
}

/// A request to the server, to be carried out by [`Errand::run`].
pub(crate) struct Errand {
    api: Arc<Api>,
    what: What,
}

enum What {
    Check,
    Make(CallNumber, Names),
    Look(CallNumber, RoomName),
    Close(RoomName),
}

/// What became of an errand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done(Outcome);

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Checked(Result<(), ApiError>),
    Made(CallNumber, Names, Result<(), ApiError>),
    Looked(CallNumber, Result<usize, ApiError>),
    Closed(RoomName, Result<(), ApiError>),
}

impl LiveKit {
    /// For so many calls at a time, and so many parts in them from one source.
    ///
    /// # Errors
    /// When the server is to be spoken to by TLS, and that cannot be set up.
    pub(crate) fn new(
        config: LiveKitConfig,
        most: usize,
        most_of_source: usize,
    ) -> io::Result<Self> {
        Ok(Self {
            api: Arc::new(Api::new(config)?),
            calls: Mutex::new(Calls::new(most, most_of_source)),
            changed: Notify::new(),
            failures: AtomicU32::new(0),
        })
    }

    /// A client asks for its access to a call with somebody.
    pub(crate) fn ask(
        &self,
        by: (Address, SessionToken, IpAddr),
        call: CallNumber,
        with: Address,
        now: Instant,
    ) {
        let (address, session, ip) = by;
        let claim = Claim::new(address, session, ip);
        self.calls().ask(claim, call, with, now);
        self.changed.notify_one();
    }

    /// A client is done with a call.
    pub(crate) fn release(&self, by: &Address, call: CallNumber, now: Instant) {
        self.calls().release(by, call, now);
        self.changed.notify_one();
    }

    /// What a client is to be told now; it counts as told.
    pub(crate) fn take_answers(
        &self,
        address: &Address,
        metrics: &Metrics,
        clock: SystemTime,
    ) -> Vec<RelayFrame> {
        let told = self.calls().take_told(address, clock);
        let frame = |told| match told {
            Told::No { call, why } => Some(RelayFrame::NoAccess { call, why }),
            Told::Access { call, with, seat } => {
                let config = self.api.config();
                let token = token::of_party(config, seat.room, seat.identity, seat.until)?;
                if seat.is_new {
                    metrics.livekit_tokens.inc();
                }
                let left = seat.until.duration_since(clock).unwrap_or(Duration::ZERO);
                Some(RelayFrame::Access(LiveKitAccess {
                    call,
                    with,
                    url: config.url().to_owned(),
                    token: LiveKitToken::new(token).ok()?,
                    expires_seconds: u32::try_from(left.as_secs()).unwrap_or(u32::MAX),
                }))
            }
        };
        told.into_iter().filter_map(frame).collect()
    }

    /// Those who have something to take since this was asked for last.
    pub(crate) fn take_told(&self) -> Vec<Address> {
        self.calls().askers.take_told()
    }

    /// Looks which parties are still here, as the relay knows them by their sessions.
    pub(crate) fn attend(&self, is_here: &impl Fn(&Address, &SessionToken) -> bool, now: Instant) {
        self.calls().attend(is_here, now);
    }

    /// Ends what is due.
    pub(crate) fn tick(&self, now: Instant) {
        self.calls().tick(now);
    }

    /// Asks whether the server is there and knows the key.
    pub(crate) fn check(&self) -> Errand {
        self.errand(What::Check)
    }

    /// What the server is to be asked next.
    pub(crate) fn next_errand(&self, now: Instant) -> Option<Errand> {
        loop {
            let what = match self.calls().next_wish(now)? {
                Wish::Look(call, room) => What::Look(call, room),
                Wish::Close(room) => What::Close(room),
                Wish::Make(call) => match Names::random() {
                    Some(names) => What::Make(call, names),
                    // It is given up when its time is over.
                    None => {
                        self.calls().not_made();
                        continue;
                    }
                },
            };
            return Some(self.errand(what));
        }
    }

    /// Notes what became of an errand.
    pub(crate) fn done(&self, done: Done, metrics: &Metrics, now: Instant) {
        match done.0 {
            Outcome::Checked(result) => {
                self.count(RoomRequest::Check, result.err(), metrics);
            }
            Outcome::Made(call, names, result) => {
                self.count(RoomRequest::Create, result.err(), metrics);
                self.calls().made(call, names, result, now);
            }
            Outcome::Looked(call, result) => {
                self.count(RoomRequest::Look, result.err(), metrics);
                self.calls().looked(call, result, now);
            }
            Outcome::Closed(room, result) => {
                self.count(RoomRequest::Delete, result.err(), metrics);
                self.calls().closing.asked(room, result.is_ok(), now);
            }
        }
    }

    /// Every room that nobody is in is to be deleted now.
    pub(crate) fn end_all(&self, now: Instant) {
        let mut calls = self.calls();
        calls.end_all(now);
        calls.tick(now);
        self.changed.notify_one();
    }

    /// Whether the server is asked nothing at this moment, and nothing is due.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.calls().is_idle(now)
    }

    /// Rooms that there are, as far as the relay knows.
    pub(crate) fn rooms(&self) -> usize {
        self.calls().rooms()
    }

    /// Waits until there may be something to ask the server, or to tell a client.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn errand(&self, what: What) -> Errand {
        Errand {
            api: Arc::clone(&self.api),
            what,
        }
    }

    fn count(&self, request: RoomRequest, error: Option<ApiError>, metrics: &Metrics) {
        let Some(error) = error else {
            if self.failures.swap(0, Ordering::Relaxed) > 0 || request == RoomRequest::Check {
                tracing::info!("the LiveKit server answers");
            }
            return;
        };
        metrics.livekit_failed(request);
        let failures = self
            .failures
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        // Ever more rarely: clients decide how many there are.
        if failures.is_power_of_two() {
            tracing::warn!(?request, failures, "{error}");
        }
    }

    /// Never held across an await; what is done under it takes microseconds.
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Errand {
    /// Asks the server, and takes some seconds at most.
    pub(crate) async fn run(self) -> Done {
        let Self { api, what } = self;
        Done(match what {
            What::Check => Outcome::Checked(api.check().await),
            What::Make(call, names) => Outcome::Made(call, names, api.create(names.room).await),
            What::Look(call, room) => Outcome::Looked(call, api.participants(room).await),
            What::Close(room) => Outcome::Closed(room, api.delete(room).await),
        })
    }
}

impl fmt::Debug for LiveKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveKit(…)")
    }
}
