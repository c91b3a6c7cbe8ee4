//! Recordings: who asks, who agrees, and that nothing is written otherwise.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::courier::Courier;
use super::duo::Duo;
use super::station::Station;
use super::station::Who::{self, Alice, Bob};
use crate::id::RecordingId;
use crate::input::{Command, Input};
use crate::message::{Body, Record, Wants};
use crate::view::{CallView, OurRecording, RecordingEnd, RecordingView, TheirRecording};

const ID: RecordingId = RecordingId(0xa);
const OTHER: RecordingId = RecordingId(0xb);

fn ask(duo: &mut Duo, who: Who, id: RecordingId) {
    let statement = Station::sign(who, id, false);
    duo.command(who, Command::AskToRecord { id, statement });
}

fn agree(duo: &mut Duo, who: Who, id: RecordingId) {
    let statement = Station::sign(who, id, true);
    duo.command(who, Command::AgreeToRecord { id, statement });
}

fn sees(duo: &Duo, who: Who) -> RecordingView {
    match duo.view(who) {
        CallView::Active { recording, .. } => recording,
        other => panic!("no call: {other:?}"),
    }
}

/// Whether somebody sees the mark of a recording.
fn is_marked(duo: &Duo, who: Who) -> bool {
    let view = sees(duo, who);
    matches!(view.ours, OurRecording::Running { .. })
        || matches!(view.theirs, TheirRecording::Running { .. })
}

fn second() -> Duration {
    Duration::from_secs(1)
}

/// Alice records Bob, who agreed.
fn recording() -> Duo {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    duo.run(second());
    agree(&mut duo, Bob, ID);
    duo.run(second());
    assert_eq!(duo.at(Alice).recording, Some(ID));
    duo
}

fn assert_over(duo: &Duo, ours: RecordingEnd, theirs: RecordingEnd) {
    assert_eq!(duo.at(Alice).recording, None);
    let (alice, bob) = (sees(duo, Alice), sees(duo, Bob));
    assert_eq!(alice.ours, OurRecording::Over { why: ours });
    assert_eq!(bob.theirs, TheirRecording::Over { why: theirs });
}

#[test]
fn it_runs_once_the_other_side_has_agreed_and_both_show_it() {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    duo.run(second());
    assert_eq!(sees(&duo, Alice).ours, OurRecording::Asking);
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Asked { id: ID });
    duo.run(second() * 20);
    assert_eq!(duo.at(Alice).recording, None);
    agree(&mut duo, Bob, ID);
    assert!(is_marked(&duo, Bob), "before anything is written");
    duo.run(second());
    assert!(is_marked(&duo, Alice));
    assert_eq!(duo.at(Alice).recording, Some(ID));
    assert_eq!(duo.at(Bob).recording, None);
}

#[test]
fn either_side_stops_it() {
    let mut duo = recording();
    duo.command(Alice, Command::StopRecording);
    duo.run(second());
    assert_over(&duo, RecordingEnd::StoppedByUs, RecordingEnd::StoppedByThem);

    let mut duo = recording();
    duo.command(Bob, Command::StopRecording);
    duo.run(second());
    assert_over(&duo, RecordingEnd::StoppedByThem, RecordingEnd::StoppedByUs);
    assert_eq!(
        duo.at(Alice).phone.poll_timeout().map(|it| it.1),
        Some(crate::timer::Timer::Alive)
    );
}

#[test]
fn it_can_begin_again() {
    let mut duo = recording();
    duo.command(Bob, Command::StopRecording);
    duo.run(second());
    ask(&mut duo, Alice, OTHER);
    duo.run(second());
    agree(&mut duo, Bob, OTHER);
    duo.run(second());
    assert_eq!(duo.at(Alice).recordings, [ID, OTHER]);
}

#[test]
fn who_refuses_is_left_alone_for_a_while() {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    duo.run(second());
    duo.command(Bob, Command::RefuseToRecord { id: ID });
    duo.run(second());
    assert_over(&duo, RecordingEnd::Refused, RecordingEnd::Refused);
    ask(&mut duo, Alice, OTHER);
    duo.run(second());
    assert_over(&duo, RecordingEnd::Refused, RecordingEnd::Refused);
    duo.run(second() * 20);
    ask(&mut duo, Alice, RecordingId(12));
    duo.run(second());
    assert_eq!(sees(&duo, Alice).ours, OurRecording::Asking);
}

#[test]
fn a_question_is_withdrawn_or_waits_as_long_as_a_call_rings() {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    duo.run(second());
    duo.command(Alice, Command::StopRecording);
    duo.run(second());
    assert_over(&duo, RecordingEnd::StoppedByUs, RecordingEnd::StoppedByThem);
    agree(&mut duo, Bob, ID);
    duo.run(second());
    assert_eq!(duo.at(Alice).recordings, []);

    ask(&mut duo, Alice, OTHER);
    duo.run(second() * 44);
    assert_eq!(sees(&duo, Alice).ours, OurRecording::Asking);
    duo.run(second() * 3);
    assert_over(&duo, RecordingEnd::NoAnswer, RecordingEnd::NoAnswer);
}

#[test]
fn a_program_that_knows_nothing_of_it_does_not_let_anybody_wait() {
    let mut duo = Duo::in_a_call();
    duo.unreached = vec![Bob];
    ask(&mut duo, Alice, ID);
    duo.run(second() * 5);
    assert_eq!(sees(&duo, Alice).ours, OurRecording::Asking);
    duo.run(second() * 2);
    let why = RecordingEnd::NotSupported;
    assert_eq!(sees(&duo, Alice).ours, OurRecording::Over { why });
}

#[test]
fn both_who_ask_at_once_are_each_asked() {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    ask(&mut duo, Bob, OTHER);
    duo.run(second());
    assert_eq!(
        sees(&duo, Alice).theirs,
        TheirRecording::Asked { id: OTHER }
    );
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Asked { id: ID });
    for who in [Alice, Bob] {
        assert_eq!(duo.at(who).recording, None, "to ask is not to agree");
    }
    agree(&mut duo, Bob, ID);
    agree(&mut duo, Alice, OTHER);
    duo.run(second());
    assert_eq!(duo.at(Alice).recording, Some(ID));
    assert_eq!(duo.at(Bob).recording, Some(OTHER));
    duo.command(Alice, Command::StopRecording);
    duo.run(second());
    for who in [Alice, Bob] {
        assert_eq!(duo.at(who).recording, None);
        assert!(!is_marked(&duo, who));
    }
}

#[test]
fn who_records_is_asked_before_being_recorded() {
    let mut duo = recording();
    ask(&mut duo, Bob, OTHER);
    duo.run(second());
    assert_eq!(
        sees(&duo, Alice).theirs,
        TheirRecording::Asked { id: OTHER }
    );
    assert_eq!(duo.at(Bob).recording, None);
    duo.command(Alice, Command::RefuseToRecord { id: OTHER });
    duo.run(second() * 30);
    assert_eq!(duo.at(Alice).recording, Some(ID));
    assert_eq!(duo.at(Bob).recording, None);
}

#[test]
fn a_lost_path_keeps_it_and_a_stop_meanwhile_comes_through_signaling() {
    let mut duo = recording();
    duo.cut_path_for(second() * 12);
    duo.run(second() * 8);
    assert_eq!(duo.at(Alice).recording, Some(ID));
    duo.command(Bob, Command::StopRecording);
    duo.run(second());
    assert_eq!(duo.at(Alice).recording, None);
    duo.run(second() * 20);
    assert_over(&duo, RecordingEnd::StoppedByThem, RecordingEnd::StoppedByUs);
}

#[test]
fn what_is_said_while_nothing_gets_through_is_said_again() {
    let mut duo = Duo::in_a_call();
    ask(&mut duo, Alice, ID);
    duo.run(second());
    duo.unreached = vec![Alice];
    agree(&mut duo, Bob, ID);
    duo.run(second() * 3);
    assert_eq!(duo.at(Alice).recording, None);
    duo.unreached = Vec::new();
    duo.run(second() * 2);
    assert_eq!(duo.at(Alice).recording, Some(ID));
    duo.unreached = vec![Alice];
    duo.command(Bob, Command::StopRecording);
    duo.run(second() * 3);
    assert_eq!(duo.at(Alice).recording, Some(ID), "it has not been told");
    assert!(is_marked(&duo, Bob), "who may still be recorded sees it");
    duo.unreached = Vec::new();
    duo.run(second() * 2);
    assert_over(&duo, RecordingEnd::StoppedByThem, RecordingEnd::StoppedByUs);
}

#[test]
fn a_new_question_is_the_end_of_what_they_recorded_before() {
    let mut duo = recording();
    duo.unreached = vec![Bob];
    duo.command(Alice, Command::StopRecording);
    ask(&mut duo, Alice, OTHER);
    duo.unreached = Vec::new();
    duo.run(second() * 2);
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Asked { id: OTHER });
    let call = duo.session(Alice).call;
    let statement = Station::sign(Alice, ID, false);
    let late = Wants::Asked { statement };
    let late = Record {
        id: ID,
        stance: late,
    };
    duo.word(Alice, Bob, call, Body::Record(late));
    duo.run(second());
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Asked { id: OTHER });
}

#[test]
fn the_end_of_the_call_is_its_end() {
    let mut duo = recording();
    duo.end(Bob);
    duo.run(second());
    assert_eq!(duo.at(Alice).recording, None);
}

#[test]
fn a_disk_that_fails_ends_it_on_both_sides() {
    let mut duo = recording();
    duo.feed(Alice, Input::RecordingFailed { id: ID });
    duo.run(second());
    assert_over(&duo, RecordingEnd::Failed, RecordingEnd::Failed);
}

#[test]
fn who_did_not_agree_tells_a_recorder_to_stop() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    let stance = Wants::Running;
    let said = Body::Record(Record { id: ID, stance });
    duo.word(Alice, Bob, call, said);
    duo.run(second());
    assert!(!is_marked(&duo, Bob));
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Off);
}

#[test]
fn what_nobody_signed_asks_nobody() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    let statement = Station::sign(Bob, ID, false);
    let stance = Wants::Asked { statement };
    duo.word(Alice, Bob, call, Body::Record(Record { id: ID, stance }));
    duo.run(second());
    assert_eq!(sees(&duo, Bob).theirs, TheirRecording::Off);
}

/// What people and networks do to recordings.
#[derive(Clone, Debug)]
enum Happening {
    Ask(Who),
    /// Agrees to whatever is shown.
    Agree(Who),
    Refuse(Who),
    Stop(Who),
    Fail(Who),
    Unreached(Vec<Who>),
    CutPath,
    MendPath,
    End(Who),
}

fn happening() -> impl Strategy<Value = Happening> {
    let who = || select(vec![Alice, Bob]);
    prop_oneof![
        4 => who().prop_map(Happening::Ask),
        4 => who().prop_map(Happening::Agree),
        1 => who().prop_map(Happening::Refuse),
        2 => who().prop_map(Happening::Stop),
        1 => who().prop_map(Happening::Fail),
        1 => select(vec![vec![], vec![Alice], vec![Bob]]).prop_map(Happening::Unreached),
        1 => Just(Happening::CutPath),
        2 => Just(Happening::MendPath),
        1 => who().prop_map(Happening::End),
    ]
}

/// Who agreed to what, in an hour of presses.
#[derive(Default)]
struct Book {
    next: u64,
    agreed: Vec<RecordingId>,
}

impl Book {
    fn happen(&mut self, duo: &mut Duo, happening: Happening) {
        let active = |duo: &Duo, who| match duo.view(who) {
            CallView::Active { recording, .. } => Some(recording),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => None,
        };
        match happening {
            Happening::Ask(who) => {
                self.next += 1;
                ask(duo, who, RecordingId(self.next));
            }
            Happening::Agree(who) | Happening::Refuse(who) => {
                let shown = active(duo, who).map(|it| it.theirs);
                let Some(TheirRecording::Asked { id }) = shown else {
                    return;
                };
                if matches!(happening, Happening::Agree(_)) {
                    self.agreed.push(id);
                    agree(duo, who, id);
                } else {
                    duo.command(who, Command::RefuseToRecord { id });
                }
            }
            Happening::Stop(who) => duo.command(who, Command::StopRecording),
            Happening::Fail(who) => {
                if let Some(id) = duo.at(who).recording {
                    duo.feed(who, Input::RecordingFailed { id });
                }
            }
            Happening::Unreached(who) => duo.unreached = who,
            Happening::CutPath => duo.cut_path(),
            Happening::MendPath => duo.mend_path(),
            Happening::End(who) => duo.end(who),
        }
    }

    /// Nothing is written that the other side's user did not agree to.
    fn check(&self, duo: &Duo) -> Result<(), TestCaseError> {
        for who in [Alice, Bob] {
            for id in &duo.at(who).recordings {
                let agreed = self.agreed.contains(id);
                prop_assert!(agreed, "{:?} records {} without consent", who, id);
            }
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn nothing_is_written_without_consent_and_what_is_written_is_shown(
        happenings in prop::collection::vec((0_u64..4000, happening()), 1..40),
    ) {
        let mut duo = Duo::in_a_call();
        let mut book = Book::default();
        for (ms, happening) in happenings {
            duo.run(Duration::from_millis(ms));
            book.happen(&mut duo, happening);
            book.check(&duo)?;
        }
        // Once everything gets through, both show what is written, and nothing else.
        duo.unreached = Vec::new();
        duo.courier = Courier::fair();
        duo.mend_path();
        duo.run(second() * 60);
        book.check(&duo)?;
        for (who, other) in [(Alice, Bob), (Bob, Alice)] {
            if duo.is_over(who) {
                prop_assert_eq!(duo.at(who).recording, None);
                continue;
            }
            let writes = duo.at(who).recording.is_some();
            let ours = matches!(sees(&duo, who).ours, OurRecording::Running { .. });
            let theirs = matches!(sees(&duo, other).theirs, TheirRecording::Running { .. });
            prop_assert_eq!((writes, writes), (ours, theirs), "{:?}", who);
        }
    }
}
