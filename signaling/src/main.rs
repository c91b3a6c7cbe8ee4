//! `tincan-relay`: the relay as a process of its own.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

mod turn_options;

use anyhow::Context;
use clap::Parser;
use signal_relay::{Config, KnownHost, Limits, ListenError, client_url, listen, serve_all};
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Introduces Tincan apps to each other by passing on the messages that set a call up. Picture
/// and sound do not pass through it.
///
/// It learns who calls whom, when, and from which network addresses, and whoever runs it could
/// read those messages: they are not sealed yet. It writes nothing to disk, and no address of
/// anybody into its log.
///
/// Prints the URL that clients use, one line for each address that it listens at, and runs until
/// it is interrupted or terminated.
#[derive(Debug, Parser)]
#[command(name = "tincan-relay", version)]
struct Options {
    /// Where to listen; may be repeated. Port 0 picks a free one, and [::] takes IPv4 as well.
    /// When not given, only programs on this machine can connect: 127.0.0.1:4080 and [::1]:4080
    #[arg(long, value_name = "IP:PORT")]
    listen: Vec<SocketAddr>,
    /// A host name by which clients reach this relay; may be repeated. When given, clients that
    /// dialled another name or port are refused. Without a port it means those that the relay
    /// listens at, 80 and 443
    #[arg(long, value_name = "NAME[:PORT]")]
    host: Vec<KnownHost>,
    /// The most connections at a time
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// The most connections at a time from one IPv4 address or one IPv6 /64
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections_per_ip)]
    max_per_ip: usize,
    #[command(flatten)]
    turn: turn_options::TurnOptions,
    /// How much to log on standard error: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LevelFilter,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody hears of it where standard error is closed.
            let _written: io::Result<()> = writeln!(io::stderr(), "tincan-relay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> anyhow::Result<()> {
    // Only the relay's own lines: libraries below would write down what passes through them.
    let colours = io::stderr().is_terminal();
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(colours),
        )
        .with(Targets::new().with_target("signal_relay", options.log))
        .init();
    let ice = options.turn.config()?;
    let stopped = stop_signal().context("cannot listen for signals")?;
    let listeners = listeners(&options.listen)?;
    for listener in &listeners {
        let url = client_url(listener.local_addr()?);
        writeln!(io::stdout(), "{url}").context("cannot print the URL")?;
    }
    let limits = Limits {
        connections: options.max_connections,
        connections_per_ip: options.max_per_ip,
        ..Limits::default()
    };
    let config = Config {
        hosts: options.host,
        ice,
        limits,
        ..Config::default()
    };
    serve_all(listeners, config, stopped)
        .await
        .context("cannot serve")
}

/// Listens where the user said, or else at the loopback addresses that this machine has.
fn listeners(wanted: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    if !wanted.is_empty() {
        return listen(wanted);
    }
    let v4 = listen(&[(Ipv4Addr::LOCALHOST, PORT).into()]);
    let v6 = listen(&[(Ipv6Addr::LOCALHOST, PORT).into()]);
    match (v4, v6) {
        (Err(error), Ok(found)) | (Ok(found), Err(error)) if error.is_absent() => Ok(found),
        (v4, v6) => Ok(v4?.into_iter().chain(v6?).collect()),
    }
}

/// Waits for the signal that asks the process to end.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for the event that asks the process to end.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        let _event: Option<()> = interrupt.recv().await;
    })
}

/// Where clients of this machine look for a relay.
const PORT: u16 = 4080;
