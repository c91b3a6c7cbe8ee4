//! What is done to the microphone's sound before it is sent, 10 ms at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use media::backend::codec::OPUS_FRAME;
use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceProcessor, VoiceSettings,
};
use media::time::MediaTime;

use super::reference::{FRAME_TIME, Reference, STOOD_STILL};
use crate::timed_ring::Reader;

/// The processor of the microphone's thread, and what it is told beside the sound.
pub(super) struct Processing {
    backend: Arc<dyn VoiceBackend>,
    settings: VoiceSettings,
    /// Made for the first microphone: a program that waits for calls needs none.
    processor: Option<Box<dyn VoiceProcessor>>,
    reference: Reference,
    /// When the next frame is heard if the microphone goes on evenly; `None` before its first one.
    next: Option<MediaTime>,
}

impl Processing {
    /// Does what `settings` say.
    pub(super) fn new(backend: Arc<dyn VoiceBackend>, settings: VoiceSettings) -> Self {
        Self {
            backend,
            settings,
            processor: None,
            reference: Reference::default(),
            next: None,
        }
    }

    /// Does this from now on.
    pub(super) fn set(&mut self, settings: VoiceSettings) {
        self.settings = settings;
        if let Some(processor) = &mut self.processor {
            processor.set(settings);
        }
    }

    /// Another microphone is at work.
    pub(super) fn another_microphone(&mut self) {
        self.next = None;
        self.restart();
    }

    /// Another speaker is at work, and what it plays comes out of this ring.
    pub(super) fn another_speaker(&mut self, ring: Reader) {
        self.reference.follow(ring);
        self.restart();
    }

    /// Replaces what was heard from `heard_at` on by what shall be sent; that was heard by the
    /// returned time earlier.
    pub(super) fn process(
        &mut self,
        chunk: &mut [f32; OPUS_FRAME],
        heard_at: MediaTime,
    ) -> Duration {
        let stood_still = self
            .next
            .is_some_and(|next| heard_at.since(next).abs() > STOOD_STILL);
        if stood_still {
            tracing::debug!("the microphone goes on after a gap");
            self.restart();
        }
        let (backend, settings) = (&self.backend, self.settings);
        let processor = self
            .processor
            .get_or_insert_with(|| backend.processor(settings));
        let mut heard_at = heard_at;
        for frame in chunk.as_chunks_mut::<VOICE_FRAME>().0 {
            let echo_delay = self.reference.tell(heard_at, processor.as_mut());
            processor.process(frame, echo_delay);
            heard_at = heard_at + FRAME_TIME;
        }
        self.next = Some(heard_at);
        processor.delay()
    }

    /// How well the echo is removed.
    pub(super) fn figures(&self) -> VoiceFigures {
        let processor = self.processor.as_ref();
        processor.map_or_else(VoiceFigures::default, |it| it.figures())
    }

    fn restart(&mut self) {
        if let Some(processor) = &mut self.processor {
            processor.restart();
        }
    }
}

impl fmt::Debug for Processing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Processing").field(&self.settings).finish()
    }
}

const _: () = assert!(OPUS_FRAME.is_multiple_of(VOICE_FRAME));
