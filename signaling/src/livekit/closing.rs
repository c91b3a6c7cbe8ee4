//! Rooms that are to be deleted, until they are.

use std::time::Duration;

use tokio::time::Instant;

use super::room::RoomName;

/// Each is tried again with growing pauses, and given up after [`ATTEMPTS`]: the server itself closes
/// a room that everybody has left. At most `most` wait; then the oldest is left to the server.
#[derive(Debug)]
pub(super) struct Closing {
    rooms: Vec<Room>,
    most: usize,
}

#[derive(Debug)]
struct Room {
    name: RoomName,
    state: State,
    /// Attempts that failed.
    failed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be tried then.
    Due(Instant),
    /// The server has been asked.
    Asked,
}

impl Closing {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            rooms: Vec::new(),
            most,
        }
    }

    pub(super) fn push(&mut self, name: RoomName, now: Instant) {
        if self.rooms.len() >= self.most {
            self.rooms.remove(0);
        }
        self.rooms.push(Room {
            name,
            state: State::Due(now),
            failed: 0,
        });
    }

    /// The next one to ask the server for; it counts as asked from now on.
    pub(super) fn next(&mut self, now: Instant) -> Option<RoomName> {
        let mut rooms = self.rooms.iter_mut();
        let room = rooms.find(|room| matches!(room.state, State::Due(at) if at <= now))?;
        room.state = State::Asked;
        Some(room.name)
    }

    /// What became of one that the server was asked for.
    pub(super) fn asked(&mut self, name: RoomName, is_deleted: bool, now: Instant) {
        let Some(at) = self.rooms.iter().position(|room| room.name == name) else {
            return;
        };
        let room = &mut self.rooms[at];
        room.failed += 1;
        if is_deleted {
            self.rooms.swap_remove(at);
        } else if room.failed >= ATTEMPTS {
            tracing::warn!("a room could not be deleted: it closes when everybody has left it");
            self.rooms.swap_remove(at);
        } else {
            let pause = FIRST_PAUSE * 2_u32.saturating_pow(room.failed - 1);
            room.state = State::Due(now + pause.min(LONGEST_PAUSE));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }

    /// Whether nothing is under way or due: what is left has failed and waits.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let waits = |room: &Room| matches!(room.state, State::Due(at) if at > now);
        self.rooms.iter().all(waits)
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// About five minutes: a server that is away for longer comes back without its rooms.
const ATTEMPTS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_tried_again_with_growing_pauses_and_given_up_in_the_end() {
        let start = Instant::now();
        let mut now = start;
        let mut closing = Closing::new(10);
        let room = RoomName([1; 16]);
        closing.push(room, now);
        let mut attempts = 0;
        while closing.len() > 0 {
            if closing.next(now) == Some(room) {
                assert_eq!(closing.next(now), None, "one attempt at a time");
                assert!(!closing.is_idle(now));
                closing.asked(room, false, now);
                attempts += 1;
            }
            assert!(closing.is_idle(now));
            now += Duration::from_millis(500);
        }
        assert_eq!(attempts, ATTEMPTS);
        let took = now - start;
        let about = Duration::from_secs(200)..Duration::from_secs(400);
        assert!(about.contains(&took), "{took:?}");
    }

    #[test]
    fn a_deleted_room_is_forgotten_and_the_oldest_of_too_many_is_left_to_the_server() {
        let now = Instant::now();
        let mut closing = Closing::new(2);
        for n in 0..3 {
            closing.push(RoomName([n; 16]), now);
        }
        assert_eq!(closing.next(now), Some(RoomName([1; 16])));
        closing.asked(RoomName([1; 16]), true, now);
        assert_eq!(closing.next(now), Some(RoomName([2; 16])));
        closing.asked(RoomName([7; 16]), true, now);
        assert_eq!(closing.len(), 1);
    }
}
