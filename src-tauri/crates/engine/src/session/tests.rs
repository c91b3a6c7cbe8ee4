//! Sessions that open or answer late or never.

use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use media::testing::{Loopback, Network};
use media::transport::{Parcel, Role, Stream};
use media::units::Bitrate;
use tokio::task::yield_now;

use super::*;

const FIRST: SessionId = SessionId {
    call: CallId(1),
    number: 0,
};

/// An opening under way on a transport that lets none open.
struct Held {
    transport: Loopback,
    clock: Clock,
    cancel: oneshot::Sender<()>,
    told: mpsc::Receiver<News>,
}

async fn held() -> Held {
    let transport = Loopback::on(&Network::new(1, Instant::now()));
    transport.hold_opens();
    let (clock, (news, told)) = (Clock::default(), mpsc::channel(8));
    let (cancel, cancelled) = oneshot::channel();
    let params = OpenParams {
        ice_servers: Vec::new(),
        access: None,
        number: 0,
        call: 1,
        role: Role::Offerer,
        max_send: Bitrate::from_kbps(500),
    };
    let through: Arc<dyn MediaTransport> = Arc::new(transport.clone());
    tokio::spawn(open(FIRST, through, params, news, clock.clone(), cancelled));
    while transport.held_opens() == 0 {
        yield_now().await;
    }
    Held {
        transport,
        clock,
        cancel,
        told,
    }
}

#[tokio::test]
async fn a_session_that_does_not_open_in_time_has_failed_and_is_closed_when_it_does() {
    let mut held = held().await;
    held.clock.skip(OPEN_LIMIT);
    let told = held.told.recv().await;
    assert!(
        matches!(
            told,
            Some(News::Opened {
                session: Err(_),
                ..
            })
        ),
        "{told:?}"
    );
    held.transport.release_opens();
    assert!(held.told.recv().await.is_none(), "the opening has ended");
    assert_eq!(held.transport.sessions_opened(), 1);
    assert_eq!(held.transport.open_sessions(), 0);
}

#[tokio::test]
async fn a_session_that_opens_after_its_call_is_closed() {
    let mut held = held().await;
    drop(held.cancel);
    yield_now().await;
    held.transport.release_opens();
    let told = held.told.recv().await;
    assert!(matches!(told, Some(News::Closed { .. })), "{told:?}");
    assert_eq!(held.transport.sessions_opened(), 1);
    assert_eq!(held.transport.open_sessions(), 0);
}

#[tokio::test]
async fn a_session_that_never_opens_holds_nothing_soon_after_its_call() {
    let mut held = held().await;
    drop(held.cancel);
    yield_now().await;
    held.clock.skip(GRACE);
    let told = held.told.recv().await;
    assert!(matches!(told, Some(News::Closed { .. })), "{told:?}");
    assert_eq!(held.transport.held_opens(), 0);
}

/// A session that never tells its figures.
struct Silent;

impl SessionControl for Silent {
    fn parcel(&self, _: Parcel) {}

    fn request_keyframe(&self, _: Stream) {}

    fn mute(&self, _: Stream, _: bool) {}
    fn fail_path(&self, _: Duration) {}

    fn send_data(&self, _: Bytes) -> Result<(), TransportError> {
        Ok(())
    }

    fn stats(&self) -> BoxFuture<'static, TransportStats> {
        std::future::pending().boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

#[tokio::test]
async fn a_session_that_never_tells_its_figures_is_soon_let_go() {
    let (clock, (news, mut told)) = (Clock::default(), mpsc::channel(8));
    let session: Arc<dyn SessionControl> = Arc::new(Silent);
    let held = Arc::downgrade(&session);
    tokio::spawn(ask_for_figures(FIRST, session, clock.clone(), news));
    yield_now().await;
    clock.skip(FIGURES_LIMIT);
    assert!(told.recv().await.is_none(), "nobody waits for them");
    assert!(held.upgrade().is_none());
}
