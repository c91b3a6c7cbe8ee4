//! Announcements that lie, and a sender of many: what a hostile member of a local network can say.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use discovery::{Announcement, BEACON_PORT, Named, Token, host_name};
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
            let said = lie.said(sent)?;
            // What finds no room in a queue is lost, as on any network.
            let _ = beacon.send_to(&datagram(&said), everybody);
            let _ = mdns.send_to(&answer(&said, from), (MDNS_GROUP, MDNS_PORT));
            sent += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(sent)
}

/// What the member at a place announces.
///
/// # Errors
/// When nobody of ours is there.
pub fn overheard(place: SocketAddr) -> Result<Announcement> {
    let mut stream = TcpStream::connect(place)?;
    let path = discovery::ANNOUNCEMENT_PATH;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let head = head.context("an answer of HTTP")?;
    Ok(Announcement::from_bytes(&answer[head + 4..])?)
}

impl Lie {
    fn said(&self, number: u64) -> Result<Announcement> {
        let alias = Identity::generate()?.address();
        Ok(match self {
            Self::Crowd if number.is_multiple_of(2) => {
                let name = format!("Crowd {number}");
                Announcement::open(&Identity::generate()?, &alias, PORT, &name)
            }
            Self::Crowd => Announcement {
                tokens: (0..8).map(|it| Token([it; 8])).collect(),
                ..hidden(alias)
            },
            Self::Person(address) => Announcement {
                named: Some(Named {
                    address: *address,
                    name: "bea".to_owned(),
                    signature: [7; 64],
                }),
                ..hidden(alias)
            },
            Self::Again(said) => said.clone(),
        })
    }
}

fn hidden(alias: Address) -> Announcement {
    Announcement {
        alias,
        port: PORT,
        version: signal_wire::VERSION,
        tokens: Vec::new(),
        named: None,
    }
}

/// A beacon: mark, format, kind, a farewell and the announcement.
fn datagram(said: &Announcement) -> Vec<u8> {
    [b"TnCb\x01\x01", &[9; 16][..], &said.to_bytes()].concat()
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

/// Where nobody listens.
const PORT: u16 = 9;
