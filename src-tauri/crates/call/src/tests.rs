//! Calls between phones in virtual time.

mod answer;
mod collide;
mod controls;
mod courier;
mod duo;
mod end;
mod names;
mod path;
mod quiet;
mod random;
mod ring;
mod session;
mod station;
mod values;
mod words;
