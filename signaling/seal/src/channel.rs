//! The keys of a session, both ways: seals with numbers that rise, opens each number once.

use snow::StatelessTransportState;
use zeroize::Zeroizing;

use crate::dropped::Dropped;
use crate::frame::{HEADER_BYTES, Kind, SessionId, begin};
use crate::noise::TAG_BYTES;
use crate::window::ReplayWindow;

/// What a DATA frame has besides its plaintext: header, number, tag.
pub(crate) const PLAIN_OVERHEAD: usize = HEADER_BYTES + NUMBER_BYTES + TAG_BYTES;

const NUMBER_BYTES: usize = 8;

/// The keys of a session, both ways.
#[derive(Debug)]
pub(crate) struct Channel {
    keys: StatelessTransportState,
    /// The number of the next frame out.
    next: u64,
    window: ReplayWindow,
}

impl Channel {
    /// The keys that a handshake led to.
    pub(crate) fn new(keys: StatelessTransportState) -> Self {
        Self {
            keys,
            next: 0,
            window: ReplayWindow::default(),
        }
    }

    /// A DATA frame with this plaintext. Each takes a number of its own. `None` when all numbers
    /// are used up.
    pub(crate) fn seal(&mut self, session: SessionId, plain: &[u8]) -> Option<Vec<u8>> {
        let length = PLAIN_OVERHEAD + plain.len();
        let mut frame = begin(Kind::Data, session, length);
        frame.extend(self.next.to_be_bytes());
        let sealed_at = frame.len();
        frame.resize(length, 0);
        self.keys
            .write_message(self.next, plain, &mut frame[sealed_at..])
            .ok()?;
        self.next += 1;
        Some(frame)
    }

    /// Opens the body of a DATA frame. Nothing changes unless it is authentic and new.
    pub(crate) fn open(&mut self, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Dropped> {
        let (number, sealed) = body.split_first_chunk().ok_or(Dropped::Length)?;
        let number = u64::from_be_bytes(*number);
        self.window.check(number)?;
        let mut plain = Zeroizing::new(vec![0; sealed.len()]);
        let length = self
            .keys
            .read_message(number, sealed, &mut plain)
            .map_err(|_| Dropped::Unauthentic)?;
        self.window.mark(number);
        plain.truncate(length);
        Ok(plain)
    }
}
