//! One session over a peer connection: what every transport's session task is built on, and the
//! handle that steers it.
//!
//! The task is the only one that steers the library; the handle, the sinks of the encoders and the
//! receiving tasks share [`Shared`] with it. All of them log inside the span of the call.

mod control;
mod core;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use media::transport::{
    FrameSource, Parcel, ServerQuality, Session, Stream, Streams, TransportError, TransportEvent,
    TransportState,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};
use webrtc::peer_connection::PeerConnection;

pub(crate) use self::control::CLOSE_TIMEOUT;
pub(crate) use self::core::{Core, LIBRARY_CLOSE, WATCH_INTERVAL, is_final};

use self::control::Control;
use super::Peer;
use super::cipher::FrameCipher;
use super::clocks::SendClocks;
use super::local::LocalStream;
use super::outage::Outage;
use super::receive::ReceiveCounters;
use super::rtcp::RtcpState;
use super::send::{Outgoing, SendParameters};
use super::stats::FeedbackCounters;

/// What the handle asks of the task.
pub(crate) enum Command {
    Parcel(Parcel),
    RequestKeyframe(Stream),
    /// Nothing is captured of a stream from now on, or something is.
    Mute(Stream, bool),
}

/// What the handle and the tasks of a session share.
pub(crate) struct Shared {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) clocks: Arc<SendClocks>,
    pub(crate) rtcp: Arc<RtcpState>,
    pub(crate) received: Arc<ReceiveCounters>,
    pub(crate) send_parameters: Arc<SendParameters>,
    input: Streams<FrameSource>,
    outage: Arc<Outage>,
    pub(crate) data: mpsc::Sender<Bytes>,
    /// Whether messages may be sent: from the first connection to the end.
    pub(crate) connected: AtomicBool,
    pub(crate) feedback: Streams<FeedbackCounters>,
    /// What a server says.
    pub(crate) quality: Mutex<ServerQuality>,
    /// Ends the session.
    pub(crate) stop: CancellationToken,
    /// The session has ended: no task, no socket is left.
    pub(crate) done: CancellationToken,
}

impl Shared {
    /// Ends whatever waits for received frames.
    fn close_input(&self) {
        for (_, source) in self.input.iter() {
            source.close();
        }
    }
}

/// The span of a call, which is inside of no other one: a session outlives whoever opens it. The id
/// is written as everywhere.
pub(crate) fn span(call: u64) -> Span {
    let id = format_args!("{call:016x}");
    tracing::info_span!(parent: None, "call", %id)
}

/// What a task is made with, besides what its transport knows.
pub(crate) struct Start {
    pub(crate) peer: Peer,
    pub(crate) local: Streams<LocalStream>,
    /// Encrypts frames end to end, where a server passes them on.
    pub(crate) cipher: Option<Arc<dyn FrameCipher>>,
    /// All that the session's tasks log is inside.
    pub(crate) span: Span,
}

/// Starts the task that `run` makes of the core of a session and the messages to send, and all that
/// goes with it.
pub(crate) fn start<F>(start: Start, run: impl FnOnce(Core, mpsc::Receiver<Bytes>) -> F) -> Session
where
    F: Future<Output = ()> + Send + 'static,
{
    let Start {
        peer,
        local,
        cipher,
        span,
    } = start;
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (data, data_queue) = mpsc::channel(DATA);
    let (events, event_queue) = mpsc::channel(EVENTS);
    let outgoing = Outgoing::new(
        &peer.send_parameters,
        Arc::clone(&peer.clocks),
        &Streams::from_fn(|it| Arc::clone(&local[it].track)),
        Arc::clone(&peer.packet_size),
        cipher.clone(),
    );
    let shared = Arc::new(Shared {
        connection: Arc::clone(&peer.connection),
        clocks: Arc::clone(&peer.clocks),
        rtcp: Arc::clone(&peer.rtcp),
        received: Arc::default(),
        send_parameters: Arc::clone(&peer.send_parameters),
        input: Streams::from_fn(Stream::source),
        outage: Arc::clone(&peer.outage),
        data,
        connected: AtomicBool::new(false),
        feedback: Streams::default(),
        quality: Mutex::default(),
        stop: CancellationToken::new(),
        done: CancellationToken::new(),
    });
    let writing = outgoing.writer.run(shared.stop.clone());
    let task = {
        let _inside = span.enter();
        let core = Core::new(
            Arc::clone(&shared),
            peer,
            local,
            cipher,
            command_queue,
            events.clone(),
        );
        run(core.with_writer(writing), data_queue)
    };
    let supervised = supervise(Arc::clone(&shared), task, events);
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
        let _ = tokio::time::timeout(LIBRARY_CLOSE, shared.connection.close()).await;
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
