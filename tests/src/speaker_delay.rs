//! A processor of the voice behind two devices of which one says its delay wrong.
//!
//! The reference goes through what the engine has between a speaker and a processor
//! ([`engine::reference`]), with the times that such devices tell. All of it is computed.

use engine::reference::{Reference, ring};
use media::backend::voice::{VOICE_FRAME, VoiceProcessor};
use media::testing::room::{Heard, Scene};
use media::time::{MediaTime, TimeDelta};

/// What `processor` makes of a scene whose speaker says that it plays so much later than it does.
/// The scene's own delay is that from when a sound really plays until its first echo.
pub fn processed(
    scene: &Scene,
    heard: &Heard,
    processor: &mut dyn VoiceProcessor,
    overstated: TimeDelta,
) -> Vec<f32> {
    let (mut speaker, played) = ring();
    let mut reference = Reference::default();
    reference.follow(played);
    let mut far = scene.far.as_chunks::<VOICE_FRAME>().0.iter();
    let mut sent = heard.microphone.clone();
    let mut given = 0;
    for (number, frame) in sent.as_chunks_mut::<VOICE_FRAME>().0.iter_mut().enumerate() {
        let heard_at = 10 * number as i64;
        // 20 ms of the microphone come at a time.
        let now = heard_at / 20 * 20 + 20 + MICROPHONE_MS;
        while given <= now + SPEAKER_MS {
            let plays = far.next().copied().unwrap_or([0.0; VOICE_FRAME]);
            let told = MediaTime::from_micros(given * 1000) + overstated;
            speaker.write(&plays, told);
            given += 10;
        }
        let echo_delay = reference.tell(MediaTime::from_micros(heard_at * 1000), processor);
        processor.process(frame, echo_delay);
    }
    sent
}

/// From what is heard until the microphone's callback has it.
const MICROPHONE_MS: i64 = 10;

/// From the speaker's callback until that plays.
const SPEAKER_MS: i64 = 30;
