//! A sealer in each of its states, fed with whatever may come: frames of the other side in any order
//! and number, changed or relabelled, and such as nobody sealed.
//!
//! Delivered is what the other side said, and nothing else; every bound holds after every frame.

#![no_main]

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use fuzz::{Person, Source, person};
use identity::Address;
use seal::{Output, Sealer, Sender};
use signal_wire::MAX_PAYLOAD_BYTES;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    let mut world = World::new();
    world.begin(source.below(4));
    for _ in 0..MAX_STEPS {
        if source.is_empty() {
            break;
        }
        world.step(&mut source);
        world.ours.assert_bounds();
    }
});

/// Enough for every state, and few enough for a good many histories a second.
const MAX_STEPS: usize = 24;

/// Bob's sealer, which is fuzzed, and Ann's, which is honest.
struct World {
    now: Instant,
    ours: Sealer,
    theirs: Sealer,
    /// Every frame that anybody made, oldest first; at most [`MAX_KEPT`].
    kept: VecDeque<Vec<u8>>,
    /// What is on its way between the two.
    to_us: Vec<Vec<u8>>,
    to_them: Vec<Vec<u8>>,
    /// What Ann said, and in which conversation.
    said: HashSet<(u64, Vec<u8>)>,
}

/// How many frames an attacker has to choose from.
const MAX_KEPT: usize = 64;

/// A REPLY lets out all that waits: 64 KiB, and each message costs 64 bytes at least.
const MAX_OUTPUTS: usize = 1024 + 2;

impl World {
    fn new() -> Self {
        Self {
            now: Instant::now(),
            ours: Sealer::new(person(Person::Bob)),
            theirs: Sealer::new(person(Person::Ann)),
            kept: VecDeque::new(),
            to_us: Vec::new(),
            to_them: Vec::new(),
            said: HashSet::new(),
        }
    }

    /// Brings both to where it begins: nothing begun, a session of ours pending, one of theirs
    /// half-open, one established.
    fn begin(&mut self, state: usize) {
        match state {
            0 => {}
            1 => self.we_say(1, 20),
            2 => {
                self.they_say(1, 20);
                self.deliver_to_us();
            }
            _ => {
                self.they_say(1, 20);
                self.settle();
                self.we_say(1, 20);
                self.settle();
            }
        }
    }

    fn step(&mut self, source: &mut Source<'_>) {
        match source.below(10) {
            0 => self.we_say(source.below(3) as u64, source.short()),
            1 => self.they_say(source.below(3) as u64, source.short()),
            2 => self.settle(),
            3 => self.deliver_to_us(),
            4 => self.raw(source),
            5 => self.changed(source),
            6 => self.forged(source),
            7 => self.pass(Duration::from_millis(u64::from(source.short()) * 8)),
            8 => {
                let with = source.flag().then(|| (ann(), source.below(3) as u64));
                self.ours.set_active(with);
            }
            // Their program was started again: what it hears now, it answers with a RESET.
            _ => self.theirs = Sealer::new(person(Person::Ann)),
        }
    }

    fn we_say(&mut self, conversation: u64, length: u16) {
        let message = vec![b'w'; usize::from(length)];
        // What is refused is not said.
        let _ = self.ours.send(self.now, ann(), conversation, &message);
        self.collect();
    }

    fn they_say(&mut self, conversation: u64, length: u16) {
        let mut message = self.said.len().to_be_bytes().to_vec();
        message.resize(usize::from(length).max(message.len()), b't');
        let to = person(Person::Bob).address();
        if self
            .theirs
            .send(self.now, to, conversation, &message)
            .is_ok()
        {
            self.said.insert((conversation, message));
        }
        self.collect_theirs();
    }

    fn deliver_to_us(&mut self) {
        for frame in std::mem::take(&mut self.to_us) {
            self.take(ann(), Sender::Familiar, &frame);
        }
    }

    /// Both say what they have to say, until nobody says more.
    fn settle(&mut self) {
        for _ in 0..8 {
            self.deliver_to_us();
            for frame in std::mem::take(&mut self.to_them) {
                let from = person(Person::Bob).address();
                self.theirs.receive(self.now, from, &frame);
            }
            self.collect_theirs();
        }
    }

    /// Any bytes.
    fn raw(&mut self, source: &mut Source<'_>) {
        let (from, sender) = sender(source);
        let length = source.short();
        let frame = source.take(usize::from(length));
        self.take(from, sender, frame);
    }

    /// A frame that somebody made, of either side, as it was or with one byte changed.
    fn changed(&mut self, source: &mut Source<'_>) {
        let (from, sender) = sender(source);
        let Some(mut frame) = self.frame(source) else {
            return;
        };
        let (at, change) = (usize::from(source.short()), source.byte());
        if let Some(byte) = frame.get_mut(at) {
            *byte ^= change;
        }
        self.take(from, sender, &frame);
    }

    /// A frame of the right length and of a session that is there, which nobody sealed.
    fn forged(&mut self, source: &mut Source<'_>) {
        let (from, sender) = sender(source);
        let Some(mut frame) = self.frame(source) else {
            return;
        };
        let length = source.pick([18, 256, 1024, 4096, 16 * 1024, MAX_PAYLOAD_BYTES]);
        frame.truncate(18);
        frame[1] = source.byte() % 7;
        let body = source.take(64);
        frame.extend(body.iter().copied().cycle().take(length - 18));
        frame.resize(length, 0);
        self.take(from, sender, &frame);
    }

    fn frame(&self, source: &mut Source<'_>) -> Option<Vec<u8>> {
        let at = source.below(self.kept.len());
        self.kept.get(at).cloned()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.ours.handle_timeout(self.now);
        let next = self.ours.poll_timeout();
        assert!(
            next.is_none_or(|at| at > self.now),
            "a deadline that does not pass"
        );
        self.collect();
        self.theirs.handle_timeout(self.now);
        self.collect_theirs();
    }

    fn take(&mut self, from: Address, sender: Sender, frame: &[u8]) {
        self.ours.receive_of(self.now, from, sender, frame);
        self.collect();
    }

    /// Takes what our sealer wants done, and judges it.
    fn collect(&mut self) {
        for _ in 0..MAX_OUTPUTS {
            match self.ours.poll_output() {
                None => return,
                Some(Output::Transmit { to, frame }) => {
                    seal::fuzzing::frame(&frame);
                    self.keep(&frame);
                    if to == ann() {
                        self.to_them.push(frame);
                    }
                }
                Some(Output::Received {
                    from,
                    conversation,
                    message,
                }) => {
                    assert!(from == ann(), "somebody who said nothing was heard");
                    let said = self.said.contains(&(conversation, message));
                    assert!(said, "what was never said was heard");
                }
                Some(Output::Words { peer, .. }) => assert!(peer == ann()),
                Some(Output::Incompatible { .. }) => panic!("both have the same versions"),
            }
        }
        panic!("outputs without end");
    }

    fn collect_theirs(&mut self) {
        while let Some(output) = self.theirs.poll_output() {
            if let Output::Transmit { frame, .. } = output {
                self.keep(&frame);
                self.to_us.push(frame);
            }
        }
    }

    fn keep(&mut self, frame: &[u8]) {
        if self.kept.len() == MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(frame.to_vec());
    }
}

fn ann() -> Address {
    person(Person::Ann).address()
}

/// From whom a relay says that a frame is, and what they are to the user.
fn sender(source: &mut Source<'_>) -> (Address, Sender) {
    let from = match source.below(4) {
        0 => person(Person::Eve).address(),
        1 => person(Person::Bob).address(),
        // No key that anything can be agreed with.
        2 => Address::from_bytes([0; Address::LENGTH]),
        _ => ann(),
    };
    (from, source.pick([Sender::Stranger, Sender::Familiar]))
}
