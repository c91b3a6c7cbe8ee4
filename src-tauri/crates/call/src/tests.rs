//! Calls between phones in virtual time.

mod answer;
mod carrier;
mod chat;
mod collide;
mod controls;
mod courier;
mod duo;
mod end;
mod names;
mod path;
mod quiet;
mod random;
mod receipts;
mod recording;
mod renewal;
mod resume;
mod ring;
mod session;
mod sharing;
mod station;
mod values;
mod words;
