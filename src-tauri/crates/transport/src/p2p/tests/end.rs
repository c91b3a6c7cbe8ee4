//! How sessions end, and that nothing is left of them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{TransportError, TransportState};

use super::SOON;
use super::duo::Duo;

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_seen_by_the_other_side_within_a_second() {
    let mut duo = Duo::connect().await;
    duo.caller
        .control
        .send_data(Bytes::from_static(b"bye"))
        .unwrap();
    let begun = Instant::now();
    duo.caller.control.close().await;
    assert!(
        begun.elapsed() < Duration::from_millis(900),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(duo.callee.next_data().await, "bye");
    duo.callee
        .until_state(|it| *it == TransportState::ClosedByPeer)
        .await;
    println!("closed: seen by the other side after {:?}", begun.elapsed());
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert!(duo.callee.event_stream_ends().await);
    assert!(duo.caller.event_stream_ends().await);
    let refused = duo.callee.control.send_data(Bytes::from_static(b"late"));
    assert_eq!(refused, Err(TransportError::NotConnected));
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_control_closes_the_session() {
    let mut duo = Duo::connect().await;
    duo.caller.drop_control();
    duo.callee
        .until_state(|it| *it == TransportState::ClosedByPeer)
        .await;
    duo.callee.control.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_sessions_leave_nothing_behind() {
    Duo::connect().await.close().await;
    let before = resources();
    for _ in 0..5 {
        let pairs = (0..10).map(|_| async {
            Duo::connect().await.close().await;
        });
        futures::future::join_all(pairs).await;
    }
    let deadline = Instant::now() + SOON;
    while resources().0 > before.0 || resources().1 > before.1 {
        assert!(
            Instant::now() < deadline,
            "before {before:?}, after {:?}",
            resources()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Open descriptors and threads of this process. Other tests of this process run beside this one,
/// so it waits until the numbers are back.
fn resources() -> (usize, usize) {
    let count = |folder| std::fs::read_dir(folder).map_or(0, Iterator::count);
    (count("/proc/self/fd"), count("/proc/self/task"))
}
