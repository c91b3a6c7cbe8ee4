//! How a call ended, as an exit status.

use call::reason::EndReason;

/// The exit status for a call that ended like this.
#[must_use]
pub fn exit_code(reason: EndReason) -> u8 {
    match reason {
        EndReason::LocalHangup | EndReason::RemoteHangup => 0,
        EndReason::Cancelled => 10,
        EndReason::Missed => 11,
        EndReason::Declined => 12,
        EndReason::RemoteDeclined => 13,
        EndReason::Busy => 14,
        EndReason::NoAnswer => 15,
        EndReason::Unreachable => 16,
        EndReason::NoRelay => 17,
        EndReason::NoPath => 18,
        EndReason::ConnectionLost => 19,
        EndReason::PeerGone => 20,
        EndReason::Incompatible => 21,
        EndReason::Replaced => 22,
        EndReason::InternalError => 70,
    }
}

/// The exit status when a call could not even be tried: what was given makes no sense.
pub const BAD_CALL: u8 = 3;

/// The table of `--help`.
pub const EXIT_HELP: &str = "\
Exit status:
   0  the call was ended by either side, or nothing went wrong
   1  the program could not start
   2  the command line makes no sense
   3  the address or link makes no sense, or there is no relay
  10  cancelled before an answer      16  the other side is not there
  11  missed                          17  the relay could not be reached
  12  declined here                   18  no path for media was found
  13  declined there                  19  the connection was lost
  14  the other side is in a call     20  the other side vanished
  15  no answer                       21  the versions do not fit
  22  replaced by a newer call        70  the program failed

Commands on standard input, one a line, while it runs:
  accept, accept without video, decline, end, mute, unmute, camera on, camera off,
  call ADDRESS, reconnect, quit";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_failure_has_a_status_of_its_own() {
        use EndReason::*;
        let failures = [
            Cancelled,
            Missed,
            Declined,
            RemoteDeclined,
            Busy,
            NoAnswer,
            Unreachable,
            NoRelay,
            NoPath,
            ConnectionLost,
            PeerGone,
            Incompatible,
            Replaced,
            InternalError,
        ];
        let codes: BTreeSet<u8> = failures.iter().map(|it| exit_code(*it)).collect();
        assert_eq!(codes.len(), failures.len());
        assert!(codes.iter().all(|it| *it > BAD_CALL));
    }
}
