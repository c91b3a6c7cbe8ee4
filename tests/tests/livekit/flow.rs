//! Sound that flows from one session to the other, numbered, while a test does something to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::{BufMut, BytesMut};
use media::frame::EncodedFrame;
use media::time::MediaTime;
use media::transport::{FrameSink, FrameSource, Stream};
use scenarios::turn::note;

use super::duo::End;

/// Fifty frames a second until it is dropped.
#[derive(Debug)]
pub(crate) struct Flow {
    heard: Arc<Mutex<Vec<Heard>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Instant,
    number: u32,
}

/// What was heard since a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) frames: usize,
    /// Frames between the first one and the last one that never came.
    pub(crate) lost: usize,
    /// The longest time without any.
    pub(crate) gap: Duration,
}

impl Flow {
    /// Bytes of a frame.
    pub(crate) const PAYLOAD: usize = 80;

    /// From one end to the other; returns when it flows.
    pub(crate) async fn start(from: &End, to: &End) -> Result<Self> {
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let over = Arc::<AtomicBool>::default();
        let (sink, source) = (
            Arc::clone(&from.out[Stream::Voice]),
            to.input[Stream::Voice].clone(),
        );
        let (into, ends) = (Arc::clone(&heard), Arc::clone(&over));
        let threads = vec![
            thread::spawn({
                let ends = Arc::clone(&ends);
                move || say(&*sink, &ends)
            }),
            thread::spawn(move || hear(&source, &into, &ends)),
        ];
        let flow = Self {
            heard,
            over,
            threads,
        };
        let begun = Instant::now();
        while flow.since(begun).frames < 10 {
            ensure!(begun.elapsed() < SOON, "nothing is heard");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(flow)
    }

    /// What was heard from `from` until now.
    pub(crate) fn since(&self, from: Instant) -> Record {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let first = heard.partition_point(|it| it.at < from);
        let heard = &heard[first..];
        let moments = heard.iter().map(|it| it.at);
        let moments = [from].into_iter().chain(moments).chain([Instant::now()]);
        let moments: Vec<_> = moments.collect();
        let gaps = moments.windows(2).map(|it| it[1] - it[0]);
        let numbers = heard.iter().map(|it| it.number);
        let (least, most) = (numbers.clone().min(), numbers.max());
        let said = least.zip(most).map_or(0, |(least, most)| most - least + 1);
        Record {
            frames: heard.len(),
            lost: (said as usize).saturating_sub(heard.len()),
            gap: gaps.max().unwrap_or_default(),
        }
    }

    /// Whether every frame came since then, the last one just now.
    pub(crate) fn is_whole_since(&self, from: Instant) -> Result<()> {
        let record = self.since(from);
        note(&format!("{record:?}"));
        ensure!(record.lost == 0 && record.gap < NO_GAP, "{record:?}");
        Ok(())
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

fn say(sink: &dyn FrameSink, over: &AtomicBool) {
    let begun = Instant::now();
    for number in 0_u32.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let mut payload = BytesMut::from(&[0x78][..]);
        payload.put_u32(number);
        payload.put_bytes(7, Flow::PAYLOAD - payload.len());
        sink.send(EncodedFrame {
            time: MediaTime::from_micros(begun.elapsed().as_micros() as i64),
            keyframe: false,
            payload: payload.freeze(),
        });
        let next = begun + FRAME * (number + 1);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn hear(source: &FrameSource, into: &Mutex<Vec<Heard>>, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let Ok(received) = source.pop(FRAME) else {
            continue;
        };
        let payload = &received.frame.payload;
        let number = payload.get(1..5).and_then(|it| it.try_into().ok());
        if let Some(number) = number.map(u32::from_be_bytes) {
            let at = Instant::now();
            into.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Heard { at, number });
        }
    }
}

/// Opus has 20 ms in a packet.
const FRAME: Duration = Duration::from_millis(20);

/// No sound is missed that is buffered for so long; a machine with other things to do delays as much.
const NO_GAP: Duration = Duration::from_millis(200);

const SOON: Duration = Duration::from_secs(10);
