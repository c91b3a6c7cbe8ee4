//! Which device a stream shall be on, and how to tell later that it is still the right one.
//!
//! A PulseAudio server tells a client nothing of either: a stream whose device goes is moved to
//! another one (a microphone's even to what a speaker plays, which the other side would hear as
//! its own echo), and one that is built for a device stays there when another becomes the default.

#[cfg(target_os = "linux")]
use cpal::platform::DeviceInner;
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, Host};
use media::backend::device::{DeviceId, DeviceInfo, DeviceKind};

use super::{Direction, worth_showing};

/// What a stream opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The device as it was listed.
    pub(super) info: DeviceInfo,
    pub(super) default: TheDefault,
}

/// What a stream has to do with the system's default device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TheDefault {
    /// Nothing: a person chose the device.
    Ignored,
    /// It takes the place of a device that is gone, until that comes back.
    InNeed,
    /// The stream is always on it, whichever it is.
    Followed,
}

/// One device for as long as it is plugged in and keeps its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    id: String,
    /// The server's number, which a device that comes back has not. `None` on other hosts, which
    /// tell a stream that its device went or changed.
    index: Option<u32>,
    /// The channels of a microphone, which are asked for as they are. What a speaker has, and any
    /// other rate, the server converts: a stream has no reason to be built again for it.
    channels: Option<u16>,
}

/// What a look at the system says of the device that a stream was built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is the right one, as far as can be told.
    Same,
    /// This one shall be used now.
    Other(Identity),
    /// There is none to use.
    Gone,
}

impl Wanted {
    /// The device that is meant on `host` now, if it is there.
    pub(super) fn find(
        &self,
        host: &Host,
        direction: Direction,
    ) -> Result<Option<Device>, cpal::Error> {
        let default = default(host, direction).and_then(|it| it.id().ok());
        let supports = |device: &Device| {
            device.description().is_ok_and(|it| match direction {
                Direction::Input => it.supports_input(),
                Direction::Output => it.supports_output(),
            })
        };
        let mut devices: Vec<(cpal::DeviceId, Device)> = host
            .devices()?
            .filter(supports)
            .filter_map(|it| Some((it.id().ok()?, it)))
            .filter(|(id, _)| worth_showing(id))
            .collect();
        let ids: Vec<_> = devices.iter().map(|(id, _)| id.to_string()).collect();
        // Where the default is not one of those shown, the first is listed as such.
        let default = devices
            .iter()
            .position(|(id, _)| Some(id) == default.as_ref())
            .or_else(|| (!devices.is_empty()).then_some(0));
        let named = || named(&ids, &self.info.id.0);
        let index = match self.default {
            TheDefault::Ignored => named(),
            TheDefault::InNeed => named().or(default),
            TheDefault::Followed => default,
        };
        Ok(index.map(|it| devices.swap_remove(it).1))
    }

    /// What a person reads of `device`, which is used for what is wanted.
    pub(super) fn described(&self, device: &Device) -> DeviceInfo {
        let id = device.id().map(|it| DeviceId(it.to_string()));
        let name = device.description().map(|it| it.name().to_owned());
        match (id, name) {
            (Ok(id), Ok(name)) if id != self.info.id => DeviceInfo {
                id,
                name,
                kind: DeviceKind::Real,
                is_default: self.default != TheDefault::Ignored,
            },
            _ => self.info.clone(),
        }
    }

    /// Whether `current` is still the device that is meant on `host`.
    ///
    /// Where nothing changed it costs a round trip to a PulseAudio server, and three for a device
    /// that was chosen by name: 0.4 to 4 ms on two cores that had much else to do.
    pub(super) fn look(
        &self,
        host: &Host,
        direction: Direction,
        current: &Identity,
    ) -> Result<Look, cpal::Error> {
        let tells_by_itself = current.index.is_none();
        match self.default {
            TheDefault::Ignored | TheDefault::InNeed if tells_by_itself => return Ok(Look::Same),
            TheDefault::Ignored | TheDefault::InNeed => {}
            TheDefault::Followed => {
                let default = default(host, direction);
                let identity = default.and_then(|it| Identity::of(&it, direction));
                // A system that names none for a moment has not chosen another one.
                if identity.is_none_or(|it| it == *current) {
                    return Ok(Look::Same);
                }
            }
        }
        let meant = self.find(host, direction)?;
        Ok(match meant.and_then(|it| Identity::of(&it, direction)) {
            Some(identity) if identity == *current => Look::Same,
            Some(identity) => Look::Other(identity),
            None if tells_by_itself => Look::Same,
            None => Look::Gone,
        })
    }
}

impl Identity {
    /// Whether a stream on another speaker can be built while one is on this: not through a
    /// PulseAudio connection.
    pub(super) const fn runs_beside(&self) -> bool {
        self.index.is_none()
    }

    /// Of `device`; `None` if it says nothing of itself.
    pub(super) fn of(device: &Device, direction: Direction) -> Option<Self> {
        let id = device.id().ok()?.to_string();
        let index = index(device);
        let channels = match direction {
            Direction::Input if index.is_some() => {
                device.default_input_config().ok().map(|it| it.channels())
            }
            Direction::Input | Direction::Output => None,
        };
        Some(Self {
            id,
            index,
            channels,
        })
    }
}

fn default(host: &Host, direction: Direction) -> Option<Device> {
    match direction {
        Direction::Input => host.default_input_device(),
        Direction::Output => host.default_output_device(),
    }
}

/// The server's number of a PulseAudio device.
#[cfg(target_os = "linux")]
fn index(device: &Device) -> Option<u32> {
    let DeviceInner::PulseAudio(inner) = device.as_inner() else {
        return None;
    };
    // cpal has no function that tells the number; its debug text of a device begins with it.
    index_in(&format!("{inner:?}"))
}

#[cfg(not(target_os = "linux"))]
const fn index(_: &Device) -> Option<u32> {
    None
}

#[cfg(target_os = "linux")]
fn index_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Info { index: ")?;
    rest.split_once(',')?.0.parse().ok()
}

/// Where in `ids` the device `id` is: itself, or the same headset in another profile.
fn named(ids: &[String], id: &str) -> Option<usize> {
    let itself = ids.iter().position(|it| it == id);
    itself.or_else(|| {
        let headset = headset(id)?;
        ids.iter().position(|it| self::headset(it) == Some(headset))
    })
}

/// What of the id of a Bluetooth device stays when its profile changes: all up to its address, as
/// in `bluez_sink.00_11_22_33_44_55.a2dp_sink`.
fn headset(id: &str) -> Option<&str> {
    let (kind, rest) = id.split_once('.')?;
    let (address, _) = rest.split_once('.')?;
    let is_headset = kind.contains("bluez_") && address.len() == ADDRESS_LEN;
    is_headset.then(|| &id[..kind.len() + 1 + address.len()])
}

/// Six bytes in hexadecimal and what separates them.
const ADDRESS_LEN: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headset_is_itself_in_any_profile() {
        let ids = |ids: &[&str]| ids.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let music = "pulseaudio:bluez_sink.00_11_22_33_44_55.a2dp_sink";
        let talk = "pulseaudio:bluez_sink.00_11_22_33_44_55.handsfree_head_unit";
        let other = "pulseaudio:bluez_sink.00_11_22_33_44_66.a2dp_sink";
        assert_eq!(named(&ids(&[other, talk]), music), Some(1));
        assert_eq!(named(&ids(&[talk, music]), music), Some(1));
        assert_eq!(named(&ids(&[other]), music), None);
        let card = "pulseaudio:alsa_output.pci-0000_00_1f.3.analog-stereo";
        let digital = "pulseaudio:alsa_output.pci-0000_00_1f.3.iec958-stereo";
        assert_eq!(named(&ids(&[digital]), card), None);
        assert_eq!(named(&ids(&["spk"]), "spk"), Some(0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_number_is_found_in_the_text_of_a_device() {
        let text = "Sink { client: Client(\"/run/index: 1\"), info: SinkInfo { index: 27, name: \"spk\", card_index: Some(3) } }";
        assert_eq!(index_in(text), Some(27));
        assert_eq!(index_in("Sink"), None);
    }
}
