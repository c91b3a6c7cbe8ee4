//! What the log says, and what it must not.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::two_sides::{Side, in_conversation, millis, settle};

/// Keeps every line with its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a text takes all");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut lines = self.0.lock().expect("nobody panics with the lock");
        lines.push((*event.metadata().level(), line.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The lines that something leaves in the log.
fn log_of(something: impl FnOnce()) -> Vec<(Level, String)> {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), something);
    let lines = log.0.lock().expect("nobody panics with the lock");
    lines.clone()
}

#[test]
fn each_dropped_frame_has_a_line_with_its_reason_and_no_secret() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    let lines = log_of(|| {
        let mut eve = Side::new();
        eve.say(now, bob.address, 1, b"invite");
        settle(now, &mut eve, &mut bob);
        ann.say(now, bob.address, 1, b"top secret");
        let data = ann.only();
        bob.take(now, ann.address, &data);
        bob.take(now, ann.address, &data);
        bob.take(now, ann.address, b"{}");
        bob.restart();
        bob.take(now, ann.address, &data);
    });
    let said: Vec<_> = lines.iter().map(|(_, line)| line.as_str()).collect();
    for reason in ["a repeated number", "not sealed", "an unknown session"] {
        assert!(
            said.iter().any(|it| it.contains(reason)),
            "{reason}: {said:?}"
        );
    }
    let addresses = [&ann, &bob].map(|it| it.address.to_string());
    // Messages also as a list of their bytes.
    let messages = [&b"top secret"[..], b"invite"].map(|it| format!("{it:?}"));
    let messages = messages.iter().map(|it| it.trim_matches(['[', ']']));
    let secrets = addresses.iter().map(|it| it.trim_start_matches("tincan:"));
    let secrets: Vec<_> = secrets
        .chain(messages)
        .chain(["secret", "invite"])
        .collect();
    let words = ann.words[0].1;
    for line in said {
        let told = secrets.iter().find(|it| line.contains(**it));
        assert_eq!(told, None, "{line}");
        // One of them alone may be a word of ours: "session" is in the list.
        assert!(!words.iter().all(|it| line.contains(it)), "{line}");
    }
}

#[test]
fn a_flood_leaves_few_warnings() {
    let start = Instant::now();
    let mut bob = Side::new();
    let lines = log_of(|| {
        for number in 0..400 {
            let mut stranger = Side::new();
            let now = start + millis(number * 5);
            stranger.say(now, bob.address, 1, b"invite");
            bob.take(now, stranger.address, &stranger.only());
        }
    });
    let warnings = lines.iter().filter(|(level, _)| *level == Level::WARN);
    // Three at once and one a second, in two seconds.
    assert!((3..=5).contains(&warnings.count()), "{lines:?}");
}
