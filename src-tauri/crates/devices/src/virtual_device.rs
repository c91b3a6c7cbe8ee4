//! Devices without hardware: synthetic ones, files, and the speaker that nobody hears. They run in
//! real time on threads of their own and keep absolute deadlines.

pub(crate) mod camera;
pub(crate) mod clip;
mod disk;
pub(crate) mod echo;
pub(crate) mod microphone;
mod reel;
pub(crate) mod speaker;
pub(crate) mod tape;
mod ticks;

use media::backend::device::{DeviceId, DeviceInfo, DeviceKind};

/// The synthetic camera.
pub(crate) fn synthetic_camera() -> DeviceInfo {
    info("synthetic", "Test picture", DeviceKind::Synthetic)
}

/// The id of the test voice, where it is chosen among the microphones of the machine.
pub const SYNTHETIC_MICROPHONE: &str = "synthetic";

/// The synthetic microphone.
pub(crate) fn synthetic_microphone() -> DeviceInfo {
    info(SYNTHETIC_MICROPHONE, "Test voice", DeviceKind::Synthetic)
}

/// The speaker that plays into nothing.
pub(crate) fn no_speaker() -> DeviceInfo {
    info("none", "No speaker", DeviceKind::Synthetic)
}

/// Each device of a peer that gives back what it receives.
pub(crate) fn echo_device() -> DeviceInfo {
    info("echo", "Echo", DeviceKind::Synthetic)
}

/// A file in the place of a device.
pub(crate) fn file(path: &std::path::Path) -> DeviceInfo {
    let name = path.file_name().unwrap_or(path.as_os_str());
    info(
        &format!("file:{}", path.display()),
        &name.to_string_lossy(),
        DeviceKind::File,
    )
}

fn info(id: &str, name: &str, kind: DeviceKind) -> DeviceInfo {
    DeviceInfo {
        id: DeviceId(id.to_owned()),
        name: name.to_owned(),
        kind,
        is_default: true,
    }
}
