//! How many sockets this process may have open.
//!
//! Systems allow few by default (1024 on most) for the sake of old programs, and far more to those
//! that ask. A relay that runs out of them accepts nobody, so it asks, and takes in no more
//! connections than there are descriptors for.

use signal_relay::Limits;

/// Raises the limit to what the process may raise it to, and returns it; none where there is none.
#[cfg(unix)]
pub(crate) fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            // macOS takes no more than a number of its own, whatever it says is allowed.
            tracing::debug!(%error, "the limit of open files cannot be raised");
            limit.current
        }
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub(crate) const fn raise() -> Option<u64> {
    None
}

/// Lowers the limits of connections to what so many descriptors allow; whether that was needed.
pub(crate) fn fit(limits: &mut Limits, descriptors: u64) -> bool {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let free = descriptors.saturating_sub(RESERVE);
    // Behind a proxy the pending ones are not among those that count yet.
    let unauthenticated = limits.unauthenticated.min(free / 4);
    let connections = limits.connections.min(free - unauthenticated);
    let lowered = connections < limits.connections || unauthenticated < limits.unauthenticated;
    limits.unauthenticated = unauthenticated;
    limits.connections = connections;
    lowered
}

/// For listeners, refusals, looks at the relay, and the files and pipes of the process itself.
const RESERVE: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_held_to_what_descriptors_allow() {
        let (mut limits, wanted) = (Limits::default(), Limits::default());
        assert!(!fit(&mut limits, 1_048_576));
        assert!(!fit(&mut limits, u64::MAX));
        assert_eq!(limits, wanted);
        for descriptors in [4096, 1024, 129, 128, 0] {
            let mut limits = wanted.clone();
            assert!(fit(&mut limits, descriptors));
            let open = limits.connections + limits.unauthenticated;
            let reserve = u64::try_from(open + RESERVE).unwrap();
            assert!(open == 0 || reserve <= descriptors, "{descriptors}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_of_this_process_is_raised_as_far_as_it_may_be() {
        use rustix::process::{Resource, getrlimit};
        let raised = raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, raised);
        if cfg!(target_os = "linux") {
            assert_eq!(limit.current, limit.maximum);
        }
    }
}
