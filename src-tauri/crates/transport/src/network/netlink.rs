//! Notifications of the Linux kernel of changes of links, addresses and routes (rtnetlink(7)).

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A socket to which the kernel sends a message for each change. What the messages say is not read:
/// whoever hears of one looks at the network as it is.
pub(super) struct Notifications {
    socket: AsyncFd<OwnedFd>,
}

impl Notifications {
    /// Subscribes. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the system has no such sockets, as in a sandbox.
    pub(super) fn subscribe() -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        // No protocol is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self {
            socket: AsyncFd::with_interest(socket, Interest::READABLE)?,
        })
    }

    /// Waits until something changed, and takes all notifications that are there.
    ///
    /// # Errors
    /// When the socket is of no use any more.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.socket.readable().await?;
            let mut heard = false;
            loop {
                // The rest of a longer message is dropped with it.
                let mut room = [0; 64];
                let taken = ready.try_io(|it| {
                    let taken = recv(it.get_ref(), &mut room, RecvFlags::empty());
                    Ok(taken.map(drop)?)
                });
                match taken {
                    Ok(Ok(())) => heard = true,
                    // More notifications than the socket holds: there were some.
                    Ok(Err(error)) if error.raw_os_error() == Some(ENOBUFS) => heard = true,
                    Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(Err(error)) => return Err(error),
                    Err(_would_block) => break,
                }
            }
            if heard {
                return Ok(());
            }
        }
    }
}

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR` and
/// `RTMGRP_IPV6_ROUTE` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// The queue of a socket was full.
const ENOBUFS: i32 = 105;
