//! A network interface whose packets we carry: a TAP device (`linux/if_tun.h`), one frame a read.
//!
//! TAP and not TUN, because programs must not take it for the tunnel of a VPN, which a point-to-point
//! interface looks like; it has an Ethernet address and a subnet, as the network card of any machine.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use anyhow::{Context, Result};

use super::host::Host;
use super::shell::ip;

/// An open device; closing it removes the interface.
#[derive(Debug)]
pub(crate) struct Tap {
    file: File,
}

impl Tap {
    /// Makes the interface of this name on a host.
    pub(crate) fn open(host: &Host, interface: &str) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/net/tun")
            .context("no /dev/net/tun")?;
        // An interface is made where we are, and moves to its host under its own name.
        let here = super::host::unique("tap");
        attach(&file, &here).context("no TAP interfaces")?;
        let there = ["netns", host.namespace(), "name", interface];
        ip(&[&["link", "set", "dev", &here][..], &there].concat())?;
        Ok(Self { file })
    }

    /// The next frame that the host sends; waits for it. Fails when the interface is gone.
    pub(crate) fn read<'a>(&self, room: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let length = (&self.file).read(room)?;
        Ok(&room[..length])
    }

    /// Hands the host a frame. Fails while the interface is down.
    pub(crate) fn write(&self, frame: &[u8]) -> io::Result<()> {
        (&self.file).write_all(frame)
    }
}

/// The largest frame: Ethernet's, with its header and a tag.
pub(crate) const FRAME: usize = 1518;

/// `struct ifreq` as TUNSETIFF reads it.
#[repr(C)]
struct Request {
    name: [u8; 16],
    flags: i16,
    rest: [u8; 22],
}

#[expect(unsafe_code, reason = "TUNSETIFF has no safe form")]
fn attach(file: &File, name: &str) -> io::Result<()> {
    let mut request = Request {
        name: [0; 16],
        flags: IFF_TAP | IFF_NO_PI,
        rest: [0; 22],
    };
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    // SAFETY: the kernel reads and writes one `struct ifreq`, which `Request` has the layout of.
    unsafe {
        let request = rustix::ioctl::Updater::<TUNSETIFF, Request>::new(&mut request);
        rustix::ioctl::ioctl(file, request)?;
    }
    Ok(())
}

/// `_IOW('T', 202, int)`
const TUNSETIFF: rustix::ioctl::Opcode = 0x4004_54ca;

/// Frames of Ethernet.
const IFF_TAP: i16 = 0x0002;

/// Without a header before each.
const IFF_NO_PI: i16 = 0x1000;
