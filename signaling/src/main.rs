//! `tincan-relay`: the relay as a process of its own.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use signal_relay::{Config, Limits, client_url, serve};
use tokio::net::TcpListener;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Introduces Tincan apps to each other. Prints the URL that clients use as its first line, and
/// runs until it is interrupted or terminated.
#[derive(Debug, Parser)]
#[command(name = "tincan-relay", version)]
struct Options {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "IP:PORT", default_value = "0.0.0.0:4080")]
    listen: SocketAddr,
    /// A host name by which clients reach this relay; may be repeated. When given, clients that
    /// dialed another name are refused
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// The most connections at a time
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// The most connections at a time from one source address
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections_per_ip)]
    max_per_ip: usize,
    /// How much to log on standard error: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LevelFilter,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
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
    let stopped = stop_signal().context("cannot listen for signals")?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let url = client_url(listener.local_addr()?);
    writeln!(io::stdout(), "{url}").context("cannot print the URL")?;
    let limits = Limits {
        connections: options.max_connections,
        connections_per_ip: options.max_per_ip,
        ..Limits::default()
    };
    let config = Config {
        hosts: options.host,
        limits,
        ..Config::default()
    };
    serve(listener, config, stopped)
        .await
        .context("cannot serve")
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
