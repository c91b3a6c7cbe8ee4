//! Drives `call` and `media`: one control task, four media pipelines.
//!
//! The engine turns what happens (commands, messages, session events, devices) into inputs of
//! [`call`]'s phone and carries out what it says; frames flow beside the control task, never
//! through it. It receives everything that touches the world as a [`backends::Backends`] value.

pub mod command;
pub mod view;
