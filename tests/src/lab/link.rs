//! A link between two hosts: two interfaces, and an emulator for each direction between them.
//!
//! Four threads a link: one reads what an end sends into an emulator, one writes what is due to the
//! other end. They end with the interfaces.

use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::conditions::Conditions;
use super::emulator::{Counts, Emulator};
use super::host::Host;
use super::profile::{Profile, Steps, steps};
use super::shell::run;
use super::tap::{FRAME, Tap};

/// A running link; dropping it removes both interfaces.
#[derive(Debug)]
pub struct Link {
    near: End,
    far: End,
    up: Arc<Way>,
    down: Arc<Way>,
    threads: Vec<JoinHandle<()>>,
}

/// One end.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: Host,
    pub(crate) interface: String,
    pub(crate) address: Ipv4Addr,
}

/// How late packets left the emulator, beyond what it wanted: our own fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lateness {
    /// Half of the packets were less late.
    pub p50: Duration,
    /// 99 of 100 were.
    pub p99: Duration,
}

/// One direction.
#[derive(Debug)]
struct Way {
    epoch: Instant,
    traffic: Mutex<Traffic>,
    changed: Condvar,
}

#[derive(Debug)]
struct Traffic {
    emulator: Emulator<Box<[u8]>>,
    passage: Passage,
    /// How many packets were late by so many tenths of a millisecond, the last entry by more.
    late: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    Open,
    /// Somebody holds the link cut, whatever its conditions are.
    Cut,
    /// The link is being taken down.
    Over,
}

impl Link {
    /// Connects two hosts. What is lost and repeated follows from `seed`.
    pub(crate) fn start(near: End, far: End, seed: u64) -> Result<Self> {
        let link = Self::wire(near, far, seed)?;
        set_up(&link.near, &link.far, seed)?;
        set_up(&link.far, &link.near, seed)?;
        Ok(link)
    }

    /// Connects two hosts by interfaces that are down and have no addresses.
    pub(crate) fn wire(near: End, far: End, seed: u64) -> Result<Self> {
        let taps = [&near, &far].map(|end| Tap::open(&end.host, &end.interface));
        let [near_tap, far_tap] = taps;
        let (near_tap, far_tap) = (Arc::new(near_tap?), Arc::new(far_tap?));
        let up = Way::new(seed.wrapping_mul(2));
        let down = Way::new(seed.wrapping_mul(2).wrapping_add(1));
        let mut threads = Vec::new();
        for (way, from, to) in [(&up, &near_tap, &far_tap), (&down, &far_tap, &near_tap)] {
            let (send, receive) = (Arc::clone(way), Arc::clone(way));
            let (from, to) = (Arc::clone(from), Arc::clone(to));
            threads.push(spawn(move || send.read(&from))?);
            threads.push(spawn(move || receive.write(&to))?);
        }
        Ok(Self {
            near,
            far,
            up,
            down,
            threads,
        })
    }

    /// The address of the host that was linked to another: unspecified where it has none of IPv4.
    #[must_use]
    pub const fn address(&self) -> Ipv4Addr {
        self.near.address
    }

    /// The address of the other one, as the first knows it: unspecified where that is a switch.
    #[must_use]
    pub const fn gateway(&self) -> Ipv4Addr {
        self.far.address
    }

    /// The name of the interface of the host that was linked to another.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.near.interface
    }

    /// Brings the host's interface down, or up again with the addresses that it had of IPv4; those of
    /// IPv6 are gone (ip-sysctl, `keep_addr_on_down`).
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn plug(&self, is_in: bool) -> Result<()> {
        let state = if is_in { "up" } else { "down" };
        let interface = &self.near.interface;
        self.near
            .host
            .ip(&format!("link set {interface} {state}\n"))
    }

    /// From now on it is as this profile says.
    pub fn set(&self, profile: &Profile) {
        self.up.follow(profile.up);
        self.down.follow(profile.down);
    }

    /// From now on these conditions hold in both directions.
    pub fn set_both(&self, conditions: Conditions) {
        self.set_up(conditions);
        self.set_down(conditions);
    }

    /// From now on these hold for what the host sends.
    pub fn set_up(&self, conditions: Conditions) {
        self.up.set(conditions);
    }

    /// From now on these hold for what it receives.
    pub fn set_down(&self, conditions: Conditions) {
        self.down.set(conditions);
    }

    /// Nothing passes from now on, and nobody is told.
    pub fn cut(&self) {
        for way in [&self.up, &self.down] {
            way.lock().passage = Passage::Cut;
        }
    }

    /// Everything passes again as the conditions say.
    pub fn mend(&self) {
        for way in [&self.up, &self.down] {
            way.lock().passage = Passage::Open;
        }
    }

    /// What became of packets so far: of those that the host sent, and of those for it.
    #[must_use]
    pub fn counts(&self) -> [Counts; 2] {
        [&self.up, &self.down].map(|way| way.lock().emulator.counts())
    }

    /// How late packets left so far, whatever their direction.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        let mut late = vec![0; LATE];
        for way in [&self.up, &self.down] {
            for (sum, count) in late.iter_mut().zip(&way.lock().late) {
                *sum += count;
            }
        }
        Lateness {
            p50: share(&late, 0.5),
            p99: share(&late, 0.99),
        }
    }

    pub(crate) const fn near(&self) -> &End {
        &self.near
    }

    pub(crate) const fn far(&self) -> &End {
        &self.far
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for way in [&self.up, &self.down] {
            way.lock().passage = Passage::Over;
            way.changed.notify_all();
        }
        // Whoever waits for a frame of an interface hears that it is gone. It may be gone already.
        for end in [&self.near, &self.far] {
            let _ = end.host.ip(&format!("link del {}", end.interface));
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

impl Way {
    fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            epoch: Instant::now(),
            traffic: Mutex::new(Traffic {
                emulator: Emulator::new(seed, Conditions::CLEAN),
                passage: Passage::Open,
                late: vec![0; LATE],
            }),
            changed: Condvar::new(),
        })
    }

    fn set(&self, conditions: Conditions) {
        self.lock().emulator.set(self.now(), conditions);
        self.changed.notify_all();
    }

    fn follow(&self, sequence: Steps) {
        self.lock().emulator.follow(self.now(), steps(sequence));
        self.changed.notify_all();
    }

    /// Reads what an interface sends, until it is gone.
    fn read(&self, from: &Tap) {
        let mut room = [0; FRAME];
        while let Ok(frame) = from.read(&mut room) {
            let mut traffic = self.lock();
            if traffic.passage == Passage::Open {
                let bytes = frame.len();
                traffic.emulator.send(self.now(), frame.into(), bytes);
                drop(traffic);
                self.changed.notify_all();
            }
        }
    }

    /// Writes what is due to an interface, until the link is over.
    fn write(&self, to: &Tap) {
        let mut traffic = self.lock();
        while traffic.passage != Passage::Over {
            let now = self.now();
            if let Some((due, frame)) = traffic.emulator.receive(now) {
                let late = (now.saturating_sub(due).as_micros() / 100) as usize;
                traffic.late[late.min(LATE - 1)] += 1;
                drop(traffic);
                // An interface that is down takes none, as a cable that is not plugged in.
                let _ = to.write(&frame);
                traffic = self.lock();
                continue;
            }
            let wait = traffic
                .emulator
                .due()
                .map_or(IDLE, |it| it.saturating_sub(now));
            let waited = self.changed.wait_timeout(traffic, wait.min(IDLE));
            (traffic, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Nothing below it panics, and what it guards stays true.
    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives an end its addresses, and its neighbour's. Nobody asks for those (ARP): an outage would let
/// them be forgotten, and asking anew takes up to a second that no path between two people has.
fn set_up(end: &End, other: &End, seed: u64) -> Result<()> {
    let End {
        host,
        interface,
        address,
    } = end;
    let theirs = other.address;
    host.ip(&format!(
        "link set {interface} address {} addrgenmode none\n\
         addr add {address}/{PREFIX} dev {interface}\n\
         link set {interface} up\n\
         neigh replace {theirs} lladdr {} dev {interface} nud permanent\n",
        hardware(*address, seed),
        hardware(theirs, seed),
    ))
}

/// An Ethernet address that is locally administered, of an address and a link.
pub(crate) fn hardware(address: Ipv4Addr, link: u64) -> String {
    let [_, _, third, last] = address.octets();
    format!("02:00:{:02x}:{third:02x}:00:{last:02x}", link % 256)
}

fn spawn(run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let run = move || {
        go_first();
        run();
    };
    Ok(thread::Builder::new().name("link".to_owned()).spawn(run)?)
}

/// Before everything else on this machine (SCHED_FIFO): it is a wire, and a wire does not wait for
/// compilers. A packet costs it some microseconds. Where this is not allowed packets are later, which
/// [`Link::lateness`] tells.
fn go_first() {
    let Ok(thread) = std::fs::read_link("/proc/thread-self") else {
        return;
    };
    if let Some(thread) = thread.file_name().and_then(|it| it.to_str()) {
        let _ = run("chrt", &["--fifo", "--pid", "10", thread], "");
    }
}

/// The lateness below which this share of packets stayed.
fn share(late: &[u32], share: f64) -> Duration {
    let all: u64 = late.iter().map(|count| u64::from(*count)).sum();
    let mut below = 0_u64;
    let at = late.iter().position(|count| {
        below += u64::from(*count);
        below as f64 >= all as f64 * share
    });
    Duration::from_micros(at.unwrap_or_default() as u64 * 100)
}

/// A subnet for two hosts, and for another address of a router.
pub(crate) const PREFIX: u8 = 29;

/// Up to 100 ms, in tenths of a millisecond.
const LATE: usize = 1000;

/// How long a thread waits that nobody wakes.
const IDLE: Duration = Duration::from_secs(1);
