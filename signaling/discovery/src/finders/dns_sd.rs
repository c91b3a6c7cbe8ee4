//! DNS-SD over multicast DNS (RFC 6763, RFC 6762), by the `mdns-sd` crate and the thread that it
//! starts.
//!
//! Names of instance and host come from the alias: the name of the machine is told to nobody, and no
//! two members want one name, so that no probing has to come first. A record holds for 75 minutes by
//! itself; a member says every [`HEARTBEAT`] that it is alive, in a TXT string that counts, and who
//! is not heard is gone after [`LASTS`]. That costs one packet twice for each family and network,
//! however many members there are; to ask each one for it would cost their square.

mod question;

use std::collections::HashMap;
use std::future;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::Identity;
use mdns_sd::{
    IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo,
    TxtProperty,
};
use socket2::Domain;
use tokio::time::{Interval, interval, interval_at, sleep, sleep_until, timeout};
use tracing::{debug, warn};

use super::checks::Checks;
use super::{Finder, NotOpened, shared_port};
use crate::announcement::{Announcement, label};
use crate::encoding::Claimed;
use crate::interfaces::Interfaces;
use crate::lan::{FinderKind, Heard, Sighting};
use crate::neighbours::Neighbours;

/// DNS-SD of one member.
pub(super) struct DnsSd {
    alias: Arc<Identity>,
    daemon: ServiceDaemon,
    events: Receiver<ServiceEvent>,
    said: Option<Announcement>,
    /// The full name under which we are registered.
    registered: Option<String>,
    beats: u32,
    beat: Interval,
    check: Interval,
    /// When to ask who else is there: see [`question`].
    asks_at: Option<tokio::time::Instant>,
    /// What was told as seen, by the name of its instance: what is removed is known by that only. At
    /// most [`Neighbours::MAX`].
    seen: HashMap<String, (Announcement, Instant)>,
    checks: Checks,
    /// As they were then: read again when a service is seen, but not at each of a flood.
    interfaces: (Instant, Interfaces),
}

impl Finder for DnsSd {
    const NAME: &'static str = "DNS-SD";

    /// Starts the thread and looks for others.
    fn open(alias: &Arc<Identity>) -> Result<Self, NotOpened> {
        // The daemon says of no port that it is taken, and hears nothing then. One family is enough.
        let families = [Domain::IPV4, Domain::IPV6];
        let opened = families.map(|it| shared_port::open(it, MDNS_PORT));
        if let [Err(error), Err(_)] = opened {
            return Err(NotOpened::Port(error));
        }
        let daemon = ServiceDaemon::new()?;
        // Two members on one machine hear each other on any other interface, and by the beacon.
        daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        daemon.set_ip_check_interval(INTERFACE_CHECK_SECONDS)?;
        Ok(Self {
            alias: Arc::clone(alias),
            events: daemon.browse(SERVICE)?,
            daemon,
            said: None,
            registered: None,
            beats: 0,
            beat: interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT),
            check: interval(CACHE_CHECK),
            asks_at: None,
            seen: HashMap::new(),
            checks: Checks::default(),
            interfaces: (Instant::now(), Interfaces::now()),
        })
    }

    async fn hear(&mut self) -> Option<Heard> {
        loop {
            let asks_at = self.asks_at;
            let asks = async {
                match asks_at {
                    Some(at) => sleep_until(at).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                _ = self.beat.tick() => self.say(),
                _ = self.check.tick() => if self.is_flooded().await {
                    debug!("multicast DNS is flooded, its cache is thrown away");
                    return None;
                },
                () = asks => {
                    self.asks_at = None;
                    question::ask(&self.alias.address(), &Interfaces::now());
                },
                event = self.events.recv_async() => match event {
                    Ok(event) => if let Some(heard) = self.take(event) {
                        return Some(heard);
                    },
                    // It was not read fast enough: with what is in the cache, after a pause in which
                    // a flood does not make us ask all the time.
                    Err(_) => {
                        sleep(BROWSE_PAUSE).await;
                        self.events = self.daemon.browse(SERVICE).ok()?;
                    }
                },
            }
        }
    }

    fn announce(&mut self, said: Option<Announcement>) {
        let now = tokio::time::Instant::now();
        self.asks_at = question::due(self.asks_at, self.said.as_ref(), said.as_ref(), now);
        self.said = said;
        self.say();
    }

    fn network_changed(&mut self) {
        self.say();
    }

    async fn leave(mut self) {
        if let Some(said) = self.registered.take()
            && let Ok(done) = self.daemon.unregister(&said)
        {
            let _ = timeout(ANSWER_TIMEOUT, done.recv_async()).await;
        }
        if let Ok(done) = self.daemon.shutdown() {
            let _ = timeout(ANSWER_TIMEOUT, done.recv_async()).await;
        }
    }
}

impl DnsSd {
    /// Says what there is to say, or that there is nothing any more.
    fn say(&mut self) {
        let Some(said) = &self.said else {
            if let Some(name) = self.registered.take() {
                let _ = self.daemon.unregister(&name);
            }
            return;
        };
        self.beats = self.beats.wrapping_add(1);
        let Some(service) = service(said, self.beats) else {
            return;
        };
        let name = service.get_fullname().to_owned();
        match self.daemon.register(service) {
            Ok(()) => self.registered = Some(name),
            Err(error) => debug!(%error, "not announced by DNS-SD"),
        }
    }

    fn take(&mut self, event: ServiceEvent) -> Option<Heard> {
        match event {
            ServiceEvent::ServiceResolved(service) => self.sighting(&service).map(Heard::Seen),
            ServiceEvent::ServiceRemoved(_, name) => {
                let (said, _) = self.seen.remove(&name)?;
                Some(Heard::Gone {
                    alias: said.alias,
                    finder: FinderKind::DnsSd,
                })
            }
            _ => None,
        }
    }

    /// What a service says, if it is a member. What it said before is not checked again, and of what
    /// is new only so much at a time.
    fn sighting(&mut self, service: &ResolvedService) -> Option<Sighting> {
        let claimed = claimed(service)?;
        let port = claimed.unverified().port;
        let addresses = service.get_addresses().iter();
        let addresses = addresses.filter(|it| may_be_claimed(it.to_ip_addr()));
        let addresses = addresses.map(|it| place(it, port));
        let places = self.interfaces().near(addresses);
        if places.is_empty() {
            return None;
        }
        let name = service.get_fullname();
        let announcement = match self.seen.get(name) {
            Some((seen, _)) if seen == claimed.unverified() => seen.clone(),
            Some((seen, _)) if seen.is_newer_than(claimed.unverified()) => return None,
            Some(_) | None if !self.checks.take(Instant::now()) => return None,
            Some(_) | None => claimed.verify().ok()?,
        };
        self.remember(name, &announcement);
        Some(Sighting {
            announcement,
            places,
            finder: FinderKind::DnsSd,
            lasts: LASTS,
        })
    }

    fn interfaces(&mut self) -> &Interfaces {
        if self.interfaces.0.elapsed() > INTERFACES_HOLD {
            self.interfaces = (Instant::now(), Interfaces::now());
        }
        &self.interfaces.1
    }

    fn remember(&mut self, name: &str, said: &Announcement) {
        let now = Instant::now();
        self.seen.retain(|_, (_, heard)| now < *heard + LASTS);
        if self.seen.len() < Neighbours::MAX || self.seen.contains_key(name) {
            self.seen.insert(name.to_owned(), (said.clone(), now));
        }
    }

    /// Whether the cache of the daemon holds more than members could say: it has no bound of its
    /// own, and keeps what is forged for as long as that says.
    async fn is_flooded(&self) -> bool {
        let Ok(metrics) = self.daemon.get_metrics() else {
            return false;
        };
        let Ok(Ok(metrics)) = timeout(ANSWER_TIMEOUT, metrics.recv_async()).await else {
            return false;
        };
        let cached = metrics.iter().filter(|it| it.0.starts_with("cached"));
        let timers = metrics.get("timer").copied().unwrap_or_default();
        let cached = cached.map(|it| *it.1).sum::<i64>();
        usize::try_from(cached).is_ok_and(|it| it > MAX_CACHED) || timers > MAX_TIMERS
    }
}

impl Drop for DnsSd {
    /// The thread of the daemon does not end by itself.
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

fn service(said: &Announcement, beats: u32) -> Option<ServiceInfo> {
    let name = label(&said.alias);
    let mut txt: Vec<_> = said.pairs().into_iter().map(TxtProperty::from).collect();
    txt.push(TxtProperty::from((
        BEATS.to_owned(),
        beats.to_string().into_bytes(),
    )));
    let host = format!("{name}.local.");
    let made = ServiceInfo::new(SERVICE, &name, &host, (), said.port, txt);
    match made {
        Ok(service) => {
            let mut service = service.enable_addr_auto();
            service.set_requires_probe(false);
            Some(service)
        }
        Err(error) => {
            warn!(%error, "DNS-SD cannot say what we announce");
            None
        }
    }
}

/// What a service claims, if it is a member: one whose instance has the name of its alias, so that
/// nobody has several.
fn claimed(service: &ResolvedService) -> Option<Claimed> {
    let strings: Vec<_> = service
        .get_properties()
        .iter()
        .map(|it| [it.key().as_bytes(), b"=", it.val().unwrap_or_default()].concat())
        .collect();
    let strings = strings.iter().map(Vec::as_slice);
    let claimed = Claimed::from_txt(service.get_port(), strings).ok()?;
    let (instance, _) = service.get_fullname().split_once('.')?;
    let is_its_own = instance.eq_ignore_ascii_case(&label(&claimed.unverified().alias));
    is_its_own.then_some(claimed)
}

/// Whether a record may name this address, which nobody signs. What is on this machine says so by its
/// other addresses: who names a loopback would have us knock at services of ours. IPv4 has records of
/// its own, so none is in one of IPv6.
fn may_be_claimed(address: IpAddr) -> bool {
    address == address.to_canonical() && !address.is_loopback()
}

/// A link-local address holds on the interface on which it was heard only.
fn place(address: &ScopedIp, port: u16) -> SocketAddr {
    match (address, address.to_ip_addr()) {
        (ScopedIp::V6(scoped), IpAddr::V6(ip)) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, port, 0, scoped.scope_id().index).into()
        }
        (_, ip) => SocketAddr::new(ip, port),
    }
}

/// RFC 6762, section 3.
const MDNS_PORT: u16 = 5353;

const SERVICE: &str = "_tincan._tcp.local.";

/// The key of the string that counts, which nobody reads: that it is another one makes others tell
/// of it.
const BEATS: &str = "b";

/// Three of them are sent in the time that a sighting holds.
const HEARTBEAT: Duration = Duration::from_secs(9);

/// Of a crash everybody knows within half a minute.
const LASTS: Duration = Duration::from_secs(28);

/// How soon a new interface is seen.
const INTERFACE_CHECK_SECONDS: u32 = 3;

/// A flood of 1000 packets a second brings some megabytes in this time, and the daemon searches
/// them for each packet.
const CACHE_CHECK: Duration = Duration::from_secs(2);

/// As many members as there may be, with a service, a text and eight addresses each.
const MAX_CACHED: usize = Neighbours::MAX * 12;

/// The daemon sets two for every record that it hears, for as long as the record holds: with thirty
/// members about 250 000. A million take 16 MB.
const MAX_TIMERS: i64 = 1_000_000;

const INTERFACES_HOLD: Duration = Duration::from_millis(500);

const BROWSE_PAUSE: Duration = Duration::from_secs(1);

/// The daemon answers from its thread at once.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_sends_us_to_this_machine_itself() {
        for (address, may_be) in [
            ("192.168.1.5", true),
            ("fe80::1", true),
            ("fd00::5", true),
            ("127.0.0.1", false),
            ("127.3.2.1", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:192.168.1.5", false),
        ] {
            assert_eq!(
                may_be_claimed(address.parse().unwrap()),
                may_be,
                "{address}"
            );
        }
    }
}
