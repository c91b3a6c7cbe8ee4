//! Sessions and calls through LiveKit's own server.

mod duo;
mod media;
mod programs;
mod python;
mod rooms;
