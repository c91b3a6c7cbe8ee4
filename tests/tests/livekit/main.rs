//! Sessions through LiveKit's own server, and calls of whole programs over it.

mod bad_servers;
mod cuts;
mod duo;
mod events;
mod far;
mod flow;
mod front;
mod left;
mod media;
mod network;
mod noise;
mod python;
mod rooms;
mod secrets;
mod tcp;
