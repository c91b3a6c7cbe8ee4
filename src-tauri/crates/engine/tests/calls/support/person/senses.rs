//! What a person sees, hears and is told.

use std::sync::Arc;
use std::time::Duration;

use call::id::Peer;
use call::reason::EndReason;
use call::view::{ActivePhase, CallView, Controls, Lacking, OutgoingPhase};
use engine::view::{EngineView, RelayView};
use media::backend::audio::SAMPLE_RATE_HZ;
use media::picture::Picture;
use media::transport::Stream;

use super::Person;
use crate::support::device::Device;
use crate::support::wait::{BOUND, eventually};

impl Person {
    /// What the engine shows now.
    pub(crate) fn view(&self) -> Arc<EngineView> {
        self.engine().views().borrow().clone()
    }

    /// Waits until the engine shows something like this.
    pub(crate) async fn sees<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&EngineView) -> Option<T>,
    ) -> T {
        let mut views = self.engine().views();
        let seen = async {
            loop {
                let seen = look(&views.borrow_and_update());
                if let Some(seen) = seen {
                    return seen;
                }
                views.changed().await.expect("the engine runs");
            }
        };
        let seen = tokio::time::timeout(BOUND, seen).await;
        seen.unwrap_or_else(|_| panic!("{} waits for {what}: {:#?}", self.name, self.view()))
    }

    pub(crate) async fn is_online(&self) {
        self.sees("the relay", |view| {
            (view.relay == RelayView::Online).then_some(())
        })
        .await;
    }

    pub(crate) async fn is_offline(&self) {
        self.sees("no relay", |view| match view.relay {
            RelayView::Offline { .. } => Some(()),
            RelayView::None | RelayView::Connecting | RelayView::Online => None,
        })
        .await;
    }

    pub(crate) async fn is_idle(&self) {
        self.sees("no call", |view| {
            (view.call == CallView::Idle).then_some(())
        })
        .await;
    }

    /// Waits until somebody calls, and says who.
    pub(crate) async fn is_called(&self) -> Peer {
        self.sees("a call", |view| match &view.call {
            CallView::Incoming { peer, .. } => Some(peer.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn hears_it_ring(&self) {
        self.sees("the other side's ringing", |view| match view.call {
            CallView::Outgoing {
                phase: OutgoingPhase::Ringing,
                ..
            } => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn is(&self, wanted: ActivePhase) {
        self.sees(&format!("{wanted:?}"), |view| match view.call {
            CallView::Active { phase, .. } => (phase == wanted).then_some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn is_in_the_call(&self) {
        self.is(ActivePhase::Connected).await;
    }

    pub(crate) async fn ended(&self, wanted: EndReason) {
        assert_eq!(self.is_told_of_an_end().await, wanted, "{}", self.name);
    }

    /// Waits until the call is over, and says why.
    pub(crate) async fn is_told_of_an_end(&self) -> EndReason {
        self.sees("the end", |view| match view.call {
            CallView::Ended { reason, .. } => Some(reason),
            _ => None,
        })
        .await
    }

    /// Waits until they are shown that their sound leaves, or does not.
    pub(crate) async fn sends_sound(&self, on: bool) {
        self.controls(|local, _| local.microphone == on).await;
    }

    /// The same of their picture.
    pub(crate) async fn sends_picture(&self, on: bool) {
        self.controls(|local, _| local.camera == on).await;
    }

    /// Waits until the other side says that its sound leaves, or does not.
    pub(crate) async fn is_sent_sound(&self, on: bool) {
        self.controls(|_, remote| remote.microphone == on).await;
    }

    /// The same of its picture.
    pub(crate) async fn is_sent_picture(&self, on: bool) {
        self.controls(|_, remote| remote.camera == on).await;
    }

    async fn controls(&self, are_right: impl Fn(Controls, Controls) -> bool) {
        self.sees("other controls", |view| match view.call {
            CallView::Active { local, remote, .. } => are_right(local, remote).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the other side says that it lacks these devices.
    pub(crate) async fn is_told_of_lacking(&self, wanted: Lacking) {
        self.sees(&format!("{wanted:?}"), |view| match view.call {
            CallView::Active { remote_lacking, .. } => (remote_lacking == wanted).then_some(()),
            _ => None,
        })
        .await;
    }

    /// Waits until the other side's newest picture is of this shade.
    pub(crate) async fn sees_shade(&self, shade: u8) {
        let newest = || {
            let shown = self.engine().remote_picture().latest()?;
            (shade_of(&shown).abs_diff(shade) <= SHADES).then_some(())
        };
        eventually(&format!("{} sees shade {shade}", self.name), newest).await;
    }

    /// Whether a picture of this shade was ever shown.
    pub(crate) fn has_seen_shade(&self, shade: u8) -> bool {
        let seen = self.shades.lock().unwrap();
        seen.iter().any(|it| it.abs_diff(shade) <= SHADES)
    }

    /// How many pictures of the other side were shown.
    pub(crate) fn pictures_seen(&self) -> usize {
        self.shades.lock().unwrap().len()
    }

    /// Waits until the speaker has played for this long.
    pub(crate) async fn listens(&self, time: Duration) {
        let heard = self.devices.heard();
        let until = heard.mark() + (time.as_secs_f64() * f64::from(SAMPLE_RATE_HZ)) as usize;
        let played = || (heard.mark() >= until).then_some(());
        eventually(&format!("{}'s speaker plays", self.name), played).await;
    }

    /// Waits until the speaker plays the first note of the ring tone.
    pub(crate) async fn hears_the_ring_tone(&self) {
        let heard = self.devices.heard();
        let rings = || heard.is_loud().then_some(());
        eventually(&format!("{} hears the ring tone", self.name), rings).await;
    }

    /// Waits until the speaker plays this tone.
    pub(crate) async fn hears(&self, hz: u32) {
        let heard = self.devices.heard();
        let now = || heard.now(hz).then_some(());
        eventually(&format!("{} hears {hz} Hz", self.name), now).await;
    }

    /// Waits until the speaker plays nothing.
    pub(crate) async fn hears_nothing(&self) {
        let heard = self.devices.heard();
        let silent = || (!heard.is_loud()).then_some(());
        eventually(&format!("{} hears nothing", self.name), silent).await;
    }

    /// Waits until this many sessions are open.
    pub(crate) async fn has_sessions(&self, count: usize) {
        let open = || (self.transport.open_sessions() == count).then_some(());
        eventually(&format!("{} has {count} sessions", self.name), open).await;
    }

    /// Waits until this many sessions have ever been opened.
    pub(crate) async fn has_opened_sessions(&self, count: u64) {
        let opened = || (self.transport.sessions_opened() == count).then_some(());
        eventually(&format!("{} has opened {count}", self.name), opened).await;
    }

    /// Waits until every open session was told that nothing of voice and of camera is captured for
    /// now, or that something is.
    pub(crate) async fn says_what_pauses(&self, voice: bool, camera: bool) {
        let told = || {
            [(Stream::Voice, voice), (Stream::Camera, camera)]
                .into_iter()
                .all(|(stream, pauses)| {
                    let sessions = self.transport.muted(stream);
                    !sessions.is_empty() && sessions.iter().all(|it| *it == Some(pauses))
                })
                .then_some(())
        };
        let name = self.name;
        let what = format!("{name}'s sessions know that voice {voice}, camera {camera} pause");
        eventually(&what, told).await;
    }

    /// Waits until nothing of a call and no device is held.
    pub(crate) async fn has_released_all(&self) {
        let released = || {
            let running = self.devices.all().map(Device::is_running);
            (self.transport.open_sessions() == 0 && running == [false; 3]).then_some(())
        };
        eventually(&format!("{} holds nothing", self.name), released).await;
    }
}

/// How light a picture is.
pub(super) fn shade_of(picture: &Picture) -> u8 {
    let luma = picture.planes()[0];
    let sum: usize = luma.iter().map(|it| usize::from(*it)).sum();
    (sum / luma.len()) as u8
}

/// What coding changes of a shade, at most.
pub(super) const SHADES: u8 = 8;
