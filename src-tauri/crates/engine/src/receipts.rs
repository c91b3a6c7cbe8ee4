//! What was captured, heard and shown in the last second, out of the pipelines' counters: what the
//! two phones tell each other.

use call::message::Receipt;
use media::level;

use crate::call_media::Flow;

/// Counts from one second to the next, for one call at a time.
#[derive(Debug, Default)]
pub(crate) struct ReceiptCounter {
    before: Option<Counted>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    packets: u64,
    samples: u64,
    frames: u64,
    shown: u64,
    filmed: u64,
    with_sound: u64,
}

impl ReceiptCounter {
    /// The receipt of the time since this was asked last; `None` the first time of a call.
    pub(crate) fn count(&mut self, flow: &Flow) -> Option<Receipt> {
        let (audio, video) = (&flow.audio_in, &flow.video_in);
        let now = Counted {
            packets: audio.packets.get(),
            samples: audio.samples.get(),
            frames: video.decoded.get() + video.dropped.get(),
            shown: video.decoded.get(),
            filmed: flow.video_out.frames.get(),
            with_sound: flow.audio_out.with_sound.get(),
        };
        let loudness = level::dbfs(audio.loudest.take());
        let sent = level::dbfs(flow.audio_out.loudest.take());
        let before = self.before.replace(now)?;
        // A microphone that hears only what is taken out of its sound is none that hears nothing.
        let captured = if now.with_sound > before.with_sound {
            sent.max(Receipt::SILENCE + 1)
        } else {
            Receipt::SILENCE
        };
        Some(Receipt {
            packets: since(now.packets, before.packets),
            loudness,
            played: now.samples > before.samples,
            frames: since(now.frames, before.frames),
            shown: since(now.shown, before.shown),
            captured,
            filmed: since(now.filmed, before.filmed),
        })
    }

    /// The call's media is gone.
    pub(crate) fn forget(&mut self) {
        self.before = None;
    }
}

fn since(now: u64, before: u64) -> u16 {
    u16::try_from(now.saturating_sub(before)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_speaks_of_the_time_since_the_one_before() {
        let (mut counter, flow) = (ReceiptCounter::default(), Flow::default());
        assert_eq!(counter.count(&flow), None);
        flow.audio_in.packets.add(50);
        flow.audio_in.samples.set(48_000);
        flow.audio_in.loudest.raise(0.01);
        flow.audio_in.loudest.raise(0.001);
        flow.video_in.decoded.add(29);
        flow.video_in.dropped.add(1);
        flow.video_out.frames.add(30);
        flow.audio_out.processed(0.01);
        flow.audio_out.with_sound.add(1);
        let busy = Receipt {
            packets: 50,
            loudness: -20,
            played: true,
            frames: 30,
            shown: 29,
            captured: -20,
            filmed: 30,
        };
        assert_eq!(counter.count(&flow), Some(busy));
        let idle = Receipt {
            packets: 0,
            loudness: Receipt::SILENCE,
            played: false,
            frames: 0,
            shown: 0,
            captured: Receipt::SILENCE,
            filmed: 0,
        };
        assert_eq!(counter.count(&flow), Some(idle));
    }

    #[test]
    fn a_microphone_is_silent_by_what_it_gives_and_not_by_what_is_left_of_it() {
        let (mut counter, flow) = (ReceiptCounter::default(), Flow::default());
        counter.count(&flow);
        let mut captured = || counter.count(&flow).unwrap().captured;
        flow.audio_out.with_sound.add(50);
        flow.audio_out.processed(0.0);
        assert_eq!(captured(), Receipt::SILENCE + 1, "all of it was noise");
        flow.audio_out.processed(1e-9);
        assert_eq!(captured(), Receipt::SILENCE, "the microphone gives nothing");
    }
}
