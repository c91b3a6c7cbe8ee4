//! Two people with speakers hear each other, and each microphone hears what comes back.

use std::collections::VecDeque;
use std::time::Duration;

use media::backend::voice::{VoiceBackend, VoiceSettings};
use media::testing::room::{LiveRoom, Room, level_dbfs, part};
use media::testing::speech::Talker;

use super::{Frame, VoiceProcessing};

/// What each of the two sends: 12 s, of which one of them talks for the first four. Speakers are so
/// loud that a sound which goes around is louder each time.
fn call(settings: VoiceSettings) -> [Vec<f32>; 2] {
    let said = Talker::new(3).speech(4.0);
    let (said, _) = said.as_chunks::<480>();
    let mut ends = [End::new(settings), End::new(settings)];
    let mut sent = [Vec::new(), Vec::new()];
    for number in 0..1200 {
        let said = [said.get(number).copied().unwrap_or([0.0; 480]), [0.0; 480]];
        let frames = [0, 1].map(|at| {
            let end: &mut End = &mut ends[at];
            end.sends(&said[at])
        });
        for (at, frame) in frames.into_iter().enumerate() {
            sent[at].extend(frame);
            ends[1 - at].coming.push_back(frame);
        }
    }
    sent
}

struct End {
    room: LiveRoom,
    processor: Box<dyn media::backend::voice::VoiceProcessor>,
    /// What is on its way from the other side: 80 ms.
    coming: VecDeque<Frame>,
}

impl End {
    fn new(settings: VoiceSettings) -> Self {
        Self {
            room: LiveRoom::new(Room::OFFICE, -3.0, DEVICES),
            processor: VoiceProcessing.processor(settings),
            coming: VecDeque::from([[0.0; 480]; 8]),
        }
    }

    fn sends(&mut self, said: &Frame) -> Frame {
        let plays = self.coming.pop_front().unwrap_or([0.0; 480]);
        let mut frame = self.room.hear(&plays, said);
        self.processor.played(&plays);
        self.processor.process(&mut frame, DEVICES);
        frame
    }
}

const DEVICES: Duration = Duration::from_millis(40);

#[test]
fn two_loud_rooms_howl_without_processing() {
    for sent in call(VoiceSettings::UNPROCESSED) {
        let end = level_dbfs(part(&sent, 9.0, 12.0));
        assert!(end > -6.0, "{end} dBFS, long after anybody talked");
    }
}

#[test]
fn two_loud_rooms_never_howl_with_echo_cancellation() {
    let only_echo = VoiceSettings {
        echo_cancellation: true,
        ..VoiceSettings::UNPROCESSED
    };
    for settings in [only_echo, VoiceSettings::SPEECH] {
        let [talks, listens] = call(settings);
        let spoken = level_dbfs(part(&talks, 0.5, 4.0));
        for (who, sent) in [("who talks", &talks), ("who listens", &listens)] {
            let loudest = (0..23)
                .map(|half| {
                    level_dbfs(part(
                        sent,
                        f64::from(half) / 2.0,
                        f64::from(half) / 2.0 + 0.5,
                    ))
                })
                .fold(f32::MIN, f32::max);
            let end = level_dbfs(part(sent, 6.0, 12.0));
            println!("{settings:?}, {who}: {spoken:.1}, {loudest:.1} at most, {end:.1} at the end");
            assert!(loudest < -10.0, "{settings:?}, {who}: {loudest} dBFS");
            assert!(end < -50.0, "{settings:?}, {who}: {end} dBFS at the end");
        }
    }
}
