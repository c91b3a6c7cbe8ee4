//! Makes samples: decodes packets and their copies, conceals, fills pauses.

use super::counts::Concealment;
use super::packets::Packet;
use super::phase::Phase;
use super::playout_buffer::Joint;
use super::units::{SamplePosition, Samples};
use super::{JitterBuffer, LastDecoded, PULL, opus};
use crate::backend::codec::{AudioDecoder, AudioInput};

impl JitterBuffer {
    /// Decodes the packet that is due.
    pub(super) fn decode_first(&mut self, decoder: &mut dyn AudioDecoder) {
        let Some(packet) = self.packets.take_first() else {
            return;
        };
        self.fec.played();
        self.counts.close_gap();
        match decoder.decode(AudioInput::Packet(&packet.payload), &mut self.scratch[..]) {
            Ok(filled) if filled > 0 => {
                let joint = self.joint();
                self.decoded
                    .push(&self.scratch[..filled.min(self.scratch.len())], joint);
                self.concealed = 0;
            }
            Ok(_) | Err(_) => self.conceal_lost(packet.samples, decoder),
        }
        self.end = packet.position + packet.samples;
        self.phase = Phase::Running;
        self.remember(&packet);
    }

    /// Fills room of lost packets, of which `left` is before `next`: conceals it, apart from the
    /// last packet's, which is rebuilt if the packet at `next` has a copy of it.
    pub(super) fn replace_lost(
        &mut self,
        next: SamplePosition,
        left: Samples,
        decoder: &mut dyn AudioDecoder,
    ) {
        let copied = match self.packets.first() {
            Some((packet, _)) if opus::has_fec(&packet.payload) => packet.samples,
            _ => Samples::ZERO,
        };
        let left = if copied > Samples::ZERO && left <= copied {
            self.rebuild(left, decoder);
            Samples::ZERO
        } else {
            let now = (left - copied).min(Samples::in_slice(PULL));
            self.conceal_lost(now, decoder);
            left - now
        };
        self.phase = if left > Samples::ZERO {
            Phase::Concealing { left }
        } else {
            Phase::Running
        };
        self.end = next - left;
    }

    /// Decodes the copy of the lost packet that the first waiting one holds; only its last
    /// `wanted` samples are of use.
    fn rebuild(&mut self, wanted: Samples, decoder: &mut dyn AudioDecoder) {
        let Some((first, _)) = self.packets.first() else {
            return;
        };
        let (samples, used) = (first.samples.slice_len(), wanted.slice_len());
        let decoded = decoder.decode(
            AudioInput::Fec(&first.payload),
            &mut self.scratch[..samples],
        );
        match decoded {
            Ok(filled) if filled >= used && filled <= samples => {
                let joint = self.joint();
                self.decoded
                    .push(&self.scratch[filled - used..filled], joint);
                self.concealed = 0;
                self.counts.recovered();
            }
            Ok(_) | Err(_) => self.conceal_lost(wanted, decoder),
        }
    }

    /// Fills up the pull while nothing plays.
    pub(super) fn fill_pause(&mut self, decoder: &mut dyn AudioDecoder) {
        let wanted = PULL - self.decoded.len();
        match self.phase {
            Phase::Paused { announced: true } => {
                // In an announced pause the decoder's concealment is comfort noise.
                let filled = self.ask_to_conceal(wanted, decoder);
                self.scratch[filled..wanted.max(filled)].fill(0.0);
            }
            Phase::Paused { announced: false } => {
                self.scratch[..wanted].fill(0.0);
                self.counts.silence_in_gap(wanted);
            }
            Phase::NotStarted
            | Phase::Running
            | Phase::Underrun { .. }
            | Phase::Concealing { .. } => self.scratch[..wanted].fill(0.0),
        }
        self.decoded
            .push(&self.scratch[..wanted], Joint::Discontinuous);
        self.concealed = self.concealed.saturating_add(wanted);
    }

    fn conceal_lost(&mut self, samples: Samples, decoder: &mut dyn AudioDecoder) {
        let concealment = self.conceal(samples.slice_len(), decoder);
        self.counts.concealed(concealment);
    }

    /// Makes `wanted` samples up, fading to silence after 100 ms of it.
    pub(super) fn conceal(&mut self, wanted: usize, decoder: &mut dyn AudioDecoder) -> Concealment {
        let concealment = Concealment {
            samples: wanted,
            silent: self.concealed >= FADED,
            begins: self.concealed == 0,
        };
        if concealment.silent {
            self.scratch[..wanted].fill(0.0);
        } else {
            let filled = self.ask_to_conceal(wanted, decoder);
            self.scratch[filled.min(wanted)..wanted].fill(0.0);
            for (index, sample) in self.scratch[..wanted].iter_mut().enumerate() {
                *sample *= fade(self.concealed + index);
            }
        }
        self.decoded
            .push(&self.scratch[..wanted], Joint::Continuous);
        self.concealed = self.concealed.saturating_add(wanted);
        concealment
    }

    /// Has the decoder make up at least `wanted` samples into the scratch buffer, in the steps
    /// that it knows; gives how many it made.
    fn ask_to_conceal(&mut self, wanted: usize, decoder: &mut dyn AudioDecoder) -> usize {
        let asked = wanted
            .next_multiple_of(CONCEALED_STEP)
            .min(self.scratch.len());
        decoder
            .decode(AudioInput::Lost, &mut self.scratch[..asked])
            .unwrap_or(0)
            .min(asked)
    }

    fn remember(&mut self, packet: &Packet) {
        self.last = Some(LastDecoded {
            position: packet.position,
            samples: packet.samples,
            time: packet.time,
            synchronised: packet.synchronised,
            arrived: packet.arrived,
            announces_pause: opus::is_pause(&packet.payload),
        });
        self.fec.decide(opus::has_fec(&packet.payload));
    }

    const fn joint(&self) -> Joint {
        if self.concealed > 0 {
            Joint::Discontinuous
        } else {
            Joint::Continuous
        }
    }
}

/// Gain of a concealed sample after `concealed` others.
fn fade(concealed: usize) -> f32 {
    let past = concealed.saturating_sub(FADE_FROM) as f32 / (FADED - FADE_FROM) as f32;
    (1.0 - past).max(0.0)
}

/// 100 ms: until then concealment is taken for the voice, after it for a machine.
const FADE_FROM: usize = 4800;
const FADED: usize = 2 * FADE_FROM;

/// Decoders conceal in steps of 2.5 ms.
const CONCEALED_STEP: usize = 120;
