//! A closed list of findings.
//!
//! A finding says by a code what is the case, and by values what a sentence about it needs. The page
//! and the command line have the sentences. No value is an address, a key or the name of a person:
//! addresses stand here by their [kind](AddressKind).

use engine::view::{DeviceProblem, RelayProblem};
use media::backend::device::DeviceKind;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is the case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Finding {
    // interfaces
    /// Pass: this machine is on a network.
    NetworkUp {
        /// Interfaces that lead to others, with the kinds of their addresses.
        interfaces: Vec<InterfaceInfo>,
    },
    /// Warn: only addresses that machines give themselves (169.254.0.0/16 and fe80::/10): no router
    /// gave us one. Calls to people on the same cable or Wi-Fi work.
    OnlySelfAssigned {
        /// Interfaces that lead to others, with the kinds of their addresses.
        interfaces: Vec<InterfaceInfo>,
    },
    /// Warn: only tunnels and bridges to virtual machines, no network card.
    OnlyVirtual {
        /// Interfaces that lead to others, with the kinds of their addresses.
        interfaces: Vec<InterfaceInfo>,
    },
    /// Fail: no interface but loopback is up.
    NoNetwork,

    // vpn
    /// Pass: no VPN carries what we send.
    NoVpn,
    /// Pass: there is a VPN, and it carries neither the internet nor the local network.
    VpnUnused,
    /// Warn: a VPN carries what goes to the internet; calls on the local network go beside it.
    VpnCarriesInternet {
        /// As the system calls the VPN's interface.
        interface: String,
    },
    /// Fail: a VPN carries what goes to machines on our own network.
    VpnCarriesLan {
        /// As the system calls the VPN's interface.
        interface: String,
    },

    // own port
    /// Pass: this machine reaches the port of its own relay at all of its addresses. A firewall may
    /// still keep others out.
    OwnPortOpen {
        /// TCP port.
        port: u16,
        /// How many addresses.
        addresses: u32,
    },
    /// Fail: not even this machine reaches it: a firewall.
    OwnPortBlocked {
        /// TCP port.
        port: u16,
        /// At how many addresses it is not reached.
        blocked: u32,
        /// Of how many.
        addresses: u32,
    },
    /// Unknown: the port of our own relay is not there to try, or not known. Another one was opened for
    /// the occasion and tried from this machine.
    TemporaryPort {
        /// TCP port.
        port: u16,
        /// At how many addresses it is not reached.
        blocked: u32,
        /// Of how many.
        addresses: u32,
    },
    /// Fail: no port could be opened.
    NoPort,

    // DNS-SD, beacon
    /// Pass: what we announce is heard on this machine, and others are heard.
    AnnouncementsPass {
        /// Members on other machines.
        others: u32,
    },
    /// Pass: what we announce is heard on this machine. Nobody else is there who would prove that the
    /// network carries it.
    AnnouncementsAlone,
    /// Fail: others are heard, but our own announcement is not heard on this machine.
    AnnouncementsNotSent {
        /// Members on other machines.
        others: u32,
    },
    /// Fail: neither our own announcement nor anybody else's is heard.
    AnnouncementsSilent,

    // neighbours
    /// Pass: all machines that are heard can be reached.
    NeighboursReached {
        /// How many.
        heard: u32,
    },
    /// Warn: some of them can be reached.
    NeighboursPartly {
        /// How many are heard.
        heard: u32,
        /// How many of them can be reached.
        reached: u32,
    },
    /// Fail: they are heard, and none can be reached: the network keeps its clients apart (client
    /// isolation, a guest network), or firewalls do.
    NeighboursIsolated {
        /// How many are heard.
        heard: u32,
    },
    /// Unknown: nobody else is heard.
    NobodyHeard,

    // peer
    /// Pass: Tincan answers there.
    PeerAnswers {
        /// Milliseconds until the answer.
        ms: u32,
    },
    /// Fail: no such name.
    PeerNotFound,
    /// Fail: the machine is there, and nothing listens at the port: Tincan does not run there, or at
    /// another port.
    PeerRefuses,
    /// Fail: something else than Tincan answers.
    PeerIsNotTincan,
    /// Fail: what answers refuses to say who it is: Tincan with calls on its networks turned off, or
    /// any web server.
    PeerSaysNothing,
    /// Fail: Tincan answers where the person was last, and does not say that it is theirs.
    PeerIsAnother,
    /// Fail: there is no way to that network.
    PeerNoRoute,
    /// Fail: no machine has that address now.
    PeerAbsent,
    /// Fail: nothing answers: a firewall there or between, or a network that keeps its clients apart.
    PeerSilent,
    /// Fail: its announcement is heard, and its port cannot be reached: client isolation, or a
    /// firewall there.
    PeerIsolated,
    /// Unknown: nobody was named.
    NoPeerNamed,

    // way in
    /// Pass: that machine reaches our port.
    WayInOpen,
    /// Fail: it tried at our own address, and nothing came back or a refusal: a firewall keeps it out,
    /// most likely one here.
    WayInBlocked {
        /// TCP port that has to be let in.
        port: u16,
    },
    /// Fail: it tried, and that led somewhere else: it sees us at an address that is not ours, since
    /// what stands between us translates addresses, or something else answered at ours.
    WayInLeadsElsewhere,
    /// Unknown: that machine was not reached itself, or has an older version or no time to try.
    WayInNotTried,
    /// Unknown: our own port is not there to try, or not known.
    WayInNotThere,

    // firewall
    /// Pass: another machine came through, so no firewall here keeps calls out.
    FirewallLetsIn,
    /// Fail: a firewall keeps this machine from its own port, or another machine that sees us at our
    /// own address.
    FirewallBlocks {
        /// Which, as far as it is known.
        program: Option<String>,
        /// TCP port that it has to let in.
        port: u16,
    },
    /// Warn: a firewall runs. Who is heard says nothing of it, as most let announcements in; whether
    /// it lets calls in only another machine can tell.
    FirewallActive {
        /// Which, such as `ufw`.
        program: String,
        /// TCP port that it has to let in.
        port: u16,
    },
    /// Unknown: none is seen; one cannot be seen fully without an administrator's rights.
    FirewallNotSeen,

    // clock
    /// Pass.
    ClockRight {
        /// Seconds by which this clock is ahead of the relay's; negative when behind.
        seconds: i32,
    },
    /// Fail: by more than a minute. Calls are sealed without clocks; certificates and the
    /// credentials of TURN servers are not.
    ClockWrong {
        /// Seconds by which this clock is ahead of the relay's; negative when behind.
        seconds: i32,
    },
    /// Unknown: no relay is set, or it did not say what time it is.
    ClockNotTold,

    // relay
    /// Pass.
    RelayOnline {
        /// Milliseconds from nothing to its welcome.
        ms: u32,
    },
    /// Fail.
    RelayOffline {
        /// Why.
        problem: RelayProblem,
    },
    /// Unknown: none is set.
    NoRelay,

    // STUN, TURN
    /// Pass: all of them answer.
    ServersAnswer {
        /// How many.
        servers: u32,
    },
    /// Warn: some of them answer.
    ServersPartly {
        /// How many there are.
        servers: u32,
        /// How many answer.
        answering: u32,
    },
    /// Fail: none of them answers: UDP is blocked, or they are away.
    ServersSilent {
        /// How many there are.
        servers: u32,
    },
    /// Fail: they answer and refuse our credentials.
    CredentialsRefused {
        /// How many refuse.
        servers: u32,
    },
    /// Fail: they answer and relay nothing: they have no room, or do not do it.
    RelayingRefused {
        /// How many refuse.
        servers: u32,
    },
    /// Unknown: neither the relay nor the settings name one.
    NoServers,
    /// Unknown: all that are named speak only TCP or TLS, which is not looked at.
    ServersNotChecked {
        /// How many.
        servers: u32,
    },

    // NAT
    /// Pass: others see us by an address that this machine itself has.
    NoNat,
    /// Pass: everybody sees us by the same address and port: the other side can reach us directly.
    NatFriendly,
    /// Warn: each server sees us at another port: calls from far away may need a TURN server.
    NatSymmetric,
    /// Fail: no server is reached over UDP, though the relay is there: media cannot leave.
    UdpBlocked,
    /// Unknown: two servers are needed to tell, and fewer answered.
    TooFewServers,

    // camera
    /// Pass: it gives pictures.
    CameraWorks {
        /// Its name.
        name: String,
        /// What it really is.
        kind: DeviceKind,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Warn: its pictures are of one colour: a cover before it, or a switch on it.
    CameraCovered {
        /// Its name.
        name: String,
    },

    // microphone
    /// Pass: it hears.
    MicrophoneHears {
        /// Its name.
        name: String,
        /// What it really is.
        kind: DeviceKind,
        /// The loudest moment, 0 to 1.
        level: f32,
    },
    /// Warn: it gives perfect silence: muted by the system or by a switch on it, or the system keeps
    /// its sound from us.
    MicrophoneHearsNothing {
        /// Its name.
        name: String,
    },

    // speaker
    /// Pass: it takes sound. Whether anybody hears it only ears can tell.
    SpeakerPlays {
        /// Its name.
        name: String,
        /// What it really is.
        kind: DeviceKind,
    },

    // camera, microphone, speaker
    /// Fail: it cannot be opened.
    DeviceFails {
        /// Why.
        problem: DeviceProblem,
    },
    /// Fail: it was opened, and nothing moves.
    DeviceSilent {
        /// Its name.
        name: String,
    },
    /// Pass: this program uses it at this moment, so it works.
    DeviceInUseHere,

    // all
    /// Unknown: the user wants not to be seen on local networks, so nothing is sent there.
    LanOff,
    /// Unknown: this system does not tell.
    NotHere,
    /// Unknown: it took longer than an examination may.
    TimedOut,
    /// Unknown: there is no network to try it on.
    NoNetworkToTry,
}

/// One interface that leads to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceInfo {
    /// As the system calls it: `wlan0`, `Wi-Fi`.
    pub name: String,
    /// What it is, by its name and what the system says.
    pub kind: InterfaceKind,
    /// The kinds of its addresses, each once.
    pub addresses: Vec<AddressKind>,
}

/// What an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum InterfaceKind {
    /// A network card, or what looks like one.
    Card,
    /// A VPN.
    Tunnel,
    /// A bridge to containers or virtual machines.
    Bridge,
}

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum AddressKind {
    /// IPv4 of a private network (RFC 1918).
    PrivateV4,
    /// IPv4 that providers share among customers (RFC 6598).
    SharedV4,
    /// IPv4 that the machine gave itself (RFC 3927).
    SelfAssignedV4,
    /// IPv4 of the internet.
    PublicV4,
    /// IPv6 of one cable or radio (RFC 4291, 2.5.6).
    LinkLocalV6,
    /// IPv6 of a private network (RFC 4193).
    PrivateV6,
    /// IPv6 of the internet.
    PublicV6,
}
