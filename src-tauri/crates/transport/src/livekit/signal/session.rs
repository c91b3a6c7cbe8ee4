//! A session with the server, sans-IO: what comes from the socket, from the owner and from the
//! clock goes in; what to dial, to send and to tell comes out.

mod hold;
mod receive;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use self::hold::Hold;
use super::Config;
use super::cause::Cause;
use super::endpoint::Dial;
use super::event::{Event, Sid};
use super::request::Request;
use super::roster::Roster;
use super::write;
use crate::livekit::proto::request::Content as Asked;

/// The state of a session.
///
/// ```text
/// Joining ── join ──> Open ── socket lost, silence, Leave{RESUME} ──> Resuming
///    │                 │ ^                                           │   │ ^ dial failed: again
///    │                 │ └──────────────── reconnect ────────────────┘   └─┘ after RESUME_PAUSE
///    └──── Closed <────┴──── Leave, garbage, refusal, time over ─────────┘
/// ```
#[derive(Debug)]
enum State {
    /// Dialled, and without a first message.
    Joining { until: Instant },
    /// The server speaks with us.
    Open(Open),
    /// The socket is gone, the session may not be.
    Resuming(Resuming),
    /// Over; the cause is told.
    Closed,
}

#[derive(Debug)]
struct Open {
    since: Instant,
    /// When the server was last heard.
    heard: Instant,
    ping_at: Instant,
    /// The round trip of the last ping, milliseconds.
    rtt: i64,
    /// Resumed, and the server does not know yet what we have: nothing else goes first.
    unsynced: bool,
}

#[derive(Debug)]
struct Resuming {
    /// When the session is given up.
    until: Instant,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Until the next attempt.
    Pause(Instant),
    /// An attempt is under way, and fails then.
    Attempt(Instant),
}

/// What goes in.
#[derive(Debug)]
pub(super) enum Input<'a> {
    /// The socket that was dialled could not be opened.
    NotDialled(Cause),
    /// A binary message.
    Frame(&'a [u8]),
    /// A message that is too large or of another kind.
    Unreadable,
    /// The socket is gone, by error or by the server's will.
    Dropped,
    /// The owner wants something.
    Asked(Request),
    /// Time passed.
    Tick,
}

/// What comes out.
#[derive(Debug)]
pub(super) enum Output {
    /// Open a socket, in place of any other.
    Dial(Box<Dial>),
    /// Send a binary message.
    Send(Vec<u8>),
    /// Close the socket, and forget a dial.
    HangUp,
    /// Tell the owner.
    Tell(Event),
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct Session {
    config: Config,
    state: State,
    /// Our name, once joined.
    sid: Option<Sid>,
    roster: Roster,
    hold: Hold,
    ping_interval: Duration,
    ping_timeout: Duration,
    /// The zero of our pings' timestamps.
    begun: Instant,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Dials at once.
    pub(super) fn new(now: Instant, config: Config) -> Self {
        let mut session = Self {
            config,
            state: State::Joining {
                until: now + JOIN_WITHIN,
            },
            sid: None,
            roster: Roster::default(),
            hold: Hold::default(),
            ping_interval: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(15),
            begun: now,
            outputs: VecDeque::new(),
        };
        session.dial(None);
        session
    }

    /// Takes one input. All outputs are to be taken before the next one, but for
    /// [`Input::Dropped`], which the carrying out of one may bring.
    pub(super) fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::NotDialled(cause) => self.not_dialled(now, cause),
            Input::Frame(frame) => self.frame(now, frame),
            Input::Unreadable => self.close(Cause::BadMessage),
            Input::Dropped => self.dropped(now),
            Input::Asked(request) => self.asked(request),
            Input::Tick => self.tick(now),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Joining { until } => Some(*until),
            State::Open(open) => Some(open.ping_at.min(open.heard + self.ping_timeout)),
            State::Resuming(resuming) => Some(match resuming.step {
                Step::Pause(until) | Step::Attempt(until) => until.min(resuming.until),
            }),
            State::Closed => None,
        }
    }

    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn not_dialled(&mut self, now: Instant, cause: Cause) {
        match &mut self.state {
            State::Joining { .. } => self.close(cause),
            State::Resuming(resuming) if cause.may_pass() => resuming.pause(now),
            State::Resuming(_) => self.close(cause),
            State::Open(_) | State::Closed => {}
        }
    }

    fn dropped(&mut self, now: Instant) {
        match &mut self.state {
            State::Joining { .. } => self.close(Cause::HungUp),
            State::Open(_) => self.resume(now),
            State::Resuming(resuming) => resuming.pause(now),
            State::Closed => {}
        }
    }

    fn tick(&mut self, now: Instant) {
        match &mut self.state {
            State::Joining { until } if now >= *until => self.close(Cause::Unreachable),
            State::Open(open) if now >= open.heard + self.ping_timeout => {
                self.outputs.push_back(Output::HangUp);
                self.resume(now);
            }
            State::Open(open) if now >= open.ping_at => {
                open.ping_at = now + self.ping_interval;
                let ping = write::ping(millis(now - self.begun), open.rtt);
                self.send(Asked::Ping(ping));
            }
            State::Resuming(resuming) if now >= resuming.until => self.close(Cause::Unreachable),
            State::Resuming(resuming) => match resuming.step {
                Step::Pause(until) if now >= until => self.attempt(now),
                Step::Attempt(until) if now >= until => {
                    resuming.pause(now);
                    self.outputs.push_back(Output::HangUp);
                }
                Step::Pause(_) | Step::Attempt(_) => {}
            },
            State::Joining { .. } | State::Open(_) | State::Closed => {}
        }
    }

    fn asked(&mut self, request: Request) {
        match (request, &mut self.state) {
            (_, State::Closed) => {}
            (Request::Leave(reason), State::Open(_)) => {
                self.send(Asked::Leave(write::leave(reason)));
                self.close(Cause::Left);
            }
            (Request::Leave(_), State::Joining { .. } | State::Resuming(_)) => {
                self.close(Cause::Left);
            }
            (Request::Sync(sync), State::Open(open)) => {
                if std::mem::take(&mut open.unsynced) {
                    self.send(Asked::SyncState(write::sync(&sync)));
                    self.release();
                }
            }
            // The next resume asks for it again.
            (Request::Sync(_), State::Joining { .. } | State::Resuming(_)) => {}
            (
                request,
                State::Open(Open {
                    unsynced: false, ..
                }),
            ) => self.carry(&request),
            (request, State::Joining { .. } | State::Open(_) | State::Resuming(_)) => {
                self.hold.put(request);
            }
        }
    }

    /// Sends what waited.
    fn release(&mut self) {
        for request in self.hold.take() {
            self.carry(&request);
        }
    }

    /// Sends one request as it is.
    fn carry(&mut self, request: &Request) {
        self.send(match request {
            Request::Offer(offer) => Asked::Offer(write::offer(offer)),
            Request::Trickle(candidate) => Asked::Trickle(write::trickle(candidate)),
            Request::Mute { sid, muted } => Asked::Mute(write::mute(sid, *muted)),
            Request::Sync(_) | Request::Leave(_) => return,
        });
    }

    fn open(&mut self, now: Instant, unsynced: bool) {
        self.enter(State::Open(Open {
            since: now,
            heard: now,
            ping_at: now + self.ping_interval,
            rtt: 0,
            unsynced,
        }));
    }

    /// From an open session, whose socket is gone.
    fn resume(&mut self, now: Instant) {
        self.hold.lose_socket();
        // A server that sends us away again and again is not asked without a pause.
        let is_fresh = matches!(&self.state, State::Open(open) if now < open.since + SETTLED);
        let pause = if is_fresh {
            RESUME_PAUSE
        } else {
            Duration::ZERO
        };
        self.enter(State::Resuming(Resuming {
            until: now + self.config.resume_for,
            step: Step::Pause(now + pause),
        }));
        self.tell(Event::Lost);
        if pause.is_zero() {
            self.attempt(now);
        }
    }

    fn attempt(&mut self, now: Instant) {
        let (State::Resuming(resuming), Some(sid)) = (&mut self.state, &self.sid) else {
            return;
        };
        resuming.step = Step::Attempt(now + ATTEMPT_WITHIN);
        let sid = sid.clone();
        self.dial(Some(&sid));
    }

    /// With the session that is resumed, if one is.
    fn dial(&mut self, resume: Option<&Sid>) {
        match Dial::new(&self.config, resume) {
            Ok(dial) => self.outputs.push_back(Output::Dial(Box::new(dial))),
            Err(cause) => self.close(cause),
        }
    }

    fn send(&mut self, content: Asked) {
        self.outputs.push_back(Output::Send(write::frame(content)));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Tell(event));
    }

    fn tell_some(&mut self, event: Option<Event>) {
        self.outputs.extend(event.map(Output::Tell));
    }

    /// Ends the session; the first cause stays.
    fn close(&mut self, cause: Cause) {
        if self.is_closed() {
            return;
        }
        tracing::info!(?cause, "the signal connection ends");
        self.enter(State::Closed);
        self.outputs.push_back(Output::HangUp);
        self.tell(Event::Closed(cause));
    }

    fn enter(&mut self, state: State) {
        tracing::debug!(
            from = self.state.name(),
            to = state.name(),
            "signal connection"
        );
        self.state = state;
    }
}

impl Resuming {
    /// Ends an attempt; a pause that has begun goes on.
    fn pause(&mut self, now: Instant) {
        if matches!(self.step, Step::Attempt(_)) {
            self.step = Step::Pause(now + RESUME_PAUSE);
        }
    }
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Joining { .. } => "joining",
            Self::Open(_) => "open",
            Self::Resuming(_) => "resuming",
            Self::Closed => "closed",
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// From the dial to the first message: the server itself tries for 3, 4 and 5 s to start a session.
const JOIN_WITHIN: Duration = Duration::from_secs(12);
/// One attempt to resume. A healthy server answers within 210 ms on loopback; over a bad path a
/// lost SYN costs a second, twice.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(4);
/// Between attempts to resume. A healthy server answers the first one with HTTP 500 now and then,
/// while it still closes the old socket.
const RESUME_PAUSE: Duration = Duration::from_millis(300);

/// A session that was open for this long is resumed at once, a younger one after [`RESUME_PAUSE`]:
/// a server that always drops us is asked three times a second at most.
const SETTLED: Duration = Duration::from_secs(1);
