//! Notifications of the Linux kernel of changes of links, addresses and routes (rtnetlink(7)).

use std::io;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UdpSocket;

/// A socket to which the kernel sends a message for each change. What the messages say is not read:
/// whoever hears of one looks at the network as it is.
pub(super) struct Notifications {
    /// Of netlink: tokio waits for any socket of datagrams as it does for those of UDP.
    socket: UdpSocket,
}

impl Notifications {
    /// Subscribes. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the system has no such sockets, as in a sandbox.
    pub(super) fn subscribe() -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        // No protocol is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
        })
    }

    /// Waits until something changed, and takes all notifications that are there.
    ///
    /// # Errors
    /// When the socket is of no use any more.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        // The rest of a longer message is dropped with it.
        let mut room = [0; 64];
        taken(self.socket.recv(&mut room).await)?;
        loop {
            match self.socket.try_recv(&mut room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                received => taken(received)?,
            }
        }
    }
}

/// Whether there was a notification, or more than the socket holds.
fn taken(received: io::Result<usize>) -> io::Result<()> {
    match received {
        Err(error) if error.raw_os_error() != Some(ENOBUFS) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR` and
/// `RTMGRP_IPV6_ROUTE` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// The queue of a socket was full.
const ENOBUFS: i32 = 105;
