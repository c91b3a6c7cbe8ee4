//! Speech by Opus (RFC 6716): encoding by the `opus` crate, decoding by `opusic-c`, which alone
//! offers the neural concealment. Both sit on the same copy of libopus.

use std::fmt;

use media::backend::audio::SAMPLE_RATE_HZ;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioInput, AudioTarget, CodecError, MAX_OPUS_FRAME, OPUS_FRAME,
};
use media::units::Bitrate;

/// Encodes 20 ms of mono 48 kHz at a time.
///
/// The rate is constant (no VBR, no DTX), as in Signal and Threema: with a variable rate an
/// eavesdropper can guess words from the sizes of the encrypted packets (RFC 6562). The application
/// is VoIP: the restricted low-delay one would save 4 ms of look-ahead, but it leaves out SILK and
/// with it the in-band FEC.
pub(crate) struct Encoder {
    native: opus::Encoder,
    target: AudioTarget,
}

impl Encoder {
    /// An encoder for `target`.
    pub(crate) fn new(target: AudioTarget) -> Result<Self, CodecError> {
        let native = native_encoder().map_err(|error| CodecError::Unavailable {
            what: "Opus encoder",
            why: error.to_string(),
        })?;
        let mut encoder = Self { native, target };
        encoder.apply(target)?;
        Ok(encoder)
    }

    fn apply(&mut self, target: AudioTarget) -> Result<(), CodecError> {
        let bps = target.bitrate.clamp(MIN_BITRATE, MAX_BITRATE).bps() as i32;
        let loss = if target.expected_loss.is_finite() {
            target.expected_loss
        } else {
            0.0
        };
        let percent = (loss.clamp(0.0, 1.0) * 100.0).round() as i32;
        self.native
            .set_bitrate(opus::Bitrate::Bits(bps))
            .map_err(|error| encoding(&error))?;
        self.native
            .set_packet_loss_perc(percent)
            .map_err(|error| encoding(&error))?;
        self.native
            .set_inband_fec(loss > FEC_FROM_LOSS)
            .map_err(|error| encoding(&error))?;
        self.target = target;
        Ok(())
    }
}

impl AudioEncoder for Encoder {
    fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.clear();
        if samples.len() != OPUS_FRAME {
            return Err(CodecError::Failed(format!(
                "{} samples to encode",
                samples.len()
            )));
        }
        out.resize(MAX_PACKET, 0);
        let written = self
            .native
            .encode_float(samples, out)
            .map_err(|error| encoding(&error));
        out.truncate(*written.as_ref().unwrap_or(&0));
        written.map(|_| ())
    }

    fn set_target(&mut self, target: AudioTarget) -> Result<(), CodecError> {
        if target == self.target {
            Ok(())
        } else {
            self.apply(target)
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Decodes to mono 48 kHz, whatever the sender chose.
pub(crate) struct Decoder {
    native: opusic_c::Decoder,
}

impl Decoder {
    /// A decoder with neural concealment.
    pub(crate) fn new() -> Result<Self, CodecError> {
        let native = native_decoder().map_err(|error| CodecError::Unavailable {
            what: "Opus decoder",
            why: error.message().to_owned(),
        })?;
        Ok(Self { native })
    }
}

impl AudioDecoder for Decoder {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        let (packet, fec) = match input {
            AudioInput::Packet(packet) => (packet, false),
            AudioInput::Fec(packet) => (packet, true),
            AudioInput::Lost => (&[][..], false),
        };
        match input {
            // libopus takes an empty packet for a lost one.
            AudioInput::Packet([]) | AudioInput::Fec([]) => {
                return Err(CodecError::Undecodable("empty packet".into()));
            }
            AudioInput::Packet(_) if out.len() < MAX_OPUS_FRAME => {
                return Err(CodecError::Failed(format!(
                    "room for {} samples only",
                    out.len()
                )));
            }
            AudioInput::Fec(_) | AudioInput::Lost if !concealable(out.len()) => {
                return Err(CodecError::Failed(format!(
                    "cannot conceal {} samples",
                    out.len()
                )));
            }
            AudioInput::Packet(_) | AudioInput::Fec(_) | AudioInput::Lost => {}
        }
        self.native
            .decode_float_to_slice(packet, out, fec)
            .map_err(decoding)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

fn native_encoder() -> Result<opus::Encoder, opus::Error> {
    let (channels, application) = (opus::Channels::Mono, opus::Application::Voip);
    let mut native = opus::Encoder::new(SAMPLE_RATE_HZ, channels, application)?;
    native.set_vbr(false)?;
    native.set_dtx(false)?;
    Ok(native)
}

fn native_decoder() -> Result<opusic_c::Decoder, opusic_c::ErrorCode> {
    let (channels, rate) = (opusic_c::Channels::Mono, opusic_c::SampleRate::Hz48000);
    let mut native = opusic_c::Decoder::new(channels, rate)?;
    native.set_complexity(COMPLEXITY)?;
    Ok(native)
}

fn concealable(samples: usize) -> bool {
    (STEP..=MAX_OPUS_FRAME).contains(&samples) && samples.is_multiple_of(STEP)
}

fn encoding(error: &opus::Error) -> CodecError {
    CodecError::Failed(format!("opus: {error}"))
}

fn decoding(error: opusic_c::ErrorCode) -> CodecError {
    match error {
        opusic_c::ErrorCode::InvalidPacket => CodecError::Undecodable(error.message().into()),
        other => CodecError::Failed(format!("opus: {}", other.message())),
    }
}

/// The longest packet of one frame (RFC 6716, 3.4).
const MAX_PACKET: usize = 1275;

/// Opus counts time in steps of 2.5 ms.
const STEP: usize = 120;

/// Below 6 kb/s Opus has no mode for speech, above 510 kb/s no packet is large enough.
const MIN_BITRATE: Bitrate = Bitrate::from_kbps(6);
const MAX_BITRATE: Bitrate = Bitrate::from_kbps(510);

/// At no loss FEC costs a quarter of a PESQ point at the same rate, at 5 % it gains half a point.
const FEC_FROM_LOSS: f32 = 0.01;

/// From 5 on libopus conceals by a neural network: 100 us per 20 ms under loss, nothing without.
/// At 10 it also enhances each packet, for 200 us always.
const COMPLEXITY: u8 = 5;

#[cfg(test)]
mod tests;
