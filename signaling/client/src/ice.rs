//! STUN and TURN servers that the relay names: which of them count, and when to ask again.
//!
//! The servers come from whoever runs the relay, which may be a stranger whom an invite names, so
//! what could not be used is dropped here. Time is an input; nothing here touches the socket.

use std::time::Duration;

use signal_wire::{IceUse, MAX_ICE_SERVERS};
use tokio::time::Instant;

use crate::event::{IceServer, IceServers};

/// When to ask the relay for servers again.
#[derive(Debug)]
pub(crate) struct Schedule {
    ask_at: Option<Instant>,
    /// The shortest time between two questions.
    pause: Duration,
}

impl Schedule {
    /// Asks nothing until the relay has named servers.
    pub(crate) const fn new(pause: Duration) -> Self {
        Self {
            ask_at: None,
            pause,
        }
    }

    /// A new connection: its welcome says whether there is anything to ask for.
    pub(crate) const fn forget(&mut self) {
        self.ask_at = None;
    }

    /// The relay named servers: those that count, and until when. Asks again when three quarters
    /// of that time are over, or, where there were none, all of it.
    pub(crate) fn take(
        &mut self,
        named: signal_wire::IceServers,
        now: Instant,
    ) -> Option<IceServers> {
        let ttl = Duration::from_secs(named.ttl_seconds.into()).min(LONGEST_TTL);
        let given = named.servers.len();
        let servers: Vec<_> = named.servers.into_iter().filter_map(usable).collect();
        let ignored = given - servers.len().min(MAX_ICE_SERVERS);
        if ignored > 0 {
            tracing::warn!(ignored, "the relay names servers that cannot be used");
        }
        let wait = if servers.is_empty() { ttl } else { ttl / 4 * 3 };
        self.ask_at = Some(now + wait.max(self.pause));
        (!servers.is_empty()).then(|| IceServers {
            servers: servers.into_iter().take(MAX_ICE_SERVERS).collect(),
            valid_until: (now + ttl).into_std(),
        })
    }

    /// Whether to ask now; when the answer fails to come, asks again after a pause.
    pub(crate) fn ask(&mut self, now: Instant) -> bool {
        let due = self.ask_at.is_some_and(|at| at <= now);
        if due {
            self.ask_at = Some(now + self.pause);
        }
        due
    }

    /// When to ask next.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.ask_at
    }
}

/// The server, if it can be used. STUN is asked without credentials.
fn usable(server: signal_wire::IceServer) -> Option<IceServer> {
    let usage = server.usage()?;
    let signal_wire::IceServer {
        url,
        username,
        credential,
    } = server;
    Some(match usage {
        IceUse::Stun => IceServer {
            url,
            username: String::new(),
            credential: String::new(),
        },
        IceUse::Turn => IceServer {
            url,
            username,
            credential,
        },
    })
}

/// The longest that credentials are believed to be good, so that no relay sets a date that a clock
/// cannot hold.
const LONGEST_TTL: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(15);

    fn server(url: &str) -> signal_wire::IceServer {
        signal_wire::IceServer {
            url: url.to_owned(),
            username: "1700000600:abc".to_owned(),
            credential: "secret".to_owned(),
        }
    }

    fn named(urls: &[&str], ttl_seconds: u32) -> signal_wire::IceServers {
        signal_wire::IceServers {
            servers: urls.iter().map(|url| server(url)).collect(),
            ttl_seconds,
        }
    }

    #[test]
    fn servers_are_asked_for_again_when_three_quarters_of_their_time_are_over() {
        let (now, mut schedule) = (Instant::now(), Schedule::new(PAUSE));
        assert_eq!(schedule.deadline(), None);
        let told = schedule.take(named(&["turn:a.example"], 600), now).unwrap();
        let end = now + Duration::from_secs(600);
        assert_eq!(told.valid_until, end.into_std());
        let due = now + Duration::from_secs(450);
        assert_eq!(schedule.deadline(), Some(due));
        assert!(!schedule.ask(due - Duration::from_millis(1)));
        assert!(schedule.ask(due));
        assert!(!schedule.ask(due), "an answer takes a moment");
        assert!(schedule.ask(due + PAUSE), "and may never come");
    }

    #[test]
    fn no_relay_makes_us_ask_without_a_pause_or_believe_a_date_for_ever() {
        let (now, mut schedule) = (Instant::now(), Schedule::new(PAUSE));
        assert!(schedule.take(named(&["turn:a.example"], 0), now).is_some());
        assert_eq!(schedule.deadline(), Some(now + PAUSE));
        let told = schedule.take(named(&["turn:a.example"], u32::MAX), now);
        let end = (now + LONGEST_TTL).into_std();
        assert_eq!(told.unwrap().valid_until, end);
    }

    #[test]
    fn a_refusal_replaces_nothing_and_is_followed_by_a_question_later() {
        let (now, mut schedule) = (Instant::now(), Schedule::new(PAUSE));
        assert!(schedule.take(named(&[], 20), now).is_none());
        assert_eq!(schedule.deadline(), Some(now + Duration::from_secs(20)));
    }

    #[test]
    fn what_cannot_be_used_is_dropped_and_four_servers_are_enough() {
        let (now, mut schedule) = (Instant::now(), Schedule::new(PAUSE));
        let long = format!("turn:{}", "x".repeat(300));
        let hostile = ["http://router/", "turn:a b", &long, "stun:a.example"];
        let told = schedule.take(named(&hostile, 600), now).unwrap();
        let [only] = &told.servers[..] else {
            panic!("{} servers", told.servers.len())
        };
        assert_eq!(only.url, "stun:a.example");
        assert_eq!(only.username, "", "STUN is asked without credentials");
        let many = schedule.take(named(&["turn:a.example"; 100], 600), now);
        assert_eq!(many.unwrap().servers.len(), MAX_ICE_SERVERS);
    }
}
