//! Recordings: what the user wants of them, what the other side says of them, and what is written.

use super::Phone;
use crate::id::RecordingId;
use crate::input::Consent;
use crate::message::{Allows, Body, Record, RecordOver, Recorded, Statement, Wants};
use crate::output::Output;
use crate::recording::{Asked, Ours, Over, Recordings, Theirs};
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};
use crate::view::RecordingEnd;

impl Phone {
    /// The user wants to record, and signed that.
    pub(super) fn ask_to_record(&mut self, now: Timestamp, id: RecordingId, statement: Statement) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        match recordings.ours {
            Ours::Off | Ours::Over(_) => {}
            Ours::Asking { .. } | Ours::Running { .. } => return,
        }
        recordings.want(Ours::Asking {
            id,
            statement,
            since: now,
            asked: Asked::Unheard,
        });
        self.say_of_recordings(now);
    }

    /// The user agrees to the recording that was shown, and signed that.
    pub(super) fn agree_to_record(
        &mut self,
        now: Timestamp,
        id: RecordingId,
        statement: Statement,
    ) {
        let since_ms = self.recorded_since(now);
        let Some(recordings) = self.recordings() else {
            return;
        };
        match recordings.theirs {
            Theirs::Asked { id: shown } if shown == id => {}
            Theirs::Off | Theirs::Asked { .. } | Theirs::Running { .. } | Theirs::Over(_) => {
                return;
            }
        }
        tracing::info!(recording = %id, "the user agrees to be recorded");
        recordings.theirs = Theirs::Running {
            id,
            since_ms,
            untold: Some(statement),
        };
        self.say_of_recordings(now);
    }

    /// The user does not want the recording that was shown.
    pub(super) fn refuse_to_record(&mut self, now: Timestamp, id: RecordingId) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        match recordings.theirs {
            Theirs::Asked { id: shown } if shown == id => {
                recordings.quiet_until = Some(now + after::ASK_TO_RECORD_AGAIN);
                self.end_theirs(RecordingEnd::Refused, Some(RecordOver::Refused));
                self.say_of_recordings(now);
            }
            Theirs::Off | Theirs::Asked { .. } | Theirs::Running { .. } | Theirs::Over(_) => {}
        }
    }

    /// The user wants no recording any more: our question is withdrawn, and what runs ends, whoever
    /// writes it.
    pub(super) fn stop_recording(&mut self, now: Timestamp) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        match recordings.theirs {
            Theirs::Running { .. } => {
                self.end_theirs(RecordingEnd::StoppedByUs, Some(RecordOver::Stopped));
            }
            Theirs::Off | Theirs::Asked { .. } | Theirs::Over(_) => {}
        }
        self.end_ours(RecordingEnd::StoppedByUs, Some(RecordOver::Stopped));
        self.say_of_recordings(now);
    }

    /// Our recording cannot be written.
    pub(super) fn on_recording_failed(&mut self, now: Timestamp, id: RecordingId) {
        if self.recordings().is_some_and(|it| it.ours.id() == Some(id)) {
            self.end_ours(RecordingEnd::Failed, Some(RecordOver::Failed));
            self.say_of_recordings(now);
        }
    }

    /// The other side speaks of its recording.
    pub(super) fn on_record(&mut self, now: Timestamp, record: Record) {
        let Record { id, stance } = record;
        let Some(recordings) = self.recordings() else {
            return;
        };
        let is_it = recordings.theirs.id() == Some(id);
        match stance {
            Wants::Asked { statement } => self.on_asked(now, id, statement),
            Wants::Running if is_it => match &mut recordings.theirs {
                Theirs::Running { untold, .. } => *untold = None,
                // They cannot know that we agree, for we do not.
                Theirs::Asked { .. } | Theirs::Off | Theirs::Over(_) => self.forbid(id),
            },
            Wants::Running => self.forbid(id),
            Wants::Over { why, heard } => {
                if is_it {
                    self.end_theirs(end_by_them(why), None);
                } else if let Theirs::Over(over) = &mut recordings.theirs
                    && over.id == id
                {
                    over.untold = None;
                }
                if !heard {
                    let (why, heard) = (RecordOver::Stopped, true);
                    let stance = Allows::Over { why, heard };
                    self.tell_of_recording(Body::Recorded(Recorded { id, stance }));
                }
            }
        }
    }

    /// The other side speaks of our recording.
    pub(super) fn on_recorded(&mut self, now: Timestamp, recorded: Recorded) {
        let Recorded { id, stance } = recorded;
        let Some(recordings) = self.recordings() else {
            return;
        };
        let is_it = recordings.ours.id() == Some(id);
        match stance {
            Allows::Shown => {
                if let Ours::Asking { asked, .. } = &mut recordings.ours
                    && is_it
                {
                    *asked = Asked::Shown;
                }
            }
            Allows::Agreed { statement } => self.on_agreed(id, statement),
            Allows::Over { why, heard } => {
                recordings.is_told(id);
                if is_it {
                    self.end_ours(end_by_them(why), None);
                }
                if !heard {
                    let (why, heard) = (RecordOver::Stopped, true);
                    let stance = Wants::Over { why, heard };
                    self.tell_of_recording(Body::Record(Record { id, stance }));
                }
            }
        }
        self.wait_for_recordings(now);
    }

    /// What the other side signed was signed by their key.
    pub(super) fn on_consent(&mut self, now: Timestamp, consent: Consent) {
        match consent {
            Consent::Asks { id } => self.show_question(now, id),
            Consent::Agrees { id, theirs } => self.begin_to_record(now, id, theirs),
        }
    }

    /// Says what waits for an answer, and looks after questions that get none.
    pub(super) fn on_recording_timeout(&mut self, now: Timestamp) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        if let Ours::Asking { since, asked, .. } = &recordings.ours {
            let waited = now.since(*since);
            match asked {
                Asked::Unheard if waited >= after::RECORD_UNHEARD => {
                    self.end_ours(RecordingEnd::NotSupported, None);
                }
                Asked::Shown if waited >= after::RECORD_NO_ANSWER => {
                    self.end_ours(RecordingEnd::NoAnswer, Some(RecordOver::NoAnswer));
                }
                Asked::Unheard | Asked::Shown => {}
            }
        }
        self.say_of_recordings(now);
    }

    /// The call is over, and with it what is written of it.
    pub(super) fn stop_recording_with_call(&mut self) {
        if let Some(recordings) = self.recordings()
            && let Ours::Running { .. } = recordings.ours
        {
            self.outputs.push_back(Output::StopRecording);
        }
    }

    /// They ask. What they signed is checked before the user is bothered.
    fn on_asked(&mut self, now: Timestamp, id: RecordingId, statement: Statement) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        let is_known = recordings.knows(id) && recordings.theirs.id() != Some(id);
        if is_known || recordings.quiet_until.is_some_and(|it| now < it) {
            return self.forbid(id);
        }
        match &recordings.theirs {
            Theirs::Asked { id: shown } if *shown == id => {
                self.tell_of_recording(Body::Recorded(Recorded {
                    id,
                    stance: Allows::Shown,
                }));
            }
            Theirs::Running {
                id: running,
                untold,
                ..
            } if *running == id => {
                // Our agreement is on its way; where they say that they have it, this came late.
                if untold.is_some() {
                    self.say_of_recordings(now);
                }
            }
            // They have one recording at a time: that of which the end was lost is over.
            Theirs::Off | Theirs::Asked { .. } | Theirs::Running { .. } | Theirs::Over(_) => {
                self.check(Output::CheckConsent {
                    id,
                    by: statement,
                    agrees: false,
                });
            }
        }
    }

    /// They agree, as they say. What they signed is checked before anything is written.
    fn on_agreed(&mut self, id: RecordingId, statement: Statement) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        match &recordings.ours {
            Ours::Asking { id: asked, .. } if *asked == id => {
                self.check(Output::CheckConsent {
                    id,
                    by: statement,
                    agrees: true,
                });
            }
            Ours::Running { id: running, .. } if *running == id => {
                self.tell_of_recording(Body::Record(Record {
                    id,
                    stance: Wants::Running,
                }));
            }
            Ours::Off | Ours::Asking { .. } | Ours::Running { .. } | Ours::Over(_) => {
                let (why, heard) = (RecordOver::Stopped, false);
                let stance = Wants::Over { why, heard };
                self.tell_of_recording(Body::Record(Record { id, stance }));
            }
        }
    }

    fn check(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// They asked, as they signed: the user is asked. Whoever asks for a recording of their own at the
    /// same time is asked too, for to want to record is not to agree to be recorded.
    fn show_question(&mut self, now: Timestamp, id: RecordingId) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        if recordings.knows(id) {
            return;
        }
        self.end_theirs(RecordingEnd::StoppedByThem, None);
        let Some(recordings) = self.recordings() else {
            return;
        };
        recordings.ask(id);
        self.tell_of_recording(Body::Recorded(Recorded {
            id,
            stance: Allows::Shown,
        }));
        self.wait_for_recordings(now);
    }

    /// They agreed, as they signed: from now on it is written.
    fn begin_to_record(&mut self, now: Timestamp, id: RecordingId, theirs: Statement) {
        let since_ms = self.recorded_since(now);
        let Some(recordings) = self.recordings() else {
            return;
        };
        let ours = match &recordings.ours {
            Ours::Asking {
                id: asked,
                statement,
                ..
            } if *asked == id => statement.clone(),
            Ours::Off | Ours::Asking { .. } | Ours::Running { .. } | Ours::Over(_) => return,
        };
        tracing::info!(recording = %id, "both sides agree to a recording");
        recordings.ours = Ours::Running { id, since_ms };
        self.outputs.push_back(Output::Record { id, ours, theirs });
        self.tell_of_recording(Body::Record(Record {
            id,
            stance: Wants::Running,
        }));
    }

    /// A recording of the other side that we know nothing of, or want nothing of, must not run.
    fn forbid(&mut self, id: RecordingId) {
        let (why, heard) = (RecordOver::Refused, false);
        let stance = Allows::Over { why, heard };
        self.tell_of_recording(Body::Recorded(Recorded { id, stance }));
    }

    fn end_ours(&mut self, why: RecordingEnd, untold: Option<RecordOver>) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        let Some(id) = recordings.ours.id() else {
            return;
        };
        tracing::info!(recording = %id, ?why, "our recording is over");
        let was_running = matches!(recordings.ours, Ours::Running { .. });
        recordings.ours = Ours::Over(Over {
            id,
            why,
            untold,
            since_ms: None,
        });
        if was_running {
            self.outputs.push_back(Output::StopRecording);
        }
    }

    fn end_theirs(&mut self, why: RecordingEnd, untold: Option<RecordOver>) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        if let Some(id) = recordings.theirs.id() {
            tracing::info!(recording = %id, ?why, "their recording is over");
            let since_ms = match recordings.theirs {
                Theirs::Running { since_ms, .. } => Some(since_ms),
                Theirs::Off | Theirs::Asked { .. } | Theirs::Over(_) => None,
            };
            recordings.theirs = Theirs::Over(Over {
                id,
                why,
                untold,
                since_ms,
            });
        }
    }

    /// Says all that waits for an answer, now and every second.
    fn say_of_recordings(&mut self, now: Timestamp) {
        let Some(recordings) = self.recordings() else {
            return;
        };
        let ours = match &recordings.ours {
            Ours::Asking { id, statement, .. } => {
                let statement = statement.clone();
                Some((*id, Wants::Asked { statement }))
            }
            Ours::Over(Over { id, untold, .. }) => {
                untold.map(|why| (*id, Wants::Over { why, heard: false }))
            }
            Ours::Off | Ours::Running { .. } => None,
        };
        let theirs = match &recordings.theirs {
            Theirs::Running { id, untold, .. } => untold
                .clone()
                .map(|statement| (*id, Allows::Agreed { statement })),
            Theirs::Over(Over { id, untold, .. }) => {
                untold.map(|why| (*id, Allows::Over { why, heard: false }))
            }
            Theirs::Off | Theirs::Asked { .. } => None,
        };
        for Over { id, untold, .. } in recordings.before.clone() {
            let stance = untold.map(|why| Wants::Over { why, heard: false });
            if let Some(stance) = stance {
                self.tell_of_recording(Body::Record(Record { id, stance }));
            }
        }
        if let Some((id, stance)) = ours {
            self.tell_of_recording(Body::Record(Record { id, stance }));
        }
        if let Some((id, stance)) = theirs {
            self.tell_of_recording(Body::Recorded(Recorded { id, stance }));
        }
        self.wait_for_recordings(now);
    }

    fn wait_for_recordings(&mut self, now: Timestamp) {
        if self.recordings().is_some_and(|it| it.is_waiting()) {
            if !self.timers.is_set(Timer::Record) {
                self.set_timer(Timer::Record, now, after::RECORD_REPEAT);
            }
        } else {
            self.timers.stop(Timer::Record);
        }
    }

    /// Through the session, and through signaling as well while the path is lost: whoever stops a
    /// recording means it.
    fn tell_of_recording(&mut self, body: Body) {
        match self.state.stage() {
            Some(Stage::Active { .. }) => self.send_data(body),
            Some(Stage::Reconnecting { .. }) => self.tell_every_way(body),
            None
            | Some(Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting) => {
            }
        }
    }

    /// Milliseconds of the call so far.
    fn recorded_since(&self, now: Timestamp) -> u64 {
        let connected_at = self.state.stage().and_then(Stage::connected_at);
        let since = connected_at.map(|at| now.since(at)).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// The recordings of a call in which media flowed.
    fn recordings(&mut self) -> Option<&mut Recordings> {
        match &mut self.state {
            State::Call(call, Stage::Active { .. } | Stage::Reconnecting { .. }) => {
                Some(&mut call.recordings)
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting,
            ) => None,
        }
    }
}

/// What the user reads of an end that the other side tells.
fn end_by_them(why: RecordOver) -> RecordingEnd {
    match why {
        RecordOver::Stopped | RecordOver::Unknown => RecordingEnd::StoppedByThem,
        RecordOver::Refused => RecordingEnd::Refused,
        RecordOver::NoAnswer => RecordingEnd::NoAnswer,
        RecordOver::Failed => RecordingEnd::Failed,
    }
}
