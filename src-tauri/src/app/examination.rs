//! What the doctor says.

use doctor::{Device, Report};
use engine::view::DeviceNow;
use headless::examine;

use super::App;

impl App {
    /// Looks at everything that a call needs, for some seconds; `peer` is another machine to check
    /// against. One at a time, since two would take the camera from each other.
    pub(crate) async fn examine(&self, peer: Option<String>) -> Report {
        let _examining = self.examining.lock().await;
        let (settings, people) = {
            let shell = self.shell.borrow();
            (shell.settings.clone(), shell.people.clone())
        };
        let peer = peer.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let peer = peer.map(|it| examine::peer(it, &self.identity, &people, &self.known));
        let mut subjects = examine::subjects(&self.options.common, &settings, peer);
        let view = self.views.borrow().clone();
        if is_on(&view.camera.now) {
            subjects.camera = Device::InUse;
        }
        if is_on(&view.microphone.now) {
            subjects.microphone = Device::InUse;
        }
        if is_on(&view.speaker.now) {
            subjects.speaker = Device::InUse;
        }
        doctor::examine(subjects, |_| {}).await
    }
}

const fn is_on(device: &DeviceNow) -> bool {
    matches!(device, DeviceNow::On { .. })
}
