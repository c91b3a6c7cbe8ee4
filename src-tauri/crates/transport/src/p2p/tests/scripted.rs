//! A caller that a test plays itself, on a bare connection: what other versions do that ours does not.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use media::transport::{Role, TransportState};
use tokio::sync::mpsc;
use tracing::Span;
use webrtc::data_channel::{DataChannel, DataChannelEvent};
use webrtc::peer_connection::RTCSessionDescription;

use super::SOON;
use super::duo::{End, loopback, params};
use crate::p2p::Negotiation;
use crate::p2p::setup;
use crate::peer::Peer;
use crate::peer::side::Side;

pub(super) struct Caller {
    pub(super) peer: Peer,
    pub(super) channels: Vec<Arc<dyn DataChannel>>,
}

impl Caller {
    /// Calls `callee` with an offer that opens channels of these labels; returns when it is connected.
    pub(super) async fn connect(labels: &[&str], callee: &mut End) -> Self {
        let params = params(Role::Offerer);
        let loopback = loopback(None);
        let built = Box::pin(setup::build(&loopback, &params, Span::none()));
        let peer = built.await.unwrap().peer;
        peer.fast_polling.set(true);
        let mut channels = Vec::new();
        for label in labels {
            let channel = peer.connection.create_data_channel(label, None).await;
            channels.push(channel.unwrap());
        }
        let offer = peer.connection.create_offer(None).await.unwrap();
        let side = Side::of(&offer.sdp).unwrap();
        peer.traffic.admission().set_ours(side.password);
        peer.connection.set_local_description(offer).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let offer = Negotiation::Offer {
            sdp: peer.connection.local_description().await.unwrap().sdp,
            clocks: None,
        };

        let (post, mut posted) = mpsc::unbounded_channel();
        callee.listen(move |parcel| {
            let _ = post.send(parcel);
        });
        callee.control.parcel(offer.to_parcel());
        while let Some(parcel) = posted.recv().await {
            if let Ok(Negotiation::Answer { sdp, .. }) = Negotiation::from_parcel(&parcel) {
                let answer = RTCSessionDescription::answer(sdp).unwrap();
                let connection = &peer.connection;
                connection.set_remote_description(answer).await.unwrap();
                break;
            }
        }
        callee
            .until_state(|it| matches!(it, TransportState::Connected(_)))
            .await;
        peer.traffic.admission().set_secured();
        Self { peer, channels }
    }

    /// Sends `messages` of `size` bytes on the channel of this number, once it is open.
    pub(super) async fn send(&self, channel: usize, messages: usize, size: usize) {
        let channel = &self.channels[channel];
        let open =
            async { while !matches!(channel.poll().await, Some(DataChannelEvent::OnOpen)) {} };
        tokio::time::timeout(SOON, open).await.expect("it opens");
        for _ in 0..messages {
            channel.send(BytesMut::zeroed(size)).await.unwrap();
        }
    }
}
