//! Tests of both sides of repairs, over a link in virtual time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use media::testing::Dice;

use super::history::{History, copies};
use super::missing::{Missing, patience};

const MS: Duration = Duration::from_millis(1);

/// What became of the packets of a call.
#[derive(Debug, Default)]
struct Figures {
    lost: u32,
    /// Packets asked for, each time.
    asked: u32,
    resent: u32,
    duplicates: u32,
    /// Lost packets that did not come while the receiver waited for them.
    given_up: u32,
}

/// A sender, a receiver and the link between them.
struct Call {
    now: Instant,
    delay: Duration,
    loss: f64,
    dice: Dice,
    missing: Missing,
    history: History<u16>,
    /// What is under way, by the time of its arrival.
    packets: BTreeMap<Instant, Vec<u16>>,
    questions: BTreeMap<Instant, Vec<u16>>,
    /// What was lost and has not come yet: when the receiver found out.
    awaited: HashMap<u16, Option<Instant>>,
    next: u16,
    highest: u16,
    figures: Figures,
}

impl Call {
    fn new(delay: Duration, loss: f64) -> Self {
        Self {
            now: Instant::now(),
            delay,
            loss,
            dice: Dice::new(7),
            missing: Missing::default(),
            history: History::default(),
            packets: BTreeMap::new(),
            questions: BTreeMap::new(),
            awaited: HashMap::new(),
            next: 0,
            highest: 0,
            figures: Figures::default(),
        }
    }

    fn rtt(&self) -> Duration {
        self.delay * 2
    }

    /// Sends five packets of a picture each 33 ms, for `time`.
    fn run(mut self, time: Duration) -> Figures {
        for ms in 0..time.as_millis() {
            self.now += MS;
            if ms % 33 < 5 && self.next < u16::MAX {
                self.send();
            }
            self.answer();
            self.receive();
            self.ask();
        }
        self.figures
    }

    fn send(&mut self) {
        let sequence = self.next;
        self.next += 1;
        self.history.push(self.now, sequence, sequence);
        if self.dice.chance(self.loss) {
            self.figures.lost += 1;
            self.awaited.insert(sequence, None);
        } else {
            let arrival = self.now + self.delay;
            self.packets.entry(arrival).or_default().push(sequence);
        }
    }

    /// The sender answers the questions that came.
    fn answer(&mut self) {
        let rtt = self.rtt();
        for sequence in self.questions.remove(&self.now).unwrap_or_default() {
            self.history
                .want(self.now, sequence, rtt, copies(self.loss as f32));
        }
        while let Ok(Some(sequence)) = self.history.pop(self.now, |_| Ok(())) {
            self.figures.resent += 1;
            if !self.dice.chance(self.loss) {
                let arrival = self.now + self.delay;
                self.packets.entry(arrival).or_default().push(sequence);
            }
        }
    }

    fn receive(&mut self) {
        for sequence in self.packets.remove(&self.now).unwrap_or_default() {
            let timestamp = u32::from(sequence / 5) * 3000;
            self.missing.receive(self.now, sequence, timestamp);
            if sequence > self.highest {
                let found = self.highest + 1..sequence;
                for lost in found {
                    self.awaited.insert(lost, Some(self.now));
                }
                self.highest = sequence;
            } else if self.awaited.remove(&sequence).is_none() && sequence > 0 {
                self.figures.duplicates += 1;
            }
        }
        let (now, patience) = (self.now, patience(self.rtt()));
        let before = self.awaited.len();
        self.awaited
            .retain(|_, found| found.is_none_or(|it| now < it + patience));
        self.figures.given_up += (before - self.awaited.len()) as u32;
    }

    fn ask(&mut self) {
        let wanted = self.missing.ask(self.now, self.rtt());
        self.figures.asked += wanted.len() as u32;
        if !wanted.is_empty() && !self.dice.chance(self.loss) {
            let arrival = self.now + self.delay;
            self.questions.entry(arrival).or_default().extend(wanted);
        }
    }
}

#[test]
fn repairs_cost_about_what_was_lost_on_any_link() {
    for loss in [0.02, 0.05, 0.2] {
        for delay in [10, 20, 50, 100] {
            let figures = Call::new(MS * delay, loss).run(Duration::from_secs(120));
            let lost = f64::from(figures.lost);
            let each = |count: u32| f64::from(count) / lost;
            println!(
                "{:3.0} % {delay:3} ms: asked {:.2} resent {:.2} duplicates {:.3} given up {:.3}",
                loss * 100.0,
                each(figures.asked),
                each(figures.resent),
                each(figures.duplicates),
                each(figures.given_up)
            );
            // So often a question or its answer is lost; then there are two more of both.
            let fails = 1.0 - (1.0 - loss).powi(2);
            let copies = copies(loss as f32) as f64;
            assert!(each(figures.asked) < 2.0 + fails * 2.0, "{figures:?}");
            assert!(each(figures.resent) < copies + fails * 2.0, "{figures:?}");
            assert!(
                each(figures.duplicates) < copies - 1.0 + fails,
                "{figures:?}"
            );
            assert!(each(figures.given_up) < 0.003, "{figures:?}");
        }
    }
}
