//! Sound between a device's callback and a thread, with the times of its samples.
//!
//! The callback writes and the thread reads; neither allocates, locks or waits for the other. What
//! does not fit is dropped and counted, and the times of what follows tell of the gap.

use std::sync::Arc;
use std::time::Duration;

use media::backend::audio::SAMPLE_RATE_HZ;
use media::time::MediaTime;

use crate::counters::Count;
use crate::timeline::duration_of;

/// The end of the callback, or of the thread, whichever makes the sound.
#[derive(Debug)]
pub struct Writer {
    samples: rtrb::Producer<f32>,
    marks: rtrb::Producer<Mark>,
    /// Samples written since the beginning.
    written: u64,
    /// From which sample on the next mark is due.
    next_mark: u64,
    dropped: Arc<Count>,
}

/// The end that takes the sound out.
#[derive(Debug)]
pub struct Reader {
    samples: rtrb::Consumer<f32>,
    marks: rtrb::Consumer<Mark>,
    /// Samples read since the beginning.
    read: u64,
    mark: Mark,
    dropped: Arc<Count>,
}

/// When one sample is heard or plays, and with it those that follow.
#[derive(Clone, Copy, Debug)]
struct Mark {
    sample: u64,
    time: MediaTime,
}

/// A ring for `capacity` samples.
pub(crate) fn timed_ring(capacity: usize) -> (Writer, Reader) {
    let (to_samples, samples) = rtrb::RingBuffer::new(capacity);
    let (to_marks, marks) = rtrb::RingBuffer::new(capacity / SPACING as usize + SPARE_MARKS);
    let dropped = Arc::<Count>::default();
    let writer = Writer {
        samples: to_samples,
        marks: to_marks,
        written: 0,
        next_mark: 0,
        dropped: Arc::clone(&dropped),
    };
    let reader = Reader {
        samples,
        marks,
        read: 0,
        mark: Mark {
            sample: 0,
            time: MediaTime::default(),
        },
        dropped,
    };
    (writer, reader)
}

impl Writer {
    /// Adds samples, of which the first is heard or plays at `time`.
    pub fn write(&mut self, samples: &[f32], time: MediaTime) {
        let fits = samples.len().min(self.samples.slots());
        if fits > 0 && (self.written < self.next_mark || self.mark(time)) {
            // The slots were counted above, and only this end fills them.
            if let Ok(chunk) = self.samples.write_chunk_uninit(fits) {
                self.written += chunk.fill_from_iter(samples.iter().copied()) as u64;
            }
            if fits == samples.len() {
                return;
            }
            self.dropped.add((samples.len() - fits) as u64);
        } else {
            self.dropped.add(samples.len() as u64);
        }
        // What comes next does not follow what was written last.
        self.next_mark = self.written;
    }

    /// How many samples wait to be read.
    pub(crate) fn waiting(&self) -> usize {
        self.samples.buffer().capacity() - self.samples.slots()
    }

    /// Says when the next sample is heard or plays; false when there is no room to say it, and then
    /// the sample must not follow.
    fn mark(&mut self, time: MediaTime) -> bool {
        let sample = self.written;
        self.next_mark = sample + SPACING;
        self.marks.push(Mark { sample, time }).is_ok()
    }
}

impl Reader {
    /// When the next sample is heard or plays, once `count` of them wait.
    pub(crate) fn time_of(&mut self, count: usize) -> Option<MediaTime> {
        if self.samples.slots() < count {
            return None;
        }
        while let Ok(next) = self.marks.peek()
            && next.sample <= self.read
        {
            self.mark = *next;
            // It was there just now.
            let _ = self.marks.pop();
        }
        let after: Duration = duration_of((self.read - self.mark.sample) as usize);
        Some(self.mark.time + after)
    }

    /// Takes as many samples as `out` has, once so many wait, and tells when the first of them is
    /// heard or plays.
    pub(crate) fn read(&mut self, out: &mut [f32]) -> Option<MediaTime> {
        let time = self.time_of(out.len())?;
        let samples = self.samples.read_chunk(out.len()).ok()?;
        let (first, second) = samples.as_slices();
        out[..first.len()].copy_from_slice(first);
        out[first.len()..].copy_from_slice(second);
        samples.commit_all();
        self.read += out.len() as u64;
        Some(time)
    }

    /// Leaves out as many samples, or all that wait; tells how many.
    pub(crate) fn discard(&mut self, samples: usize) -> usize {
        let there = self.samples.slots().min(samples);
        if let Ok(chunk) = self.samples.read_chunk(there) {
            chunk.commit_all();
            self.read += there as u64;
        }
        there
    }

    /// How many samples wait to be read.
    pub(crate) fn waiting(&self) -> usize {
        self.samples.slots()
    }

    /// How many samples did not fit so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.get()
    }
}

/// Samples for which one mark is enough, 5 ms: the least of usual callbacks, and callbacks of a
/// few samples must not fill the ring of marks before that of samples.
const SPACING: u64 = SAMPLE_RATE_HZ as u64 / 200;

/// Marks beyond those that are due by their distance: of gaps.
const SPARE_MARKS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> MediaTime {
        MediaTime::from_micros(millis * 1000)
    }

    #[test]
    fn what_is_read_has_the_time_that_it_was_written_with() {
        let (mut writer, mut reader) = timed_ring(4800);
        writer.write(&[0.1; 480], at(1000));
        writer.write(&[0.2; 480], at(1012));
        let mut out = [0.0; 720];
        assert_eq!(reader.read(&mut out), Some(at(1000)));
        assert_eq!((out[0], out[719]), (0.1, 0.2));
        assert_eq!(reader.time_of(240), Some(at(1017)));
        assert_eq!(reader.time_of(241), None);
    }

    #[test]
    fn callbacks_of_one_sample_fill_the_whole_ring() {
        let (mut writer, mut reader) = timed_ring(4800);
        for sample in 0..4800 {
            let micros = i64::from(sample) * 1_000_000 / 48_000;
            writer.write(&[0.5], MediaTime::from_micros(micros));
        }
        assert_eq!((writer.waiting(), reader.dropped()), (4800, 0));
        assert_eq!(reader.read(&mut [0.0; 4320]), Some(at(0)));
        assert_eq!(reader.time_of(480), Some(at(90)));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_follows_keeps_its_own_time() {
        let (mut writer, mut reader) = timed_ring(960);
        writer.write(&[0.1; 720], at(0));
        writer.write(&[0.2; 480], at(15));
        writer.write(&[0.3; 480], at(25));
        assert_eq!(reader.dropped(), 720);
        let mut out = [0.0; 480];
        assert_eq!(reader.read(&mut out), Some(at(0)));
        writer.write(&[0.4; 480], at(35));
        assert_eq!(reader.read(&mut out), Some(at(10)));
        assert_eq!((out[0], out[479]), (0.1, 0.2));
        assert_eq!(reader.read(&mut out), Some(at(35)));
        assert_eq!(out[0], 0.4);
    }

    #[test]
    fn a_ring_that_nobody_reads_takes_any_number_of_callbacks() {
        let (mut writer, mut reader) = timed_ring(480);
        for callback in 0..1000 {
            writer.write(&[0.1; 64], at(callback));
        }
        assert_eq!(reader.dropped(), 64_000 - 480);
        assert_eq!(reader.read(&mut [0.0; 480]), Some(at(0)));
    }
}
