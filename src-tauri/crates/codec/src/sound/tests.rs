use proptest::prelude::*;

use super::*;

fn target(kbps: u64, expected_loss: f32) -> AudioTarget {
    AudioTarget {
        bitrate: Bitrate::from_kbps(kbps),
        expected_loss,
    }
}

/// Something like a voice: harmonics of a gliding pitch, swelling four times a second.
fn voice(samples: usize) -> Vec<f32> {
    let mut phase = 0.0_f32;
    (0..samples)
        .map(|index| {
            let at = index as f32 / SAMPLE_RATE_HZ as f32;
            phase += (120.0 + 30.0 * (at * 5.0).sin()) / SAMPLE_RATE_HZ as f32;
            let tone: f32 = (1..12)
                .map(|it| (std::f32::consts::TAU * phase * it as f32).sin() / it as f32)
                .sum();
            tone * 0.2 * (0.6 + 0.4 * (at * 25.0).sin())
        })
        .collect()
}

fn packets(samples: &[f32], target: AudioTarget) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(target).unwrap();
    samples
        .chunks_exact(OPUS_FRAME)
        .map(|chunk| {
            let mut packet = Vec::new();
            encoder.encode(chunk, &mut packet).unwrap();
            packet
        })
        .collect()
}

/// The largest normalised correlation of `b` behind `a`, at any delay up to 30 ms.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let span = a.len().min(b.len()) - 1440;
    (0..1440)
        .map(|delay| {
            let (a, b) = (&a[..span], &b[delay..delay + span]);
            product(a, b) / (product(a, a) * product(b, b)).sqrt().max(1e-9)
        })
        .fold(0.0, f64::max)
}

/// What comes out when every `nth` packet is lost and `conceal` says what is done about it.
fn with_losses(packets: &[Vec<u8>], nth: usize, fec: bool) -> Vec<f32> {
    let mut decoder = Decoder::new().unwrap();
    let mut heard = Vec::new();
    let mut out = vec![0.0; MAX_OPUS_FRAME];
    for (index, packet) in packets.iter().enumerate() {
        let lost = index % nth == nth - 1;
        let written = match packets.get(index + 1) {
            Some(next) if lost && fec => decoder
                .decode(AudioInput::Fec(next), &mut out[..OPUS_FRAME])
                .unwrap(),
            _ if lost => decoder
                .decode(AudioInput::Lost, &mut out[..OPUS_FRAME])
                .unwrap(),
            _ => decoder
                .decode(AudioInput::Packet(packet), &mut out)
                .unwrap(),
        };
        assert_eq!(written, OPUS_FRAME);
        heard.extend_from_slice(&out[..written]);
    }
    heard
}

#[test]
fn a_voice_survives_the_round_trip() {
    let said = voice(48_000);
    let heard = with_losses(&packets(&said, target(32, 0.0)), usize::MAX, false);
    let correlation = correlation(&said, &heard);
    // SILK shifts phases, so a voice that sounds the same correlates to less than 1.
    assert!(correlation > 0.75, "correlation {correlation:.3}");
}

#[test]
fn packets_have_one_size_whatever_is_said() {
    let mut said = voice(24_000);
    said.extend(vec![0.0; 24_000]);
    for loss in [0.0, 0.1] {
        let sizes: Vec<_> = packets(&said, target(32, loss))
            .iter()
            .map(Vec::len)
            .collect();
        assert!(sizes.iter().all(|it| *it == 80), "{sizes:?}");
    }
}

#[test]
fn a_new_rate_holds_from_the_next_packet_on() {
    let said = voice(OPUS_FRAME);
    let mut encoder = Encoder::new(target(32, 0.0)).unwrap();
    let mut packet = Vec::new();
    for (kbps, bytes) in [(24, 60), (64, 160), (32, 80)] {
        encoder.set_target(target(kbps, 0.0)).unwrap();
        encoder.encode(&said, &mut packet).unwrap();
        assert_eq!(packet.len(), bytes);
    }
}

#[test]
fn fec_restores_more_than_concealment() {
    let said = voice(96_000);
    let sent = packets(&said, target(32, 0.2));
    let concealed = correlation(&said, &with_losses(&sent, 4, false));
    let restored = correlation(&said, &with_losses(&sent, 4, true));
    assert!(
        restored > concealed + 0.02,
        "FEC {restored:.3}, concealment {concealed:.3}"
    );
    assert!(restored > 0.7, "FEC {restored:.3}");
}

#[test]
fn concealment_goes_on_speaking_and_then_fades() {
    let said = voice(24_000);
    let mut decoder = Decoder::new().unwrap();
    let mut out = vec![0.0; MAX_OPUS_FRAME];
    for packet in packets(&said, target(32, 0.0)) {
        decoder
            .decode(AudioInput::Packet(&packet), &mut out)
            .unwrap();
    }
    let energy = |samples: &[f32]| samples.iter().map(|it| it * it).sum::<f32>();
    let before = energy(&out[..OPUS_FRAME]);
    decoder
        .decode(AudioInput::Lost, &mut out[..OPUS_FRAME])
        .unwrap();
    let first = energy(&out[..OPUS_FRAME]);
    assert!(first > before / 4.0, "energy fell from {before} to {first}");
    for _ in 0..50 {
        decoder
            .decode(AudioInput::Lost, &mut out[..OPUS_FRAME])
            .unwrap();
    }
    assert!(energy(&out[..OPUS_FRAME]) < before / 4.0);
}

#[test]
fn concealment_takes_steps_of_a_quarter_of_ten_milliseconds() {
    let mut decoder = Decoder::new().unwrap();
    let mut out = vec![0.0; MAX_OPUS_FRAME];
    assert_eq!(decoder.decode(AudioInput::Lost, &mut out[..480]), Ok(480));
    assert_eq!(decoder.decode(AudioInput::Lost, &mut out[..120]), Ok(120));
    assert!(decoder.decode(AudioInput::Lost, &mut out[..100]).is_err());
    assert!(decoder.decode(AudioInput::Lost, &mut []).is_err());
}

#[test]
fn wrong_amounts_are_errors() {
    let mut encoder = Encoder::new(target(32, f32::NAN)).unwrap();
    let mut packet = vec![1];
    assert!(encoder.encode(&[0.0; 100], &mut packet).is_err());
    assert!(packet.is_empty());
    encoder.encode(&[0.0; OPUS_FRAME], &mut packet).unwrap();
    let mut decoder = Decoder::new().unwrap();
    assert!(
        decoder
            .decode(AudioInput::Packet(&packet), &mut [0.0; OPUS_FRAME])
            .is_err()
    );
    assert!(
        decoder
            .decode(AudioInput::Packet(&[]), &mut [0.0; MAX_OPUS_FRAME])
            .is_err()
    );
}

proptest! {
    #[test]
    fn any_packet_is_decoded_or_refused(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..8),
    ) {
        let mut decoder = Decoder::new().unwrap();
        let mut out = vec![0.0; MAX_OPUS_FRAME];
        for packet in &packets {
            if let Ok(written) = decoder.decode(AudioInput::Packet(packet), &mut out) {
                prop_assert!(written <= MAX_OPUS_FRAME);
            }
            let _ = decoder.decode(AudioInput::Fec(packet), &mut out[..OPUS_FRAME]);
        }
    }
}
