//! The task of a connection: owns the socket, and carries out what the session says.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::QUEUE;
use super::cause::{Cause, Reason};
use super::dial::{Socket, dial};
use super::event::Event;
use super::request::Request;
use super::session::{Input, Output, Session};

type Dialling = Pin<Box<dyn Future<Output = Result<Socket, Cause>> + Send>>;

/// Until the session is closed and its events are taken, or nobody is left who takes them.
pub(super) async fn run(
    session: Session,
    mut requests: mpsc::Receiver<Request>,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
) {
    let mut driver = Driver {
        session,
        socket: None,
        dialling: None,
        untold: VecDeque::new(),
    };
    loop {
        driver.carry_out().await;
        if driver.session.is_closed() && driver.untold.is_empty() {
            return;
        }
        let deadline = driver.session.poll_timeout();
        let reads = driver.untold.len() < QUEUE;
        tokio::select! {
            () = stop.cancelled() => return driver.leave().await,
            request = requests.recv() => match request {
                Some(request) => driver.session.handle(Instant::now(), Input::Asked(request)),
                None => return driver.leave().await,
            },
            permit = events.reserve(), if !driver.untold.is_empty() => match permit {
                Ok(permit) => driver.untold.pop_front().map_or((), |event| permit.send(event)),
                Err(_) => return driver.leave().await,
            },
            dialled = opened(&mut driver.dialling) => driver.dialled(dialled),
            message = next(&mut driver.socket), if reads => driver.received(message),
            () = until(deadline) => driver.session.handle(Instant::now(), Input::Tick),
        }
    }
}

struct Driver {
    session: Session,
    socket: Option<Socket>,
    dialling: Option<Dialling>,
    /// Events that the owner has not taken. While there are [`QUEUE`], the socket is not read; one
    /// message makes 32 at most.
    untold: VecDeque<Event>,
}

impl Driver {
    async fn carry_out(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Dial(to) => {
                    self.socket = None;
                    self.dialling = Some(Box::pin(dial(to)));
                }
                Output::Send(bytes) => self.send(bytes).await,
                Output::HangUp => self.hang_up().await,
                Output::Tell(event) => self.untold.push_back(event),
            }
        }
    }

    async fn send(&mut self, bytes: Vec<u8>) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        let sending = socket.send(Message::binary(bytes));
        if !matches!(timeout(SEND_WITHIN, sending).await, Ok(Ok(()))) {
            self.socket = None;
            self.session.handle(Instant::now(), Input::Dropped);
        }
    }

    async fn hang_up(&mut self) {
        self.dialling = None;
        if let Some(mut socket) = self.socket.take() {
            // The server need not answer: what was sent before has left with this.
            let _closed: Result<_, _> = timeout(CLOSE_WITHIN, socket.close(None)).await;
        }
    }

    fn dialled(&mut self, dialled: Result<Socket, Cause>) {
        self.dialling = None;
        match dialled {
            Ok(socket) => self.socket = Some(socket),
            Err(cause) => self
                .session
                .handle(Instant::now(), Input::NotDialled(cause)),
        }
    }

    fn received(&mut self, message: Option<Result<Message, Error>>) {
        let now = Instant::now();
        match message {
            Some(Ok(Message::Binary(bytes))) => self.session.handle(now, Input::Frame(&bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            // Text is the JSON form, which nobody asked for.
            Some(Ok(Message::Text(_) | Message::Frame(_)) | Err(Error::Capacity(_))) => {
                self.session.handle(now, Input::Unreadable);
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => {
                self.socket = None;
                self.session.handle(now, Input::Dropped);
            }
        }
    }

    /// The owner is gone: the server hears it, and the task ends.
    async fn leave(mut self) {
        let leave = Request::Leave(Reason::ClientInitiated);
        self.session.handle(Instant::now(), Input::Asked(leave));
        self.carry_out().await;
    }
}

async fn opened(dialling: &mut Option<Dialling>) -> Result<Socket, Cause> {
    match dialling {
        Some(dialling) => dialling.await,
        None => pending().await,
    }
}

async fn next(socket: &mut Option<Socket>) -> Option<Result<Message, Error>> {
    match socket {
        Some(socket) => socket.next().await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// A socket that takes nothing for so long is lost. With the closing it makes less than the second that
/// `Connection::close` takes.
const SEND_WITHIN: Duration = Duration::from_millis(600);
/// To send a close frame, which fits any buffer that is not stuck.
const CLOSE_WITHIN: Duration = Duration::from_millis(300);
