//! What STUN and TURN servers answer, asked once and outside of any call: for the doctor.
//!
//! One UDP socket of each family asks all of them, so that what they see of it can be compared. The
//! caller's task runs it all; nothing is left when it returns, no allocation at a server either.
//! RFC 8489 (STUN), RFC 8656 (TURN).

mod dialogue;
mod message;
mod place;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use media::transport::IceServer;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use self::dialogue::Dialogue;
use self::place::Place;

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Tells how our address looks from outside.
    Stun,
    /// Relays packets.
    Turn,
}

/// What became of asking one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does what it is for.
    Works,
    /// It does not take our account.
    CredentialsRefused,
    /// It answers, and relays nothing for us.
    RelayingRefused,
    /// It does not answer over UDP, or its name has no address.
    Silent,
    /// It is named for TCP or TLS, which is not tried.
    NotAsked,
}

/// How a server saw the socket that asked it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Where the server is.
    pub server: SocketAddr,
    /// The port that the socket has on this machine.
    pub local_port: u16,
    /// The address and port that the server saw.
    pub mapped: SocketAddr,
}

/// What all servers said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Of each server whose URL makes sense, in order.
    pub answers: Vec<(Purpose, Answer)>,
    /// By each server that told.
    pub mappings: Vec<Mapping>,
}

/// Asks these servers, at most [`MOST`], from `bind` if there is one, for no longer than `patience`.
pub async fn ask(servers: &[IceServer], bind: Option<IpAddr>, patience: Duration) -> Asked {
    let deadline = Instant::now() + patience;
    let places = servers
        .iter()
        .filter_map(|it| Some((Place::of(&it.url)?, it)));
    let places: Vec<_> = places.take(MOST).collect();
    let lookups = places.iter().map(|(place, _)| addresses(place));
    let addresses = futures::future::join_all(lookups).await;

    let mut dialogues = Vec::new();
    for (index, ((place, server), addresses)) in places.iter().zip(&addresses).enumerate() {
        for address in addresses {
            if bind.is_none_or(|it| it.is_ipv4() == address.is_ipv4()) {
                dialogues.push((index, Dialogue::new(place.purpose, *address, server)));
            }
        }
    }
    let (v4, v6): (Vec<_>, Vec<_>) = dialogues.into_iter().partition(|(_, it)| it.to.is_ipv4());
    let any_v4 = bind.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let any_v6 = bind.unwrap_or(Ipv6Addr::UNSPECIFIED.into());
    let (v4, v6) = tokio::join!(
        converse(any_v4, v4, deadline),
        converse(any_v6, v6, deadline)
    );
    let done: Vec<_> = v4.into_iter().chain(v6).collect();

    let answer = |(index, (place, _)): (usize, &(Place, _))| {
        let of_it = done.iter().filter(|(it, _)| *it == index);
        let best = of_it.map(|(_, it)| it.answer).max_by_key(|it| rank(*it));
        let silent = if place.over_udp {
            Answer::Silent
        } else {
            Answer::NotAsked
        };
        (place.purpose, best.unwrap_or(silent))
    };
    Asked {
        answers: places.iter().enumerate().map(answer).collect(),
        mappings: done.iter().filter_map(|(_, it)| it.mapping).collect(),
    }
}

/// What one conversation came to.
struct Done {
    answer: Answer,
    mapping: Option<Mapping>,
}

/// Holds all conversations of one family over one socket, until all are done or it is time.
async fn converse(
    bind: IpAddr,
    mut dialogues: Vec<(usize, Dialogue)>,
    deadline: Instant,
) -> Vec<(usize, Done)> {
    let mut local_port = 0;
    if !dialogues.is_empty() {
        match exchange(bind, &mut dialogues, deadline).await {
            Ok(port) => local_port = port,
            // A machine without this family: its servers are silent.
            Err(error) => tracing::debug!(kind = ?error.kind(), "no socket for servers"),
        }
    }
    let done = dialogues.into_iter().map(|(index, it)| {
        let mapping = it.mapped.map(|mapped| Mapping {
            server: it.to,
            local_port,
            mapped,
        });
        let answer = it.answer();
        (index, Done { answer, mapping })
    });
    done.collect()
}

/// Sends what is due and takes what comes. Returns the port that was asked from.
async fn exchange(
    bind: IpAddr,
    dialogues: &mut [(usize, Dialogue)],
    deadline: Instant,
) -> io::Result<u16> {
    let socket = UdpSocket::bind((bind, 0)).await?;
    let mut buffer = [0; message::LONGEST];
    loop {
        let now = Instant::now();
        for (_, dialogue) in dialogues.iter_mut() {
            if let Some(request) = dialogue.due(now) {
                // No way to this server is as good as its silence.
                let _ = socket.send_to(&request, dialogue.to).await;
            }
        }
        if now >= deadline || dialogues.iter().all(|(_, it)| it.is_over()) {
            break;
        }
        let next = dialogues.iter().filter_map(|(_, it)| it.next());
        let wake = next.min().unwrap_or(deadline).min(deadline);
        // An error is an ICMP message about an earlier datagram (on Windows): of no use here.
        if let Ok(Ok((length, from))) = timeout_at(wake, socket.recv_from(&mut buffer)).await {
            for (_, dialogue) in dialogues.iter_mut() {
                dialogue.receive(from, &buffer[..length], Instant::now());
            }
        }
    }
    for (_, dialogue) in dialogues.iter_mut() {
        if let Some(release) = dialogue.release() {
            // Lost, it costs the server a port for some minutes.
            let _ = socket.send_to(&release, dialogue.to).await;
        }
    }
    Ok(socket.local_addr()?.port())
}

/// One address of each family, where the server is asked over UDP.
async fn addresses(place: &Place) -> Vec<SocketAddr> {
    if !place.over_udp {
        return Vec::new();
    }
    let lookup = lookup_host((place.host.as_str(), place.port));
    let Ok(Ok(found)) = timeout(RESOLVE, lookup).await else {
        return Vec::new();
    };
    let found: Vec<_> = found.collect();
    let first = |v4: bool| found.iter().find(|it| it.is_ipv4() == v4).copied();
    first(true).into_iter().chain(first(false)).collect()
}

/// Of the answers at several addresses of one server, the best counts.
const fn rank(answer: Answer) -> u8 {
    match answer {
        Answer::Works => 4,
        Answer::RelayingRefused => 3,
        Answer::CredentialsRefused => 2,
        Answer::Silent => 1,
        Answer::NotAsked => 0,
    }
}

/// How many servers are asked: a relay names four, and settings some more.
pub const MOST: usize = 16;

/// How long one look-up may take: above the first retry of a usual resolver (1 s).
const RESOLVE: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests;
