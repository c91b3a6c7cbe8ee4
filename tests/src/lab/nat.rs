//! Routers that translate addresses, by nftables.

use std::net::Ipv4Addr;

use anyhow::Result;

use super::host::Host;
use super::link::{Link, PREFIX, hardware};

/// What a router does to packets. RFC 4787 calls them by mapping and filtering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// Full cone: one port outside for each inside, to which anybody may send. A fixed translation
    /// of destinations makes it, so one host only can be behind it.
    FullCone,
    /// Port-restricted cone: one port outside for each inside, to which only those may send who were
    /// sent to.
    Restricted,
    /// Symmetric: another port outside for each that is sent to, and only that one may answer.
    Symmetric,
    /// As [`Nat::Restricted`], and a firewall that lets no UDP pass.
    UdpBlocked,
    /// One port outside for each inside, the same one, to which anybody may send, also those inside
    /// (hairpinning, RFC 4787, section 6). For hosts that use different ports.
    Hairpin,
}

/// A router between one host, or several, and the internet.
#[derive(Debug)]
pub struct Router {
    pub(crate) host: Host,
    pub(crate) uplink: Link,
    /// Its last octet, outside.
    outside: u8,
}

impl Router {
    pub(crate) fn start(host: Host, uplink: Link, nat: Nat, inside: Ipv4Addr) -> Result<Self> {
        host.forward(true)?;
        host.nft(&rules(nat, &uplink, inside))?;
        let [.., outside] = uplink.address().octets();
        Ok(Self {
            host,
            uplink,
            outside,
        })
    }

    /// Its link to the internet.
    #[must_use]
    pub const fn uplink(&self) -> &Link {
        &self.uplink
    }

    /// Forgets every mapping and gets another address outside, as when a provider reconnects a
    /// customer: whoever sends to the old one reaches nobody.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn rebind(&mut self) -> Result<()> {
        let at = |last: u8| {
            let [a, b, c, _] = self.uplink.address().octets();
            Ipv4Addr::new(a, b, c, last)
        };
        let (old, gateway) = (at(self.outside), self.uplink.gateway());
        self.outside = if self.outside == 2 { 3 } else { 2 };
        let (new, wan) = (at(self.outside), self.uplink.interface());
        // Masquerading forgets what it did by an address that goes.
        self.uplink.near().host.ip(&format!(
            "addr del {old}/{PREFIX} dev {wan}\n\
             addr add {new}/{PREFIX} dev {wan}\n\
             route replace default via {gateway} dev {wan}\n"
        ))
    }
}

/// What the other end of an uplink must know of the address that [`Router::rebind`] takes.
pub(crate) fn spare(uplink: &Link, seed: u64, far: &Host, interface: &str) -> Result<()> {
    let [a, b, c, _] = uplink.address().octets();
    let spare = Ipv4Addr::new(a, b, c, 3);
    let hardware = hardware(uplink.address(), seed);
    far.ip(&format!(
        "neigh replace {spare} lladdr {hardware} dev {interface} nud permanent\n"
    ))
}

/// The rules of a router with this uplink. What comes from outside and is dropped leaves no trace in
/// the table of connections, or it would take away the port that a packet from inside is about to get.
fn rules(nat: Nat, uplink: &Link, inside: Ipv4Addr) -> String {
    let (wan, outside) = (uplink.interface(), uplink.address());
    let masquerade = format!("oifname {wan} masquerade");
    let (before, after, pass) = match nat {
        Nat::FullCone => {
            let fixed = format!("iifname {wan} meta l4proto udp dnat to {inside}");
            (fixed, masquerade, "ct status dnat accept")
        }
        Nat::Restricted => (String::new(), masquerade, ""),
        Nat::Symmetric => (String::new(), format!("{masquerade} fully-random"), ""),
        Nat::UdpBlocked => (String::new(), masquerade, "meta l4proto udp drop"),
        Nat::Hairpin => {
            // What comes back inside keeps the address outside as its source (RFC 4787, REQ-9).
            let cone = format!(
                "oifname {wan} meta l4proto udp update @cone {{ udp sport : ip saddr }}\n\
                 oifname != {wan} ct status dnat snat to {outside}\n{masquerade}"
            );
            let fixed = format!("ip daddr {outside} meta l4proto udp dnat to udp dport map @cone");
            (fixed, cone, "ct status dnat accept")
        }
    };
    let block = match nat {
        Nat::UdpBlocked => "meta l4proto udp drop",
        Nat::FullCone | Nat::Restricted | Nat::Symmetric | Nat::Hairpin => "",
    };
    format!(
        "table ip lab {{\n\
         map cone {{ type inet_service : ipv4_addr; flags dynamic, timeout; timeout 60s; size 1024;\n}}\n\
         chain before {{ type nat hook prerouting priority dstnat\n{before}\n}}\n\
         chain after {{ type nat hook postrouting priority srcnat\n{after}\n}}\n\
         chain input {{ type filter hook input priority filter\n\
         iifname {wan} ct state established,related accept\niifname {wan} drop\n}}\n\
         chain forward {{ type filter hook forward priority filter\n{block}\n\
         iifname {wan} ct state established,related accept\n{pass}\niifname {wan} drop\n}}\n\
         }}"
    )
}
