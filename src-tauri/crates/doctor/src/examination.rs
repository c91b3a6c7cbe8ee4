//! Looks at everything, side by side.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use discovery::{Announcement, DEFAULT_PORT, FinderKind};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use transport::network::Interface;
use transport::servers::{self, Purpose};

use crate::camera;
use crate::finding::Finding;
use crate::firewall;
use crate::members::{Heard, Members};
use crate::nat;
use crate::network;
use crate::notes::Notes;
use crate::peer::{self, Visit};
use crate::relay;
use crate::report::{Check, CheckKind, Report};
use crate::sound;
use crate::subjects::{Device, OwnPort, Peer, Subjects};
use crate::tcp;

/// How long an examination takes at most. What is not known by then is [`Finding::TimedOut`].
pub const LIMIT: Duration = Duration::from_secs(6);

/// Looks at everything, and tells `progress` of each finding as it comes. Needs a Tokio runtime.
pub async fn examine(subjects: Subjects, progress: impl Fn(&Check) + Send + Sync) -> Report {
    let notes = Notes::new(&progress);
    let interfaces = spawn_blocking(Interface::all).await.unwrap_or_default();
    notes.add(CheckKind::Interfaces, network::interfaces(&interfaces));
    notes.add(CheckKind::Vpn, network::vpn(&interfaces));
    let all = async {
        tokio::join!(
            Box::pin(lan(&subjects, &interfaces, &notes)),
            Box::pin(internet(&subjects, &interfaces, &notes)),
            device(
                CheckKind::Camera,
                subjects.camera.clone(),
                &notes,
                camera::look
            ),
            device(
                CheckKind::Microphone,
                subjects.microphone.clone(),
                &notes,
                sound::listen
            ),
            device(
                CheckKind::Speaker,
                subjects.speaker.clone(),
                &notes,
                sound::play
            ),
        );
    };
    // What was under way ends by being dropped.
    let _late: Result<(), _> = timeout(LIMIT, all).await;
    Report::new(notes.into_checks(), &subjects.program)
}

/// Our own port, who is heard, who is reached, and who reaches us.
async fn lan(subjects: &Subjects, interfaces: &[Interface], notes: &Notes<'_>) {
    let (visit, looked) = tokio::join!(visit(subjects), look(subjects, interfaces, notes));
    let looked = looked.unwrap_or_else(|why| {
        for kind in [CheckKind::OwnPort, CheckKind::DnsSd, CheckKind::Beacon] {
            notes.add(kind, why.clone());
        }
        Looked::not(why)
    });
    let heard = &looked.heard;
    let (neighbours, (visit, way_in)) = tokio::join!(heard.reach(), async {
        let visit = match (visit, &subjects.peer) {
            (None, Some(Peer::Person { places, who })) => {
                Some(peer::person(places, who.as_ref(), heard).await)
            }
            (visit, _) => visit,
        };
        let way_in = way_in(visit.as_ref(), &looked).await;
        (visit, way_in)
    });
    let neighbours = looked.why_not.clone().unwrap_or(neighbours);
    notes.add(CheckKind::Neighbours, neighbours);
    let peer = visit.as_ref().map(|it| it.finding(heard));
    notes.add(CheckKind::Peer, peer.unwrap_or(Finding::NoPeerNamed));
    notes.add(CheckKind::WayIn, way_in.clone());
    let firewall = firewall::judge(firewall::program(), &looked.own_port, &way_in);
    notes.add(CheckKind::Firewall, firewall);
    if let Some(members) = looked.members {
        members.leave().await;
    }
}

/// Whether whoever was visited reaches us.
async fn way_in(visit: Option<&Visit>, looked: &Looked) -> Finding {
    match (visit, &looked.why_not, &looked.said) {
        (None, _, _) => Finding::NoPeerNamed,
        (Some(_), Some(why), _) => why.clone(),
        (Some(_), None, None) => Finding::WayInNotThere,
        (Some(visit), None, Some(said)) => visit.way_in(said).await,
    }
}

/// What came of looking around on the local networks.
struct Looked {
    heard: Heard,
    own_port: Finding,
    /// What is announced at our own port; `None` while nothing is.
    said: Option<Announcement>,
    /// Who looked; they are there until they leave.
    members: Option<Members>,
    why_not: Option<Finding>,
}

impl Looked {
    /// Nobody could look, for this reason.
    fn not(why: Finding) -> Self {
        Self {
            heard: Heard::default(),
            own_port: why.clone(),
            said: None,
            members: None,
            why_not: Some(why),
        }
    }
}

/// Goes to the place that was named, which needs nobody to be heard.
async fn visit(subjects: &Subjects) -> Option<Visit> {
    match &subjects.peer {
        Some(Peer::Place(text)) => Some(peer::visit(text).await),
        Some(Peer::Person { .. }) | None => None,
    }
}

/// Announces somebody made for the occasion and listens; says what became of our own port too.
async fn look(
    subjects: &Subjects,
    interfaces: &[Interface],
    notes: &Notes<'_>,
) -> Result<Looked, Finding> {
    let lan = subjects.lan.as_ref().ok_or(Finding::LanOff)?;
    if !interfaces.iter().any(network::leads_to_others) {
        return Err(Finding::NoNetworkToTry);
    }
    let mut members = Members::join(lan.as_ref()).await?;
    let own: Vec<IpAddr> = interfaces.iter().map(|it| it.address).collect();
    let who = match &subjects.peer {
        Some(Peer::Person { who, .. }) => Some(who.as_ref()),
        Some(Peer::Place(_)) | None => None,
    };
    let temporary = members.said().clone();
    let port = temporary.port;
    let own_port = async {
        let found = match (subjects.port, port) {
            (OwnPort::At(port), _) | (OwnPort::NotOpen, port @ DEFAULT_PORT) => {
                tcp::own_port(port, interfaces).await
            }
            (OwnPort::NotOpen | OwnPort::NotKnown, port) => {
                tcp::temporary_port(port, interfaces).await
            }
        };
        notes.add(CheckKind::OwnPort, found.clone());
        found
    };
    let (heard, own_port, said) = tokio::join!(
        members.listen(&own, who),
        own_port,
        said(subjects, temporary)
    );
    notes.add(CheckKind::DnsSd, heard.by(FinderKind::DnsSd));
    notes.add(CheckKind::Beacon, heard.by(FinderKind::Beacon));
    Ok(Looked {
        heard,
        own_port,
        said,
        members: Some(members),
        why_not: None,
    })
}

/// What others hear of the port that they would dial: that of the member that runs, or of the one
/// that was made for the occasion where it has the same.
async fn said(subjects: &Subjects, temporary: Announcement) -> Option<Announcement> {
    match subjects.port {
        OwnPort::At(port) => {
            let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            discovery::ask(here).await.ok()
        }
        OwnPort::NotOpen => (temporary.port == DEFAULT_PORT).then_some(temporary),
        OwnPort::NotKnown => None,
    }
}

/// The relay and the clock, then the servers that the relay and the settings name.
async fn internet(subjects: &Subjects, interfaces: &[Interface], notes: &Notes<'_>) {
    let mut servers = subjects.ice_servers.clone();
    let mut is_online = false;
    match &subjects.relay {
        None => {
            notes.add(CheckKind::Relay, Finding::NoRelay);
            notes.add(CheckKind::Clock, Finding::ClockNotTold);
        }
        Some(url) => {
            let clock = async { notes.add(CheckKind::Clock, relay::clock(url).await) };
            let visit = async {
                let (finding, named) = relay::visit(url).await;
                is_online = matches!(finding, Finding::RelayOnline { .. });
                notes.add(CheckKind::Relay, finding);
                named
            };
            let ((), named) = tokio::join!(clock, visit);
            let new = named.into_iter().filter(|it| !servers.contains(it));
            let new: Vec<_> = new.collect();
            servers.extend(new);
        }
    }
    let asked = servers::ask(&servers, subjects.bind, SERVERS).await;
    notes.add(CheckKind::Stun, nat::servers(&asked, Purpose::Stun));
    notes.add(CheckKind::Turn, nat::servers(&asked, Purpose::Turn));
    let own: Vec<IpAddr> = interfaces.iter().map(|it| it.address).collect();
    notes.add(CheckKind::Nat, nat::judge(&asked, &own, is_online));
}

/// Looks at a device on a thread that may block, with what [`Device::Try`] holds.
async fn device<Backend: ?Sized + 'static>(
    kind: CheckKind,
    device: Device<Backend>,
    notes: &Notes<'_>,
    look: impl FnOnce(Device<Backend>) -> Finding + Send + 'static,
) where
    Device<Backend>: Send,
{
    // One that panicked is told as one that took too long.
    if let Ok(finding) = spawn_blocking(move || look(device)).await {
        notes.add(kind, finding);
    }
}

/// How long servers are asked: the first question is repeated after 500 and 1500 ms.
const SERVERS: Duration = Duration::from_millis(2000);
