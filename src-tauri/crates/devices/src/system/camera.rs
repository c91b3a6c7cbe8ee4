//! The cameras of the machine, by nokhwa.
//!
//! nokhwa's reads cannot be interrupted and have no timeout, so each camera is created, read and
//! dropped on a thread of its own that may be left behind when a driver hangs; a second thread
//! watches it. Its decoders to RGB are never used: pictures go straight to I420.
//!
//! Names: nokhwa knows cameras by index, which changes when one is unplugged. Our id is the name,
//! with a count where two cameras share it.

mod colour;
mod convert;
mod mode;
mod reader;

use media::backend::camera::{PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};
use nokhwa::NokhwaError;
use nokhwa::utils::{ApiBackend, CameraIndex};

/// The cameras of this moment, in the system's order. A machine without any has none; that is no
/// error.
pub(crate) fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
    Ok(cameras()?.into_iter().map(|(info, _)| info).collect())
}

/// Starts the camera `info` as near to `mode` as it can.
pub(crate) fn open(
    info: &DeviceInfo,
    mode: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let (info, index) = cameras()?
        .into_iter()
        .find(|(it, _)| it.id == info.id)
        .ok_or_else(|| DeviceError::NotFound(info.name.clone()))?;
    reader::open(info, index, mode, sink)
}

fn cameras() -> Result<Vec<(DeviceInfo, CameraIndex)>, DeviceError> {
    let found = nokhwa::query(ApiBackend::Auto).map_err(|it| failure("list cameras", &it))?;
    let mut found: Vec<_> = found
        .into_iter()
        .map(|it| (it.human_name(), it.index().clone()))
        .filter(|(_, index)| takes_pictures(index))
        .collect();
    found.sort_by(|(_, a), (_, b)| a.cmp(b));
    let infos = named(found.iter().map(|(name, _)| name.as_str()));
    Ok(infos
        .into_iter()
        .zip(found.into_iter().map(|(_, index)| index))
        .collect())
}

/// The infos of cameras of these names, the first one as the default.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<DeviceInfo> {
    let mut infos: Vec<DeviceInfo> = Vec::new();
    for name in names {
        let same = infos
            .iter()
            .filter(|it| it.id.0.starts_with(&format!("camera:{name}#")))
            .count();
        infos.push(DeviceInfo {
            id: DeviceId(format!("camera:{name}#{same}")),
            name: if same == 0 {
                name.to_owned()
            } else {
                format!("{name} ({})", same + 1)
            },
            kind: DeviceKind::Real,
            is_default: infos.is_empty(),
        });
    }
    infos
}

/// Whether a node is the one that a camera delivers pictures on: on Linux every USB camera has a
/// second one for metadata, which counts from one there.
#[cfg(target_os = "linux")]
fn takes_pictures(index: &CameraIndex) -> bool {
    let CameraIndex::Index(number) = index else {
        return true;
    };
    std::fs::read_to_string(format!("/sys/class/video4linux/video{number}/index"))
        .map_or(true, |it| it.trim() == "0")
}

#[cfg(not(target_os = "linux"))]
const fn takes_pictures(_: &CameraIndex) -> bool {
    true
}

/// nokhwa's error in our words. It keeps the system's error as text only.
fn failure(what: &str, error: &NokhwaError) -> DeviceError {
    let text = format!("{what}: {error}");
    let says = |words: &[&str]| words.iter().any(|it| text.contains(it));
    if says(&["busy", "Busy", "in use"]) {
        DeviceError::Busy(text)
    } else if says(&["ermission", "not authorized", "denied"]) {
        DeviceError::Refused(text)
    } else if says(&["No such", "not found"]) {
        DeviceError::NotFound(text)
    } else {
        DeviceError::Failed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_of_one_name_are_told_apart() {
        let infos = named(["Lid", "Desk", "Lid"].into_iter());
        let ids: Vec<_> = infos.iter().map(|it| it.id.0.as_str()).collect();
        assert_eq!(ids, ["camera:Lid#0", "camera:Desk#0", "camera:Lid#1"]);
        assert_eq!(infos[2].name, "Lid (2)");
        assert!(infos[0].is_default && !infos[1].is_default);
    }

    #[test]
    fn asking_a_machine_for_its_cameras_is_no_error() {
        for camera in list().unwrap() {
            assert_eq!(camera.kind, DeviceKind::Real);
        }
        let nobody = DeviceInfo {
            id: DeviceId("camera:none of this name#0".into()),
            name: "none of this name".into(),
            kind: DeviceKind::Real,
            is_default: false,
        };
        let mode = VideoMode {
            size: media::units::Size::HD,
            fps: 30.0,
        };
        let opened = open(&nobody, mode, Box::new(Nobody));
        assert!(matches!(opened, Err(DeviceError::NotFound(_))));
    }

    struct Nobody;

    impl PictureSink for Nobody {
        fn picture(&mut self, _: media::picture::Captured) {
            panic!("a picture of no camera");
        }

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    #[test]
    fn errors_keep_their_meaning() {
        let error = |text: &str| failure("open", &NokhwaError::GeneralError(text.into()));
        assert!(matches!(
            error("Device or resource busy (os error 16)"),
            DeviceError::Busy(_)
        ));
        assert!(matches!(
            error("Permission denied (os error 13)"),
            DeviceError::Refused(_)
        ));
        assert!(matches!(
            error("No such device (os error 19)"),
            DeviceError::NotFound(_)
        ));
        assert!(matches!(error("anything"), DeviceError::Failed(_)));
    }
}
