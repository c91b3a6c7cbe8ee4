//! Two sides over a network that loses, reorders and repeats, one that forges RESETs as well, and one
//! that sends anything at all.

use std::time::Instant;

use proptest::prelude::*;

use super::two_sides::{Side, millis};

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody says the next message in one of two conversations.
    Say {
        ann: bool,
        conversation: u64,
        size: usize,
    },
    /// A frame that is on its way arrives; perhaps it stays on its way as well.
    Arrive {
        at: prop::sample::Index,
        again: bool,
    },
    /// A frame that is on its way is lost.
    Lose { at: prop::sample::Index },
    /// The sender of a frame that is on its way gets a forged RESET of that frame's session.
    Reset { at: prop::sample::Index },
    /// Milliseconds pass.
    Pass(u64),
}

/// What a network does that keeps nothing and forges nothing.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    steps_with(0)
}

fn steps_with(resets: u32) -> impl Strategy<Value = Vec<Step>> {
    let at = any::<prop::sample::Index>;
    let size = prop_oneof![0_usize..64, 64..4000_usize];
    let step = prop_oneof![
        3 => (any::<bool>(), 0_u64..2, size)
            .prop_map(|(ann, conversation, size)| Step::Say { ann, conversation, size }),
        6 => (at(), any::<bool>()).prop_map(|(at, again)| Step::Arrive { at, again }),
        1 => at().prop_map(|at| Step::Lose { at }),
        resets => at().prop_map(|at| Step::Reset { at }),
        1 => (1_u64..2000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..120)
}

/// Who said what in which conversation.
type Said = Vec<(bool, u64, Vec<u8>)>;

struct World {
    ann: Side,
    bob: Side,
    now: Instant,
    /// Whether it is from Ann, and the frame.
    on_its_way: Vec<(bool, Vec<u8>)>,
    said: Said,
    heard: Said,
}

impl World {
    fn new() -> Self {
        Self {
            ann: Side::new(),
            bob: Side::new(),
            now: Instant::now(),
            on_its_way: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Say {
                ann,
                conversation,
                size,
            } => self.say(*ann, *conversation, *size),
            Step::Arrive { .. } | Step::Lose { .. } | Step::Reset { .. }
                if self.on_its_way.is_empty() => {}
            Step::Arrive { at, again } => {
                let at = at.index(self.on_its_way.len());
                self.arrive(at, *again);
            }
            Step::Lose { at } => {
                self.on_its_way.swap_remove(at.index(self.on_its_way.len()));
            }
            Step::Reset { at } => {
                let (from_ann, frame) = &self.on_its_way[at.index(self.on_its_way.len())];
                let mut reset = frame[..18].to_vec();
                reset[1] = 4;
                if *from_ann {
                    self.ann.take(self.now, self.bob.address, &reset);
                } else {
                    self.bob.take(self.now, self.ann.address, &reset);
                }
            }
            Step::Pass(passed) => {
                self.now += millis(*passed);
                self.ann.pass_time(self.now);
                self.bob.pass_time(self.now);
            }
        }
        self.collect();
    }

    /// Ann begins conversation 0 and Bob conversation 1; the other one speaks once it has heard.
    fn say(&mut self, ann: bool, conversation: u64, size: usize) {
        let begins = ann == (conversation == 0);
        let has_heard = |it: &(bool, u64, Vec<u8>)| it.0 != ann && it.1 == conversation;
        if !begins && !self.heard.iter().any(has_heard) {
            return;
        }
        let mut message = self.said.len().to_be_bytes().to_vec();
        message.resize(8 + size, 7);
        let (from, to) = if ann {
            (&mut self.ann, self.bob.address)
        } else {
            (&mut self.bob, self.ann.address)
        };
        // What is refused is not said.
        if from
            .sealer
            .send(self.now, to, conversation, &message)
            .is_ok()
        {
            self.said.push((ann, conversation, message));
        }
        from.pass_time(self.now);
    }

    fn arrive(&mut self, at: usize, again: bool) {
        let (from_ann, frame) = self.on_its_way[at].clone();
        if !again {
            self.on_its_way.remove(at);
        }
        if from_ann {
            self.bob.take(self.now, self.ann.address, &frame);
        } else {
            self.ann.take(self.now, self.bob.address, &frame);
        }
    }

    fn collect(&mut self) {
        let (there, back) = (self.ann.out(), self.bob.out());
        self.on_its_way
            .extend(there.into_iter().map(|it| (true, it)));
        self.on_its_way
            .extend(back.into_iter().map(|it| (false, it)));
        for (side, from_ann) in [(&mut self.bob, true), (&mut self.ann, false)] {
            let heard = side.heard.drain(..);
            self.heard
                .extend(heard.map(|(_, conversation, message)| (from_ann, conversation, message)));
        }
    }

    /// What was heard was said, and once: nobody loses a session here.
    fn judge(&self) {
        for heard in &self.heard {
            assert!(self.said.contains(heard), "heard and never said");
        }
        for (at, heard) in self.heard.iter().enumerate() {
            assert!(!self.heard[..at].contains(heard), "heard twice");
        }
        self.compare_words();
    }

    /// The words that both show are the same ones.
    fn compare_words(&self) {
        for conversation in 0..2 {
            let [ann, bob] = [&self.ann, &self.bob].map(|it| it.words_of(conversation));
            let differ = ann.is_some() && bob.is_some() && ann != bob;
            assert!(!differ, "other words in conversation {conversation}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_heard_was_said_once(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.judge();
    }

    #[test]
    fn words_never_differ_whatever_is_held_back_and_forged(steps in steps_with(3)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.compare_words();
        }
    }

    #[test]
    fn once_the_network_is_well_both_hear_each_other(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.on_its_way.clear();
        let deaf = |world: &World, from_ann: bool, since: usize| {
            !world.heard[since..].iter().any(|(ann, _, _)| *ann == from_ann)
        };
        for from_ann in [true, false] {
            let since = world.heard.len();
            // They say it again every half second, as phones do.
            for _ in 0..120 {
                world.step(&Step::Say { ann: from_ann, conversation: 0, size: 1 });
                while !world.on_its_way.is_empty() {
                    world.arrive(0, false);
                    world.collect();
                }
                world.step(&Step::Pass(500));
            }
            prop_assert!(!deaf(&world, from_ann, since));
        }
    }

    #[test]
    fn any_bytes_change_nothing(
        frames in prop::collection::vec(
            (0_u8..8, prop::sample::select(vec![0_usize, 1, 17, 18, 26, 256, 1024, 4096]), any::<u8>()),
            1..20,
        ),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let now = Instant::now();
        let (ann, mut bob) = (Side::new(), Side::new());
        bob.take(now, ann.address, &noise);
        for (kind, length, fill) in frames {
            let mut frame = vec![fill; length];
            for (byte, value) in frame.iter_mut().zip([1, kind]) {
                *byte = value;
            }
            bob.take(now, ann.address, &frame);
        }
        prop_assert!(bob.heard.is_empty() && bob.words.is_empty() && bob.incompatible.is_empty());
        prop_assert!(bob.sealer.poll_timeout().is_none());
        prop_assert!(bob.out().iter().all(|it| it[1] == 4));
    }
}
