//! The buffer in virtual time: networks as lists of arrivals, a voice that tells where it is.

mod catch_up;
mod heard;
mod path;
mod recovery;
mod steady;

use std::f32::consts::TAU;

use bytes::Bytes;

use super::playout_buffer::Joint;
use super::*;
use crate::backend::codec::{AudioInput, CodecError};
use crate::frame::EncodedFrame;
use crate::testing::{Dice, some_instant};

const PACKET_MICROS: u64 = 20_000;
/// The period of the test tone: six fit into a packet, so any order of packets sounds smooth.
const PERIOD: usize = 160;

/// A decoder whose voice is a tone. Knows the difference between what it was told and what it had
/// to make up.
#[derive(Debug, Default)]
struct Tone {
    phase: usize,
}

impl AudioDecoder for Tone {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        let samples = match input {
            AudioInput::Packet(_) => 960,
            AudioInput::Fec(_) | AudioInput::Lost => out.len(),
        };
        if let AudioInput::Packet([_, _, b'!', ..]) = input {
            return Err(CodecError::Undecodable("marked as broken".into()));
        }
        for sample in &mut out[..samples] {
            *sample = 0.3 * (TAU * self.phase as f32 / PERIOD as f32).sin();
            self.phase = (self.phase + 1) % PERIOD;
        }
        Ok(samples)
    }
}

/// Share of concealed samples in all, 0 to 1.
fn concealed_share(stats: &Stats) -> f64 {
    stats.concealed_samples as f64 / stats.total_samples_received.max(1) as f64
}

/// One packet of a trace: what it is and when it comes, microseconds after the start.
#[derive(Clone, Debug)]
struct Arrival {
    at: u64,
    sequence: u64,
    time: i64,
    payload: Bytes,
    synchronised: bool,
}

fn packet(sequence: u64, at: u64) -> Arrival {
    let payload = Bytes::from_static(&[15 << 3, 0b1000_0000, 7]);
    let time = (sequence * PACKET_MICROS) as i64;
    Arrival {
        at,
        sequence,
        time,
        payload,
        synchronised: true,
    }
}

/// A trace of `count` packets, captured from 0 on, each sent when complete, which take `path` of
/// microseconds; `None` is a loss.
fn trace(count: u64, mut path: impl FnMut(u64) -> Option<u64>) -> Vec<Arrival> {
    let sent = |sequence: u64| (sequence + 1) * PACKET_MICROS;
    (0..count)
        .filter_map(|it| Some(packet(it, sent(it) + path(it)?)))
        .collect()
}

struct Run {
    stats: Stats,
    /// All that was played.
    sound: Vec<f32>,
    /// By pull: microseconds from the end of the packet of the played sample on the sender to its
    /// playout; `None` when nothing played.
    behind: Vec<Option<i64>>,
    played: Vec<Played>,
    buffer: JitterBuffer,
}

impl Run {
    /// Mean of [`Run::behind`] from a second on while sound plays, milliseconds.
    fn mean_behind_ms(&self, from_second: usize) -> f64 {
        let pulls = self.behind.iter().zip(&self.played).skip(from_second * 100);
        let values: Vec<i64> = pulls
            .filter(|it| *it.1 == Played::Sound)
            .filter_map(|it| *it.0)
            .collect();
        values.iter().sum::<i64>() as f64 / values.len() as f64 / 1000.0
    }

    fn assert_smooth(&self) {
        let steps = self.sound.windows(2).map(|it| (it[1] - it[0]).abs());
        let (index, largest) = steps
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .expect("something was played");
        assert!(largest < 0.04, "a click of {largest} at {} ms", index / 48);
    }
}

/// Plays `arrivals` for `seconds`, pulling every 10 ms from `phase` microseconds on.
fn play_at(arrivals: &[Arrival], seconds: u64, phase: u64) -> Run {
    play_with(arrivals, seconds, |pull| phase + pull * 10_000)
}

fn play_with(arrivals: &[Arrival], seconds: u64, pull_at: impl Fn(u64) -> u64) -> Run {
    let start = some_instant();
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by_key(|it| it.at);
    let mut coming = arrivals.into_iter().peekable();
    let mut buffer = JitterBuffer::new(Config::default());
    let mut decoder = Tone::default();
    let (mut sound, mut behind, mut played) = (Vec::new(), Vec::new(), Vec::new());
    for pull in 0..seconds * 100 {
        let now = pull_at(pull);
        while let Some(arrival) = coming.next_if(|it| it.at <= now) {
            let _ = buffer.insert(received(&arrival, start));
        }
        let mut out = [9.0; PULL];
        played.push(buffer.pull(start + Duration::from_micros(now), &mut decoder, &mut out));
        sound.extend_from_slice(&out);
        behind.push(buffer.position().map(|it| {
            // The position is that of the next pull, 10 ms later.
            now as i64 + 10_000 - it.time.micros() - PACKET_MICROS as i64
        }));
    }
    Run {
        stats: buffer.stats(),
        sound,
        behind,
        played,
        buffer,
    }
}

fn play(arrivals: &[Arrival], seconds: u64) -> Run {
    play_at(arrivals, seconds, 3000)
}

fn received(arrival: &Arrival, start: Instant) -> ReceivedFrame {
    ReceivedFrame {
        frame: EncodedFrame {
            time: MediaTime::from_micros(arrival.time),
            keyframe: true,
            payload: arrival.payload.clone(),
        },
        sequence: arrival.sequence,
        arrived: start + Duration::from_micros(arrival.at),
        after_loss: false,
        synchronised: arrival.synchronised,
    }
}

#[test]
fn a_clean_path_adds_less_than_a_pull_and_a_half() {
    for phase in (0..10_000).step_by(1100) {
        let run = play_at(&trace(1500, |_| Some(500)), 30, phase);
        let behind = run.mean_behind_ms(10);
        assert!(behind < 14.0, "{behind} ms behind at phase {phase}");
        assert_eq!(run.stats.concealed_samples, 0);
        run.assert_smooth();
    }
}

#[test]
fn sound_starts_within_a_few_pulls() {
    let run = play(&trace(100, |_| Some(500)), 2);
    let first = run
        .played
        .iter()
        .position(|it| *it == Played::Sound)
        .unwrap();
    assert!(
        first <= 5,
        "the first packet came at 20 ms, sound at {first}0 ms"
    );
}

#[test]
fn jitter_is_covered() {
    let mut dice = Dice::new(1);
    let run = play(
        &trace(3000, |_| Some(20_000 + (dice.roll() * 30_000.0) as u64)),
        60,
    );
    let behind = run.mean_behind_ms(10);
    assert!((40.0..80.0).contains(&behind), "{behind} ms behind");
    assert!(concealed_share(&run.stats) < 0.02, "{:?}", run.stats);
    run.assert_smooth();
}

#[test]
fn far_from_the_target_sound_is_stretched_often_whichever_way() {
    /// How long sound is left alone after it was stretched by this much too late or too early.
    fn rest(excess_ms: i64) -> Duration {
        let mut buffer = JitterBuffer::new(Config::default());
        let mut tone = [0.0; 2 * PULL];
        Tone::default()
            .decode(AudioInput::Lost, &mut tone)
            .expect("a tone never fails");
        for _ in 0..2 {
            buffer.decoded.push(&tone, Joint::Continuous);
        }
        buffer.decoded.pop(&mut [0.0; PULL]);
        buffer.phase = Phase::Running;
        // Transits are counted from this packet's, the only one that came.
        let (now, packet) = (some_instant(), Samples::in_slice(2 * PULL));
        buffer.learn(now, SamplePosition::ORIGIN, packet, Order::InOrder);
        for _ in 0..10 {
            let slack = buffer.target() + TimeDelta::from_millis(excess_ms);
            buffer.slack.record(slack);
        }
        buffer.adapt(now, &mut Tone::default());
        buffer.stretch_after.expect("sound was stretched") - now
    }
    assert_eq!([rest(25), rest(-40)], [Duration::from_millis(80); 2]);
    assert!(
        [rest(200), rest(-200)]
            .iter()
            .all(|it| *it <= Duration::from_millis(30))
    );
}

#[test]
fn rare_spikes_do_not_slow_everything() {
    let run = play(
        &trace(3000, |it| Some(if it % 100 == 50 { 150_000 } else { 1000 })),
        60,
    );
    let behind = run.mean_behind_ms(10);
    assert!(behind < 60.0, "{behind} ms behind");
    run.assert_smooth();
}

#[test]
fn loss_is_concealed_sample_for_sample() {
    for percent in [1, 5, 10, 20] {
        let mut dice = Dice::new(percent);
        let arrivals = trace(3000, |_| {
            (!dice.chance(percent as f64 / 100.0)).then_some(1000)
        });
        let lost = 3000 - arrivals.len();
        let run = play(&arrivals, 60);
        let concealed = run.stats.concealed_samples as f64 / 960.0;
        assert!(
            (concealed - lost as f64).abs() < 0.2 * lost as f64 + 3.0,
            "{percent} %: {lost} packets lost, {concealed} concealed"
        );
        let behind = run.mean_behind_ms(10);
        assert!(behind < 25.0, "{percent} %: {behind} ms behind");
        run.assert_smooth();
    }
}

#[test]
fn copies_replace_lost_packets() {
    let mut dice = Dice::new(3);
    let mut arrivals = trace(3000, |_| (!dice.chance(0.1)).then_some(1000));
    for arrival in &mut arrivals {
        arrival.payload = Bytes::from_static(&[15 << 3, 0b0100_0000, 7]);
    }
    let lost = 3000 - arrivals.len() as u64;
    let run = play(&arrivals, 60);
    assert!(
        run.stats.packets_recovered > lost * 7 / 10,
        "{lost} lost, {:?}",
        run.stats
    );
    assert!(concealed_share(&run.stats) < 0.035, "{:?}", run.stats);
    assert!(run.mean_behind_ms(10) < 45.0);
    run.assert_smooth();
}

#[test]
fn bursts_of_loss_fade_to_silence_and_come_back() {
    let run = play(&trace(1500, |it| (it % 250 < 230).then_some(1000)), 30);
    let quiet = run.sound[48_000 * 4..48_000 * 9]
        .chunks(480)
        .filter(|it| it.iter().all(|sample| sample.abs() < 0.001))
        .count();
    assert!(
        (15..40).contains(&quiet),
        "{quiet}0 ms of silence in a gap of 400 ms"
    );
    assert!(run.mean_behind_ms(10) < 25.0, "{}", run.mean_behind_ms(10));
    run.assert_smooth();
}

#[test]
fn order_and_copies_of_packets_do_not_matter() {
    let mut arrivals = trace(1500, |it| Some(if it % 5 == 3 { 26_000 } else { 1000 }));
    arrivals.extend(arrivals.clone().into_iter().step_by(3));
    let run = play(&arrivals, 30);
    assert!(run.stats.packets_duplicated + run.stats.packets_discarded >= 450);
    assert!(concealed_share(&run.stats) < 0.01, "{:?}", run.stats);
    run.assert_smooth();
}

#[test]
fn after_an_outage_sound_is_live_again_at_once() {
    // Held back for 2 s, then everything at once.
    let held = trace(1000, |it| {
        Some(if (300..400).contains(&it) {
            (400 - it) * 20_000
        } else {
            1000
        })
    });
    // Lost for 2 s.
    let lost = trace(1000, |it| (!(300..400).contains(&it)).then_some(1000));
    for (arrivals, name) in [(held, "held"), (lost, "lost")] {
        let run = play(&arrivals, 20);
        let sound_again = (801..).find(|it| run.played[*it] == Played::Sound).unwrap();
        assert!(
            sound_again <= 812,
            "{name}: sound after {} ms",
            sound_again * 10 - 8000
        );
        for second in [9, 12] {
            let behind = run.behind[second * 100].unwrap();
            assert!(
                behind < 60_000,
                "{name}: {behind} µs behind at second {second}"
            );
        }
        run.assert_smooth();
    }
}

#[test]
fn what_was_forgotten_is_not_played_and_the_figures_go_on() {
    let start = some_instant();
    let (mut buffer, mut decoder) = (JitterBuffer::new(Config::default()), Tone::default());
    let mut pull = |buffer: &mut JitterBuffer, at: u64| {
        let now = start + Duration::from_micros(at);
        buffer.pull(now, &mut decoder, &mut [0.0; PULL])
    };
    // Nobody pulls while ten packets come.
    for arrival in trace(10, |_| Some(5_000)) {
        buffer.insert(received(&arrival, start)).unwrap();
    }
    buffer.forget();
    assert_eq!(pull(&mut buffer, 210_000), Played::Silence);
    let before = buffer.stats().total_samples_received;
    let starts = (10..20).find(|number| {
        let at = (number + 1) * PACKET_MICROS + 5_000;
        buffer
            .insert(received(&packet(*number, at), start))
            .unwrap();
        let pulls = [pull(&mut buffer, at), pull(&mut buffer, at + 10_000)];
        pulls.contains(&Played::Sound)
    });
    assert!(starts.is_some_and(|it| it < 15), "{starts:?}");
    let time = buffer.position().unwrap().time;
    assert!(time.micros() >= 10 * PACKET_MICROS as i64, "{time:?}");
    assert!(buffer.stats().total_samples_received > before);
}

#[test]
fn clocks_may_drift() {
    for ppm in [-100_i64, 100] {
        let seconds = 300;
        let arrivals = trace(seconds * 50, |_| Some(1000));
        let pull_at = |pull: u64| (pull as i64 * 10_000 + pull as i64 * ppm / 100 + 3000) as u64;
        let run = play_with(&arrivals, seconds, pull_at);
        let behind = run.mean_behind_ms(10);
        assert!(behind < 16.0, "{ppm} ppm: {behind} ms behind");
        assert!(
            concealed_share(&run.stats) < 0.0005,
            "{ppm} ppm: {:?}",
            run.stats
        );
        run.assert_smooth();
    }
}

#[test]
fn late_pulls_and_double_pulls_are_fine() {
    let mut dice = Dice::new(9);
    let jitter: Vec<u64> = (0..3000).map(|_| (dice.roll() * 6000.0) as u64).collect();
    let arrivals = trace(1500, |_| Some(1000));
    let jittery = play_with(&arrivals, 30, |pull| pull * 10_000 + jitter[pull as usize]);
    assert!(
        concealed_share(&jittery.stats) < 0.001,
        "{:?}",
        jittery.stats
    );
    assert!(
        jittery.mean_behind_ms(10) < 20.0,
        "{}",
        jittery.mean_behind_ms(10)
    );
    let double = play_with(&arrivals, 30, |pull| pull / 2 * 20_000 + 3000);
    assert!(concealed_share(&double.stats) < 0.001, "{:?}", double.stats);
    assert!(
        double.mean_behind_ms(10) < 25.0,
        "{}",
        double.mean_behind_ms(10)
    );
}

#[test]
fn a_pause_of_the_sender_is_silence_and_no_loss() {
    // Muted from 5 s to 8 s: the sequence goes on, time jumps.
    let arrivals: Vec<_> = trace(1000, |it| (!(250..400).contains(&it)).then_some(1000))
        .into_iter()
        .map(|it| Arrival {
            sequence: if it.sequence >= 400 {
                it.sequence - 150
            } else {
                it.sequence
            },
            ..it
        })
        .collect();
    let run = play(&arrivals, 18);
    assert_eq!(run.stats.concealed_samples, 0, "{:?}", run.stats);
    assert_eq!(run.stats.packets_missed, 0);
    assert_eq!(run.played[700], Played::Silence);
    assert!(run.mean_behind_ms(12) < 20.0, "{}", run.mean_behind_ms(12));
    run.assert_smooth();
}

#[test]
fn an_announced_pause_has_comfort_noise_and_no_loss() {
    let arrivals: Vec<_> = trace(1000, |it| (!(251..400).contains(&it)).then_some(1000))
        .into_iter()
        .map(|mut it| {
            if it.sequence == 250 {
                it.payload = Bytes::from_static(&[15 << 3]);
            }
            Arrival {
                sequence: if it.sequence >= 400 {
                    it.sequence - 149
                } else {
                    it.sequence
                },
                ..it
            }
        })
        .collect();
    let run = play(&arrivals, 18);
    assert_eq!(run.stats.concealed_samples, 0, "{:?}", run.stats);
    assert_eq!(run.played[700], Played::Silence);
    assert!(
        run.sound[700 * PULL..701 * PULL]
            .iter()
            .any(|it| it.abs() > 0.1),
        "comfort noise"
    );
}

#[test]
fn a_new_timeline_is_no_gap() {
    // The first sender report moves all times by an hour.
    let arrivals: Vec<_> = trace(1000, |_| Some(1000))
        .into_iter()
        .map(|mut it| {
            it.synchronised = it.sequence >= 100;
            it.time += if it.synchronised { 3_600_000_000 } else { 0 };
            it
        })
        .collect();
    let run = play(&arrivals, 20);
    assert_eq!(run.stats.concealed_samples, 0);
    let position = run.buffer.position().unwrap();
    assert!(position.synchronised);
    assert!(position.time.micros() > 3_600_000_000);
}

#[test]
fn a_sender_that_starts_anew_is_followed() {
    let mut arrivals = trace(500, |_| Some(1000));
    arrivals.extend(trace(500, |_| Some(1000)).into_iter().map(|it| Arrival {
        at: it.at + 10_000_000,
        sequence: it.sequence + 70_000,
        ..it
    }));
    let run = play(&arrivals, 20);
    assert!(run.played[1500..].iter().all(|it| *it == Played::Sound));
}

#[test]
fn broken_packets_are_concealed() {
    let mut arrivals = trace(500, |_| Some(1000));
    for arrival in arrivals.iter_mut().skip(100).step_by(50) {
        arrival.payload = Bytes::from_static(&[15 << 3, 0, b'!']);
    }
    let run = play(&arrivals, 10);
    assert_eq!(run.stats.concealed_samples, 8 * 960);
    run.assert_smooth();
}

#[test]
fn a_broken_first_packet_and_a_pause_after_it_leave_the_counts_whole() {
    let broken = Arrival {
        payload: Bytes::from_static(&[15 << 3, 0b1000_0000, b'!']),
        ..packet(0, 20_000)
    };
    let after_pause = Arrival {
        time: 1_000_000,
        ..packet(1, 1_020_000)
    };
    let run = play_at(&[broken, after_pause], 2, 0);
    assert!(run.stats.concealment_events <= 2, "{:?}", run.stats);
}

#[test]
fn hostile_packets_do_no_harm() {
    use proptest::prelude::*;
    let packets = proptest::collection::vec(
        (
            any::<u64>(),
            any::<i64>(),
            any::<bool>(),
            proptest::collection::vec(any::<u8>(), 0..6),
            0..3_u8,
        ),
        1..200,
    );
    proptest!(|(packets in packets)| {
        let start = some_instant();
        let mut buffer = JitterBuffer::new(Config::default());
        let mut decoder = Tone::default();
        let mut now = start;
        for (sequence, time, synchronised, payload, near) in packets {
            let sequence = if near > 0 { sequence % 200 } else { sequence };
            let arrival = Arrival { at: 0, sequence, time, payload: payload.into(), synchronised };
            let _ = buffer.insert(ReceivedFrame { arrived: now, ..received(&arrival, start) });
            now += Duration::from_millis(7);
            buffer.pull(now, &mut decoder, &mut [0.0; PULL]);
            let _ = buffer.position();
        }
    });
}
