//! The socket to the server is lost in the middle of a call: the media does not depend on it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use media::transport::{TransportError, TransportState};
use scenarios::livekit::LiveKit;
use scenarios::turn::{note, turn};
use tokio::time::sleep;

use super::duo::{Duo, transport};
use super::flow::Flow;
use super::front::{Front, Manner};

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_cut_is_resumed_and_no_frame_is_missing() -> Result<()> {
    let _turn = turn().await;
    let Some(cut) = Cut::start().await? else {
        return Ok(());
    };
    let (mut duo, front) = (cut.duo, cut.front);
    let out = Flow::start(&duo.caller, &duo.callee).await?;
    let back = Flow::start(&duo.callee, &duo.caller).await?;
    let begun = Instant::now();
    for joins in 2..4 {
        front.cut()?;
        front.until_joined(joins).await?;
        sleep(Duration::from_millis(500)).await;
    }
    out.is_whole_since(begun)?;
    back.is_whole_since(begun)?;
    talks(&mut duo).await?;
    duo.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lets_nobody_in_for_seconds_costs_no_frame() -> Result<()> {
    let _turn = turn().await;
    let Some(cut) = Cut::start().await? else {
        return Ok(());
    };
    let (mut duo, front) = (cut.duo, cut.front);
    let out = Flow::start(&duo.caller, &duo.callee).await?;
    let begun = Instant::now();
    front.treats(Manner::Status(500));
    front.cut()?;
    sleep(Duration::from_secs(2)).await;
    front.treats(Manner::Through);
    front.until_joined(2).await?;
    sleep(Duration::from_millis(500)).await;
    out.is_whole_since(begun)?;
    talks(&mut duo).await?;
    duo.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_resumed_a_new_session_connects() -> Result<()> {
    let Some(mut cut) = Cut::start().await? else {
        return Ok(());
    };
    cut.front.treats(Manner::HangUp);
    let begun = Instant::now();
    cut.front.cut()?;
    let ended = cut.duo.caller.ended().await?;
    let unreachable = TransportState::Failed(TransportError::ServerUnreachable);
    ensure!(ended == unreachable, "{ended:?}");
    note(&format!("given up after {:?}", begun.elapsed()));
    cut.front.treats(Manner::Through);
    let mut next = cut.connect_again().await?;
    note(&format!("connected again after {:?}", next.connected));
    talks(&mut next).await?;
    next.close().await;
    Ok(())
}

/// A caller whose way to the server can be cut, and a callee.
pub(crate) struct Cut {
    pub(crate) duo: Duo,
    pub(crate) front: Front,
    transports: [::transport::livekit::LiveKit; 2],
    server: LiveKit,
}

impl Cut {
    pub(crate) async fn start() -> Result<Option<Self>> {
        let Some(server) = LiveKit::start().await? else {
            return Ok(None);
        };
        let front = Front::start(server.port(), Manner::Through).await?;
        let transports = [transport(), transport()];
        let urls = [&*front.url(), &*server.url()];
        let [caller, callee] = &transports;
        let duo = Duo::connect_at([caller, callee], urls, ROOM, 0).await?;
        Ok(Some(Self {
            duo,
            front,
            transports,
            server,
        }))
    }

    /// The next session of both.
    pub(crate) async fn connect_again(&self) -> Result<Duo> {
        let urls = [&*self.front.url(), &*self.server.url()];
        let [caller, callee] = &self.transports;
        Duo::connect_at([caller, callee], urls, ROOM, 1).await
    }
}

/// Both say something, and hear it.
pub(crate) async fn talks(duo: &mut Duo) -> Result<()> {
    duo.caller.control.send_data(Bytes::from_static(b"hello"))?;
    ensure!(duo.callee.hears().await? == "hello");
    duo.callee.control.send_data(Bytes::from_static(b"world"))?;
    ensure!(duo.caller.hears().await? == "world");
    Ok(())
}

const ROOM: &str = "room";
