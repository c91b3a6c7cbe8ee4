//! Frames that come again: whoever passes them on cannot change them, and could repeat them.

use super::iv::{Beginning, Iv};

/// Which frames of one stream of the other side have come.
#[derive(Debug)]
pub struct Window {
    beginning: Beginning,
    /// The number after the newest.
    next: u64,
    /// Bit n says that the frame n before the newest has come.
    came: u128,
}

impl Window {
    /// Of the stream whose IVs begin like this.
    #[must_use]
    pub const fn new(beginning: Beginning) -> Self {
        Self {
            beginning,
            next: 0,
            came: 0,
        }
    }

    /// Whether the frame of this IV is of the stream and comes for the first time; it counts as
    /// come. To be asked of authentic frames only. One that is older than the newest by
    /// [`Self::SIZE`] or more is taken for a repetition: packets overtake each other by fewer.
    pub fn admit(&mut self, iv: &Iv) -> bool {
        let Some((beginning, number)) = iv.place() else {
            return false;
        };
        if beginning != self.beginning {
            return false;
        }
        if let Some(ahead) = (number + 1).checked_sub(self.next).filter(|it| *it > 0) {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.came = self.came.checked_shl(shift).unwrap_or(0) | 1;
            self.next = number + 1;
            return true;
        }
        let back = self.next - 1 - number;
        if back >= Self::SIZE {
            return false;
        }
        let bit = 1 << back;
        let is_new = self.came & bit == 0;
        self.came |= bit;
        is_new
    }

    /// Frames: of sound two and a half seconds.
    pub const SIZE: u64 = 128;
}

#[cfg(test)]
mod tests {
    use super::super::iv::Ivs;
    use super::*;

    fn ivs(count: usize) -> (Window, Vec<Iv>) {
        let mut ivs = Ivs::new().unwrap();
        let window = Window::new(ivs.beginning());
        let made = (0..count).map(|_| Iv(ivs.take().unwrap()));
        (window, made.collect())
    }

    #[test]
    fn each_frame_is_admitted_once_in_whatever_order() {
        let (mut window, ivs) = ivs(300);
        for number in [0, 3, 1, 2, 130, 4, 299, 172] {
            assert!(window.admit(&ivs[number]), "{number}");
            assert!(!window.admit(&ivs[number]), "{number} again");
        }
        assert!(!window.admit(&ivs[171]), "too old to know");
        assert!(window.admit(&ivs[173]));
    }

    #[test]
    fn frames_of_another_stream_and_of_other_programs_are_none_of_it() {
        let (mut window, _) = ivs(0);
        let (_, others) = ivs(1);
        assert!(!window.admit(&others[0]));
        assert!(!window.admit(&Iv([0; 12])));
    }
}
