//! What happens to a session whose path changes, breaks or never comes about.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::time::MediaTime;
use media::transport::{Path, Role, TransportEvent, TransportState};

use super::duo::{Duo, End, impatient, keyframe, loopback};
use super::impaired::Loss;
use super::stun::StunServer;
use crate::peer::setup::IceTimeouts;
use crate::peer::socket::SocketLayer;

const LOCAL: TransportState = TransportState::Connected(Path::Local);

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_fails_on_purpose_is_silent_for_both_and_comes_back() {
    let mut duo = Duo::connect().await;
    duo.caller.control.fail_path(Duration::from_millis(2500));
    let begun = Instant::now();
    let two_seconds = |it| it >= Duration::from_secs(2);
    duo.caller.until_silence(two_seconds).await;
    duo.callee.until_silence(two_seconds).await;
    duo.caller.until_silence(|it| it.is_zero()).await;
    duo.callee.until_silence(|it| it.is_zero()).await;
    assert!(begun.elapsed() >= Duration::from_millis(2500));
    duo.caller
        .send_video(MediaTime::from_micros(0), keyframe(3_000));
    assert_eq!(duo.callee.next_video().await.frame.payload, keyframe(3_000));
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_while_it_lasts_and_once_when_it_is_over() {
    let loss = Arc::new(Loss::of_media(0.0));
    let mut duo = Duo::connect_over(Some(Arc::clone(&loss) as _)).await;
    loss.cut(true);
    let begun = Instant::now();
    let first = duo.caller.until_silence(|it| !it.is_zero()).await;
    println!("silence told after {:?}", begun.elapsed());
    assert!(first >= Duration::from_secs(1), "{first:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    let second = duo.caller.until_silence(|it| !it.is_zero()).await;
    assert!(second > first, "{first:?} {second:?}");
    loss.cut(false);
    duo.caller.until_silence(|it| it.is_zero()).await;
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_comes_back_late_is_used() {
    let loss = Arc::new(Loss::of_media(0.0));
    let setup = || {
        let mut setup = impatient(Some(Arc::clone(&loss) as Arc<dyn SocketLayer>));
        setup.ice.failed = IceTimeouts::default().failed;
        setup
    };
    let ice = setup().ice;
    let late = ice.disconnected + ice.failed + Duration::from_secs(2);
    let caller = End::open_with(setup(), Role::Offerer).await;
    let callee = End::open_with(setup(), Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    loss.cut(true);
    duo.caller.until_silence(|it| it >= late).await;
    loss.cut(false);
    duo.caller.until_state(|it| *it == LOCAL).await;
    let states = [
        TransportState::Connecting,
        LOCAL,
        TransportState::Disconnected,
        LOCAL,
    ];
    assert_eq!(duo.caller.states, states);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stun_server_that_answers_is_no_sign_of_the_other_side() {
    let server = StunServer::start();
    let mut setup = loopback(None);
    setup.config.ice_servers = vec![server.address()];
    let loss = Arc::new(Loss::of_media(0.0));
    let callee = loopback(Some(Arc::clone(&loss) as Arc<dyn SocketLayer>));
    let caller = End::open_with(setup, Role::Offerer).await;
    let callee = End::open_with(callee, Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    loss.cut(true);
    let answered = server.answered();

    let mut events = duo.caller.take_events();
    let mut silences = Vec::new();
    let end = tokio::time::Instant::now() + Duration::from_millis(4500);
    while let Ok(Some((_, event))) = tokio::time::timeout_at(end, events.recv()).await {
        match event {
            TransportEvent::Silence(silence) => silences.push(silence),
            TransportEvent::State(state) => assert_ne!(state, LOCAL),
            _ => {}
        }
    }
    assert!(
        server.answered() > answered + 20,
        "the server goes on answering"
    );
    assert!(silences.is_sorted(), "{silences:?}");
    let longest = silences.last().copied().unwrap_or_default();
    assert!(longest > Duration::from_secs(3), "{silences:?}");
    duo.close().await;
}
