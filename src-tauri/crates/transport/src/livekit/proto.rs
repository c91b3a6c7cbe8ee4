//! LiveKit's protobuf messages as far as they are used: `livekit_rtc.proto` in [`request`] and
//! [`response`], `livekit_models.proto` in [`model`] and [`data`]. Fields that are not named here
//! are skipped when read. Numbers of enums stay numbers here; who reads them decides about
//! unknown ones.

pub(super) mod data;
pub(super) mod model;
pub(super) mod request;
pub(super) mod response;

/// Implements `Debug` with the name alone: fields carry secrets, descriptions and texts.
macro_rules! opaque {
    ($($message:ty),+ $(,)?) => {
        $(impl std::fmt::Debug for $message {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(stringify!($message))
            }
        })+
    };
}
use opaque;
