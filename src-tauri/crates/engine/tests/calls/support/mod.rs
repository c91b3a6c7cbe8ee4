//! Two people on one machine: real engines, a real relay, real codecs; a loopback transport and
//! devices that do what a test tells them.

mod codecs;
mod device;
mod devices;
mod duo;
mod foreigner;
mod hush;
mod local_network;
mod notebook;
mod observed;
mod patient;
mod people;
mod person;
mod relay;
mod screens;
mod sound;
mod tap;
mod wait;

pub(crate) use codecs::Kind;
pub(crate) use device::Device;
pub(crate) use devices::Devices;
pub(crate) use duo::{Duo, Setup, drive, pass};
pub(crate) use foreigner::Foreigner;
pub(crate) use local_network::LocalNetwork;
pub(crate) use notebook::Page;
pub(crate) use observed::Observed;
pub(crate) use person::{Machine, Person};
pub(crate) use relay::Relay;
pub(crate) use wait::eventually;
