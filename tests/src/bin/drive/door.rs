//! Passes on connections from one host of a lab to another, see `scenarios::lab::Door`.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context, Result};
use scenarios::clock;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Where to.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// The port of this host's loopback interface.
    #[arg(long)]
    to: u16,
}

/// Passes on what comes to the socket that is our standard input, until we are ended.
pub(crate) async fn run(options: Options) -> Result<()> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (near, _) = listener.accept().await.context("no socket to listen on")?;
        tokio::spawn(pass_on(near, options.to));
    }
}

/// One connection. Whoever is dialled may still be about to listen.
async fn pass_on(mut near: TcpStream, to: u16) -> io::Result<()> {
    let until = clock::now() + SOON;
    let mut far = loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await {
            Ok(far) => break far,
            Err(error) if clock::now() > until => return Err(error),
            Err(_) => sleep(LOOK).await,
        }
    };
    tokio::io::copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}

/// Within which a program listens that has just been started.
const SOON: Duration = Duration::from_secs(10);

/// Between two tries.
const LOOK: Duration = Duration::from_millis(30);
