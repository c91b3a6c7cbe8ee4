//! One session: the task that owns it, and the handle that steers it.
//!
//! The task is the only one that steers the library; the handle, the sinks of the encoders and the
//! receiving tasks share [`Shared`] with it. All of them log inside the span of the call.

mod control;
mod task;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use futures::StreamExt;
use media::transport::{
    FrameSource, OpenParams, Parcel, Session, Stream, Streams, TransportError, TransportEvent,
    TransportState,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use webrtc::peer_connection::PeerConnection;

use self::control::Control;
use self::task::Task;
use super::clocks::SendClocks;
use super::outage::Outage;
use super::peer::Peer;
use super::receive::ReceiveCounters;
use super::rtcp::RtcpState;
use super::send::{Outgoing, SendParameters};
use super::stats::FeedbackCounters;

/// What the handle asks of the task.
enum Command {
    Parcel(Parcel),
    RequestKeyframe(Stream),
}

/// What the handle and the tasks of a session share.
struct Shared {
    connection: Arc<dyn PeerConnection>,
    clocks: Arc<SendClocks>,
    rtcp: Arc<RtcpState>,
    received: Arc<ReceiveCounters>,
    send_parameters: Arc<SendParameters>,
    input: Streams<FrameSource>,
    outage: Arc<Outage>,
    data: mpsc::Sender<Bytes>,
    /// Whether messages may be sent: from the first connection to the end.
    connected: AtomicBool,
    feedback: Streams<FeedbackCounters>,
    /// Ends the session.
    stop: CancellationToken,
    /// The session has ended: no task, no socket is left.
    done: CancellationToken,
}

impl Shared {
    /// Ends whatever waits for received frames.
    fn close_input(&self) {
        for (_, source) in self.input.iter() {
            source.close();
        }
    }
}

/// Starts the tasks of a session; all that they log is inside `span`.
pub(crate) fn start(peer: Peer, params: &OpenParams, span: Span) -> Session {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (data, data_queue) = mpsc::channel(DATA);
    let (events, event_queue) = mpsc::channel(EVENTS);
    let send_parameters = Arc::clone(&peer.send_parameters);
    let outgoing = Outgoing::new(
        &send_parameters,
        Arc::clone(&peer.clocks),
        &Streams::from_fn(|it| Arc::clone(&peer.local[it].track)),
        Arc::clone(&peer.packet_size),
    );
    let shared = Arc::new(Shared {
        connection: Arc::clone(&peer.connection),
        clocks: Arc::clone(&peer.clocks),
        rtcp: Arc::clone(&peer.rtcp),
        received: Arc::default(),
        send_parameters,
        input: Streams::from_fn(Stream::source),
        outage: Arc::clone(&peer.outage),
        data,
        connected: AtomicBool::new(false),
        feedback: Streams::default(),
        stop: CancellationToken::new(),
        done: CancellationToken::new(),
    });
    let task = Task::new(
        Arc::clone(&shared),
        peer,
        params,
        command_queue,
        data_queue,
        events.clone(),
    );
    let supervised = supervise(Arc::clone(&shared), task.run(outgoing.writer), events);
    tokio::spawn(supervised.instrument(span.clone()));
    Session {
        out: outgoing.sinks,
        input: shared.input.clone(),
        control: Arc::new(Control::new(shared, commands, span)),
        events: futures::stream::unfold(event_queue, |mut queue| async move {
            queue
                .recv()
                .await
                .map(|event: TransportEvent| (event, queue))
        })
        .boxed(),
    }
}

/// Runs the task, and cleans up behind it should the library panic at what the other side sent.
async fn supervise(
    shared: Arc<Shared>,
    task: impl Future<Output = ()> + Send + 'static,
    events: mpsc::Sender<TransportEvent>,
) {
    if tokio::spawn(task.in_current_span()).await.is_err() {
        tracing::error!("a session broke down");
        let error = TransportError::Internal("the session broke down".to_owned());
        // The queue may be full: then the end of the stream has to say it.
        let _ = events.try_send(TransportEvent::State(TransportState::Failed(error)));
        shared.stop.cancel();
        shared.send_parameters.set_open(false);
        shared.close_input();
        let _ = tokio::time::timeout(task::LIBRARY_CLOSE, shared.connection.close()).await;
    }
    shared.done.cancel();
}

/// Commands that may wait: parcels come in bursts of ten.
const COMMANDS: usize = 128;

/// Messages that may wait to be sent.
const DATA: usize = 64;

/// Events that may wait for the call above. A full queue stops the reading of messages, and so
/// slows the other side down.
const EVENTS: usize = 128;
