//! `tincan-relay`: the relay as a process of its own.

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::Context;
use signal_relay::{
    Certificate, Config, ListenError, Server, client_url, encrypted_client_url, listen,
};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use options::Options;
use signals::Signals;

mod descriptors;
mod options;
mod signals;

#[tokio::main]
async fn main() -> ExitCode {
    let (options, in_force) = Options::read();
    match run(options, in_force).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody hears of it where standard error is closed.
            let _written: io::Result<()> = writeln!(io::stderr(), "tincan-relay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options, [limits, periods]: [String; 2]) -> anyhow::Result<()> {
    options.check()?;
    log(options.log);
    let signals = Signals::new().context("cannot listen for signals")?;
    tracing::info!("limits: {limits}");
    tracing::info!("periods: {periods}");
    let mut config = options.config()?;
    let (stun, turn) = config.ice.counts();
    tracing::info!(stun, turn, "servers that clients are told of");
    if let Some(livekit) = &config.livekit {
        tracing::info!("clients are let into rooms at a LiveKit server");
        if livekit.is_exposed() {
            tracing::warn!(
                "ws: lets whoever is between clients and it read their tokens: use wss:"
            );
        }
    }
    fit_descriptors(&mut config);
    let certificate = certificate(&options)?;
    let listeners = listeners(&options.listen)?;
    print_urls(&listeners, certificate.is_some())?;
    let mut server = Server::new(listeners, config);
    if let Some(address) = options.admin {
        for listener in listen(&[address])? {
            tracing::info!("admin: http://{}/metrics", listener.local_addr()?);
            server = server.with_admin(listener);
        }
    }
    if let Some(certificate) = certificate.clone() {
        server = server.with_certificate(certificate);
    }
    // The first signal is awaited before the second.
    let signals = Mutex::new(signals);
    let stop = async || {
        let mut signals = signals.lock().await;
        signals.stop(|| hung_up(certificate.as_ref())).await;
    };
    server.run(stop(), stop()).await.context("cannot serve")
}

/// Logs on standard error. Only the relay's own lines: libraries below would write down what passes
/// through them.
fn log(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let ours = Targets::new()
        .with_target("signal_relay", level)
        .with_target(module_path!(), level);
    tracing_subscriber::registry().with(lines).with(ours).init();
}

/// Prints where clients reach each listener.
fn print_urls(listeners: &[TcpListener], encrypted: bool) -> anyhow::Result<()> {
    for listener in listeners {
        let address = listener.local_addr()?;
        let url = if encrypted {
            encrypted_client_url(address)
        } else {
            client_url(address)
        };
        writeln!(io::stdout(), "{url}").context("cannot print the URL")?;
    }
    Ok(())
}

/// Takes in no more connections than there are descriptors for.
fn fit_descriptors(config: &mut Config) {
    let Some(descriptors) = descriptors::raise() else {
        return;
    };
    let lowered = descriptors::fit(&mut config.limits, descriptors);
    let connections = config.limits.connections;
    if lowered {
        tracing::warn!(descriptors, connections, "fewer connections than wished");
    } else {
        tracing::info!(descriptors, connections, "there are descriptors enough");
    }
}

fn certificate(options: &Options) -> anyhow::Result<Option<Certificate>> {
    let (Some(cert), Some(key)) = (&options.cert, &options.key) else {
        return Ok(None);
    };
    let certificate = Certificate::load(cert.clone(), key.clone())?;
    Ok(Some(certificate))
}

/// What a hangup means: read the certificate again. Where there is none it means nothing to a
/// service, and the end to a relay whose terminal was closed. Returns whether to go on.
fn hung_up(certificate: Option<&Certificate>) -> bool {
    match certificate.map(Certificate::reload) {
        Some(Ok(())) => tracing::info!("the certificate was read again"),
        Some(Err(error)) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "the old certificate stays in use");
        }
        None if io::stderr().is_terminal() => return false,
        None => tracing::info!("there is no certificate to read again"),
    }
    true
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

/// Where clients of this machine look for a relay.
const PORT: u16 = 4080;
