//! The way to the relay, and what time it is there. The relay sees a key made for the occasion.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use identity::Identity;
use media::transport::IceServer;
use signal_client::{Config, Link, LinkEvent, LinkState, Timing, date_of};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::finding::Finding;

/// Whether the relay welcomes us, and the servers that it names.
pub(crate) async fn visit(url: &str) -> (Finding, Vec<IceServer>) {
    let offline = |problem: signal_client::Problem| Finding::RelayOffline {
        problem: problem.into(),
    };
    let Ok(somebody) = Identity::generate() else {
        return (Finding::NotHere, Vec::new());
    };
    let begun = Instant::now();
    let connected = Link::connect_with(url, Arc::new(somebody), config());
    let Ok((link, mut events)) = connected else {
        return (offline(signal_client::Problem::NotARelay), Vec::new());
    };
    let state = settled(&mut events, begun + PATIENCE).await;
    let found = match state {
        Some(LinkState::Online) => {
            let ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let servers = named(&mut events, Instant::now() + NAMED).await;
            (Finding::RelayOnline { ms }, servers)
        }
        Some(LinkState::Offline(problem)) => (offline(problem), Vec::new()),
        Some(LinkState::Connecting) | None => {
            (offline(signal_client::Problem::Unreachable), Vec::new())
        }
    };
    link.close().await;
    found
}

/// The first state that is more than an attempt.
async fn settled(events: &mut mpsc::Receiver<LinkEvent>, deadline: Instant) -> Option<LinkState> {
    while let Ok(Some(event)) = timeout_at(deadline, events.recv()).await {
        if let LinkEvent::State(state @ (LinkState::Online | LinkState::Offline(_))) = event {
            return Some(state);
        }
    }
    None
}

/// The servers that the relay names, which it does in its welcome.
async fn named(events: &mut mpsc::Receiver<LinkEvent>, deadline: Instant) -> Vec<IceServer> {
    while let Ok(Some(event)) = timeout_at(deadline, events.recv()).await {
        if let LinkEvent::IceServers(named) = event {
            let server = |it: signal_client::IceServer| IceServer {
                url: it.url,
                username: it.username,
                credential: it.credential,
            };
            return named.servers.into_iter().map(server).collect();
        }
    }
    Vec::new()
}

/// Our clock against the relay's.
pub(crate) async fn clock(url: &str) -> Finding {
    match date_of(url, config()).await {
        Ok(Some(theirs)) => judge(SystemTime::now(), theirs),
        Ok(None) | Err(_) => Finding::ClockNotTold,
    }
}

fn judge(ours: SystemTime, theirs: SystemTime) -> Finding {
    let seconds = |it: Duration| i32::try_from(it.as_secs()).unwrap_or(i32::MAX);
    let seconds = match ours.duration_since(theirs) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    };
    if Duration::from_secs(seconds.unsigned_abs().into()) > FAULT {
        Finding::ClockWrong { seconds }
    } else {
        Finding::ClockRight { seconds }
    }
}

fn config() -> Config {
    Config {
        timing: Timing {
            connect: PATIENCE,
            close: Duration::from_millis(200),
            ..Timing::default()
        },
        ..Config::default()
    }
}

/// How long the way to a relay may take here. Leaves time to ask the servers that it names.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long its servers may come after its welcome, which names them.
const NAMED: Duration = Duration::from_millis(200);

/// From where on a clock is wrong: credentials of TURN servers hold for minutes.
const FAULT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_off_by_a_minute() {
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let (minute, more) = (Duration::from_secs(60), Duration::from_secs(61));
        for (ours, finding) in [
            (theirs + minute, Finding::ClockRight { seconds: 60 }),
            (theirs - minute, Finding::ClockRight { seconds: -60 }),
            (theirs + more, Finding::ClockWrong { seconds: 61 }),
            (theirs - more, Finding::ClockWrong { seconds: -61 }),
            (
                theirs + Duration::from_secs(u64::from(u32::MAX)),
                Finding::ClockWrong { seconds: i32::MAX },
            ),
        ] {
            assert_eq!(judge(ours, theirs), finding);
        }
    }
}
