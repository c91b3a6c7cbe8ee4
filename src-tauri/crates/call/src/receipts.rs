//! What the two sides hear and show of each other, and who is to blame when they do not.
//!
//! Once a second each side tells what it captured, received and played. Of the two receipts, and of
//! what each says that it sends, follows where along the way something is lost. A verdict has to
//! last before it counts: a second of loss is concealed, a pause is no silence.

use std::time::Duration;

use crate::message::Receipt;
use crate::time::Timestamp;
use crate::view::{Controls, Culprit, Received};

/// Receipts of both sides, and for how many seconds in a row each suspicion has held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Receipts {
    ours: Option<Receipt>,
    theirs: Option<(Timestamp, Receipt)>,
    unreceived: Unreceived,
    seconds: [u8; Culprit::ALL.len()],
}

/// What we send and they said last that they do not receive. Kept where they fall silent after it:
/// a side that hears nothing may not get another word through, for its channel waits for answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Unreceived {
    sound: bool,
    pictures: bool,
}

impl Receipts {
    /// What the other side says of the last second.
    pub(crate) fn on_theirs(&mut self, now: Timestamp, receipt: Receipt) {
        self.theirs = Some((now, receipt));
    }

    /// What is true here of the last second. `local` and `remote` is what the two sides send.
    pub(crate) fn on_ours(
        &mut self,
        now: Timestamp,
        receipt: Receipt,
        local: Controls,
        remote: Controls,
    ) {
        self.ours = Some(receipt);
        let theirs = self.fresh(now);
        if let Some(theirs) = theirs {
            self.unreceived.update(theirs, receipt, local);
        }
        let unreceived = self.unreceived.of(local);
        for (culprit, seconds) in Culprit::ALL.iter().zip(&mut self.seconds) {
            let told = *culprit == Culprit::Network && (unreceived.sound || unreceived.pictures);
            let suspected = told || is_suspected(*culprit, receipt, theirs, local, remote);
            *seconds = if suspected {
                seconds.saturating_add(1)
            } else {
                0
            };
        }
    }

    /// The path was lost: what came before says nothing of what comes after.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether what we send is heard and seen. Null where we send nothing, or nothing is known.
    pub(crate) fn received(&self, now: Timestamp, local: Controls) -> Received {
        let theirs = self.fresh(now);
        let heard = |it: Receipt| {
            let is_quiet = self.ours.is_none_or(|ours| ours.captured < CLEARLY_LOUD);
            it.packets > 0 && it.played && (is_quiet || it.loudness > Receipt::SILENCE)
        };
        let Unreceived { sound, pictures } = self.unreceived.of(local);
        let (unheard, unseen) = (sound.then_some(false), pictures.then_some(false));
        Received {
            heard: theirs.map_or(unheard, |it| Some(heard(it)).filter(|_| local.microphone)),
            seen: theirs.map_or(unseen, |it| Some(it.shown > 0).filter(|_| local.camera)),
        }
    }

    /// Who is to blame for what is not heard or seen, if anything has not been for a while.
    pub(crate) fn culprit(&self) -> Option<Culprit> {
        let held = Culprit::ALL.iter().zip(self.seconds);
        held.filter(|(culprit, seconds)| *seconds >= patience(**culprit))
            .map(|(culprit, _)| *culprit)
            .next()
    }

    /// What the other side said last, if that was just now.
    fn fresh(&self, now: Timestamp) -> Option<Receipt> {
        let (at, receipt) = self.theirs?;
        (now.since(at) <= FRESH).then_some(receipt)
    }
}

impl Unreceived {
    /// They say this of the last second. That nothing comes of what is not sent is no news.
    fn update(&mut self, theirs: Receipt, ours: Receipt, local: Controls) {
        let is_filmed = local.camera && ours.filmed > 0;
        self.sound = theirs.packets == 0 && (self.sound || local.microphone);
        self.pictures = theirs.frames == 0 && (self.pictures || is_filmed);
    }

    /// Of that, what is sent now.
    fn of(self, local: Controls) -> Self {
        Self {
            sound: self.sound && local.microphone,
            pictures: self.pictures && local.camera,
        }
    }
}

fn is_suspected(
    culprit: Culprit,
    ours: Receipt,
    theirs: Option<Receipt>,
    local: Controls,
    remote: Controls,
) -> bool {
    let says = |is: fn(Receipt) -> bool| theirs.is_some_and(is);
    match culprit {
        Culprit::MyMicrophone => local.microphone && ours.captured <= Receipt::SILENCE,
        Culprit::MyCamera => local.camera && ours.filmed == 0,
        Culprit::Network => {
            (remote.microphone && ours.packets == 0)
                || (remote.camera && ours.frames == 0 && says(|it| it.filmed > 0))
        }
        Culprit::MySpeaker => remote.microphone && ours.packets > 0 && !ours.played,
        Culprit::MyScreen => remote.camera && ours.frames > 0 && ours.shown == 0,
        Culprit::TheirMicrophone => remote.microphone && says(|it| it.captured <= Receipt::SILENCE),
        Culprit::TheirCamera => remote.camera && says(|it| it.filmed == 0),
        Culprit::TheirSpeaker => local.microphone && says(|it| it.packets > 0 && !it.played),
        Culprit::TheirScreen => local.camera && says(|it| it.frames > 0 && it.shown == 0),
    }
}

/// For how many seconds a suspicion has to hold.
fn patience(culprit: Culprit) -> u8 {
    match culprit {
        // A device may take as long to start.
        Culprit::MyMicrophone
        | Culprit::MyCamera
        | Culprit::TheirMicrophone
        | Culprit::TheirCamera => 5,
        // Longer than what the path's own loss takes to show.
        Culprit::Network
        | Culprit::MySpeaker
        | Culprit::MyScreen
        | Culprit::TheirSpeaker
        | Culprit::TheirScreen => 3,
    }
}

/// Receipts come once a second; two in a row may be lost.
const FRESH: Duration = Duration::from_millis(3500);

/// Speech, and no noise of a room: whoever plays it decodes more than silence.
const CLEARLY_LOUD: i8 = -40;
