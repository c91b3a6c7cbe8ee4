//! The media of a session: which streams are received.

use std::sync::Arc;

use media::transport::Stream;
use webrtc::media_stream::track_remote::TrackRemote;

use super::Task;

impl Task {
    /// Receives a track from now on: the first of its stream.
    pub(super) async fn receive(&mut self, track: Arc<dyn TrackRemote>) {
        let Some(stream) = self.stream_of(&track).await else {
            return tracing::warn!("ignored a track of no stream that is known here");
        };
        if std::mem::replace(&mut self.begun[stream], true) {
            return tracing::warn!(?stream, "ignored a second track");
        }
        self.core.receive(stream, track);
    }

    /// The stream whose transceiver, and so whose m-line, `track` belongs to.
    async fn stream_of(&self, track: &Arc<dyn TrackRemote>) -> Option<Stream> {
        for (stream, local) in self.core.local.iter() {
            let receiver = local.transceiver.receiver().await.ok().flatten();
            if receiver.is_some_and(|it| Arc::ptr_eq(it.track(), track)) {
                return Some(stream);
            }
        }
        None
    }
}
