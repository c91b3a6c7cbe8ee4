//! Two sides and what is between them.

mod bounds;
mod conversations;
mod forged;
mod network;
mod replay;
mod reset;
mod tamper;
mod two_sides;
mod versions;
