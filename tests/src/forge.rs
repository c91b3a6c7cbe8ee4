//! Announcements that lie, and a sender of many: what a hostile member of a local network can say.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use discovery::{Announcement, BEACON_PORT, host_name};
use identity::{Address, Identity};

/// What is said.
#[derive(Clone, Debug)]
pub enum Lie {
    /// That somebody else is there with every datagram: half of them by names of their own, the
    /// others hidden.
    Crowd,
    /// That this person is there, whose signature nobody can make.
    Person(Address),
    /// What a member announced that may be gone by now.
    Again(Announcement),
}

/// Says it from this address, at so many datagrams a second by each of multicast DNS and beacon.
///
/// # Errors
/// When there is no socket, or no random bytes.
pub fn send(lie: &Lie, from: Ipv4Addr, per_second: u32, lasting: Duration) -> Result<u64> {
    // Answers of multicast DNS count from this port only (RFC 6762, section 6).
    let mdns = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS_PORT))?;
    let beacon = UdpSocket::bind((from, 0))?;
    beacon.set_broadcast(true)?;
    let [a, b, c, _] = from.octets();
    let everybody = SocketAddr::from((Ipv4Addr::new(a, b, c, 255), BEACON_PORT));
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < lasting {
        let due = (begun.elapsed().as_secs_f64() * f64::from(per_second)) as u64;
        while sent < due {
            let (said, alias) = lie.said(sent)?;
            let beacon_of_it = datagram(&said, alias.as_ref(), from);
            // What finds no room in a queue is lost, as on any network.
            let _ = beacon.send_to(&beacon_of_it, everybody);
            let _ = mdns.send_to(&answer(&said, from), (MDNS_GROUP, MDNS_PORT));
            sent += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(sent)
}

impl Lie {
    /// An announcement, and the key of its alias where the liar has it.
    fn said(&self, number: u64) -> Result<(Announcement, Option<Identity>)> {
        if let Self::Again(said) = self {
            return Ok((said.clone(), None));
        }
        let (who, alias) = (Identity::generate()?, Identity::generate()?);
        let said = match self {
            Self::Crowd if number.is_multiple_of(2) => {
                Announcement::open(&who, &alias, PORT, &format!("Crowd {number}"))
            }
            Self::Crowd | Self::Again(_) => Announcement::hidden(&who, &alias, PORT, &[]),
            Self::Person(address) => {
                let mut said = Announcement::open(&who, &alias, PORT, "bea");
                if let Some(named) = &mut said.named {
                    named.address = *address;
                }
                // The alias stands by it: only the person's own signature is missing.
                let unsigned = said.clone();
                said.after(&unsigned, &alias)
            }
        };
        Ok((said, Some(alias)))
    }
}

/// A beacon: mark, format, kind, proof of its source and the announcement.
fn datagram(said: &Announcement, alias: Option<&Identity>, from: Ipv4Addr) -> Vec<u8> {
    let source = from.to_ipv6_mapped().octets();
    let proof = alias.map_or([9; 64], |it| it.sign_source(&source));
    [b"TnCb\x01\x01", &proof[..], &said.to_bytes()].concat()
}

/// An answer of multicast DNS that nobody asked for (RFC 6762, section 8.3): a service, where it is
/// and what it says.
fn answer(said: &Announcement, at: Ipv4Addr) -> Vec<u8> {
    let label = host_name(&said.alias);
    let label = label.split('.').next().unwrap_or_default();
    let service = name(&["_tincan", "_tcp", "local"]);
    let instance = name(&[label, "_tincan", "_tcp", "local"]);
    let host = name(&[label, "local"]);
    let port = said.port.to_be_bytes();
    let text = said.to_txt().into_iter();
    let text: Vec<u8> = text
        .flat_map(|it| [&[it.len() as u8][..], &it].concat())
        .collect();
    let service_at = [&[0; 4][..], &port, &host].concat();
    [
        // No id, an answer with authority, four records.
        &[0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0][..],
        &record(&service, 12, 1, &instance),
        &record(&instance, 33, 0x8001, &service_at),
        &record(&instance, 16, 0x8001, &text),
        &record(&host, 1, 0x8001, &at.octets()),
    ]
    .concat()
}

/// RFC 1035, section 3.2.1. It says that it holds for 75 minutes.
fn record(name: &[u8], kind: u16, class: u16, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_be_bytes();
    let (kind, class) = (kind.to_be_bytes(), class.to_be_bytes());
    [name, &kind, &class, &4500_u32.to_be_bytes(), &length, data].concat()
}

/// RFC 1035, section 3.1, without compression.
fn name(labels: &[&str]) -> Vec<u8> {
    let labels = labels.iter();
    let labels = labels.flat_map(|it| [&[it.len() as u8][..], it.as_bytes()].concat());
    labels.chain([0]).collect()
}

const MDNS_PORT: u16 = 5353;
const MDNS_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// Where nobody listens: one of those that members may have, so that what lies is more than the port.
const PORT: u16 = 4007;
