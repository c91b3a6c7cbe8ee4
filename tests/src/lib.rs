//! The harness of the end-to-end tests and benches: real programs, real windows, real sound, and
//! figures that are read from outside.
//!
//! Owns every process that it starts: whatever is dropped is killed with its children. Nothing
//! here decides about calls, and no figure is computed from what was not measured.
//!
//! - programs: [`program`], [`relay`], [`peer`] (headless), [`window`], [`duo`] (two windows that
//!   know each other), [`world`] (two headless peers and what carries their calls), [`browser`]
//!   (Chromium), [`coturn`], [`livekit`], [`turn`] (whose turn it is to measure)
//! - the world around them: [`screen`] (X without a monitor), [`desktop`] (with a window manager),
//!   [`sound_server`], [`room`] (between a speaker and a microphone of it), [`speaker_delay`]
//!   (devices that tell their delay wrong), [`lab`] (hosts, links and routers of our own), [`lan`]
//!   (people on a network of it), [`material`], [`devices`] (named ones), [`text_window`] (a window
//!   with text, and how much of it is left in a picture), [`page_window`] (one that scrolls)
//! - between two programs: [`hostile_relay`] (reads, changes, forges), [`slow_link`] (delays),
//!   [`forge`] (lies about who is near)
//! - reading: [`story`] (what a program said of its calls), [`recovery`] (how long a call is away
//!   after what happened to it), [`stamp`], [`watch`] (pictures on a screen), [`recorded`]
//!   (recordings of calls), [`sound`] (who is heard how late), [`senses`] (whether people at windows
//!   see and hear each other), [`usage`] (CPU, memory, threads, descriptors), [`census`] (who is in
//!   the rooms of a LiveKit server), [`screen_reader`] (names of controls), [`clock`]
//! - pressing: [`webdriver`]

pub mod browser;
pub mod census;
pub mod clock;
pub mod coturn;
pub mod desktop;
pub mod devices;
pub mod duo;
pub mod forge;
pub mod hostile_relay;
pub mod lab;
pub mod lan;
pub mod livekit;
pub mod material;
pub mod page_window;
pub mod peer;
pub mod program;
pub mod recorded;
pub mod recovery;
pub mod relay;
pub mod room;
pub mod screen;
pub mod screen_reader;
pub mod sdk;
pub mod senses;
pub mod slow_link;
pub mod sound;
pub mod sound_server;
pub mod speaker_delay;
pub mod stamp;
pub mod story;
pub mod text_window;
pub mod turn;
pub mod usage;
pub mod watch;
pub mod webdriver;
pub mod window;
pub mod world;
