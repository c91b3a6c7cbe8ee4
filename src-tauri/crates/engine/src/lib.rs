//! Drives `call` and `media`: one control task, four media pipelines, and one more for each screen
//! that is shared.
//!
//! The engine turns what happens (commands, messages, session events, devices) into inputs of
//! [`call`]'s phone and carries out what it says; frames flow beside the control task, never
//! through it. It receives everything that touches the world as a [`Backends`] value.
//!
//! ```text
//! camera ──▶ CameraTap ──▶ slot ──▶ venc ──▶ Gate ──▶ session ──▶ vdec ──▶ PictureFeed
//! screen ──▶ slot ──▶ senc ──▶ Gate ──▶ session ──▶ sdec ──▶ PictureFeed
//! microphone ──▶ ring ──▶ aenc ──▶ Gate ──▶ session ──▶ jitter buffer (playout) ──▶ ring ──▶ speaker
//!                          ▲───────────────── ring of what the speaker played ◀─────────────────┘
//! ```

#![warn(missing_docs)]

mod access;
mod audio_thread;
mod call_media;
mod camera_tap;
mod chat;
mod clock;
mod config;
mod control;
mod counters;
mod device;
mod devices;
mod engine;
mod figures;
mod gate;
mod history;
mod lan;
mod limits;
mod log_rate;
mod machine;
mod microphone;
mod picture;
mod playout;
mod plugs;
mod quality;
mod receipts;
mod recording;
mod recv_video;
mod relays;
mod sealing;
mod send_video;
mod session;
mod share;
mod stats;
mod subject;
mod summary;
mod suspend;
#[cfg(test)]
mod testing;
mod threads;
mod timed_ring;
mod timeline;
mod tone;
mod transports;
mod voice;
mod work;
mod worker;

pub mod command;
pub mod view;

pub use chat::Said;
pub use clock::Clock;
pub use command::CommandError;
pub use config::{Backends, Config, LanVisibility, People, Relation, Strangers, WhoMayRing};
pub use engine::Engine;
pub use figures::NetworkFigures;
pub use history::Ended;
pub use lan::WhoIsThere;
pub use machine::{Machine, Rng};
pub use microphone::reference;
pub use picture::{PictureFeed, Subscription};
pub use quality::{CallRecord, DirectionRecord};
#[cfg(fuzzing)]
pub use recording::consent::fuzzing;
pub use recording::consent::{Consent, NoConsent, Says, Signed};
pub use recording::{RecordingFile, RecordingFileState};
pub use relays::{Dialer, Dialled, RelayConnection, SignalClient};
/// Directives that keep the libraries beneath the relay link from logging frames and addresses,
/// to be appended to the log filter of every program.
pub use signal_client::LOG_FILTER;
pub use threads::{Executor, Threads};
