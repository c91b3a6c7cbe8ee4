//! Two sessions over real UDP sockets on loopback, in one process: what flows between them. What
//! happens to their path, what a hostile other side does, and how they end is in modules of their
//! own.

mod duo;
mod end;
mod hostile;
mod impaired;
mod link;
mod link_local;
mod lossy;
mod migration;
mod narrow;
mod path;
mod repair;
mod scripted;
mod spans;
mod streams;
mod stun;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::time::MediaTime;
use media::transport::{Role, Stream, TransportError, TransportEvent};

use self::duo::{Duo, End, frame, keyframe};
use self::impaired::Loss;
use super::setup::Setup;

/// Long enough for a busy machine; tests that pass end sooner.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn frames_and_messages_flow_both_ways() {
    let mut duo = Duo::connect().await;
    for (from, to) in [(&duo.caller, &duo.callee), (&duo.callee, &duo.caller)] {
        for number in 0..30 {
            let time = MediaTime::from_micros(1_000_000 + number * 33_333);
            let sent = if number == 0 {
                keyframe(60_000)
            } else {
                frame(number as u8, 9_000)
            };
            from.send_video(time, sent.clone());
            from.send_audio(time, Bytes::from(vec![number as u8; 80]));
            let got = to.next_video().await;
            assert_eq!(got.frame.payload, sent);
            assert_eq!(got.frame.keyframe, number == 0);
            assert_eq!(got.sequence, number as u64);
            assert!(got.synchronised && !got.after_loss);
            let heard = to.next_audio().await;
            assert_eq!(heard.frame.payload, vec![number as u8; 80]);
            assert!(heard.synchronised);
            assert!(heard.frame.time.micros_since(got.frame.time).abs() < 100);
        }
    }
    duo.caller
        .control
        .send_data(Bytes::from_static(b"hello"))
        .unwrap();
    duo.callee
        .control
        .send_data(Bytes::from_static(b"world"))
        .unwrap();
    assert_eq!(duo.callee.next_data().await, "hello");
    assert_eq!(duo.caller.next_data().await, "world");
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answerer_connects_at_once_when_all_parcels_are_there() {
    let mut times = Vec::new();
    for _ in 0..5 {
        let mut caller = End::open(Role::Offerer, None).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let parcels = caller.parcels_so_far().await;
        let accepted = Instant::now();
        let callee = End::open(Role::Answerer, None).await;
        parcels.into_iter().for_each(|it| callee.control.parcel(it));
        let mut duo = Duo::couple(caller, callee);
        let (a, b) = duo.both_connected().await;
        times.push((a.duration_since(accepted), b.duration_since(accepted)));
        duo.close().await;
    }
    println!("accept to connected, caller and callee: {times:?}");
    assert!(
        times
            .iter()
            .any(|(a, b)| *a.max(b) < Duration::from_millis(150)),
        "{times:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_packets_are_sent_again() {
    let duo = Duo::connect_over(Some(Arc::new(Loss::of_media(0.05)))).await;
    let mut sent = Vec::new();
    let mut got = Vec::new();
    for number in 0..90 {
        let bytes = if number == 0 {
            keyframe(30_000)
        } else {
            frame(number as u8, 9_000)
        };
        sent.push(bytes.clone());
        duo.caller
            .send_video(MediaTime::from_micros(number * 16_667), bytes);
        tokio::time::sleep(Duration::from_millis(16)).await;
        got.extend(std::iter::from_fn(|| {
            duo.callee.video_within(Duration::ZERO)
        }));
    }
    while got.len() < sent.len() {
        let Some(frame) = duo.callee.video_within(Duration::from_millis(700)) else {
            break;
        };
        got.push(frame);
    }
    assert!(
        got.iter().all(|it| sent.contains(&it.frame.payload)),
        "a picture came damaged"
    );
    let whole = got.len();
    println!("{whole} of {} pictures over 5 % loss", sent.len());
    assert!(whole >= sent.len() * 9 / 10, "{whole}");
    let stats = duo.callee.control.stats().await;
    assert!(stats.streams[Stream::Camera].nack_count > 0);
    let stats = duo.caller.control.stats().await;
    assert!(stats.streams[Stream::Camera].retransmitted_packets_sent > 0);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_request_reaches_the_encoder() {
    let mut duo = Duo::connect().await;
    duo.caller
        .send_video(MediaTime::from_micros(0), keyframe(5_000));
    duo.callee.next_video().await;
    duo.callee.control.request_keyframe(Stream::Camera);
    duo.caller
        .until(|it| matches!(it, TransportEvent::KeyframeRequested(Stream::Camera)))
        .await;
    let stats = duo.callee.control.stats().await;
    assert_eq!(stats.streams[Stream::Camera].pli_count, 1);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_before_there_is_a_path_is_refused() {
    let end = End::open(Role::Offerer, None).await;
    let nothing = EncodedFrame {
        time: MediaTime::from_micros(0),
        keyframe: true,
        payload: Bytes::from_static(b"sound"),
    };
    assert_eq!(
        end.out[Stream::Voice].send(nothing),
        media::transport::Sent::NotConnected
    );
    let message = Bytes::from_static(b"message");
    assert_eq!(
        end.control.send_data(message),
        Err(TransportError::NotConnected)
    );
    let large = Bytes::from(vec![0; media::transport::MAX_DATA + 1]);
    assert!(matches!(
        end.control.send_data(large),
        Err(TransportError::TooLarge(_))
    ));
    end.control.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_estimate_climbs_while_the_network_carries_all() {
    let mut duo = Duo::connect().await;
    let mut number = 0;
    let best = loop {
        for _ in 0..6 {
            let bytes = if number == 0 {
                keyframe(20_000)
            } else {
                frame(number as u8, 9_000)
            };
            duo.caller
                .send_video(MediaTime::from_micros(number * 33_333), bytes);
            number += 1;
            tokio::time::sleep(Duration::from_millis(33)).await;
        }
        let at = duo
            .caller
            .until(|it| matches!(it, TransportEvent::Estimate(_)));
        at.await;
        let figures = duo.caller.last_estimate.unwrap();
        if figures.bitrate.kbps() > 1500 || number > 120 {
            break figures;
        }
    };
    println!("estimate {best:?} after {number} pictures");
    assert!(best.bitrate.kbps() > 1500, "{best:?}");
    assert!(best.loss < 0.01);
    assert!(
        best.rtt.is_some_and(|it| it < Duration::from_millis(150)),
        "{best:?}"
    );
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_picks_addresses_that_reach_itself() {
    let open = |role| End::open_with(Setup::default(), role);
    let (caller, callee) = tokio::join!(open(Role::Offerer), open(Role::Answerer));
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_crosses_in_a_millisecond_or_two() {
    let duo = Duo::connect().await;
    let mut times = Vec::new();
    for number in 0..60 {
        let sent = Instant::now();
        let bytes = if number == 0 {
            keyframe(60_000)
        } else {
            frame(number as u8, 10_000)
        };
        duo.caller
            .send_video(MediaTime::from_micros(number * 33_333), bytes);
        let got = duo.callee.next_video().await;
        times.push((sent.elapsed(), got.arrived - sent));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let first = times[0];
    times.sort();
    println!(
        "first {first:?}, median {:?}, worst {:?}",
        times[30], times[59]
    );
    assert!(times[30].0 < Duration::from_millis(10), "{:?}", times[30]);
    duo.close().await;
}
