//! A call in real time that is recorded: real codecs, a picture each 40 ms, sound each 20 ms.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use codec::Codecs;
use media::backend::codec::{
    AudioEncoder, AudioTarget, CodecBackend, Content, OPUS_FRAME, VideoEncoder, VideoTarget,
};
use media::backend::record::{Plan, RecordBackend, Recording, Writing};
use media::frame::{EncodedFrame, ReceivedFrame};
use media::picture::Picture;
use media::time::MediaTime;
use media::transport::Kind;
use media::units::{Bitrate, Size};
use record::Recordings;

/// Both sides of a call, and their recording.
pub(crate) struct Film {
    pub(crate) recording: Arc<dyn Recording>,
    epoch: Instant,
    camera: Box<dyn VideoEncoder>,
    microphone: Box<dyn AudioEncoder>,
    sequence: u64,
}

/// What is there to be recorded for a while.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) millis: u64,
    pub(crate) size: Size,
    pub(crate) camera: bool,
    pub(crate) microphone: bool,
}

pub(crate) const SMALL: Size = Size::new(320, 180);

impl Film {
    pub(crate) fn start(directory: &Path) -> Self {
        let epoch = Instant::now();
        let recordings = Recordings::new(directory.to_owned(), || "2026-05-03 14.07.09".to_owned());
        let recording = recordings.start(Plan {
            with: "Bea".to_owned(),
            consent: b"{}".to_vec(),
            epoch,
            zero: MediaTime::from_micros(0),
        });
        Self {
            recording,
            epoch,
            camera: Codecs.video_encoder(target(SMALL)).unwrap(),
            microphone: Codecs
                .audio_encoder(AudioTarget {
                    bitrate: Bitrate::from_kbps(32),
                    expected_loss: 0.0,
                })
                .unwrap(),
            sequence: 0,
        }
    }

    /// Plays a scene, in real time.
    pub(crate) fn play(&mut self, scene: Scene) {
        let begun = self.epoch.elapsed().as_millis();
        let begun = u64::try_from(begun).unwrap() / 40 * 40 + 40;
        for at_ms in (begun..begun + scene.millis).step_by(20) {
            self.wait_for(at_ms);
            let time = MediaTime::from_micros(i64::try_from(at_ms * 1000).unwrap());
            self.sequence += 1;
            if scene.microphone {
                let payload = self.hum();
                self.both(Kind::Audio, time, true, payload);
            }
            if scene.camera && at_ms % 40 == 0 {
                let progress = self.recording.progress();
                let wanted =
                    at_ms == begun || progress.needs_our_keyframe || progress.needs_their_keyframe;
                self.camera.set_target(target(scene.size)).unwrap();
                let picture = picture(scene.size, at_ms);
                if let Some(encoded) = self.camera.encode(&picture, wanted).unwrap() {
                    self.both(Kind::Video, time, encoded.keyframe, encoded.payload);
                }
            }
        }
    }

    /// Ends it and waits until all is written.
    pub(crate) fn stop(&self) -> Writing {
        self.recording.stop();
        self.wait_for_end()
    }

    /// Waits until the recording is over by itself.
    pub(crate) fn wait_for_end(&self) -> Writing {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            let writing = self.recording.progress().writing;
            if writing != Writing::Running {
                return writing;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Writing::Running
    }

    fn both(&self, kind: Kind, time: MediaTime, keyframe: bool, payload: Bytes) {
        let frame = EncodedFrame {
            time,
            keyframe,
            payload,
        };
        self.recording.sent(kind, &frame);
        let received = ReceivedFrame {
            frame,
            sequence: self.sequence,
            arrived: Instant::now(),
            after_loss: false,
            synchronised: true,
        };
        self.recording.received(kind, &received);
    }

    fn hum(&mut self) -> Bytes {
        let mut samples = [0.0; OPUS_FRAME];
        for (number, sample) in samples.iter_mut().enumerate() {
            *sample = (number as f32 * 0.05).sin() * 0.3;
        }
        let mut packet = Vec::new();
        self.microphone.encode(&samples, &mut packet).unwrap();
        packet.into()
    }

    fn wait_for(&self, at_ms: u64) {
        let at = self.epoch + Duration::from_millis(at_ms);
        thread::sleep(at.saturating_duration_since(Instant::now()));
    }
}

fn picture(size: Size, at_ms: u64) -> Picture {
    let mut picture = Picture::black(size);
    let [luma, _, _] = picture.planes_mut();
    for (number, pixel) in luma.iter_mut().enumerate() {
        *pixel = ((number as u64 * 7 + at_ms) % 200) as u8;
    }
    picture
}

fn target(size: Size) -> VideoTarget {
    VideoTarget {
        size,
        fps: 25.0,
        bitrate: Bitrate::from_kbps(800),
        content: Content::Camera,
    }
}
