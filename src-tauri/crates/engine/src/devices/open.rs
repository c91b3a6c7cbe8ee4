//! What blocks: opening, closing and listing devices, each on a thread for it.

use std::sync::Arc;

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceId, DeviceStream};
use tokio::sync::mpsc;
use tracing::Span;

use crate::command::DeviceRole;
use crate::device::{Lists, News};
use crate::threads::Threads;

/// Where devices come from, and whom to tell of them.
#[derive(Clone, Debug)]
pub(super) struct Opener {
    /// Opens cameras.
    pub(super) cameras: Arc<dyn CameraBackend>,
    /// Opens microphones and speakers.
    pub(super) audio: Arc<dyn AudioBackend>,
    /// What a camera shall deliver.
    pub(super) video: VideoMode,
    /// Who waits for them.
    pub(super) threads: Threads,
    /// The control task.
    pub(super) news: mpsc::Sender<News>,
}

/// What a device that is about to be opened fills or empties.
pub(super) enum Endpoint {
    /// Takes pictures.
    Camera(Box<dyn PictureSink>),
    /// Takes samples.
    Microphone(Box<dyn SampleSink>),
    /// Gives samples.
    Speaker(Box<dyn SampleSource>),
}

impl Opener {
    /// Opens a device; the result comes as [`News::Opened`] with this `turn`. A call that goes on
    /// names itself in what the device logs meanwhile.
    pub(super) fn open(&self, turn: u64, id: Option<DeviceId>, endpoint: Endpoint) {
        let (opener, call) = (self.clone(), Span::current());
        self.threads.report(self.news.clone(), move || {
            let _call = call.entered();
            let id = id.as_ref();
            let (role, result) = match endpoint {
                Endpoint::Camera(sink) => (
                    DeviceRole::Camera,
                    opener.cameras.open(id, opener.video, sink),
                ),
                Endpoint::Microphone(sink) => (
                    DeviceRole::Microphone,
                    opener.audio.open_microphone(id, sink),
                ),
                Endpoint::Speaker(source) => {
                    (DeviceRole::Speaker, opener.audio.open_speaker(id, source))
                }
            };
            // When the engine is gone the device closes by being dropped.
            News::Opened { role, turn, result }
        });
    }

    /// Closes a device; [`News::Closed`] comes when nothing of it is left.
    pub(super) fn close(&self, role: DeviceRole, stream: Box<dyn DeviceStream>) {
        let call = Span::current();
        self.threads.report(self.news.clone(), move || {
            let _call = call.entered();
            drop(stream);
            News::Closed { role }
        });
    }

    /// Looks for devices, which come as [`News::Listed`].
    pub(super) fn list(&self) {
        let opener = self.clone();
        let look = move || News::Listed(opener.lists());
        self.threads.report(self.news.clone(), look);
    }

    fn lists(&self) -> Lists {
        let audio = self.audio.list().unwrap_or_else(|error| {
            tracing::debug!(%error, "sound devices cannot be listed");
            AudioDevices::default()
        });
        let cameras = self.cameras.list().unwrap_or_else(|error| {
            tracing::debug!(%error, "cameras cannot be listed");
            Vec::new()
        });
        Lists {
            cameras,
            microphones: audio.microphones,
            speakers: audio.speakers,
        }
    }
}
