//! What the doctor says.

use doctor::{Device, OwnPort, Report};
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
        subjects.port = own_port(&view.lan.places).map_or(OwnPort::NotOpen, OwnPort::At);
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

/// The port at which others reach this program, by the places where it says that it is, each
/// `IP:PORT`: all have the same.
fn own_port(places: &[String]) -> Option<u16> {
    let port = |place: &String| place.rsplit_once(':')?.1.parse().ok();
    places.iter().find_map(port)
}

const fn is_on(device: &DeviceNow) -> bool {
    matches!(device, DeviceNow::On { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_of_the_places() {
        for (places, port) in [
            (&["192.168.1.20:48267"][..], Some(48267)),
            (&["[fe80::1%2]:7000", "10.0.0.1:7000"], Some(7000)),
            (&["nowhere", "10.0.0.1:7000"], Some(7000)),
            (&[], None),
        ] {
            let places: Vec<_> = places.iter().map(ToString::to_string).collect();
            assert_eq!(own_port(&places), port, "{places:?}");
        }
    }
}
