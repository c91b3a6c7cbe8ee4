//! What happens to a session whose path changes, breaks or never comes about.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::time::MediaTime;
use media::transport::{Path, Role, TransportEvent, TransportState};
use rtc::peer_connection::transport::RTCIceTransportState;
use webrtc::peer_connection::PeerConnection;

use super::SOON;
use super::duo::{Duo, End, impatient, keyframe, loopback};
use super::impaired::Loss;
use super::stun::StunServer;
use crate::p2p::peer::IceTimeouts;
use crate::p2p::socket::SocketLayer;

const LOCAL: TransportState = TransportState::Connected(Path::Local);

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_by_either_side_keeps_the_media() {
    let duo = Duo::connect().await;
    for restarter in [0, 1] {
        let end = if restarter == 0 {
            &duo.caller
        } else {
            &duo.callee
        };
        end.control.restart();
        tokio::time::sleep(Duration::from_millis(300)).await;
        duo.caller.send_video(
            MediaTime::from_micros(i64::from(restarter)),
            keyframe(3_000),
        );
        let got = duo.callee.next_video().await;
        assert_eq!(got.frame.payload, keyframe(3_000));
        duo.callee
            .send_audio(MediaTime::from_micros(0), Bytes::from_static(b"sound"));
        assert_eq!(duo.caller.next_audio().await.frame.payload, "sound");
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_while_the_relay_is_away_end_in_one_path() {
    let loss = Arc::new(Loss::of_media(0.0));
    let mut duo = Duo::connect_over(Some(Arc::clone(&loss) as _)).await;
    duo.held.send_replace(true);
    loss.cut(true);
    for _ in 0..2 {
        duo.caller.control.restart();
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    duo.caller
        .until_silence(|it| it >= Duration::from_secs(2))
        .await;
    loss.cut(false);
    duo.held.send_replace(false);
    duo.caller.until_silence(|it| it.is_zero()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    duo.caller
        .send_video(MediaTime::from_micros(0), keyframe(3_000));
    assert_eq!(duo.callee.next_video().await.frame.payload, keyframe(3_000));
    duo.callee
        .send_audio(MediaTime::from_micros(0), Bytes::from_static(b"sound"));
    assert_eq!(duo.caller.next_audio().await.frame.payload, "sound");
    duo.caller
        .control
        .send_data(Bytes::from_static(b"still here"))
        .unwrap();
    assert_eq!(duo.callee.next_data().await, "still here");
    duo.close().await;
}

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

/// Two ends whose ICE agents fail soon, with the connection beneath the caller, before they are
/// connected.
async fn impatient_ends(loss: &Arc<Loss>) -> (Duo, Arc<dyn PeerConnection>) {
    let setup = || impatient(Some(Arc::clone(loss) as Arc<dyn SocketLayer>));
    let (caller, connection) = End::open_bare(setup(), Role::Offerer).await;
    let callee = End::open_with(setup(), Role::Answerer).await;
    (Duo::couple(caller, callee), connection)
}

async fn until_ice_failed(connection: &dyn PeerConnection) {
    let failed = async {
        loop {
            let sender = connection.get_senders().await.remove(0);
            if let Ok(Some(dtls)) = sender.transport().await {
                let state = dtls.ice_transport().state().await;
                if state.is_ok_and(|it| it == RTCIceTransportState::Failed) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, failed).await.expect("ICE fails");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_ice_failed_before_it_ever_connected_connects_after_a_restart() {
    let loss = Arc::new(Loss::of_media(0.0));
    loss.cut(true);
    let (mut duo, connection) = impatient_ends(&loss).await;
    until_ice_failed(&*connection).await;
    loss.cut(false);
    duo.caller.control.restart();
    let begun = Instant::now();
    let (caller, _) = duo.both_connected().await;
    println!("connected {:?} after the restart", caller - begun);
    assert_eq!(duo.caller.states, [TransportState::Connecting, LOCAL]);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_ice_failed_after_it_was_connected_connects_after_a_restart() {
    let loss = Arc::new(Loss::of_media(0.0));
    let (mut duo, connection) = impatient_ends(&loss).await;
    duo.both_connected().await;
    loss.cut(true);
    until_ice_failed(&*connection).await;
    let lost = |it: &TransportState| *it == TransportState::Disconnected;
    duo.caller.until_state(lost).await;
    duo.callee.until_state(lost).await;
    loss.cut(false);
    duo.callee.control.restart();
    duo.both_connected().await;
    duo.caller
        .send_video(MediaTime::from_micros(0), keyframe(3_000));
    assert_eq!(duo.callee.next_video().await.frame.payload, keyframe(3_000));
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_comes_back_late_is_used_without_a_restart() {
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

    // Each restart asks the server anew.
    let mut events = duo.caller.take_events();
    let mut silences = Vec::new();
    for _ in 0..4 {
        duo.caller.control.restart();
        let pause = tokio::time::Instant::now() + Duration::from_millis(1100);
        while let Ok(Some((_, event))) = tokio::time::timeout_at(pause, events.recv()).await {
            match event {
                TransportEvent::Silence(silence) => silences.push(silence),
                TransportEvent::State(state) => assert_ne!(state, LOCAL),
                _ => {}
            }
        }
    }
    assert!(server.answered() > answered + 2, "the server is asked");
    assert!(silences.is_sorted(), "{silences:?}");
    let longest = silences.last().copied().unwrap_or_default();
    assert!(longest > Duration::from_secs(3), "{silences:?}");
    duo.close().await;
}
