//! The peer connection of a call between two machines.

use std::sync::Arc;
use std::time::Instant;

use media::rate::estimate::FEEDBACK_INTERVAL;
use media::transport::{IceServer, OpenParams, Stream, Streams, TransportError};
use tracing::Span;
use webrtc::peer_connection::PeerConnection;

use super::Config;
use super::migrate::{self, LocalNetwork, Migration, System};
use crate::peer::clocks::SendClocks;
use crate::peer::local::{LocalStream, Naming};
use crate::peer::resolve::Resolver;
use crate::peer::setup::{IceTimeouts, configuration};
use crate::peer::socket::SocketLayer;
use crate::peer::{self, Peer, internal};

/// What every peer connection of a transport is made with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) resolver: Arc<Resolver>,
    /// Between the library and the network; `None` but in tests.
    pub(crate) layer: Option<Arc<dyn SocketLayer>>,
    pub(crate) ice: IceTimeouts,
    /// What tells of this machine's network; the system when `None`, as it is but in tests.
    pub(crate) network: Option<Arc<dyn LocalNetwork>>,
}

impl Setup {
    fn local_network(&self) -> Arc<dyn LocalNetwork> {
        let only = self.config.bind;
        let system = || Arc::new(System { only }) as Arc<dyn LocalNetwork>;
        self.network.clone().unwrap_or_else(system)
    }
}

/// A connection that is set up, and what moves it from one network to another.
pub(crate) struct Built {
    pub(crate) peer: Peer,
    pub(crate) local: Streams<LocalStream>,
    pub(crate) migration: Migration,
    /// To be run beside the session.
    pub(crate) migrating: migrate::Task,
}

/// Sets a connection up and binds its sockets. Must run inside a tokio runtime. What the library's
/// tasks log is inside `span`.
///
/// # Errors
/// [`TransportError::Internal`] when nothing can be bound, or the library refuses its settings.
pub(crate) async fn build(
    setup: &Setup,
    params: &OpenParams,
    span: Span,
) -> Result<Built, TransportError> {
    let (traffic, outage) = peer::ground(setup.layer.clone());
    let parts = migrate::Parts {
        role: params.role,
        network: setup.local_network(),
        layer: Arc::clone(&outage) as _,
        traffic: Arc::clone(&traffic),
    };
    let (migration, migrating) = Migration::new(parts, Instant::now());
    let peer = peer::build(peer::Parts {
        bind: setup.config.bind,
        link_local: true,
        tcp: false,
        configuration: configuration(&servers(&setup.config, params)),
        ice: setup.ice,
        extensions: &[],
        max_send: params.max_send,
        feedback_interval: FEEDBACK_INTERVAL,
        resolver: Arc::clone(&setup.resolver),
        traffic,
        outage,
        routes: migration.routes(),
        span,
    })
    .await?;
    let local = add_streams(&*peer.connection, &peer.clocks)
        .await
        .map_err(|it| internal(&it))?;
    Ok(Built {
        peer,
        local,
        migration,
        migrating,
    })
}

/// Adds all streams. Their order is the contract between two sides, because it numbers the m-lines of
/// the offer, and with them the MIDs (RFC 9143), which the library lets nobody choose: `0` is the
/// voice, `1` the camera, `2` the screen, `3` its sound, and `4` the data channels.
async fn add_streams(
    connection: &dyn PeerConnection,
    clocks: &SendClocks,
) -> Result<Streams<LocalStream>, webrtc::error::Error> {
    let add = |stream| {
        let ssrc = clocks.stream(stream).ssrc;
        LocalStream::add(connection, stream, ssrc, naming(stream), false)
    };
    Ok(Streams::from([
        add(Stream::Voice).await?,
        add(Stream::Camera).await?,
        add(Stream::Screen).await?,
        add(Stream::ScreenSound).await?,
    ]))
}

const fn naming(stream: Stream) -> Naming {
    let (media_stream, track) = match stream {
        Stream::Voice => ("person", "voice"),
        Stream::Camera => ("person", "camera"),
        Stream::Screen => ("screen", "screen"),
        Stream::ScreenSound => ("screen", "screenSound"),
    };
    Naming {
        media_stream,
        track,
    }
}

/// The ICE agent's servers: those of the settings, and then those that a relay names for this call.
fn servers<'a>(config: &'a Config, params: &'a OpenParams) -> Vec<&'a IceServer> {
    let named = params.ice_servers.iter().take(MAX_NAMED);
    let mut servers: Vec<&IceServer> = Vec::new();
    for server in config.ice_servers.iter().chain(named) {
        if !servers.contains(&server) {
            servers.push(server);
        }
    }
    servers
}

/// Servers of relays that are used at most: each that does not answer is asked for seconds.
const MAX_NAMED: usize = 8;

#[cfg(test)]
mod tests {
    use media::transport::Role;
    use media::units::Bitrate;
    use webrtc::peer_connection::RTCIceServer;

    use super::*;

    fn turn(host: &str) -> IceServer {
        IceServer {
            url: format!("turn:{host}:3478"),
            username: "1700000000:x".to_owned(),
            credential: "secret".to_owned(),
        }
    }

    fn agents_servers(ours: &[IceServer], named: &[IceServer]) -> Vec<RTCIceServer> {
        let config = Config {
            ice_servers: ours.to_vec(),
            ..Config::default()
        };
        let params = OpenParams {
            call: 1,
            role: Role::Offerer,
            max_send: Bitrate::from_kbps(500),
            ice_servers: named.to_vec(),
            access: None,
            number: 0,
        };
        configuration(&servers(&config, &params))
            .ice_servers()
            .to_vec()
    }

    #[test]
    fn the_agent_gets_the_servers_of_the_settings_and_those_that_the_relay_names() {
        let (ours, named) = (turn("ours.example"), turn("relay.example"));
        let mangled = IceServer {
            url: "no server".to_owned(),
            ..IceServer::default()
        };
        let agents = agents_servers(
            std::slice::from_ref(&ours),
            &[mangled, named.clone(), ours.clone()],
        );
        let urls: Vec<_> = agents.iter().flat_map(|it| it.urls.clone()).collect();
        assert_eq!(urls, [ours.url, named.url]);
        assert_eq!(agents[1].username, named.username);
        assert_eq!(agents[1].credential, named.credential);
    }

    #[test]
    fn a_relay_that_names_many_servers_is_heard_for_eight() {
        let named: Vec<_> = (0..50).map(|it| turn(&format!("{it}.example"))).collect();
        assert_eq!(agents_servers(&[], &named).len(), MAX_NAMED);
    }
}
