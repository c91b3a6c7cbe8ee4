//! What calls leave behind: nothing.

use super::{alone, block_on};
use crate::support::Duo;

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_calls_leave_no_thread_no_descriptor_no_session_and_no_device() {
    alone(
        "alone::leaks::a_hundred_calls_leave_no_thread_no_descriptor_no_session_and_no_device",
        || block_on(a_hundred_calls()),
    );
}

async fn a_hundred_calls() {
    let duo = Duo::online().await;
    // The first call starts what stays: the runtime's threads, and what libraries keep.
    call(&duo).await;
    let before = held().await;
    for _ in 0..100 {
        call(&duo).await;
    }
    let after = held().await;
    assert_eq!(after.descriptors, before.descriptors);
    assert_eq!(after.threads, before.threads);
    for person in [&duo.alice, &duo.bob] {
        assert_eq!(person.transport.sessions_opened(), 101);
        for device in person.devices.all() {
            assert_eq!(device.record().opens, 101, "{}", device.info().name);
            assert_eq!(device.record().most_at_once, 1);
        }
    }
    assert!(duo.network.in_flight() < 10);
    duo.stop().await;
}

async fn call(duo: &Duo) {
    duo.talks().await;
    duo.alice.sends_picture(true).await;
    duo.hangs_up().await;
    duo.pass(std::time::Duration::from_secs(1)).await;
    duo.alice.has_released_all().await;
    duo.bob.has_released_all().await;
}

/// What a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    /// Those that are not of the runtime's pool, which grows and shrinks as it likes.
    threads: usize,
}

async fn held() -> Held {
    // A thread leaves its entry a moment after it was joined.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let entries = |path: &str| std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let is_ours = |task: &std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm"));
        name.is_ok_and(|name| !name.starts_with("tokio"))
    };
    Held {
        descriptors: entries("/proc/self/fd").count(),
        threads: entries("/proc/self/task").filter(is_ours).count(),
    }
}
