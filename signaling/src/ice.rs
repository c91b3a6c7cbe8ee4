//! STUN and TURN servers for clients, with short-lived TURN credentials.
//!
//! A TURN server that shares a secret with the relay (coturn: `use-auth-secret`) takes, without
//! asking anybody, a user name that begins with the time until which it is good, and its HMAC as
//! the password: "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00). The
//! rest of the name is random, so the TURN server learns nothing of who somebody is, and cannot tell
//! that two names are one client's. The relay keeps nothing of what it issued but when an address,
//! and when a source, may ask again: addresses cost nothing, and whoever could collect user names
//! under many of them would get around the TURN server's own quotas.
//!
//! Time is an input. What must never happen: the secret or a credential in a log line.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use signal_wire::{Address, IceServer, IceServers, IceUse, MAX_ICE_SERVERS, ice_use};
use tokio::time::Instant;

use crate::asked::Asked;
use crate::source::Prefix;

/// The servers that clients are told of; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceConfig {
    stun: Vec<String>,
    turn: Option<Turn>,
}

/// TURN servers that share a secret with the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    urls: Vec<String>,
    secret: TurnSecret,
    ttl: Duration,
}

/// What the relay and its TURN servers know, and nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnSecret(Vec<u8>);

/// Why servers cannot be named to clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IceConfigError {
    /// Not `stun:HOST[:PORT]`.
    #[error("{0:?} is not stun:HOST or stun:HOST:PORT")]
    NotStun(String),
    /// Not `turn:HOST[:PORT]`, nor the same with `turns:` or a transport.
    #[error("{0:?} is not turn:HOST or turn:HOST:PORT")]
    NotTurn(String),
    /// More than clients heed.
    #[error("{0} servers are more than the {MAX_ICE_SERVERS} that clients heed")]
    TooMany(usize),
    /// A secret that can be guessed gives the TURN server to everybody.
    #[error("a secret of {0} bytes is shorter than {MIN_SECRET_BYTES}")]
    ShortSecret(usize),
    /// Clients ask again well before the end, but not every second.
    #[error("credentials must be good for {SHORTEST_TTL:?} to {LONGEST_TTL:?}, not {0:?}")]
    Ttl(Duration),
}

impl IceConfig {
    /// STUN servers (RFC 7064) for every client.
    ///
    /// # Errors
    /// When one is no STUN server.
    pub fn with_stun(mut self, urls: Vec<String>) -> Result<Self, IceConfigError> {
        let not_stun = |url: &&String| ice_use(url) != Some(IceUse::Stun);
        if let Some(url) = urls.iter().find(not_stun) {
            return Err(IceConfigError::NotStun(url.clone()));
        }
        self.stun = urls;
        self.checked()
    }

    /// TURN servers (RFC 7065) that all share this secret, with credentials that are good for
    /// `ttl`.
    ///
    /// # Errors
    /// When one is no TURN server, or the period is too short or too long.
    pub fn with_turn(
        mut self,
        urls: Vec<String>,
        secret: TurnSecret,
        ttl: Duration,
    ) -> Result<Self, IceConfigError> {
        let not_turn = |url: &&String| ice_use(url) != Some(IceUse::Turn);
        if let Some(url) = urls.iter().find(not_turn) {
            return Err(IceConfigError::NotTurn(url.clone()));
        }
        if ttl < SHORTEST_TTL || ttl > LONGEST_TTL {
            return Err(IceConfigError::Ttl(ttl));
        }
        self.turn = Some(Turn { urls, secret, ttl });
        self.checked()
    }

    /// How many STUN and how many TURN servers there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let turn = self.turn.as_ref().map_or(0, |turn| turn.urls.len());
        (self.stun.len(), turn)
    }

    fn checked(self) -> Result<Self, IceConfigError> {
        let (stun, turn) = self.counts();
        if stun + turn > MAX_ICE_SERVERS {
            return Err(IceConfigError::TooMany(stun + turn));
        }
        Ok(self)
    }
}

impl TurnSecret {
    /// The content of a file that holds the secret: white space around it does not count.
    ///
    /// # Errors
    /// When it is short enough to be guessed.
    pub fn from_text(text: &str) -> Result<Self, IceConfigError> {
        let secret = text.trim().as_bytes();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(IceConfigError::ShortSecret(secret.len()));
        }
        Ok(Self(secret.to_vec()))
    }

    /// The password of a user name.
    fn password(&self, username: &str) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(username.as_bytes());
        BASE64.encode(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret(…)")
    }
}

/// Tells clients of servers, each of them now and then.
#[derive(Debug)]
pub(crate) struct Issuer {
    config: IceConfig,
    seats: Mutex<Asked<Address>>,
    sources: Mutex<Asked<Prefix>>,
}

impl Issuer {
    /// One for about so many clients at a time.
    pub(crate) fn new(config: IceConfig, clients: usize) -> Self {
        Self {
            config,
            seats: Mutex::new(Asked::new(2 * clients, PERIOD, BURST)),
            sources: Mutex::new(Asked::new(2 * clients, SOURCE_PERIOD, SOURCE_BURST)),
        }
    }

    /// The servers for a client, with credentials of its own; `None` where the relay knows none.
    /// A client that asks too often is told when to ask again.
    pub(crate) fn issue(
        &self,
        address: Address,
        ip: IpAddr,
        now: Instant,
        clock: SystemTime,
    ) -> Option<IceServers> {
        if self.config.counts() == (0, 0) {
            return None;
        }
        // The address first: what it asks in vain is not its neighbours' loss.
        let taken = take(&self.seats, address, now)
            .and_then(|()| take(&self.sources, Prefix::customer(ip), now));
        Some(match taken {
            Ok(()) => self.config.servers(clock),
            Err(wait) => {
                tracing::debug!(?wait, "a client asks for servers too often");
                IceServers {
                    servers: Vec::new(),
                    ttl_seconds: seconds(wait).max(1),
                }
            }
        })
    }
}

impl IceConfig {
    fn servers(&self, clock: SystemTime) -> IceServers {
        let stun = self.stun.iter().map(|url| IceServer {
            url: url.clone(),
            username: String::new(),
            credential: String::new(),
        });
        let mut servers: Vec<_> = stun.collect();
        let ttl = self.turn.as_ref().map_or(STUN_TTL, |turn| turn.ttl);
        if let Some(turn) = &self.turn
            && let Some(username) = username(clock + ttl)
        {
            let credential = turn.secret.password(&username);
            servers.extend(turn.urls.iter().map(|url| IceServer {
                url: url.clone(),
                username: username.clone(),
                credential: credential.clone(),
            }));
        }
        IceServers {
            servers,
            ttl_seconds: seconds(ttl),
        }
    }
}

fn take<K: Eq + Hash>(asked: &Mutex<Asked<K>>, key: K, now: Instant) -> Result<(), Duration> {
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.take(key, now)
}

/// A random name that is good until then.
fn username(until: SystemTime) -> Option<String> {
    let until = until.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let mut random = [0; NAME_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes");
        return None;
    }
    Some(format!("{until}:{}", HEXLOWER.encode(&random)))
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// An address may be told once in this time …
const PERIOD: Duration = Duration::from_secs(10);

/// … and so often at once: a client that loses its connection comes back at once, and again.
const BURST: u32 = 3;

/// All addresses of one source, an IPv4 address or an IPv6 /48: an office asks a few times in an
/// hour, and whoever collects gets no more than 3,600 …
const SOURCE_PERIOD: Duration = Duration::from_secs(1);

/// … and so many at once: an office behind one address comes back at once after an outage, and
/// again.
const SOURCE_BURST: u32 = 128;

/// Names never meet by chance.
const NAME_BYTES: usize = 12;

/// 128 bits, were each of them random.
const MIN_SECRET_BYTES: usize = 16;

/// A client asks again after three quarters of it, and once in 10 s at most.
const SHORTEST_TTL: Duration = Duration::from_secs(60);

/// Whoever gets hold of a credential can use it so long.
const LONGEST_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// For STUN alone, which needs no credentials: how soon clients hear of other servers.
const STUN_TTL: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests;
