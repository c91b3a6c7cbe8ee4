//! How lost packets of pictures are repaired over links with a delay: what is asked for, what is
//! sent again, what the estimate takes for loss, and how long pictures stand still.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::queue::Empty;
use media::time::MediaTime;
use media::transport::{FrameSource, Role, SessionControl, Stream, TransportEvent};
use tokio::sync::mpsc;

use super::duo::{Duo, End, frame, keyframe, loopback};
use super::link::{Census, Link};

/// What a run showed.
#[derive(Debug)]
struct Run {
    census: Census,
    /// NACK messages of the receiver.
    nacks: u64,
    /// Keyframes that it asked for.
    plis: u64,
    /// The loss that the estimate saw, on average.
    seen_loss: f64,
    /// The estimate on average, kb/s.
    kbps: f64,
    /// When the links were as in the end.
    since: Instant,
    shown: Vec<Shown>,
    freezes: u32,
    frozen: Duration,
}

/// A picture that can be decoded.
#[derive(Clone, Copy, Debug)]
struct Shown {
    at: Instant,
    /// From its capture.
    age: Duration,
}

/// The sending side's wishes and figures, from the events of its session.
#[derive(Debug, Default)]
struct Steering {
    keyframe: AtomicBool,
    kbps: AtomicU64,
    /// Sums over all estimates: millionths of loss, kb/s, their count.
    loss: AtomicU64,
    rate: AtomicU64,
    count: AtomicU64,
}

async fn follow(
    mut events: mpsc::UnboundedReceiver<(Instant, TransportEvent)>,
    steering: Arc<Steering>,
) {
    while let Some((_, event)) = events.recv().await {
        match event {
            TransportEvent::KeyframeRequested(_) => {
                steering.keyframe.store(true, Ordering::Relaxed)
            }
            TransportEvent::Estimate(estimate) => {
                let kbps = estimate.bitrate.kbps();
                let loss = (f64::from(estimate.loss) * 1e6) as u64;
                steering.kbps.store(kbps, Ordering::Relaxed);
                steering.loss.fetch_add(loss, Ordering::Relaxed);
                steering.rate.fetch_add(kbps, Ordering::Relaxed);
                steering.count.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Shows pictures as a decoder does: after a loss none before a keyframe, which it asks for.
fn show(source: &FrameSource, control: &dyn SessionControl, epoch: Instant) -> Vec<Shown> {
    let (mut shown, mut broken) = (Vec::new(), false);
    let mut asked: Option<Instant> = None;
    loop {
        match source.pop(Duration::from_millis(50)) {
            Ok(got) => {
                broken = !got.frame.keyframe && (broken || got.after_loss);
                if !broken {
                    let captured = epoch + Duration::from_micros(got.frame.time.micros() as u64);
                    let at = Instant::now();
                    let age = at.saturating_duration_since(captured);
                    shown.push(Shown { at, age });
                }
            }
            Err(Empty::TimedOut) => {}
            Err(Empty::Closed) => return shown,
        }
        let patient = asked.is_some_and(|it: Instant| it.elapsed() < Duration::from_millis(300));
        if broken && !patient {
            control.request_keyframe(Stream::Camera);
            asked = Some(Instant::now());
        }
    }
}

/// Sends pictures at the estimated rate, and sound, while `during` runs.
async fn send(end: &End, steering: &Steering, epoch: Instant, during: impl Future<Output = ()>) {
    let mut during = std::pin::pin!(during);
    let mut tick = tokio::time::interval(Duration::from_micros(33_333));
    let mut number = 0u64;
    loop {
        tokio::select! {
            () = &mut during => return,
            _ = tick.tick() => {}
        }
        let time = MediaTime::from_micros(epoch.elapsed().as_micros() as i64);
        let kbps = steering.kbps.load(Ordering::Relaxed).clamp(100, 2000);
        let size = (kbps * 1000 / 8 / 30 * 9 / 10) as usize;
        let picture = if number == 0 || steering.keyframe.swap(false, Ordering::Relaxed) {
            keyframe(size * 5)
        } else {
            frame(number as u8, size)
        };
        number += 1;
        let frame = |payload| EncodedFrame {
            time,
            keyframe: false,
            payload,
        };
        // Where the queue is full, a busy machine is late: the picture is missing.
        let _ = end.out[Stream::Camera].send(frame(picture));
        let _ = end.out[Stream::Voice].send(frame(Bytes::from_static(&[5; 80])));
    }
}

/// What happens to the links of a run after its first second.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// They lose this share, for so long.
    Loss(f64, Duration),
    /// They lose nothing for two seconds, then everything for so long, and nothing for four.
    Cut(Duration),
}

impl Plan {
    /// Carries it out; returns when the links were as in the end.
    async fn carry_out(self, links: [Link; 2]) -> Instant {
        let sleep = tokio::time::sleep;
        match self {
            Self::Loss(share, time) => {
                links.iter().for_each(|it| it.set_loss(share));
                let since = Instant::now();
                sleep(time).await;
                since
            }
            Self::Cut(time) => {
                sleep(Duration::from_secs(2)).await;
                links.iter().for_each(|it| it.cut(true));
                sleep(time).await;
                links.iter().for_each(|it| it.cut(false));
                let since = Instant::now();
                sleep(Duration::from_secs(4)).await;
                since
            }
        }
    }
}

/// Runs pictures over links of `delay` one way, for a second and as `plan` says.
async fn run(delay: Duration, plan: Plan) -> Run {
    let links = [Link::new(delay, 0.0, 1), Link::new(delay, 0.0, 2)];
    let open = |link: &Link, role| End::open_with(loopback(Some(Arc::new(link.clone()))), role);
    let caller = open(&links[0], Role::Offerer).await;
    let callee = open(&links[1], Role::Answerer).await;
    let mut duo = Duo::couple(caller, callee);
    duo.both_connected().await;
    let steering = Arc::new(Steering::default());
    steering.kbps.store(1000, Ordering::Relaxed);
    tokio::spawn(follow(duo.caller.take_events(), Arc::clone(&steering)));
    let echoed = Arc::new(Steering::default());
    tokio::spawn(follow(duo.callee.take_events(), Arc::clone(&echoed)));

    let epoch = Instant::now();
    let (source, control) = (duo.callee.pictures(), Arc::clone(&duo.callee.control));
    let showing = tokio::task::spawn_blocking(move || show(&source, &*control, epoch));
    let since = Arc::new(Mutex::new(epoch));
    let measured = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        *since.lock().unwrap() = plan.carry_out(links.clone()).await;
    };
    let sounds = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        loop {
            tick.tick().await;
            let time = MediaTime::from_micros(epoch.elapsed().as_micros() as i64);
            let _ = duo.callee.out[Stream::Voice].send(EncodedFrame {
                time,
                keyframe: true,
                payload: Bytes::from_static(&[5; 80]),
            });
        }
    };
    tokio::select! {
        () = send(&duo.caller, &steering, epoch, measured) => {}
        () = sounds => {}
    }
    let stats = duo.callee.control.stats().await;
    let census = links[0].census();
    duo.close().await;
    let shown = showing.await.unwrap();
    let (freezes, frozen) = freezes(&shown);
    let count = steering.count.load(Ordering::Relaxed).max(1) as f64;
    Run {
        census,
        nacks: stats.streams[Stream::Camera].nack_count,
        plis: stats.streams[Stream::Camera].pli_count,
        seen_loss: steering.loss.load(Ordering::Relaxed) as f64 / 1e6 / count,
        kbps: steering.rate.load(Ordering::Relaxed) as f64 / count,
        since: *since.lock().unwrap(),
        shown,
        freezes,
        frozen,
    }
}

/// Gaps of more than the usual one and 150 ms (W3C webrtc-stats, freezeCount), and their sum.
fn freezes(shown: &[Shown]) -> (u32, Duration) {
    let usual = Duration::from_micros(33_333) + Duration::from_millis(150);
    let gaps = shown.windows(2).map(|it| it[1].at - it[0].at);
    gaps.filter(|it| *it > usual)
        .fold((0, Duration::ZERO), |(count, sum), it| {
            (count + 1, sum + it)
        })
}

impl Run {
    /// How long after the links were as in the end the first picture was shown that was captured
    /// since then.
    fn fresh(&self) -> Option<Duration> {
        let mut shown = self.shown.iter();
        let captured_since = |it: &&Shown| it.at.checked_sub(it.age) > Some(self.since);
        shown.find(captured_since).map(|it| it.at - self.since)
    }

    fn line(&self) -> String {
        let Census {
            first,
            lost,
            pictures_lost,
            resent,
            duplicates,
        } = self.census;
        let each = |it: u64| it as f64 / pictures_lost.max(1) as f64;
        let mut ages: Vec<_> = self.shown.iter().map(|it| it.age).collect();
        ages.sort();
        let age = |share: usize| {
            ages.get(ages.len() * share / 100)
                .map_or(0, Duration::as_millis)
        };
        format!(
            "loss {:4.1} % seen {:4.1} % | per lost: NACKs {:.2} resends {:.2} duplicates {:.2} | \
             shown {} freezes {} {:.1} s plis {} age p50 {} p95 {} ms | {:.0} kb/s",
            lost as f64 * 100.0 / first.max(1) as f64,
            self.seen_loss * 100.0,
            each(self.nacks),
            each(resent),
            each(duplicates),
            self.shown.len(),
            self.freezes,
            self.frozen.as_secs_f64(),
            self.plis,
            age(50),
            age(95),
            self.kbps,
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_packet_is_sent_again_a_few_times_at_most_and_counted_once() {
    let delay = Duration::from_millis(40);
    let run = run(delay, Plan::Loss(0.05, Duration::from_secs(5))).await;
    println!("{}", run.line());
    let Census {
        first,
        lost,
        pictures_lost,
        resent,
        duplicates,
    } = run.census;
    assert!(pictures_lost > 10, "{}", run.line());
    // Two copies, and for one in ten another round.
    assert!(resent < pictures_lost * 3, "{}", run.line());
    assert!(duplicates < pictures_lost * 3 / 2 + 5, "{}", run.line());
    assert!(run.nacks < pictures_lost * 3, "{}", run.line());
    let loss = lost as f64 / first as f64;
    assert!(run.seen_loss < loss * 1.5 + 0.01, "{}", run.line());
    assert!(run.seen_loss > loss * 0.4, "{}", run.line());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_time_without_a_path_a_keyframe_is_asked_for_and_nothing_old() {
    let cut = Plan::Cut(Duration::from_secs(2));
    let run = run(Duration::from_millis(20), cut).await;
    println!("{}", run.line());
    assert!(run.census.pictures_lost > 40, "{}", run.line());
    assert!(run.census.resent < 30, "{}", run.line());
    let fresh = run.fresh().expect("pictures are back");
    assert!(fresh < Duration::from_secs(1), "{fresh:?}");
}

/// Prints the table of figures;
/// `cargo test -p transport repairs_in_figures -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for minutes"]
async fn repairs_in_figures() {
    for share in [0.02, 0.05, 0.2] {
        for ms in [20, 50, 100] {
            let plan = Plan::Loss(share, Duration::from_secs(12));
            let run = run(Duration::from_millis(ms), plan).await;
            println!("{:3.0} % {ms:3} ms: {}", share * 100.0, run.line());
        }
    }
    for ms in [20, 50, 100] {
        let plan = Plan::Cut(Duration::from_secs(2));
        let run = run(Duration::from_millis(ms), plan).await;
        println!(
            "cut {ms:3} ms: fresh after {:?}, {}",
            run.fresh(),
            run.line()
        );
    }
}
