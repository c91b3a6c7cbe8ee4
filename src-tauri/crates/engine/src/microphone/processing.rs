//! What is done to the microphone's sound before it is sent, 10 ms at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use media::backend::codec::OPUS_FRAME;
use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceHealth, VoiceProcessor, VoiceSettings,
};
use media::time::MediaTime;

use super::pace::{Change, Pace};
use super::reference::{FRAME_TIME, Reference};
use crate::timed_ring::Reader;
use crate::timeline::duration_of;

/// The processor of the microphone's thread, and what it is told beside the sound.
pub(super) struct Processing {
    backend: Arc<dyn VoiceBackend>,
    settings: VoiceSettings,
    /// Made for the first microphone: a program that waits for calls needs none.
    processor: Option<Box<dyn VoiceProcessor>>,
    reference: Reference,
    pace: Pace,
    echo: Echo,
}

/// What was measured of the echo last.
#[derive(Debug, Default)]
struct Echo {
    /// Whether it is gone. Kept while it is measured anew.
    removed: Option<bool>,
    /// How much sound has passed since that was tried anew.
    tried: Option<Duration>,
}

impl Processing {
    /// Does what `settings` say.
    pub(super) fn new(backend: Arc<dyn VoiceBackend>, settings: VoiceSettings) -> Self {
        Self {
            backend,
            settings,
            processor: None,
            reference: Reference::default(),
            pace: Pace::default(),
            echo: Echo::default(),
        }
    }

    /// Does this from now on.
    pub(super) fn set(&mut self, settings: VoiceSettings) {
        self.settings = settings;
        if !settings.echo_cancellation {
            self.echo = Echo::default();
        }
        if let Some(processor) = &mut self.processor {
            processor.set(settings);
        }
    }

    /// Another microphone is at work.
    pub(super) fn another_microphone(&mut self) {
        self.pace.forget();
        self.echo = Echo::default();
        self.microphone_restarts();
    }

    /// Another speaker is at work, and what it plays comes out of this ring.
    pub(super) fn another_speaker(&mut self, ring: Reader) {
        self.reference.follow(ring);
        self.echo = Echo::default();
        if let Some(processor) = &mut self.processor {
            processor.speaker_restarts();
        }
    }

    /// Replaces what was heard from `heard_at` on by what shall be sent; that was heard by the
    /// returned time earlier.
    pub(super) fn process(
        &mut self,
        chunk: &mut [f32; OPUS_FRAME],
        heard_at: MediaTime,
    ) -> Duration {
        let mut heard_at_evenly = self.pace.expect(heard_at);
        match self.pace.take(heard_at, duration_of(OPUS_FRAME)) {
            Change::Begins | Change::Even => {}
            Change::Stepped(by) => {
                tracing::debug!(?by, "the microphone lost sound");
                self.pace.shift(by);
                self.reference.shift(by);
                heard_at_evenly = heard_at_evenly + by;
            }
            Change::Anew => {
                tracing::debug!("the microphone goes on after a gap");
                self.microphone_restarts();
            }
        }
        let (backend, settings) = (&self.backend, self.settings);
        let processor = self
            .processor
            .get_or_insert_with(|| backend.processor(settings));
        // A stage that is switched off, or fails, leaves sound of before in the chunk.
        let delay = processor.delay();
        for frame in chunk.as_chunks_mut::<VOICE_FRAME>().0 {
            let echo_delay = self.reference.tell(heard_at_evenly, processor.as_mut());
            processor.process(frame, echo_delay);
            heard_at_evenly = heard_at_evenly + FRAME_TIME;
        }
        let delay = processor.delay().max(delay);
        self.follow_echo();
        delay
    }

    /// Whether all that is switched on works.
    pub(super) fn health(&self) -> VoiceHealth {
        let processor = self.processor.as_ref();
        let health = processor.map_or_else(VoiceHealth::default, |it| it.health());
        VoiceHealth {
            echo_removed: self.echo.removed,
            ..health
        }
    }

    /// Where the echo stays, the speaker is no longer what its lead was measured by: both are
    /// begun anew.
    fn follow_echo(&mut self) {
        let Some(processor) = &mut self.processor else {
            return;
        };
        let (echo, measured) = (&mut self.echo, processor.health().echo_removed);
        if let Some(tried) = &mut echo.tried {
            *tried += duration_of(OPUS_FRAME);
        }
        if measured.is_some() && measured != echo.removed {
            tracing::debug!(removed = ?measured, "the echo was measured");
            echo.removed = measured;
        }
        if measured == Some(false) && echo.tried.is_none_or(|it| it >= TRY_AGAIN) {
            tracing::warn!("the echo of the speaker stays in what is sent");
            echo.tried = Some(Duration::ZERO);
            self.reference.forget();
            processor.speaker_restarts();
        }
    }

    /// How well the echo is removed.
    pub(super) fn figures(&self) -> VoiceFigures {
        let processor = self.processor.as_ref();
        processor.map_or_else(VoiceFigures::default, |it| it.figures())
    }

    fn microphone_restarts(&mut self) {
        self.reference.forget();
        if let Some(processor) = &mut self.processor {
            processor.microphone_restarts();
        }
    }
}

impl fmt::Debug for Processing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Processing").field(&self.settings).finish()
    }
}

/// Twice what it takes to find that the echo stays.
const TRY_AGAIN: Duration = Duration::from_secs(15);

const _: () = assert!(OPUS_FRAME.is_multiple_of(VOICE_FRAME));
