//! What a person reads who runs the program without `--json`.

use call::view::{ActivePhase, CallView, Lacking, OutgoingPhase};
use engine::Said;
use engine::view::{
    DeviceNow, DeviceProblem, EngineView, RelayProblem, RelayView, ShareProblem, ShareView,
    TextState,
};
use identity::Invite;

use crate::figures::words_to_compare;
use crate::outcome;
use crate::recordings;

/// Everything that is true now and worth a line: of the call or of the relay, and of what is
/// missing.
pub(crate) fn sentences(view: &EngineView) -> Vec<String> {
    let mut all = vec![match &view.call {
        CallView::Idle => relay(&view.relay).to_owned(),
        call => of_call(call),
    }];
    let guest = view.summary.and_then(|it| it.guest_relay);
    all.extend(guest_relay(&view.call, guest).map(str::to_owned));
    all.extend(words_to_compare(view).map(|(_, words)| compare(words)));
    for (what, device) in [
        ("camera", &view.camera),
        ("microphone", &view.microphone),
        ("speaker", &view.speaker),
    ] {
        if let DeviceNow::Failed { problem, .. } = &device.now {
            all.push(format!("The {what} {}.", device_problem(*problem)));
        }
    }
    if let CallView::Active {
        remote_lacking,
        sharing,
        ..
    } = &view.call
    {
        all.extend(lacking(*remote_lacking).map(str::to_owned));
        if sharing.theirs {
            all.push("The other side shares a screen.".to_owned());
        }
    }
    all.extend(share(&view.share));
    all.extend(recordings::sentences(view));
    all
}

/// What is shared, or why nothing is.
fn share(share: &ShareView) -> Option<String> {
    match share {
        ShareView::Off { problem: None } | ShareView::Starting => None,
        ShareView::Off {
            problem: Some(problem),
        } => Some(share_problem(*problem).to_owned()),
        ShareView::On {
            name,
            hidden: false,
            ..
        } => Some(format!("You share {name}.")),
        ShareView::On {
            name, hidden: true, ..
        } => Some(format!("You share {name}, which is minimised.")),
    }
}

fn share_problem(problem: ShareProblem) -> &'static str {
    match problem {
        ShareProblem::Gone => "What you shared was closed, so nothing is shared any more.",
        ShareProblem::NeedsDisplay => "Screen sharing needs a display.",
        ShareProblem::NeedsX11Session => {
            "Screen sharing needs a session of X11; this one is of Wayland."
        }
        ShareProblem::NeedsX11Extensions => {
            "Screen sharing needs extensions of X11 that this display lacks."
        }
        ShareProblem::NeedsOtherSystem => "Screen sharing needs Linux with X11.",
        ShareProblem::Unreadable => "The clip to share cannot be read.",
        ShareProblem::Failed => "Sharing failed; see the log.",
    }
}

/// What to do with the words of a call.
fn compare(words: &[String; 4]) -> String {
    let words = words.join(" ");
    format!(
        "Words: {words} – compare them with the other side; say `match` when they are the same."
    )
}

/// Who was understood to be called.
pub(crate) fn calling(to: &Invite) -> String {
    let name = to.name.as_deref().unwrap_or_default();
    let who = match name {
        "" => to.address.to_string(),
        name => format!("{name} ({})", to.address),
    };
    match &to.relay {
        Some(relay) => format!("Calling {who} through {relay}."),
        None => format!("Calling {who}."),
    }
}

/// What is said in text, and of ours what became of it where that is not what is hoped for.
pub(crate) fn sentence_of(said: &Said) -> Option<String> {
    let text = said.text.text.as_str();
    let name = match said.peer.name.as_str() {
        "" => "They",
        name => name,
    };
    match said.text.state {
        TextState::Received => Some(format!("{name}: {text}")),
        TextState::Failed => Some(format!("Not delivered: {text}")),
        TextState::Sent | TextState::Delivered => None,
    }
}

fn relay(relay: &RelayView) -> &'static str {
    match relay {
        RelayView::None => "No relay is set.",
        RelayView::Connecting => "Connecting to the relay…",
        RelayView::Online => "Ready for calls.",
        RelayView::Offline { problem } => match problem {
            RelayProblem::Unreachable => "The relay does not answer; trying again.",
            RelayProblem::NotARelay => "What answers is no relay; trying again.",
            RelayProblem::Refused => "The relay speaks another version; trying again.",
            RelayProblem::BadProof => {
                "The relay does not know itself by this address; a proxy before it may change the address. Trying again."
            }
            RelayProblem::Full => "The relay is full; trying again.",
            RelayProblem::TakenOver => {
                "Another copy of this program took over the address; say `reconnect` to take it back."
            }
            RelayProblem::CertificateUntrusted => {
                "The relay's certificate comes from nobody whom this machine trusts; trying again."
            }
            RelayProblem::CertificateExpired => {
                "The relay's certificate is not valid now, or a clock is wrong; trying again."
            }
            RelayProblem::CertificateOtherName => {
                "The relay's certificate is for another name; trying again."
            }
            RelayProblem::Unencrypted => {
                "The relay of the invite is far away and not encrypted; it is not used."
            }
        },
    }
}

/// Why the relay that the invite names is not there, while we wait for it.
fn guest_relay(call: &CallView, problem: Option<RelayProblem>) -> Option<&'static str> {
    let CallView::Outgoing { .. } = call else {
        return None;
    };
    problem.map(|problem| relay(&RelayView::Offline { problem }))
}

fn of_call(call: &CallView) -> String {
    match call {
        CallView::Idle => String::new(),
        CallView::Outgoing { phase, .. } => match phase {
            OutgoingPhase::Calling => "Calling…".to_owned(),
            OutgoingPhase::Ringing => "It rings…".to_owned(),
        },
        CallView::Incoming { peer, known, .. } => {
            let who = or_somebody(&peer.name);
            let stranger = if *known {
                ""
            } else {
                ", whom you never spoke with,"
            };
            format!("{who}{stranger} is calling.")
        }
        CallView::Active { phase, peer, .. } => {
            let who = or_somebody(&peer.name);
            match phase {
                ActivePhase::Connecting => format!("Connecting with {who}…"),
                ActivePhase::Connected => format!("Connected with {who}."),
                ActivePhase::Reconnecting => format!("Reconnecting with {who}…"),
            }
        }
        CallView::Ended { reason, .. } => format!("Ended: {}.", outcome::words(*reason)),
    }
}

const fn device_problem(problem: DeviceProblem) -> &'static str {
    match problem {
        DeviceProblem::Missing => "was not found",
        DeviceProblem::Busy => "is in use by another program",
        DeviceProblem::Refused => "may not be used: the system refuses it",
        DeviceProblem::Lost => "was lost",
        DeviceProblem::Unusable => "cannot be used",
    }
}

fn lacking(lacking: Lacking) -> impl Iterator<Item = &'static str> {
    [
        (lacking.camera, "The other side's camera does not work."),
        (
            lacking.microphone,
            "The other side's microphone does not work.",
        ),
    ]
    .into_iter()
    .filter_map(|(is, text)| is.then_some(text))
}

fn or_somebody(name: &str) -> &str {
    if name.is_empty() { "somebody" } else { name }
}

#[cfg(test)]
mod tests {
    use call::id::Peer;
    use call::view::Controls;

    use super::*;

    #[test]
    fn the_words_of_a_call_are_told_with_what_to_do_with_them() {
        let words = ["river", "cactus", "oven", "lamp"].map(str::to_owned);
        let told = compare(&words);
        assert!(
            told.starts_with("Words: river cactus oven lamp – compare"),
            "{told}"
        );
    }

    #[test]
    fn who_calls_through_the_relay_of_an_invite_is_told_why_it_is_not_there() {
        let call = CallView::Outgoing {
            call: String::new(),
            peer: Peer {
                address: "tincan:x".to_owned(),
                name: String::new(),
            },
            phase: OutgoingPhase::Calling,
            local: Controls {
                microphone: true,
                camera: true,
            },
        };
        let told = guest_relay(&call, Some(RelayProblem::Unencrypted)).unwrap();
        assert!(told.contains("not encrypted"), "{told}");
        assert_eq!(guest_relay(&call, None), None);
        let idle = guest_relay(&CallView::Idle, Some(RelayProblem::Unencrypted));
        assert_eq!(idle, None, "then the sentence is about our own relay");
    }
}
