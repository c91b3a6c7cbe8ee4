//! The sessions of one call, as the engine holds them: on their way, open, or come to nothing.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use media::transport::{Parcel, Path, SessionControl, Stream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::plugs::Ends;

/// Through which gates something may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gates {
    pub(crate) microphone: bool,
    pub(crate) camera: bool,
    pub(crate) screen: bool,
}

/// All sessions of a call. The phone opens few at a time.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: BTreeMap<u32, Stage>,
    /// The number of the one that carries the call; the first is in use before it is open.
    pub(super) in_use: u32,
}

/// How far a session is.
#[derive(Debug)]
enum Stage {
    /// [`News::Opened`](crate::session::News::Opened) is still to come.
    Opening {
        /// Parcels that came before the session was open.
        early: VecDeque<Parcel>,
        /// Dropped with the session, which ends the opening.
        _cancel: oneshot::Sender<()>,
    },
    /// Media may flow.
    Open(Open),
    /// It came to nothing, and holds nothing.
    Failed,
}

/// An open session.
pub(crate) struct Open {
    pub(super) ends: Ends,
    /// How it reaches the other side, once known.
    pub(super) path: Option<Path>,
    /// Which gates it knows to be open; `None` while it was told nothing.
    gates: Option<Gates>,
    forwarding: JoinHandle<()>,
}

/// What a session was when it was given up.
#[derive(Debug)]
pub(crate) enum GivenUp {
    /// On its way: that ends by itself, and is reported.
    Opening,
    /// Open; to be closed.
    Open(Open),
    /// Nothing: it is closed.
    Nothing,
}

impl Sessions {
    pub(super) fn opening(&mut self, number: u32, cancel: oneshot::Sender<()>) {
        let stage = Stage::Opening {
            early: VecDeque::new(),
            _cancel: cancel,
        };
        self.all.insert(number, stage);
    }

    /// The session is open: it gets what came early.
    pub(super) fn opened(&mut self, number: u32, open: Open) {
        let control = open.ends.control.clone();
        let before = self.all.insert(number, Stage::Open(open));
        if let Some(Stage::Opening { early, .. }) = before {
            for parcel in early {
                control.parcel(parcel);
            }
        }
    }

    pub(super) fn failed(&mut self, number: u32) {
        self.all.insert(number, Stage::Failed);
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.all.contains_key(&number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn parcel(&mut self, number: u32, parcel: Vec<u8>) {
        let parcel = Parcel(Bytes::from(parcel));
        match self.all.get_mut(&number) {
            Some(Stage::Open(open)) => open.ends.control.parcel(parcel),
            Some(Stage::Opening { early, .. }) if early.len() < EARLY_PARCELS => {
                early.push_back(parcel);
            }
            Some(Stage::Opening { .. }) => {
                tracing::warn!("a parcel came too early and is dropped");
            }
            Some(Stage::Failed) | None => {}
        }
    }

    pub(super) fn open(&self, number: u32) -> Option<&Open> {
        match self.all.get(&number)? {
            Stage::Open(open) => Some(open),
            Stage::Opening { .. } | Stage::Failed => None,
        }
    }

    pub(super) fn open_mut(&mut self, number: u32) -> Option<&mut Open> {
        match self.all.get_mut(&number)? {
            Stage::Open(open) => Some(open),
            Stage::Opening { .. } | Stage::Failed => None,
        }
    }

    /// Tells the open ones which gates are open, where that is news to them.
    pub(super) fn tell_gates(&mut self, gates: Gates) {
        for stage in self.all.values_mut() {
            match stage {
                Stage::Open(open) => open.tell_gates(gates),
                Stage::Opening { .. } | Stage::Failed => {}
            }
        }
    }

    pub(super) fn take(&mut self, number: u32) -> GivenUp {
        match self.all.remove(&number) {
            Some(Stage::Opening { .. }) => GivenUp::Opening,
            Some(Stage::Open(open)) => GivenUp::Open(open),
            Some(Stage::Failed) | None => GivenUp::Nothing,
        }
    }
}

impl Open {
    pub(super) fn new(ends: Ends, forwarding: JoinHandle<()>) -> Self {
        Self {
            ends,
            path: None,
            gates: None,
            forwarding,
        }
    }

    /// A stream is muted while its gate is shut.
    fn tell_gates(&mut self, gates: Gates) {
        let told = self.gates.replace(gates);
        for (stream, open, told) in [
            (
                Stream::Voice,
                gates.microphone,
                told.map(|it| it.microphone),
            ),
            (Stream::Camera, gates.camera, told.map(|it| it.camera)),
            (Stream::Screen, gates.screen, told.map(|it| it.screen)),
        ] {
            if told != Some(open) {
                self.ends.control.mute(stream, !open);
            }
        }
    }

    /// Steers it.
    pub(crate) fn control(&self) -> &dyn SessionControl {
        self.ends.control.as_ref()
    }

    /// Its news is not waited for any more.
    pub(crate) fn stop_forwarding(&self) {
        self.forwarding.abort();
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// An offer and its candidates are about a dozen parcels; a peer that sends more before the answer
/// gains nothing.
const EARLY_PARCELS: usize = 64;
