//! Paths that carry only small packets: tunnels, some VPNs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::time::MediaTime;
use media::transport::{Role, TransportEvent};

use super::duo::{Duo, End, frame, keyframe, loopback};
use super::link::{Link, Narrow};
use crate::peer::socket::SocketLayer;

/// Two ends that are connected over links of this kind.
async fn connect(narrow: Narrow) -> Duo {
    let layer = |seed| {
        let link = Link::new(Duration::from_millis(5), 0.0, seed);
        link.narrow(narrow);
        Some(Arc::new(link) as Arc<dyn SocketLayer>)
    };
    connect_over(layer(1), layer(2)).await
}

async fn connect_over(
    there: Option<Arc<dyn SocketLayer>>,
    here: Option<Arc<dyn SocketLayer>>,
) -> Duo {
    let caller = End::open_with(loopback(there), Role::Offerer).await;
    let callee = End::open_with(loopback(here), Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo
}

/// Sends pictures until ten in a row came whole; returns how long that took. Keyframes are sent
/// when either side asks for one.
fn until_pictures_pass(duo: &mut Duo) -> Duration {
    let mut events = duo.caller.take_events();
    let (begun, mut wanted, mut whole) = (Instant::now(), true, 0);
    for number in 0u64..300 {
        while let Ok((_, event)) = events.try_recv() {
            wanted |= matches!(event, TransportEvent::KeyframeRequested(_));
        }
        let keyframe = std::mem::take(&mut wanted).then(|| keyframe(9_000));
        let picture = keyframe.unwrap_or_else(|| frame(number as u8, 4_000));
        let time = MediaTime::from_micros(number as i64 * 33_333);
        duo.caller.send_video(time, picture);
        for part in 0..2 {
            let time = MediaTime::from_micros(number as i64 * 33_333 + part * 16_667);
            duo.caller.send_audio(time, Bytes::from_static(&[5; 80]));
        }
        while let Some(got) = duo.callee.video_within(Duration::from_millis(33)) {
            whole = if got.after_loss { 0 } else { whole + 1 };
        }
        if whole >= 10 {
            return begun.elapsed();
        }
    }
    panic!("no pictures pass");
}

async fn message_passes(duo: &mut Duo) {
    let message = Bytes::from(vec![7; 5_000]);
    duo.caller.control.send_data(message.clone()).unwrap();
    assert_eq!(duo.callee.next_data().await, message);
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_become_as_small_as_the_interface_takes() {
    for limit in [1072, 800, 572] {
        let mut duo = connect(Narrow::Refuses(limit)).await;
        message_passes(&mut duo).await;
        let took = until_pictures_pass(&mut duo);
        println!("{limit} bytes: pictures pass after {took:?}");
        assert!(took < Duration::from_secs(4), "{limit}: {took:?}");
        duo.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_become_as_small_as_a_silent_router_on_the_way_takes() {
    let mut duo = connect(Narrow::Loses(1000)).await;
    message_passes(&mut duo).await;
    let took = until_pictures_pass(&mut duo);
    println!("pictures pass after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    duo.close().await;
}

/// With the system's own refusals, in a network of its own:
/// `unshare -rn sh -c 'ip link set lo up mtu 700 && cargo test -p transport narrow -- --ignored'`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "says something only where the loopback interface has a small MTU"]
async fn packets_become_as_small_as_a_real_interface_takes() {
    let mut duo = connect_over(None, None).await;
    message_passes(&mut duo).await;
    let took = until_pictures_pass(&mut duo);
    println!("pictures pass after {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    duo.close().await;
}
