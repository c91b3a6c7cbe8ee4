//! Whole calls over bad networks as they were recorded (`../traces/README.md`): silence while a call is
//! good, each disturbance told once and by its cause, and never a word that flickers.

use serde::Deserialize;

use super::*;

/// A recorded call, and what is to be told of it.
struct Call {
    name: &'static str,
    trace: &'static str,
    /// The words about what is sent, each one once.
    send: Words,
    /// The words about what comes.
    receive: Words,
}

/// What is told, in its order.
type Words = &'static [(ConnectionQuality, Option<Cause>)];

#[derive(Clone, Debug, Deserialize)]
struct Trace {
    send: Vec<Sample>,
    receive: Vec<Sample>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Sample {
    Event(Event),
    Second(Facts),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Event {
    PathLost,
    PathFound,
}

/// What is told from a sample on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Word {
    from: usize,
    verdict: Verdict,
    /// The path was lost or found: that is told at once.
    by_event: bool,
}

impl Call {
    /// What was recorded of each direction, and what is to be told of it.
    fn directions(&self) -> [(String, Vec<Sample>, Words); 2] {
        let trace: Trace = serde_json::from_str(self.trace).unwrap();
        [
            (format!("{}, send", self.name), trace.send, self.send),
            (
                format!("{}, receive", self.name),
                trace.receive,
                self.receive,
            ),
        ]
    }
}

/// The words of a call, each one once.
fn words(samples: &[Sample]) -> Vec<Word> {
    let mut judge = Judge::new();
    let word = |from, verdict, by_event| Word {
        from,
        verdict,
        by_event,
    };
    let mut words = vec![word(0, judge.verdict(), false)];
    for (from, sample) in samples.iter().enumerate() {
        let by_event = match sample {
            Sample::Event(Event::PathLost) => {
                judge.path_lost();
                true
            }
            Sample::Event(Event::PathFound) => {
                judge.path_found();
                true
            }
            Sample::Second(facts) => {
                judge.second(facts);
                false
            }
        };
        if words.last().is_some_and(|it| it.verdict != judge.verdict()) {
            words.push(word(from, judge.verdict(), by_event));
        }
    }
    words
}

/// Fails when a level that fell climbs sooner than a score can that is perfect from then on: from where
/// the upper level was left to where it is entered again.
fn assert_steady(name: &str, words: &[Word]) {
    let least = |[from, over]: [f64; 2]| {
        let mut score = from;
        (1..).find(|_| {
            score += CLIMBS * (score::BEST - score);
            score > over
        })
    };
    let mut fell_at = None;
    for pair in words.windows(2) {
        let [before, now] = [pair[0].verdict.level, pair[1].verdict.level];
        if pair[1].by_event {
            fell_at = None;
        } else if now < before {
            fell_at = Some(pair[1].from);
        } else if now > before
            && let Some(fell_at) = fell_at
        {
            let bound = match before {
                Lost => 2,
                Poor => 1,
                Good | Excellent => 0,
            };
            let least = least([FALL_AT[bound], CLIMB_OVER[bound]]).unwrap();
            let took = pair[1].from - fell_at;
            assert!(took >= least, "{name}: {took} s: {words:#?}");
        }
    }
}

#[test]
fn each_disturbance_is_told_once_and_by_its_cause() {
    for call in &CALLS {
        for (name, samples, expected) in call.directions() {
            assert!(samples.len() > 40, "{name}: {} seconds", samples.len());
            let words = words(&samples);
            let told: Vec<_> = words
                .iter()
                .map(|it| (it.verdict.level, it.verdict.cause))
                .collect();
            assert_eq!(told, expected, "{name}: {words:#?}");
        }
    }
}

#[test]
fn nobody_is_told_of_a_good_call_and_everybody_once_of_a_bad_one() {
    for call in &CALLS {
        for (name, samples, _) in call.directions() {
            let mut bad: Vec<_> = words(&samples)
                .iter()
                .map(|it| it.verdict.level <= Poor)
                .collect();
            bad.dedup();
            let turns = bad.iter().filter(|it| **it).count();
            let is_bad = !["clean", "narrow"].contains(&call.name);
            assert_eq!(turns, usize::from(is_bad), "{name}");
        }
    }
}

#[test]
fn words_are_steady_in_every_call_and_in_every_two_calls_on_end() {
    let all: Vec<_> = CALLS.iter().flat_map(Call::directions).collect();
    for (one, first, _) in &all {
        for (other, second, _) in &all {
            let both = [&first[..], second].concat();
            assert_steady(&format!("{one}, then {other}"), &words(&both));
        }
    }
}

const LOSS: Option<Cause> = Some(Cause::Loss);
const RATE: Option<Cause> = Some(Cause::Rate);
const SILENCE: Option<Cause> = Some(Cause::Silence);
const MADE_UP: Option<Cause> = Some(Cause::Concealment);

/// All of them. The machine that recorded them was busy, which is heard as sound that is made up.
const CALLS: [Call; 6] = [
    Call {
        name: "clean",
        trace: include_str!("../traces/clean.json"),
        send: &[(Excellent, None)],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Excellent, None),
            (Good, MADE_UP),
        ],
    },
    Call {
        name: "loss-5",
        trace: include_str!("../traces/loss-5.json"),
        send: &[
            (Excellent, None),
            (Good, LOSS),
            (Poor, LOSS),
            (Good, LOSS),
            (Excellent, None),
        ],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Good, LOSS),
            (Poor, LOSS),
            (Good, LOSS),
            (Excellent, None),
        ],
    },
    Call {
        name: "loss-25",
        trace: include_str!("../traces/loss-25.json"),
        send: &[
            (Excellent, None),
            (Good, LOSS),
            (Poor, LOSS),
            (Good, LOSS),
            (Excellent, None),
        ],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Poor, LOSS),
            (Good, LOSS),
            (Excellent, None),
        ],
    },
    Call {
        name: "narrow",
        trace: include_str!("../traces/narrow.json"),
        send: &[(Excellent, None), (Good, RATE), (Excellent, None)],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Good, LOSS),
            (Excellent, None),
        ],
    },
    Call {
        name: "jitter",
        trace: include_str!("../traces/jitter.json"),
        send: &[
            (Excellent, None),
            (Good, RATE),
            (Poor, RATE),
            (Good, RATE),
            (Excellent, None),
        ],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Poor, MADE_UP),
            (Good, MADE_UP),
            (Excellent, None),
            (Good, MADE_UP),
        ],
    },
    Call {
        name: "outage",
        trace: include_str!("../traces/outage.json"),
        send: &[(Excellent, None), (Lost, SILENCE), (Excellent, None)],
        receive: &[
            (Excellent, None),
            (Good, MADE_UP),
            (Good, SILENCE),
            (Lost, SILENCE),
            (Excellent, None),
            (Good, MADE_UP),
            (Excellent, None),
            (Good, MADE_UP),
        ],
    },
];
