//! What one page is still owed: the newest picture of each stream, as long as it keeps up.

use engine::PictureFeed;

use super::message::{self, StreamKind};
use crate::picture::fitter::Fitter;
use crate::picture::layout;
use crate::picture::stage::{Fit, Rect};

/// One stream on its way to one page. A page that does not acknowledge gets no more: what waits
/// is never older than the newest picture.
#[derive(Debug)]
pub(super) struct Outbox {
    kind: StreamKind,
    feed: PictureFeed,
    /// The change of the feed that was sent last.
    sent: Option<u64>,
    /// What the page has not acknowledged yet.
    open: Vec<u32>,
    fitter: Fitter,
}

/// Where a stream shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) place: Rect,
    pub(super) fit: Fit,
    /// Device pixels per CSS pixel.
    pub(super) scale: f64,
}

/// How many pictures of a stream may be under way: one being drawn, one arriving behind it.
pub(super) const CREDIT: usize = 2;

impl Outbox {
    pub(super) fn new(kind: StreamKind, feed: PictureFeed) -> Self {
        Self {
            kind,
            feed,
            sent: None,
            open: Vec::new(),
            fitter: Fitter::new(),
        }
    }

    /// The message to send now, if there is a new picture and the page keeps up. `sequence` is
    /// the connection's counter.
    pub(super) fn next(&mut self, shown: Shown, sequence: &mut u32) -> Option<Vec<u8>> {
        let change = self.feed.sequence();
        if self.open.len() >= CREDIT || self.sent == Some(change) {
            return None;
        }
        self.sent = Some(change);
        let picture = self.feed.latest()?;
        let whole = picture.size();
        let size = layout::fitted(whole, &shown.place, shown.fit, shown.scale).size;
        // A page enlarges by itself; sending more pixels than there are would only cost more.
        let smaller = size.width < whole.width && size.height < whole.height;
        let picture = self
            .fitter
            .fit(&picture, if smaller { size } else { whole });
        *sequence = sequence.wrapping_add(1);
        self.open.push(*sequence);
        Some(message::encode(self.kind, *sequence, picture))
    }

    /// The page has drawn the message `sequence`, and does not need what went before it.
    pub(super) fn acknowledge(&mut self, sequence: u32) {
        if let Some(drawn) = self.open.iter().position(|it| *it == sequence) {
            self.open.drain(..=drawn);
        }
    }
}
