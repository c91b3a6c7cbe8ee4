//! Backends that follow a choice: real devices, made ones and files behind one list.
//!
//! Where the choice is the system's devices and it has none, the list offers a made one, whose
//! kind says so. Where the choice is a made device or a file, ids are ignored: an id that settings
//! remember from another run must not keep the chosen device from opening.

use std::path::Path;

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};
use media::synthetic::pattern::Pattern;

use crate::choose::{CameraChoice, MicrophoneChoice, SpeakerChoice};
use crate::made;
use crate::made::camera::Stamping;
use crate::made::microphone::Loop;
use crate::system::{self, Sound};

/// The cameras of one choice.
#[derive(Debug)]
pub(crate) struct Cameras {
    choice: CameraChoice,
}

impl Cameras {
    pub(crate) const fn new(choice: CameraChoice) -> Self {
        Self { choice }
    }
}

impl CameraBackend for Cameras {
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError> {
        match &self.choice {
            CameraChoice::Synthetic => Ok(vec![made::synthetic_camera()]),
            CameraChoice::File { path, .. } => Ok(vec![made::file(path)]),
            CameraChoice::None => Ok(Vec::new()),
            CameraChoice::Device(name) => Ok(with_default(system::camera::list()?, name)),
            CameraChoice::System => {
                let real = system::camera::list()?;
                Ok(if real.is_empty() {
                    vec![made::synthetic_camera()]
                } else {
                    real
                })
            }
        }
    }

    fn open(
        &self,
        id: Option<&DeviceId>,
        mode: VideoMode,
        sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        check(mode)?;
        match &self.choice {
            CameraChoice::Synthetic => synthetic_camera(mode, sink),
            CameraChoice::File { path, stamp } => file_camera(path, *stamp, mode, sink),
            CameraChoice::None => Err(DeviceError::NotFound("there is no camera".into())),
            CameraChoice::Device(_) | CameraChoice::System => {
                let wanted = find(self.list()?, id, "camera")?;
                if wanted == made::synthetic_camera() {
                    return synthetic_camera(mode, sink);
                }
                system::camera::open(&wanted, mode, sink)
            }
        }
    }
}

fn check(mode: VideoMode) -> Result<(), DeviceError> {
    if mode.size.is_valid() {
        return Ok(());
    }
    Err(DeviceError::Format(format!("pictures of {}", mode.size)))
}

fn synthetic_camera(
    mode: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let painter = Pattern::new(mode.size);
    let info = made::synthetic_camera();
    Ok(Box::new(made::camera::start(
        info,
        mode,
        Stamping::Stamped,
        painter,
        sink,
    )?))
}

fn file_camera(
    path: &Path,
    stamp: bool,
    mode: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let clip = made::clip::Clip::open(path)?;
    let mode = VideoMode {
        size: clip.size().within_pixels_of(mode.size),
        ..mode
    };
    let stamping = if stamp {
        Stamping::Stamped
    } else {
        Stamping::Plain
    };
    Ok(Box::new(made::camera::start(
        made::file(path),
        mode,
        stamping,
        clip,
        sink,
    )?))
}

/// The microphones of one choice and the speakers of another.
#[derive(Debug)]
pub(crate) struct Audio {
    microphone: MicrophoneChoice,
    speaker: SpeakerChoice,
    system: Sound,
}

impl Audio {
    pub(crate) fn new(microphone: MicrophoneChoice, speaker: SpeakerChoice) -> Self {
        Self {
            microphone,
            speaker,
            system: Sound::default(),
        }
    }

    /// What the system has, if the choices make it matter.
    fn real(&self) -> Result<AudioDevices, DeviceError> {
        let microphones = match self.microphone {
            MicrophoneChoice::System | MicrophoneChoice::Device(_) => true,
            MicrophoneChoice::Synthetic | MicrophoneChoice::File(_) | MicrophoneChoice::None => {
                false
            }
        };
        let speakers = match self.speaker {
            SpeakerChoice::System | SpeakerChoice::Device(_) => true,
            SpeakerChoice::File(_) | SpeakerChoice::None => false,
        };
        if microphones || speakers {
            self.system.list()
        } else {
            Ok(AudioDevices::default())
        }
    }

    fn microphones(&self, real: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
        match &self.microphone {
            MicrophoneChoice::Synthetic => vec![made::synthetic_microphone()],
            MicrophoneChoice::File(path) => vec![made::file(path)],
            MicrophoneChoice::None => Vec::new(),
            MicrophoneChoice::Device(name) => with_default(real, name),
            MicrophoneChoice::System if real.is_empty() => vec![made::synthetic_microphone()],
            MicrophoneChoice::System => real,
        }
    }

    fn speakers(&self, real: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
        match &self.speaker {
            SpeakerChoice::File(path) => vec![made::file(path)],
            SpeakerChoice::None => vec![made::no_speaker()],
            SpeakerChoice::Device(name) => with_default(real, name),
            SpeakerChoice::System if real.is_empty() => vec![made::no_speaker()],
            SpeakerChoice::System => real,
        }
    }
}

impl AudioBackend for Audio {
    fn list(&self) -> Result<AudioDevices, DeviceError> {
        let real = self.real()?;
        Ok(AudioDevices {
            microphones: self.microphones(real.microphones),
            speakers: self.speakers(real.speakers),
        })
    }

    fn open_microphone(
        &self,
        id: Option<&DeviceId>,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let synthetic = made::synthetic_microphone();
        let made = |info, said, sink| -> Result<Box<dyn DeviceStream>, DeviceError> {
            Ok(Box::new(made::microphone::start(info, said, sink)?))
        };
        match &self.microphone {
            MicrophoneChoice::Synthetic => made(synthetic, Loop::voice(), sink),
            MicrophoneChoice::File(path) => made(made::file(path), Loop::open(path)?, sink),
            MicrophoneChoice::None => Err(DeviceError::NotFound("there is no microphone".into())),
            MicrophoneChoice::Device(_) | MicrophoneChoice::System => {
                let wanted = find(self.list()?.microphones, id, "microphone")?;
                if wanted == synthetic {
                    return made(synthetic, Loop::voice(), sink);
                }
                self.system.open_microphone(wanted, id.is_none(), sink)
            }
        }
    }

    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let none = made::no_speaker();
        match &self.speaker {
            SpeakerChoice::File(path) => Ok(Box::new(made::speaker::into_file(
                made::file(path),
                path,
                source,
            )?)),
            SpeakerChoice::None => Ok(Box::new(made::speaker::into_nothing(none, source)?)),
            SpeakerChoice::Device(_) | SpeakerChoice::System => {
                let wanted = find(self.list()?.speakers, id, "speaker")?;
                if wanted == none {
                    return Ok(Box::new(made::speaker::into_nothing(none, source)?));
                }
                self.system.open_speaker(wanted, id.is_none(), source)
            }
        }
    }
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
        None => DeviceError::NotFound(format!("the chosen {what} is not there")),
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

    #[test]
    fn made_devices_are_listed_alone_and_say_what_they_are() {
        let cameras = Cameras::new(CameraChoice::Synthetic).list().unwrap();
        assert_eq!(cameras, [made::synthetic_camera()]);
        let none = Audio::new(MicrophoneChoice::None, SpeakerChoice::None)
            .list()
            .unwrap();
        assert_eq!(none.microphones, []);
        assert_eq!(none.speakers, [made::no_speaker()]);
        let file = Audio::new(
            MicrophoneChoice::File("a/b.wav".into()),
            SpeakerChoice::None,
        );
        let listed = file.list().unwrap().microphones;
        assert_eq!(
            (listed[0].name.as_str(), listed[0].kind),
            ("b.wav", DeviceKind::File)
        );
    }
}
