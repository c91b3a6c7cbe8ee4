//! The microphones of one choice and the speakers of another.

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};

use super::{find, with_default, with_synthetic};
use crate::choice::{MicrophoneChoice, SpeakerChoice};
use crate::system::{self, TheDefault};
use crate::virtual_device;
use crate::virtual_device::microphone::Loop;

/// The microphones of one choice and the speakers of another.
#[derive(Debug)]
pub(super) struct Sound {
    microphone: MicrophoneChoice,
    speaker: SpeakerChoice,
    system: system::Sound,
}

impl Sound {
    pub(super) fn new(microphone: MicrophoneChoice, speaker: SpeakerChoice) -> Self {
        Self {
            microphone,
            speaker,
            system: system::Sound::default(),
        }
    }

    /// What the machine has; asked only where one of the choices is about it.
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
        let synthetic = virtual_device::synthetic_microphone();
        match &self.microphone {
            MicrophoneChoice::Synthetic => vec![synthetic],
            MicrophoneChoice::File(path) => vec![virtual_device::file(path)],
            MicrophoneChoice::None => Vec::new(),
            MicrophoneChoice::Device(name) => with_synthetic(with_default(real, name), synthetic),
            MicrophoneChoice::System => with_synthetic(real, synthetic),
        }
    }

    fn speakers(&self, real: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
        match &self.speaker {
            SpeakerChoice::File(path) => vec![virtual_device::file(path)],
            SpeakerChoice::None => vec![virtual_device::no_speaker()],
            SpeakerChoice::Device(name) => with_default(real, name),
            SpeakerChoice::System => real,
        }
    }
}

impl AudioBackend for Sound {
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
        match &self.microphone {
            MicrophoneChoice::Synthetic => voice(sink),
            MicrophoneChoice::File(path) => {
                let (info, said) = (virtual_device::file(path), Loop::open(path)?);
                Ok(Box::new(virtual_device::microphone::start(
                    info, said, sink,
                )?))
            }
            MicrophoneChoice::None => Err(DeviceError::NotFound("there is no microphone".into())),
            MicrophoneChoice::Device(_) | MicrophoneChoice::System => {
                if id == Some(&virtual_device::synthetic_microphone().id) {
                    return voice(sink);
                }
                let wanted = find(self.list()?.microphones, id, "microphone")?;
                let default = default_of(id, self.microphone == MicrophoneChoice::System);
                self.system.open_microphone(wanted, default, sink)
            }
        }
    }

    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        match &self.speaker {
            SpeakerChoice::File(path) => Ok(Box::new(virtual_device::speaker::into_file(
                virtual_device::file(path),
                path,
                source,
            )?)),
            SpeakerChoice::None => Ok(Box::new(virtual_device::speaker::into_nothing(
                virtual_device::no_speaker(),
                source,
            )?)),
            SpeakerChoice::Device(_) | SpeakerChoice::System => {
                let wanted = find(self.list()?.speakers, id, "speaker")?;
                let default = default_of(id, self.speaker == SpeakerChoice::System);
                self.system.open_speaker(wanted, default, source)
            }
        }
    }
}

/// What the device called `id` has to do with the system's default one, where the choice is the
/// `system`'s or a name.
fn default_of(id: Option<&DeviceId>, system: bool) -> TheDefault {
    match (id, system) {
        (Some(_), _) => TheDefault::Ignored,
        (None, false) => TheDefault::InNeed,
        (None, true) => TheDefault::Followed,
    }
}

fn voice(sink: Box<dyn SampleSink>) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let info = virtual_device::synthetic_microphone();
    Ok(Box::new(virtual_device::microphone::start(
        info,
        Loop::voice(),
        sink,
    )?))
}

#[cfg(test)]
mod tests {
    use media::backend::device::DeviceKind;

    use super::*;

    #[test]
    fn a_machine_without_microphones_offers_the_test_voice_but_not_as_default() {
        let sound = Sound::new(MicrophoneChoice::System, SpeakerChoice::System);
        let microphones = sound.microphones(Vec::new());
        assert_eq!(microphones.len(), 1);
        assert_eq!(microphones[0].kind, DeviceKind::Synthetic);
        assert!(!microphones[0].is_default);
        assert!(matches!(
            find(microphones, None, "microphone"),
            Err(DeviceError::NotFound(_))
        ));
        assert_eq!(sound.speakers(Vec::new()), []);
    }

    #[test]
    fn what_was_named_is_listed_alone_and_says_what_it_is() {
        let none = Sound::new(MicrophoneChoice::None, SpeakerChoice::None)
            .list()
            .unwrap();
        assert_eq!(none.microphones, []);
        assert_eq!(none.speakers, [virtual_device::no_speaker()]);
        let file = Sound::new(
            MicrophoneChoice::File("a/b.wav".into()),
            SpeakerChoice::None,
        );
        let listed = file.list().unwrap().microphones;
        assert_eq!(
            (listed[0].name.as_str(), listed[0].kind),
            ("b.wav", DeviceKind::File)
        );
        let voice = Sound::new(MicrophoneChoice::Synthetic, SpeakerChoice::None);
        assert_eq!(
            voice.list().unwrap().microphones,
            [virtual_device::synthetic_microphone()]
        );
    }
}
