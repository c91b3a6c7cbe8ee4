//! How a call ended, as an exit status and in words.

use std::fmt::Write as _;

use call::reason::EndReason;

/// The exit status for a call that ended like this.
#[must_use]
pub const fn exit_code(reason: EndReason) -> u8 {
    row(reason).0
}

/// What a person is told of a call that ended like this.
#[must_use]
pub const fn words(reason: EndReason) -> &'static str {
    row(reason).1
}

/// The one table of ends: exit status and words. A status is a promise to scripts: it never changes,
/// and a new reason takes the next one that is free.
const fn row(reason: EndReason) -> (u8, &'static str) {
    match reason {
        EndReason::LocalHangup => (0, "ended here"),
        EndReason::RemoteHangup => (0, "ended there"),
        EndReason::Cancelled => (10, "cancelled before an answer"),
        EndReason::Missed => (11, "missed"),
        EndReason::Declined => (12, "declined here"),
        EndReason::RemoteDeclined => (13, "declined there"),
        EndReason::Busy => (14, "the other side is in a call"),
        EndReason::NoAnswer => (15, "no answer"),
        EndReason::Unreachable => (16, "the other side is not there"),
        EndReason::NoRelay => (17, "the relay could not be reached"),
        EndReason::NoPath => (18, "no path for media was found"),
        EndReason::ConnectionLost => (19, "the connection was lost"),
        EndReason::PeerGone => (20, "the other side vanished"),
        EndReason::Incompatible => (21, "the versions do not fit"),
        EndReason::Replaced => (22, "replaced by a newer call"),
        EndReason::NotSecure => (23, "the connection is not secure"),
        EndReason::NoAccess => (25, "no relay gives access to a LiveKit server"),
        EndReason::ServerUnreachable => (26, "the LiveKit server does not answer"),
        EndReason::ServerRefused => (27, "the LiveKit server refuses the call"),
        EndReason::ServerEnded => (28, "the LiveKit server ended the call"),
        EndReason::InternalError => (70, "the program failed"),
    }
}

/// The exit status when a call could not even be tried: what was given makes no sense.
pub const BAD_CALL: u8 = 3;

/// The exit status when a test call went through, and something of it is not well.
pub const BAD_TEST_CALL: u8 = 24;

/// The end of `--help`: exit statuses, what can be said while it runs, and what figures mean.
#[must_use]
pub fn exit_help() -> String {
    let mut help = "\
Exit status:
   0  the call was ended by either side, or nothing went wrong
   1  the program could not start, or a command that is no call failed
   2  the command line makes no sense
   3  the address or link makes no sense, or there is no relay
"
    .to_owned();
    for reason in EndReason::ALL {
        let code = exit_code(*reason);
        if code > BAD_CALL {
            // Writing to a text cannot fail.
            let _ = writeln!(help, "  {code:2}  {}", words(*reason));
        }
    }
    // Writing to a text cannot fail.
    let _ = writeln!(
        help,
        "  {BAD_TEST_CALL}  of a test call, something is not well: it did not come back, or quieter, late or lossy"
    );
    help + "
Commands on standard input, one a line, while it runs:
  accept, accept without video, decline, end, mute, unmute, camera on, camera off,
  record start, record stop, record agree, record refuse,
  call ADDRESS OR LINK, reconnect, quit,
  say TEXT (in a call; --json tells of every text of both sides, and again when ours is
  delivered or has failed, as {\"chat\":{\"state\":\"received\",\"text\":…}}),
  match (the other side reads the same four words: saves it as a contact, marked so),
  block (ends the call with whoever is in it, and lets them ring here no more),
  share screen, share window NAME, share file:CLIP.y4m, share off (the first screen; the window
  whose title holds NAME, the front one first; a clip in the place of a screen),
  fault relay, fault path, fault decoder, fault camera (in a call, to see it heal: the relay
  is away for 10 s, the path carries nothing for 5 s, the next picture cannot be decoded, the
  camera is lost)

Recordings of --json, at every change: recording of a call, whose it is (ours, theirs) and its state;
  and alone, of what this program writes: folder, bytes, isSpaceLow, and state (is: running,
  finished or failed)

Figures of --json, once a second: statistics of the call, named as in W3C webrtc-stats, and
  remoteLevel    how loud the other side is, 0 to 1
  pictureAgeMs   how old its stamped test pictures are when they are decoded
  heard, seen    whether it says that it hears and sees us; null while we send nothing, or
                 nothing is known
  culprit        what keeps one of the two from hearing or seeing the other, such as network
                 or theirCamera; null while all is well
  quality        as in the lines of that name: of send and receive each the level (excellent,
                 good, poor, lost) and its cause (silence, loss, rate, delay, jitter,
                 concealment, freezes, server), told when one of them changes

The last line of `test-call --json`, testCall: ok, and problems if it is not; medians of
  voiceDelayMs   how late the voice came back, both ways together, beyond the two seconds
  pictureDelayMs the same of a test picture; null for a camera
  roundTripMs, soundBufferMs    within this computer, and how long sound waits before it is played
  audioLoss, videoLoss, remoteLoss    shares that we lost, and that the other side did
  frameWidth, frameHeight, framesPerSecond    of the picture that came back
  heardYou, similarity    whether the voice came back, and how alike it was, 0 to 1
  echoGainDb     how much louder the voice came back than it was said, decibels"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn scripts_rely_on_what_each_status_has_always_meant() {
        let kept = [
            (EndReason::LocalHangup, 0),
            (EndReason::RemoteHangup, 0),
            (EndReason::Busy, 14),
            (EndReason::NoAnswer, 15),
            (EndReason::Unreachable, 16),
            (EndReason::PeerGone, 20),
            (EndReason::Replaced, 22),
            (EndReason::NotSecure, 23),
            (EndReason::InternalError, 70),
        ];
        for (reason, code) in kept {
            assert_eq!(exit_code(reason), code, "{reason:?}");
        }
    }

    #[test]
    fn every_failure_has_a_status_and_words_of_its_own_and_help_tells_them() {
        let failures: Vec<_> = EndReason::ALL
            .iter()
            .filter(|it| !matches!(it, EndReason::LocalHangup | EndReason::RemoteHangup))
            .collect();
        let codes: BTreeSet<u8> = failures.iter().map(|it| exit_code(**it)).collect();
        assert_eq!(codes.len(), failures.len());
        assert!(!codes.contains(&BAD_TEST_CALL));
        assert!(codes.iter().all(|it| *it > BAD_CALL));
        let texts: BTreeSet<_> = EndReason::ALL.iter().map(|it| words(*it)).collect();
        assert_eq!(texts.len(), EndReason::ALL.len());
        let help = exit_help();
        for reason in failures {
            let row = format!("  {}  {}\n", exit_code(*reason), words(*reason));
            assert!(help.contains(&row), "{row}");
        }
    }
}
