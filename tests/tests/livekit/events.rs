//! What a server may do to a session, asked of it from outside: by its API, in the name of a client
//! (`SimulateScenario`), and by what becomes of its process.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use media::transport::{TransportError, TransportState};
use rustix::process::{Pid, Signal, kill_process};
use scenarios::census::Census;
use scenarios::livekit::LiveKit;
use scenarios::turn::{has_time_for, note, turn};
use tokio::time::{sleep, timeout};

use super::cuts::{Cut, talks};
use super::duo::{Duo, transport};
use super::flow::Flow;

/// What the server is asked to do to the caller, and what is to come of it.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// `SimulateScenario` in `livekit_rtc.proto`: number of the field, value.
    scenario: (u8, u8),
    what: &'static str,
    comes: Comes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// Not a frame is missing, over so many resumes.
    Nothing { resumes: usize },
    /// The session fails, and the next one connects.
    JoinAnew,
}

/// `leave_request_full_reconnect` is in the protocol, and the server does nothing of it.
const ROWS: &[Row] = &[
    Row::new(2, "its node dies", Comes::JoinAnew),
    Row::new(3, "it hands the session over", Comes::JoinAnew),
    // As when it shuts down: another one may be there.
    Row::new(4, "it ends the session", Comes::JoinAnew),
    Row::new(5, "it prefers TCP", Comes::Nothing { resumes: 1 }),
    Row::new(6, "it limits the bandwidth", Comes::Nothing { resumes: 1 }),
    Row::new(
        7,
        "it closes the socket at the next resume",
        Comes::Nothing { resumes: 2 },
    ),
    Row::new(8, "the same without a word", Comes::Nothing { resumes: 2 }),
];

impl Row {
    const fn new(field: u8, what: &'static str, comes: Comes) -> Self {
        Self {
            scenario: (field, 1),
            what,
            comes,
        }
    }

    /// A `SignalRequest` of it.
    fn message(&self) -> Vec<u8> {
        let (field, value) = self.scenario;
        vec![SIMULATE, 2, field << 3, value]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_server_simulates_ends_as_it_shall() -> Result<()> {
    let _turn = turn().await;
    let mut wrong = Vec::new();
    for row in ROWS {
        let Some(cut) = Cut::start().await? else {
            return Ok(());
        };
        match simulate(cut, row).await {
            Ok(told) => note(&format!("{}: {told}", row.what)),
            Err(error) => wrong.push(format!("{}: {error:#}", row.what)),
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

async fn simulate(mut cut: Cut, row: &Row) -> Result<String> {
    let flow = Flow::start(&cut.duo.caller, &cut.duo.callee).await?;
    let begun = Instant::now();
    cut.front.say(row.message())?;
    match row.comes {
        Comes::Nothing { resumes } => {
            // Those of the next resume need one.
            cut.front.cut()?;
            cut.front.until_joined(1 + resumes).await?;
            sleep(Duration::from_secs(2)).await;
            flow.is_whole_since(begun)?;
            talks(&mut cut.duo).await?;
            Ok(format!("{:?}", flow.since(begun)))
        }
        Comes::JoinAnew => {
            let ended = cut.duo.caller.ended().await?;
            let took = begun.elapsed();
            ensure!(is_unreachable(&ended), "{ended:?}");
            drop(flow);
            let mut next = cut.connect_again().await?;
            talks(&mut next).await?;
            Ok(format!("failed after {took:?}, {:?}", next.connected))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_sent_out_of_the_room_has_not_left_and_the_other_one_is_told() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let mut duo = Duo::connect(&server, ROOM).await?;
    server.remove(ROOM, "caller").await?;
    let ended = duo.caller.ended().await?;
    ensure!(is_end(&ended), "{ended:?}");
    let other = duo.callee.ended().await?;
    ensure!(other == TransportState::ClosedByPeer, "{other:?}");
    duo.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_closed_ends_the_call_on_both_sides() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let mut duo = Duo::connect(&server, ROOM).await?;
    server.delete(ROOM).await?;
    let ends = [duo.caller.ended().await?, duo.callee.ended().await?];
    // Whose leave is told first may seem to be who closed it.
    ensure!(ends.iter().any(is_end), "{ends:?}");
    let may_be = |it: &TransportState| is_end(it) || *it == TransportState::ClosedByPeer;
    ensure!(ends.iter().all(may_be), "{ends:?}");
    duo.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mute_by_who_moderates_the_room_does_not_last() -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let duo = Duo::connect(&server, ROOM).await?;
    let flow = Flow::start(&duo.caller, &duo.callee).await?;
    let begun = Instant::now();
    let (sid, muted) = voice_of_the_caller(&server).await?;
    ensure!(!muted, "the voice is muted before");
    server.mute(ROOM, "caller", &sid).await?;
    let gone = async {
        while voice_of_the_caller(&server).await?.1 {
            sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(SOON, gone).await.context("the mute lasts")??;
    sleep(Duration::from_secs(1)).await;
    flow.is_whole_since(begun)?;
    duo.close().await;
    Ok(())
}

/// The sid of the caller's voice, and whether the server has it as muted.
async fn voice_of_the_caller(server: &LiveKit) -> Result<(String, bool)> {
    let there = server.participants(ROOM).await?;
    let caller = there.iter().find(|it| it["identity"] == "caller");
    let tracks = caller.context("no caller")?["tracks"].as_array();
    let mut tracks = tracks.into_iter().flatten();
    let voice = tracks.find(|it| it["source"] == "MICROPHONE");
    let voice = voice.context("no voice")?;
    let sid = voice["sid"].as_str().context("no sid")?;
    Ok((sid.to_owned(), voice["muted"] == true))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_unreachable_and_the_next_session_finds_the_new_one() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let transports = [transport(), transport()];
    let by = [&transports[0], &transports[1]];
    let mut duo = Duo::connect_by(by, &server, ROOM, 0).await?;
    let port = server.port();
    let begun = Instant::now();
    server.kill().await?;
    let server = LiveKit::start_again(port).await?;
    for end in [&mut duo.caller, &mut duo.callee] {
        let ended = end.ended().await?;
        ensure!(is_unreachable(&ended), "{ended:?}");
    }
    note(&format!("both know after {:?}", begun.elapsed()));
    let mut next = Duo::connect_by(by, &server, ROOM, 1).await?;
    note(&format!("connected again after {:?}", next.connected));
    talks(&mut next).await?;
    let census = Census::start(server.api());
    let present = census.present().await?;
    ensure!(present.participants.len() == 2, "{present:?}");
    next.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_for_seconds_goes_on_with_the_same_session() -> Result<()> {
    let _turn = turn().await;
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let mut duo = Duo::connect(&server, ROOM).await?;
    let flow = Flow::start(&duo.caller, &duo.callee).await?;
    signal(&server, Signal::STOP)?;
    sleep(Duration::from_secs(3)).await;
    signal(&server, Signal::CONT)?;
    let back = Instant::now();
    talks(&mut duo).await?;
    sleep(Duration::from_millis(500)).await;
    let record = flow.since(back);
    note(&format!("{record:?}"));
    ensure!(record.frames > 15, "{record:?}");
    duo.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_for_long_is_given_up_and_found_again() -> Result<()> {
    if !has_time_for("a server that stands still for long") {
        return Ok(());
    }
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let transports = [transport(), transport()];
    let by = [&transports[0], &transports[1]];
    let mut duo = Duo::connect_by(by, &server, ROOM, 0).await?;
    signal(&server, Signal::STOP)?;
    let begun = Instant::now();
    for end in [&mut duo.caller, &mut duo.callee] {
        let ended = end.ended_within(Duration::from_secs(40)).await?;
        ensure!(is_unreachable(&ended), "{ended:?}");
    }
    note(&format!("given up after {:?}", begun.elapsed()));
    signal(&server, Signal::CONT)?;
    let mut next = Duo::connect_by(by, &server, ROOM, 1).await?;
    note(&format!("connected again after {:?}", next.connected));
    talks(&mut next).await?;
    next.close().await;
    Ok(())
}

fn signal(server: &LiveKit, signal: Signal) -> Result<()> {
    let pid = server.pid().context("it runs")?;
    let pid = Pid::from_raw(pid.try_into()?).context("a process id")?;
    Ok(kill_process(pid, signal)?)
}

fn is_end(state: &TransportState) -> bool {
    matches!(
        state,
        TransportState::Failed(TransportError::ServerEnded(_))
    )
}

fn is_unreachable(state: &TransportState) -> bool {
    *state == TransportState::Failed(TransportError::ServerUnreachable)
}

/// The key of `SignalRequest.simulate`, the field 13, which is a message.
const SIMULATE: u8 = 13 << 3 | 2;

const ROOM: &str = "room";

const SOON: Duration = Duration::from_secs(10);
