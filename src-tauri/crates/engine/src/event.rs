//! Everything that can wake the control task, in one closed list.

use call::id::CallId;
use identity::Address;
use media::backend::device::{DeviceError, DeviceStream};
use media::transport::{Session, TransportError, TransportEvent, TransportStats};
use tokio::sync::oneshot;

use crate::command::{Command, DeviceRole};
use crate::config::Config;
use crate::device::Lists;
use crate::engine::CommandError;
use crate::view::RelayView;

/// One thing that happened, on its way to the control task.
#[derive(Debug)]
pub(crate) enum Event {
    /// The user wants something and waits for the answer.
    Command(Command, oneshot::Sender<Result<(), CommandError>>),
    /// The user changed settings.
    Configure(Box<Config>),
    /// A message came through a relay.
    Message { from: Address, payload: Vec<u8> },
    /// A relay says that nobody is at this address.
    NotHere { to: Address },
    /// The link to our own relay changed.
    Relay(RelayView),
    /// The link to the relay of the one we call changed.
    Visit,
    /// A session was opened, or not.
    Opened {
        call: CallId,
        session: Result<Box<Session>, TransportError>,
    },
    /// A session tells something.
    Transport { call: CallId, event: TransportEvent },
    /// A session's own figures.
    Figures {
        call: CallId,
        stats: Box<TransportStats>,
    },
    /// A session is gone with all that belonged to it.
    Closed { call: CallId },
    /// A device was opened, or not; `turn` tells which wish this answers.
    DeviceOpened {
        role: DeviceRole,
        turn: u64,
        result: Result<Box<dyn DeviceStream>, DeviceError>,
    },
    /// A device was let go of.
    DeviceClosed { role: DeviceRole },
    /// A device at work failed; `turn` tells which opening it came from.
    DeviceFailed {
        role: DeviceRole,
        turn: u64,
        error: DeviceError,
    },
    /// The devices of this moment.
    Devices(Lists),
    /// The engine shall stop; answered when all is released.
    Stop(oneshot::Sender<()>),
}
