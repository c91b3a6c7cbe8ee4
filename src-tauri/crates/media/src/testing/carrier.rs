//! What the network carries: sessions, what is on its way between them, and whether there is a path.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::conditions::Conditions;
use super::dice::Dice;
use super::end::{End, Stage};
use super::signal::Signal;
use crate::frame::EncodedFrame;
use crate::transport::{
    Kind, MAX_DATA, Role, Sent, Stream, TransportError, TransportEvent, TransportStats,
};

/// What one session sends to the other.
#[derive(Debug)]
pub(super) enum Load {
    Frame(Stream, EncodedFrame),
    KeyframeRequest(Stream),
    Goodbye,
}

/// All of a network, without its lock.
pub(super) struct Carrier {
    now: Instant,
    /// Time since the start.
    passed: Duration,
    pub(super) conditions: Conditions,
    dice: Dice,
    /// Whether nothing passes.
    is_cut: bool,
    /// Until when the data channel is frozen, as time since the start.
    frozen_until: Duration,
    ends: BTreeMap<u64, End>,
    /// Sessions that there ever were: the number of the last.
    sessions: u64,
    /// Transports that there ever were.
    owners: u64,
    /// Frames and requests, in the order of sending. What arrives while the way is cut is lost.
    packets: VecDeque<OnItsWay<(u64, Load)>>,
    /// Messages of the data channels, in the order of sending. They wait while the way is cut.
    messages: VecDeque<OnItsWay<Bytes>>,
}

struct OnItsWay<T> {
    due: Duration,
    to: u64,
    what: T,
}

impl Carrier {
    /// A good network at the moment `now`.
    pub(super) fn new(seed: u64, now: Instant) -> Self {
        Self {
            now,
            passed: Duration::ZERO,
            conditions: Conditions::default(),
            dice: Dice::new(seed),
            is_cut: false,
            frozen_until: Duration::ZERO,
            ends: BTreeMap::new(),
            sessions: 0,
            owners: 0,
            packets: VecDeque::new(),
            messages: VecDeque::new(),
        }
    }

    /// Lets time pass, and delivers what is due.
    pub(super) fn advance(&mut self, passed: Duration, now: Instant) {
        self.passed += passed;
        self.now = now;
        self.tell_paths();
        // A goodbye comes after what was said before it.
        self.deliver_messages();
        self.deliver_packets();
    }

    /// Opens the way.
    pub(super) fn mend(&mut self) {
        if std::mem::replace(&mut self.is_cut, false) {
            self.frozen_until = self.passed + self.conditions.thaw;
        }
    }

    /// Cuts the way without a word to anybody.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Nothing passes between the sessions of now any more, and they notice at once.
    pub(super) fn roam(&mut self) {
        for end in self.ends.values_mut() {
            end.fails_until = Duration::MAX;
            end.disconnect();
        }
    }

    /// Nothing passes between a session and its other end for so long. Other sessions are not touched.
    pub(super) fn fail_path(&mut self, number: u64, time: Duration) {
        let peer = self.ends.get(&number).and_then(|end| end.peer);
        for number in [Some(number), peer].into_iter().flatten() {
            if let Some(end) = self.ends.get_mut(&number) {
                end.fails_until = self.passed + time;
            }
        }
    }

    /// How much is on its way.
    pub(super) fn in_flight(&self) -> usize {
        self.packets.len() + self.messages.len()
    }

    /// A name for one more transport.
    pub(super) fn new_owner(&mut self) -> u64 {
        self.owners += 1;
        self.owners
    }

    /// Adds a session and gives it its number. An offerer makes its offer.
    pub(super) fn join(&mut self, mut end: End) -> u64 {
        self.sessions += 1;
        let number = self.sessions;
        if end.role == Role::Offerer {
            end.tell(Signal::Offer(number).event());
        }
        self.ends.insert(number, end);
        number
    }

    /// Removes a session; a polite one says goodbye.
    pub(super) fn leave(&mut self, number: u64, polite: bool) {
        if polite {
            self.send(number, Load::Goodbye);
        }
        if let Some(end) = self.ends.remove(&number) {
            end.close();
        }
    }

    /// Keeps what a session is told of a stream that pauses.
    pub(super) fn mute(&mut self, number: u64, stream: Stream, muted: bool) {
        if let Some(end) = self.ends.get_mut(&number) {
            end.muted[stream] = Some(muted);
        }
    }

    /// Sends a message of the data channel.
    pub(super) fn message(&mut self, number: u64, message: Bytes) -> Result<(), TransportError> {
        if message.len() > MAX_DATA {
            return Err(TransportError::TooLarge(message.len()));
        }
        let to = self.peer_of(number).ok_or(TransportError::NotConnected)?;
        if self.messages.len() < IN_FLIGHT {
            let before = self.messages.back().map_or(Duration::ZERO, |it| it.due);
            self.messages.push_back(OnItsWay {
                due: self.due().max(before),
                to,
                what: message,
            });
        }
        Ok(())
    }

    /// Figures of a session.
    pub(super) fn stats(&self, number: u64) -> TransportStats {
        let stats = self.ends.get(&number).map(|end| end.stats);
        TransportStats {
            current_round_trip_time: Some(self.conditions.delay * 2),
            ..stats.unwrap_or_default()
        }
    }

    /// The open sessions of `owner` and their numbers, the oldest first.
    pub(super) fn of(&mut self, owner: u64) -> impl DoubleEndedIterator<Item = (u64, &mut End)> {
        let all = self.ends.iter_mut();
        all.filter(move |(_, end)| end.owner == owner)
            .map(|(number, end)| (*number, end))
    }

    /// Takes a parcel of the other side's session.
    pub(super) fn negotiate(&mut self, number: u64, signal: Signal) {
        let end = self.ends.get_mut(&number);
        let Some(end) = end.filter(|it| it.stage != Stage::Over) else {
            return;
        };
        match (end.role, signal) {
            (Role::Answerer, Signal::Offer(from)) => {
                end.meet(from, self.passed);
                end.tell(Signal::Answer(number).event());
            }
            (Role::Offerer, Signal::Answer(from)) => end.meet(from, self.passed),
            (Role::Answerer, Signal::Answer(_)) | (Role::Offerer, Signal::Offer(_)) => {}
        }
    }

    /// The other end of a session that has a path or had one.
    fn peer_of(&self, number: u64) -> Option<u64> {
        let end = self.ends.get(&number)?;
        end.peer.filter(|_| end.has_had_a_path())
    }

    /// Whether anything gets to a session that is open.
    fn is_reached(&self, number: u64) -> bool {
        let end = self.ends.get(&number);
        !self.is_cut && end.is_none_or(|it| it.fails_until <= self.passed)
    }

    fn due(&self) -> Duration {
        self.passed + self.conditions.delay
    }

    /// Sends a frame, a request or the goodbye of a session.
    pub(super) fn send(&mut self, number: u64, load: Load) -> Sent {
        let Some(to) = self.peer_of(number) else {
            return Sent::NotConnected;
        };
        if self.packets.len() >= IN_FLIGHT {
            return Sent::Dropped;
        }
        // A number is used up even when its frame is lost: so the receiver notices.
        let sequence = self.ends.get_mut(&to).map_or(0, |peer| match load {
            Load::Frame(stream, _) => peer.inlets[stream].number(),
            Load::KeyframeRequest(_) | Load::Goodbye => 0,
        });
        self.count_sent(number, &load);
        if self.is_reached(to) && !self.is_lost(to, &load) {
            let again = match &load {
                Load::Frame(stream, frame)
                    if stream.kind() == Kind::Audio
                        && self.dice.chance(self.conditions.repeats) =>
                {
                    Some(Load::Frame(*stream, frame.clone()))
                }
                Load::Frame(..) | Load::KeyframeRequest(_) | Load::Goodbye => None,
            };
            let due = self.due();
            for load in [Some(load), again].into_iter().flatten() {
                self.packets.push_back(OnItsWay {
                    due,
                    to,
                    what: (sequence, load),
                });
            }
        }
        Sent::Queued
    }

    fn count_sent(&mut self, number: u64, load: &Load) {
        let Some(end) = self.ends.get_mut(&number) else {
            return;
        };
        match load {
            Load::Frame(stream, frame) => {
                let stats = &mut end.stats.streams[*stream];
                stats.packets_sent += 1;
                stats.bytes_sent += frame.payload.len() as u64;
            }
            Load::KeyframeRequest(stream) => end.stats.streams[*stream].pli_count += 1,
            Load::Goodbye => {}
        }
    }

    fn is_lost(&mut self, to: u64, load: &Load) -> bool {
        let Load::Frame(stream, _) = load else {
            return false;
        };
        let lost = self.dice.chance(self.conditions.loss);
        if lost && let Some(peer) = self.ends.get_mut(&to) {
            peer.stats.streams[*stream].packets_lost += 1;
        }
        lost
    }

    /// Tells both ends of a negotiated pair of the path, or how long they have heard nothing.
    fn tell_paths(&mut self) {
        let alive: BTreeMap<_, _> = self
            .ends
            .iter()
            .filter(|(number, end)| self.is_reached(**number) && end.stage != Stage::Over)
            .map(|(number, end)| (*number, end.peer))
            .collect();
        for (number, end) in &mut self.ends {
            let reached = end.peer.and_then(|peer| alive.get(&peer)) == Some(&Some(*number));
            if reached {
                end.hears(self.passed, &self.conditions);
            } else {
                end.hears_nothing(self.passed);
            }
        }
    }

    fn deliver_packets(&mut self) {
        let now = self.now;
        while let Some(packet) = self.packets.pop_front_if(|it| it.due <= self.passed) {
            let reached = self.is_reached(packet.to);
            let Some(end) = self.ends.get_mut(&packet.to).filter(|_| reached) else {
                continue;
            };
            match packet.what {
                (sequence, Load::Frame(stream, frame)) => {
                    let stats = &mut end.stats.streams[stream];
                    stats.packets_received += 1;
                    stats.bytes_received += frame.payload.len() as u64;
                    end.inlets[stream].frame(sequence, frame, now);
                }
                (_, Load::KeyframeRequest(stream)) => {
                    end.tell(TransportEvent::KeyframeRequested(stream));
                }
                (_, Load::Goodbye) => end.closed_by_peer(),
            }
        }
    }

    fn deliver_messages(&mut self) {
        if self.passed < self.frozen_until {
            return;
        }
        for message in std::mem::take(&mut self.messages) {
            if message.due > self.passed || !self.is_reached(message.to) {
                self.messages.push_back(message);
            } else if let Some(end) = self.ends.get_mut(&message.to)
                && end.stage != Stage::Over
            {
                end.tell(TransportEvent::Data(message.what));
            }
        }
    }
}

/// Packets or messages on their way at a time: some seconds of a call. Beyond that a sender is
/// told that its frame was dropped, and a message is lost.
const IN_FLIGHT: usize = 4096;
