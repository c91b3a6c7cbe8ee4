//! What a program said of its calls, as steps, and whether such a life is possible.
//!
//! The chart is that of `call::state`, as a stranger can see it. A step that the chart does not have,
//! a call with somebody else, a call that comes back after its end: each is a false state.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Result, ensure};
use serde_json::Value;

/// One state of one call.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// `idle`, `outgoing calling`, `active connected`, `ended missed`, …
    pub state: String,
    /// The call's id; empty without a call.
    pub call: String,
    /// The address of the other side; empty without a call.
    peer: String,
}

/// The calls of one program.
#[derive(Clone, Debug)]
pub struct Story(Vec<Step>);

impl Story {
    /// What these lines of JSON tell.
    #[must_use]
    pub fn of(lines: &[Value]) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for step in lines.iter().filter_map(step) {
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
        Self(steps)
    }

    /// Its steps, each different from the one before.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The calls that rang.
    #[must_use]
    pub fn rang(&self) -> BTreeSet<&str> {
        self.calls("incoming")
    }

    /// How the last call ended.
    #[must_use]
    pub fn end(&self) -> Option<&str> {
        let ends = self.0.iter().rev();
        ends.filter_map(|it| it.state.strip_prefix("ended ")).next()
    }

    /// Checks that this life is possible, and that every call was with `other`.
    ///
    /// # Errors
    /// When it is not.
    pub fn is_possible_with(&self, other: &str) -> Result<()> {
        for pair in self.0.windows(2) {
            let [before, after] = pair else { continue };
            let same_call = before.call == after.call;
            let (from, to) = (kind(&before.state), kind(&after.state));
            let possible = POSSIBLE.contains(&(from, to, same_call));
            ensure!(possible, "{before:?} → {after:?} in {self:?}");
        }
        let mut over = BTreeSet::new();
        for step in self.0.iter().filter(|it| !it.call.is_empty()) {
            ensure!(step.peer == other, "a call with somebody else: {step:?}");
            ensure!(!over.contains(&step.call), "a call came back: {self:?}");
            if kind(&step.state) == "ended" {
                over.insert(&step.call);
            }
        }
        Ok(())
    }

    /// The calls that were in a state that begins like this.
    fn calls(&self, state: &str) -> BTreeSet<&str> {
        let steps = self.0.iter().filter(|it| !it.call.is_empty());
        let of_kind = steps.filter(|it| it.state.starts_with(state));
        of_kind.map(|it| it.call.as_str()).collect()
    }
}

/// Checks the lives of two who called nobody but each other: each life is possible, nothing rang at
/// one of which the other does not know, nothing rang at both, and both say the same of a call's
/// end.
///
/// # Errors
/// When that is not so.
pub fn agree(ada: (&Story, &str), bea: (&Story, &str)) -> Result<()> {
    for ((story, _), (other, address)) in [(ada, bea), (bea, ada)] {
        story.is_possible_with(address)?;
        // The moment of dialling may pass unseen, the whole call does not.
        let known = other.calls("");
        let false_rings: Vec<_> = story.rang().difference(&known).copied().collect();
        ensure!(
            false_rings.is_empty() && story.rang().is_disjoint(&other.rang()),
            "false rings {false_rings:?} in {story:?}, the other side lived through {other:?}"
        );
        for step in story.0.iter().filter(|it| kind(&it.state) == "ended") {
            let theirs = other
                .0
                .iter()
                .find(|it| it.call == step.call && kind(&it.state) == "ended");
            if let Some(theirs) = theirs {
                let both = (step.state.as_str(), theirs.state.as_str());
                let fits = ENDS.iter().any(|it| *it == both || *it == (both.1, both.0));
                ensure!(fits, "the two disagree: {both:?}");
            }
        }
    }
    Ok(())
}

/// Which step follows which, and whether within the same call.
const POSSIBLE: &[(&str, &str, bool)] = &[
    ("idle", "calling", false),
    ("idle", "incoming", false),
    ("calling", "ringing", true),
    ("calling", "connecting", true),
    ("calling", "ended", true),
    ("ringing", "connecting", true),
    ("ringing", "ended", true),
    ("incoming", "connecting", true),
    ("incoming", "ended", true),
    ("connecting", "connected", true),
    ("connecting", "ended", true),
    ("connected", "reconnecting", true),
    ("connected", "ended", true),
    ("reconnecting", "connected", true),
    ("reconnecting", "ended", true),
    ("ended", "idle", false),
    ("ended", "calling", false),
    ("ended", "incoming", false),
    // What lasts for a moment may pass unseen: a program tells the newest view, not each.
    ("idle", "ringing", false),
    ("idle", "connecting", false),
    ("idle", "ended", false),
    ("ended", "ringing", false),
    ("ended", "connecting", false),
    ("calling", "connected", true),
    ("ringing", "connected", true),
    ("incoming", "connected", true),
];

/// What the two sides may say of the end of one call.
const ENDS: &[(&str, &str)] = &[
    ("ended localHangup", "ended remoteHangup"),
    ("ended localHangup", "ended localHangup"),
    ("ended cancelled", "ended missed"),
    ("ended noAnswer", "ended missed"),
    ("ended unreachable", "ended missed"),
    ("ended remoteDeclined", "ended declined"),
    ("ended noPath", "ended noPath"),
    ("ended peerGone", "ended peerGone"),
    ("ended connectionLost", "ended connectionLost"),
    ("ended noAccess", "ended noAccess"),
    ("ended serverUnreachable", "ended serverUnreachable"),
    ("ended serverRefused", "ended serverRefused"),
    ("ended serverEnded", "ended serverEnded"),
    // Whoever cannot use the server tells the other one no more than that.
    ("ended noAccess", "ended serverUnreachable"),
    ("ended noAccess", "ended missed"),
    ("ended serverRefused", "ended serverUnreachable"),
    ("ended serverEnded", "ended serverUnreachable"),
    // Where the acceptance was lost.
    ("ended cancelled", "ended remoteHangup"),
    // Where the goodbye itself was lost, and the question about the call was answered.
    ("ended localHangup", "ended peerGone"),
    ("ended cancelled", "ended peerGone"),
];

/// The state without what surrounds it: a call on its way is known by its phase.
fn kind(state: &str) -> &str {
    match state.split_once(' ') {
        Some(("ended", _)) => "ended",
        Some((_, phase)) => phase,
        None => state,
    }
}

fn step(line: &Value) -> Option<Step> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let detail = match line["state"].as_str()? {
        "outgoing" | "active" => format!(" {}", text(&line["phase"])),
        "ended" => format!(" {}", text(&line["reason"])),
        _ => String::new(),
    };
    Some(Step {
        state: format!("{}{detail}", text(&line["state"])),
        call: text(&line["call"]),
        peer: text(&line["peer"]["address"]),
    })
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.state, self.call)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn story(steps: &[(&str, &str, &str)]) -> Story {
        let line = |(state, detail, call): &(&str, &str, &str)| {
            let peer = json!({ "address": "tincan:x" });
            json!({ "state": state, "phase": detail, "reason": detail, "call": call, "peer": peer })
        };
        Story::of(&steps.iter().map(line).collect::<Vec<_>>())
    }

    fn possible(steps: &[(&str, &str, &str)]) -> bool {
        story(steps).is_possible_with("tincan:x").is_ok()
    }

    #[test]
    fn a_whole_call_is_possible() {
        assert!(possible(&[
            ("outgoing", "calling", "1"),
            ("outgoing", "calling", "1"),
            ("outgoing", "ringing", "1"),
            ("active", "connecting", "1"),
            ("active", "connected", "1"),
            ("active", "reconnecting", "1"),
            ("active", "connected", "1"),
            ("ended", "remoteHangup", "1"),
            ("incoming", "", "2"),
        ]));
    }

    #[test]
    fn false_states_are_found() {
        let table: &[&[(&str, &str, &str)]] = &[
            &[("incoming", "", "1"), ("outgoing", "ringing", "1")],
            &[("idle", "", ""), ("active", "connected", "1")],
            &[("outgoing", "calling", "1"), ("incoming", "", "2")],
            &[("outgoing", "calling", "1"), ("outgoing", "ringing", "2")],
            &[
                ("incoming", "", "1"),
                ("ended", "missed", "1"),
                ("incoming", "", "1"),
            ],
        ];
        for steps in table {
            assert!(!possible(steps), "{steps:?}");
        }
        let with_other = story(&[("incoming", "", "1")]).is_possible_with("tincan:y");
        assert!(with_other.is_err());
    }

    #[test]
    fn a_ring_that_nobody_dialled_and_ends_that_differ_are_found() {
        let x = "tincan:x";
        let judge = |ada: &Story, bea: &Story| agree((ada, x), (bea, x)).is_ok();
        let dialled = story(&[("outgoing", "calling", "1"), ("ended", "cancelled", "1")]);
        let missed = story(&[("incoming", "", "1"), ("ended", "missed", "1")]);
        let busy = story(&[("incoming", "", "1"), ("ended", "connectionLost", "1")]);
        let other = story(&[("incoming", "", "2")]);
        let unseen = story(&[("active", "connecting", "1"), ("ended", "cancelled", "1")]);
        assert!(judge(&dialled, &missed) && judge(&missed, &dialled));
        assert!(judge(&unseen, &missed));
        assert!(!judge(&dialled, &busy));
        assert!(!judge(&dialled, &other));
        assert!(!judge(&missed, &missed));
    }
}
