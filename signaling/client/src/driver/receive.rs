//! What the relay says on a welcomed connection.

use signal_wire::{ClientFrame, FrameError, IceServers, MessageId, RelayFrame};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::connection::Ended;
use super::{Driver, Phase};
use crate::connect::error_problem;
use crate::event::{LinkEvent, Problem};

impl Driver {
    pub(super) async fn on_message(&mut self, message: Message) {
        if let Phase::Online(connection) = &mut self.phase {
            connection.heard(Instant::now());
        }
        match message {
            Message::Text(text) => match RelayFrame::parse(&text) {
                Ok(frame) => self.on_frame(frame).await,
                Err(FrameError::Unknown) => self.skip(),
                Err(error @ (FrameError::TooLarge { .. } | FrameError::Malformed { .. })) => {
                    tracing::warn!(%error, "the relay sent what is no frame");
                    self.lose(Problem::NotARelay).await;
                }
            },
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Frame(_) => self.lose(Problem::NotARelay).await,
            Message::Close(_) => self.on_end(Ended::Closed).await,
        }
    }

    async fn on_frame(&mut self, frame: RelayFrame) {
        match frame {
            RelayFrame::Envelope {
                seq,
                id,
                from,
                payload,
            } => {
                if self.arrived(seq).await && self.dedup.is_new(from, id) {
                    let payload = payload.into_bytes();
                    self.emit(LinkEvent::Message { from, payload }).await;
                }
            }
            RelayFrame::NotHere {
                seq,
                id: MessageId(_),
                to,
                why,
            } => {
                if self.arrived(seq).await {
                    self.emit(LinkEvent::NotHere { to, why }).await;
                }
            }
            RelayFrame::Ice(servers) => self.on_ice(servers).await,
            RelayFrame::Access(access) => {
                if let Some(event) = self.access.granted(access, Instant::now()) {
                    self.emit(event).await;
                }
            }
            RelayFrame::NoAccess { call, why } => {
                if let Some(event) = self.access.refused(call, why) {
                    self.emit(event).await;
                }
            }
            RelayFrame::Refused {
                seq,
                id: MessageId(_),
                to,
            } => {
                if self.arrived(seq).await {
                    self.emit(LinkEvent::Refused { to }).await;
                }
            }
            RelayFrame::Ack { seq } => self.outbox.acknowledged(seq),
            RelayFrame::TakenOver => {
                self.session = None;
                self.lose(Problem::TakenOver).await;
            }
            RelayFrame::Error { code } => self.lose(error_problem(code)).await,
            RelayFrame::Challenge { .. } | RelayFrame::Welcome { .. } => {
                self.lose(Problem::NotARelay).await;
            }
        }
    }

    /// Tells the owner of servers that the relay names.
    pub(super) async fn on_ice(&mut self, servers: IceServers) {
        if let Some(servers) = self.ice.take(servers, Instant::now()) {
            self.emit(LinkEvent::IceServers(servers)).await;
        }
    }

    /// A frame of a later version. Told ever more rarely: the relay decides how many there are.
    fn skip(&mut self) {
        self.skipped = self.skipped.saturating_add(1);
        if self.skipped.is_power_of_two() {
            let skipped = self.skipped;
            tracing::debug!(
                skipped,
                "the relay sends frames of a kind that is not known"
            );
        }
    }

    /// Notes a number of the relay and sees to its acknowledgement; false when it is known.
    async fn arrived(&mut self, seq: u64) -> bool {
        let (Phase::Online(connection), Some(session)) = (&mut self.phase, &mut self.session)
        else {
            return false;
        };
        let is_new = seq > session.received;
        session.received = session.received.max(seq);
        if connection.note_arrival(Instant::now()) {
            self.acknowledge().await;
        }
        is_new
    }

    pub(super) async fn acknowledge(&mut self) {
        let (Phase::Online(connection), Some(session)) = (&mut self.phase, &self.session) else {
            return;
        };
        connection.acknowledged();
        let ack = ClientFrame::Ack {
            seq: session.received,
        };
        self.write(Message::text(ack.encode())).await;
    }
}
