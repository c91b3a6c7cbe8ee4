//! The assembler under loss, reordering, repetition and nonsense.

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::super::packetise::{self, MAX_PAYLOAD};
use super::*;

const WAIT: Duration = Duration::from_millis(100);

/// An access unit of `size` bytes that names itself by `fill`.
fn unit(keyframe: bool, fill: u8, size: usize) -> Bytes {
    let mut unit = BytesMut::new();
    if keyframe {
        unit.put_slice(&[0, 0, 0, 1, 0x67, fill, 1, 0, 0, 0, 1, 0x68, fill]);
    }
    unit.put_slice(&[0, 0, 0, 1, if keyframe { 0x65 } else { 0x41 }]);
    unit.put_bytes(fill.max(1), size);
    unit.freeze()
}

/// A stream of pictures as packets, every tenth a keyframe.
fn stream(sizes: &[usize], first: u16, start: Instant) -> (Vec<Bytes>, Vec<Packet>) {
    let units: Vec<Bytes> = sizes
        .iter()
        .enumerate()
        .map(|(index, &size)| unit(index % 10 == 0, (index % 200) as u8 + 1, size))
        .collect();
    let mut sequence = first;
    let mut packets = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let payloads = packetise::packetise(unit, MAX_PAYLOAD);
        let last = payloads.len() - 1;
        for (place, payload) in payloads.into_iter().enumerate() {
            packets.push(Packet {
                sequence,
                timestamp: (index as u32).wrapping_mul(3000).wrapping_sub(9000),
                marker: place == last,
                payload,
                arrived: start + Duration::from_millis(index as u64 * 33),
            });
            sequence = sequence.wrapping_add(1);
        }
    }
    (units, packets)
}

fn drain(assembler: &mut Assembler) -> Vec<Assembled> {
    std::iter::from_fn(|| assembler.pop()).collect()
}

#[test]
fn a_picture_comes_with_its_last_packet_and_not_later() {
    let (units, packets) = stream(&[5000, 3000], 65_530, Instant::now());
    let mut assembler = Assembler::new(WAIT);
    let mut got = Vec::new();
    for packet in packets {
        let last = packet.marker;
        assembler.push(packet);
        let ready = drain(&mut assembler);
        assert_eq!(ready.len(), usize::from(last));
        got.extend(ready);
    }
    assert_eq!(
        got.iter()
            .map(|it| it.unit.annex_b.clone())
            .collect::<Vec<_>>(),
        units
    );
    assert!(got[0].unit.keyframe && !got[1].unit.keyframe);
    assert!(got.iter().all(|it| !it.after_loss));
}

#[test]
fn packets_before_the_first_picture_are_bounded_too() {
    let mut assembler = Assembler::new(WAIT);
    let arrived = Instant::now();
    for step in 0..MAX_WAITING as u16 + 10 {
        assembler.push(Packet {
            sequence: 30_000 - step,
            timestamp: 1,
            marker: false,
            payload: Bytes::from_static(&[0x41, 1]),
            arrived,
        });
        assert!(assembler.waiting.len() as u64 <= MAX_WAITING);
    }
}

#[test]
fn a_lost_packet_is_waited_for_and_then_given_up() {
    let start = Instant::now();
    let (units, mut packets) = stream(&[3000, 3000, 3000, 3000], 10, start);
    let missing = packets
        .iter()
        .position(|it| it.timestamp == 3000u32.wrapping_sub(9000));
    packets.remove(missing.unwrap() + 1);
    let mut assembler = Assembler::new(WAIT);
    packets.into_iter().for_each(|it| assembler.push(it));
    assert_eq!(drain(&mut assembler).len(), 1);
    let deadline = assembler.deadline().unwrap();
    assert_eq!(deadline, start + Duration::from_millis(33) + WAIT);
    assembler.poll(deadline - Duration::from_millis(1));
    assert!(drain(&mut assembler).is_empty());
    assembler.poll(deadline);
    let got = drain(&mut assembler);
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].unit.annex_b, units[2]);
    assert!(got[0].after_loss && !got[1].after_loss);
    assert_eq!(assembler.deadline(), None);
}

#[test]
fn a_time_without_a_path_is_given_up_at_once() {
    let start = Instant::now();
    let (units, packets) = stream(&[3000; 30], 65_500, start);
    // The second picture misses a packet, then pictures 3 to 24 are lost.
    let (mut assembler, mut got) = (Assembler::new(WAIT), Vec::new());
    for (index, packet) in packets.into_iter().enumerate() {
        let picture = packet.timestamp.wrapping_add(9000) / 3000;
        let lost = index == 4 || (2..24).contains(&picture);
        if !lost {
            assembler.push(packet);
            got.extend(drain(&mut assembler));
        }
    }
    let got: Vec<_> = got
        .into_iter()
        .map(|it| (it.unit.annex_b, it.after_loss))
        .collect();
    let mut expected = vec![(units[0].clone(), false)];
    // The first picture behind it may have begun before.
    expected.extend(units[25..].iter().map(|it| (it.clone(), false)));
    expected[1].1 = true;
    assert_eq!(got, expected);
}

#[test]
fn a_retransmission_in_time_leaves_no_trace() {
    let (units, mut packets) = stream(&[3000, 3000, 3000], 10, Instant::now());
    let late = packets.remove(4);
    let mut assembler = Assembler::new(WAIT);
    packets.into_iter().for_each(|it| assembler.push(it));
    assembler.push(late.clone());
    assembler.push(late);
    let got = drain(&mut assembler);
    assert_eq!(
        got.iter()
            .map(|it| it.unit.annex_b.clone())
            .collect::<Vec<_>>(),
        units
    );
    assert!(got.iter().all(|it| !it.after_loss));
}

#[test]
fn a_complete_keyframe_ends_the_wait() {
    let sizes = [3000; 11];
    let (units, mut packets) = stream(&sizes, 10, Instant::now());
    packets.remove(4);
    packets
        .iter_mut()
        .for_each(|it| it.arrived = Instant::now());
    let mut assembler = Assembler::new(Duration::from_secs(10));
    packets.into_iter().for_each(|it| assembler.push(it));
    let got = drain(&mut assembler);
    assert_eq!(got.len(), 2);
    assert_eq!(got[1].unit.annex_b, units[10]);
    assert!(got[1].unit.keyframe && got[1].after_loss);
}

#[test]
fn a_picture_without_a_marker_ends_with_the_next_timestamp() {
    let (units, mut packets) = stream(&[2000, 2000], 0, Instant::now());
    packets.iter_mut().for_each(|it| it.marker = false);
    let mut assembler = Assembler::new(WAIT);
    packets.into_iter().for_each(|it| assembler.push(it));
    let got = drain(&mut assembler);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].unit.annex_b, units[0]);
}

#[test]
fn a_packet_of_padding_is_stepped_over() {
    let (units, mut packets) = stream(&[500, 500, 500], 0, Instant::now());
    packets[3].sequence += 1;
    let padding = Packet {
        sequence: 3,
        payload: Bytes::new(),
        ..packets[2].clone()
    };
    packets.insert(3, padding);
    let mut assembler = Assembler::new(WAIT);
    packets.into_iter().for_each(|it| assembler.push(it));
    let got = drain(&mut assembler);
    assert_eq!(
        got.iter()
            .map(|it| it.unit.annex_b.clone())
            .collect::<Vec<_>>(),
        units
    );
    assert!(got.iter().all(|it| !it.after_loss));
}

/// A peer could otherwise have us look at everything from everywhere, at each packet.
#[test]
fn padding_between_parameter_sets_does_not_make_each_of_them_a_picture() {
    let arrived = Instant::now();
    let packet = |sequence: u16, timestamp, payload: &'static [u8]| Packet {
        sequence,
        timestamp,
        marker: false,
        payload: Bytes::from_static(payload),
        arrived,
    };
    let mut assembler = Assembler::new(WAIT);
    assembler.push(packet(0, 0, &[0x41, 1]));
    for pair in 0..500 {
        assembler.push(packet(2 + 2 * pair, 1, &[0x67, 1]));
        assembler.push(packet(3 + 2 * pair, 2, &[]));
    }
    assert_eq!(assembler.waiting.len(), 1001, "the gap is still waited for");
    assert_eq!(assembler.keyframe_starts(0).count(), 1);
}

proptest! {
    #[test]
    fn any_packets_leave_it_bounded_and_alive(
        packets in prop::collection::vec(
            (any::<u16>(), 0u32..4, any::<bool>(),
             prop::collection::vec(any::<u8>(), 0..6), any::<u16>()),
            0..200,
        ),
        near: bool,
    ) {
        let start = Instant::now();
        let mut assembler = Assembler::new(WAIT);
        for (sequence, timestamp, marker, payload, millis) in packets {
            let sequence = if near { sequence % 64 } else { sequence };
            let arrived = start + Duration::from_millis(u64::from(millis));
            let payload = payload.into();
            assembler.push(Packet { sequence, timestamp, marker, payload, arrived });
            assembler.poll(arrived);
            drain(&mut assembler);
            prop_assert!(assembler.waiting.len() as u64 <= MAX_WAITING);
            let bytes: usize = assembler.waiting.values().map(|it| it.payload.len()).sum();
            prop_assert_eq!(assembler.bytes, bytes);
        }
    }

    #[test]
    fn whatever_is_lost_or_reordered_pictures_come_whole_and_in_order(
        sizes in prop::collection::vec(10usize..6000, 1..40),
        first: u16,
        loss in prop::collection::vec(0u8..20, 400),
        shift in prop::collection::vec(0usize..4, 400),
    ) {
        let start = Instant::now();
        let (units, packets) = stream(&sizes, first, start);
        let mut sent: Vec<(usize, Packet)> = packets
            .into_iter()
            .enumerate()
            .filter(|(index, _)| loss[index % loss.len()] != 0)
            .map(|(index, packet)| (index + shift[index % shift.len()], packet))
            .collect();
        sent.sort_by_key(|(place, _)| *place);
        let mut assembler = Assembler::new(WAIT);
        let mut got = Vec::new();
        for (_, packet) in sent {
            let now = packet.arrived;
            assembler.push(packet);
            assembler.poll(now);
            got.extend(drain(&mut assembler));
        }
        assembler.poll(start + Duration::from_secs(60));
        got.extend(drain(&mut assembler));

        let mut last = None;
        for picture in got {
            let index = units.iter().position(|it| *it == picture.unit.annex_b);
            // A keyframe may lose its leading parameter sets at the very start of the stream.
            let Some(index) = index else {
                prop_assert!(last.is_none());
                continue;
            };
            let place = picture.timestamp.wrapping_add(9000) / 3000;
            prop_assert!(last.is_none_or(|it| it < place));
            if last.is_some_and(|it| it + 1 != place) {
                prop_assert!(picture.after_loss);
            }
            prop_assert!(units[index] == units[place as usize]);
            last = Some(place);
        }
    }

    #[test]
    fn reordering_alone_loses_nothing(
        sizes in prop::collection::vec(10usize..6000, 2..40),
        shift in prop::collection::vec(0usize..6, 200),
    ) {
        let (units, packets) = stream(&sizes, 60_000, Instant::now());
        let mut sent: Vec<(usize, Packet)> = packets
            .into_iter()
            .enumerate()
            .map(|(index, packet)| (index + shift[index % shift.len()] * usize::from(index > 1), packet))
            .collect();
        sent.sort_by_key(|(place, _)| *place);
        let mut assembler = Assembler::new(Duration::from_secs(10));
        sent.into_iter().for_each(|(_, it)| assembler.push(it));
        let got = drain(&mut assembler);
        let last = got.last().map(|it| it.unit.annex_b.clone());
        prop_assert_eq!(last, units.last().cloned());
        prop_assert!(got.len() == units.len() || got.iter().any(|it| it.unit.keyframe));
    }
}
