//! Impulse responses of a box by its image sources.

use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::high_pass::HighPass;

use super::Room;

/// A point in a room, in metres from a corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(pub(super) [f64; 3]);

/// What is heard at `to` of one sample of 1 at `from`; at a metre, the direct sound is 1. Ends
/// where it has fallen by 50 dB.
pub(super) fn response(room: &Room, from: Place, to: Place) -> Vec<f32> {
    let seconds = room.rt60_s * 5.0 / 6.0;
    let length = (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
    let reach = seconds * SPEED;
    let reflection = reflection(room);
    let mut taps = vec![0.0; length];
    let [xs, ys, zs] =
        std::array::from_fn(|axis| images(room.size_m[axis], from.0[axis], to.0[axis], reach));
    for x in &xs {
        for y in &ys {
            for z in &zs {
                let squared = [x, y, z].map(|image| image.away * image.away);
                let distance = squared.iter().sum::<f64>().sqrt();
                let bounces = x.bounces + y.bounces + z.bounces;
                add(
                    &mut taps,
                    distance,
                    reflection.powi(bounces) / distance.max(0.05),
                );
            }
        }
    }
    // All images add up there, as those of real walls do not: a room would be little but a hum. Once
    // leaves much of it.
    for _ in 0..2 {
        let mut high = HighPass::new(LOWEST_HZ);
        for tap in &mut taps {
            *tap = high.next(*tap);
        }
    }
    // The time to the first sound is the scene's delay and not the room's.
    let first = taps.iter().position(|tap| *tap != 0.0).unwrap_or(0);
    taps.drain(..first);
    taps
}

/// An image along one axis.
struct Image {
    /// Its distance along the axis.
    away: f64,
    /// How often its sound met a wall of the axis.
    bounces: i32,
}

fn images(size: f64, from: f64, to: f64, reach: f64) -> Vec<Image> {
    let most = (reach / (2.0 * size)).ceil() as i32;
    let of = |turn: i32| {
        let straight = Image {
            away: 2.0 * f64::from(turn) * size + from - to,
            bounces: (2 * turn).abs(),
        };
        let mirrored = Image {
            away: 2.0 * f64::from(turn) * size - from - to,
            bounces: (2 * turn - 1).abs(),
        };
        [straight, mirrored]
    };
    (-most..=most).flat_map(of).collect()
}

/// How much of a sound a wall gives back, so that the room has its RT60 (Eyring).
fn reflection(room: &Room) -> f64 {
    let [x, y, z] = room.size_m;
    let surface = 2.0 * (x * y + y * z + x * z);
    (-24.0 * 10_f64.ln() / SPEED * x * y * z / (surface * room.rt60_s) / 2.0).exp()
}

/// Adds a tap between two samples.
fn add(taps: &mut [f32], distance: f64, gain: f64) {
    let at = distance / SPEED * f64::from(SAMPLE_RATE_HZ);
    let (whole, rest) = (at as usize, at.fract());
    for (index, share) in [(whole, 1.0 - rest), (whole + 1, rest)] {
        if let Some(tap) = taps.get_mut(index) {
            *tap += (gain * share) as f32;
        }
    }
}

/// What small rooms and small speakers have little below (Allen and Berkley do the same).
const LOWEST_HZ: f64 = 100.0;

/// Of sound, in metres per second.
const SPEED: f64 = 343.0;

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place([1.0, 1.2, 1.1]);
    const THERE: Place = Place([2.0, 1.2, 1.1]);

    #[test]
    fn a_metre_of_air_leaves_the_direct_sound() {
        let taps = response(&Room::OFFICE, HERE, THERE);
        // It falls between two samples.
        let direct = taps[0].hypot(taps[1]).max(taps[0] + taps[1]);
        assert!((0.9..1.05).contains(&direct), "{direct}");
    }

    #[test]
    fn a_sound_falls_as_fast_as_the_room_says() {
        for room in [Room::OFFICE, Room::KITCHEN] {
            let taps = response(&room, HERE, THERE);
            let energy = |from: f64, to: f64| -> f64 {
                let at = |share: f64| (share * room.rt60_s * f64::from(SAMPLE_RATE_HZ)) as usize;
                let taps = &taps[at(from)..at(to)];
                taps.iter().map(|tap| f64::from(tap * tap)).sum()
            };
            // From a tenth of RT60 to six tenths of it: half of 60 dB.
            let fallen = 10.0 * (energy(0.1, 0.2) / energy(0.6, 0.7)).log10();
            assert!((24.0..33.0).contains(&fallen), "{room:?}: {fallen} dB");
        }
    }
}
