//! Two sessions over real UDP sockets on loopback, in one process.

mod duo;
mod impaired;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::time::MediaTime;
use media::transport::{Parcel, Path, Role, TransportError, TransportEvent, TransportState};

use self::duo::{Duo, End, frame, keyframe};
use self::impaired::Loss;
use super::{Config, Negotiation};

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
    assert!(stats.video.nack_count > 0);
    let stats = duo.caller.control.stats().await;
    assert!(stats.video.retransmitted_packets_sent > 0);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_request_reaches_the_encoder() {
    let mut duo = Duo::connect().await;
    duo.caller
        .send_video(MediaTime::from_micros(0), keyframe(5_000));
    duo.callee.next_video().await;
    duo.callee.control.request_keyframe();
    duo.caller
        .until(|it| matches!(it, TransportEvent::KeyframeRequested))
        .await;
    assert_eq!(duo.callee.control.stats().await.video.pli_count, 1);
    duo.close().await;
}

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
        .until_state(|it| *it == TransportState::Disconnected)
        .await;
    loss.cut(false);
    duo.held.send_replace(false);
    let connected = |it: &TransportState| *it == TransportState::Connected(Path::Local);
    duo.caller.until_state(connected).await;
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
async fn nonsense_from_the_other_side_changes_nothing() {
    let caller = End::open(Role::Offerer, None).await;
    let callee = End::open(Role::Answerer, None).await;
    for end in [&caller, &callee] {
        for parcel in [
            Parcel(Bytes::from_static(b"\xff\x00 no json")),
            Negotiation::Answer {
                sdp: "v=0".into(),
                round: 0,
                clocks: None,
            }
            .to_parcel(),
            Negotiation::Offer {
                sdp: "v=0\r\nm=video".into(),
                round: 0,
                clocks: None,
            }
            .to_parcel(),
            Negotiation::PleaseRestart.to_parcel(),
            Negotiation::Candidate {
                candidate: "candidate:nonsense".into(),
                sdp_mid: None,
                sdp_mline_index: Some(9),
            }
            .to_parcel(),
        ] {
            end.control.parcel(parcel);
        }
    }
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_not_agreed_on_ends_the_session() {
    let cases = [
        (Role::Offerer, "else"),
        (Role::Offerer, super::data::LABEL),
        (Role::Answerer, "else"),
        (Role::Answerer, super::data::LABEL),
    ];
    for (role, label) in cases {
        let (caller, at_caller) = End::open_bare(Role::Offerer).await;
        let (callee, at_callee) = End::open_bare(Role::Answerer).await;
        let mut duo = Duo::couple(caller, callee);
        duo.both_connected().await;
        // The library loses a channel that is made while SCTP shakes hands.
        let hello = Bytes::from_static(b"hello");
        duo.caller.control.send_data(hello.clone()).unwrap();
        duo.callee.control.send_data(hello).unwrap();
        duo.callee.next_data().await;
        duo.caller.next_data().await;
        let (from, victim) = match role {
            Role::Offerer => (at_caller, &mut duo.callee),
            Role::Answerer => (at_callee, &mut duo.caller),
        };
        let foreign = from.create_data_channel(label, None).await.unwrap();
        victim
            .until_state(|it| matches!(it, TransportState::Failed(TransportError::Internal(_))))
            .await;
        assert!(victim.event_stream_ends().await, "{role:?}, {label}");
        drop(foreign);
        duo.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_is_answered_once() {
    let mut caller = End::open(Role::Offerer, None).await;
    let mut callee = End::open(Role::Answerer, None).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let offer = |it: &Parcel| matches!(Negotiation::from_parcel(it), Ok(Negotiation::Offer { .. }));
    let parcels = caller.parcels_so_far().await;
    let first = parcels.into_iter().find(offer).unwrap();
    let Ok(Negotiation::Offer { sdp, clocks, .. }) = Negotiation::from_parcel(&first) else {
        unreachable!("it was found as an offer");
    };
    let more = |it| {
        format!(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:more{it}\r\n\
            a=rtpmap:111 opus/48000/2\r\na=sendonly\r\n"
        )
    };
    let large = Negotiation::Offer {
        sdp: [sdp, more(1), more(2), more(3)].concat(),
        round: 1,
        clocks,
    };
    for parcel in [&first, &first, &large.to_parcel(), &first] {
        callee.control.parcel(parcel.clone());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let rounds: Vec<_> = callee
        .parcels_so_far()
        .await
        .iter()
        .filter_map(|it| match Negotiation::from_parcel(it) {
            Ok(Negotiation::Answer { round, .. }) => Some(round),
            _ => None,
        })
        .collect();
    assert_eq!(rounds, [0]);
    tokio::join!(caller.control.close(), callee.control.close());
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_that_come_before_their_offer_are_kept() {
    let mut caller = End::open(Role::Offerer, None).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut parcels = caller.parcels_so_far().await;
    parcels.rotate_left(1);
    let callee = End::open(Role::Answerer, None).await;
    parcels.into_iter().for_each(|it| callee.control.parcel(it));
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
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
        end.audio_out.send(nothing),
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
async fn silence_interrupts_and_the_path_heals() {
    let loss = Arc::new(Loss::of_media(0.0));
    let mut duo = Duo::connect_over(Some(Arc::clone(&loss) as _)).await;
    loss.cut(true);
    let begun = Instant::now();
    duo.caller
        .until_state(|it| *it == TransportState::Disconnected)
        .await;
    println!("interrupted after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(4));
    loss.cut(false);
    duo.caller
        .until_state(|it| matches!(it, TransportState::Connected(Path::Local)))
        .await;
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
    let open = |role| End::open_with(Config::default(), role, None);
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
