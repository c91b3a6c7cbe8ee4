//! The seam to the network of this machine: word of its changes.

use std::fmt;

use futures::stream::BoxStream;

/// Notices when the network of this machine changes.
///
/// ```
/// use futures::StreamExt;
/// use media::network::{NetworkWatch, Unwatched};
///
/// # futures::executor::block_on(async {
/// // Where nobody tells of changes, the stream ends at once.
/// assert_eq!(Unwatched.changes().next().await, None);
/// # });
/// ```
pub trait NetworkWatch: Send + Sync + fmt::Debug {
    /// An item for each change of the addresses of this machine, or of the routes by which packets
    /// leave it, from now on. The first item of a burst comes at once, further ones at most every
    /// 100 ms while it goes on, and the last one after its end; so whoever looks at the network at
    /// each item has seen it as it is. Must be called inside the runtime of the adapter.
    fn changes(&self) -> BoxStream<'static, ()>;
}

/// Of a network that nobody watches: no change is ever told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwatched;

impl NetworkWatch for Unwatched {
    fn changes(&self) -> BoxStream<'static, ()> {
        Box::pin(futures::stream::empty())
    }
}
