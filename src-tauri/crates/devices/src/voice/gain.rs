//! Keeps loudness even: WebRTC's AGC2 with its limiter, in Rust (sonora-agc2).
//!
//! Put together here as the library's own `GainController2` does it, with three differences. It
//! learns nothing from what is mostly echo: what is left of an echo sounds like speech, and taken
//! for a soft voice it would be made loud in the seconds before the canceller knows the room. And
//! it turns a loud voice down as well: the library only amplifies, so what comes in is softened
//! first, by as much as the gain begins with. And it looks for speech in the sound with its noise,
//! made louder: there it finds soft voices, and takes no babble for somebody who talks.

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::voice::VOICE_FRAME;
use media::level;
use sonora_agc2::adaptive_digital_gain_controller::{AdaptiveDigitalGainController, FrameInfo};
use sonora_agc2::common::{
    MAX_ABS_FLOAT_S16_VALUE, MAX_FLOAT_S16_VALUE, MIN_FLOAT_S16_VALUE,
    SATURATION_PROTECTOR_INITIAL_HEADROOM_DB, float_s16_to_dbfs,
};
use sonora_agc2::limiter::Limiter;
use sonora_agc2::noise_level_estimator::NoiseLevelEstimator;
use sonora_agc2::saturation_protector::SaturationProtector;
use sonora_agc2::speech_level_estimator::{AdaptiveDigitalConfig, SpeechLevelEstimator};
use sonora_agc2::vad_wrapper::VoiceActivityDetectorWrapper;

use super::Frame;
use super::stage::{Around, Filter};

pub(super) struct EvenGain {
    vad: VoiceActivityDetectorWrapper,
    speech_level: SpeechLevelEstimator,
    noise_level: NoiseLevelEstimator,
    saturation: SaturationProtector,
    gain: AdaptiveDigitalGainController,
    limiter: Limiter,
    /// The energy of the frame before, noise included: noise suppression gives that one back now.
    before: f32,
}

impl EvenGain {
    pub(super) fn new() -> Self {
        let config = AdaptiveDigitalConfig {
            headroom_db: HEADROOM_DB,
            max_gain_change_db_per_second: CHANGE_DB_PER_S,
            initial_gain_db: SOFTENED_DB,
            max_gain_db: MOST_GAIN_DB + SOFTENED_DB,
            ..AdaptiveDigitalConfig::default()
        };
        let backend = sonora_simd::detect_backend();
        let adjacent = ADJACENT_FRAMES;
        Self {
            vad: VoiceActivityDetectorWrapper::new(backend, SAMPLE_RATE_HZ as i32),
            speech_level: SpeechLevelEstimator::new(&config, adjacent),
            noise_level: NoiseLevelEstimator::default(),
            saturation: SaturationProtector::new(
                SATURATION_PROTECTOR_INITIAL_HEADROOM_DB,
                adjacent,
            ),
            gain: AdaptiveDigitalGainController::new(config, adjacent),
            limiter: Limiter::new(VOICE_FRAME),
            before: 0.0,
        }
    }

    /// What the gain is chosen by.
    fn judge(&mut self, sound: &Frame, around: &Around<'_>) -> FrameInfo {
        // What noise suppression makes of babble sounds like speech; the babble itself does not.
        let with_noise = around.with_noise.map(|it| it * MAX_ABS_FLOAT_S16_VALUE);
        let raised =
            with_noise.map(|it| (it * RAISED).clamp(MIN_FLOAT_S16_VALUE, MAX_FLOAT_S16_VALUE));
        let heard = self.vad.analyze(&raised);
        let energy = level::energy(sound);
        let most = level::energy(&with_noise) * SOFTENED * SOFTENED;
        let taken = energy < TAKEN * most.min(self.before);
        self.before = most;
        let speech_probability = if around.only_echo || taken {
            0.0
        } else {
            heard
        };
        let rms_dbfs = float_s16_to_dbfs(energy.sqrt());
        let peak = sound.iter().fold(0.0_f32, |peak, it| peak.max(it.abs()));
        let noise_rms_dbfs = self.noise_level.analyze(&[&sound[..]]);
        self.speech_level.update(rms_dbfs, speech_probability);
        let speech_level_dbfs = self.speech_level.level_dbfs();
        let peak_dbfs = float_s16_to_dbfs(peak);
        self.saturation
            .analyze(speech_probability, peak_dbfs, speech_level_dbfs);
        FrameInfo {
            speech_probability,
            speech_level_dbfs,
            speech_level_reliable: self.speech_level.is_confident(),
            // Noise keeps the gain from rising, but turns nobody down.
            noise_rms_dbfs: noise_rms_dbfs.min(MOST_NOISE_DBFS - SOFTENED_DB),
            headroom_db: self.saturation.headroom_db(),
            limiter_envelope_dbfs: float_s16_to_dbfs(self.limiter.last_audio_level()),
        }
    }
}

impl Filter for EvenGain {
    fn process(&mut self, frame: &mut Frame, around: &Around<'_>) {
        let mut sound = frame.map(|sample| sample * MAX_ABS_FLOAT_S16_VALUE * SOFTENED);
        let info = self.judge(&sound, around);
        self.gain.process(&info, &mut [&mut sound[..]]);
        self.limiter.process(&mut [&mut sound[..]]);
        *frame = sound.map(|sample| sample / MAX_ABS_FLOAT_S16_VALUE);
    }
}

impl std::fmt::Debug for EvenGain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvenGain").finish_non_exhaustive()
    }
}

/// By how much a loud voice is turned down at most. The gain begins at as much, so that nothing
/// changes until somebody has spoken: what begins louder makes the first echo louder too.
const SOFTENED_DB: f32 = 10.0;

/// The same as a factor.
const SOFTENED: f32 = 0.316_227_77;

/// By how much a soft voice is raised at most.
const MOST_GAIN_DB: f32 = 40.0;

/// Noise is raised no further than this, the library's own limit.
const MOST_NOISE_DBFS: f32 = -50.0;

/// Between the loudest that is said and full scale.
const HEADROOM_DB: f32 = 3.0;

/// How fast the gain changes, while somebody talks; twice the library's own, with which a soft
/// voice is even after half a minute only.
const CHANGE_DB_PER_S: f32 = 12.0;

/// Frames with speech in a row before anything is learnt from them: a short syllable. With the
/// library's own 12, most real syllables teach nothing.
const ADJACENT_FRAMES: i32 = 8;

/// The detector hears everything 10 dB louder: soft voices escape it else, and loud ones may clip.
const RAISED: f32 = 3.162_277_7;

/// A frame of which noise suppression took more than 3 dB has little voice in it.
const TAKEN: f32 = 0.5;
