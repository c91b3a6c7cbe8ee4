//! What a person reads of a finding: a sentence of what is the case.

use engine::view::{DeviceProblem, RelayProblem};

use crate::finding::{AddressKind, Finding, InterfaceInfo, InterfaceKind};
use crate::report::{CheckKind, Verdict};

impl CheckKind {
    /// What stands before a finding of this kind.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Interfaces => "Network",
            Self::Vpn => "VPN",
            Self::OwnPort => "Own port",
            Self::DnsSd => "Multicast DNS",
            Self::Beacon => "Beacon",
            Self::Neighbours => "People nearby",
            Self::Peer => "The other computer",
            Self::WayIn => "Own port, from there",
            Self::Firewall => "Firewall",
            Self::Clock => "Clock",
            Self::Relay => "Relay",
            Self::Stun => "STUN servers",
            Self::Turn => "TURN servers",
            Self::Nat => "Router",
            Self::Camera => "Camera",
            Self::Microphone => "Microphone",
            Self::Speaker => "Speaker",
        }
    }
}

impl Verdict {
    /// One word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "good",
            Self::Warn => "care",
            Self::Fail => "FAIL",
            Self::Unknown => "unknown",
        }
    }
}

impl Finding {
    /// What is the case.
    #[must_use]
    pub fn cause(&self) -> String {
        let fixed = match self {
            Self::NetworkUp { interfaces } => return format!("Connected by {}.", list(interfaces)),
            Self::OnlySelfAssigned { interfaces } => {
                return format!(
                    "Connected by {}, but no router gave this computer an address.",
                    list(interfaces)
                );
            }
            Self::OnlyVirtual { interfaces } => {
                return format!(
                    "Connected by {} only: no network card is in use.",
                    list(interfaces)
                );
            }
            Self::VpnCarriesInternet { interface } => {
                return format!(
                    "A VPN{} carries what goes to the internet; the local network is used directly.",
                    quoted(interface)
                );
            }
            Self::VpnCarriesLan { interface } => {
                return format!(
                    "A VPN{} takes even what goes to computers on this network.",
                    quoted(interface)
                );
            }
            Self::OwnPortOpen { port, addresses } => {
                return format!(
                    "Port {port} answers at {}, seen from this computer.",
                    count(*addresses, "own address", "own addresses")
                );
            }
            Self::OwnPortBlocked {
                port,
                blocked,
                addresses,
            } => {
                return format!(
                    "Port {port} does not answer at {blocked} of {}, even from this computer.",
                    count(*addresses, "own address", "own addresses")
                );
            }
            Self::TemporaryPort {
                port,
                blocked,
                addresses,
            } => return temporary_port(*port, *blocked, *addresses),
            Self::AnnouncementsPass { others } => {
                return format!(
                    "Announcements are heard, those of {} too.",
                    count(*others, "other computer", "other computers")
                );
            }
            Self::AnnouncementsNotSent { others } => {
                return format!(
                    "{} heard, but our own announcements do not come through.",
                    count(*others, "other computer is", "other computers are")
                );
            }
            Self::NeighboursReached { heard } => {
                return format!(
                    "{} heard here, and can be reached.",
                    count(*heard, "other computer is", "other computers are")
                );
            }
            Self::NeighboursPartly { heard, reached } => {
                return format!(
                    "{} heard here, but only {reached} can be reached.",
                    count(*heard, "other computer is", "other computers are")
                );
            }
            Self::NeighboursIsolated { heard } => {
                return format!(
                    "{} heard here, but cannot be reached: the network keeps its clients apart, or a firewall does.",
                    count(*heard, "other computer is", "other computers are")
                );
            }
            Self::PeerAnswers { ms } => return format!("Tincan answers there, within {ms} ms."),
            Self::WayInBlocked { port } => {
                return format!(
                    "That computer tried, and did not get through to port {port} of this one."
                );
            }
            Self::FirewallBlocks { program, port } => match program {
                Some(program) => {
                    return format!("A firewall ({program}) blocks Tincan's port {port}.");
                }
                None => return format!("Something like a firewall blocks Tincan's port {port}."),
            },
            Self::FirewallActive { program, port } => {
                return format!(
                    "A firewall ({program}) is active; whether it lets calls in at port {port} only another computer can tell."
                );
            }
            Self::ClockRight { seconds } | Self::ClockWrong { seconds } => return clock(*seconds),
            Self::RelayOnline { ms } => return format!("The relay answers, within {ms} ms."),
            Self::RelayOffline { problem } => relay(*problem),
            Self::ServersAnswer { servers } => {
                return format!("{} well.", count(*servers, "server works", "servers work"));
            }
            Self::ServersPartly { servers, answering } => {
                return format!("Only {answering} of {servers} servers answer.");
            }
            Self::ServersSilent { servers } => {
                return format!("{} silent.", count(*servers, "server is", "servers are"));
            }
            Self::CredentialsRefused { servers } => {
                return format!(
                    "{} our user name and password.",
                    count(*servers, "server refuses", "servers refuse")
                );
            }
            Self::RelayingRefused { servers } => {
                return format!(
                    "{}, but not to relay.",
                    count(*servers, "server answers", "servers answer")
                );
            }
            Self::ServersNotChecked { servers } => {
                return format!(
                    "{} only TCP or TLS, which is not checked.",
                    count(*servers, "server speaks", "servers speak")
                );
            }
            Self::CameraWorks {
                name,
                width,
                height,
                ..
            } => return format!("It gives pictures of {width}×{height}{}.", quoted(name)),
            Self::CameraCovered { name } => {
                return format!("It gives pictures of one colour only{}.", quoted(name));
            }
            Self::MicrophoneHears { name, .. } => return format!("It hears{}.", quoted(name)),
            Self::MicrophoneHearsNothing { name } => {
                return format!("It hears perfect silence{}.", quoted(name));
            }
            Self::SpeakerPlays { name, .. } => return format!("It takes sound{}.", quoted(name)),
            Self::DeviceFails { problem } => device(*problem),
            Self::DeviceSilent { name } => {
                return format!("It can be opened, but nothing moves{}.", quoted(name));
            }
            // Those without values.
            Self::NoNetwork => "This computer is on no network.",
            Self::NoVpn => "No VPN is in the way.",
            Self::VpnUnused => "There is a VPN, and it is not in the way.",
            Self::NoPort => "No port could be opened for calls on this network.",
            Self::AnnouncementsAlone => {
                "This computer hears its own announcements. Nobody else is here to prove that the network carries them."
            }
            Self::AnnouncementsSilent => "Nothing is heard, not even our own announcements.",
            Self::NobodyHeard => "Nobody else with Tincan is heard on this network.",
            Self::PeerNotFound => "Nobody is found by that name.",
            Self::PeerRefuses => "The computer is there, but nothing answers at that port.",
            Self::PeerIsNotTincan => "Something answers there that is not Tincan.",
            Self::PeerSaysNothing => {
                "Something answers there, but does not say whether it is Tincan."
            }
            Self::PeerIsAnother => {
                "Tincan answers where they were last, but does not say that it is theirs."
            }
            Self::PeerNoRoute => "There is no way from here to that network.",
            Self::PeerAbsent => "No computer has that address now.",
            Self::PeerSilent => "Nothing answers there.",
            Self::PeerIsolated => {
                "Its announcements are heard, but it cannot be reached: the network keeps its clients apart, or its firewall does."
            }
            Self::NoPeerNamed => "No other computer was named to check against.",
            Self::WayInOpen => "That computer reaches this one.",
            Self::WayInLeadsElsewhere => {
                "That computer tried to reach this one, and that led somewhere else, as where a router between the two translates addresses."
            }
            Self::WayInNotTried => {
                "That computer could not be asked to try: it is not reached, or its Tincan is older or busy."
            }
            Self::WayInNotThere => {
                "The port that Tincan uses here was not found, so none was tried."
            }
            Self::FirewallLetsIn => {
                "No firewall here keeps calls out: the other computer came through."
            }
            Self::FirewallNotSeen => {
                "No firewall is seen. Only an administrator could be sure, or another computer that calls this one."
            }
            Self::ClockNotTold => "No relay said what time it is.",
            Self::NoRelay => "No relay is set.",
            Self::NoServers => "None is named, by the relay or in the settings.",
            Self::NoNat => "Nothing translates addresses: others reach this computer directly.",
            Self::NatFriendly => "Others can reach this computer directly.",
            Self::NatSymmetric => {
                "The router shows each server another port: not everybody far away can reach this computer directly."
            }
            Self::UdpBlocked => "The relay is reached, but nothing over UDP is.",
            Self::TooFewServers => "Two servers that answer are needed to tell.",
            Self::DeviceInUseHere => "In use by this program now.",
            Self::LanOff => "Calls on this network are turned off.",
            Self::NotHere => "This system does not tell.",
            Self::TimedOut => "It took too long.",
            Self::NoNetworkToTry => "There is no network to try it on.",
        };
        fixed.to_owned()
    }
}

/// Interfaces, with the kinds of their addresses: `wlan0 (private IPv4)`.
fn list(interfaces: &[InterfaceInfo]) -> String {
    let one = |it: &InterfaceInfo| {
        let kinds: Vec<_> = it.addresses.iter().map(|it| address(*it)).collect();
        let what = match it.kind {
            InterfaceKind::Card => "network card",
            InterfaceKind::Tunnel => "VPN",
            InterfaceKind::Bridge => "virtual bridge",
        };
        let name = match (it.name.as_str(), it.kind) {
            ("", _) => what.to_owned(),
            (name, InterfaceKind::Card) => name.to_owned(),
            (name, _) => format!("{what} {name}"),
        };
        format!("{name} ({})", kinds.join(", "))
    };
    let all: Vec<_> = interfaces.iter().map(one).collect();
    all.join("; ")
}

const fn address(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::PrivateV4 => "IPv4 of a private network",
        AddressKind::SharedV4 => "IPv4 shared by a provider",
        AddressKind::SelfAssignedV4 => "self-assigned IPv4",
        AddressKind::PublicV4 => "IPv4 of the internet",
        AddressKind::LinkLocalV6 => "link-local IPv6",
        AddressKind::PrivateV6 => "IPv6 of a private network",
        AddressKind::PublicV6 => "IPv6 of the internet",
    }
}

fn quoted(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!(" ({name})"),
    }
}

fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn temporary_port(port: u16, blocked: u32, addresses: u32) -> String {
    let at = count(addresses, "own address", "own addresses");
    let answers = match blocked {
        0 => format!("answers at {at}"),
        blocked => format!("does not answer at {blocked} of {at}"),
    };
    format!(
        "The port that Tincan uses here was not found. Port {port}, opened for this check, {answers}, seen from this computer."
    )
}

fn clock(seconds: i32) -> String {
    match seconds {
        -2..=2 => "It agrees with the relay's.".to_owned(),
        3.. => format!("It is {seconds} s ahead of the relay's."),
        _ => format!("It is {} s behind the relay's.", seconds.unsigned_abs()),
    }
}

const fn relay(problem: RelayProblem) -> &'static str {
    match problem {
        RelayProblem::Unreachable => "The relay does not answer.",
        RelayProblem::NotARelay => "What answers is no relay.",
        RelayProblem::Refused => "The relay speaks another version.",
        RelayProblem::BadProof => "The relay does not know itself by this address.",
        RelayProblem::Full => "The relay is full.",
        RelayProblem::TakenOver => "Another program took the place at the relay.",
        RelayProblem::CertificateUntrusted => {
            "The relay's certificate comes from nobody whom this computer trusts."
        }
        RelayProblem::CertificateExpired => {
            "The relay's certificate is not valid now, or this computer's clock is wrong."
        }
        RelayProblem::CertificateOtherName => "The relay's certificate is for another name.",
        RelayProblem::Unencrypted => "The relay is far away and not encrypted.",
    }
}

const fn device(problem: DeviceProblem) -> &'static str {
    match problem {
        DeviceProblem::Missing => "None is found.",
        DeviceProblem::Busy => "Another program uses it.",
        DeviceProblem::Refused => "The system refuses access to it.",
        DeviceProblem::Lost => "It was lost at once.",
        DeviceProblem::Unusable => "It offers nothing that can be used.",
    }
}

#[cfg(test)]
mod tests;
