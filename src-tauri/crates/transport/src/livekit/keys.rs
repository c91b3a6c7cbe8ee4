//! The keys of a session, once they are agreed on: no frame leaves before, and none is taken.

use std::sync::{Mutex, OnceLock, PoisonError};

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
        let opener = Opener::new(KeyRing::with(key.clone()), sif_trailer);
        let sealers = Streams::from([sealer()?, sealer()?, sealer()?, sealer()?].map(Mutex::new));
        let data = (sealer()?, opener.clone());
        // A second key is none: frames under the first one are on their way.
        let _ = self.0.set(Ready { sealers, opener });
        Ok(data)
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
        let opener = &self.0.get()?.opener;
        let opened = match stream.kind() {
            Kind::Audio => opener.sound(&frame),
            Kind::Video => opener.picture(&frame),
        };
        match opened {
            Ok(Opened::Frame(frame)) => Some(frame.into()),
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
