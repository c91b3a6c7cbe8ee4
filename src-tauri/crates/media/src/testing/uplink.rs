//! The network of one machine, which changes when a test says so.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::channel::mpsc;
use futures::stream::BoxStream;

use crate::network::NetworkWatch;

/// Tells whoever watches. Clones are of one machine.
#[derive(Clone, Debug, Default)]
pub struct Uplink(Arc<Mutex<Vec<mpsc::Sender<()>>>>);

impl Uplink {
    /// Another interface, say.
    pub fn changes_now(&self) {
        let mut watching = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watching.retain_mut(|it| {
            // One that has not looked yet will find the change.
            let _full = it.try_send(());
            !it.is_closed()
        });
    }
}

impl NetworkWatch for Uplink {
    fn changes(&self) -> BoxStream<'static, ()> {
        let (told, changes) = mpsc::channel(0);
        let mut watching = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watching.push(told);
        changes.boxed()
    }
}
