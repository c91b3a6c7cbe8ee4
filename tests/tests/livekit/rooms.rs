//! Who is let in, and how a membership ends: our signaling at LiveKit's own server.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use scenarios::livekit::{LiveKit, token_to_join};
use tokio::time::timeout;
use transport::livekit::signal::{Cause, Config, Connection, Event, Reason, Request, Token};

use crate::front::{Front, Manner};

#[tokio::test(flavor = "multi_thread")]
async fn two_are_let_in_and_a_third_is_not() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let mut ann = join(&server, "ann", "room")?;
    let first = joined(&mut ann).await?;
    let mut bob = join(&server, "bob", "room")?;
    ensure!(first == 0 && joined(&mut bob).await? == 1);
    let eve = cause(join(&server, "eve", "room")?).await?;
    // The server's refusal cannot be told from a fault of it.
    ensure!(
        matches!(eve, Cause::ServerFault | Cause::NotAdmitted),
        "{eve:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_has_its_name() -> Result<()> {
    let Some(server) = LiveKit::start().await? else {
        return Ok(());
    };
    let front = Front::start(server.port(), Manner::Through).await?;
    let mut ann = join(&server, "ann", "room")?;
    let token = token_to_join("bob", "room", LiveKit::SECRET)?;
    let mut bob = Connection::open(Config {
        url: front.url().into(),
        ..config(&server, token)
    });
    joined(&mut ann).await?;
    joined(&mut bob).await?;
    let again = join(&server, "ann", "room")?;
    let taken_over = cause(ann).await?;
    ensure!(taken_over == Cause::Duplicate, "{taken_over:?}");
    drop(again);
    // Without media the server forgets whose socket is lost, and says so to who resumes; to who does so
    // at the same moment it says nothing any more, which the pings find out.
    front.cut()?;
    let forgotten = cause(bob).await?;
    ensure!(forgotten == Cause::JoinAnew, "{forgotten:?}");
    let mut carl = join(&server, "carl", "other")?;
    joined(&mut carl).await?;
    ask(&carl, Request::Leave(Reason::ClientInitiated))?;
    let left = cause(carl).await?;
    ensure!(left == Cause::Left, "{left:?}");
    let forged = token_to_join("ann", "room", "another secret of at least 32 bytes")?;
    let refused = cause(Connection::open(config(&server, forged))).await?;
    ensure!(refused == Cause::Refused, "{refused:?}");
    Ok(())
}

fn join(server: &LiveKit, identity: &str, room: &str) -> Result<Connection> {
    let token = token_to_join(identity, room, LiveKit::SECRET)?;
    Ok(Connection::open(config(server, token)))
}

fn config(server: &LiveKit, token: String) -> Config {
    Config {
        url: server.url().into(),
        token: Token::shared(token),
        version: "test".to_owned(),
        offer: None,
        tracks: Vec::new(),
        resume_for: Duration::from_secs(5),
    }
}

fn ask(connection: &Connection, request: Request) -> Result<()> {
    connection.ask(request).context("no room for a request")
}

/// Waits until the room is entered, and says how many others are there.
async fn joined(connection: &mut Connection) -> Result<usize> {
    match next(connection).await? {
        Event::Joined(joined) => Ok(joined.others.len()),
        other => bail!("{other:?} instead of a room"),
    }
}

/// Until the end, which is told.
async fn cause(mut connection: Connection) -> Result<Cause> {
    loop {
        if let Event::Closed(cause) = next(&mut connection).await? {
            return Ok(cause);
        }
    }
}

async fn next(connection: &mut Connection) -> Result<Event> {
    let next = timeout(PINGS_FAIL + Duration::from_secs(10), connection.next()).await;
    next.context("no event in time")?.context("no event")
}

/// A server that answers no pings is given up after this time, and the session resumed.
const PINGS_FAIL: Duration = Duration::from_secs(15);
