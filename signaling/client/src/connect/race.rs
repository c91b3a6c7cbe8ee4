//! Trying the addresses of a relay, Happy Eyeballs style (RFC 8305, section 5): a silent address
//! costs a quarter of a second and not the whole attempt.
//!
//! TCP connections are raced against each other with staggered starts. The first one established
//! goes on alone with its handshake (TLS, WebSocket, challenge). An address that takes a TCP
//! connection and is silent then, as a proxy whose server is away, is no winner: when its
//! handshake takes too long the other addresses are tried beside it, and the first handshake that
//! is done ends the race.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::Failed;
use crate::event::Problem;
use crate::timing::Timing;

/// One attempt at all addresses.
pub(super) struct Race {
    /// Not tried yet, in order.
    waiting: VecDeque<SocketAddr>,
    /// The addresses of `connecting`.
    in_flight: Vec<SocketAddr>,
    connecting: FuturesUnordered<Connecting>,
    /// When the next address gets its chance.
    next_at: Instant,
    /// The first thing that went wrong at an address where something answers.
    answered: Option<Problem>,
    /// Where the relay was that closed the connection before.
    closed_by: Option<SocketAddr>,
    /// Whether its machine says that nothing is there any more.
    is_gone: bool,
    /// Whether it closed another connection.
    closed_again: bool,
    attempt_delay: Duration,
    handshake_patience: Duration,
}

type Connecting = Pin<Box<dyn Future<Output = (SocketAddr, io::Result<TcpStream>)> + Send>>;

impl Race {
    /// A race of these addresses.
    pub(super) fn new(addresses: Vec<SocketAddr>, timing: &Timing) -> Self {
        Self {
            waiting: addresses.into(),
            in_flight: Vec::new(),
            connecting: FuturesUnordered::new(),
            next_at: Instant::now(),
            answered: None,
            closed_by: None,
            is_gone: false,
            closed_again: false,
            attempt_delay: timing.attempt_delay,
            handshake_patience: timing.handshake_patience,
        }
    }

    /// The same after the relay at one of the addresses closed the connection. That one is tried
    /// first, and when it is refused the others have the time of a handshake.
    pub(super) fn after_close_by(mut self, closed_by: Option<SocketAddr>) -> Self {
        let was_there = |it: &SocketAddr| closed_by == Some(*it);
        self.waiting
            .make_contiguous()
            .sort_by_key(|it| !was_there(it));
        self.closed_by = closed_by;
        self
    }

    /// Runs until a handshake is done, every address has failed, or the deadline has come. The
    /// connections that did not win are dropped.
    pub(super) async fn run<T, F>(
        mut self,
        mut deadline: Instant,
        handshake: impl Fn(TcpStream) -> F,
    ) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        let mut handshakes = FuturesUnordered::new();
        loop {
            tokio::select! {
                // In this order: what is done comes before what is late.
                biased;
                Some((address, done)) = handshakes.next() => match done {
                    Ok(opened) => return Ok(opened),
                    Err(problem) => {
                        let closed_by = self.closed_by.filter(|it| *it == address);
                        let failed = Failed::after_connecting(problem, closed_by);
                        self.closed_again |= failed.closed_by.is_some();
                        self.failed(problem);
                    }
                },
                Some((address, connected)) = self.connecting.next() => match connected {
                    Ok(stream) => {
                        self.connected(address, deadline);
                        let opening = handshake(stream);
                        handshakes.push(async move { (address, opening.await) });
                    }
                    Err(error) => {
                        self.in_flight.retain(|it| *it != address);
                        if self.says_gone(address, &error) {
                            deadline = deadline.min(Instant::now() + self.handshake_patience);
                        }
                        self.failed(Problem::Unreachable);
                    }
                },
                () = sleep_until(self.next_at), if !self.waiting.is_empty() => self.start_next(),
                () = sleep_until(deadline) => break,
            }
            if handshakes.is_empty() && self.connecting.is_empty() && self.waiting.is_empty() {
                break;
            }
        }
        let nobody = if self.is_gone {
            Problem::Gone
        } else {
            Problem::Unreachable
        };
        Err(Failed {
            problem: self.answered.unwrap_or(nobody),
            closed_by: self.closed_by.filter(|_| self.is_gone || self.closed_again),
        })
    }

    /// Whether this failure says that the relay which closed the connection is not there any more.
    fn says_gone(&mut self, address: SocketAddr, error: &io::Error) -> bool {
        let refused = error.kind() == io::ErrorKind::ConnectionRefused;
        let is_gone = refused && self.closed_by == Some(address);
        self.is_gone |= is_gone;
        is_gone
    }

    fn start_next(&mut self) {
        let Some(address) = self.waiting.pop_front() else {
            return;
        };
        self.in_flight.push(address);
        let connect = async move { (address, TcpStream::connect(address).await) };
        self.connecting.push(Box::pin(connect));
        self.next_at = Instant::now() + self.attempt_delay;
    }

    /// An address has a connection: the others are dropped, and come back to the end of the line
    /// for the case that its handshake does not succeed. Where many are waiting each gets an equal
    /// share of the time that is left, so that the last one has its chance too.
    fn connected(&mut self, winner: SocketAddr, deadline: Instant) {
        self.connecting.clear();
        let losers = self.in_flight.drain(..).filter(|it| *it != winner);
        self.waiting.extend(losers);
        let now = Instant::now();
        let addresses = u32::try_from(self.waiting.len() + 1).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(now) / addresses;
        self.next_at = now + self.handshake_patience.min(share);
    }

    /// An address has failed: the next one starts at once.
    fn failed(&mut self, problem: Problem) {
        tracing::debug!(?problem, "an address does not lead to the relay");
        if problem != Problem::Unreachable {
            self.answered.get_or_insert(problem);
        }
        self.next_at = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_last_of_many_addresses_has_its_chance_when_all_others_fall_silent() {
        let timing = Timing {
            attempt_delay: Duration::from_millis(20),
            handshake_patience: Duration::from_millis(600),
            ..Timing::default()
        };
        let mut listeners = Vec::new();
        for _ in 0..8 {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let addresses: Vec<_> = listeners
            .iter()
            .map(|it| it.local_addr().unwrap())
            .collect();
        let good = addresses[7];
        let handshake = |stream: TcpStream| async move {
            if stream.peer_addr().unwrap() == good {
                Ok(good)
            } else {
                std::future::pending().await
            }
        };
        let deadline = Instant::now() + Duration::from_millis(2400);
        let won = Race::new(addresses, &timing).run(deadline, handshake).await;
        assert_eq!(won, Ok(good));
    }
}
