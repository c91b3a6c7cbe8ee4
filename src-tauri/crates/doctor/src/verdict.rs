//! Which findings are well, and what of them names nobody.

use crate::finding::Finding;
use crate::report::{Check, CheckKind, Verdict};

impl Check {
    /// A check of this kind that came to this.
    #[must_use]
    pub fn new(kind: CheckKind, finding: Finding) -> Self {
        Self {
            kind,
            verdict: finding.verdict(),
            finding,
        }
    }
}

impl Finding {
    /// Whether this is well.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
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
            | Self::DeviceInUseHere => Verdict::Pass,
            Self::OnlySelfAssigned { .. }
            | Self::OnlyVirtual { .. }
            | Self::VpnCarriesInternet { .. }
            | Self::NeighboursPartly { .. }
            | Self::FirewallActive { .. }
            | Self::ServersPartly { .. }
            | Self::NatSymmetric
            | Self::CameraCovered { .. }
            | Self::MicrophoneHearsNothing { .. } => Verdict::Warn,
            Self::NoNetwork
            | Self::VpnCarriesLan { .. }
            | Self::OwnPortBlocked { .. }
            | Self::NoPort
            | Self::AnnouncementsNotSent { .. }
            | Self::AnnouncementsSilent
            | Self::NeighboursIsolated { .. }
            | Self::PeerNotFound
            | Self::PeerRefuses
            | Self::PeerIsNotTincan
            | Self::PeerSaysNothing
            | Self::PeerIsAnother
            | Self::PeerNoRoute
            | Self::PeerAbsent
            | Self::PeerSilent
            | Self::PeerIsolated
            | Self::WayInBlocked { .. }
            | Self::WayInLeadsElsewhere
            | Self::FirewallBlocks { .. }
            | Self::ClockWrong { .. }
            | Self::RelayOffline { .. }
            | Self::ServersSilent { .. }
            | Self::CredentialsRefused { .. }
            | Self::RelayingRefused { .. }
            | Self::UdpBlocked
            | Self::DeviceFails { .. }
            | Self::DeviceSilent { .. } => Verdict::Fail,
            Self::TemporaryPort { .. }
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
            | Self::NoNetworkToTry => Verdict::Unknown,
        }
    }

    /// The same without what the system or its owner calls things: devices and interfaces bear the
    /// names of people and companies.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let mut finding = self.clone();
        match &mut finding {
            Self::NetworkUp { interfaces }
            | Self::OnlySelfAssigned { interfaces }
            | Self::OnlyVirtual { interfaces } => {
                interfaces.iter_mut().for_each(|it| it.name.clear());
            }
            Self::VpnCarriesInternet { interface: name }
            | Self::VpnCarriesLan { interface: name }
            | Self::CameraWorks { name, .. }
            | Self::CameraCovered { name }
            | Self::MicrophoneHears { name, .. }
            | Self::MicrophoneHearsNothing { name }
            | Self::SpeakerPlays { name, .. }
            | Self::DeviceSilent { name } => name.clear(),
            // No names in these. A firewall is a program, and known to all.
            Self::NoNetwork
            | Self::NoVpn
            | Self::VpnUnused
            | Self::OwnPortOpen { .. }
            | Self::OwnPortBlocked { .. }
            | Self::TemporaryPort { .. }
            | Self::NoPort
            | Self::AnnouncementsPass { .. }
            | Self::AnnouncementsAlone
            | Self::AnnouncementsNotSent { .. }
            | Self::AnnouncementsSilent
            | Self::NeighboursReached { .. }
            | Self::NeighboursPartly { .. }
            | Self::NeighboursIsolated { .. }
            | Self::NobodyHeard
            | Self::PeerAnswers { .. }
            | Self::PeerNotFound
            | Self::PeerRefuses
            | Self::PeerIsNotTincan
            | Self::PeerSaysNothing
            | Self::PeerIsAnother
            | Self::PeerNoRoute
            | Self::PeerAbsent
            | Self::PeerSilent
            | Self::PeerIsolated
            | Self::NoPeerNamed
            | Self::WayInOpen
            | Self::WayInBlocked { .. }
            | Self::WayInLeadsElsewhere
            | Self::WayInNotTried
            | Self::WayInNotThere
            | Self::FirewallLetsIn
            | Self::FirewallBlocks { .. }
            | Self::FirewallActive { .. }
            | Self::FirewallNotSeen
            | Self::ClockRight { .. }
            | Self::ClockWrong { .. }
            | Self::ClockNotTold
            | Self::RelayOnline { .. }
            | Self::RelayOffline { .. }
            | Self::NoRelay
            | Self::ServersAnswer { .. }
            | Self::ServersPartly { .. }
            | Self::ServersSilent { .. }
            | Self::CredentialsRefused { .. }
            | Self::RelayingRefused { .. }
            | Self::NoServers
            | Self::ServersNotChecked { .. }
            | Self::NoNat
            | Self::NatFriendly
            | Self::NatSymmetric
            | Self::UdpBlocked
            | Self::TooFewServers
            | Self::DeviceFails { .. }
            | Self::DeviceInUseHere
            | Self::LanOff
            | Self::NotHere
            | Self::TimedOut
            | Self::NoNetworkToTry => {}
        }
        finding
    }
}
