//! How long a call is away after something happened to it.
//!
//! Two headless programs in a [`crate::lab`] call each other, directly or over a server; one [`Event`] happens; from the moment
//! at which the path is back it is measured when each side hears the other again, and sees a fresh
//! picture, and whether both are of one mind at the end. Sound and pictures carry clocks, so what was
//! buffered before the event does not count. The pictures are small (320x180), so that the measured
//! calls leave the machine free: the way back of a large picture takes longer.

pub mod event;
pub mod pictures;
mod stage;
pub mod voice;

use std::time::Duration;

use anyhow::Result;
use call::carrier::Carrier;

use self::event::{Act, Due, Event};
use self::stage::Stage;
use crate::clock;

/// What came of one event, once.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Until each side, the caller first, heard the other.
    pub sound: [Option<Duration>; 2],
    /// Until each side saw a fresh picture.
    pub picture: [Option<Duration>; 2],
    /// How late each side hears the other two seconds after that.
    pub late: [Option<Duration>; 2],
    /// Until every side that still runs said that the call is over.
    pub told: Option<Duration>,
    /// What each side said of the call last.
    pub states: [String; 2],
    /// Why they are not of one mind, if they are not.
    pub disagreement: Option<String>,
    /// 99 of 100 packets left the emulator no later than this after their time: our own fault.
    pub lateness: Duration,
}

impl Outcome {
    /// Until all came about that is due; none when it did not.
    #[must_use]
    pub fn took(&self, due: Due) -> Option<Duration> {
        match due {
            Due::End(_) => self.told,
            Due::Media => {
                let all = self.sound.iter().chain(&self.picture);
                all.copied().collect::<Option<Vec<_>>>()?.into_iter().max()
            }
        }
    }

    /// Whether it came about by then, and both agree.
    #[must_use]
    pub fn passes(&self, event: &Event, bar: Duration) -> bool {
        let in_time = self.took(event.due).is_some_and(|it| it <= bar);
        in_time && self.disagreement.is_none() && self.is_true(event.due)
    }

    /// Whether every side that told the end gave the reason that is due.
    fn is_true(&self, due: Due) -> bool {
        match due {
            Due::End(reason) => {
                let mut told = self
                    .states
                    .iter()
                    .filter_map(|it| it.strip_prefix("ended "));
                told.all(|it| it == reason)
            }
            Due::Media => true,
        }
    }
}

/// Lets an event happen to a call over this carrier, and watches it for so long at most.
///
/// # Errors
/// When there is no lab or no call to begin with.
pub async fn run(event: &Event, carrier: Carrier, seed: u64, limit: Duration) -> Result<Outcome> {
    let mut stage = Stage::open(event, carrier, seed).await?;
    let most_age = match event.act {
        // Nobody knows yet what is usual.
        Act::SetUp => FRESH_AT_ONCE,
        Act::Replace(_)
        | Act::ReplaceBoth
        | Act::Gap { .. }
        | Act::Outage { .. }
        | Act::Kill
        | Act::Rebind
        | Act::Freeze { .. }
        | Act::OnlyTurn
        | Act::Server { .. } => {
            stage.call().await?;
            let usual = stage.sides.iter().filter_map(|it| it.pictures.usual_age());
            usual.max().unwrap_or_default() + FRESH
        }
    };
    let from = stage.happen(event.act).await?;
    let mut watch = Watch::new(from, most_age);
    let runs = match event.act {
        Act::Kill => [true, false],
        Act::Replace(_)
        | Act::ReplaceBoth
        | Act::Gap { .. }
        | Act::Outage { .. }
        | Act::Rebind
        | Act::SetUp
        | Act::Freeze { .. }
        | Act::OnlyTurn
        | Act::Server { .. } => [true, true],
    };
    while clock::now() < from + limit && !watch.is_done(event.due) {
        stage.listen(LOOK).await;
        watch.look(&stage, runs);
    }
    Ok(watch.outcome(&stage, runs))
}

/// What was seen so far of what follows an event.
#[derive(Debug)]
struct Watch {
    from: Duration,
    most_age: Duration,
    sound: [Option<Duration>; 2],
    picture: [Option<Duration>; 2],
    seen: [Duration; 2],
    listened: Duration,
    told: Option<Duration>,
}

impl Watch {
    fn new(from: Duration, most_age: Duration) -> Self {
        Self {
            from,
            most_age,
            sound: [None; 2],
            picture: [None; 2],
            seen: [Duration::ZERO; 2],
            listened: from,
            told: None,
        }
    }

    fn look(&mut self, stage: &Stage, runs: [bool; 2]) {
        let now = clock::now();
        let states = stage.states();
        let over = |at: usize| !runs[at] || states[at].starts_with("ended");
        if self.told.is_none() && over(0) && over(1) {
            self.told = Some(now - self.from);
        }
        for (side, picture) in stage.sides.iter().zip(&mut self.picture) {
            let first = || side.pictures.first_fresh(self.from, self.most_age);
            *picture = picture.or_else(|| Some(first()? - self.from));
        }
        // Speakers write once a second.
        if now < self.listened + Duration::from_secs(1) {
            return;
        }
        self.listened = now;
        for (at, side) in stage.sides.iter().enumerate().filter(|(at, _)| runs[*at]) {
            if self.sound[at].is_none() {
                let first = side.first_heard(self.from, &mut self.seen[at]);
                self.sound[at] = first.map(|it| it - self.from);
            }
        }
    }

    /// Whether there is nothing more to wait for: after media came back it is watched for a while,
    /// as what came back may go again.
    fn is_done(&self, due: Due) -> bool {
        let back = self.sound.iter().chain(&self.picture).copied();
        let back: Option<Vec<_>> = back.collect();
        match due {
            Due::End(_) => self.told.is_some(),
            Due::Media => {
                let back = back.and_then(|it| it.into_iter().max());
                let stays = back.is_some_and(|it| clock::now() > self.from + it + STAYS);
                stays || self.told.is_some()
            }
        }
    }

    fn outcome(self, stage: &Stage, runs: [bool; 2]) -> Outcome {
        let disagreement = match runs {
            [true, true] => stage.agree().err().map(|it| format!("{it:#}")),
            _ => None,
        };
        let late = |at: usize| {
            let heard = self.from + self.sound[at]?;
            stage.sides[at].late(heard + Duration::from_secs(2))
        };
        Outcome {
            sound: self.sound,
            picture: self.picture,
            late: [0, 1].map(late),
            told: self.told,
            states: stage.states(),
            disagreement,
            lateness: stage.lateness().p99,
        }
    }
}

/// What a fresh picture may be older than usual.
const FRESH: Duration = Duration::from_millis(100);

/// The most that a picture may be old where nobody knows what is usual.
const FRESH_AT_ONCE: Duration = Duration::from_millis(500);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long media must stay.
const STAYS: Duration = Duration::from_millis(3500);
