//! The pipelines of shared screens: ours and theirs, each as long as it is shared.
//!
//! The streams are part of every session from its first offer on, so nothing is negotiated when one
//! begins: frames begin to flow.

use std::sync::Arc;

use media::backend::codec::VideoTarget;
use media::picture::Captured;
use media::queue::Slot;

use super::CallMedia;
use super::pipelines::Context;
use crate::gate::Gate;
use crate::recv_video::{self, VideoReceiver};
use crate::send_video::{self, VideoSender};
use crate::session::{Fault, Screen};

/// What runs of it.
#[derive(Debug, Default)]
pub(super) struct Screens {
    /// Ours, while we share.
    pub(super) sender: Option<VideoSender>,
    /// Theirs, while they share.
    pub(super) receiver: Option<VideoReceiver>,
    /// How many pipelines there were for ours and for theirs, so that what one tells too late says
    /// nothing of the next.
    sent: u64,
    received: u64,
    /// Theirs cannot be shown; it is not tried again before they share the next one.
    is_given_up: bool,
}

impl CallMedia {
    /// Begins to send what comes into the slot that it returns and passes `gate`.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn send_screen(
        &mut self,
        gate: &Gate,
        context: &Context<'_>,
    ) -> std::io::Result<Slot<Captured>> {
        self.screens.sent += 1;
        let screen = Screen::Ours(self.screens.sent);
        let sender = VideoSender::start(
            &context.machine.threads,
            send_video::Parts {
                codec: Arc::clone(context.codec),
                gate: gate.clone(),
                sink: self.plugs.screen_out.clone(),
                target: self.rate.screen(),
                counters: Arc::clone(&self.flow.screen_out),
                clock: context.machine.clock.clone(),
                epoch: context.epoch,
                fault: Fault::of_screen(screen, self.call, self.news.clone()),
                span: self.span.clone(),
            },
        )?;
        sender.connected(None);
        let slot = sender.slot();
        self.screens.sender = Some(sender);
        Ok(slot)
    }

    /// Sends no screen any more.
    pub(crate) fn stop_sending_screen(&mut self) -> Option<VideoSender> {
        self.screens.sender.take()
    }

    /// Begins to show their screen, if it is not shown yet.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(crate) fn receive_screen(&mut self, context: &Context<'_>) -> std::io::Result<()> {
        if self.screens.receiver.is_some() || self.screens.is_given_up {
            return Ok(());
        }
        let current = self.sessions.open(self.sessions.in_use);
        self.plugs.renew_screen_in(current.map(|it| &it.ends));
        self.screens.received += 1;
        let screen = Screen::Theirs(self.screens.received);
        let receiver = VideoReceiver::start(
            &context.machine.threads,
            recv_video::Parts {
                codec: Arc::clone(context.codec),
                source: Arc::clone(&self.plugs.screen_in),
                keyframes: Arc::clone(&self.plugs.screen_keyframes),
                feed: context.screen.clone(),
                counters: Arc::clone(&self.flow.screen_in),
                sync: None,
                clock: context.machine.clock.clone(),
                epoch: context.epoch,
                fault: Fault::of_screen(screen, self.call, self.news.clone()),
                span: self.span.clone(),
            },
        )?;
        self.screens.receiver = Some(receiver);
        Ok(())
    }

    /// Whether this is the pipeline of the moment.
    pub(crate) fn is_current(&self, screen: Screen) -> bool {
        match screen {
            Screen::Ours(number) => self.screens.sender.is_some() && number == self.screens.sent,
            Screen::Theirs(number) => {
                self.screens.receiver.is_some() && number == self.screens.received
            }
        }
    }

    /// Their screen cannot be shown.
    pub(crate) fn give_up_their_screen(&mut self) {
        self.screens.is_given_up = true;
    }

    /// Shows no screen any more.
    pub(crate) fn stop_receiving_screen(&mut self) -> Option<VideoReceiver> {
        self.screens.is_given_up = false;
        self.screens.receiver.take()
    }

    /// The decoder of the other side needs a keyframe of our screen.
    pub(crate) fn want_screen_keyframe(&self) {
        if let Some(sender) = &self.screens.sender {
            sender.want_keyframe();
        }
    }

    /// What the encoder of our screen shall make now.
    pub(super) fn aim_screen(&self, target: VideoTarget) {
        if let Some(sender) = &self.screens.sender {
            sender.set_target(target);
        }
    }
}
