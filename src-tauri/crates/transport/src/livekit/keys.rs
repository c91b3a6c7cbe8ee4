//! The keys of a session, once they are agreed on: no frame leaves before, and none is taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{Kind, Stream, Streams};

use super::e2ee::{Key, KeyRing, Opened, Opener, SealError, Sealer};
use crate::peer::cipher::FrameCipher;

/// Encrypts and decrypts the frames of a session.
#[derive(Debug, Default)]
pub(super) struct Keys(OnceLock<Ready>);

#[derive(Debug)]
struct Ready {
    sealers: Streams<Mutex<Sealer>>,
    opener: Opener,
    begun: Instant,
    /// When something was opened last, in microseconds from `begun` on.
    opened_micros: AtomicU64,
}

impl Keys {
    /// Takes the key of the session, with how frames end that the server puts in by itself. What
    /// encrypts messages and what decrypts them.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn set(
        &self,
        key: &Key,
        sif_trailer: Vec<u8>,
    ) -> Result<(Sealer, Opener), SealError> {
        let sealer = || Sealer::new(key.clone(), INDEX);
        let mut ring = KeyRing::with(key.clone());
        ring.set(INDEX, key.clone());
        let opener = Opener::new(ring, sif_trailer);
        let sealers = Streams::from([sealer()?, sealer()?, sealer()?, sealer()?].map(Mutex::new));
        let data = (sealer()?, opener.clone());
        // A second key is none: frames under the first one are on their way.
        let _ = self.0.set(Ready {
            sealers,
            opener,
            begun: Instant::now(),
            opened_micros: AtomicU64::new(0),
        });
        Ok(data)
    }

    /// Something of the other side was opened: only it has the key, so it is there. What comes from
    /// the server proves nothing.
    pub(super) fn note_opened(&self) {
        if let Some(ready) = self.0.get() {
            ready.note_opened();
        }
    }

    /// When something of the other side was opened last, or the key was agreed on.
    pub(super) fn last_opened(&self) -> Option<Instant> {
        let ready = self.0.get()?;
        let micros = ready.opened_micros.load(Ordering::Relaxed);
        Some(ready.begun + Duration::from_micros(micros))
    }
}

impl Ready {
    fn note_opened(&self) {
        let micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.opened_micros.fetch_max(micros, Ordering::Relaxed);
    }
}

impl FrameCipher for Keys {
    fn seal(&self, stream: Stream, frame: Bytes) -> Option<Bytes> {
        let mut sealer = self.0.get()?.sealers[stream]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sealed = match stream.kind() {
            Kind::Audio => sealer.sound(&frame),
            Kind::Video => sealer.picture(&frame),
        };
        match sealed {
            Ok(sealed) => Some(sealed.into()),
            Err(error) => {
                tracing::debug!(%error, ?stream, "a frame stays here");
                None
            }
        }
    }

    fn open(&self, stream: Stream, frame: Bytes) -> Option<Bytes> {
        let ready = self.0.get()?;
        let opened = match stream.kind() {
            Kind::Audio => ready.opener.sound(&frame),
            Kind::Video => ready.opener.picture(&frame),
        };
        match opened {
            Ok(Opened::Frame(frame)) => {
                ready.note_opened();
                Some(frame.into())
            }
            Ok(Opened::Injected) => None,
            Err(error) => {
                tracing::trace!(%error, ?stream, "a frame is dropped");
                None
            }
        }
    }
}

/// Of our key in the ring of the other side. Not zero: it is the last byte of a picture, and
/// whoever splits those into NAL units takes zeros there for padding.
const INDEX: u8 = 1;
