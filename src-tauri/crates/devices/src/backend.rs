//! Backends that follow a choice: real devices, synthetic ones and files behind one list.
//!
//! Where the choice is the machine's devices, the synthetic ones stand last in the list for who
//! wants them, and are never the default: a machine without a camera has no camera, and opening
//! its default one is [`DeviceError::NotFound`]. Where the choice is a synthetic device or a file,
//! ids are ignored: an id that settings remember from another run must not keep the chosen device
//! from opening.

mod camera;
mod echo;
mod sound;

use std::sync::Arc;

use media::backend::audio::AudioBackend;
use media::backend::camera::CameraBackend;
use media::backend::device::{DeviceError, DeviceId, DeviceInfo};

use self::camera::Cameras;
pub use self::echo::EchoDevices;
use self::sound::Sound;
use crate::choice::{CameraChoice, MicrophoneChoice, SpeakerChoice};

/// The cameras of `choice`.
///
/// ```
/// use devices::{CameraChoice, cameras};
/// use media::backend::device::DeviceKind;
///
/// let offered = cameras(CameraChoice::Synthetic).list()?;
/// assert_eq!(offered.len(), 1);
/// assert_eq!(offered[0].kind, DeviceKind::Synthetic);
/// # Ok::<(), media::backend::device::DeviceError>(())
/// ```
#[must_use]
pub fn cameras(choice: CameraChoice) -> Arc<dyn CameraBackend> {
    Arc::new(Cameras::new(choice))
}

/// The microphones and speakers of both choices.
///
/// ```
/// use devices::{SpeakerChoice, audio};
///
/// let offered = audio("none".parse()?, SpeakerChoice::File("heard.wav".into())).list()?;
/// assert!(offered.microphones.is_empty());
/// assert_eq!(offered.speakers[0].name, "heard.wav");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn audio(microphone: MicrophoneChoice, speaker: SpeakerChoice) -> Arc<dyn AudioBackend> {
    Arc::new(Sound::new(microphone, speaker))
}

/// `devices` with a synthetic one behind them, which is not the default.
fn with_synthetic(mut devices: Vec<DeviceInfo>, synthetic: DeviceInfo) -> Vec<DeviceInfo> {
    devices.push(DeviceInfo {
        is_default: false,
        ..synthetic
    });
    devices
}

/// `devices` with the one that `name` means as the first and default one: its id (with or without
/// the host before it) or name exactly, else the first whose name or id holds it in any case. No
/// default where none is meant.
fn with_default(mut devices: Vec<DeviceInfo>, name: &str) -> Vec<DeviceInfo> {
    for device in &mut devices {
        device.is_default = false;
    }
    let lower = name.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&lower);
    let is = |it: &DeviceInfo| {
        let own_id = it
            .id
            .0
            .split_once(':')
            .map_or(it.id.0.as_str(), |(_, own)| own);
        [it.id.0.as_str(), own_id, it.name.as_str()].contains(&name)
    };
    let meant = devices
        .iter()
        .position(is)
        .or_else(|| devices.iter().position(|it| holds(&it.name)))
        .or_else(|| devices.iter().position(|it| holds(&it.id.0)));
    if let Some(index) = meant {
        let mut device = devices.remove(index);
        device.is_default = true;
        devices.insert(0, device);
    }
    devices
}

/// The device called `id`, or the default one without.
fn find(
    devices: Vec<DeviceInfo>,
    id: Option<&DeviceId>,
    what: &str,
) -> Result<DeviceInfo, DeviceError> {
    let found = match id {
        Some(id) => devices.into_iter().find(|it| it.id == *id),
        None => devices.into_iter().find(|it| it.is_default),
    };
    found.ok_or_else(|| match id {
        Some(id) => DeviceError::NotFound(format!("{what} {}", id.0)),
        None => DeviceError::NotFound(format!("there is no {what}")),
    })
}

#[cfg(test)]
mod tests {
    use media::backend::device::DeviceKind;

    use super::*;

    fn device(id: &str, name: &str) -> DeviceInfo {
        let id = DeviceId(id.into());
        DeviceInfo {
            id,
            name: name.into(),
            kind: DeviceKind::Real,
            is_default: name == "Lid",
        }
    }

    fn devices() -> Vec<DeviceInfo> {
        vec![
            device("0", "Lid"),
            device("1", "Desk Cam"),
            device("2", "Desk"),
        ]
    }

    fn default_of(name: &str) -> Option<String> {
        let devices = with_default(devices(), name);
        assert_eq!(devices.len(), 3);
        devices
            .first()
            .filter(|it| it.is_default)
            .map(|it| it.id.0.clone())
    }

    #[test]
    fn a_chosen_device_is_found_by_id_by_name_and_by_part_of_it() {
        assert_eq!(default_of("2").as_deref(), Some("2"));
        assert_eq!(default_of("Desk").as_deref(), Some("2"));
        assert_eq!(default_of("cam").as_deref(), Some("1"));
        assert_eq!(default_of("Roof"), None);
    }

    #[test]
    fn a_device_that_is_not_there_is_said_so() {
        let gone = DeviceId("7".into());
        let error = find(devices(), Some(&gone), "camera").unwrap_err();
        assert_eq!(error, DeviceError::NotFound("camera 7".into()));
        let none = find(with_default(devices(), "Roof"), None, "camera");
        assert!(matches!(none, Err(DeviceError::NotFound(_))));
        assert_eq!(find(devices(), None, "camera").unwrap().name, "Lid");
    }
}
