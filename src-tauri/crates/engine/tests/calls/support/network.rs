//! The network of one machine, which changes when a test says so.

use futures::StreamExt;
use futures::stream::BoxStream;
use media::network::NetworkWatch;
use tokio::sync::watch;

/// Tells whoever watches; clones are of one machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uplink(watch::Sender<()>);

impl Uplink {
    /// Another interface, say.
    pub(crate) fn changes_now(&self) {
        self.0.send_replace(());
    }
}

impl NetworkWatch for Uplink {
    fn changes(&self) -> BoxStream<'static, ()> {
        let watched = self.0.subscribe();
        let changes = futures::stream::unfold(watched, |mut it| async move {
            it.changed().await.ok()?;
            Some(((), it))
        });
        changes.boxed()
    }
}
