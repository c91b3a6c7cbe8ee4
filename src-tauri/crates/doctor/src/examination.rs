//! Looks at everything, side by side.

use std::net::IpAddr;
use std::time::Duration;

use discovery::{DEFAULT_PORT, FinderKind};
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
use crate::subjects::{Device, Peer, Subjects};
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

/// Our own port, who is heard and who is reached.
async fn lan(subjects: &Subjects, interfaces: &[Interface], notes: &Notes<'_>) {
    let (visit, looked) = tokio::join!(visit(subjects), look(subjects, interfaces, notes));
    let (heard, own_port) = match looked {
        Ok(looked) => looked,
        Err(why) => {
            for kind in [
                CheckKind::OwnPort,
                CheckKind::DnsSd,
                CheckKind::Beacon,
                CheckKind::Neighbours,
            ] {
                notes.add(kind, why.clone());
            }
            (Heard::default(), why)
        }
    };
    notes.add(
        CheckKind::Firewall,
        firewall::judge(firewall::program(), &own_port),
    );
    let (neighbours, peer) = tokio::join!(heard.reach(), async {
        match (visit, &subjects.peer) {
            (Some(visit), _) => visit.finding(&heard),
            (None, Some(Peer::Person { places, who })) => {
                peer::person(places, who.as_ref(), &heard).await
            }
            (None, Some(Peer::Place(_)) | None) => Finding::NoPeerNamed,
        }
    });
    notes.add(CheckKind::Neighbours, neighbours);
    notes.add(CheckKind::Peer, peer);
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
) -> Result<(Heard, Finding), Finding> {
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
    let temporary = members.port();
    let own_port = async {
        let found = match (subjects.port, temporary) {
            (Some(port), _) | (None, port @ DEFAULT_PORT) => tcp::own_port(port, interfaces).await,
            (None, port) => tcp::temporary_port(port, interfaces).await,
        };
        notes.add(CheckKind::OwnPort, found.clone());
        found
    };
    let (heard, own_port) = tokio::join!(members.listen(&own, who), own_port);
    notes.add(CheckKind::DnsSd, heard.by(FinderKind::DnsSd));
    notes.add(CheckKind::Beacon, heard.by(FinderKind::Beacon));
    members.leave().await;
    Ok((heard, own_port))
}

/// The relay and the clock, then the servers that the relay and the settings name.
async fn internet(subjects: &Subjects, interfaces: &[Interface], notes: &Notes<'_>) {
    let mut servers = subjects.ice_servers.clone();
    let mut is_online = false;
    match &subjects.relay {
        None => {
            notes.add(CheckKind::Relay, Finding::NoRelay);
            notes.add(CheckKind::Clock, Finding::NoRelay);
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
