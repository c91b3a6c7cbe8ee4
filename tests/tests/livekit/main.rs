//! Sessions through LiveKit's own server.

mod duo;
mod media;
mod rooms;
