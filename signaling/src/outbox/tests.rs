//! Who finds room, whose turn it is, and who makes way.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use signal_wire::{Absence, MessageId, Payload};

use super::*;

/// 16 frames of 100 KiB: 8 for correspondents and 8 for strangers, 4 a lane, 4 on their way.
fn outbox() -> Outbox {
    Outbox::new(&Limits {
        outbox_frames: 16,
        outbox_bytes: 16 * 100 * 1024,
        ..Limits::default()
    })
}

fn address(n: u8) -> Address {
    Address::from_bytes([n; Address::LENGTH])
}

/// The strangers of a network.
fn strangers(n: u8) -> Lane {
    Lane::Strangers(Prefix::network(Ipv4Addr::new(192, 0, n, 1).into()))
}

fn envelope(from: u8, number: u8, bytes: usize) -> Envelope {
    Envelope {
        id: MessageId([from, number, 0, 0, 0, 0, 0, 0]),
        from: address(from),
        payload: Payload::new(Bytes::from(vec![0; bytes])).unwrap(),
    }
}

/// What became of an envelope: whether it was taken, and the senders of what made way.
fn push(outbox: &mut Outbox, lane: Lane, from: u8, number: u8) -> (bool, Vec<u8>) {
    let admission = outbox.push(lane, envelope(from, number, 10));
    let displaced = admission.displaced.iter().map(|it| it.id.0[0]).collect();
    (admission.taken, displaced)
}

/// Who sent what is written next, and its number, until nothing more is.
fn write(outbox: &mut Outbox, now: Instant) -> Vec<(u8, u8)> {
    let mut written = Vec::new();
    while let Some(frame) = outbox.next_unwritten(now) {
        match frame {
            RelayFrame::Envelope { id, .. } => written.push((id.0[0], id.0[1])),
            RelayFrame::NotHere { id, .. } | RelayFrame::Refused { id, .. } => {
                written.push((0, id.0[1]));
            }
            _ => unreachable!("an outbox holds nothing else"),
        }
    }
    written
}

/// Writes and acknowledges everything.
fn drain(outbox: &mut Outbox) -> Vec<(u8, u8)> {
    let now = Instant::now();
    let mut all = Vec::new();
    loop {
        let written = write(outbox, now);
        if written.is_empty() {
            return all;
        }
        all.extend(written);
        outbox.acknowledged(all.len() as u64, now).unwrap();
    }
}

#[test]
fn a_sender_takes_a_quarter_and_no_more() {
    let mut outbox = outbox();
    for lane in [Lane::Correspondent(address(1)), strangers(1)] {
        for number in 0..4 {
            assert_eq!(push(&mut outbox, lane, 1, number), (true, vec![]));
        }
        assert_eq!(push(&mut outbox, lane, 1, 4), (false, vec![]));
    }
    assert_eq!(drain(&mut outbox).len(), 8);
    assert_eq!(outbox.bytes(), 0);
    assert!(push(&mut outbox, strangers(1), 1, 5).0);
}

#[test]
fn many_strangers_of_one_network_make_way_for_a_new_one() {
    let mut outbox = outbox();
    for number in 0..4 {
        push(&mut outbox, strangers(1), 1, number);
    }
    let (taken, displaced) = push(&mut outbox, strangers(1), 2, 0);
    assert_eq!((taken, displaced), (true, vec![1]));
    assert_eq!(push(&mut outbox, strangers(1), 2, 1), (true, vec![1]));
    let (taken, displaced) = push(&mut outbox, strangers(1), 2, 2);
    assert_eq!((taken, displaced), (false, vec![]), "both have as many");
    assert_eq!(
        drain(&mut outbox),
        [(1, 0), (1, 1), (2, 0), (2, 1)],
        "the newest made way"
    );
}

#[test]
fn no_number_of_identities_keeps_another_network_out() {
    let mut outbox = outbox();
    for from in 1..=100 {
        push(&mut outbox, strangers(1), from, 0);
        push(&mut outbox, strangers(2), 100 + from, 0);
    }
    assert_eq!(outbox.load.frames, 8, "all strangers have half");
    let (taken, displaced) = push(&mut outbox, strangers(3), 201, 0);
    assert!(taken && displaced.len() == 1, "{displaced:?}");
    for number in 0..4 {
        let lane = Lane::Correspondent(address(202));
        assert_eq!(push(&mut outbox, lane, 202, number), (true, vec![]));
    }
    let all = drain(&mut outbox);
    assert!(all.contains(&(201, 0)) && all.contains(&(202, 3)));
}

#[test]
fn correspondents_who_flood_make_way_for_another_and_leave_strangers_their_half() {
    let mut outbox = outbox();
    for from in 1..=4 {
        for number in 0..4 {
            push(
                &mut outbox,
                Lane::Correspondent(address(from)),
                from,
                number,
            );
        }
    }
    assert_eq!(outbox.load.frames, 8);
    let (taken, displaced) = push(&mut outbox, Lane::Correspondent(address(9)), 9, 0);
    assert!(taken && displaced.len() == 1, "{displaced:?}");
    assert_eq!(push(&mut outbox, strangers(1), 10, 0), (true, vec![]));
}

#[test]
fn what_is_on_its_way_makes_no_way() {
    let mut outbox = outbox();
    for number in 0..4 {
        push(&mut outbox, strangers(1), 1, number);
    }
    assert_eq!(write(&mut outbox, Instant::now()).len(), 4);
    assert_eq!(push(&mut outbox, strangers(1), 2, 0), (false, vec![]));
}

#[test]
fn lanes_take_turns_by_bytes_and_senders_keep_their_order() {
    let mut outbox = outbox();
    for number in 0..4 {
        outbox.push(strangers(1), envelope(1, number, 40_000));
    }
    for number in 0..4 {
        outbox.push(strangers(2), envelope(2, number, 10));
    }
    let all = drain(&mut outbox);
    let small = all.iter().rposition(|it| it.0 == 2);
    assert!(
        small <= Some(4),
        "small ones do not wait for large ones: {all:?}"
    );
    for from in [1, 2] {
        let of_sender = all.iter().filter(|it| it.0 == from).map(|it| it.1);
        assert!(of_sender.eq(0..4), "{all:?}");
    }
}

#[test]
fn a_sender_who_becomes_a_correspondent_does_not_overtake_themselves() {
    let mut outbox = outbox();
    push(&mut outbox, strangers(1), 1, 0);
    push(&mut outbox, strangers(1), 2, 0);
    push(&mut outbox, strangers(1), 2, 1);
    outbox.promote(&address(2));
    let lane = Lane::Correspondent(address(2));
    assert_eq!(outbox.lane_of(&address(2)), Some(lane));
    assert_eq!(outbox.lane_of(&address(1)), Some(strangers(1)));
    push(&mut outbox, lane, 2, 2);
    let all = drain(&mut outbox);
    assert!(all.iter().filter(|it| it.0 == 2).map(|it| it.1).eq(0..3));
}

#[test]
fn that_somebody_is_gone_is_told_after_all_that_they_said() {
    let not_here = |number| Answer::NotHere {
        id: MessageId([0, number, 0, 0, 0, 0, 0, 0]),
        to: address(1),
        why: Absence::Closed,
    };
    for lane in [Lane::Correspondent(address(1)), strangers(1)] {
        let mut outbox = outbox();
        outbox.push(lane, envelope(1, 1, 300));
        outbox.answer(not_here(2));
        outbox.push(lane, envelope(1, 3, 300));
        outbox.answer(not_here(4));
        outbox.promote(&address(1));
        assert_eq!(drain(&mut outbox), [(1, 1), (1, 3), (0, 4)]);
        // Of somebody who said nothing it is told at once.
        outbox.push(lane, envelope(2, 5, 300));
        outbox.answer(not_here(6));
        assert_eq!(write(&mut outbox, Instant::now()), [(0, 6), (2, 5)]);
    }
}

#[test]
fn a_lane_of_which_only_an_answer_waits_does_not_keep_others_from_making_way() {
    let mut outbox = outbox();
    let lane = |n| Lane::Correspondent(address(n));
    for number in 0..3 {
        push(&mut outbox, lane(1), 1, number);
    }
    assert_eq!(write(&mut outbox, Instant::now()).len(), 3);
    push(&mut outbox, lane(1), 1, 3);
    outbox.answer(Answer::NotHere {
        id: MessageId([0; 8]),
        to: address(1),
        why: Absence::Closed,
    });
    assert_eq!(write(&mut outbox, Instant::now()), [(1, 3)]);
    for number in 0..3 {
        push(&mut outbox, lane(2), 2, number);
    }
    assert_eq!(push(&mut outbox, lane(3), 3, 0), (true, vec![2]));
}

#[test]
fn answers_to_envelopes_that_nobody_takes_are_bounded() {
    let mut outbox = outbox();
    let not_here = |number: u8, to: u8| Answer::NotHere {
        id: MessageId([0, number, 0, 0, 0, 0, 0, 0]),
        to: address(to),
        why: Absence::Unknown,
    };
    for number in 0..200 {
        outbox.answer(not_here(number, 1));
    }
    assert_eq!(
        write(&mut outbox, Instant::now()),
        [(0, 199)],
        "one for all"
    );
    for to in 0..200 {
        outbox.answer(not_here(0, to));
        outbox.answer(Answer::Refused {
            id: MessageId([0; 8]),
            to: address(to),
        });
    }
    assert_eq!(outbox.items().count(), ANSWERS);
    assert_eq!(outbox.bytes(), 0);
    assert_eq!(push(&mut outbox, strangers(1), 1, 0), (true, vec![]));
}

#[test]
fn what_was_never_sent_cannot_be_acknowledged() {
    let now = Instant::now();
    let mut outbox = outbox();
    push(&mut outbox, strangers(1), 1, 0);
    assert_eq!(outbox.acknowledged(1, now), Err(AckOfFuture), "not yet");
    write(&mut outbox, now);
    for future in [2, u64::MAX] {
        assert_eq!(outbox.acknowledged(future, now), Err(AckOfFuture));
        assert_eq!(outbox.resumed(future, now), Err(AckOfFuture));
    }
    assert!(outbox.bytes() > 0);
    assert_eq!(outbox.acknowledged(1, now), Ok(()));
    assert_eq!(outbox.acknowledged(1, now), Ok(()), "again");
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn a_client_that_comes_back_gets_what_it_lacks_under_the_same_numbers() {
    let now = Instant::now();
    let mut outbox = outbox();
    for number in 0..3 {
        push(&mut outbox, strangers(1), 1, number);
    }
    assert_eq!(write(&mut outbox, now).len(), 3);
    push(&mut outbox, strangers(1), 1, 3);
    outbox.resumed(1, now).unwrap();
    assert_eq!(write(&mut outbox, now), [(1, 1), (1, 2), (1, 3)]);
}

#[test]
fn time_without_progress_counts_from_the_last_progress() {
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let mut outbox = outbox();
    push(&mut outbox, strangers(1), 1, 0);
    push(&mut outbox, strangers(1), 1, 1);
    assert_eq!(outbox.stalled_since(), None, "nothing is on its way");
    write(&mut outbox, now);
    assert_eq!(outbox.stalled_since(), Some(now));
    outbox.acknowledged(1, now + second).unwrap();
    outbox.acknowledged(1, now + 2 * second).unwrap();
    assert_eq!(outbox.stalled_since(), Some(now + second));
    outbox.acknowledged(2, now + 3 * second).unwrap();
    assert_eq!(outbox.stalled_since(), None);
}

#[test]
fn the_largest_envelope_fits_into_the_smallest_outbox() {
    let mut outbox = Outbox::new(&Limits {
        outbox_frames: 1,
        outbox_bytes: 1,
        ..Limits::default()
    });
    let admission = outbox.push(strangers(1), envelope(1, 0, MAX_PAYLOAD_BYTES));
    assert!(admission.taken);
    assert_eq!(drain(&mut outbox), [(1, 0)]);
}
