//! Who else is in the room, and what they publish.

use super::cause::Reason;
use super::event::{Participant, Sid};
use super::read;
use crate::livekit::proto::model::ParticipantInfo;

/// The others, as last told. Bounded by [`MAX_OTHERS`]; whoever comes beyond it is not seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    others: Vec<Known>,
    /// Whether the next list that has ourselves in it is of everybody: after a resume the server
    /// tells so whom it has.
    awaits_all: bool,
}

/// Somebody and the number of what was last told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    version: u32,
    participant: Participant,
}

/// What became of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Present(Participant),
    Gone(Sid, Reason),
}

impl Roster {
    /// After a resume: who is missing in the list that follows has left unheard.
    pub(super) fn await_all(&mut self) {
        self.awaits_all = true;
    }

    /// Takes news of several in; `us` is our own name.
    pub(super) fn update(&mut self, us: &Sid, infos: &[ParticipantInfo]) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.awaits_all && infos.iter().any(|it| it.sid == us.as_str()) {
            self.awaits_all = false;
            self.forget_all_but(infos, &mut changes);
        }
        for info in infos.iter().filter(|it| it.sid != us.as_str()) {
            changes.extend(self.one(info));
            if changes.len() >= MAX_CHANGES {
                break;
            }
        }
        changes
    }

    fn forget_all_but(&mut self, infos: &[ParticipantInfo], changes: &mut Vec<Change>) {
        self.others.retain(|known| {
            let sid = &known.participant.sid;
            let stays = infos.iter().any(|it| it.sid == sid.as_str());
            if !stays {
                changes.push(Change::Gone(sid.clone(), Reason::Unknown));
            }
            stays
        });
    }

    fn one(&mut self, info: &ParticipantInfo) -> Option<Change> {
        let participant = read::participant(info)?;
        let sid = participant.sid.clone();
        let at = self.others.iter().position(|it| it.participant.sid == sid);
        if let Some(reason) = read::departure(info) {
            // Who was never present does not leave.
            self.others.remove(at?);
            return Some(Change::Gone(sid, reason));
        }
        let known = Known {
            version: info.version,
            participant: participant.clone(),
        };
        match at {
            Some(at) => {
                let old = self.others.get_mut(at)?;
                // An older number is news that was overtaken.
                if info.version < old.version || *old == known {
                    return None;
                }
                *old = known;
            }
            None if self.others.len() >= MAX_OTHERS => return None,
            None => self.others.push(known),
        }
        Some(Change::Present(participant))
    }
}

/// In a room of two there is one. More is a room of somebody else's making, where a few are kept so
/// that none is mistaken for another.
const MAX_OTHERS: usize = 8;
/// Changes of one message: everybody leaves, and as many come.
const MAX_CHANGES: usize = 2 * MAX_OTHERS;
