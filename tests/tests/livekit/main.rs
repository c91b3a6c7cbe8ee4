//! Sessions through LiveKit's own server, and calls of whole programs over it.

mod duo;
mod left;
mod media;
mod programs;
mod rooms;
mod secrets;
