//! The keys of a session, once they are agreed on: no frame leaves before, and none is taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::{Kind, Stream, Streams};

use super::e2ee::{Beginning, Iv, Key, KeyRing, Opened, Opener, SealError, Sealer, Window};
use crate::peer::cipher::FrameCipher;

/// Encrypts and decrypts the frames of a session.
#[derive(Debug, Default)]
pub(super) struct Keys(OnceLock<Ready>);

#[derive(Debug)]
struct Ready {
    sealers: Streams<Mutex<Sealer>>,
    opener: Opener,
    theirs: OnceLock<Theirs>,
    begun: Instant,
    /// When a frame or a message was opened last, in microseconds from `begun` on.
    opened_micros: AtomicU64,
    /// When something was said last that cannot have been held back for long: an answer, or a
    /// message of the call.
    said_micros: AtomicU64,
}

/// How the other side's frames are told from those that were sent before.
#[derive(Debug)]
enum Theirs {
    /// By their numbers.
    Numbered(Box<Streams<Mutex<Window>>>),
    /// They have none: another program made them.
    Unnumbered,
}

/// What the messages of a session need.
pub(super) struct Lines {
    pub(super) sealer: Sealer,
    pub(super) opener: Opener,
    /// By what the other side knows our frames.
    pub(super) streams: Streams<Beginning>,
}

impl Keys {
    /// Takes the key of the session, with how frames end that the server puts in by itself.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn set(&self, key: &Key, sif_trailer: Vec<u8>) -> Result<Lines, SealError> {
        let sealer = || Sealer::new(key.clone(), INDEX);
        let (frames, data) = ([sealer()?, sealer()?, sealer()?, sealer()?], sealer()?);
        // Whoever passes things on could else give us back what we sent.
        let opener = Opener::new(KeyRing::with(key.clone()), sif_trailer);
        let opener = opener.but_of(frames.iter().chain([&data]));
        let streams = Streams::from(frames.each_ref().map(Sealer::beginning));
        let sealers = Streams::from(frames.map(Mutex::new));
        let lines = Lines {
            sealer: data,
            opener: opener.clone(),
            streams,
        };
        // A second key is none: frames under the first one are on their way.
        let _ = self.0.set(Ready {
            sealers,
            opener,
            theirs: OnceLock::new(),
            begun: Instant::now(),
            opened_micros: AtomicU64::new(0),
            said_micros: AtomicU64::new(0),
        });
        Ok(lines)
    }

    /// The other side said, under the key, how its frames are known, or that they have no numbers.
    /// What it said first holds. No frame is taken before.
    pub(super) fn set_theirs(&self, streams: Option<Streams<Beginning>>) {
        let theirs = match streams {
            Some(it) => {
                let window = |stream: Stream| Mutex::new(Window::new(it[stream]));
                Theirs::Numbered(Box::new(Streams::from_fn(window)))
            }
            None => Theirs::Unnumbered,
        };
        if let Some(ready) = self.0.get() {
            let _known = ready.theirs.set(theirs);
        }
    }

    /// Whether the other side has said so.
    pub(super) fn knows_theirs(&self) -> bool {
        self.0.get().is_some_and(|it| it.theirs.get().is_some())
    }

    /// The other side said something new: only it has the key, so it is there. What comes from the
    /// server proves nothing.
    pub(super) fn note_said(&self) {
        if let Some(ready) = self.0.get() {
            let now = ready.micros();
            ready.opened_micros.fetch_max(now, Ordering::Relaxed);
            ready.said_micros.fetch_max(now, Ordering::Relaxed);
        }
    }

    /// When the other side was heard last, or the key was agreed on. Its frames could have been
    /// held back, so they count for [`CREDIT`] after what it said.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        let opened = self.0.get()?.at(|it| &it.opened_micros);
        Some(opened.min(self.last_said()? + CREDIT))
    }

    /// When it said something last.
    pub(super) fn last_said(&self) -> Option<Instant> {
        Some(self.0.get()?.at(|it| &it.said_micros))
    }
}

impl Ready {
    fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn at(&self, which: impl FnOnce(&Self) -> &AtomicU64) -> Instant {
        let micros = which(self).load(Ordering::Relaxed);
        self.begun + Duration::from_micros(micros)
    }

    fn note_opened(&self) {
        self.opened_micros
            .fetch_max(self.micros(), Ordering::Relaxed);
    }

    /// Whether a frame that was opened comes for the first time, as far as can be told.
    fn is_new(&self, stream: Stream, iv: &Iv) -> bool {
        match self.theirs.get() {
            Some(Theirs::Numbered(windows)) => {
                let mut window = windows[stream]
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                window.admit(iv)
            }
            Some(Theirs::Unnumbered) => true,
            None => false,
        }
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
            Ok(Opened::Frame(frame, iv)) if ready.is_new(stream, &iv) => {
                ready.note_opened();
                Some(frame.into())
            }
            Ok(Opened::Frame(..)) => {
                tracing::debug!(?stream, "a frame that came before is dropped");
                None
            }
            // Of a muted track, or from the server: nobody is there who sent it.
            Ok(Opened::Empty | Opened::Injected) => None,
            Err(error) => {
                tracing::trace!(%error, ?stream, "a frame is dropped");
                None
            }
        }
    }
}

/// How long frames alone prove that the other side is there. Messages come once a second, but
/// through a channel that repeats what is lost ever more slowly.
const CREDIT: Duration = Duration::from_secs(10);

/// Of the key, in both directions: where official clients have it that are given a passphrase and
/// nothing else. It is the last byte of a frame, so whoever splits pictures into NAL units must not
/// take a zero at the end for padding.
const INDEX: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    const VOICE: &[u8] = &[0x78, 1, 2, 3];

    fn agreed() -> [(Keys, Lines); 2] {
        let key = Key::of_passphrase("a passphrase of both").unwrap();
        let [ours, theirs] = [(); 2].map(|()| {
            let keys = Keys::default();
            let lines = keys.set(&key, Vec::new()).unwrap();
            (keys, lines)
        });
        ours.0.set_theirs(Some(theirs.1.streams));
        theirs.0.set_theirs(Some(ours.1.streams));
        [ours, theirs]
    }

    #[test]
    fn what_one_side_seals_only_the_other_one_takes() {
        let [(ours, mut lines), (theirs, other)] = agreed();
        let voice = Bytes::from_static(VOICE);
        let sealed = ours.seal(Stream::Voice, voice.clone()).unwrap();
        assert_eq!(theirs.open(Stream::Voice, sealed.clone()), Some(voice));
        assert_eq!(ours.open(Stream::Voice, sealed), None, "it was given back");
        let sealed = lines.sealer.data(b"hello").unwrap();
        let opened = |it: &Opener| it.data(&sealed.iv, &sealed.ciphertext, sealed.index.into());
        assert_eq!(opened(&other.opener).unwrap(), b"hello");
        assert!(opened(&lines.opener).is_err(), "it was given back");
    }

    #[test]
    fn a_frame_that_is_repeated_or_comes_on_another_track_is_no_sign_of_life() {
        let [(ours, _), (theirs, _)] = agreed();
        let frame = || ours.seal(Stream::Voice, Bytes::from_static(VOICE)).unwrap();
        let (first, second) = (frame(), frame());
        assert!(theirs.open(Stream::Voice, second.clone()).is_some());
        assert!(theirs.open(Stream::Voice, first.clone()).is_some());
        let last = theirs.last_heard();
        for repeated in [&first, &second] {
            assert_eq!(theirs.open(Stream::Voice, repeated.clone()), None);
        }
        assert_eq!(theirs.open(Stream::ScreenSound, frame()), None);
        assert_eq!(theirs.open(Stream::Voice, Bytes::new()), None);
        assert_eq!(theirs.last_heard(), last);
    }

    #[test]
    fn frames_alone_prove_for_a_while_that_somebody_is_there() {
        let [(ours, _), _] = agreed();
        let ready = ours.0.get().unwrap();
        let after = |seconds| Some(ready.begun + Duration::from_secs(seconds));
        let opened = |seconds: u64| {
            ready
                .opened_micros
                .store(seconds * 1_000_000, Ordering::Relaxed)
        };
        opened(9);
        assert_eq!(ours.last_heard(), after(9));
        opened(60);
        assert_eq!(ours.last_heard(), Some(ready.begun + CREDIT));
        ready.said_micros.store(58_000_000, Ordering::Relaxed);
        assert_eq!(ours.last_heard(), after(60));
        assert_eq!(ours.last_said(), after(58));
    }

    #[test]
    fn frames_without_numbers_are_taken_of_whoever_says_so_first() {
        let key = Key::of_passphrase("a passphrase of both").unwrap();
        let [ours, theirs] = [(); 2].map(|()| Keys::default());
        let [lines, _] = [&ours, &theirs].map(|it| it.set(&key, Vec::new()).unwrap());
        let frame = || ours.seal(Stream::Voice, Bytes::from_static(VOICE)).unwrap();
        assert!(!theirs.knows_theirs());
        assert_eq!(theirs.open(Stream::Voice, frame()), None, "nothing is said");
        theirs.set_theirs(None);
        theirs.set_theirs(Some(lines.streams));
        let frame = frame();
        assert!(theirs.knows_theirs() && theirs.open(Stream::Voice, frame.clone()).is_some());
        assert!(theirs.open(Stream::Voice, frame).is_some());
    }

    #[test]
    fn without_keys_nothing_leaves_and_nothing_is_taken() {
        let keys = Keys::default();
        let frame = || Bytes::from_static(&[0x78, 1, 2, 3]);
        assert_eq!(keys.seal(Stream::Voice, frame()), None);
        assert_eq!(keys.open(Stream::Voice, frame()), None);
        assert_eq!(keys.last_heard(), None);
    }
}
