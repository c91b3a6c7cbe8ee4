//! What a person may do about a finding, in one sentence or two.

use std::borrow::Cow;

use discovery::BEACON_PORT;
use engine::view::{DeviceProblem, RelayProblem};

use crate::finding::Finding;

impl Finding {
    /// What to do; `None` when nothing needs to be done.
    #[must_use]
    pub fn remedy(&self) -> Option<Cow<'static, str>> {
        let fixed = match self {
            Self::OwnPortBlocked { port, .. }
            | Self::WayInBlocked { port }
            | Self::FirewallBlocks { port, .. } => {
                let text = format!(
                    "Allow Tincan in this computer's firewall: {}.",
                    ports(*port)
                );
                return Some(text.into());
            }
            Self::FirewallActive { port, .. } => {
                let text = format!(
                    "If others cannot call you, allow Tincan in it: {}. To be sure, run this check on another computer, with this one's name or address.",
                    ports(*port)
                );
                return Some(text.into());
            }
            Self::AnnouncementsNotSent { .. } | Self::AnnouncementsSilent => {
                let text = format!(
                    "Allow Tincan to send and receive multicast in the firewall: UDP {MULTICAST_DNS_PORT} and {BEACON_PORT}; on macOS, allow it the local network in Privacy & Security. You can still call by typing a computer's name or address."
                );
                return Some(text.into());
            }
            Self::OnlySelfAssigned { .. } => {
                "Calls to people on the same cable or Wi-Fi work; for others, restart the router or reconnect."
            }
            Self::OnlyVirtual { .. } | Self::NoNetwork => "Connect to Wi-Fi or plug in a cable.",
            Self::VpnCarriesInternet { .. } => {
                "If calls to people far away fail, try without the VPN."
            }
            Self::VpnCarriesLan { .. } => {
                "Allow local network access in the VPN's settings, or disconnect it."
            }
            Self::NoPort => "Close other programs that use many ports, or restart the computer.",
            Self::NeighboursPartly { .. } => {
                "Ask whoever cannot be reached to allow Tincan in their firewall."
            }
            Self::NeighboursIsolated { .. } | Self::PeerIsolated => {
                "Use another network than the guest one, or turn off client isolation (AP isolation) in the router; else allow Tincan in the other computer's firewall."
            }
            Self::PeerNotFound => {
                "Check the spelling, or type its IP address, which the system's network settings on that computer show."
            }
            Self::PeerRefuses => {
                "Start Tincan there, with calls on this network turned on, or add the port that it uses."
            }
            Self::PeerIsNotTincan => "Check the address and the port.",
            Self::PeerSaysNothing => {
                "If it is Tincan, choose in its settings who can see it on its network, and start it again; else check the address and the port."
            }
            Self::PeerIsAnother => {
                "Their address may have changed, or they may not have you among their contacts: check against the name or IP address of their computer."
            }
            Self::PeerNoRoute => "Connect both computers to the same network.",
            Self::PeerAbsent => {
                "Wake the other computer, and check that it is on the same network and its address has not changed. Guest networks keep their clients apart: use another one."
            }
            Self::PeerSilent => {
                "Allow Tincan in the other computer's firewall, and check that both are on the same network. Guest networks keep their clients apart: use another one."
            }
            Self::WayInLeadsElsewhere => {
                "Connect both computers to the same network, not one behind another router."
            }
            Self::ClockWrong { .. } => {
                "Set the clock, best by the network: certificates and media relays count on it."
            }
            Self::RelayOffline { problem } => relay_remedy(*problem),
            Self::ServersPartly { .. } => "Remove those from the settings that are gone.",
            Self::ServersSilent { .. } | Self::UdpBlocked => {
                "This network may block UDP: calls to people far away fail here. Try another network, or a TURN server over TCP."
            }
            Self::CredentialsRefused { .. } => {
                "Correct user name and password in the settings, or tell whoever runs the relay."
            }
            Self::RelayingRefused { .. } => "Tell whoever runs the server.",
            Self::NatSymmetric => "Have a TURN server in the settings or at the relay.",
            Self::CameraCovered { .. } => "Open the cover, or the switch, of the camera.",
            Self::MicrophoneHearsNothing { .. } => {
                "Look for a mute switch on the microphone and in the system's sound settings; allow Tincan the microphone in the privacy settings."
            }
            Self::DeviceFails { problem } => device_remedy(*problem),
            Self::DeviceSilent { .. } => "Unplug it and plug it in again, or choose another.",
            // What is well, and what is not known.
            Self::NetworkUp { .. }
            | Self::NoVpn
            | Self::VpnUnused
            | Self::OwnPortOpen { .. }
            | Self::AnnouncementsPass { .. }
            | Self::AnnouncementsAlone
            | Self::NeighboursReached { .. }
            | Self::PeerAnswers { .. }
            | Self::WayInOpen
            | Self::FirewallLetsIn
            | Self::ClockRight { .. }
            | Self::RelayOnline { .. }
            | Self::ServersAnswer { .. }
            | Self::NoNat
            | Self::NatFriendly
            | Self::CameraWorks { .. }
            | Self::MicrophoneHears { .. }
            | Self::SpeakerPlays { .. }
            | Self::DeviceInUseHere
            | Self::TemporaryPort { .. }
            | Self::NobodyHeard
            | Self::NoPeerNamed
            | Self::WayInNotTried
            | Self::WayInNotThere
            | Self::FirewallNotSeen
            | Self::ClockNotTold
            | Self::NoRelay
            | Self::NoServers
            | Self::ServersNotChecked { .. }
            | Self::TooFewServers
            | Self::LanOff
            | Self::NotHere
            | Self::TimedOut
            | Self::NoNetworkToTry => return None,
        };
        Some(Cow::Borrowed(fixed))
    }
}

/// What a firewall has to let in; `port` is that of our relay.
fn ports(port: u16) -> String {
    format!("incoming TCP {port}, and UDP {BEACON_PORT} and {MULTICAST_DNS_PORT}")
}

/// UDP (RFC 6762, section 5).
const MULTICAST_DNS_PORT: u16 = 5353;

const fn relay_remedy(problem: RelayProblem) -> &'static str {
    match problem {
        RelayProblem::Unreachable => {
            "Check the internet connection and the relay's address in the settings. Calls on this network work without it."
        }
        RelayProblem::NotARelay | RelayProblem::BadProof => {
            "Check the relay's address in the settings, or tell whoever runs it."
        }
        RelayProblem::Refused => "Update Tincan, or have the relay updated.",
        RelayProblem::Full | RelayProblem::TakenOver => "Try again in a minute.",
        RelayProblem::CertificateExpired => {
            "Check this computer's date and time, or tell whoever runs the relay."
        }
        RelayProblem::CertificateUntrusted | RelayProblem::CertificateOtherName => {
            "Tell whoever runs the relay; on a public Wi-Fi, sign in to it first."
        }
        RelayProblem::Unencrypted => "Use an address that begins with wss:.",
    }
}

const fn device_remedy(problem: DeviceProblem) -> &'static str {
    match problem {
        DeviceProblem::Missing => "Plug one in.",
        DeviceProblem::Busy => "Close the other program.",
        DeviceProblem::Refused => {
            "Allow Tincan to use it in the system's privacy settings; on Linux, your user may have to join the group `video` or `audio`."
        }
        DeviceProblem::Lost => "Unplug it and plug it in again.",
        DeviceProblem::Unusable => "Choose another one in the settings.",
    }
}
