//! One client's connection: the relay's side of `signal-wire`, with nothing checked.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use identity::Address;
use serde_json::json;
use signal_wire::{Absence, Challenge, ClientFrame, RelayFrame, SessionToken, VERSION};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::{Envelope, QUEUE, Shared, ToClient};

type Socket = WebSocketStream<TcpStream>;

/// Serves one connection until it ends. Whatever a client does wrong ends its connection.
pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let Ok((mut socket, who)) = welcome(stream).await else {
        return;
    };
    let (seat, mut told) = mpsc::channel(QUEUE);
    shared.state().seats.insert(who, seat.clone());
    // An end of the connection is all that can go wrong.
    let _ = converse(&mut socket, who, &mut told, &shared).await;
    let mut state = shared.state();
    if state
        .seats
        .get(&who)
        .is_some_and(|it| it.same_channel(&seat))
    {
        state.seats.remove(&who);
    }
}

/// Up to the welcome. Whoever a client says it is, it is.
async fn welcome(stream: TcpStream) -> Result<(Socket, Address)> {
    stream.set_nodelay(true)?;
    let mut socket = accept_async(stream).await?;
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce: Challenge([7; 32]),
    };
    say(&mut socket, &challenge).await?;
    let Some(ClientFrame::Hello { address, .. }) = next(&mut socket).await? else {
        bail!("no hello");
    };
    // By its text: what newer versions add to a welcome may be left out.
    let session = SessionToken([9; 16]);
    let welcome = json!({ "session": session, "resumed": false, "received": 0 });
    let welcome = json!({ "welcome": welcome }).to_string();
    socket.send(Message::text(welcome)).await?;
    Ok((socket, address))
}

async fn converse(
    socket: &mut Socket,
    who: Address,
    told: &mut mpsc::Receiver<ToClient>,
    shared: &Arc<Shared>,
) -> Result<()> {
    let mut seq = 0;
    loop {
        tokio::select! {
            frame = next(socket) => {
                if let Some(ClientFrame::Envelope { seq, id, to, payload }) = frame? {
                    let payload = payload.into_bytes();
                    shared.on_envelope(id, Envelope { from: who, to, payload });
                    say(socket, &RelayFrame::Ack { seq }).await?;
                }
            }
            told = told.recv() => {
                seq += 1;
                let told = told.context("the relay ended")?;
                let id = shared.state().next_id();
                say(socket, &frame_of(told, seq, id)?).await?;
            }
        }
    }
}

fn frame_of(told: ToClient, seq: u64, fresh: signal_wire::MessageId) -> Result<RelayFrame> {
    Ok(match told {
        ToClient::Envelope(Envelope { from, payload, .. }) => RelayFrame::Envelope {
            seq,
            id: fresh,
            from,
            payload: signal_wire::Payload::new(payload)?,
        },
        ToClient::NotHere { id, to } => RelayFrame::NotHere {
            seq,
            id,
            to,
            why: Absence::Closed,
        },
    })
}

async fn say(socket: &mut Socket, frame: &RelayFrame) -> Result<()> {
    Ok(socket.send(Message::text(frame.encode())).await?)
}

/// The next frame; none for what is no frame that we know.
async fn next(socket: &mut Socket) -> Result<Option<ClientFrame>> {
    let message = socket.next().await.context("the client left")??;
    match message {
        Message::Text(text) => Ok(ClientFrame::parse(&text).ok()),
        Message::Close(_) => bail!("the client left"),
        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
    }
}
