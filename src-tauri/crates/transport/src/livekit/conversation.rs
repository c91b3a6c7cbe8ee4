//! Who has heard whom over the data channel: greetings until the first answer, and the numbers by
//! which a repetition shows. Pure.
//!
//! What is said is encrypted, so whoever passes it on can only lose, hold back and repeat it. Each
//! answer counts once, and none to a greeting before one that was answered; each message is taken
//! once. So what is new proves that the other side was there when it was said.

use bytes::Bytes;

use super::signal::Sid;
use super::speech::{Frames, Speech};

/// One session's part of it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// How our frames are known, which each greeting and each answer tells.
    frames: Frames,
    /// The number of the last greeting of ours, and the last that was answered.
    asked: u64,
    answered: u64,
    /// The number of the last message of ours, and the last of theirs.
    said: u64,
    heard: u64,
    /// The other side has greeted: it has the keys.
    is_met: bool,
    /// The other side has heard us, and we it.
    is_greeted: bool,
    /// Who that is in the room.
    other: Option<Sid>,
}

/// What something that was said means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// They want to know whether we are there.
    Greeting {
        /// To be said at once.
        answer: Speech,
        /// Ours may have come before they had the keys, so it is time for another one.
        greet: bool,
    },
    /// They have heard us.
    Answer,
    /// A message of the call.
    Message(Bytes),
    /// It was said before.
    Repeated,
}

impl Conversation {
    /// One whose frames are known like this.
    pub(super) fn new(frames: Frames) -> Self {
        Self {
            frames,
            ..Self::default()
        }
    }

    /// Whether both sides have heard each other.
    pub(super) const fn is_greeted(&self) -> bool {
        self.is_greeted
    }

    /// Whether this participant is the other side: the first one of whom something new was heard.
    /// Whoever repeats it later is not.
    pub(super) fn is_with(&self, who: &Sid) -> bool {
        self.other.as_ref() == Some(who)
    }

    /// The next greeting.
    pub(super) const fn greeting(&mut self) -> Speech {
        self.asked += 1;
        Speech::Greeting {
            number: self.asked,
            frames: self.frames,
        }
    }

    /// The next message.
    pub(super) const fn message(&mut self, content: Bytes) -> Speech {
        self.said += 1;
        let number = self.said;
        Speech::Message { number, content }
    }

    /// Takes what a participant said, as the server names them.
    pub(super) fn hear(&mut self, from: Option<Sid>, speech: Speech) -> Heard {
        match speech {
            Speech::Greeting { number, .. } => Heard::Greeting {
                answer: Speech::Answer {
                    number,
                    frames: self.frames,
                },
                // Once: many greetings that arrive together would else make as many.
                greet: !std::mem::replace(&mut self.is_met, true) && !self.is_greeted,
            },
            Speech::Answer { number, .. } if self.answered < number && number <= self.asked => {
                self.answered = number;
                self.meet(from);
                Heard::Answer
            }
            Speech::Message { number, content } if number > self.heard => {
                self.heard = number;
                // Whoever says something has heard our answer.
                self.meet(from);
                Heard::Message(content)
            }
            Speech::Answer { .. } | Speech::Message { .. } => Heard::Repeated,
        }
    }

    fn meet(&mut self, who: Option<Sid>) {
        self.is_greeted = true;
        if self.other.is_none() {
            self.other = who;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(text: &str) -> Option<Sid> {
        Sid::parse(text)
    }

    #[test]
    fn both_meet_when_each_has_answered_the_other() {
        let (mut ann, mut bea) = (Conversation::default(), Conversation::default());
        let Heard::Greeting { answer, greet } = bea.hear(sid("PA_ann"), ann.greeting()) else {
            panic!("a greeting is one");
        };
        assert!(greet && !bea.is_greeted());
        assert_eq!(ann.hear(sid("PA_bea"), answer), Heard::Answer);
        assert!(ann.is_greeted() && ann.is_with(&sid("PA_bea").unwrap()));
        let message = Bytes::from_static(b"mute");
        let heard = bea.hear(sid("PA_ann"), ann.message(message.clone()));
        assert_eq!(heard, Heard::Message(message), "she has heard the answer");
        assert!(bea.is_greeted() && bea.is_with(&sid("PA_ann").unwrap()));
    }

    #[test]
    fn what_is_repeated_proves_nothing_and_makes_nobody_the_other_side() {
        let mut ann = Conversation::default();
        let greetings = [(); 3].map(|()| ann.greeting());
        let frames = None;
        let numbered = |number| Speech::Greeting { number, frames };
        assert_eq!(greetings, [1, 2, 3].map(numbered));
        let cases = [
            (4, Heard::Repeated, "nobody asked that"),
            (0, Heard::Repeated, "nor that"),
            (2, Heard::Answer, "late, and the first"),
            (2, Heard::Repeated, "again"),
            (1, Heard::Repeated, "older than one that was answered"),
            (3, Heard::Answer, "the newest"),
        ];
        for (number, expected, why) in cases {
            let from = if expected == Heard::Answer {
                "PA_bea"
            } else {
                "PA_eve"
            };
            assert_eq!(
                ann.hear(sid(from), Speech::Answer { number, frames }),
                expected,
                "{why}"
            );
        }
        let message = |number| Speech::Message {
            number,
            content: Bytes::new(),
        };
        assert_eq!(
            ann.hear(sid("PA_bea"), message(7)),
            Heard::Message(Bytes::new())
        );
        assert_eq!(ann.hear(sid("PA_eve"), message(7)), Heard::Repeated);
        assert_eq!(ann.hear(sid("PA_eve"), message(6)), Heard::Repeated);
        assert!(ann.is_with(&sid("PA_bea").unwrap()));
    }
}
