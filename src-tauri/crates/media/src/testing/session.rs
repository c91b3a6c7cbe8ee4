//! One session on the network: the traits of the transport seam over its number.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::BoxFuture;

use super::carrier::Load;
use super::end::{EVENTS, End};
use super::gate::Gate;
use super::network::Network;
use super::signal::Signal;
use crate::frame::EncodedFrame;
use crate::transport::{
    FrameSink, OpenParams, Parcel, Sent, Session, SessionControl, Stream, Streams, TransportError,
    TransportStats,
};

/// Opens a session of `owner` on the network. Its closing waits at `closings`.
pub(super) fn open(
    network: &Network,
    owner: u64,
    params: &OpenParams,
    closings: Arc<Gate>,
) -> Session {
    let (events, told) = mpsc::channel(EVENTS);
    let input = Streams::from_fn(Stream::source);
    let end = End::new(params.role, owner, events, &input);
    let number = network.lock().join(end);
    let network = network.clone();
    Session {
        out: Streams::from_fn(|stream| {
            Arc::new(Sink {
                network: network.clone(),
                number,
                stream,
            }) as Arc<dyn FrameSink>
        }),
        control: Arc::new(Control {
            network,
            number,
            closings,
        }),
        input,
        events: told.boxed(),
    }
}

/// Dropping it closes the session without a word to the other side.
struct Control {
    network: Network,
    number: u64,
    closings: Arc<Gate>,
}

impl SessionControl for Control {
    fn parcel(&self, parcel: Parcel) {
        // Remote bytes: what makes no sense is dropped.
        if let Some(signal) = Signal::parse(&parcel) {
            self.network.lock().negotiate(self.number, signal);
        }
    }

    fn request_keyframe(&self, stream: Stream) {
        let request = Load::KeyframeRequest(stream);
        self.network.lock().send(self.number, request);
    }

    fn send_data(&self, message: Bytes) -> Result<(), TransportError> {
        self.network.lock().message(self.number, message)
    }

    fn mute(&self, stream: Stream, muted: bool) {
        self.network.lock().mute(self.number, stream, muted);
    }

    fn fail_path(&self, time: Duration) {
        self.network.lock().fail_path(self.number, time);
    }

    fn stats(&self) -> BoxFuture<'static, TransportStats> {
        futures::future::ready(self.network.lock().stats(self.number)).boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.network.lock().leave(self.number, true);
        let closings = Arc::clone(&self.closings);
        async move { closings.pass().await }.boxed()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.network.lock().leave(self.number, false);
    }
}

struct Sink {
    network: Network,
    number: u64,
    stream: Stream,
}

impl FrameSink for Sink {
    fn send(&self, frame: EncodedFrame) -> Sent {
        let load = Load::Frame(self.stream, frame);
        self.network.lock().send(self.number, load)
    }
}
