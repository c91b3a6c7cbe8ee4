//! Prints what encoding and decoding the moving test picture costs on this machine.
//!
//! `cargo run -p codec --example cost -- 1280x720 1500 300` (size, kb/s, pictures).

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, Instant};

use codec::Codecs;
use media::backend::codec::{
    AudioInput, AudioTarget, CodecBackend, CodecError, Content, MAX_OPUS_FRAME, OPUS_FRAME,
    VideoTarget,
};
use media::picture::Picture;
use media::synthetic::pattern::Pattern;
use media::synthetic::voice::Voice;
use media::units::{Bitrate, Size};

fn main() -> Result<(), CodecError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let size = arguments.first().and_then(|it| {
        let (width, height) = it.split_once('x')?;
        Some(Size::new(width.parse().ok()?, height.parse().ok()?))
    });
    let number = |index: usize| arguments.get(index).and_then(|it| it.parse().ok());
    let bitrate = Bitrate::from_kbps(number(1).unwrap_or(1500));
    pictures(size.unwrap_or(Size::HD), bitrate, number(2).unwrap_or(300))?;
    sound()
}

fn pictures(size: Size, bitrate: Bitrate, count: u64) -> Result<(), CodecError> {
    let pattern = Pattern::new(Size::HD);
    let mut picture = Picture::black(Size::HD);
    let mut encoder = Codecs.video_encoder(VideoTarget {
        size,
        fps: 30.0,
        bitrate,
        content: Content::Camera,
    })?;
    let mut decoder = Codecs.video_decoder()?;
    let (mut encoding, mut decoding) = (Costs::default(), Costs::default());
    let (mut bytes, mut skipped, mut keyframe_bytes) = (0, 0, 0);
    for index in 0..count {
        pattern.paint(Duration::from_micros(index * 33_333), &mut picture);
        let Some(encoded) = encoding.measure(|| encoder.encode(&picture, false))? else {
            skipped += 1;
            continue;
        };
        bytes += encoded.payload.len();
        if encoded.keyframe {
            keyframe_bytes = encoded.payload.len();
        }
        decoding.measure(|| decoder.decode(&encoded.payload))?;
    }
    let kbps = bytes as f64 * 8.0 * 30.0 / count as f64 / 1000.0;
    println!(
        "{size} asked {bitrate}, got {kbps:.0} kb/s, skipped {skipped}, keyframe {keyframe_bytes} B"
    );
    println!("encode {}", encoding.line());
    println!("decode {}", decoding.line());
    Ok(())
}

fn sound() -> Result<(), CodecError> {
    let voice = Voice::new();
    let target = AudioTarget {
        bitrate: Bitrate::from_kbps(32),
        expected_loss: 0.0,
    };
    let mut encoder = Codecs.audio_encoder(target)?;
    let mut decoder = Codecs.audio_decoder()?;
    let (mut encoding, mut decoding, mut hiding) =
        (Costs::default(), Costs::default(), Costs::default());
    let (mut packet, mut out) = (Vec::new(), vec![0.0; MAX_OPUS_FRAME]);
    for (index, chunk) in voice.samples().chunks_exact(OPUS_FRAME).enumerate() {
        encoding.measure(|| encoder.encode(chunk, &mut packet))?;
        if index % 10 == 9 {
            hiding.measure(|| decoder.decode(AudioInput::Lost, &mut out[..OPUS_FRAME]))?;
        } else {
            decoding.measure(|| decoder.decode(AudioInput::Packet(&packet), &mut out))?;
        }
    }
    println!("opus encode {}", encoding.line());
    println!("opus decode {}", decoding.line());
    println!("opus conceal {}", hiding.line());
    Ok(())
}

#[derive(Default)]
struct Costs(Vec<Duration>);

impl Costs {
    fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0.push(start.elapsed());
        result
    }

    fn line(mut self) -> String {
        self.0.sort();
        let at = |part: usize| self.0[(self.0.len() - 1) * part / 100].as_secs_f64() * 1000.0;
        format!(
            "p5 {:.2} p50 {:.2} p95 {:.2} max {:.2} ms",
            at(5),
            at(50),
            at(95),
            at(100)
        )
    }
}
