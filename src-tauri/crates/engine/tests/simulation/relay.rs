//! A relay and the links to it, as their owners know them: messages in order, word of who is not
//! there, and a link that notices, waits and comes back.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{Dialer, Dialled, RelayConnection};
use futures::FutureExt;
use futures::future::BoxFuture;
use identity::{Address, Identity, RelayUrlError};
use signal_client::{
    Absence, CallNumber, Config, Link, LinkEvent, LinkState, LiveKitToken, NoAccess, Problem,
    SendError, Timing,
};
use tokio::sync::mpsc;

/// The relay. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Relay(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    is_down: bool,
    /// By the address in text.
    seats: BTreeMap<String, Seat>,
    lines: BTreeMap<u64, Line>,
    dialled: u64,
    on_their_way: VecDeque<Message>,
    /// Who asked for access to a server, or has it, for which call.
    asked: BTreeMap<u64, Vec<Address>>,
}

struct Message {
    due: Duration,
    from: Address,
    to: Address,
    payload: Bytes,
}

/// What the relay knows of somebody.
struct Seat {
    line: Option<u64>,
    /// Why nobody is there, and since when, when `line` is `None`.
    absence: Absence,
    left_at: Duration,
    held: VecDeque<(Address, Bytes)>,
}

/// One link, at its owner's.
struct Line {
    owner: Address,
    state: LinkState,
    events: mpsc::Sender<LinkEvent>,
    /// What the owner has not taken yet.
    untaken: VecDeque<LinkEvent>,
    /// Since when each message waits.
    waiting: VecDeque<(Duration, Address, Bytes)>,
    /// For which calls the owner waits for access, and when that is given up where there is no
    /// connection.
    asks: Vec<(CallNumber, Duration)>,
    /// What is given back, and the relay has not heard of it.
    releases: Vec<CallNumber>,
    /// When it tries to connect; `None` while online, and when it waits to be asked.
    tries_at: Option<Duration>,
    pause: Duration,
    longest_pause: Duration,
    /// The owner's network carries nothing until then.
    cut_until: Duration,
    /// When it notices that its connection is dead.
    notices_at: Option<Duration>,
}

impl Relay {
    /// Lets time pass until `now`, counted from the start.
    pub(crate) fn advance(&self, now: Duration) {
        let mut state = self.0.lock().unwrap();
        state.now = now;
        let lines: Vec<u64> = state.lines.keys().copied().collect();
        for line in lines {
            state.work(line);
        }
        while let Some(message) = state.on_their_way.pop_front_if(|it| it.due <= now) {
            state.deliver(message);
        }
        for line in state.lines.values_mut() {
            line.tell();
        }
    }

    /// How often somebody has access to a call, or waits for it.
    pub(crate) fn accesses(&self) -> usize {
        self.0.lock().unwrap().asked.values().map(Vec::len).sum()
    }

    /// Ends and forgets everything; connections end with it.
    pub(crate) fn crash(&self) {
        let mut state = self.0.lock().unwrap();
        state.is_down = true;
        state.seats.clear();
        state.asked.clear();
        state.on_their_way.clear();
        let now = state.now;
        for line in state.lines.values_mut() {
            line.lose(now);
        }
    }

    pub(crate) fn start(&self) {
        self.0.lock().unwrap().is_down = false;
    }

    /// Somebody's program died, and with it their part in every call.
    pub(crate) fn forget(&self, owner: Address) {
        let mut state = self.0.lock().unwrap();
        let calls: Vec<u64> = state.asked.keys().copied().collect();
        for call in calls {
            state.release(CallNumber(call), owner);
        }
    }

    /// Nothing passes between somebody and the relay until then, and nobody is told.
    pub(crate) fn cut(&self, owner: Address, until: Duration) {
        let mut state = self.0.lock().unwrap();
        let now = state.now;
        for line in state.lines.values_mut().filter(|it| it.owner == owner) {
            line.cut_until = until;
            if line.state == LinkState::Online && until > now {
                line.notices_at
                    .get_or_insert(now + Timing::default().silence);
            }
        }
    }
}

impl State {
    fn work(&mut self, number: u64) {
        let now = self.now;
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        let keep = Timing::default().keep;
        while let Some((_, to, _)) = line.waiting.pop_front_if(|it| it.0 + keep <= now) {
            line.untaken.push_back(LinkEvent::Expired { to });
        }
        if line.cut_until <= now && line.state == LinkState::Online {
            line.notices_at = None;
        }
        if line.notices_at.is_some_and(|at| at <= now) {
            let owner = line.owner;
            line.lose(now);
            self.leave(owner, number, Absence::Silent);
            return;
        }
        line.give_up(now);
        if line.tries_at.is_some_and(|at| at <= now) {
            self.connect(number);
        }
        self.hand_over(number);
        self.flush(number);
    }

    /// Delivers what was held for this link while nothing reached it.
    fn hand_over(&mut self, number: u64) {
        let now = self.now;
        let Some(line) = self.lines.get_mut(&number).filter(|it| it.is_reached(now)) else {
            return;
        };
        let seat = self.seats.get_mut(&line.owner.to_string());
        let Some(seat) = seat.filter(|it| it.line == Some(number)) else {
            return;
        };
        for (from, payload) in seat.held.drain(..) {
            line.untaken.push_back(LinkEvent::Message { from, payload });
        }
    }

    fn connect(&mut self, number: u64) {
        let now = self.now;
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        if self.is_down || line.cut_until > now {
            line.pause = (line.pause * 2).min(line.longest_pause);
            line.tries_at = Some(now + line.pause);
            line.enter(LinkState::Offline(Problem::Unreachable));
            return;
        }
        line.pause = Timing::default().first_retry;
        line.tries_at = None;
        line.enter(LinkState::Online);
        let owner = line.owner;
        let seat = self.seats.entry(owner.to_string()).or_insert(Seat {
            line: None,
            absence: Absence::Unknown,
            left_at: now,
            held: VecDeque::new(),
        });
        let before = seat.line.replace(number);
        seat.absence = Absence::Unknown;
        if let Some(other) = before.filter(|it| *it != number)
            && let Some(line) = self.lines.get_mut(&other)
        {
            line.tries_at = None;
            line.enter(LinkState::Offline(Problem::TakenOver));
        }
    }

    /// Sends what waits, while the connection works.
    fn flush(&mut self, number: u64) {
        let now = self.now;
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        if !line.is_reached(now) {
            return;
        }
        for (_, to, payload) in line.waiting.drain(..) {
            self.on_their_way.push_back(Message {
                due: now + DELAY,
                from: line.owner,
                to,
                payload,
            });
        }
        let owner = line.owner;
        let asks: Vec<CallNumber> = line.asks.iter().map(|it| it.0).collect();
        for call in std::mem::take(&mut line.releases) {
            self.release(call, owner);
        }
        for call in asks {
            self.ask(call, owner);
        }
    }

    /// Whoever else has access keeps it.
    fn release(&mut self, call: CallNumber, owner: Address) {
        if let Some(asked) = self.asked.get_mut(&call.0) {
            asked.retain(|it| *it != owner);
            if asked.is_empty() {
                self.asked.remove(&call.0);
            }
        }
    }

    /// Lets both parties of a call in as soon as both have asked, each as soon as it is reached.
    fn ask(&mut self, call: CallNumber, owner: Address) {
        let asked = self.asked.entry(call.0).or_default();
        if !asked.contains(&owner) {
            asked.push(owner);
        }
        let &[one, other] = asked.as_slice() else {
            return;
        };
        for (who, with) in [(one, other), (other, one)] {
            let line = self.seats.get(&who.to_string()).and_then(|it| it.line);
            if let Some(line) = line.and_then(|it| self.lines.get_mut(&it))
                && line.is_reached(self.now)
                && line.asks.iter().any(|it| it.0 == call)
            {
                line.asks.retain(|it| it.0 != call);
                line.untaken.push_back(LinkEvent::Access {
                    call,
                    with,
                    url: "wss://livekit.invalid".to_owned(),
                    token: LiveKitToken::new("a-token".to_owned()).unwrap(),
                    valid_until: Instant::now(),
                });
            }
        }
    }

    fn deliver(&mut self, message: Message) {
        let (now, to) = (self.now, message.to);
        let seat = self.seats.get_mut(&to.to_string());
        let absence = match seat {
            Some(seat) => {
                let line = seat.line.and_then(|it| self.lines.get_mut(&it));
                if let Some(line) = line
                    && line.is_reached(now)
                    && seat.held.is_empty()
                {
                    line.untaken.push_back(LinkEvent::Message {
                        from: message.from,
                        payload: message.payload,
                    });
                    return;
                }
                let is_kept = seat.line.is_some() || now < seat.left_at + SEAT;
                if is_kept && seat.absence != Absence::Closed && seat.held.len() < HELD {
                    seat.held.push_back((message.from, message.payload));
                    return;
                }
                seat.absence
            }
            None => Absence::Unknown,
        };
        let sender = self.seats.get(&message.from.to_string());
        let line = sender.and_then(|it| it.line);
        if let Some(line) = line.and_then(|it| self.lines.get_mut(&it)) {
            line.untaken
                .push_back(LinkEvent::NotHere { to, why: absence });
        }
    }

    /// Somebody's connection is gone.
    fn leave(&mut self, owner: Address, number: u64, why: Absence) {
        let now = self.now;
        let seat = self.seats.get_mut(&owner.to_string());
        if let Some(seat) = seat.filter(|it| it.line == Some(number)) {
            seat.line = None;
            seat.absence = why;
            seat.left_at = now;
        }
    }
}

impl Line {
    /// Whether what is sent arrives.
    fn is_reached(&self, now: Duration) -> bool {
        self.state == LinkState::Online && self.cut_until <= now
    }

    fn enter(&mut self, state: LinkState) {
        if self.state != state {
            self.state = state;
            self.untaken.push_back(LinkEvent::State(state));
        }
    }

    /// There is no connection: whoever has waited for one for too long gets no access.
    fn give_up(&mut self, now: Duration) {
        let LinkState::Offline(_) = self.state else {
            return;
        };
        for (call, _) in self.asks.extract_if(.., |it| it.1 <= now) {
            let why = NoAccess::Unavailable;
            self.untaken.push_back(LinkEvent::NoAccess { call, why });
        }
    }

    /// The connection is dead, and that is noticed.
    fn lose(&mut self, now: Duration) {
        self.notices_at = None;
        if self.state == LinkState::Online {
            self.tries_at = Some(now + self.pause);
            for (_, until) in &mut self.asks {
                *until = (*until).max(now + Timing::default().keep);
            }
            self.enter(LinkState::Offline(Problem::Unreachable));
        }
    }

    fn tell(&mut self) {
        while let Some(event) = self.untaken.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
                self.untaken.push_front(event);
                return;
            }
        }
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay")
    }
}

impl Dialer for Relay {
    fn dial(
        &self,
        _: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Dialled, RelayUrlError> {
        let (events, taken) = mpsc::channel(Link::EVENTS);
        let mut state = self.0.lock().unwrap();
        state.dialled += 1;
        let (number, now) = (state.dialled, state.now);
        let line = Line {
            owner: identity.address(),
            state: LinkState::Connecting,
            events,
            untaken: VecDeque::new(),
            waiting: VecDeque::new(),
            asks: Vec::new(),
            releases: Vec::new(),
            tries_at: Some(now + DELAY),
            pause: config.timing.first_retry,
            longest_pause: config.timing.longest_retry,
            cut_until: Duration::ZERO,
            notices_at: None,
        };
        state.lines.insert(number, line);
        drop(state);
        let connection = Connection {
            relay: self.clone(),
            number,
        };
        Ok((Box::new(connection), taken))
    }
}

/// A link, as the engine holds it.
#[derive(Debug)]
struct Connection {
    relay: Relay,
    number: u64,
}

impl Connection {
    fn with<T>(&self, act: impl FnOnce(&mut Line, Duration) -> T) -> T {
        let mut state = self.relay.0.lock().unwrap();
        let now = state.now;
        act(state.lines.get_mut(&self.number).unwrap(), now)
    }
}

impl RelayConnection for Connection {
    fn state(&self) -> LinkState {
        self.with(|line, _| line.state)
    }

    fn send(&self, to: Address, payload: Bytes) -> Result<(), SendError> {
        self.with(|line, now| {
            if line.waiting.len() >= Link::CAPACITY {
                return Err(SendError::Full);
            }
            line.waiting.push_back((now, to, payload));
            Ok(())
        })
    }

    fn room(&self) -> usize {
        self.with(|line, _| Link::CAPACITY - line.waiting.len())
    }

    fn reconnect(&self) {
        self.with(|line, now| match line.state {
            LinkState::Online => line.probe(now),
            LinkState::Connecting | LinkState::Offline(_) => {
                line.tries_at = Some(now);
            }
        });
    }

    fn probe(&self) {
        self.with(|line, now| match line.state {
            LinkState::Online => line.probe(now),
            LinkState::Connecting | LinkState::Offline(_) => {
                if line.tries_at.is_some() {
                    line.tries_at = Some(now);
                }
            }
        });
    }

    fn set_urgent(&self, urgent: bool) {
        self.with(|line, now| {
            line.longest_pause = if urgent {
                Timing::default().urgent_retry
            } else {
                Timing::default().longest_retry
            };
            let soon = now + line.longest_pause;
            line.tries_at = line.tries_at.map(|it| it.min(soon));
        });
    }

    fn ask_access(&self, call: CallNumber, _: Address) -> Result<(), SendError> {
        self.with(|line, now| line.asks.push((call, now + Timing::default().access)));
        Ok(())
    }

    fn release_access(&self, call: CallNumber) -> Result<(), SendError> {
        self.with(|line, _| {
            line.asks.retain(|it| it.0 != call);
            line.releases.push(call);
        });
        Ok(())
    }

    fn disconnect(&self) {
        let owner = self.with(|line, now| {
            line.lose(now);
            line.tries_at = None;
            line.owner
        });
        let mut state = self.relay.0.lock().unwrap();
        state.leave(owner, self.number, Absence::Closed);
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.with(|line, _| line.asks.clear());
        let mut state = self.relay.0.lock().unwrap();
        state.flush(self.number);
        drop(state);
        async move { drop(self) }.boxed()
    }
}

impl Line {
    fn probe(&mut self, now: Duration) {
        if self.cut_until > now {
            let probed = now + Timing::default().probe;
            self.notices_at = Some(self.notices_at.map_or(probed, |it| it.min(probed)));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.relay.0.lock().unwrap();
        let line = state.lines.remove(&self.number);
        if let Some(line) = line {
            state.leave(line.owner, self.number, Absence::Closed);
            // What the owner could not give back any more the relay takes, once nobody is there.
            for call in line.releases {
                state.release(call, line.owner);
            }
        }
    }
}

/// From one link to another.
const DELAY: Duration = Duration::from_millis(20);

/// How long messages are held for somebody whose connection fell silent.
const SEAT: Duration = Duration::from_secs(30);

/// How many.
const HELD: usize = 256;
