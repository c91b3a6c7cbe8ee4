//! The streams of a session: told apart whatever begins first, and whatever the other side has of
//! them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::time::MediaTime;
use media::transport::{Kind, Parcel, Role, Sent, Stream, TransportEvent};

use super::duo::{Duo, End, keyframe};
use super::impaired::Loss;
use super::scripted::Caller;
use crate::p2p::{BULK, CONTROL, Negotiation};
use crate::peer::socket::SocketLayer;

/// Something of a stream that nothing else is.
fn sample(stream: Stream) -> Bytes {
    let number = stream as u8 + 1;
    match stream.kind() {
        Kind::Audio => Bytes::from(vec![number; 80]),
        Kind::Video => keyframe(usize::from(number) * 2_000),
    }
}

fn send(end: &End, stream: Stream) -> Sent {
    end.out[stream].send(EncodedFrame {
        time: MediaTime::from_micros(0),
        keyframe: true,
        payload: sample(stream),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_told_by_its_m_line_whichever_begins_first() {
    let duo = Duo::connect().await;
    let mut orders = [Stream::ALL, Stream::ALL];
    orders[0].reverse();
    orders[1].rotate_left(1);
    for ((from, to), order) in [(&duo.caller, &duo.callee), (&duo.callee, &duo.caller)]
        .into_iter()
        .zip(orders)
    {
        for stream in order {
            assert_eq!(send(from, stream), Sent::Queued);
            let got = to.next_of(stream).await;
            assert_eq!(got.frame.payload, sample(stream), "{stream:?}");
            assert!(got.synchronised);
        }
        let (sent, received) = (from.control.stats().await, to.control.stats().await);
        for stream in Stream::ALL {
            assert!(to.input[stream].is_empty(), "{stream:?}");
            let packets = sent.streams[stream].packets_sent;
            assert!(packets > 0);
            assert_eq!(received.streams[stream].packets_received, packets);
        }
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_is_asked_for_by_stream() {
    let mut duo = Duo::connect().await;
    for stream in [Stream::Screen, Stream::Camera] {
        send(&duo.caller, stream);
        duo.callee.next_of(stream).await;
        duo.callee.control.request_keyframe(stream);
        let asked = |it: &TransportEvent| matches!(it, TransportEvent::KeyframeRequested(it) if *it == stream);
        duo.caller.until(asked).await;
        let stats = duo.callee.control.stats().await;
        assert_eq!(stats.streams[stream].pli_count, 1);
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_the_other_side_lacks_are_not_sent() {
    let caller = End::open(Role::Offerer, None).await;
    let callee = End::open(Role::Answerer, None).await;
    let mut duo = Duo::couple_with(caller, callee, |_, parcel| {
        rewritten(&parcel, |sections| {
            sections.retain(|it| !["2", "3"].contains(&mid(it)));
        })
    });
    duo.both_connected().await;
    for (from, to) in [(&duo.caller, &duo.callee), (&duo.callee, &duo.caller)] {
        for stream in [Stream::Voice, Stream::Camera] {
            assert_eq!(send(from, stream), Sent::Queued);
            assert_eq!(to.next_of(stream).await.frame.payload, sample(stream));
        }
        for stream in [Stream::Screen, Stream::ScreenSound] {
            assert_eq!(send(from, stream), Sent::NotConnected, "{stream:?}");
        }
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_a_later_version_are_answered_as_inactive() {
    let caller = End::open(Role::Offerer, None).await;
    let callee = End::open(Role::Answerer, None).await;
    let mut duo = Duo::couple_with(caller, callee, |from, parcel| match from {
        Role::Offerer => rewritten(&parcel, |sections| {
            for (number, like) in [("5", "1"), ("6", "0")] {
                let later = sections.iter().find(|it| mid(it) == like).unwrap();
                sections.push(renamed(later, number));
            }
        }),
        Role::Answerer => rewritten(&parcel, |sections| {
            for later in sections.iter().filter(|it| ["5", "6"].contains(&mid(it))) {
                assert!(later.contains("a=inactive\r\n"), "{later}");
            }
            sections.retain(|it| !["5", "6"].contains(&mid(it)));
        }),
    });
    duo.both_connected().await;
    for stream in Stream::ALL {
        send(&duo.caller, stream);
        let got = duo.callee.next_of(stream).await;
        assert_eq!(got.frame.payload, sample(stream), "{stream:?}");
    }
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_on_the_bulk_channel_hold_nothing_up() {
    let mut callee = End::open(Role::Answerer, None).await;
    let labels = [CONTROL, BULK];
    let caller = Caller::connect(&labels, &mut callee).await;
    // Ten times what the library lets wait for a reader.
    caller.send(1, 1000, 10_000).await;
    caller.send(0, 1, 5).await;
    assert_eq!(callee.next_data().await, &[0; 5][..]);
    let closing = caller.peer.connection.close();
    let (closed, ()) = tokio::join!(closing, callee.control.close());
    closed.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_streams_send_nothing_not_even_reports() {
    let counter = Arc::new(Loss::of_media(0.0));
    let duo = Duo::connect_over(Some(Arc::clone(&counter) as Arc<dyn SocketLayer>)).await;
    // Reports leave once a second.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(counter.media(), 0);
    duo.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_leaves_room_for_candidates_in_its_size_class() {
    let mut caller = End::open(Role::Offerer, None).await;
    let offer = caller.parcels_so_far().await.remove(0);
    println!("an offer with one candidate: {} bytes", offer.0.len());
    let another = 80;
    // A message of the call holds it in base64, and sealed ones are padded to 4 KiB or to 16.
    let message = (offer.0.len() + another) * 4 / 3 + 200;
    assert!(message < 4096, "{message}");
    caller.control.close().await;
}

/// The parcel with other m-lines, if it is a description.
fn rewritten(parcel: &Parcel, change: impl Fn(&mut Vec<String>)) -> Parcel {
    let rewrite = |sdp: &str| {
        let mut parts = sdp.split("m=");
        let session = parts.next().unwrap();
        let mut sections: Vec<_> = parts.map(|it| format!("m={it}")).collect();
        change(&mut sections);
        let mids: Vec<_> = sections.iter().map(|it| mid(it)).collect();
        let line = |line: &str| match line.strip_prefix("a=group:BUNDLE ") {
            Some(_) => format!("a=group:BUNDLE {}\r\n", mids.join(" ")),
            None => format!("{line}\r\n"),
        };
        let session: String = session.lines().map(line).collect();
        [session, sections.concat()].concat()
    };
    match Negotiation::from_parcel(parcel) {
        Ok(Negotiation::Offer { sdp, clocks }) => {
            let sdp = rewrite(&sdp);
            Negotiation::Offer { sdp, clocks }.to_parcel()
        }
        Ok(Negotiation::Answer { sdp, clocks }) => {
            let sdp = rewrite(&sdp);
            Negotiation::Answer { sdp, clocks }.to_parcel()
        }
        _ => parcel.clone(),
    }
}

/// The name of an m-line (RFC 9143).
fn mid(section: &str) -> &str {
    let mut lines = section.lines();
    lines.find_map(|it| it.strip_prefix("a=mid:")).unwrap()
}

/// The same kind of stream under another name, from another source, without candidates.
fn renamed(section: &str, name: &str) -> String {
    let lines = section.lines().filter(|it| !it.starts_with("a=candidate:"));
    let line = |line: &str| match line.split_once(':') {
        Some(("a=mid", _)) => format!("a=mid:{name}\r\n"),
        Some(("a=ssrc", source)) => {
            let (_, rest) = source.split_once(' ').unwrap();
            format!("a=ssrc:77{name} {rest}\r\n")
        }
        Some(("a=msid", _)) => format!("a=msid:later {name}\r\n"),
        Some(_) | None => format!("{line}\r\n"),
    };
    lines.map(line).collect()
}
