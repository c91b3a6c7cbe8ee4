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
        let (frames, data) = ([sealer()?, sealer()?, sealer()?, sealer()?], sealer()?);
        // Whoever passes things on could else give us back what we sent.
        let opener = Opener::new(KeyRing::with(key.clone()), sif_trailer);
        let opener = opener.but_of(frames.iter().chain([&data]));
        let sealers = Streams::from(frames.map(Mutex::new));
        let data = (data, opener.clone());
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

/// Of the key, in both directions: where official clients have it that are given a passphrase and
/// nothing else. It is the last byte of a frame, so whoever splits pictures into NAL units must not
/// take a zero at the end for padding.
const INDEX: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed() -> [(Keys, Sealer, Opener); 2] {
        let key = Key::of_passphrase("a passphrase of both").unwrap();
        [(); 2].map(|()| {
            let keys = Keys::default();
            let (sealer, opener) = keys.set(&key, Vec::new()).unwrap();
            (keys, sealer, opener)
        })
    }

    #[test]
    fn what_one_side_seals_only_the_other_one_takes() {
        let [(ours, mut said, hears), (theirs, _, other)] = agreed();
        let voice = Bytes::from_static(&[0x78, 1, 2, 3]);
        let sealed = ours.seal(Stream::Voice, voice.clone()).unwrap();
        assert_eq!(theirs.open(Stream::Voice, sealed.clone()), Some(voice));
        assert_eq!(ours.open(Stream::Voice, sealed), None, "it was given back");
        let sealed = said.data(b"hello").unwrap();
        let opened = |it: &Opener| it.data(&sealed.iv, &sealed.ciphertext, sealed.index.into());
        assert_eq!(opened(&other).unwrap(), b"hello");
        assert!(opened(&hears).is_err(), "it was given back");
    }

    #[test]
    fn without_keys_nothing_leaves_and_nothing_is_taken() {
        let keys = Keys::default();
        let frame = || Bytes::from_static(&[0x78, 1, 2, 3]);
        assert_eq!(keys.seal(Stream::Voice, frame()), None);
        assert_eq!(keys.open(Stream::Voice, frame()), None);
        assert_eq!(keys.last_opened(), None);
    }
}
