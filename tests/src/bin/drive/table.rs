//! The table of goals: what was measured, what was to be reached, whether it was.

use std::fmt::Write;

use scenarios::duo::Side;
use scenarios::watch::percentile;

/// All calls of one kind, one entry for each side of each call.
#[derive(Debug, Default)]
pub(crate) struct Calls(pub(crate) Vec<Side>);

impl Calls {
    /// The median of a figure.
    pub(crate) fn median(&self, figure: impl Fn(&Side) -> Option<f64>) -> Option<f64> {
        percentile(self.0.iter().filter_map(figure), 0.5)
    }
}

/// What many calls left behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    pub(crate) calls: u32,
    pub(crate) pss_mib: f64,
    pub(crate) threads: i64,
    /// All threads, those of the runtime's pool among them.
    pub(crate) pool: i64,
    pub(crate) descriptors: i64,
}

/// One measure: its value, Chromium's, and the most (or least) that it may be.
struct Row {
    measure: &'static str,
    ours: Option<f64>,
    chromium: Option<f64>,
    goal: Goal,
}

enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// A share of what Chromium needs.
    OfChromium(f64),
    /// Both.
    AtMostAndOfChromium(f64, f64),
}

impl Row {
    fn met(&self) -> Option<bool> {
        let ours = self.ours?;
        let share = |of: f64| self.chromium.map(|theirs| ours <= of * theirs);
        match self.goal {
            Goal::AtMost(most) => Some(ours <= most),
            Goal::AtLeast(least) => Some(ours >= least),
            Goal::OfChromium(of) => share(of),
            Goal::AtMostAndOfChromium(most, of) => Some(ours <= most && share(of)?),
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::AtMost(most) => format!("≤ {most}"),
            Goal::AtLeast(least) => format!("≥ {least}"),
            Goal::OfChromium(of) => format!("≤ {of} × Chromium"),
            Goal::AtMostAndOfChromium(most, of) => format!("≤ {most} and ≤ {of} × Chromium"),
        }
    }
}

/// The whole table as Markdown.
pub(crate) fn table(
    headless: &Calls,
    windows: &Calls,
    chromium: &Calls,
    growth: Option<Growth>,
) -> String {
    let mut out = String::from("| measure | ours | Chromium | ratio | to reach | |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    for row in rows(headless, windows, chromium) {
        let shown =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        let ratio = row
            .ours
            .zip(row.chromium)
            .filter(|(_, theirs)| *theirs > 0.0)
            .map(|(ours, theirs)| ours / theirs);
        let verdict = match row.met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        let Row {
            measure,
            ours,
            chromium,
            ..
        } = &row;
        let (ours, theirs, ratio, goal) =
            (shown(*ours), shown(*chromium), shown(ratio), row.goal());
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {measure} | {ours} | {theirs} | {ratio} | {goal} | {verdict} |"
        );
    }
    let Some(Growth {
        calls,
        pss_mib,
        threads,
        pool,
        descriptors,
    }) = growth
    else {
        return out;
    };
    let flat = threads <= 0 && descriptors <= 0 && pss_mib <= NOISE_MIB;
    let verdict = if flat { "met" } else { "**missed**" };
    let _ = writeln!(
        out,
        "| growth over {calls} calls | {pss_mib:+.1} MiB, {threads:+} threads ({pool:+} with the \
         runtime's), {descriptors:+} \
         descriptors | – | – | 0 | {verdict} |"
    );
    out
}

fn rows(headless: &Calls, windows: &Calls, chromium: &Calls) -> Vec<Row> {
    let row = |measure, calls: &Calls, figure: fn(&Side) -> Option<f64>, goal| Row {
        measure,
        ours: calls.median(figure),
        chromium: chromium.median(figure),
        goal,
    };
    use Goal::{AtLeast, AtMost, AtMostAndOfChromium, OfChromium};
    let alone = |row: Row| Row {
        chromium: None,
        ..row
    };
    let first: fn(&Side) -> Option<f64> = |side| side.accept_to_first_frame_ms;
    let p50: fn(&Side) -> Option<f64> = |side| side.glass_p50_ms;
    let p95: fn(&Side) -> Option<f64> = |side| side.glass_p95_ms;
    let ear: fn(&Side) -> Option<f64> = |side| side.mouth_to_ear_ms;
    let cores: fn(&Side) -> Option<f64> = |side| side.cores;
    let memory: fn(&Side) -> Option<f64> = |side| side.pss_mib;
    let fps: fn(&Side) -> Option<f64> = |side| side.fps;
    let frozen: fn(&Side) -> Option<f64> = |side| side.freezes.map(|freezes| freezes as f64);
    vec![
        row(
            "headless: accept → first picture, ms",
            headless,
            first,
            AtMost(300.0),
        ),
        row(
            "window: accept → first picture, ms",
            windows,
            first,
            AtMost(300.0),
        ),
        alone(row(
            "headless: camera → decoded, p50 ms",
            headless,
            p50,
            AtMost(18.0),
        )),
        alone(row(
            "headless: camera → decoded, p95 ms",
            headless,
            p95,
            AtMost(30.0),
        )),
        row(
            "window: glass to glass, p50 ms",
            windows,
            p50,
            AtMostAndOfChromium(25.0, 0.6),
        ),
        row(
            "window: glass to glass, p95 ms",
            windows,
            p95,
            AtMostAndOfChromium(40.0, 0.6),
        ),
        row(
            "headless: mouth to ear, ms",
            headless,
            ear,
            AtMostAndOfChromium(60.0, 1.0),
        ),
        row(
            "window: mouth to ear, ms",
            windows,
            ear,
            AtMostAndOfChromium(60.0, 1.0),
        ),
        row("headless: cores", headless, cores, AtMost(0.30)),
        row("window: cores", windows, cores, OfChromium(0.6)),
        row("headless: memory, MiB", headless, memory, AtMost(60.0)),
        row("window: memory, MiB", windows, memory, OfChromium(0.8)),
        row("headless: pictures a second", headless, fps, AtLeast(29.5)),
        row("window: pictures a second", windows, fps, AtLeast(29.5)),
        row("headless: freezes", headless, frozen, AtMost(0.0)),
        row("window: freezes", windows, frozen, AtMost(0.0)),
    ]
}

/// What an allocator keeps and gives back by chance.
const NOISE_MIB: f64 = 2.0;
